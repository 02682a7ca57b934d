//! One stored record on its own: whether some bytes are a whole gzip member with one record in it, and what that says.

use super::RecordKind;
use super::deflate::{Decompressor, Inflated};
use super::fields::{fields, head_length};
use super::magic::record_line;
use super::record::Head;

/// What a stored record says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its kind.
    pub kind: RecordKind,
    /// `WARC-Target-URI`, without `<` `>`; empty where it has none.
    pub url: String,
    /// `WARC-Payload-Digest`, as it is written.
    pub payload_digest: Option<String>,
}

/// Why some bytes are not one stored record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMember {
    /// They are no gzip member, or a damaged one, or end before it does.
    Damaged,
    /// More bytes follow the member.
    LongerThanMember,
    /// The member inflates to more than the cap.
    TooLarge,
    /// What it holds is no WARC record, or one of another length.
    NoRecord,
}

/// The first guess of how much a member inflates to.
const ROOM_FIRST: usize = 8;
/// Deflate cannot do better than about a thousandth.
const ROOM_MAX: usize = 1040;

/// Looks at a stored record; inflated, it may have `record_bytes_max` bytes.
///
/// # Errors
/// The bytes are not exactly one member with exactly one record.
pub fn member(stored: &[u8], record_bytes_max: usize) -> Result<Member, NoMember> {
    let mut decompressor = Decompressor::new().ok_or(NoMember::TooLarge)?;
    let most = stored.len().saturating_mul(ROOM_MAX).saturating_add(64).min(record_bytes_max);
    let mut record = vec![0; stored.len().saturating_mul(ROOM_FIRST).clamp(1, most.max(1))];
    let written = loop {
        match decompressor.member(stored, &mut record) {
            Inflated::Whole { read, written } if read == stored.len() => break written,
            Inflated::Whole { .. } => return Err(NoMember::LongerThanMember),
            Inflated::Bad => return Err(NoMember::Damaged),
            Inflated::NoRoom if record.len() >= most => {
                return Err(if most == record_bytes_max { NoMember::TooLarge } else { NoMember::Damaged });
            }
            Inflated::NoRoom => record.resize(record.len().saturating_mul(4).min(most), 0),
        }
    };
    let record = &record[..written];
    if !record_line(record) {
        return Err(NoMember::NoRecord);
    }
    let head_bytes = head_length(record).ok_or(NoMember::NoRecord)?;
    let (head, block) = record.split_at(head_bytes);
    let parsed = Head::parse(head);
    let length = parsed.block_bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or(NoMember::NoRecord)?;
    let blank = block.get(length..).ok_or(NoMember::NoRecord)?;
    if !blank.iter().all(|byte| b"\r\n".contains(byte)) {
        return Err(NoMember::NoRecord);
    }
    let digest = fields(head).find(|(name, _)| name.eq_ignore_ascii_case(b"WARC-Payload-Digest"));
    Ok(Member {
        kind: parsed.kind,
        url: String::from_utf8_lossy(&head[parsed.url]).into_owned(),
        payload_digest: digest.map(|(_, value)| String::from_utf8_lossy(value).into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::deflate::Compressor;
    use super::*;

    fn stored(record: &str) -> Vec<u8> {
        let mut member = Vec::new();
        Compressor::new(6).unwrap().member(record.as_bytes(), &mut member);
        member
    }

    const RECORD: &str = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://a.test/x>\r\n\
                          warc-payload-digest: sha1:ABC\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n";

    #[test]
    fn a_record_says_what_it_is() {
        let found = member(&stored(RECORD), 1000).unwrap();
        assert_eq!((found.kind, found.url.as_str()), (RecordKind::Response, "http://a.test/x"));
        assert_eq!(found.payload_digest.as_deref(), Some("sha1:ABC"));
        let long = RECORD.replace("abc", &"a".repeat(100_000)).replace(": 3", ": 100000");
        assert!(member(&stored(&long), 1 << 20).is_ok());
        assert_eq!(member(&stored(&long), 50_000), Err(NoMember::TooLarge));
    }

    #[test]
    fn what_is_not_one_record_is_refused() {
        let good = stored(RECORD);
        let check = |bytes: &[u8], want| assert_eq!(member(bytes, 1000), Err(want));
        check(&good[..good.len() - 1], NoMember::Damaged);
        check(&good[1..], NoMember::Damaged);
        check(b"", NoMember::Damaged);
        check(&[&good[..], &good[..4]].concat(), NoMember::LongerThanMember);
        check(&stored("<html>"), NoMember::NoRecord);
        check(&stored(""), NoMember::NoRecord);
        check(&stored(&RECORD.replace(": 3", ": 9")), NoMember::NoRecord);
        check(&stored(&RECORD.replace(": 3", ": 1")), NoMember::NoRecord);
        check(&stored(&RECORD.replace("Content-Length: 3\r\n", "")), NoMember::NoRecord);
        let mut damaged = good.clone();
        damaged[good.len() - 6] ^= 1;
        check(&damaged, NoMember::Damaged);
    }
}
