//! The checked sections of the configuration, one struct each, with the raw struct it is made from.
//!
//! Every key has a default except `output.dir`, `seed.positives`, `rank.token_budget` and the crawl's input, which are
//! required by the commands that read them. Defaults are the paper's values (arXiv 2402.03300, section 2.1) where it
//! states one.

mod annotate;
mod clean;
mod crawl;
mod decontaminate;
mod dedup;
mod domains;
mod extract;
mod index;
mod quality;
mod rank;
mod rounds;
mod run;
mod seed;

pub use annotate::{Annotating, Judge};
pub use clean::{Boilerplate, BoilerplateUnit, Masking};
pub use crawl::{Crawl, Http, Read};
pub use decontaminate::Decontaminate;
pub use dedup::{CaptureChoice, Dedup};
pub use domains::{Annotate, Annotated, Denominator, DomainRules, Domains};
pub use extract::{Extract, Language};
pub use index::{Index, IndexCapture};
pub use quality::Quality;
pub use rank::Rank;
pub use rounds::{NegativesFrom, Recall, Rounds, Unsettled};
pub use run::{Output, Run};
pub use seed::{Classifier, ClassifierSettings, Negatives, Seed};

pub(super) use annotate::RawAnnotate;
pub(super) use clean::{RawBoilerplate, RawMasking};
pub(super) use crawl::{RawCrawl, RawHttp, RawRead};
pub(super) use decontaminate::RawDecontaminate;
pub(super) use dedup::RawDedup;
pub(super) use domains::RawDomains;
pub(super) use extract::{RawExtract, RawLanguage};
pub(super) use index::RawIndex;
pub(super) use quality::RawQuality;
pub(super) use rank::RawRank;
pub(super) use rounds::{RawRecall, RawRounds};
pub(super) use run::{RawOutput, RawRun};
pub(super) use seed::{RawClassifier, RawSeed};

use super::load::ConfigError;

pub(super) fn at_least<T: PartialOrd + std::fmt::Display>(key: &str, value: T, least: T) -> Result<T, ConfigError> {
    if value >= least { Ok(value) } else { Err(ConfigError::value(key, format!("at least {least}"), value)) }
}

pub(super) fn in_range(key: &str, value: usize, least: usize, most: usize) -> Result<usize, ConfigError> {
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(ConfigError::value(key, format!("{least} to {most}"), value))
    }
}

pub(super) fn share(key: &str, value: f64) -> Result<f64, ConfigError> {
    if value > 0.0 && value <= 1.0 {
        Ok(value)
    } else {
        Err(ConfigError::value(key, "a share over 0 and up to 1".to_owned(), value))
    }
}
