//! A decoder with one number a token instead of the next one's logits: reward models, and PPO's value model.

pub mod examples;
pub mod fit;

use std::path::Path;

use candle_core::{DType, Device, Tensor};

use super::backward::{Checkpointing, trunk};
use super::checkpoint;
use super::comm::Comm;
use super::error::{Result, TrainError};
use super::grads::Grads;
use super::lora::{Lora, LoraConfig};
use super::model::Model;
use super::model::mlp::linear;
use super::model::sequence::Sequences;
use super::model::weights::View;
use super::optim::{AdamW, AdamWConfig};
use super::params::hf::HfFiles;
use super::params::save::{Stored, write_folder, write_safetensors};
use super::params::{Params, Place};

/// The head, as transformers names that of its sequence classifiers: `[1, width]`.
const SCORE: &str = "score.weight";
const SCORE_FILE: &str = "score.safetensors";
const SCORE_OPTIMIZER: &str = "score-optimizer.safetensors";

/// A decoder with a scalar head.
#[derive(Debug)]
pub struct ScalarModel {
    model: Model,
    head: Params,
}

impl ScalarModel {
    /// A model's decoder with a head of zeros.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn new(model: Model) -> Result<Self> {
        Self::with_head(model, |width| Ok(vec![0.0; width]))
    }

    fn with_head(model: Model, numbers: impl Fn(usize) -> Result<Vec<f32>>) -> Result<Self> {
        let model = model.without_head();
        let width = model.config().hidden_size;
        let head = Params::build(vec![(SCORE.to_owned(), vec![1, width])], model.place(), true, |_, _| numbers(width))?;
        Ok(Self { model, head })
    }

    /// Reads what [`save`](Self::save) wrote, or a plain checkpoint, which gets a head of zeros.
    ///
    /// # Errors
    /// A file is missing, damaged, or does not fit.
    pub fn load(folder: &Path, place: &Place) -> Result<Self> {
        let model = Model::load(folder, place)?;
        let path = folder.join(SCORE_FILE);
        if !path.exists() {
            return Self::new(model);
        }
        let files = HfFiles::open_file(&path)?;
        files.check(&[(SCORE.to_owned(), vec![1, model.config().hidden_size])])?;
        Self::with_head(model, |_| files.read(SCORE))
    }

    /// Freezes the decoder and puts new adapters beside it; the head is trained whole.
    ///
    /// # Errors
    /// The settings do not fit, or the device is out of memory.
    pub fn with_lora(self, config: &LoraConfig, seed: u64) -> Result<Self> {
        let Self { model, head } = self;
        let lora = Lora::new(config.clone(), model.config(), model.place(), seed)?;
        Ok(Self { model: model.with_lora(lora), head })
    }

    /// Merges the adapters, where there are any, into the decoder.
    ///
    /// # Errors
    /// A projection is missing.
    pub fn merged(self) -> Result<Self> {
        Ok(Self { model: self.model.merged()?, head: self.head })
    }

    /// Writes a checkpoint of the decoder and the head beside it; the folder appears whole or not at all. Adapters are not
    /// in it.
    ///
    /// # Errors
    /// The disk is full.
    pub fn save(&self, folder: &Path) -> Result<()> {
        write_folder(folder, |new| self.write_files(new))
    }

    fn write_files(&self, new: &Path) -> Result<()> {
        self.model.write_files(new, Stored::F32)?;
        self.write_head(new)
    }

    fn write_head(&self, new: &Path) -> Result<()> {
        let tensors = self.head.iter().map(|param| Ok((param.name().to_owned(), param.master()?)));
        write_safetensors(&new.join(SCORE_FILE), &tensors.collect::<Result<Vec<_>>>()?, Stored::F32)
    }

    /// The model under the head.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The number at each token, without a graph.
    ///
    /// # Errors
    /// A token is out of the vocabulary, or a position out of the context.
    pub fn scores(&self, sequences: &Sequences) -> Result<Vec<f32>> {
        let config = self.model.config();
        sequences.check(config.vocab_size, config.context)?;
        let weights = self.model.weights(View::Detached)?;
        let hidden = self.model.decoder().hidden(&weights, sequences)?;
        numbers(&linear(&hidden, &self.head.tensor(SCORE, View::Detached)?)?)
    }

    /// Sums gradients over the processes of a run, some of which may have none.
    ///
    /// # Errors
    /// Another process is gone.
    pub fn sum_grads(&self, mut grads: Grads, comm: &dyn Comm) -> Result<Grads> {
        grads.complete(self.model.trained())?;
        grads.complete(&self.head)?;
        comm.sum_grads(&mut grads)?;
        Ok(grads)
    }

    /// The number at each token, and the gradients of a loss whose derivatives by these numbers `slopes` gives.
    ///
    /// # Errors
    /// As [`scores`](Self::scores), and what `slopes` says.
    pub fn gradients(
        &self,
        sequences: &Sequences,
        keep: Checkpointing,
        slopes: impl FnOnce(&[f32]) -> Result<Vec<f32>>,
    ) -> Result<(Vec<f32>, Grads)> {
        let head = self.head.tensor(SCORE, View::Detached)?;
        trunk(&self.model, sequences, keep, |_, hidden, grads| {
            let scores = numbers(&linear(hidden, &head)?)?;
            let slopes = slopes(&scores)?;
            if slopes.len() != scores.len() {
                return Err(TrainError::argument("slopes of scores", scores.len(), slopes.len()));
            }
            let slopes = Tensor::from_vec(slopes, (scores.len(), 1), hidden.device())?.to_dtype(hidden.dtype())?;
            grads.add(SCORE, &slopes.t()?.matmul(hidden)?)?;
            Ok((scores, slopes.matmul(&head)?))
        })
    }
}

fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    Ok(x.to_dtype(DType::F32)?.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?)
}

/// The optimiser of a decoder and its scalar head.
#[derive(Debug)]
pub struct ScalarOptimizer {
    body: AdamW,
    head: AdamW,
}

impl ScalarOptimizer {
    /// An optimiser that has seen nothing.
    #[must_use]
    pub fn new(config: AdamWConfig, model: &ScalarModel) -> Self {
        Self { body: AdamW::new(config, model.model.trained()), head: AdamW::new(config, &model.head) }
    }

    /// Takes a step of this learning rate.
    ///
    /// # Errors
    /// A parameter has no gradient.
    pub fn step(&mut self, model: &ScalarModel, grads: &Grads, rate: f64) -> Result<()> {
        self.body.step(model.model.trained(), grads, rate)?;
        self.head.step(&model.head, grads, rate)
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.body.steps()
    }

    /// Writes model and optimiser into a folder that is being filled.
    ///
    /// # Errors
    /// The disk is full.
    pub fn write(&self, model: &ScalarModel, new: &Path) -> Result<()> {
        std::fs::create_dir_all(new).map_err(TrainError::append(new))?;
        checkpoint::write_trained(new, &model.model, &self.body)?;
        model.write_head(new)?;
        self.head.save(&new.join(SCORE_OPTIMIZER), &model.head)
    }

    /// Puts what [`write`](Self::write) wrote into a model, and reads its optimiser.
    ///
    /// # Errors
    /// A file is damaged or is of another model.
    pub fn restore(config: AdamWConfig, model: &ScalarModel, folder: &Path) -> Result<Self> {
        let body = checkpoint::restore(folder, &model.model, config)?;
        let files = HfFiles::open_file(&folder.join(SCORE_FILE))?;
        for param in &model.head {
            let numbers = files.read(param.name())?;
            param.set(&Tensor::from_vec(numbers, param.dims(), &Device::Cpu)?)?;
        }
        let head = AdamW::load(config, &folder.join(SCORE_OPTIMIZER), &model.head)?;
        Ok(Self { body, head })
    }
}

#[cfg(test)]
mod tests;
