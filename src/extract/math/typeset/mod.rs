//! Mathematics that is only typeset as text: italic letters, `sup` and `sub`, operators between them.
//!
//! In goes a stretch of a block's text with [`Span`]s that say how parts of it are set; out come [`Part`]s: text, and
//! maximal runs that are clearly mathematics as LaTeX. `lex` makes tokens, `classify` tells products of variables from
//! words and exponents from footnote marks, `runs` cuts, `judge` decides, `latex` writes.
//!
//! Precision comes first. What could be mathematics (a lone italic letter) is decided when the whole page is written,
//! by [`settle`]: it is a variable where the same letter stands in a run that surely is mathematics.

mod chars;
mod classify;
mod judge;
mod latex;
mod lex;
mod runs;
mod settle;
mod style;
mod words;

#[cfg(test)]
mod tests;

pub(crate) use settle::{SURE, maybe, settle};
pub(crate) use style::Style;
pub(crate) use words::looks_set;

use super::Formula;
use lex::Kind;

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
    let mut parts = Parts { text, parts: Vec::new(), from: 0 };
    for run in runs::runs(text, &tokens) {
        let judged = judge::judge(text, &tokens, run.clone());
        let (start, end) = (tokens[run.start].start, tokens[run.end - 1].end);
        match judged {
            judge::Verdict::Nothing => {}
            judge::Verdict::Text(plain) => parts.replace(start, end, Part::Text(plain)),
            judge::Verdict::Sure => {
                let display = matches!(tokens[run.start].kind, Kind::Container { display: true, .. });
                let tex = latex::write(text, &tokens[run.clone()]);
                if let Some(formula) = Formula::from_raw(&tex, display) {
                    parts.replace(start, end, Part::Formula(formula));
                }
            }
            judge::Verdict::Maybe => {
                if let Some(formula) = Formula::from_raw(&latex::write(text, &tokens[run.clone()]), false) {
                    let plain = text[start..end].to_owned();
                    parts.replace(start, end, Part::Maybe { tex: formula.tex, plain });
                }
            }
        }
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
