//! Token elements: identifiers, numbers, operators, text and spaces.

use scraper::Node;
use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, has_class, local_name};
use super::convert::{Context, Tex};
use super::{accents, operators, shape, spaces, symbols};
use crate::extract::dom;

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
    if raw.contains('&') && raw.len() < 64 {
        raw = decoded(raw);
    }
    let ascii_space = |c: char| c.is_ascii_whitespace();
    let trimmed = raw.trim_matches(ascii_space);
    if trimmed.contains(ascii_space) {
        trimmed.split(ascii_space).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    } else {
        trimmed.to_owned()
    }
}

/// Text with entities decoded that were escaped twice (`&amp;alpha;`).
fn decoded(raw: String) -> String {
    let entity = raw.split('&').skip(1).any(|rest| {
        rest.split_once(';').is_some_and(|(name, _)| {
            name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#')
        })
    });
    if !entity || raw.contains('<') {
        return raw;
    }
    let Some(html) = dom::parse_fragment(&raw) else { return raw };
    html.tree.values().filter_map(|value| value.as_text().map(|text| &**text)).collect()
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
    match name.as_str() {
        "°" => return degree(tex),
        "∣" => return tex.push("|"),
        "∥" | "‖" => return tex.push("\\|"),
        "∅" => return tex.push("\\emptyset"),
        _ => {}
    }
    let letters = name.chars().filter(|c| c.is_alphanumeric()).count();
    if letters > 1 || own == Some(Variant::Normal) {
        if let Some(command) = function(&name) {
            return tex.push(&command);
        }
        let operator = attr(element, "data-mjx-texclass") == Some("OP") || is_applied(next);
        if operator && letters > 0 {
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
        _ => plain(tex, &name),
    }
}

/// Characters inside an alphabet command, where blanks have to be spelled out.
pub(super) fn plain(tex: &mut Tex, name: &str) {
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
    // Digits right after a comma read as one number.
    if tex.tex.ends_with(',') && digits.starts_with(|c: char| c.is_ascii_digit()) {
        tex.tex.push(' ');
    }
    match variant(element, context).filter(|alphabet| *alphabet != Variant::Normal) {
        Some(alphabet) if !digits.is_empty() => {
            tex.push(alphabet.command());
            tex.group(|tex| characters(tex, &digits));
        }
        _ => characters(tex, &digits),
    }
}

/// `mo`.
pub(super) fn operator(tex: &mut Tex, node: NodeRef<'_>, mo: &Element, context: &Context) {
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
    if operators::is_delimiter(&name)
        && let Some(size) = attr(mo, "minsize").and_then(|size| spaces::ems(size.trim())).and_then(big)
    {
        tex.push(size);
        return operators::delimiter(tex, &name);
    }
    // An ordinary or fencing bar is no relation.
    let class = attr(mo, "data-mjx-texclass").unwrap_or_default();
    let fence = attr(mo, "fence") == Some("true")
        || attr(mo, "stretchy") == Some("false")
        || matches!(class, "ORD" | "OPEN" | "CLOSE");
    match name.as_str() {
        "°" => degree(tex),
        "∣" if fence => tex.push("|"),
        // With the space of a relation on both sides.
        "|" if attr(mo, "lspace").and_then(spaces::ems).is_some_and(|ems| ems > 0.2)
            && attr(mo, "rspace").and_then(spaces::ems).is_some_and(|ems| ems > 0.2) =>
        {
            tex.push("\\mid");
        }
        "∥" if fence => tex.push("\\|"),
        "||" => tex.push("\\|"),
        "‖" if class == "OPEN" => tex.push("\\lVert"),
        "‖" if class == "CLOSE" => tex.push("\\rVert"),
        "‖" if class == "ORD" => tex.push("\\|"),
        "‖" if attr(mo, "fence") == Some("false") => {
            let closes = context.script_base || open_norm(&tex.tex);
            tex.push(if closes { "\\rVert" } else { "\\lVert" });
        }
        "→" if context.limit => tex.push("\\to"),
        _ => characters(tex, &name),
    }
}

/// The sign of degrees, raised on what stands before it unless that has a script or is nothing.
fn degree(tex: &mut Tex) {
    let bare =
        tex.tex.ends_with(|c: char| c.is_ascii_alphanumeric()) && !super::convert::ends_in_control_word(&tex.tex);
    tex.push(if bare { "^{\\circ}" } else { "{}^{\\circ}" });
}

/// Whether a norm was opened shortly before and not closed.
fn open_norm(tex: &str) -> bool {
    let start = (tex.len().saturating_sub(400)..tex.len()).find(|at| tex.is_char_boundary(*at)).unwrap_or_default();
    let recent = &tex[start..];
    recent.rfind("\\lVert").is_some_and(|open| recent.rfind("\\rVert").is_none_or(|close| close < open))
}

/// The command for a delimiter of a fixed size in ems.
fn big(ems: f32) -> Option<&'static str> {
    Some(match ems {
        ems if ems < 1.15 => return None,
        ems if ems < 1.5 => "\\big",
        ems if ems < 2.0 => "\\Big",
        ems if ems < 2.7 => "\\bigg",
        ems if ems < 4.0 => "\\Bigg",
        _ => return None,
    })
}

/// `mtext`: text mode, with what means something there escaped.
pub(super) fn text(tex: &mut Tex, node: NodeRef<'_>, context: &Context) {
    let mut raw = String::new();
    for inner in node.descendants() {
        if let Node::Text(text) = inner.value() {
            raw.push_str(text);
        }
    }
    raw.retain(|c| !matches!(c, '\u{2060}'..='\u{2064}' | '\u{200b}' | '\u{feff}'));
    let words = raw.trim();
    if words.is_empty() {
        let space = match raw.trim_matches(|c: char| c.is_ascii_whitespace()).chars().next() {
            None => return,
            Some('\u{2003}') => "\\quad",
            Some('\u{2004}' | '\u{2005}') => "\\;",
            Some('\u{2006}' | '\u{2009}' | '\u{200a}' | '\u{202f}') => "\\,",
            Some(_) => "\\ ",
        };
        return tex.push(space);
    }
    // One blank at an edge was written on purpose; an indented line was not.
    let edge = |blank: &str| matches!(blank, " " | "\u{a0}");
    let start = raw.len() - raw.trim_start().len();
    let (before, after) = (edge(&raw[..start]), edge(&raw[start + words.len()..]));
    let alphabet = element(node).and_then(|element| variant(element, context));
    let command = match alphabet {
        Some(Variant::Bold) => "\\textbf",
        Some(Variant::Italic) => "\\textit",
        Some(Variant::Monospace) => "\\texttt",
        Some(Variant::SansSerif) => "\\textsf",
        _ => "\\text",
    };
    tex.push(command);
    tex.group(|tex| {
        let blank = |wanted: bool| if wanted { " " } else { "" };
        tex.tex.push_str(blank(before));
        tex.tex.push_str(&shape::escape_text(words));
        tex.tex.push_str(blank(after));
    });
}

/// `ms`: a string literal.
pub(super) fn string(tex: &mut Tex, node: NodeRef<'_>, element: &Element) {
    let open = attr(element, "lquote").unwrap_or("“");
    let close = attr(element, "rquote").unwrap_or("”");
    let literal = format!("{open}{}{close}", content(node));
    tex.push("\\text");
    tex.group(|tex| tex.tex.push_str(&shape::escape_text(&literal)));
}

/// Characters of math as LaTeX.
pub(super) fn characters(tex: &mut Tex, characters: &str) {
    let mut chars = characters.chars().peekable();
    while let Some(c) = chars.next() {
        let mark = chars.peek().copied().filter(|_| !c.is_whitespace());
        match mark {
            Some('\u{338}' | '\u{337}') => {
                chars.next();
                negated(tex, c);
            }
            Some(mark) if let Some(command) = accents::combining(mark) => {
                chars.next();
                tex.push(command);
                tex.group(|tex| character(tex, c));
            }
            _ => character(tex, c),
        }
    }
}

/// A relation struck through.
fn negated(tex: &mut Tex, c: char) {
    match c {
        '=' => tex.push("\\neq"),
        '∈' => tex.push("\\notin"),
        '∃' => tex.push("\\nexists"),
        c => {
            tex.push("\\not");
            character(tex, c);
        }
    }
}

fn character(tex: &mut Tex, c: char) {
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

#[cfg(test)]
mod tests {
    #[test]
    fn functions_are_sorted() {
        assert!(super::FUNCTIONS.is_sorted());
    }
}
