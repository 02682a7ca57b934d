//! E-mail addresses and public IP addresses of a text, which shards replace by fixed placeholders.
//!
//! On by default, as FineWeb's formatter has it (arXiv 2406.17557, section 3.5): an address names a person, and says
//! nothing of mathematics. Only prose is looked at: formulas, TeX commands and code stay as they are. The placeholders
//! are addresses that are reserved for documentation, so that they reach nobody.

use std::ops::Range;

use crate::spans::{Piece, for_each_piece};

mod email;
mod ip;

/// What is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskingRules {
    /// E-mail addresses.
    pub emails: bool,
    /// Public IP addresses.
    pub ips: bool,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masked {
    /// Of a mailbox.
    Email,
    /// Of a machine, four numbers.
    Ipv4,
    /// Of a machine, groups of hex digits.
    Ipv6,
}

impl Masked {
    /// What stands in its place (RFC 2606, 5737, 3849).
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "email@example.com",
            Self::Ipv4 => "192.0.2.1",
            Self::Ipv6 => "2001:db8::1",
        }
    }
}

/// The addresses of a text, in order; `commands` are those of [`crate::spans::commands`].
#[must_use]
pub fn masks(text: &str, rules: MaskingRules, commands: &[&str]) -> Vec<(Range<usize>, Masked)> {
    let mut found = Vec::new();
    let may = |byte| memchr::memchr(byte, text.as_bytes()).is_some();
    let (emails, ips) = (rules.emails && may(b'@'), rules.ips && (may(b'.') || may(b':')));
    if !emails && !ips {
        return found;
    }
    for_each_piece(text, commands, |piece| {
        let Piece::Prose(prose) = piece else { return };
        // The piece is a part of the text: where it begins there.
        let from = prose.as_ptr() as usize - text.as_ptr() as usize;
        let part = from..from + prose.len();
        if emails {
            email::find(text, part.clone(), &mut |range| found.push((range, Masked::Email)));
        }
        if ips {
            ip::find(text, part, &mut |range, kind| found.push((range, kind)));
        }
    });
    found.sort_by_key(|(range, _)| range.start);
    // "root@192.0.2.7" is one of both: the first one stays.
    let mut end = 0;
    found.retain(|(range, _)| {
        let apart = range.start >= end;
        end = end.max(range.end);
        apart
    });
    found
}

/// Chinese and Japanese characters and Hangul: words beside an address, not part of it.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests;
