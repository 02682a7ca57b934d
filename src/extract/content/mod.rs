//! Which parts of a page are its content.
//!
//! 1. **Furniture** is marked by what the page says of itself (elements, ARIA, class words), unless most of the page is
//!    inside it: class words lie.
//! 2. **The root** is the smallest subtree that still holds most of the good text (blocks that read like prose, code
//!    or mathematics).
//! 3. **Inside the root** link lists, by-lines and the like go, and so do short labels at either edge.
//!
//! Formulas are good text, and a block that holds some goes only if it is plainly navigation.

mod clutter;
mod discussion;
mod furniture;
pub mod hints;
mod root;
mod stock;

use hints::Hints;

use super::outline::{Entry, Outline, Stats};
use super::tag::Tag;

/// Good text, in bytes, that makes a page worth having without its comments, side bars and teasers.
const REST_BYTES_MIN: u32 = 300;

/// Fewer bytes of text left than this may be a wrong choice.
const LEFT_BYTES_MIN: u32 = 200;

/// What to write of an outline: the root's subtree without the dropped ones.
#[derive(Debug)]
pub struct Selection {
    /// The entry whose subtree is the content.
    pub root: usize,
    /// The postings of a discussion, in order.
    pub postings: Vec<usize>,
    dropped: Vec<bool>,
}

impl Selection {
    /// The whole page.
    #[must_use]
    pub fn whole(outline: &Outline<'_>) -> Self {
        Self { root: 0, postings: Vec::new(), dropped: vec![false; outline.entries.len()] }
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
    let root = chosen.with_prose_around(root);
    chosen.prune(root);
    chosen.trim(root);
    let (all, left) = (chosen.entry(0).stats.text, chosen.kept[root].text);
    if left < LEFT_BYTES_MIN && all >= 2 * left {
        // A page of links or labels: they are what there is to read.
        chosen = Choice::new(outline);
        chosen.drop_hidden();
        return Selection { root: 0, postings: chosen.postings, dropped: chosen.dropped };
    }
    Selection { root, postings: chosen.postings, dropped: chosen.dropped }
}

struct Choice<'o, 'a> {
    outline: &'o Outline<'a>,
    dropped: Vec<bool>,
    /// Statistics of what is kept of each subtree.
    kept: Vec<Stats>,
    /// The postings, where the page is a discussion: they and their comments are the content.
    postings: Vec<usize>,
    /// The outermost elements outside of furniture that their classes call content, and that hold prose.
    contents: Vec<usize>,
    /// Whether the root is mostly links: they are what the page is for.
    of_links: bool,
    /// Whether the page has formulas or code: its captions say something.
    technical: bool,
}

impl<'o, 'a> Choice<'o, 'a> {
    fn new(outline: &'o Outline<'a>) -> Self {
        Self {
            outline,
            dropped: vec![false; outline.entries.len()],
            kept: outline.entries.iter().map(|entry| entry.stats).collect(),
            postings: discussion::postings(outline),
            contents: contents(outline),
            of_links: false,
            technical: outline.entries.first().is_some_and(|body| body.stats.formulas >= 1)
                || outline.entries.iter().any(|entry| entry.tag() == Some(Tag::Pre)),
        }
    }

    fn discussion(&self) -> bool {
        !self.postings.is_empty()
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
            self.kept[at].subtract(&lost);
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

    /// Whether the element holds no further block.
    fn leaf(&self, index: usize) -> bool {
        !self.outline.children(index).any(|child| self.entry(child).tag().is_some_and(Tag::is_block))
    }
}

/// Least good text, in bytes, of an element that its classes call content.
const CONTENT_BYTES_MIN: u32 = 150;

/// The outermost elements outside of furniture that their classes or elements call content, and that hold prose.
fn contents(outline: &Outline<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 1;
    while at < outline.entries.len() {
        let entry = &outline.entries[at];
        let end = entry.end as usize;
        if entry.hints.has(Hints::BOILERPLATE) || entry.stats.good < CONTENT_BYTES_MIN {
            at = end;
        } else if entry.hints.has(Hints::CONTENT) && entry.stats.good * 2 > entry.stats.text {
            found.push(at);
            at = end;
        } else {
            at += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests;
