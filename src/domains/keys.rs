//! Which key of a query routes: `/index.php?topic=5` is another page than `/index.php?topic=6`, `?lang=en` is not.
//!
//! Decided by the data: a key routes where pages of one path have many values of it. Pages are gathered by the names of
//! their keys, so that what is held does not grow with them; at the end of the path each group goes to the one of its
//! keys that has the most values. So the nodes of keys share no page.

use std::collections::{BTreeMap, BTreeSet};

use xxhash_rust::xxh3::xxh3_64;

use super::figures::{Counted, Figures};
use super::picks::Picks;

/// Names of keys that are looked at in a query.
const KEYS_MAX: usize = 6;
/// Sets of names that are told apart on one path.
const GROUPS_MAX: usize = 64;
/// Values of a key that are told apart, for the comparison of keys.
const VALUES_MAX: usize = 512;

/// Pages with the same names of keys.
#[derive(Default)]
struct Group {
    figures: Figures,
    picks: Picks,
    /// The values of each name, by their hashes.
    values: Vec<BTreeSet<u64>>,
}

/// The queries of one path.
#[derive(Default)]
pub(super) struct Keys {
    groups: BTreeMap<String, Group>,
    names: String,
}

/// A page to count: what counts of it, how it is drawn, and where it is (`None`: it was rejected).
#[derive(Clone, Copy)]
pub(super) struct Visit {
    pub counted: Counted,
    pub draw: u64,
    pub page: Option<u64>,
    pub picks: usize,
}

impl Visit {
    pub(super) fn count(&self, figures: &mut Figures, picks: &mut Picks) {
        figures.count(self.counted);
        if let Some(page) = self.page {
            picks.offer(self.counted.collected, self.draw, page, self.picks);
        }
    }
}

impl Keys {
    pub(super) fn visit(&mut self, query: &str, visit: &Visit) {
        if query.is_empty() {
            return;
        }
        let parameters = || {
            let parts = query.split('&').take(KEYS_MAX);
            parts.map(|part| part.split_once('=').unwrap_or((part, "")))
        };
        self.names.clear();
        for (name, _) in parameters() {
            if !self.names.is_empty() {
                self.names.push('&');
            }
            self.names.push_str(name);
        }
        if !self.groups.contains_key(self.names.as_str()) {
            if self.groups.len() >= GROUPS_MAX {
                return;
            }
            self.groups.insert(self.names.clone(), Group::default());
        }
        let Some(group) = self.groups.get_mut(self.names.as_str()) else { return };
        visit.count(&mut group.figures, &mut group.picks);
        for (n, (_, value)) in parameters().enumerate() {
            if group.values.len() <= n {
                group.values.push(BTreeSet::new());
            }
            if group.values[n].len() < VALUES_MAX {
                group.values[n].insert(xxh3_64(value.as_bytes()));
            }
        }
    }

    /// The keys that route, those with `values_min` values or more, with the pages that each takes; leaves none behind.
    pub(super) fn take(&mut self, values_min: usize) -> BTreeMap<String, (Figures, Picks)> {
        let groups = std::mem::take(&mut self.groups);
        let mut values: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for (names, group) in &groups {
            for (name, found) in names.split('&').zip(&group.values) {
                values.entry(name).or_default().extend(found);
            }
        }
        let mut routes: BTreeMap<String, (Figures, Picks)> = BTreeMap::new();
        for (names, group) in &groups {
            let routing = names.split('&').filter(|name| values[name].len() >= values_min && !name.is_empty());
            let Some(key) = routing.max_by_key(|name| (values[name].len(), std::cmp::Reverse(*name))) else { continue };
            let (figures, picks) = routes.entry(key.to_owned()).or_default();
            figures.add(&group.figures);
            picks.merge(&group.picks, usize::MAX);
        }
        routes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(queries: &[String], want: &[(&str, u64)]) {
        let mut keys = Keys::default();
        let counted = Counted { collected: true, tokens: 1, score: None };
        for query in queries {
            keys.visit(query, &Visit { counted, draw: 1, page: None, picks: 2 });
        }
        let routes = keys.take(5);
        let found: Vec<(&str, u64)> = routes.iter().map(|(key, (figures, _))| (key.as_str(), figures.pages)).collect();
        assert_eq!(found, want);
        assert!(keys.take(1).is_empty());
    }

    #[test]
    fn a_key_with_many_values_routes() {
        let topics = (0..20).map(|n| format!("topic={n}"));
        let languages = (0..20).map(|n| format!("lang={}", n % 2));
        check(&topics.clone().chain(languages).collect::<Vec<_>>(), &[("topic", 20)]);
        // Of several the one with the most values.
        let both = (0..20).map(|n| format!("f={}&t={n}", n % 6));
        let forums = (0..6).map(|n| format!("f={n}"));
        check(&both.chain(forums).collect::<Vec<_>>(), &[("f", 6), ("t", 20)]);
        let pages = topics.map(|topic| format!("action=print&{topic}"));
        check(&pages.collect::<Vec<_>>(), &[("topic", 20)]);
        check(&["a".to_owned(), "=3".to_owned(), "&".to_owned()], &[]);
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_pages() {
        let names = (0..1000).map(|n| format!("k{n}={n}"));
        let values = (0..10_000).map(|n| format!("k1={n}"));
        let mut keys = Keys::default();
        let counted = Counted { collected: true, tokens: 1, score: None };
        for query in names.chain(values) {
            keys.visit(&query, &Visit { counted, draw: 1, page: None, picks: 2 });
        }
        assert!(keys.groups.len() <= GROUPS_MAX);
        assert!(keys.groups.values().all(|group| group.values.iter().all(|values| values.len() <= VALUES_MAX)));
    }
}
