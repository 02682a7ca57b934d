//! AdamW on f32 masters.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout};
use rayon::prelude::*;

use super::error::{Result, TrainError};
use super::grads::Grads;
use super::model::fused::vector::wide;
use super::model::fused::with_numbers;
use super::params::hf::HfFiles;
use super::params::save::{Stored, write_safetensors_with};
use super::params::{Param, Params};

const CHUNK: usize = 1 << 14;

/// The settings of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// β₁: memory of the mean.
    pub beta1: f64,
    /// β₂: memory of the square.
    pub beta2: f64,
    /// ε beside the root.
    pub eps: f64,
    /// Weight decay a step, times the learning rate; on matrices only.
    pub weight_decay: f64,
}

impl Default for AdamWConfig {
    /// The paper's: β 0.9 and 0.95, decay 0.1.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.1 }
    }
}

/// Mean and square of the gradients of a parameter.
#[derive(Debug)]
struct Moments {
    mean: Vec<f32>,
    square: Vec<f32>,
}

/// The optimiser: moments by parameter, on the host.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    steps: u64,
    moments: BTreeMap<String, Moments>,
}

impl AdamW {
    /// An optimiser that has seen nothing.
    #[must_use]
    pub fn new(config: AdamWConfig, params: &Params) -> Self {
        let zeros = |param: &Param| {
            let numbers = param.value().elem_count();
            (param.name().to_owned(), Moments { mean: vec![0.0; numbers], square: vec![0.0; numbers] })
        };
        Self { config, steps: 0, moments: params.iter().map(zeros).collect() }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &AdamWConfig {
        &self.config
    }

    /// Takes a step of this learning rate: the parameters are changed in place, in the order of their names.
    ///
    /// # Errors
    /// A parameter has no gradient, or copying to or from the device failed.
    pub fn step(&mut self, params: &Params, grads: &Grads, rate: f64) -> Result<()> {
        self.steps += 1;
        let AdamWConfig { beta1, beta2, eps, weight_decay } = self.config;
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        for param in params {
            let missing = || TrainError::argument("the gradients", format!("one for {}", param.name()), "none");
            let gradient = grads.get(param.name()).ok_or_else(missing)?.to_device(&Device::Cpu)?;
            let moments = self.moments.get_mut(param.name()).ok_or_else(missing)?;
            let decay = if param.dims().len() > 1 { weight_decay } else { 0.0 };
            let update = Update {
                keep: (1.0 - rate * decay) as f32,
                beta1: beta1 as f32,
                beta2: beta2 as f32,
                one_less: [(1.0 - beta1) as f32, (1.0 - beta2) as f32],
                size: (rate / (1.0 - beta1.powi(steps))) as f32,
                root: (1.0 - beta2.powi(steps)).sqrt() as f32,
                eps: eps as f32,
                factor: grads.factor() as f32,
            };
            let master = param.master()?;
            with_numbers(&gradient, |gradient| {
                master.inplace_op1(&Step { update, moments: RefCell::new(moments), gradient })
            })?;
            param.renew()?;
        }
        Ok(())
    }

    /// Writes moments and step count to a file, whole or not at all.
    ///
    /// # Errors
    /// The disk is full.
    pub fn save(&self, path: &Path, params: &Params) -> Result<()> {
        let (mut shapes, mut numbers) = (Vec::new(), Vec::new());
        for kind in ["mean", "square"] {
            for (name, moments) in &self.moments {
                let own = if kind == "mean" { &moments.mean } else { &moments.square };
                let shape = params.get(name).map_or_else(|| vec![own.len()], |p| p.dims().to_vec());
                shapes.push((format!("{kind}.{name}"), shape));
                numbers.push(own.as_slice());
            }
        }
        let steps = self.steps.to_string();
        // One after the other, without a copy of them all.
        write_safetensors_with(path, &shapes, Stored::F32, &[("steps", &steps)], |at, write| write(numbers[at]))
    }

    /// Reads what [`save`](Self::save) wrote, for these parameters.
    ///
    /// # Errors
    /// The file is missing or damaged, or is of other parameters.
    pub fn load(config: AdamWConfig, path: &Path, params: &Params) -> Result<Self> {
        let files = HfFiles::open_file(path)?;
        let shapes = |kind: &str| {
            let shape = |param: &Param| (format!("{kind}.{}", param.name()), param.dims().to_vec());
            params.iter().map(shape).collect::<Vec<_>>()
        };
        files.check(&[shapes("mean"), shapes("square")].concat())?;
        let form = "the state of an optimiser";
        let steps = files.metadata("steps").and_then(|steps| steps.parse().ok());
        let steps = steps.ok_or_else(|| TrainError::format(path, form, "it does not say how many steps were taken"))?;
        let read = |param: &Param| {
            let read = |kind: &str| files.read(&format!("{kind}.{}", param.name()));
            Ok((param.name().to_owned(), Moments { mean: read("mean")?, square: read("square")? }))
        };
        Ok(Self { config, steps, moments: params.iter().map(read).collect::<Result<_>>()? })
    }
}

/// The numbers of a step, the same for all elements of a parameter.
#[derive(Clone, Copy)]
struct Update {
    keep: f32,
    beta1: f32,
    beta2: f32,
    one_less: [f32; 2],
    size: f32,
    root: f32,
    eps: f32,
    factor: f32,
}

impl Update {
    /// p ← keep·p − size · mean / (√square / root + ε), after mean and square took the gradient in.
    #[inline(always)]
    fn apply(self, p: &mut [f32], mean: &mut [f32], square: &mut [f32], g: &[f32]) {
        for ((p, g), (mean, square)) in p.iter_mut().zip(g).zip(mean.iter_mut().zip(square)) {
            let g = g * self.factor;
            *mean = self.beta1 * *mean + self.one_less[0] * g;
            *square = self.beta2 * *square + self.one_less[1] * (g * g);
            *p = self.keep * *p - self.size * (*mean / (square.sqrt() / self.root + self.eps));
        }
    }
}

struct Step<'a> {
    update: Update,
    moments: RefCell<&'a mut Moments>,
    gradient: &'a [f32],
}

impl InplaceOp1 for Step<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(all), Some((from, to))) = (storage, layout.contiguous_offsets()) else {
            candle_core::bail!("a master is contiguous f32 on the host");
        };
        let mut moments = self.moments.borrow_mut();
        let Moments { mean, square } = &mut **moments;
        let chunks = all[from..to].par_chunks_mut(CHUNK).zip(self.gradient.par_chunks(CHUNK));
        let chunks = chunks.zip(mean.par_chunks_mut(CHUNK).zip(square.par_chunks_mut(CHUNK)));
        let update = self.update;
        chunks.for_each(|((p, g), (mean, square))| {
            wide(
                #[inline(always)]
                || update.apply(p, mean, square, g),
            );
        });
        Ok(())
    }
}
