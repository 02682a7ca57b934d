//! A tokenizer for a model of one's own, learnt from texts: a byte-level byte-pair encoding in which digits stand alone.

use std::path::{Path, PathBuf};

use tokenizers::models::bpe::BpeTrainer;
use tokenizers::models::{ModelWrapper, TrainerWrapper};
use tokenizers::{AddedToken, Tokenizer};

use crate::io::documents::{self, Form};
use crate::train::error::{Result, TrainError};
use crate::train::params::companions::Companions;
use crate::train::params::tokenizer::gguf::SMOLLM;
use crate::train::params::tokenizer::{Bpe, Cut, Role, letters};

/// The token that ends a text, the first of the vocabulary.
pub const END: &str = "<|endoftext|>";
/// Bytes of text that are learnt from at most; they are in memory.
pub const TEXT_BYTES_MAX: usize = 256 << 20;
/// A pair that is there less often is not merged.
const COUNT_MIN: u64 = 2;

/// Reads the texts of `.jsonl` and `.parquet` files, in their order, up to [`TEXT_BYTES_MAX`].
///
/// # Errors
/// A file cannot be read or is of another form, or a record has no text.
pub fn texts(files: &[PathBuf], field: &str) -> Result<Vec<String>> {
    let (mut texts, mut bytes) = (Vec::new(), 0);
    for path in files {
        let form = Form::of(path).filter(|_| path.is_file()).ok_or_else(|| {
            let expected = "a .parquet, .jsonl or .jsonl.gz file";
            TrainError::argument("a file to learn from", expected, path.display())
        })?;
        documents::records::<TrainError>(path, form, Some(&[field]), &mut |_, record| {
            if let Some(text) = record.get(field).and_then(|text| text.as_str())
                && bytes < TEXT_BYTES_MAX
            {
                bytes += text.len();
                texts.push(text.to_owned());
            }
            Ok(())
        })?;
    }
    if bytes == 0 {
        let expected = format!("a text in a field {field:?}");
        return Err(TrainError::argument("files to learn from", expected, "none"));
    }
    Ok(texts)
}

/// Learns a vocabulary of `size` tokens and gives its files. The same texts give the same bytes.
///
/// # Errors
/// The vocabulary has no room for the bytes.
pub fn learn(texts: &[String], size: usize) -> Result<Companions> {
    let letters = letters();
    let least = letters.len() + 1;
    if size < least {
        return Err(TrainError::argument("tokens of a vocabulary", format!("at least {least}"), size));
    }
    let failed = |e: tokenizers::Error| TrainError::argument("a tokenizer", "one that can be learnt", e);
    // Texts are cut for learning as the finished tokenizer cuts them.
    let first = [(END.to_owned(), Role::Control)].into_iter();
    let tokens: Vec<(String, Role)> = first.chain(letters.iter().map(|c| (c.to_string(), Role::Piece))).collect();
    let patterns = SMOLLM.to_vec();
    let cut = Cut::Words { patterns, nfc: false, whole_words: false };
    let bpe = Bpe { tokens, merges: Vec::new(), cut, begin: None, unknown: None };
    let path = Path::new("tokenizer.json");
    let mut tokenizer = Tokenizer::from_bytes(bpe.to_json(path)?).map_err(failed)?;
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(size)
        .min_frequency(COUNT_MIN)
        .initial_alphabet(letters.iter().copied().collect())
        .special_tokens(vec![AddedToken::from(END, true)])
        .build();
    tokenizer.train(&mut TrainerWrapper::BpeTrainer(trainer), texts.iter()).map_err(failed)?;
    let ModelWrapper::BPE(model) = tokenizer.get_model() else {
        return Err(TrainError::argument("a tokenizer", "a byte-pair encoding", "another"));
    };
    // Written in our own form, in the order of the ids.
    let file = serde_json::to_value(model).map_err(|e| TrainError::format(path, "a byte-pair encoding", e))?;
    let merges = serde_json::from_value(file["merges"].clone());
    let merges = merges.map_err(|e| TrainError::format(path, "merges", e))?;
    let mut vocab: Vec<(u32, String)> = model.get_vocab().into_iter().map(|(token, id)| (id, token)).collect();
    vocab.sort_unstable();
    let role = |token: &String| if token == END { Role::Control } else { Role::Piece };
    let tokens = vocab.into_iter().map(|(_, token)| (role(&token), token)).map(|(role, token)| (token, role)).collect();
    Bpe { tokens, merges, ..bpe }.companions(Some(0), None, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::Vocabulary;

    #[test]
    fn a_vocabulary_is_learnt_from_texts() {
        let texts: Vec<String> =
            (0..200).map(|i| format!("Let $x_{i}$ be a number. Then the theorem holds for {i}.")).collect();
        let files = learn(&texts, 300).unwrap();
        assert_eq!(files, learn(&texts, 300).unwrap());
        let vocabulary = Vocabulary::of(&files, Path::new("t"), 0, 300).unwrap();
        assert_eq!((vocabulary.begin(), vocabulary.end()), (None, 0));
        let text = "Then the theorem holds for 2026: 数学 é\n\n";
        let tokens = vocabulary.encode(text, false).unwrap();
        assert_eq!(vocabulary.decode(&tokens).unwrap(), text);
        assert!(tokens.len() < text.len() - 15, "{tokens:?}");
        let digits = vocabulary.encode("2026", false).unwrap();
        assert_eq!(digits.len(), 4);
        assert!(learn(&texts, 256).unwrap_err().to_string().contains("expected at least 257, found 256"));
    }

    #[test]
    fn texts_come_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        crate::io::atomic::write(&path, "{\"text\": \"a\"}\n{\"text\": null}\n{\"text\": \"b\"}\n").unwrap();
        assert_eq!(texts(std::slice::from_ref(&path), "text").unwrap(), ["a", "b"]);
        let message = |files: &[PathBuf], field| texts(files, field).unwrap_err().to_string();
        assert!(message(&[path], "body").contains("expected a text in a field \"body\""));
        assert!(message(&[folder.path().join("y.jsonl")], "text").contains("y.jsonl"));
    }
}
