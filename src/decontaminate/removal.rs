//! What is to be removed from a page, and why.

#[cfg(test)]
use std::borrow::Cow;
use std::ops::Range;

use super::grams::{Gram, Grams};
use super::index::{Index, Origin};
use super::scan::{Run, scan};
use super::tex::{reread, reread_near};
use crate::paragraphs::{cut, paragraphs, spans};

/// Grams of a match that are told; a longer one is told up to here.
const TOLD_GRAMS_MAX: usize = 64;
/// Cutting paragraphs out brings others together. That this makes a match, and again, ends here: the page goes.
const PASSES_MAX: usize = 8;

/// A run of grams that a page shares with a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Where the text is from.
    pub origin: Origin,
    /// Number of grams that agree.
    pub grams: usize,
    /// The grams, normalised, split by spaces; the first 64 of them.
    pub text: String,
    /// The paragraphs that the run stands in, bytes of the page's text.
    pub paragraph: Range<usize>,
}

/// What a page loses.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    /// Byte ranges of the text that go: paragraphs with the blank lines after them. In order, and apart.
    pub spans: Vec<Range<usize>>,
    /// Number of paragraphs that go.
    pub paragraphs: usize,
    /// Share of the page's grams that is in them.
    pub share: f64,
    /// Why: the matches, by their places in the text.
    pub matches: Vec<Match>,
}

impl Removal {
    /// The text that stays; empty where the whole of it goes.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        cut(text, &self.spans)
    }
}

/// Asks an index about texts, with buffers that are kept from one to the next.
#[derive(Debug)]
pub struct Scanner<'i> {
    index: &'i Index,
    first: Grams,
    second: Grams,
}

impl<'i> Scanner<'i> {
    /// A scanner of this index.
    #[must_use]
    pub fn new(index: &'i Index) -> Self {
        Self { index, first: Grams::default(), second: Grams::default() }
    }

    /// What of a text is to go; `None` where it shares nothing with a benchmark. What stays shares nothing either.
    pub fn removal(&mut self, text: &str) -> Option<Removal> {
        self.first.read(text);
        if self.shares_nothing(text) { None } else { self.removal_of_read(text) }
    }

    /// Whether neither reading of the text, the first of which is done, holds anything of the index. The second is looked
    /// at only where it differs: what it shares elsewhere, the first shares too.
    fn shares_nothing(&mut self, text: &str) -> bool {
        let Self { index, first, second } = self;
        let shares = |grams: &Grams| {
            let mut any = false;
            scan(index, text, grams, &mut |_| any = true);
            any
        };
        !shares(first) && !reread_near(text, first, second, index.rules().length, shares)
    }

    /// What is to go, by both readings in full.
    fn removal_of_read(&mut self, text: &str) -> Option<Removal> {
        let Self { index, first, second } = self;
        let mut readings = vec![first];
        if reread(text, readings[0], second) {
            readings.push(second);
        }
        let mut matches = Vec::new();
        let mut parts = Vec::new();
        let mut removed = Vec::new();
        let all = readings[0].list.len();
        for pass in 0.. {
            let before = matches.len();
            for grams in &readings {
                scan(index, text, grams, &mut |run| {
                    if parts.is_empty() {
                        parts = paragraphs(text);
                        removed = vec![false; parts.len()];
                    }
                    let range = mark(&grams.list, &run, &parts, &mut removed);
                    matches.push(told(index, &run, range));
                });
            }
            if matches.len() == before {
                break;
            }
            if pass == PASSES_MAX {
                removed.fill(true);
            }
            let stays = |gram: &Gram| !removed[parts.partition_point(|part| part.end <= gram.start as usize)];
            for grams in &mut readings {
                grams.retain(stays);
            }
        }
        if matches.is_empty() {
            return None;
        }
        // Both readings tell the same match, where no command is in it.
        matches.sort_by_cached_key(|found| {
            let Origin { file, line, field } = found.origin;
            (found.paragraph.start, file, line, field, std::cmp::Reverse(found.grams), found.text.clone())
        });
        matches.dedup();
        let share = if removed.contains(&false) { (all - readings[0].list.len()) as f64 / all as f64 } else { 1.0 };
        let paragraphs = removed.iter().filter(|gone| **gone).count();
        Some(Removal { spans: spans(text, &parts, &removed), paragraphs, share, matches })
    }

    /// The text without what it shares with benchmarks; `None` where that is more than `share_max` of it.
    #[cfg(test)]
    pub(super) fn clean<'t>(&mut self, text: &'t str, share_max: f64) -> Option<Cow<'t, str>> {
        match self.removal(text) {
            None => Some(Cow::Borrowed(text)),
            Some(removal) if removal.share > share_max => None,
            Some(removal) => Some(Cow::Owned(removal.apply(text))),
        }
    }
}

/// Marks the paragraphs that a run makes go, and gives where they are. A run over several takes those of which it holds
/// half, and those of which it holds half as much as of any: not one that lends it a word at its edge.
fn mark(grams: &[Gram], run: &Run, parts: &[Range<usize>], removed: &mut [bool]) -> Range<usize> {
    let of_run = &grams[run.first..run.first + run.grams];
    let part_of = |gram: &Gram| parts.partition_point(|part| part.end <= gram.start as usize);
    let held: Vec<(usize, usize)> =
        of_run.chunk_by(|a, b| part_of(a) == part_of(b)).map(|group| (part_of(&group[0]), group.len())).collect();
    let most = held.iter().map(|(_, grams)| *grams).max().unwrap_or_default();
    let mut marked: Option<Range<usize>> = None;
    for (part, held) in held {
        let bounds = &parts[part];
        let place = |byte: usize| grams.partition_point(|gram| (gram.start as usize) < byte);
        if held * 2 >= most || held * 2 >= place(bounds.end) - place(bounds.start) {
            removed[part] = true;
            marked.get_or_insert_with(|| bounds.clone()).end = bounds.end;
        }
    }
    marked.unwrap_or_default()
}

fn told(index: &Index, run: &Run, paragraph: Range<usize>) -> Match {
    let told = run.grams.min(TOLD_GRAMS_MAX) as u32;
    let text = (0..told).map(|i| index.gram(run.known + i)).collect::<Vec<_>>().join(" ");
    Match { origin: run.origin, grams: run.grams, text, paragraph }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
