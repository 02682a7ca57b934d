//! Marks over and under their base.

use super::super::node::{NodeRef, attr, element, local_name};
use super::scripts::single;
use super::tokens;

/// The accent command that a mark over its base stands for; `None` where it is no accent.
pub(super) fn over_command(mark: NodeRef<'_>, wide: bool) -> Option<&'static str> {
    let mark = single(mark);
    let tag = element(mark).filter(|e| matches!(local_name(e), "mo" | "mi" | "mn" | "mtext"))?;
    let name = tokens::content(mark);
    let line = is_line(&name);
    // MathJax says of its overline that it is no accent.
    if attr(tag, "accent") == Some("false") && !line {
        return None;
    }
    // TeX's narrow accents do not stretch, and say so; its wide ones may say that they do.
    let wide = match attr(tag, "stretchy") {
        Some("false") => false,
        Some("true") => true,
        _ => wide || matches!(name.as_str(), "¯" | "―" | "ˆ" | "˜" | "\u{302}" | "\u{303}"),
    };
    let pick = |narrow, broad| if wide { broad } else { narrow };
    Some(match name.as_str() {
        "^" | "ˆ" | "\u{302}" | "︿" => pick("\\hat", "\\widehat"),
        "~" | "˜" | "\u{303}" | "∼" => pick("\\tilde", "\\widetilde"),
        _ if line => pick("\\bar", "\\overline"),
        "→" | "\u{20d7}" => pick("\\vec", "\\overrightarrow"),
        "←" | "\u{20d6}" => "\\overleftarrow",
        "↔" | "\u{20e1}" => "\\overleftrightarrow",
        "˙" | "." | "\u{307}" | "·" | "⋅" => "\\dot",
        "¨" | ".." | "\u{308}" => "\\ddot",
        "..." | "…" | "\u{20db}" => "\\dddot",
        "...." | "\u{20dc}" => "\\ddddot",
        "ˇ" | "\u{30c}" => pick("\\check", "\\widecheck"),
        "˘" | "\u{306}" => "\\breve",
        "´" | "\u{301}" | "ˊ" => "\\acute",
        "`" | "\u{300}" | "ˋ" => "\\grave",
        "˚" | "\u{30a}" | "°" => "\\mathring",
        "⏞" | "︷" => "\\overbrace",
        "⏜" | "⌢" | "︵" => "\\overparen",
        "⎴" => "\\overbracket",
        _ => return None,
    })
}

fn is_line(name: &str) -> bool {
    matches!(name, "¯" | "‾" | "\u{304}" | "\u{305}" | "_" | "ˉ" | "―" | "─" | "−" | "-" | "–")
}

/// The command that a mark under its base stands for.
pub(super) fn under_command(mark: NodeRef<'_>) -> Option<&'static str> {
    let mark = single(mark);
    element(mark).filter(|e| local_name(e) == "mo")?;
    Some(match tokens::content(mark).as_str() {
        "_" | "¯" | "‾" | "\u{332}" | "ˍ" | "―" | "─" | "−" => "\\underline",
        "⏟" | "︸" => "\\underbrace",
        "→" => "\\underrightarrow",
        "←" => "\\underleftarrow",
        "↔" => "\\underleftrightarrow",
        "⏝" | "⌣" | "︶" => "\\underparen",
        "⎵" => "\\underbracket",
        _ => return None,
    })
}

/// The accent that a combining character puts on the character before it.
pub(super) fn combining(mark: char) -> Option<&'static str> {
    Some(match mark {
        '\u{300}' => "\\grave",
        '\u{301}' => "\\acute",
        '\u{302}' => "\\hat",
        '\u{303}' => "\\tilde",
        '\u{304}' => "\\bar",
        '\u{305}' => "\\overline",
        '\u{306}' => "\\breve",
        '\u{307}' => "\\dot",
        '\u{308}' => "\\ddot",
        '\u{30a}' => "\\mathring",
        '\u{30c}' => "\\check",
        '\u{332}' => "\\underline",
        '\u{20d7}' => "\\vec",
        '\u{20db}' => "\\dddot",
        '\u{20dc}' => "\\ddddot",
        _ => return None,
    })
}
