//! `train measure`: the perplexity of a model on texts.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{failure, language_of, pool, with_adapters};
use crate::cli::{CommandResult, Global};
use crate::train::error::Result;
use crate::train::perplexity::Foreseen;

/// `train measure`.
#[derive(Args, Debug)]
pub(super) struct Measure {
    /// A checkpoint: a folder as transformers has it, a .gguf file, or a llama2.c .bin file.
    #[arg(long, value_name = "PATH")]
    model: PathBuf,
    /// Adapters to put on it, as PEFT lays them out.
    #[arg(long, value_name = "DIR")]
    adapters: Option<PathBuf>,
    /// A tokenizer.json, or the tokenizer of a GGUF file or of llama2.c [default: the model's own].
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Tokens of a window; windows do not see each other [default: the model's context, at most 2048].
    #[arg(long, value_name = "N")]
    context: Option<usize>,
    /// Files of texts: .jsonl and .parquet by their field `text`, others whole.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Measure {
    pub(super) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let found = pool(global)?.install(|| self.foreseen()).map_err(failure)?;
        let Foreseen { texts, targets, bytes, .. } = found;
        writeln!(out, "texts           {texts}, {bytes} bytes, {targets} tokens foreseen")?;
        writeln!(out, "loss            {:.5}", found.loss())?;
        writeln!(out, "perplexity      {:.4}", found.perplexity())?;
        Ok(writeln!(out, "bits per byte   {:.4}", found.bits_per_byte())?)
    }

    fn foreseen(&self) -> Result<Foreseen> {
        let model = with_adapters(&self.model, self.adapters.as_deref())?;
        let (vocabulary, ..) = language_of(&model, &self.model, self.tokenizer.as_deref())?;
        let context = self.context.unwrap_or_else(|| model.config().context.min(2048));
        let mut found = Foreseen::default();
        self.files.iter().try_for_each(|file| found.add_file(&model, &vocabulary, file, context))?;
        Ok(found)
    }
}
