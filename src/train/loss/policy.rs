//! The clipped surrogate of PPO and GRPO with its kin: the objective of the paper's section 4.1 is the default.

use serde::{Deserialize, Serialize};

/// How far the policy is from the reference at a token, estimated from that token alone. With r = log π_ref − log π_θ:
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kl {
    /// −r: unbiased, of either sign.
    K1,
    /// r²/2: biased, never negative.
    K2,
    /// eʳ − r − 1: unbiased, never negative. The paper's.
    #[default]
    K3,
}

impl Kl {
    /// The estimate and its derivative by log π_θ.
    #[must_use]
    pub fn at(self, log_p: f64, reference: f64) -> (f64, f64) {
        let r = reference - log_p;
        match self {
            Self::K1 => (-r, 1.0),
            Self::K2 => (r * r / 2.0, -r),
            Self::K3 => (r.exp_m1() - r, -r.exp_m1()),
        }
    }
}

/// What the ratio π_θ/π_old is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ratio {
    /// Each token by itself.
    #[default]
    Token,
    /// The whole output: exp of the mean of its tokens' log-ratios (GSPO).
    Sequence,
}

/// How the losses of tokens become that of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mean {
    /// The mean of each output, then of the outputs: 1/G Σ 1/|oᵢ| Σ. The paper's.
    #[default]
    Output,
    /// The mean of all tokens of the batch (DAPO; BNPO where the batch is one).
    Token,
    /// The sum over this many tokens an output, whatever its length: 1/(G·L) Σ Σ (Dr. GRPO).
    Constant(usize),
}

impl Mean {
    /// What each token of an output counts, for outputs with so many learnt tokens in the whole batch.
    #[must_use]
    pub fn weights(self, lengths: &[usize]) -> Vec<f64> {
        let outputs = lengths.len().max(1) as f64;
        let tokens = lengths.iter().sum::<usize>().max(1) as f64;
        let weight = |length: &usize| match self {
            Self::Output => 1.0 / (outputs * (*length).max(1) as f64),
            Self::Token => 1.0 / tokens,
            Self::Constant(most) => 1.0 / (outputs * most.max(1) as f64),
        };
        lengths.iter().map(weight).collect()
    }
}

/// The settings of the surrogate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyRules {
    /// The ratio is clipped at 1 − this …
    pub clip_low: f64,
    /// … and at 1 + this; the two differ in DAPO.
    pub clip_high: f64,
    /// β: what the distance from the reference counts; 0 needs no reference.
    pub beta: f64,
    /// How that distance is estimated.
    pub kl: Kl,
    /// What the ratio is of.
    pub ratio: Ratio,
    /// How tokens become a batch.
    pub mean: Mean,
}

impl Default for PolicyRules {
    /// The paper's: β 0.04. It leaves ε open; 0.2 is usual.
    fn default() -> Self {
        Self {
            clip_low: 0.2,
            clip_high: 0.2,
            beta: 0.04,
            kl: Kl::default(),
            ratio: Ratio::default(),
            mean: Mean::default(),
        }
    }
}

/// The loss at a token, before it is weighted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TokenLoss {
    /// −min(ρA, clip(ρ)A) + βD.
    pub loss: f64,
    /// Its derivative by log π_θ: −ρA where that is not clipped, and β·dD.
    pub slope: f64,
    /// D.
    pub kl: f64,
    /// Whether the clip took the gradient away.
    pub clipped: bool,
}

/// −min(ρA, clip(ρ)A) for ρ = exp(`log_ratio`), its derivative by the log-ratio, and whether it is clipped.
#[must_use]
pub fn surrogate(rules: &PolicyRules, log_ratio: f64, advantage: f64) -> (f64, f64, bool) {
    let ratio = log_ratio.exp();
    let free = ratio * advantage;
    let held = ratio.clamp(1.0 - rules.clip_low, 1.0 + rules.clip_high) * advantage;
    if free <= held { (-free, -free, false) } else { (-held, 0.0, true) }
}

/// The loss at a token whose ratio is its own. Without a reference there is no distance from it.
#[must_use]
pub fn token(rules: &PolicyRules, log_p: f64, old: f64, reference: Option<f64>, advantage: f64) -> TokenLoss {
    let (loss, slope, clipped) = surrogate(rules, log_p - old, advantage);
    with_kl(rules, log_p, reference, TokenLoss { loss, slope, kl: 0.0, clipped })
}

fn with_kl(rules: &PolicyRules, log_p: f64, reference: Option<f64>, of: TokenLoss) -> TokenLoss {
    let Some(reference) = reference else { return of };
    let (kl, slope) = rules.kl.at(log_p, reference);
    // Where the distance is part of the reward it is only told.
    if rules.beta == 0.0 {
        return TokenLoss { kl, ..of };
    }
    TokenLoss { loss: of.loss + rules.beta * kl, slope: of.slope + rules.beta * slope, kl, ..of }
}

/// Log-probabilities of an output's learnt tokens, and what they are compared with; all of one length, but `reference`
/// is empty where there is none.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// log π_θ.
    pub log_p: &'a [f64],
    /// log π_old.
    pub old: &'a [f64],
    /// log π_ref.
    pub reference: &'a [f64],
    /// Â.
    pub advantages: &'a [f64],
}

/// The losses at an output's tokens, before they are weighted, for either kind of ratio.
///
/// With the ratio of a sequence, s = exp(1/|o| Σ (log π_θ − log π_old)), every token's log-probability moves the surrogate
/// of all: the slope of each is 1/|o| Σ −sÂ over the tokens that are not clipped.
#[must_use]
pub fn output(rules: &PolicyRules, of: &Output<'_>) -> Vec<TokenLoss> {
    let length = of.log_p.len();
    let reference = |i: usize| of.reference.get(i).copied();
    match rules.ratio {
        Ratio::Token => {
            (0..length).map(|i| token(rules, of.log_p[i], of.old[i], reference(i), of.advantages[i])).collect()
        }
        Ratio::Sequence => {
            let share = 1.0 / length.max(1) as f64;
            let log_ratio = of.log_p.iter().zip(of.old).map(|(new, old)| new - old).sum::<f64>() * share;
            let parts: Vec<_> = of.advantages.iter().map(|a| surrogate(rules, log_ratio, *a)).collect();
            let slope = parts.iter().map(|(_, slope, _)| slope).sum::<f64>() * share;
            let part = |(i, (loss, _, clipped)): (usize, &(f64, f64, bool))| {
                with_kl(rules, of.log_p[i], reference(i), TokenLoss { loss: *loss, slope, kl: 0.0, clipped: *clipped })
            };
            parts.iter().enumerate().map(part).collect()
        }
    }
}
