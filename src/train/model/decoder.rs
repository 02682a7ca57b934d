//! The decoder: embedding, blocks, last norm, head.

use candle_core::{Result, Tensor};

use super::attention::attention;
use super::config::ModelConfig;
use super::fused;
use super::mlp::{linear, project, swiglu};
use super::norm::rms_norm;
use super::rope::RopeTable;
use super::sequence::{Sequences, Shared};
use super::weights::{Block, Weights};

/// A decoder without its weights, which each pass is given.
#[derive(Debug)]
pub struct Decoder {
    config: ModelConfig,
    rope: RopeTable,
}

impl Decoder {
    /// A decoder of this shape.
    #[must_use]
    pub fn new(config: ModelConfig) -> Self {
        let rope = RopeTable::new(&config.rope, config.head_dim);
        Self { config, rope }
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The rotary embedding.
    #[must_use]
    pub fn rope(&self) -> &RopeTable {
        &self.rope
    }

    /// What the blocks of a pass over `sequences` share.
    #[must_use]
    pub fn shared(&self, sequences: &Sequences) -> Shared {
        Shared::new(sequences, &self.rope)
    }

    /// The tokens' rows of the embedding, `[tokens, width]`; no gradient goes through.
    ///
    /// # Errors
    /// A token is out of the vocabulary.
    pub fn embed(&self, weights: &Weights, tokens: &[u32]) -> Result<Tensor> {
        fused::embedding::lookup(&weights.embedding, tokens)
    }

    /// One block: x + attention(norm(x)), then x + mlp(norm(x)).
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn block(&self, block: &Block, x: &Tensor, shared: &Shared) -> Result<Tensor> {
        let normed = rms_norm(x, &block.input_norm, self.config.norm_eps)?;
        let x = (x + attention(&self.config, block, &normed, shared)?)?;
        self.feed_forward(block, &x)
    }

    /// x + mlp(norm(x)).
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn feed_forward(&self, block: &Block, x: &Tensor) -> Result<Tensor> {
        let normed = rms_norm(x, &block.inner_norm, self.config.norm_eps)?;
        let inner = swiglu(&project(&normed, &block.gate)?, &project(&normed, &block.up)?)?;
        x + project(&inner, &block.down)?
    }

    /// The last norm.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn last_norm(&self, weights: &Weights, x: &Tensor) -> Result<Tensor> {
        rms_norm(x, &weights.norm, self.config.norm_eps)
    }

    /// Embedding, blocks and last norm: `[tokens, width]`.
    ///
    /// # Errors
    /// A token is out of the vocabulary.
    pub fn hidden(&self, weights: &Weights, sequences: &Sequences) -> Result<Tensor> {
        let shared = self.shared(sequences);
        let mut x = self.embed(weights, &sequences.tokens)?;
        for block in &weights.blocks {
            x = self.block(block, &x, &shared)?;
        }
        self.last_norm(weights, &x)
    }

    /// The logits `[tokens, vocab]` of what the last norm gave.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn logits(&self, weights: &Weights, hidden: &Tensor) -> Result<Tensor> {
        linear(hidden, &weights.head)
    }
}
