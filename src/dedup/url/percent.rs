//! One spelling for each percent-encoded character.

use std::borrow::Cow;

/// Characters that mean the same encoded or not: RFC 3986's unreserved and the marks that encoders leave alone.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!'()*".contains(&byte)
}

/// A path segment.
pub(super) fn normalise_segment(segment: &str) -> Cow<'_, str> {
    if segment.bytes().all(|b| is_plain(b) || b == b';') {
        return Cow::Borrowed(segment);
    }
    Cow::Owned(normalise(segment, b"$,:@", b"&+;=", None))
}

/// A `name=value` of a query, where a space may be written `+`.
pub(super) fn normalise_query(parameter: &str) -> String {
    normalise(parameter, b"$,:@/?", b"+;=", Some(b'+'))
}

/// A fragment.
pub(super) fn normalise_fragment(fragment: &str) -> String {
    normalise(fragment, b"", b"$&+,;=:@/?", None)
}

/// Decodes what is plain or among `same`, which means the same encoded or not in this place; keeps what is `reserved` as
/// written, encodes the rest; a space becomes `space` if given.
fn normalise(text: &str, same: &[u8], reserved: &[u8], space: Option<u8>) -> String {
    let is_plain = |byte| is_plain(byte) || same.contains(&byte);
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let decoded = if byte == b'%' { hex_pair(bytes, at + 1) } else { None };
        at += if decoded.is_some() { 3 } else { 1 };
        match (decoded, space) {
            (Some(b' '), Some(space)) => out.push(char::from(space)),
            (None, Some(space)) if byte == b' ' => out.push(char::from(space)),
            (Some(value), _) if !is_plain(value) => push_encoded(&mut out, value),
            (Some(value), _) => out.push(char::from(value)),
            (None, _) if is_plain(byte) || reserved.contains(&byte) => out.push(char::from(byte)),
            (None, _) => push_encoded(&mut out, byte),
        }
    }
    out
}

/// The byte that two hex digits at `at` stand for.
fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let value = digit(bytes.get(at)?)? * 16 + digit(bytes.get(at + 1)?)?;
    u8::try_from(value).ok()
}

fn push_encoded(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}
