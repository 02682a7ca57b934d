//! From judged groups to an updated policy: credit, losses, gradients, steps of the optimiser.

use std::ops::Range;

use super::config::{RlConfig, Supervision};
use super::explore::Group;
use super::reference::Reference;
use crate::train::advantage::whiten;
use crate::train::backward::gradients_at;
use crate::train::comm::{Comm, sums};
use crate::train::error::Result;
use crate::train::grads::Grads;
use crate::train::loss::policy::{self, Output as PolicyOutput, Ratio, TokenLoss};
use crate::train::loss::preference::{Side, pair};
use crate::train::loss::value::clipped;
use crate::train::model::Model;
use crate::train::model::weights::{View, Weights};
use crate::train::optim::AdamW;
use crate::train::packed::{Item, Packed, log_probs, parts};
use crate::train::paradigm::{Credited, Known, Method, Objective, Source, pairs};
use crate::train::reward_model::{ScalarModel, ScalarOptimizer};

/// PPO's value model.
#[derive(Debug)]
pub struct Critic {
    /// The model.
    pub model: ScalarModel,
    /// Its optimiser.
    pub optimizer: ScalarOptimizer,
}

/// What the updates of a step came to: means over the learnt tokens of all its updates.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learnt {
    /// The loss of the last update.
    pub loss: f64,
    /// Distance from the reference a token, by the loss's estimate; 0 where there is none.
    pub kl: f64,
    /// The share of tokens whose ratio was clipped.
    pub clip_fraction: f64,
    /// The norm of the last update's gradients before they were clipped.
    pub grad_norm: f64,
    /// The largest difference between the log-probabilities of the sampler and of the trainer, where both are known of
    /// the same policy.
    pub log_prob_difference: Option<f64>,
    /// The loss of the value model.
    pub value_loss: f64,
    /// Tokens that were learnt from, prompts not counted, over all updates.
    pub tokens: u64,
}

/// What learns.
pub struct Learner<'a> {
    /// The settings.
    pub config: &'a RlConfig,
    /// The method.
    pub method: &'a Method,
    /// Its data source.
    pub source: Source,
    /// The policy.
    pub policy: &'a Model,
    /// What it is held to.
    pub reference: Option<&'a Reference>,
    /// The processes of the run: all have the same outputs, and each computes its share of the parts.
    pub comm: &'a dyn Comm,
}

/// Log-probabilities of outputs, where they are needed.
type LogProbs = Vec<Vec<f64>>;

impl Learner<'_> {
    /// Learns from groups: μ updates at this learning rate. `value_rate` is the value model's.
    ///
    /// # Errors
    /// An output does not fit the model.
    pub fn learn(
        &self,
        groups: &[Group<'_>],
        optimizer: &mut AdamW,
        critic: Option<&mut Critic>,
        rate: f64,
        value_rate: f64,
    ) -> Result<Learnt> {
        let items: Vec<Item<'_>> = groups
            .iter()
            .flat_map(|group| {
                let prompt = &group.question.prompt;
                group.outputs.iter().map(move |o| {
                    // Imitation and preferences are of the policy itself, however it was sampled.
                    let kept = if self.as_sampled() { o.kept.as_slice() } else { &[] };
                    Item { prompt, tokens: &o.tokens, learnt: &o.chosen, kept }
                })
            })
            .collect();
        let sampled: Vec<&[f32]> =
            groups.iter().flat_map(|group| group.outputs.iter().map(|o| o.log_probs.as_slice())).collect();
        match self.method.objective {
            Objective::Preference => self.prefer(groups, &items, optimizer, rate),
            Objective::Likelihood => {
                let credited = self.credit(groups, &items, &[], &[], &[]);
                self.imitate((&items, &sampled), &credited, optimizer, rate)
            }
            Objective::Clipped => self.reinforce(groups, (&items, &sampled), optimizer, critic, rate, value_rate),
        }
    }

    /// Whether log-probabilities are those of the distribution that outputs are sampled from.
    fn as_sampled(&self) -> bool {
        self.method.objective == Objective::Clipped
    }

    fn temperature(&self) -> f64 {
        if self.as_sampled() { self.config.sampling.choosing.scale() } else { 1.0 }
    }

    /// The largest difference that a process saw, of all.
    fn largest(&self, own: Option<f64>) -> Result<Option<f64>> {
        let all = self.comm.gather(own.as_slice())?;
        Ok(all.into_iter().flatten().reduce(f64::max))
    }

    /// The parts of items that this process computes.
    fn own_parts(&self, items: &[Item<'_>]) -> impl Iterator<Item = Range<usize>> {
        parts(items, self.config.micro_tokens).into_iter().skip(self.comm.rank()).step_by(self.comm.world())
    }

    /// What a function says of each token of all items, whichever process computes it.
    fn of_all(&self, items: &[Item<'_>], of: impl Fn(&[Item<'_>]) -> Result<LogProbs>) -> Result<LogProbs> {
        let mut all: LogProbs = items.iter().map(|item| vec![0.0; item.tokens.len()]).collect();
        for part in self.own_parts(items) {
            for (list, found) in all[part.clone()].iter_mut().zip(of(&items[part])?) {
                *list = found;
            }
        }
        if self.comm.world() > 1 {
            let sums = self.comm.sum_numbers(&all.concat())?;
            let mut sums = sums.into_iter();
            for list in &mut all {
                list.iter_mut().zip(sums.by_ref()).for_each(|(number, sum)| *number = sum);
            }
        }
        Ok(all)
    }

    /// Log-probabilities under weights.
    fn under(&self, weights: &Weights, items: &[Item<'_>]) -> Result<LogProbs> {
        let (decoder, temperature, most) = (self.policy.decoder(), self.temperature(), self.config.micro_tokens);
        self.of_all(items, |part| log_probs(decoder, weights, part, temperature, most))
    }

    /// Log-probabilities under the policy as it is.
    fn current(&self, items: &[Item<'_>]) -> Result<LogProbs> {
        self.under(&self.policy.weights(View::Detached)?, items)
    }

    /// Log-probabilities under the reference; none where there is no reference.
    fn referred(&self, items: &[Item<'_>]) -> Result<LogProbs> {
        let Some(reference) = self.reference else { return Ok(Vec::new()) };
        self.under(&reference.weights(self.policy)?, items)
    }

    /// The method's coefficients, output by output.
    fn credit(
        &self,
        groups: &[Group<'_>],
        items: &[Item<'_>],
        old: &[Vec<f64>],
        reference: &[Vec<f64>],
        values: &[Vec<f64>],
    ) -> Vec<Credited> {
        let credit = match (self.config.supervision, self.method.process) {
            (Supervision::Process, Some(process)) => process,
            _ => self.method.outcome,
        };
        let of = |all: &[Vec<f64>], i: usize| all.get(i).cloned().unwrap_or_default();
        let mut credited = Vec::with_capacity(items.len());
        for group in groups {
            let known: Vec<Known> = group
                .verdicts
                .iter()
                .enumerate()
                .map(|(j, verdict)| {
                    let i = credited.len() + j;
                    let (old, reference, values) = (of(old, i), of(reference, i), of(values, i));
                    Known { verdict: verdict.clone(), length: items[i].tokens.len(), old, reference, values }
                })
                .collect();
            credited.extend(credit(&known, &self.config.credit));
        }
        if self.config.whiten {
            let learnt = |(one, item): (&Credited, &Item<'_>)| chosen_of(&one.advantages, item);
            let all: Vec<f64> = credited.iter().zip(items).flat_map(learnt).collect();
            let mut whitened = whiten(&all).into_iter();
            for (one, item) in credited.iter_mut().zip(items) {
                for (advantage, _) in one.advantages.iter_mut().zip(item.learnt).filter(|(_, learnt)| **learnt) {
                    *advantage = whitened.next().unwrap_or_default();
                }
            }
        }
        credited
    }

    /// Gradients of a loss of which `slope(item, token, log p)` is the derivative by that token's log p. It is asked for
    /// the tokens of this process's parts; the gradients are those of all.
    fn gradients(&self, items: &[Item<'_>], mut slope: impl FnMut(usize, usize, f64) -> f64) -> Result<Grads> {
        let mut grads = Grads::default();
        for part in self.own_parts(items) {
            let first = part.start;
            let packed = Packed::new(&items[part])?;
            let slope = |place: usize, log_p: f32| {
                let (item, token) = packed.predicted(place);
                slope(first + item, token, f64::from(log_p)) as f32
            };
            let (_, found) = gradients_at(self.policy, &packed.batch, self.config.keep, self.temperature(), slope)?;
            grads.accumulate(&found)?;
        }
        grads.complete(self.policy.trained())?;
        self.comm.sum_grads(&mut grads)?;
        Ok(grads)
    }

    fn step(&self, mut grads: Grads, optimizer: &mut AdamW, rate: f64) -> Result<f64> {
        let norm = grads.clip(self.config.clip_norm)?;
        if norm.is_finite() {
            optimizer.step(self.policy.trained(), &grads, rate)?;
        }
        Ok(norm)
    }

    /// −coefficient · log p, over the outputs that count.
    fn imitate(
        &self,
        (items, sampled): (&[Item<'_>], &[&[f32]]),
        credited: &[Credited],
        optimizer: &mut AdamW,
        rate: f64,
    ) -> Result<Learnt> {
        let counts = |i: &usize| credited[*i].advantages.iter().any(|a| *a != 0.0);
        let counted: Vec<usize> = (0..items.len()).filter(counts).collect();
        let items: Vec<Item<'_>> = counted.iter().map(|i| items[*i]).collect();
        // The sampler's are of the same distribution where it takes the policy's own.
        let choosing = &self.config.sampling.choosing;
        let same = self.source == Source::Online && choosing.is_whole() && choosing.scale() == 1.0;
        let mut learnt = Learnt::default();
        if items.is_empty() {
            return Ok(learnt);
        }
        let weights = self.config.policy.mean.weights(&lengths(&items));
        let mut difference = None;
        for update in 0..self.config.updates {
            learnt.loss = 0.0;
            let grads = self.gradients(&items, |i, t, log_p| {
                let weight = weights[i] * credited[counted[i]].advantages[t];
                learnt.loss -= weight * log_p;
                learnt.tokens += 1;
                if same && update == 0 {
                    differs(&mut difference, log_p, sampled[counted[i]][t]);
                }
                -weight
            })?;
            learnt.grad_norm = self.step(grads, optimizer, rate)?;
            if !learnt.grad_norm.is_finite() {
                break;
            }
        }
        let [loss, tokens] = sums(self.comm, [learnt.loss, learnt.tokens as f64])?;
        Ok(Learnt { loss, tokens: tokens as u64, log_prob_difference: self.largest(difference)?, ..learnt })
    }

    /// DPO on the pairs of each group.
    fn prefer(&self, groups: &[Group<'_>], items: &[Item<'_>], optimizer: &mut AdamW, rate: f64) -> Result<Learnt> {
        let mut sides = Vec::new();
        let mut first = 0;
        for group in groups {
            let outcomes: Vec<f64> = group.verdicts.iter().map(|verdict| verdict.outcome).collect();
            for (chosen, rejected) in pairs(&outcomes, self.config.pairs_max) {
                sides.extend([items[first + chosen], items[first + rejected]]);
            }
            first += group.outputs.len();
        }
        let mut learnt = Learnt::default();
        if sides.is_empty() {
            return Ok(learnt);
        }
        let reference = self.referred(&sides)?;
        let count = (sides.len() / 2) as f64;
        for _ in 0..self.config.updates {
            let log_p = self.current(&sides)?;
            let learnable = |all: &[Vec<f64>], i: usize| chosen_of(&all[i], &sides[i]);
            let mut slopes = vec![0.0; sides.len()];
            learnt.loss = 0.0;
            for at in (0..sides.len()).step_by(2) {
                let [new, old] = [log_p.as_slice(), reference.as_slice()];
                let lists = [learnable(new, at), learnable(old, at), learnable(new, at + 1), learnable(old, at + 1)];
                let [a, b, c, d] = &lists;
                let found =
                    pair(&self.config.preference, &Side { log_p: a, reference: b }, &Side { log_p: c, reference: d });
                learnt.loss += found.loss / count;
                (slopes[at], slopes[at + 1]) = (found.chosen / count, found.rejected / count);
            }
            let grads = self.gradients(&sides, |i, _, _| slopes[i])?;
            learnt.tokens += lengths(&sides).iter().sum::<usize>() as u64;
            learnt.grad_norm = self.step(grads, optimizer, rate)?;
            if !learnt.grad_norm.is_finite() {
                break;
            }
        }
        Ok(learnt)
    }

    /// The clipped surrogate: PPO and GRPO.
    fn reinforce(
        &self,
        groups: &[Group<'_>],
        (items, sampled): (&[Item<'_>], &[&[f32]]),
        optimizer: &mut AdamW,
        mut critic: Option<&mut Critic>,
        rate: f64,
        value_rate: f64,
    ) -> Result<Learnt> {
        let config = self.config;
        let rules = &config.policy;
        let sequence = rules.ratio == Ratio::Sequence;
        let online = self.source == Source::Online;
        // Of the policy's own outputs π_old is what the first update finds, unless it is needed before.
        let mut old: LogProbs = if online && (sequence || config.credit.kl_in_reward > 0.0) {
            self.current(items)?
        } else if online {
            items.iter().map(|item| vec![0.0; item.tokens.len()]).collect()
        } else {
            sampled.iter().map(|list| list.iter().map(|log_p| f64::from(*log_p)).collect()).collect()
        };
        let reference = self.referred(items)?;
        let values = match &critic {
            Some(critic) => self.values(&critic.model, items)?,
            None => Vec::new(),
        };
        let credited = self.credit(groups, items, &old, &reference, &values);
        let weights = rules.mean.weights(&lengths(items));
        let mut learnt = Learnt::default();
        let (mut kl, mut clips, mut difference) = (0.0, 0u64, None);
        for update in 0..config.updates {
            learnt.loss = 0.0;
            let fresh = update == 0 && online && !sequence;
            let losses: Vec<Vec<TokenLoss>> = if sequence {
                let log_p = if update == 0 && online { old.clone() } else { self.current(items)? };
                let of = |i: usize| self.sequence(&items[i], &log_p[i], &old[i], reference.get(i), &credited[i]);
                (0..items.len()).map(of).collect()
            } else {
                Vec::new()
            };
            let grads = self.gradients(items, |i, t, log_p| {
                if fresh {
                    old[i][t] = log_p;
                }
                if update == 0 && online {
                    differs(&mut difference, log_p, sampled[i][t]);
                }
                let referred = reference.get(i).map(|list| list[t]);
                let found = match losses.get(i) {
                    Some(list) => list[t],
                    None => policy::token(rules, log_p, old[i][t], referred, credited[i].advantages[t]),
                };
                learnt.loss += weights[i] * found.loss;
                kl += found.kl;
                clips += u64::from(found.clipped);
                learnt.tokens += 1;
                weights[i] * found.slope
            })?;
            learnt.grad_norm = self.step(grads, optimizer, rate)?;
            if !learnt.grad_norm.is_finite() {
                break;
            }
            if let Some(critic) = critic.as_deref_mut() {
                learnt.value_loss = self.expect(critic, items, &values, &credited, value_rate)?;
            }
        }
        learnt.log_prob_difference = self.largest(difference)?;
        let own = [learnt.loss, kl, clips as f64, learnt.tokens as f64];
        let [loss, kl, clips, tokens] = sums(self.comm, own)?;
        learnt.tokens = tokens as u64;
        Ok(Learnt { loss, kl: kl / tokens.max(1.0), clip_fraction: clips / tokens.max(1.0), ..learnt })
    }

    /// The losses of an output whose ratio is of the whole, of its learnt tokens; zeros for the others.
    fn sequence(
        &self,
        item: &Item<'_>,
        log_p: &[f64],
        old: &[f64],
        reference: Option<&Vec<f64>>,
        credited: &Credited,
    ) -> Vec<TokenLoss> {
        let reference = reference.map(|list| chosen_of(list, item)).unwrap_or_default();
        let of = PolicyOutput {
            log_p: &chosen_of(log_p, item),
            old: &chosen_of(old, item),
            reference: &reference,
            advantages: &chosen_of(&credited.advantages, item),
        };
        let mut found = policy::output(&self.config.policy, &of).into_iter();
        let token = |learnt: &bool| if *learnt { found.next().unwrap_or_default() } else { TokenLoss::default() };
        item.learnt.iter().map(token).collect()
    }

    /// What the value model expects before each token of the outputs.
    fn values(&self, model: &ScalarModel, items: &[Item<'_>]) -> Result<LogProbs> {
        self.of_all(items, |part| {
            let packed = Packed::new(part)?;
            let scores = model.scores(&packed.batch.sequences)?;
            let of = |(i, item): (usize, &Item<'_>)| {
                let before = packed.place(i, 0) - 1;
                scores[before..before + item.tokens.len()].iter().map(|v| f64::from(*v)).collect()
            };
            Ok(part.iter().enumerate().map(of).collect())
        })
    }

    /// An update of the value model; its loss, the mean over all tokens.
    fn expect(
        &self,
        critic: &mut Critic,
        items: &[Item<'_>],
        old: &[Vec<f64>],
        credited: &[Credited],
        rate: f64,
    ) -> Result<f64> {
        let all = items.iter().map(|item| item.tokens.len()).sum::<usize>().max(1) as f64;
        let (mut grads, mut loss) = (Grads::default(), 0.0);
        for part in self.own_parts(items) {
            let first = part.start;
            let packed = Packed::new(&items[part.clone()])?;
            let (_, found) = critic.model.gradients(&packed.batch.sequences, self.config.keep, |scores| {
                let mut slopes = vec![0.0f32; scores.len()];
                for i in part {
                    for (t, (old, target)) in old[i].iter().zip(&credited[i].targets).enumerate() {
                        let place = packed.place(i - first, t) - 1;
                        let (one, slope) = clipped(f64::from(scores[place]), *old, *target, self.config.value.clip);
                        loss += one / all;
                        slopes[place] = (slope / all) as f32;
                    }
                }
                Ok(slopes)
            })?;
            grads.accumulate(&found)?;
        }
        let mut grads = critic.model.sum_grads(grads, self.comm)?;
        let [loss] = sums(self.comm, [loss])?;
        let norm = grads.clip(self.config.clip_norm)?;
        if norm.is_finite() {
            critic.optimizer.step(&critic.model, &grads, rate)?;
        }
        Ok(loss)
    }
}

/// Notes how far two log-probabilities of one token are apart.
fn differs(largest: &mut Option<f64>, log_p: f64, sampled: f32) {
    let difference = (log_p - f64::from(sampled)).abs();
    *largest = Some(largest.map_or(difference, |largest| largest.max(difference)));
}

/// The entries of the learnt tokens.
fn chosen_of(list: &[f64], item: &Item<'_>) -> Vec<f64> {
    list.iter().zip(item.learnt).filter(|(_, learnt)| **learnt).map(|(entry, _)| *entry).collect()
}

/// Learnt tokens by item.
fn lengths(items: &[Item<'_>]) -> Vec<usize> {
    items.iter().map(|item| item.learnt.iter().filter(|learnt| **learnt).count()).collect()
}
