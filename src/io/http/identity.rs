//! Which version of a file a server is sending, and which bytes of it.

use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use serde::{Deserialize, Serialize};

/// What a server says of a file by which two answers can be told to be of the same version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The `ETag` header, quotes and all.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
    /// Length of the whole file in bytes.
    pub bytes: Option<u64>,
}

impl Identity {
    /// From the headers of an answer that carries (or, to HEAD, would carry) the whole file.
    pub(super) fn of_whole(headers: &HeaderMap) -> Self {
        let bytes = text(headers, CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
        Self { etag: text(headers, ETAG), last_modified: text(headers, LAST_MODIFIED), bytes }
    }

    /// From the headers of a 206 answer, whose length is that of the part.
    pub(super) fn of_part(headers: &HeaderMap) -> Self {
        let bytes = ContentRange::of(headers).and_then(|range| range.total);
        Self { bytes, ..Self::of_whole(headers) }
    }

    /// The ETag where it promises the same bytes (and may stand in `If-Range`), not just the same meaning.
    pub(super) fn strong_etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !etag.starts_with("W/"))
    }

    /// Compares with a later answer by what both give: the ETag, or else the date, and always the length.
    pub(super) fn compare(&self, later: &Self) -> Agreement {
        let weak = |etag: &str| etag.trim_start_matches("W/").to_owned();
        let tags = both(self.etag.as_deref().map(weak), later.etag.as_deref().map(weak)).map(|tags| ("ETag", tags));
        let dates = both(self.last_modified.clone(), later.last_modified.clone()).map(|dates| ("Last-Modified", dates));
        let lengths = both(self.bytes, later.bytes).map(|(a, b)| ("length", (a.to_string(), b.to_string())));
        let mut known = false;
        for (what, (expected, found)) in [tags.or(dates), lengths].into_iter().flatten() {
            if expected != found {
                let [expected, found] = [expected, found].map(|value| format!("{what} {value}"));
                return Agreement::Different { expected, found };
            }
            known = true;
        }
        if known { Agreement::Same } else { Agreement::Unknown }
    }
}

/// Whether two answers are of the same version of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    /// All that both give agrees.
    Same,
    /// They give nothing that can be compared.
    Unknown,
    /// They are of different versions, by what is named here.
    Different { expected: String, found: String },
}

/// A `Content-Range` header: the first byte sent (`None` in a 416 answer) and the length of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContentRange {
    pub(super) first: Option<u64>,
    pub(super) total: Option<u64>,
}

impl ContentRange {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(&text(headers, CONTENT_RANGE)?)
    }

    fn parse(header: &str) -> Option<Self> {
        let (range, total) = header.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let total = if total == "*" { None } else { Some(total.parse().ok()?) };
        let first = if range == "*" { None } else { Some(range.split_once('-')?.0.parse().ok()?) };
        Some(Self { first, total })
    }
}

pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn both<T>(a: Option<T>, b: Option<T>) -> Option<(T, T)> {
    Some((a?, b?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(etag: &str, last_modified: &str, bytes: u64) -> Identity {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Identity { etag: some(etag), last_modified: some(last_modified), bytes: (bytes > 0).then_some(bytes) }
    }

    #[test]
    fn versions_are_compared_by_what_both_give() {
        #[track_caller]
        fn check(a: Identity, b: Identity, want: &str) {
            let found = match a.compare(&b) {
                Agreement::Same => "same".to_owned(),
                Agreement::Unknown => "unknown".to_owned(),
                Agreement::Different { expected, found } => format!("{expected} then {found}"),
            };
            assert_eq!(found, want);
        }
        check(identity("\"a\"", "mon", 3), identity("\"a\"", "tue", 3), "same");
        check(identity("\"a\"", "mon", 3), identity("\"b\"", "mon", 3), "ETag \"a\" then ETag \"b\"");
        check(identity("\"a\"", "", 3), identity("W/\"a\"", "", 0), "same");
        check(identity("\"a\"", "mon", 0), identity("", "tue", 0), "Last-Modified mon then Last-Modified tue");
        check(identity("\"a\"", "", 3), identity("\"a\"", "", 4), "length 3 then length 4");
        check(identity("\"a\"", "", 0), identity("", "mon", 4), "unknown");
    }

    #[test]
    fn content_ranges_are_read() {
        #[track_caller]
        fn check(header: &str, want: Option<(Option<u64>, Option<u64>)>) {
            assert_eq!(ContentRange::parse(header).map(|range| (range.first, range.total)), want);
        }
        check("bytes 5-9/10", Some((Some(5), Some(10))));
        check("bytes 5-9/*", Some((Some(5), None)));
        check("bytes */10", Some((None, Some(10))));
        check("bytes 5-9", None);
        check("items 5-9/10", None);
        check("", None);
    }

    #[test]
    fn only_strong_tags_may_guard_a_range() {
        assert_eq!(identity("\"a\"", "", 0).strong_etag(), Some("\"a\""));
        assert_eq!(identity("W/\"a\"", "", 0).strong_etag(), None);
    }
}
