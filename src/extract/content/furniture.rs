//! Furniture: what the page itself marks as navigation, advertising, comments or hidden.

use super::hints::Hints;
use super::{Choice, REST_BYTES_MIN, clutter};
use crate::extract::tag::Tag;

/// Furniture that holds more than this share of the good text, in percent, is not furniture.
const FURNITURE_PERCENT_MAX: u64 = 40;
/// The same where [`REST_BYTES_MIN`] stay without it and it holds no `h1`.
const FURNITURE_PERCENT_MAX_BESIDE_TEXT: u64 = 75;
/// Inline furniture (buttons, badges) is short, in bytes.
const INLINE_FURNITURE_BYTES_MAX: u32 = 200;

impl Choice<'_, '_> {
    pub(super) fn drop_hidden(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, |choice, at, tag| {
            let hints = choice.entry(at).hints;
            hints.has(Hints::HIDDEN) || hints.has(Hints::MARKER) || matches!(tag, Tag::Nav | Tag::Footer)
        });
    }

    pub(super) fn drop_furniture(&mut self) {
        let end = self.outline.entries.len();
        self.sweep(1, end, Self::is_furniture);
        self.sweep(1, end, |choice, at, tag| {
            clutter::groups(tag) && choice.kept[at].formulas == 0 && choice.teases(at)
        });
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
}
