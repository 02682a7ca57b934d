//! PPO's loss of a value model, and those of a reward model.

use super::preference::{sigmoid, softplus};

/// ½·max((v − target)², (clip(v, old ± ε) − target)²) and its derivative by `value`: values do not run away from those
/// that the advantages were computed with.
#[must_use]
pub fn clipped(value: f64, old: f64, target: f64, clip: f64) -> (f64, f64) {
    let free = value - target;
    let held = value.clamp(old - clip, old + clip) - target;
    if free * free >= held * held { (free * free / 2.0, free) } else { (held * held / 2.0, 0.0) }
}

/// Bradley–Terry: −log σ(chosen − rejected) and its derivative by `chosen`; by `rejected` it is the negative of that.
#[must_use]
pub fn bradley_terry(chosen: f64, rejected: f64) -> (f64, f64) {
    let margin = chosen - rejected;
    (softplus(-margin), -sigmoid(-margin))
}

/// The cross-entropy of σ(`score`) with a label from 0 to 1, and its derivative by the score.
#[must_use]
pub fn cross_entropy(score: f64, label: f64) -> (f64, f64) {
    (softplus(score) - label * score, sigmoid(score) - label)
}
