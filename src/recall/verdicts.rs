//! The verdicts that hold for a round.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::Xxh3;

use crate::dedup::url::address;
use crate::domains::annotations::{Annotations, Entry, Verdict};
use crate::domains::prefix::{Place, Prefix};
use crate::task::Input;

/// The verdicts that hold for a round: proposals are left out, and domains that are not math-related where asked.
#[derive(Clone, Debug, Default)]
pub struct Verdicts {
    annotations: Annotations,
    input: String,
}

impl Verdicts {
    /// Of `annotations`, those on the domains `within`, or all.
    #[must_use]
    pub fn of(annotations: &Annotations, within: Option<&BTreeSet<String>>) -> Self {
        let domain = |entry: &Entry| address(&format!("https://{}/", entry.name)).map(|address| address.domain);
        let holds = |entry: &&Entry| {
            !entry.proposed && within.is_none_or(|within| domain(entry).is_some_and(|domain| within.contains(&domain)))
        };
        let (mut kept, mut hash) = (Annotations::default(), Xxh3::new());
        for entry in annotations.entries().filter(holds) {
            // Who said it and when is no matter.
            hash.update(format!("{}\n", entry.name).as_bytes());
            for (verdict, prefixes) in [("+", &entry.accepted), ("-", &entry.refused), ("?", &entry.open)] {
                let mut prefixes: Vec<&str> = prefixes.iter().map(Prefix::as_str).collect();
                prefixes.sort_unstable();
                prefixes.iter().for_each(|prefix| hash.update(format!("{verdict}{prefix}\n").as_bytes()));
            }
            kept.insert(entry.clone());
        }
        Self { annotations: kept, input: format!("{:032x}", hash.digest128()) }
    }

    /// What a task that applies them reads.
    #[must_use]
    pub fn input(&self) -> Input {
        Input::Ours(self.input.clone())
    }

    /// The verdict on a page and the prefix that it comes from.
    #[must_use]
    pub fn on(&self, domain: &str, url: &str) -> Option<(Verdict, &str)> {
        if !self.annotations.settled(domain) {
            return None;
        }
        self.annotations.of_place(domain, &Place::of(url)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn verdicts_hold_where_they_are_asked_for() {
        let text = "[[domain]]\nname = \"a.org\"\nprefixes = [\"/x\"]\nby = \"NAME\"\n[[domain]]\nname = \"b.org\"\n\
                    prefixes = [\"/\"]\n[[domain]]\nname = \"c.org\"\nprefixes = [\"/\"]\nproposed = true\n";
        let parse = |text: &str| Annotations::parse(text, Path::new("a.toml")).unwrap();
        let annotations = parse(text);
        let within = BTreeSet::from(["a.org".to_owned(), "c.org".to_owned()]);
        let all = Verdicts::of(&annotations, None);
        let some = Verdicts::of(&annotations, Some(&within));
        let said = |verdicts: &Verdicts, domain: &str| {
            verdicts.on(domain, &format!("https://{domain}/x/y")).map(|(verdict, _)| verdict)
        };
        assert_eq!(["a.org", "b.org", "c.org"].map(|d| said(&all, d).is_some()), [true, true, false]);
        assert_eq!(["a.org", "b.org", "c.org"].map(|d| said(&some, d).is_some()), [true, false, false]);
        let input = |verdicts: &Verdicts| verdicts.input.clone();
        assert_ne!(input(&all), input(&some));
        assert_eq!(input(&all), input(&Verdicts::of(&parse(&text.replace("NAME", "other")), None)));
        for change in ["\"/y\"", "\"/x\"]\nopen = [\"/x/z\""] {
            assert_ne!(
                input(&all),
                input(&Verdicts::of(&parse(&text.replacen("\"/x\"", change, 1)), None)),
                "{change}"
            );
        }
    }
}
