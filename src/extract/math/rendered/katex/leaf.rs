//! Spans that hold characters and nothing else → tokens.

use scraper::Node;
use scraper::node::Element;

use super::super::super::node::{NodeRef, classes, has_class};
use super::super::style;
use super::super::tree::Ml;
use super::{DEPTH_MAX, Reader, Span, span};

/// The characters of a span and the alphabet that its classes name.
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) text: String,
    variant: Option<&'static str>,
    calligraphic: bool,
    symbol: bool,
}

/// Characters that are there for the layout only.
pub(super) fn is_seen(c: char) -> bool {
    !matches!(c, '\u{200b}' | '\u{feff}' | '\n')
}

/// The text of a subtree as it is seen.
pub(super) fn visible(root: NodeRef<'_>) -> String {
    let mut out = String::new();
    for node in root.descendants().take(256) {
        if let Node::Text(text) = node.value() {
            out.extend(text.chars().filter(|c| is_seen(*c)));
        }
    }
    out
}

/// The leaf that a span is; `None` where it holds spans.
pub(super) fn read(node: NodeRef<'_>, tag: &Element, what: Span) -> Option<Leaf> {
    if matches!(what, Span::Text | Span::Delimiter | Span::NoDelimiter | Span::Stack) {
        return None;
    }
    let mut text = String::new();
    for child in node.children() {
        match child.value() {
            Node::Text(inside) => text.extend(inside.chars().filter(|c| is_seen(*c))),
            Node::Element(_) => return None,
            _ => {}
        }
    }
    if text.is_empty() {
        return None;
    }
    // One glyph stands for a bar and for the relation that looks like one.
    if what != Span::Sign || !has_class(tag, "mrel") {
        match text.as_str() {
            "∣" => "|".clone_into(&mut text),
            "∥" => "‖".clone_into(&mut text),
            _ => {}
        }
    }
    let (variant, calligraphic) = alphabet(tag, &text);
    Some(Leaf { text, variant, calligraphic, symbol: has_class(tag, "op-symbol") })
}

/// The `mathvariant` that classes name.
fn alphabet(tag: &Element, text: &str) -> (Option<&'static str>, bool) {
    let several = text.chars().filter(|c| c.is_alphabetic()).count() > 1;
    let mut variant = None;
    for class in classes(tag) {
        variant = Some(match class {
            "mathrm" | "textrm" => "normal",
            // In older versions, the class of any italic letter.
            "mathit" | "textit" if several => "italic",
            "mathbf" | "textbf" => "bold",
            "boldsymbol" | "mathboldsymbol" | "mathbfit" => "bold-italic",
            "mathbb" | "textbb" => "double-struck",
            "mathcal" => return (Some("script"), true),
            "mathscr" | "textscr" => "script",
            "mathfrak" | "textfrak" | "mathboldfrak" => "fraktur",
            "mathsf" | "textsf" | "mathboldsf" | "mathitsf" => "sans-serif",
            "mathtt" | "texttt" => "monospace",
            _ => continue,
        });
    }
    (variant, false)
}

/// Text between spans.
pub(super) fn stray(node: NodeRef<'_>, row: &mut Vec<Ml>) {
    if let Node::Text(text) = node.value() {
        let seen: String = text.chars().filter(|c| is_seen(*c) && !c.is_whitespace()).collect();
        if !seen.is_empty() {
            row.push(Ml::token("mo", seen));
        }
    }
}

/// The sign of function application.
pub(super) fn application() -> Ml {
    Ml::token("mo", "\u{2061}")
}

/// The token or tokens for a leaf.
pub(super) fn token(leaf: &Leaf, what: Span) -> Vec<Ml> {
    let text = leaf.text.as_str();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let styled = |ml: Ml| {
        let ml = if leaf.calligraphic { ml.with("data-mjx-variant", "-tex-calligraphic") } else { ml };
        match leaf.variant {
            Some(variant) => ml.with("mathvariant", variant),
            None => ml,
        }
    };
    match what {
        Span::Operator if letters > 1 && !leaf.symbol => vec![Ml::token("mi", text), application()],
        Span::Operator | Span::Binary | Span::Sign | Span::Inner => {
            vec![Ml::token("mo", text).with("stretchy", "false")]
        }
        _ if is_number(text) => match leaf.variant {
            Some("normal") | None => vec![Ml::token("mn", text)],
            _ => vec![styled(Ml::token("mn", text))],
        },
        _ if letters == 0 => vec![Ml::token("mo", text).with("stretchy", "false")],
        // Letters without an alphabet that share a span are a run of symbols.
        _ if leaf.variant.is_none() && letters > 1 => text.chars().map(|c| Ml::token("mi", c)).collect(),
        _ => vec![styled(Ml::token("mi", text))],
    }
}

/// Whether text is a number, or a piece of one.
pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The word that a span spells, whole or in pieces, all upright; `None` where there is anything else in it.
pub(super) fn word(node: NodeRef<'_>) -> Option<String> {
    let mut word = String::new();
    for inner in node.descendants().skip(1).take(64) {
        match inner.value() {
            Node::Text(text) => word.extend(text.chars().filter(|c| is_seen(*c))),
            Node::Element(tag) => {
                let upright = classes(tag).all(|class| {
                    matches!(class, "mord" | "mathrm" | "mtight" | "mop" | "textrm" | "text" | "mspace")
                        || class.ends_with("style")
                        || class.ends_with("cramped")
                });
                if !upright {
                    return None;
                }
                if has_class(tag, "mspace") && style::length(tag, "margin-right").is_some_and(|width| width > 0.1) {
                    word.push(' ');
                }
            }
            _ => {}
        }
    }
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    (letters > 1 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '\u{a0}' | '-')))
        .then_some(word)
}

/// Space that an author asked for; what TeX puts between atoms looks the same as narrow ones.
pub(super) fn space(node: NodeRef<'_>, tag: &Element) -> Option<Ml> {
    let named = classes(tag).find_map(|class| match class {
        "qquad" => Some("2em"),
        "quad" => Some("1em"),
        "newline" => Some("newline"),
        _ => None,
    });
    match named {
        Some("newline") => return Some(Ml::new("mspace", Vec::new()).with("linebreak", "newline")),
        Some(width) => return Some(Ml::new("mspace", Vec::new()).with("width", width)),
        None => {}
    }
    if visible(node).contains(['\u{a0}', ' ']) {
        return Some(Ml::token("mtext", "\u{a0}"));
    }
    let width = style::length(tag, "margin-right").filter(|width| *width >= 0.9)?;
    Some(Ml::new("mspace", Vec::new()).with("width", format!("{width}em")))
}

/// Whether a span is one end of `\left…\right`.
pub(super) fn is_fence(tag: &Element) -> bool {
    classes(tag).any(|class| matches!(class, "mopen" | "mclose" | "nulldelimiter" | "style-wrap"))
}

/// `\text`: words in their alphabets, and formulas among them.
pub(super) fn text(reader: &Reader<'_>, node: NodeRef<'_>, depth: usize, row: &mut Vec<Ml>) {
    let mut words = Words { run: String::new(), variant: None };
    words.read(reader, node, None, depth, row);
    words.flush(row);
}

struct Words {
    run: String,
    variant: Option<&'static str>,
}

impl Words {
    fn read(
        &mut self,
        reader: &Reader<'_>,
        parent: NodeRef<'_>,
        variant: Option<&'static str>,
        depth: usize,
        row: &mut Vec<Ml>,
    ) {
        for node in parent.children() {
            if depth > DEPTH_MAX || !reader.budget.spend() {
                return;
            }
            match node.value() {
                Node::Text(text) => {
                    if self.variant != variant {
                        self.flush(row);
                        self.variant = variant;
                    }
                    self.run.extend(text.chars().filter(|c| is_seen(*c)));
                }
                Node::Element(tag) => {
                    let what = span(tag);
                    let math = classes(tag).any(|class| class.starts_with("math") && class != "mathrm")
                        || matches!(
                            what,
                            Span::Scripts | Span::Fraction | Span::Root | Span::Accent | Span::Limits | Span::Table
                        );
                    if math {
                        self.flush(row);
                        reader.span(node, tag, None, depth + 1, row);
                    } else if what == Span::Space {
                        if style::length(tag, "margin-right").is_none_or(|width| width > 0.1) {
                            self.run.push(' ');
                        }
                    } else if what != Span::Aside {
                        let own = classes(tag).find_map(|class| match class {
                            "textbf" => Some("bold"),
                            "textit" => Some("italic"),
                            "texttt" => Some("monospace"),
                            "textsf" => Some("sans-serif"),
                            _ => None,
                        });
                        self.read(reader, node, own.or(variant), depth + 1, row);
                    }
                }
                _ => {}
            }
        }
    }

    fn flush(&mut self, row: &mut Vec<Ml>) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        // The converter trims what is not bound to the words.
        let run = run.replace(' ', "\u{a0}");
        let inner = run.trim_matches('\u{a0}');
        let words = run.replacen(inner, &inner.replace('\u{a0}', " "), 1);
        let text = Ml::token("mtext", words);
        row.push(match self.variant {
            Some(variant) => text.with("mathvariant", variant),
            None => text,
        });
    }
}
