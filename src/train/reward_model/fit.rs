//! Training of a reward model: outcome (section 4.1.2, Bradley–Terry or labels) and process (labels at steps).

use super::examples::Example;
use super::{ScalarModel, ScalarOptimizer};
use crate::train::backward::Checkpointing;
use crate::train::comm::{Comm, sums};
use crate::train::error::Result;
use crate::train::grads::Grads;
use crate::train::loss::value::{bradley_terry, cross_entropy};
use crate::train::packed::{Item, Packed};

/// What a step on examples came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// Mean loss of a pair or a label, nats.
    pub loss: f64,
    /// The share of pairs in the right order, and of labels on the right side of one half.
    pub right: f64,
    /// The norm of the gradients before they were clipped.
    pub grad_norm: f64,
}

/// How a step is taken.
#[derive(Clone, Copy, Debug)]
pub struct FitRules {
    /// Tokens that are computed at once; an example is never split.
    pub micro_tokens: usize,
    /// What is kept for the backward.
    pub keep: Checkpointing,
    /// The norm that gradients are clipped to.
    pub clip_norm: f64,
}

/// A term of the loss: of one score with a label, or of two.
enum Term {
    Label(usize, f64),
    Pair(usize, usize),
}

/// Terms of a batch, by the places of their scores.
fn terms(examples: &[&Example]) -> Result<(Packed, Vec<Term>)> {
    let learnt = vec![false; examples.iter().map(|e| e.longest()).max().unwrap_or_default()];
    let mut items = Vec::new();
    for example in examples {
        match example {
            Example::Pair { prompt, chosen, rejected } => {
                items.push(Item { prompt, tokens: chosen, learnt: &learnt[..chosen.len()], kept: &[] });
                items.push(Item { prompt, tokens: rejected, learnt: &learnt[..rejected.len()], kept: &[] });
            }
            Example::Labelled { prompt, output, .. } => {
                items.push(Item { prompt, tokens: output, learnt: &learnt[..output.len()], kept: &[] });
            }
        }
    }
    let packed = Packed::new(&items)?;
    let (mut terms, mut at) = (Vec::new(), 0);
    for example in examples {
        match example {
            Example::Pair { chosen, rejected, .. } => {
                // An output without a token is judged at its prompt's last one.
                let last = |item: usize, tokens: &[u32]| packed.place(item, tokens.len()) - 1;
                terms.push(Term::Pair(last(at, chosen), last(at + 1, rejected)));
                at += 2;
            }
            Example::Labelled { labels, .. } => {
                terms.extend(labels.iter().map(|(token, label)| Term::Label(packed.place(at, *token), *label)));
                at += 1;
            }
        }
    }
    Ok((packed, terms))
}

/// Loss and gradients of examples, the mean over all their terms; each process of a run takes its share of them.
///
/// # Errors
/// An example is longer than the context, or another process is gone.
pub fn gradients(
    model: &ScalarModel,
    examples: &[&Example],
    rules: &FitRules,
    comm: &dyn Comm,
) -> Result<(Fit, Grads)> {
    let count = |example: &&Example| match example {
        Example::Pair { .. } => 1,
        Example::Labelled { labels, .. } => labels.len(),
    };
    let all = examples.iter().map(count).sum::<usize>().max(1) as f64;
    let mut fit = Fit::default();
    let mut grads = Grads::default();
    let mut from = 0;
    let examples: Vec<&Example> = examples.iter().skip(comm.rank()).step_by(comm.world()).copied().collect();
    while from < examples.len() {
        let (mut to, mut tokens) = (from + 1, examples[from].length());
        while to < examples.len() && tokens + examples[to].length() <= rules.micro_tokens {
            tokens += examples[to].length();
            to += 1;
        }
        let (packed, terms) = terms(&examples[from..to])?;
        let (_, found) = model.gradients(&packed.batch.sequences, rules.keep, |scores| {
            let mut slopes = vec![0.0f32; scores.len()];
            let score = |place: usize| f64::from(scores[place]);
            for term in &terms {
                match term {
                    Term::Label(place, label) => {
                        let (loss, slope) = cross_entropy(score(*place), *label);
                        fit.loss += loss / all;
                        fit.right += f64::from((score(*place) > 0.0) == (*label > 0.5)) / all;
                        slopes[*place] += (slope / all) as f32;
                    }
                    Term::Pair(chosen, rejected) => {
                        let (loss, slope) = bradley_terry(score(*chosen), score(*rejected));
                        fit.loss += loss / all;
                        fit.right += f64::from(score(*chosen) > score(*rejected)) / all;
                        slopes[*chosen] += (slope / all) as f32;
                        slopes[*rejected] -= (slope / all) as f32;
                    }
                }
            }
            Ok(slopes)
        })?;
        grads.accumulate(&found)?;
        from = to;
    }
    [fit.loss, fit.right] = sums(comm, [fit.loss, fit.right])?;
    Ok((fit, model.sum_grads(grads, comm)?))
}

/// Takes a step on examples, unless a number of it is not finite.
///
/// # Errors
/// As [`gradients`].
pub fn step(
    model: &ScalarModel,
    optimizer: &mut ScalarOptimizer,
    examples: &[&Example],
    rules: &FitRules,
    rate: f64,
    comm: &dyn Comm,
) -> Result<Fit> {
    let (fit, mut grads) = gradients(model, examples, rules, comm)?;
    let grad_norm = grads.clip(rules.clip_norm)?;
    if fit.loss.is_finite() && grad_norm.is_finite() {
        optimizer.step(model, &grads, rate)?;
    }
    Ok(Fit { grad_norm, ..fit })
}
