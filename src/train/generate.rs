//! Text from a model, token by token.

use candle_core::{DType, Device};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::error::{Result, TrainError};
use super::model::Model;
use super::model::cache::Cache;
use super::model::weights::View;

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// Only so many of the most probable tokens.
    pub top_k: Option<usize>,
    /// Only the most probable tokens that together have this probability.
    pub top_p: f64,
    /// The same seed gives the same text.
    pub seed: u64,
    /// At most so many tokens.
    pub tokens_max: usize,
}

/// Continues `prompt` until a token of `stop`, the limit, or the end of the context; `each` is told of each token.
///
/// # Errors
/// The prompt is empty, or does not fit the vocabulary or the context.
pub fn generate(
    model: &Model,
    prompt: &[u32],
    sampling: &Sampling,
    stop: &[u32],
    each: &mut dyn FnMut(u32) -> Result<()>,
) -> Result<Vec<u32>> {
    let weights = model.weights(View::Detached)?;
    let decoder = model.decoder();
    let mut cache = Cache::new(vec![0]);
    let mut next: Vec<u32> = prompt.to_vec();
    let mut out = Vec::new();
    let room = model.config().context.saturating_sub(prompt.len());
    for place in 0..sampling.tokens_max.min(room) {
        let hidden = decoder.advance(&weights, &next, &mut cache)?;
        let last = hidden.narrow(0, next.len() - 1, 1)?;
        let logits = decoder.logits(&weights, &last)?.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
        let logits: Vec<f32> = logits.flatten_all()?.to_vec1()?;
        let token = choose(&logits, sampling, place as u64)?;
        if stop.contains(&token) {
            break;
        }
        out.push(token);
        each(token)?;
        next = vec![token];
    }
    Ok(out)
}

/// The next token: a pure function of the logits, the settings and its place.
///
/// # Errors
/// No logit is a number.
pub fn choose(logits: &[f32], sampling: &Sampling, place: u64) -> Result<u32> {
    let mut order: Vec<usize> = (0..logits.len()).filter(|i| !logits[*i].is_nan()).collect();
    // The first of equals, whatever their order.
    order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b)));
    let Some(best) = order.first().copied() else {
        return Err(TrainError::argument("the logits", "numbers", "none"));
    };
    if sampling.temperature <= 0.0 {
        return Ok(best as u32);
    }
    order.truncate(sampling.top_k.unwrap_or(usize::MAX).max(1));
    let most = f64::from(logits[best]);
    let weight = |i: &usize| ((f64::from(logits[*i]) - most) / sampling.temperature).exp();
    let mut weights: Vec<f64> = order.iter().map(weight).collect();
    let all: f64 = weights.iter().sum();
    let mut sum = 0.0;
    // The token that reaches the share is still in.
    let kept = weights.iter().take_while(|weight| {
        let before = sum;
        sum += **weight / all;
        before < sampling.top_p
    });
    let kept = kept.count().max(1);
    weights.truncate(kept);
    let mut draw = uniform(sampling.seed, place) * weights.iter().sum::<f64>();
    for (i, weight) in order.iter().zip(&weights) {
        draw -= weight;
        if draw < 0.0 {
            return Ok(*i as u32);
        }
    }
    Ok(order[kept - 1] as u32)
}

/// A number in [0, 1) for a place.
fn uniform(seed: u64, place: u64) -> f64 {
    (xxh3_64_with_seed(&place.to_le_bytes(), seed) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Sampling = Sampling { temperature: 1.0, top_k: None, top_p: 1.0, seed: 1, tokens_max: 1 };

    fn shares(logits: &[f32], sampling: &Sampling) -> Vec<f64> {
        let draws = 20_000;
        let mut counts = vec![0.0; logits.len()];
        for place in 0..draws {
            counts[choose(logits, sampling, place).unwrap() as usize] += 1.0 / draws as f64;
        }
        counts
    }

    #[track_caller]
    fn check(sampling: Sampling, want: [f64; 3]) {
        // Probabilities 0.5, 0.3, 0.2.
        let logits = [0.5f32.ln() + 3.0, 0.3f32.ln() + 3.0, 0.2f32.ln() + 3.0];
        let found = shares(&logits, &sampling);
        for (found, want) in found.iter().zip(want) {
            // Four standard deviations.
            assert!((found - want).abs() < 4.0 * (0.25f64 / 20_000.0).sqrt(), "{found} for {want}");
        }
    }

    #[test]
    fn frequencies_are_those_of_the_distribution() {
        check(PLAIN, [0.5, 0.3, 0.2]);
        check(Sampling { temperature: 0.0, ..PLAIN }, [1.0, 0.0, 0.0]);
        check(Sampling { top_k: Some(2), ..PLAIN }, [0.625, 0.375, 0.0]);
        check(Sampling { top_p: 0.6, ..PLAIN }, [0.625, 0.375, 0.0]);
        check(Sampling { top_p: 0.0, ..PLAIN }, [1.0, 0.0, 0.0]);
        check(Sampling { temperature: 0.5, ..PLAIN }, [25.0 / 38.0, 9.0 / 38.0, 4.0 / 38.0]);
    }

    #[test]
    fn ties_and_gaps_have_an_outcome() {
        let greedy = Sampling { temperature: 0.0, ..PLAIN };
        assert_eq!(choose(&[1.0, 2.0, 2.0], &greedy, 0).unwrap(), 1);
        assert_eq!(choose(&[f32::NAN, -5.0], &PLAIN, 0).unwrap(), 1);
        assert!(choose(&[f32::NAN], &PLAIN, 0).is_err());
        assert_eq!(choose(&[f32::NEG_INFINITY, 0.0], &PLAIN, 3).unwrap(), 1);
    }
}
