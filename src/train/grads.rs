//! Gradients by name: accumulated over the parts of a batch, clipped by their global norm.

use std::collections::BTreeMap;

use candle_core::{DType, Tensor};
use rayon::prelude::*;

use super::error::Result;
use super::model::fused::{applies, with_numbers};
use super::params::Params;

/// Numbers a partial sum, so that a norm does not depend on the number of threads.
const CHUNK: usize = 1 << 15;

/// Gradients in f32, in the order of their names, and a factor that they are still to be multiplied with.
#[derive(Clone, Debug)]
pub struct Grads {
    by_name: BTreeMap<String, Tensor>,
    factor: f64,
}

impl Default for Grads {
    fn default() -> Self {
        Self { by_name: BTreeMap::new(), factor: 1.0 }
    }
}

impl Grads {
    /// Adds a gradient to the one of this name.
    ///
    /// # Errors
    /// The shapes differ.
    pub fn add(&mut self, name: &str, gradient: &Tensor) -> Result<()> {
        // Detached, or it would keep the whole graph alive.
        let gradient = gradient.detach().to_dtype(DType::F32)?.contiguous()?;
        let sum = match self.by_name.get(name) {
            Some(before) => (before + gradient)?,
            None => gradient,
        };
        self.by_name.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Adds zeros where there is none of a parameter: a process without a part of the batch exchanges these.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn complete(&mut self, params: &Params) -> Result<()> {
        for param in params {
            if !self.by_name.contains_key(param.name()) {
                let zeros = Tensor::zeros(param.dims(), DType::F32, param.value().device())?;
                self.by_name.insert(param.name().to_owned(), zeros);
            }
        }
        Ok(())
    }

    /// Adds those of another part of the batch.
    ///
    /// # Errors
    /// The shapes differ.
    pub fn accumulate(&mut self, other: &Self) -> Result<()> {
        debug_assert!(self.factor >= 1.0 && other.factor >= 1.0, "gradients are added before they are clipped");
        other.by_name.iter().try_for_each(|(name, gradient)| self.add(name, gradient))
    }

    /// The gradient of this name, without the factor.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name)
    }

    /// Names and gradients, sorted by name, without the factor.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.by_name.iter().map(|(name, gradient)| (name.as_str(), gradient))
    }

    /// Replaces each gradient by what `f` makes of it, in the order of the names.
    ///
    /// # Errors
    /// What `f` says.
    pub fn map(&mut self, mut f: impl FnMut(&Tensor) -> Result<Tensor>) -> Result<()> {
        for gradient in self.by_name.values_mut() {
            *gradient = f(gradient)?;
        }
        Ok(())
    }

    /// What all gradients are still to be multiplied with.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The norm of all gradients as one vector, with the factor.
    ///
    /// # Errors
    /// Copying from the device failed.
    pub fn norm(&self) -> Result<f64> {
        let mut squares = 0.0;
        for gradient in self.by_name.values() {
            squares += squared_norm(gradient)?;
        }
        Ok(squares.sqrt() * self.factor)
    }

    /// Scales all gradients so that their norm is at most `norm_max`; returns the norm before.
    ///
    /// # Errors
    /// Copying from the device failed.
    pub fn clip(&mut self, norm_max: f64) -> Result<f64> {
        let norm = self.norm()?;
        let factor = norm_max / (norm + 1e-6);
        if factor < 1.0 {
            self.factor *= factor;
        }
        Ok(norm)
    }
}

fn squared_norm(x: &Tensor) -> Result<f64> {
    if !applies(x) {
        return Ok(f64::from(x.sqr()?.sum_all()?.to_scalar::<f32>()?));
    }
    Ok(with_numbers(x, |numbers| {
        let square = |chunk: &[f32]| chunk.iter().map(|n| f64::from(*n) * f64::from(*n)).sum::<f64>();
        let parts: Vec<f64> = numbers.par_chunks(CHUNK).map(square).collect();
        Ok(parts.iter().sum())
    })?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn tensor(numbers: &[f32]) -> Tensor {
        Tensor::new(numbers, &Device::Cpu).unwrap()
    }

    #[test]
    fn gradients_add_up_by_name() {
        let mut grads = Grads::default();
        grads.add("b", &tensor(&[1.0, 2.0])).unwrap();
        grads.add("a", &tensor(&[3.0])).unwrap();
        let mut twice = grads.clone();
        twice.accumulate(&grads).unwrap();
        assert_eq!(twice.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(twice.get("b").unwrap().to_vec1::<f32>().unwrap(), [2.0, 4.0]);
        assert!(grads.add("a", &tensor(&[1.0, 2.0])).is_err());
    }

    #[test]
    fn clipping_keeps_directions_and_small_norms() {
        let mut grads = Grads::default();
        grads.add("a", &tensor(&[3.0])).unwrap();
        grads.add("b", &tensor(&[4.0])).unwrap();
        assert_eq!(grads.clip(10.0).unwrap(), 5.0);
        assert_eq!(grads.factor(), 1.0);
        assert_eq!(grads.clip(1.0).unwrap(), 5.0);
        assert!((grads.norm().unwrap() - 1.0).abs() < 1e-6);
    }
}
