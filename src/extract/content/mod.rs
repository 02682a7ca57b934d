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
/// The same where [`REST_BYTES_MIN`] stay without it and it holds no `h1`.
const FURNITURE_PERCENT_MAX_BESIDE_TEXT: u64 = 75;
/// Inline furniture (buttons, badges) is short, in bytes.
const INLINE_FURNITURE_BYTES_MAX: u32 = 200;
/// The same for groups of teasers.
const TEASERS_PERCENT_MAX: u64 = 90;
/// Good text, in bytes, that makes a page worth having without its comments, side bars and teasers.
const REST_BYTES_MIN: u32 = 300;

/// Fewer bytes of text left than this may be a wrong choice.
const LEFT_BYTES_MIN: u32 = 200;
/// Labels at the edges that are more than this share of the text, in percent, are text.
const EDGE_PERCENT_MAX: u32 = 15;

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
    let (all, left) = (chosen.entry(0).stats.text, chosen.kept[root].text);
    if left < LEFT_BYTES_MIN && all >= 2 * left {
        // A page of links or labels: they are what there is to read.
        chosen = Choice::new(outline);
        chosen.drop_hidden();
        return Selection { root: 0, dropped: chosen.dropped };
    }
    Selection { root, dropped: chosen.dropped }
}

struct Choice<'o, 'a> {
    outline: &'o Outline<'a>,
    dropped: Vec<bool>,
    /// Statistics of what is kept of each subtree.
    kept: Vec<Stats>,
    /// Whether the page is a discussion: its postings and comments are the content.
    discussion: bool,
    /// Whether the page has formulas or code: its captions say something.
    technical: bool,
}

impl<'o, 'a> Choice<'o, 'a> {
    fn new(outline: &'o Outline<'a>) -> Self {
        let postings = outline.entries.iter().filter(|entry| entry.hints.has(Hints::POSTING)).take(3).count();
        Self {
            outline,
            dropped: vec![false; outline.entries.len()],
            kept: outline.entries.iter().map(|entry| entry.stats).collect(),
            discussion: postings >= 3,
            technical: outline.entries.first().is_some_and(|body| body.stats.formulas >= 3)
                || outline.entries.iter().any(|entry| entry.tag() == Some(Tag::Pre)),
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

    fn drop_hidden(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, |choice, at, tag| {
            let hints = choice.entry(at).hints;
            hints.has(Hints::HIDDEN) || hints.has(Hints::MARKER) || matches!(tag, Tag::Nav | Tag::Footer)
        });
    }

    fn drop_furniture(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, |choice, at, tag| choice.is_furniture(at, tag));
        self.sweep(1, end, |choice, at, tag| groups(tag) && choice.kept[at].formulas == 0 && choice.teases(at));
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
            if self.kept[0].good.saturating_sub(total) >= REST_BYTES_MIN {
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
        let beside = self.kept[0].good.saturating_sub(stats.good) >= REST_BYTES_MIN && stats.titles == 0;
        // What holds the main text, or text under the page's only title or article, is not furniture, whatever its classes say.
        let page = &self.entry(0).stats;
        let only = stats.titles > 0 && stats.titles == page.titles || stats.articles == 1 && page.articles == 1;
        let named = stats.named > 0 && share >= 10 || only && stats.good >= REST_BYTES_MIN;
        let max = if beside { FURNITURE_PERCENT_MAX_BESIDE_TEXT } else { FURNITURE_PERCENT_MAX };
        match tag {
            Tag::Body | Tag::Main | Tag::Article | Tag::Paragraph | Tag::Heading(_) => false,
            Tag::Nav => !mathematical,
            Tag::Footer => share < max && !mathematical,
            Tag::Header => share < 10 && !mathematical && !self.inside(at, Hints::CONTENT),
            Tag::Aside => share < max && !mathematical && !hints.has(Hints::NOTE),
            _ => {
                hints.has(Hints::BOILERPLATE)
                    && (tag.is_block() || stats.text < INLINE_FURNITURE_BYTES_MAX)
                    && !(named || mathematical || hints.has(Hints::NOTE))
                    && share < max
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

    /// The smallest subtree that holds most of the kept good text; what the page names as its main text holds enough
    /// with less.
    fn root(&self) -> usize {
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
        if tag == Tag::Caption && !self.technical || hints.has(Hints::CAPTION) && stats.text < 600 && tag != Tag::Table
        {
            return !self.technical && !self.numbered(at) && self.percent(stats.good) < 30;
        }
        match tag {
            _ if groups(tag) => {
                let minor = self.percent(stats.good) < 30;
                let listing = minor && stats.links >= 2 && stats.link_percent() > 60;
                listing && !self.announced(at) || self.teases(at)
            }
            _ => false,
        }
    }

    /// Whether a paragraph that ends with a colon stands before the element: a list of links that the text asks for.
    fn announced(&self, at: usize) -> bool {
        let texts = self.outline.entries[..at].iter().rev().filter_map(|entry| match entry.kind {
            Kind::Text(text) if !text.trim().is_empty() => Some((text.trim_end(), entry.parent)),
            _ => None,
        });
        texts.take(1).any(|(text, parent)| {
            let parent = &self.outline.entries[parent as usize];
            let asks = match parent.tag() {
                Some(Tag::Paragraph) => parent.stats.text >= 20,
                Some(Tag::Heading(_)) => self.technical,
                _ => false,
            };
            asks && text.ends_with([':', '：'])
        })
    }

    /// Whether the caption is numbered, as captions are that the text refers to.
    fn numbered(&self, at: usize) -> bool {
        let texts = self.outline.entries[at..self.entry(at).end as usize].iter().filter_map(|entry| match entry.kind {
            Kind::Text(text) if !text.trim().is_empty() => Some(text.trim_start()),
            _ => None,
        });
        let starts = ["Fig", "FIG", "fig", "Table", "TABLE", "Tab.", "Listing", "Algorithm", "图", "表", "圖"];
        texts.take(1).any(|text| starts.iter().any(|start| text.starts_with(start)))
    }

    /// Whether the element is a group of teasers of other pages: linked headings, or like children that each start
    /// with a link and say little.
    fn teases(&self, at: usize) -> bool {
        let stats = &self.kept[at];
        let beside = self.kept[0].good.saturating_sub(stats.good) >= REST_BYTES_MIN;
        if self.discussion
            || !beside
            || stats.titles > 0
            || stats.named > 0
            || self.percent(stats.good) > TEASERS_PERCENT_MAX
        {
            return false;
        }
        if stats.headings >= 2 && stats.linked_headings * 10 >= stats.headings * 9 && stats.links >= stats.headings {
            return stats.text / stats.headings < 800;
        }
        let (mut children, mut teasers) = (0u32, 0u32);
        for child in self.outline.children(at).filter(|&child| !self.dropped[child]) {
            let of_child = &self.kept[child];
            match self.entry(child).tag() {
                Some(Tag::Item | Tag::Block | Tag::Article | Tag::Link) if of_child.text > 0 => {
                    children += 1;
                    // A sentence that begins with a link is a sentence: teasers part the link from the rest.
                    let parted = !self.leaf(child) && of_child.link_percent() >= 30;
                    let linked = of_child.links > 0 && (parted || of_child.link_percent() >= 60);
                    teasers += u32::from(linked && of_child.link_text >= 15 && of_child.text < 600);
                }
                _ => children += u32::from(of_child.text > 0),
            }
        }
        children >= 3 && teasers * 10 >= children * 8
    }

    /// Drops short labels before the first and after the last good block.
    fn trim(&mut self, root: usize) {
        let end = self.entry(root).end as usize;
        let mut leaves = Vec::new();
        let mut at = root + 1;
        while at < end {
            if self.dropped[at] {
                at = self.entry(at).end as usize;
                continue;
            }
            if self.entry(at).tag().is_some_and(Tag::is_block) && self.leaf(at) && self.kept[at].text > 0 {
                leaves.push(at);
                at = self.entry(at).end as usize;
            } else {
                at += 1;
            }
        }
        let good = |&leaf: &usize| {
            let stats = &self.kept[leaf];
            stats.formulas > 0 || stats.good >= 60 && stats.good * 2 > stats.text
        };
        let Some(first) = leaves.iter().position(good) else { return };
        let Some(last) = leaves.iter().rposition(good) else { return };
        let label = |leaf: usize| {
            let (stats, tag) = (&self.kept[leaf], self.entry(leaf).tag());
            let short = stats.text < 60 && stats.marks == 0 || stats.text < 120 && stats.link_percent() > 50;
            // On technical pages short paragraphs and items are references more often than furniture.
            let of_text = matches!(tag, Some(Tag::Paragraph | Tag::Item | Tag::List)) && !self.technical;
            short && (of_text || matches!(tag, Some(Tag::Block | Tag::Heading(_))))
        };
        let heading = |leaf: usize| matches!(self.entry(leaf).tag(), Some(Tag::Heading(_)));
        let before = leaves[..first].iter().copied().take_while(|&leaf| label(leaf) || heading(leaf));
        let after = leaves[last + 1..].iter().rev().copied().take_while(|&leaf| label(leaf));
        let edge: Vec<usize> = before.filter(|&leaf| !heading(leaf)).chain(after).collect();
        let bytes: u32 = edge.iter().map(|&leaf| self.kept[leaf].text).sum();
        if bytes * 100 <= self.kept[root].text * EDGE_PERCENT_MAX {
            edge.into_iter().for_each(|leaf| self.drop(leaf));
        }
    }
}

/// Whether an element of this kind groups links or teasers.
fn groups(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::List | Tag::OrderedList | Tag::Block | Tag::Table | Tag::Header | Tag::Article | Tag::Item | Tag::Aside
    )
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

#[cfg(test)]
mod tests;
