//! How good a ranking is when only positives are labelled.
//!
//! The negatives are a random sample of the crawl and hold mathematics too, so a page of it that ranks high is no
//! error. What can be measured without labels: the share of held-out positives above a threshold (recall), and the
//! share of the whole sample above it. With a share `p` of mathematics in the crawl, precision there is
//! `p · recall / share`; it is at most 1, which bounds `p`, and its mean over the positives is the average precision.

use std::collections::BTreeMap;

/// A held-out positive: where it stands among the sample of the crawl, and its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// Share of the sample that ranks above it, over 0 and under 1.
    pub(super) share_above: f64,
    /// Weight; pages of a domain with many pages weigh less.
    pub(super) weight: f64,
}

/// Share of `sample` above `logit`, ties by half, kept off 0 and 1; `sample` is sorted.
pub(super) fn share_above(logit: f64, sample: &[f64]) -> f64 {
    let above = sample.len() - sample.partition_point(|x| *x <= logit);
    let ties = sample.len() - above - sample.partition_point(|x| *x < logit);
    (above as f64 + ties as f64 / 2.0 + 0.5) / (sample.len() as f64 + 1.0)
}

/// The order of `standings` from the top, with recall (share of the weight) at each.
fn recalls(standings: &[Standing]) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..standings.len()).collect();
    order.sort_by(|a, b| standings[*a].share_above.total_cmp(&standings[*b].share_above));
    let total = weight(standings);
    let mut sum = 0.0;
    order
        .into_iter()
        .map(|i| {
            sum += standings[i].weight;
            (i, sum / total)
        })
        .collect()
}

fn weight(standings: &[Standing]) -> f64 {
    standings.iter().map(|s| s.weight).sum()
}

/// An upper bound of the share of mathematics in the crawl: the smallest `share / recall` at recalls of a quarter up.
pub(super) fn math_share_max(standings: &[Standing]) -> f64 {
    recalls(standings)
        .into_iter()
        .filter(|(_, recall)| *recall >= 0.25)
        .map(|(i, recall)| standings[i].share_above / recall)
        .fold(0.5, f64::min)
}

/// Recall and precision from the top down, where a share `math_share` of the crawl is mathematics.
pub(super) fn precision_recall(standings: &[Standing], math_share: f64) -> Vec<(f64, f64)> {
    let precisions = precisions(standings, math_share);
    recalls(standings).into_iter().map(|(i, recall)| (recall, precisions[i])).collect()
}

/// Where positives stand among all of the crawl, of which the share `taken` is mathematics that the sample leaves out and
/// that ranks as the positives do.
pub(super) fn among_all(standings: &[Standing], taken: f64) -> Vec<Standing> {
    let mut all = standings.to_vec();
    for (i, recall) in recalls(standings) {
        all[i].share_above = taken * recall + (1.0 - taken) * standings[i].share_above;
    }
    all
}

/// Precision at each of `standings`, where a share `math_share` of the crawl is mathematics.
pub(super) fn precisions(standings: &[Standing], math_share: f64) -> Vec<f64> {
    let mut precisions = vec![0.0; standings.len()];
    for (i, recall) in recalls(standings) {
        precisions[i] = (math_share * recall / standings[i].share_above).min(1.0);
    }
    precisions
}

/// Average precision where a share `math_share` of the crawl is mathematics.
pub(super) fn average_precision(standings: &[Standing], math_share: f64) -> f64 {
    let sum: f64 = precisions(standings, math_share).iter().zip(standings).map(|(p, s)| p * s.weight).sum();
    let total = weight(standings);
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Mean and standard error of `differences` between two rankings of the same positives; those of a domain stand or
/// fall together, so the error is taken over domains. `domains` has one entry a positive.
pub(super) fn mean_and_error(differences: &[f64], standings: &[Standing], domains: &[&str]) -> (f64, f64) {
    let total = weight(standings);
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for ((difference, standing), domain) in differences.iter().zip(standings).zip(domains) {
        let (sum, of_domain) = sums.entry(domain).or_default();
        *sum += standing.weight * difference;
        *of_domain += standing.weight;
    }
    let mean = sums.values().map(|(sum, _)| sum).sum::<f64>() / total;
    let variance: f64 = sums.values().map(|(sum, of_domain)| (sum - of_domain * mean).powi(2)).sum();
    (mean, variance.sqrt() / total)
}

/// Probability that a positive ranks above a random page of the crawl.
pub(super) fn area_under_curve(standings: &[Standing]) -> f64 {
    let total = weight(standings);
    let sum: f64 = standings.iter().map(|s| s.weight * (1.0 - s.share_above)).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standings(shares: &[f64]) -> Vec<Standing> {
        shares.iter().map(|share_above| Standing { share_above: *share_above, weight: 1.0 }).collect()
    }

    #[test]
    fn mathematics_that_the_sample_leaves_out_counts() {
        // Half of the crawl is taken; of the rest nothing ranks above the first positive, half above the second.
        let all = among_all(&standings(&[0.0, 0.5]), 0.5);
        assert_eq!(all.iter().map(|s| s.share_above).collect::<Vec<_>>(), [0.25, 0.75]);
        assert!((average_precision(&all, 0.5) - f64::midpoint(1.0, 0.5 / 0.75)).abs() < 1e-12);
        assert_eq!(among_all(&standings(&[0.3]), 0.0), standings(&[0.3]));
    }

    #[test]
    fn shares_count_what_is_above() {
        let sample = [1.0, 2.0, 2.0, 3.0];
        let at = |logit| share_above(logit, &sample);
        assert!((at(9.0) - 0.1).abs() < 1e-12 && (at(0.0) - 0.9).abs() < 1e-12);
        assert!((at(2.0) - 0.5).abs() < 1e-12);
        assert!((share_above(1.0, &[]) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_perfect_ranking_finds_the_share_of_mathematics() {
        // A fifth of the crawl is mathematics, ranked on top: positives are spread evenly over that fifth.
        let perfect: Vec<f64> = (1..=100).map(|i| 0.2 * f64::from(i) / 100.0).collect();
        let share = math_share_max(&standings(&perfect));
        assert!((share - 0.2).abs() < 1e-9, "{share}");
        assert!(average_precision(&standings(&perfect), share) > 0.999);
    }

    #[test]
    fn a_random_ranking_has_the_precision_of_chance() {
        let random: Vec<f64> = (1..=100).map(|i| f64::from(i) / 100.0).collect();
        let found = average_precision(&standings(&random), 0.2);
        assert!((found - 0.2).abs() < 1e-9, "{found}");
        assert!((area_under_curve(&standings(&random)) - 0.5).abs() < 0.01);
        assert!(average_precision(&[], 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_error_is_taken_over_domains() {
        let standings = standings(&[0.1; 4]);
        let (mean, error) = mean_and_error(&[1.0, 1.0, 0.0, 0.0], &standings, &["a", "a", "b", "b"]);
        assert!((mean - 0.5).abs() < 1e-12 && (error - 2.0f64.sqrt() / 4.0).abs() < 1e-12, "{error}");
        let (_, by_page) = mean_and_error(&[1.0, 1.0, 0.0, 0.0], &standings, &["a", "b", "c", "d"]);
        assert!(by_page < error);
    }
}
