//! `rl.toml` → one checked [`RlConfig`]. Relative paths are relative to the file that names them, or to the working
//! folder where `--set` does.

mod checked;
mod raw;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::train::backward::Checkpointing;
use crate::train::config::{DeviceChoice, files};
use crate::train::error::{Result, TrainError};
use crate::train::lora::LoraConfig;
use crate::train::loss::policy::PolicyRules;
use crate::train::loss::preference::PreferenceRules;
use crate::train::optim::AdamWConfig;
use crate::train::paradigm::{CreditRules, Method, Objective, Source};
use crate::train::reward::steps::Split;
use crate::train::sample::{Choosing, Limits};
use crate::train::schedule::Schedule;
use crate::train::tool::settings::ToolSettings;
use raw::Raw;

/// What an output is rewarded for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum RewardKind {
    /// The right answer, by a rule.
    Rule {
        /// How answers are compared.
        #[serde(default)]
        compare: Compare,
    },
    /// A text that the output holds.
    Form {
        /// The text.
        holds: String,
    },
    /// An output that leaves room: a soft punishment of the last tokens.
    Length {
        /// The last so many tokens are punished.
        margin: usize,
    },
    /// The answer is written as it should be up to the end of each step.
    Prefix {
        /// What a step is.
        #[serde(default)]
        split: Split,
    },
    /// A reward model of whole outputs.
    Outcome {
        /// Its folder.
        path: PathBuf,
        /// Whether it learnt from labels, so that its number is a log-odds.
        #[serde(default)]
        log_odds: bool,
    },
    /// A reward model of steps.
    Process {
        /// Its folder.
        path: PathBuf,
        /// What a step is.
        #[serde(default)]
        split: Split,
    },
}

impl RewardKind {
    /// Whether it judges steps.
    #[must_use]
    pub fn is_of_steps(&self) -> bool {
        matches!(self, Self::Prefix { .. } | Self::Process { .. })
    }
}

/// How a text's answer is compared with the right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// As mathematics: the answer is taken out of the text and compared by value.
    #[default]
    Math,
    /// The text is the answer.
    Exact,
}

/// What the rewards are read for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// One number an output.
    #[default]
    Outcome,
    /// One a step.
    Process,
}

/// Where questions come from.
#[derive(Clone, Debug)]
pub struct DataRules {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// The field of a question.
    pub question: String,
    /// The field of its right answer …
    pub answer: String,
    /// … of which only what stands after the last of this text counts.
    pub answer_after: Option<String>,
    /// The field of a solution, for the given data source.
    pub solution: Option<String>,
    /// Stands below every question.
    pub instruction: String,
    /// Seeds their order.
    pub seed: u64,
}

/// How outputs are sampled.
#[derive(Clone, Debug)]
pub struct SamplingRules {
    /// Outputs a question: the group.
    pub outputs: usize,
    /// How tokens are chosen.
    pub choosing: Choosing,
    /// When outputs end; the stop tokens are the model's.
    pub limits: Limits,
}

/// PPO's value model.
#[derive(Clone, Debug)]
pub struct ValueRules {
    /// Where it begins; the policy's beginning where none is named.
    pub path: PathBuf,
    /// Its learning rate, with the shape of the policy's.
    pub rate: f64,
    /// How far values may move from those of the exploration.
    pub clip: f64,
}

/// How a reward model is trained, and its data made.
#[derive(Clone, Debug)]
pub struct RewardModelRules {
    /// Files of examples.
    pub files: Vec<PathBuf>,
    /// Examples a step.
    pub batch: usize,
    /// Completions rolled out from each step.
    pub rollouts: usize,
    /// So many questions of the data.
    pub questions: usize,
    /// Whether a step is labelled 1 where any completion is right, rather than with their share.
    pub hard: bool,
    /// What a step is.
    pub split: Split,
    /// The share of examples that is kept for measuring.
    pub held_out: f64,
}

/// Iterative training (section 4.1.4).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterations {
    /// How often the reference becomes the policy, the beginning counted.
    pub count: u64,
    /// Steps that the reward model is trained on between two; 0 leaves it.
    pub reward_steps: u64,
    /// Its learning rate.
    pub reward_rate: f64,
    /// Questions that its fresh samples are of.
    pub reward_questions: usize,
    /// The share of its batches that is old data.
    pub replay: f64,
}

/// A checked configuration of reinforcement learning.
#[derive(Clone, Debug)]
pub struct RlConfig {
    /// The file that it was read from.
    pub path: PathBuf,
    /// Where the policy begins.
    pub model: PathBuf,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Adapters, where only these are trained.
    pub lora: Option<LoraConfig>,
    /// The questions.
    pub data: DataRules,
    /// Tools, where programs in outputs are run.
    pub tool: Option<ToolSettings>,
    /// The outputs.
    pub sampling: SamplingRules,
    /// The rewards and their weights.
    pub rewards: Vec<(f64, RewardKind)>,
    /// What the rewards are read for.
    pub supervision: Supervision,
    /// The data source, where it is not the method's own.
    pub source: Option<Source>,
    /// The clipped surrogate.
    pub policy: PolicyRules,
    /// DPO.
    pub preference: PreferenceRules,
    /// Pairs a group, for DPO.
    pub pairs_max: usize,
    /// Whether the file leaves open what the distance from the reference counts.
    kl_is_left: bool,
    /// How outputs are credited.
    pub credit: CreditRules,
    /// Whether advantages are centred and scaled over the batch.
    pub whiten: bool,
    /// Whether groups of equal rewards are dropped and others sampled …
    pub drop_equal: bool,
    /// … so many times at most.
    pub refills_max: usize,
    /// μ: updates an exploration.
    pub updates: usize,
    /// The value model.
    pub value: ValueRules,
    /// The reward model and its data.
    pub reward_model: RewardModelRules,
    /// Iterative training.
    pub iterations: Iterations,
    /// Steps: explorations.
    pub steps: u64,
    /// Questions a step.
    pub questions: usize,
    /// Tokens that are computed at once.
    pub micro_tokens: usize,
    /// What is kept for the backward.
    pub keep: Checkpointing,
    /// The norm that gradients are clipped to.
    pub clip_norm: f64,
    /// Seeds sampling and new adapters.
    pub seed: u64,
    /// A checkpoint every so many steps, besides the last.
    pub save_every: u64,
    /// So many of them are kept.
    pub save_keep: usize,
    /// Transcripts that are written of each step.
    pub transcripts: usize,
    /// The optimiser.
    pub adam: AdamWConfig,
    /// The learning rate.
    pub schedule: Schedule,
    /// Where checkpoints, metrics and transcripts go.
    pub output: PathBuf,
    /// A hash of all settings that the numbers of a run depend on.
    pub hash: String,
}

impl RlConfig {
    /// Reads a file and lays `--set` arguments over it.
    ///
    /// # Errors
    /// It cannot be read, has an unknown key or a wrong type, or a value is out of range.
    pub fn load(path: &Path, sets: &[String]) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(TrainError::read(path))?;
        Self::parse(&text, path, sets)
    }

    /// As [`load`](Self::load), of a text.
    ///
    /// # Errors
    /// As there.
    pub fn parse(text: &str, path: &Path, sets: &[String]) -> Result<Self> {
        let raw: Raw = files::read((text, path), sets, "a configuration of reinforcement learning", rebase)?;
        Self::checked(raw, path)
    }

    /// With what a method does where the file leaves it open: PPO has the distance from the reference in the reward.
    #[must_use]
    pub fn of_method(mut self, method: &Method) -> Self {
        if method.values && self.kl_is_left {
            (self.credit.kl_in_reward, self.policy.beta) = (self.policy.beta, 0.0);
        }
        self
    }

    /// The data source of a run of a method.
    ///
    /// # Errors
    /// The method cannot be run as it is configured.
    pub fn source(&self, method: &Method) -> Result<Source> {
        let wrong = |key: &str, expected: &str, found: String| TrainError::Config {
            path: self.path.clone(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        let source = self.source.unwrap_or(method.source);
        if source == Source::Given && method.objective != Objective::Likelihood {
            return Err(wrong("method.source", "online or offline", "given".to_owned()));
        }
        if source != Source::Given && self.rewards.is_empty() {
            return Err(wrong("reward", "at least one", "none".to_owned()));
        }
        if self.supervision == Supervision::Process && method.process.is_none() {
            return Err(wrong("method.supervision", "outcome: the method has no other", "process".to_owned()));
        }
        if self.supervision == Supervision::Process && !method.values && self.credit.kl_in_reward > 0.0 {
            let expected = "0: rewards of steps are compared within their group";
            return Err(wrong("method.kl_in_reward", expected, self.credit.kl_in_reward.to_string()));
        }
        if self.whiten && method.objective != Objective::Clipped {
            return Err(wrong("method.whiten", "false: the method has no advantages", "true".to_owned()));
        }
        if method.objective == Objective::Preference && self.preference.beta <= 0.0 {
            return Err(wrong("method.beta", "a number above 0 for preferences", self.preference.beta.to_string()));
        }
        if self.data.files.is_empty() {
            return Err(wrong("data.files", "files of questions", "none".to_owned()));
        }
        Ok(source)
    }
}

impl RewardKind {
    /// The folder of its model, where it has one.
    #[must_use]
    pub fn model(&self) -> Option<&Path> {
        match self {
            Self::Outcome { path, .. } | Self::Process { path, .. } => Some(path),
            _ => None,
        }
    }

    fn model_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Outcome { path, .. } | Self::Process { path, .. } => Some(path),
            _ => None,
        }
    }
}

/// Makes the relative paths that a file names relative to the working folder, as those of `--set` are.
fn rebase(table: &mut toml::Table, base: &Path) {
    let join = |value: &mut toml::Value| {
        if let toml::Value::String(path) = value {
            *path = base.join(&*path).to_string_lossy().into_owned();
        }
    };
    for (section, key) in [("model", "path"), ("value", "path"), ("output", "dir")] {
        table.get_mut(section).and_then(|section| section.get_mut(key)).into_iter().for_each(join);
    }
    for section in ["data", "reward_model"] {
        let files = table.get_mut(section).and_then(|section| section.get_mut("files")?.as_array_mut());
        files.into_iter().flatten().for_each(join);
    }
    let rewards = table.get_mut("reward").and_then(toml::Value::as_array_mut).into_iter().flatten();
    rewards.filter_map(|reward| reward.get_mut("path")).for_each(join);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RlConfig> {
        let text = format!("model.path = \"m\"\noutput.dir = \"o\"\n{text}");
        RlConfig::parse(&text, Path::new("rl.toml"), &["train.steps = 10".to_owned()])
    }

    #[test]
    fn the_defaults_are_the_papers() {
        let config = parse("").unwrap();
        assert_eq!((config.sampling.outputs, config.questions, config.sampling.limits.tokens_max), (64, 16, 1024));
        assert_eq!((config.policy, config.updates), (PolicyRules::default(), 1));
        assert_eq!((config.schedule.rate(0), config.schedule.rate(9)), (1e-6, 1e-6));
        assert_eq!(config.iterations.replay, 0.1);
        assert!(config.data.instruction.starts_with("Please reason step by step"));
        let with_tools = parse("[tool]").unwrap().data.instruction;
        assert!(with_tools.starts_with("Please integrate natural language reasoning with programs"), "{with_tools}");
        assert_eq!(parse("data.instruction = \"\"").unwrap().data.instruction, "");
    }

    #[test]
    fn presets_are_the_papers() {
        use crate::train::paradigm::GRPO;
        let presets = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let preset = |name: &str| RlConfig::load(&presets.join(name), &[]).unwrap_or_else(|e| panic!("{e}"));
        let rl = preset("deepseekmath-7b-rl.toml");
        assert_eq!(rl.source(&GRPO).unwrap(), Source::Online);
        assert_eq!((rl.sampling.outputs, rl.sampling.limits.tokens_max, rl.questions, rl.updates), (64, 1024, 16, 1));
        assert_eq!((rl.policy.beta, rl.schedule.rate(5000), rl.iterations.replay), (0.04, 1e-6, 0.1));
        let reward = preset("deepseekmath-7b-reward.toml");
        assert_eq!((reward.schedule.rate(0), reward.reward_model.files.len()), (2e-5, 1));
        assert_eq!(reward.reward_model.files, rl.reward_model.files);
        assert_eq!(rl.rewards[0].1.model(), Some(&*reward.output.join("model")));
    }

    #[test]
    fn what_cannot_be_trained_is_refused() {
        let message = |text: &str| parse(text).map(|_| ()).unwrap_err().to_string();
        assert!(message("sampling.top_p = 0.9").contains("renormalise = true"));
        assert!(message("sampling.top_k = 5").contains("found top_p = 1, top_k = Some(5)"));
        assert!(parse("sampling.top_k = 5\nsampling.renormalise = true").is_ok());
        assert!(message("sampling.temperature = 0.0").contains("sampling.temperature: expected a number above 0"));
        assert!(message("method.clip_low = 1.5").contains("clip_low in [0, 1)"));
        assert!(message("method.colour = 1").contains("unknown field"));
        assert!(message("[[reward]]\nkind = \"wish\"").contains("unknown variant"));
        assert!(message("[[reward]]\nkind = \"rule\"\ncolour = 1").contains("unknown field"));
        assert!(message("[[reward]]\nkind = \"prefix\"").contains("process where a reward judges steps"));
        assert!(message("iterations = { count = 20 }").contains("count from 1 to train.steps"));
        assert!(message("iterations = { count = 2, reward_steps = 5 }").contains("0 reward models"));
    }

    #[test]
    fn methods_are_checked_against_the_settings() {
        use crate::train::paradigm::{DPO, GRPO, PPO, RFT, SFT};
        let source = |text: &str, method| parse(text).unwrap().source(method).map_err(|e| e.to_string());
        let rule = "[[reward]]\nkind = \"rule\"\n";
        let files = "data.files = [\"q.jsonl\"]\n";
        assert!(source(rule, &GRPO).unwrap_err().contains("data.files"));
        assert_eq!(source(&format!("{files}{rule}"), &GRPO), Ok(Source::Online));
        assert_eq!(source(&format!("{files}{rule}"), &RFT), Ok(Source::Offline));
        assert_eq!(source(&format!("{files}method.source = \"online\"\n{rule}"), &RFT), Ok(Source::Online));
        assert_eq!(source(files, &SFT), Ok(Source::Given));
        assert!(source(files, &GRPO).unwrap_err().contains("reward: expected at least one"));
        assert!(source(&format!("{files}method.beta = 0.0\n{rule}"), &DPO).unwrap_err().contains("above 0"));
        let kl = |text: &str, method| {
            let config = parse(text).unwrap().of_method(method);
            (config.policy.beta, config.credit.kl_in_reward)
        };
        assert_eq!([kl("", &GRPO), kl("", &PPO)], [(0.04, 0.0), (0.0, 0.04)]);
        assert_eq!([kl("method.kl_in_reward = 0.1", &GRPO), kl("method.beta = 0.1", &PPO)], [(0.0, 0.1), (0.1, 0.0)]);
        let whitened = format!("{files}method.whiten = true\n{rule}");
        assert!(source(&whitened, &RFT).unwrap_err().contains("no advantages") && source(&whitened, &PPO).is_ok());
        let process = format!("{files}method.supervision = \"process\"\n[[reward]]\nkind = \"prefix\"\n");
        assert!(source(&process, &RFT).unwrap_err().contains("has no other"));
    }
}
