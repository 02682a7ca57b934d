//! Raw settings → checked ones.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use super::raw::{Raw, RawData, RawIterations, RawMethod, RawReward, RawRewardModel, RawSampling, RawTrain, RawValue};
use super::{DataRules, Iterations, RewardKind, RewardModelRules, RlConfig, SamplingRules, Supervision, ValueRules};
use crate::config::merge;
use crate::train::advantage::GroupRules;
use crate::train::backward::Checkpointing;
use crate::train::config::files::expand;
use crate::train::config::{RawLora, RawOptimizer};
use crate::train::error::{Result, TrainError};
use crate::train::eval::prompt::english;
use crate::train::loss::policy::PolicyRules;
use crate::train::loss::preference::PreferenceRules;
use crate::train::paradigm::CreditRules;
use crate::train::sample::{Choosing, Limits};
use crate::train::tool::settings::ToolSettings;

/// The last part of a path: the same wherever a run is started from.
fn name_of(path: &Path) -> PathBuf {
    PathBuf::from(path.file_name().unwrap_or_default())
}

impl RlConfig {
    /// Checks and resolves what a file says.
    pub(super) fn checked(raw: Raw, path: &Path) -> Result<Self> {
        let wrong = |key: &str, expected: &str, found: String| TrainError::Config {
            path: path.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        // What a run's numbers depend on: not where it writes, nor how often it saves, nor from where it is started. For
        // the files of questions and examples their keys stand.
        let mut counted = raw.clone();
        counted.model.path = name_of(&counted.model.path);
        counted.data.files.clear();
        counted.reward_model.iter_mut().for_each(|model| model.files.clear());
        for model in counted.reward.iter_mut().filter_map(|reward| reward.kind.model_mut()) {
            *model = name_of(model);
        }
        if let Some(value) = &mut counted.value {
            value.path = value.path.as_deref().map(name_of);
        }
        counted.output.dir = PathBuf::new();
        (counted.train.save_every, counted.train.save_keep, counted.train.transcripts) = (None, 0, 0);
        let hash = serde_json::to_vec(&counted).map(|bytes| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes)));
        let Raw {
            model,
            lora,
            data,
            sampling,
            reward,
            method,
            value,
            reward_model,
            iterations,
            tool,
            train,
            optimizer,
            output,
        } = raw;
        let files = |patterns: &[String]| -> Result<Vec<PathBuf>> {
            let found: Vec<Vec<PathBuf>> =
                patterns.iter().map(|pattern| expand(Path::new(pattern))).collect::<Result<_>>()?;
            Ok(found.concat())
        };
        let RawTrain {
            steps,
            questions,
            micro_tokens,
            checkpoint_blocks,
            clip_norm,
            seed,
            save_every,
            save_keep,
            transcripts,
        } = train;
        if steps == 0 || questions == 0 || micro_tokens == 0 {
            let found = format!("{steps}, {questions} and {micro_tokens}");
            return Err(wrong("train.steps, train.questions and train.micro_tokens", "at least 1 each", found));
        }
        if !is_positive(clip_norm) {
            return Err(wrong("train.clip_norm", "a number above 0", clip_norm.to_string()));
        }
        let RawSampling { outputs, temperature, top_k, top_p, renormalise, tokens_max, batch_rows, stop_texts } =
            sampling;
        if !(temperature > 0.0 && temperature.is_finite()) {
            let expected = "a number above 0: the policy is to be sampled from";
            return Err(wrong("sampling.temperature", expected, temperature.to_string()));
        }
        if (top_k.is_some() || top_p < 1.0) && !renormalise {
            let expected = "top_p = 1 and no top_k: the log-probabilities that are trained on are of the whole softmax; \
                            with renormalise = true they are of what could be chosen";
            return Err(wrong("sampling", expected, format!("top_p = {top_p}, top_k = {top_k:?}")));
        }
        if outputs == 0 || tokens_max == 0 || !is_positive(top_p) || top_k == Some(0) {
            let found = format!("{outputs}, {tokens_max}, {top_p}, {top_k:?}");
            return Err(wrong("sampling", "outputs, tokens_max, top_p and top_k above 0", found));
        }
        let rewards: Vec<(f64, RewardKind)> =
            reward.into_iter().map(|RawReward { weight, kind }| (weight, kind)).collect();
        if let Some((weight, kind)) = rewards.iter().find(|(weight, _)| !weight.is_finite()) {
            return Err(wrong("reward.weight", "a number", format!("{weight} of {kind:?}")));
        }
        let RawMethod {
            source,
            supervision,
            clip_low,
            clip_high,
            beta,
            kl,
            kl_in_reward,
            ratio,
            mean,
            baseline,
            scaled,
            eps,
            drop_equal,
            refills_max,
            updates,
            gamma,
            lambda,
            whiten,
            reduction,
            pairs_max,
        } = method;
        let positive = [clip_high, eps];
        if !(0.0..1.0).contains(&clip_low) || !positive.into_iter().all(is_positive) || updates == 0 || pairs_max == 0 {
            let found = format!("{clip_low}, {clip_high}, {eps}, {updates}, {pairs_max}");
            let expected = "clip_low in [0, 1), clip_high, eps, updates and pairs_max above 0";
            return Err(wrong("method", expected, found));
        }
        // The distance from the reference counts once.
        let kl_is_left = beta.is_none() && kl_in_reward.is_none();
        let kl_in_reward = kl_in_reward.unwrap_or(0.0);
        let beta = beta.unwrap_or(if kl_in_reward > 0.0 { 0.0 } else { PolicyRules::default().beta });
        let in_range = beta >= 0.0 && kl_in_reward >= 0.0 && [gamma, lambda].iter().all(|n| (0.0..=1.0).contains(n));
        if !in_range {
            let found = format!("{beta}, {kl_in_reward}, {gamma}, {lambda}");
            return Err(wrong("method", "beta and kl_in_reward not below 0, gamma and lambda in [0, 1]", found));
        }
        let has_steps = rewards.iter().any(|(_, kind)| kind.is_of_steps());
        if !rewards.is_empty() && has_steps != (supervision == Supervision::Process) {
            let expected = "process where a reward judges steps, else outcome";
            return Err(wrong("method.supervision", expected, format!("{supervision:?}").to_lowercase()));
        }
        let RawIterations { count, reward_steps, reward_rate, reward_questions, replay } = iterations;
        if count == 0 || count > steps || !(0.0..1.0).contains(&replay) || !is_positive(reward_rate) {
            let found = format!("{count}, {replay}, {reward_rate}");
            return Err(wrong(
                "iterations",
                "count from 1 to train.steps, replay in [0, 1), reward_rate above 0",
                found,
            ));
        }
        let models = rewards.iter().filter(|(_, kind)| kind.model().is_some()).count();
        if reward_steps > 0 && (models != 1 || count < 2 || reward_questions == 0) {
            let found = format!("{models} reward models, {count} iterations, {reward_questions} questions");
            let expected = "one reward model, count above 1 and reward_questions above 0 where it is trained on";
            return Err(wrong("iterations.reward_steps", expected, found));
        }
        let RawValue { path: value_path, rate: value_rate, clip: value_clip } = value.unwrap_or_default();
        if !(value_rate > 0.0 && value_clip > 0.0) {
            return Err(wrong("value", "rate and clip above 0", format!("{value_rate}, {value_clip}")));
        }
        let RawRewardModel { files: examples, batch, rollouts, questions: most, hard, split, held_out } =
            reward_model.unwrap_or_default();
        if batch == 0 || rollouts == 0 || !(0.0..1.0).contains(&held_out) {
            let found = format!("{batch}, {rollouts}, {held_out}");
            return Err(wrong("reward_model", "batch and rollouts above 0, held_out in [0, 1)", found));
        }
        let RawData { files: patterns, question, answer, answer_after, solution, instruction, seed: data_seed } = data;
        let (adam, schedule) = with_defaults(optimizer, path)?.checked(steps, path)?;
        let model_path = model.path;
        let instruction = instruction.unwrap_or_else(|| english(tool.is_some()).to_owned());
        Ok(Self {
            path: path.to_owned(),
            device: model.device,
            lora: lora.map(RawLora::checked).transpose()?,
            data: DataRules {
                files: files(&patterns)?,
                question,
                answer,
                answer_after,
                solution,
                instruction,
                seed: data_seed,
            },
            tool: tool.map(ToolSettings::try_from).transpose()?,
            sampling: SamplingRules {
                outputs,
                choosing: Choosing { temperature, top_k, top_p },
                limits: Limits { tokens_max, stop_tokens: Vec::new(), stop_texts, batch_rows: batch_rows.max(1) },
            },
            rewards,
            supervision,
            source,
            policy: PolicyRules { clip_low, clip_high, beta, kl, ratio, mean },
            preference: PreferenceRules { beta, reduction },
            pairs_max,
            kl_is_left,
            credit: CreditRules { group: GroupRules { baseline, scaled, eps }, kl_in_reward, gamma, lambda },
            whiten,
            drop_equal,
            refills_max,
            updates,
            value: ValueRules {
                path: value_path.unwrap_or_else(|| model_path.clone()),
                rate: value_rate,
                clip: value_clip,
            },
            reward_model: RewardModelRules {
                files: files(&examples)?,
                batch,
                rollouts,
                questions: most.unwrap_or(usize::MAX),
                hard,
                split,
                held_out,
            },
            iterations: Iterations { count, reward_steps, reward_rate, reward_questions, replay },
            steps,
            questions,
            micro_tokens,
            keep: NonZero::new(checkpoint_blocks).map_or(Checkpointing::Off, Checkpointing::Every),
            clip_norm,
            seed,
            save_every: save_every.unwrap_or(steps).max(1),
            save_keep: save_keep.max(1),
            transcripts,
            adam,
            schedule,
            output: output.dir,
            hash: hash.unwrap_or_default(),
            model: model_path,
        })
    }
}

/// Whether a number is above 0; one that is no number is not.
fn is_positive(n: f64) -> bool {
    n > 0.0
}

/// The settings of the optimiser over those of the paper's section 4.1: a constant rate of 1e-6, no decay.
fn with_defaults(set: toml::Table, path: &Path) -> Result<RawOptimizer> {
    let mut table = toml::toml! {
        peak_rate = 1e-6
        schedule = "constant"
        warmup_steps = 0
        weight_decay = 0.0
    };
    merge(&mut table, set);
    table.try_into().map_err(|e: toml::de::Error| TrainError::format(path, "settings of the optimiser", e))
}
