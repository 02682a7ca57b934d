//! Outputs from a model: many at a time, with a cache of keys and values.
//!
//! [`Row`]s go in, each a prompt and what followed it so far, and come out continued. Rows with the same text so far share
//! one prefill; rows that ended are dropped from the batch. Every draw is of the row's own stream and the token's place, so
//! that a row's tokens do not depend on what it is sampled with. The log-probabilities are those of the very tokens that
//! were chosen, at the sampling temperature, among those that could be.
//!
//! A tool loop runs the rows to a stop text, appends what the tool printed with [`Row::force`], and runs them again.

mod choose;

pub use choose::{Choice, Choosing, choose, stream, uniform};

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::data::vocabulary::Vocabulary;
use super::error::{Result, TrainError};
use super::model::Model;
use super::model::cache::Cache;
use super::model::decoder::Decoder;
use super::model::weights::{View, Weights};

/// Scores of attention that exist at a time while prompts are read.
const SCORES: usize = 1 << 25;

/// Why an output ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It chose a stop token, which is its last one.
    Token,
    /// Its text has a stop text.
    Text,
    /// It has as many tokens as are allowed.
    Length,
    /// The model's context is full.
    Context,
}

impl End {
    /// Whether the output was cut: it did not end by itself.
    #[must_use]
    pub fn is_cut(self) -> bool {
        matches!(self, Self::Length | Self::Context)
    }
}

/// What follows a prompt. All lists have an entry a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// The tokens, a stop token included.
    pub tokens: Vec<u32>,
    /// log p of each at the sampling temperature (at 1 for greedy choices), among what could be chosen; 0 where forced.
    pub log_probs: Vec<f32>,
    /// What could be chosen, where top-k or top-p left some out; else empty.
    pub kept: Vec<Vec<u32>>,
    /// The entropy of the softmax there, nats; 0 where forced.
    pub entropies: Vec<f32>,
    /// Whether the model chose the token; tokens that were forced are not to be learnt.
    pub chosen: Vec<bool>,
    /// Why it ended; `None` while it has not.
    pub end: Option<End>,
}

impl Output {
    /// The tokens of its text: without the stop token.
    #[must_use]
    pub fn text_tokens(&self) -> &[u32] {
        let stop = usize::from(self.end == Some(End::Token));
        &self.tokens[..self.tokens.len() - stop]
    }

    fn push(&mut self, choice: Choice) {
        self.tokens.push(choice.token);
        self.log_probs.push(choice.log_p);
        self.kept.push(choice.kept);
        self.entropies.push(choice.entropy);
        self.chosen.push(true);
    }
}

/// A prompt and what follows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The prompt's tokens.
    pub prompt: Vec<u32>,
    /// Its stream of draws, see [`stream`].
    pub stream: u64,
    /// What follows.
    pub output: Output,
    /// Where the text begins that stop texts are looked for in.
    from: usize,
}

impl Row {
    /// A row without an output.
    #[must_use]
    pub fn new(prompt: Vec<u32>, stream: u64) -> Self {
        Self { prompt, stream, ..Self::default() }
    }

    /// A row that goes on after the first `count` tokens of an output.
    #[must_use]
    pub fn resumed(prompt: Vec<u32>, stream: u64, output: &Output, count: usize) -> Self {
        let chosen = output.chosen[..count].to_vec();
        let from = chosen.iter().rposition(|chosen| !chosen).map_or(0, |last| last + 1);
        let output = Output {
            tokens: output.tokens[..count].to_vec(),
            log_probs: output.log_probs[..count].to_vec(),
            kept: output.kept[..count].to_vec(),
            entropies: output.entropies[..count].to_vec(),
            chosen,
            end: None,
        };
        Self { prompt, stream, output, from }
    }

    /// Appends tokens that the model did not choose (the output of a tool, steps that are given) and opens the output
    /// again. A stop text among them does not end it.
    pub fn force(&mut self, tokens: &[u32]) {
        let output = &mut self.output;
        output.tokens.extend(tokens);
        let length = output.tokens.len();
        output.log_probs.resize(length, 0.0);
        output.kept.resize(length, Vec::new());
        output.entropies.resize(length, 0.0);
        output.chosen.resize(length, false);
        output.end = None;
        self.from = length;
    }

    fn is_open(&self) -> bool {
        self.output.end.is_none()
    }

    fn length(&self) -> usize {
        self.prompt.len() + self.output.tokens.len()
    }

    fn follows_as(&self, other: &Self) -> bool {
        self.prompt == other.prompt && self.output.tokens == other.output.tokens
    }

    fn tokens(&self) -> impl Iterator<Item = u32> {
        self.prompt.iter().chain(&self.output.tokens).copied()
    }
}

/// When outputs end, and how many are sampled at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Most tokens of an output, forced ones included.
    pub tokens_max: usize,
    /// Tokens that end it.
    pub stop_tokens: Vec<u32>,
    /// Texts that end it, once its text has one.
    pub stop_texts: Vec<String>,
    /// Rows that are sampled together.
    pub batch_rows: usize,
}

/// A model that is sampled from.
pub struct Sampler<'a> {
    decoder: &'a Decoder,
    weights: Weights,
    vocabulary: Option<&'a Vocabulary>,
}

impl<'a> Sampler<'a> {
    /// A sampler of a model as it is now; it goes along as the model is trained. The vocabulary is needed for stop texts
    /// alone.
    ///
    /// # Errors
    /// A parameter is missing.
    pub fn new(model: &'a Model, vocabulary: Option<&'a Vocabulary>) -> Result<Self> {
        Ok(Self::with_weights(model.decoder(), model.weights(View::Detached)?, vocabulary))
    }

    /// A sampler of other weights of the same shape, which are a detached view.
    #[must_use]
    pub fn with_weights(decoder: &'a Decoder, weights: Weights, vocabulary: Option<&'a Vocabulary>) -> Self {
        Self { decoder, weights, vocabulary }
    }

    /// The most tokens of a prompt with its output.
    #[must_use]
    pub fn context(&self) -> usize {
        self.decoder.config().context
    }

    /// Continues all open rows to their ends.
    ///
    /// # Errors
    /// A prompt is empty or does not fit the vocabulary or the context; stop texts are given and no vocabulary.
    pub fn run(&self, rows: &mut [Row], by: &Choosing, limits: &Limits) -> Result<()> {
        self.run_each(rows, by, limits, &mut |_, _| Ok(()))
    }

    /// As [`run`](Self::run); `each` is told of every token as it is chosen: its row and itself.
    ///
    /// # Errors
    /// As there, and what `each` says.
    pub fn run_each(
        &self,
        rows: &mut [Row],
        by: &Choosing,
        limits: &Limits,
        each: &mut dyn FnMut(usize, u32) -> Result<()>,
    ) -> Result<()> {
        if !limits.stop_texts.is_empty() && self.vocabulary.is_none() {
            return Err(TrainError::argument("stop texts", "a vocabulary to read them with", "none"));
        }
        let context = self.decoder.config().context;
        for row in rows.iter_mut().filter(|row| row.is_open()) {
            if row.length() == 0 || row.prompt.len() > context {
                let expected = format!("1 to {context} tokens, the model's context");
                return Err(TrainError::argument("a prompt", expected, row.prompt.len()));
            }
            row.output.end = self.limit(row, limits);
        }
        let open: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].is_open()).collect();
        open.chunks(limits.batch_rows.max(1)).try_for_each(|batch| self.batch(rows, batch, by, limits, each))
    }

    /// The end of a row that has no room for another token.
    fn limit(&self, row: &Row, limits: &Limits) -> Option<End> {
        if row.output.tokens.len() >= limits.tokens_max {
            return Some(End::Length);
        }
        (row.length() >= self.decoder.config().context).then_some(End::Context)
    }

    fn batch(
        &self,
        rows: &mut [Row],
        batch: &[usize],
        by: &Choosing,
        limits: &Limits,
        each: &mut dyn FnMut(usize, u32) -> Result<()>,
    ) -> Result<()> {
        let (mut cache, mut hidden) = self.prefill(rows, batch)?;
        // The rows of the cache; those that ended stay until enough of them did.
        let mut batch = batch.to_vec();
        loop {
            // [rows, vocab]
            let logits = self.decoder.logits(&self.weights, &hidden)?.to_dtype(DType::F32)?.to_device(&Device::Cpu)?;
            let logits = logits.flatten_all()?.to_vec1::<f32>()?;
            let vocab = logits.len() / batch.len();
            let chosen: Vec<Option<Result<Choice>>> = batch
                .par_iter()
                .zip(logits.par_chunks(vocab))
                .map(|(row, logits)| {
                    let row = &rows[*row];
                    let place = row.output.tokens.len() as u64;
                    row.is_open().then(|| choose(logits, by, uniform(row.stream, place)))
                })
                .collect();
            for (row, choice) in batch.iter().zip(chosen) {
                let Some(choice) = choice.transpose()? else { continue };
                let token = choice.token;
                rows[*row].output.push(choice);
                rows[*row].output.end = self.end(&rows[*row], token, limits)?;
                each(*row, token)?;
            }
            let open: Vec<usize> = (0..batch.len()).filter(|i| rows[batch[*i]].is_open()).collect();
            if open.is_empty() {
                return Ok(());
            }
            // An ended row goes on a place with each step, and must not leave the context. Open rows have room.
            let ended = batch.len() - open.len();
            let full = cache.seen() >= self.context();
            if ended * 4 >= batch.len() || (full && ended > 0) {
                cache.select(&open)?;
                batch = open.into_iter().map(|i| batch[i]).collect();
            }
            let next: Vec<u32> =
                batch.iter().map(|row| rows[*row].output.tokens.last().copied().unwrap_or(0)).collect();
            hidden = self.decoder.advance(&self.weights, &next, &mut cache)?;
        }
    }

    /// Reads prompts and what follows them, each different one once: the cache, a row each, and what the last norm gives
    /// at the last tokens, `[rows, width]`.
    fn prefill(&self, rows: &[Row], batch: &[usize]) -> Result<(Cache, Tensor)> {
        let mut firsts: Vec<usize> = Vec::new();
        let mut of = Vec::with_capacity(batch.len());
        for row in batch {
            let known = firsts.iter().rposition(|first| rows[*first].follows_as(&rows[*row]));
            of.push(known.unwrap_or(firsts.len()));
            if known.is_none() {
                firsts.push(*row);
            }
        }
        let time = firsts.iter().map(|row| rows[*row].length()).max().unwrap_or_default();
        let padding: Vec<usize> = firsts.iter().map(|row| time - rows[*row].length()).collect();
        let padded: Vec<Vec<u32>> = firsts
            .iter()
            .zip(&padding)
            .map(|(row, padding)| std::iter::repeat_n(0, *padding).chain(rows[*row].tokens()).collect())
            .collect();
        let mut cache = Cache::new(padding);
        let piece = (SCORES / (firsts.len() * self.decoder.config().heads * time)).clamp(1, time);
        let mut last = None;
        for from in (0..time).step_by(piece) {
            let count = piece.min(time - from);
            let tokens: Vec<u32> = padded.iter().flat_map(|row| &row[from..from + count]).copied().collect();
            last = Some((self.decoder.advance(&self.weights, &tokens, &mut cache)?, count));
        }
        let (hidden, count) = last.ok_or_else(|| TrainError::argument("prompts", "at least one", "none"))?;
        let ends: Vec<u32> = of.iter().map(|first| ((first + 1) * count - 1) as u32).collect();
        let hidden = hidden.index_select(&Tensor::from_slice(&ends, ends.len(), hidden.device())?, 0)?;
        if of.iter().enumerate().any(|(i, first)| i != *first) {
            cache.select(&of)?;
        }
        Ok((cache, hidden))
    }

    /// Why a row ends with its last token, if it does.
    fn end(&self, row: &Row, token: u32, limits: &Limits) -> Result<Option<End>> {
        if limits.stop_tokens.contains(&token) {
            return Ok(Some(End::Token));
        }
        if let (Some(vocabulary), Some(longest)) = (self.vocabulary, limits.stop_texts.iter().map(String::len).max()) {
            // A token is at least a byte, so that no more of them can hold a text that the last one completes; some
            // tokens of a whole character more, so that none is cut.
            let from = row.from.max(row.output.tokens.len().saturating_sub(longest + 4));
            let text = vocabulary.decode(&row.output.tokens[from..])?;
            if limits.stop_texts.iter().any(|stop| text.contains(stop.as_str())) {
                return Ok(Some(End::Text));
            }
        }
        Ok(self.limit(row, limits))
    }
}

#[cfg(test)]
mod tests;
