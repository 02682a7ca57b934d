//! Which addresses are wanted: those under accepted prefixes, as annotations say.

use std::collections::BTreeSet;

use serde::Serialize;

use super::surt::{Hosts, KeyRange, merge, ranges};
use crate::dedup::url::address;
use crate::domains::annotations::{Annotations, Entry, Verdict};
use crate::domains::prefix::{Place, Prefix};
use crate::page::PageId;

/// What is wanted of an index.
#[derive(Clone, Debug)]
pub struct Wanted {
    annotations: Annotations,
    /// The domains whose annotations count; all where `None`.
    domains: Option<BTreeSet<String>>,
    ranges: Vec<KeyRange>,
}

/// What of it an answer depends on: entry by entry, in order of name.
#[derive(Debug, Serialize)]
pub(super) struct Terms(Vec<(String, [Vec<String>; 3])>);

/// A page that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// The page.
    pub(super) id: PageId,
    /// Its registrable domain.
    pub(super) domain: String,
    /// The accepted prefix that it is under.
    pub(super) prefix: String,
}

impl Wanted {
    /// What is under the accepted prefixes of `annotations`, in these `domains` only where some are given.
    #[must_use]
    pub fn new(annotations: Annotations, domains: Option<BTreeSet<String>>) -> Self {
        let mut found = Vec::new();
        for entry in annotations.entries().filter(|entry| counts(entry, domains.as_ref())) {
            for prefix in &entry.accepted {
                found.extend(match prefix.host() {
                    Some(host) => ranges(host, Hosts::This, prefix.path()),
                    None => ranges(&entry.name, Hosts::Below, prefix.path()),
                });
            }
        }
        Self { annotations, domains, ranges: merge(found) }
    }

    /// The keys that may be of wanted pages, sorted.
    #[must_use]
    pub(super) fn ranges(&self) -> &[KeyRange] {
        &self.ranges
    }

    /// Number of domains (or hosts) with an accepted prefix.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.counting().filter(|entry| !entry.accepted.is_empty()).count()
    }

    /// What an answer depends on.
    #[must_use]
    pub(super) fn terms(&self) -> Terms {
        let texts = |prefixes: &Vec<Prefix>| prefixes.iter().map(ToString::to_string).collect();
        let term = |entry: &Entry| (entry.name.clone(), [&entry.accepted, &entry.refused, &entry.open].map(texts));
        Terms(self.counting().map(term).collect())
    }

    fn counting(&self) -> impl Iterator<Item = &Entry> {
        self.annotations.entries().filter(|entry| counts(entry, self.domains.as_ref()))
    }

    /// The page at an address, where it is wanted.
    #[must_use]
    pub(super) fn page(&self, url: &str) -> Option<Match> {
        let found = address(url)?;
        if self.domains.as_ref().is_some_and(|domains| !domains.contains(&found.domain)) {
            return None;
        }
        match self.annotations.of_place(&found.domain, &Place::of(url)?)? {
            (Verdict::Accepted, prefix) => {
                let prefix = prefix.to_owned();
                Some(Match { id: found.id, domain: found.domain, prefix })
            }
            (Verdict::Refused, _) => None,
        }
    }
}

/// Whether an entry is a verdict on one of these domains.
fn counts(entry: &Entry, domains: Option<&BTreeSet<String>>) -> bool {
    let of = || address(&format!("https://{}/", entry.name)).map(|address| address.domain);
    !entry.proposed && domains.is_none_or(|domains| of().is_some_and(|domain| domains.contains(&domain)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn wanted(domains: Option<&[&str]>) -> Wanted {
        let text = r#"
[[domain]]
name = "example.org"
prefixes = ["/notes/", "math.example.org/"]
refused = ["/notes/draft"]

[[domain]]
name = "other.org"
prefixes = ["/"]

[[domain]]
name = "maybe.org"
prefixes = ["/"]
proposed = true
"#;
        let annotations = Annotations::parse(text, Path::new("a.toml")).unwrap();
        Wanted::new(annotations, domains.map(|names| names.iter().map(|name| (*name).to_owned()).collect()))
    }

    #[test]
    fn pages_under_accepted_prefixes_are_wanted() {
        #[track_caller]
        fn check(url: &str, want: Option<&str>) {
            assert_eq!(wanted(None).page(url).map(|page| page.prefix).as_deref(), want, "{url}");
        }
        check("http://www.example.org/notes/1", Some("/notes"));
        check("http://example.org/notes/draft/1", None);
        check("http://example.org/about", None);
        check("https://math.example.org/about", Some("math.example.org/"));
        check("https://other.org/x?y", Some("/"));
        check("https://maybe.org/x", None);
        check("no address", None);
        check("ftp://other.org/x", None);
    }

    #[test]
    fn other_domains_are_left_out() {
        let some = wanted(Some(&["other.org"]));
        assert_eq!((some.entries(), wanted(None).entries()), (1, 2));
        assert!(some.page("https://example.org/notes/1").is_none() && some.page("https://other.org/").is_some());
        assert!(some.ranges().iter().all(|range| range.from.contains("other")), "{:?}", some.ranges());
        let terms = |wanted: &Wanted| serde_json::to_string(&wanted.terms()).unwrap();
        assert_eq!(terms(&some), r#"[["other.org",[["/"],[],[]]]]"#);
        assert_ne!(terms(&some), terms(&wanted(None)));
    }
}
