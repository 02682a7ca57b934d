//! A named set of files as documents of tokens, any of them at once.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use serde_json::Value;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::cache::{self, Cache, CacheWriter, Document, UNTRAINED};
use super::chat;
use super::exclusion::{Excluded, Identity};
use super::permutation::Permutation;
use super::template::Template;
use super::vocabulary::Vocabulary;
use crate::io::documents::{self, At, DocumentError, Form, Record};
use crate::train::error::{Result, TrainError};

/// The field that a document's address stands in.
const URL: &str = "url";
/// Records that are tokenised together.
const BATCH: usize = 512;
/// … or so many bytes of text.
const BATCH_BYTES: usize = 8 << 20;

/// What the records of a source are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text, in this field: all of it is learnt, then the token that ends a document.
    Text(String),
    /// A conversation, of which the assistant's part is learnt.
    Chat,
}

/// In which order the documents of a source come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they stand in the files, and the files by name: ranked shards best first.
    Rank,
    /// Drawn anew in each epoch.
    Shuffled,
}

/// What makes a source.
#[derive(Clone, Debug)]
pub struct SourceRules {
    /// Its name.
    pub name: String,
    /// Its share of the tokens.
    pub weight: f64,
    /// Its files, in order.
    pub files: Vec<PathBuf>,
    /// What its records are.
    pub kind: Kind,
    /// Their order.
    pub order: Order,
    /// The first so many tokens are used, in the order of the files; all where there is no limit.
    pub token_budget: Option<u64>,
    /// The share of its documents that is kept for measuring, not for training.
    pub held_out: f64,
}

impl SourceRules {
    /// Checks that its files are there.
    ///
    /// # Errors
    /// One is not.
    pub fn check_files(&self) -> Result<()> {
        match self.files.iter().find(|path| !path.is_file()) {
            Some(path) => Err(TrainError::Argument {
                what: "the files of a source of data",
                expected: format!(".parquet, .jsonl or .jsonl.gz files for {:?}", self.name),
                found: format!("none at {}", path.display()),
            }),
            None => Ok(()),
        }
    }
}

/// What all sources share.
pub struct Making<'a> {
    /// Text → tokens.
    pub vocabulary: &'a Vocabulary,
    /// Conversation → text.
    pub template: &'a Template,
    /// Where files of tokens are kept.
    pub folder: &'a Path,
    /// Seeds the order and the draw of what is held out.
    pub seed: u64,
    /// Is told of each file that is done: its name, and its tokens.
    pub progress: &'a (dyn Fn(&str, u64) + Sync),
}

/// The documents of a source.
#[derive(Debug)]
pub struct Source {
    rules: SourceRules,
    caches: Vec<Cache>,
    /// The number of the first document of each file.
    firsts: Vec<u64>,
    documents: u64,
    tokens: u64,
    /// Numbers of documents that are not trained on, sorted.
    excluded: Vec<u64>,
    pieces: Option<Pieces>,
    seed: u64,
}

/// Documents cut into pieces.
#[derive(Debug)]
struct Pieces {
    /// Tokens of a piece.
    tokens: usize,
    /// The number of the first piece of each document, and the number of all.
    firsts: Vec<u64>,
}

impl Source {
    /// Opens the files of a source, those that are not tokenised yet after they are.
    ///
    /// # Errors
    /// A file is missing or cannot be read, a record has not the form of the source, or no document is there.
    pub fn open(rules: SourceRules, making: &Making<'_>) -> Result<Self> {
        Self::open_without(rules, making, &Excluded::default())
    }

    /// As [`open`](Self::open); what is excluded is not trained on and takes nothing of the budget.
    ///
    /// # Errors
    /// As there, or nothing is left.
    pub fn open_without(rules: SourceRules, making: &Making<'_>, excluded: &Excluded) -> Result<Self> {
        let seed = xxh3_64_with_seed(rules.name.as_bytes(), making.seed);
        rules.check_files()?;
        let mut source = Self {
            rules,
            caches: Vec::new(),
            firsts: Vec::new(),
            documents: 0,
            tokens: 0,
            excluded: Vec::new(),
            pieces: None,
            seed,
        };
        let budget = source.rules.token_budget.unwrap_or(u64::MAX);
        for path in source.rules.files.clone() {
            if source.tokens >= budget {
                break;
            }
            let cache = tokenised(&path, &source.rules, making)?;
            (making.progress)(&path.display().to_string(), cache.tokens().0);
            source.firsts.push(source.documents);
            for index in 0..cache.documents() {
                // The last document that begins within the budget is taken whole.
                if source.tokens >= budget {
                    break;
                }
                if !excluded.is_empty() && excluded.holds(cache.identity(index)) {
                    source.excluded.push(source.documents);
                } else {
                    source.tokens += cache.document(index).len() as u64;
                }
                source.documents += 1;
            }
            source.caches.push(cache);
        }
        if !(0..source.documents).any(|number| source.trains(number)) {
            let excluded = source.excluded.len();
            let also =
                if excluded > 0 { format!(", and {excluded} documents that are measured") } else { String::new() };
            return Err(TrainError::Argument {
                what: "a source of data",
                expected: format!("documents in the files of {:?}", source.rules.name),
                found: format!("none in {} files{also}", source.rules.files.len()),
            });
        }
        Ok(source)
    }

    /// Has shuffled texts come in pieces of `tokens` tokens, each by itself: one long document would else fill batch
    /// after batch. What comes in rank order, and conversations, stay whole.
    #[must_use]
    pub fn cut(mut self, tokens: usize) -> Self {
        if self.rules.order == Order::Shuffled && self.rules.kind != Kind::Chat && tokens > 0 {
            let mut firsts = vec![0];
            let mut all = 0;
            for number in 0..self.documents {
                all += self.at(number).map_or(0, |document| document.len().div_ceil(tokens)) as u64;
                firsts.push(all);
            }
            self.pieces = Some(Pieces { tokens, firsts });
        }
        self
    }

    /// What made it.
    #[must_use]
    pub fn rules(&self) -> &SourceRules {
        &self.rules
    }

    /// Stands for its tokens: the keys of its files, and what is excluded.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key: String = self.caches.iter().map(Cache::key).collect();
        if !self.excluded.is_empty() {
            let numbers: Vec<u8> = self.excluded.iter().flat_map(|number| number.to_le_bytes()).collect();
            key.push_str(&format!("{:016x}", xxh3_64_with_seed(&numbers, 0)));
        }
        key
    }

    /// Documents within the budget, excluded ones among them.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// Documents that are not trained on since they are measured.
    #[must_use]
    pub fn excluded(&self) -> u64 {
        self.excluded.len() as u64
    }

    /// What tells its documents from others.
    pub fn identities(&self) -> impl Iterator<Item = Identity> {
        let ends = self.firsts.iter().skip(1).copied().chain([self.documents]);
        let files = self.caches.iter().zip(self.firsts.iter().zip(ends));
        files.flat_map(|(cache, (first, end))| (0..(end - first) as usize).map(|index| cache.identity(index)))
    }

    /// Tokens within the budget.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.tokens
    }

    /// What an epoch has: documents, or the pieces that they were cut into.
    #[must_use]
    pub fn units(&self) -> u64 {
        self.pieces.as_ref().and_then(|pieces| pieces.firsts.last().copied()).unwrap_or(self.documents)
    }

    /// The document, or the piece of one, that comes at `index` of an epoch; `None` where it is held out or has no token.
    #[must_use]
    pub fn document(&self, epoch: u64, index: u64) -> Option<Document<'_>> {
        let number = match self.rules.order {
            Order::Rank => index,
            Order::Shuffled => {
                let seed = xxh3_64_with_seed(&epoch.to_le_bytes(), self.seed);
                Permutation::new(self.units(), seed).at(index)
            }
        };
        let Some(Pieces { tokens, firsts }) = &self.pieces else {
            return self.at(number).filter(|_| self.trains(number));
        };
        let document = firsts.partition_point(|first| *first <= number).checked_sub(1)?;
        let from = (number - firsts[document]) as usize * tokens;
        self.at(document as u64).filter(|_| self.trains(document as u64)).map(|whole| whole.piece(from, *tokens))
    }

    /// Whether there is something to train on in a document.
    fn trains(&self, number: u64) -> bool {
        let apart = self.is_held_out(number) || self.excluded.binary_search(&number).is_ok();
        !apart && self.at(number).is_some_and(|document| !document.is_empty())
    }

    /// The documents held out, in the order of the files.
    pub fn held_out(&self) -> impl Iterator<Item = Document<'_>> {
        let held = (0..self.documents).filter(|number| self.is_held_out(*number));
        held.filter_map(|number| self.at(number)).filter(|document| !document.is_empty())
    }

    fn is_held_out(&self, number: u64) -> bool {
        let draw = xxh3_64_with_seed(&number.to_le_bytes(), self.seed ^ 0x6865_6c64);
        (draw as f64 / u64::MAX as f64) < self.rules.held_out
    }

    fn at(&self, number: u64) -> Option<Document<'_>> {
        let file = self.firsts.partition_point(|first| *first <= number).checked_sub(1)?;
        Some(self.caches.get(file)?.document((number - self.firsts[file]) as usize))
    }
}

/// The tokens of a file: from the folder of tokens, or made and put there.
fn tokenised(path: &Path, rules: &SourceRules, making: &Making<'_>) -> Result<Cache> {
    let key = key(path, rules, making)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let at = making.folder.join(&rules.name).join(format!("{stem}-{}.tokens", &key[..16]));
    if let Ok(cache) = Cache::open(&at)
        && cache.key() == key
    {
        return Ok(cache);
    }
    let form = Form::of(path).ok_or_else(|| TrainError::Argument {
        what: "a file of data",
        expected: "a name that ends in .parquet, .jsonl or .jsonl.gz".to_owned(),
        found: path.display().to_string(),
    })?;
    let mut writer = CacheWriter::create(&at, &key)?;
    let mut batch: Vec<(At, Record)> = Vec::new();
    let mut bytes = 0;
    let wanted = match &rules.kind {
        Kind::Text(field) => Some(vec![field.as_str(), URL]),
        Kind::Chat => None,
    };
    let mut flush = |batch: &mut Vec<(At, Record)>| -> Result<()> {
        let made: Vec<Result<(Vec<u32>, Identity)>> =
            batch.par_iter().map(|(place, record)| tokens(path, *place, record, rules, making)).collect();
        batch.clear();
        made.into_iter().try_for_each(|made| {
            let (tokens, identity) = made?;
            writer.push_identified(&tokens, identity)
        })
    };
    documents::records(path, form, wanted.as_deref(), &mut |place, record| {
        bytes += record.values().filter_map(Value::as_str).map(str::len).sum::<usize>();
        batch.push((place, record));
        if batch.len() < BATCH && bytes < BATCH_BYTES {
            return Ok(());
        }
        bytes = 0;
        flush(&mut batch)
    })?;
    flush(&mut batch)?;
    writer.finish()?;
    Cache::open(&at)
}

fn tokens(
    path: &Path,
    at: At,
    record: &Record,
    rules: &SourceRules,
    making: &Making<'_>,
) -> Result<(Vec<u32>, Identity)> {
    let vocabulary = making.vocabulary;
    let url = record.get(URL).and_then(Value::as_str);
    match &rules.kind {
        Kind::Text(field) => {
            let text = match record.get(field) {
                Some(Value::String(text)) => text.as_str(),
                Some(Value::Null) => "",
                Some(_) => return Err(unfit(path, at, format!("a text in {field:?}"), "another type".to_owned())),
                None => {
                    let found = format!("the fields {:?}", record.keys().collect::<Vec<_>>());
                    return Err(unfit(path, at, format!("a field {field:?}"), found));
                }
            };
            let identity = Identity::new(text, url);
            if text.is_empty() {
                return Ok((Vec::new(), identity));
            }
            let begin = vocabulary.begin().map(|token| token | UNTRAINED);
            let tokens = begin.into_iter().chain(vocabulary.encode(text, false)?);
            Ok((tokens.chain([vocabulary.end()]).collect(), identity))
        }
        Kind::Chat => {
            let unfit = |message: String| unfit(path, at, "a conversation".to_owned(), message);
            let messages = chat::messages(record).map_err(unfit)?;
            let pieces = chat::pieces(&messages, making.template).map_err(unfit)?;
            let mut tokens: Vec<u32> = Vec::new();
            for (i, piece) in pieces.iter().enumerate() {
                let mask = if piece.trained { 0 } else { UNTRAINED };
                let encoded = if i == 0 {
                    vocabulary.encode(&piece.text, true)
                } else {
                    vocabulary.encode_on(&piece.text, true)
                }?;
                // A template says itself what a text begins with.
                let begin =
                    vocabulary.begin().filter(|begin| making.template.is_plain() && encoded.first() != Some(begin));
                if i == 0
                    && let Some(begin) = begin
                {
                    tokens.push(begin | UNTRAINED);
                }
                tokens.extend(encoded.into_iter().map(|token| token | mask));
            }
            let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            Ok((tokens, Identity::new(&text, url)))
        }
    }
}

fn unfit(path: &Path, at: At, expected: String, found: String) -> TrainError {
    DocumentError::record(path, at, expected, found).into()
}

/// Stands for all that a file's tokens depend on: the file (by size, time, beginning and end), the tokenizer, the
/// template, the form of the records.
fn key(path: &Path, rules: &SourceRules, making: &Making<'_>) -> Result<String> {
    use std::io::{Read, Seek, SeekFrom};
    const PART: u64 = 1 << 20;
    let failed = TrainError::read;
    let mut file = std::fs::File::open(path).map_err(failed(path))?;
    let facts = file.metadata().map_err(failed(path))?;
    let time = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let mut parts = Vec::new();
    file.by_ref().take(PART).read_to_end(&mut parts).map_err(failed(path))?;
    file.seek(SeekFrom::Start(facts.len().saturating_sub(PART))).map_err(failed(path))?;
    file.take(PART).read_to_end(&mut parts).map_err(failed(path))?;
    let mut hash = Xxh3::new();
    hash.update(&parts);
    hash.update(&facts.len().to_le_bytes());
    hash.update(&time.as_nanos().to_le_bytes());
    hash.update(&making.vocabulary.hash().to_le_bytes());
    hash.update(&making.vocabulary.end().to_le_bytes());
    hash.update(&cache::VERSION.to_le_bytes());
    match &rules.kind {
        Kind::Text(field) => hash.update(format!("text\0{field}").as_bytes()),
        Kind::Chat => hash.update(format!("chat\0{}", making.template.identity()).as_bytes()),
    }
    Ok(format!("{:032x}", hash.digest128()))
}

#[cfg(test)]
pub(super) mod tests;
