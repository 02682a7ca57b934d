//! `[rounds]` and `[recall]`: how a round follows from the one before it, and when the rounds end.

use serde::{Deserialize, Serialize};

use super::{at_least, share};
use crate::config::load::ConfigError;

/// What becomes of math-related domains that have no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsettled {
    /// The rounds wait for annotations, unless the configuration names a file of them or the round has one.
    Ask,
    /// The rounds wait until every math-related domain has a verdict.
    Stop,
    /// The rounds go on with the verdicts that are there.
    Ignore,
}

/// The loop.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// The rounds have converged when this share of a round's collection, by pages and by tokens, was in the one
    /// before it (0.98 in the paper).
    pub converged_share: f64,
    /// What becomes of math-related domains without a verdict.
    pub unsettled: Unsettled,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawRounds {
    converged_share: Option<f64>,
    unsettled: Option<Unsettled>,
}

impl TryFrom<RawRounds> for Rounds {
    type Error = ConfigError;

    fn try_from(raw: RawRounds) -> Result<Self, ConfigError> {
        let RawRounds { converged_share, unsettled } = raw;
        Ok(Self {
            converged_share: share("rounds.converged_share", converged_share.unwrap_or(0.98))?,
            unsettled: unsettled.unwrap_or(Unsettled::Ask),
        })
    }
}

/// Which pages the negatives of a later round are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NegativesFrom {
    /// Those that the round before did not collect.
    Uncollected,
    /// All.
    Survivors,
}

/// Which pages join the seed of the next round.
#[derive(Clone, Debug, Serialize)]
pub struct Recall {
    /// Whether pages are recalled at all; without them a round only draws its negatives anew.
    pub enabled: bool,
    /// Positives of one domain in the next round's seed, at most: beyond it none is recalled.
    pub domain_pages_max: usize,
    /// Share of one domain in the next round's seed, at most: beyond it none of its pages is recalled.
    pub domain_share_max: f64,
    /// Pages recalled over all rounds, at most.
    pub pages_max: usize,
    /// Whether pages under accepted prefixes that the round did collect join the seed too.
    pub collected: bool,
    /// Where the next round's negatives come from, besides refused prefixes.
    pub negatives: NegativesFrom,
    /// Whether pages under refused prefixes are negatives of the next round in any case.
    pub hard_negatives: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawRecall {
    enabled: Option<bool>,
    domain_pages_max: Option<usize>,
    domain_share_max: Option<f64>,
    pages_max: Option<usize>,
    collected: Option<bool>,
    negatives: Option<NegativesFrom>,
    hard_negatives: Option<bool>,
}

impl TryFrom<RawRecall> for Recall {
    type Error = ConfigError;

    fn try_from(raw: RawRecall) -> Result<Self, ConfigError> {
        let RawRecall { enabled, domain_pages_max, domain_share_max, pages_max, collected, negatives, hard_negatives } =
            raw;
        Ok(Self {
            enabled: enabled.unwrap_or(true),
            domain_pages_max: at_least("recall.domain_pages_max", domain_pages_max.unwrap_or(10_000), 1)?,
            domain_share_max: share("recall.domain_share_max", domain_share_max.unwrap_or(0.1))?,
            pages_max: at_least("recall.pages_max", pages_max.unwrap_or(500_000), 1)?,
            collected: collected.unwrap_or(false),
            negatives: negatives.unwrap_or(NegativesFrom::Uncollected),
            hard_negatives: hard_negatives.unwrap_or(true),
        })
    }
}
