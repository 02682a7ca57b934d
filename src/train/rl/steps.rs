//! Data for process reward models, as Math-Shepherd makes them: from the end of each step of an output, completions are
//! rolled out, and the step is worth the share of them that reach the right answer.

use serde_json::Value;

use super::config::RewardModelRules;
use super::questions::Question;
use crate::train::error::Result;
use crate::train::reward::rule::Check;
use crate::train::reward::steps::ends;
use crate::train::reward_model::examples::steps_record;
use crate::train::sample::{Row, stream};
use crate::train::tool::complete::Rollouts;

/// What makes the data.
pub struct StepMaker<'a> {
    /// The policy.
    pub rollouts: Rollouts<'a>,
    /// Outputs a question.
    pub outputs: usize,
    /// What a step is, and completions a step.
    pub rules: &'a RewardModelRules,
    /// Whether an answer is right.
    pub check: Check,
    /// Seeds the draws.
    pub seed: u64,
}

/// A step of an output that completions are rolled out from.
struct Open {
    output: usize,
    step: usize,
}

impl StepMaker<'_> {
    /// The records of a question's outputs, one each: its steps and their labels. `round` seeds the draws.
    ///
    /// # Errors
    /// The model refuses the prompt.
    pub fn records(&self, question: &Question, round: u64) -> Result<Vec<Value>> {
        let Rollouts { vocabulary, limits, .. } = self.rollouts;
        let row = |sample: u64| Row::new(question.prompt.clone(), stream(self.seed, round, question.number, sample));
        let mut outputs: Vec<Row> = (0..self.outputs as u64).map(row).collect();
        self.rollouts.run(&mut outputs)?;
        let (mut all_ends, mut labels, mut open, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (output, row) in outputs.iter().enumerate() {
            let ends = ends(&row.output, self.rules.split, vocabulary)?;
            for (step, end) in ends.iter().enumerate().take(ends.len().saturating_sub(1)) {
                for rollout in 0..self.rules.rollouts {
                    // A stream of its own for each completion, apart from those of the outputs.
                    let number = ((output * limits.tokens_max + step) * self.rules.rollouts + rollout) as u64;
                    let stream = stream(self.seed ^ 0x7374_6570, round, question.number, number);
                    rows.push(Row::resumed(question.prompt.clone(), stream, &row.output, end + 1));
                    open.push(Open { output, step });
                }
            }
            // After the last step nothing is left to complete.
            let mut of_steps = vec![0.0; ends.len()];
            if let Some(last) = of_steps.last_mut() {
                *last = f64::from(self.is_right(row, question)?);
            }
            labels.push(of_steps);
            all_ends.push(ends);
        }
        self.rollouts.run(&mut rows)?;
        for (row, Open { output, step }) in rows.iter().zip(open) {
            if self.is_right(row, question)? {
                labels[output][step] += 1.0 / self.rules.rollouts as f64;
            }
        }
        let record = |((row, ends), labels): ((&Row, &Vec<usize>), &Vec<f64>)| {
            let mut from = 0;
            let mut steps = Vec::with_capacity(ends.len());
            for end in ends {
                steps.push(vocabulary.decode(&row.output.tokens[from..=*end])?);
                from = end + 1;
            }
            let hard = |label: &f64| if self.rules.hard { f64::from(*label > 0.0) } else { label.min(1.0) };
            Ok(steps_record(&question.text, &steps, &labels.iter().map(hard).collect::<Vec<_>>()))
        };
        let with_steps = outputs.iter().zip(&all_ends).zip(&labels).filter(|((_, ends), _)| !ends.is_empty());
        with_steps.map(record).collect()
    }

    fn is_right(&self, row: &Row, question: &Question) -> Result<bool> {
        Ok((self.check)(&self.rollouts.vocabulary.decode(row.output.text_tokens())?, &question.answer))
    }
}
