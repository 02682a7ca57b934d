//! The parameters of a model: named, sorted by name, masters in f32 on the host.
//!
//! On the CPU the master is what the model computes with. Elsewhere the model computes with a copy on its device, in its
//! dtype, which is renewed after each step.

pub mod companions;
pub mod gguf;
pub mod hf;
pub mod init;
pub mod llama2c;
pub mod names;
pub mod peft;
pub mod save;
pub mod tokenizer;

use candle_core::{DType, Device, Tensor, Var};

use super::error::{Result, TrainError};
use super::model::weights::View;

/// Where and in what a model computes.
#[derive(Clone, Debug)]
pub struct Place {
    /// The device.
    pub device: Device,
    /// The type of the numbers.
    pub dtype: DType,
}

impl Place {
    /// f32 on the CPU.
    #[must_use]
    pub fn cpu() -> Self {
        Self { device: Device::Cpu, dtype: DType::F32 }
    }

    fn is_host(&self) -> bool {
        self.device.is_cpu() && self.dtype == DType::F32
    }
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    name: String,
    /// What the model computes with.
    value: Var,
    /// f32 on the host; `None` where `value` is that, or is frozen.
    master: Option<Tensor>,
    trainable: bool,
}

impl Param {
    /// Its name, as transformers has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the model computes with; the key of its gradient.
    #[must_use]
    pub fn value(&self) -> &Var {
        &self.value
    }

    /// Whether it is trained.
    #[must_use]
    pub fn is_trainable(&self) -> bool {
        self.trainable
    }

    /// Its shape.
    #[must_use]
    pub fn dims(&self) -> &[usize] {
        self.value.dims()
    }

    /// Its numbers in f32 on the host. What is written into this tensor's storage is the new value, once
    /// [`renew`](Self::renew) has been called.
    ///
    /// # Errors
    /// Copying from the device failed.
    pub fn master(&self) -> Result<Tensor> {
        match &self.master {
            Some(master) => Ok(master.clone()),
            None => Ok(self.value.as_detached_tensor().to_dtype(DType::F32)?.to_device(&Device::Cpu)?),
        }
    }

    /// Copies the master to where the model computes, if that is elsewhere.
    ///
    /// # Errors
    /// Copying failed.
    pub fn renew(&self) -> Result<()> {
        if let Some(master) = &self.master {
            let place = self.value.device();
            self.value.set(&master.to_device(place)?.to_dtype(self.value.dtype())?)?;
        }
        Ok(())
    }

    /// Sets its numbers.
    ///
    /// # Errors
    /// The shape is another.
    pub fn set(&self, numbers: &Tensor) -> Result<()> {
        match &self.master {
            Some(master) => {
                master.slice_set(&numbers.to_dtype(DType::F32)?.contiguous()?, 0, 0)?;
                self.renew()
            }
            None => {
                let numbers = numbers.to_device(self.value.device())?.to_dtype(self.value.dtype())?;
                Ok(self.value.set(&numbers)?)
            }
        }
    }
}

/// Parameters, sorted by name.
#[derive(Debug, Default)]
pub struct Params {
    list: Vec<Param>,
}

impl Params {
    /// Makes parameters of these names and shapes from what `source` gives for each.
    ///
    /// # Errors
    /// What `source` says, or the device is out of memory.
    pub fn build(
        mut shapes: Vec<(String, Vec<usize>)>,
        place: &Place,
        trainable: bool,
        mut source: impl FnMut(&str, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        shapes.sort();
        let list = shapes.into_iter().map(|(name, shape)| {
            let numbers = source(&name, &shape)?;
            let (value, master) = if place.is_host() {
                (Var::from_vec(numbers, shape, &Device::Cpu)?, None)
            } else {
                let master = Tensor::from_vec(numbers, shape, &Device::Cpu)?;
                let value = Var::from_tensor(&master.to_device(&place.device)?.to_dtype(place.dtype)?)?;
                (value, trainable.then_some(master))
            };
            Ok(Param { name, value, master, trainable })
        });
        Ok(Self { list: list.collect::<Result<_>>()? })
    }

    /// The parameters, in the order of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Param> {
        self.list.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Param> {
        let at = self.list.binary_search_by(|param| param.name.as_str().cmp(name)).ok()?;
        self.list.get(at)
    }

    /// The tensor of this name, tracked or detached.
    ///
    /// # Errors
    /// There is none.
    pub fn tensor(&self, name: &str, view: View) -> Result<Tensor> {
        let param = self.get(name).ok_or_else(|| TrainError::argument("a parameter", name, "none of this name"))?;
        Ok(match view {
            View::Tracked if param.trainable => param.value.as_tensor().clone(),
            _ => param.value.as_detached_tensor(),
        })
    }

    /// Numbers in all of them.
    #[must_use]
    pub fn numbers(&self) -> usize {
        self.list.iter().map(|param| param.value.elem_count()).sum()
    }

    /// Drops the parameter of this name, where there is one.
    pub fn remove(&mut self, name: &str) {
        self.list.retain(|param| param.name != name);
    }

    /// Freezes all of them: no gradients, no masters apart.
    pub fn freeze(&mut self) {
        for param in &mut self.list {
            param.trainable = false;
            param.master = None;
        }
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = &'a Param;
    type IntoIter = std::slice::Iter<'a, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
