//! What flows through the pipeline: a captured page, its identity, and the document extracted from it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use crate::forms::Forms;

/// The identity of a page: xxh3-128 of its normalised URL, written as 32 hex digits.
///
/// The same address has the same id in every crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub u128);

impl PageId {
    /// The id of an already normalised URL (see [`crate::dedup::url`]).
    #[must_use]
    pub fn of_normalised_url(url: &str) -> Self {
        Self(xxh3_128(url.as_bytes()))
    }
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for PageId {
    type Err = std::num::ParseIntError;

    fn from_str(hex: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(hex, 16).map(Self)
    }
}

/// Where and when a page was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The address as the WARC record states it, without surrounding `<` `>`.
    pub url: String,
    /// Capture time, milliseconds since the Unix epoch (UTC); `None` where the record has no readable date.
    pub fetched_at_ms: Option<i64>,
    /// File name of the WARC the record is in.
    pub warc: Arc<str>,
    /// Offset of the record in the file as stored: of its gzip member or zstd frame where the file has one a record,
    /// else of the record in the inflated stream.
    pub warc_offset: u64,
    /// Length at that offset, in the same bytes.
    pub warc_length: u64,
}

/// A response with an HTML payload: HTTP framing and content encodings removed, charset not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it came from.
    pub capture: Capture,
    /// The `charset` parameter of the HTTP `Content-Type` header.
    pub http_charset: Option<String>,
    /// The payload's bytes.
    pub body: Vec<u8>,
}

/// What extraction makes of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The page's title, white space folded: that of its `title` element, else one that its metadata or its first
    /// heading states; empty where it has none.
    pub title: String,
    /// Main content: blocks split by blank lines, inline math `$…$`, display math `$$…$$`, code fenced, headings `#`,
    /// lists `- `, tables with ` | `.
    pub text: String,
    /// The delimited formulas in `text`, by the form in which the page has them.
    pub forms: Forms,
    /// The language that the page's `html` element names, as a BCP 47 tag.
    pub declared_language: Option<String>,
    /// The address that the page names as its own.
    pub canonical_url: Option<String>,
    /// When the page says that it was published, milliseconds since the Unix epoch (UTC).
    pub published_at_ms: Option<i64>,
}
