//! The small files of a checkpoint that the trainer passes on as they are: tokenizer, template, generation settings.

use std::collections::BTreeMap;
use std::path::Path;

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
