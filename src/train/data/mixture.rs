//! Whose turn it is: sources in their shares of the tokens.

use super::source::Source;
use crate::train::error::{Result, TrainError};

/// How far the sum of the weights may be from 1.
const WEIGHTS_OFF_MAX: f64 = 1e-3;

/// Checks the weights of sources, which are given by name.
///
/// # Errors
/// There is no source, a weight is not positive, or they do not sum to 1.
pub fn check<'a>(weights: impl Iterator<Item = (&'a str, f64)>) -> Result<()> {
    let mut sum = 0.0;
    for (name, weight) in weights {
        if weight.is_nan() || weight <= 0.0 {
            let found = format!("{weight} for {name:?}");
            return Err(TrainError::argument("the weight of a source", "a number above 0", found));
        }
        sum += weight;
    }
    if (sum - 1.0).abs() > WEIGHTS_OFF_MAX {
        return Err(TrainError::argument("the weights of the sources", "a sum of 1", sum));
    }
    Ok(())
}

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
        check(sources.iter().map(|source| (source.rules().name.as_str(), source.rules().weight)))?;
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
