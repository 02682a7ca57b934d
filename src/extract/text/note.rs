//! Marks of footnotes, and links that are nothing but a sign.

use crate::extract::content::hints::Hints;
use crate::extract::outline::{Kind, Outline};
use crate::extract::tag::Tag;

/// Most entries below a mark.
const ENTRIES_MAX: usize = 6;

/// The number of the footnote that a superscript refers to: digits in a link.
pub(super) fn number<'o>(outline: &'o Outline<'_>, at: usize) -> Option<&'o str> {
    let parent = outline.entries[at].parent as usize;
    let mut linked = outline.entries[parent].hints.has(Hints::LINK);
    let below = &outline.entries[at + 1..outline.entries[at].end as usize];
    if below.len() > ENTRIES_MAX {
        return None;
    }
    let mut number = None;
    for entry in below {
        match entry.kind {
            Kind::Text(text) if text.trim().is_empty() => {}
            Kind::Text(text) if number.is_none() => number = Some(text.trim()),
            Kind::Element(Tag::Link, _) => linked |= entry.hints.has(Hints::LINK),
            Kind::Element(Tag::Inline | Tag::Superscript, _) => {}
            _ => return None,
        }
    }
    let is_number = |text: &&str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    number.filter(|text| linked && is_number(text))
}

/// Whether a link is only a way back from a footnote or to the heading that it stands in.
pub(super) fn is_mark(outline: &Outline<'_>, at: usize) -> bool {
    let entry = &outline.entries[at];
    let below = &outline.entries[at + 1..entry.end as usize];
    if !entry.hints.has(Hints::LINK) || below.len() > ENTRIES_MAX || entry.stats.text > 8 || entry.stats.text == 0 {
        return false;
    }
    let parent = &outline.entries[entry.parent as usize];
    let in_heading = matches!(parent.tag(), Some(Tag::Heading(_)));
    below.iter().all(|entry| match entry.kind {
        Kind::Text(text) => text.trim().chars().all(|c| {
            matches!(c, '¶' | '§' | '🔗' | '↩' | '↑' | '⤴' | '↵' | '⇑' | '⏎' | '\u{fe0e}' | '\u{fe0f}')
                || in_heading && c == '#'
        }),
        Kind::Element(Tag::Inline | Tag::Superscript | Tag::Subscript, _) => true,
        _ => false,
    })
}
