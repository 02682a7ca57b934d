//! Token elements: identifiers, numbers, operators, text and spaces.

use scraper::Node;
use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, has_class, local_name};
use super::convert::{Context, Tex};
use super::symbols;

/// An alphabet that `mathvariant` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Normal,
    Bold,
    Italic,
    BoldItalic,
    DoubleStruck,
    Script,
    Fraktur,
    SansSerif,
    Monospace,
}

impl Variant {
    /// The alphabet of a `mathvariant` value.
    pub(super) fn of(value: &str) -> Option<Self> {
        Some(match value.trim() {
            "normal" => Self::Normal,
            "bold" => Self::Bold,
            "italic" => Self::Italic,
            "bold-italic" => Self::BoldItalic,
            "double-struck" => Self::DoubleStruck,
            "script" | "bold-script" => Self::Script,
            "fraktur" | "bold-fraktur" => Self::Fraktur,
            "sans-serif" | "bold-sans-serif" | "sans-serif-italic" | "sans-serif-bold-italic" => Self::SansSerif,
            "monospace" => Self::Monospace,
            _ => return None,
        })
    }

    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Normal => "\\mathrm",
            Self::Bold => "\\mathbf",
            Self::Italic => "\\mathit",
            Self::BoldItalic => "\\boldsymbol",
            Self::DoubleStruck => "\\mathbb",
            Self::Script => "\\mathcal",
            Self::Fraktur => "\\mathfrak",
            Self::SansSerif => "\\mathsf",
            Self::Monospace => "\\mathtt",
        }
    }
}

/// Operators that LaTeX names, sorted.
const FUNCTIONS: [&str; 34] = [
    "Pr", "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd",
    "hom", "inf", "injlim", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "projlim", "sec", "sin",
    "sinh", "sup", "tan", "tanh",
];

/// The text of a token element, edges trimmed, comments left out; runs of white space inside count once.
pub(super) fn content(node: NodeRef<'_>) -> String {
    let mut raw = String::new();
    for inner in node.descendants() {
        match inner.value() {
            Node::Text(text) => raw.push_str(text),
            Node::Element(glyph) if local_name(glyph) == "mglyph" => {
                raw.push_str(attr(glyph, "alt").unwrap_or_default());
            }
            _ => {}
        }
    }
    let ascii_space = |c: char| c.is_ascii_whitespace();
    let trimmed = raw.trim_matches(ascii_space);
    if trimmed.contains(ascii_space) {
        trimmed.split(ascii_space).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    } else {
        trimmed.to_owned()
    }
}

/// The alphabet that holds for a token.
fn variant(element: &Element, context: &Context) -> Option<Variant> {
    let own = attr(element, "mathvariant").and_then(Variant::of);
    if has_class(element, "MJX-tex-caligraphic") {
        return Some(Variant::Script);
    }
    own.or(context.variant)
}

/// Whether the sibling after a token is the invisible sign of function application.
fn is_applied(next: Option<NodeRef<'_>>) -> bool {
    next.is_some_and(|next| element(next).is_some_and(|e| local_name(e) == "mo") && content(next) == "\u{2061}")
}

pub(super) fn function(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    let known = FUNCTIONS.binary_search(&plain.as_str()).is_ok();
    known.then(|| format!("\\{plain}"))
}

/// `mi`.
pub(super) fn identifier(tex: &mut Tex, node: NodeRef<'_>, next: Option<NodeRef<'_>>, context: &Context) {
    let Some(element) = element(node) else { return };
    let name = content(node);
    let own = variant(element, context);
    let letters = name.chars().filter(|c| c.is_alphanumeric()).count();
    if letters > 1 || own == Some(Variant::Normal) {
        if let Some(command) = function(&name) {
            return tex.push(&command);
        }
        if is_applied(next) && letters > 0 {
            tex.push("\\operatorname");
            return tex.group(|tex| plain(tex, &name));
        }
    }
    let latin = name.chars().all(|c| c.is_ascii_alphanumeric());
    let alphabet = match own {
        Some(Variant::Italic) if letters <= 1 => None,
        Some(Variant::Normal) if !name.starts_with(|c: char| c.is_ascii_alphabetic()) => None,
        // One letter is italic by itself, several are upright by themselves.
        None if letters > 1 && latin && name.starts_with(|c: char| c.is_ascii_alphabetic()) => Some(Variant::Normal),
        Some(Variant::Bold) if !latin => Some(Variant::BoldItalic),
        other => other,
    };
    match alphabet {
        Some(alphabet) if letters > 0 => {
            tex.push(alphabet.command());
            tex.group(|tex| plain(tex, &name));
        }
        _ => characters(tex, &name),
    }
}

/// Characters inside an alphabet command, where blanks have to be spelled out.
fn plain(tex: &mut Tex, name: &str) {
    for (n, word) in name.split(' ').enumerate() {
        if n > 0 {
            tex.push("\\ ");
        }
        characters(tex, word);
    }
}

/// Several neighbouring letters of one alphabet under one command; returns how many siblings were used.
pub(super) fn alphabet_run(tex: &mut Tex, siblings: &[NodeRef<'_>], context: &Context) -> Option<usize> {
    let own = |node: &NodeRef<'_>| {
        let element = element(*node).filter(|e| matches!(local_name(e), "mi" | "mn"))?;
        let name = content(*node);
        let single = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let alphabet = variant(element, context).filter(|_| single)?;
        let worthy = name.len() == 1 && (alphabet != Variant::Italic || has_class(element, "MJX-tex-mathit"));
        worthy.then_some((alphabet, name))
    };
    let (alphabet, first) = own(siblings.first()?)?;
    let mut letters = first;
    let mut used = 1;
    while let Some((_, letter)) = siblings.get(used).and_then(own).filter(|(other, _)| *other == alphabet) {
        letters.push_str(&letter);
        used += 1;
    }
    let applied = is_applied(siblings.get(used).copied());
    if used < 2 || (alphabet == Variant::Normal && letters.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    if applied && alphabet == Variant::Normal {
        if let Some(command) = function(&letters) {
            tex.push(&command);
        } else {
            tex.push("\\operatorname");
            tex.group(|tex| tex.push(&letters));
        }
        return Some(used);
    }
    tex.push(alphabet.command());
    tex.group(|tex| tex.push(&letters));
    Some(used)
}

/// `mn`.
pub(super) fn number(tex: &mut Tex, node: NodeRef<'_>, context: &Context) {
    let Some(element) = element(node) else { return };
    let digits = content(node);
    match variant(element, context).filter(|alphabet| *alphabet != Variant::Normal) {
        Some(alphabet) if !digits.is_empty() => {
            tex.push(alphabet.command());
            tex.group(|tex| characters(tex, &digits));
        }
        _ => characters(tex, &digits),
    }
}

/// `mo`.
pub(super) fn operator(tex: &mut Tex, node: NodeRef<'_>) {
    let name = content(node);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || c.is_whitespace() || c == '\u{a0}') {
        if let Some(command) = function(&name) {
            return tex.push(&command);
        }
        if name == "mod" {
            return tex.push("\\bmod");
        }
        tex.push("\\operatorname");
        return tex.group(|tex| plain(tex, &name));
    }
    match name.as_str() {
        "{" => tex.push("\\{"),
        "}" => tex.push("\\}"),
        "||" => tex.push("\\|"),
        ":=" => tex.push(":="),
        "-" => tex.push("-"),
        _ => {
            characters(tex, &name);
        }
    }
}

/// `mtext`: text mode, with what means something there escaped.
pub(super) fn text(tex: &mut Tex, node: NodeRef<'_>, context: &Context) {
    let mut raw = String::new();
    for inner in node.descendants() {
        if let Node::Text(text) = inner.value() {
            raw.push_str(text);
        }
    }
    let padded = raw.starts_with('\u{a0}') || raw.ends_with('\u{a0}');
    let words = if padded { raw.trim_matches(|c: char| c.is_ascii_whitespace()) } else { raw.trim() };
    if words.trim().is_empty() {
        if !raw.is_empty() {
            tex.push("\\ ");
        }
        return;
    }
    let alphabet = element(node).and_then(|element| variant(element, context));
    let command = match alphabet {
        Some(Variant::Bold) => "\\textbf",
        Some(Variant::Italic) => "\\textit",
        Some(Variant::Monospace) => "\\texttt",
        Some(Variant::SansSerif) => "\\textsf",
        _ => "\\text",
    };
    tex.push(command);
    tex.group(|tex| tex.tex.push_str(&escape_text(words)));
}

/// `ms`: a string literal.
pub(super) fn string(tex: &mut Tex, node: NodeRef<'_>, element: &Element) {
    let quote = |name| attr(element, name).unwrap_or("\"");
    let literal = format!("{}{}{}", quote("lquote"), content(node), quote("rquote"));
    tex.push("\\text");
    tex.group(|tex| tex.tex.push_str(&escape_text(&literal)));
}

/// `mspace`.
pub(super) fn space(tex: &mut Tex, element: &Element) {
    if attr(element, "linebreak") == Some("newline") {
        return tex.push("\\\\");
    }
    let width = attr(element, "width").unwrap_or("0").trim();
    let ems = match width {
        "negativethinmathspace" | "negativeveryverythinmathspace" | "negativemediummathspace" => {
            return tex.push("\\!");
        }
        "veryverythinmathspace" | "verythinmathspace" => 0.1,
        "thinmathspace" => 0.167,
        "mediummathspace" => 0.222,
        "thickmathspace" => 0.278,
        "verythickmathspace" | "veryverythickmathspace" => 0.35,
        _ => {
            let digits = width.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
            let Ok(number) = digits.parse::<f32>() else { return };
            match &width[digits.len()..] {
                "em" | "" => number,
                "ex" => number * 0.43,
                "px" => number / 16.0,
                "pt" => number / 10.0,
                "mu" => number / 18.0,
                _ => 0.0,
            }
        }
    };
    tex.push(match ems {
        ems if ems < -0.05 => "\\!",
        ems if ems < 0.05 => return,
        ems if ems < 0.2 => "\\,",
        ems if ems < 0.25 => "\\:",
        ems if ems < 0.45 => "\\;",
        ems if ems < 0.8 => "\\ ",
        ems if ems < 1.6 => "\\quad",
        _ => "\\qquad",
    });
}

/// Characters of math as LaTeX.
pub(super) fn characters(tex: &mut Tex, characters: &str) {
    for c in characters.chars() {
        match symbols::latex(c) {
            symbols::Latex::Own => tex.push(c.encode_utf8(&mut [0; 4])),
            symbols::Latex::Command(command) => tex.push(command),
            symbols::Latex::Alphabet(command, letter) => {
                tex.push(command);
                tex.group(|tex| tex.push(letter.encode_utf8(&mut [0; 4])));
            }
            symbols::Latex::Nothing => {}
        }
    }
}

/// Text with TeX's special characters escaped.
pub(super) fn escape_text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '{' | '}' | '$' | '%' | '#' | '&' | '_' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash "),
            '^' => out.push_str("\\textasciicircum "),
            '~' => out.push_str("\\textasciitilde "),
            '\u{a0}' => out.push(' '),
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Whether LaTeX is one symbol, so that braces around it change nothing.
pub(super) fn is_single(tex: &str) -> bool {
    let mut chars = tex.chars();
    match (chars.next(), chars.as_str()) {
        (Some(c), "") => !matches!(c, '^' | '_'),
        (Some('\\'), rest) => rest.bytes().all(|byte| byte.is_ascii_alphabetic()) || rest.chars().count() == 1,
        _ => false,
    }
}

/// Whether LaTeX is one command with one argument in braces and nothing after it.
pub(super) fn is_one_command(tex: &str) -> bool {
    let name = tex.strip_prefix('\\').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_alphabetic).count());
    name > 0 && tex[1 + name..].starts_with('{') && {
        let mut depth = 0_usize;
        let mut bytes = tex.bytes().enumerate().skip(1 + name);
        loop {
            match bytes.next() {
                Some((_, b'\\')) => drop(bytes.next()),
                Some((_, b'{')) => depth += 1,
                Some((at, b'}')) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break at + 1 == tex.len();
                    }
                }
                Some(_) => {}
                None => break false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn functions_are_sorted() {
        assert!(super::FUNCTIONS.is_sorted());
    }
}
