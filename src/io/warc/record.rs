//! Where a record begins and ends, and what its head says.

use std::io;
use std::ops::Range;

use super::date::parse_date;
use super::fields::{fields, head_length, range_in};
use super::magic::record_line;
use super::window::Buffer;
use super::{ReadCaps, RecordKind};

/// What a record's head says, as far as a reader of pages asks; ranges are places in the head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: RecordKind,
    /// The target URI without `<` `>`.
    pub(super) url: Range<usize>,
    /// `Content-Type` of the block.
    pub(super) content_type: Range<usize>,
    /// `WARC-Identified-Payload-Type`.
    pub(super) identified_type: Range<usize>,
    pub(super) date_ms: Option<i64>,
    /// Bytes of the block, where it is said and is a number.
    pub(super) block_bytes: Option<u64>,
}

impl Head {
    /// Reads a head, from its version line to its blank line.
    pub(super) fn parse(head: &[u8]) -> Self {
        let mut parsed = Self::default();
        match warc::parser::headers(head) {
            Ok((rest, (_, found, _))) if rest.iter().all(|byte| b"\r\n".contains(byte)) => {
                for (name, value) in found {
                    parsed.take(head, name.as_bytes(), value);
                }
            }
            // At a line it can't parse, the crate would stop and lose all later ones.
            _ => fields(head).for_each(|(name, value)| parsed.take(head, name, value)),
        }
        parsed
    }

    fn take(&mut self, head: &[u8], name: &[u8], value: &[u8]) {
        let value = value.trim_ascii();
        if name.eq_ignore_ascii_case(b"WARC-Type") {
            self.kind = RecordKind::of(value);
        } else if name.eq_ignore_ascii_case(b"WARC-Target-URI") {
            let value = value.strip_prefix(b"<").unwrap_or(value);
            self.url = range_in(head, value.strip_suffix(b">").unwrap_or(value));
        } else if name.eq_ignore_ascii_case(b"WARC-Date") {
            self.date_ms = str::from_utf8(value).ok().and_then(parse_date);
        } else if name.eq_ignore_ascii_case(b"Content-Length") {
            self.block_bytes = self.block_bytes.or_else(|| str::from_utf8(value).ok()?.parse().ok());
        } else if name.eq_ignore_ascii_case(b"Content-Type") {
            self.content_type = range_in(head, value);
        } else if name.eq_ignore_ascii_case(b"WARC-Identified-Payload-Type") {
            self.identified_type = range_in(head, value);
        }
    }
}

/// How a record's length and what is there disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    /// The next record begins before the stated length is over, or no length is stated.
    WrongLength,
    /// The bytes end before the stated length is over.
    Cut,
    /// The stated length is over the cap; the block was not read.
    TooLarge,
}

/// A record in the bytes at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) head: Head,
    /// Bytes of the head; it begins the bytes at hand.
    pub(super) head_bytes: usize,
    pub(super) block: Range<usize>,
    /// Bytes to pass to be after the record and its blank lines.
    pub(super) next: usize,
    pub(super) defect: Option<Defect>,
}

/// What stands at the current position.
#[derive(Debug)]
pub(super) enum Frame {
    /// Nothing but blank lines was left.
    End,
    /// A record, at the start of the bytes at hand (blank lines before it are passed).
    Record(Found),
    /// Something that is no record, or whose head is cut off or larger than its cap.
    Lost,
}

/// Frames the record at the current position of `buffer`.
pub(super) fn frame(buffer: &mut impl Buffer, caps: &ReadCaps) -> io::Result<Frame> {
    skip_blank(buffer)?;
    if !buffer.fill(9)? && buffer.data().is_empty() {
        return Ok(Frame::End);
    }
    if !record_line(buffer.data()) {
        return Ok(Frame::Lost);
    }
    let head_bytes = loop {
        let have = buffer.data().len();
        let window = &buffer.data()[..have.min(caps.header_bytes_max)];
        match head_length(window) {
            Some(length) => break length,
            None if have > caps.header_bytes_max || !buffer.fill(have + 1)? => return Ok(Frame::Lost),
            None => {}
        }
    };
    let head = Head::parse(&buffer.data()[..head_bytes]);
    let cap = caps.record_bytes_max;
    let found = |block, next, defect| {
        Ok(Frame::Record(Found { head: head.clone(), head_bytes, block: head_bytes..block, next, defect }))
    };

    let stated = match head.block_bytes {
        Some(length) if length > cap as u64 => return found(head_bytes, head_bytes, Some(Defect::TooLarge)),
        Some(length) => length as usize,
        None => {
            // Without a length the block goes on to the next record or the end.
            let mut from = head_bytes;
            loop {
                if let Some(start) = next_record(buffer.data(), from) {
                    return found(trim_blank(buffer.data(), head_bytes, start), start, Some(Defect::WrongLength));
                }
                let have = buffer.data().len();
                if have > head_bytes + cap {
                    return found(head_bytes, head_bytes, Some(Defect::TooLarge));
                }
                from = have.saturating_sub(RECORD_LINE).max(head_bytes);
                if !buffer.fill(have + 1)? {
                    return found(trim_blank(buffer.data(), head_bytes, have), have, Some(Defect::WrongLength));
                }
            }
        }
    };

    let end = head_bytes + stated;
    // Beyond the block: its two line ends and the next version line.
    let mut blank = 4;
    while buffer.fill(end + blank + RECORD_LINE)?
        && buffer.data()[end..end + blank].iter().all(|&byte| is_line_end(byte))
    {
        blank += 1;
    }
    let data = buffer.data();
    let Some(after) = data.get(end..) else {
        return match next_record(data, head_bytes) {
            Some(start) => found(trim_blank(data, head_bytes, start), start, Some(Defect::WrongLength)),
            None => found(data.len(), data.len(), Some(Defect::Cut)),
        };
    };
    let blank = after.iter().take_while(|&&byte| is_line_end(byte)).count();
    let follows = &after[blank..];
    let ends_here = follows.is_empty() || record_line(follows);
    // A page about WARC files may hold a record; only a length that leads nowhere is doubted.
    if !ends_here && let Some(start) = next_record(data, head_bytes).filter(|&start| start < end) {
        return found(trim_blank(data, head_bytes, start), start, Some(Defect::WrongLength));
    }
    found(end, end + blank, None)
}

/// Passes over what is no record until one begins; gives the bytes passed.
pub(super) fn seek_record(buffer: &mut impl Buffer) -> io::Result<u64> {
    let start = buffer.position();
    // What begins here was found to be no record.
    buffer.consume(1);
    loop {
        buffer.fill(SEEK_STEP)?;
        let data = buffer.data();
        if record_line(data) {
            return Ok(buffer.position() - start);
        }
        if let Some(at) = next_record(data, 0) {
            buffer.consume(at);
            return Ok(buffer.position() - start);
        }
        if data.len() <= RECORD_LINE {
            let rest = data.len();
            buffer.consume(rest);
            return Ok(buffer.position() - start);
        }
        let passed = data.len() - RECORD_LINE;
        buffer.consume(passed);
    }
}

/// Bytes of a line end and the start of a version line.
const RECORD_LINE: usize = 10;

/// Bytes looked at together when seeking.
const SEEK_STEP: usize = 64 << 10;

/// The first place after `from` where a line begins with a WARC version.
fn next_record(data: &[u8], from: usize) -> Option<usize> {
    let searched = data.get(from..)?;
    memchr::memmem::find_iter(searched, b"\nWARC/").map(|at| from + at + 1).find(|&at| record_line(&data[at..]))
}

/// `end` moved back over line ends, two at most.
fn trim_blank(data: &[u8], start: usize, end: usize) -> usize {
    let mut block = &data[start..end];
    for _ in 0..2 {
        block = block.strip_suffix(b"\n").unwrap_or(block);
        block = block.strip_suffix(b"\r").unwrap_or(block);
    }
    start + block.len()
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn skip_blank(buffer: &mut impl Buffer) -> io::Result<()> {
    loop {
        let data = buffer.data();
        let blank = data.iter().take_while(|&&byte| is_line_end(byte)).count();
        let more = blank == data.len();
        buffer.consume(blank);
        if !more || !buffer.fill(1)? {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::Window;
    use super::*;

    const TWO: &[u8] =
        b"WARC/1.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nWARC/1.0\r\nContent-Length: 2\r\n\r\nde\r\n\r\n";

    /// Frames all of `data`: the blocks, with `~` after one with a defect and `?` for what is lost.
    fn blocks(data: &[u8]) -> String {
        let mut window = Window::new(data);
        let mut all = Vec::new();
        let caps = ReadCaps { header_bytes_max: 100, record_bytes_max: 50, ..ReadCaps::default() };
        loop {
            match frame(&mut window, &caps).unwrap() {
                Frame::End => return all.join("|"),
                Frame::Lost => {
                    seek_record(&mut window).unwrap();
                    all.push("?".to_owned());
                }
                Frame::Record(found) => {
                    let block = String::from_utf8_lossy(&window.data()[found.block.clone()]).into_owned();
                    all.push(block + if found.defect.is_some() { "~" } else { "" });
                    window.consume(found.next);
                }
            }
        }
    }

    #[track_caller]
    fn check(from: &str, to: &str, want: &str) {
        let text = str::from_utf8(TWO).unwrap();
        assert!(text.contains(from));
        assert_eq!(blocks(text.replacen(from, to, 1).as_bytes()), want);
    }

    #[test]
    fn records_are_framed() {
        check("abc", "abc", "abc|de");
        check("abc\r\n\r\n", "abc\n\n", "abc|de");
        check("abc\r\n\r\n", "abc", "abc|de");
        check("abc\r\n\r\n", "abc\r\n\r\n\r\n\r\n\r\n", "abc|de");
        check("1.0\r\nContent", "0.18\nContent", "abc|de");
        check("abc", "\nWA", "\nWA|de");
    }

    #[test]
    fn wrong_lengths_lose_no_other_record() {
        check("h: 3", "h: 2", "ab|?|de");
        check("h: 3", "h: 7", "abc\r\n\r\n|de");
        check("h: 3", "h: 9", "abc~|de");
        check("h: 3", "h: 49", "abc~|de");
        check("h: 3", "h: 51", "~|?|de");
        check("h: 3", "h: many", "abc~|de");
        check("Content-Length: 3", "No length", "abc~|de");
        check("h: 2", "h: 9", "abc|de\r\n\r\n~");
        check("Content-Length: 2", "None: 2", "abc|de~");
    }

    #[test]
    fn what_is_no_record_is_passed() {
        check("WARC/1.0", "junk\r\nWARC/none\r\nWARC/1.0", "?|abc|de");
        check("WARC/1.0", "WXRC/1.0", "?|de");
        check("Content", &format!("{}\r\nContent", "x".repeat(100)), "?|de");
        assert_eq!(blocks(b"WARC/1.0\r\nContent-Length: 3\r\n"), "?");
        assert_eq!(blocks(b"\r\n\r\n"), "");
    }

    #[track_caller]
    fn check_head(head: &str, url: &str, kind: RecordKind, bytes: Option<u64>) {
        let parsed = Head::parse(head.as_bytes());
        assert_eq!((&head[parsed.url], parsed.kind, parsed.block_bytes), (url, kind, bytes), "{head}");
    }

    #[test]
    fn heads() {
        let uri = "WARC-Target-URI: http://a.test/b c";
        check_head(
            &format!("WARC/1.0\r\n{uri}\r\nContent-Length: 5\r\n\r\n"),
            "http://a.test/b c",
            RecordKind::Unknown,
            Some(5),
        );
        check_head("WARC/1.0\nwarc-type: Response\nwarc-target-uri: <dns:x>\n\n", "dns:x", RecordKind::Response, None);
        let odd = "WARC/1.0\r\n: odd\r\nWARC-Type: revisit\r\nodd\r\nContent-Length : 7\r\n\r\n";
        check_head(odd, "", RecordKind::Revisit, Some(7));
    }
}
