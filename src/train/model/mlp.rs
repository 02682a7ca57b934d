//! SwiGLU and the linear maps.

use candle_core::{Result, Tensor};

use super::fused;
use super::weights::Projection;

/// `x` `[tokens, in]` times the transpose of `weight` `[out, in]`.
///
/// # Errors
/// The shapes do not fit.
pub fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    if fused::applies(x) { fused::linear::linear(x, weight) } else { x.matmul(&weight.t()?) }
}

/// A projection with its bias and its adapter: Wx + b + s·B(Ax).
///
/// # Errors
/// The shapes do not fit.
pub fn project(x: &Tensor, projection: &Projection) -> Result<Tensor> {
    let mut y = linear(x, &projection.weight)?;
    if let Some(bias) = &projection.bias {
        y = y.broadcast_add(bias)?;
    }
    if let Some(adapter) = &projection.adapter {
        let inner = linear(x, &adapter.a)?;
        y = (y + (linear(&inner, &adapter.b)? * adapter.scale)?)?;
    }
    Ok(y)
}

/// silu(gate) · up.
///
/// # Errors
/// The shapes do not fit.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    if fused::applies(gate) { fused::swiglu::swiglu(gate, up) } else { gate.silu()? * up }
}
