//! Learning rates: pure functions of the step.

use std::f64::consts::PI;

/// How the rate moves after the warm-up.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Stays at the peak (the paper's fine-tuning).
    Constant,
    /// From a share of the training on, the peak times a factor (the paper's pre-training: × 0.316 at 80 %, × 0.1 at 90 %).
    MultiStep(Vec<(f64, f64)>),
    /// Down a half cosine to this share of the peak.
    Cosine(f64),
    /// Down a line to this share of the peak.
    Linear(f64),
}

/// A schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub peak: f64,
    /// Steps in which the rate rises from near 0 to the peak.
    pub warmup_steps: u64,
    /// Steps in all.
    pub steps: u64,
    /// What comes after the warm-up.
    pub shape: Shape,
}

impl Schedule {
    /// The paper's schedule of pre-training: 2,000 steps of warm-up, then × 0.316 at 80 % and × 0.1 at 90 %.
    #[must_use]
    pub fn paper(peak: f64, steps: u64) -> Self {
        let shape = Shape::MultiStep(vec![(0.8, 0.316), (0.9, 0.1)]);
        Self { peak, warmup_steps: 2000.min(steps / 5), steps, shape }
    }

    /// The rate of a step, counted from 0. Steps past the end have the last one's rate.
    #[must_use]
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup_steps {
            return self.peak * (step + 1) as f64 / self.warmup_steps as f64;
        }
        let last = self.steps.saturating_sub(1);
        let step = step.min(last);
        // From 0 at the end of the warm-up to 1 at the last step.
        let span = last.saturating_sub(self.warmup_steps);
        let way = if span == 0 { 0.0 } else { (step.saturating_sub(self.warmup_steps)) as f64 / span as f64 };
        self.peak
            * match &self.shape {
                Shape::Constant => 1.0,
                Shape::MultiStep(stairs) => {
                    // In whole steps, whatever the product rounds to.
                    let reached = |from: f64| step as f64 >= (from * self.steps as f64 - 1e-9).ceil();
                    stairs.iter().rev().find(|(from, _)| reached(*from)).map_or(1.0, |(_, factor)| *factor)
                }
                Shape::Cosine(floor) => floor + (1.0 - floor) * 0.5 * (1.0 + (PI * way).cos()),
                Shape::Linear(floor) => 1.0 - (1.0 - floor) * way,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shape: Shape, warmup_steps: u64, steps: u64, want: &[(u64, f64)]) {
        let schedule = Schedule { peak: 2.0, warmup_steps, steps, shape };
        for (step, rate) in want {
            assert!((schedule.rate(*step) - 2.0 * rate).abs() < 1e-12, "step {step}: {}", schedule.rate(*step));
        }
    }

    #[test]
    fn warm_up_then_the_shape() {
        check(Shape::Constant, 4, 10, &[(0, 0.25), (2, 0.75), (3, 1.0), (4, 1.0), (9, 1.0), (99, 1.0)]);
        check(Shape::Constant, 0, 10, &[(0, 1.0)]);
        check(Shape::Linear(0.0), 0, 11, &[(0, 1.0), (5, 0.5), (10, 0.0), (11, 0.0)]);
        check(Shape::Linear(0.1), 2, 5, &[(1, 1.0), (2, 1.0), (3, 0.55), (4, 0.1)]);
        check(Shape::Cosine(0.1), 1, 4, &[(0, 1.0), (1, 1.0), (2, 0.55), (3, 0.1), (9, 0.1)]);
        check(Shape::Cosine(0.0), 5, 5, &[(4, 1.0), (5, 1.0)]);
        check(Shape::Constant, 3, 0, &[(0, 1.0 / 3.0), (7, 1.0)]);
    }

    #[test]
    fn the_paper_steps_down_twice() {
        let schedule = Schedule::paper(1.0, 50_000);
        let rates = [0, 1999, 2000, 39_999, 40_000, 44_999, 45_000, 49_999].map(|step| schedule.rate(step));
        assert_eq!(rates, [1.0 / 2000.0, 1.0, 1.0, 1.0, 0.316, 0.316, 0.1, 0.1]);
        // In a short run the warm-up is a fifth.
        let short = Schedule::paper(1.0, 10);
        assert_eq!([0, 1, 7, 8, 9].map(|step| short.rate(step)), [0.5, 1.0, 1.0, 0.316, 0.1]);
    }
}
