//! The checked sections of the configuration, one struct each, with the raw struct it is made from.
//!
//! Every key has a default except `output.dir`, `seed.positives`, `rank.token_budget` and the crawl's input, which are
//! required by the commands that read them. Defaults are the paper's values (arXiv 2402.03300, section 2.1) where it
//! states one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::load::ConfigError;
use super::units::{ByteSize, TokenBudget};
use crate::crawl::BASE_URL;
use crate::io::http::HttpRules;
use crate::io::warc::ReadCaps;
use crate::language;
use crate::tokens::Tokenizer;

fn at_least<T: PartialOrd + std::fmt::Display>(key: &str, value: T, least: T) -> Result<T, ConfigError> {
    if value >= least { Ok(value) } else { Err(ConfigError::value(key, format!("at least {least}"), value)) }
}

fn in_range(key: &str, value: usize, least: usize, most: usize) -> Result<usize, ConfigError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::value(key, format!("{least} to {most}"), value))
    }
}

fn share(key: &str, value: f64) -> Result<f64, ConfigError> {
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(ConfigError::value(key, "a share over 0 and up to 1".to_owned(), value))
    }
}

/// What holds for a run as a whole. Nothing here changes what is written.
#[derive(Clone, Debug)]
pub struct Run {
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// Memory for sorts and joins before they spill to disk, in bytes.
    pub memory: ByteSize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRun {
    threads: Option<usize>,
    memory: Option<ByteSize>,
}

impl TryFrom<RawRun> for Run {
    type Error = ConfigError;

    fn try_from(raw: RawRun) -> Result<Self, ConfigError> {
        let RawRun { threads, memory } = raw;
        if threads == Some(0) {
            return Err(ConfigError::value("run.threads", "at least 1 (leave it out for one a core)".to_owned(), 0));
        }
        let memory = memory.unwrap_or(ByteSize(1 << 30));
        at_least("run.memory", memory, ByteSize(64 << 20))?;
        Ok(Self { threads, memory })
    }
}

/// Where results go.
#[derive(Clone, Debug)]
pub struct Output {
    /// The output folder; made where it is missing.
    pub dir: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOutput {
    dir: Option<PathBuf>,
}

impl TryFrom<RawOutput> for Output {
    type Error = ConfigError;

    fn try_from(raw: RawOutput) -> Result<Self, ConfigError> {
        let RawOutput { dir } = raw;
        let dir =
            dir.ok_or_else(|| ConfigError::missing("output.dir", "the folder that results go to, \"out\" say"))?;
        Ok(Self { dir })
    }
}

/// Which captures are read.
#[derive(Clone, Debug)]
pub struct Crawl {
    /// WARC files, folders, globs, http(s) addresses, `.paths` lists.
    pub paths: Vec<String>,
    /// A Common Crawl id, `CC-MAIN-2025-05` say.
    pub id: Option<String>,
    /// Where the crawl's listings and files are.
    pub base_url: String,
    /// Read no more than so many files.
    pub files_max: Option<usize>,
    /// Draw the `files_max` files with this seed instead of taking the first.
    pub files_sample_seed: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCrawl {
    paths: Option<Vec<String>>,
    id: Option<String>,
    base_url: Option<String>,
    files_max: Option<usize>,
    files_sample_seed: Option<u64>,
}

impl TryFrom<RawCrawl> for Crawl {
    type Error = ConfigError;

    fn try_from(raw: RawCrawl) -> Result<Self, ConfigError> {
        let RawCrawl { paths, id, base_url, files_max, files_sample_seed } = raw;
        if files_max == Some(0) {
            return Err(ConfigError::value("crawl.files_max", "at least 1".to_owned(), 0));
        }
        if files_sample_seed.is_some() && files_max.is_none() {
            return Err(ConfigError::missing("crawl.files_max", "how many files files_sample_seed is to draw"));
        }
        let base_url = base_url.unwrap_or_else(|| BASE_URL.to_owned());
        Ok(Self { paths: paths.unwrap_or_default(), id, base_url, files_max, files_sample_seed })
    }
}

/// How remote files are asked for.
#[derive(Clone, Debug)]
pub struct Http {
    /// The `User-Agent` header; name a contact in it for large jobs.
    pub user_agent: String,
    /// Parallel connections at most.
    pub connections_max: usize,
    /// Requests a second to one host at most.
    pub requests_per_second: f64,
    /// Attempts at one request or one broken body before giving up.
    pub attempts_max: u32,
    /// First wait of the exponential backoff, milliseconds; jitter is added.
    pub backoff_first_ms: u64,
    /// Longest wait that doubling leads to, milliseconds.
    pub backoff_max_ms: u64,
    /// Longest wait that a server may ask for by `Retry-After`, seconds.
    pub retry_after_max_s: u64,
    /// Time to connect, seconds.
    pub connect_timeout_s: u64,
    /// Longest silence while reading, seconds.
    pub read_timeout_s: u64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawHttp {
    user_agent: Option<String>,
    connections_max: Option<usize>,
    requests_per_second: Option<f64>,
    attempts_max: Option<u32>,
    backoff_first_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    retry_after_max_s: Option<u64>,
    connect_timeout_s: Option<u64>,
    read_timeout_s: Option<u64>,
}

impl TryFrom<RawHttp> for Http {
    type Error = ConfigError;

    fn try_from(raw: RawHttp) -> Result<Self, ConfigError> {
        let RawHttp {
            user_agent,
            connections_max,
            requests_per_second,
            attempts_max,
            backoff_first_ms,
            backoff_max_ms,
            retry_after_max_s,
            connect_timeout_s,
            read_timeout_s,
        } = raw;
        let default = HttpRules::default();
        let requests_per_second = requests_per_second.or(default.requests_per_second).unwrap_or(f64::INFINITY);
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if requests_per_second.is_nan() || requests_per_second <= 0.0 {
            return Err(ConfigError::value(
                "http.requests_per_second",
                "a rate over 0".to_owned(),
                requests_per_second,
            ));
        }
        Ok(Self {
            user_agent: user_agent.unwrap_or(default.user_agent),
            connections_max: at_least(
                "http.connections_max",
                connections_max.unwrap_or(default.connections_max.get()),
                1,
            )?,
            requests_per_second,
            attempts_max: at_least("http.attempts_max", attempts_max.unwrap_or(default.attempts_max.get()), 1)?,
            backoff_first_ms: backoff_first_ms.unwrap_or(ms(default.backoff_first)),
            backoff_max_ms: backoff_max_ms.unwrap_or(ms(default.backoff_max)),
            retry_after_max_s: retry_after_max_s.unwrap_or(default.retry_after_max.as_secs()),
            connect_timeout_s: at_least(
                "http.connect_timeout_s",
                connect_timeout_s.unwrap_or(default.connect_timeout.as_secs()),
                1,
            )?,
            read_timeout_s: at_least(
                "http.read_timeout_s",
                read_timeout_s.unwrap_or(default.idle_timeout.as_secs()),
                1,
            )?,
        })
    }
}

/// Caps on reading, so that no record takes unbounded memory.
#[derive(Clone, Debug, Serialize)]
pub struct Read {
    /// Largest WARC record, inflated.
    pub record_bytes_max: ByteSize,
    /// Largest WARC or HTTP header.
    pub header_bytes_max: ByteSize,
    /// Largest page body, inflated.
    pub body_bytes_max: ByteSize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRead {
    record_bytes_max: Option<ByteSize>,
    header_bytes_max: Option<ByteSize>,
    body_bytes_max: Option<ByteSize>,
}

impl TryFrom<RawRead> for Read {
    type Error = ConfigError;

    fn try_from(raw: RawRead) -> Result<Self, ConfigError> {
        let RawRead { record_bytes_max, header_bytes_max, body_bytes_max } = raw;
        let default = ReadCaps::default();
        let cap = |key, value: Option<ByteSize>, default: usize| {
            at_least(key, value.unwrap_or(ByteSize(default as u64)), ByteSize(1024))
        };
        Ok(Self {
            record_bytes_max: cap("read.record_bytes_max", record_bytes_max, default.record_bytes_max)?,
            header_bytes_max: cap("read.header_bytes_max", header_bytes_max, default.header_bytes_max)?,
            body_bytes_max: cap("read.body_bytes_max", body_bytes_max, default.body_bytes_max)?,
        })
    }
}

/// How a page becomes text.
#[derive(Clone, Debug, Serialize)]
pub struct Extract {
    /// Elements nested deeper than this make the page too complex.
    pub depth_max: usize,
    /// More tags than this make the page too complex.
    pub nodes_max: u64,
    /// Pages with less text than this are dropped.
    pub text_bytes_min: ByteSize,
    /// What counts `tokens`.
    pub tokenizer: Tokenizer,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawExtract {
    depth_max: Option<usize>,
    nodes_max: Option<u64>,
    text_bytes_min: Option<ByteSize>,
    tokenizer: Option<Tokenizer>,
}

impl TryFrom<RawExtract> for Extract {
    type Error = ConfigError;

    fn try_from(raw: RawExtract) -> Result<Self, ConfigError> {
        let RawExtract { depth_max, nodes_max, text_bytes_min, tokenizer } = raw;
        let default = crate::extract::ExtractRules::default();
        Ok(Self {
            depth_max: at_least("extract.depth_max", depth_max.unwrap_or(default.depth_max), 16)?,
            nodes_max: at_least("extract.nodes_max", nodes_max.unwrap_or(default.body_nodes_max), 100)?,
            text_bytes_min: text_bytes_min.unwrap_or(ByteSize(default.text_bytes_min as u64)),
            tokenizer: tokenizer.unwrap_or_default(),
        })
    }
}

/// Which languages go on.
#[derive(Clone, Debug, Serialize)]
pub struct Language {
    /// Names of the languages to keep: `en`, `zh`, `other`.
    pub keep: BTreeSet<language::Language>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLanguage {
    keep: Option<Vec<String>>,
}

impl TryFrom<RawLanguage> for Language {
    type Error = ConfigError;

    fn try_from(raw: RawLanguage) -> Result<Self, ConfigError> {
        let RawLanguage { keep } = raw;
        let Some(names) = keep else {
            return Ok(Self { keep: [language::Language::English, language::Language::Chinese].into() });
        };
        let keep = names
            .iter()
            .map(|name| {
                name.parse()
                    .map_err(|_| ConfigError::value("language.keep", "\"en\", \"zh\" or \"other\"".to_owned(), name))
            })
            .collect::<Result<BTreeSet<language::Language>, _>>()?;
        if keep.is_empty() {
            return Err(ConfigError::value("language.keep", "at least one language".to_owned(), "[]"));
        }
        Ok(Self { keep })
    }
}

/// How near-duplicates are found.
#[derive(Clone, Debug, Serialize)]
pub struct Dedup {
    /// MinHash bands (14 in DCLM's and FineWeb's practice: a pair at Jaccard 0.8 is found with probability 0.92).
    pub bands: usize,
    /// Signature rows a band.
    pub rows: usize,
    /// Pages at or over this Jaccard similarity of their shingles are duplicates.
    pub jaccard_min: f64,
    /// Words in a shingle.
    pub shingle_words: usize,
    /// Characters in a shingle of mostly Chinese text.
    pub shingle_characters: usize,
    /// Which capture of an address is kept.
    pub capture: CaptureChoice,
    /// Key-prefix buckets that the band keys are exchanged through; memory a bucket falls with their number.
    pub buckets: usize,
}

/// Which capture of an address is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureChoice {
    /// The one with the most formulas, then the longest text, then the oldest.
    #[default]
    Best,
    /// The latest.
    Newest,
    /// The earliest.
    Oldest,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDedup {
    bands: Option<usize>,
    rows: Option<usize>,
    jaccard_min: Option<f64>,
    shingle_words: Option<usize>,
    shingle_characters: Option<usize>,
    capture: CaptureChoice,
    buckets: Option<usize>,
}

impl TryFrom<RawDedup> for Dedup {
    type Error = ConfigError;

    fn try_from(raw: RawDedup) -> Result<Self, ConfigError> {
        let RawDedup { bands, rows, jaccard_min, shingle_words, shingle_characters, capture, buckets } = raw;
        let (bands, rows) = (bands.unwrap_or(14), rows.unwrap_or(8));
        at_least("dedup.bands", bands, 1)?;
        at_least("dedup.rows", rows, 1)?;
        if bands.saturating_mul(rows) > 4096 {
            return Err(ConfigError::value("dedup.bands", "bands × rows up to 4096".to_owned(), bands * rows));
        }
        Ok(Self {
            bands,
            rows,
            jaccard_min: share("dedup.jaccard_min", jaccard_min.unwrap_or(0.8))?,
            shingle_words: in_range("dedup.shingle_words", shingle_words.unwrap_or(5), 1, 1000)?,
            shingle_characters: in_range("dedup.shingle_characters", shingle_characters.unwrap_or(5), 1, 1000)?,
            capture,
            buckets: in_range("dedup.buckets", buckets.unwrap_or(16), 1, 65536)?,
        })
    }
}

/// Where the first positives and negatives come from.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Parquet or JSONL files in OpenWebMath's schema, http(s) addresses, or a `.toml` that names a dataset.
    pub positives: Vec<String>,
    /// Where negatives come from.
    pub negatives: Negatives,
    /// Positives at most; a seeded sample where there are more (500,000 in the paper).
    pub positives_max: usize,
    /// Negatives at most (500,000 in the paper).
    pub negatives_max: usize,
    /// Seed of every random draw.
    pub random_seed: u64,
}

/// Where the classifier's negatives come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Negatives {
    /// A seeded sample of the crawl's pages that are not in the seed.
    Crawl,
    /// Files like those of the positives.
    Files(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSeed {
    positives: Option<OneOrMany>,
    negatives: Option<OneOrMany>,
    positives_max: Option<usize>,
    negatives_max: Option<usize>,
    random_seed: Option<u64>,
}

impl TryFrom<RawSeed> for Seed {
    type Error = ConfigError;

    fn try_from(raw: RawSeed) -> Result<Self, ConfigError> {
        let RawSeed { positives, negatives, positives_max, negatives_max, random_seed } = raw;
        let negatives = match negatives.map(OneOrMany::into_vec) {
            None => Negatives::Crawl,
            Some(files) if files.iter().any(|f| f == "crawl") => Negatives::Crawl,
            Some(files) if files.is_empty() => {
                return Err(ConfigError::value("seed.negatives", "\"crawl\" or a list of files".to_owned(), "[]"));
            }
            Some(files) => Negatives::Files(files),
        };
        Ok(Self {
            positives: positives.map(OneOrMany::into_vec).unwrap_or_default(),
            negatives,
            positives_max: at_least("seed.positives_max", positives_max.unwrap_or(500_000), 1)?,
            negatives_max: at_least("seed.negatives_max", negatives_max.unwrap_or(500_000), 1)?,
            random_seed: random_seed.unwrap_or(1),
        })
    }
}

/// How the classifier's settings are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassifierSettings {
    /// By validation on held-out domains.
    Auto,
    /// The paper's: dimension 256, rate 0.1, word 3-grams, minimum count 3, 3 epochs.
    Paper,
}

/// The classifier.
#[derive(Clone, Debug, Serialize)]
pub struct Classifier {
    /// How its settings are chosen.
    pub settings: ClassifierSettings,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawClassifier {
    settings: Option<ClassifierSettings>,
}

impl TryFrom<RawClassifier> for Classifier {
    type Error = ConfigError;

    fn try_from(raw: RawClassifier) -> Result<Self, ConfigError> {
        let RawClassifier { settings } = raw;
        Ok(Self { settings: settings.unwrap_or(ClassifierSettings::Auto) })
    }
}

/// What is collected.
#[derive(Clone, Debug, Serialize)]
pub struct Rank {
    /// Tokens to collect, best pages first (40B in the paper's first round).
    pub token_budget: TokenBudget,
    /// Tokens a shard: also bounds the memory of the task that writes it (about 4 bytes a token).
    pub shard_tokens: TokenBudget,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRank {
    token_budget: Option<TokenBudget>,
    shard_tokens: Option<TokenBudget>,
}

impl TryFrom<RawRank> for Option<Rank> {
    type Error = ConfigError;

    fn try_from(raw: RawRank) -> Result<Self, ConfigError> {
        let RawRank { token_budget, shard_tokens } = raw;
        let shard_tokens = shard_tokens.unwrap_or(TokenBudget(25_000_000));
        if shard_tokens.0 == 0 {
            return Err(ConfigError::value("rank.shard_tokens", "at least 1 token, \"25M\" say".to_owned(), 0));
        }
        let Some(token_budget) = token_budget else { return Ok(None) };
        if token_budget.0 == 0 {
            return Err(ConfigError::value("rank.token_budget", "at least 1 token, \"40B\" say".to_owned(), 0));
        }
        Ok(Some(Rank { token_budget, shard_tokens }))
    }
}
