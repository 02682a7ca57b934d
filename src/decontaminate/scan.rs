//! The grams of a page against the index: where a page holds what a benchmark holds.

use super::grams::Grams;
use super::index::{BASE, Index, Origin, run_hash};

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

/// Calls `found` with the runs of a page, in the order of their beginnings. A run is as long as page and text agree;
/// of the texts of one file that hold a run, the first is named, and another where it goes on after that one ends.
pub(super) fn scan(index: &Index, text: &str, grams: &Grams, found: &mut impl FnMut(Run)) {
    let rules = index.rules();
    let (length, short) = (rules.length, rules.short_min);
    let list = &grams.list;
    let out = (1..=length).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let short_out = (1..=short).fold(1u64, |power, _| power.wrapping_mul(BASE));
    let has_short = index.has_short();
    // The runs that were found last, one a file at most: (file, gram after its end).
    let mut open: Vec<(u32, usize)> = Vec::new();
    let (mut hash, mut short_hash) = (0u64, 0u64);
    for (at, gram) in list.iter().enumerate() {
        if has_short {
            short_hash = short_hash.wrapping_mul(BASE).wrapping_add(gram.hash);
            if at >= short {
                short_hash = short_hash.wrapping_sub(list[at - short].hash.wrapping_mul(short_out));
            }
            if at + 1 >= short && index.may_begin_short(short_hash) {
                let first = at + 1 - short;
                for length in index.short_lengths().take_while(|length| first + length <= list.len()) {
                    let hash = run_hash(list[first..first + length].iter().map(|gram| gram.hash));
                    look_up(index, text, grams, first, length, hash, &mut open, found);
                }
            }
        }
        hash = hash.wrapping_mul(BASE).wrapping_add(gram.hash);
        if at >= length {
            hash = hash.wrapping_sub(list[at - length].hash.wrapping_mul(out));
        }
        if at + 1 >= length && index.may_hold_long(hash) {
            look_up(index, text, grams, at + 1 - length, length, hash, &mut open, found);
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
