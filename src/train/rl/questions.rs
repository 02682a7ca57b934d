//! Questions with their right answers, and the order in which they come.

use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::config::DataRules;
use crate::io::documents::{self, DocumentError, Form, Record};
use crate::train::data::permutation::Permutation;
use crate::train::error::{Result, TrainError};
use crate::train::reward_model::examples::Reading;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its place in the files, from 0: what its draws are seeded with.
    pub number: u64,
    /// As it is asked.
    pub text: String,
    /// The prompt's tokens.
    pub prompt: Vec<u32>,
    /// The right answer.
    pub answer: String,
    /// A solution, with the token that ends it; empty where the data give none.
    pub solution: Vec<u32>,
}

/// All questions.
#[derive(Clone, Debug)]
pub struct Questions {
    list: Vec<Question>,
    seed: u64,
    key: String,
}

impl Questions {
    /// Reads the files of a configuration. Questions whose prompt leaves no room in the context, or not enough for
    /// their solution, are left out.
    ///
    /// # Errors
    /// A file cannot be read, a record lacks a field, or no question is there.
    pub fn load(rules: &DataRules, reading: &Reading<'_>, context: usize) -> Result<Self> {
        let mut list = Vec::new();
        let mut number = 0;
        for path in &rules.files {
            let form = Form::of(path).ok_or_else(|| {
                TrainError::argument("a file of questions", "a .jsonl, .jsonl.gz or .parquet file", path.display())
            })?;
            documents::records(path, form, None, &mut |at, record| {
                let unfit = |found| DocumentError::record(path, at, "the text of a question and its answer", found);
                let question = question(rules, reading, number, &record)?.map_err(unfit)?;
                number += 1;
                let fits =
                    |one: &Question| one.prompt.len() < context && one.prompt.len() + one.solution.len() <= context;
                list.extend(Some(question).filter(fits));
                Ok::<(), TrainError>(())
            })?;
        }
        if list.is_empty() {
            let found = format!("none among {number} records");
            return Err(TrainError::argument("questions", "one whose prompt fits the context", found));
        }
        if (list.len() as u64) < number {
            tracing::warn!(left_out = number - list.len() as u64, "questions that do not fit the context");
        }
        let mut key = 0;
        for question in &list {
            for text in [&question.text, &question.answer] {
                key = xxh3_64_with_seed(text.as_bytes(), key);
            }
            let solution: Vec<u8> = question.solution.iter().flat_map(|token| token.to_le_bytes()).collect();
            key = xxh3_64_with_seed(&solution, key);
        }
        Ok(Self { list, seed: rules.seed, key: format!("{key:016x}") })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Stands for all of them.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The question that comes at a place of the run; each epoch has an order of its own.
    #[must_use]
    pub fn at(&self, place: u64) -> &Question {
        let count = self.list.len() as u64;
        let seed = xxh3_64_with_seed(&(place / count).to_le_bytes(), self.seed);
        &self.list[Permutation::new(count, seed).at(place % count) as usize]
    }

    /// The questions, in the order of the files.
    pub fn iter(&self) -> std::slice::Iter<'_, Question> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Questions {
    type Item = &'a Question;
    type IntoIter = std::slice::Iter<'a, Question>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn question(
    rules: &DataRules,
    reading: &Reading<'_>,
    number: u64,
    record: &Record,
) -> Result<std::result::Result<Question, String>> {
    let text = |key: &str| match record.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (Some(asked), Some(answer)) = (text(&rules.question), text(&rules.answer)) else {
        return Ok(Err(format!("the fields {:?}", record.keys().collect::<Vec<_>>())));
    };
    let answer = match &rules.answer_after {
        None => answer,
        Some(mark) => match answer.rsplit_once(mark.as_str()) {
            Some((_, after)) => after.trim().to_owned(),
            None => return Ok(Err(format!("an answer without {mark:?}"))),
        },
    };
    let solution = match rules.solution.as_deref().and_then(text) {
        Some(solution) => {
            let mut tokens = reading.answer(&solution)?;
            tokens.push(reading.vocabulary.end());
            tokens
        }
        None => Vec::new(),
    };
    Ok(Ok(Question { number, prompt: reading.prompt(&asked)?, text: asked, answer, solution }))
}
