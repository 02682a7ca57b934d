//! From rewards to advantages: what each token is to be credited with (section 4.1). Pure functions.

use serde::{Deserialize, Serialize};

/// The deviation of a group below which it says nothing.
const NOTHING: f64 = 1e-9;

/// What a reward is measured against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The mean of its group. The paper's.
    #[default]
    Mean,
    /// The mean of the others of its group.
    LeaveOneOut,
}

/// How rewards of a group become advantages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupRules {
    /// What is subtracted.
    pub baseline: Baseline,
    /// Whether the difference is divided by the group's deviation; not in Dr. GRPO.
    pub scaled: bool,
    /// Added to the deviation, so that a group of equal rewards has an outcome.
    pub eps: f64,
}

impl Default for GroupRules {
    /// The paper's; it leaves ε open.
    fn default() -> Self {
        Self { baseline: Baseline::Mean, scaled: true, eps: 1e-4 }
    }
}

/// Mean and deviation of numbers (the root of the mean square, of the very numbers: divided by n); zeros of none.
#[must_use]
pub fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let count = numbers.len().max(1) as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let square = numbers.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / count;
    (mean, square.sqrt())
}

/// Whether the rewards of a group differ: of equal ones nothing can be learnt.
#[must_use]
pub fn differ(rewards: &[f64]) -> bool {
    mean_and_deviation(rewards).1 > NOTHING
}

impl GroupRules {
    /// The rewards, centred and scaled over all of them.
    #[must_use]
    pub fn normalise(&self, rewards: &[f64]) -> Vec<f64> {
        let (mean, deviation) = mean_and_deviation(rewards);
        let count = rewards.len() as f64;
        let centre = |reward: &f64| match self.baseline {
            Baseline::Mean => reward - mean,
            // r − (Σ − r)/(n − 1) = (r − mean)·n/(n − 1); alone there is nothing to compare with.
            Baseline::LeaveOneOut if count > 1.0 => (reward - mean) * count / (count - 1.0),
            Baseline::LeaveOneOut => 0.0,
        };
        let scale = if self.scaled { 1.0 / (deviation + self.eps) } else { 1.0 };
        rewards.iter().map(|reward| centre(reward) * scale).collect()
    }

    /// Outcome supervision: every token of output i has Â = (rᵢ − mean r) / std r.
    #[must_use]
    pub fn outcome(&self, rewards: &[f64]) -> Vec<f64> {
        self.normalise(rewards)
    }

    /// Process supervision: the rewards of all steps of all outputs are normalised together, and a token has the sum of
    /// those of its own and later steps.
    ///
    /// `steps` holds for each output its steps, `(index of the step's last token, reward)`, in order; `lengths` the
    /// tokens of each output.
    #[must_use]
    pub fn process(&self, steps: &[Vec<(usize, f64)>], lengths: &[usize]) -> Vec<Vec<f64>> {
        let all: Vec<f64> = steps.iter().flatten().map(|(_, reward)| *reward).collect();
        let mut normalised = self.normalise(&all).into_iter();
        let of = |(steps, length): (&Vec<(usize, f64)>, &usize)| {
            let mut advantages = vec![0.0; *length];
            for (end, reward) in steps.iter().map(|(end, _)| *end).zip(normalised.by_ref().take(steps.len())) {
                let reached = (end + 1).min(*length);
                advantages[..reached].iter_mut().for_each(|a| *a += reward);
            }
            advantages
        };
        steps.iter().zip(lengths).map(of).collect()
    }
}

/// Advantages and the targets of the value model by GAE, for rewards and values a token; after the last token there is
/// nothing: δ_t = r_t + γV_{t+1} − V_t, A_t = δ_t + γλA_{t+1}, target A_t + V_t.
#[must_use]
pub fn gae(rewards: &[f64], values: &[f64], gamma: f64, lambda: f64) -> (Vec<f64>, Vec<f64>) {
    let mut advantages = vec![0.0; rewards.len()];
    let (mut after, mut value_after) = (0.0, 0.0);
    for t in (0..rewards.len()).rev() {
        let delta = rewards[t] + gamma * value_after - values[t];
        after = delta + gamma * lambda * after;
        (advantages[t], value_after) = (after, values[t]);
    }
    let targets = advantages.iter().zip(values).map(|(a, v)| a + v).collect();
    (advantages, targets)
}

/// Numbers of a batch, centred and scaled by their own mean and deviation, as PPO does with advantages.
#[must_use]
pub fn whiten(numbers: &[f64]) -> Vec<f64> {
    let (mean, deviation) = mean_and_deviation(numbers);
    numbers.iter().map(|n| (n - mean) / (deviation + 1e-8)).collect()
}

/// PPO's rewards a token: −β(log π_old − log π_ref) at each, and the model's where it gives one: an outcome at the last
/// token, steps at their ends.
#[must_use]
pub fn token_rewards(length: usize, given: &[(usize, f64)], beta: f64, old: &[f64], reference: &[f64]) -> Vec<f64> {
    let kl = |i: usize| old.get(i).zip(reference.get(i)).map_or(0.0, |(old, reference)| old - reference);
    let mut rewards: Vec<f64> = (0..length).map(|i| if beta == 0.0 { 0.0 } else { -beta * kl(i) }).collect();
    for (end, reward) in given {
        if let Some(at) = rewards.get_mut(*end) {
            *at += reward;
        }
    }
    rewards
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: &[f64], want: &[f64]) {
        assert_eq!(found.len(), want.len(), "{found:?}");
        let close = found.iter().zip(want).all(|(f, w)| (f - w).abs() < 1e-12);
        assert!(close, "{found:?} for {want:?}");
    }

    const EXACT: GroupRules = GroupRules { baseline: Baseline::Mean, scaled: true, eps: 0.0 };

    #[test]
    fn outcomes_of_a_group() {
        // Mean 1/4; deviation √(1/4 · 3/4) = √3/4; so (1 − 1/4)/(√3/4) = √3 and (0 − 1/4)/(√3/4) = −1/√3.
        let root = 3f64.sqrt();
        near(&EXACT.outcome(&[1.0, 0.0, 0.0, 0.0]), &[root, -1.0 / root, -1.0 / root, -1.0 / root]);
        // Dr. GRPO: only centred.
        let plain = GroupRules { scaled: false, ..EXACT };
        near(&plain.outcome(&[1.0, 0.0, 0.0, 0.0]), &[0.75, -0.25, -0.25, -0.25]);
        // Leave one out: against the mean of the three others, 0 for the first and 1/3 for the rest.
        let others = GroupRules { baseline: Baseline::LeaveOneOut, ..plain };
        near(&others.outcome(&[1.0, 0.0, 0.0, 0.0]), &[1.0, -1.0 / 3.0, -1.0 / 3.0, -1.0 / 3.0]);
        near(&others.outcome(&[1.0]), &[0.0]);
        // Equal rewards say nothing.
        near(&GroupRules::default().outcome(&[2.0, 2.0]), &[0.0, 0.0]);
        assert!(differ(&[0.0, 1.0]) && !differ(&[0.3; 7]) && !differ(&[]));
    }

    #[test]
    fn steps_of_a_group() {
        // Output 1: five tokens, steps that end at tokens 1 and 4, rewards 1 and 0.
        // Output 2: three tokens, one step that ends at token 1, reward 1; its last token is after all steps.
        // Output 3: two tokens, one step that ends at token 1, reward 0.
        // R = {1, 0, 1, 0}: mean 1/2, deviation 1/2; normalised 1, −1, 1, −1.
        // Output 1: tokens 0 and 1 have both steps before them, 1 − 1 = 0; tokens 2 to 4 the second, −1.
        // Output 2: 1, 1, and 0 after the last step. Output 3: −1, −1.
        let steps = [vec![(1, 1.0), (4, 0.0)], vec![(1, 1.0)], vec![(1, 0.0)]];
        let found = EXACT.process(&steps, &[5, 3, 2]);
        near(&found[0], &[0.0, 0.0, -1.0, -1.0, -1.0]);
        near(&found[1], &[1.0, 1.0, 0.0]);
        near(&found[2], &[-1.0, -1.0]);
        // One step an output that ends with it is outcome supervision.
        let single = EXACT.process(&[vec![(1, 3.0)], vec![(0, 1.0)]], &[2, 1]);
        near(&[single[0][0], single[0][1], single[1][0]], &[1.0, 1.0, -1.0]);
        // A group in which nothing was judged.
        assert_eq!(EXACT.process(&[vec![], vec![]], &[1, 2]), [vec![0.0], vec![0.0, 0.0]]);
    }

    #[test]
    fn estimated_advantages() {
        // γ 1/2, λ 1/2, rewards 0 0 1, values 1 2 4. δ₂ = 1 − 4 = −3; δ₁ = 0 + 4/2 − 2 = 0; δ₀ = 0 + 2/2 − 1 = 0.
        // A₂ = −3; A₁ = 0 + (−3)/4; A₀ = 0 + (−3/4)/4.
        let (advantages, targets) = gae(&[0.0, 0.0, 1.0], &[1.0, 2.0, 4.0], 0.5, 0.5);
        near(&advantages, &[-3.0 / 16.0, -0.75, -3.0]);
        near(&targets, &[13.0 / 16.0, 1.25, 1.0]);
        // λ = 1, γ = 1: the return less the value.
        near(&gae(&[1.0, 2.0], &[5.0, 7.0], 1.0, 1.0).0, &[-2.0, -5.0]);
        near(&whiten(&[1.0, 3.0]), &[-1.0 / (1.0 + 1e-8), 1.0 / (1.0 + 1e-8)]);
    }

    #[test]
    fn rewards_a_token() {
        let (old, reference) = ([-1.0, -2.0, -3.0], [-1.5, -2.0, -1.0]);
        // −0.1 · (0.5, 0, −2), and 1 at the last token.
        near(&token_rewards(3, &[(2, 1.0)], 0.1, &old, &reference), &[-0.05, 0.0, 1.2]);
        near(&token_rewards(2, &[(0, 1.0), (1, -1.0), (9, 5.0)], 0.0, &[], &[]), &[1.0, -1.0]);
    }
}
