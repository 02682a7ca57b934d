//! `[extract]` and `[language]`: how a page becomes text, and which go on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::at_least;
use crate::config::load::ConfigError;
use crate::config::units::ByteSize;
use crate::language;
use crate::tokens::Tokenizer;

/// How a page becomes text.
#[derive(Clone, Debug, Serialize)]
pub struct Extract {
    /// Elements nested deeper than this make the page too complex.
    pub depth_max: usize,
    /// More tags than this make the page too complex.
    pub nodes_max: u64,
    /// Pages with less text than this are dropped.
    pub text_bytes_min: ByteSize,
    /// What counts `tokens`.
    pub tokenizer: Tokenizer,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawExtract {
    depth_max: Option<usize>,
    nodes_max: Option<u64>,
    text_bytes_min: Option<ByteSize>,
    tokenizer: Option<Tokenizer>,
}

impl TryFrom<RawExtract> for Extract {
    type Error = ConfigError;

    fn try_from(raw: RawExtract) -> Result<Self, ConfigError> {
        let RawExtract { depth_max, nodes_max, text_bytes_min, tokenizer } = raw;
        let default = crate::extract::ExtractRules::default();
        Ok(Self {
            depth_max: at_least("extract.depth_max", depth_max.unwrap_or(default.depth_max), 16)?,
            nodes_max: at_least("extract.nodes_max", nodes_max.unwrap_or(default.body_nodes_max), 100)?,
            text_bytes_min: text_bytes_min.unwrap_or(ByteSize(default.text_bytes_min as u64)),
            tokenizer: tokenizer.unwrap_or_default(),
        })
    }
}

/// Which languages go on.
#[derive(Clone, Debug, Serialize)]
pub struct Language {
    /// Names of the languages to keep: `en`, `zh`, `other`.
    pub keep: BTreeSet<language::Language>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawLanguage {
    keep: Option<Vec<String>>,
}

impl TryFrom<RawLanguage> for Language {
    type Error = ConfigError;

    fn try_from(raw: RawLanguage) -> Result<Self, ConfigError> {
        let RawLanguage { keep } = raw;
        let Some(names) = keep else {
            return Ok(Self { keep: [language::Language::English, language::Language::Chinese].into() });
        };
        let keep = names
            .iter()
            .map(|name| {
                name.parse()
                    .map_err(|_| ConfigError::value("language.keep", "\"en\", \"zh\" or \"other\"".to_owned(), name))
            })
            .collect::<Result<BTreeSet<language::Language>, _>>()?;
        if keep.is_empty() {
            return Err(ConfigError::value("language.keep", "at least one language".to_owned(), "[]"));
        }
        Ok(Self { keep })
    }
}
