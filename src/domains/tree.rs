//! The tree of a domain's URLs: hosts, segments of the path, keys of the query, each with what is counted of its pages.
//!
//! Pages come sorted by host, then path, then query, so that all pages below a prefix come in one run: what is held is
//! the open path of prefixes and what is kept. A prefix of fewer than `pages_min` pages is no node of its own, its pages
//! are its parent's; of more than `nodes_max` nodes the largest stay, and no node without the one above it.

use super::figures::{Counted, Figures};
use super::keys::{Keys, Visit};
use super::picks::{Picks, draw};
use super::prefix::{Key, Prefix};

/// How large a tree may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeRules {
    /// Least pages of a node.
    pub pages_min: u64,
    /// Nodes at most.
    pub nodes_max: usize,
    /// Segments of a path at most; longer ones belong to their first so many.
    pub depth_max: usize,
    /// Least values of a key that routes.
    pub key_values_min: usize,
    /// Pages sampled of a node.
    pub samples: usize,
    /// Seed of the samples.
    pub seed: u64,
}

/// A page of a domain.
#[derive(Clone, Copy, Debug)]
pub struct UrlRow<'a> {
    /// Its host, without `www.`.
    pub host: &'a str,
    /// Its path as [`path_key`] spells it.
    pub path: &'a str,
    /// Its query, normalised.
    pub query: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Where it is; `None`: it was rejected.
    pub page: Option<u64>,
    /// What counts of it.
    pub counted: Counted,
}

/// A node of the finished tree; parents stand before their children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its prefix.
    pub prefix: Prefix,
    /// Steps from the domain.
    pub depth: usize,
    /// The node above it; `None` of the domain's own.
    pub parent: Option<usize>,
    /// What is counted of all pages below it.
    pub figures: Figures,
    /// A sample of them.
    pub picks: Picks,
}

/// A separator that sorts before all that a path may hold, so that what is below a prefix follows it at once: as a text
/// `/a-b` stands between `/a` and `/a/b`.
const SEPARATOR: char = '\u{1}';

/// A normalised path in a spelling whose order is that of the tree.
#[must_use]
pub fn path_key(path: &str) -> String {
    path.trim_matches('/').chars().map(|c| if c == '/' { SEPARATOR } else { c }).collect()
}

/// The part of a path below which two nodes differ: shared whole segments, in bytes, and their number.
fn shared(a: &str, b: &str) -> (usize, usize) {
    let (mut bytes, mut segments) = (0, 0);
    for (left, right) in a.split(SEPARATOR).zip(b.split(SEPARATOR)) {
        if left != right || left.is_empty() {
            break;
        }
        bytes += left.len() + usize::from(segments > 0);
        segments += 1;
    }
    (bytes, segments)
}

/// A node whose pages still come.
struct Open {
    order: u32,
    /// Where its path ends in the path of the row.
    end: usize,
    figures: Figures,
    picks: Picks,
}

/// What a kept node is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Domain,
    Host,
    Path,
}

struct Closed {
    order: u32,
    parent: Option<u32>,
    kind: Kind,
    depth: usize,
    host: String,
    path: String,
    key: Option<String>,
    figures: Figures,
    picks: Picks,
}

/// Builds the tree of one domain from its sorted pages.
pub struct TreeBuilder {
    rules: TreeRules,
    host: Option<String>,
    /// The path of the last row.
    path: String,
    /// Hosts seen.
    hosts: usize,
    /// Domain, host, segments: those of the last row.
    open: Vec<Open>,
    keys: Keys,
    closed: Vec<Closed>,
    next: u32,
}

impl TreeBuilder {
    /// An empty tree.
    #[must_use]
    pub fn new(rules: TreeRules) -> Self {
        let root = Open { order: 0, end: 0, figures: Figures::default(), picks: Picks::default() };
        let (host, path, keys) = (None, String::new(), Keys::default());
        Self { rules, host, path, hosts: 0, open: vec![root], keys, closed: Vec::new(), next: 1 }
    }

    fn begin(&mut self, end: usize) {
        let order = self.next;
        self.next += 1;
        self.open.push(Open { order, end, figures: Figures::default(), picks: Picks::default() });
    }

    /// Ends the path of the last row: its keys become nodes.
    fn end_path(&mut self) {
        let routes = self.keys.take(self.rules.key_values_min);
        let Some(parent) = self.open.last().map(|open| (open.order, open.end)) else { return };
        for (key, (figures, picks)) in routes {
            let order = self.next;
            self.next += 1;
            if figures.pages >= self.rules.pages_min {
                let (depth, path) = (self.open.len(), self.path[..parent.1].to_owned());
                let host = self.host.clone().unwrap_or_default();
                let key = Some(key);
                let kind = Kind::Path;
                self.keep(Closed { order, parent: Some(parent.0), kind, depth, host, path, key, figures, picks });
            }
        }
    }

    /// Ends the innermost open node.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let depth = self.open.len();
        let parent = self.open.last_mut().map(|parent| {
            parent.figures.add(&open.figures);
            parent.picks.merge(&open.picks, self.rules.samples);
            parent.order
        });
        if open.figures.pages < self.rules.pages_min && depth > 0 {
            return;
        }
        let kind = match depth {
            0 => Kind::Domain,
            1 => Kind::Host,
            _ => Kind::Path,
        };
        let host = if depth == 0 { String::new() } else { self.host.clone().unwrap_or_default() };
        let path = self.path[..open.end].to_owned();
        let Open { order, figures, picks, .. } = open;
        self.keep(Closed { order, parent, kind, depth, host, path, key: None, figures, picks });
    }

    fn keep(&mut self, node: Closed) {
        self.closed.push(node);
        if self.closed.len() >= self.rules.nodes_max * 2 + 64 {
            self.prune();
        }
    }

    /// Keeps the largest nodes, at equal size those that come first: a node comes after those above it, which are no
    /// smaller, so none stays without them.
    fn prune(&mut self) {
        if self.closed.len() > self.rules.nodes_max {
            let by = |node: &Closed| (std::cmp::Reverse(node.figures.pages), node.order);
            self.closed.select_nth_unstable_by_key(self.rules.nodes_max, by);
            self.closed.truncate(self.rules.nodes_max);
        }
    }

    /// Takes the next page.
    pub fn push(&mut self, row: &UrlRow<'_>) {
        if self.host.as_deref() != Some(row.host) {
            self.end_path();
            while self.open.len() > 1 {
                self.close();
            }
            self.host = Some(row.host.to_owned());
            self.hosts += 1;
            self.path.clear();
            self.begin(0);
        }
        if self.path != row.path {
            self.end_path();
            let (_, segments) = shared(&self.path, row.path);
            while self.open.len() > 2 + segments.min(self.rules.depth_max) {
                self.close();
            }
            self.path.clear();
            self.path.push_str(row.path);
            let mut end = self.open.last().map_or(0, |open| open.end);
            while end < row.path.len() && self.open.len() < 2 + self.rules.depth_max {
                let from = if end == 0 { 0 } else { end + 1 };
                end = row.path[from..].find(SEPARATOR).map_or(row.path.len(), |at| from + at);
                self.begin(end);
            }
        }
        let samples = self.rules.samples;
        let draw = if samples > 0 { draw(row.id, self.rules.seed) } else { 0 };
        let visit = Visit { counted: row.counted, draw, page: row.page, picks: samples };
        if let Some(open) = self.open.last_mut() {
            visit.count(&mut open.figures, &mut open.picks);
            if open.end == row.path.len() {
                self.keys.visit(row.query, &visit);
            }
        }
    }

    /// The tree, parents before their children.
    #[must_use]
    pub fn finish(mut self) -> Vec<Node> {
        self.end_path();
        while !self.open.is_empty() {
            self.close();
        }
        self.prune();
        self.closed.sort_unstable_by_key(|node| node.order);
        // The host of a domain that has no other says nothing.
        let single = self.hosts <= 1;
        let mut nodes: Vec<Node> = Vec::new();
        let mut places: Vec<(u32, usize)> = Vec::new();
        for node in self.closed {
            let place = |order: u32| {
                let at = places.binary_search_by_key(&order, |place| place.0).ok()?;
                Some(places[at].1)
            };
            if single && node.kind == Kind::Host {
                places.push((node.order, 0));
                continue;
            }
            let parent = node.parent.and_then(place);
            let path = format!("/{}", node.path.replace(SEPARATOR, "/"));
            let host = (!single && node.kind != Kind::Domain).then_some(node.host.as_str());
            let prefix = Prefix::new(host, &path, node.key.map(|name| Key { name, value: None }));
            let depth = node.depth - usize::from(single && node.depth > 0);
            places.push((node.order, nodes.len()));
            nodes.push(Node { prefix, depth, parent, figures: node.figures, picks: node.picks });
        }
        nodes
    }
}

#[cfg(test)]
mod tests;
