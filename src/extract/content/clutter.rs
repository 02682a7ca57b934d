//! Clutter inside the root: link lists, teasers, by-lines, captions, labels at the edges.

use super::hints::Hints;
use super::{Choice, REST_BYTES_MIN, stock};
use crate::extract::outline::Kind;
use crate::extract::tag::Tag;

/// The same for groups of teasers.
const TEASERS_PERCENT_MAX: u64 = 90;
/// Text, in bytes, that is more than a label where it stands beside blocks.
const TEXT_BESIDE_BYTES_MIN: usize = 60;
/// Text, in bytes, that a teaser under a linked heading has on average at most.
const TEASER_BYTES_MAX: u32 = 300;
/// A page whose text is links, in percent, is for them.
const LINKS_PERCENT_MIN: u32 = 55;
/// Good text, in bytes, of a page whose paragraphs that are links are not what it is for.
const LONG_PAGE_BYTES_MIN: u32 = 1000;
/// Labels at the edges that are more than this share of the text, in percent, are text.
const EDGE_PERCENT_MAX: u32 = 15;

impl Choice<'_, '_> {
    /// Drops link lists, by-lines and other clutter inside the root.
    pub(super) fn prune(&mut self, root: usize) {
        let end = self.entry(root).end as usize;
        self.of_links = self.kept[root].link_percent() > LINKS_PERCENT_MIN && self.kept[root].good < REST_BYTES_MIN;
        self.sweep(root + 1, end, Self::is_clutter);
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
        if tag == Tag::Caption && self.entry(self.entry(at).parent as usize).tag() == Some(Tag::Table) {
            return false;
        }
        if tag == Tag::Caption && !self.technical || hints.has(Hints::CAPTION) && stats.text < 600 && tag != Tag::Table
        {
            return !self.technical && !self.numbered(at) && self.percent(stats.good) < 30;
        }
        if tag.is_block()
            && stats.text < stock::BYTES_MAX
            && stats.formulas == 0
            && self.leaf(at)
            && self.is_stock(at, tag)
        {
            return true;
        }
        if tag == Tag::Paragraph && !self.technical && !self.discussion() && self.kept[0].good > LONG_PAGE_BYTES_MIN {
            // A paragraph that is a link says where else to go.
            return stats.link_percent() >= 90 && stats.link_text >= 15 && self.percent(stats.good) < 5;
        }
        match tag {
            _ if groups(tag) => {
                let minor = self.percent(stats.good) < 30;
                let listing = minor && !self.of_links && stats.links >= 2 && stats.link_percent() > 60;
                listing && !self.announced(at) || self.teases(at)
            }
            _ => false,
        }
    }

    /// Whether a block's text is a phrase that pages of any subject carry.
    fn is_stock(&self, at: usize, tag: Tag) -> bool {
        let mut text = String::new();
        for entry in &self.outline.entries[at..self.entry(at).end as usize] {
            if let Kind::Text(piece) = entry.kind {
                text.push_str(piece);
            }
        }
        stock::is(&text, matches!(tag, Tag::Heading(_)))
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
    pub(super) fn teases(&self, at: usize) -> bool {
        let stats = &self.kept[at];
        let beside = self.kept[0].good.saturating_sub(stats.good) >= REST_BYTES_MIN;
        if self.discussion()
            || !beside
            || stats.titles > 0
            || stats.named > 0
            || self.percent(stats.good) > TEASERS_PERCENT_MAX
        {
            return false;
        }
        if stats.headings >= 2 && stats.linked_headings * 10 >= stats.headings * 9 && stats.links >= stats.headings {
            return stats.text / stats.headings < TEASER_BYTES_MAX;
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
    pub(super) fn trim(&mut self, root: usize) {
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
                // Text beside blocks is no leaf, but the edge does not reach over it.
                let beside =
                    matches!(self.entry(at).kind, Kind::Text(text) if text.trim().len() >= TEXT_BESIDE_BYTES_MIN);
                if beside || matches!(self.entry(at).kind, Kind::Formula(_)) {
                    leaves.push(at);
                }
                at += 1;
            }
        }
        let good = |&leaf: &usize| {
            let stats = &self.kept[leaf];
            self.entry(leaf).tag().is_none() || stats.formulas > 0 || stats.good >= 60 && stats.good * 2 > stats.text
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
            for leaf in edge {
                self.drop(leaf);
            }
        }
    }
}

/// Whether an element of this kind groups links or teasers.
pub(super) fn groups(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::List | Tag::OrderedList | Tag::Block | Tag::Table | Tag::Header | Tag::Article | Tag::Item | Tag::Aside
    )
}
