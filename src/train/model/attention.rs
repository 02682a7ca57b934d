//! Grouped-query attention.

use candle_core::{D, DType, Result, Tensor};

use super::config::ModelConfig;
use super::fused::{self, attention::Heads};
use super::mlp::project;
use super::norm::rms_norm;
use super::rope::turn;
use super::sequence::Shared;
use super::weights::Block;

/// Queries, keys and values of `x` `[tokens, width]`: `[tokens, heads · head_dim]` each, normed but not yet turned.
///
/// # Errors
/// The shapes do not fit.
pub fn project_qkv(config: &ModelConfig, block: &Block, x: &Tensor) -> Result<[Tensor; 3]> {
    let (mut q, mut k) = (project(x, &block.q)?, project(x, &block.k)?);
    if let Some((q_norm, k_norm)) = &block.qk_norm {
        let by_head = |x: &Tensor, norm: &Tensor| {
            let (tokens, width) = x.dims2()?;
            let heads = x.reshape((tokens * width / config.head_dim, config.head_dim))?;
            rms_norm(&heads, norm, config.norm_eps)?.reshape((tokens, width))
        };
        (q, k) = (by_head(&q, q_norm)?, by_head(&k, k_norm)?);
    }
    Ok([q, k, project(x, &block.v)?])
}

/// Attention of `x` `[tokens, width]` with its projections.
///
/// # Errors
/// The shapes do not fit.
pub fn attention(config: &ModelConfig, block: &Block, x: &Tensor, shared: &Shared) -> Result<Tensor> {
    let [q, k, v] = project_qkv(config, block, x)?;
    let y = if fused::applies(x) {
        let heads = Heads { queries: config.heads, keys: config.kv_heads, width: config.head_dim };
        fused::attention::attention(&q, &k, &v, heads, shared)?
    } else {
        composed(config, [&q, &k, &v], shared)?
    };
    project(&y, &block.o)
}

/// Attention of queries, keys and values from operations that have a gradient.
///
/// # Errors
/// The shapes do not fit.
pub fn composed(config: &ModelConfig, [q, k, v]: [&Tensor; 3], shared: &Shared) -> Result<Tensor> {
    let (cos, sin, mask) = shared.tensors(q.device(), q.dtype())?;
    let heads = |x: &Tensor| split_heads(x, shared.rows, config.head_dim);
    let (q, k) = (turn(&heads(q)?, &cos, &sin)?, turn(&heads(k)?, &cos, &sin)?);
    attend(&q, &k, &heads(v)?, &mask)
}

/// `[rows · time, heads · d]` → `[rows, heads, time, d]`, contiguous.
///
/// # Errors
/// The shapes do not fit.
pub fn split_heads(x: &Tensor, rows: usize, head_dim: usize) -> Result<Tensor> {
    let (tokens, width) = x.dims2()?;
    x.reshape((rows, tokens / rows, width / head_dim, head_dim))?.transpose(1, 2)?.contiguous()
}

/// softmax(q · kᵀ / √d + mask) · v for `q` `[rows, heads, queries, d]` and `k`, `v` `[rows, kv_heads, keys, d]`; the mask
/// `[rows, 1, 1, queries, keys]`. Returns `[rows · queries, heads · d]`.
///
/// A group of query heads is folded into the rows of one product, so that keys and values are not repeated.
///
/// # Errors
/// The shapes do not fit.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (rows, heads, queries, d) = q.dims4()?;
    let (_, kv_heads, keys, _) = k.dims4()?;
    let group = heads / kv_heads;
    let q = (q.reshape((rows, kv_heads, group * queries, d))? / (d as f64).sqrt())?;
    let scores = q.matmul(&k.t()?)?.reshape((rows, kv_heads, group, queries, keys))?.broadcast_add(mask)?;
    let weights = softmax(&scores.to_dtype(DType::F32)?)?.to_dtype(v.dtype())?;
    let y = weights.reshape((rows, kv_heads, group * queries, keys))?.matmul(v)?;
    y.reshape((rows, heads, queries, d))?.transpose(1, 2)?.reshape((rows * queries, heads * d))
}

/// The softmax over the last dimension, with a gradient.
///
/// # Errors
/// The device is out of memory.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    let top = x.detach().max_keepdim(D::Minus1)?;
    let powers = x.broadcast_sub(&top)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)
}
