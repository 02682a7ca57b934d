//! What shards leave out of pages or write otherwise: one list of edits a page, from all that edits.
//!
//! ```text
//! boilerplate ─┐
//! masking ─────┼─▶ edits of a page: byte ranges, each with what stands in its place, or nothing
//! benchmarks ──┘
//! ```
//!
//! Text is written once, in `pages/`. The table of edits stands beside it, in the same order, with the tokens and
//! formulas that are left; the ranking reads this table alone.

use std::ops::Range;

pub mod stage;
pub mod table;

/// A range of a text, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// What is written instead; `None` for nothing.
    pub replacement: Option<String>,
}

/// One list of what goes and what is replaced: in order and apart. Ranges that overlap or touch and go are one; what is
/// replaced and overlaps one that goes, goes with it. Of overlapping replacements the first stays.
#[must_use]
pub fn unite(removed: impl IntoIterator<Item = Range<usize>>, replaced: impl IntoIterator<Item = Edit>) -> Vec<Edit> {
    let gone = removed.into_iter().map(|range| Edit { range, replacement: None });
    let mut all: Vec<Edit> = gone.chain(replaced).filter(|edit| edit.range.start < edit.range.end).collect();
    all.sort_by(|a, b| (a.range.start, &a.replacement, b.range.end).cmp(&(b.range.start, &b.replacement, a.range.end)));
    let mut united: Vec<Edit> = Vec::with_capacity(all.len());
    for edit in all {
        let Some(last) = united.last_mut() else {
            united.push(edit);
            continue;
        };
        let overlaps = edit.range.start < last.range.end;
        let touches = edit.range.start == last.range.end;
        match (&last.replacement, &edit.replacement) {
            (None, None) if overlaps || touches => last.range.end = last.range.end.max(edit.range.end),
            (None, Some(_)) if overlaps => last.range.end = last.range.end.max(edit.range.end),
            (Some(_), None) if overlaps => {
                last.range.end = last.range.end.max(edit.range.end);
                last.replacement = None;
                // It reaches back now, and may touch what goes before it.
                let whole = united.pop();
                join(&mut united, whole);
            }
            (Some(_), Some(_)) if overlaps => {}
            _ => united.push(edit),
        }
    }
    united
}

fn join(united: &mut Vec<Edit>, edit: Option<Edit>) {
    let Some(edit) = edit else { return };
    match united.last_mut() {
        Some(last) if last.replacement.is_none() && last.range.end >= edit.range.start => {
            last.range.end = last.range.end.max(edit.range.end);
        }
        _ => united.push(edit),
    }
}

/// The text with these edits, which are in order and apart; `None` where one is no range of this text.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.range.start)?);
        out.push_str(edit.replacement.as_deref().unwrap_or_default());
        at = edit.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The range of the text of which a range of the edited text is made. It takes what is replaced whole.
#[must_use]
pub fn origin(edits: &[Edit], edited: &Range<usize>) -> Range<usize> {
    // Where the last edit ended, in the text and in the edited one.
    let (mut from, mut to) = (0, 0);
    let (mut start, mut end) = (None, None);
    for edit in edits {
        let kept_end = to + edit.range.start - from;
        let replaced_end = kept_end + edit.replacement.as_ref().map_or(0, String::len);
        if start.is_none() && edited.start < kept_end {
            start = Some(from + edited.start - to);
        }
        if end.is_none() && edited.end <= kept_end {
            end = Some(from + edited.end.max(to) - to);
        }
        if start.is_none() && edited.start < replaced_end {
            start = Some(edit.range.start);
        }
        if end.is_none() && edited.end <= replaced_end {
            end = Some(edit.range.end);
        }
        if start.is_some() && end.is_some() {
            break;
        }
        (from, to) = (edit.range.end, replaced_end);
    }
    let start = start.unwrap_or_else(|| from + edited.start.max(to) - to);
    let end = end.unwrap_or_else(|| from + edited.end.max(to) - to);
    start..end.max(start)
}

#[cfg(test)]
mod tests;
