//! What neighbours in a row mean together: digits are a number, a slash is a negation.

use super::super::tree::Ml;
use super::leaf::is_number;

/// Puts together what KaTeX sets apart.
pub(super) fn finish(row: Vec<Ml>) -> Vec<Ml> {
    let mut out: Vec<Ml> = Vec::with_capacity(row.len());
    let mut slash = false;
    for mut ml in row {
        if is_slash(&ml) {
            // KaTeX strikes the sign after it, or, where it laps back, the one before.
            match out.last_mut().filter(|last| ml.text == "\u{338}" && last.name == "mo" && !last.text.is_empty()) {
                Some(last) => strike(last),
                None => slash = true,
            }
            continue;
        }
        if slash && ml.name != "mspace" {
            slash = false;
            strike(&mut ml);
        }
        match out.last_mut() {
            Some(last) if joins(last, &ml) => last.text.push_str(&ml.text),
            _ => out.push(ml),
        }
    }
    if slash {
        // What it strikes may stand further out.
        out.push(Ml::token("mo", "\u{e020}"));
    }
    out
}

fn is_slash(ml: &Ml) -> bool {
    ml.children.is_empty() && matches!(ml.text.as_str(), "\u{338}" | "\u{e020}")
}

/// Whether a token goes on with the one before it.
fn joins(last: &Ml, next: &Ml) -> bool {
    let plain = last.attrs == next.attrs;
    match (last.name, next.name) {
        ("mn", "mn") => plain && is_number(&last.text),
        ("mo", "mo") => last.text == "′" && next.text == "′",
        _ => false,
    }
}

/// Negates a sign.
fn strike(ml: &mut Ml) {
    let struck = match ml.text.as_str() {
        "=" => "≠",
        "∈" => "∉",
        "∋" => "∌",
        "≡" => "≢",
        "∣" | "|" => "∤",
        "∥" => "∦",
        "<" => "≮",
        ">" => "≯",
        "≤" => "≰",
        "≥" => "≱",
        "∼" => "≁",
        "≅" => "≇",
        "≈" => "≉",
        "⊂" => "⊄",
        "⊃" => "⊅",
        "⊆" => "⊈",
        "⊇" => "⊉",
        "→" => "↛",
        "←" => "↚",
        "∃" => "∄",
        other => {
            let struck = format!("{other}\u{338}");
            ml.text = struck;
            return;
        }
    };
    struck.clone_into(&mut ml.text);
}
