//! Header fields as they are found: `Name: value` lines of WARC and HTTP heads, read tolerantly.

use std::ops::Range;

/// Length of the head at the start of `data`, its blank line included; `None` where no blank line is there.
///
/// A line ends at LF; CRs before it, none or several, belong to the line end.
pub(super) fn head_length(data: &[u8]) -> Option<usize> {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', data) {
        if data[start..end].iter().all(|&byte| byte == b'\r') {
            return Some(end + 1);
        }
        start = end + 1;
    }
    None
}

/// The fields of a head after its first line, in order: names without white space around them, values with the lines
/// folded into them. Lines without a colon are passed over.
pub(super) fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = memchr::memchr(b'\n', head).map_or(&[][..], |end| &head[end + 1..]);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let mut end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            while let Some(b' ' | b'\t') = rest.get(end) {
                end += memchr::memchr(b'\n', &rest[end..]).map_or(rest.len() - end, |more| more + 1);
            }
            let (line, after) = rest.split_at(end);
            rest = after;
            if let Some(colon) = memchr::memchr(b':', line) {
                return Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()));
            }
        }
        None
    })
}

/// Where `part`, a slice of `whole`, lies in it.
pub(super) fn range_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start..(start + part.len()).min(whole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_end_at_any_blank_line() {
        assert_eq!(head_length(b"a: b\r\n\r\nrest"), Some(8));
        assert_eq!(head_length(b"a: b\n\nrest"), Some(6));
        assert_eq!(head_length(b"a: b\r\r\n\r\r\nrest"), Some(10));
        assert_eq!(head_length(b"a: b\r\n"), None);
        assert_eq!(head_length(b""), None);
    }

    #[track_caller]
    fn check(head: &[u8], want: &[(&str, &[u8])]) {
        let found: Vec<_> = fields(head).map(|(name, value)| (str::from_utf8(name).unwrap(), value)).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn odd_lines_lose_no_later_field() {
        check(b"HTTP/1.1 200 OK\r\nA: 1\r\nno colon\r\nB : 2:3\r\n\r\n", &[("A", b"1"), ("B", b"2:3")]);
        check(b"X\nA: one\n two\n\tthree\nB:\n\n", &[("A", b"one\n two\n\tthree"), ("B", b"")]);
        check(b"X\r\r\nA: \xff\xfe\r\r\nB: 2", &[("A", b"\xff\xfe"), ("B", b"2")]);
        check(b"only a first line", &[]);
    }

    #[test]
    fn a_part_is_found_in_its_whole() {
        let whole = b"0123456789";
        assert_eq!(range_in(whole, &whole[3..7]), 3..7);
    }
}
