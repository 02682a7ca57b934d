//! SwiGLU in one pass.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::vector::{sigmoid, wide};
use super::{numbers, with_numbers};

/// Numbers a task.
const CHUNK: usize = 1 << 14;

struct SwiGlu;

/// silu(gate) · up.
///
/// # Errors
/// The shapes do not fit.
pub fn swiglu(gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    gate.contiguous()?.apply_op2(&up.contiguous()?, SwiGlu)
}

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(&self, gate: &CpuStorage, lg: &Layout, up: &CpuStorage, lu: &Layout) -> Result<(CpuStorage, Shape)> {
        let (gate, up) = (numbers(gate, lg)?, numbers(up, lu)?);
        let mut out = vec![0.0; gate.len()];
        let chunks = out.par_chunks_mut(CHUNK).zip(gate.par_chunks(CHUNK)).zip(up.par_chunks(CHUNK));
        chunks.for_each(|((out, gate), up)| {
            wide(
                #[inline(always)]
                || {
                    for ((out, &gate), up) in out.iter_mut().zip(gate).zip(up) {
                        *out = gate * sigmoid(gate) * up;
                    }
                },
            );
        });
        Ok((CpuStorage::F32(out), lg.shape().clone()))
    }

    /// With σ of the gate: dgate = g·up·σ·(1 + gate·(1 − σ)), dup = g·gate·σ.
    fn bwd(&self, gate: &Tensor, up: &Tensor, _: &Tensor, g: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let mut d_gate = vec![0.0; gate.elem_count()];
        let mut d_up = vec![0.0; gate.elem_count()];
        with_numbers(gate, |gates| {
            with_numbers(up, |ups| {
                with_numbers(g, |gs| {
                    let outs = d_gate.par_chunks_mut(CHUNK).zip(d_up.par_chunks_mut(CHUNK));
                    let ins = gates.par_chunks(CHUNK).zip(ups.par_chunks(CHUNK)).zip(gs.par_chunks(CHUNK));
                    outs.zip(ins).for_each(|((d_gate, d_up), ((gate, up), g))| {
                        wide(
                            #[inline(always)]
                            || backward(d_gate, d_up, gate, up, g),
                        );
                    });
                    Ok(())
                })
            })
        })?;
        let d_gate = Tensor::from_vec(d_gate, gate.shape(), gate.device())?;
        Ok((Some(d_gate), Some(Tensor::from_vec(d_up, up.shape(), up.device())?)))
    }
}

#[inline(always)]
fn backward(d_gate: &mut [f32], d_up: &mut [f32], gate: &[f32], up: &[f32], g: &[f32]) {
    for ((d_gate, d_up), ((&gate, &up), &g)) in d_gate.iter_mut().zip(d_up).zip(gate.iter().zip(up).zip(g)) {
        let s = sigmoid(gate);
        *d_gate = g * up * s * (1.0 + gate * (1.0 - s));
        *d_up = g * gate * s;
    }
}
