//! `[dedup]`: how near-duplicates are found.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{at_least, in_range, share};
use crate::config::load::ConfigError;

/// How near-duplicates are found.
#[derive(Clone, Debug, Serialize)]
pub struct Dedup {
    /// MinHash bands (14 in DCLM's and FineWeb's practice: a pair at Jaccard 0.8 is found with probability 0.92).
    pub bands: usize,
    /// Signature rows a band.
    pub rows: usize,
    /// Pages at or over this Jaccard similarity of their shingles are duplicates.
    pub jaccard_min: f64,
    /// Words in a shingle.
    pub shingle_words: usize,
    /// Characters in a shingle of mostly Chinese text.
    pub shingle_characters: usize,
    /// Which capture of an address is kept.
    pub capture: CaptureChoice,
    /// Scores of an earlier classifier, a file a page file with the columns `id` and `score` (`rounds/NN/scores` of another
    /// output folder): of copies the one with the highest score stays. Pages without a score come after all that have one.
    #[serde(skip_serializing)]
    pub scores: Option<PathBuf>,
    /// Key-prefix buckets that the band keys are exchanged through; memory a bucket falls with their number.
    pub buckets: usize,
}

/// Which capture of an address is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CaptureChoice {
    /// The one with the highest score, then the most formulas, then the longest text, then the oldest.
    #[default]
    Best,
    /// The latest.
    Newest,
    /// The earliest.
    Oldest,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawDedup {
    bands: Option<usize>,
    rows: Option<usize>,
    jaccard_min: Option<f64>,
    shingle_words: Option<usize>,
    shingle_characters: Option<usize>,
    capture: CaptureChoice,
    scores: Option<PathBuf>,
    buckets: Option<usize>,
}

impl TryFrom<RawDedup> for Dedup {
    type Error = ConfigError;

    fn try_from(raw: RawDedup) -> Result<Self, ConfigError> {
        let RawDedup { bands, rows, jaccard_min, shingle_words, shingle_characters, capture, scores, buckets } = raw;
        let (bands, rows) = (bands.unwrap_or(14), rows.unwrap_or(8));
        at_least("dedup.bands", bands, 1)?;
        at_least("dedup.rows", rows, 1)?;
        if bands.saturating_mul(rows) > 4096 {
            return Err(ConfigError::value("dedup.bands", "bands × rows up to 4096".to_owned(), bands * rows));
        }
        Ok(Self {
            bands,
            rows,
            jaccard_min: share("dedup.jaccard_min", jaccard_min.unwrap_or(0.8))?,
            shingle_words: in_range("dedup.shingle_words", shingle_words.unwrap_or(5), 1, 1000)?,
            shingle_characters: in_range("dedup.shingle_characters", shingle_characters.unwrap_or(5), 1, 1000)?,
            capture,
            scores,
            buckets: in_range("dedup.buckets", buckets.unwrap_or(16), 1, 65536)?,
        })
    }
}
