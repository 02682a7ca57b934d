//! What is said of a domain's prefixes, what an action makes of it, and what it brings.

use std::collections::BTreeSet;

use super::tree::{Domain, Gain, around};
use crate::domains::annotations::{Annotations, Entry};
use crate::domains::cut::Proposal;
use crate::domains::prefix::Prefix;

/// What is said of one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It holds mathematics.
    Accepted,
    /// It does not.
    Refused,
    /// Neither, whatever is said of what is around it.
    Open,
}

/// What is said of one domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Prefixes that hold mathematics.
    pub accepted: BTreeSet<Prefix>,
    /// Prefixes that do not.
    pub refused: BTreeSet<Prefix>,
    /// Prefixes of which nothing is said, whatever is said of those around them.
    pub open: BTreeSet<Prefix>,
    /// Who says so.
    pub by: Option<String>,
    /// When.
    pub at: Option<String>,
    /// Whether a verdict is there; without prefixes it says that nothing is accepted.
    pub settled: bool,
    /// A proposal that stands in the file, where there is no verdict.
    pub proposal: Option<Entry>,
}

/// What the annotator does with a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The prefix holds mathematics.
    Accept(Prefix),
    /// It does not.
    Refuse(Prefix),
    /// Its parts are judged one by one: its own verdict goes.
    Split(Prefix),
    /// It gets no verdict of its own.
    Clear(Prefix),
    /// What is proposed for the domain becomes the verdict.
    Take,
}

/// The name of the entry of a host of the domain, or of the domain.
pub(super) fn concerns(name: &str, domain: &str) -> bool {
    name == domain || name.strip_suffix(domain).is_some_and(|host| host.ends_with('.'))
}

impl Said {
    /// What annotations say of a domain, its hosts included.
    #[must_use]
    pub fn of(all: &Annotations, domain: &str) -> Self {
        Self::by(all.entries().filter(|entry| concerns(&entry.name, domain)))
    }

    /// What the entries of one domain and of its hosts say.
    pub fn by<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut said = Self::default();
        for entry in entries {
            if entry.proposed {
                said.proposal = Some(entry.clone());
                continue;
            }
            said.settled = true;
            said.accepted.extend(entry.accepted.iter().cloned());
            said.refused.extend(entry.refused.iter().cloned());
            said.open.extend(entry.open.iter().cloned());
            said.by = entry.by.clone().or(said.by);
            said.at = entry.at.clone().or(said.at);
        }
        said.proposal = said.proposal.filter(|_| !said.settled);
        said
    }

    /// What is said of this very prefix.
    #[must_use]
    pub fn own(&self, prefix: &Prefix) -> Option<Stand> {
        if self.refused.contains(prefix) {
            Some(Stand::Refused)
        } else if self.open.contains(prefix) {
            Some(Stand::Open)
        } else {
            self.accepted.contains(prefix).then_some(Stand::Accepted)
        }
    }

    /// What holds for what lies directly under a prefix.
    #[must_use]
    pub fn effective(&self, prefix: &Prefix) -> Option<Stand> {
        around(prefix).find_map(|wider| self.own(&wider))
    }

    /// What accepting as said brings: of what the tree has figures for.
    #[must_use]
    pub fn gain(&self, domain: &Domain) -> Gain {
        let verdicts = domain.inherit(|node| self.own(&node.prefix));
        let accepted = domain.nodes.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Some(Stand::Accepted));
        accepted.map(|(node, _)| node.rest).sum()
    }

    /// Prefixes with a verdict that the tree does not have, as those written by hand may be.
    #[must_use]
    pub fn beyond(&self, domain: &Domain) -> Vec<(Prefix, Stand)> {
        let all = self.stands();
        let known: BTreeSet<&Prefix> = domain.nodes.iter().map(|node| &node.prefix).collect();
        all.filter(|(prefix, _)| !known.contains(prefix)).map(|(prefix, stand)| (prefix.clone(), stand)).collect()
    }

    /// All that is said.
    fn stands(&self) -> impl Iterator<Item = (&Prefix, Stand)> {
        let all = [(&self.accepted, Stand::Accepted), (&self.refused, Stand::Refused), (&self.open, Stand::Open)];
        all.into_iter().flat_map(|(prefixes, stand)| prefixes.iter().map(move |prefix| (prefix, stand)))
    }

    fn forget(&mut self, prefix: &Prefix) {
        for prefixes in [&mut self.accepted, &mut self.refused, &mut self.open] {
            prefixes.remove(prefix);
        }
    }

    /// A name for this state of what is said: two states with one name are the same.
    #[must_use]
    pub fn version(&self) -> String {
        let mut text = format!("{}\n", self.settled);
        for (prefix, stand) in self.stands() {
            text.push_str(&format!("{stand:?} {prefix}\n"));
        }
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
    }

    /// The entry that says this.
    #[must_use]
    pub fn entry(&self, name: &str) -> Entry {
        Entry {
            name: name.to_owned(),
            accepted: self.accepted.iter().cloned().collect(),
            refused: self.refused.iter().cloned().collect(),
            open: self.open.iter().cloned().collect(),
            by: self.by.clone(),
            at: self.at.clone(),
            proposed: false,
        }
    }

    /// What is proposed for a domain: what a judge wrote into the file, else the cut of the analysis.
    #[must_use]
    pub fn proposed(&self, domain: &Domain) -> (BTreeSet<Prefix>, BTreeSet<Prefix>) {
        if let Some(entry) = &self.proposal {
            return (entry.accepted.iter().cloned().collect(), entry.refused.iter().cloned().collect());
        }
        let of = |wanted: Proposal| {
            let nodes = domain.nodes.iter().filter(|node| node.proposed == Some(wanted));
            nodes.map(|node| node.prefix.clone()).collect()
        };
        (of(Proposal::Accept), of(Proposal::Refuse))
    }

    /// What is said after an action; `None`: nothing any more.
    #[must_use]
    pub fn after(&self, action: &Action, domain: &Domain) -> Option<Self> {
        let mut said = Self { settled: true, ..self.clone() };
        match action {
            Action::Accept(prefix) => {
                said.forget(prefix);
                said.accepted.insert(prefix.clone());
                said.drop_repeats(prefix);
            }
            Action::Refuse(prefix) => {
                said.forget(prefix);
                said.refused.insert(prefix.clone());
                said.drop_repeats(prefix);
            }
            Action::Split(prefix) | Action::Clear(prefix) => {
                said.forget(prefix);
                let above = said.effective(prefix).is_some_and(|stand| stand != Stand::Open);
                if above && matches!(action, Action::Split(_)) {
                    said.open.insert(prefix.clone());
                }
                let nothing = said.stands().next().is_none();
                if !self.settled || (nothing && self.own(prefix).is_some()) {
                    return None;
                }
            }
            Action::Take => {
                let (accepted, refused) = self.proposed(domain);
                let open = |prefix: &Prefix| self.own(prefix).is_none();
                said.accepted.extend(accepted.into_iter().filter(open));
                said.refused.extend(refused.into_iter().filter(open));
            }
        }
        Some(said)
    }

    /// Takes out what is said again below a prefix that was just judged; exceptions to it stay.
    fn drop_repeats(&mut self, prefix: &Prefix) {
        let below = |other: &Prefix| other != prefix && around(other).any(|wider| wider == *prefix);
        let repeats = |said: &Self, other: &Prefix| {
            let above = around(other).skip(1).find_map(|wider| said.own(&wider));
            below(other) && above == said.own(other)
        };
        let again: Vec<Prefix> =
            self.stands().map(|(other, _)| other).filter(|other| repeats(self, other)).cloned().collect();
        again.iter().for_each(|prefix| self.forget(prefix));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tree::tests::domain;
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    fn wiki() -> Domain {
        domain(
            "example.org",
            &["/ 100 50 split", "/wiki 40 10 accept", "/wiki/talk 10 0 refuse", "/shop 20 0 refuse", "/tags 5 5"],
        )
    }

    /// Actions one after another, such as `+/wiki`, and what is said then.
    #[track_caller]
    fn check(actions: &[&str], want: Option<&str>, gain: u64) {
        let domain = wiki();
        let mut said = Said::default();
        for action in actions {
            let (kind, text) = action.split_at(1);
            let action = match kind {
                "+" => Action::Accept(prefix(text)),
                "-" => Action::Refuse(prefix(text)),
                "/" => Action::Split(prefix(&format!("/{text}"))),
                "0" => Action::Clear(prefix(text)),
                _ => Action::Take,
            };
            said = said.after(&action, &domain).unwrap_or_default();
        }
        let list = |prefixes: &BTreeSet<Prefix>| prefixes.iter().map(Prefix::as_str).collect::<Vec<_>>().join(" ");
        let found = format!("{} | {}", list(&said.accepted), list(&said.refused));
        assert_eq!(said.settled.then_some(found.as_str()), want, "{actions:?}");
        assert_eq!(said.gain(&domain).pages, gain, "{actions:?}");
    }

    #[test]
    fn actions_make_verdicts() {
        check(&["+/wiki"], Some("/wiki | "), 30);
        check(&["+/wiki", "-/wiki/talk"], Some("/wiki | /wiki/talk"), 20);
        check(&["+/wiki", "-/wiki"], Some(" | /wiki"), 0);
        check(&["-/"], Some(" | /"), 0);
        // An exception stays when what is around it is judged, a repetition goes.
        check(&["-/wiki/talk", "+/wiki", "+/"], Some("/ | /wiki/talk"), 40);
        check(&["+/wiki/talk", "-/wiki", "+/"], Some("/ /wiki/talk | /wiki"), 30);
        check(&["+/wiki", "0/wiki"], None, 0);
        check(&["+/wiki", "-/shop", "//wiki"], Some(" | /shop"), 0);
        check(&["+/", "//wiki", "+/wiki/talk"], Some("/ /wiki/talk | "), 50 - 30 + 10);
        check(&["+/", "//wiki", "+/"], Some("/ | "), 20);
        check(&["+/", "//wiki", "0/wiki"], Some("/ | "), 50);
        check(&["+/", "//"], None, 0);
        check(&["//"], None, 0);
        check(&["p"], Some("/wiki | /shop /wiki/talk"), 20);
    }

    #[test]
    fn a_judges_proposal_goes_before_that_of_the_analysis() {
        let text = "[[domain]]\nname = \"example.org\"\nprefixes = [\"/tags\"]\nproposed = true\n";
        let said = Said::of(&Annotations::parse(text, Path::new("a")).unwrap(), "example.org");
        assert!(!said.settled && said.accepted.is_empty());
        let taken = said.after(&Action::Take, &wiki()).unwrap();
        assert_eq!(taken.accepted, [prefix("/tags")].into());
        assert!(taken.settled);
    }

    #[test]
    fn entries_of_hosts_are_of_the_domain() {
        let text = "[[domain]]\nname = \"a.example.org\"\nprefixes = [\"/x\"]\n[[domain]]\nname = \"nexample.org\"\n";
        let said = Said::of(&Annotations::parse(text, Path::new("a")).unwrap(), "example.org");
        assert_eq!(said.accepted, [prefix("a.example.org/x")].into());
        assert_eq!(said.beyond(&wiki()), [(prefix("a.example.org/x"), Stand::Accepted)]);
    }

    #[test]
    fn versions_tell_states_apart() {
        let one = Said { accepted: [prefix("/a")].into(), settled: true, ..Said::default() };
        let other = Said { refused: [prefix("/a")].into(), settled: true, ..Said::default() };
        assert_ne!(one.version(), other.version());
        assert_ne!(Said::default().version(), Said { settled: true, ..Said::default() }.version());
        assert_eq!(one.version(), Said { by: Some("x".to_owned()), ..one.clone() }.version());
    }
}
