//! The rewards of a configuration.

use std::path::Path;
use std::sync::Arc;

use super::config::{Compare, RewardKind, RlConfig};
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;
use crate::train::params::Place;
use crate::train::reward::model::{ModelReward, Scale};
use crate::train::reward::rule::{Answer, Check, Form, Length, Prefix, exact, math};
use crate::train::reward::{Reward, WeightedSum};
use crate::train::reward_model::ScalarModel;

/// The function that compares answers.
#[must_use]
pub fn check(compare: Compare) -> Check {
    match compare {
        Compare::Exact => exact,
        Compare::Math => math,
    }
}

/// The rule that says which answers are right, whatever the rewards are: that of the rewards, where they have one.
#[must_use]
pub fn rule(config: &RlConfig) -> Check {
    let compare = config.rewards.iter().find_map(|(_, kind)| match kind {
        RewardKind::Rule { compare } => Some(*compare),
        _ => None,
    });
    check(compare.unwrap_or_default())
}

/// A model that is to be trained: with adapters, where the policy has such.
///
/// # Errors
/// The adapters do not fit the model.
pub fn with_adapters(model: ScalarModel, config: &RlConfig) -> Result<ScalarModel> {
    match &config.lora {
        Some(lora) => model.with_lora(lora, config.seed),
        None => Ok(model),
    }
}

/// The weighted sum of a configuration, and the reward models in it by their folders.
///
/// # Errors
/// A reward model cannot be read.
pub fn load(
    config: &RlConfig,
    vocabulary: &Arc<Vocabulary>,
    place: &Place,
) -> Result<(WeightedSum, Vec<Arc<ScalarModel>>)> {
    let mut sum = WeightedSum::default();
    let mut models = Vec::new();
    let micro_tokens = config.micro_tokens;
    let mut read = |path: &Path| {
        let model = ScalarModel::load(path, place)?;
        let model = Arc::new(if config.iterations.reward_steps > 0 { with_adapters(model, config)? } else { model });
        models.push(model.clone());
        Ok::<_, crate::train::error::TrainError>(model)
    };
    for (weight, kind) in &config.rewards {
        let vocabulary = vocabulary.clone();
        let reward: Box<dyn Reward> = match kind {
            RewardKind::Rule { compare } => Box::new(Answer { check: check(*compare) }),
            RewardKind::Form { holds } => Box::new(Form { holds: holds.clone() }),
            RewardKind::Length { margin } => {
                Box::new(Length { tokens_max: config.sampling.limits.tokens_max, margin: *margin })
            }
            RewardKind::Prefix { split } => Box::new(Prefix { split: *split, vocabulary }),
            RewardKind::Outcome { path, log_odds } => {
                let scale = if *log_odds { Scale::LogOdds } else { Scale::Plain };
                Box::new(ModelReward { model: read(path)?, scale, steps: None, vocabulary, micro_tokens })
            }
            RewardKind::Process { path, split } => Box::new(ModelReward {
                model: read(path)?,
                scale: Scale::LogOdds,
                steps: Some(*split),
                vocabulary,
                micro_tokens,
            }),
        };
        sum.terms.push((*weight, reward));
    }
    Ok((sum, models))
}
