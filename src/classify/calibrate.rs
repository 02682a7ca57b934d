//! From a logit to a probability of mathematics.

use serde::{Deserialize, Serialize};

/// Probabilities stay this far inside (0, 1), as a logit: beyond it they would tie in 64 bits.
const LOGIT_MAX: f64 = 20.0;

/// A line from the model's logit to the logit of the calibrated probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Over 0, so that the order of pages is the model's.
    pub slope: f64,
    /// Logit of a page whose model logit is 0.
    pub intercept: f64,
}

impl Calibration {
    /// The model's own probability.
    pub const NONE: Self = Self { slope: 1.0, intercept: 0.0 };

    /// The probability, strictly rising with the logit as far as 64 bits can tell.
    #[must_use]
    pub fn probability(&self, logit: f64) -> f64 {
        let x = LOGIT_MAX * ((self.slope * logit + self.intercept) / LOGIT_MAX).tanh();
        1.0 / (1.0 + (-x).exp())
    }

    /// Logistic regression of weighted points (logit, is math, weight) on one variable, by Newton's method (Platt).
    ///
    /// `None` where the points are on one side, or math does not rank higher.
    #[must_use]
    pub fn fit(points: &[(f64, bool, f64)]) -> Option<Self> {
        let weight = |side| points.iter().filter(|p| p.1 == side).map(|p| p.2).sum::<f64>();
        let (math, other) = (weight(true), weight(false));
        if !(math > 0.0 && other > 0.0) {
            return None;
        }
        let total = math + other;
        // Platt's targets: a point of weight 1 more on either side keeps separable points from an infinite slope.
        let n = points.len() as f64;
        let (mut slope, mut intercept) = (0.0, (math / other).ln());
        for _ in 0..100 {
            // Gradient and Hessian of the weighted log loss, with a small ridge on the slope.
            let ridge = 1e-6;
            let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, ridge * slope, 1e-12, 0.0, ridge);
            for (x, is_math, weight) in points {
                let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
                let target = if *is_math { 1.0 - 1.0 / (n + 2.0) } else { 1.0 / (n + 2.0) };
                let (w, d) = (weight / total, p - target);
                g0 += w * d;
                g1 += w * d * x;
                h00 += w * p * (1.0 - p);
                h01 += w * p * (1.0 - p) * x;
                h11 += w * p * (1.0 - p) * x * x;
            }
            let det = h00 * h11 - h01 * h01;
            if det.abs() < 1e-300 {
                break;
            }
            let (d0, d1) = ((h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det);
            let step = 1.0 / (1.0f64).max(d0.abs().max(d1.abs()) / 5.0);
            intercept -= step * d0;
            slope -= step * d1;
            if d0.abs() + d1.abs() < 1e-10 {
                break;
            }
        }
        (slope > 0.0 && slope.is_finite() && intercept.is_finite()).then_some(Self { slope, intercept })
    }

    /// This calibration for logits that are `scale · x + shift` of those it was fitted on.
    #[must_use]
    pub fn rescaled(&self, scale: f64, shift: f64) -> Self {
        Self { slope: self.slope / scale, intercept: self.intercept - self.slope * shift / scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_odds_are_found() {
        // At x = 0 one in four, at x = 1 three in four: slope 2 ln 3, intercept −ln 3.
        let points: Vec<_> = [(0.0, true, 1.0), (0.0, false, 3.0), (1.0, true, 3.0), (1.0, false, 1.0)].repeat(1000);
        let Calibration { slope, intercept } = Calibration::fit(&points).unwrap();
        assert!((slope - 2.0 * 3.0f64.ln()).abs() < 0.01 && (intercept + 3.0f64.ln()).abs() < 0.01);
    }

    #[test]
    fn separable_points_have_a_finite_slope() {
        let points: Vec<_> = (0..40).map(|i| (f64::from(i), i >= 20, 1.0)).collect();
        let calibration = Calibration::fit(&points).unwrap();
        assert!(calibration.probability(0.0) < 0.01 && calibration.probability(39.0) > 0.99);
    }

    #[test]
    fn what_cannot_be_fitted_is_none() {
        assert_eq!(Calibration::fit(&[]), None);
        assert_eq!(Calibration::fit(&[(1.0, true, 1.0)]), None);
        assert_eq!(Calibration::fit(&[(0.0, true, 1.0), (1.0, false, 1.0), (0.2, true, 1.0), (0.7, false, 1.0)]), None);
    }

    #[test]
    fn probabilities_rise_without_ties() {
        let calibration = Calibration { slope: 2.0, intercept: -1.0 };
        let values: Vec<f64> = (-300..300).map(|i| calibration.probability(f64::from(i) / 10.0)).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1] && pair[0] > 0.0 && pair[1] < 1.0));
    }

    #[test]
    fn rescaling_keeps_probabilities() {
        let calibration = Calibration { slope: 2.0, intercept: -1.0 };
        let rescaled = calibration.rescaled(4.0, 3.0);
        assert!((calibration.probability(0.5) - rescaled.probability(4.0 * 0.5 + 3.0)).abs() < 1e-12);
    }
}
