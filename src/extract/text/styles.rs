//! How stretches of a line are set, noted while its text is gathered.

use super::inline::fold_line;
use crate::extract::content::hints::Hints;
use crate::extract::math::typeset::{ClassStyles, Span, Style, is_raised_ending, looks_set};
use crate::extract::outline::{Kind, Outline};
use crate::extract::tag::Tag;

/// Longest superscript or subscript that is written with `^` or `_` where it is no part of a formula.
const SCRIPT_BYTES_MAX: usize = 4;

/// Most spans of one line; a line with more is text.
const SPANS_MAX: usize = 1 << 16;

/// Spans of the line so far.
#[derive(Default)]
pub(super) struct Styles {
    done: Vec<Span>,
    open: Vec<Open>,
}

/// A span whose element has not ended.
struct Open {
    style: Style,
    start: usize,
    inner: usize,
    /// The entry after its element.
    until: usize,
}

impl Styles {
    /// Notes the style of an element. `true` where its whole text was written: a short script.
    pub(super) fn open(&mut self, outline: &Outline<'_>, at: usize, page: &ClassStyles, raw: &mut String) -> bool {
        let Kind::Element(tag, element) = outline.entries[at].kind else { return false };
        let Some(style) = Style::of(tag, element, page) else { return false };
        let until = outline.entries[at].end as usize;
        let start = raw.len();
        let mut inner = start;
        let style = match style {
            Style::Superscript | Style::Subscript if is_note(outline, at) => Style::Note,
            Style::Superscript | Style::Subscript => {
                let raised = style == Style::Superscript;
                if let Some(script) = script(outline, at) {
                    let based = raw.ends_with(|c: char| c.is_alphanumeric() || c == ')');
                    if based && !(raised && is_ordinal(raw, &script)) {
                        raw.push(if raised { '^' } else { '_' });
                    }
                    inner = raw.len();
                    raw.push_str(&fold_line(&script));
                    let italic = outline.entries[at + 1..until].iter().any(|entry| match entry.kind {
                        Kind::Element(tag, element) => Style::of(tag, element, page) == Some(Style::Italic),
                        _ => false,
                    });
                    self.push(Span { style, start, inner, end: raw.len() });
                    if italic {
                        self.push(Span { style: Style::Italic, start: inner, inner, end: raw.len() });
                    }
                    return true;
                }
                style
            }
            Style::Italic if is_parameter(outline, at) => return false,
            other => other,
        };
        self.open.push(Open { style, start, inner, until });
        false
    }

    /// Ends the styles of elements that end before an entry.
    pub(super) fn close(&mut self, at: usize, raw: &str) {
        while let Some(open) = self.open.pop_if(|open| open.until <= at) {
            self.end(&open, raw);
        }
    }

    fn end(&mut self, open: &Open, raw: &str) {
        let &Open { style, start, inner, .. } = open;
        let Some(content) = raw.get(inner..).filter(|content| !content.is_empty()) else { return };
        if !matches!(style, Style::Italic | Style::Bold) || looks_set(content) {
            self.push(Span { style, start, inner, end: raw.len() });
        }
    }

    fn push(&mut self, span: Span) {
        if self.done.len() < SPANS_MAX {
            self.done.push(span);
        }
    }

    /// Takes the spans of a line of so many bytes, if any says more than that text is bold or a note. Elements that
    /// are still open go on in the next line.
    pub(super) fn take(&mut self, length: usize) -> Vec<Span> {
        let mut spans = std::mem::take(&mut self.done);
        for open in &mut self.open {
            if !matches!(open.style, Style::Italic | Style::Bold) && open.inner < length {
                spans.push(Span { style: open.style, start: open.start, inner: open.inner, end: length });
            }
            (open.start, open.inner) = (0, 0);
        }
        if spans.iter().all(|span| matches!(span.style, Style::Bold | Style::Note)) {
            spans.clear();
        }
        spans
    }
}

/// Whether a script is a link, holds one or stands in one: a note or citation.
fn is_note(outline: &Outline<'_>, at: usize) -> bool {
    let entry = &outline.entries[at];
    let parent = &outline.entries[entry.parent as usize];
    let link = |entry: &crate::extract::outline::Entry<'_>| entry.hints.has(Hints::LINK);
    link(parent) || outline.entries[at + 1..entry.end as usize].iter().any(link)
}

/// How many elements around an element are asked whether they are a signature.
const SIGNATURE_LEVELS: usize = 4;

/// How many entries in an element are searched for a variable.
const SIGNATURE_LOOK: usize = 8;

/// Whether an element is a parameter in the signature of a function.
fn is_parameter(outline: &Outline<'_>, at: usize) -> bool {
    let mut at = at;
    let inside = &outline.entries[at + 1..outline.entries[at].end as usize];
    let variable = |kind: &Kind<'_>| matches!(kind, Kind::Element(_, element) if element.name() == "var");
    let mut italic = inside.iter().take(SIGNATURE_LOOK).any(|entry| variable(&entry.kind));
    for level in 0..SIGNATURE_LEVELS {
        at = outline.entries[at].parent as usize;
        let Kind::Element(_, element) = outline.entries[at].kind else { return false };
        let class = element.attrs.iter().find(|(name, _)| &*name.local == "class").map_or("", |(_, value)| value);
        // Generators of documentation name the line of a definition after what is defined.
        // A description below it is none.
        let signature = |class: &str| {
            level == 0 && (class.starts_with("param") || class.starts_with("sig"))
                || matches!(
                    class,
                    "func"
                        | "memproto"
                        | "memname"
                        | "signature"
                        | "synopsis"
                        | "prototype"
                        | "def-line"
                        | "deffn"
                        | "deftypefn"
                        | "deftypefun"
                        | "defun"
                        | "defmac"
                        | "defspec"
                        | "defop"
                        | "defmethod"
                        | "deftypeop"
                        | "deftypemethod"
                )
        };
        if matches!(element.name(), "dl" | "dd" | "li" | "p") {
            return false;
        }
        // Older ones set all arguments of a term in italics, and each once more.
        italic |= matches!(element.name(), "em" | "i");
        if class.split_ascii_whitespace().any(signature) || italic && element.name() == "dt" {
            return true;
        }
    }
    false
}

/// Whether a raised script ends an ordinal or the like: `1st`, `XIXe`, `TM`.
fn is_ordinal(raw: &str, script: &str) -> bool {
    if script.eq_ignore_ascii_case("tm") || script.eq_ignore_ascii_case("sm") {
        return true;
    }
    let number = raw.ends_with(|c: char| c.is_ascii_digit());
    let word = raw.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let roman = word.len() > 1 && word.bytes().all(|byte| b"IVXLC".contains(&byte));
    is_raised_ending(script) && (script.len() > 1 || number || roman || matches!(script, "r" | "o"))
}

/// The text of a script that is an exponent or index: short.
fn script(outline: &Outline<'_>, at: usize) -> Option<String> {
    let mut script = String::new();
    for entry in &outline.entries[at + 1..outline.entries[at].end as usize] {
        match entry.kind {
            Kind::Text(text) => script.push_str(text.trim()),
            Kind::Element(Tag::Inline, _) => {}
            _ => return None,
        }
        if script.len() > SCRIPT_BYTES_MAX {
            return None;
        }
    }
    let mathematical = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '−');
    (!script.is_empty() && script.chars().all(mathematical)).then_some(script)
}
