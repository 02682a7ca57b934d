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

/// How many tokens a chunk has, for a vocabulary.
#[must_use]
pub fn chunk_tokens(vocab_size: usize) -> usize {
    (LOGITS / vocab_size).clamp(16, 4096)
}

/// log p of the targets under softmax(hidden · headᵀ), and the gradients of a loss of which
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
    targets: &[Option<u32>],
    trained: bool,
    chunk: usize,
    mut slope: impl FnMut(usize, f32) -> f32,
) -> Result<HeadGradients> {
    let ((tokens, width), (vocab, _)) = (hidden.dims2()?, head.dims2()?);
    check(targets, tokens, vocab)?;
    let places: Vec<u32> = (0..tokens as u32).filter(|&i| targets[i as usize].is_some()).collect();
    let wanted: Vec<u32> = targets.iter().flatten().copied().collect();
    let mut log_probs = vec![0.0; tokens];
    let fused = applies(hidden);
    let mut d_hidden = vec![0.0f32; if fused { tokens * width } else { 0 }];
    let mut d_head = vec![0.0f32; if fused && trained { vocab * width } else { 0 }];
    let mut parts: Option<(Tensor, Option<Tensor>)> = None;
    for (at, places) in places.chunks(chunk).enumerate() {
        let wanted = &wanted[at * chunk..][..places.len()];
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
pub fn log_probs(hidden: &Tensor, head: &Tensor, targets: &[Option<u32>], chunk: usize) -> Result<Vec<f32>> {
    let ((tokens, _), (vocab, _)) = (hidden.dims2()?, head.dims2()?);
    check(targets, tokens, vocab)?;
    let places: Vec<u32> = (0..tokens as u32).filter(|&i| targets[i as usize].is_some()).collect();
    let mut all = vec![0.0; tokens];
    for places in places.chunks(chunk) {
        let ids = Tensor::from_slice(places, places.len(), hidden.device())?;
        let rows = hidden.index_select(&ids, 0)?;
        let wanted: Vec<u32> = places.iter().filter_map(|&i| targets[i as usize]).collect();
        let log_p = if applies(hidden) {
            // As in `gradients`, so that a ratio of the two is 1 where the model is the same.
            fused_exponentials(&rows, head, &wanted)?.1.into_iter().map(|(_, log_p)| log_p).collect()
        } else {
            let wanted = Tensor::from_vec(wanted, (places.len(), 1), hidden.device())?;
            let logits = linear(&rows, head)?.to_dtype(DType::F32)?;
            let chosen = logits.gather(&wanted, 1)?;
            (chosen - logits.log_sum_exp(D::Minus1)?.unsqueeze(1)?)?.flatten_all()?.to_vec1::<f32>()?
        };
        for (place, log_p) in places.iter().zip(log_p) {
            all[*place as usize] = log_p;
        }
    }
    Ok(all)
}

fn check(targets: &[Option<u32>], tokens: usize, vocab: usize) -> Result<()> {
    if targets.len() != tokens {
        candle_core::bail!("{} targets for {tokens} tokens", targets.len());
    }
    match targets.iter().flatten().find(|&&t| t as usize >= vocab) {
        Some(target) => candle_core::bail!("the target {target} is not below the vocabulary's {vocab}"),
        None => Ok(()),
    }
}

/// log p of the targets, and of each row its largest logit and the sum of its exponentials.
type Exponentials = (Vec<f32>, Vec<(f32, f32)>);

/// The exponentials of the logits `[rows, vocab]`, less the largest of each row; and by row their sum and the target's
/// log p.
fn fused_exponentials(rows: &Tensor, head: &Tensor, targets: &[u32]) -> Result<Exponentials> {
    let ((n, width), (vocab, _)) = (rows.dims2()?, head.dims2()?);
    let mut logits = vec![0.0; n * vocab];
    with_numbers(rows, |x| {
        with_numbers(head, |w| {
            let (x, w) = (Mat::new(x, n, width, width), Mat::new(w, vocab, width, width));
            product(&mut logits, vocab, x, w.t(), false, Spread::All);
            Ok(())
        })
    })?;
    let lines = logits.par_chunks_exact_mut(vocab).zip(targets);
    let sums = lines.map(|(line, target)| {
        let chosen = line[*target as usize];
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

/// The derivatives by the logits `[rows, vocab]`: slope · (1 at the target − p).
fn fused_slopes(
    rows: &Tensor,
    head: &Tensor,
    targets: &[u32],
    slope: &mut impl FnMut(usize, f32) -> f32,
) -> Result<Vec<f32>> {
    let (mut logits, sums) = fused_exponentials(rows, head, targets)?;
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
    targets: &[u32],
    slope: &mut impl FnMut(usize, f32) -> f32,
) -> Result<Tensor> {
    let device = rows.device();
    let ids = Tensor::from_slice(targets, (targets.len(), 1), device)?;
    let logits = rows.matmul(&head.t()?)?.to_dtype(DType::F32)?;
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
        let (mut seen, mut again) = (Vec::new(), Vec::new());
        let fused = fused_slopes(&rows, &head, &targets, &mut |i, log_p| {
            seen.push(log_p);
            i as f32 - 2.0
        });
        let composed = composed_slopes(&rows, &head, &targets, &mut |i, log_p| {
            again.push(log_p);
            i as f32 - 2.0
        });
        let composed = composed.unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(fused.unwrap().iter().zip(&composed).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!(seen.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-5), "{seen:?} {again:?}");
    }

    #[test]
    fn nothing_to_learn_is_no_gradient() {
        let (hidden, head) = (
            Tensor::ones((3, 2), DType::F32, &Device::Cpu).unwrap(),
            Tensor::ones((4, 2), DType::F32, &Device::Cpu).unwrap(),
        );
        let found = gradients(&hidden, &head, &[None; 3], true, 8, |_, _| 1.0).unwrap();
        assert_eq!(found.log_probs, [0.0; 3]);
        assert_eq!(found.head.unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
        assert!(gradients(&hidden, &head, &[Some(4), None, None], true, 8, |_, _| 1.0).is_err());
        assert!(gradients(&hidden, &head, &[None], true, 8, |_, _| 1.0).is_err());
    }
}
