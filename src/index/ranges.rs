//! Captures → the requests that fetch them: those that lie near each other in a file come together.

use std::ops::Range;

/// Where a capture lies in its WARC file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its first byte.
    pub(super) offset: u64,
    /// Its bytes.
    pub(super) length: u64,
}

/// How far captures may lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// Bytes between two captures that are rather read than asked around.
    pub(super) gap_bytes: u64,
    /// Most bytes asked for at once; a larger capture is asked for alone.
    pub(super) range_bytes_max: u64,
}

/// A request: bytes of a file, and which captures are in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The file.
    pub(super) warc: String,
    /// Its bytes.
    pub(super) bytes: Range<u64>,
    /// The captures, by their place in the list.
    pub(super) captures: Range<usize>,
}

/// The requests for captures that are sorted by file and offset. A capture is in exactly one of them, whole.
#[must_use]
pub(super) fn requests<'a>(captures: impl IntoIterator<Item = (&'a str, Place)>, limits: Limits) -> Vec<Request> {
    let mut found: Vec<Request> = Vec::new();
    for (index, (warc, Place { offset, length })) in captures.into_iter().enumerate() {
        let end = offset.saturating_add(length);
        if let Some(open) = found.last_mut()
            && open.warc == warc
            && open.bytes.start <= offset
            && offset.saturating_sub(open.bytes.end) <= limits.gap_bytes
            && end.max(open.bytes.end) - open.bytes.start <= limits.range_bytes_max
        {
            open.bytes.end = open.bytes.end.max(end);
            open.captures.end = index + 1;
            continue;
        }
        found.push(Request { warc: warc.to_owned(), bytes: offset..end, captures: index..index + 1 });
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { gap_bytes: 10, range_bytes_max: 100 };

    #[track_caller]
    fn check(captures: &[(&str, u64, u64)], want: &[(&str, Range<u64>, Range<usize>)]) {
        let places = captures.iter().map(|(warc, offset, length)| (*warc, Place { offset: *offset, length: *length }));
        let found = requests(places, LIMITS);
        let found: Vec<_> = found.iter().map(|r| (r.warc.as_str(), r.bytes.clone(), r.captures.clone())).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn near_captures_come_together() {
        check(&[("a", 0, 5), ("a", 15, 5), ("a", 31, 5)], &[("a", 0..20, 0..2), ("a", 31..36, 2..3)]);
        check(&[("a", 0, 5), ("b", 5, 5)], &[("a", 0..5, 0..1), ("b", 5..10, 1..2)]);
        check(&[("a", 0, 60), ("a", 60, 40), ("a", 100, 1)], &[("a", 0..100, 0..2), ("a", 100..101, 2..3)]);
        check(&[("a", 7, 500), ("a", 507, 5)], &[("a", 7..507, 0..1), ("a", 507..512, 1..2)]);
        check(&[], &[]);
    }

    #[test]
    fn captures_that_overlap_come_together() {
        check(&[("a", 0, 50), ("a", 10, 5), ("a", 20, 40)], &[("a", 0..60, 0..3)]);
        check(&[("a", u64::MAX - 5, 50)], &[("a", u64::MAX - 5..u64::MAX, 0..1)]);
    }

    proptest! {
        #[test]
        fn every_capture_is_in_one_request(mut places in prop::collection::vec((0u8..3, 0u64..2000, 1u64..150), 0..60)) {
            places.sort_unstable();
            let names = ["a", "b", "c"];
            let captures = places.iter().map(|(warc, offset, length)| {
                (names[usize::from(*warc)], Place { offset: *offset, length: *length })
            });
            let found = requests(captures, LIMITS);
            let mut next = 0;
            for request in &found {
                prop_assert_eq!(request.captures.start, next);
                next = request.captures.end;
                prop_assert!(request.captures.len() == 1 || request.bytes.end - request.bytes.start <= 100);
                for (warc, offset, length) in &places[request.captures.clone()] {
                    prop_assert_eq!(names[usize::from(*warc)], request.warc.as_str());
                    prop_assert!(request.bytes.start <= *offset && offset + length <= request.bytes.end);
                }
            }
            prop_assert_eq!(next, places.len());
        }
    }
}
