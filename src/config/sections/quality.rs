//! `[quality]`: which pages are worth keeping.

use std::path::PathBuf;

use serde::Deserialize;

use super::{at_least, share};
use crate::config::load::ConfigError;
use crate::quality::QualityRules;

/// Which pages are worth keeping.
#[derive(Clone, Debug)]
pub struct Quality {
    /// The bounds.
    pub rules: QualityRules,
    /// Files that list hosts whose pages are dropped: a host a line, hosts files, `||host^` lines, `.gz` too.
    pub blocked_hosts: Vec<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawQuality {
    words_min: Option<usize>,
    words_max: Option<usize>,
    word_chars_min: Option<f64>,
    word_chars_max: Option<f64>,
    symbols_per_word_max: Option<f64>,
    alphabetic_words_min: Option<f64>,
    stop_words_min: Option<usize>,
    bullet_lines_max: Option<f64>,
    ellipsis_lines_max: Option<f64>,
    short_lines_max: Option<f64>,
    punctuated_lines_min: Option<f64>,
    terminal_lines_min: Option<f64>,
    script_lines_max: Option<f64>,
    policy_lines_max: Option<f64>,
    filler_lines_max: Option<f64>,
    duplicate_lines_max: Option<f64>,
    duplicate_line_chars_max: Option<f64>,
    top_grams_max: Option<[f64; 3]>,
    duplicate_grams_max: Option<[f64; 6]>,
    blocked_hosts: Option<Vec<PathBuf>>,
}

impl TryFrom<RawQuality> for Quality {
    type Error = ConfigError;

    fn try_from(raw: RawQuality) -> Result<Self, ConfigError> {
        let RawQuality {
            words_min,
            words_max,
            word_chars_min,
            word_chars_max,
            symbols_per_word_max,
            alphabetic_words_min,
            stop_words_min,
            bullet_lines_max,
            ellipsis_lines_max,
            short_lines_max,
            punctuated_lines_min,
            terminal_lines_min,
            script_lines_max,
            policy_lines_max,
            filler_lines_max,
            duplicate_lines_max,
            duplicate_line_chars_max,
            top_grams_max,
            duplicate_grams_max,
            blocked_hosts,
        } = raw;
        let usual = QualityRules::default();
        let words_min = words_min.unwrap_or(usual.words_min);
        let word_chars_min = word_chars_min.unwrap_or(usual.word_chars_min);
        let most = |key: &str, given: Option<f64>, usual: f64| share(key, given.unwrap_or(usual));
        let least = |key: &str, given: Option<f64>, usual: f64| match given.unwrap_or(usual) {
            share if (0.0..=1.0).contains(&share) => Ok(share),
            other => Err(ConfigError::value(key, "a share from 0 to 1".to_owned(), other)),
        };
        let each = |key: &str, shares: &[f64]| shares.iter().try_for_each(|value| share(key, *value).map(|_| ()));
        let top_grams_max = top_grams_max.unwrap_or(usual.top_grams_max);
        let duplicate_grams_max = duplicate_grams_max.unwrap_or(usual.duplicate_grams_max);
        each("quality.top_grams_max", &top_grams_max)?;
        each("quality.duplicate_grams_max", &duplicate_grams_max)?;
        let rules = QualityRules {
            words_min,
            words_max: at_least("quality.words_max", words_max.unwrap_or(usual.words_max), words_min)?,
            word_chars_min: at_least("quality.word_chars_min", word_chars_min, 0.0)?,
            word_chars_max: at_least(
                "quality.word_chars_max",
                word_chars_max.unwrap_or(usual.word_chars_max),
                word_chars_min,
            )?,
            symbols_per_word_max: at_least(
                "quality.symbols_per_word_max",
                symbols_per_word_max.unwrap_or(usual.symbols_per_word_max),
                0.0,
            )?,
            alphabetic_words_min: least(
                "quality.alphabetic_words_min",
                alphabetic_words_min,
                usual.alphabetic_words_min,
            )?,
            stop_words_min: stop_words_min.unwrap_or(usual.stop_words_min),
            bullet_lines_max: most("quality.bullet_lines_max", bullet_lines_max, usual.bullet_lines_max)?,
            ellipsis_lines_max: most("quality.ellipsis_lines_max", ellipsis_lines_max, usual.ellipsis_lines_max)?,
            short_lines_max: most("quality.short_lines_max", short_lines_max, usual.short_lines_max)?,
            punctuated_lines_min: least(
                "quality.punctuated_lines_min",
                punctuated_lines_min,
                usual.punctuated_lines_min,
            )?,
            terminal_lines_min: least("quality.terminal_lines_min", terminal_lines_min, usual.terminal_lines_min)?,
            script_lines_max: most("quality.script_lines_max", script_lines_max, usual.script_lines_max)?,
            policy_lines_max: most("quality.policy_lines_max", policy_lines_max, usual.policy_lines_max)?,
            filler_lines_max: most("quality.filler_lines_max", filler_lines_max, usual.filler_lines_max)?,
            duplicate_lines_max: most("quality.duplicate_lines_max", duplicate_lines_max, usual.duplicate_lines_max)?,
            duplicate_line_chars_max: most(
                "quality.duplicate_line_chars_max",
                duplicate_line_chars_max,
                usual.duplicate_line_chars_max,
            )?,
            top_grams_max,
            duplicate_grams_max,
        };
        Ok(Self { rules, blocked_hosts: blocked_hosts.unwrap_or_default() })
    }
}
