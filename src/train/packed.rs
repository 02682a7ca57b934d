//! Prompts with outputs as a batch without padding: one row, in which each sees itself alone.

use std::ops::Range;

use super::backward::{Batch, at_temperature};
use super::error::{Result, TrainError};
use super::head;
use super::model::decoder::Decoder;
use super::model::sequence::Sequences;
use super::model::weights::Weights;

/// A prompt with what follows it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The prompt's tokens, at least one.
    pub prompt: &'a [u32],
    /// What follows.
    pub tokens: &'a [u32],
    /// For each of those whether it is learnt.
    pub learnt: &'a [bool],
    /// For each of those what it was chosen among; empty where that is all tokens.
    pub kept: &'a [Vec<u32>],
}

impl Item<'_> {
    fn length(&self) -> usize {
        self.prompt.len() + self.tokens.len()
    }
}

/// Items in one row.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The row; its targets are the learnt tokens.
    pub batch: Batch,
    /// By token of the row its item.
    items: Vec<u32>,
    /// By item where it begins, and the length of its prompt.
    begins: Vec<(usize, usize)>,
}

impl Packed {
    /// Packs items.
    ///
    /// # Errors
    /// There is none, or one has no prompt.
    pub fn new(items: &[Item<'_>]) -> Result<Self> {
        let (mut tokens, mut targets, mut of, mut begins) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut among = Vec::new();
        for (i, item) in items.iter().enumerate() {
            if item.prompt.is_empty() {
                return Err(TrainError::argument("a prompt", "at least one token", 0));
            }
            begins.push((tokens.len(), item.prompt.len()));
            tokens.extend(item.prompt.iter().chain(item.tokens));
            targets.extend(std::iter::repeat_n(None, item.prompt.len() - 1));
            targets.extend(item.tokens.iter().zip(item.learnt).map(|(token, learnt)| learnt.then_some(*token)));
            targets.push(None);
            if item.kept.iter().any(|kept| !kept.is_empty()) {
                among.resize(tokens.len() - item.tokens.len() - 1, Vec::new());
                among.extend_from_slice(item.kept);
            }
            of.extend(std::iter::repeat_n(i as u32, item.length()));
        }
        let sequences = Sequences::packed(1, tokens, &of)?;
        Ok(Self { batch: Batch { among, ..Batch::new(sequences, targets)? }, items: of, begins })
    }

    /// The place in the row of an item's token.
    #[must_use]
    pub fn place(&self, item: usize, token: usize) -> usize {
        let (begin, prompt) = self.begins[item];
        begin + prompt + token
    }

    /// Item and token that are predicted at a place of the row that has a target.
    #[must_use]
    pub fn predicted(&self, place: usize) -> (usize, usize) {
        let item = self.items[place] as usize;
        let (begin, prompt) = self.begins[item];
        (item, place + 1 - begin - prompt)
    }
}

/// Items as ranges whose tokens are at most `tokens_max` together, at least one a range.
#[must_use]
pub fn parts(items: &[Item<'_>], tokens_max: usize) -> Vec<Range<usize>> {
    parts_of(&items.iter().map(Item::length).collect::<Vec<_>>(), tokens_max)
}

fn parts_of(lengths: &[usize], tokens_max: usize) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut filled = 0;
    for (i, length) in lengths.iter().enumerate() {
        match all.last_mut() {
            Some(part) if filled + length <= tokens_max => {
                part.end = i + 1;
                filled += length;
            }
            _ => {
                all.push(i..i + 1);
                filled = *length;
            }
        }
    }
    all
}

/// log p of the learnt tokens of each item under the softmax at a temperature, 0 for the others; without a graph.
///
/// # Errors
/// A token is out of the vocabulary, or an item longer than the context.
pub fn log_probs(
    decoder: &Decoder,
    weights: &Weights,
    items: &[Item<'_>],
    temperature: f64,
    tokens_max: usize,
) -> Result<Vec<Vec<f64>>> {
    let config = decoder.config();
    let mut all = Vec::with_capacity(items.len());
    for part in parts(items, tokens_max) {
        let part = &items[part];
        let packed = Packed::new(part)?;
        packed.batch.sequences.check(config.vocab_size, config.context)?;
        let hidden = at_temperature(&decoder.hidden(weights, &packed.batch.sequences)?, temperature)?;
        let chunk = head::chunk_tokens(config.vocab_size);
        let found = head::log_probs(&hidden, &weights.head, packed.batch.wanted(), chunk)?;
        all.extend(part.iter().enumerate().map(|(i, item)| {
            let from = packed.place(i, 0) - 1;
            found[from..from + item.tokens.len()].iter().map(|log_p| f64::from(*log_p)).collect()
        }));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_learnt_tokens() {
        let items = [
            Item { prompt: &[7, 8], tokens: &[1, 2, 3], learnt: &[true, false, true], kept: &[] },
            Item { prompt: &[9], tokens: &[4], learnt: &[true], kept: &[vec![4, 6]] },
        ];
        let packed = Packed::new(&items).unwrap();
        assert_eq!(packed.batch.sequences.tokens, [7, 8, 1, 2, 3, 9, 4]);
        assert_eq!(packed.batch.sequences.starts, [0, 0, 0, 0, 0, 5, 5]);
        assert_eq!(packed.batch.targets, [None, Some(1), None, Some(3), None, Some(4), None]);
        assert_eq!(packed.batch.among, [vec![], vec![], vec![], vec![], vec![], vec![4, 6]]);
        assert_eq!([packed.predicted(1), packed.predicted(3), packed.predicted(5)], [(0, 0), (0, 2), (1, 0)]);
        assert_eq!([packed.place(0, 0), packed.place(1, 0)], [2, 6]);
        assert!(Packed::new(&[Item { prompt: &[], ..items[0] }]).is_err());
        assert!(Packed::new(&[]).is_err());
    }

    #[test]
    fn parts_hold_what_fits() {
        assert_eq!(parts_of(&[3, 3, 9, 1, 2], 6), [0..2, 2..3, 3..5]);
        assert!(parts_of(&[], 6).is_empty());
    }
}
