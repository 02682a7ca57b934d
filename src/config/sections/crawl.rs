//! `[crawl]`, `[http]` and `[read]`: which captures are read, and how.

use serde::{Deserialize, Serialize};

use super::at_least;
use crate::config::load::ConfigError;
use crate::config::units::ByteSize;
use crate::crawl::BASE_URL;
use crate::io::http::HttpRules;
use crate::io::warc::ReadCaps;

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
    /// Whether the recall WARCs of the output folder are files of the crawl.
    pub recall: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawCrawl {
    paths: Option<Vec<String>>,
    id: Option<String>,
    base_url: Option<String>,
    files_max: Option<usize>,
    files_sample_seed: Option<u64>,
    recall: Option<bool>,
}

impl TryFrom<RawCrawl> for Crawl {
    type Error = ConfigError;

    fn try_from(raw: RawCrawl) -> Result<Self, ConfigError> {
        let RawCrawl { paths, id, base_url, files_max, files_sample_seed, recall } = raw;
        if files_max == Some(0) {
            return Err(ConfigError::value("crawl.files_max", "at least 1".to_owned(), 0));
        }
        if files_sample_seed.is_some() && files_max.is_none() {
            return Err(ConfigError::missing("crawl.files_max", "how many files files_sample_seed is to draw"));
        }
        let base_url = base_url.unwrap_or_else(|| BASE_URL.to_owned());
        let (paths, recall) = (paths.unwrap_or_default(), recall.unwrap_or(true));
        Ok(Self { paths, id, base_url, files_max, files_sample_seed, recall })
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
pub(in crate::config) struct RawHttp {
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
pub(in crate::config) struct RawRead {
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
