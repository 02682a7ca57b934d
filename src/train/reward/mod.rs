//! What an output is worth: by rule, by a model, by form, or a weighted sum of these.

pub mod model;
pub mod rule;
pub mod steps;

use super::error::Result;
use super::sample::Output;

/// An output to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The prompt's tokens.
    pub prompt: &'a [u32],
    /// The output.
    pub output: &'a Output,
    /// Its text.
    pub text: &'a str,
    /// The right answer to the question.
    pub answer: &'a str,
}

/// What a reward says of an output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The reward of the whole.
    pub outcome: f64,
    /// Rewards of steps: the step's last token, and what it is worth; in order.
    pub steps: Vec<(usize, f64)>,
    /// Whether its answer is right, where a rule says.
    pub right: Option<bool>,
}

/// Judges outputs.
pub trait Reward {
    /// A verdict for each output.
    ///
    /// # Errors
    /// A model cannot read one.
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>>;
}

/// Σ weight · reward. Where some of them judge steps, what the others say of the whole is added to the last step.
#[derive(Default)]
pub struct WeightedSum {
    /// Weights and rewards.
    pub terms: Vec<(f64, Box<dyn Reward>)>,
}

impl Reward for WeightedSum {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        let mut sums = vec![Verdict::default(); outputs.len()];
        for (weight, reward) in &self.terms {
            for (sum, one) in sums.iter_mut().zip(reward.judge(outputs)?) {
                sum.outcome += weight * one.outcome;
                sum.right = sum.right.or(one.right);
                for (end, reward) in one.steps {
                    match sum.steps.binary_search_by_key(&end, |(end, _)| *end) {
                        Ok(at) => sum.steps[at].1 += weight * reward,
                        Err(at) => sum.steps.insert(at, (end, weight * reward)),
                    }
                }
            }
        }
        for sum in &mut sums {
            if let Some((_, last)) = sum.steps.last_mut() {
                *last += sum.outcome;
            }
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Verdict);

    impl Reward for Fixed {
        fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
            Ok(vec![self.0.clone(); outputs.len()])
        }
    }

    #[test]
    fn rewards_add_up_by_weight() {
        let verdict = |outcome, steps: &[(usize, f64)], right| Verdict { outcome, steps: steps.to_vec(), right };
        let terms: Vec<(f64, Box<dyn Reward>)> = vec![
            (2.0, Box::new(Fixed(verdict(1.0, &[], Some(true))))),
            (0.5, Box::new(Fixed(verdict(0.0, &[(1, 1.0), (4, 0.0)], None)))),
            (1.0, Box::new(Fixed(verdict(-1.0, &[(4, 3.0), (2, 1.0)], None)))),
        ];
        let output = Output::default();
        let judged = Judged { prompt: &[], output: &output, text: "", answer: "" };
        let found = WeightedSum { terms }.judge(&[judged]).unwrap();
        // The outcome, 2 − 1, is added to the last step.
        assert_eq!(found, [verdict(1.0, &[(1, 0.5), (2, 1.0), (4, 4.0)], Some(true))]);
    }
}
