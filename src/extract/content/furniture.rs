//! Furniture: what the page itself marks as navigation, advertising, comments or hidden.

use super::hints::Hints;
use super::{Choice, REST_BYTES_MIN, clutter};
use crate::extract::outline::{Entry, Kind, Stats};
use crate::extract::tag::Tag;

/// Furniture that holds more than this share of the good text, in percent, is not furniture.
const FURNITURE_PERCENT_MAX: u64 = 40;
/// The same where [`REST_BYTES_MIN`] stay without it and it holds no `h1`.
const FURNITURE_PERCENT_MAX_BESIDE_TEXT: u64 = 75;
/// Inline furniture (buttons, badges) is short, in bytes.
const INLINE_FURNITURE_BYTES_MAX: u32 = 200;

/// Longest part of a posting, in bytes, that is about its author.
const USER_BYTES_MAX: u32 = 400;
/// The same for what reads like text in it.
const USER_GOOD_BYTES_MAX: u32 = 150;
/// Formulas among comments that make them content.
const COMMENT_FORMULAS_MIN: u32 = 2;

impl Choice<'_, '_> {
    pub(super) fn drop_hidden(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, |choice, at, tag| {
            let hints = choice.entry(at).hints;
            let stats = &choice.entry(at).stats;
            let minor = stats.text * 4 < choice.entry(0).stats.text;
            let ways = hints.has(Hints::BOILERPLATE) && minor && tag.is_block() && stats.link_percent() > 50;
            hints.has(Hints::HIDDEN) || hints.has(Hints::MARKER) || ways || matches!(tag, Tag::Nav | Tag::Footer)
        });
    }

    pub(super) fn drop_furniture(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, Self::is_furniture);
        self.sweep(1, end, |choice, at, tag| {
            clutter::groups(tag) && choice.kept[at].formulas == 0 && choice.teases(at)
        });
        // Comments go where something worth having stays.
        if !self.discussion() {
            let comments = |choice: &Self, at: usize, tag: Tag| {
                choice.entry(at).hints.has(Hints::COMMENTS)
                    && !matches!(tag, Tag::Article | Tag::Main | Tag::Body)
                    // Where readers write formulas their discussion is content.
                    && choice.kept[at].formulas < COMMENT_FORMULAS_MIN
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
            let rest = self.kept[0].good.saturating_sub(total);
            let forum = self.outline.entries.iter().filter(|entry| entry.hints.has(Hints::FORUM)).take(3).count() == 3;
            if rest >= REST_BYTES_MIN && !(forum && total > rest) {
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
        let gutter = hints.has(Hints::GUTTER)
            || tag == Tag::Cell && self.outline.children(at).any(|child| self.entry(child).tag() == Some(Tag::Pre));
        if gutter && self.numbers_only(at) {
            return true;
        }
        if hints.has(Hints::USER)
            && self.discussion()
            && stats.text < USER_BYTES_MAX
            && stats.good < USER_GOOD_BYTES_MAX
            && stats.formulas == 0
            && !self.posts(at)
        {
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
            _ if share >= max && hints.has(Hints::BOILERPLATE) && self.stands_beside_content(at) => !mathematical,
            Tag::Body | Tag::Main | Tag::Article | Tag::Paragraph | Tag::Heading(_) => false,
            Tag::Nav => !mathematical,
            Tag::Footer => share < max && !mathematical,
            Tag::Header => share < 10 && !mathematical && !self.inside(at, Hints::CONTENT),
            Tag::Aside => share < max && !mathematical && !hints.has(Hints::NOTE),
            _ => {
                hints.has(Hints::BOILERPLATE)
                    && !reads_like_text(stats)
                    && (tag.is_block() || stats.text < INLINE_FURNITURE_BYTES_MAX && !self.in_sentence(at))
                    && !(named || mathematical || hints.has(Hints::NOTE))
                    && share < max
            }
        }
    }

    /// Whether an element that its classes call content, with prose, stands outside of furniture and apart from this one.
    fn stands_beside_content(&self, at: usize) -> bool {
        let end = self.entry(at).end as usize;
        let stats = &self.entry(at).stats;
        let apart = self.contents.iter().filter(|&&content| content >= end || self.entry(content).end as usize <= at);
        let good: u32 = apart.map(|&content| self.entry(content).stats.good).sum();
        stats.titles + stats.articles + stats.named == 0 && good >= stats.good / 5 && good > 0
    }

    /// Whether a subtree holds nothing but numbers: the gutter of a listing.
    fn numbers_only(&self, at: usize) -> bool {
        let entries = &self.outline.entries[at + 1..self.entry(at).end as usize];
        entries.iter().all(|entry| match entry.kind {
            Kind::Text(text) => text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace()),
            Kind::Formula(_) => false,
            Kind::Element(..) => true,
        })
    }

    /// Whether a posting begins inside the subtree.
    fn posts(&self, at: usize) -> bool {
        let next = self.postings.partition_point(|&posting| posting < at);
        self.postings.get(next).is_some_and(|&posting| posting < self.entry(at).end as usize)
    }

    /// Whether text stands directly on both sides of an inline element: it is a part of the sentence.
    fn in_sentence(&self, at: usize) -> bool {
        let end = self.entry(at).end as usize;
        let is_text =
            |entry: &Entry<'_>| matches!(entry.kind, Kind::Text(text) if text.bytes().any(|byte| byte > b'@'));
        let before = is_text(self.entry(at - 1)) && self.entry(at - 1).parent == self.entry(at).parent;
        before
            && self.outline.entries.get(end).is_some_and(|next| is_text(next) && next.parent == self.entry(at).parent)
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
}

/// Whether something is long prose without links, as text is that a class word misnames.
fn reads_like_text(stats: &Stats) -> bool {
    stats.good >= 700 && stats.link_percent() < 5 && stats.good * 10 >= stats.text * 9
}
