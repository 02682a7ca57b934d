//! Text as a set of shingles, and how much two such sets share.
//!
//! Tokens are compared after NFKC and lower case: a token is a run of letters and digits, or one Chinese character;
//! punctuation, signs and space only divide. Formulas count like words, for two exercises may differ in nothing else.
//! A shingle is a run of tokens, kept as xxh3-64; in mostly Chinese text it is a run of characters.

use std::cmp::Ordering;
use std::num::NonZeroUsize;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfkc};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Above this share of Chinese characters among the letters, text is shingled by character.
const CHINESE_SHARE: f64 = 0.2;

/// How many tokens make a shingle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShingleLengths {
    /// Words in a shingle.
    pub words: NonZeroUsize,
    /// Characters in a shingle of mostly Chinese text.
    pub characters: NonZeroUsize,
}

impl ShingleLengths {
    /// Lengths from numbers, at least one each.
    #[must_use]
    pub fn new(words: usize, characters: usize) -> Self {
        let at_least_one = |n| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        Self { words: at_least_one(words), characters: at_least_one(characters) }
    }
}

impl Default for ShingleLengths {
    fn default() -> Self {
        Self::new(5, 5)
    }
}

/// A text's tokens, ready to be hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The tokens, each followed by one space, so that a run of tokens is one slice.
    joined: String,
    /// Where each token starts in `joined`.
    starts: Vec<usize>,
    /// Whether the text is mostly Chinese, and so each token one character.
    by_character: bool,
}

impl Tokens {
    /// Splits a text into tokens.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let by_character = is_mostly_chinese(text);
        let mut splitter = Splitter::new(text.len(), by_character);
        if by_character {
            splitter.push(text);
        } else {
            splitter.push_by_runs(text);
        }
        splitter.finish()
    }

    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether the text has neither letters nor digits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The hash that texts of the same tokens share; `None` for no tokens, which are no evidence of being the same.
    #[must_use]
    pub fn hash(&self) -> Option<u128> {
        (!self.is_empty()).then(|| xxh3_128(self.joined.as_bytes()))
    }

    /// The distinct shingles, in ascending order: one of all tokens where there are fewer than a shingle takes.
    #[must_use]
    pub fn shingles(&self, lengths: ShingleLengths) -> Vec<u64> {
        let length = if self.by_character { lengths.characters } else { lengths.words }.get();
        if self.starts.len() <= length {
            return if self.is_empty() { Vec::new() } else { vec![hash_tokens(&self.joined)] };
        }
        let ends = self.starts[length..].iter().copied().chain([self.joined.len()]);
        let mut shingles: Vec<u64> =
            self.starts.iter().zip(ends).map(|(&start, end)| hash_tokens(&self.joined[start..end])).collect();
        shingles.sort_unstable();
        shingles.dedup();
        shingles
    }
}

/// Splits text into tokens, piece by piece.
struct Splitter {
    tokens: Tokens,
    /// Whether the last character belongs to a token that may go on.
    inside: bool,
}

impl Splitter {
    fn new(text_bytes: usize, by_character: bool) -> Self {
        let joined = String::with_capacity(text_bytes + text_bytes / 8);
        Self { tokens: Tokens { joined, starts: Vec::with_capacity(text_bytes / 5), by_character }, inside: false }
    }

    fn finish(mut self) -> Tokens {
        self.divide();
        self.tokens
    }

    /// Takes runs of ASCII, the most of most pages, past the tables of Unicode.
    fn push_by_runs(&mut self, mut text: &str) {
        while !text.is_empty() {
            let ascii = text.bytes().position(|b| !b.is_ascii()).unwrap_or(text.len());
            // What follows may combine with the last character of the run, so that goes with it.
            let run = if ascii == text.len() { ascii } else { ascii.saturating_sub(1) };
            self.push_ascii(&text[..run]);
            let end = text.bytes().skip(ascii).position(|b| b.is_ascii()).map_or(text.len(), |after| ascii + after);
            self.push(&text[run..end]);
            text = &text[end..];
        }
    }

    fn push_ascii(&mut self, text: &str) {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                self.extend(char::from(byte.to_ascii_lowercase()));
            } else {
                self.divide();
            }
        }
    }

    fn push(&mut self, text: &str) {
        if is_nfkc(text) { self.push_normalised(text.chars()) } else { self.push_normalised(text.nfkc()) }
    }

    fn push_normalised(&mut self, text: impl Iterator<Item = char>) {
        for c in text.flat_map(char::to_lowercase) {
            if !is_word(c) {
                self.divide();
            } else if self.tokens.by_character || is_chinese(c) {
                self.divide();
                self.extend(c);
                self.divide();
            } else {
                self.extend(c);
            }
        }
    }

    /// Lengthens the token at hand, or begins one.
    fn extend(&mut self, c: char) {
        if !self.inside {
            self.tokens.starts.push(self.tokens.joined.len());
        }
        self.tokens.joined.push(c);
        self.inside = true;
    }

    /// Ends the token at hand, if there is one.
    fn divide(&mut self) {
        if self.inside {
            self.tokens.joined.push(' ');
        }
        self.inside = false;
    }
}

/// The shingles of a text; see [`Tokens::shingles`].
#[must_use]
pub fn shingles(text: &str, lengths: ShingleLengths) -> Vec<u64> {
    Tokens::of(text).shingles(lengths)
}

/// The hash by which exact duplicates are found; see [`Tokens::hash`].
#[must_use]
pub fn text_hash(text: &str) -> Option<u128> {
    Tokens::of(text).hash()
}

/// Shared shingles over all shingles of two ascending sets; 0 where both are empty.
#[must_use]
pub fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let order = x.cmp(y);
        shared += usize::from(order == Ordering::Equal);
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
    let all = a.len() + b.len() - shared;
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

/// Whether two sets of these sizes could be at `jaccard_min` at all: the larger bounds the union from below.
#[must_use]
pub fn sizes_allow(a: usize, b: usize, jaccard_min: f64) -> bool {
    a.min(b) as f64 >= jaccard_min * a.max(b) as f64
}

fn hash_tokens(tokens: &str) -> u64 {
    xxh3_64(tokens.as_bytes())
}

/// Letters and digits of any script; not the marks that combine with them, nor `_`.
fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() && !is_combining_mark(c) }
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}

fn is_mostly_chinese(text: &str) -> bool {
    // No Chinese character is encoded with a smaller first byte.
    if text.bytes().all(|b| b < 0xE3) {
        return false;
    }
    let (mut letters, mut chinese) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii_digit() && is_word(*c)) {
        letters += 1;
        chinese += usize::from(is_chinese(c));
    }
    chinese as f64 > CHINESE_SHARE * letters as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(Tokens::of(text).joined.trim_end(), want, "{text}");
        assert_eq!(Tokens::of(text).len(), want.split(' ').filter(|t| !t.is_empty()).count(), "{text}");
    }

    #[test]
    fn tokens_are_runs_of_letters_and_digits() {
        check("Let $x_1 \\in \\mathbb{R}$, f(x)=2X.", "let x 1 in mathbb r f x 2x");
        check("ﬁne Ｆｕｌｌ x² É naïve_way", "fine full x2 é naïve way");
        check("cafe\u{301} au lait", "café au lait");
        check("矩阵A的rank为2。", "矩 阵 a 的 r a n k 为 2");
        check(
            "The Chinese word 矩阵 means matrix and nothing else",
            "the chinese word 矩 阵 means matrix and nothing else",
        );
        check(" \n--- ", "");
        check("", "");
    }

    #[test]
    fn a_short_text_is_one_shingle() {
        let of = |text| shingles(text, ShingleLengths::default());
        assert!(of("").is_empty());
        assert_eq!(of("one two").len(), 1);
        assert_eq!(of("a b c d e").len(), 1);
        assert_eq!(of("a b c d e f").len(), 2);
        assert_eq!(of("a a a a a a a a a a").len(), 1);
        assert_eq!(of("数学分析与"), of("数学 分析，与"));
        assert_eq!(of("数学分析与代数").len(), 3);
        assert_ne!(of("one"), of("two"));
        assert!(of("the order of shingles is ascending and they are all distinct").is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn exact_duplicates_differ_only_in_signs() {
        assert_eq!(text_hash("Hello,  World!"), text_hash("hello world"));
        assert_ne!(text_hash("hello world"), text_hash("helloworld"));
        assert_eq!(text_hash("…"), None);
    }

    #[track_caller]
    fn check_jaccard(a: &[u64], b: &[u64], want: f64) {
        assert!((jaccard(a, b) - want).abs() < 1e-12 && (jaccard(b, a) - want).abs() < 1e-12);
    }

    #[test]
    fn similarity() {
        check_jaccard(&[], &[], 0.0);
        check_jaccard(&[1, 2, 3], &[1, 2, 3], 1.0);
        check_jaccard(&[1, 2, 3, 4], &[2, 4, 5], 0.4);
        check_jaccard(&[1], &[], 0.0);
        assert!(sizes_allow(8, 10, 0.8) && !sizes_allow(7, 10, 0.8));
    }

    proptest! {
        #[test]
        fn runs_of_ascii_take_the_same_way_as_the_rest(text in "([ -~\n]|\\PC|[a-z]\u{301}|ﬁ|Σ|²|é|矩|각|\u{1100}\u{1161}){0,80}") {
            let mut slow = Splitter::new(0, is_mostly_chinese(&text));
            slow.push(&text);
            prop_assert_eq!(Tokens::of(&text), slow.finish());
        }

        #[test]
        fn shingles_are_a_set(text in "\\PC{0,80}") {
            let tokens = Tokens::of(&text);
            let shingles = tokens.shingles(ShingleLengths::default());
            prop_assert!(shingles.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(shingles.is_empty(), tokens.is_empty());
            prop_assert!(shingles.len() <= tokens.len());
        }
    }
}
