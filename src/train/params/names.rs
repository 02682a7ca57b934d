//! The names and shapes of a model's tensors, as transformers has them.

use crate::train::model::config::ModelConfig;

/// The embedding.
pub const EMBEDDING: &str = "model.embed_tokens.weight";
/// The norm after the last block.
pub const NORM: &str = "model.norm.weight";
/// The head, where it is not the embedding.
pub const HEAD: &str = "lm_head.weight";

/// The projections of a block, by their place in the block: what LoRA chooses from.
pub const PROJECTIONS: [&str; 7] = [
    "mlp.down_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "self_attn.k_proj",
    "self_attn.o_proj",
    "self_attn.q_proj",
    "self_attn.v_proj",
];

/// The name of a tensor of block `layer`.
#[must_use]
pub fn of_block(layer: usize, tensor: &str) -> String {
    format!("model.layers.{layer}.{tensor}")
}

/// The width that a projection of a block reads and the one that it writes.
#[must_use]
pub fn projection_shape(config: &ModelConfig, projection: &str) -> Option<(usize, usize)> {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let (q, kv) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
    Some(match projection {
        "mlp.down_proj" => (inner, hidden),
        "mlp.gate_proj" | "mlp.up_proj" => (hidden, inner),
        "self_attn.k_proj" | "self_attn.v_proj" => (hidden, kv),
        "self_attn.o_proj" => (q, hidden),
        "self_attn.q_proj" => (hidden, q),
        _ => return None,
    })
}

/// All tensors with their shapes, sorted by name.
#[must_use]
pub fn shapes(config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
    let (vocab, hidden) = (config.vocab_size, config.hidden_size);
    let mut all = vec![(EMBEDDING.to_owned(), vec![vocab, hidden]), (NORM.to_owned(), vec![hidden])];
    if !config.tied {
        all.push((HEAD.to_owned(), vec![vocab, hidden]));
    }
    for layer in 0..config.layers {
        let mut add = |tensor: &str, shape: Vec<usize>| all.push((of_block(layer, tensor), shape));
        add("input_layernorm.weight", vec![hidden]);
        add("post_attention_layernorm.weight", vec![hidden]);
        for projection in PROJECTIONS {
            let Some((input, output)) = projection_shape(config, projection) else { continue };
            add(&format!("{projection}.weight"), vec![output, input]);
            let biased = match projection {
                "self_attn.o_proj" => config.output_bias,
                "self_attn.q_proj" | "self_attn.k_proj" | "self_attn.v_proj" => config.qkv_bias,
                _ => false,
            };
            if biased {
                add(&format!("{projection}.bias"), vec![output]);
            }
        }
        if config.qk_norm {
            add("self_attn.q_norm.weight", vec![config.head_dim]);
            add("self_attn.k_norm.weight", vec![config.head_dim]);
        }
    }
    all.sort();
    all
}
