//! Which parts of a page are its content.
//!
//! 1. **Furniture** is marked by what the page says of itself (elements, ARIA, class words), unless most of the page is
//!    inside it: class words lie.
//! 2. **The root** is the smallest subtree that still holds most of the good text (blocks that read like prose, code
//!    or mathematics).
//! 3. **Inside the root** link lists, by-lines and the like go, and so do short labels at either edge.
//!
//! Formulas are good text, and a block that holds some goes only if it is plainly navigation.

pub mod hints;

use super::outline::{Entry, Kind, Outline, Stats};
use super::tag::Tag;
use hints::Hints;

/// Share of the good text, in percent, that the root must hold.
const ROOT_PERCENT: u64 = 80;
/// The same for an element that the page itself names as its main text.
const NAMED_ROOT_PERCENT: u64 = 40;
/// Furniture that holds more than this share of the good text, in percent, is not furniture.
const FURNITURE_PERCENT_MAX: u64 = 40;
/// Good text, in bytes, that makes a page worth having without its comments.
const ARTICLE_BYTES: u32 = 500;

/// What to write of an outline: the root's subtree without the dropped ones.
#[derive(Debug)]
pub struct Selection {
    /// The entry whose subtree is the content.
    pub root: usize,
    dropped: Vec<bool>,
}

impl Selection {
    /// The whole page.
    #[must_use]
    pub fn whole(outline: &Outline<'_>) -> Self {
        Self { root: 0, dropped: vec![false; outline.entries.len()] }
    }

    /// Whether this entry, with its subtree, is left out.
    #[must_use]
    pub fn dropped(&self, entry: usize) -> bool {
        self.dropped[entry]
    }
}

/// Selects a page's content.
#[must_use]
pub fn select(outline: &Outline<'_>) -> Selection {
    let mut chosen = Choice::new(outline);
    chosen.drop_furniture();
    let root = chosen.root();
    chosen.prune(root);
    chosen.trim(root);
    Selection { root, dropped: chosen.dropped }
}

struct Choice<'o, 'a> {
    outline: &'o Outline<'a>,
    dropped: Vec<bool>,
    /// Statistics of what is kept of each subtree.
    kept: Vec<Stats>,
    /// Whether the page is a discussion: its postings and comments are the content.
    discussion: bool,
}

impl<'o, 'a> Choice<'o, 'a> {
    fn new(outline: &'o Outline<'a>) -> Self {
        let postings = outline.entries.iter().filter(|entry| entry.hints.has(Hints::POSTING)).take(3).count();
        Self {
            outline,
            dropped: vec![false; outline.entries.len()],
            kept: outline.entries.iter().map(|entry| entry.stats).collect(),
            discussion: postings >= 3,
        }
    }

    fn entry(&self, index: usize) -> &'o Entry<'a> {
        &self.outline.entries[index]
    }

    /// Drops a subtree and takes it out of its ancestors' figures.
    fn drop(&mut self, index: usize) {
        let lost = self.kept[index];
        self.dropped[index] = true;
        let mut at = index;
        while at != 0 {
            at = self.entry(at).parent as usize;
            let kept = &mut self.kept[at];
            kept.text -= lost.text.min(kept.text);
            kept.link_text -= lost.link_text.min(kept.link_text);
            kept.links -= lost.links.min(kept.links);
            kept.marks -= lost.marks.min(kept.marks);
            kept.formulas -= lost.formulas.min(kept.formulas);
            kept.good -= lost.good.min(kept.good);
        }
    }

    /// Calls `judge` on every kept element in `[from, to)` in document order and drops what it says.
    fn sweep(&mut self, from: usize, to: usize, judge: impl Fn(&Self, usize, Tag) -> bool) {
        let mut at = from;
        while at < to {
            let Some(tag) = self.entry(at).tag() else {
                at += 1;
                continue;
            };
            if self.dropped[at] {
                at = self.entry(at).end as usize;
            } else if judge(self, at, tag) {
                self.drop(at);
                at = self.entry(at).end as usize;
            } else {
                at += 1;
            }
        }
    }

    fn percent(&self, part: u32) -> u64 {
        u64::from(part) * 100 / u64::from(self.entry(0).stats.good.max(1))
    }

    fn drop_furniture(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, |choice, at, tag| choice.is_furniture(at, tag));
        // Comments go where something worth having stays.
        if !self.discussion {
            let comments = |choice: &Self, at: usize, tag: Tag| {
                choice.entry(at).hints.has(Hints::COMMENTS) && !matches!(tag, Tag::Article | Tag::Main)
            };
            let mut total = 0;
            let mut at = 1;
            while at < end {
                let Some(tag) = self.entry(at).tag().filter(|_| !self.dropped[at]) else {
                    at = if self.dropped[at] { self.entry(at).end as usize } else { at + 1 };
                    continue;
                };
                if comments(self, at, tag) {
                    total += self.kept[at].good;
                    at = self.entry(at).end as usize;
                } else {
                    at += 1;
                }
            }
            if self.kept[0].good.saturating_sub(total) >= ARTICLE_BYTES {
                self.sweep(1, end, comments);
            }
        }
    }

    fn is_furniture(&self, at: usize, tag: Tag) -> bool {
        let entry = self.entry(at);
        let (stats, hints) = (&entry.stats, entry.hints);
        if hints.has(Hints::MARKER) && stats.text < 2000 {
            return true;
        }
        let share = self.percent(stats.good);
        let mathematical = stats.formulas > 0 && stats.link_percent() < 50;
        if hints.has(Hints::HIDDEN) {
            return share < 50;
        }
        match tag {
            Tag::Body | Tag::Main | Tag::Article | Tag::Paragraph | Tag::Heading(_) => false,
            Tag::Nav => !mathematical,
            Tag::Footer => share < 25 && !mathematical,
            Tag::Header => share < 10 && !mathematical && !self.inside(at, Hints::CONTENT),
            Tag::Aside => share < 30 && !mathematical && !hints.has(Hints::NOTE),
            _ => {
                hints.has(Hints::BOILERPLATE)
                    && !hints.has(Hints::MAIN_TEXT)
                    && share < FURNITURE_PERCENT_MAX
                    && !mathematical
            }
        }
    }

    fn inside(&self, at: usize, hint: Hints) -> bool {
        let mut at = self.entry(at).parent as usize;
        while at != 0 {
            if self.entry(at).hints.has(hint) || self.entry(at).hints.has(Hints::MAIN_TEXT) {
                return true;
            }
            at = self.entry(at).parent as usize;
        }
        false
    }

    /// The smallest subtree that holds most of the kept good text.
    fn root(&self) -> usize {
        let total = u64::from(self.kept[0].good);
        let holds = |index: usize, percent: u64| u64::from(self.kept[index].good) * 100 >= total * percent;
        let mut root = 0;
        loop {
            let best = self
                .outline
                .children(root)
                .filter(|&child| !self.dropped[child] && self.entry(child).tag().is_some_and(Tag::is_block))
                .max_by_key(|&child| (self.kept[child].good, std::cmp::Reverse(child)));
            let Some(best) = best else { return root };
            let named = self.entry(best).hints.has(Hints::MAIN_TEXT);
            let flow = !matches!(
                self.entry(best).tag(),
                Some(Tag::Paragraph | Tag::Heading(_) | Tag::Item | Tag::Row | Tag::RowGroup | Tag::Pre)
            );
            if !holds(best, if named { NAMED_ROOT_PERCENT } else { ROOT_PERCENT }) || !flow && self.leaf(best) {
                return root;
            }
            root = best;
        }
    }

    /// Whether the element holds no further block.
    fn leaf(&self, index: usize) -> bool {
        !self.outline.children(index).any(|child| self.entry(child).tag().is_some_and(Tag::is_block))
    }

    /// Drops link lists, by-lines and other clutter inside the root.
    fn prune(&mut self, root: usize) {
        let end = self.entry(root).end as usize;
        self.sweep(root + 1, end, |choice, at, tag| choice.is_clutter(at, tag));
    }

    fn is_clutter(&self, at: usize, tag: Tag) -> bool {
        let (stats, hints) = (&self.kept[at], self.entry(at).hints);
        if stats.formulas > 0 && stats.link_percent() < 50 {
            return false;
        }
        let small = stats.text < 300 && self.percent(stats.good) < 30;
        if hints.has(Hints::META) && !hints.has(Hints::CONTENT) && small {
            return true;
        }
        match tag {
            Tag::List | Tag::OrderedList | Tag::Block | Tag::Table | Tag::Header | Tag::Article => {
                stats.links >= 2 && stats.link_percent() > 60 && self.percent(stats.good) < 30
            }
            _ => false,
        }
    }

    /// Drops short labels before the first and after the last good block.
    fn trim(&mut self, root: usize) {
        let end = self.entry(root).end as usize;
        let _ = end;
    }
}

/// Whether an entry is a text node.
#[must_use]
pub fn is_text(entry: &Entry<'_>) -> bool {
    matches!(entry.kind, Kind::Text(_))
}
