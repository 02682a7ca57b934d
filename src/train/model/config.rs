//! What a model is: `config.json` read into a checked type, and written back.
//!
//! Other readers fall back to a default where a key has another name (rope θ 10,000 where the file says
//! `rope_parameters`, say), and the model is silently another one. This one knows both forms of the file, and refuses
//! what it does not know.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::super::error::{Result, TrainError};

/// The families of models, by their name in `architectures`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Llama, and what has its form: DeepSeek-LLM, DeepSeek-Coder, SmolLM2.
    Llama,
    /// Qwen2 and Qwen2.5: bias on q, k and v.
    Qwen2,
    /// Qwen3: norms on q and k.
    Qwen3,
}

impl Architecture {
    const ALL: [Self; 3] = [Self::Llama, Self::Qwen2, Self::Qwen3];

    /// The name in `architectures`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
        }
    }

    /// The name in `model_type`.
    #[must_use]
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
        }
    }
}

/// How the frequencies of the rotary embedding are stretched to a longer context.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    /// Not at all.
    Default,
    /// Each divided by the factor (DeepSeek-Coder: 4).
    Linear {
        /// The factor.
        factor: f64,
    },
    /// Low ones divided by the factor, high ones kept, those between blended (Llama 3.1).
    Llama3 {
        /// The factor.
        factor: f64,
        /// Waves longer than `original_context / low_freq_factor` are stretched in full.
        low_freq_factor: f64,
        /// Waves shorter than `original_context / high_freq_factor` are kept.
        high_freq_factor: f64,
        /// The context before stretching.
        original_context: usize,
    },
}

/// The rotary embedding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rope {
    /// The base θ: pair i turns by θ^(−2i/d) a position.
    pub theta: f64,
    /// Its stretching.
    pub scaling: RopeScaling,
}

/// The shape of a model. A checked value: heads divide, sizes are not zero.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "they are keys of the file, each on its own")]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the MLP.
    pub intermediate_size: usize,
    /// Blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Longest context, tokens.
    pub context: usize,
    /// ε of the norms.
    pub norm_eps: f64,
    /// The rotary embedding.
    pub rope: Rope,
    /// Whether the head is the embedding.
    pub tied: bool,
    /// Bias on q, k and v.
    pub qkv_bias: bool,
    /// Bias on the output projection of attention.
    pub output_bias: bool,
    /// Norms on q and k, by head.
    pub qk_norm: bool,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// The file as it was read, so that writing it back keeps what the trainer does not use.
    pub rest: Map<String, Value>,
}

/// A config file being read: each error names file and key.
struct Reader<'a> {
    path: &'a Path,
    prefix: &'static str,
    map: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn error(&self, key: &str, expected: impl ToString, found: Option<&Value>) -> TrainError {
        TrainError::Config {
            path: self.path.to_owned(),
            key: format!("{}{key}", self.prefix),
            expected: expected.to_string(),
            found: found.map_or_else(|| "nothing".to_owned(), Value::to_string),
        }
    }

    /// The value, `None` where the key is missing or null.
    fn value(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn optional_size(&self, key: &str) -> Result<Option<usize>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let size = value.as_u64().filter(|&n| n > 0 && n < 1 << 40);
        size.map(|n| Some(n as usize)).ok_or_else(|| self.error(key, "a positive whole number", Some(value)))
    }

    fn size(&self, key: &str) -> Result<usize> {
        self.optional_size(key)?.ok_or_else(|| self.error(key, "a positive whole number", None))
    }

    fn optional_number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let number = value.as_f64().filter(|n| n.is_finite() && *n > 0.0);
        number.map(Some).ok_or_else(|| self.error(key, "a positive number", Some(value)))
    }

    fn number(&self, key: &str) -> Result<f64> {
        self.optional_number(key)?.ok_or_else(|| self.error(key, "a positive number", None))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.error(key, "true or false", Some(value)))
    }

    fn text(&self, key: &str) -> Result<Option<&str>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.error(key, "a string", Some(value)))
    }

    /// The family, by `architectures` or else `model_type`; where both are there, they agree.
    fn architecture(&self) -> Result<Architecture> {
        let names = || Architecture::ALL.map(Architecture::name).join(", ");
        let by_name = match self.value("architectures") {
            None => None,
            Some(value) => {
                let name = value.as_array().and_then(|list| list.first()).and_then(Value::as_str);
                let known = Architecture::ALL.into_iter().find(|a| Some(a.name()) == name);
                Some(known.ok_or_else(|| self.error("architectures", format!("one of {}", names()), Some(value)))?)
            }
        };
        let types = || Architecture::ALL.map(Architecture::model_type).join(", ");
        let by_type =
            match self.text("model_type")? {
                None => None,
                Some(name) => {
                    let known = Architecture::ALL.into_iter().find(|a| a.model_type() == name);
                    Some(known.ok_or_else(|| {
                        self.error("model_type", format!("one of {}", types()), self.value("model_type"))
                    })?)
                }
            };
        match (by_name, by_type) {
            (Some(a), Some(b)) if a != b => Err(self.error(
                "model_type",
                format!("{:?}, as architectures says", a.model_type()),
                self.value("model_type"),
            )),
            (Some(a), _) | (None, Some(a)) => Ok(a),
            (None, None) => Err(self.error("architectures", format!("one of {}", names()), None)),
        }
    }

    /// Refuses what would make another model of the same tensors.
    fn refuse_unknown(&self) -> Result<()> {
        if let Some(value) = self.value("hidden_act").filter(|v| v.as_str() != Some("silu")) {
            return Err(self.error("hidden_act", "\"silu\"", Some(value)));
        }
        if self.flag("mlp_bias")? == Some(true) {
            return Err(self.error("mlp_bias", "false: biases in the MLP are not supported", self.value("mlp_bias")));
        }
        if self.flag("use_sliding_window")? == Some(true) {
            let expected = "false: sliding windows are not supported";
            return Err(self.error("use_sliding_window", expected, self.value("use_sliding_window")));
        }
        // Without the switch, a window that is named is used (Mistral's way).
        if self.value("use_sliding_window").is_none() && self.value("sliding_window").is_some() {
            let expected = "null: sliding windows are not supported";
            return Err(self.error("sliding_window", expected, self.value("sliding_window")));
        }
        if let Some(value) = self.value("layer_types") {
            let full = |v: &Value| v.as_str() == Some("full_attention");
            if !value.as_array().is_some_and(|list| list.iter().all(full)) {
                return Err(self.error("layer_types", "full_attention in each layer", Some(value)));
            }
        }
        if let Some(value) = self.value("quantization_config") {
            return Err(self.error("quantization_config", "none: quantised weights can't be trained", Some(value)));
        }
        if let Some(value) = self.value("partial_rotary_factor").filter(|v| v.as_f64() != Some(1.0)) {
            return Err(self.error("partial_rotary_factor", "1", Some(value)));
        }
        if let Some(value) = self.value("attention_dropout").filter(|v| v.as_f64() != Some(0.0)) {
            return Err(self.error("attention_dropout", "0: dropout is not supported", Some(value)));
        }
        Ok(())
    }

    /// The rotary embedding, from the old keys or from `rope_parameters`.
    fn rope(&self, context: usize) -> Result<Rope> {
        let theta = self.optional_number("rope_theta")?;
        let new = self.value("rope_parameters");
        let old = self.value("rope_scaling");
        if new.is_some() && old.is_some() && new != old {
            return Err(self.error("rope_scaling", "none beside rope_parameters", old));
        }
        let (prefix, value) = match (new, old) {
            (Some(value), _) => ("rope_parameters.", value),
            (None, Some(value)) => ("rope_scaling.", value),
            // Llama 1 and its kin name no θ; it is 10,000.
            (None, None) => return Ok(Rope { theta: theta.unwrap_or(10_000.0), scaling: RopeScaling::Default }),
        };
        let Some(map) = value.as_object() else {
            return Err(self.error(prefix.trim_end_matches('.'), "a table", Some(value)));
        };
        let inner = Reader { path: self.path, prefix, map };
        let own = inner.optional_number("rope_theta")?;
        let theta = match (own, theta) {
            (Some(a), Some(b)) if (a - b).abs() > f64::EPSILON * a => {
                return Err(self.error(
                    "rope_theta",
                    format!("{a}, as {prefix}rope_theta says"),
                    self.value("rope_theta"),
                ));
            }
            (Some(theta), _) | (None, Some(theta)) => theta,
            (None, None) if new.is_some() => return Err(inner.error("rope_theta", "a positive number", None)),
            (None, None) => 10_000.0,
        };
        Ok(Rope { theta, scaling: inner.scaling(context)? })
    }

    /// The stretching, of a table of its own.
    fn scaling(&self, context: usize) -> Result<RopeScaling> {
        let key = if self.value("rope_type").is_some() { "rope_type" } else { "type" };
        let common = ["rope_type", "type", "rope_theta", "partial_rotary_factor"];
        if let Some(value) = self.value("partial_rotary_factor").filter(|v| v.as_f64() != Some(1.0)) {
            return Err(self.error("partial_rotary_factor", "1", Some(value)));
        }
        let (scaling, keys): (_, &[&str]) = match self.text(key)? {
            Some("default") => (RopeScaling::Default, &[]),
            Some("linear") => (RopeScaling::Linear { factor: self.number("factor")? }, &["factor"]),
            Some("llama3") => {
                let original = "original_max_position_embeddings";
                let scaling = RopeScaling::Llama3 {
                    factor: self.number("factor")?,
                    low_freq_factor: self.number("low_freq_factor")?,
                    high_freq_factor: self.number("high_freq_factor")?,
                    original_context: self.optional_size(original)?.unwrap_or(context),
                };
                (scaling, &["factor", "low_freq_factor", "high_freq_factor", original])
            }
            _ => return Err(self.error(key, "one of default, linear, llama3", self.value(key))),
        };
        match self
            .map
            .iter()
            .find(|(k, v)| !v.is_null() && !common.contains(&k.as_str()) && !keys.contains(&k.as_str()))
        {
            Some((unknown, value)) => {
                let expected = format!("no such key for {}", self.text(key)?.unwrap_or_default());
                Err(self.error(unknown, expected, Some(value)))
            }
            None => Ok(scaling),
        }
    }
}

impl ModelConfig {
    /// Reads `config.json` of a checkpoint's folder.
    ///
    /// # Errors
    /// The file is missing, is not JSON, lacks a key or says something that is not supported; the message has the key.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join("config.json");
        let bytes = std::fs::read(&path).map_err(TrainError::read(&path))?;
        Self::parse(&bytes, path)
    }

    /// Reads the text of a `config.json`; `path` is what errors name.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(bytes: &[u8], path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let value: Value =
            serde_json::from_slice(bytes).map_err(|e| TrainError::format(&path, "a model's config.json", e))?;
        let Value::Object(map) = value else {
            return Err(TrainError::format(&path, "a model's config.json", "it holds no table"));
        };
        Self::from_map(map, &path)
    }

    /// Checks the keys of a `config.json`; `path` is what errors name.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_map(map: Map<String, Value>, path: &Path) -> Result<Self> {
        let reader = Reader { path, prefix: "", map: &map };
        let architecture = reader.architecture()?;
        reader.refuse_unknown()?;
        let (hidden_size, heads) = (reader.size("hidden_size")?, reader.size("num_attention_heads")?);
        let kv_heads = reader.optional_size("num_key_value_heads")?.unwrap_or(heads);
        if !heads.is_multiple_of(kv_heads) {
            let expected = format!("a divisor of num_attention_heads, {heads}");
            return Err(reader.error("num_key_value_heads", expected, reader.value("num_key_value_heads")));
        }
        let head_dim = match reader.optional_size("head_dim")? {
            Some(dim) => dim,
            None if architecture == Architecture::Qwen3 => 128,
            None if hidden_size.is_multiple_of(heads) => hidden_size / heads,
            None => {
                return Err(reader.error("head_dim", "a number, hidden_size not being a multiple of the heads", None));
            }
        };
        if !head_dim.is_multiple_of(2) {
            return Err(reader.error("head_dim", "an even number", Some(&json!(head_dim))));
        }
        let context = reader.size("max_position_embeddings")?;
        let bias = reader.flag("attention_bias")?;
        let config = Self {
            architecture,
            vocab_size: reader.size("vocab_size")?,
            hidden_size,
            intermediate_size: reader.size("intermediate_size")?,
            layers: reader.size("num_hidden_layers")?,
            heads,
            kv_heads,
            head_dim,
            context,
            norm_eps: reader.optional_number("rms_norm_eps")?.unwrap_or(1e-6),
            rope: reader.rope(context)?,
            tied: reader.flag("tie_word_embeddings")?.unwrap_or(false),
            qkv_bias: architecture == Architecture::Qwen2 || bias == Some(true),
            output_bias: architecture != Architecture::Qwen2 && bias == Some(true),
            qk_norm: architecture == Architecture::Qwen3,
            initializer_range: reader.optional_number("initializer_range")?.unwrap_or(0.02),
            rest: Map::new(),
        };
        Ok(Self { rest: map, ..config })
    }

    /// The file's text: what was read, with what this type holds over it.
    ///
    /// The rotary embedding keeps the form of the file it came from; a new file has the old keys, which every reader
    /// knows.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut map = self.rest.clone();
        let mut set = |key: &str, value: Value| _ = map.insert(key.to_owned(), value);
        set("architectures", json!([self.architecture.name()]));
        set("model_type", json!(self.architecture.model_type()));
        set("vocab_size", json!(self.vocab_size));
        set("hidden_size", json!(self.hidden_size));
        set("intermediate_size", json!(self.intermediate_size));
        set("num_hidden_layers", json!(self.layers));
        set("num_attention_heads", json!(self.heads));
        set("num_key_value_heads", json!(self.kv_heads));
        set("head_dim", json!(self.head_dim));
        set("max_position_embeddings", json!(self.context));
        set("rms_norm_eps", json!(self.norm_eps));
        set("tie_word_embeddings", json!(self.tied));
        set("initializer_range", json!(self.initializer_range));
        set("hidden_act", json!("silu"));
        if self.architecture != Architecture::Qwen2 {
            set("attention_bias", json!(self.qkv_bias));
        }
        let mut rope = match self.rope.scaling {
            RopeScaling::Default => json!({"rope_type": "default"}),
            RopeScaling::Linear { factor } => json!({"rope_type": "linear", "factor": factor}),
            RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => json!({
                "rope_type": "llama3", "factor": factor, "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor, "original_max_position_embeddings": original_context,
            }),
        };
        if self.rest.get("rope_parameters").is_some_and(|v| !v.is_null()) {
            rope["rope_theta"] = json!(self.rope.theta);
            set("rope_parameters", rope);
        } else {
            set("rope_theta", json!(self.rope.theta));
            if self.rope.scaling == RopeScaling::Default {
                set("rope_scaling", Value::Null);
            } else {
                // Older readers know the key by its first name.
                rope["type"] = rope["rope_type"].clone();
                set("rope_scaling", rope);
            }
        }
        let mut text = format!("{:#}", Value::Object(map));
        text.push('\n');
        text
    }

    /// Numbers in the model.
    #[must_use]
    pub fn parameters(&self) -> usize {
        super::super::params::names::shapes(self).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
