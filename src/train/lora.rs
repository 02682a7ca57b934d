//! Low-rank adapters: a frozen projection W becomes W + (α/r)·B·A, of which A `[r, in]` and B `[out, r]` are trained.

use candle_core::DType;

use super::error::{Result, TrainError};
use super::model::config::ModelConfig;
use super::model::weights::{Adapter, View};
use super::params::init::Normal;
use super::params::{Params, Place, names};

/// What is adapted, and how much.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraConfig {
    /// r: the width of the bottleneck.
    pub rank: usize,
    /// α: the addition is scaled by α/r.
    pub alpha: f64,
    /// Projections of each block, as in [`names::PROJECTIONS`].
    pub targets: Vec<String>,
}

impl LoraConfig {
    /// Sorts the targets and checks the values.
    ///
    /// # Errors
    /// The rank is 0, α is not a positive number, a target is unknown or repeated, or there is none.
    pub fn checked(mut self) -> Result<Self> {
        if self.rank == 0 {
            return Err(TrainError::argument("the rank of adapters", "at least 1", 0));
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return Err(TrainError::argument("the alpha of adapters", "a positive number", self.alpha));
        }
        self.targets.sort();
        let unknown = self.targets.iter().find(|t| !names::PROJECTIONS.contains(&t.as_str()));
        if let Some(target) = unknown {
            return Err(TrainError::argument("a target of adapters", names::PROJECTIONS.join(", "), target));
        }
        if self.targets.is_empty() || self.targets.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(TrainError::argument("targets of adapters", "some, each once", format!("{:?}", self.targets)));
        }
        Ok(self)
    }

    /// The names and shapes of the adapters of a model.
    #[must_use]
    pub fn shapes(&self, config: &ModelConfig) -> Vec<(String, Vec<usize>)> {
        let mut shapes = Vec::new();
        for layer in 0..config.layers {
            for target in &self.targets {
                let Some((input, output)) = names::projection_shape(config, target) else { continue };
                let name = names::of_block(layer, target);
                shapes.push((a_name(&name), vec![self.rank, input]));
                shapes.push((b_name(&name), vec![output, self.rank]));
            }
        }
        shapes.sort();
        shapes
    }
}

fn a_name(projection: &str) -> String {
    format!("{projection}.lora_A.weight")
}

fn b_name(projection: &str) -> String {
    format!("{projection}.lora_B.weight")
}

/// The adapters of a model.
#[derive(Debug)]
pub struct Lora {
    config: LoraConfig,
    params: Params,
}

impl Lora {
    /// New adapters: A uniform in ±1/√in (as PEFT's Kaiming start with a = √5), B zero, so that the model is the base.
    ///
    /// # Errors
    /// The settings are wrong, or the device is out of memory.
    pub fn new(config: LoraConfig, model: &ModelConfig, place: &Place, seed: u64) -> Result<Self> {
        let config = config.checked()?;
        let params = Params::build(config.shapes(model), place, true, |name, shape| {
            let numbers = shape.iter().product();
            if name.ends_with("lora_B.weight") {
                return Ok(vec![0.0; numbers]);
            }
            let mut random = Normal::new(seed, name);
            let bound = 1.0 / (shape[1] as f64).sqrt();
            Ok((0..numbers).map(|_| (random.uniform() * bound) as f32).collect())
        })?;
        Ok(Self { config, params })
    }

    /// Adapters from the numbers that `source` gives.
    ///
    /// # Errors
    /// What `source` says.
    pub fn from_numbers(
        config: LoraConfig,
        model: &ModelConfig,
        place: &Place,
        source: impl Fn(&str) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let config = config.checked()?;
        let params = Params::build(config.shapes(model), place, true, |name, _| source(name))?;
        Ok(Self { config, params })
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &LoraConfig {
        &self.config
    }

    /// A and B of all projections.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Freezes A and B, as those of a policy that was.
    pub fn freeze(&mut self) {
        self.params.freeze();
    }

    fn scale(&self) -> f64 {
        self.config.alpha / self.config.rank as f64
    }

    /// The adapter of a projection, by its full name, where it has one.
    ///
    /// # Errors
    /// Half of it is missing.
    pub fn adapter(&self, projection: &str, view: View) -> Result<Option<Adapter>> {
        if !self.config.targets.iter().any(|target| projection.ends_with(target.as_str())) {
            return Ok(None);
        }
        let (a, b) = (self.params.tensor(&a_name(projection), view)?, self.params.tensor(&b_name(projection), view)?);
        Ok(Some(Adapter { a, b, scale: self.scale() }))
    }

    /// Adds each adapter to its projection: W ← W + (α/r)·B·A, in f32. The adapters are to be dropped then.
    ///
    /// # Errors
    /// A projection is missing.
    pub fn merge(&self, base: &Params) -> Result<()> {
        for param in base {
            let Some(projection) = param.name().strip_suffix(".weight") else { continue };
            if let Some(adapter) = self.adapter(projection, View::Detached)? {
                let wide = |t: &candle_core::Tensor| t.to_dtype(DType::F32)?.to_device(&candle_core::Device::Cpu);
                let change = (wide(&adapter.b)?.matmul(&wide(&adapter.a)?)? * adapter.scale)?;
                param.set(&(param.master()? + change)?)?;
            }
        }
        Ok(())
    }
}
