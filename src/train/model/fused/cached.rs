//! Attention of new tokens over the keys and values kept of those before, for decoding: no gradient.

use rayon::prelude::*;

use super::attention::Heads;
use super::gemm::{Mat, Spread, product};
use super::vector::{exp, max, sum, wide};
use crate::train::model::rope::Turns;

/// Keys and values of a block, `[rows, kv_heads, capacity, d]` each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    /// Keys, turned.
    pub(crate) keys: Vec<f32>,
    /// Values.
    pub(crate) values: Vec<f32>,
}

/// Where in the kept tokens the new ones stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// New tokens a row.
    pub(crate) time: usize,
    /// Tokens kept before them.
    pub(crate) seen: usize,
    /// Tokens that there is room for.
    pub(crate) capacity: usize,
    /// By row: how many tokens of padding it begins with.
    pub(crate) padding: &'a [usize],
}

impl Kept {
    /// Room for `capacity` tokens a row and head, with the `seen` ones kept.
    pub(crate) fn grown(&self, seen: usize, old: usize, capacity: usize, heads: usize, d: usize) -> Self {
        let grow = |from: &[f32]| {
            let mut to = vec![0.0; heads * capacity * d];
            if old > 0 {
                for (to, from) in to.chunks_exact_mut(capacity * d).zip(from.chunks_exact(old * d)) {
                    to[..seen * d].copy_from_slice(&from[..seen * d]);
                }
            }
            to
        };
        Self { keys: grow(&self.keys), values: grow(&self.values) }
    }

    /// Only these rows, in this order; a row has `size` numbers.
    pub(crate) fn selected(&self, rows: &[usize], size: usize) -> Self {
        let select = |from: &[f32]| {
            let mut to = vec![0.0; rows.len() * size];
            to.par_chunks_exact_mut(size.max(1)).zip(rows).for_each(|(to, row)| {
                to.copy_from_slice(&from[row * size..][..size]);
            });
            to
        };
        Self { keys: select(&self.keys), values: select(&self.values) }
    }
}

/// Keeps the keys and values of new tokens and gives softmax(turn(q) · keysᵀ / √d) · values, `[rows · time, heads · d]`.
///
/// `q` is `[rows · time, heads · d]`, `k` and `v` `[rows · time, kv_heads · d]`, not yet turned; padding sees itself.
pub(crate) fn attend(
    [q, k, v]: [&[f32]; 3],
    turns: &Turns,
    heads: Heads,
    kept: &mut Kept,
    window: &Window<'_>,
) -> Vec<f32> {
    let Heads { queries, keys: kv_heads, width: d } = heads;
    let Window { time, seen, capacity, padding } = *window;
    let group = queries / kv_heads;
    let rows = padding.len();
    // [rows, kv_heads, time, group · d]
    let mut out = vec![0.0f32; rows * time * queries * d];
    let tasks = out.par_chunks_exact_mut(time * group * d).zip(kept.keys.par_chunks_exact_mut(capacity * d));
    let tasks = tasks.zip(kept.values.par_chunks_exact_mut(capacity * d)).enumerate();
    tasks.for_each(|(task, ((out, keys), values))| {
        let (row, head) = (task / kv_heads, task % kv_heads);
        for t in 0..time {
            let token = row * time + t;
            let from = (token * kv_heads + head) * d;
            turn(&k[from..from + d], turns, token, 1.0, &mut keys[(seen + t) * d..][..d]);
            values[(seen + t) * d..][..d].copy_from_slice(&v[from..from + d]);
        }
        let count = seen + time;
        let first = padding[row].min(seen);
        let scale = 1.0 / (d as f32).sqrt();
        // [time · group, d]
        let mut turned = vec![0.0f32; time * group * d];
        for (i, turned) in turned.chunks_exact_mut(d).enumerate() {
            let (token, query) = (row * time + i / group, head * group + i % group);
            turn(&q[(token * queries + query) * d..][..d], turns, token, scale, turned);
        }
        let seen_keys = count - first;
        let mut scores = vec![0.0f32; time * group * seen_keys];
        let (n, keys, values) = (time * group, &keys[first * d..count * d], &values[first * d..count * d]);
        let keys = Mat::new(keys, seen_keys, d, d);
        product(&mut scores, seen_keys, Mat::new(&turned, n, d, d), keys.t(), false, Spread::One);
        for (i, line) in scores.chunks_exact_mut(seen_keys).enumerate() {
            let place = seen + i / group;
            let (from, to) = (padding[row].min(place) - first, place + 1 - first);
            softmax(line, from, to);
        }
        let values = Mat::new(values, seen_keys, d, d);
        product(out, d, Mat::new(&scores, n, seen_keys, seen_keys), values, false, Spread::One);
    });
    if time == 1 { out } else { by_token(&out, rows, kv_heads, time, group * d) }
}

/// Turns a head's vector by the angles of a token, and scales it.
fn turn(x: &[f32], turns: &Turns, token: usize, scale: f32, out: &mut [f32]) {
    let half = x.len() / 2;
    let (cos, sin) = (&turns.cos[token * half..][..half], &turns.sin[token * half..][..half]);
    let ((a, b), (left, right)) = (x.split_at(half), out.split_at_mut(half));
    wide(
        #[inline(always)]
        || {
            for j in 0..half {
                left[j] = (a[j] * cos[j] - b[j] * sin[j]) * scale;
                right[j] = (b[j] * cos[j] + a[j] * sin[j]) * scale;
            }
        },
    );
}

/// The softmax over `from..to` of a line; 0 elsewhere.
fn softmax(line: &mut [f32], from: usize, to: usize) {
    line[..from].fill(0.0);
    line[to..].fill(0.0);
    let line = &mut line[from..to];
    wide(
        #[inline(always)]
        || {
            let top = max(line);
            for score in line.iter_mut() {
                *score = exp(*score - top);
            }
            let one_over = 1.0 / sum(line.len(), |i| line[i]);
            for score in line.iter_mut() {
                *score *= one_over;
            }
        },
    );
}

/// `[rows, kv_heads, time, width]` → `[rows, time, kv_heads, width]`.
fn by_token(from: &[f32], rows: usize, kv_heads: usize, time: usize, width: usize) -> Vec<f32> {
    let mut to = vec![0.0; from.len()];
    for row in 0..rows {
        for head in 0..kv_heads {
            for t in 0..time {
                let source = ((row * kv_heads + head) * time + t) * width;
                let target = ((row * time + t) * kv_heads + head) * width;
                to[target..target + width].copy_from_slice(&from[source..source + width]);
            }
        }
    }
    to
}
