//! Decoding token by token: keys and values of what was seen are kept. Nothing here has a gradient.

use candle_core::{DType, Device, Tensor};

use super::attention::{attend, project_qkv, split_heads};
use super::config::ModelConfig;
use super::decoder::Decoder;
use super::fused::attention::Heads;
use super::fused::cached::{self, Kept, Window};
use super::fused::{self, with_numbers};
use super::mlp::project;
use super::norm::rms_norm;
use super::rope::turn;
use super::weights::Weights;
use crate::train::error::{Result, TrainError};

/// Keys and values of the tokens seen so far, by block.
///
/// Rows are of one length: shorter prompts are padded on the left, and the padding is not seen.
#[derive(Debug)]
pub struct Cache {
    rows: usize,
    seen: usize,
    capacity: usize,
    /// By row: how many tokens of padding it begins with.
    padding: Vec<usize>,
    /// By block: `[rows, kv_heads, capacity, head_dim]`.
    kept: Vec<(Tensor, Tensor)>,
    /// The same as numbers, where the fused operations apply.
    numbers: Vec<Kept>,
}

impl Cache {
    /// An empty cache for `padding.len()` rows; each number is how many tokens of padding the row begins with.
    #[must_use]
    pub fn new(padding: Vec<usize>) -> Self {
        Self { rows: padding.len(), seen: 0, capacity: 0, padding, kept: Vec::new(), numbers: Vec::new() }
    }

    /// Tokens seen, padding included.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Keeps only these rows, in this order; a row may be repeated.
    ///
    /// # Errors
    /// There is no such row.
    pub fn select(&mut self, rows: &[usize]) -> Result<()> {
        if let Some(row) = rows.iter().find(|&&row| row >= self.rows) {
            return Err(TrainError::argument("a row of the cache", format!("below {}", self.rows), row));
        }
        let ids: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        for (k, v) in &mut self.kept {
            let ids = Tensor::from_slice(&ids, ids.len(), k.device())?;
            (*k, *v) = (k.index_select(&ids, 0)?, v.index_select(&ids, 0)?);
        }
        for kept in &mut self.numbers {
            *kept = kept.selected(rows, kept.keys.len() / self.rows.max(1));
        }
        self.padding = rows.iter().map(|&row| self.padding[row]).collect();
        self.rows = rows.len();
        Ok(())
    }

    /// Makes room for `time` more tokens, as numbers.
    fn grow_numbers(&mut self, config: &ModelConfig, time: usize) {
        let needed = self.seen + time;
        if needed <= self.capacity {
            return;
        }
        let capacity = needed.next_power_of_two().max(64);
        self.numbers.resize_with(config.layers, Kept::default);
        for kept in &mut self.numbers {
            let heads = self.rows * config.kv_heads;
            *kept = kept.grown(self.seen, self.capacity, capacity, heads, config.head_dim);
        }
        self.capacity = capacity;
    }

    /// Makes room for `time` more tokens.
    fn grow(&mut self, config: &ModelConfig, time: usize, dtype: DType, device: &Device) -> Result<()> {
        let needed = self.seen + time;
        if needed <= self.capacity {
            return Ok(());
        }
        let capacity = needed.next_power_of_two().max(64);
        let empty = || Tensor::zeros((self.rows, config.kv_heads, capacity, config.head_dim), dtype, device);
        let mut kept = Vec::with_capacity(config.layers);
        for layer in 0..config.layers {
            let (k, v) = (empty()?, empty()?);
            if self.seen > 0 {
                let (old_k, old_v) = &self.kept[layer];
                k.slice_set(&old_k.narrow(2, 0, self.seen)?.contiguous()?, 2, 0)?;
                v.slice_set(&old_v.narrow(2, 0, self.seen)?.contiguous()?, 2, 0)?;
            }
            kept.push((k, v));
        }
        (self.kept, self.capacity) = (kept, capacity);
        Ok(())
    }

    /// Where the new tokens stand, by row; padding stands at 0.
    fn positions(&self, time: usize) -> Vec<u32> {
        let of = |padding: &usize| {
            let padding = *padding;
            (self.seen..self.seen + time).map(move |i| i.saturating_sub(padding) as u32)
        };
        self.padding.iter().flat_map(of).collect()
    }

    /// `[rows, 1, 1, time, seen + time]`: 0 where a new token sees another, −∞ where not. Padding sees itself.
    fn mask(&self, time: usize, dtype: DType, device: &Device) -> Result<Tensor> {
        let keys = self.seen + time;
        let mut mask = vec![f32::NEG_INFINITY; self.rows * time * keys];
        for (i, line) in mask.chunks_mut(keys).enumerate() {
            let place = self.seen + i % time;
            line[self.padding[i / time].min(place)..=place].fill(0.0);
        }
        Ok(Tensor::from_vec(mask, (self.rows, 1, 1, time, keys), device)?.to_dtype(dtype)?)
    }
}

impl Decoder {
    /// Reads the next tokens of each row (row by row, all rows as many) and returns what the last norm gives for them,
    /// `[rows · time, width]`. `weights` are a detached view.
    ///
    /// # Errors
    /// A token is out of the vocabulary, or the context is full.
    pub fn advance(&self, weights: &Weights, tokens: &[u32], cache: &mut Cache) -> Result<Tensor> {
        let config = self.config();
        let rows = cache.rows;
        if rows == 0 || tokens.is_empty() || !tokens.len().is_multiple_of(rows) {
            return Err(TrainError::argument("tokens of a step", format!("a multiple of {rows} rows"), tokens.len()));
        }
        let time = tokens.len() / rows;
        if let Some(token) = tokens.iter().find(|&&t| t as usize >= config.vocab_size) {
            return Err(TrainError::argument(
                "a token",
                format!("below the vocabulary's {}", config.vocab_size),
                token,
            ));
        }
        let positions = cache.positions(time);
        if let Some(position) = positions.iter().find(|&&p| p as usize >= config.context) {
            let expected = format!("below the model's context of {}", config.context);
            return Err(TrainError::argument("a position", expected, position));
        }
        let mut x = self.embed(weights, tokens)?;
        if fused::applies(&x) {
            return self.advance_fused(weights, x, &positions, cache);
        }
        let (dtype, device) = (x.dtype(), x.device().clone());
        cache.grow(config, time, dtype, &device)?;
        let turns = self.rope().turns(&positions);
        let table =
            |values: Vec<f32>| Tensor::from_vec(values, (rows, 1, time, config.head_dim / 2), &device)?.to_dtype(dtype);
        let (cos, sin) = (table(turns.cos)?, table(turns.sin)?);
        let mask = cache.mask(time, dtype, &device)?;
        for (block, (all_k, all_v)) in weights.blocks.iter().zip(&cache.kept) {
            let normed = rms_norm(&x, &block.input_norm, config.norm_eps)?;
            let [q, k, v] = project_qkv(config, block, &normed)?;
            let heads = |x: &Tensor| split_heads(x, rows, config.head_dim);
            let q = turn(&heads(&q)?, &cos, &sin)?;
            all_k.slice_set(&turn(&heads(&k)?, &cos, &sin)?.contiguous()?, 2, cache.seen)?;
            all_v.slice_set(&heads(&v)?, 2, cache.seen)?;
            let keys = cache.seen + time;
            let y = attend(&q, &all_k.narrow(2, 0, keys)?, &all_v.narrow(2, 0, keys)?, &mask)?;
            x = self.feed_forward(block, &(x + project(&y, &block.o)?)?)?;
        }
        cache.seen += time;
        Ok(self.last_norm(weights, &x)?)
    }

    /// The same where the fused operations apply.
    fn advance_fused(&self, weights: &Weights, mut x: Tensor, positions: &[u32], cache: &mut Cache) -> Result<Tensor> {
        let config = self.config();
        let time = positions.len() / cache.rows;
        cache.grow_numbers(config, time);
        let turns = self.rope().turns(positions);
        let heads = Heads { queries: config.heads, keys: config.kv_heads, width: config.head_dim };
        let Cache { seen, capacity, padding, numbers, .. } = cache;
        let window = Window { time, seen: *seen, capacity: *capacity, padding };
        for (block, kept) in weights.blocks.iter().zip(numbers) {
            let normed = rms_norm(&x, &block.input_norm, config.norm_eps)?;
            let [q, k, v] = project_qkv(config, block, &normed)?;
            let y = with_numbers(&q, |q| {
                with_numbers(&k, |k| with_numbers(&v, |v| Ok(cached::attend([q, k, v], &turns, heads, kept, &window))))
            })?;
            let y = Tensor::from_vec(y, (positions.len(), config.heads * config.head_dim), x.device())?;
            x = self.feed_forward(block, &(x + project(&y, &block.o)?)?)?;
        }
        *seen += time;
        Ok(self.last_norm(weights, &x)?)
    }
}
