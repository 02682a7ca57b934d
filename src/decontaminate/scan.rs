//! The grams of a page against the index: where a page holds what a benchmark holds.

use super::grams::{Gram, Grams};
use super::index::{Index, Origin, longer, run_hash};

/// A run of grams of a page that a benchmark text holds too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Its first gram, by place in the page's grams.
    pub(super) first: usize,
    /// Number of grams.
    pub(super) grams: usize,
    /// Its first gram in the index.
    pub(super) known: u32,
    /// The text in the benchmark.
    pub(super) origin: Origin,
}

/// A run that passes the filters. Runs are looked up in the order of `at`: where a long one ends, and where the first
/// grams of a short one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    at: usize,
    long: bool,
    grams: usize,
    first: usize,
    hash: u64,
}

/// Calls `found` with the runs of a page, in order. A run is as long as page and text agree; of the
/// texts of one file that hold a run, the first is named, and another where it goes on after that one ends.
pub(super) fn scan(index: &Index, text: &str, grams: &Grams, found: &mut impl FnMut(Run)) {
    let mut candidates = Vec::new();
    if index.has_short() {
        find_short(index, &grams.list, &mut candidates);
    }
    find_long(index, &grams.list, &mut candidates);
    candidates.sort_unstable();
    // The runs that were found last, one a file at most: (file, gram after its end).
    let mut open: Vec<(u32, usize)> = Vec::new();
    for Candidate { grams: length, first, hash, .. } in candidates {
        look_up(index, text, grams, first, length, hash, &mut open, found);
    }
}

/// Short texts are asked for where their first gram stands, and then their first few.
fn find_short(index: &Index, list: &[Gram], candidates: &mut Vec<Candidate>) {
    let short = index.rules().short_min;
    for first in 0..(list.len() + 1).saturating_sub(short) {
        if !index.may_begin_short(list[first].hash) {
            continue;
        }
        let mut hash = run_hash(list[first..first + short].iter().map(|gram| gram.hash));
        if !index.may_hold_head(hash) {
            continue;
        }
        let mut at = first + short;
        for grams in index.short_lengths().take_while(|grams| first + grams <= list.len()) {
            hash = list[at..first + grams].iter().fold(hash, |hash, gram| longer(hash, gram.hash));
            at = first + grams;
            if index.may_hold_short(hash) {
                candidates.push(Candidate { at: first + short, long: false, grams, first, hash });
            }
        }
    }
}

/// A run of `length` grams holds so many pieces of fewer grams that one of them begins at a multiple of their number:
/// only those are asked for, and runs where one is found.
fn find_long(index: &Index, list: &[Gram], candidates: &mut Vec<Candidate>) {
    let length = index.rules().length;
    let (piece, step) = index.pieces();
    let Some(last) = list.len().checked_sub(piece) else { return };
    for at in (0..=last).step_by(step) {
        let hash = run_hash(list[at..at + piece].iter().map(|gram| gram.hash));
        if !index.may_hold_piece(hash) {
            continue;
        }
        for first in (at + 1).saturating_sub(step)..=at {
            let Some(run) = list.get(first..first + length) else { break };
            let hash = run_hash(run.iter().map(|gram| gram.hash));
            if index.may_hold_long(hash) {
                candidates.push(Candidate { at: first + length, long: true, grams: length, first, hash });
            }
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the state of one loop")]
fn look_up(
    index: &Index,
    text: &str,
    grams: &Grams,
    first: usize,
    length: usize,
    hash: u64,
    open: &mut Vec<(u32, usize)>,
    found: &mut impl FnMut(Run),
) {
    let same = |known: u32, i: usize| grams.is(text, first + i, index.gram(known + i as u32).as_bytes());
    let mut next = index.find(hash, length, |known| (0..length).all(|i| same(known, i)));
    open.retain(|(_, end)| *end > first);
    while let Some(known) = next {
        next = index.also(known);
        let (origin, text_end) = index.origin(known);
        if open.iter().any(|(file, end)| *file == origin.file && *end >= first + length) {
            continue;
        }
        let most = (grams.list.len() - first).min((text_end - known) as usize);
        let agreed = length + (length..most).take_while(|i| same(known, *i)).count();
        open.retain(|(file, _)| *file != origin.file);
        open.push((origin.file, first + agreed));
        found(Run { first, grams: agreed, known, origin });
    }
}
