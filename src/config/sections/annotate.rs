//! `[annotate]`: how a person, or a judge in advance, says which domains hold mathematics.

use serde::Deserialize;

use super::at_least;
use crate::config::load::ConfigError;

/// How a person, or a judge in advance, says which domains hold mathematics.
#[derive(Clone, Debug)]
pub struct Annotating {
    /// Domains offered, those with the most uncollected tokens: bounds the memory of a session.
    pub domains_max: usize,
    /// Who annotates, as it is written into the file; the user's name where none is given.
    pub by: Option<String>,
    /// The judge, where one is named.
    pub judge: Option<Judge>,
}

/// A language model that proposes verdicts, behind an address in the form of OpenAI's.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The address before `/chat/completions`.
    pub url: url::Url,
    /// The model.
    pub model: String,
    /// The environment variable that holds the key; none: no key is sent.
    pub key_env: Option<String>,
    /// Domains asked about in one run, those that promise the most.
    pub domains_max: usize,
    /// Prefixes asked about in a domain, those with the most uncollected tokens.
    pub prefixes_max: usize,
    /// Sample pages shown of a prefix.
    pub samples_max: usize,
    /// Characters shown of a page.
    pub sample_chars_max: usize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawAnnotate {
    domains_max: Option<usize>,
    by: Option<String>,
    judge_url: Option<String>,
    judge_model: Option<String>,
    judge_key_env: Option<String>,
    judge_domains_max: Option<usize>,
    judge_prefixes_max: Option<usize>,
    judge_samples_max: Option<usize>,
    judge_sample_chars_max: Option<usize>,
}

impl TryFrom<RawAnnotate> for Annotating {
    type Error = ConfigError;

    fn try_from(raw: RawAnnotate) -> Result<Self, ConfigError> {
        let RawAnnotate {
            domains_max,
            by,
            judge_url,
            judge_model,
            judge_key_env,
            judge_domains_max,
            judge_prefixes_max,
            judge_samples_max,
            judge_sample_chars_max,
        } = raw;
        let count = |key: &str, value: Option<usize>, default: usize| {
            at_least(&format!("annotate.{key}"), value.unwrap_or(default), 1)
        };
        let domains = count("judge_domains_max", judge_domains_max, 200)?;
        let prefixes = count("judge_prefixes_max", judge_prefixes_max, 12)?;
        let samples = count("judge_samples_max", judge_samples_max, 4)?;
        let sample_chars = count("judge_sample_chars_max", judge_sample_chars_max, 1200)?;
        let judge = match (judge_url, judge_model) {
            (None, None) => None,
            (Some(url), Some(model)) => {
                let parsed = url::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
                let expected = || "an http(s) address, \"http://127.0.0.1:8000/v1\" say".to_owned();
                Some(Judge {
                    url: parsed.ok_or_else(|| ConfigError::value("annotate.judge_url", expected(), url))?,
                    model,
                    key_env: judge_key_env.filter(|name| !name.is_empty()),
                    domains_max: domains,
                    prefixes_max: prefixes,
                    samples_max: samples,
                    sample_chars_max: sample_chars,
                })
            }
            (Some(_), None) => return Err(ConfigError::missing("annotate.judge_model", "the model to ask")),
            (None, Some(_)) => return Err(ConfigError::missing("annotate.judge_url", "the address to ask at")),
        };
        Ok(Self { domains_max: count("domains_max", domains_max, 10_000)?, by, judge })
    }
}
