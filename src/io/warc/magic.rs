//! What stands at a byte of a stored file, told by its content.

use super::inflate::{Corrupt, Inflater};

/// What begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    /// A gzip member.
    Gzip,
    /// A zstd frame.
    Zstd,
    /// A skippable frame of zstd: the low four bits of its magic number, and the length of what it holds.
    Skippable {
        /// 0 to 15; 13 holds a WARC file's dictionary.
        nibble: u8,
        /// Bytes after the 8 of its head.
        length: u32,
    },
    /// An uncompressed WARC record.
    Warc,
    /// An LZ4 frame.
    Lz4,
    /// An uncompressed ARC file.
    Arc,
    /// None of these.
    Unknown,
}

/// Bytes of a skippable frame's head.
pub(super) const SKIPPABLE_HEAD: usize = 8;

impl Magic {
    /// What `data` begins with; 11 bytes are enough to tell.
    pub(super) fn of(data: &[u8]) -> Self {
        match data {
            [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [magic @ 0x50..=0x5f, 0x2a, 0x4d, 0x18, l0, l1, l2, l3, ..] => {
                Self::Skippable { nibble: magic & 15, length: u32::from_le_bytes([*l0, *l1, *l2, *l3]) }
            }
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            _ if data.starts_with(b"WARC/") => Self::Warc,
            _ if data.starts_with(b"filedesc://") => Self::Arc,
            _ => Self::Unknown,
        }
    }

    /// Whether a record can be read from here: after damage, a magic number alone may be chance.
    pub(super) fn opens_a_record(data: &[u8], dictionary: &[u8]) -> bool {
        match Self::of(data) {
            Self::Warc => record_line(data),
            Self::Gzip => inflates_to_record(Inflater::gzip(), data),
            Self::Zstd => Inflater::zstd(dictionary).is_ok_and(|inflater| inflates_to_record(inflater, data)),
            _ => false,
        }
    }
}

/// Whether `data` begins with a WARC version line: a page about the format has the word, but seldom the line.
pub(super) fn record_line(data: &[u8]) -> bool {
    matches!(data, [b'W', b'A', b'R', b'C', b'/', b'0'..=b'9', b'.', b'0'..=b'9', ..])
}

fn inflates_to_record(mut inflater: Inflater, data: &[u8]) -> bool {
    let (mut head, mut have, mut used) = ([0; 64], 0, 0);
    // Some writers begin a member with the blank lines that end the record before it.
    loop {
        match inflater.step(&data[used..], &mut head[have..]) {
            Ok(step) if step.written > 0 || step.read > 0 => {
                have += step.written;
                used += step.read;
                let text = head[..have].trim_ascii_start();
                if text.len() >= 8 || step.ended || have == head.len() {
                    return record_line(text);
                }
            }
            _ => return false,
        }
    }
}

/// Length of the gzip head at the start of `data`; `None` while it is not all there.
pub(super) fn gzip_head(data: &[u8]) -> Result<Option<usize>, Corrupt> {
    const CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let Some(&[id1, id2, method, flags, ..]) = data.first_chunk::<10>() else { return Ok(None) };
    if (id1, id2, method) != (0x1f, 0x8b, 8) || flags & 0xe0 != 0 {
        return Err(Corrupt);
    }
    let mut length = 10;
    if flags & EXTRA != 0 {
        let Some(extra) = data.get(length..).and_then(<[u8]>::first_chunk::<2>) else { return Ok(None) };
        length += 2 + usize::from(u16::from_le_bytes(*extra));
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let Some(end) = data.get(length..).and_then(|rest| memchr::memchr(0, rest)) else { return Ok(None) };
            length += end + 1;
        }
    }
    if flags & CRC != 0 {
        length += 2;
    }
    Ok((length <= data.len()).then_some(length))
}

#[cfg(test)]
mod tests {
    use super::super::deflate::Compressor;
    use super::*;

    #[track_caller]
    fn check(data: &[u8], want: Magic) {
        assert_eq!(Magic::of(data), want);
    }

    #[test]
    fn formats_are_told_by_content() {
        check(b"\x1f\x8b\x08\x00\0\0\0\0\0\x03", Magic::Gzip);
        check(b"\x1f\x8b\x08\xff\0\0\0\0\0\x03", Magic::Unknown);
        check(b"\x28\xb5\x2f\xfd\x04\x00", Magic::Zstd);
        check(b"\x5d\x2a\x4d\x18\x02\x01\0\0", Magic::Skippable { nibble: 13, length: 258 });
        check(b"\x04\x22\x4d\x18\x64", Magic::Lz4);
        check(b"WARC/1.0\r\n", Magic::Warc);
        check(b"filedesc://x.arc 0.0.0.0 ", Magic::Arc);
        check(b"<html>", Magic::Unknown);
        check(b"", Magic::Unknown);
    }

    #[test]
    fn a_gzip_head_with_every_field() {
        let head = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x04\0slABname\0why\0\x12\x34rest";
        assert_eq!(gzip_head(head), Ok(Some(head.len() - 4)));
        for cut in 0..head.len() - 4 {
            assert_eq!(gzip_head(&head[..cut]), Ok(None), "cut at {cut}");
        }
        assert_eq!(gzip_head(b"\x1f\x8b\x09\x00\0\0\0\0\0\x03"), Err(Corrupt));
    }

    #[test]
    fn only_what_inflates_to_a_record_opens_one() {
        let mut member = Vec::new();
        let mut compressor = Compressor::new(6).unwrap();
        compressor.member(b"\r\n\r\nWARC/1.0\r\nWARC-Type: response\r\n", &mut member);
        assert!(Magic::opens_a_record(&member, &[]));
        compressor.member(b"<html>WARC/1.0", &mut member);
        assert!(!Magic::opens_a_record(&member, &[]));
        assert!(Magic::opens_a_record(&zstd::encode_all(&b"WARC/1.1\r\n"[..], 3).unwrap(), &[]));
        assert!(!Magic::opens_a_record(b"WARC/next", &[]));
        assert!(!Magic::opens_a_record(b"\x1f\x8b\x08\0", &[]));
    }
}
