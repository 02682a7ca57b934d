//! Where a backward pass begins: a gradient that is given.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

struct Seed(Tensor);

/// A scalar whose gradient by `y` is `gradient`: Σ y·gradient, without computing it where nothing needs its value.
///
/// # Errors
/// The device is out of memory.
pub fn seed(y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    if super::applies(y) { y.apply_op1(Seed(gradient.detach())) } else { (y * gradient.detach())?.sum_all() }
}

impl CustomOp1 for Seed {
    fn name(&self) -> &'static str {
        "seed"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, g: &Tensor) -> Result<Option<Tensor>> {
        // The scalar is the end of the graph, so that `g` is 1.
        debug_assert_eq!(g.elem_count(), 1);
        Ok(Some(self.0.clone()))
    }
}
