//! Text → tokens, by a model's own tokenizer.

use std::path::Path;

use tokenizers::Tokenizer;
use xxhash_rust::xxh3::xxh3_128;

use crate::train::error::{Result, TrainError};
use crate::train::params::companions::{self, Companions};

/// A tokenizer with the tokens that begin and end a document.
pub struct Vocabulary {
    tokenizer: Tokenizer,
    begin: Option<u32>,
    end: u32,
    hash: u128,
}

impl Vocabulary {
    /// Reads `tokenizer.json` in the form of the `tokenizers` library, or the tokenizer of a GGUF file or of llama2.c.
    /// `end` is the model's end-of-text token; the one that begins a document is what the tokenizer itself puts before a
    /// text, if anything.
    ///
    /// # Errors
    /// The file is missing or damaged, has more tokens than the model's `vocab_size`, or `end` is not one of them.
    pub fn load(path: &Path, end: u32, vocab_size: usize) -> Result<Self> {
        Self::of(&companions::of_tokenizer(path)?, path, end, vocab_size)
    }

    /// As [`load`](Self::load), of files that were read already; `path` is what errors name.
    ///
    /// # Errors
    /// As there.
    pub fn of(files: &Companions, path: &Path, end: u32, vocab_size: usize) -> Result<Self> {
        let expected = "a tokenizer of the `tokenizers` library";
        let bytes = files.get("tokenizer.json").ok_or_else(|| TrainError::format(path, expected, "there is none"))?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| TrainError::format(path, expected, e))?;
        // Stored settings of a deployment: a training run neither cuts nor pads.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| TrainError::format(path, expected, e))?;
        // The largest id counts, not the number of tokens: ids may have gaps.
        let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or_default();
        if largest as usize >= vocab_size {
            return Err(TrainError::Config {
                path: path.to_owned(),
                key: "vocabulary".to_owned(),
                expected: format!("tokens below the model's vocab_size, {vocab_size}"),
                found: format!("token {largest}"),
            });
        }
        if tokenizer.id_to_token(end).is_none() {
            return Err(TrainError::Config {
                path: path.to_owned(),
                key: "eos_token_id".to_owned(),
                expected: "a token of the vocabulary".to_owned(),
                found: end.to_string(),
            });
        }
        let marked = tokenizer.encode("", true).map_err(|e| TrainError::format(path, expected, e))?;
        let begin = marked.get_ids().first().copied().filter(|id| *id != end);
        Ok(Self { tokenizer, begin, end, hash: xxh3_128(bytes) })
    }

    /// The token that ends a document.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.end
    }

    /// The token that begins one, where the tokenizer has such.
    #[must_use]
    pub fn begin(&self) -> Option<u32> {
        self.begin
    }

    /// How a token is written; empty where there is no such token.
    #[must_use]
    pub fn name(&self, token: u32) -> String {
        self.tokenizer.id_to_token(token).unwrap_or_default()
    }

    /// A hash of the file.
    #[must_use]
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// Tokens of a text that stands alone or in the middle; none is put before or after it. Special tokens that the text
    /// names are read as such only where `special` says so: a page that writes one must not end a document.
    ///
    /// # Errors
    /// The tokenizer refuses the text.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let failed = |e| TrainError::argument("a text", "one that the tokenizer takes", format!("{e}"));
        let encoding = self.tokenizer.encode_fast(text, false).map_err(failed)?;
        let ids = encoding.get_ids();
        if special || !ids.iter().any(|id| self.is_special(*id)) {
            return Ok(ids.to_vec());
        }
        // Seldom: the text writes a special token. It is cut inside it, so that it is read letter by letter.
        let mut out = Vec::with_capacity(ids.len());
        let mut rest = text;
        while let Some((at, len)) = self.first_special(rest) {
            let middle = at + rest[at..].chars().next().map_or(1, char::len_utf8).min(len);
            let (before, after) = rest.split_at(middle);
            out.extend(self.tokenizer.encode_fast(before, false).map_err(failed)?.get_ids());
            rest = after;
        }
        out.extend(self.tokenizer.encode_fast(rest, false).map_err(failed)?.get_ids());
        Ok(out)
    }

    fn is_special(&self, id: u32) -> bool {
        self.tokenizer.get_added_tokens_decoder().get(&id).is_some_and(|token| token.special)
    }

    /// Where the first special token stands in the text, and its length.
    fn first_special(&self, text: &str) -> Option<(usize, usize)> {
        let added = self.tokenizer.get_added_tokens_decoder();
        let special = added.values().filter(|token| token.special && !token.content.is_empty());
        special.filter_map(|token| Some((text.find(&token.content)?, token.content.len()))).min()
    }

    /// The text of tokens, special ones left out.
    ///
    /// # Errors
    /// One is not in the vocabulary.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        let failed = |e| TrainError::argument("tokens", "ones that the tokenizer has", format!("{e}"));
        self.tokenizer.decode(tokens, true).map_err(failed)
    }
}

#[cfg(test)]
pub(in crate::train) mod tests {
    use super::*;

    /// A tokenizer of single characters: `<s>` 0, `</s>` 1, `<unk>` 2, then the characters of the alphabet from 3.
    pub(in crate::train) fn letters() -> (tempfile::TempDir, Vocabulary) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        let mut vocab = serde_json::json!({"<s>": 0, "</s>": 1, "<unk>": 2});
        for (i, c) in (' '..='~').chain(['\n', 'é']).enumerate() {
            vocab[c.to_string()] = (i + 3).into();
        }
        let special = |id: u32, content: &str| serde_json::json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true});
        let file = serde_json::json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [special(0, "<s>"), special(1, "</s>")],
            "normalizer": null, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": false},
            "post_processor": {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}},
            "decoder": {"type": "Fuse"},
            "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "<unk>"},
        });
        crate::io::atomic::write(&path, file.to_string()).unwrap();
        let vocabulary = Vocabulary::load(&path, 1, 128).unwrap();
        (folder, vocabulary)
    }

    #[test]
    fn texts_become_tokens_and_back() {
        let (_folder, vocabulary) = letters();
        assert_eq!((vocabulary.begin(), vocabulary.end()), (Some(0), 1));
        let tokens = vocabulary.encode("x+y", false).unwrap();
        assert_eq!(tokens, ['x', '+', 'y'].map(|c| c as u32 - 32 + 3));
        assert_eq!(vocabulary.decode(&tokens).unwrap(), "x+y");
    }

    #[test]
    fn a_text_cannot_end_its_document() {
        let (_folder, vocabulary) = letters();
        assert_eq!(vocabulary.encode("a</s>", true).unwrap().last(), Some(&1));
        let tokens = vocabulary.encode("a</s>b<s></s>", false).unwrap();
        assert!(tokens.iter().all(|id| *id > 2), "{tokens:?}");
        assert_eq!(vocabulary.decode(&tokens).unwrap(), "a</s>b<s></s>");
    }

    #[test]
    fn what_does_not_fit_the_model_is_refused() {
        let (folder, _) = letters();
        let path = folder.path().join("tokenizer.json");
        let message = |end, size| Vocabulary::load(&path, end, size).map(|_| ()).unwrap_err().to_string();
        assert!(message(1, 50).contains("below the model's vocab_size, 50, found token 99"), "{}", message(1, 50));
        assert!(message(120, 128).contains("eos_token_id: expected a token of the vocabulary, found 120"));
        crate::io::atomic::write(&path, "{}").unwrap();
        assert!(message(1, 128).contains("expected a tokenizer of the `tokenizers` library"));
    }
}
