//! Addresses of machines, told from the numbers of sections and versions that look like them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Masked, is_wide};

/// Numbers up to this are those of sections and versions: an address all of whose numbers are is one only beside a
/// word that says so.
const SMALL_MAX: u8 = 31;
/// Longest address, bytes.
const BYTES_MAX: usize = 45;
/// Bytes before a number that are looked at.
const BEFORE_BYTES_MAX: usize = 64;
/// Words beside which four numbers are no address, sorted.
const NUMBERED: [&str; 44] = [
    "algorithm",
    "appendix",
    "article",
    "axiom",
    "build",
    "ch",
    "chapter",
    "claim",
    "conjecture",
    "corollary",
    "def",
    "definition",
    "driver",
    "eq",
    "equation",
    "example",
    "exercise",
    "fig",
    "figure",
    "firmware",
    "item",
    "lemma",
    "note",
    "paragraph",
    "part",
    "problem",
    "proof",
    "prop",
    "proposition",
    "release",
    "remark",
    "revision",
    "rule",
    "sec",
    "section",
    "sections",
    "step",
    "table",
    "theorem",
    "thm",
    "update",
    "v",
    "ver",
    "version",
];
/// The same of Chinese, at the end of what stands before.
const NUMBERED_CHINESE: [&str; 10] = ["第", "版", "版本", "章", "节", "定理", "引理", "定义", "例", "式"];
/// Words beside which they are one.
const ADDRESSED: [&str; 11] =
    ["addr", "address", "addresses", "dns", "from", "gateway", "host", "ip", "ips", "ping", "server"];

/// Calls `found` with the public addresses that stand in a part of a text.
pub(super) fn find(text: &str, part: Range<usize>, found: &mut impl FnMut(Range<usize>, Masked)) {
    let bytes = text.as_bytes();
    let mut at = part.start;
    while at < part.end {
        // Numbers and hex digits with dots and colons, as far as they go.
        if !of_address(bytes[at]) {
            at += 1;
            continue;
        }
        let mut start = at;
        while at < part.end && of_address(bytes[at]) {
            at += 1;
        }
        // What ends a word before it: "IP:84.112.7.201". Two colons may begin an address.
        if !text[start..at].starts_with("::") {
            start = at - text[start..at].trim_start_matches(['.', ':']).len();
        }
        let end = start + text[start..at].trim_end_matches(['.', ':']).len();
        if end < start + 3 || end - start > BYTES_MAX {
            continue;
        }
        let word = &text[start..end];
        let before = text[..start].chars().next_back();
        let after = text[at.min(text.len())..].chars().next();
        let joined = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric() && !is_wide(c));
        // What stands before an "@" is a part of a mailbox's address.
        let ends = |next: Option<char>| !joined(next) && next != Some('@');
        if joined(before) {
            continue;
        }
        if let Some(range) = ipv4(text, start, word) {
            if ends(text[range.end..].chars().next()) && (at != end || after != Some('@')) {
                found(range, Masked::Ipv4);
            }
        } else if (at != end || ends(after)) && is_ipv6(word) {
            found(start..end, Masked::Ipv6);
        }
    }
}

fn of_address(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')
}

/// Four numbers, with a port or without, that are a public address here.
fn ipv4(text: &str, start: usize, word: &str) -> Option<Range<usize>> {
    let (number, port) = word.split_once(':').unwrap_or((word, ""));
    // The parser takes no leading zeros, and nothing but four numbers up to 255.
    let address: Ipv4Addr = number.parse().ok()?;
    if !is_public_v4(address) {
        return None;
    }
    // "84.112.7.201:Denied" has none.
    let port = port.starts_with(|c: char| c.is_ascii_digit());
    let end = start + number.len();
    let small = address.octets().iter().all(|number| *number <= SMALL_MAX);
    (!is_numbering(text, start, end, small, port)).then_some(start..end)
}

/// Whether what stands around four numbers says that they count a section or a version.
fn is_numbering(text: &str, start: usize, end: usize, small: bool, port: bool) -> bool {
    let from = text.floor_char_boundary(start.saturating_sub(BEFORE_BYTES_MAX));
    let before = &text[from..start];
    let after = &text[end..];
    let page = before.ends_with("//");
    // "==1.2.3.4", "§1.2.3.4", "Chrome/80.0.3.1", "lib-1.2.3.4", "1.2.3.4-beta".
    let of_version = before.ends_with(['§', '^', '~', '-', '/']) && !page
        || ["==", ">=", "<=", "~="].iter().any(|sign| before.ends_with(sign))
        || after.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()));
    // A heading's number, or that of a numbered paragraph.
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line = if line.len() == before.len() && from > 0 { "…" } else { line };
    let marks = line.trim_start_matches(['#', '*', '-', ' ']).is_empty();
    let next = after.trim_start_matches([' ', '*']);
    let titled = after.len() > next.len() && next.starts_with(|c: char| c.is_uppercase() || is_wide(c));
    if of_version || marks && (line.starts_with('#') || titled) {
        return true;
    }
    let is_space = |c: char| c.is_whitespace() || matches!(c, '(' | ':' | '.' | '*' | '=' | '"' | '[');
    let trimmed = before.trim_end_matches(is_space);
    let letters = trimmed.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let word = trimmed[trimmed.len() - letters..].to_ascii_lowercase();
    let follows: String = next.chars().take_while(char::is_ascii_alphabetic).take(16).collect();
    let numbered = |word: &str| NUMBERED.binary_search(&word).is_ok();
    if numbered(&word) || numbered(&follows.to_ascii_lowercase()) {
        return true;
    }
    if NUMBERED_CHINESE.iter().any(|word| trimmed.ends_with(word)) {
        return true;
    }
    let cidr = after.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    small && !(page || port || cidr || ADDRESSED.contains(&word.as_str()))
}

/// Not private, reserved, of a group, or kept for documents.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && b & 0xC0 == 64;
    let reserved = a == 0 || a >= 240 || [a, b, c] == [192, 0, 0] || a == 198 && b & 0xFE == 18;
    !(shared
        || reserved
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

/// Of the range that is given out (2000::/3), not of that kept for documents.
fn is_ipv6(word: &str) -> bool {
    word.bytes().filter(|b| *b == b':').count() >= 2
        && word.parse::<Ipv6Addr>().is_ok_and(|address| {
            let [first, second, ..] = address.segments();
            first & 0xE000 == 0x2000 && [first, second] != [0x2001, 0xDB8]
        })
}
