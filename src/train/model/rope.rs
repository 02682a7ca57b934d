//! The rotary embedding: pairs (i, i + d/2) of a head turn by position · frequency i.

use std::f64::consts::PI;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{D, Tensor};

use super::config::{Rope, RopeScaling};

/// The frequencies of the pairs of a head of width `head_dim`, radians a position.
///
/// They are rounded to f32, as the models were trained with them.
#[must_use]
pub fn frequencies(rope: &Rope, head_dim: usize) -> Vec<f32> {
    let plain = (0..head_dim / 2).map(|i| rope.theta.powf(-((2 * i) as f64) / head_dim as f64));
    plain.map(|frequency| stretch(frequency, rope.scaling) as f32).collect()
}

fn stretch(frequency: f64, scaling: RopeScaling) -> f64 {
    match scaling {
        RopeScaling::Default => frequency,
        RopeScaling::Linear { factor } => frequency / factor,
        RopeScaling::Llama3 { factor, low_freq_factor, high_freq_factor, original_context } => {
            let context = original_context as f64;
            let wave = 2.0 * PI / frequency;
            if wave < context / high_freq_factor {
                frequency
            } else if wave > context / low_freq_factor {
                frequency / factor
            } else {
                let smooth = (context / wave - low_freq_factor) / (high_freq_factor - low_freq_factor);
                (1.0 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}

/// Cosines and sines of the positions seen so far, `[positions, head_dim / 2]` each.
#[derive(Debug)]
pub struct RopeTable {
    frequencies: Vec<f32>,
    rows: Mutex<Arc<Turns>>,
}

/// Cosines and sines, row by row.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// Cosines.
    pub cos: Vec<f32>,
    /// Sines.
    pub sin: Vec<f32>,
}

impl RopeTable {
    /// A table that is filled as positions are asked for.
    #[must_use]
    pub fn new(rope: &Rope, head_dim: usize) -> Self {
        Self { frequencies: frequencies(rope, head_dim), rows: Mutex::default() }
    }

    /// Cosines and sines of these positions, a row each.
    #[must_use]
    pub fn turns(&self, positions: &[u32]) -> Turns {
        let half = self.frequencies.len();
        let needed = positions.iter().max().map_or(0, |&p| p as usize + 1) * half;
        let table = {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            if rows.cos.len() < needed {
                *rows = Arc::new(self.fill(needed.next_power_of_two().div_ceil(half)));
            }
            Arc::clone(&rows)
        };
        let gather = |from: &[f32]| {
            positions.iter().flat_map(|&p| &from[p as usize * half..][..half]).copied().collect::<Vec<_>>()
        };
        Turns { cos: gather(&table.cos), sin: gather(&table.sin) }
    }

    fn fill(&self, positions: usize) -> Turns {
        // The product is rounded to f32, as it is where the models come from.
        let angles = (0..positions).flat_map(|p| self.frequencies.iter().map(move |f| f64::from(p as f32 * f)));
        let (cos, sin) = angles.map(|angle| (angle.cos() as f32, angle.sin() as f32)).unzip();
        Turns { cos, sin }
    }
}

/// Turns `x` `[rows, heads, time, head_dim]` by cosines and sines `[rows, 1, time, head_dim / 2]`; composed, with a
/// gradient.
///
/// # Errors
/// The shapes do not fit.
pub fn turn(x: &Tensor, cos: &Tensor, sin: &Tensor) -> candle_core::Result<Tensor> {
    let half = x.dim(D::Minus1)? / 2;
    let (a, b) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
    let left = (a.broadcast_mul(cos)? - b.broadcast_mul(sin)?)?;
    let right = (b.broadcast_mul(cos)? + a.broadcast_mul(sin)?)?;
    Tensor::cat(&[left, right], D::Minus1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f32], want: &[f64]) {
        assert_eq!(found.len(), want.len());
        for (f, w) in found.iter().zip(want) {
            assert!((f64::from(*f) - w).abs() <= w.abs() * 1e-6, "{found:?} {want:?}");
        }
    }

    #[test]
    fn frequencies_of_each_kind() {
        let rope = |scaling| Rope { theta: 10_000.0, scaling };
        near(&frequencies(&rope(RopeScaling::Default), 4), &[1.0, 0.01]);
        near(&frequencies(&rope(RopeScaling::Linear { factor: 4.0 }), 4), &[0.25, 0.0025]);
        let scaling =
            RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_context: 16 };
        // Waves of 2π·1, 10, 100, 1000 positions against 4 and 16.
        let found = frequencies(&rope(scaling), 8);
        let smooth = (16.0 / (2.0 * PI) - 1.0) / 3.0;
        near(&found, &[(1.0 - smooth) / 8.0 + smooth, 0.0125, 0.00125, 0.000_125]);
    }

    #[test]
    fn the_table_grows_and_gathers() {
        let table = RopeTable::new(&Rope { theta: 100.0, scaling: RopeScaling::Default }, 4);
        let few = table.turns(&[1, 0]);
        near(&few.cos, &[1f64.cos(), 0.1f64.cos(), 1.0, 1.0]);
        let more = table.turns(&[0, 1, 9]);
        assert_eq!(more.sin[2..4], few.sin[..2]);
        near(&more.sin[4..], &[9f64.sin(), 0.9f64.sin()]);
    }
}
