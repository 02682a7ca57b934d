//! WARC files: a reader that gives the HTML pages of any of them, and a writer of Common Crawl's shape.
//!
//! In flow any source of bytes, out flow [`Item`]s. What the bytes are is told by content, anywhere in the file: gzip or
//! zstd, a record each or many in one, or no compression. A gzip member that fits the cap on a record is inflated whole
//! by libdeflate; larger, damaged or cut ones stream through a buffer of bounded size. After damage the reader goes on at
//! the next place where a record begins, so that one bad byte costs one record.

mod date;
mod deflate;
mod fields;
mod http;
mod inflate;
mod magic;
mod payload;
mod plain;
mod reader;
mod record;
mod response;
mod stored;
mod window;
mod write;

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::page::{Capture, Page};
use crate::reject::Reject;

pub use date::parse_date;
pub use reader::{Reader, read};
pub use write::{Response, WarcWriter};

/// The most that one record may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadCaps {
    /// Bytes of a record's block, uncompressed.
    pub record_bytes_max: usize,
    /// Bytes of a record's head, and of the HTTP head in it.
    pub header_bytes_max: usize,
    /// Bytes of a page, all encodings removed.
    pub body_bytes_max: usize,
}

impl Default for ReadCaps {
    fn default() -> Self {
        Self { record_bytes_max: 32 << 20, header_bytes_max: 256 << 10, body_bytes_max: 8 << 20 }
    }
}

/// What kind of record it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// About the file.
    Warcinfo,
    /// What a server answered.
    Response,
    /// A file without protocol.
    Resource,
    /// What the crawler asked.
    Request,
    /// About another record.
    Metadata,
    /// The same answer as before.
    Revisit,
    /// Another form of a record, such as its text.
    Conversion,
    /// The rest of a record that was split.
    Continuation,
    /// None of these, or not stated.
    #[default]
    Unknown,
}

impl RecordKind {
    fn of(name: &[u8]) -> Self {
        let known = [
            (&b"warcinfo"[..], Self::Warcinfo),
            (b"response", Self::Response),
            (b"resource", Self::Resource),
            (b"request", Self::Request),
            (b"metadata", Self::Metadata),
            (b"revisit", Self::Revisit),
            (b"conversion", Self::Conversion),
            (b"continuation", Self::Continuation),
        ];
        known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or(Self::Unknown, |(_, kind)| *kind)
    }
}

/// What the reader came to next. Every `response` record gives exactly one [`Item::Page`], [`Item::Rejected`] or, when it
/// holds no HTTP, [`Item::Other`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A response with status 200 and an HTML payload.
    Page(Page),
    /// A response that is no page.
    Rejected {
        /// Where it is.
        capture: Capture,
        /// Why it is no page.
        reject: Reject,
        /// The absolute address that the server sends the client to in its place.
        redirect_to: Option<String>,
    },
    /// A record that never is a page.
    Other(RecordKind),
    /// Something is wrong with the file here. A page or rejection of the record, as far as it could be read, comes before.
    Damaged {
        /// Where, counted as in [`Capture::warc_offset`].
        offset: u64,
        /// Bytes from there to where reading went on.
        length: u64,
        /// What is wrong.
        what: Damage,
    },
}

/// What is wrong at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Damage {
    /// The file has no bytes.
    Empty,
    /// The compressed bytes are corrupt, or their checksum is wrong.
    Corrupt,
    /// The file ends within a record; of a page, what is there was given.
    Truncated,
    /// A record's `Content-Length` is missing or wrong; it was taken to end where the next one begins.
    WrongLength,
    /// There is no record where one should begin, or its head is broken.
    NoRecord,
    /// A record's block is larger than the cap.
    RecordTooLarge,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the file is empty",
            Self::Corrupt => "corrupt compressed data",
            Self::Truncated => "the file ends within a record",
            Self::WrongLength => "wrong or missing Content-Length",
            Self::NoRecord => "no WARC record where one should begin",
            Self::RecordTooLarge => "record larger than the cap",
        })
    }
}

/// Why a file can't be read (on).
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source failed.
    #[error("{name}: cannot read on at byte {offset}")]
    Io {
        /// The file.
        name: Arc<str>,
        /// Bytes read before.
        offset: u64,
        /// What the source said.
        source: io::Error,
    },
    /// A format that is not supported.
    #[error("{name}: {format} is not supported; expected a WARC file, plain, gzip or zstd")]
    Unsupported {
        /// The file.
        name: Arc<str>,
        /// What it is.
        format: &'static str,
    },
    /// No record was found anywhere in the file.
    #[error("{name}: not a WARC file: no record in its {bytes} bytes; expected \"WARC/\", it begins with \"{found}\"")]
    NotWarc {
        /// The file.
        name: Arc<str>,
        /// Bytes of the file.
        bytes: u64,
        /// Its first bytes, escaped.
        found: String,
    },
    /// The dictionary at the start of a zstd file can't be used.
    #[error("{name}: the zstd dictionary frame of {bytes} bytes at its start cannot be read")]
    BadDictionary {
        /// The file.
        name: Arc<str>,
        /// Bytes of the frame.
        bytes: u64,
    },
    /// There is no memory to inflate with.
    #[error("{name}: out of memory")]
    OutOfMemory {
        /// The file.
        name: Arc<str>,
    },
}
