//! `train.toml` → one checked [`TrainConfig`]. Relative paths are relative to the file that names them,
//! or to the working folder where `--set` does.

pub(crate) mod files;
mod shared;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use files::expand;

use super::data::exclusion::Apart;
use super::data::mixture;
use super::data::pack::Packing;
use super::data::source::{Kind, Order, SourceRules};
use super::error::{Result, TrainError};
use super::lora::LoraConfig;
use super::optim::AdamWConfig;
use super::schedule::Schedule;
use crate::config::TokenBudget;
pub(super) use shared::{RawLora, RawOptimizer};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    model: RawModel,
    lora: Option<RawLora>,
    data: RawData,
    train: RawTrain,
    #[serde(default)]
    optimizer: RawOptimizer,
    #[serde(default)]
    measure: RawMeasure,
    output: RawOutput,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    path: Option<PathBuf>,
    shape: Option<Map<String, Value>>,
    tokenizer: Option<PathBuf>,
    #[serde(default)]
    device: DeviceChoice,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawData {
    context: usize,
    packing: Packing,
    #[serde(default)]
    seed: u64,
    cache: Option<PathBuf>,
    #[serde(default)]
    source: Vec<RawSource>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    name: String,
    #[serde(default = "one")]
    weight: f64,
    files: Vec<String>,
    #[serde(default)]
    kind: RawKind,
    #[serde(default = "text")]
    field: String,
    #[serde(default)]
    order: RawOrder,
    #[serde(default)]
    token_budget: Option<TokenBudget>,
    #[serde(default)]
    held_out: f64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum RawKind {
    #[default]
    Text,
    Chat,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum RawOrder {
    Rank,
    #[default]
    Shuffled,
}

fn one() -> f64 {
    1.0
}

fn text() -> String {
    "text".to_owned()
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawTrain {
    steps: Option<u64>,
    tokens: Option<TokenBudget>,
    batch_rows: Option<usize>,
    batch_tokens: Option<TokenBudget>,
    #[serde(default = "one_row")]
    micro_rows: usize,
    #[serde(default)]
    checkpoint_blocks: usize,
    #[serde(default = "one")]
    clip_norm: f64,
    #[serde(default)]
    seed: u64,
    save_every: Option<u64>,
    #[serde(default = "keep")]
    save_keep: usize,
    #[serde(default = "spike")]
    loss_spike_max: f64,
}

fn one_row() -> usize {
    1
}

fn keep() -> usize {
    2
}

fn spike() -> f64 {
    3.0
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct RawMeasure {
    every: Option<u64>,
    rows: Option<usize>,
    apart: Apart,
    source: Vec<RawSource>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RawOutput {
    dir: PathBuf,
}

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// A GPU where the program was built for one and there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU.
    Cuda,
}

/// What training begins from.
#[derive(Clone, Debug)]
pub enum Start {
    /// A checkpoint: a folder of transformers, a GGUF file, or a llama2.c file.
    Checkpoint(PathBuf),
    /// A new model: the keys of a `config.json`, and the tokenizer.
    Random {
        /// The shape.
        shape: Map<String, Value>,
        /// A `tokenizer.json`.
        tokenizer: PathBuf,
    },
}

/// A checked configuration of pre-training or fine-tuning.
#[derive(Clone, Debug)]
pub struct TrainConfig {
    /// The file that it was read from.
    pub path: PathBuf,
    /// What training begins from.
    pub start: Start,
    /// A tokenizer in the place of the checkpoint's own.
    pub tokenizer: Option<PathBuf>,
    /// The shape that the checkpoint is to have; what a plan goes by where the checkpoint is not there.
    pub expected_shape: Option<Map<String, Value>>,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Adapters, where only these are trained.
    pub lora: Option<LoraConfig>,
    /// Tokens a row.
    pub context: usize,
    /// How documents share a row.
    pub packing: Packing,
    /// Seeds the order of the data.
    pub data_seed: u64,
    /// Where tokens are kept.
    pub cache: PathBuf,
    /// What is trained on.
    pub sources: Vec<SourceRules>,
    /// Steps in all.
    pub steps: u64,
    /// Rows a step, over all processes.
    pub batch_rows: usize,
    /// Rows that are computed at once.
    pub micro_rows: usize,
    /// Blocks between two kept inputs; 0 keeps all.
    pub checkpoint_blocks: usize,
    /// The norm that gradients are clipped to.
    pub clip_norm: f64,
    /// Seeds a new model and new adapters.
    pub seed: u64,
    /// The optimiser.
    pub adam: AdamWConfig,
    /// The learning rate.
    pub schedule: Schedule,
    /// A checkpoint every so many steps, besides the last.
    pub save_every: u64,
    /// So many of them are kept, and the best.
    pub save_keep: usize,
    /// A step whose loss is so much over the mean of the last ones stops the run, nats.
    pub loss_spike_max: f64,
    /// What is held out is measured every so many steps, and at the end.
    pub measure_every: u64,
    /// … on up to so many rows a source.
    pub measure_rows: usize,
    /// What is measured besides what sources hold out.
    pub measured: Vec<SourceRules>,
    /// What is not trained on since it is measured.
    pub apart: Apart,
    /// Where checkpoints and metrics go.
    pub output: PathBuf,
    /// A hash of all settings that the numbers of a run depend on.
    pub hash: String,
}

impl TrainConfig {
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
        let raw: Raw = files::read((text, path), sets, "a training configuration", files::rebase)?;
        Self::checked(raw, path)
    }

    fn checked(raw: Raw, path: &Path) -> Result<Self> {
        let wrong = |key: &str, expected: &str, found: String| TrainError::Config {
            path: path.to_owned(),
            key: key.to_owned(),
            expected: expected.to_owned(),
            found,
        };
        // What a run's numbers depend on: not where it writes, nor how often it saves, nor from where it is started. For
        // the files of its sources the key of the data stands.
        let mut counted = raw.clone();
        for path in [&mut counted.model.path, &mut counted.model.tokenizer].into_iter().flatten() {
            *path = path.file_name().unwrap_or_default().into();
        }
        counted.data.source.iter_mut().for_each(|source| source.files.clear());
        counted.output.dir = PathBuf::new();
        counted.data.cache = None;
        counted.train.save_every = None;
        counted.train.save_keep = 0;
        // What is measured changes what is trained on: the data's key stands for that.
        counted.measure = RawMeasure::default();
        let hash = serde_json::to_vec(&counted).map(|bytes| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes)));
        let Raw { model, lora, data, train, optimizer, measure, output } = raw;
        let RawModel { path: checkpoint, shape, tokenizer, device } = model;
        let (start, tokenizer, expected_shape) = match (checkpoint, shape, tokenizer) {
            (Some(checkpoint), shape, tokenizer) => (Start::Checkpoint(checkpoint), tokenizer, shape),
            (None, Some(shape), Some(tokenizer)) => (Start::Random { shape, tokenizer }, None, None),
            (None, ..) => {
                let found = "another choice of these keys".to_owned();
                return Err(wrong("model", "path, or shape and tokenizer", found));
            }
        };
        let lora = lora.map(RawLora::checked);
        let RawData { context, packing, seed: data_seed, cache, source } = data;
        if context < 2 {
            return Err(wrong("data.context", "at least 2 tokens", context.to_string()));
        }
        if source.is_empty() {
            return Err(wrong("data.source", "at least one", "none".to_owned()));
        }
        mixture::check(source.iter().map(|source| (source.name.as_str(), source.weight)))?;
        let resolve = |sources: Vec<RawSource>| -> Result<Vec<SourceRules>> {
            sources.into_iter().map(|source| source.checked(path)).collect()
        };
        let RawTrain {
            steps,
            tokens,
            batch_rows,
            batch_tokens,
            micro_rows,
            checkpoint_blocks,
            clip_norm,
            seed,
            save_every,
            save_keep,
            loss_spike_max,
        } = train;
        let batch_rows = match (batch_rows, batch_tokens) {
            (Some(rows), None) if rows > 0 => rows,
            (None, Some(tokens)) => ((tokens.0 as usize).div_ceil(context)).max(1),
            found => return Err(wrong("train", "batch_rows (at least 1) or batch_tokens", format!("{found:?}"))),
        };
        let steps = match (steps, tokens) {
            (Some(steps), None) if steps > 0 => steps,
            (None, Some(tokens)) => tokens.0.div_ceil((batch_rows * context) as u64).max(1),
            found => return Err(wrong("train", "steps (at least 1) or tokens", format!("{found:?}"))),
        };
        if micro_rows == 0 {
            return Err(wrong("train.micro_rows", "at least 1", "0".to_owned()));
        }
        if !(clip_norm > 0.0 && loss_spike_max > 0.0) {
            let found = format!("{clip_norm} and {loss_spike_max}");
            return Err(wrong("train.clip_norm and train.loss_spike_max", "numbers above 0", found));
        }
        let (adam, schedule) = optimizer.checked(steps, path)?;
        let output = output.dir;
        Ok(Self {
            path: path.to_owned(),
            start,
            tokenizer,
            expected_shape,
            device,
            lora: lora.transpose()?,
            context,
            packing,
            data_seed,
            cache: cache.unwrap_or_else(|| output.join("tokens")),
            sources: resolve(source)?,
            steps,
            batch_rows,
            micro_rows,
            checkpoint_blocks,
            clip_norm,
            seed,
            adam,
            schedule,
            save_every: save_every.unwrap_or(steps).max(1),
            save_keep: save_keep.max(1),
            loss_spike_max,
            measure_every: measure.every.unwrap_or(steps).max(1),
            measure_rows: measure.rows.unwrap_or(64),
            apart: measure.apart,
            measured: resolve(measure.source)?,
            output,
            hash: hash.unwrap_or_default(),
        })
    }

    /// Tokens of a step.
    #[must_use]
    pub fn step_tokens(&self) -> u64 {
        (self.batch_rows * self.context) as u64
    }
}

impl RawSource {
    fn checked(self, config: &Path) -> Result<SourceRules> {
        let Self { name, weight, files, kind, field, order, token_budget, held_out } = self;
        let wrong = |key: &str, expected: &str, found: String| TrainError::Config {
            path: config.to_owned(),
            key: format!("data.source.{key} of {name:?}"),
            expected: expected.to_owned(),
            found,
        };
        if name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.') {
            return Err(wrong("name", "a name that can be a folder's", name.clone()));
        }
        if !(0.0..1.0).contains(&held_out) {
            return Err(wrong("held_out", "a share from 0 to under 1", held_out.to_string()));
        }
        if files.is_empty() {
            return Err(wrong("files", "files, folders or globs of .parquet or .jsonl files", "none".to_owned()));
        }
        let mut found = Vec::new();
        for pattern in &files {
            found.extend(expand(Path::new(pattern))?);
        }
        Ok(SourceRules {
            kind: match kind {
                RawKind::Text => Kind::Text(field),
                RawKind::Chat => Kind::Chat,
            },
            order: match order {
                RawOrder::Rank => Order::Rank,
                RawOrder::Shuffled => Order::Shuffled,
            },
            token_budget: token_budget.map(|budget| budget.0),
            name,
            weight,
            files: found,
            held_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
        [model]
        path = \"base\"
        [data]
        context = 16
        packing = \"documents\"
        [[data.source]]
        name = \"math\"
        files = [\"math.jsonl\"]
        [train]
        tokens = \"10k\"
        batch_rows = 4
        [output]
        dir = \"out\"
    ";

    fn parse(text: &str, sets: &[&str]) -> Result<TrainConfig> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        TrainConfig::parse(text, Path::new("runs/train.toml"), &sets)
    }

    #[test]
    fn the_rate_is_what_is_said() {
        let text = GOOD.replace("tokens = \"10k\"", "steps = 100");
        let rate = |sets: &[&str], step| parse(&text, sets).unwrap().schedule.rate(step) / 4.2e-4;
        // A fifth of a short run by itself; as long as was asked for.
        assert!((rate(&[], 9) - 0.5).abs() < 1e-9);
        assert!((rate(&["optimizer.warmup_steps = 50"], 24) - 0.5).abs() < 1e-9);
        for wrong in
            ["floor = -1.0", "stairs = [[0.9, 0.1], [0.8, 0.3]]", "stairs = [[1.5, 0.1]]", "stairs = [[0.5, -1.0]]"]
        {
            let message = parse(&text, &[&format!("optimizer.{wrong}")]).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains("floor in [0, 1], stairs that ascend"), "{message}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file_and_steps_follow_from_tokens() {
        let config = parse(GOOD, &[]).unwrap();
        assert!(matches!(&config.start, Start::Checkpoint(path) if path == Path::new("runs/base")));
        assert_eq!(config.sources[0].files, [Path::new("runs/math.jsonl")]);
        let set = parse(GOOD, &["output.dir = \"here\""]).unwrap();
        assert_eq!((config.output.as_path(), set.output.as_path()), (Path::new("runs/out"), Path::new("here")));
        assert_eq!((config.steps, config.step_tokens()), (157, 64));
        assert_eq!(config.schedule.warmup_steps, 31, "a fifth of a short run at most");
    }

    #[test]
    fn a_model_is_a_checkpoint_or_a_shape_with_a_tokenizer() {
        let set = "model = { tokenizer = \"t.json\", shape = { vocab_size = 9 } }";
        let plain = GOOD.replace("path = \"base\"", "");
        assert!(matches!(parse(&plain, &[set]).unwrap().start, Start::Random { .. }));
        let both = parse(GOOD, &[set]).unwrap();
        assert_eq!(both.tokenizer.as_deref(), Some(Path::new("t.json")));
        assert!(both.expected_shape.is_some_and(|shape| shape["vocab_size"] == 9));
        let message = parse(&plain, &["model = { tokenizer = \"t.json\" }"]).unwrap_err().to_string();
        assert!(message.contains("model: expected path, or shape and tokenizer"), "{message}");
    }

    #[test]
    fn the_hash_is_of_what_the_numbers_depend_on() {
        let hash = |sets: &[&str]| parse(GOOD, sets).unwrap().hash;
        let plain = hash(&[]);
        assert_eq!(plain, hash(&["output.dir = \"other\"", "train.save_every = 7", "measure.every = 3"]));
        assert_ne!(plain, hash(&["train.clip_norm = 2.0"]));
        assert_ne!(plain, hash(&["data.seed = 2"]));
    }

    #[test]
    fn wrong_values_are_named() {
        for (set, want) in [
            ("train.batch_tokens = 5", "batch_rows (at least 1) or batch_tokens"),
            ("train.steps = 5", "steps (at least 1) or tokens"),
            ("train.micro_rows = 0", "train.micro_rows: expected at least 1, found 0"),
            ("measure.apart = \"sites\"", "unknown variant `sites`"),
            (
                "data.source = [{ name = \"a\", files = [] }]",
                "data.source.files of \"a\": expected files, folders or globs",
            ),
            (
                "data.source = [{ name = \"a\", weight = 0.5, files = [\"a.jsonl\"] }, { name = \"b\", weight = 0.4, files = [\"b.jsonl\"] }]",
                "the weights of the sources: expected a sum of 1, found 0.9",
            ),
            (
                "data.source = [{ name = \"a\", weight = -1.0, files = [\"a\"] }]",
                "a number above 0, found -1 for \"a\"",
            ),
            ("data.context = 1", "data.context"),
            ("data.kontext = 1", "unknown field `kontext`"),
            ("optimizer.beta1 = 1.0", "optimizer: expected β in [0, 1)"),
            ("lora = { rank = 0, alpha = 1.0, targets = [\"q_proj\"] }", "the rank of adapters"),
        ] {
            let message = parse(GOOD, &[set]).unwrap_err().to_string();
            assert!(message.contains(want), "{set}: {message}");
        }
    }
}
