//! What a run will take, before anything is loaded.

use std::fmt;

use super::config::{Start, TrainConfig};
use super::error::{Result, TrainError};
use super::model::config::ModelConfig;
use super::params::gguf::Gguf;
use super::params::llama2c::Llama2c;
use crate::config::ByteSize;

/// Parameters, memory, steps.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Numbers of the model.
    pub parameters: u64,
    /// Numbers that are trained.
    pub trained: u64,
    /// Memory by kind: what it is for, on which side, bytes.
    pub memory: Vec<(&'static str, Side, u64)>,
    /// Tokens of a step.
    pub step_tokens: u64,
    /// Steps.
    pub steps: u64,
    /// The learning rate at some steps.
    pub rates: Vec<(u64, f64)>,
}

/// Where memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the model computes.
    Device,
    /// In the host's memory.
    Host,
}

/// The shape that a configuration trains: the checkpoint's; where that is not there, the one that it is to have.
///
/// # Errors
/// The checkpoint's `config.json` is missing or not supported.
pub fn shape(config: &TrainConfig) -> Result<ModelConfig> {
    match (&config.start, &config.expected_shape) {
        (Start::Checkpoint(path), Some(shape)) if !path.exists() => ModelConfig::from_map(shape.clone(), &config.path),
        _ => found_shape(config),
    }
}

/// Checks a shape against what the configuration says of it.
///
/// # Errors
/// It is another than the configuration states, or its context is shorter than the rows.
pub fn check_shape(config: &TrainConfig, found: &ModelConfig) -> Result<()> {
    let wrong = |key: String, expected: String, found: String| TrainError::Config {
        path: config.path.clone(),
        key,
        expected,
        found,
    };
    if let Some(expected) = &config.expected_shape {
        let expected = ModelConfig::from_map(expected.clone(), &config.path)?;
        let sizes = |shape: &ModelConfig| {
            [
                ("vocab_size", shape.vocab_size),
                ("hidden_size", shape.hidden_size),
                ("intermediate_size", shape.intermediate_size),
                ("num_hidden_layers", shape.layers),
                ("num_attention_heads", shape.heads),
                ("num_key_value_heads", shape.kv_heads),
                ("head_dim", shape.head_dim),
            ]
        };
        let mut pairs = sizes(found).into_iter().zip(sizes(&expected));
        if let Some(((key, has), (_, said))) = pairs.find(|(has, said)| has != said) {
            let expected = format!("{has}, as the checkpoint has it");
            return Err(wrong(format!("model.shape.{key}"), expected, said.to_string()));
        }
    }
    if config.context > found.context {
        let expected = format!("at most the model's context, {}", found.context);
        return Err(wrong("data.context".to_owned(), expected, config.context.to_string()));
    }
    Ok(())
}

/// The shape of the checkpoint, or of the new model.
///
/// # Errors
/// The checkpoint is missing, or its shape is not supported.
pub fn found_shape(config: &TrainConfig) -> Result<ModelConfig> {
    match &config.start {
        Start::Checkpoint(path) => match path.extension().and_then(|extension| extension.to_str()) {
            Some("gguf") => Gguf::open(path)?.config(),
            Some("bin") => Ok(Llama2c::open(path)?.config),
            _ => ModelConfig::load(path),
        },
        Start::Random { shape, .. } => ModelConfig::from_map(shape.clone(), &config.path),
    }
}

impl Plan {
    /// Works it out; `gpu` says whether the model computes in bf16 on a device of its own.
    ///
    /// # Errors
    /// The checkpoint's `config.json` is missing or not supported.
    pub fn of(config: &TrainConfig, gpu: bool) -> Result<Self> {
        let model = shape(config)?;
        check_shape(config, &model)?;
        let parameters = model.parameters() as u64;
        let trained = config.lora.as_ref().map_or(parameters, |lora| {
            lora.shapes(&model).iter().map(|(_, shape)| shape.iter().product::<usize>() as u64).sum()
        });
        let number = if gpu { 2 } else { 4 };
        let tokens = (config.micro_rows * config.context) as u64;
        let width = model.hidden_size as u64;
        let kept_inputs = tokens * width * number;
        // Of a block: what the backward of its operations keeps (norms, q k v, attention's output, gate, up, product).
        let attention = (2 * model.heads + 2 * model.kv_heads) as u64 * model.head_dim as u64;
        let scores = (config.micro_rows * model.heads * config.context * config.context) as u64;
        let block =
            tokens * (4 * width + attention + 3 * model.intermediate_size as u64) * number + 2 * scores * number;
        let layers = model.layers as u64;
        let activations = match config.checkpoint_blocks as u64 {
            0 => layers * block,
            blocks => layers.div_ceil(blocks) * kept_inputs + blocks * block,
        };
        let chunk = super::head::chunk_tokens(model.vocab_size) as u64;
        let logits = 2 * chunk.min(tokens) * model.vocab_size as u64 * 4;
        let mut memory = vec![("weights", Side::Device, parameters * number)];
        memory.push(("gradients, f32", Side::Device, trained * 4));
        memory.push(("activations", Side::Device, activations));
        memory.push(("logits of a chunk", Side::Device, logits));
        if gpu {
            memory.push(("masters, f32", Side::Host, trained * 4));
        }
        memory.push(("moments, f32", Side::Host, trained * 8));
        let last = config.steps.saturating_sub(1);
        let mut at: Vec<u64> = [0, config.schedule.warmup_steps, last / 2, last * 4 / 5, last * 9 / 10, last].into();
        at.sort_unstable();
        at.dedup();
        Ok(Self {
            parameters,
            trained,
            memory,
            step_tokens: config.step_tokens(),
            steps: config.steps,
            rates: at.into_iter().map(|step| (step, config.schedule.rate(step))).collect(),
        })
    }

    /// Bytes on a side.
    #[must_use]
    pub fn bytes(&self, side: Side) -> u64 {
        self.memory.iter().filter(|(_, on, _)| *on == side).map(|(_, _, bytes)| bytes).sum()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "parameters {} ({} trained)", self.parameters, self.trained)?;
        for (what, side, bytes) in &self.memory {
            let side = if *side == Side::Host { "host" } else { "device" };
            writeln!(f, "memory     {what}: {} on the {side}", ByteSize(*bytes))?;
        }
        let (device, host) = (ByteSize(self.bytes(Side::Device)), ByteSize(self.bytes(Side::Host)));
        writeln!(f, "memory     about {device} on the device and {host} on the host")?;
        let all = self.steps * self.step_tokens;
        writeln!(f, "steps      {} of {} tokens: {all} tokens", self.steps, self.step_tokens)?;
        for (step, rate) in &self.rates {
            writeln!(f, "rate       {rate:.3e} at step {}", step + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn presets() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models")
    }

    fn preset(name: &str) -> TrainConfig {
        TrainConfig::load(&presets().join(name), &[]).unwrap()
    }

    #[test]
    fn presets_can_be_planned_without_their_files() {
        let entries = std::fs::read_dir(presets()).unwrap().map(|entry| entry.unwrap().path());
        // Those of reinforcement learning are looked at where its configuration is.
        let is_plain = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".toml") && !name.ends_with("-rl.toml") && !name.ends_with("-reward.toml")
        };
        let files: Vec<PathBuf> = entries.filter(is_plain).collect();
        assert!(files.len() >= 4, "{files:?}");
        for path in files {
            let config = TrainConfig::load(&path, &[]).unwrap_or_else(|e| panic!("{e}"));
            let plan = Plan::of(&config, true).unwrap_or_else(|e| panic!("{e}"));
            assert!(plan.to_string().contains("parameters"), "{plan}");
        }
    }

    #[test]
    fn the_papers_runs_are_the_papers() {
        let config = preset("deepseekmath-7b.toml");
        let plan = Plan::of(&config, true).unwrap();
        assert_eq!(plan.parameters, 6_910_365_696);
        assert!(plan.bytes(Side::Device) < 80_000_000_000, "{plan}");
        let weights: Vec<f64> = config.sources.iter().map(|source| source.weight).collect();
        assert_eq!(weights, [0.56, 0.04, 0.10, 0.20, 0.10]);
        assert_eq!(plan.step_tokens.div_ceil(4096), 10_000_000u64.div_ceil(4096));
        assert!((plan.steps * plan.step_tokens).abs_diff(500_000_000_000) < plan.step_tokens);
        let rate = |share: f64| config.schedule.rate((plan.steps as f64 * share) as u64) / 4.2e-4;
        assert!((rate(0.5) - 1.0).abs() < 1e-9 && (rate(0.85) - 0.316).abs() < 1e-9 && (rate(0.95) - 0.1).abs() < 1e-9);
        let trial = Plan::of(&preset("deepseek-1.3b-trial.toml"), true).unwrap();
        assert_eq!(trial.parameters, 1_346_471_936);
    }

    #[test]
    fn a_shape_that_is_not_the_checkpoints_is_told() {
        let fixture = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/train/llama");
        let found = ModelConfig::load(&fixture).unwrap();
        let sets = |shape: &str| {
            vec![
                format!("model = {{ path = {fixture:?}, device = \"cpu\", shape = {{ {shape} }} }}"),
                "data.context = 8".to_owned(),
            ]
        };
        let path = presets().join("deepseek-1.3b-trial.toml");
        let config = TrainConfig::load(&path, &sets("num_hidden_layers = 9")).unwrap();
        let message = check_shape(&config, &found).unwrap_err().to_string();
        assert!(message.contains("model.shape."), "{message}");
        assert!(message.contains("as the checkpoint has it"), "{message}");
    }
}
