//! E-mail addresses.

use std::ops::Range;

use super::is_wide;

/// Longest part before the sign (RFC 5321).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest name of a host.
const HOST_BYTES_MAX: usize = 253;
/// Names of services, not of persons: `git@host:path`.
const SERVICES: [&str; 3] = ["git", "hg", "svn"];

/// Calls `found` with the addresses that stand in a part of a text.
pub(super) fn find(text: &str, part: Range<usize>, found: &mut impl FnMut(Range<usize>)) {
    for at in memchr::memchr_iter(b'@', &text.as_bytes()[part.clone()]) {
        let at = part.start + at;
        if let (Some(start), Some(end)) = (local(&text[part.start..at]), host(&text[at + 1..part.end])) {
            let (start, end) = (part.start + start, at + 1 + end);
            if stands_alone(text, start, end) && names_a_person(text, start, at) {
                found(start..end);
            }
        }
    }
}

/// Where the part before the sign begins.
fn local(before: &str) -> Option<usize> {
    let of_name = |c: char| c.is_alphanumeric() && !is_wide(c) || matches!(c, '.' | '_' | '%' | '+' | '-');
    let mut start = before.len();
    for (at, _) in before.char_indices().rev().take_while(|(_, c)| of_name(*c)) {
        if before.len() - at > LOCAL_BYTES_MAX {
            return None;
        }
        start = at;
    }
    let name = before[start..].trim_start_matches(['.', '-', '+', '%']);
    let starts_well = !name.is_empty() && !name.ends_with('.');
    starts_well.then(|| before.len() - name.len())
}

/// Where the name of the host ends: two labels or more, the last known to the public suffix list.
fn host(after: &str) -> Option<usize> {
    let of_host = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    let length = after.bytes().take_while(|b| of_host(b)).count();
    let name = after[..length].trim_end_matches(['.', '-']);
    let good = name.len() <= HOST_BYTES_MAX
        && name.contains('.')
        && name.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    if !good || is_reserved(name) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let known = psl::suffix(lower.as_bytes()).is_some_and(|suffix| suffix.is_known());
    known.then_some(name.len())
}

/// Names that are kept for examples (RFC 2606): nobody's.
fn is_reserved(host: &str) -> bool {
    let mut labels = host.rsplit('.').map(str::to_ascii_lowercase);
    let last = labels.next().unwrap_or_default();
    let reserved = ["example", "invalid", "local", "localhost", "test"].contains(&last.as_str());
    reserved || labels.next().is_some_and(|label| label == "example")
}

/// Whether no other sign, and no letter, is joined to an address.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let after = text[end..].chars().next();
    !text[..start].ends_with('@') && !after.is_some_and(|c| c == '@' || c == '_' || c.is_alphanumeric() && !is_wide(c))
}

/// Not the login of a service, nor one within an address of a page: `https://user@host/`.
fn names_a_person(text: &str, start: usize, at: usize) -> bool {
    if SERVICES.contains(&&text[start..at]) {
        return false;
    }
    // As far back as an address of a page is long.
    let from = text.floor_char_boundary(start.saturating_sub(HOST_BYTES_MAX));
    let ends = |c: char| c.is_whitespace() || is_wide(c) || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '"');
    let word = text[from..start].rsplit(ends).next().unwrap_or_default();
    !word.contains("//")
}
