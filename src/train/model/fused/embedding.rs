//! The embedding's rows in, and their gradients back.

use candle_core::{DType, Result, Tensor};

use super::{applies, with_numbers};

/// The rows of `embedding` `[vocab, width]` for these tokens, `[tokens, width]`; without a gradient.
///
/// # Errors
/// A token is out of the vocabulary.
pub fn lookup(embedding: &Tensor, tokens: &[u32]) -> Result<Tensor> {
    let ids = Tensor::from_slice(tokens, tokens.len(), embedding.device())?;
    embedding.detach().index_select(&ids, 0)
}

/// The gradient of the embedding `[vocab, width]` in f32: each token's row of `g` `[tokens, width]` added to its row, in
/// the order of the tokens.
///
/// # Errors
/// The device is out of memory.
pub fn lookup_backward(g: &Tensor, tokens: &[u32], vocab_size: usize) -> Result<Tensor> {
    let (_, width) = g.dims2()?;
    if !applies(g) {
        let ids = Tensor::from_slice(tokens, tokens.len(), g.device())?;
        let zeros = Tensor::zeros((vocab_size, width), DType::F32, g.device())?;
        return zeros.index_add(&ids, &g.to_dtype(DType::F32)?.contiguous()?, 0);
    }
    let mut sum = vec![0.0f32; vocab_size * width];
    with_numbers(g, |gs| {
        for (token, g) in tokens.iter().zip(gs.chunks_exact(width)) {
            for (sum, g) in sum[*token as usize * width..][..width].iter_mut().zip(g) {
                *sum += g;
            }
        }
        Ok(())
    })?;
    Tensor::from_vec(sum, (vocab_size, width), g.device())
}
