//! `rl.toml` as it is written, with its defaults: the paper's where it states them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{RewardKind, Supervision};
use crate::train::advantage::{Baseline, GroupRules};
use crate::train::config::{DeviceChoice, RawLora};
use crate::train::loss::policy::{Kl, Mean, PolicyRules, Ratio};
use crate::train::loss::preference::Reduction;
use crate::train::paradigm::Source;
use crate::train::reward::steps::Split;
use crate::train::tool::settings::RawTool;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) model: RawModel,
    pub(super) lora: Option<RawLora>,
    #[serde(default)]
    pub(super) data: RawData,
    #[serde(default)]
    pub(super) sampling: RawSampling,
    #[serde(default)]
    pub(super) reward: Vec<RawReward>,
    #[serde(default)]
    pub(super) method: RawMethod,
    pub(super) value: Option<RawValue>,
    pub(super) reward_model: Option<RawRewardModel>,
    #[serde(default)]
    pub(super) iterations: RawIterations,
    pub(super) tool: Option<RawTool>,
    pub(super) train: RawTrain,
    #[serde(default)]
    pub(super) optimizer: toml::Table,
    pub(super) output: RawOutput,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
    pub(super) path: PathBuf,
    #[serde(default)]
    pub(super) device: DeviceChoice,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawData {
    pub(super) files: Vec<String>,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) answer_after: Option<String>,
    pub(super) solution: Option<String>,
    pub(super) instruction: Option<String>,
    pub(super) seed: u64,
}

impl Default for RawData {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            question: "question".to_owned(),
            answer: "answer".to_owned(),
            answer_after: None,
            solution: None,
            instruction: None,
            seed: 0,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSampling {
    pub(super) outputs: usize,
    pub(super) temperature: f64,
    pub(super) top_k: Option<usize>,
    pub(super) top_p: f64,
    pub(super) renormalise: bool,
    pub(super) tokens_max: usize,
    pub(super) batch_rows: usize,
    pub(super) stop_texts: Vec<String>,
}

impl Default for RawSampling {
    fn default() -> Self {
        Self {
            outputs: 64,
            temperature: 1.0,
            top_k: None,
            top_p: 1.0,
            renormalise: false,
            tokens_max: 1024,
            batch_rows: 64,
            stop_texts: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RawReward {
    #[serde(default = "one")]
    pub(super) weight: f64,
    #[serde(flatten)]
    pub(super) kind: RewardKind,
}

fn one() -> f64 {
    1.0
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMethod {
    pub(super) source: Option<Source>,
    pub(super) supervision: Supervision,
    pub(super) clip_low: f64,
    pub(super) clip_high: f64,
    pub(super) beta: Option<f64>,
    pub(super) kl: Kl,
    pub(super) kl_in_reward: Option<f64>,
    pub(super) ratio: Ratio,
    pub(super) mean: Mean,
    pub(super) baseline: Baseline,
    pub(super) scaled: bool,
    pub(super) eps: f64,
    pub(super) drop_equal: bool,
    pub(super) refills_max: usize,
    pub(super) updates: usize,
    pub(super) gamma: f64,
    pub(super) lambda: f64,
    pub(super) whiten: bool,
    pub(super) reduction: Reduction,
    pub(super) pairs_max: usize,
}

impl Default for RawMethod {
    fn default() -> Self {
        let PolicyRules { clip_low, clip_high, kl, ratio, mean, .. } = PolicyRules::default();
        let GroupRules { baseline, scaled, eps } = GroupRules::default();
        Self {
            source: None,
            supervision: Supervision::Outcome,
            clip_low,
            clip_high,
            beta: None,
            kl,
            kl_in_reward: None,
            ratio,
            mean,
            baseline,
            scaled,
            eps,
            drop_equal: false,
            refills_max: 3,
            updates: 1,
            gamma: 1.0,
            lambda: 1.0,
            whiten: false,
            reduction: Reduction::Mean,
            pairs_max: 4,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawValue {
    pub(super) path: Option<PathBuf>,
    pub(super) rate: f64,
    pub(super) clip: f64,
}

impl Default for RawValue {
    fn default() -> Self {
        Self { path: None, rate: 1e-5, clip: 0.2 }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRewardModel {
    pub(super) files: Vec<String>,
    pub(super) batch: usize,
    pub(super) rollouts: usize,
    pub(super) questions: Option<usize>,
    pub(super) hard: bool,
    pub(super) split: Split,
    pub(super) held_out: f64,
}

impl Default for RawRewardModel {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            batch: 32,
            rollouts: 8,
            questions: None,
            hard: false,
            split: Split::Line,
            held_out: 0.0,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIterations {
    pub(super) count: u64,
    pub(super) reward_steps: u64,
    pub(super) reward_rate: f64,
    pub(super) reward_questions: usize,
    pub(super) replay: f64,
}

impl Default for RawIterations {
    fn default() -> Self {
        // The paper's: rate 2e-5, a tenth of old data.
        Self { count: 1, reward_steps: 0, reward_rate: 2e-5, reward_questions: 64, replay: 0.1 }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTrain {
    pub(super) steps: u64,
    pub(super) questions: usize,
    pub(super) micro_tokens: usize,
    pub(super) checkpoint_blocks: usize,
    pub(super) clip_norm: f64,
    pub(super) seed: u64,
    pub(super) save_every: Option<u64>,
    pub(super) save_keep: usize,
    pub(super) transcripts: usize,
}

impl Default for RawTrain {
    fn default() -> Self {
        Self {
            steps: 0,
            // 16 questions of 64 outputs: the paper's batch of 1024.
            questions: 16,
            micro_tokens: 4096,
            checkpoint_blocks: 0,
            clip_norm: 1.0,
            seed: 0,
            save_every: None,
            save_keep: 2,
            transcripts: 4,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOutput {
    pub(super) dir: PathBuf,
}
