//! RMSNorm.

use candle_core::{D, DType, Result, Tensor};

use super::fused;

/// x · (mean(x²) + ε)^−½ · weight over the last dimension.
///
/// # Errors
/// The shapes do not fit.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    if fused::applies(x) { fused::norm::rms_norm(x, weight, eps) } else { composed(x, weight, eps) }
}

/// The same from operations that have a gradient; half precision is widened for the mean.
///
/// # Errors
/// The shapes do not fit.
pub fn composed(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let wide = x.to_dtype(DType::F32)?;
    let scale = (wide.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?.recip()?;
    wide.broadcast_mul(&scale)?.to_dtype(x.dtype())?.broadcast_mul(weight)
}
