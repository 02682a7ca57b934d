//! DPO: a chosen output is to be more probable than a rejected one, both against a reference.

use serde::{Deserialize, Serialize};

/// How the log-ratios of an output's tokens become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean, as in the paper's appendix.
    #[default]
    Mean,
    /// Their sum, as DPO was published.
    Sum,
}

impl Reduction {
    fn weight(self, length: usize) -> f64 {
        match self {
            Self::Mean => 1.0 / length.max(1) as f64,
            Self::Sum => 1.0,
        }
    }
}

/// The settings of DPO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreferenceRules {
    /// β: how sharply the margin is read.
    pub beta: f64,
    /// How tokens become an output.
    pub reduction: Reduction,
}

/// log π_θ and log π_ref of an output's tokens.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// log π_θ.
    pub log_p: &'a [f64],
    /// log π_ref.
    pub reference: &'a [f64],
}

/// The loss of a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairLoss {
    /// −log σ(margin).
    pub loss: f64,
    /// β·(the chosen output's log-ratio − the rejected one's).
    pub margin: f64,
    /// The derivative by each log-probability of the chosen output: −β·σ(−margin), over its length for the mean.
    pub chosen: f64,
    /// … of the rejected one.
    pub rejected: f64,
}

/// The loss of a pair and its slopes, the same for all tokens of a side.
#[must_use]
pub fn pair(rules: &PreferenceRules, chosen: &Side<'_>, rejected: &Side<'_>) -> PairLoss {
    let weight = |side: &Side<'_>| rules.reduction.weight(side.log_p.len());
    let ratio = |side: &Side<'_>| {
        weight(side) * side.log_p.iter().zip(side.reference).map(|(new, reference)| new - reference).sum::<f64>()
    };
    let margin = rules.beta * (ratio(chosen) - ratio(rejected));
    let pull = rules.beta * sigmoid(-margin);
    PairLoss { loss: softplus(-margin), margin, chosen: -pull * weight(chosen), rejected: pull * weight(rejected) }
}

/// 1 / (1 + e⁻ˣ).
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// log(1 + eˣ) = −log σ(−x).
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
