//! Tokenizers of llama2.c: the length of the longest token, then for each its score, its length and its bytes.

use std::path::{Path, PathBuf};

use super::{Bpe, Cut, Role};
use crate::train::error::{Result, TrainError};
use crate::train::params::companions::Companions;

const FORM: &str = "a llama2.c tokenizer";
/// `<unk>`, `<s>` and `</s>`; then come the 256 bytes.
const CONTROLS: [&str; 3] = ["<unk>", "<s>", "</s>"];

/// The tokenizer of a llama2.c checkpoint: the file beside it that is called after its vocabulary, else `tokenizer.bin`.
#[must_use]
pub fn beside(checkpoint: &Path, vocab_size: usize) -> PathBuf {
    let named = checkpoint.with_file_name(format!("tok{vocab_size}.bin"));
    if named.is_file() { named } else { checkpoint.with_file_name("tokenizer.bin") }
}

/// The files of the tokenizer that `path` holds.
///
/// # Errors
/// It is missing or cut, or has no room for the bytes.
pub fn read(path: &Path) -> Result<Companions> {
    let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
    parse(&bytes, path)?.companions(Some(2), None, path)
}

/// The encoding in the bytes of a file; `path` is what errors name.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], path: &Path) -> Result<Bpe> {
    let wrong = |reason: String| TrainError::format(path, FORM, reason);
    let mut rest = bytes.get(4..).ok_or_else(|| wrong(format!("it has {} bytes", bytes.len())))?;
    let mut pieces: Vec<(String, f32)> = Vec::new();
    while !rest.is_empty() {
        let cut = || wrong(format!("it ends inside token {}", pieces.len()));
        let (score, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (length, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| cut())?;
        let (text, after) = after.split_at_checked(length).ok_or_else(cut)?;
        let text = std::str::from_utf8(text).map_err(|e| wrong(format!("token {}: {e}", pieces.len())))?;
        pieces.push((text.replace(' ', "▁"), f32::from_le_bytes(*score)));
        rest = after;
    }
    let first = CONTROLS.len() + 256;
    let bytes_there = pieces.len() >= first && pieces[CONTROLS.len()].0 == "<0x00>" && pieces[first - 1].0 == "<0xFF>";
    if !bytes_there {
        return Err(wrong(format!("of its {} tokens those from 3 to 258 are not the bytes", pieces.len())));
    }
    for (piece, name) in pieces.iter_mut().zip(CONTROLS) {
        name.clone_into(&mut piece.0);
    }
    let scored: Vec<(&str, f32)> = pieces[first..].iter().map(|(text, score)| (text.as_str(), *score)).collect();
    let merges = Bpe::merges_by_score(&scored);
    let role = |id: usize| if id < CONTROLS.len() { Role::Control } else { Role::Piece };
    let tokens = pieces.into_iter().enumerate().map(|(id, (text, _))| (text, role(id))).collect();
    Ok(Bpe { tokens, merges, cut: Cut::Nothing { blank_first: true }, begin: Some(1), unknown: Some(0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::Vocabulary;

    fn file(pieces: &[(&str, f32)]) -> Vec<u8> {
        let bytes: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        let fixed = ["<unk>", "\n<s>\n", "\n</s>\n"].into_iter().chain(bytes.iter().map(String::as_str));
        let all = fixed.map(|text| (text, 0.0)).chain(pieces.iter().copied());
        let mut file = 7i32.to_le_bytes().to_vec();
        for (text, score) in all {
            file.extend(score.to_le_bytes());
            file.extend((text.len() as i32).to_le_bytes());
            file.extend(text.as_bytes());
        }
        file
    }

    #[test]
    fn texts_are_read_as_llama2c_reads_them() {
        let letters = [" ", "h", "e", "l", "o"].map(|letter| (letter, -9.0));
        let merged = [("he", -1.0), (" he", -2.0), ("ll", -3.0), ("llo", -4.0)];
        let bytes = file(&[letters.as_slice(), &merged].concat());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tok268.bin");
        crate::io::atomic::write(&path, bytes).unwrap();
        assert_eq!(beside(&folder.path().join("m.bin"), 268), path);
        let vocabulary = Vocabulary::load(&path, 2, 268).unwrap();
        assert_eq!((vocabulary.begin(), vocabulary.end()), (Some(1), 2));
        // A blank is put before the text; what no piece has is written in bytes.
        let tokens = vocabulary.encode("hello é", false).unwrap();
        assert_eq!(tokens, [265, 267, 259, 3 + 0xC3, 3 + 0xA9]);
        assert_eq!(vocabulary.decode(&tokens).unwrap(), "hello é");
    }

    #[test]
    fn damage_is_named() {
        let good = file(&[("a", -1.0)]);
        let message = |bytes: &[u8]| parse(bytes, Path::new("tok.bin")).unwrap_err().to_string();
        assert!(message(&good[..3]).contains("tok.bin: expected a llama2.c tokenizer: it has 3 bytes"));
        assert!(message(&good[..good.len() - 1]).contains("it ends inside token 259"));
        assert!(message(&good[..good.len() / 2]).contains("ends inside token") || good.len().is_multiple_of(2));
        assert!(message(&good[..4]).contains("of its 0 tokens"));
    }
}
