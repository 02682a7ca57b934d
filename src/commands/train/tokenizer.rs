//! `train tokenizer`: a vocabulary learnt from texts.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{failure, pool};
use crate::cli::{CommandResult, Global};
use crate::train::config::files::expand;
use crate::train::data::learn;
use crate::train::error::Result;
use crate::train::params::save::write_folder;

/// `train tokenizer`.
#[derive(Args, Debug)]
pub(super) struct Tokenizer {
    /// Files, folders or globs of .parquet or .jsonl files.
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// The field of a record that holds its text.
    #[arg(long, value_name = "NAME", default_value = "text")]
    field: String,
    /// Tokens of the vocabulary, the 256 bytes and the end of a text among them.
    #[arg(long, value_name = "N", default_value_t = 4096)]
    size: usize,
    /// Where tokenizer.json goes.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl Tokenizer {
    pub(super) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let (texts, bytes) = pool(global)?.install(|| self.learn()).map_err(failure)?;
        writeln!(out, "learnt from  {texts} texts, {bytes} bytes")?;
        Ok(writeln!(out, "tokenizer    {}", self.to.join("tokenizer.json").display())?)
    }

    fn learn(&self) -> Result<(usize, usize)> {
        let files = self.files.iter().map(|path| expand(path)).collect::<Result<Vec<_>>>()?.concat();
        let texts = learn::texts(&files, &self.field)?;
        let made = learn::learn(&texts, self.size)?;
        write_folder(&self.to, |new| {
            made.iter().try_for_each(|(name, bytes)| Ok(crate::io::atomic::write(new.join(name), bytes)?))
        })?;
        Ok((texts.len(), texts.iter().map(String::len).sum()))
    }
}
