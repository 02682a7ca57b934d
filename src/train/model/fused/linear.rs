//! x · weightᵀ, with gradients that come out contiguous.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::gemm::{Mat, Spread, product};
use super::{numbers, with_numbers};

struct Linear {
    /// Whether the gradient of the input is wanted.
    input: bool,
    /// Whether the gradient of the weight is: not of frozen ones.
    weight: bool,
}

/// `x` `[tokens, in]` times the transpose of `weight` `[out, in]`.
///
/// # Errors
/// The shapes do not fit.
pub fn linear(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let op = Linear { input: x.track_op(), weight: weight.track_op() };
    x.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let ((tokens, from), (to, width)) = (lx.shape().dims2()?, lw.shape().dims2()?);
        if from != width {
            candle_core::bail!("linear: {tokens} × {from} by the transpose of {to} × {width}");
        }
        let mut out = vec![0.0; tokens * to];
        let (x, w) = (Mat::new(numbers(x, lx)?, tokens, from, from), Mat::new(numbers(w, lw)?, to, from, from));
        product(&mut out, to, x, w.t(), false, Spread::All);
        Ok((CpuStorage::F32(out), Shape::from((tokens, to))))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let ((tokens, from), (to, _)) = (x.dims2()?, w.dims2()?);
        with_numbers(g, |gs| {
            let g = Mat::new(gs, tokens, to, to);
            let dx = self.input.then(|| {
                with_numbers(w, |ws| {
                    let mut dx = vec![0.0; tokens * from];
                    product(&mut dx, from, g, Mat::new(ws, to, from, from), false, Spread::All);
                    Tensor::from_vec(dx, (tokens, from), x.device())
                })
            });
            let dw = self.weight.then(|| {
                with_numbers(x, |xs| {
                    let mut dw = vec![0.0; to * from];
                    product(&mut dw, from, g.t(), Mat::new(xs, tokens, from, from), false, Spread::All);
                    Tensor::from_vec(dw, (to, from), w.device())
                })
            });
            Ok((dx.transpose()?, dw.transpose()?))
        })
    }
}
