//! What reward models learn from: pairs of outputs, outputs with a label, steps with labels.

use std::path::Path;

use serde_json::{Value, json};

use crate::io::documents::{self, DocumentError, Form, Record};
use crate::train::data::template::{Message, Template};
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::{Result, TrainError};

/// An example, as tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    /// The first output is better than the second.
    Pair {
        /// The prompt.
        prompt: Vec<u32>,
        /// The better output.
        chosen: Vec<u32>,
        /// The other one.
        rejected: Vec<u32>,
    },
    /// What is right about an output, from 0 to 1, at some of its tokens: at the last one for the whole, at the ends of
    /// its steps for a process.
    Labelled {
        /// The prompt.
        prompt: Vec<u32>,
        /// The output.
        output: Vec<u32>,
        /// Token and label.
        labels: Vec<(usize, f64)>,
    },
}

impl Example {
    /// Its tokens, as the model reads them.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Pair { prompt, chosen, rejected } => 2 * prompt.len() + chosen.len() + rejected.len(),
            Self::Labelled { prompt, output, .. } => prompt.len() + output.len(),
        }
    }

    /// The longest of its texts, tokens.
    #[must_use]
    pub fn longest(&self) -> usize {
        match self {
            Self::Pair { prompt, chosen, rejected } => prompt.len() + chosen.len().max(rejected.len()),
            Self::Labelled { .. } => self.length(),
        }
    }
}

/// Makes examples of records.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The model's vocabulary.
    pub vocabulary: &'a Vocabulary,
    /// Its template.
    pub template: &'a Template,
    /// Stands below every prompt.
    pub instruction: &'a str,
}

impl Reading<'_> {
    /// The tokens of a prompt, up to where an answer begins.
    ///
    /// # Errors
    /// The template refuses it.
    pub fn prompt(&self, question: &str) -> Result<Vec<u32>> {
        let said = match self.instruction {
            "" => question.to_owned(),
            instruction => format!("{question}\n{instruction}"),
        };
        let refused = |found: String| TrainError::argument("a prompt", "one that the template takes", found);
        let text = self.template.render(&[Message::new("user", said)], true).map_err(refused)?;
        let mut tokens = self.vocabulary.encode(&text, true)?;
        let begin = self.vocabulary.begin().filter(|begin| self.template.is_plain() && tokens.first() != Some(begin));
        if let Some(begin) = begin {
            tokens.insert(0, begin);
        }
        Ok(tokens)
    }

    /// The tokens of an answer as the policy writes it after a prompt, without the one that ends it.
    ///
    /// # Errors
    /// The tokenizer refuses it.
    pub fn answer(&self, text: &str) -> Result<Vec<u32>> {
        let lead = self.template.around_answer().map(|(lead, _)| lead).unwrap_or_default();
        if text.starts_with(&lead) {
            return self.vocabulary.encode_on(text, false);
        }
        if lead.trim().is_empty() {
            return self.vocabulary.encode_on(&format!("{lead}{text}"), false);
        }
        let lead = self.vocabulary.encode_on(&lead, true)?;
        Ok([lead, self.vocabulary.encode_on(text, false)?].concat())
    }

    fn output(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = self.answer(text)?;
        tokens.push(self.vocabulary.end());
        Ok(tokens)
    }

    /// The example of a record: `prompt` with `chosen` and `rejected`, with `response` and `label`, or with `steps` and
    /// `labels`.
    ///
    /// # Errors
    /// It has another form; the text says which.
    pub fn example(&self, record: &Record) -> Result<std::result::Result<Example, String>> {
        let text = |key: &str| record.get(key).and_then(Value::as_str);
        let prompt = match text("prompt").or_else(|| text("question")) {
            Some(prompt) => self.prompt(prompt)?,
            None => return Ok(Err(fields(record))),
        };
        if let (Some(chosen), Some(rejected)) = (text("chosen"), text("rejected")) {
            let (chosen, rejected) = (self.output(chosen)?, self.output(rejected)?);
            return Ok(Ok(Example::Pair { prompt, chosen, rejected }));
        }
        let label = |value: &Value| value.as_f64().filter(|label| (0.0..=1.0).contains(label));
        if let (Some(response), Some(given)) = (text("response"), record.get("label")) {
            let Some(label) = label(given) else { return Ok(Err(format!("a label of {given}, not from 0 to 1"))) };
            let output = self.output(response)?;
            let labels = vec![(output.len() - 1, label)];
            return Ok(Ok(Example::Labelled { prompt, output, labels }));
        }
        let list = |key: &str| record.get(key).and_then(Value::as_array);
        let (Some(steps), Some(given)) = (list("steps"), list("labels")) else { return Ok(Err(fields(record))) };
        let (mut output, mut labels) = (Vec::new(), Vec::new());
        for (step, value) in steps.iter().zip(given) {
            let (Some(step), Some(label)) = (step.as_str(), label(value)) else {
                return Ok(Err("steps that are no strings, or labels that are not from 0 to 1".to_owned()));
            };
            let first = output.is_empty();
            output.extend(if first { self.answer(step) } else { self.vocabulary.encode_on(step, false) }?);
            if !output.is_empty() {
                labels.push((output.len() - 1, label));
            }
        }
        if steps.len() != given.len() || labels.is_empty() {
            return Ok(Err(format!("{} steps with {} labels", steps.len(), given.len())));
        }
        Ok(Ok(Example::Labelled { prompt, output, labels }))
    }

    /// The examples of a file, in its order.
    ///
    /// # Errors
    /// It cannot be read, or a record has another form.
    pub fn file(&self, path: &Path) -> Result<Vec<Example>> {
        let form = Form::of(path).ok_or_else(|| {
            TrainError::argument("a file of examples", "a .jsonl, .jsonl.gz or .parquet file", path.display())
        })?;
        let mut all = Vec::new();
        documents::records(path, form, None, &mut |at, record| {
            let expected = "\"prompt\" with \"chosen\" and \"rejected\", \"response\" and \"label\", or \"steps\" and \
                            \"labels\"";
            let example = self.example(&record)?;
            all.push(example.map_err(|found| DocumentError::record(path, at, expected, found))?);
            Ok::<(), TrainError>(())
        })?;
        Ok(all)
    }
}

fn fields(record: &Record) -> String {
    format!("the fields {:?}", record.keys().collect::<Vec<_>>())
}

/// The record of steps with labels.
#[must_use]
pub fn steps_record(prompt: &str, steps: &[String], labels: &[f64]) -> Value {
    json!({"prompt": prompt, "steps": steps, "labels": labels})
}
