//! GGUF files in: dequantised weights, with the shape of the model from the file's metadata.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use serde_json::{Map, json};

use super::names;
use crate::train::error::{Result, TrainError};
use crate::train::model::config::{Architecture, ModelConfig};

const FORM: &str = "GGUF";

/// An opened GGUF file.
pub struct Gguf {
    path: PathBuf,
    content: Content,
    file: Mutex<BufReader<File>>,
}

impl Gguf {
    /// Opens a file and reads its metadata.
    ///
    /// # Errors
    /// It is missing, truncated or not GGUF.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(TrainError::read(path))?;
        let mut file = BufReader::new(file);
        let content = Content::read(&mut file).map_err(|e| TrainError::format(path, FORM, e))?;
        Ok(Self { path: path.to_owned(), content, file: Mutex::new(file) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A value of the metadata.
    pub(crate) fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(key)
    }

    pub(crate) fn wrong(&self, key: &str, expected: &str) -> TrainError {
        let found = match self.value(key) {
            None => "nothing".to_owned(),
            Some(Value::Array(list)) => format!("a list of {}", list.len()),
            Some(value) => format!("{value:?}"),
        };
        TrainError::Config { path: self.path.clone(), key: key.to_owned(), expected: expected.to_owned(), found }
    }

    pub(crate) fn optional_size(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let size = match value {
            Value::U32(n) => Some(*n as usize),
            Value::U64(n) => Some(*n as usize),
            Value::I32(n) => usize::try_from(*n).ok(),
            Value::I64(n) => usize::try_from(*n).ok(),
            _ => None,
        };
        size.map(Some).ok_or_else(|| self.wrong(key, "a whole number"))
    }

    fn size(&self, key: &str) -> Result<usize> {
        self.optional_size(key)?.ok_or_else(|| self.wrong(key, "a whole number"))
    }

    fn number(&self, key: &str) -> Result<Option<f64>> {
        match self.value(key) {
            None => Ok(None),
            // A decimal that was rounded to f32 reads as that decimal again.
            Some(Value::F32(n)) => Ok(n.to_string().parse().ok()),
            Some(Value::F64(n)) => Ok(Some(*n)),
            Some(_) => Err(self.wrong(key, "a number")),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// A list of the metadata, `None` where there is none; `item` says what one of its values is.
    fn list<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        item: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let list = if let Value::Array(list) = value { list.iter().map(item).collect() } else { None };
        list.map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>> {
        self.list(key, "a list of strings", |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(crate) fn whole_numbers(&self, key: &str) -> Result<Option<Vec<i64>>> {
        self.list(key, "a list of whole numbers", |value| match value {
            Value::I32(n) => Some(i64::from(*n)),
            Value::U32(n) => Some(i64::from(*n)),
            Value::I64(n) => Some(*n),
            _ => None,
        })
    }

    pub(crate) fn numbers(&self, key: &str) -> Result<Option<Vec<f32>>> {
        self.list(key, "a list of numbers", |value| if let Value::F32(n) = value { Some(*n) } else { None })
    }

    /// The shape of the model.
    ///
    /// # Errors
    /// The family is not supported, a key is missing, or its rotary embedding can't be told from the file.
    pub fn config(&self) -> Result<ModelConfig> {
        let key = "general.architecture";
        let architecture = match self.text(key)? {
            Some("llama") => Architecture::Llama,
            Some("qwen2") => Architecture::Qwen2,
            Some("qwen3") => Architecture::Qwen3,
            _ => return Err(self.wrong(key, "one of llama, qwen2, qwen3")),
        };
        if self.content.tensor_infos.contains_key("rope_freqs.weight") {
            let reason =
                "its rotary embedding is stretched by a table (rope_freqs); take the safetensors of this model";
            return Err(TrainError::format(&self.path, FORM, reason));
        }
        let of = |name: &str| format!("{}.{name}", architecture.model_type());
        let heads = self.size(&of("attention.head_count"))?;
        let embedding = self.content.tensor_infos.get("token_embd.weight").map(|info| info.shape.dims());
        let Some(&[vocab_size, _]) = embedding else {
            return Err(TrainError::format(&self.path, FORM, "it has no matrix token_embd.weight"));
        };
        let mut map = Map::new();
        let mut set = |key: &str, value| _ = map.insert(key.to_owned(), value);
        set("architectures", json!([architecture.name()]));
        set("vocab_size", json!(vocab_size));
        set("hidden_size", json!(self.size(&of("embedding_length"))?));
        set("intermediate_size", json!(self.size(&of("feed_forward_length"))?));
        set("num_hidden_layers", json!(self.size(&of("block_count"))?));
        set("num_attention_heads", json!(heads));
        set("num_key_value_heads", json!(self.optional_size(&of("attention.head_count_kv"))?.unwrap_or(heads)));
        set("max_position_embeddings", json!(self.size(&of("context_length"))?));
        set("rms_norm_eps", json!(self.number(&of("attention.layer_norm_rms_epsilon"))?.unwrap_or(1e-6)));
        set("rope_theta", json!(self.number(&of("rope.freq_base"))?.unwrap_or(10_000.0)));
        if let Some(dim) = self.optional_size(&of("attention.key_length"))? {
            set("head_dim", json!(dim));
        }
        let scaling = of("rope.scaling.type");
        match self.text(&scaling)? {
            None | Some("none") => {}
            Some("linear") => {
                set("rope_scaling", json!({"type": "linear", "factor": self.number(&of("rope.scaling.factor"))?}));
            }
            Some(_) => return Err(self.wrong(&scaling, "none or linear")),
        }
        set("tie_word_embeddings", json!(!self.content.tensor_infos.contains_key("output.weight")));
        if architecture != Architecture::Qwen2 {
            set("attention_bias", json!(self.content.tensor_infos.contains_key("blk.0.attn_q.bias")));
        }
        for (key, token) in [("bos_token_id", "bos"), ("eos_token_id", "eos"), ("pad_token_id", "padding")] {
            if let Some(id) = self.optional_size(&format!("tokenizer.ggml.{token}_token_id"))? {
                set(key, json!(id));
            }
        }
        ModelConfig::from_map(map, &self.path)
    }

    /// The file's names of the tensors wanted, checked: none missing, none misshapen; all problems are listed.
    ///
    /// # Errors
    /// They do not fit.
    pub fn check(&self, wanted: &[(String, Vec<usize>)]) -> Result<()> {
        let mut problems = Vec::new();
        for (name, shape) in wanted {
            let own = own_name(name);
            match self.content.tensor_infos.get(&own) {
                None => problems.push(format!("{own} ({name}): expected {shape:?}, found nothing")),
                Some(info) if info.shape.dims() != shape.as_slice() => {
                    problems.push(format!("{own} ({name}): expected {shape:?}, found {:?}", info.shape.dims()));
                }
                Some(_) => {}
            }
        }
        let known: BTreeSet<String> = wanted.iter().map(|(name, _)| own_name(name)).collect();
        let mut others: Vec<&String> = self.content.tensor_infos.keys().filter(|k| !known.contains(*k)).collect();
        others.sort();
        problems.extend(others.iter().map(|name| format!("{name}: expected no such tensor")));
        if problems.is_empty() { Ok(()) } else { Err(TrainError::Tensors { path: self.path.clone(), problems }) }
    }

    /// The numbers of a tensor, by its name in transformers, in transformers' order.
    ///
    /// # Errors
    /// There is none, or the file is truncated.
    pub fn read(&self, config: &ModelConfig, name: &str) -> Result<Vec<f32>> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let failed = |e: candle_core::Error| TrainError::format(&self.path, FORM, e);
        let tensor = self.content.tensor(&mut *file, &own_name(name), &Device::Cpu).map_err(failed)?;
        let tensor = tensor.dequantize(&Device::Cpu).map_err(failed)?;
        let numbers = tensor.flatten_all()?.to_vec1::<f32>()?;
        // Llama's files have the rows of q and k in the order of neighbouring pairs.
        let heads = match () {
            () if config.architecture != Architecture::Llama => return Ok(numbers),
            () if name.contains(".q_proj.") => config.heads,
            () if name.contains(".k_proj.") => config.kv_heads,
            () => return Ok(numbers),
        };
        Ok(halves_from_pairs(&numbers, heads, config.head_dim))
    }
}

/// Rows of q or k for a rotary embedding of neighbouring pairs (2i, 2i + 1), put in the order for one of halves
/// (i, i + d/2).
#[must_use]
pub fn halves_from_pairs(numbers: &[f32], heads: usize, head_dim: usize) -> Vec<f32> {
    let row = numbers.len() / (heads * head_dim);
    let mut out = Vec::with_capacity(numbers.len());
    for head in numbers.chunks_exact(head_dim * row) {
        for part in 0..2 {
            for pair in 0..head_dim / 2 {
                out.extend_from_slice(&head[(2 * pair + part) * row..][..row]);
            }
        }
    }
    out
}

/// The name in GGUF of a tensor of transformers.
fn own_name(name: &str) -> String {
    const TENSORS: [(&str, &str); 11] = [
        ("input_layernorm", "attn_norm"),
        ("mlp.down_proj", "ffn_down"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.v_proj", "attn_v"),
    ];
    match name {
        names::EMBEDDING => return "token_embd.weight".to_owned(),
        names::NORM => return "output_norm.weight".to_owned(),
        names::HEAD => return "output.weight".to_owned(),
        _ => {}
    }
    let parts = name.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.'));
    let parts = parts.and_then(|(layer, rest)| Some((layer, rest.rsplit_once('.')?)));
    let Some((layer, (tensor, kind))) = parts else { return name.to_owned() };
    let own = TENSORS.iter().find(|(hf, _)| *hf == tensor).map_or(tensor, |(_, own)| own);
    format!("blk.{layer}.{own}.{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_blocks() {
        assert_eq!(own_name("model.layers.12.self_attn.q_proj.bias"), "blk.12.attn_q.bias");
        assert_eq!(own_name("model.layers.0.post_attention_layernorm.weight"), "blk.0.ffn_norm.weight");
        assert_eq!(own_name("lm_head.weight"), "output.weight");
    }

    #[test]
    fn pairs_become_halves() {
        // Two heads of width four, rows of one number.
        let pairs = [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0];
        assert_eq!(halves_from_pairs(&pairs, 2, 4), [0.0, 2.0, 1.0, 3.0, 10.0, 12.0, 11.0, 13.0]);
        let rows = [0.0, 0.5, 1.0, 1.5];
        assert_eq!(halves_from_pairs(&rows, 1, 2), rows);
    }
}
