//! `[boilerplate]` and `[masking]`: what shards leave out of pages, or write otherwise.

use serde::{Deserialize, Serialize};

use super::{at_least, share};
use crate::config::load::ConfigError;

/// Which paragraphs are boilerplate.
#[derive(Clone, Debug, Serialize)]
pub struct Boilerplate {
    /// Whether it is looked for and removed.
    pub remove: bool,
    /// Over what paragraphs are counted.
    pub unit: BoilerplateUnit,
    /// A paragraph is repeated that stands on so many pages.
    pub pages_min: u64,
    /// … and on this share of the site's pages.
    pub share_min: f64,
    /// Paragraphs of fewer words stay.
    pub words_min: usize,
    /// Whether repeated paragraphs that bear mathematics go too.
    pub formulas: bool,
}

/// Over what paragraphs are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoilerplateUnit {
    /// A registrable domain.
    #[default]
    Domain,
    /// A host.
    Host,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawBoilerplate {
    remove: Option<bool>,
    unit: Option<BoilerplateUnit>,
    pages_min: Option<u64>,
    share_min: Option<f64>,
    words_min: Option<usize>,
    formulas: Option<bool>,
}

impl TryFrom<RawBoilerplate> for Boilerplate {
    type Error = ConfigError;

    fn try_from(raw: RawBoilerplate) -> Result<Self, ConfigError> {
        let RawBoilerplate { remove, unit, pages_min, share_min, words_min, formulas } = raw;
        Ok(Self {
            remove: remove.unwrap_or(true),
            unit: unit.unwrap_or_default(),
            pages_min: at_least("boilerplate.pages_min", pages_min.unwrap_or(5), 2)?,
            share_min: share("boilerplate.share_min", share_min.unwrap_or(0.1))?,
            words_min: at_least("boilerplate.words_min", words_min.unwrap_or(4), 1)?,
            formulas: formulas.unwrap_or(false),
        })
    }
}

/// What is masked in the texts of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Masking {
    /// E-mail addresses.
    pub emails: bool,
    /// Public IP addresses.
    pub ips: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawMasking {
    emails: Option<bool>,
    ips: Option<bool>,
}

impl TryFrom<RawMasking> for Masking {
    type Error = ConfigError;

    fn try_from(raw: RawMasking) -> Result<Self, ConfigError> {
        let RawMasking { emails, ips } = raw;
        Ok(Self { emails: emails.unwrap_or(true), ips: ips.unwrap_or(true) })
    }
}
