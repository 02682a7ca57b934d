//! Between two iterations (section 4.1.4): the reward model is trained on with fresh outputs of the policy, labelled by
//! rule, and a tenth of old data.

use std::path::PathBuf;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::config::{RewardKind, RlConfig};
use super::questions::{Question, Questions};
use super::rewards::rule;
use super::steps::StepMaker;
use crate::io::atomic;
use crate::train::comm::Comm;
use crate::train::data::permutation::Permutation;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::{Result, TrainError};
use crate::train::model::Model;
use crate::train::paradigm::pairs;
use crate::train::reward_model::examples::{Example, Reading};
use crate::train::reward_model::fit::{FitRules, step};
use crate::train::reward_model::{ScalarModel, ScalarOptimizer};
use crate::train::sample::{Limits, Row, Sampler, stream};
use crate::train::tool::complete::Rollouts;
use crate::train::tool::sandbox::Sandbox;
use crate::train::tool::settings::ToolSettings;

/// Draws of fresh samples, apart from those of explorations.
const FRESH: u64 = 0x6672_6573_6800;

/// Stands after the records of a question; JSON writes it otherwise.
const ENDED: char = '\u{1e}';

/// What a reward model is trained on with.
pub struct Renewal<'a> {
    /// The settings.
    pub config: &'a RlConfig,
    /// The questions.
    pub questions: &'a Questions,
    /// Reads the tokens.
    pub vocabulary: &'a Vocabulary,
    /// When outputs end.
    pub limits: &'a Limits,
    /// What runs the programs in them, if anything does.
    pub tools: Option<&'a (Sandbox, ToolSettings)>,
    /// Makes examples of records.
    pub reading: Reading<'a>,
    /// The processes of the run.
    pub comm: &'a dyn Comm,
}

impl Renewal<'_> {
    fn file(&self, iteration: u64) -> PathBuf {
        self.config.output.join("reward-data").join(format!("iteration-{iteration}.jsonl"))
    }

    /// Samples of the policy become examples, in a file of their own; then the model is trained on. So many steps were
    /// taken before, and so many questions asked.
    ///
    /// # Errors
    /// A file of old data cannot be read, a loss is not finite, or the disk is full.
    pub fn renew(
        &self,
        policy: &Model,
        model: &ScalarModel,
        optimizer: &mut ScalarOptimizer,
        iteration: u64,
        (taken, asked): (u64, u64),
    ) -> Result<()> {
        let rules = &self.config.iterations;
        let asked = (0..rules.reward_questions as u64).map(|i| self.questions.at(asked + i));
        let own: Vec<&Question> = asked.skip(self.comm.rank()).step_by(self.comm.world()).collect();
        let texts = self.comm.gather_text(&self.records(policy, &own, iteration)?)?;
        if self.comm.rank() == 0 {
            atomic::write(self.file(iteration), interleaved(&texts))?;
        }
        // It is written before another reads it.
        self.comm.sum_numbers(&[0.0])?;
        let fresh = fitting(self.reading.file(&self.file(iteration))?, model);
        let mut old = Vec::new();
        for path in &self.config.reward_model.files {
            old.extend(self.reading.file(path)?);
        }
        for earlier in 1..iteration {
            old.extend(self.reading.file(&self.file(earlier))?);
        }
        let old = fitting(old, model);
        if fresh.is_empty() {
            tracing::warn!(iteration, "no fresh example tells right from wrong: the reward model stays as it is");
            return Ok(());
        }
        let batch = self.config.reward_model.batch;
        let share = (batch as f64 * rules.replay).round() as usize;
        let replayed = if old.is_empty() || rules.replay == 0.0 { 0 } else { share.max(1).min(batch - 1) };
        let fit = FitRules {
            micro_tokens: self.config.micro_tokens,
            keep: self.config.keep,
            clip_norm: self.config.clip_norm,
        };
        let draw = |list: &'_ [Example], name: &[u8], place: u64| {
            let count = list.len() as u64;
            let seed = xxh3_64_with_seed(name, self.config.seed ^ (iteration << 32) ^ (place / count));
            Permutation::new(count, seed).at(place % count) as usize
        };
        let mut last = None;
        for at in 0..rules.reward_steps {
            let place = |i: usize, each: usize| at * each as u64 + i as u64;
            let new = (0..batch - replayed).map(|i| &fresh[draw(&fresh, b"fresh", place(i, batch - replayed))]);
            let again = (0..replayed).map(|i| &old[draw(&old, b"old", place(i, replayed))]);
            let examples: Vec<&Example> = new.chain(again).collect();
            let found = step(model, optimizer, &examples, &fit, rules.reward_rate, self.comm)?;
            if !(found.loss.is_finite() && found.grad_norm.is_finite()) {
                let what = format!("the reward model: loss {}, norm of the gradients {}", found.loss, found.grad_norm);
                return Err(TrainError::Diverged { step: taken, what });
            }
            last = Some(found);
        }
        if let Some(fit) = last {
            tracing::info!(
                iteration,
                fresh = fresh.len(),
                old = old.len(),
                loss = fit.loss,
                right = fit.right,
                "reward model trained on"
            );
        }
        Ok(())
    }

    /// Records of the form that the reward model learns from: a line each, and [`ENDED`] after those of a question.
    fn records(&self, policy: &Model, asked: &[&Question], iteration: u64) -> Result<String> {
        let sampler = Sampler::new(policy, Some(self.vocabulary))?;
        let (config, check) = (self.config, rule(self.config));
        let (vocabulary, choosing) = (self.vocabulary, config.sampling.choosing);
        let rollouts = Rollouts { sampler: &sampler, vocabulary, choosing, limits: self.limits, tools: self.tools };
        let outputs = config.sampling.outputs;
        let of_steps = config.rewards.iter().any(|(_, kind)| matches!(kind, RewardKind::Process { .. }));
        let labelled =
            config.rewards.iter().any(|(_, kind)| matches!(kind, RewardKind::Outcome { log_odds: true, .. }));
        let mut text = String::new();
        let mut add = |records: Vec<Value>| {
            records.iter().for_each(|record| text += &format!("{record}\n"));
            text.push(ENDED);
        };
        if of_steps {
            let maker = StepMaker { rollouts, outputs, rules: &config.reward_model, check, seed: config.seed };
            for question in asked {
                add(maker.records(question, FRESH + iteration)?);
            }
            return Ok(text);
        }
        let row = |question: &Question, sample: u64| {
            Row::new(question.prompt.clone(), stream(config.seed, FRESH + iteration, question.number, sample))
        };
        let mut rows: Vec<Row> =
            asked.iter().flat_map(|q| (0..outputs as u64).map(move |sample| row(q, sample))).collect();
        rollouts.run(&mut rows)?;
        for (question, rows) in asked.iter().zip(rows.chunks(outputs)) {
            let text = |row: &Row| self.vocabulary.decode(row.output.text_tokens());
            let texts = rows.iter().map(text).collect::<Result<Vec<String>>>()?;
            let right: Vec<f64> = texts.iter().map(|text| f64::from(check(text, &question.answer))).collect();
            if labelled {
                let record = |(text, label)| json!({"prompt": question.text, "response": text, "label": label});
                add(texts.iter().zip(&right).map(record).collect());
            } else {
                let pairs = pairs(&right, config.pairs_max);
                let record = |(chosen, rejected): (usize, usize)| json!({"prompt": question.text, "chosen": texts[chosen], "rejected": texts[rejected]});
                add(pairs.into_iter().map(record).collect());
            }
        }
        Ok(text)
    }
}

/// The lines of the processes in the order of the questions, of which question i is of process i modulo their number.
fn interleaved(texts: &[String]) -> String {
    let mut parts: Vec<_> = texts.iter().map(|text| text.split_terminator(ENDED)).collect();
    let mut all = String::new();
    let mut turn = 0;
    while let Some(part) = parts.get_mut(turn % texts.len()).and_then(Iterator::next) {
        all += part;
        turn += 1;
    }
    all
}

/// Those that the context holds.
fn fitting(examples: Vec<Example>, model: &ScalarModel) -> Vec<Example> {
    let context = model.model().config().context;
    examples.into_iter().filter(|example| example.longest() <= context).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_processes_are_those_of_one() {
        let questions = ["a\nb\n", "", "c\n", "d\n", ""];
        for world in 1..4 {
            let of = |rank: usize| questions.iter().skip(rank).step_by(world).map(|q| format!("{q}{ENDED}")).collect();
            assert_eq!(interleaved(&(0..world).map(of).collect::<Vec<String>>()), "a\nb\nc\nd\n", "{world}");
        }
    }
}
