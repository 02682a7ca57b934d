//! Entries made from the proposed cuts, for `annotate = "auto"`: what a machine may say in a person's place.
//!
//! What is accepted gives the next classifier positives that nobody looked at, so only regions are accepted of which the
//! classifier collects most already: the bound of their share must reach `auto_share`. The rest under an accepted prefix
//! is left open, or refused where the cut says so.

use std::collections::BTreeMap;

use super::annotations::{Annotations, Entry, Verdict};
use super::bound;
use super::cut::{CutNode, CutRules, Proposal, Region, proposal, regions};
use super::tree::Node;

/// Who signs these entries.
pub const AUTO: &str = "auto";

/// The regions of a tree, and what is proposed for each node: only the topmost of a region has a proposal.
#[must_use]
pub fn propose(nodes: &[Node], rules: &CutRules) -> (Vec<Region>, Vec<Option<Proposal>>) {
    let cut: Vec<CutNode> = nodes.iter().map(|node| CutNode::new(node.parent, &node.figures)).collect();
    let regions = regions(&cut);
    let tops: BTreeMap<usize, Option<Proposal>> =
        regions.iter().map(|region| (region.top, proposal(region, rules))).collect();
    let proposals = (0..nodes.len()).map(|node| tops.get(&node).copied().flatten()).collect();
    (regions, proposals)
}

/// The entry of a domain, a proposal: where nothing is decided it accepts nothing.
#[must_use]
pub fn entry(domain: &str, nodes: &[Node], regions: &[Region], rules: &CutRules, auto_share: f64) -> Entry {
    let mut entry = Entry { name: domain.to_owned(), by: Some(AUTO.to_owned()), proposed: true, ..Entry::default() };
    let mut verdicts: BTreeMap<usize, Option<Verdict>> = BTreeMap::new();
    for region in regions {
        let sure = bound::lower(region.collected, region.pages, rules.confidence) >= auto_share;
        let verdict = match proposal(region, rules) {
            Some(Proposal::Accept) if sure => Some(Verdict::Accepted),
            Some(Proposal::Refuse) => Some(Verdict::Refused),
            _ => None,
        };
        // What the prefixes above say of it: the verdict of the nearest one.
        let mut above = nodes[region.top].parent;
        let inherited = loop {
            match above {
                None => break None,
                Some(node) => match verdicts.get(&node) {
                    Some(verdict) => break *verdict,
                    None => above = nodes[node].parent,
                },
            }
        };
        verdicts.insert(region.top, verdict);
        if verdict == inherited {
            continue;
        }
        let prefix = nodes[region.top].prefix.clone();
        match verdict {
            Some(Verdict::Accepted) => entry.accepted.push(prefix),
            Some(Verdict::Refused) => entry.refused.push(prefix),
            None => entry.open.push(prefix),
        }
    }
    entry
}

/// The verdict on a page and the prefix that it comes from. Only domains for which `applies` holds have any: by default
/// the mathematical ones of the round, which are those that a person would have been shown.
#[must_use]
pub fn verdict<'a>(
    annotations: &'a Annotations,
    applies: impl Fn(&str) -> bool,
    domain: &str,
    host: &str,
    path_and_query: &str,
) -> Option<(Verdict, &'a str)> {
    if applies(domain) { annotations.of(domain, host, path_and_query) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::figures::Figures;
    use crate::domains::picks::Picks;

    fn node(prefix: &str, parent: Option<usize>, pages: u64, collected: u64) -> Node {
        let figures = Figures { pages, collected, ..Figures::default() };
        Node { prefix: prefix.parse().unwrap(), depth: 0, parent, figures, picks: Picks::default() }
    }

    const RULES: CutRules = CutRules { accept_share: 0.5, refuse_share: 0.1, confidence: 0.9 };

    #[track_caller]
    fn check(nodes: &[Node], accepted: &[&str], refused: &[&str], open: &[&str]) {
        let (regions, _) = propose(nodes, &RULES);
        let entry = entry("a.org", nodes, &regions, &RULES, 0.8);
        let texts = |prefixes: &[crate::domains::prefix::Prefix]| -> Vec<String> {
            prefixes.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            (texts(&entry.accepted), texts(&entry.refused), texts(&entry.open)),
            (
                accepted.iter().map(ToString::to_string).collect(),
                refused.iter().map(ToString::to_string).collect(),
                open.iter().map(ToString::to_string).collect(),
            )
        );
        assert!(entry.proposed && entry.by.as_deref() == Some("auto"));
    }

    #[test]
    fn only_what_is_nearly_all_collected_is_accepted() {
        check(&[node("/", None, 100, 95)], &["/"], &[], &[]);
        check(&[node("/", None, 100, 70)], &[], &[], &[]);
        check(&[node("/", None, 3, 3)], &[], &[], &[]);
        check(&[node("/", None, 100, 1)], &[], &["/"], &[]);
    }

    #[test]
    fn what_is_not_sure_below_an_accepted_prefix_is_left_open() {
        let nodes = [
            node("/", None, 400, 320),
            node("/b", Some(0), 100, 1),
            node("/m", Some(0), 100, 40),
            node("/p", Some(0), 200, 199),
        ];
        check(&nodes, &["/p"], &["/b"], &[]);
        let nodes = [
            node("/", None, 1000, 840),
            node("/b", Some(0), 100, 1),
            node("/m", Some(0), 100, 40),
            node("/p", Some(0), 200, 199),
        ];
        check(&nodes, &["/"], &["/b"], &["/m"]);
    }

    #[test]
    fn a_verdict_holds_where_it_applies() {
        let mut annotations = Annotations::default();
        let nodes = [node("/", None, 100, 95)];
        let (regions, _) = propose(&nodes, &RULES);
        annotations.insert(entry("a.org", &nodes, &regions, &RULES, 0.8));
        assert_eq!(verdict(&annotations, |_| true, "a.org", "a.org", "/x"), None);
        let annotations = annotations.with_proposals();
        assert_eq!(verdict(&annotations, |_| true, "a.org", "a.org", "/x"), Some((Verdict::Accepted, "/")));
        assert_eq!(verdict(&annotations, |domain| domain != "a.org", "a.org", "a.org", "/x"), None);
    }
}
