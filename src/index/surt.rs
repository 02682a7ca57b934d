//! Sort-friendly keys of addresses, by which URL indexes are sorted: `https://www.example.org/Notes/1` is
//! `org,example)/notes/1`.
//!
//! Keys are only used to leave out what cannot hold a page: a range may hold more than was asked for, never less, as
//! far as indexes agree on how a key is made. Whether an address is wanted is decided on the address.

use std::net::Ipv4Addr;

/// The keys from one, inclusive, to another, exclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyRange {
    /// The first key in it.
    pub(super) from: String,
    /// The first key after it.
    pub(super) to: String,
}

impl KeyRange {
    /// The keys that begin so; `start` ends with an ASCII character.
    fn beginning(start: String) -> Self {
        let mut to = start.clone();
        if let Some(last) = to.pop() {
            to.push(char::from((last as u8).saturating_add(1)));
        }
        Self { from: start, to }
    }

    /// Whether some key of `least..=most` is in it.
    #[must_use]
    pub(super) fn meets(&self, least: &[u8], most: &[u8]) -> bool {
        self.from.as_bytes() <= most && self.to.as_bytes() > least
    }
}

/// Which hosts a prefix is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hosts {
    /// The one named.
    This,
    /// The one named and all below it.
    Below,
}

/// The ranges that hold the keys of addresses under `path` on a host, or on it and all hosts below it.
#[must_use]
pub(super) fn ranges(host: &str, hosts: Hosts, path: &str) -> Vec<KeyRange> {
    let mut found = Vec::new();
    for host in spellings(host) {
        // `www.` goes from keys, and whatever port is named comes after the host.
        for path in paths(path) {
            found.push(KeyRange::beginning(format!("{host}){path}")));
        }
        found.push(KeyRange::beginning(format!("{host}:")));
        if hosts == Hosts::Below {
            found.push(KeyRange::beginning(format!("{host},")));
        }
    }
    merge(found)
}

/// Joins ranges that overlap or touch; sorted.
#[must_use]
pub(super) fn merge(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
    ranges.sort();
    let mut merged: Vec<KeyRange> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if last.to >= range.from => {
                if last.to < range.to {
                    last.to = range.to;
                }
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// Joins neighbours until there are no more than `most` ranges (at least 1), over as few other keys as can be told.
#[must_use]
pub(super) fn widen(ranges: Vec<KeyRange>, most: usize) -> Vec<KeyRange> {
    let size = ranges.len().div_ceil(most.max(1)).max(1);
    let join = |run: &[KeyRange]| {
        let (first, last) = (run.first()?, run.last()?);
        Some(KeyRange { from: first.from.clone(), to: last.to.clone() })
    };
    ranges.chunks(size).filter_map(join).collect()
}

/// The forms that a host takes at the start of keys.
fn spellings(host: &str) -> Vec<String> {
    if host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[') {
        return vec![host.to_owned()];
    }
    let reversed = |host: &str| host.rsplit('.').collect::<Vec<_>>().join(",");
    // Some makers of keys keep `www.`.
    let mut found = vec![reversed(host), reversed(&format!("www.{host}"))];
    // www., www2. and the like are dropped by most.
    if let Some((first, rest)) = host.split_once('.')
        && first.strip_prefix("www").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    {
        found.push(reversed(rest));
    }
    found
}

/// The start of a path as keys have it, as far as it is sure: in lower case, and as it is written where that differs.
fn paths(path: &str) -> Vec<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    let sure = path.find(|c| !plain(c)).map_or(path, |end| &path[..end]);
    // A page may be the folder itself, whose last slash keys drop.
    let sure = match sure.trim_end_matches('/') {
        "" => "/",
        sure => sure,
    };
    let lower = sure.to_ascii_lowercase();
    if lower == sure { vec![lower] } else { vec![lower, sure.to_owned()] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the key of an address is in the ranges.
    #[track_caller]
    fn check(host: &str, hosts: Hosts, path: &str, key: &str, want: bool) {
        let ranges = ranges(host, hosts, path);
        let within = ranges.iter().any(|range| range.from.as_str() <= key && key < range.to.as_str());
        assert_eq!(within, want, "{key} in {ranges:?}");
        assert_eq!(ranges.iter().any(|range| range.meets(key.as_bytes(), key.as_bytes())), want);
    }

    #[test]
    fn ranges_hold_what_is_under_a_prefix() {
        let domain = |key, want| check("example.org", Hosts::Below, "/wiki", key, want);
        domain("org,example)/wiki", true);
        domain("org,example)/wiki/ring?a=b", true);
        domain("org,example)/about", false);
        domain("org,example,math)/x", true);
        domain("org,example,math,new)/wiki", true);
        domain("org,example:8080)/wiki", true);
        domain("org,example-2)/wiki", false);
        domain("org,example2)/wiki", false);
        domain("org,examplf)/wiki", false);
        domain("com,example)/wiki", false);
        let host = |key, want| check("math.example.org", Hosts::This, "/", key, want);
        host("org,example,math)/", true);
        host("org,example,math)/robots.txt", true);
        host("org,example,math:8080)/", true);
        host("org,example,math,new)/", false);
        host("org,example)/", false);
    }

    #[test]
    fn what_keys_may_spell_otherwise_does_not_narrow() {
        check("a.org", Hosts::This, "/Wiki/Ring", "org,a)/wiki/ring", true);
        check("a.org", Hosts::This, "/Wiki/Ring", "org,a)/Wiki/Ring", true);
        check("a.org", Hosts::This, "/%E6%95%B0/x", "org,a)/%e6%95%b0/x", true);
        check("a.org", Hosts::This, "/index.php?topic", "org,a)/index.php?action=x&topic=5", true);
        check("a.org", Hosts::This, "/notes/", "org,a)/notes", true);
        check("www2.a.org", Hosts::This, "/x", "org,a)/x", true);
        check("www2.a.org", Hosts::This, "/x", "org,a,www2)/x", true);
        check("10.0.0.1", Hosts::Below, "/x", "10.0.0.1)/x", true);
    }

    #[test]
    fn ranges_are_merged_and_widened_over_what_lies_between() {
        let range = |from: &str, to: &str| KeyRange { from: from.to_owned(), to: to.to_owned() };
        let merged = merge(vec![range("d", "e"), range("a", "b"), range("b", "c"), range("a", "az")]);
        assert_eq!(merged, [range("a", "c"), range("d", "e")]);
        assert_eq!(widen(merged.clone(), 2), merged);
        assert_eq!(widen(merged.clone(), 1), [range("a", "e")]);
        assert_eq!(widen(merged, 0), [range("a", "e")]);
        assert!(widen(Vec::new(), 3).is_empty());
    }
}
