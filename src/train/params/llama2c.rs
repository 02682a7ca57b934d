//! Checkpoints of llama2.c, version 0: seven numbers, then f32 tensors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::gguf::halves_from_pairs;
use super::names::{EMBEDDING, HEAD, NORM, of_block};
use crate::train::error::{Result, TrainError};
use crate::train::model::config::ModelConfig;

const FORM: &str = "a llama2.c checkpoint, version 0";
const HEADER_BYTES: usize = 28;

/// A checkpoint in memory: these are small models.
pub struct Llama2c {
    /// The shape of the model.
    pub config: ModelConfig,
    path: PathBuf,
    tensors: BTreeMap<String, Vec<f32>>,
}

impl Llama2c {
    /// Reads a file.
    ///
    /// # Errors
    /// It is missing, or its length is not what its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
        Self::parse(&bytes, path)
    }

    /// Reads the bytes of a file; `path` is what errors name.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let wrong = |reason: String| TrainError::format(path, FORM, reason);
        let Some((head, body)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(wrong(format!("{} bytes are less than a header", bytes.len())));
        };
        let header: Vec<i32> = head.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b)).collect();
        let small = |n: i32| usize::try_from(n).ok().filter(|n| (1..1 << 24).contains(n));
        let sizes: Option<Vec<usize>> = header.iter().map(|n| small(n.saturating_abs())).collect();
        let Some(&[dim, inner, layers, heads, kv_heads, vocab, context]) = sizes.as_deref() else {
            return Err(wrong(format!("its header is {header:?}")));
        };
        if header.iter().enumerate().any(|(i, n)| *n < 0 && i != 5) || !dim.is_multiple_of(heads) {
            return Err(wrong(format!("its header is {header:?}")));
        }
        // A positive vocabulary means that the head is the embedding.
        let tied = header[5] > 0;
        let map = json!({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": vocab, "hidden_size": dim,
            "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
            "num_key_value_heads": kv_heads, "max_position_embeddings": context, "rms_norm_eps": 1e-5,
            "rope_theta": 10_000.0, "tie_word_embeddings": tied, "bos_token_id": 1, "eos_token_id": 2,
        });
        let config = ModelConfig::from_map(map.as_object().cloned().unwrap_or_default(), path)?;
        let kv = kv_heads * config.head_dim;
        // By name, or by the part of a block: rows and columns, in the order of the file.
        let parts: [(&str, usize, usize); 9] = [
            ("input_layernorm", 1, dim),
            ("self_attn.q_proj", dim, dim),
            ("self_attn.k_proj", kv, dim),
            ("self_attn.v_proj", kv, dim),
            ("self_attn.o_proj", dim, dim),
            ("post_attention_layernorm", 1, dim),
            ("mlp.gate_proj", inner, dim),
            ("mlp.down_proj", dim, inner),
            ("mlp.up_proj", inner, dim),
        ];
        let tables = 2 * context * config.head_dim / 2;
        let in_blocks: usize = parts.iter().map(|(_, rows, cols)| rows * cols).sum();
        let numbers = vocab * dim * if tied { 1 } else { 2 } + layers * in_blocks + dim + tables;
        if body.len() != numbers * 4 {
            return Err(wrong(format!(
                "its header asks for {} bytes, it has {}",
                numbers * 4 + HEADER_BYTES,
                bytes.len()
            )));
        }
        let mut rest = body.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
        let mut take = |n: usize| rest.by_ref().take(n).collect::<Vec<f32>>();
        let mut tensors = BTreeMap::new();
        tensors.insert(EMBEDDING.to_owned(), take(vocab * dim));
        for (part, rows, cols) in parts {
            for layer in 0..layers {
                let numbers = take(rows * cols);
                let numbers = match part {
                    "self_attn.q_proj" => halves_from_pairs(&numbers, heads, config.head_dim),
                    "self_attn.k_proj" => halves_from_pairs(&numbers, kv_heads, config.head_dim),
                    _ => numbers,
                };
                tensors.insert(of_block(layer, &format!("{part}.weight")), numbers);
            }
        }
        tensors.insert(NORM.to_owned(), take(dim));
        _ = take(tables);
        if !tied {
            tensors.insert(HEAD.to_owned(), take(vocab * dim));
        }
        Ok(Self { config, path: path.to_owned(), tensors })
    }

    /// The numbers of a tensor, by its name in transformers.
    ///
    /// # Errors
    /// There is none.
    pub fn read(&self, name: &str) -> Result<Vec<f32>> {
        let problem = || TrainError::Tensors { path: self.path.clone(), problems: vec![format!("{name}: not there")] };
        self.tensors.get(name).cloned().ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(vocab: i32) -> Vec<u8> {
        let header = [8, 6, 2, 2, 1, vocab, 4];
        let mut bytes: Vec<u8> = header.iter().flat_map(|n: &i32| n.to_le_bytes()).collect();
        let in_blocks = 2 * (8 + 64 + 32 + 32 + 64 + 8 + 48 * 3);
        let heads = if vocab > 0 { 1 } else { 2 };
        let numbers = 5 * 8 * heads + in_blocks + 8 + 16;
        bytes.extend((0..numbers).flat_map(|n| (n as f32).to_le_bytes()));
        bytes
    }

    #[test]
    fn tensors_stand_where_the_format_says() {
        for vocab in [5, -5] {
            let model = Llama2c::parse(&file(vocab), Path::new("m.bin")).unwrap();
            assert_eq!((model.config.tied, model.config.vocab_size, model.config.head_dim), (vocab > 0, 5, 4));
            assert_eq!(model.read("model.layers.1.input_layernorm.weight").unwrap()[0], 48.0);
            // The first of q's rows stays, the second is the third of the file.
            let q = model.read("model.layers.0.self_attn.q_proj.weight").unwrap();
            assert_eq!((q[0], q[8], q[16]), (56.0, 72.0, 64.0));
            for (name, shape) in crate::train::params::names::shapes(&model.config) {
                assert_eq!(model.read(&name).unwrap().len(), shape.iter().product::<usize>(), "{name}");
            }
        }
    }

    #[test]
    fn damage_is_named() {
        let good = file(5);
        let mut long = good.clone();
        long.push(0);
        for bytes in [&good[..20], &good[..good.len() - 4], &long] {
            let error = Llama2c::parse(bytes, Path::new("m.bin")).err().unwrap().to_string();
            assert!(error.starts_with("m.bin: expected a llama2.c checkpoint"), "{error}");
        }
        let mut negative = good;
        negative[0..4].copy_from_slice(&(-8i32).to_le_bytes());
        assert!(Llama2c::parse(&negative, Path::new("m.bin")).is_err());
    }
}
