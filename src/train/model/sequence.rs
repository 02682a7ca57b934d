//! Which tokens a forward pass sees, and what each of them may look at.

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Device, Tensor};

use super::rope::{RopeTable, Turns};
use crate::train::error::{Result, TrainError};

/// Rows of tokens of one length. Several documents may be packed into a row: each sees itself only, and its positions
/// begin at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences {
    /// Rows.
    pub rows: usize,
    /// Tokens a row.
    pub time: usize,
    /// The tokens, row by row.
    pub tokens: Vec<u32>,
    /// The place of each token in its document.
    pub positions: Vec<u32>,
    /// For each token the place in its row where its document begins; it sees from there to itself.
    pub starts: Vec<u32>,
}

impl Sequences {
    /// Rows that are a document each, or plain concatenations whose documents see one another.
    ///
    /// # Errors
    /// The tokens are not a number of whole rows.
    pub fn plain(rows: usize, tokens: Vec<u32>) -> Result<Self> {
        let time = tokens.len().checked_div(rows).unwrap_or_default();
        Self::packed(rows, tokens, &vec![0; rows * time])
    }

    /// Rows of packed documents: tokens beside one another with the same segment number are one document.
    ///
    /// # Errors
    /// The tokens are not a number of whole rows, or the segments are not one a token.
    pub fn packed(rows: usize, tokens: Vec<u32>, segments: &[u32]) -> Result<Self> {
        if rows == 0 || tokens.is_empty() || !tokens.len().is_multiple_of(rows) {
            return Err(TrainError::argument("tokens of a batch", format!("a multiple of {rows} rows"), tokens.len()));
        }
        if segments.len() != tokens.len() {
            return Err(TrainError::argument("segments of a batch", tokens.len(), segments.len()));
        }
        let time = tokens.len() / rows;
        let (mut positions, mut starts) = (Vec::with_capacity(tokens.len()), Vec::with_capacity(tokens.len()));
        for row in segments.chunks(time) {
            let mut start = 0;
            for (i, segment) in row.iter().enumerate() {
                if i > 0 && row[i - 1] != *segment {
                    start = i as u32;
                }
                positions.push(i as u32 - start);
                starts.push(start);
            }
        }
        Ok(Self { rows, time, tokens, positions, starts })
    }

    /// Checks that all tokens are in the vocabulary and all positions in the context.
    ///
    /// # Errors
    /// One is not.
    pub fn check(&self, vocab_size: usize, context: usize) -> Result<()> {
        if let Some(token) = self.tokens.iter().find(|&&t| t as usize >= vocab_size) {
            return Err(TrainError::argument("a token", format!("below the vocabulary's {vocab_size}"), token));
        }
        if let Some(position) = self.positions.iter().find(|&&p| p as usize >= context) {
            return Err(TrainError::argument(
                "a position",
                format!("below the model's context of {context}"),
                position,
            ));
        }
        Ok(())
    }
}

/// What the blocks of a forward pass share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Rows.
    pub rows: usize,
    /// Tokens a row.
    pub time: usize,
    /// Cosines and sines, a row a token.
    pub turns: Arc<Turns>,
    /// For each token where what it sees begins.
    pub starts: Arc<Vec<u32>>,
    composed: Arc<OnceLock<(Tensor, Tensor, Tensor)>>,
}

impl Shared {
    /// Looks up the positions of `sequences`.
    #[must_use]
    pub fn new(sequences: &Sequences, rope: &RopeTable) -> Self {
        Self {
            rows: sequences.rows,
            time: sequences.time,
            turns: Arc::new(rope.turns(&sequences.positions)),
            starts: Arc::new(sequences.starts.clone()),
            composed: Arc::default(),
        }
    }

    /// For the composed operations: cosines and sines `[rows, 1, time, head_dim / 2]` and the mask
    /// `[rows, 1, 1, time, time]`, 0 where a token sees another and −∞ where not.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn tensors(&self, device: &Device, dtype: DType) -> candle_core::Result<(Tensor, Tensor, Tensor)> {
        if let Some(made) = self.composed.get() {
            return Ok(made.clone());
        }
        let (rows, time) = (self.rows, self.time);
        let half = self.turns.cos.len() / (rows * time);
        let table = |values: &[f32]| Tensor::from_slice(values, (rows, 1, time, half), device)?.to_dtype(dtype);
        let mut mask = vec![f32::NEG_INFINITY; rows * time * time];
        for (i, line) in mask.chunks_mut(time).enumerate() {
            line[self.starts[i] as usize..=i % time].fill(0.0);
        }
        let mask = Tensor::from_vec(mask, (rows, 1, 1, time, time), device)?.to_dtype(dtype)?;
        let made = (table(&self.turns.cos)?, table(&self.turns.sin)?, mask);
        Ok(self.composed.get_or_init(|| made).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_begin_at_zero_and_see_themselves() {
        let packed = Sequences::packed(2, (0..10).collect(), &[7, 7, 7, 8, 8, 1, 2, 2, 2, 2]).unwrap();
        assert_eq!(packed.positions, [0, 1, 2, 0, 1, 0, 0, 1, 2, 3]);
        assert_eq!(packed.starts, [0, 0, 0, 3, 3, 0, 1, 1, 1, 1]);
        assert!(packed.check(10, 4).is_ok());
        let error = packed.check(9, 4).unwrap_err().to_string();
        assert_eq!(error, "a token: expected below the vocabulary's 9, found 9");
        assert!(packed.check(10, 3).unwrap_err().to_string().starts_with("a position: expected below the model's"));
    }

    #[test]
    fn rows_are_whole() {
        assert!(Sequences::plain(2, vec![1, 2, 3]).is_err());
        assert!(Sequences::plain(0, vec![]).is_err());
        assert!(Sequences::packed(1, vec![1, 2], &[0]).is_err());
    }

    #[test]
    fn the_mask_is_block_diagonal() {
        let packed = Sequences::packed(1, vec![0; 3], &[0, 0, 1]).unwrap();
        let rope = super::super::config::Rope { theta: 10.0, scaling: super::super::config::RopeScaling::Default };
        let shared = Shared::new(&packed, &RopeTable::new(&rope, 2));
        let (_, _, mask) = shared.tensors(&Device::Cpu, DType::F32).unwrap();
        let seen: Vec<bool> = mask.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().map(|m| *m == 0.0).collect();
        assert_eq!(seen, [true, false, false, true, true, false, false, false, true]);
    }
}
