//! Samples of pages that do not depend on the order in which the pages come: those with the least hash of their ids.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What a page is drawn by.
#[must_use]
pub fn draw(id: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), seed)
}

/// The pages with the least draws, collected ones and others apart: (draw, page).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picks {
    collected: Vec<(u64, u64)>,
    others: Vec<(u64, u64)>,
}

fn offer(picks: &mut Vec<(u64, u64)>, pick: (u64, u64), most: usize) {
    if picks.len() >= most && picks.last().is_none_or(|last| *last <= pick) {
        return;
    }
    let at = picks.partition_point(|other| *other < pick);
    if picks.get(at) != Some(&pick) {
        picks.insert(at, pick);
        picks.truncate(most);
    }
}

impl Picks {
    /// Offers a page; `most` of each kind are kept.
    pub fn offer(&mut self, collected: bool, draw: u64, page: u64, most: usize) {
        let picks = if collected { &mut self.collected } else { &mut self.others };
        offer(picks, (draw, page), most);
    }

    /// Offers those picked elsewhere.
    pub fn merge(&mut self, other: &Self, most: usize) {
        other.collected.iter().for_each(|pick| offer(&mut self.collected, *pick, most));
        other.others.iter().for_each(|pick| offer(&mut self.others, *pick, most));
    }

    /// The pages, `most` in all where there are so many: half of them collected, the rest filled up with either kind.
    #[must_use]
    pub fn pages(&self, most: usize) -> Vec<u64> {
        let others = (most / 2).max(most.saturating_sub(self.collected.len())).min(self.others.len());
        let collected = (most - others).min(self.collected.len());
        let picks = self.others[..others].iter().chain(&self.collected[..collected]);
        picks.map(|(_, page)| *page).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_give_what_the_whole_gives(ids in prop::collection::vec(0u64..500, 0..80), at in 0usize..80, most in 0usize..6) {
            let pick = |ids: &[u64]| {
                let mut picks = Picks::default();
                ids.iter().for_each(|id| picks.offer(id % 2 == 0, draw(&id.to_string(), 1), *id, most));
                picks
            };
            let (left, right) = ids.split_at(at.min(ids.len()));
            let mut merged = pick(right);
            merged.merge(&pick(left), most);
            prop_assert_eq!(&merged, &pick(&ids));
            let mut distinct = ids.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(merged.pages(most).len(), most.min(distinct.len()));
        }
    }
}
