//! The next token: a pure function of the logits, the settings and a draw.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::train::error::{Result, TrainError};
use crate::train::model::fused::vector::{exp, max, sum, wide};

/// How the next token is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choosing {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// Only so many of the most probable tokens.
    pub top_k: Option<usize>,
    /// Only the most probable tokens that together have this probability.
    pub top_p: f64,
}

impl Choosing {
    /// The most probable token each time.
    #[must_use]
    pub fn greedy() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: 1.0 }
    }

    /// From the whole distribution at this temperature.
    #[must_use]
    pub fn at(temperature: f64) -> Self {
        Self { temperature, top_k: None, top_p: 1.0 }
    }

    /// Whether all tokens can be chosen.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.top_k.is_none() && self.top_p >= 1.0
    }

    /// The temperature of the distribution that log-probabilities are of: that of the choice, and 1 for greedy choices.
    #[must_use]
    pub fn scale(&self) -> f64 {
        if self.temperature > 0.0 { self.temperature } else { 1.0 }
    }
}

/// A token that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The token.
    pub token: u32,
    /// log p of it at the sampling temperature (at 1 for greedy choices), among what could be chosen.
    pub log_p: f32,
    /// What could be chosen, most probable first, where top-k or top-p left some out; else empty.
    pub kept: Vec<u32>,
    /// The entropy of the whole softmax, nats.
    pub entropy: f32,
}

/// A number in [0, 1) for a place of a stream of draws.
#[must_use]
pub fn uniform(stream: u64, place: u64) -> f64 {
    (xxh3_64_with_seed(&place.to_le_bytes(), stream) >> 11) as f64 / (1u64 << 53) as f64
}

/// The stream of draws of one output: of this seed, step, prompt, and sample of the prompt.
#[must_use]
pub fn stream(seed: u64, step: u64, prompt: u64, sample: u64) -> u64 {
    let bytes: Vec<u8> = [step, prompt, sample].into_iter().flat_map(u64::to_le_bytes).collect();
    xxh3_64_with_seed(&bytes, seed)
}

/// Chooses by `draw` in [0, 1).
///
/// # Errors
/// No logit is a number.
pub fn choose(logits: &[f32], by: &Choosing, draw: f64) -> Result<Choice> {
    let top = max(logits);
    // `max` passes over what is no number.
    if top == f32::NEG_INFINITY || !top.is_finite() {
        return Err(TrainError::argument("the logits", "finite numbers", format!("a maximum of {top}")));
    }
    let scale = (1.0 / by.scale()) as f32;
    let below = |i: usize| (logits[i] - top) * scale;
    let mut weights = vec![0.0f32; logits.len()];
    let inner = wide(
        #[inline(always)]
        || {
            for (weight, logit) in weights.iter_mut().zip(logits) {
                let x = (*logit - top) * scale;
                *weight = if x > f32::NEG_INFINITY { exp(x) } else { 0.0 };
            }
            sum(weights.len(), |i| if weights[i] > 0.0 { weights[i] * ((logits[i] - top) * scale) } else { 0.0 })
        },
    );
    let all: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    let log_all = all.ln();
    let entropy = (log_all - f64::from(inner) / all) as f32;
    let choice = |token: usize, kept: Vec<u32>, log_mass: f64| Choice {
        token: token as u32,
        log_p: (f64::from(below(token)) - log_mass) as f32,
        kept,
        entropy,
    };
    if by.temperature <= 0.0 {
        // The first of equals.
        let best = logits.iter().position(|logit| *logit == top).unwrap_or_default();
        return Ok(choice(best, Vec::new(), log_all));
    }
    if by.is_whole() {
        let order = (0..weights.len()).filter(|i| weights[*i] > 0.0);
        return Ok(choice(find(order, &weights, draw * all), Vec::new(), log_all));
    }
    let order = kept(&weights, by, all);
    let mass: f64 = order.iter().map(|i| f64::from(weights[*i])).sum();
    let token = find(order.iter().copied(), &weights, draw * mass);
    let kept = if order.len() < weights.len() { order.into_iter().map(|i| i as u32).collect() } else { Vec::new() };
    Ok(choice(token, kept, mass.ln()))
}

/// The first token, in this order, with which the weights exceed `wanted`; the last where rounding leaves none.
fn find(order: impl Iterator<Item = usize>, weights: &[f32], wanted: f64) -> usize {
    let (mut reached, mut last) = (0.0, 0);
    for i in order {
        reached += f64::from(weights[i]);
        last = i;
        if reached > wanted {
            break;
        }
    }
    last
}

/// The tokens that can be chosen, most probable first; the first of equals first.
fn kept(weights: &[f32], by: &Choosing, all: f64) -> Vec<usize> {
    let before = |a: &usize, b: &usize| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b));
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let most = by.top_k.unwrap_or(usize::MAX).max(1);
    if most < order.len() {
        order.select_nth_unstable_by(most, before);
        order.truncate(most);
    }
    order.sort_unstable_by(before);
    // The token that reaches the share is still in.
    let mut reached = 0.0;
    let inside = order.iter().take_while(|i| {
        let earlier = reached;
        reached += f64::from(weights[**i]) / all;
        earlier < by.top_p
    });
    let count = inside.count().max(1);
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Choosing = Choosing { temperature: 1.0, top_k: None, top_p: 1.0 };

    /// Probabilities 0.5, 0.3, 0.2.
    fn logits() -> [f32; 3] {
        [0.5f32.ln() + 3.0, 0.3f32.ln() + 3.0, 0.2f32.ln() + 3.0]
    }

    /// Pearson's χ² of the choices of 20,000 draws, over the tokens that can be chosen.
    #[track_caller]
    fn check(by: Choosing, want: [f64; 3]) {
        let (draws, logits) = (20_000, logits());
        let mut counts = [0.0; 3];
        let stream = stream(1, 0, 0, 0);
        for place in 0..draws {
            counts[choose(&logits, &by, uniform(stream, place)).unwrap().token as usize] += 1.0;
        }
        let mut chi = 0.0;
        for (count, want) in counts.iter().zip(want) {
            let wanted = want * draws as f64;
            if wanted == 0.0 {
                assert_eq!(*count, 0.0);
            } else {
                chi += (count - wanted) * (count - wanted) / wanted;
            }
        }
        // Of two degrees of freedom: exceeded once in a thousand.
        assert!(chi < 13.8, "χ² {chi}: {counts:?}");
    }

    #[test]
    fn frequencies_are_those_of_the_distribution() {
        check(WHOLE, [0.5, 0.3, 0.2]);
        check(Choosing::greedy(), [1.0, 0.0, 0.0]);
        check(Choosing { top_k: Some(2), ..WHOLE }, [0.625, 0.375, 0.0]);
        check(Choosing { top_p: 0.6, ..WHOLE }, [0.625, 0.375, 0.0]);
        check(Choosing { top_p: 0.0, ..WHOLE }, [1.0, 0.0, 0.0]);
        check(Choosing { temperature: 0.5, ..WHOLE }, [25.0 / 38.0, 9.0 / 38.0, 4.0 / 38.0]);
    }

    #[test]
    fn probabilities_are_of_the_token_and_the_temperature() {
        let near = |found: f32, want: f64| assert!((f64::from(found) - want).abs() < 1e-6, "{found} for {want}");
        let found = choose(&logits(), &WHOLE, 0.6).unwrap();
        assert_eq!(found.token, 1);
        near(found.log_p, 0.3f64.ln());
        assert!(found.kept.is_empty());
        near(found.entropy, -(0.5 * 0.5f64.ln() + 0.3 * 0.3f64.ln() + 0.2 * 0.2f64.ln()));
        near(choose(&logits(), &Choosing::at(0.5), 0.0).unwrap().log_p, (25.0f64 / 38.0).ln());
        near(choose(&logits(), &Choosing::greedy(), 0.9).unwrap().log_p, 0.5f64.ln());
        let two = choose(&logits(), &Choosing { top_k: Some(2), ..WHOLE }, 0.9).unwrap();
        assert_eq!((two.token, two.kept), (1, vec![0, 1]));
        near(two.log_p, 0.375f64.ln());
        let all = choose(&logits(), &Choosing { top_k: Some(3), ..WHOLE }, 0.9).unwrap();
        assert!(all.kept.is_empty());
        near(all.log_p, 0.2f64.ln());
    }

    #[test]
    fn ties_and_gaps_have_an_outcome() {
        assert_eq!(choose(&[1.0, 2.0, 2.0], &Choosing::greedy(), 0.0).unwrap().token, 1);
        assert_eq!(choose(&[f32::NAN, -5.0], &WHOLE, 0.3).unwrap().token, 1);
        assert_eq!(choose(&[f32::NEG_INFINITY, 0.0], &WHOLE, 0.0).unwrap().token, 1);
        assert_eq!(choose(&[0.0, f32::NEG_INFINITY], &WHOLE, 1.0 - 1e-16).unwrap().token, 0);
        for bad in [f32::NAN, f32::NEG_INFINITY, f32::INFINITY] {
            assert!(choose(&[bad, bad], &WHOLE, 0.0).is_err());
        }
    }

    #[test]
    fn streams_differ() {
        let draws =
            [stream(1, 2, 3, 4), stream(2, 2, 3, 4), stream(1, 3, 3, 4), stream(1, 2, 4, 4), stream(1, 2, 3, 5)];
        let mut first = draws.map(|stream| uniform(stream, 0).to_bits()).to_vec();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 5);
        assert_ne!(uniform(draws[0], 0), uniform(draws[0], 1));
    }
}
