//! Operations on the CPU that do in one pass what the composed ones do in many, each with its own backward.
//!
//! They hold f32. A reduction over tokens is cut into chunks of fixed size and summed in their order, so that results
//! do not depend on the number of threads.

pub mod attention;
pub(crate) mod cached;
pub mod embedding;
pub mod gemm;
pub mod linear;
pub mod norm;
pub mod seed;
pub mod swiglu;
pub mod vector;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor, bail};

/// Whether the fused operations apply to this tensor.
#[must_use]
pub fn applies(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// The numbers of a contiguous f32 storage.
pub(crate) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(all), Some((from, to))) => Ok(&all[from..to]),
        _ => bail!("a fused operation wants contiguous f32"),
    }
}

/// Calls `f` with the numbers of a tensor on the CPU, copied first where they are not contiguous.
pub(crate) fn with_numbers<T>(x: &Tensor, f: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => f(numbers(storage, layout)?),
        _ => bail!("a fused operation wants a tensor on the CPU"),
    }
}

#[cfg(test)]
mod tests;
