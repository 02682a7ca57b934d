//! Runs of words that come again and again (Gopher, appendix A.1.1).

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::{Xxh3Builder, xxh3_64};

fn hashes(words: &[&str]) -> Vec<u64> {
    words.iter().map(|word| xxh3_64(word.as_bytes())).collect()
}

/// A number for a run of words, from the numbers of its words.
fn run(words: &[u64]) -> u64 {
    words.iter().fold(0, |run, word| (run.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The share of the text's characters that lies in repeats of runs of `length` words: each run that stood before counts,
/// none twice.
pub(super) fn duplicate_share(words: &[&str], length: usize, chars: usize) -> f64 {
    if chars == 0 || words.len() < length {
        return 0.0;
    }
    let numbers = hashes(words);
    let mut seen: HashSet<u64, Xxh3Builder> = HashSet::with_capacity_and_hasher(words.len(), Xxh3Builder::new());
    let (mut at, mut again) = (0, 0);
    while at + length <= words.len() {
        if seen.insert(run(&numbers[at..at + length])) {
            at += 1;
        } else {
            again += words[at..at + length].iter().map(|word| word.chars().count()).sum::<usize>();
            at += length;
        }
    }
    again as f64 / chars as f64
}

/// The share of the text's characters that lies in the most frequent run of `length` words; 0 where none comes twice.
pub(super) fn top_share(words: &[&str], length: usize, chars: usize) -> f64 {
    if chars == 0 || words.len() < length {
        return 0.0;
    }
    let numbers = hashes(words);
    let mut counts: HashMap<u64, (usize, usize), Xxh3Builder> = HashMap::default();
    let mut top = (1, 0);
    for (at, numbers) in numbers.windows(length).enumerate() {
        let (count, _) = counts
            .entry(run(numbers))
            .and_modify(|(count, _)| *count += 1)
            .or_insert_with(|| (1, words[at..at + length].iter().map(|word| word.chars().count()).sum()));
        let count = *count;
        if count > 1 {
            let chars = counts[&run(numbers)].1;
            top = top.max((count, chars));
        }
    }
    if top.0 == 1 { 0.0 } else { (top.0 * top.1) as f64 / chars as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_characters_in_repeats() {
        let words: Vec<&str> = "ab cd ab cd ab cd xx yy".split(' ').collect();
        // The run (ab cd) comes three times: 12 of 16 characters; twice it stood before.
        assert!((top_share(&words, 2, 16) - 0.75).abs() < 1e-12);
        assert!((duplicate_share(&words, 2, 16) - 0.5).abs() < 1e-12);
        assert!(duplicate_share(&words, 5, 16).abs() < 1e-12);
        assert!(top_share(&["a", "b"], 2, 2).abs() < 1e-12 && top_share(&[], 2, 0).abs() < 1e-12);
    }
}
