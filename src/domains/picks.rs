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
    pub fn pages(&self, most: usize) -> Vec<(u64, bool)> {
        let others = (most / 2).max(most.saturating_sub(self.collected.len())).min(self.others.len());
        let collected = (most - others).min(self.collected.len());
        let others = self.others[..others].iter().map(|(_, page)| (*page, false));
        others.chain(self.collected[..collected].iter().map(|(_, page)| (*page, true))).collect()
    }
}

/// Characters of a text that are shown.
const EXCERPT_CHARS: usize = 2000;

/// The beginning of a text, whole paragraphs where that leaves half of it.
#[must_use]
pub fn excerpt(text: &str) -> &str {
    let Some((end, _)) = text.char_indices().nth(EXCERPT_CHARS) else { return text };
    let head = &text[..end];
    match head.rfind("\n\n") {
        Some(at) if at * 2 >= end => &head[..at],
        _ => head.rfind(char::is_whitespace).filter(|at| at * 2 >= end).map_or(head, |at| head[..at].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_excerpt_ends_with_a_paragraph() {
        assert_eq!(excerpt("short"), "short");
        let paragraph = "words ".repeat(200);
        let text = format!("{paragraph}\n\n{paragraph}\n\n{paragraph}");
        assert_eq!(excerpt(&text), paragraph);
        let long = excerpt(&"数学 ".repeat(2000)).to_owned();
        assert!(long.ends_with("学") && (1990..=2000).contains(&long.chars().count()));
        assert_eq!(excerpt(&"x".repeat(5000)).len(), 2000);
    }

    proptest! {
        #[test]
        fn parts_give_what_the_whole_gives(ids in prop::collection::vec(0u64..500, 0..80), at in 0usize..80, most in 0usize..6) {
            let pick = |ids: &[u64]| {
                let mut picks = Picks::default();
                for id in ids {
                    picks.offer(id % 2 == 0, draw(&id.to_string(), 1), *id, most);
                }
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
