//! Causal attention over packed documents in one pass: rotary embedding, scores, softmax, values, a block of queries at a
//! time. The scores of a whole row never exist; the backward computes them again from the sums kept of each query.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Mat, Spread, product};
use super::vector::{exp, max, sum, wide};
use super::{numbers, with_numbers};
use crate::train::model::sequence::Shared;

/// Queries a block.
const QUERIES: usize = 64;

/// The heads of a model.
#[derive(Clone, Copy, Debug)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key and value heads.
    pub keys: usize,
    /// Width of a head.
    pub width: usize,
}

struct Attention {
    shared: Shared,
    heads: Heads,
    /// By row, key head, query head of the group and token: the logarithm of the sum of its exponentials.
    sums: Mutex<Vec<Vec<f32>>>,
}

/// softmax(turn(q) · turn(k)ᵀ / √d) · v for `q` `[tokens, heads · d]`, `k` and `v` `[tokens, kv_heads · d]`; each query
/// sees its document up to itself.
///
/// # Errors
/// The shapes do not fit.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, heads: Heads, shared: &Shared) -> Result<Tensor> {
    let op = Attention { shared: shared.clone(), heads, sums: Mutex::default() };
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op)
}

/// What a task has to do with: one key head of one row, with its group of query heads.
struct Task<'a> {
    op: &'a Attention,
    row: usize,
    key_head: usize,
}

/// A block of queries and the keys that they see.
struct Block {
    first: usize,
    last: usize,
    from: usize,
}

impl Block {
    fn queries(&self) -> usize {
        self.last - self.first
    }

    fn keys(&self) -> usize {
        self.last - self.from
    }
}

impl Task<'_> {
    fn group(&self) -> usize {
        self.op.heads.queries / self.op.heads.keys
    }

    fn time(&self) -> usize {
        self.op.shared.time
    }

    /// The first token of the row.
    fn base(&self) -> usize {
        self.row * self.time()
    }

    fn starts(&self) -> &[u32] {
        &self.op.shared.starts[self.base()..][..self.time()]
    }

    fn blocks(&self) -> impl Iterator<Item = Block> {
        let (time, starts) = (self.time(), self.starts());
        (0..time).step_by(QUERIES).map(move |first| {
            let last = (first + QUERIES).min(time);
            let from = starts[first..last].iter().min().map_or(0, |s| *s as usize);
            Block { first, last, from }
        })
    }

    /// A head's vectors `[time, d]`, turned and scaled; `all` has `width` numbers a token.
    fn turned(&self, all: &[f32], width: usize, head: usize, scale: f32) -> Vec<f32> {
        let (d, half) = (self.op.heads.width, self.op.heads.width / 2);
        let turns = &self.op.shared.turns;
        let mut out = vec![0.0; self.time() * d];
        wide(
            #[inline(always)]
            || {
                for (i, out) in out.chunks_exact_mut(d).enumerate() {
                    let token = self.base() + i;
                    let (a, b) = all[token * width + head * d..][..d].split_at(half);
                    let (cos, sin) = (&turns.cos[token * half..][..half], &turns.sin[token * half..][..half]);
                    let (left, right) = out.split_at_mut(half);
                    for j in 0..half {
                        left[j] = (a[j] * cos[j] - b[j] * sin[j]) * scale;
                        right[j] = (b[j] * cos[j] + a[j] * sin[j]) * scale;
                    }
                }
            },
        );
        out
    }

    /// Turns gradients `[time, d]` (with `stride` numbers a token) back.
    fn turn_back(&self, out: &mut [f32], stride: usize, scale: f32) {
        let (d, half) = (self.op.heads.width, self.op.heads.width / 2);
        let turns = &self.op.shared.turns;
        wide(
            #[inline(always)]
            || {
                for (i, out) in out.chunks_mut(stride).enumerate() {
                    let token = self.base() + i;
                    let (cos, sin) = (&turns.cos[token * half..][..half], &turns.sin[token * half..][..half]);
                    let (left, right) = out[..d].split_at_mut(half);
                    for j in 0..half {
                        let (a, b) = (left[j], right[j]);
                        left[j] = (a * cos[j] + b * sin[j]) * scale;
                        right[j] = (b * cos[j] - a * sin[j]) * scale;
                    }
                }
            },
        );
    }

    fn scale(&self) -> f32 {
        1.0 / (self.op.heads.width as f32).sqrt()
    }

    /// The group's output `[time, group · d]` and the sums `[group, time]`.
    fn forward(&self, q: &[f32], k: &[f32], v: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let Heads { queries, keys, width: d } = self.op.heads;
        let (group, time, starts) = (self.group(), self.time(), self.starts());
        let k = self.turned(k, keys * d, self.key_head, 1.0);
        let v = &v[self.base() * keys * d + self.key_head * d..];
        let mut out = vec![0.0; time * group * d];
        let mut sums = vec![0.0; group * time];
        let mut scores = vec![0.0; QUERIES * time];
        for member in 0..group {
            let q = self.turned(q, queries * d, self.key_head * group + member, self.scale());
            for block in self.blocks() {
                let (rows, cols) = (block.queries(), block.keys());
                let scores = &mut scores[..rows * cols];
                let queries = Mat::new(&q[block.first * d..], rows, d, d);
                product(scores, cols, queries, Mat::new(&k[block.from * d..], cols, d, d).t(), false, Spread::One);
                wide(
                    #[inline(always)]
                    || {
                        for (row, line) in scores.chunks_exact_mut(cols).enumerate() {
                            let i = block.first + row;
                            let seen = starts[i] as usize - block.from..i + 1 - block.from;
                            sums[member * time + i] = softmax(line, seen);
                        }
                    },
                );
                let values = Mat::new(&v[block.from * keys * d..], cols, d, keys * d);
                let out = &mut out[block.first * group * d + member * d..];
                product(out, group * d, Mat::new(scores, rows, cols, cols), values, false, Spread::One);
            }
        }
        (out, sums)
    }

    /// The gradients of the group's queries `[time, group · d]`, and of its key and value `[time, d]`.
    fn backward(&self, [q, k, v, g]: [&[f32]; 4], sums: &[f32]) -> [Vec<f32>; 3] {
        let Heads { queries, keys, width: d } = self.op.heads;
        let (group, time, starts) = (self.group(), self.time(), self.starts());
        let k = self.turned(k, keys * d, self.key_head, 1.0);
        let v = &v[self.base() * keys * d + self.key_head * d..];
        let mut dq = vec![0.0; time * group * d];
        let (mut dk, mut dv) = (vec![0.0; time * d], vec![0.0; time * d]);
        let (mut scores, mut slopes) = (vec![0.0; QUERIES * time], vec![0.0; QUERIES * time]);
        for member in 0..group {
            let head = self.key_head * group + member;
            let q = self.turned(q, queries * d, head, self.scale());
            let at = self.base() * queries * d + head * d;
            let g = &g[at..];
            for block in self.blocks() {
                let (rows, cols) = (block.queries(), block.keys());
                let (scores, slopes) = (&mut scores[..rows * cols], &mut slopes[..rows * cols]);
                let q = Mat::new(&q[block.first * d..], rows, d, d);
                let k = Mat::new(&k[block.from * d..], cols, d, d);
                let values = Mat::new(&v[block.from * keys * d..], cols, d, keys * d);
                let gs = Mat::new(&g[block.first * queries * d..], rows, d, queries * d);
                product(scores, cols, q, k.t(), false, Spread::One);
                product(slopes, cols, gs, values.t(), false, Spread::One);
                wide(
                    #[inline(always)]
                    || {
                        let lines = scores.chunks_exact_mut(cols).zip(slopes.chunks_exact_mut(cols));
                        for (row, (line, slope)) in lines.enumerate() {
                            let i = block.first + row;
                            let seen = starts[i] as usize - block.from..i + 1 - block.from;
                            softmax_backward(line, slope, seen, sums[member * time + i]);
                        }
                    },
                );
                let (scores, slopes) = (Mat::new(scores, rows, cols, cols), Mat::new(slopes, rows, cols, cols));
                product(&mut dq[block.first * group * d + member * d..], group * d, slopes, k, false, Spread::One);
                product(&mut dk[block.from * d..], d, slopes.t(), q, true, Spread::One);
                product(&mut dv[block.from * d..], d, scores.t(), gs, true, Spread::One);
            }
            self.turn_back(&mut dq[member * d..], group * d, self.scale());
        }
        self.turn_back(&mut dk, d, 1.0);
        [dq, dk, dv]
    }
}

/// Scores into probabilities over what is seen, 0 elsewhere; returns the logarithm of the sum of the exponentials.
#[inline(always)]
fn softmax(line: &mut [f32], seen: std::ops::Range<usize>) -> f32 {
    line[..seen.start].fill(0.0);
    line[seen.end..].fill(0.0);
    let line = &mut line[seen];
    let top = max(line);
    for value in line.iter_mut() {
        *value = exp(*value - top);
    }
    let total = sum(line.len(), |i| line[i]);
    let scale = 1.0 / total;
    for value in line.iter_mut() {
        *value *= scale;
    }
    top + total.ln()
}

/// Scores into probabilities p, and the slopes by p into those by the scores, p·(slope − Σ p·slope).
#[inline(always)]
fn softmax_backward(line: &mut [f32], slope: &mut [f32], seen: std::ops::Range<usize>, log_sum: f32) {
    for outside in [0..seen.start, seen.end..line.len()] {
        line[outside.clone()].fill(0.0);
        slope[outside].fill(0.0);
    }
    let (line, slope) = (&mut line[seen.clone()], &mut slope[seen]);
    for value in line.iter_mut() {
        *value = exp(*value - log_sum);
    }
    // From the same numbers, and over their sum: the slopes add up to 0, which what does not depend on a shift of all
    // scores (a bias of the keys, nearly) would show otherwise.
    let along = sum(line.len(), |i| line[i] * slope[i]) / sum(line.len(), |i| line[i]);
    for (value, slope) in line.iter().zip(slope) {
        *slope = *value * (*slope - along);
    }
}

impl Attention {
    fn tasks(&self) -> impl IndexedParallelIterator<Item = Task<'_>> {
        let tasks = (0..self.shared.rows * self.heads.keys).into_par_iter();
        tasks.map(|i| Task { op: self, row: i / self.heads.keys, key_head: i % self.heads.keys })
    }

    /// Puts what the tasks made, `[time, width]` each, side by side: `[tokens, key heads · width]`.
    fn gather<'a>(&self, parts: &[impl AsRef<[f32]> + Sync + 'a], width: usize) -> Vec<f32> {
        let (time, keys) = (self.shared.time, self.heads.keys);
        let mut out = vec![0.0; self.shared.rows * time * keys * width];
        out.par_chunks_mut(keys * width).enumerate().for_each(|(token, out)| {
            for (key_head, out) in out.chunks_exact_mut(width).enumerate() {
                let part = parts[token / time * keys + key_head].as_ref();
                out.copy_from_slice(&part[token % time * width..][..width]);
            }
        });
        out
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        lq: &Layout,
        k: &CpuStorage,
        lk: &Layout,
        v: &CpuStorage,
        lv: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Heads { queries, keys, width } = self.heads;
        let tokens = self.shared.rows * self.shared.time;
        let widths = [(lq, queries), (lk, keys), (lv, keys)];
        if widths.iter().any(|(l, heads)| l.dims() != [tokens, heads * width]) {
            bail!(
                "attention: {:?}, {:?}, {:?} for {tokens} tokens and {:?}",
                lq.dims(),
                lk.dims(),
                lv.dims(),
                self.heads
            );
        }
        let (q, k, v) = (numbers(q, lq)?, numbers(k, lk)?, numbers(v, lv)?);
        let (outs, sums): (Vec<_>, Vec<_>) = self.tasks().map(|task| task.forward(q, k, v)).unzip();
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = sums;
        let out = self.gather(&outs, queries / keys * width);
        Ok((CpuStorage::F32(out), lq.shape().clone()))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        g: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let parts: Vec<[Vec<f32>; 3]> = with_numbers(q, |q| {
            with_numbers(k, |k| {
                with_numbers(v, |v| {
                    with_numbers(g, |g| {
                        let tasks = self.tasks().zip(sums.par_iter());
                        Ok(tasks.map(|(task, sums)| task.backward([q, k, v, g], sums)).collect())
                    })
                })
            })
        })?;
        let gradient = |part: usize, width: usize, of: &Tensor| {
            let parts: Vec<&[f32]> = parts.iter().map(|p| p[part].as_slice()).collect();
            Tensor::from_vec(self.gather(&parts, width), of.shape(), of.device())
        };
        let Heads { queries, keys, width } = self.heads;
        Ok((Some(gradient(0, queries / keys * width, q)?), Some(gradient(1, width, k)?), Some(gradient(2, width, v)?)))
    }
}
