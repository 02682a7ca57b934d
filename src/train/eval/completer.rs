//! Prompts → completions: what an evaluation needs of a model.

use super::super::data::vocabulary::Vocabulary;
use super::super::error::Result;
use super::super::model::Model;
use super::super::sample::{Choosing, End, Limits, Row, Sampler};
use super::super::tool::complete::Rollouts;
use super::super::tool::sandbox::Sandbox;
use super::super::tool::settings::ToolSettings;

/// What is to be continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// Whether it was laid out by a model's template, and names special tokens.
    pub templated: bool,
    /// The stream of draws of its completion.
    pub stream: u64,
}

/// How a text went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The text, up to a stop text or the end.
    pub text: String,
    /// Its tokens.
    pub tokens: usize,
    /// Whether it was cut by the limit or the context.
    pub cut: bool,
}

/// Continues texts.
pub trait Completer {
    /// A completion for each prompt, in order; `stops` are texts that end them.
    ///
    /// # Errors
    /// The model could not be run.
    fn complete(&mut self, prompts: &[Prompt], by: &Choosing, stops: &[String]) -> Result<Vec<Completion>>;
}

/// A model with its tokenizer.
pub struct ModelCompleter<'a> {
    model: &'a Model,
    vocabulary: &'a Vocabulary,
    limits: Limits,
    tools: Option<(Sandbox, ToolSettings)>,
}

impl<'a> ModelCompleter<'a> {
    /// Completions within `limits`; with `tools`, programs that they hold are run, and what those print stands in them.
    #[must_use]
    pub fn new(
        model: &'a Model,
        vocabulary: &'a Vocabulary,
        limits: Limits,
        tools: Option<(Sandbox, ToolSettings)>,
    ) -> Self {
        Self { model, vocabulary, limits, tools }
    }

    fn row(&self, prompt: &Prompt) -> Result<Row> {
        let mut tokens = self.vocabulary.encode(&prompt.text, prompt.templated)?;
        // A template says itself what a text begins with.
        let begin = self.vocabulary.begin().filter(|begin| !prompt.templated && tokens.first() != Some(begin));
        if let Some(begin) = begin {
            tokens.insert(0, begin);
        }
        let mut row = Row::new(tokens, prompt.stream);
        // A prompt that leaves no room has no answer.
        if row.prompt.len() >= self.model.config().context {
            row.output.end = Some(End::Context);
        }
        Ok(row)
    }
}

impl Completer for ModelCompleter<'_> {
    fn complete(&mut self, prompts: &[Prompt], by: &Choosing, stops: &[String]) -> Result<Vec<Completion>> {
        let mut rows = prompts.iter().map(|prompt| self.row(prompt)).collect::<Result<Vec<Row>>>()?;
        let limits = Limits { stop_texts: stops.to_vec(), ..self.limits.clone() };
        let sampler = Sampler::new(self.model, Some(self.vocabulary))?;
        let (vocabulary, tools) = (self.vocabulary, self.tools.as_ref());
        Rollouts { sampler: &sampler, vocabulary, choosing: *by, limits: &limits, tools }.run(&mut rows)?;
        let completed = rows.iter().map(|row| {
            let text = self.vocabulary.decode(row.output.text_tokens())?;
            let text = super::prompt::cut(&text, stops).to_owned();
            Ok(Completion { text, tokens: row.output.tokens.len(), cut: row.output.end.is_some_and(End::is_cut) })
        });
        completed.collect()
    }
}
