//! `[domains]`: which domains are mathematical, how their URLs are cut, and who says which of them are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::seed::OneOrMany;
use super::{at_least, share};
use crate::config::load::ConfigError;

/// Which domains are mathematical, how their URLs are cut, and who says which of them are.
#[derive(Clone, Debug)]
pub struct Domains {
    /// How domains and prefixes are counted and cut.
    pub rules: DomainRules,
    /// Files of annotations that hold in every round.
    pub annotations: Vec<PathBuf>,
    /// Where annotations hold.
    pub annotated: Annotated,
    /// Who says which prefixes are mathematics.
    pub annotate: Annotate,
}

/// How domains and prefixes are counted and cut.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DomainRules {
    /// A domain is mathematical where its collected share is at least this (10 % in the paper).
    pub share_min: f64,
    /// Least pages of a mathematical domain.
    pub pages_min: u64,
    /// Confidence of the bounds of shares, one-sided: 0.5 to 0.999.
    pub confidence: f64,
    /// Which pages a share is of.
    pub denominator: Denominator,
    /// Least pages of a prefix.
    pub prefix_pages_min: u64,
    /// Prefixes of a domain at most: the largest.
    pub prefixes_max: usize,
    /// Segments of a prefix at most.
    pub depth_max: usize,
    /// Least values of a key of the query that routes.
    pub key_values_min: usize,
    /// A prefix is proposed for acceptance from this lower bound of its share of mathematics on, by the scores.
    pub accept_share: f64,
    /// A prefix is proposed for refusal up to this upper bound.
    pub refuse_share: f64,
    /// With `annotate = "auto"` a proposed prefix is accepted from this lower bound of its collected share on …
    pub auto_share: f64,
    /// … and this mean score of its pages that are not collected: nobody looks at them.
    pub auto_score: f64,
    /// Pages sampled of a prefix, for the annotator.
    pub samples: usize,
    /// Domains whose pages are sampled, those with most to gain.
    pub sampled_domains_max: usize,
}

/// Which pages a share is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Denominator {
    /// Those that pass the rules of quality and are no duplicates.
    Survivors,
    /// Those with a text in a language that is kept.
    Kept,
    /// All captures, rejected ones too.
    Seen,
}

/// Where annotations hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Annotated {
    /// In the mathematical domains of the round: those that a person is shown.
    MathRelated,
    /// In every domain that is named.
    All,
}

/// Who says which prefixes are mathematics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Annotate {
    /// A person.
    Manual,
    /// The proposed cut, where no person has spoken.
    Auto,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawDomains {
    share_min: Option<f64>,
    pages_min: Option<u64>,
    confidence: Option<f64>,
    denominator: Option<Denominator>,
    prefix_pages_min: Option<u64>,
    prefixes_max: Option<usize>,
    depth_max: Option<usize>,
    key_values_min: Option<usize>,
    accept_share: Option<f64>,
    refuse_share: Option<f64>,
    auto_share: Option<f64>,
    auto_score: Option<f64>,
    samples: Option<usize>,
    sampled_domains_max: Option<usize>,
    annotations: Option<OneOrMany>,
    annotated: Option<Annotated>,
    annotate: Option<Annotate>,
}

impl TryFrom<RawDomains> for Domains {
    type Error = ConfigError;

    fn try_from(raw: RawDomains) -> Result<Self, ConfigError> {
        let RawDomains {
            share_min,
            pages_min,
            confidence,
            denominator,
            prefix_pages_min,
            prefixes_max,
            depth_max,
            key_values_min,
            accept_share,
            refuse_share,
            auto_share,
            auto_score,
            samples,
            sampled_domains_max,
            annotations,
            annotated,
            annotate,
        } = raw;
        let confidence = confidence.unwrap_or(0.9);
        if !(0.5..=0.999).contains(&confidence) {
            return Err(ConfigError::value("domains.confidence", "0.5 to 0.999".to_owned(), confidence));
        }
        let accept_share = share("domains.accept_share", accept_share.unwrap_or(0.5))?;
        let refuse_share = share("domains.refuse_share", refuse_share.unwrap_or(0.1))?;
        if refuse_share >= accept_share {
            let expected = format!("less than domains.accept_share, {accept_share}");
            return Err(ConfigError::value("domains.refuse_share", expected, refuse_share));
        }
        let rules = DomainRules {
            share_min: share("domains.share_min", share_min.unwrap_or(0.1))?,
            pages_min: at_least("domains.pages_min", pages_min.unwrap_or(3), 1)?,
            confidence,
            denominator: denominator.unwrap_or(Denominator::Survivors),
            prefix_pages_min: at_least("domains.prefix_pages_min", prefix_pages_min.unwrap_or(5), 1)?,
            prefixes_max: at_least("domains.prefixes_max", prefixes_max.unwrap_or(1000), 1)?,
            depth_max: at_least("domains.depth_max", depth_max.unwrap_or(6), 1)?,
            key_values_min: at_least("domains.key_values_min", key_values_min.unwrap_or(5), 2)?,
            accept_share,
            refuse_share,
            auto_share: share("domains.auto_share", auto_share.unwrap_or(0.1))?,
            auto_score: share("domains.auto_score", auto_score.unwrap_or(0.5))?,
            samples: samples.unwrap_or(6),
            sampled_domains_max: sampled_domains_max.unwrap_or(1000),
        };
        Ok(Self {
            rules,
            annotations: annotations
                .map(OneOrMany::into_vec)
                .unwrap_or_default()
                .into_iter()
                .map(PathBuf::from)
                .collect(),
            annotated: annotated.unwrap_or(Annotated::MathRelated),
            annotate: annotate.unwrap_or(Annotate::Manual),
        })
    }
}
