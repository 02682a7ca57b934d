//! What a person, or a machine in their place, says of domains: which of their prefixes hold mathematics.
//!
//! ```toml
//! [[domain]]
//! name = "example.org"            # registrable domain, or one of its hosts
//! prefixes = ["/questions/"]      # accepted; "/" is the whole domain
//! refused = ["/tags/"]
//! open = ["/misc/"]               # optional: neither, though a shorter prefix is accepted or refused
//! by = "anna"                     # optional: who; "auto", "judge:MODEL" for machines
//! at = "2026-11-22T10:00:00Z"     # optional
//! proposed = true                 # optional: a proposal, not a verdict
//! ```
//!
//! The longest prefix that covers a page wins; at equal length the refused one. A domain that is named without prefixes
//! was looked at, and nothing of it accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::prefix::{Place, Prefix};
use crate::dedup::url;

/// Whether pages are taken for mathematics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// They are.
    Accepted,
    /// They are not.
    Refused,
}

impl Verdict {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// What is said of one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The registrable domain, or one of its hosts.
    pub name: String,
    /// Prefixes that hold mathematics.
    pub accepted: Vec<Prefix>,
    /// Prefixes that do not.
    pub refused: Vec<Prefix>,
    /// Prefixes of which nothing is said, whatever a shorter one says.
    pub open: Vec<Prefix>,
    /// Who says so.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Whether it is a proposal, not a verdict.
    pub proposed: bool,
}

/// What is said of domains, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    entries: BTreeMap<String, Entry>,
    /// Registrable domains of which a verdict is there, on themselves or on a host.
    settled: BTreeSet<String>,
}

/// A file of annotations has not the form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {message}", path.display())]
pub struct AnnotationError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    domain: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    name: Spanned<String>,
    #[serde(alias = "accepted")]
    prefixes: Option<Vec<Spanned<String>>>,
    refused: Option<Vec<Spanned<String>>>,
    open: Option<Vec<Spanned<String>>>,
    by: Option<String>,
    at: Option<String>,
    #[serde(default)]
    proposed: bool,
}

/// The registrable domain of a name that is a host in its normal form, else what is wrong with it.
fn domain_of(name: &str) -> Result<String, String> {
    let address =
        url::address(&format!("https://{name}/")).ok_or_else(|| format!("{name:?} is no name of a domain"))?;
    if address.host == name { Ok(address.domain) } else { Err(format!("write {:?} for {name:?}", address.host)) }
}

impl RawEntry {
    fn check(self) -> Result<Entry, (usize, String)> {
        let at = self.name.span().start;
        let name = self.name.into_inner();
        let domain = domain_of(&name).map_err(|message| (at, message))?;
        let prefixes = |texts: Option<Vec<Spanned<String>>>| {
            let mut found = Vec::new();
            for text in texts.into_iter().flatten() {
                let at = text.span().start;
                let prefix: Prefix =
                    text.get_ref().parse().map_err(|e: super::prefix::PrefixError| (at, e.to_string()))?;
                let bare = url::bare_host(&name);
                let strange = |host: &str| host != bare && !host.ends_with(&format!(".{bare}"));
                if let Some(host) = prefix.host().filter(|host| strange(host)) {
                    let prefix = text.get_ref();
                    return Err((
                        at,
                        format!("{prefix:?}: the host {host} is not one of {name}; a path begins with /"),
                    ));
                }
                found.push(if name == domain { prefix } else { prefix.below(bare) });
            }
            Ok(found)
        };
        let (accepted, refused, open) = (prefixes(self.prefixes)?, prefixes(self.refused)?, prefixes(self.open)?);
        Ok(Entry { name, accepted, refused, open, by: self.by, at: self.at, proposed: self.proposed })
    }
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

impl Annotations {
    /// Reads the text of a file; `path` names it in errors.
    ///
    /// # Errors
    /// It is not TOML, has an unknown key, a name that is none, a prefix that is none, or a domain twice.
    pub fn parse(text: &str, path: &Path) -> Result<Self, AnnotationError> {
        let failed = |at: usize, message: String| {
            let line = line(text, at);
            AnnotationError { path: path.to_owned(), line, message }
        };
        let raw: RawFile =
            toml::from_str(text).map_err(|e| failed(e.span().map_or(0, |span| span.start), e.message().to_owned()))?;
        let mut lines = BTreeMap::new();
        let mut found = Self::default();
        for entry in raw.domain {
            let at = entry.span().start;
            let entry = entry.into_inner().check().map_err(|(at, message)| failed(at, message))?;
            if let Some(first) = lines.insert(entry.name.clone(), line(text, at)) {
                return Err(failed(at, format!("{} stands in line {first} already; join the two", entry.name)));
            }
            found.insert(entry);
        }
        Ok(found)
    }

    /// Puts an entry in the place of an earlier one. A proposal takes no verdict's place.
    pub fn insert(&mut self, entry: Entry) {
        if entry.proposed && self.entries.get(&entry.name).is_some_and(|old| !old.proposed) {
            return;
        }
        if !entry.proposed
            && let Ok(domain) = domain_of(&entry.name)
        {
            self.settled.insert(domain);
        }
        self.entries.insert(entry.name.clone(), entry);
    }

    /// Lays a later file over these: its entry for a domain replaces the earlier one.
    #[must_use]
    pub fn merge(mut self, later: Self) -> Self {
        later.entries.into_values().for_each(|entry| self.insert(entry));
        self
    }

    /// Takes all proposals for verdicts (`annotate = "auto"`).
    #[must_use]
    pub fn with_proposals(self) -> Self {
        let mut all = Self::default();
        for entry in self.entries.into_values() {
            all.insert(Entry { proposed: false, ..entry });
        }
        all
    }

    /// The verdict on a page and the prefix that it comes from; `None` where there is none on it.
    #[must_use]
    pub fn of(&self, domain: &str, host: &str, path_and_query: &str) -> Option<(Verdict, &str)> {
        if self.settled.contains(domain) { self.of_place(domain, &Place::new(host, path_and_query)) } else { None }
    }

    /// As [`of`](Self::of), of a place.
    #[must_use]
    pub fn of_place(&self, domain: &str, place: &Place) -> Option<(Verdict, &str)> {
        let www = format!("www.{}", place.host);
        let names: BTreeSet<&str> = [domain, &place.host, &www].into();
        let entries = names.into_iter().filter_map(|name| self.entries.get(name)).filter(|entry| !entry.proposed);
        let prefixes = entries.flat_map(|entry| {
            let accepted = entry.accepted.iter().map(|prefix| (prefix, Some(Verdict::Accepted)));
            let refused = entry.refused.iter().map(|prefix| (prefix, Some(Verdict::Refused)));
            accepted.chain(refused).chain(entry.open.iter().map(|prefix| (prefix, None)))
        });
        let covering = prefixes.filter(|(prefix, _)| prefix.covers(place));
        // At equal length refused before left open before accepted.
        let caution = |verdict: Option<Verdict>| match verdict {
            Some(Verdict::Accepted) => 0,
            None => 1,
            Some(Verdict::Refused) => 2,
        };
        let (prefix, verdict) = covering.max_by_key(|(prefix, verdict)| (prefix.length(), caution(*verdict)))?;
        verdict.map(|verdict| (verdict, prefix.as_str()))
    }

    /// Whether a verdict on a registrable domain, or on one of its hosts, is there.
    #[must_use]
    pub fn settled(&self, domain: &str) -> bool {
        self.settled.contains(domain)
    }

    /// What is said of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The entries, in order of name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Annotations {
        Annotations::parse(text, Path::new("a.toml")).unwrap()
    }

    const FILE: &str = r#"
[[domain]]
name = "example.org"
prefixes = ["/questions/", "math.example.org/", "/tags/algebra"]
open = ["/tags/algebra/old"]
refused = ["/tags/", "/questions", "/questions/meta", "math.example.org/jobs"]
by = "anna"

[[domain]]
name = "empty.org"
prefixes = []

[[domain]]
name = "sure.org"
accepted = ["/"]
proposed = true

[[domain]]
name = "one.docs.test"
prefixes = ["/"]
"#;

    #[track_caller]
    fn check(domain: &str, host: &str, path: &str, want: Option<(Verdict, &str)>) {
        assert_eq!(parse(FILE).of(domain, host, path), want, "{host}{path}");
    }

    #[test]
    fn the_longest_prefix_wins_and_refusal_at_equal_length() {
        use Verdict::{Accepted, Refused};
        let check_org = |host, path, want| check("example.org", host, path, want);
        check_org("example.org", "/", None);
        check_org("example.org", "/questions/1", Some((Refused, "/questions")));
        check_org("example.org", "/tags/1", Some((Refused, "/tags")));
        check_org("www.example.org", "/tags/algebra/", Some((Accepted, "/tags/algebra")));
        check_org("example.org", "/tags/algebra/old/1", None);
        check_org("math.example.org", "/tags/1", Some((Accepted, "math.example.org/")));
        check_org("math.example.org", "/jobs/1?x=y", Some((Refused, "math.example.org/jobs")));
    }

    #[test]
    fn a_name_without_prefixes_is_a_verdict_and_a_proposal_is_none() {
        let all = parse(FILE);
        check("empty.org", "empty.org", "/x", None);
        check("sure.org", "sure.org", "/x", None);
        assert!(all.settled("empty.org") && !all.settled("sure.org") && !all.settled("other.org"));
        let sure = all.with_proposals();
        assert_eq!(sure.of("sure.org", "sure.org", "/x"), Some((Verdict::Accepted, "/")));
        assert!(sure.settled("sure.org"));
    }

    #[test]
    fn a_host_may_be_named_in_place_of_its_domain() {
        check("docs.test", "one.docs.test", "/x", Some((Verdict::Accepted, "one.docs.test/")));
        check("docs.test", "two.docs.test", "/x", None);
        assert!(parse(FILE).settled("docs.test"));
    }

    #[test]
    fn a_later_file_replaces_what_an_earlier_one_says_of_a_domain() {
        let later = "[[domain]]\nname = \"example.org\"\nprefixes = [\"/new\"]\n[[domain]]\nname = \"empty.org\"\n\
                     prefixes = [\"/\"]\nproposed = true\n";
        let merged = parse(FILE).merge(parse(later));
        assert_eq!(merged.of("example.org", "example.org", "/tags"), None);
        assert!(merged.of("example.org", "example.org", "/new/1").is_some());
        assert_eq!(merged.of("empty.org", "empty.org", "/"), None, "a proposal replaced a verdict");
        let names: Vec<&str> = merged.entries().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["empty.org", "example.org", "one.docs.test", "sure.org"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line, part) in [
            ("[[domain]]\nname = \"a.org\"\nprefix = []\n", 3, "unknown field"),
            ("[[domain]]\nname = \"a.org\"\nprefixes = [\n\"/x\",\n\"notes/\"]\n", 5, "neither with / nor with a host"),
            ("[[domain]]\nname = \"a.org\"\nprefixes = [\"b.org/x\"]\n", 3, "is not one of a.org"),
            ("[[domain]]\nname = \"A.org\"\n", 2, "write \"a.org\""),
            ("[[domain]]\nname = \"https://a.org/\"\n", 2, "a.org"),
            ("[[domain]]\nprefixes = []\n", 1, "missing field `name`"),
            ("[[domain]]\nname = \"a.org\"\n\n[[domain]]\nname = \"a.org\"\n", 4, "line 1 already"),
            ("[[domain\n", 1, ""),
            ("[[domain]]\nname = \"a.org\"\nproposed = 1\n", 3, "boolean"),
        ] {
            let error = Annotations::parse(text, Path::new("a.toml")).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.message.contains(part), "{error}");
            assert!(error.to_string().starts_with(&format!("a.toml:{line}: ")), "{error}");
        }
    }
}
