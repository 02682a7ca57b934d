//! An exploration: outputs to a step's questions, judged.

use std::time::Instant;

use serde_json::{Value, json};

use super::exchange::{JudgedGroup, all_groups};
use super::questions::{Question, Questions};
use crate::train::advantage::{differ, mean_and_deviation};
use crate::train::comm::Comm;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::{Result, TrainError};
use crate::train::reward::{Judged, Reward, Verdict};
use crate::train::sample::{Choosing, End, Limits, Output, Row, Sampler, stream};
use crate::train::tool::complete::Rollouts;
use crate::train::tool::sandbox::Sandbox;
use crate::train::tool::settings::ToolSettings;

/// A question with outputs and what they are worth.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The question.
    pub question: &'a Question,
    /// The outputs.
    pub outputs: Vec<Output>,
    /// Their verdicts.
    pub verdicts: Vec<Verdict>,
}

impl Group<'_> {
    /// Whether something can be learnt by comparing: rewards, or rewards of steps, differ.
    #[must_use]
    pub fn differs(&self) -> bool {
        let outcomes: Vec<f64> = self.verdicts.iter().map(|verdict| verdict.outcome).collect();
        let steps: Vec<f64> = self.verdicts.iter().flat_map(|v| v.steps.iter().map(|(_, reward)| *reward)).collect();
        differ(&outcomes) || differ(&steps)
    }
}

/// What an exploration came to.
#[derive(Clone, Debug, Default)]
pub struct Exploration<'a> {
    /// The groups that are learnt from.
    pub groups: Vec<Group<'a>>,
    /// Questions asked, those included whose groups were dropped.
    pub asked: u64,
    /// Groups of all those asked in which rewards are equal.
    pub equal: u64,
    /// Mean reward, and its deviation, over all outputs sampled.
    pub reward: (f64, f64),
    /// The share of right answers, where a rule says.
    pub right: Option<f64>,
    /// What was sampled, dropped groups included.
    pub sampled: Sampled,
    /// Seconds of sampling.
    pub seconds: f64,
}

/// Figures of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sampled {
    /// How many.
    pub outputs: u64,
    /// Their tokens, those of tools included.
    pub length: u64,
    /// Tokens of the longest.
    pub longest: u64,
    /// How many were cut.
    pub cut: u64,
    /// Tokens that the model chose.
    pub chosen: u64,
    /// The sum of the entropies there, nats.
    pub entropy: f64,
}

impl Sampled {
    /// Counts an output.
    pub fn add(&mut self, output: &Output) {
        let length = output.tokens.len() as u64;
        self.outputs += 1;
        self.length += length;
        self.longest = self.longest.max(length);
        self.cut += u64::from(output.end.is_some_and(End::is_cut));
        for (nats, _) in output.entropies.iter().zip(&output.chosen).filter(|(_, chosen)| **chosen) {
            self.chosen += 1;
            self.entropy += f64::from(*nats);
        }
    }
}

/// What samples and judges.
pub struct Explorer<'q, 'a> {
    /// The questions.
    pub questions: &'q Questions,
    /// Outputs a question.
    pub outputs: usize,
    /// How tokens are chosen.
    pub choosing: Choosing,
    /// When outputs end.
    pub limits: &'a Limits,
    /// What runs the programs in outputs, if anything does; what they print is not learnt.
    pub tools: Option<&'a (Sandbox, ToolSettings)>,
    /// Reads the tokens.
    pub vocabulary: &'a Vocabulary,
    /// The rewards.
    pub reward: &'a dyn Reward,
    /// Seeds the draws.
    pub seed: u64,
    /// Whether a question has the same outputs whenever it is asked.
    pub fixed: bool,
    /// The processes of the run: each asks its share of the questions, and all have all groups.
    pub comm: &'a dyn Comm,
}

/// A question, and the number that its draws are seeded with.
#[derive(Clone, Copy)]
struct Asked<'q> {
    question: &'q Question,
    number: u64,
}

/// How many groups an exploration is to have.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Groups.
    pub groups: usize,
    /// Whether those of equal rewards are dropped, and how often others are then asked for.
    pub refills: Option<usize>,
}

impl<'q> Explorer<'q, '_> {
    /// Asks the questions from `place` on. `step` seeds the draws: with the same one, a question gets the same outputs of
    /// the same model.
    ///
    /// # Errors
    /// The model or a reward refuses an output.
    pub fn explore(&self, sampler: &Sampler<'_>, place: u64, step: u64, wanted: Wanted) -> Result<Exploration<'q>> {
        let mut found = Exploration::default();
        let (mut outcomes, mut right) = (Vec::new(), Vec::new());
        for _ in 0..=wanted.refills.unwrap_or(0) {
            let missing = wanted.groups - found.groups.len();
            if missing == 0 {
                break;
            }
            let places = place + found.asked..place + found.asked + missing as u64;
            let asked: Vec<Asked<'q>> = places.map(|place| self.asked(place)).collect();
            found.asked += missing as u64;
            let begun = Instant::now();
            let own: Vec<Asked<'q>> = asked.iter().skip(self.comm.rank()).step_by(self.comm.world()).copied().collect();
            let groups = self.sample(sampler, &own, step)?;
            found.seconds += begun.elapsed().as_secs_f64();
            let groups = all_groups(self.comm, self.judge(groups, step)?)?;
            for (Asked { question, .. }, (outputs, verdicts)) in asked.into_iter().zip(groups) {
                let group = Group { question, outputs, verdicts };
                group.outputs.iter().for_each(|output| found.sampled.add(output));
                outcomes.extend(group.verdicts.iter().map(total));
                right.extend(group.verdicts.iter().filter_map(|verdict| verdict.right));
                let differs = group.differs();
                found.equal += u64::from(!differs);
                if differs || wanted.refills.is_none() {
                    found.groups.push(group);
                }
            }
        }
        found.reward = mean_and_deviation(&outcomes);
        let count = right.iter().filter(|right| **right).count();
        found.right = (!right.is_empty()).then(|| count as f64 / right.len() as f64);
        Ok(found)
    }

    /// The question at a place.
    fn asked(&self, place: u64) -> Asked<'q> {
        let question = self.questions.at(place);
        let count = self.questions.len() as u64;
        // Asked again it has other outputs, but for those of the first policy, which are the same for good.
        let number = if self.fixed { question.number } else { question.number + place / count * count };
        Asked { question, number }
    }

    /// A group of outputs to each question.
    fn sample(
        &self,
        sampler: &Sampler<'_>,
        asked: &[Asked<'q>],
        step: u64,
    ) -> Result<Vec<(&'q Question, Vec<Output>)>> {
        let outputs = self.outputs;
        let mut rows: Vec<Row> = asked
            .iter()
            .flat_map(|Asked { question, number }| {
                let stream = move |sample| stream(self.seed, step, *number, sample);
                (0..outputs as u64).map(move |sample| Row::new(question.prompt.clone(), stream(sample)))
            })
            .collect();
        let Self { vocabulary, choosing, limits, tools, .. } = *self;
        Rollouts { sampler, vocabulary, choosing, limits, tools }.run(&mut rows)?;
        let mut rows = rows.into_iter();
        let group = |asked: &Asked<'q>| (asked.question, rows.by_ref().take(outputs).map(|row| row.output).collect());
        Ok(asked.iter().map(group).collect())
    }

    fn judge(&self, groups: Vec<(&'q Question, Vec<Output>)>, step: u64) -> Result<Vec<JudgedGroup>> {
        let decode = |output: &Output| self.vocabulary.decode(output.text_tokens());
        let texts = groups.iter().flat_map(|(_, outputs)| outputs).map(decode).collect::<Result<Vec<String>>>()?;
        let all = groups.iter().flat_map(|(question, outputs)| outputs.iter().map(move |output| (*question, output)));
        let judged: Vec<Judged<'_>> = all
            .zip(&texts)
            .map(|((question, output), text)| Judged {
                prompt: &question.prompt,
                output,
                text,
                answer: &question.answer,
            })
            .collect();
        let verdicts = self.reward.judge(&judged)?;
        let rewards = verdicts.iter().flat_map(|v| v.steps.iter().map(|(_, reward)| reward).chain([&v.outcome]));
        if let Some(reward) = rewards.into_iter().find(|reward| !reward.is_finite()) {
            return Err(TrainError::Diverged { step, what: format!("a reward of {reward}") });
        }
        let mut verdicts = verdicts.into_iter();
        let group = |(_, outputs): (&'q Question, Vec<Output>)| {
            let verdicts = verdicts.by_ref().take(outputs.len()).collect();
            (outputs, verdicts)
        };
        Ok(groups.into_iter().map(group).collect())
    }

    /// The given solutions of the questions from `place` on, as if they were outputs.
    #[must_use]
    pub fn given(&self, place: u64, count: usize) -> Exploration<'q> {
        let group = |i: usize| {
            let question = self.questions.at(place + i as u64);
            let tokens = question.solution.clone();
            let length = tokens.len();
            let output = Output {
                tokens,
                log_probs: vec![0.0; length],
                kept: vec![Vec::new(); length],
                entropies: vec![0.0; length],
                chosen: vec![true; length],
                end: Some(End::Token),
            };
            Group { question, outputs: vec![output], verdicts: vec![Verdict::default()] }
        };
        let groups: Vec<Group<'q>> = (0..count).map(group).collect();
        let mut sampled = Sampled::default();
        groups.iter().flat_map(|group| &group.outputs).for_each(|output| sampled.add(output));
        Exploration { groups, asked: count as u64, sampled, ..Exploration::default() }
    }
}

/// A verdict as one number: the sum of its steps where it has such, which holds the outcome.
fn total(verdict: &Verdict) -> f64 {
    if verdict.steps.is_empty() { verdict.outcome } else { verdict.steps.iter().map(|(_, reward)| reward).sum() }
}

/// The transcripts of the first `most` outputs of each group in turn: question, output, verdict.
///
/// # Errors
/// A token is not in the vocabulary.
pub fn transcripts(groups: &[Group<'_>], most: usize, vocabulary: &Vocabulary) -> Result<Vec<Value>> {
    let longest = groups.iter().map(|group| group.outputs.len()).max().unwrap_or_default();
    let turns = (0..longest).flat_map(|i| groups.iter().map(move |group| (group, i)));
    let some = turns.filter(|(group, i)| *i < group.outputs.len()).take(most);
    let transcript = |(group, i): (&Group<'_>, usize)| {
        let (output, verdict) = (&group.outputs[i], &group.verdicts[i]);
        Ok(json!({"question": group.question.text, "answer": group.question.answer,
            "output": vocabulary.decode(output.text_tokens())?, "tokens": output.tokens.len(),
            "end": output.end.map(|end| format!("{end:?}").to_lowercase()), "reward": total(verdict),
            "steps": verdict.steps, "right": verdict.right}))
    };
    some.map(transcript).collect()
}

/// The share of questions that are answered rightly, over so many samples each; for measuring.
///
/// # Errors
/// The model refuses a prompt.
pub fn accuracy(
    sampler: &Sampler<'_>,
    questions: &[&Question],
    samples: u64,
    by: &Choosing,
    limits: &Limits,
    right: impl Fn(&Output, &Question) -> Result<bool>,
) -> Result<f64> {
    let rows = questions.iter().flat_map(|question| {
        (0..samples).map(move |sample| Row::new(question.prompt.clone(), stream(0x6163, 0, question.number, sample)))
    });
    let mut rows: Vec<Row> = rows.collect();
    sampler.run(&mut rows, by, limits)?;
    let mut count = 0;
    for (i, row) in rows.iter().enumerate() {
        count += usize::from(right(&row.output, questions[i / samples.max(1) as usize])?);
    }
    Ok(count as f64 / rows.len().max(1) as f64)
}
