//! What a run will take, before anything is loaded.

use std::fmt;

use super::config::{Start, TrainConfig};
use super::error::Result;
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

/// The shape that a configuration trains.
///
/// # Errors
/// The checkpoint's `config.json` is missing or not supported.
pub fn shape(config: &TrainConfig) -> Result<ModelConfig> {
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
