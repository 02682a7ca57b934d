//! The vocabularies that other formats bring along, as the `tokenizer.json` that this program reads and transformers
//! loads.

pub mod gguf;
pub mod llama2c;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::companions::Companions;
use crate::train::error::{Result, TrainError};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A piece of text, or of a character: what merges lead to.
    Piece,
    /// A token that stands for something outside of the text, as the end of a document does.
    Control,
    /// A piece that is taken whole wherever it stands in a text, past all merges.
    Whole,
}

/// How a text is cut before pieces are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Into words by these patterns, one after the other; the pieces are written byte by byte (as GPT-2's are).
    Words {
        /// A regular expression each: its matches, and what is between them, are cut apart.
        patterns: Vec<&'static str>,
        /// Whether the text is normalised first, to NFC.
        nfc: bool,
        /// Whether a word that is a token is taken as it is, past the merges.
        whole_words: bool,
    },
    /// Not at all; blanks are written as ▁, and characters that no piece has as bytes `<0x00>` (as SentencePiece does).
    Nothing {
        /// Whether a blank is put before the text.
        blank_first: bool,
    },
}

/// A byte-pair encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bpe {
    /// The tokens, by id.
    pub tokens: Vec<(String, Role)>,
    /// What is merged, the first of them first.
    pub merges: Vec<(String, String)>,
    /// How a text is cut.
    pub cut: Cut,
    /// The token that is put before a document.
    pub begin: Option<u32>,
    /// The token that stands for what cannot be written.
    pub unknown: Option<u32>,
}

impl Bpe {
    /// The merges of a vocabulary that has scores instead: two pieces are merged where that gives the best piece.
    #[must_use]
    pub fn merges_by_score(pieces: &[(&str, f32)]) -> Vec<(String, String)> {
        let known: BTreeMap<&str, f32> = pieces.iter().copied().collect();
        let mut found: Vec<(f32, &str, &str)> = Vec::new();
        for (piece, score) in pieces {
            let cuts = piece.char_indices().skip(1).map(|(at, _)| piece.split_at(at));
            let both = cuts.filter(|(left, right)| known.contains_key(left) && known.contains_key(right));
            found.extend(both.map(|(left, right)| (*score, left, right)));
        }
        // Of one piece's merges those of the longer beginning first; the sort keeps what is equal in its order.
        let lengths = |left: &str, right: &str| (left.chars().count(), right.chars().count());
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| lengths(b.1, b.2).cmp(&lengths(a.1, a.2))));
        found.into_iter().map(|(_, left, right)| (left.to_owned(), right.to_owned())).collect()
    }

    /// The text of a `tokenizer.json`; `path` is what errors name.
    ///
    /// # Errors
    /// Two tokens are written the same.
    pub fn to_json(&self, path: &Path) -> Result<Vec<u8>> {
        let mut vocab = Map::new();
        for (id, (token, _)) in self.tokens.iter().enumerate() {
            if let Some(other) = vocab.insert(token.clone(), json!(id)) {
                let reason = format!("the tokens {other} and {id} are both {token:?}");
                return Err(TrainError::format(path, "a vocabulary", reason));
            }
        }
        let outside = self.tokens.iter().enumerate().filter(|(_, (_, role))| *role != Role::Piece);
        let added: Vec<Value> = outside.map(|(id, (token, role))| added(id, token, *role)).collect();
        let byte_fallback = matches!(self.cut, Cut::Nothing { .. });
        let (normalizer, pre_tokenizer, decoder) = self.cut.parts();
        let file = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
            "post_processor": self.begin.and_then(|id| self.begins_with(id)), "decoder": decoder,
            "model": {
                "type": "BPE", "dropout": null, "unk_token": self.unknown.and_then(|id| self.name(id)),
                "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": byte_fallback,
                "byte_fallback": byte_fallback,
                "ignore_merges": matches!(self.cut, Cut::Words { whole_words: true, .. }),
                "vocab": vocab, "merges": self.merges,
            },
        });
        Ok(file.to_string().into_bytes())
    }

    /// How a token is written.
    #[must_use]
    pub fn name(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(|(token, _)| token.as_str())
    }

    fn begins_with(&self, id: u32) -> Option<Value> {
        let token = self.name(id)?;
        let begin = json!({"SpecialToken": {"id": token, "type_id": 0}});
        let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
        Some(json!({
            "type": "TemplateProcessing", "single": [begin, text("A", 0)], "pair": [begin, text("A", 0), text("B", 1)],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]}},
        }))
    }

    /// The files of a tokenizer: `tokenizer.json`, and `tokenizer_config.json` with the tokens' names and the template of
    /// conversations.
    ///
    /// # Errors
    /// Two tokens are written the same.
    pub fn companions(&self, end: Option<u32>, template: Option<&str>, path: &Path) -> Result<Companions> {
        let mut config = Map::new();
        let mut set = |key: &str, value: Option<Value>| _ = value.map(|value| config.insert(key.to_owned(), value));
        set("tokenizer_class", Some(json!("PreTrainedTokenizerFast")));
        set("clean_up_tokenization_spaces", Some(json!(false)));
        set("bos_token", self.begin.and_then(|id| self.name(id)).map(|name| json!(name)));
        set("eos_token", end.and_then(|id| self.name(id)).map(|name| json!(name)));
        set("unk_token", self.unknown.and_then(|id| self.name(id)).map(|name| json!(name)));
        set("chat_template", template.map(|text| json!(text)));
        let config = format!("{:#}\n", Value::Object(config)).into_bytes();
        let files = [("tokenizer.json", self.to_json(path)?), ("tokenizer_config.json", config)];
        Ok(files.map(|(name, bytes)| (name.to_owned(), bytes)).into())
    }
}

impl Cut {
    /// The normaliser, the pre-tokenizer and the decoder of it.
    fn parts(&self) -> (Value, Value, Value) {
        match self {
            Self::Words { patterns, nfc, .. } => {
                let bytes =
                    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
                let split = |pattern: &&str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
                let steps: Vec<Value> = patterns.iter().map(split).chain([bytes.clone()]).collect();
                let normalizer = if *nfc { json!({"type": "NFC"}) } else { Value::Null };
                (normalizer, json!({"type": "Sequence", "pretokenizers": steps}), bytes)
            }
            Self::Nothing { blank_first } => {
                let blanks = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
                let first = blank_first.then(|| json!({"type": "Prepend", "prepend": "▁"}));
                let steps: Vec<Value> = first.into_iter().chain([blanks]).collect();
                let mut back = vec![
                    json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
                    json!({"type": "ByteFallback"}),
                    json!({"type": "Fuse"}),
                ];
                if *blank_first {
                    back.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
                }
                (
                    json!({"type": "Sequence", "normalizers": steps}),
                    Value::Null,
                    json!({"type": "Sequence", "decoders": back}),
                )
            }
        }
    }
}

/// The letters that bytes are written as, by byte: printable ones as themselves, the others from U+0100 on.
#[must_use]
pub fn letters() -> Vec<char> {
    let plain = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut others = ('\u{100}'..).take(256);
    (0..=u8::MAX).map(|byte| if plain(byte) { byte as char } else { others.next().unwrap_or_default() }).collect()
}

fn added(id: usize, token: &str, role: Role) -> Value {
    json!({
        "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": role == Role::Control,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_piece_is_merged_first() {
        let pieces = [("a", -9.0), ("b", -9.0), ("c", -9.0), ("bc", -1.0), ("ab", -2.0), ("abc", -3.0)];
        let found = Bpe::merges_by_score(&pieces);
        let found: Vec<String> = found.iter().map(|(left, right)| format!("{left}+{right}")).collect();
        assert_eq!(found, ["b+c", "a+b", "ab+c", "a+bc"]);
    }

    #[test]
    fn a_token_is_there_once() {
        let tokens = ["a", "b", "a"].map(|token| (token.to_owned(), Role::Piece)).to_vec();
        let cut = Cut::Nothing { blank_first: false };
        let bpe = Bpe { tokens, merges: Vec::new(), cut, begin: None, unknown: None };
        let message = bpe.to_json(Path::new("m.gguf")).unwrap_err().to_string();
        assert_eq!(message, "m.gguf: expected a vocabulary: the tokens 0 and 2 are both \"a\"");
    }
}
