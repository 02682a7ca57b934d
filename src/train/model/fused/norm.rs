//! RMSNorm in one pass.

use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::vector::{sum, wide};
use super::{numbers, with_numbers};

/// Rows a task; also the unit of the sum over rows in the backward.
const ROWS: usize = 64;

struct RmsNorm {
    eps: f32,
}

/// x · (mean(x²) + ε)^−½ · weight over the last dimension.
///
/// # Errors
/// The shapes do not fit.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    x.contiguous()?.apply_op2(weight, RmsNorm { eps: eps as f32 })
}

#[inline(always)]
fn scale(x: &[f32], eps: f32) -> f32 {
    let squares = sum(x.len(), |i| x[i] * x[i]);
    1.0 / (squares / x.len() as f32 + eps).sqrt()
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms_norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, w) = (numbers(x, lx)?, numbers(w, lw)?);
        let width = w.len();
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(ROWS * width).zip(x.par_chunks(ROWS * width)).for_each(|(out, x)| {
            wide(
                #[inline(always)]
                || {
                    for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                        let scale = scale(x, self.eps);
                        for ((out, x), w) in out.iter_mut().zip(x).zip(w) {
                            *out = x * scale * w;
                        }
                    }
                },
            );
        });
        Ok((CpuStorage::F32(out), lx.shape().clone()))
    }

    /// dx = s·(w∘g) − x · s³/d · Σ(x∘w∘g), dw = Σ over rows of s·(x∘g).
    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let width = w.dim(D::Minus1)?;
        let mut dx = vec![0.0; x.elem_count()];
        let mut dw = vec![0.0f32; width];
        with_numbers(x, |xs| {
            with_numbers(w, |ws| {
                with_numbers(g, |gs| {
                    let chunks = dx.par_chunks_mut(ROWS * width).zip(xs.par_chunks(ROWS * width));
                    let chunks = chunks.zip(gs.par_chunks(ROWS * width));
                    let parts: Vec<Vec<f32>> = chunks
                        .map(|((dx, x), g)| {
                            let mut part = vec![0.0; width];
                            wide(
                                #[inline(always)]
                                || self.rows_backward(dx, x, g, ws, &mut part),
                            );
                            part
                        })
                        .collect();
                    for part in parts {
                        for (total, value) in dw.iter_mut().zip(part) {
                            *total += value;
                        }
                    }
                    Ok(())
                })
            })
        })?;
        let dx = Tensor::from_vec(dx, x.shape(), x.device())?;
        Ok((Some(dx), Some(Tensor::from_vec(dw, w.shape(), w.device())?)))
    }
}

impl RmsNorm {
    #[inline(always)]
    fn rows_backward(&self, dx: &mut [f32], x: &[f32], g: &[f32], w: &[f32], dw: &mut [f32]) {
        let width = w.len();
        for ((dx, x), g) in dx.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(g.chunks_exact(width)) {
            let scale = scale(x, self.eps);
            let along = sum(width, |i| x[i] * w[i] * g[i]) * scale * scale / width as f32;
            for i in 0..width {
                dx[i] = scale * (w[i] * g[i] - x[i] * along);
                dw[i] += g[i] * x[i] * scale;
            }
        }
    }
}
