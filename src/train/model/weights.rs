//! The tensors of a model by their place in it: a view on [`Params`], tracked for training or detached for everything
//! else. Both share the storage of the parameters, so that a step of the optimiser is seen at once.

use candle_core::Tensor;

use super::config::ModelConfig;
use crate::train::error::Result;
use crate::train::lora::Lora;
use crate::train::params::{Params, names};

/// A low-rank addition to a projection: scale · B · A.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// `[rank, in]`.
    pub a: Tensor,
    /// `[out, rank]`.
    pub b: Tensor,
    /// α / rank.
    pub scale: f64,
}

/// A linear map.
#[derive(Clone, Debug)]
pub struct Projection {
    /// `[out, in]`.
    pub weight: Tensor,
    /// `[out]`.
    pub bias: Option<Tensor>,
    /// A low-rank addition.
    pub adapter: Option<Adapter>,
}

/// The tensors of a block.
#[derive(Clone, Debug)]
pub struct Block {
    /// The norm before attention.
    pub input_norm: Tensor,
    /// Queries.
    pub q: Projection,
    /// Keys.
    pub k: Projection,
    /// Values.
    pub v: Projection,
    /// Out of attention.
    pub o: Projection,
    /// Norms of queries and keys, by head.
    pub qk_norm: Option<(Tensor, Tensor)>,
    /// The norm before the MLP.
    pub inner_norm: Tensor,
    /// The gate.
    pub gate: Projection,
    /// What is gated.
    pub up: Projection,
    /// Out of the MLP.
    pub down: Projection,
}

/// The tensors of a model.
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[vocab, width]`.
    pub embedding: Tensor,
    /// The blocks, in order.
    pub blocks: Vec<Block>,
    /// The last norm.
    pub norm: Tensor,
    /// `[vocab, width]`; the embedding where tied.
    pub head: Tensor,
}

/// Whether gradients are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Of what is trainable.
    Tracked,
    /// Of nothing: no graph is kept.
    Detached,
}

impl Weights {
    /// Finds the tensors of a model.
    ///
    /// # Errors
    /// One is missing.
    pub fn new(config: &ModelConfig, params: &Params, lora: Option<&Lora>, view: View) -> Result<Self> {
        let find = |name: &str| params.tensor(name, view);
        let blocks = (0..config.layers).map(|layer| {
            let of = |tensor: &str| find(&names::of_block(layer, tensor));
            let projection = |name: &str, biased: bool| {
                let bias = if biased { Some(of(&format!("{name}.bias"))?) } else { None };
                let full = names::of_block(layer, name);
                let adapter = match lora {
                    Some(lora) => lora.adapter(&full, view)?,
                    None => None,
                };
                Ok::<_, crate::train::error::TrainError>(Projection {
                    weight: of(&format!("{name}.weight"))?,
                    bias,
                    adapter,
                })
            };
            let qk_norm = if config.qk_norm {
                Some((of("self_attn.q_norm.weight")?, of("self_attn.k_norm.weight")?))
            } else {
                None
            };
            Ok(Block {
                input_norm: of("input_layernorm.weight")?,
                q: projection("self_attn.q_proj", config.qkv_bias)?,
                k: projection("self_attn.k_proj", config.qkv_bias)?,
                v: projection("self_attn.v_proj", config.qkv_bias)?,
                o: projection("self_attn.o_proj", config.output_bias)?,
                qk_norm,
                inner_norm: of("post_attention_layernorm.weight")?,
                gate: projection("mlp.gate_proj", false)?,
                up: projection("mlp.up_proj", false)?,
                down: projection("mlp.down_proj", false)?,
            })
        });
        Ok(Self {
            blocks: blocks.collect::<Result<_>>()?,
            embedding: find(names::EMBEDDING)?,
            norm: find(names::NORM)?,
            head: find(if config.tied { names::EMBEDDING } else { names::HEAD })?,
        })
    }
}
