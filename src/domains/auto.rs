//! Entries made from the proposed cuts, for `annotate = "auto"`: what a machine may say in a person's place.
//!
//! The pages of an accepted prefix that are not collected become positives of the next classifier, and nobody looks at
//! them. So a region is accepted only if it is mathematical by itself, the bound of its collected share reaching
//! `auto_share`, and if the very pages that would come are likely mathematics: the mean score of those that are not
//! collected must reach `auto_score`. The collected share alone says little of them: of a prefix of which three quarters
//! are collected the rest may well be its index pages. What else lies under an accepted prefix is left open, or refused
//! where the cut says so.

use std::collections::BTreeMap;

use super::annotations::{Annotations, Entry, Verdict};
use super::bound;
use super::cut::{CutNode, CutRules, Proposal, Region, proposal, regions};
use super::figures::Figures;
use super::tree::Node;

/// Who signs these entries.
pub const AUTO: &str = "auto";

/// The regions of a tree, and what is proposed for each node: only the topmost of a region has a proposal. A region of
/// which nothing can be said, below one that is accepted or refused, is split from it: a person should look.
#[must_use]
pub fn propose(nodes: &[Node], rules: &CutRules) -> (Vec<Region>, Vec<Option<Proposal>>) {
    let cut: Vec<CutNode> = nodes.iter().map(|node| CutNode::new(node.parent, &node.figures)).collect();
    let regions = regions(&cut);
    let mut tops: BTreeMap<usize, Option<Proposal>> = BTreeMap::new();
    for region in &regions {
        let mut above = std::iter::successors(nodes[region.top].parent, |node| nodes[*node].parent);
        let inherited = above.find_map(|node| tops.get(&node)).copied().flatten();
        let decided = matches!(inherited, Some(Proposal::Accept | Proposal::Refuse));
        tops.insert(region.top, proposal(region, rules).or(decided.then_some(Proposal::Split)));
    }
    let proposals = (0..nodes.len()).map(|node| tops.get(&node).copied().flatten()).collect();
    (regions, proposals)
}

/// What the machine accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AutoRules {
    /// The cut's.
    pub cut: CutRules,
    /// Least lower bound of a region's collected share.
    pub auto_share: f64,
    /// Least mean score of a region's pages that are not collected.
    pub auto_score: f64,
}

/// The figures of each region: those of its top without those of the regions below.
fn figures(nodes: &[Node], regions: &[Region]) -> Vec<Figures> {
    let places: BTreeMap<usize, usize> = regions.iter().enumerate().map(|(n, region)| (region.top, n)).collect();
    let mut found: Vec<Figures> = regions.iter().map(|region| nodes[region.top].figures).collect();
    for region in regions {
        let mut above = nodes[region.top].parent;
        while let Some(node) = above {
            if let Some(place) = places.get(&node) {
                found[*place].take_away(&nodes[region.top].figures);
                break;
            }
            above = nodes[node].parent;
        }
    }
    found
}

/// The entry of a domain, a proposal: where nothing is decided it accepts nothing.
#[must_use]
pub fn entry(domain: &str, nodes: &[Node], regions: &[Region], rules: &AutoRules) -> Entry {
    let mut entry = Entry { name: domain.to_owned(), by: Some(AUTO.to_owned()), proposed: true, ..Entry::default() };
    let mut verdicts: BTreeMap<usize, Option<Verdict>> = BTreeMap::new();
    for (region, figures) in regions.iter().zip(figures(nodes, regions)) {
        let likely = figures.uncollected_score().is_none_or(|score| score >= rules.auto_score);
        let collected = bound::lower(figures.collected, figures.pages, rules.cut.confidence);
        let sure = likely && collected >= rules.auto_share;
        let verdict = match proposal(region, &rules.cut) {
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
    use crate::domains::figures::SCORE_UNIT;
    use crate::domains::picks::Picks;

    /// A node whose collected pages have a score of 1, the others one of `score`.
    fn node(prefix: &str, parent: Option<usize>, pages: u64, collected: u64, score: f64) -> Node {
        let collected_score_units = (collected << 30).cast_signed();
        let score_units = collected_score_units + ((pages - collected) as f64 * score * SCORE_UNIT) as i64;
        let scored = pages;
        let figures = Figures { pages, collected, scored, score_units, collected_score_units, ..Figures::default() };
        Node { prefix: prefix.parse().unwrap(), depth: 0, parent, figures, picks: Picks::default() }
    }

    const CUT: CutRules = CutRules { accept_share: 0.5, refuse_share: 0.1, confidence: 0.9 };
    const RULES: AutoRules = AutoRules { cut: CUT, auto_share: 0.2, auto_score: 0.6 };

    #[track_caller]
    fn check(nodes: &[Node], accepted: &[&str], refused: &[&str], open: &[&str]) {
        let (regions, _) = propose(nodes, &CUT);
        let entry = entry("a.org", nodes, &regions, &RULES);
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
    fn only_what_is_likely_mathematics_is_accepted() {
        check(&[node("/", None, 100, 70, 0.9)], &["/"], &[], &[]);
        // The rest is something else, or too little is collected, or there are too few to say.
        check(&[node("/", None, 100, 90, 0.1)], &[], &[], &[]);
        check(&[node("/", None, 100, 20, 0.9)], &[], &[], &[]);
        check(&[node("/", None, 2, 1, 0.9)], &[], &[], &[]);
        check(&[node("/", None, 100, 1, 0.0)], &[], &["/"], &[]);
    }

    #[test]
    fn what_is_not_sure_below_an_accepted_prefix_is_left_open() {
        let nodes =
            [node("/", None, 1000, 700, 0.376), node("/b", Some(0), 100, 1, 0.0), node("/m", Some(0), 100, 40, 0.0)];
        check(&nodes, &["/"], &["/b"], &["/m"]);
        // Where the prefixes hold all pages, one of them speaks for what is above.
        let nodes =
            [node("/", None, 300, 100, 0.0), node("/b", Some(0), 200, 0, 0.0), node("/p", Some(0), 100, 100, 0.0)];
        check(&nodes, &["/p"], &["/"], &[]);
    }

    #[test]
    fn a_person_is_shown_what_a_prefix_above_does_not_answer() {
        let nodes =
            [node("/", None, 1000, 700, 0.376), node("/m", Some(0), 100, 40, 0.0), node("/m/x", Some(1), 50, 20, 0.0)];
        assert_eq!(propose(&nodes, &CUT).1, [Some(Proposal::Accept), Some(Proposal::Split), None]);
    }

    #[test]
    fn a_verdict_holds_where_it_applies() {
        let mut annotations = Annotations::default();
        let nodes = [node("/", None, 100, 95, 0.9)];
        let (regions, _) = propose(&nodes, &CUT);
        annotations.insert(entry("a.org", &nodes, &regions, &RULES));
        assert_eq!(verdict(&annotations, |_| true, "a.org", "a.org", "/x"), None);
        let annotations = annotations.with_proposals();
        assert_eq!(verdict(&annotations, |_| true, "a.org", "a.org", "/x"), Some((Verdict::Accepted, "/")));
        assert_eq!(verdict(&annotations, |domain| domain != "a.org", "a.org", "a.org", "/x"), None);
    }
}
