//! Whether a page is a discussion: a forum's thread, a question with answers, a list's message.

use super::hints::Hints;
use crate::extract::outline::Outline;
use crate::extract::tag::Tag;

/// Fewer bytes of good text are no posting.
const POSTING_BYTES_MIN: u32 = 20;
/// Share of the good text, in percent, that the postings of a discussion hold at least.
const POSTINGS_PERCENT_MIN: u64 = 40;

/// The postings of a discussion, in order; none where the page is no discussion.
///
/// Of postings inside each other the innermost counts. Comments under something else are no postings. A page is a
/// discussion where two postings at least hold much of its text, or where it says so.
pub(super) fn postings(outline: &Outline<'_>) -> Vec<usize> {
    let entries = &outline.entries;
    let Some(page) = entries.first() else { return Vec::new() };
    let (mut found, mut said, mut at): (Vec<usize>, _, _) = (Vec::new(), false, 1);
    while at < entries.len() {
        let entry = &entries[at];
        said |= entry.hints.has(Hints::THREAD) && entry.stats.good > 0;
        if entry.hints.has(Hints::COMMENTS) && !entry.hints.has(Hints::POSTING) && entry.tag() != Some(Tag::Body) {
            at = entry.end as usize;
            continue;
        }
        if entry.hints.has(Hints::POSTING) && entry.stats.good >= POSTING_BYTES_MIN && entry.tag() != Some(Tag::Body) {
            if found.last().is_some_and(|&last| entries[last].end as usize > at) {
                found.pop();
            }
            found.push(at);
        }
        at += 1;
    }
    let good: u64 = found.iter().map(|&at| u64::from(entries[at].stats.good)).sum();
    let much = found.len() >= 2 && good * 100 >= u64::from(page.stats.good) * POSTINGS_PERCENT_MIN;
    if much || said { found } else { Vec::new() }
}
