//! `pipeline.toml` and `--set` → one checked [`Config`].
//!
//! Raw structs mirror the file and refuse unknown keys; each section's checked type cannot hold a wrong value.
//! Relative paths are relative to the file that names them, or to the working folder where they come from `--set`.

mod load;
mod sections;
mod units;

#[cfg(feature = "train")]
pub(crate) use load::merge;
pub use load::{Config, ConfigError, load, parse};
pub use sections::{
    Annotate, Annotated, Annotating, Boilerplate, BoilerplateUnit, CaptureChoice, Classifier, ClassifierSettings,
    Crawl, Decontaminate, Dedup, Denominator, DomainRules, Domains, Extract, Http, Index, IndexCapture, Judge,
    Language, Masking, Negatives, NegativesFrom, Output, Quality, Rank, Read, Recall, Rounds, Run, Seed, Unsettled,
};
pub use units::{ByteSize, TokenBudget};
