//! The tokenizer in the metadata of a GGUF file.

use candle_core::quantized::gguf_file::Value;

use super::{Bpe, Cut, Role};
use crate::train::error::{Result, TrainError};
use crate::train::params::companions::Companions;
use crate::train::params::gguf::Gguf;

const MODEL: &str = "tokenizer.ggml.model";
const PRE: &str = "tokenizer.ggml.pre";
const TOKENS: &str = "tokenizer.ggml.tokens";
const KINDS: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";

// Kinds of tokens, as the format numbers them.
const UNKNOWN: i64 = 2;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
/// SmolLM's: digits stand alone, then GPT-2's words.
pub const SMOLLM: [&str; 2] = [r"\p{N}", GPT2];
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const DEEPSEEK_CODER: [&str; 5] =
    [r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[\x{4e00}-\x{9fa5}\x{0800}-\x{4e00}\x{ac00}-\x{d7ff}]+", r"\p{N}"];

/// The ways of cutting a text that are known, by the names that files give them.
const CUTS: [(&[&str], &[&str], bool, bool); 5] = [
    (&["gpt-2", "gpt2", "mpt", "olmo"], &[GPT2], false, false),
    (&["smollm", "starcoder", "refact"], &SMOLLM, false, false),
    (&["llama-bpe", "llama-v3", "llama3"], &[LLAMA3], false, true),
    (&["qwen2"], &[QWEN2], true, false),
    (&["deepseek-coder"], &DEEPSEEK_CODER, false, false),
];

/// The files of the tokenizer that a GGUF file holds.
///
/// # Errors
/// It holds none, or one of a kind that is not known.
pub fn companions(file: &Gguf) -> Result<Companions> {
    let bpe = bpe(file)?;
    let end = file.optional_size("tokenizer.ggml.eos_token_id")?.map(|id| id as u32);
    bpe.companions(end, file.text("tokenizer.chat_template")?, file.path())
}

/// The encoding that a GGUF file holds.
///
/// # Errors
/// As [`companions`].
pub fn bpe(file: &Gguf) -> Result<Bpe> {
    let wrong = |reason: String| TrainError::format(file.path(), "a tokenizer in GGUF's metadata", reason);
    let names = file.texts(TOKENS)?.ok_or_else(|| file.wrong(TOKENS, "a list of strings"))?;
    let kinds = file.whole_numbers(KINDS)?.unwrap_or_else(|| vec![1; names.len()]);
    if kinds.len() != names.len() {
        return Err(wrong(format!("it has {} tokens and the kinds of {}", names.len(), kinds.len())));
    }
    let id = |token: &str| -> Result<Option<u32>> {
        let found = file.optional_size(&format!("tokenizer.ggml.{token}_token_id"))?;
        match found.filter(|id| *id >= names.len()) {
            Some(id) => Err(wrong(format!("the token {token} is {id}, of {}", names.len()))),
            None => Ok(found.map(|id| id as u32)),
        }
    };
    let flag = |key: &str, default: bool| match file.value(key) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(file.wrong(key, "true or false")),
    };
    let (cut, merges, begins, unknown) = match file.text(MODEL)? {
        Some("gpt2") => {
            let name = file.text(PRE)?;
            let known = CUTS.iter().find(|(names, ..)| name.is_some_and(|name| names.contains(&name)));
            let Some((_, patterns, nfc, whole_words)) = known else {
                let names: Vec<&str> = CUTS.iter().flat_map(|(names, ..)| names.iter().copied()).collect();
                return Err(file.wrong(PRE, &format!("one of {}", names.join(", "))));
            };
            let lines = file.texts(MERGES)?.ok_or_else(|| file.wrong(MERGES, "a list of strings"))?;
            let pair = |line: &&str| line.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned()));
            let merges: Option<Vec<_>> = lines.iter().map(pair).collect();
            let merges = merges.ok_or_else(|| wrong("a merge is not two pieces parted by a blank".to_owned()))?;
            let cut = Cut::Words { patterns: patterns.to_vec(), nfc: *nfc, whole_words: *whole_words };
            (cut, merges, *whole_words, None)
        }
        Some("llama") => {
            let scores = file.numbers(SCORES)?.ok_or_else(|| file.wrong(SCORES, "a list of numbers"))?;
            if scores.len() != names.len() {
                return Err(wrong(format!("it has {} tokens and the scores of {}", names.len(), scores.len())));
            }
            let scored = names.iter().zip(&scores).zip(&kinds);
            let scored = scored.filter(|(_, kind)| ![UNKNOWN, CONTROL, BYTE].contains(kind));
            let scored: Vec<(&str, f32)> = scored.map(|((name, score), _)| (*name, *score)).collect();
            let blank_first = flag("tokenizer.ggml.add_space_prefix", true)?;
            (Cut::Nothing { blank_first }, Bpe::merges_by_score(&scored), true, id("unknown")?.or(Some(0)))
        }
        _ => return Err(file.wrong(MODEL, "one of gpt2, llama")),
    };
    let begins = flag("tokenizer.ggml.add_bos_token", begins)?;
    let begin = if begins { id("bos")? } else { None };
    let role = |kind: &i64| match *kind {
        UNKNOWN | CONTROL => Role::Control,
        USER_DEFINED => Role::Whole,
        _ => Role::Piece,
    };
    let tokens = names.iter().zip(&kinds).map(|(name, kind)| ((*name).to_owned(), role(kind))).collect();
    Ok(Bpe { tokens, merges, cut, begin, unknown })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::{Path, PathBuf};

    use candle_core::quantized::gguf_file::write;

    use super::*;
    use crate::train::data::template::Template;
    use crate::train::data::vocabulary::Vocabulary;

    fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
        Value::Array(texts.into_iter().map(|text| Value::String(text.to_owned())).collect())
    }

    /// A file of metadata: the bytes, `12`, `Ġa`, `aa` and the control token `<end>`, with what is changed in it.
    fn file(folder: &Path, changes: &[(&str, Option<Value>)]) -> PathBuf {
        let letters: Vec<String> = super::super::letters().iter().map(ToString::to_string).collect();
        let names = letters.iter().map(String::as_str).chain(["12", "Ġa", "aa", "<end>"]);
        let kinds = (0..260).map(|id| Value::I32(if id == 259 { 3 } else { 1 }));
        let mut metadata = vec![
            (MODEL, Value::String("gpt2".to_owned())),
            (PRE, Value::String("smollm".to_owned())),
            (TOKENS, texts(names)),
            (KINDS, Value::Array(kinds.collect())),
            (MERGES, texts(["1 2", "Ġ a", "a a"])),
            ("tokenizer.ggml.bos_token_id", Value::U32(259)),
            ("tokenizer.ggml.eos_token_id", Value::U32(259)),
            ("tokenizer.chat_template", Value::String("{{ messages[0].content }}{{ eos_token }}".to_owned())),
        ];
        for (key, value) in changes {
            metadata.retain(|(name, _)| name != key);
            metadata.extend(value.clone().map(|value| (*key, value)));
        }
        let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
        let mut bytes = Cursor::new(Vec::new());
        write(&mut bytes, &metadata, &[]).unwrap();
        let path = folder.join("m.gguf");
        crate::io::atomic::write(&path, bytes.into_inner()).unwrap();
        path
    }

    #[track_caller]
    fn check(changes: &[(&str, Option<Value>)], text: &str, want: &[u32]) {
        let folder = tempfile::tempdir().unwrap();
        let vocabulary = Vocabulary::load(&file(folder.path(), changes), 259, 260).unwrap();
        let found = vocabulary.encode(text, true).unwrap();
        assert_eq!(found, want, "{text:?}");
        assert_eq!(vocabulary.decode(&found).unwrap(), text.replace("<end>", ""));
    }

    #[test]
    fn texts_are_cut_as_the_file_says() {
        let byte = |byte: u8| u32::from(byte);
        // Digits stand alone in SmolLM's way, together in GPT-2's.
        check(&[], "12 a", &[byte(b'1'), byte(b'2'), 257]);
        let gpt2 = [(PRE, Some(Value::String("gpt-2".to_owned())))];
        check(&gpt2, "12 a", &[256, 257]);
        check(&[], "aa<end>é", &[258, 259, 0xC3, 0xA9]);
        for name in ["llama-bpe", "qwen2", "deepseek-coder"] {
            let pre = [(PRE, Some(Value::String(name.to_owned())))];
            check(&pre, " aé\n\n 一9!", &file_bytes(" aé\n\n 一9!", 257));
        }
    }

    /// The tokens of a text that begins with " a": that piece, then bytes.
    fn file_bytes(text: &str, first: u32) -> Vec<u32> {
        [first].into_iter().chain(text.bytes().skip(2).map(u32::from)).collect()
    }

    #[test]
    fn the_template_and_the_first_token_are_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), &[("tokenizer.ggml.add_bos_token", Some(Value::Bool(true)))]);
        let files = companions(&Gguf::open(&path).unwrap()).unwrap();
        let template = Template::of(&files, &path, "<other>").unwrap();
        let said = crate::train::data::template::Message::new("user", "1+1?");
        assert_eq!(template.render(&[said], false).unwrap(), "1+1?<end>");
        // The same token begins and ends: it does not begin a document then.
        assert_eq!(Vocabulary::load(&path, 259, 260).unwrap().begin(), None);
        assert_eq!(bpe(&Gguf::open(&path).unwrap()).unwrap().begin, Some(259));
    }

    #[test]
    fn pieces_with_scores_are_merged_by_them() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        let pieces = [("▁", -9.0), ("a", -9.0), ("b", -9.0), ("ab", -1.0), ("▁a", -2.0)];
        let names = ["<unk>", "<s>", "</s>"].into_iter().chain(bytes.iter().map(String::as_str));
        let names = texts(names.chain(pieces.map(|(name, _)| name)));
        let scores = vec![0.0; 259].into_iter().chain(pieces.map(|(_, score)| score));
        let kinds = [2, 3, 3].into_iter().chain(vec![6; 256]).chain([1; 5]);
        let changes = [
            (MODEL, Some(Value::String("llama".to_owned()))),
            (PRE, None),
            (TOKENS, Some(names)),
            (KINDS, Some(Value::Array(kinds.map(Value::I32).collect()))),
            (SCORES, Some(Value::Array(scores.map(Value::F32).collect()))),
            (MERGES, None),
            ("tokenizer.ggml.bos_token_id", Some(Value::U32(1))),
        ];
        let vocabulary = Vocabulary::load(&file(folder.path(), &changes), 2, 264).unwrap();
        assert_eq!(vocabulary.begin(), Some(1));
        let tokens = vocabulary.encode("ab a\n", false).unwrap();
        assert_eq!(tokens, [259, 262, 263, 3 + 10]);
        assert_eq!(vocabulary.decode(&tokens).unwrap(), "ab a\n");
    }

    #[test]
    fn what_is_not_known_is_named() {
        let message = |changes: &[(&str, Option<Value>)]| {
            let folder = tempfile::tempdir().unwrap();
            companions(&Gguf::open(&file(folder.path(), changes)).unwrap()).unwrap_err().to_string()
        };
        let text = |text: &str| Some(Value::String(text.to_owned()));
        assert!(message(&[(MODEL, text("t5"))]).contains("tokenizer.ggml.model: expected one of gpt2, llama, found"));
        assert!(message(&[(PRE, text("viking"))]).contains("tokenizer.ggml.pre: expected one of gpt-2,"));
        assert!(
            message(&[(TOKENS, None)]).contains("tokenizer.ggml.tokens: expected a list of strings, found nothing")
        );
        assert!(message(&[(MERGES, Some(texts(["ab"])))]).contains("a merge is not two pieces"));
        assert!(message(&[(KINDS, Some(Value::Array(Vec::new())))]).contains("it has 260 tokens and the kinds of 0"));
        let changes = [
            ("tokenizer.ggml.add_bos_token", Some(Value::Bool(true))),
            ("tokenizer.ggml.bos_token_id", Some(Value::U32(999))),
        ];
        assert!(message(&changes).contains("the token bos is 999, of 260"));
    }
}
