//! The small files of a checkpoint that the trainer passes on as they are: tokenizer, template, generation settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::gguf::Gguf;
use super::tokenizer;
use crate::train::error::{Result, TrainError};

/// Their names; a checkpoint has some of them.
pub const NAMES: [&str; 11] = [
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "generation_config.json",
    "merges.txt",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
];

/// Contents by name.
pub type Companions = BTreeMap<String, Vec<u8>>;

/// Reads those that `folder` has.
///
/// # Errors
/// One is there but cannot be read.
pub fn read(folder: &Path) -> Result<Companions> {
    let mut found = Companions::new();
    for name in NAMES {
        let path = folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => _ = found.insert(name.to_owned(), bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(TrainError::read(&path)(e)),
        }
    }
    Ok(found)
}

/// The file of a checkpoint's own tokenizer.
#[must_use]
pub fn tokenizer_of(checkpoint: &Path, vocab_size: usize) -> PathBuf {
    match checkpoint.extension().and_then(|ending| ending.to_str()) {
        Some("gguf") => checkpoint.to_owned(),
        Some("bin") => tokenizer::llama2c::beside(checkpoint, vocab_size),
        _ => checkpoint.join("tokenizer.json"),
    }
}

/// Those of a tokenizer that is named by itself: a `tokenizer.json` with what stands beside it, a GGUF file, or the
/// `.bin` file of a llama2.c tokenizer.
///
/// # Errors
/// There is none, or it is of a kind that is not known.
pub fn of_tokenizer(path: &Path) -> Result<Companions> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("gguf") => tokenizer::gguf::companions(&Gguf::open(path)?),
        Some("bin") => tokenizer::llama2c::read(path),
        _ => {
            let mut found = read(path.parent().unwrap_or(Path::new("")))?;
            // How another model generates is not this one's.
            found.remove("generation_config.json");
            // Whatever it is called, it is the tokenizer.
            found.insert("tokenizer.json".to_owned(), std::fs::read(path).map_err(TrainError::read(path))?);
            Ok(found)
        }
    }
}
