//! Whose turn it is: sources in their shares of the tokens.

use super::source::Source;
use crate::train::error::{Result, TrainError};

/// How far the sum of the weights may be from 1.
const WEIGHTS_OFF_MAX: f64 = 1e-3;

/// Several sources, each with its share.
#[derive(Debug)]
pub struct Mixture {
    sources: Vec<Source>,
}

impl Mixture {
    /// Checks the weights.
    ///
    /// # Errors
    /// There is no source, a weight is not positive, or they do not sum to 1.
    pub fn new(sources: Vec<Source>) -> Result<Self> {
        let sum = sources.iter().fold(0.0, |sum, source| sum + source.rules().weight);
        if let Some(source) =
            sources.iter().find(|source| source.rules().weight.is_nan() || source.rules().weight <= 0.0)
        {
            let what = format!("{} for {:?}", source.rules().weight, source.rules().name);
            return Err(TrainError::argument("the weight of a source", "a number above 0", what));
        }
        if (sum - 1.0).abs() > WEIGHTS_OFF_MAX {
            return Err(TrainError::argument("the weights of the sources", "a sum of 1", sum));
        }
        Ok(Self { sources })
    }

    /// The sources.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Stands for the tokens of all sources.
    #[must_use]
    pub fn key(&self) -> String {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        self.sources.iter().for_each(|source| hash.update(source.key().as_bytes()));
        format!("{:016x}", hash.digest())
    }

    /// The source that is furthest behind its share, given the tokens that were taken of each; the first of equals.
    #[must_use]
    pub fn next(&self, taken: impl Iterator<Item = u64>) -> usize {
        let behind = self.sources.iter().zip(taken).map(|(source, taken)| taken as f64 / source.rules().weight);
        let mut best = (0, f64::INFINITY);
        for (i, progress) in behind.enumerate() {
            if progress < best.1 {
                best = (i, progress);
            }
        }
        best.0
    }
}
