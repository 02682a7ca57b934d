//! The proposed cut of a domain's tree: which prefixes tell its mathematics from the rest, in as few words as possible.
//!
//! **Criterion: minimum description length.** Tell somebody which pages of the tree are mathematics, as far as the
//! classifier knows: a page is, with the probability that its score states. Every node has one of a few rates, and its
//! pages (those not in a node below) cost −log₂ of the rate for each that is and −log₂ of the rest for each that is not. A
//! node has its parent's rate for nothing, or names one of its own for λ = log₂(nodes) + log₂(rates) bits. The cheapest
//! message is found exactly, by dynamic programming from the leaves: cost(node, rate) = bits of its own pages + Σ over
//! children of min(cost(child, rate), λ + min over r of cost(child, r)).
//!
//! Scores, not what is collected: how much of a prefix is collected depends on the budget, what its pages are does not.
//!
//! Nodes that share a rate without a break are a region, named by its topmost node. A region is accepted where the exact
//! lower bound of its share of mathematics is at least `accept_share`, refused where the upper bound is at most `refuse_share`, split
//! where neither holds and other regions lie below it, and left to the person otherwise.

use super::bound;
use super::figures::{Figures, SCORE_UNIT};

/// What is proposed for a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proposal {
    /// It is mathematics.
    Accept,
    /// It is not.
    Refuse,
    /// It is mixed: look at those below it.
    Split,
}

impl Proposal {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Split => "split",
        }
    }

    /// The proposal that a table names so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Accept, Self::Refuse, Self::Split].into_iter().find(|proposal| proposal.name() == name)
    }
}

/// From which shares on a region is accepted or refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutRules {
    /// Least lower bound of the share for an acceptance.
    pub accept_share: f64,
    /// Greatest upper bound of the share for a refusal.
    pub refuse_share: f64,
    /// Confidence of the bounds, one-sided.
    pub confidence: f64,
}

/// The rates that a region may have.
pub const RATES: [f64; 7] = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98];

/// A node of the tree as the cut sees it; parents stand before their children.
#[derive(Clone, Copy, Debug)]
pub struct CutNode {
    /// Which node is above it; `None` of the first.
    pub parent: Option<usize>,
    /// Its pages, those of the nodes below it included.
    pub pages: u64,
    /// Sum of their scores, in units of 2⁻³⁰.
    pub score_units: i64,
}

/// Nodes of one rate that hang together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Its topmost node.
    pub top: usize,
    /// Its pages: those of the regions below are theirs.
    pub pages: u64,
    /// Sum of their scores, in units of 2⁻³⁰.
    pub score_units: i64,
    /// Whether other regions lie below it.
    pub parts: bool,
}

impl Region {
    /// The pages that are mathematics, as far as the classifier knows.
    #[must_use]
    pub fn hits(&self) -> u64 {
        (self.score_units.max(0) as f64 / SCORE_UNIT).round() as u64
    }
}

impl CutNode {
    /// A node with these figures.
    #[must_use]
    pub fn new(parent: Option<usize>, figures: &Figures) -> Self {
        Self { parent, pages: figures.pages, score_units: figures.score_units }
    }
}

/// The bits that naming a node and its rate takes.
#[must_use]
pub fn naming_bits(nodes: usize) -> f64 {
    (nodes.max(1) as f64).log2() + (RATES.len() as f64).log2()
}

/// The bits that pages with these scores take at a rate.
fn bits(pages: u64, score_units: i64, rate: f64) -> f64 {
    let hits = score_units as f64 / SCORE_UNIT;
    -(hits * rate.log2() + (pages as f64 - hits) * (1.0 - rate).log2())
}

/// The pages of each node that are in none below it, with their scores.
fn own(nodes: &[CutNode]) -> Vec<(u64, i64)> {
    let mut own: Vec<(u64, i64)> = nodes.iter().map(|node| (node.pages, node.score_units)).collect();
    for node in nodes {
        if let Some(parent) = node.parent.and_then(|parent| own.get_mut(parent)) {
            parent.0 = parent.0.saturating_sub(node.pages);
            parent.1 -= node.score_units;
        }
    }
    own
}

/// The rate of the least cost, the lowest of those that cost the same: what has no pages of its own promises nothing.
fn least(costs: &[f64; RATES.len()]) -> usize {
    let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
    costs.iter().position(|cost| *cost <= least + 1e-9 * least.max(1.0)).unwrap_or_default()
}

/// The rate of each node (its place in [`RATES`]) in the shortest description, and the bits that this takes.
#[must_use]
pub fn rates(nodes: &[CutNode]) -> (Vec<usize>, f64) {
    let naming = naming_bits(nodes.len());
    let mut costs: Vec<[f64; RATES.len()]> =
        own(nodes).iter().map(|(pages, scores)| RATES.map(|rate| bits(*pages, *scores, rate))).collect();
    let mut total = 0.0;
    // Children stand behind their parents, so that theirs are complete.
    for index in (0..nodes.len()).rev() {
        let child = costs[index];
        let named = naming + child[least(&child)];
        match nodes[index].parent {
            Some(parent) => (0..RATES.len()).for_each(|rate| costs[parent][rate] += child[rate].min(named)),
            None => total += named,
        }
    }
    let mut chosen = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        let best = least(&costs[index]);
        chosen[index] = match node.parent.map(|parent| chosen[parent]) {
            Some(inherited) if costs[index][inherited] <= naming + costs[index][best] => inherited,
            _ => best,
        };
    }
    (chosen, total)
}

/// The regions of the shortest description, in the order of their topmost nodes.
#[must_use]
pub fn regions(nodes: &[CutNode]) -> Vec<Region> {
    let (rates, _) = rates(nodes);
    let mut regions: Vec<Region> = Vec::new();
    let mut of = vec![0; nodes.len()];
    for (index, (node, (pages, score_units))) in nodes.iter().zip(own(nodes)).enumerate() {
        let above = node.parent.filter(|parent| rates[*parent] == rates[index]);
        of[index] = match above {
            Some(parent) => of[parent],
            None => {
                if let Some(parent) = node.parent {
                    regions[of[parent]].parts = true;
                }
                regions.push(Region { top: index, pages: 0, score_units: 0, parts: false });
                regions.len() - 1
            }
        };
        let region = &mut regions[of[index]];
        region.pages += pages;
        region.score_units += score_units;
    }
    regions
}

/// What is proposed for a region; `None`: a person should look.
#[must_use]
pub fn proposal(region: &Region, rules: &CutRules) -> Option<Proposal> {
    let CutRules { accept_share, refuse_share, confidence } = *rules;
    if region.pages > 0 && bound::lower(region.hits(), region.pages, confidence) >= accept_share {
        Some(Proposal::Accept)
    } else if region.pages > 0 && bound::upper(region.hits(), region.pages, confidence) <= refuse_share {
        Some(Proposal::Refuse)
    } else {
        region.parts.then_some(Proposal::Split)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: CutRules = CutRules { accept_share: 0.5, refuse_share: 0.1, confidence: 0.9 };

    #[track_caller]
    fn check(nodes: &[(Option<usize>, u64, i64)], want: &[(usize, Option<Proposal>)]) {
        let nodes: Vec<CutNode> =
            nodes.iter().map(|&(parent, pages, hits)| CutNode { parent, pages, score_units: hits << 30 }).collect();
        let found: Vec<_> = regions(&nodes).iter().map(|region| (region.top, proposal(region, &RULES))).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn a_cut_names_no_more_prefixes_than_it_must() {
        use Proposal::{Accept, Refuse, Split};
        // All alike: one prefix.
        check(&[(None, 100, 95), (Some(0), 50, 48), (Some(0), 50, 47)], &[(0, Some(Accept))]);
        check(&[(None, 100, 2), (Some(0), 50, 1), (Some(0), 50, 1)], &[(0, Some(Refuse))]);
        // Mathematics in one of two, nothing outside them.
        check(&[(None, 200, 95), (Some(0), 100, 95), (Some(0), 100, 0)], &[(0, Some(Refuse)), (1, Some(Accept))]);
        // Two kinds of mathematics in what is mixed.
        check(
            &[(None, 300, 119), (Some(0), 100, 98), (Some(0), 100, 1)],
            &[(0, Some(Split)), (1, Some(Accept)), (2, Some(Refuse))],
        );
        // One exception below what is otherwise mathematics.
        check(&[(None, 300, 190), (Some(0), 100, 96), (Some(0), 100, 0)], &[(0, Some(Accept)), (2, Some(Refuse))]);
        // Mixed without a pattern, and too few to say.
        check(&[(None, 100, 30), (Some(0), 50, 15), (Some(0), 50, 15)], &[(0, None)]);
        check(&[(None, 2, 2)], &[(0, None)]);
        check(&[], &[]);
    }

    /// A tree in which each node hangs below an earlier one, its counts those of all below it.
    fn trees(most: usize) -> impl Strategy<Value = Vec<CutNode>> {
        let node = (any::<prop::sample::Index>(), 0u64..40, 0.0f64..=1.0);
        prop::collection::vec(node, 1..=most).prop_map(|parts| {
            let mut nodes: Vec<CutNode> = Vec::new();
            for (n, (parent, pages, share)) in parts.iter().enumerate() {
                let score_units = (*pages as f64 * share * SCORE_UNIT) as i64;
                let parent = (n > 0).then(|| parent.index(n));
                nodes.push(CutNode { parent, pages: *pages, score_units });
            }
            for index in (1..nodes.len()).rev() {
                let CutNode { parent, pages, score_units } = nodes[index];
                if let Some(parent) = parent {
                    nodes[parent].pages += pages;
                    nodes[parent].score_units += score_units;
                }
            }
            nodes
        })
    }

    /// The bits of a choice of rates.
    fn length(nodes: &[CutNode], rates: &[usize]) -> f64 {
        let own = own(nodes);
        let of = |index: usize| {
            let (pages, scores) = own[index];
            let named = nodes[index].parent.is_none_or(|parent| rates[parent] != rates[index]);
            bits(pages, scores, RATES[rates[index]]) + if named { naming_bits(nodes.len()) } else { 0.0 }
        };
        (0..nodes.len()).map(of).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn no_choice_of_rates_is_shorter(nodes in trees(5)) {
            let (chosen, total) = rates(&nodes);
            prop_assert!((length(&nodes, &chosen) - total).abs() < 1e-6);
            let mut other = vec![0; nodes.len()];
            loop {
                prop_assert!(length(&nodes, &other) > total - 1e-6, "{other:?} beats {chosen:?}");
                // The next choice, counted up in base RATES.len().
                let Some(place) = other.iter().position(|rate| rate + 1 < RATES.len()) else { break };
                other[..place].fill(0);
                other[place] += 1;
            }
        }

        #[test]
        fn regions_share_out_all_pages(nodes in trees(60)) {
            let regions = regions(&nodes);
            prop_assert_eq!(regions.iter().map(|region| region.pages).sum::<u64>(), nodes[0].pages);
            prop_assert_eq!(regions.iter().map(|region| region.score_units).sum::<i64>(), nodes[0].score_units);
        }
    }
}
