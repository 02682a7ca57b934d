//! What is known of a trained classifier: `classifier.json`, beside the model.

use serde::{Deserialize, Serialize};

use super::calibrate::Calibration;
use super::curves::Curves;
use super::settings::Settings;

/// The card of a classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of the text normalisation (see [`super::NORMALISATION_VERSION`]).
    pub normalisation: u32,
    /// xxh3-64 of the model's bytes, hex.
    pub model_xxh3: String,
    /// Seed of all draws.
    pub seed: u64,
    /// The examples given and used.
    pub examples: Examples,
    /// How the model was trained.
    pub settings: Settings,
    /// From the model's logit to the score.
    pub calibration: Calibration,
    /// How the settings do on domains they were not trained on; `None` where the positives are of one domain.
    pub validation: Option<Validation>,
    /// The curves of the same; cards of earlier versions have none.
    #[serde(default)]
    pub curves: Option<Curves>,
    /// The settings that were tried, in the order of trying.
    pub tried: Vec<Trial>,
}

/// Sizes and sources of the training set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    /// Positives given.
    pub positives: usize,
    /// Negatives given.
    pub negatives: usize,
    /// Positives without any token, left out.
    pub positives_empty: usize,
    /// Negatives without any token, left out.
    pub negatives_empty: usize,
    /// Positives trained on, after the cap on pages of a domain.
    pub positives_used: usize,
    /// Negatives trained on, after the caps and without those that look like mathematics.
    pub negatives_used: usize,
    /// Negatives left out since a model that had not seen their domain took them for mathematics.
    pub negatives_like_math: usize,
    /// Domains of the positives with their pages, most pages first; at most 100.
    pub positive_domains: Vec<DomainPages>,
    /// Number of domains of the positives.
    pub positive_domains_total: usize,
    /// Number of domains of the negatives.
    pub negative_domains_total: usize,
}

/// Pages of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainPages {
    /// The domain.
    pub domain: String,
    /// Its pages.
    pub pages: usize,
}

/// Figures on held-out domains.
///
/// "Corrected" figures take into account that the negatives are a sample of the crawl, mathematics included
/// (see the module `metrics`); the others count every negative as none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Number of folds; the pages of a domain are in one.
    pub folds: usize,
    /// Positives that were held out once.
    pub positives: usize,
    /// Negatives that were held out once.
    pub negatives: usize,
    /// Upper estimate of the share of mathematics in the negatives.
    pub math_share: f64,
    /// Average precision, corrected; positives weigh 1 / √(pages of their domain). The criterion of the choice.
    pub average_precision: f64,
    /// Probability that a positive ranks above a random page of the crawl.
    pub area_under_curve: f64,
    /// Share of the positives with a score of at least one half.
    pub recall: f64,
    /// Share of positives among the examples with a score of at least one half, uncorrected.
    pub precision_uncorrected: f64,
    /// The same, corrected.
    pub precision: f64,
}

/// Settings that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The settings.
    pub settings: Settings,
    /// Average precision on held-out domains, corrected, at the chosen settings' share of mathematics.
    pub average_precision: f64,
    /// Probability that a held-out positive ranks above a random page of the crawl.
    pub area_under_curve: f64,
}
