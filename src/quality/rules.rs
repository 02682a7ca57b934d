//! The rules of quality: a figure of a page against a bound.

use serde::Serialize;

use super::measure::{DUPLICATE_GRAMS, Measures, TOP_GRAMS};
use crate::reject::Reject;

/// The bounds. A share's bound of 1 and a least number of 0 switch their rule off.
///
/// C4's rule against pages with a curly brace is not here on purpose: it is meant for code, and takes LaTeX with it. Nor
/// is its list of bad words, which takes pages on medicine and on people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityRules {
    /// Least words, a formula counting as one (Gopher: 50).
    pub words_min: usize,
    /// Most words (Gopher: 100,000).
    pub words_max: usize,
    /// Least mean length of a word, characters (Gopher: 3).
    pub word_chars_min: f64,
    /// Greatest mean length of a word, characters (Gopher: 10).
    pub word_chars_max: f64,
    /// Most number signs and ellipses, by word (Gopher: 0.1).
    pub symbols_per_word_max: f64,
    /// Least share of words with a letter (Gopher: 0.8).
    pub alphabetic_words_min: f64,
    /// Least number of different common words of English (Gopher: 2).
    pub stop_words_min: usize,
    /// Greatest share of lines that are items of a list (Gopher: 0.9).
    pub bullet_lines_max: f64,
    /// Greatest share of lines that end with an ellipsis (Gopher: 0.3).
    pub ellipsis_lines_max: f64,
    /// Greatest share of short lines (FineWeb: 0.67).
    pub short_lines_max: f64,
    /// Least share of lines that end with punctuation (FineWeb: 0.12).
    pub punctuated_lines_min: f64,
    /// Least share of lines that end a sentence (C4 drops all other lines, which loses headings, formulas and lists).
    pub terminal_lines_min: f64,
    /// Greatest share of lines that speak of JavaScript (C4 drops such lines).
    pub script_lines_max: f64,
    /// Greatest share of lines that speak of terms of use, privacy or cookies (C4 drops such lines).
    pub policy_lines_max: f64,
    /// Greatest share of lines of "lorem ipsum" (C4 drops pages that have any).
    pub filler_lines_max: f64,
    /// Greatest share of lines, and of paragraphs, that stood before (Gopher: 0.3).
    pub duplicate_lines_max: f64,
    /// Greatest share of characters in lines, or paragraphs, that stood before (Gopher: 0.2).
    pub duplicate_line_chars_max: f64,
    /// Greatest share of characters in the most frequent run of 2, 3, 4 words (Gopher: 0.20, 0.18, 0.16).
    pub top_grams_max: [f64; 3],
    /// Greatest share of characters in repeated runs of 5 to 10 words (Gopher: 0.15, 0.14, 0.13, 0.12, 0.11, 0.10).
    pub duplicate_grams_max: [f64; 6],
}

impl Default for QualityRules {
    fn default() -> Self {
        Self {
            words_min: 20,
            words_max: 1_000_000,
            word_chars_min: 2.0,
            word_chars_max: 15.0,
            symbols_per_word_max: 0.1,
            alphabetic_words_min: 0.5,
            stop_words_min: 1,
            bullet_lines_max: 1.0,
            ellipsis_lines_max: 0.3,
            short_lines_max: 1.0,
            punctuated_lines_min: 0.0,
            terminal_lines_min: 0.0,
            script_lines_max: 0.3,
            policy_lines_max: 0.1,
            filler_lines_max: 0.2,
            duplicate_lines_max: 0.75,
            duplicate_line_chars_max: 0.6,
            top_grams_max: [0.35, 0.3, 0.25],
            duplicate_grams_max: [0.6, 0.58, 0.56, 0.54, 0.52, 0.5],
        }
    }
}

/// One rule at work: what it found and where its bound is.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What was measured.
    pub name: String,
    /// How a page is counted that it drops.
    pub reject: Reject,
    /// The value found.
    pub value: f64,
    /// Least value that passes.
    pub least: Option<f64>,
    /// Greatest value that passes.
    pub most: Option<f64>,
}

impl Check {
    /// Whether the page passes.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.least.is_none_or(|least| self.value >= least) && self.most.is_none_or(|most| self.value <= most)
    }
}

impl QualityRules {
    /// All rules that apply to a page, in the order in which they are asked.
    #[must_use]
    pub fn checks(&self, measures: &Measures) -> Vec<Check> {
        let mut checks = Vec::with_capacity(24);
        let mut check = |name: &str, reject, value, least: Option<f64>, most: Option<f64>| {
            checks.push(Check { name: name.to_owned(), reject, value, least, most });
        };
        let m = measures;
        let words = (Some(self.words_min as f64), Some(self.words_max as f64));
        check("words", Reject::WordCount, m.words as f64, words.0, words.1);
        if let Some(chars) = m.mean_word_chars {
            check("mean_word_chars", Reject::WordLength, chars, Some(self.word_chars_min), Some(self.word_chars_max));
        }
        check("symbols_per_word", Reject::Symbols, m.symbols_per_word, None, Some(self.symbols_per_word_max));
        check("alphabetic_words", Reject::FewLetters, m.alphabetic_words, Some(self.alphabetic_words_min), None);
        if let Some(stop_words) = m.stop_words {
            check("stop_words", Reject::FewStopWords, stop_words as f64, Some(self.stop_words_min as f64), None);
        }
        check("bullet_lines", Reject::ListOnly, m.bullet_lines, None, Some(self.bullet_lines_max));
        check("ellipsis_lines", Reject::Ellipses, m.ellipsis_lines, None, Some(self.ellipsis_lines_max));
        check("short_lines", Reject::ShortLines, m.short_lines, None, Some(self.short_lines_max));
        check("punctuated_lines", Reject::NoPunctuation, m.punctuated_lines, Some(self.punctuated_lines_min), None);
        check("terminal_lines", Reject::NoPunctuation, m.terminal_lines, Some(self.terminal_lines_min), None);
        check("script_lines", Reject::Notices, m.script_lines, None, Some(self.script_lines_max));
        check("policy_lines", Reject::Notices, m.policy_lines, None, Some(self.policy_lines_max));
        check("filler_lines", Reject::Filler, m.filler_lines, None, Some(self.filler_lines_max));
        for (name, value, most) in [
            ("duplicate_lines", m.duplicate_lines, self.duplicate_lines_max),
            ("duplicate_line_chars", m.duplicate_line_chars, self.duplicate_line_chars_max),
            ("duplicate_paragraphs", m.duplicate_paragraphs, self.duplicate_lines_max),
            ("duplicate_paragraph_chars", m.duplicate_paragraph_chars, self.duplicate_line_chars_max),
        ] {
            check(name, Reject::RepeatedLines, value, None, Some(most));
        }
        for ((n, value), most) in TOP_GRAMS.iter().zip(m.top_grams).zip(self.top_grams_max) {
            check(&format!("top_{n}_gram"), Reject::RepeatedWords, value, None, Some(most));
        }
        for ((n, value), most) in DUPLICATE_GRAMS.iter().zip(m.duplicate_grams).zip(self.duplicate_grams_max) {
            check(&format!("duplicate_{n}_grams"), Reject::RepeatedWords, value, None, Some(most));
        }
        checks
    }

    /// The first rule that the page breaks.
    #[must_use]
    pub fn broken(&self, measures: &Measures) -> Option<Check> {
        self.checks(measures).into_iter().find(|check| !check.passes())
    }
}
