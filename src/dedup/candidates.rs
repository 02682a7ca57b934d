//! From the rows of one bucket, (band key, page), to the pairs of pages worth comparing.
//!
//! A key that *n* pages share makes n(n − 1)/2 pairs, which no memory holds where half a crawl is one template. So up
//! to a set size all pairs of a group are made; in a larger one, put in order **best first**, each page is paired with
//! the group's first pages, which are those that a cluster would keep, and with the pages next to it, which have about
//! as many formulas and as long a text: a group of true duplicates still collapses onto its best. What the cap can lose
//! is a pair of lesser pages that are like each other but unlike the group's best, in every band that they share.
//!
//! Exact duplicates are collapsed by text hash before they come here.

/// How many pairs a group of pages under one key may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupCap {
    /// Groups of up to this many pages are compared in full.
    pub all_pairs_max: usize,
    /// Pages of a larger group, its best, that every page of it is compared with.
    pub leaders: usize,
    /// Pages of a larger group that each page is compared with beyond it.
    pub neighbours: usize,
}

impl Default for GroupCap {
    fn default() -> Self {
        Self { all_pairs_max: 128, leaders: 16, neighbours: 16 }
    }
}

/// The distinct pages under each key that more than one page has, each group in ascending order; sorts `rows`.
pub fn groups(rows: &mut [(u64, u64)]) -> impl Iterator<Item = Vec<u64>> + '_ {
    rows.sort_unstable();
    rows.chunk_by(|a, b| a.0 == b.0).filter(|rows| rows.len() > 1).filter_map(|rows| {
        let mut group: Vec<u64> = rows.iter().map(|row| row.1).collect();
        group.dedup();
        (group.len() > 1).then_some(group)
    })
}

/// Appends the pairs of one group of distinct pages, each as (lower, higher); a group of more than
/// `cap.all_pairs_max` pages must come best first.
///
/// At most `max(all_pairs_max / 2, leaders + neighbours)` pairs a page.
pub fn push_pairs(pairs: &mut Vec<(u64, u64)>, group: &[u64], cap: GroupCap) {
    let small = group.len() <= cap.all_pairs_max;
    for (at, &page) in group.iter().enumerate() {
        let after = &group[at + 1..];
        let reach = if small || at < cap.leaders { after.len() } else { cap.neighbours.min(after.len()) };
        pairs.extend(after[..reach].iter().map(|&other| (page.min(other), page.max(other))));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidates(rows: &mut [(u64, u64)], cap: GroupCap) -> Vec<(u64, u64)> {
        let mut pairs = Vec::new();
        for group in groups(rows) {
            push_pairs(&mut pairs, &group, cap);
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    #[track_caller]
    fn check(rows: &[(u64, u64)], want: &[(u64, u64)]) {
        assert_eq!(candidates(&mut rows.to_vec(), GroupCap::default()), want);
    }

    #[test]
    fn pages_under_one_key_are_pairs() {
        check(&[], &[]);
        check(&[(7, 1)], &[]);
        check(&[(7, 1), (7, 1)], &[]);
        check(&[(7, 2), (7, 1), (8, 3)], &[(1, 2)]);
        check(&[(7, 1), (7, 2), (8, 2), (8, 1), (8, 1)], &[(1, 2)]);
        check(&[(7, 1), (7, 2), (7, 3)], &[(1, 2), (1, 3), (2, 3)]);
    }

    #[test]
    fn a_huge_group_makes_bounded_pairs_and_still_hangs_together() {
        let cap = GroupCap::default();
        // Best first is the other way round here.
        let group: Vec<u64> = (0..100_000).rev().collect();
        let mut pairs = Vec::new();
        push_pairs(&mut pairs, &group, cap);
        assert!(pairs.len() <= group.len() * (cap.leaders + cap.neighbours));
        pairs.sort_unstable();
        let best = group[0];
        assert!(group[1..].iter().all(|page| pairs.binary_search(&(*page, best)).is_ok()));
        assert!(pairs.binary_search(&(500, 516)).is_ok() && pairs.binary_search(&(500, 517)).is_err());
    }

    proptest! {
        #[test]
        fn order_of_rows_is_of_no_matter(rows in prop::collection::vec((0_u64..6, 0_u64..40), 0..120), cap in 0_usize..12) {
            let cap = GroupCap { all_pairs_max: cap, leaders: 2, neighbours: 3 };
            let mut backwards: Vec<_> = rows.iter().rev().copied().collect();
            let pairs = candidates(&mut rows.clone(), cap);
            prop_assert_eq!(&pairs, &candidates(&mut backwards, cap));
            prop_assert!(pairs.iter().all(|(a, b)| a < b));
            prop_assert!(pairs.len() <= rows.len() * 6);
        }
    }
}
