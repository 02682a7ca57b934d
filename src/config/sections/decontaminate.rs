//! `[decontaminate]`: what of benchmarks pages must not hold.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{in_range, share};
use crate::config::load::ConfigError;
use crate::decontaminate::{ANSWER_FIELDS, QUESTION_FIELDS};

/// What of benchmarks pages must not hold (METHOD: section 2.1 of the paper).
#[derive(Clone, Debug, Serialize)]
pub struct Decontaminate {
    /// JSONL or Parquet files of benchmark items, folders of them, globs; with none, nothing is removed.
    pub benchmarks: Vec<String>,
    /// Words in the names of fields that hold questions: their texts of few grams are looked for as a whole.
    pub fields: Vec<String>,
    /// Words in the names of fields that hold answers: only runs of `gram_length` grams are looked for.
    pub answer_fields: Vec<String>,
    /// So many grams in a row of a benchmark text make a paragraph go (10 in the paper).
    pub gram_length: usize,
    /// Questions of fewer grams are looked for as a whole from this number on (3 in the paper).
    pub short_grams_min: usize,
    /// A page that loses more than this share of its grams goes whole (left open by the paper).
    pub page_share_max: f64,
    /// A file of common phrases, a line each, whose grams are no match; `None` for none.
    pub allow: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawDecontaminate {
    benchmarks: Option<Vec<String>>,
    fields: Option<Vec<String>>,
    answer_fields: Option<Vec<String>>,
    gram_length: Option<usize>,
    short_grams_min: Option<usize>,
    page_share_max: Option<f64>,
    allow: Option<PathBuf>,
}

impl TryFrom<RawDecontaminate> for Decontaminate {
    type Error = ConfigError;

    fn try_from(raw: RawDecontaminate) -> Result<Self, ConfigError> {
        let RawDecontaminate { benchmarks, fields, answer_fields, gram_length, short_grams_min, page_share_max, allow } =
            raw;
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let fields = fields.unwrap_or_else(|| owned(QUESTION_FIELDS));
        let answer_fields = answer_fields.unwrap_or_else(|| owned(ANSWER_FIELDS));
        if fields.is_empty() && answer_fields.is_empty() {
            return Err(ConfigError::value("decontaminate.fields", "at least one name of a field".to_owned(), "[]"));
        }
        let gram_length = in_range("decontaminate.gram_length", gram_length.unwrap_or(10), 2, 63)?;
        let short_grams_min = short_grams_min.unwrap_or(gram_length.min(3));
        Ok(Self {
            benchmarks: benchmarks.unwrap_or_default(),
            fields,
            answer_fields,
            gram_length,
            short_grams_min: in_range("decontaminate.short_grams_min", short_grams_min, 1, gram_length)?,
            page_share_max: share("decontaminate.page_share_max", page_share_max.unwrap_or(0.5))?,
            allow,
        })
    }
}
