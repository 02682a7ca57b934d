//! Curves of a validation: precision against recall, and how often a predicted probability comes true.

use serde::{Deserialize, Serialize};

/// Points of the curve of precision against recall.
const POINTS: usize = 40;
/// Ranges of predicted probability.
const RANGES: usize = 10;

/// The curves of a classifier on held-out domains.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// Recall and precision, corrected for the mathematics among the negatives, recall ascending.
    pub precision_recall: Vec<Point>,
    /// By range of predicted probability, ascending; ranges without examples are left out. The calibration was fitted
    /// to the same examples, so this tells its form, not its error on others.
    pub calibration: Vec<Range>,
}

/// A point of the curve of precision against recall.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Share of the held-out positives above it.
    pub recall: f64,
    /// Precision there.
    pub precision: f64,
}

/// The examples in a range of predicted probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Their mean predicted probability.
    pub predicted: f64,
    /// The weighted share of positives.
    pub observed: f64,
    /// How many there are.
    pub examples: usize,
}

fn rounded(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

/// About evenly spaced points of `(recall, precision)`, which are given in order of recall.
pub(super) fn precision_recall(points: &[(f64, f64)]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for (n, &(recall, precision)) in points.iter().enumerate() {
        let next = kept.last().is_none_or(|last| recall - last.recall >= 1.0 / POINTS as f64);
        if next || n + 1 == points.len() {
            kept.push(Point { recall: rounded(recall), precision: rounded(precision) });
        }
    }
    kept
}

/// Ranges of `(predicted probability, positive, weight)`.
pub(super) fn calibration(points: &[(f64, bool, f64)]) -> Vec<Range> {
    let mut sums = [(0.0, 0.0, 0.0, 0usize); RANGES];
    for &(predicted, positive, weight) in points {
        let (of_predicted, of_positives, of_all, examples) =
            &mut sums[((predicted * RANGES as f64) as usize).min(RANGES - 1)];
        *of_predicted += predicted * weight;
        *of_positives += if positive { weight } else { 0.0 };
        *of_all += weight;
        *examples += 1;
    }
    let filled = sums.into_iter().filter(|sum| sum.2 > 0.0);
    let range = |(predicted, positives, all, examples)| Range {
        predicted: rounded(predicted / all),
        observed: rounded(positives / all),
        examples,
    };
    filled.map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_thinned_and_the_last_one_stays() {
        let points: Vec<(f64, f64)> = (1..=1000).map(|n| (f64::from(n) / 1000.0, 0.5)).collect();
        let thin = precision_recall(&points);
        assert!(thin.len() <= POINTS + 2 && thin.len() >= POINTS, "{}", thin.len());
        assert!((thin.last().unwrap().recall - 1.0).abs() < 1e-12);
        assert!(precision_recall(&[]).is_empty());
    }

    #[test]
    fn ranges_weigh_their_examples() {
        let ranges = calibration(&[(0.91, true, 3.0), (0.99, false, 1.0), (0.0, false, 1.0), (1.0, true, 4.0)]);
        assert_eq!(ranges.len(), 2);
        assert_eq!(ranges[0], Range { predicted: 0.0, observed: 0.0, examples: 1 });
        assert!((ranges[1].observed - 0.875).abs() < 1e-9 && ranges[1].examples == 3);
    }
}
