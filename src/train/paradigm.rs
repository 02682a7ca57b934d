//! The paper's unified paradigm (section 5.2.1): a method is a data source, a reward, and a gradient coefficient.
//!
//! Every method moves the policy along Σ coefficient · ∇log π_θ(token). The rewards are settings; the two other choices
//! make a [`Method`]. A new method is a new [`Credit`] function and a line in this table, not a new trainer:
//!
//! | method | data source | coefficient of ∇log π_θ |
//! |---|---|---|
//! | SFT | given solutions | 1 |
//! | RFT | outputs of the first policy | 1 where the answer is right, else 0 |
//! | online RFT | outputs of the running policy | the same |
//! | DPO | outputs of the first policy | ±σ(β log-ratio of the rejected − β log-ratio of the chosen) |
//! | PPO | outputs of the running policy | A_t by GAE |
//! | GRPO | outputs of the running policy | Â_it + β(π_ref/π_θ − 1) |

use serde::{Deserialize, Serialize};

use super::advantage::{GroupRules, gae, token_rewards};
use super::reward::Verdict;

/// Where the tokens that are learnt from come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The solutions that the data give.
    Given,
    /// Outputs of the policy as it was when training began.
    Offline,
    /// Outputs of the policy as it is.
    Online,
}

/// How coefficients become a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// −coefficient · log π_θ.
    Likelihood,
    /// The clipped surrogate of π_θ/π_old and the coefficient, and the distance from the reference.
    Clipped,
    /// −log σ of the margin of pairs: the coefficient is a function of the log-probabilities.
    Preference,
}

/// What is known of an output when it is credited. The lists have an entry a token, or none where they are not needed.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the rewards say.
    pub verdict: Verdict,
    /// Tokens.
    pub length: usize,
    /// log π_old.
    pub old: Vec<f64>,
    /// log π_ref.
    pub reference: Vec<f64>,
    /// What the value model expected before each token.
    pub values: Vec<f64>,
}

/// The settings of crediting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreditRules {
    /// How rewards of a group are normalised.
    pub group: GroupRules,
    /// β of the distance from the reference where it is part of the reward.
    pub kl_in_reward: f64,
    /// γ of GAE.
    pub gamma: f64,
    /// λ of GAE.
    pub lambda: f64,
}

/// What an output's tokens are credited with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credited {
    /// The coefficient of each token.
    pub advantages: Vec<f64>,
    /// What the value model is to expect, where there is one.
    pub targets: Vec<f64>,
}

/// Credits the outputs of a group, those to one question.
pub type Credit = fn(&[Known], &CreditRules) -> Vec<Credited>;

/// A method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Its data source; it can be set otherwise.
    pub source: Source,
    /// How its coefficients become a loss.
    pub objective: Objective,
    /// Its coefficients under outcome supervision.
    pub outcome: Credit,
    /// Its coefficients under process supervision, where it has such.
    pub process: Option<Credit>,
    /// Whether it has a value model.
    pub values: bool,
}

/// Fine-tuning on given solutions.
pub const SFT: Method = Method {
    name: "sft",
    source: Source::Given,
    objective: Objective::Likelihood,
    outcome: ones,
    process: None,
    values: false,
};
/// Rejection sampling: fine-tuning on the right outputs. Online RFT is the same with [`Source::Online`].
pub const RFT: Method = Method { name: "rft", source: Source::Offline, outcome: right, ..SFT };
/// Direct preference optimisation.
pub const DPO: Method =
    Method { name: "dpo", source: Source::Offline, objective: Objective::Preference, outcome: ones, ..SFT };
/// Proximal policy optimisation.
pub const PPO: Method = Method {
    name: "ppo",
    source: Source::Online,
    objective: Objective::Clipped,
    outcome: estimated_outcome,
    process: Some(estimated_process),
    values: true,
};
/// Group relative policy optimisation.
pub const GRPO: Method = Method {
    name: "grpo",
    source: Source::Online,
    objective: Objective::Clipped,
    outcome: group_outcome,
    process: Some(group_process),
    values: false,
};

fn level(known: &Known, advantage: f64) -> Credited {
    Credited { advantages: vec![advantage; known.length], targets: Vec::new() }
}

/// 1: every output is to be imitated.
fn ones(group: &[Known], _: &CreditRules) -> Vec<Credited> {
    group.iter().map(|known| level(known, 1.0)).collect()
}

/// 1 where the answer is right, else 0; where no rule says, right is a reward above one half.
fn right(group: &[Known], _: &CreditRules) -> Vec<Credited> {
    let is_right = |known: &Known| known.verdict.right.unwrap_or(known.verdict.outcome > 0.5);
    group.iter().map(|known| level(known, f64::from(is_right(known)))).collect()
}

/// The reward of an output less β·log(π_old/π_ref) of the whole.
fn penalised(known: &Known, beta: f64) -> f64 {
    let kl = known.old.iter().zip(&known.reference).map(|(old, reference)| old - reference).sum::<f64>();
    if beta == 0.0 { known.verdict.outcome } else { known.verdict.outcome - beta * kl }
}

/// Section 4.1.2: each output's reward against its group's.
fn group_outcome(group: &[Known], rules: &CreditRules) -> Vec<Credited> {
    let rewards: Vec<f64> = group.iter().map(|known| penalised(known, rules.kl_in_reward)).collect();
    group.iter().zip(rules.group.outcome(&rewards)).map(|(known, advantage)| level(known, advantage)).collect()
}

/// Section 4.1.3: each step's reward against all of the group's steps, summed from the end.
fn group_process(group: &[Known], rules: &CreditRules) -> Vec<Credited> {
    let steps: Vec<Vec<(usize, f64)>> = group.iter().map(|known| known.verdict.steps.clone()).collect();
    let lengths: Vec<usize> = group.iter().map(|known| known.length).collect();
    let advantages = rules.group.process(&steps, &lengths);
    advantages.into_iter().map(|advantages| Credited { advantages, targets: Vec::new() }).collect()
}

fn estimated(known: &Known, rewards: &[(usize, f64)], rules: &CreditRules) -> Credited {
    let rewards = token_rewards(known.length, rewards, rules.kl_in_reward, &known.old, &known.reference);
    let (advantages, targets) = gae(&rewards, &known.values, rules.gamma, rules.lambda);
    Credited { advantages, targets }
}

/// GAE with the output's reward at its last token.
fn estimated_outcome(group: &[Known], rules: &CreditRules) -> Vec<Credited> {
    let of = |known: &Known| {
        let last = known.length.saturating_sub(1);
        estimated(known, &[(last, known.verdict.outcome)], rules)
    };
    group.iter().map(of).collect()
}

/// GAE with the steps' rewards at their ends.
fn estimated_process(group: &[Known], rules: &CreditRules) -> Vec<Credited> {
    group.iter().map(|known| estimated(known, &known.verdict.steps, rules)).collect()
}

/// Pairs of a group, chosen and rejected: the best with the worst, the next best with the next worst, at most `most`, as
/// long as the first is better.
#[must_use]
pub fn pairs(outcomes: &[f64], most: usize) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by(|a, b| outcomes[*b].total_cmp(&outcomes[*a]).then(a.cmp(b)));
    let ends = order.iter().zip(order.iter().rev()).take(outcomes.len() / 2).take(most);
    ends.filter(|(best, worst)| outcomes[**best] > outcomes[**worst]).map(|(best, worst)| (*best, *worst)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: CreditRules = CreditRules {
        group: GroupRules { baseline: super::super::advantage::Baseline::Mean, scaled: false, eps: 0.0 },
        kl_in_reward: 0.0,
        gamma: 1.0,
        lambda: 1.0,
    };

    fn known(outcome: f64, steps: &[(usize, f64)], length: usize) -> Known {
        let verdict = Verdict { outcome, steps: steps.to_vec(), right: Some(outcome > 0.0) };
        Known { verdict, length, values: vec![0.5; length], ..Known::default() }
    }

    fn advantages(credit: Credit, group: &[Known], rules: &CreditRules) -> Vec<Vec<f64>> {
        credit(group, rules).into_iter().map(|credited| credited.advantages).collect()
    }

    #[test]
    fn the_table_of_coefficients() {
        let group = [known(1.0, &[(0, 1.0), (1, 1.0)], 2), known(0.0, &[(0, 0.0)], 1)];
        assert_eq!(advantages(SFT.outcome, &group, &RULES), [vec![1.0, 1.0], vec![1.0]]);
        assert_eq!(advantages(RFT.outcome, &group, &RULES), [vec![1.0, 1.0], vec![0.0]]);
        assert_eq!(advantages(GRPO.outcome, &group, &RULES), [vec![0.5, 0.5], vec![-0.5]]);
        // Steps 1, 1 and 0: less their mean, 2/3.
        let found = advantages(GRPO.process.unwrap(), &group, &RULES);
        let third = 1.0 / 3.0;
        assert!((found[0][0] - 2.0 * third).abs() < 1e-12 && (found[0][1] - third).abs() < 1e-12);
        assert!((found[1][0] + 2.0 * third).abs() < 1e-12);
        // The return less what was expected.
        assert_eq!(advantages(PPO.outcome, &group, &RULES), [vec![0.5, 0.5], vec![-0.5]]);
        assert_eq!(advantages(PPO.process.unwrap(), &group, &RULES), [vec![1.5, 0.5], vec![-0.5]]);
        assert_eq!((PPO.outcome)(&group, &RULES)[0].targets, [1.0, 1.0]);
    }

    #[test]
    fn the_distance_can_be_part_of_the_reward() {
        let mut group = [known(1.0, &[], 1), known(1.0, &[], 1)];
        (group[0].old, group[0].reference) = (vec![-1.0], vec![-3.0]);
        (group[1].old, group[1].reference) = (vec![-1.0], vec![-1.0]);
        let rules = CreditRules { kl_in_reward: 0.5, ..RULES };
        assert_eq!(advantages(GRPO.outcome, &group, &rules), [vec![-0.5], vec![0.5]]);
        assert_eq!(advantages(PPO.outcome, &group, &rules), [vec![-0.5], vec![0.5]]);
    }

    #[test]
    fn pairs_are_of_the_best_and_the_worst() {
        assert_eq!(pairs(&[0.0, 1.0, 0.5, 1.0], 9), [(1, 0), (3, 2)]);
        assert_eq!(pairs(&[0.0, 1.0, 0.5, 1.0], 1), [(1, 0)]);
        assert!(pairs(&[1.0, 1.0, 1.0], 9).is_empty());
        assert!(pairs(&[1.0], 9).is_empty());
    }
}
