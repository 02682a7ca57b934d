//! The decoder of Llama, Qwen2, Qwen3 and their kin, from operations that have a gradient.

pub mod attention;
pub mod cache;
pub mod config;
pub mod decoder;
pub mod fused;
pub mod mlp;
pub mod norm;
pub mod rope;
pub mod sequence;
pub mod weights;

use std::path::Path;

use candle_core::Tensor;

use super::error::{Result, TrainError};
use super::lora::Lora;
use super::params::companions::{self, Companions};
use super::params::gguf::Gguf;
use super::params::hf::HfFiles;
use super::params::llama2c::Llama2c;
use super::params::save::{SHARD_BYTES, Stored, write_checkpoint, write_folder};
use super::params::{Params, Place, init, names, tokenizer};
use config::ModelConfig;
use decoder::Decoder;
use sequence::Sequences;
use weights::{View, Weights};

/// A model: a decoder, its parameters, perhaps adapters, and the files that go with it.
#[derive(Debug)]
pub struct Model {
    decoder: Decoder,
    place: Place,
    params: Params,
    lora: Option<Lora>,
    companions: Companions,
}

impl Model {
    /// Loads a checkpoint: a folder of transformers, a `.gguf` file, or a llama2.c `.bin` file.
    ///
    /// # Errors
    /// A file is missing or damaged, the model is of a kind that is not supported, or tensors do not fit.
    pub fn load(path: &Path, place: &Place) -> Result<Self> {
        match path.extension().and_then(|e| e.to_str()) {
            Some("gguf") => {
                let file = Gguf::open(path)?;
                let config = file.config()?;
                file.check(&names::shapes(&config))?;
                // Where its tokenizer is of an unknown kind, whoever needs one is told so: the weights may have another.
                let files = tokenizer::gguf::companions(&file).unwrap_or_default();
                Self::build(config.clone(), place, files, |name, _| file.read(&config, name))
            }
            Some("bin") => {
                let file = Llama2c::open(path)?;
                let files = tokenizer::llama2c::read(&tokenizer::llama2c::beside(path, file.config.vocab_size));
                Self::build(file.config.clone(), place, files.unwrap_or_default(), |name, _| file.read(name))
            }
            _ => {
                let config = ModelConfig::load(path)?;
                let files = HfFiles::open(path)?;
                files.check(&names::shapes(&config))?;
                Self::build(config, place, companions::read(path)?, |name, _| files.read(name))
            }
        }
    }

    /// A new model of this shape: the same weights for the same seed.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn random(config: ModelConfig, place: &Place, seed: u64) -> Result<Self> {
        let deviation = config.initializer_range;
        Self::build(config, place, Companions::new(), |name, shape| Ok(init::first(name, shape, deviation, seed)))
    }

    fn build(
        config: ModelConfig,
        place: &Place,
        companions: Companions,
        source: impl FnMut(&str, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let params = Params::build(names::shapes(&config), place, true, source)?;
        Ok(Self { decoder: Decoder::new(config), place: place.clone(), params, lora: None, companions })
    }

    /// Freezes the weights and puts adapters beside them.
    #[must_use]
    pub fn with_lora(mut self, lora: Lora) -> Self {
        self.params.freeze();
        self.lora = Some(lora);
        self
    }

    /// Drops the head, for what is built on the hidden states alone: a head that is no parameter of its own is the
    /// embedding, and so it is read.
    #[must_use]
    pub fn without_head(mut self) -> Self {
        self.params.remove(names::HEAD);
        self.decoder = Decoder::new(ModelConfig { tied: true, ..self.config().clone() });
        self
    }

    /// Merges the adapters into the weights and drops them.
    ///
    /// # Errors
    /// A projection is missing.
    pub fn merged(mut self) -> Result<Self> {
        if let Some(lora) = self.lora.take() {
            lora.merge(&self.params)?;
        }
        Ok(self)
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        self.decoder.config()
    }

    /// The decoder, which is given weights for each pass.
    #[must_use]
    pub fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Where it computes.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// All its parameters but the adapters.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Its adapters.
    #[must_use]
    pub fn lora(&self) -> Option<&Lora> {
        self.lora.as_ref()
    }

    /// What is trained: the adapters where there are any, else the weights.
    #[must_use]
    pub fn trained(&self) -> &Params {
        self.lora.as_ref().map_or(&self.params, Lora::params)
    }

    /// The files that go with it: tokenizer, template, generation settings.
    #[must_use]
    pub fn companions(&self) -> &Companions {
        &self.companions
    }

    /// Sets the tokens that end a text, where its configuration and its settings of generation say them.
    pub fn set_ends(&mut self, ends: &[u32]) {
        let said = if let [only] = ends { serde_json::json!(only) } else { serde_json::json!(ends) };
        let mut config = self.config().clone();
        config.rest.insert("eos_token_id".to_owned(), said.clone());
        self.decoder = Decoder::new(config);
        if let Some(bytes) = self.companions.get_mut("generation_config.json")
            && let Ok(serde_json::Value::Object(mut settings)) = serde_json::from_slice(bytes)
        {
            settings.insert("eos_token_id".to_owned(), said);
            *bytes = format!("{:#}\n", serde_json::Value::Object(settings)).into_bytes();
        }
    }

    /// Sets the files that go with it, as for a model begun from nothing.
    pub fn set_companions(&mut self, companions: Companions) {
        self.companions = companions;
    }

    /// A view on its tensors; it shares their storage, so that it stays true as they are trained.
    ///
    /// # Errors
    /// A parameter is missing.
    pub fn weights(&self, view: View) -> Result<Weights> {
        Weights::new(self.config(), &self.params, self.lora.as_ref(), view)
    }

    /// The logits `[tokens, vocab]` of all tokens, without a graph.
    ///
    /// # Errors
    /// A token is out of the vocabulary, a position out of the context.
    pub fn forward(&self, sequences: &Sequences) -> Result<Tensor> {
        sequences.check(self.config().vocab_size, self.config().context)?;
        let weights = self.weights(View::Detached)?;
        let hidden = self.decoder.hidden(&weights, sequences)?;
        Ok(self.decoder.logits(&weights, &hidden)?)
    }

    /// Checks that a tokenizer of this many tokens fits: none of its tokens lacks a row.
    ///
    /// # Errors
    /// It is larger than the vocabulary.
    pub fn check_vocabulary(&self, tokens: usize) -> Result<()> {
        let rows = self.config().vocab_size;
        if tokens > rows {
            return Err(TrainError::argument("the tokenizer", format!("at most the model's {rows} tokens"), tokens));
        }
        Ok(())
    }

    /// Saves a checkpoint that transformers loads; the folder appears whole or not at all. Adapters are not in it.
    ///
    /// # Errors
    /// The disk is full.
    pub fn save(&self, folder: &Path, stored: Stored) -> Result<()> {
        write_folder(folder, |new| self.write_files(new, stored))
    }

    /// Writes the files of a checkpoint into an existing folder, for callers that put more into it.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write_files(&self, folder: &Path, stored: Stored) -> Result<()> {
        let tensors = self.params.iter().map(|param| Ok((param.name(), param.master()?)));
        write_checkpoint(folder, self.config(), tensors, &self.companions, stored, SHARD_BYTES)
    }
}
