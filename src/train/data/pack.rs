//! Rows of a fixed length from a mixture of documents, and the place in the data after them.

use serde::{Deserialize, Serialize};

use super::cache::{Document, UNTRAINED};
use super::mixture::Mixture;
use crate::train::error::Result;
use crate::train::model::sequence::Sequences;

/// The target of a token that none is learnt for.
pub const IGNORED: u32 = u32::MAX;

/// How documents share a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// Each sees itself alone; one that does not fit goes on in the next row.
    Documents,
    /// As a running text: what follows sees what stood before. One that does not fit goes on in the next row.
    Concatenated,
    /// Each sees itself alone, and is never split: what is left of a row stays empty. For examples of fine-tuning.
    Whole,
    /// As the paper's fine-tuning (section 3): examples one after another as a running text, never split.
    WholeConcatenated,
}

impl Packing {
    fn splits(self) -> bool {
        matches!(self, Self::Documents | Self::Concatenated)
    }

    fn separates(self) -> bool {
        matches!(self, Self::Documents | Self::Whole)
    }
}

/// How far one source has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// How often it was read to its end.
    pub epoch: u64,
    /// The next document of the epoch.
    pub index: u64,
    /// Tokens taken of it in all.
    pub taken: u64,
}

/// A place in the data: all that a run needs to go on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// By source, in the order of the mixture.
    pub sources: Vec<SourcePlace>,
    /// A document that is read in part: its source and the tokens read. It is the one before that source's index.
    pub open: Option<(usize, u64)>,
}

/// Rows of tokens with their targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Rows.
    pub rows: usize,
    /// The tokens, row by row.
    pub tokens: Vec<u32>,
    /// For each token the one that follows, or [`IGNORED`].
    pub targets: Vec<u32>,
    /// For each token the number of its document in the row.
    pub segments: Vec<u32>,
    /// Tokens that are padding.
    pub padding: usize,
}

impl Rows {
    /// Targets that are learnt.
    #[must_use]
    pub fn trained(&self) -> usize {
        self.targets.iter().filter(|target| **target != IGNORED).count()
    }

    /// The tokens as the model takes them.
    ///
    /// # Errors
    /// They are not a number of whole rows.
    pub fn sequences(&self) -> Result<Sequences> {
        Sequences::packed(self.rows, self.tokens.clone(), &self.segments)
    }

    /// `count` rows from `first` on.
    #[must_use]
    pub fn part(&self, first: usize, count: usize) -> Rows {
        let time = self.tokens.len() / self.rows.max(1);
        let part = |all: &[u32]| all[first * time..(first + count) * time].to_vec();
        let (tokens, targets, segments) = (part(&self.tokens), part(&self.targets), part(&self.segments));
        Rows { rows: count, tokens, targets, segments, padding: 0 }
    }

    /// Adds the rows of another.
    pub fn extend(&mut self, other: Rows) {
        self.rows += other.rows;
        self.tokens.extend(other.tokens);
        self.targets.extend(other.targets);
        self.segments.extend(other.segments);
        self.padding += other.padding;
    }
}

/// A row being filled.
struct Row {
    rows: Rows,
    context: usize,
    segment: u32,
}

impl Row {
    fn new(context: usize) -> Self {
        Self { rows: Rows { rows: 1, ..Rows::default() }, context, segment: 0 }
    }

    fn room(&self) -> usize {
        self.context - self.rows.tokens.len()
    }

    /// Adds the tokens of a document from `from` on; how many of them fitted.
    fn add(&mut self, document: Document<'_>, from: usize, packing: Packing) -> usize {
        let count = (document.len() - from).min(self.room());
        if packing.separates() && !self.rows.tokens.is_empty() {
            self.segment += 1;
        } else if let (Some(last), Some(first)) = (self.rows.targets.last_mut(), document.get(from)) {
            // A running text: the end of a document is followed by the next one; one that was cut goes on by itself.
            if *last == IGNORED {
                *last = target(first);
            }
        }
        for at in from..from + count {
            self.rows.tokens.push(document.get(at).unwrap_or_default() & !UNTRAINED);
            self.rows.targets.push(document.get(at + 1).map_or(IGNORED, target));
            self.rows.segments.push(self.segment);
        }
        count
    }

    fn finish(mut self, pad: u32) -> Rows {
        let empty = self.room();
        self.rows.padding = empty;
        // Each padding token stands alone, so that none costs more than itself.
        for i in 0..empty as u32 {
            self.rows.tokens.push(pad);
            self.rows.targets.push(IGNORED);
            self.rows.segments.push(self.segment + 1 + i);
        }
        self.rows
    }
}

fn target(token: u32) -> u32 {
    if token & UNTRAINED == 0 { token } else { IGNORED }
}

/// Makes rows of a mixture.
#[derive(Clone, Copy, Debug)]
pub struct Packer<'a> {
    /// Where documents come from.
    pub mixture: &'a Mixture,
    /// Tokens a row.
    pub context: usize,
    /// How documents share a row.
    pub packing: Packing,
    /// Fills what is left of a row.
    pub pad: u32,
}

impl Packer<'_> {
    /// The place before the first row.
    #[must_use]
    pub fn start(&self) -> Place {
        Place { sources: vec![SourcePlace::default(); self.mixture.sources().len()], open: None }
    }

    /// The next rows, and the place after them.
    #[must_use]
    pub fn rows(&self, count: usize, place: &Place) -> (Rows, Place) {
        let mut place = place.clone();
        let mut rows = Rows::default();
        for _ in 0..count {
            rows.extend(self.row(&mut place));
        }
        (rows, place)
    }

    fn row(&self, place: &mut Place) -> Rows {
        let mut row = Row::new(self.context);
        while row.room() > 0 {
            let (number, from) = match place.open {
                Some((number, from)) => (number, from as usize),
                None => (self.mixture.next(place.sources.iter().map(|source| source.taken)), 0),
            };
            let source = &self.mixture.sources()[number];
            let at = &mut place.sources[number];
            let index = if place.open.is_some() { at.index - 1 } else { at.index };
            let Some(document) = source.document(at.epoch, index) else {
                at.advance(source.units());
                continue;
            };
            if !self.packing.splits() && document.len() > row.room() && !row.rows.tokens.is_empty() {
                break;
            }
            let taken = row.add(document, from, self.packing);
            at.taken += taken as u64;
            // An example that is longer than a row is cut.
            let ended = from + taken == document.len() || !self.packing.splits();
            match (place.open.is_some(), ended) {
                (false, true) => at.advance(source.units()),
                (false, false) => {
                    // The index stays in this epoch as long as the document is open.
                    at.index += 1;
                    place.open = Some((number, taken as u64));
                }
                (true, true) => {
                    at.index -= 1;
                    at.advance(source.units());
                    place.open = None;
                }
                (true, false) => place.open = Some((number, (from + taken) as u64)),
            }
        }
        row.finish(self.pad)
    }

    /// Up to `count` rows of what a source holds out, each document by itself.
    #[must_use]
    pub fn held_out(&self, source: usize, count: usize) -> Rows {
        self.of(self.mixture.sources()[source].held_out(), count)
    }

    /// Up to `count` rows of documents, each by itself.
    #[must_use]
    pub fn of<'d>(&self, documents: impl Iterator<Item = Document<'d>>, count: usize) -> Rows {
        let mut rows = Rows::default();
        let mut row = Row::new(self.context);
        for document in documents {
            let mut from = 0;
            while from < document.len() {
                from += row.add(document, from, Packing::Documents);
                if row.room() == 0 {
                    rows.extend(std::mem::replace(&mut row, Row::new(self.context)).finish(self.pad));
                    if rows.rows == count {
                        return rows;
                    }
                }
            }
        }
        if !row.rows.tokens.is_empty() {
            rows.extend(row.finish(self.pad));
        }
        rows
    }
}

impl SourcePlace {
    fn advance(&mut self, documents: u64) {
        self.index += 1;
        if self.index >= documents {
            self.index = 0;
            self.epoch += 1;
        }
    }
}

#[cfg(test)]
mod tests;
