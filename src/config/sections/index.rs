//! `[index]`: URL indexes of crawls, by which pages are found and fetched that were not read.

use serde::{Deserialize, Serialize};

use super::at_least;
use crate::config::load::ConfigError;
use crate::config::units::ByteSize;

/// Which capture of an address is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndexCapture {
    /// The last one.
    #[default]
    Newest,
    /// The first one.
    Oldest,
}

/// Where URL indexes are, and what of them is fetched (the paper leaves open how far recall goes).
#[derive(Clone, Debug)]
pub struct Index {
    /// Parquet files in the columns of Common Crawl's index, folders, addresses, `.paths` lists.
    pub tables: Vec<String>,
    /// Common Crawl ids whose indexes are asked, and of tables in folders by crawl, those that are.
    pub crawls: Vec<String>,
    /// What names of WARC files are relative to, a folder or an address; `None` for `crawl.base_url`.
    pub base_url: Option<String>,
    /// Languages of which a page has to have one, by their codes of three letters (ISO 639-3); `None` for those that
    /// `language.keep` stands for. Pages of unknown language pass.
    pub languages: Option<Vec<String>>,
    /// Which of several captures of an address is fetched.
    pub capture: IndexCapture,
    /// Captures in all; a seeded sample of more.
    pub pages_max: Option<u64>,
    /// Captures of one domain; a seeded sample of more.
    pub domain_pages_max: Option<u64>,
    /// Bytes between two captures that are read rather than asked around.
    pub gap_bytes: ByteSize,
    /// Bytes of one request at most; a larger capture comes alone.
    pub range_bytes_max: ByteSize,
    /// Bytes of a recall WARC.
    pub file_bytes: ByteSize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawIndex {
    tables: Option<Vec<String>>,
    crawls: Option<Vec<String>>,
    base_url: Option<String>,
    languages: Option<Vec<String>>,
    capture: Option<IndexCapture>,
    pages_max: Option<u64>,
    domain_pages_max: Option<u64>,
    gap_bytes: Option<ByteSize>,
    range_bytes_max: Option<ByteSize>,
    file_bytes: Option<ByteSize>,
}

impl TryFrom<RawIndex> for Index {
    type Error = ConfigError;

    fn try_from(raw: RawIndex) -> Result<Self, ConfigError> {
        let RawIndex {
            tables,
            crawls,
            base_url,
            languages,
            capture,
            pages_max,
            domain_pages_max,
            gap_bytes,
            range_bytes_max,
            file_bytes,
        } = raw;
        for code in languages.iter().flatten() {
            if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_lowercase()) {
                return Err(ConfigError::value("index.languages", "codes such as \"eng\" or \"zho\"".to_owned(), code));
            }
        }
        for (key, most) in [("index.pages_max", pages_max), ("index.domain_pages_max", domain_pages_max)] {
            if most == Some(0) {
                return Err(ConfigError::value(key, "at least 1 (leave it out for no limit)".to_owned(), 0));
            }
        }
        let least = ByteSize(1 << 16);
        Ok(Self {
            tables: tables.unwrap_or_default(),
            crawls: crawls.unwrap_or_default(),
            base_url,
            languages,
            capture: capture.unwrap_or_default(),
            pages_max,
            domain_pages_max,
            gap_bytes: gap_bytes.unwrap_or(ByteSize(1 << 20)),
            range_bytes_max: at_least("index.range_bytes_max", range_bytes_max.unwrap_or(ByteSize(16 << 20)), least)?,
            file_bytes: at_least("index.file_bytes", file_bytes.unwrap_or(ByteSize(128 << 20)), least)?,
        })
    }
}
