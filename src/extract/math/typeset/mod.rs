//! Mathematics that is only typeset as text: italic letters, `sup` and `sub`, operators between them.
//!
//! In goes a stretch of a block's text with [`Span`]s that say how parts of it are set; out come [`Part`]s: text, and
//! maximal runs that are clearly mathematics as LaTeX. `lex` makes tokens, `classify` tells products of variables from
//! words and exponents from footnote marks, `runs` cuts, `judge` decides, `latex` writes.
//!
//! Precision comes first. What could be mathematics (a lone italic letter) is decided when the whole page is written,
//! by [`settle`]: it is a variable where the same letter stands in a run that surely is mathematics.

mod beside;
mod chars;
mod classify;
mod evidence;
mod judge;
mod latex;
mod lex;
mod runs;
mod settle;
mod sheet;
mod style;
mod units;
mod words;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub(crate) use settle::{SURE, maybe, settle};
pub(crate) use sheet::ClassStyles;
pub(crate) use style::Style;
pub(crate) use words::{is_raised_ending, looks_set};

use super::Formula;
use lex::Kind;

use crate::forms::Form;

/// A stretch of text that is set in a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// How it is set.
    pub(crate) style: Style,
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    /// Where its content starts: after the `^` or `_` that was written for a script.
    pub(crate) inner: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

impl Span {
    /// The span as it lies in a part of the text; `None` where it does not lie inside.
    pub(crate) fn within(self, start: usize, end: usize) -> Option<Self> {
        let inside = self.start >= start && self.end <= end;
        inside.then(|| Self {
            style: self.style,
            start: self.start - start,
            inner: self.inner - start,
            end: self.end - start,
        })
    }
}

/// A piece of a stretch of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text.
    Text(String),
    /// Surely a formula.
    Formula(Formula),
    /// A formula if the rest of the page bears it out, else text.
    Maybe {
        /// The LaTeX.
        tex: String,
        /// The text.
        plain: String,
    },
}

/// Longest stretch of text that is looked into, in bytes.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Splits text into parts. Spans lie inside the text; they need not be sorted.
pub(crate) fn read(text: &str, spans: &mut [Span]) -> Vec<Part> {
    if text.len() > TEXT_BYTES_MAX {
        return vec![Part::Text(text.to_owned())];
    }
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut tokens = lex::tokens(text, spans);
    classify::words(text, &mut tokens);
    classify::scripts(text, &mut tokens);
    let mut found: Vec<(usize, usize, Part)> = Vec::new();
    for token in &tokens {
        if let Kind::Shifted(digits) = &token.kind {
            found.push((token.start, token.end, Part::Text(digits.clone())));
        }
    }
    for run in runs::runs(text, &tokens) {
        let (start, end) = (tokens[run.start].start, tokens[run.end - 1].end);
        let formula = |display| {
            let formula = Formula::from_raw(&latex::write(text, &tokens[run.clone()]), display)?;
            Some(Formula { form: Form::Typeset, ..formula })
        };
        let part = match judge::judge(text, &tokens, run.clone()) {
            judge::Verdict::Nothing => None,
            judge::Verdict::Text(plain) => Some(Part::Text(plain)),
            judge::Verdict::Sure => {
                formula(matches!(tokens[run.start].kind, Kind::Container { display: true, .. })).map(Part::Formula)
            }
            judge::Verdict::Maybe => {
                formula(false).map(|formula| Part::Maybe { tex: formula.tex, plain: text[start..end].to_owned() })
            }
        };
        found.extend(part.map(|part| (start, end, part)));
    }
    found.sort_by_key(|(start, ..)| *start);
    let mut parts = Parts { text, parts: Vec::new(), from: 0 };
    for (start, end, part) in found {
        parts.replace(start, end, part);
    }
    parts.finish()
}

struct Parts<'t> {
    text: &'t str,
    parts: Vec<Part>,
    from: usize,
}

impl Parts<'_> {
    /// Puts a part in the place of a range of the text.
    fn replace(&mut self, start: usize, end: usize, part: Part) {
        self.copy(start);
        self.parts.push(part);
        self.from = end;
    }

    fn copy(&mut self, to: usize) {
        if self.from < to {
            self.parts.push(Part::Text(self.text[self.from..to].to_owned()));
        }
        self.from = to;
    }

    fn finish(mut self) -> Vec<Part> {
        self.copy(self.text.len());
        self.parts
    }
}
