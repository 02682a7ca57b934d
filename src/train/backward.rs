//! Loss and gradients of a batch.
//!
//! With checkpointing only the inputs of segments of blocks are kept: the forward runs on a detached view, and each
//! segment is computed again, last one first, for a vector–Jacobian product. The same operations run on the same numbers
//! in the same order, so that the gradients are those of the plain backward, bit for bit on the CPU.

use std::num::NonZero;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use super::error::{Result, TrainError};
use super::grads::Grads;
use super::head;
use super::model::Model;
use super::model::fused::{embedding, seed};
use super::model::sequence::Sequences;
use super::model::weights::{Block, View, Weights};
use super::params::names;

/// Rows of tokens with what each is to be followed by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The tokens.
    pub sequences: Sequences,
    /// For each token the one that follows; `None` where that is not to be learned: prompts, ends of documents, padding.
    pub targets: Vec<Option<u32>>,
    /// For each token those that the next one was chosen among; no entries where that is all of them everywhere.
    pub among: Vec<Vec<u32>>,
}

impl Batch {
    /// A batch whose targets are one a token.
    ///
    /// # Errors
    /// They are not.
    pub fn new(sequences: Sequences, targets: Vec<Option<u32>>) -> Result<Self> {
        if targets.len() != sequences.tokens.len() {
            return Err(TrainError::argument("targets of a batch", sequences.tokens.len(), targets.len()));
        }
        Ok(Self { sequences, targets, among: Vec::new() })
    }

    /// Rows of packed documents in which each token is to be followed by the next one of its document.
    ///
    /// # Errors
    /// The tokens are not a number of whole rows.
    pub fn next_tokens(rows: usize, tokens: Vec<u32>, segments: &[u32]) -> Result<Self> {
        let sequences = Sequences::packed(rows, tokens, segments)?;
        let targets = (0..sequences.tokens.len()).map(|i| {
            let last = (i + 1).is_multiple_of(sequences.time);
            // The next token is of the same document where its document begins where this one's does.
            (!last && sequences.starts[i + 1] == sequences.starts[i]).then(|| sequences.tokens[i + 1])
        });
        let targets = targets.collect();
        Self::new(sequences, targets)
    }

    /// What it asks of the head.
    #[must_use]
    pub fn wanted(&self) -> head::Wanted<'_> {
        head::Wanted { targets: &self.targets, among: &self.among }
    }

    /// How many targets it has.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.targets.iter().flatten().count()
    }
}

/// What is kept of the forward for the backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpointing {
    /// All of it.
    Off,
    /// The inputs of segments of this many blocks.
    Every(NonZero<usize>),
}

/// The loss of a batch, −log p of the targets over `tokens`, and its gradients.
///
/// `tokens` is the number of targets of the whole batch, of which this may be a part: the losses and gradients of all
/// parts add up to those of the batch.
///
/// # Errors
/// A token is out of the vocabulary or a position out of the context; a trained parameter got no gradient.
pub fn loss_and_grads(model: &Model, batch: &Batch, tokens: usize, keep: Checkpointing) -> Result<(f64, Grads)> {
    let slope = -(1.0 / tokens.max(1) as f64) as f32;
    let (log_probs, grads) = gradients(model, batch, keep, |_, _| slope)?;
    let sum: f64 = log_probs.iter().map(|log_p| f64::from(*log_p)).sum();
    Ok((-sum / tokens.max(1) as f64, grads))
}

/// log p of the targets (0 where there is none), and the gradients of a loss of which `slope(token, log p)` is the
/// derivative by that token's log p: what every objective on the tokens' probabilities comes down to.
///
/// # Errors
/// As [`loss_and_grads`].
pub fn gradients(
    model: &Model,
    batch: &Batch,
    keep: Checkpointing,
    slope: impl FnMut(usize, f32) -> f32,
) -> Result<(Vec<f32>, Grads)> {
    gradients_at(model, batch, keep, 1.0, slope)
}

/// As [`gradients`], under the softmax of the logits divided by a temperature.
///
/// # Errors
/// As [`loss_and_grads`].
pub fn gradients_at(
    model: &Model,
    batch: &Batch,
    keep: Checkpointing,
    temperature: f64,
    slope: impl FnMut(usize, f32) -> f32,
) -> Result<(Vec<f32>, Grads)> {
    let config = model.config();
    let chunk = head::chunk_tokens(config.vocab_size);
    let head_name = if config.tied { names::EMBEDDING } else { names::HEAD };
    let head_trained = is_trained(model, head_name);
    trunk(model, &batch.sequences, keep, |weights, hidden, grads| {
        let hidden = at_temperature(hidden, temperature)?;
        let found = head::gradients(&hidden, &weights.head, batch.wanted(), head_trained, chunk, slope)?;
        if let Some(gradient) = found.head {
            grads.add(head_name, &gradient)?;
        }
        Ok((found.log_probs, at_temperature(&found.hidden, temperature)?))
    })
}

/// What goes into the head for its logits to be divided by a temperature.
///
/// # Errors
/// The device is out of memory.
pub fn at_temperature(hidden: &Tensor, temperature: f64) -> candle_core::Result<Tensor> {
    if temperature == 1.0 { Ok(hidden.clone()) } else { hidden / temperature }
}

/// Runs embedding, blocks and last norm, hands the result to `top` (with a detached view of the weights), takes what it
/// returns as the gradient of that result, and goes back through all of it.
///
/// # Errors
/// As [`loss_and_grads`], or what `top` says.
pub fn trunk<T>(
    model: &Model,
    sequences: &Sequences,
    keep: Checkpointing,
    top: impl FnOnce(&Weights, &Tensor, &mut Grads) -> Result<(T, Tensor)>,
) -> Result<(T, Grads)> {
    let (config, decoder) = (model.config(), model.decoder());
    sequences.check(config.vocab_size, config.context)?;
    let (tracked, detached) = (model.weights(View::Tracked)?, model.weights(View::Detached)?);
    let shared = decoder.shared(sequences);
    let run = |blocks: &[Block], x: &Tensor| blocks.iter().try_fold(x.clone(), |x, b| decoder.block(b, &x, &shared));
    let mut grads = Grads::default();
    let mut x = decoder.embed(&detached, &sequences.tokens)?;
    // The inputs of the segments that are left out of the last one's graph.
    let mut inputs = Vec::new();
    let last_blocks = match keep {
        Checkpointing::Off => tracked.blocks.as_slice(),
        Checkpointing::Every(blocks) => {
            for segment in detached.blocks.chunks(blocks.get()) {
                let y = run(segment, &x)?;
                inputs.push(x);
                x = y;
            }
            &[]
        }
    };
    let input = Var::from_tensor(&x)?;
    drop(x);
    let hidden = decoder.last_norm(&tracked, &run(last_blocks, input.as_tensor())?)?;
    let (result, gradient) = top(&detached, &hidden.detach(), &mut grads)?;
    let mut gradient = back(model, hidden, &gradient, &input, &mut grads)?;
    if let Checkpointing::Every(blocks) = keep {
        for segment in tracked.blocks.chunks(blocks.get()).rev() {
            let Some(x) = inputs.pop() else { break };
            let input = Var::from_tensor(&x)?;
            drop(x);
            let output = run(segment, input.as_tensor())?;
            gradient = back(model, output, &gradient, &input, &mut grads)?;
        }
    }
    if is_trained(model, names::EMBEDDING) {
        let rows = embedding::lookup_backward(&gradient, &sequences.tokens, config.vocab_size)?;
        grads.add(names::EMBEDDING, &rows)?;
    }
    let without = model.trained().iter().find(|param| grads.get(param.name()).is_none());
    match without {
        Some(param) => Err(TrainError::argument("the gradients", format!("one for {}", param.name()), "none")),
        None => Ok((result, grads)),
    }
}

fn is_trained(model: &Model, name: &str) -> bool {
    model.trained().get(name).is_some_and(super::params::Param::is_trainable)
}

/// Takes `gradient` of `output` back to the parameters in its graph, and returns that of `input`.
fn back(model: &Model, output: Tensor, gradient: &Tensor, input: &Var, grads: &mut Grads) -> Result<Tensor> {
    let mut store: GradStore = seed::seed(&output, gradient)?.backward()?;
    drop(output);
    for param in model.trained() {
        if let Some(found) = store.remove(param.value().as_tensor()) {
            grads.add(param.name(), &found)?;
        }
    }
    match store.remove(input.as_tensor()) {
        Some(found) => Ok(found.detach()),
        None => Err(TrainError::argument("the gradients", "one for the input of a segment", "none")),
    }
}
