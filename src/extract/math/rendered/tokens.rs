//! Token elements: characters with their alphabets → `mi`, `mn`, `mo`, `mtext`.

use scraper::node::Element;

use super::super::node::{NodeRef, element};
use super::dialect::{Dialect, Token};
use super::glyph::{self, Alphabet};
use super::reader::Reader;
use super::tree::Ml;

/// Reads a token element.
pub(super) fn token(reader: &Reader<'_>, kind: &'static str, node: NodeRef<'_>, tag: &Element) -> Ml {
    let mut token = Token::default();
    if !reader.dialect.glyphs(node, tag, &mut token) {
        collect(reader, node, 0, &mut token);
    }
    let ml = finish(kind, &token);
    if ml.text == "∥" && !reader.dialect.is_spaced(tag) {
        // A double bar that is no relation: version 3 draws both alike.
        return Ml { text: "‖".to_owned(), ..ml };
    }
    ml
}

fn collect(reader: &Reader<'_>, parent: NodeRef<'_>, depth: usize, token: &mut Token) {
    for node in parent.children() {
        let Some(tag) = element(node) else { continue };
        if depth > 24 || !reader.budget.spend() {
            return;
        }
        if !reader.dialect.glyphs(node, tag, token) {
            collect(reader, node, depth + 1, token);
        }
    }
}

/// The MathML token for glyphs.
pub(super) fn finish(kind: &'static str, token: &Token) -> Ml {
    let chars: Vec<char> = token.glyphs.iter().map(|glyph| glyph.c).collect();
    let stretched = token.stretched || token.glyphs.iter().any(|glyph| glyph.alphabet == Alphabet::Size);
    if kind == "mo" {
        let text = match glyph::assembled(&chars).filter(|_| chars.len() > 1 || stretched) {
            Some(c) => c.to_string(),
            None => chars.iter().collect(),
        };
        let bold = token.glyphs.iter().all(|glyph| glyph.alphabet == Alphabet::Bold) && !chars.is_empty();
        let mo = Ml::token("mo", text).with("stretchy", if stretched { "true" } else { "false" });
        return if bold { mo.with("mathvariant", "bold") } else { mo };
    }
    let text: String = chars.iter().filter(|c| **c != '\u{200b}').collect();
    let alphabet = token.glyphs.iter().find(|glyph| glyph.c.is_alphanumeric()).map(|glyph| glyph.alphabet);
    let uniform = token.glyphs.iter().all(|glyph| !glyph.c.is_alphanumeric() || Some(glyph.alphabet) == alphabet);
    let alphabet = alphabet.filter(|_| uniform).unwrap_or_default();
    let letters = chars.iter().filter(|c| c.is_alphanumeric()).count();
    let ml = Ml::token(kind, text);
    match (kind, alphabet) {
        // One letter is italic without saying so.
        ("mi", Alphabet::Italic) if letters <= 1 => ml,
        ("mi", Alphabet::Normal) if letters == 1 => ml.with("mathvariant", "normal"),
        (_, Alphabet::Calligraphic) => ml.with("data-mjx-variant", "-tex-calligraphic").with("mathvariant", "script"),
        (_, alphabet) => match alphabet.variant() {
            Some(variant) => ml.with("mathvariant", variant),
            None => ml,
        },
    }
}

/// Whether a token is the upright name of a function.
fn is_name(ml: &Ml) -> bool {
    ml.name == "mi" && ml.attrs.is_empty() && ml.text.chars().filter(char::is_ascii_alphabetic).count() > 1
}

fn application() -> Ml {
    Ml::token("mo", "\u{2061}")
}

/// Marks names of several letters as functions: MathJax puts a letter's alphabet in a group, and names in none.
pub(super) fn apply(dialect: Dialect, row: &mut Vec<Ml>) {
    let old = matches!(dialect, Dialect::CommonHtml | Dialect::HtmlCss);
    let mut at = 0;
    while at < row.len() {
        let name = is_name(&row[at]);
        let named = name || scripted_name(&row[at]);
        match row.get(at + 1).filter(|next| next.name == "mo").map(|next| next.text.as_str()) {
            Some("") if named && old => row[at + 1] = application(),
            Some("\u{2061}") => {}
            _ if name && row.len() > 1 => row.insert(at + 1, application()),
            _ => {}
        }
        at += 1;
    }
}

/// Whether scripts hang on the name of a function.
fn scripted_name(ml: &Ml) -> bool {
    matches!(ml.name, "msub" | "msup" | "msubsup" | "munder" | "munderover" | "mover")
        && ml
            .children
            .first()
            .is_some_and(|base| is_name(base) || base.name == "mo" || base.children.first().is_some_and(is_name))
}

/// A base that is the name of a function, marked as one.
pub(super) fn applied(mut base: Vec<Ml>) -> Ml {
    if let [name] = base.as_slice()
        && is_name(name)
    {
        base.push(application());
    }
    Ml::row(base)
}
