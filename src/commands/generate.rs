//! `generate`: text from a checkpoint.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::train::{failure, language_of, with_adapters};
use crate::cli::{CommandResult, Global};
use crate::train::data::template::Message;
use crate::train::error::{Result, TrainError};
use crate::train::run::end_tokens;
use crate::train::sample::{Choosing, Limits, Row, Sampler, stream};

/// `generate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build generate --model out/model --prompt 'Theorem.'
  corpus-build generate --model out/model --chat --prompt 'What is 12 * 12?' --temperature 0.7 --seed 3")]
pub(crate) struct Generate {
    /// A checkpoint: a folder as transformers has it, a .gguf file, or a llama2.c .bin file.
    #[arg(long, value_name = "PATH")]
    model: PathBuf,
    /// Adapters to put on it, as PEFT lays them out.
    #[arg(long, value_name = "DIR")]
    adapters: Option<PathBuf>,
    /// A tokenizer.json, or the tokenizer of a GGUF file or of llama2.c [default: the model's own].
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// What to continue.
    #[arg(long, value_name = "TEXT")]
    prompt: String,
    /// Put the prompt as a user's turn into the model's template.
    #[arg(long)]
    chat: bool,
    /// 0 takes the most probable token each time.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f64,
    /// Only so many of the most probable tokens.
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Only the most probable tokens that together have this probability.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f64,
    /// The same seed gives the same text.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// At most so many tokens.
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_tokens: usize,
}

impl Generate {
    pub(crate) fn run(self, _: &Global, out: &mut dyn Write) -> CommandResult {
        self.generate(out).map_err(failure)
    }

    fn generate(&self, out: &mut dyn Write) -> Result<()> {
        let model = with_adapters(&self.model, self.adapters.as_deref())?;
        let (vocabulary, template, tokenizer) = language_of(&model, &self.model, self.tokenizer.as_deref())?;
        let ends = end_tokens(&model, &vocabulary, &template);
        let text = if self.chat {
            let said = [Message::new("user", &self.prompt)];
            template.render(&said, true).map_err(|e| TrainError::format(&tokenizer, "a chat template", e))?
        } else {
            self.prompt.clone()
        };
        let mut prompt = vocabulary.encode(&text, self.chat)?;
        // A template says itself what a text begins with.
        let own = self.chat && !template.is_plain();
        if let Some(begin) = vocabulary.begin().filter(|begin| !own && prompt.first() != Some(begin)) {
            prompt.insert(0, begin);
        }
        let by = Choosing { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p };
        let stop_tokens = ends.clone();
        let limits = Limits { tokens_max: self.max_tokens, stop_tokens, stop_texts: Vec::new(), batch_rows: 1 };
        let mut rows = [Row::new(prompt, stream(self.seed, 0, 0, 0))];
        // A token may be half a character: what is whole so far is printed.
        let (mut tokens, mut printed) = (Vec::new(), 0);
        let closed = |e: std::io::Error| TrainError::append(Path::new("standard output"))(e);
        Sampler::new(&model, None)?.run_each(&mut rows, &by, &limits, &mut |_, token| {
            if ends.contains(&token) {
                return Ok(());
            }
            tokens.push(token);
            let text = vocabulary.decode(&tokens)?;
            if let Some(new) = text.get(printed..).filter(|new| !new.ends_with('\u{FFFD}')) {
                write!(out, "{new}").and_then(|()| out.flush()).map_err(closed)?;
                printed = text.len();
            }
            Ok(())
        })?;
        writeln!(out).map_err(closed)
    }
}
