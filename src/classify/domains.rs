//! Which examples are used and which are held out, by domain: pages of one site are much alike, so a model is judged
//! on sites it has not seen.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Example;

/// A domain keeps at least this many of its pages.
const DOMAIN_PAGES_MIN: usize = 10;

/// A number from 0 to 2^64 that only depends on the seed, a purpose and a key.
fn draw(seed: u64, purpose: &str, key: &[u8]) -> u64 {
    xxh3_64_with_seed(key, xxh3_64_with_seed(purpose.as_bytes(), seed))
}

/// A seeded order of `indices`.
pub(super) fn shuffled(mut indices: Vec<usize>, seed: u64, purpose: &str) -> Vec<usize> {
    indices.sort_by_cached_key(|i| (draw(seed, purpose, &i.to_le_bytes()), *i));
    indices
}

/// A seeded sample of at most `pages_max` of `indices` in which no domain has much more than its share: at most the
/// mean number of pages of a domain, and 10 where that is less.
pub(super) fn sample(examples: &[Example], indices: &[usize], pages_max: usize, seed: u64) -> Vec<usize> {
    let domains: BTreeSet<&str> = indices.iter().map(|i| examples[*i].domain.as_str()).collect();
    let cap = indices.len().div_ceil(domains.len().max(1)).max(DOMAIN_PAGES_MIN);
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sample = shuffled(indices.to_vec(), seed, "sample");
    sample.retain(|i| {
        let n = taken.entry(&examples[*i].domain).or_default();
        *n += 1;
        *n <= cap
    });
    sample.truncate(pages_max);
    sample
}

/// The fold of each of `indices`; pages of a domain share one. `None` where positives come from one domain only, or
/// negatives from so few that one fold has them all.
///
/// Domains are dealt out largest first, those with positives before the others, each to the fold that has the fewest pages
/// of its kind.
pub(super) fn folds(examples: &[Example], indices: &[usize], folds_max: usize, seed: u64) -> Option<Vec<usize>> {
    let mut positives: BTreeMap<&str, usize> = BTreeMap::new();
    let mut negatives = positives.clone();
    for example in indices.iter().map(|i| &examples[*i]) {
        let side = if example.positive { &mut positives } else { &mut negatives };
        *side.entry(&example.domain).or_default() += 1;
    }
    let n_folds = folds_max.min(positives.len());
    if n_folds < 2 {
        return None;
    }
    let mut fold_of = BTreeMap::new();
    deal(&positives, &mut fold_of, n_folds, seed);
    deal(&negatives, &mut fold_of, n_folds, seed);
    // With the negatives in one fold, a model without that fold would know one side only.
    let of_negatives: BTreeSet<usize> = negatives.keys().filter_map(|domain| fold_of.get(domain).copied()).collect();
    (of_negatives.len() > 1)
        .then(|| indices.iter().filter_map(|i| fold_of.get(examples[*i].domain.as_str()).copied()).collect())
}

/// Gives each domain that has no fold yet the one with the fewest of these pages, the largest domain first.
fn deal<'a>(pages: &BTreeMap<&'a str, usize>, fold_of: &mut BTreeMap<&'a str, usize>, n_folds: usize, seed: u64) {
    let mut sizes = vec![0; n_folds];
    let mut open = Vec::new();
    for (domain, n) in pages {
        match fold_of.get(domain) {
            Some(fold) => sizes[*fold] += n,
            None => open.push((*domain, *n)),
        }
    }
    open.sort_by_key(|(domain, n)| (std::cmp::Reverse(*n), draw(seed, "fold", domain.as_bytes())));
    for (domain, n) in open {
        let fold = (0..n_folds).min_by_key(|fold| sizes[*fold]).unwrap_or_default();
        sizes[fold] += n;
        fold_of.insert(domain, fold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(pages: &[(&str, usize, bool)]) -> Vec<Example> {
        let page = |domain: &str, positive| Example {
            text: String::new(),
            positive,
            refused: false,
            domain: domain.to_owned(),
        };
        pages.iter().flat_map(|(domain, n, positive)| vec![page(domain, *positive); *n]).collect()
    }

    #[test]
    fn a_large_domain_is_capped() {
        let examples = examples(&[("large", 200, true), ("a", 3, true), ("b", 3, true), ("c", 10, true)]);
        let all: Vec<usize> = (0..examples.len()).collect();
        let found = sample(&examples, &all, 1000, 1);
        let of = |domain| found.iter().filter(|i| examples[**i].domain == domain).count();
        assert_eq!((of("large"), of("a"), of("b"), of("c")), (54, 3, 3, 10));
        assert_eq!(sample(&examples, &all, 7, 1).len(), 7);
        assert_eq!(sample(&examples, &[], 7, 1), Vec::<usize>::new());
        assert_ne!(found, sample(&examples, &all, 1000, 2));
    }

    #[test]
    fn a_domain_is_in_one_fold() {
        let examples = examples(&[
            ("a", 9, true),
            ("a", 5, false),
            ("b", 4, true),
            ("c", 4, true),
            ("d", 7, false),
            ("e", 2, false),
        ]);
        let all: Vec<usize> = (0..examples.len()).collect();
        let folds = folds(&examples, &all, 4, 1).unwrap();
        for (i, example) in examples.iter().enumerate() {
            let first = examples.iter().position(|other| other.domain == example.domain).unwrap();
            assert_eq!(folds[i], folds[first]);
        }
        let of_positives: BTreeSet<usize> = all.iter().filter(|i| examples[**i].positive).map(|i| folds[*i]).collect();
        assert_eq!(of_positives.len(), 3);
    }

    #[test]
    fn negatives_are_shared_out_whatever_the_seed() {
        let examples = examples(&[("a", 9, true), ("b", 4, true), ("c", 7, false), ("d", 2, false)]);
        let all: Vec<usize> = (0..examples.len()).collect();
        for seed in 0..20 {
            let folds = folds(&examples, &all, 4, seed).unwrap();
            let of_negatives: BTreeSet<usize> =
                all.iter().filter(|i| !examples[**i].positive).map(|i| folds[*i]).collect();
            assert_eq!(of_negatives.len(), 2, "seed {seed}");
        }
    }

    #[test]
    fn one_domain_cannot_be_held_out() {
        let examples = examples(&[("a", 9, true), ("b", 5, false)]);
        assert_eq!(folds(&examples, &[0, 1, 10], 4, 1), None);
        let examples = super::tests::examples(&[("a", 3, true), ("b", 3, true), ("c", 5, false)]);
        assert_eq!(folds(&examples, &(0..11).collect::<Vec<_>>(), 4, 1), None);
    }
}
