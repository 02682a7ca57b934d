//! A domain as the annotator sees it: the tree of its prefixes, with what lies under each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Add, AddAssign};

use crate::domains::cut::Proposal;
use crate::domains::prefix::{Key, Prefix, segments};

/// What lies under a prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Pages seen.
    pub pages: u64,
    /// Pages collected.
    pub collected: u64,
    /// Tokens of the pages.
    pub tokens: u64,
    /// Tokens of the pages collected.
    pub collected_tokens: u64,
    /// Mean score of the pages.
    pub mean_score: f64,
    /// The share collected, by the denominator that the configuration asks for.
    pub share: f64,
}

impl Figures {
    /// What is not collected.
    #[must_use]
    pub fn uncollected(&self) -> Gain {
        Gain {
            pages: self.pages.saturating_sub(self.collected),
            tokens: self.tokens.saturating_sub(self.collected_tokens),
        }
    }
}

/// Uncollected pages and their tokens: what accepting a prefix brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gain {
    /// Their tokens.
    pub tokens: u64,
    /// Pages.
    pub pages: u64,
}

impl Gain {
    fn less(self, other: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(other.tokens), pages: self.pages.saturating_sub(other.pages) }
    }
}

impl Add for Gain {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { tokens: self.tokens + other.tokens, pages: self.pages + other.pages }
    }
}

impl AddAssign for Gain {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Gain {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// A row of the table of prefixes.
#[derive(Clone, Debug)]
pub struct PrefixRow {
    /// The prefix.
    pub prefix: Prefix,
    /// What lies under it.
    pub figures: Figures,
    /// What the analysis proposes.
    pub proposed: Option<Proposal>,
}

/// A prefix in the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The prefix.
    pub prefix: Prefix,
    /// What lies under it, its parts included.
    pub figures: Figures,
    /// What the analysis proposes.
    pub proposed: Option<Proposal>,
    /// The prefix around it; `None` of the root.
    pub parent: Option<usize>,
    /// The prefixes directly below, those with the most pages first.
    pub children: Vec<usize>,
    /// Steps from the root.
    pub depth: usize,
    /// What is uncollected under it and under none of its parts.
    pub rest: Gain,
}

/// A domain with its prefixes.
#[derive(Clone, Debug)]
pub struct Domain {
    /// The registrable domain.
    pub name: String,
    /// All of it.
    pub figures: Figures,
    /// Its hosts.
    pub hosts: u64,
    /// The tree, each node after its parent and before its next sibling; the first is the root, `/`.
    pub nodes: Vec<Node>,
}

/// The prefixes that cover a prefix, itself first, the longest first: those of its host, then those of any.
pub fn around(prefix: &Prefix) -> impl Iterator<Item = Prefix> {
    let any = prefix.host().map(|_| Prefix::new(None, prefix.path(), prefix.key().cloned()));
    std::iter::successors(Some(prefix.clone()), wider).chain(std::iter::successors(any, wider))
}

/// The longest prefix of the same host that covers more than this one.
fn wider(prefix: &Prefix) -> Option<Prefix> {
    if let Some(Key { name, value }) = prefix.key() {
        let key = value.as_ref().map(|_| Key { name: name.clone(), value: None });
        return Some(Prefix::new(prefix.host(), prefix.path(), key));
    }
    let parts: Vec<&str> = segments(prefix.path()).collect();
    let (_, above) = parts.split_last()?;
    Some(Prefix::new(prefix.host(), &format!("/{}", above.join("/")), None))
}

impl Domain {
    /// The tree of these prefixes. A root is added where there is none; of equal prefixes the first stays.
    #[must_use]
    pub fn new(name: &str, figures: Figures, hosts: u64, rows: Vec<PrefixRow>) -> Self {
        let mut by_prefix: BTreeMap<Prefix, PrefixRow> = BTreeMap::new();
        for row in rows {
            by_prefix.entry(row.prefix.clone()).or_insert(row);
        }
        let root = Prefix::new(None, "/", None);
        by_prefix.entry(root.clone()).or_insert(PrefixRow { prefix: root.clone(), figures, proposed: None });
        let mut below: BTreeMap<Prefix, Vec<Prefix>> = BTreeMap::new();
        for prefix in by_prefix.keys() {
            if let Some(parent) = around(prefix).skip(1).find(|wider| by_prefix.contains_key(wider)) {
                below.entry(parent).or_default().push(prefix.clone());
            }
        }
        for children in below.values_mut() {
            children.sort_by(|a, b| by_prefix[b].figures.pages.cmp(&by_prefix[a].figures.pages).then(a.cmp(b)));
        }
        let mut nodes: Vec<Node> = Vec::with_capacity(by_prefix.len());
        // Depth is that of paths, which is unbounded: a stack of our own, not the program's.
        let mut open = vec![(root, None)];
        while let Some((prefix, parent)) = open.pop() {
            let Some(PrefixRow { figures, proposed, .. }) = by_prefix.remove(&prefix) else { continue };
            let (at, depth) = (nodes.len(), parent.map_or(0, |parent: usize| nodes[parent].depth + 1));
            if let Some(parent) = parent {
                nodes[parent].children.push(at);
            }
            open.extend(below.remove(&prefix).unwrap_or_default().into_iter().rev().map(|child| (child, Some(at))));
            let rest = figures.uncollected();
            nodes.push(Node { prefix, figures, proposed, parent, children: Vec::new(), depth, rest });
        }
        for at in 0..nodes.len() {
            let parts: Gain = nodes[at].children.iter().map(|child| nodes[*child].figures.uncollected()).sum();
            nodes[at].rest = nodes[at].rest.less(parts);
        }
        Self { name: name.to_owned(), figures, hosts, nodes }
    }

    /// The node of a prefix.
    #[must_use]
    pub fn node(&self, prefix: &Prefix) -> Option<usize> {
        self.nodes.iter().position(|node| node.prefix == *prefix)
    }

    /// What each node comes to when each is given a value, or takes that of the node around it.
    pub fn inherit<T: Clone>(&self, own: impl Fn(&Node) -> Option<T>) -> Vec<Option<T>> {
        let mut found: Vec<Option<T>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = own(node).or_else(|| node.parent.and_then(|parent| found[parent].clone()));
            found.push(value);
        }
        found
    }

    /// The nodes at which the analysis takes sides, that are below no other such node.
    #[must_use]
    pub fn cut(&self) -> BTreeSet<usize> {
        let sides = |at: usize| matches!(self.nodes[at].proposed, Some(Proposal::Accept | Proposal::Refuse));
        let mut found = BTreeSet::new();
        let mut below = vec![false; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            below[at] = node.parent.is_some_and(|parent| below[parent] || sides(parent));
            if sides(at) && !below[at] {
                found.insert(at);
            }
        }
        found
    }

    /// What accepting as proposed brings; all that is uncollected where nothing is proposed.
    #[must_use]
    pub fn expected(&self) -> Gain {
        if self.nodes.iter().all(|node| node.proposed.is_none()) {
            return self.figures.uncollected();
        }
        let taken = self.inherit(|node| node.proposed);
        let accepted = self.nodes.iter().zip(taken).filter(|(_, side)| *side == Some(Proposal::Accept));
        accepted.map(|(node, _)| node.rest).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::annotate) fn figures(pages: u64, collected: u64) -> Figures {
        Figures {
            pages,
            collected,
            tokens: pages * 100,
            collected_tokens: collected * 100,
            mean_score: 0.5,
            share: collected as f64 / pages.max(1) as f64,
        }
    }

    /// A domain from rows such as `/wiki 40 10 accept`.
    pub(in crate::annotate) fn domain(name: &str, rows: &[&str]) -> Domain {
        let rows: Vec<PrefixRow> = rows
            .iter()
            .map(|row| {
                let parts: Vec<&str> = row.split(' ').collect();
                PrefixRow {
                    prefix: parts[0].parse().unwrap(),
                    figures: figures(parts[1].parse().unwrap(), parts[2].parse().unwrap()),
                    proposed: parts.get(3).and_then(|name| Proposal::named(name)),
                }
            })
            .collect();
        let all = rows.iter().find(|row| row.prefix.as_str() == "/").map_or(figures(0, 0), |row| row.figures);
        Domain::new(name, all, 1, rows)
    }

    #[test]
    fn the_tree_follows_paths_keys_and_hosts() {
        let domain = domain(
            "example.org",
            &["/wiki/a 5 1", "/ 100 50", "/wiki 40 10", "m.example.org/ 20 3", "m.example.org/x/y 2 0", "/i.php?t 9 9"],
        );
        let lines: Vec<String> =
            domain.nodes.iter().map(|node| format!("{}{}", " ".repeat(node.depth), node.prefix)).collect();
        assert_eq!(lines, ["/", " /wiki", "  /wiki/a", " m.example.org/", "  m.example.org/x/y", " /i.php?t"]);
        assert_eq!(domain.nodes[0].rest.pages, 50 - 30 - 17);
        assert_eq!(domain.nodes[1].rest, Gain { pages: 26, tokens: 2600 });
    }

    #[test]
    fn a_root_is_there_and_prefixes_may_skip_levels() {
        let domain = domain("example.org", &["/a/b/c 3 1", "/a 4 1"]);
        assert_eq!(domain.nodes[0].prefix.as_str(), "/");
        assert_eq!(domain.nodes[2].parent, Some(1));
    }

    #[test]
    fn what_is_proposed_is_what_is_expected() {
        let rows = ["/ 100 50 split", "/wiki 40 10 accept", "/wiki/talk 10 0 refuse", "/shop 30 0 refuse"];
        let domain = domain("example.org", &rows);
        assert_eq!(domain.expected().pages, 30 - 10);
        let cut: Vec<&str> = domain.cut().into_iter().map(|at| domain.nodes[at].prefix.as_str()).collect();
        assert_eq!(cut, ["/wiki", "/shop"]);
        assert_eq!(super::tests::domain("example.org", &["/ 100 50"]).expected().pages, 50);
    }

    #[test]
    fn a_path_of_any_depth_is_no_danger() {
        let deep = format!("/{} 3 1", "a/".repeat(3000));
        assert_eq!(domain("example.org", &["/ 9 1", &deep]).nodes.len(), 2);
        let many: Vec<String> = (0..20_000).map(|i| format!("/p{i} 3 1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(domain("example.org", &many).nodes.len(), 20_001);
    }
}
