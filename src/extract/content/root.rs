//! The root: the smallest subtree that holds the content.

use super::hints::Hints;
use super::{Choice, REST_BYTES_MIN};
use crate::extract::outline::Stats;
use crate::extract::tag::Tag;

/// Share of the good text, in percent, that the root must hold.
const ROOT_PERCENT: u64 = 80;
/// The same for an element that the page itself names as its main text.
const NAMED_ROOT_PERCENT: u64 = 40;

/// What stands around the root is part of it where it holds this much good text, in bytes (a news page's first lines
/// are less), …
const PROSE_AROUND_BYTES_MIN: u32 = 250;
/// … on technical pages this much, …
const PROSE_AROUND_BYTES_MIN_TECHNICAL: u32 = 60;
/// … as many sentence marks, …
const PROSE_AROUND_MARKS_MIN: u32 = 3;
/// … which is this share of its text, in percent.
const PROSE_AROUND_PERCENT: u32 = 75;

impl Choice<'_, '_> {
    /// The smallest subtree that holds most of the kept good text; what the page names as its main text holds enough
    /// with less.
    pub(super) fn root(&self) -> usize {
        let mut root = 0;
        while let Some(named) = self.named_inside(root) {
            root = named;
        }
        let total = u64::from(self.kept[root].good);
        loop {
            let best = self
                .outline
                .children(root)
                .filter(|&child| !self.dropped[child] && self.entry(child).tag().is_some_and(holds_flow))
                .max_by_key(|&child| (self.kept[child].good, std::cmp::Reverse(child)));
            let Some(best) = best else { return root };
            if u64::from(self.kept[best].good) * 100 < total * ROOT_PERCENT || self.leaf(best) {
                return root;
            }
            root = best;
        }
    }

    /// The root, or an element around it whose other text is prose too: an introduction, say, or a last section.
    pub(super) fn with_prose_around(&self, root: usize) -> usize {
        let least = if self.technical { PROSE_AROUND_BYTES_MIN_TECHNICAL } else { PROSE_AROUND_BYTES_MIN };
        let (mut best, mut at) = (root, root);
        while at != 0 && !self.entry(at).hints.has(Hints::MAIN_TEXT) && self.entry(at).tag() != Some(Tag::Article) {
            at = self.entry(at).parent as usize;
            let (of_best, around) = (&self.kept[best], &self.kept[at]);
            let more = |figure: fn(&Stats) -> u32| figure(around).saturating_sub(figure(of_best));
            let (text, good) = (more(|stats| stats.text), more(|stats| stats.good));
            let much = good >= least && more(|stats| stats.marks) >= PROSE_AROUND_MARKS_MIN;
            if much && good * 100 >= text * PROSE_AROUND_PERCENT {
                best = at;
            } else if text >= least {
                break;
            }
        }
        best
    }

    /// The best of the outermost elements inside `root` that the page names as its main text, where it holds enough.
    fn named_inside(&self, root: usize) -> Option<usize> {
        let end = self.entry(root).end as usize;
        // A main text with the only title over it outranks a longer one without (a stream of teasers, say).
        let rank = |at: usize| {
            let stats = &self.kept[at];
            let titled = stats.titles > 0 && stats.titles == self.kept[root].titles;
            (titled && stats.good >= REST_BYTES_MIN, stats.good)
        };
        let mut best: Option<usize> = None;
        let mut at = root + 1;
        while at < end {
            let entry = self.entry(at);
            if self.dropped[at] || self.kept[at].named == 0 {
                at = entry.end as usize;
            } else if entry.hints.has(Hints::MAIN_TEXT) && entry.tag().is_some_and(holds_flow) {
                if best.is_none_or(|best| rank(at) > rank(best)) {
                    best = Some(at);
                }
                at = entry.end as usize;
            } else {
                at += 1;
            }
        }
        let total = u64::from(self.kept[root].good);
        let enough = |best: usize| {
            rank(best).0 || u64::from(self.kept[best].good) * 100 >= total * NAMED_ROOT_PERCENT && !self.leaf(best)
        };
        best.filter(|&best| enough(best))
    }
}

/// Whether an element of this kind can be the root: a part of the page, not a paragraph of it.
fn holds_flow(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Block
            | Tag::Body
            | Tag::Main
            | Tag::Article
            | Tag::List
            | Tag::Item
            | Tag::Table
            | Tag::RowGroup
            | Tag::Row
            | Tag::Cell
            | Tag::Quote
            | Tag::Definition
            | Tag::Aside
    )
}
