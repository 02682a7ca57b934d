//! `[seed]` and `[classifier]`: what the classifier is trained on, and how.

use serde::{Deserialize, Serialize};

use super::at_least;
use crate::config::load::ConfigError;

/// Where the first positives and negatives come from.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Parquet or JSONL files in OpenWebMath's schema, http(s) addresses, or a `.toml` that names a dataset.
    pub positives: Vec<String>,
    /// Where negatives come from.
    pub negatives: Negatives,
    /// Positives at most; a seeded sample where there are more (500,000 in the paper).
    pub positives_max: usize,
    /// Negatives at most (500,000 in the paper).
    pub negatives_max: usize,
    /// Seed of every random draw.
    pub random_seed: u64,
}

/// Where the classifier's negatives come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Negatives {
    /// A seeded sample of the crawl's pages that are not in the seed.
    Crawl,
    /// Files like those of the positives.
    Files(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::config) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(in crate::config) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawSeed {
    positives: Option<OneOrMany>,
    negatives: Option<OneOrMany>,
    positives_max: Option<usize>,
    negatives_max: Option<usize>,
    random_seed: Option<u64>,
}

impl TryFrom<RawSeed> for Seed {
    type Error = ConfigError;

    fn try_from(raw: RawSeed) -> Result<Self, ConfigError> {
        let RawSeed { positives, negatives, positives_max, negatives_max, random_seed } = raw;
        let negatives = match negatives.map(OneOrMany::into_vec) {
            None => Negatives::Crawl,
            Some(files) if files.iter().any(|f| f == "crawl") => Negatives::Crawl,
            Some(files) if files.is_empty() => {
                return Err(ConfigError::value("seed.negatives", "\"crawl\" or a list of files".to_owned(), "[]"));
            }
            Some(files) => Negatives::Files(files),
        };
        Ok(Self {
            positives: positives.map(OneOrMany::into_vec).unwrap_or_default(),
            negatives,
            positives_max: at_least("seed.positives_max", positives_max.unwrap_or(500_000), 1)?,
            negatives_max: at_least("seed.negatives_max", negatives_max.unwrap_or(500_000), 1)?,
            random_seed: random_seed.unwrap_or(1),
        })
    }
}

/// How the classifier's settings are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassifierSettings {
    /// By validation on held-out domains.
    Auto,
    /// The paper's: dimension 256, rate 0.1, word 3-grams, minimum count 3, 3 epochs.
    Paper,
}

/// The classifier.
#[derive(Clone, Debug, Serialize)]
pub struct Classifier {
    /// How its settings are chosen.
    pub settings: ClassifierSettings,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawClassifier {
    settings: Option<ClassifierSettings>,
}

impl TryFrom<RawClassifier> for Classifier {
    type Error = ConfigError;

    fn try_from(raw: RawClassifier) -> Result<Self, ConfigError> {
        let RawClassifier { settings } = raw;
        Ok(Self { settings: settings.unwrap_or(ClassifierSettings::Auto) })
    }
}
