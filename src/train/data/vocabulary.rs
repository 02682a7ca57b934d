//! Text → tokens, by a model's own tokenizer.

use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
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
    /// Finds special tokens in a text.
    special: AhoCorasick,
    /// Whether it puts something before whatever it reads.
    prepends: bool,
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
        let added = tokenizer.get_added_tokens_decoder();
        let names = added.values().filter(|token| token.special && !token.content.is_empty());
        let special = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.map(|token| token.content.as_str()).collect::<Vec<_>>())
            .map_err(|e| TrainError::format(path, expected, e))?;
        let ids = |text: &str| {
            let encoding = tokenizer.encode_fast(text, false).map_err(|e| TrainError::format(path, expected, e))?;
            Ok::<_, TrainError>(encoding.get_ids().to_vec())
        };
        let prepends = [ids("\n")?, ids("a")?].concat() != ids("\na")?;
        Ok(Self { tokenizer, begin, end, hash: xxh3_128(bytes), special, prepends })
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
        let (mut out, mut from) = (Vec::with_capacity(ids.len()), 0);
        for found in self.special.find_iter(text) {
            let cut = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
            // Its letters may begin another one.
            out.extend(self.part(&text[from..cut], from > 0)?);
            from = cut;
        }
        out.extend(self.part(&text[from..], from > 0)?);
        Ok(out)
    }

    /// Tokens of a text that follows another one: without the blank that some tokenizers put before whatever they read.
    ///
    /// # Errors
    /// The tokenizer refuses the text.
    pub fn encode_on(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        self.following(text, |text| self.encode(text, special))
    }

    /// Tokens of a part of a text in which no special token is left.
    fn part(&self, text: &str, follows: bool) -> Result<Vec<u32>> {
        let encode = |text: &str| {
            let failed = |e| TrainError::argument("a text", "one that the tokenizer takes", format!("{e}"));
            Ok(self.tokenizer.encode_fast(text, false).map_err(failed)?.get_ids().to_vec())
        };
        if follows { self.following(text, encode) } else { encode(text) }
    }

    /// What `encode` makes of a text after a line break, whose own tokens are known and left out.
    fn following(&self, text: &str, encode: impl Fn(&str) -> Result<Vec<u32>>) -> Result<Vec<u32>> {
        if !self.prepends || text.is_empty() {
            return encode(text);
        }
        let (before, whole) = (encode("\n")?, encode(&format!("\n{text}"))?);
        whole.strip_prefix(before.as_slice()).map_or_else(|| encode(text), |own| Ok(own.to_vec()))
    }

    /// Whether a token is a special one.
    #[must_use]
    pub fn is_special(&self, id: u32) -> bool {
        self.tokenizer.get_added_tokens_decoder().get(&id).is_some_and(|token| token.special)
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
        letters_after(&serde_json::Value::Null)
    }

    /// The same, of what a normaliser makes of a text.
    fn letters_after(normalizer: &serde_json::Value) -> (tempfile::TempDir, Vocabulary) {
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
            "normalizer": normalizer, "pre_tokenizer": {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": false},
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
    fn what_follows_begins_with_no_blank_of_its_own() {
        let (_folder, vocabulary) = letters_after(&serde_json::json!({"type": "Prepend", "prepend": "_"}));
        let shown = |tokens: Vec<u32>| vocabulary.decode(&tokens).unwrap();
        assert_eq!(shown(vocabulary.encode("ab", false).unwrap()), "_ab");
        assert_eq!(shown(vocabulary.encode_on("ab", false).unwrap()), "ab");
        assert_eq!(shown(vocabulary.encode_on("\na", false).unwrap()), "\na");
        assert_eq!(shown(vocabulary.encode("a</s>b<s>", false).unwrap()), "_a</s>b<s>");
        let (_folder, plain) = letters();
        assert_eq!(plain.encode_on("ab", false).unwrap(), plain.encode("ab", false).unwrap());
    }

    #[test]
    fn many_special_tokens_take_no_time() {
        let (_folder, vocabulary) = letters();
        let text = "</s> a".repeat(100_000);
        let (tokens, cpu_s) = crate::task::with_cpu_time(|| vocabulary.encode(&text, false).unwrap());
        assert!(tokens.len() == text.len() && cpu_s < 60.0, "{} tokens in {cpu_s} s", tokens.len());
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
