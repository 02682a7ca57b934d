//! The grams of all benchmarks, made to be asked about every gram of a corpus.
//!
//! A filter of a few bits a gram, small enough for the processor's cache, answers no to nearly all; what passes is looked
//! up in a table of hashes, and what is found there is compared gram by gram. So no collision of hashes is a match.

use std::collections::BTreeMap;

use super::grams::Grams;
use super::tex::reread;

/// What counts as a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GramRules {
    /// So many grams in a row of a benchmark text are a match (10 in the paper).
    pub length: usize,
    /// Whole texts with fewer grams are a match where they have at least so many (3 in the paper).
    pub short_min: usize,
}

impl Default for GramRules {
    fn default() -> Self {
        Self { length: 10, short_min: 3 }
    }
}

/// Whether a benchmark text of few grams is looked for as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// It is: a question says enough by itself.
    Whole,
    /// It is not: an answer such as `\frac{1}{2}` stands on thousands of pages that know nothing of the question.
    Ignored,
}

/// Where a benchmark text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which file, by its place among them.
    pub file: u32,
    /// Which line of it, from 1.
    pub line: u32,
    /// Which field, by its place among the names of fields.
    pub field: u32,
}

/// A text in the index: its origin, and its grams from `first` on.
#[derive(Clone, Copy, Debug)]
struct Text {
    first: u32,
    origin: Origin,
}

/// The benchmarks hold more than the index can number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the benchmarks together hold more than {max} grams or bytes of them: name fewer files")]
pub struct TooLarge {
    /// What the index can hold.
    pub max: u64,
}

const EMPTY: u32 = u32::MAX;
/// Largest number of grams, and of bytes of their folded characters.
const SIZE_MAX: usize = u32::MAX as usize - 1;
/// Multiplier of the hash of runs.
const BASE: u64 = 0xA076_1D64_78BD_642F;

/// A slot of the table: part of the hash, and where a run of grams with it begins.
#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    gram: u32,
}

/// The hash of a run that is one gram longer.
pub(super) fn longer(hash: u64, gram: u64) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(gram)
}

/// The hash of a run of grams.
pub(super) fn run_hash(hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(0, longer)
}

fn spread(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 31)).wrapping_mul(0x9FB2_1C65_1E98_DF25);
    hash ^ (hash >> 28)
}

/// A word-blocked Bloom filter: two bits of one word a key.
#[derive(Clone, Debug)]
struct Filter {
    words: Vec<u64>,
    shift: u32,
}

impl Filter {
    /// For so many keys, so many bits each or up to twice as many; at most 32 MiB, since more would leave the cache.
    fn new(keys: usize, bits: usize) -> Self {
        let words = (keys * bits / 64).next_power_of_two().clamp(64, 1 << 22);
        Self { words: vec![0; words], shift: 64 - words.trailing_zeros() }
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let hash = hash.wrapping_mul(0xE703_7ED1_A0B4_28DB);
        ((hash >> self.shift) as usize, (1 << ((hash >> 14) & 63)) | (1 << ((hash >> 20) & 63)))
    }

    fn add(&mut self, hash: u64) {
        let (word, bits) = self.place(hash);
        self.words[word] |= bits;
    }

    fn may_hold(&self, hash: u64) -> bool {
        let (word, bits) = self.place(hash);
        self.words[word] & bits == bits
    }
}

/// Builds an [`Index`] text by text.
#[derive(Debug)]
pub struct IndexBuilder {
    rules: GramRules,
    texts: Vec<Text>,
    hashes: Vec<u64>,
    ends: Vec<u32>,
    folded: String,
    first: Grams,
    second: Grams,
    ignored_short: u64,
}

/// The grams of all benchmarks.
#[derive(Debug)]
pub struct Index {
    rules: GramRules,
    texts: Vec<Text>,
    /// Where each gram ends in `folded`.
    ends: Vec<u32>,
    /// The folded characters of all grams, one after another.
    folded: String,
    /// The same run of grams in a later file, by where it begins.
    also: Vec<(u32, u32)>,
    slots: Vec<Slot>,
    long: Filter,
    /// Pieces of long runs: see [`Index::pieces`].
    pieces: Filter,
    /// Of short texts: the first gram, the first ones, and the whole.
    short: Option<[Filter; 3]>,
    /// Which lengths short texts have: bit by length.
    short_lengths: u64,
}

impl IndexBuilder {
    /// A builder by these rules.
    #[must_use]
    pub fn new(rules: GramRules) -> Self {
        Self {
            rules,
            texts: Vec::new(),
            hashes: Vec::new(),
            ends: Vec::new(),
            folded: String::new(),
            first: Grams::default(),
            second: Grams::default(),
            ignored_short: 0,
        }
    }

    /// Adds a text in both of its readings; and once more without the marks of a calculator, `<<2+3=5>>`, which pages
    /// that quote the text leave out.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn add(&mut self, text: &str, origin: Origin, short: Short) -> Result<(), TooLarge> {
        self.add_readings(text, origin, short)?;
        match without_marks(text) {
            Some(bare) => self.add_readings(&bare, origin, short),
            None => Ok(()),
        }
    }

    fn add_readings(&mut self, text: &str, origin: Origin, short: Short) -> Result<(), TooLarge> {
        let (mut first, mut second) = (std::mem::take(&mut self.first), std::mem::take(&mut self.second));
        first.read(text);
        let mut result = self.add_grams(text, &first, origin, short);
        if result.is_ok() && reread(text, &first, &mut second) {
            result = self.add_grams(text, &second, origin, short);
        }
        (self.first, self.second) = (first, second);
        result
    }

    fn add_grams(&mut self, text: &str, grams: &Grams, origin: Origin, short: Short) -> Result<(), TooLarge> {
        let n = grams.list.len();
        if n < self.rules.length && (short == Short::Ignored || n < self.rules.short_min) {
            self.ignored_short += 1;
            return Ok(());
        }
        if self.ends.len() + n > SIZE_MAX || self.folded.len() + text.len() * 12 > SIZE_MAX {
            return Err(TooLarge { max: SIZE_MAX as u64 });
        }
        self.texts.push(Text { first: self.ends.len() as u32, origin });
        for (i, gram) in grams.list.iter().enumerate() {
            grams.fold_into(text, i, &mut self.folded);
            self.ends.push(self.folded.len() as u32);
            self.hashes.push(gram.hash);
        }
        Ok(())
    }

    /// Texts that have too few grams to be looked for.
    #[must_use]
    pub fn ignored_short(&self) -> u64 {
        self.ignored_short
    }

    /// The index of what was added, without the runs of grams that `allowed` holds.
    #[must_use]
    pub fn build(self, allowed: Option<&Index>) -> Index {
        let Self { rules, texts, hashes, ends, folded, .. } = self;
        let text_ends = texts.iter().skip(1).map(|text| text.first as usize).chain([ends.len()]);
        let spans: Vec<(usize, usize)> = texts.iter().map(|text| text.first as usize).zip(text_ends).collect();
        let runs = |&(first, end): &(usize, usize)| (end - first).saturating_sub(rules.length - 1).max(1);
        let keys: usize = spans.iter().map(runs).sum();
        let short_keys = spans.iter().filter(|(first, end)| end - first < rules.length).count();
        let mut index = Index {
            rules,
            texts,
            ends,
            folded,
            also: Vec::new(),
            slots: vec![Slot { tag: 0, gram: EMPTY }; (keys * 4 / 3 + 1).next_power_of_two()],
            long: Filter::new(keys - short_keys, 8),
            pieces: Filter::new(keys - short_keys, 16),
            short: (short_keys > 0).then(|| [32; 3].map(|bits| Filter::new(short_keys, bits))),
            short_lengths: 0,
        };
        let mut also = BTreeMap::new();
        for (first, end) in spans {
            let length = rules.length.min(end - first);
            // Whether the run before this one is in the index.
            let mut added = false;
            for at in first..=end - length {
                let run = &hashes[at..at + length];
                let hash = run_hash(run.iter().copied());
                if allowed.is_some_and(|allowed| allowed.holds_run_of(&index, at as u32, hash, length)) {
                    added = false;
                    continue;
                }
                if length < rules.length {
                    index.short_lengths |= 1 << length;
                    let head = run_hash(run[..rules.short_min].iter().copied());
                    if let Some([firsts, heads, whole]) = &mut index.short {
                        firsts.add(run[0]);
                        heads.add(head);
                        whole.add(hash);
                    }
                } else {
                    index.long.add(hash);
                    let piece = index.pieces().0;
                    // The pieces of this run that are none of the one before it.
                    let new = if added { length - piece } else { 0 };
                    run.windows(piece).skip(new).for_each(|piece| index.pieces.add(run_hash(piece.iter().copied())));
                }
                index.insert(hash, length, at as u32, &mut also);
                added = true;
            }
        }
        index.also = also.into_iter().collect();
        index
    }
}

/// The text without what stands between `<<` and `>>` on one line; `None` where there is no such mark.
fn without_marks(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut cut = false;
    while let Some(at) = rest.find("<<") {
        let (before, mark) = rest.split_at(at);
        out.push_str(before);
        match mark.find(">>").filter(|end| !mark[..*end].contains('\n')) {
            Some(end) => {
                cut = true;
                rest = &mark[end + 2..];
            }
            None => {
                out.push_str("<<");
                rest = &mark[2..];
            }
        }
    }
    out.push_str(rest);
    cut.then_some(out)
}

impl Index {
    /// What counts as a match.
    #[must_use]
    pub fn rules(&self) -> GramRules {
        self.rules
    }

    /// Whether no text is long enough to be looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Grams of all texts.
    #[must_use]
    pub fn grams(&self) -> usize {
        self.ends.len()
    }

    /// Bytes that the index takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let filters = [&self.long, &self.pieces].into_iter().chain(self.short.iter().flatten());
        let filters: usize = filters.map(|filter| filter.words.len()).sum();
        self.texts.len() * size_of::<Text>()
            + self.ends.len() * 4
            + self.folded.len()
            + self.also.len() * 8
            + self.slots.len() * size_of::<Slot>()
            + filters * 8
    }

    /// The folded characters of a gram.
    pub(super) fn gram(&self, gram: u32) -> &str {
        let gram = gram as usize;
        let from = gram.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.folded[from..self.ends[gram] as usize]
    }

    /// Where a gram comes from, and where its text ends.
    pub(super) fn origin(&self, gram: u32) -> (Origin, u32) {
        let next = self.texts.partition_point(|text| text.first <= gram);
        let end = self.texts.get(next).map_or(self.ends.len() as u32, |text| text.first);
        (self.texts[next - 1].origin, end)
    }

    /// The same run in the first text of the next file that has it.
    pub(super) fn also(&self, gram: u32) -> Option<u32> {
        self.also.binary_search_by_key(&gram, |pair| pair.0).ok().map(|i| self.also[i].1)
    }

    pub(super) fn may_hold_long(&self, hash: u64) -> bool {
        self.long.may_hold(hash)
    }

    /// Grams in a piece of a long run, and at what distance pieces are asked for: every long run holds a piece that
    /// begins at a multiple of it.
    pub(super) fn pieces(&self) -> (usize, usize) {
        let length = self.rules.length;
        let piece = length.div_ceil(2);
        (piece, length - piece + 1)
    }

    pub(super) fn may_hold_piece(&self, hash: u64) -> bool {
        self.pieces.may_hold(hash)
    }

    pub(super) fn has_short(&self) -> bool {
        self.short_lengths != 0
    }

    pub(super) fn may_begin_short(&self, gram: u64) -> bool {
        self.short.as_ref().is_some_and(|[firsts, ..]| firsts.may_hold(gram))
    }

    pub(super) fn may_hold_head(&self, hash: u64) -> bool {
        self.short.as_ref().is_some_and(|[_, heads, _]| heads.may_hold(hash))
    }

    pub(super) fn may_hold_short(&self, hash: u64) -> bool {
        self.short.as_ref().is_some_and(|[.., whole]| whole.may_hold(hash))
    }

    pub(super) fn short_lengths(&self) -> impl Iterator<Item = usize> + use<> {
        let lengths = self.short_lengths;
        (0..64).filter(move |length| lengths >> length & 1 == 1)
    }

    /// Where a run of so many grams with this hash begins, whose grams pass `same`.
    pub(super) fn find(&self, hash: u64, length: usize, same: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let hash = spread(hash.wrapping_add(length as u64));
        let mut at = (hash >> 32) as usize & mask;
        loop {
            let Slot { tag, gram } = self.slots[at];
            if gram == EMPTY {
                return None;
            }
            if tag == hash as u32 && self.whole(gram, length) && same(gram) {
                return Some(gram);
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether a run of so many grams at `gram` is in the index by its length: short runs are whole texts.
    fn whole(&self, gram: u32, length: usize) -> bool {
        let end = self.origin(gram).1;
        let fits = (end - gram) as usize >= length;
        fits && (length == self.rules.length || (end - gram) as usize == length)
    }

    fn same_run(&self, a: u32, other: &Self, b: u32, length: usize) -> bool {
        (0..length as u32).all(|i| self.gram(a + i) == other.gram(b + i))
    }

    fn holds_run_of(&self, other: &Self, gram: u32, hash: u64, length: usize) -> bool {
        self.find(hash, length, |mine| self.same_run(mine, other, gram, length)).is_some()
    }

    /// Adds a run, or links it to the same run of an earlier file.
    fn insert(&mut self, hash: u64, length: usize, gram: u32, also: &mut BTreeMap<u32, u32>) {
        let file = self.origin(gram).0.file;
        if let Some(mut known) = self.find(hash, length, |mine| self.same_run(mine, self, gram, length)) {
            // Texts come file by file, so the last of the chain is of this file or of one before it.
            while let Some(next) = also.get(&known) {
                known = *next;
            }
            if self.origin(known).0.file != file {
                also.insert(known, gram);
            }
            return;
        }
        let mask = self.slots.len() - 1;
        let hash = spread(hash.wrapping_add(length as u64));
        let mut at = (hash >> 32) as usize & mask;
        while self.slots[at].gram != EMPTY {
            at = (at + 1) & mask;
        }
        self.slots[at] = Slot { tag: hash as u32, gram };
    }
}
