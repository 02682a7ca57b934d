//! The head in chunks: log-probabilities of the targets and their gradients, without the full logits ever existing.

use candle_core::{D, DType, Result, Tensor};
use rayon::prelude::*;

use super::model::fused::gemm::{Mat, Spread, product};
use super::model::fused::vector::{exp, max, sum, wide};
use super::model::fused::{applies, with_numbers};
use super::model::mlp::linear;

/// Logits that exist at a time.
const LOGITS: usize = 1 << 23;

/// What the head gives back.
#[derive(Debug)]
pub struct HeadGradients {
    /// log p of each target, in the order of the tokens; 0 where there is none.
    pub log_probs: Vec<f32>,
    /// The gradient of what went into the head, `[tokens, width]`.
    pub hidden: Tensor,
    /// The gradient of the head in f32, `[vocab, width]`; `None` where it is not trained.
    pub head: Option<Tensor>,
}

/// What is asked of the head.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// For each token the one that follows it; `None` where none is asked for.
    pub targets: &'a [Option<u32>],
    /// For each token those that the next one was chosen among, over which the softmax is taken: all where it names none.
    /// With no entries at all it is all of them everywhere.
    pub among: &'a [Vec<u32>],
}

impl<'a> Wanted<'a> {
    /// Targets among all tokens.
    #[must_use]
    pub fn whole(targets: &'a [Option<u32>]) -> Self {
        Self { targets, among: &[] }
    }

    /// The tokens that have a target, and their targets.
    fn places(&self) -> (Vec<u32>, Vec<u32>) {
        let with_target = |(place, target): (u32, &Option<u32>)| target.map(|target| (place, target));
        (0..).zip(self.targets).filter_map(with_target).unzip()
    }

    /// What the targets at these places were chosen among.
    fn among(&self, places: &[u32]) -> Vec<&'a [u32]> {
        places.iter().map(|place| self.among.get(*place as usize).map_or(&[][..], Vec::as_slice)).collect()
    }

    fn check(&self, tokens: usize, vocab: usize) -> Result<()> {
        if self.targets.len() != tokens {
            candle_core::bail!("{} targets for {tokens} tokens", self.targets.len());
        }
        let ids = self.targets.iter().flatten().chain(self.among.iter().flatten());
        match ids.max().filter(|&&id| id as usize >= vocab) {
            Some(target) => candle_core::bail!("the target {target} is not below the vocabulary's {vocab}"),
            None => Ok(()),
        }
    }
}

/// How many tokens a chunk has, for a vocabulary.
#[must_use]
pub fn chunk_tokens(vocab_size: usize) -> usize {
    (LOGITS / vocab_size).clamp(16, 4096)
}

/// log p of the targets under softmax(hidden · headᵀ), among the tokens that are named, and the gradients of a loss of which
/// `slope(token, log p)` is the derivative by that token's log p.
///
/// `hidden` is `[tokens, width]`, `head` `[vocab, width]`. Tokens without a target cost nothing. `slope` is asked in the
/// order of the tokens.
///
/// # Errors
/// The shapes do not fit, or a target is out of the vocabulary.
pub fn gradients(
    hidden: &Tensor,
    head: &Tensor,
    asked: Wanted<'_>,
    trained: bool,
    chunk: usize,
    mut slope: impl FnMut(usize, f32) -> f32,
) -> Result<HeadGradients> {
    let ((tokens, width), (vocab, _)) = (hidden.dims2()?, head.dims2()?);
    asked.check(tokens, vocab)?;
    let (places, wanted) = asked.places();
    let mut log_probs = vec![0.0; tokens];
    let fused = applies(hidden);
    let mut d_hidden = vec![0.0f32; if fused { tokens * width } else { 0 }];
    let mut d_head = vec![0.0f32; if fused && trained { vocab * width } else { 0 }];
    let mut parts: Option<(Tensor, Option<Tensor>)> = None;
    for (at, places) in places.chunks(chunk).enumerate() {
        let among = asked.among(places);
        let wanted = (&wanted[at * chunk..][..places.len()], among.as_slice());
        let ids = Tensor::from_slice(places, places.len(), hidden.device())?;
        let rows = if places.len() == tokens { hidden.clone() } else { hidden.index_select(&ids, 0)? };
        let mut slope = |i: usize, log_p: f32| {
            let token = places[i] as usize;
            log_probs[token] = log_p;
            slope(token, log_p)
        };
        if fused {
            let slopes = fused_slopes(&rows, head, wanted, &mut slope)?;
            let n = places.len();
            let slopes = Mat::new(&slopes, n, vocab, vocab);
            let mut d_rows = vec![0.0; n * width];
            with_numbers(head, |w| {
                product(&mut d_rows, width, slopes, Mat::new(w, vocab, width, width), false, Spread::All);
                Ok(())
            })?;
            for (place, d_row) in places.iter().zip(d_rows.chunks_exact(width)) {
                d_hidden[*place as usize * width..][..width].copy_from_slice(d_row);
            }
            if trained {
                with_numbers(&rows, |x| {
                    product(&mut d_head, width, slopes.t(), Mat::new(x, n, width, width), at > 0, Spread::All);
                    Ok(())
                })?;
            }
        } else {
            let slopes = composed_slopes(&rows, head, wanted, &mut slope)?.to_dtype(hidden.dtype())?;
            let (before, head_before) = match parts.take() {
                Some(parts) => parts,
                None => (hidden.zeros_like()?, None),
            };
            let d_hidden = before.index_add(&ids, &slopes.matmul(head)?, 0)?;
            let d_head = match (trained, head_before) {
                (false, _) => None,
                (true, None) => Some(slopes.t()?.matmul(&rows)?.to_dtype(DType::F32)?),
                (true, Some(before)) => Some((before + slopes.t()?.matmul(&rows)?.to_dtype(DType::F32)?)?),
            };
            parts = Some((d_hidden, d_head));
        }
    }
    let (hidden, head) = match parts {
        Some(parts) => parts,
        None if fused => (
            Tensor::from_vec(d_hidden, (tokens, width), hidden.device())?,
            if trained { Some(Tensor::from_vec(d_head, (vocab, width), head.device())?) } else { None },
        ),
        None => {
            let zeros = || Tensor::zeros((vocab, width), DType::F32, head.device());
            (hidden.zeros_like()?, if trained { Some(zeros()?) } else { None })
        }
    };
    Ok(HeadGradients { log_probs, hidden, head })
}

/// log p of the targets, without gradients; 0 where there is none.
///
/// # Errors
/// The shapes do not fit, or a target is out of the vocabulary.
pub fn log_probs(hidden: &Tensor, head: &Tensor, asked: Wanted<'_>, chunk: usize) -> Result<Vec<f32>> {
    let ((tokens, _), (vocab, _)) = (hidden.dims2()?, head.dims2()?);
    asked.check(tokens, vocab)?;
    let (places, wanted) = asked.places();
    let mut all = vec![0.0; tokens];
    for (places, wanted) in places.chunks(chunk).zip(wanted.chunks(chunk)) {
        let ids = Tensor::from_slice(places, places.len(), hidden.device())?;
        let rows = hidden.index_select(&ids, 0)?;
        let among = asked.among(places);
        let log_p = if applies(hidden) {
            // As in `gradients`, so that a ratio of the two is 1 where the model is the same.
            fused_exponentials(&rows, head, (wanted, &among))?.1.into_iter().map(|(_, log_p)| log_p).collect()
        } else {
            let wanted = Tensor::from_slice(wanted, (places.len(), 1), hidden.device())?;
            let logits = masked(linear(&rows, head)?.to_dtype(DType::F32)?, &among)?;
            let chosen = logits.gather(&wanted, 1)?;
            (chosen - logits.log_sum_exp(D::Minus1)?.unsqueeze(1)?)?.flatten_all()?.to_vec1::<f32>()?
        };
        for (place, log_p) in places.iter().zip(log_p) {
            all[*place as usize] = log_p;
        }
    }
    Ok(all)
}

/// The targets of rows, and what each was chosen among.
type Rows<'a> = (&'a [u32], &'a [&'a [u32]]);

/// log p of the targets, and of each row its largest logit and the sum of its exponentials.
type Exponentials = (Vec<f32>, Vec<(f32, f32)>);

/// The exponentials of the logits `[rows, vocab]`, less the largest of each row, 0 for those that could not be chosen; and
/// by row their sum and the target's log p.
fn fused_exponentials(rows: &Tensor, head: &Tensor, (targets, among): Rows<'_>) -> Result<Exponentials> {
    let ((n, width), (vocab, _)) = (rows.dims2()?, head.dims2()?);
    let mut logits = vec![0.0; n * vocab];
    with_numbers(rows, |x| {
        with_numbers(head, |w| {
            let (x, w) = (Mat::new(x, n, width, width), Mat::new(w, vocab, width, width));
            product(&mut logits, vocab, x, w.t(), false, Spread::All);
            Ok(())
        })
    })?;
    let lines = logits.par_chunks_exact_mut(vocab).zip(targets).zip(among);
    let sums = lines.map(|((line, target), among)| {
        let chosen = line[*target as usize];
        if !among.is_empty() {
            return exponentials_among(line, chosen, among);
        }
        wide(
            #[inline(always)]
            || {
                let top = max(line);
                for value in line.iter_mut() {
                    *value = exp(*value - top);
                }
                let total = sum(line.len(), |i| line[i]);
                (total, chosen - top - total.ln())
            },
        )
    });
    let sums = sums.collect();
    Ok((logits, sums))
}

/// One row of these, where not all tokens could be chosen.
fn exponentials_among(line: &mut [f32], chosen: f32, among: &[u32]) -> (f32, f32) {
    let logits: Vec<f32> = among.iter().map(|id| line[*id as usize]).collect();
    let top = logits.iter().copied().fold(chosen, f32::max);
    line.fill(0.0);
    let mut total = 0.0;
    for (id, logit) in among.iter().zip(logits) {
        let value = exp(logit - top);
        line[*id as usize] = value;
        total += value;
    }
    (total, chosen - top - total.ln())
}

/// The logits `[rows, vocab]` with −∞ for tokens that could not be chosen.
fn masked(logits: Tensor, among: &[&[u32]]) -> Result<Tensor> {
    if among.iter().all(|among| among.is_empty()) {
        return Ok(logits);
    }
    let (rows, vocab) = logits.dims2()?;
    let mut mask = vec![0.0f32; rows * vocab];
    for (line, among) in mask.chunks_exact_mut(vocab).zip(among).filter(|(_, among)| !among.is_empty()) {
        line.fill(f32::NEG_INFINITY);
        among.iter().for_each(|id| line[*id as usize] = 0.0);
    }
    let mask = Tensor::from_vec(mask, (rows, vocab), logits.device())?;
    logits + mask
}

/// The derivatives by the logits `[rows, vocab]`: slope · (1 at the target − p).
fn fused_slopes(
    rows: &Tensor,
    head: &Tensor,
    (targets, among): Rows<'_>,
    slope: &mut impl FnMut(usize, f32) -> f32,
) -> Result<Vec<f32>> {
    let (mut logits, sums) = fused_exponentials(rows, head, (targets, among))?;
    let slopes: Vec<f32> = sums.iter().enumerate().map(|(i, (_, log_p))| slope(i, *log_p)).collect();
    let lines = logits.par_chunks_exact_mut(head.dim(0)?).zip(targets).zip(sums.par_iter().zip(&slopes));
    lines.for_each(|((line, target), ((total, _), slope))| {
        let factor = -slope / total;
        wide(
            #[inline(always)]
            || {
                for value in line.iter_mut() {
                    *value *= factor;
                }
            },
        );
        line[*target as usize] += slope;
    });
    Ok(logits)
}

fn composed_slopes(
    rows: &Tensor,
    head: &Tensor,
    (targets, among): Rows<'_>,
    slope: &mut impl FnMut(usize, f32) -> f32,
) -> Result<Tensor> {
    let device = rows.device();
    let ids = Tensor::from_slice(targets, (targets.len(), 1), device)?;
    let logits = masked(rows.matmul(&head.t()?)?.to_dtype(DType::F32)?, among)?;
    let log_sums = logits.log_sum_exp(D::Minus1)?.unsqueeze(1)?;
    let log_p = (logits.gather(&ids, 1)? - &log_sums)?.flatten_all()?.to_vec1::<f32>()?;
    let slopes: Vec<f32> = log_p.iter().enumerate().map(|(i, log_p)| slope(i, *log_p)).collect();
    let slopes = Tensor::from_vec(slopes, (targets.len(), 1), device)?;
    let p = logits.broadcast_sub(&log_sums)?.exp()?;
    p.broadcast_mul(&slopes.neg()?)?.scatter_add(&ids, &slopes, 1)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::train::params::init::Normal;

    #[test]
    fn the_composed_slopes_are_the_fused_ones() {
        let mut normal = Normal::new(5, "head");
        let mut random = |shape: (usize, usize)| {
            let numbers: Vec<f32> = (0..shape.0 * shape.1).map(|_| normal.draw() as f32).collect();
            Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
        };
        let (rows, head) = (random((6, 8)), random((33, 8)));
        let targets = [0, 32, 5, 5, 7, 1];
        // Some were chosen among all, some among a few.
        let among: [&[u32]; 6] = [&[], &[32, 1, 7], &[5], &[], &[1, 7, 8, 9, 30], &[1, 2]];
        let wanted = (&targets[..], &among[..]);
        let (mut seen, mut again) = (Vec::new(), Vec::new());
        let fused = fused_slopes(&rows, &head, wanted, &mut |i, log_p| {
            seen.push(log_p);
            i as f32 - 2.0
        });
        let composed = composed_slopes(&rows, &head, wanted, &mut |i, log_p| {
            again.push(log_p);
            i as f32 - 2.0
        });
        let composed = composed.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let fused = fused.unwrap();
        assert!(fused.iter().zip(&composed).all(|(a, b)| (a - b).abs() < 1e-6));
        // What could not be chosen has no part in it.
        assert_eq!((seen[2], &fused[2 * 33..][..5], fused[33 + 2]), (0.0, &[0.0; 5][..], 0.0));
        let logits = rows.matmul(&head.t().unwrap()).unwrap().to_vec2::<f32>().unwrap();
        let sum: f32 = [32, 1, 7].map(|id: usize| logits[1][id].exp()).iter().sum();
        assert!((seen[1] - (logits[1][32] - sum.ln())).abs() < 1e-5);
        assert!(seen.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-5), "{seen:?} {again:?}");
    }

    #[test]
    fn nothing_to_learn_is_no_gradient() {
        let (hidden, head) = (
            Tensor::ones((3, 2), DType::F32, &Device::Cpu).unwrap(),
            Tensor::ones((4, 2), DType::F32, &Device::Cpu).unwrap(),
        );
        let found = gradients(&hidden, &head, Wanted::whole(&[None; 3]), true, 8, |_, _| 1.0).unwrap();
        assert_eq!(found.log_probs, [0.0; 3]);
        assert_eq!(found.head.unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
        assert!(gradients(&hidden, &head, Wanted::whole(&[Some(4), None, None]), true, 8, |_, _| 1.0).is_err());
        assert!(gradients(&hidden, &head, Wanted::whole(&[None]), true, 8, |_, _| 1.0).is_err());
    }
}
