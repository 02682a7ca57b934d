//! What the answers of a model come to: pass@k, maj@k, and how sure they are.

use super::equal::equal;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// The chance that at least one of `k` answers is right that are drawn without replacement from `n`, of which `c` are:
/// 1 − C(n−c, k)/C(n, k), without large binomials as 1 − Π (1 − k/i) over i from n−c+1 to n.
///
/// With fewer than `k` answers it is that of all of them.
#[must_use]
pub fn pass_at_k(n: usize, c: usize, k: usize) -> f64 {
    let k = k.min(n);
    if c == 0 || k == 0 {
        return 0.0;
    }
    if n - c < k {
        return 1.0;
    }
    1.0 - (n - c + 1..=n).map(|i| 1.0 - k as f64 / i as f64).product::<f64>()
}

/// The answer that most give, by clusters of equal ones: the index of its first; of clusters as large the one that came
/// first. None where none gives an answer.
#[must_use]
pub fn majority(answers: &[Option<&str>]) -> Option<usize> {
    // The first of each cluster, and how many it has.
    let mut clusters: Vec<(usize, usize)> = Vec::new();
    for (i, answer) in answers.iter().enumerate() {
        let Some(answer) = answer else { continue };
        let same = |first: usize| answers[first].is_some_and(|other| other == *answer || equal(answer, other));
        match clusters.iter_mut().find(|(first, _)| same(*first)) {
            Some((_, count)) => *count += 1,
            None => clusters.push((i, 1)),
        }
    }
    clusters.into_iter().max_by_key(|(first, count)| (*count, usize::MAX - first)).map(|(first, _)| first)
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Below it lie 2.5 % of the means of resamples.
    pub low: f64,
    /// Above it lie 2.5 %.
    pub high: f64,
}

impl Estimate {
    /// The mean of a figure a question, with the 95 % percentile interval of the bootstrap over questions.
    #[must_use]
    pub fn of(values: &[f64], seed: u64) -> Self {
        let count = values.len();
        if count == 0 {
            return Self { value: 0.0, low: 0.0, high: 0.0 };
        }
        let mut state = seed;
        let mut draw = || {
            // SplitMix64
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((u128::from(z ^ (z >> 31)) * count as u128) >> 64) as usize
        };
        let mut mean = || (0..count).map(|_| values[draw()]).sum::<f64>() / count as f64;
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean()).collect();
        means.sort_by(f64::total_cmp);
        let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
        Self { value: values.iter().sum::<f64>() / count as f64, low: at(0.025), high: at(0.975) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All subsets of size k of n answers, the first c of them right.
    fn counted(n: usize, c: usize, k: usize) -> f64 {
        let subsets: Vec<u32> = (0..1u32 << n).filter(|set| set.count_ones() as usize == k).collect();
        let right = subsets.iter().filter(|set| **set & ((1 << c) - 1) != 0).count();
        right as f64 / subsets.len() as f64
    }

    #[test]
    fn pass_at_k_counts_subsets() {
        for n in 1..=8 {
            for c in 0..=n {
                for k in 1..=n {
                    assert!((pass_at_k(n, c, k) - counted(n, c, k)).abs() < 1e-12, "{n} {c} {k}");
                }
            }
        }
        assert_eq!((pass_at_k(0, 0, 1), pass_at_k(4, 1, 64), pass_at_k(4, 0, 64)), (0.0, 1.0, 0.0));
    }

    #[test]
    fn the_majority_is_of_equal_answers() {
        let majority = |answers: &[&str]| {
            let answers: Vec<Option<&str>> = answers.iter().map(|a| (!a.is_empty()).then_some(*a)).collect();
            majority(&answers)
        };
        assert_eq!(majority(&["3", "0.5", "\\frac12", "1/2", "3"]), Some(1));
        assert_eq!(majority(&["4", "", "5"]), Some(0));
        assert_eq!(majority(&["", ""]), None);
        assert_eq!(majority(&["7", "8", "8.0"]), Some(1));
    }

    #[test]
    fn intervals_hold_what_is_known_of_them() {
        assert_eq!(Estimate::of(&[], 1), Estimate { value: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(Estimate::of(&[1.0; 9], 1), Estimate { value: 1.0, low: 1.0, high: 1.0 });
        // 400 questions, half of them right: a standard deviation of 0.025.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let estimate = Estimate::of(&values, 7);
        assert!(estimate.value == 0.5 && (estimate.low - 0.451).abs() < 0.008 && (estimate.high - 0.549).abs() < 0.008);
        assert_eq!(estimate, Estimate::of(&values, 7));
        assert_ne!(estimate, Estimate::of(&values, 8));
    }
}
