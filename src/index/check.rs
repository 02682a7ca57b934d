//! Whether a row of an index can be followed, and whether what came is what the row says: nothing is taken on trust.

use super::ranges::Place;
use crate::dedup::url::address;
use crate::io::warc::{Member, NoMember, RecordKind, member};

/// Why a capture is not in the recall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// The name of its WARC file is no plain relative path.
    BadName,
    /// Its offset is missing or negative.
    BadOffset,
    /// Its length is missing or not above 0.
    BadLength,
    /// It is longer than a record may be.
    TooLarge,
    /// The server, or the folder, has no such file.
    NotFound,
    /// The server refuses the request.
    Refused,
    /// The file ends before the record does.
    BeyondEnd,
    /// The server did not answer, however often it was asked.
    Unreachable,
    /// What is there is no whole gzip member of that length.
    Damaged,
    /// What is there is no WARC record.
    NoRecord,
    /// The record is no response.
    NoResponse,
    /// The record is of another address.
    OtherAddress,
    /// The record is of another content.
    OtherDigest,
}

impl Reason {
    /// Its name in tables.
    #[must_use]
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BadName => "bad_name",
            Self::BadOffset => "bad_offset",
            Self::BadLength => "bad_length",
            Self::TooLarge => "too_large",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::BeyondEnd => "beyond_end",
            Self::Unreachable => "unreachable",
            Self::Damaged => "damaged",
            Self::NoRecord => "no_record",
            Self::NoResponse => "no_response",
            Self::OtherAddress => "other_address",
            Self::OtherDigest => "other_digest",
        }
    }
}

/// The longest name of a file that is followed, bytes.
const NAME_BYTES_MAX: usize = 1024;

/// Where a capture lies, if its row can be followed.
///
/// # Errors
/// The row leads out of the folder of WARC files, or to no place in a file.
pub(super) fn place(warc: &str, offset: Option<i64>, length: Option<i64>, length_max: u64) -> Result<Place, Reason> {
    if !is_plain(warc) {
        return Err(Reason::BadName);
    }
    let offset = offset.and_then(|offset| u64::try_from(offset).ok()).ok_or(Reason::BadOffset)?;
    let length = length.and_then(|length| u64::try_from(length).ok()).filter(|n| *n > 0).ok_or(Reason::BadLength)?;
    if length > length_max { Err(Reason::TooLarge) } else { Ok(Place { offset, length }) }
}

/// Whether a name is a path that stays below the folder that it is relative to, as an address and on disk.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+,@/".contains(c);
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.chars().all(plain)
        && name.split('/').all(|part| !["", ".", ".."].contains(&part))
}

/// Whether stored bytes are the one record of a capture.
///
/// # Errors
/// They are something else.
pub(super) fn record(stored: &[u8], url: &str, digest: Option<&str>, record_bytes_max: usize) -> Result<(), Reason> {
    let Member { kind, url: found, payload_digest } =
        member(stored, record_bytes_max).map_err(|error| match error {
            NoMember::Damaged | NoMember::LongerThanMember => Reason::Damaged,
            NoMember::TooLarge => Reason::TooLarge,
            NoMember::NoRecord => Reason::NoRecord,
        })?;
    if kind != RecordKind::Response {
        return Err(Reason::NoResponse);
    }
    let id = |url: &str| address(url).map(|address| address.id);
    if found != url && (id(&found).is_none() || id(&found) != id(url)) {
        return Err(Reason::OtherAddress);
    }
    match (digest, payload_digest.as_deref()) {
        (Some(stated), Some(found)) if !bare(stated).eq_ignore_ascii_case(bare(found)) => Err(Reason::OtherDigest),
        _ => Ok(()),
    }
}

/// A digest without the name of its algorithm, which indexes leave out.
fn bare(digest: &str) -> &str {
    digest.split_once(':').map_or(digest, |(_, digest)| digest).trim()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn rows_that_lead_elsewhere_are_not_followed() {
        #[track_caller]
        fn check(name: &str, want: bool) {
            let found = place(name, Some(0), Some(1), 10);
            assert_eq!(found.is_ok(), want, "{name}");
            assert!(want || found == Err(Reason::BadName));
        }
        check("crawl-data/CC-MAIN-2025-05/segments/1736703361941.29/warc/CC-MAIN-0.warc.gz", true);
        check("x.warc.gz", true);
        for name in ["", "/etc/x", "../x", "a/../../x", "a/./x", "a//x", "a/", "http://elsewhere.test/x", "a:b"] {
            check(name, false);
        }
        for name in ["//elsewhere.test/x", "a\\b", "a%2e%2e/x", "a?b", "a#b", "a b", "a\nb", "ä", &"x".repeat(1025)] {
            check(name, false);
        }
    }

    #[test]
    fn places_are_places() {
        let check = |offset, length, want| assert_eq!(place("x", offset, length, 10), want);
        check(Some(5), Some(10), Ok(Place { offset: 5, length: 10 }));
        check(Some(-1), Some(10), Err(Reason::BadOffset));
        check(None, Some(10), Err(Reason::BadOffset));
        check(Some(5), Some(0), Err(Reason::BadLength));
        check(Some(5), Some(-7), Err(Reason::BadLength));
        check(Some(5), None, Err(Reason::BadLength));
        check(Some(5), Some(11), Err(Reason::TooLarge));
        check(Some(i64::MAX), Some(10), Ok(Place { offset: i64::MAX as u64, length: 10 }));
    }

    fn stored(kind: &str, fields: &str) -> Vec<u8> {
        let record = format!("WARC/1.0\r\nWARC-Type: {kind}\r\n{fields}Content-Length: 2\r\n\r\nab\r\n\r\n");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(record.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn records_are_those_of_their_rows() {
        #[track_caller]
        fn check(kind: &str, fields: &str, digest: Option<&str>, want: Result<(), Reason>) {
            assert_eq!(record(&stored(kind, fields), "http://a.org/x", digest, 1000), want);
        }
        const URI: &str = "WARC-Target-URI: http://a.org/x\r\n";
        let with_digest = format!("{URI}WARC-Payload-Digest: sha1:ABC\r\n");
        check("response", URI, None, Ok(()));
        check("response", URI, Some("ABC"), Ok(()));
        check("response", &with_digest, Some("ABC"), Ok(()));
        check("response", &with_digest, Some("sha1:abc"), Ok(()));
        check("response", &with_digest, Some("ABD"), Err(Reason::OtherDigest));
        check("response", "WARC-Target-URI: https://www.a.org/x/\r\n", None, Ok(()));
        check("response", "WARC-Target-URI: http://a.org/y\r\n", None, Err(Reason::OtherAddress));
        check("response", "", None, Err(Reason::OtherAddress));
        check("request", URI, None, Err(Reason::NoResponse));
        assert_eq!(record(b"<html>", "http://a.org/x", None, 1000), Err(Reason::Damaged));
    }
}
