//! What a report is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bars of the histogram of scores, which divide the range from 0 to 1.
pub(super) const BINS: usize = 40;
/// Parts of the ranking, of about equally many pages.
pub(super) const DECILES: usize = 10;

/// What the files of a round say beyond the counts of its stages. Without times, so that equal rounds have equal figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Pages by score, from 0 to 1.
    pub scores: Vec<Bin>,
    /// The collection by rank, best first.
    pub deciles: Vec<Decile>,
    /// By language, most pages first.
    pub languages: Vec<Language>,
    /// Formulas by the form in which pages have them, those with most collected first; empty where that is not known.
    pub forms: Vec<FormLine>,
    /// Domains with collected pages.
    pub domains_collected: u64,
    /// Those with the most collected pages.
    pub domains: Vec<Domain>,
}

/// The pages in a range of scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Pages that could be collected: those that stay after quality, deduplication and decontamination.
    pub pages: u64,
    /// Those that are.
    pub collected: u64,
}

/// A tenth of the ranking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decile {
    /// Its pages.
    pub pages: u64,
    /// Tokens of their texts.
    pub tokens: u64,
    /// Formulas in them.
    pub formulas: u64,
    /// Chinese pages.
    pub chinese: u64,
    /// Best score.
    pub score_first: f64,
    /// Lowest score.
    pub score_last: f64,
}

/// A language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Language {
    /// Its name.
    pub language: String,
    /// Pages that could be collected.
    pub pages: u64,
    /// Tokens of their texts.
    pub tokens: u64,
    /// Collected pages.
    pub collected: u64,
    /// Tokens of the collected pages.
    pub collected_tokens: u64,
}

/// A form of markup for formulas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormLine {
    /// Its name, as in the tables of `forms/`.
    pub form: String,
    /// Pages that could be collected and have formulas in it.
    pub pages: u64,
    /// Formulas in it on those.
    pub formulas: u64,
    /// Collected pages with formulas in it.
    pub collected: u64,
    /// Formulas in it on those.
    pub collected_formulas: u64,
}

/// A domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    /// Its name.
    pub domain: String,
    /// Collected pages.
    pub collected: u64,
    /// Tokens of the collected pages.
    pub tokens: u64,
    /// All pages of it, where the domains were analysed.
    pub pages: Option<u64>,
    /// Whether it is held for a domain of mathematics, where the domains were analysed.
    pub math_related: Option<bool>,
    /// Pages that the round before had collected of it, where there is one.
    pub before: Option<u64>,
}

/// A round among rounds, from its `summary.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoundLine {
    /// Which.
    pub round: u32,
    /// Collected pages.
    pub pages: u64,
    /// Their tokens.
    pub tokens: u64,
    /// The lowest score collected.
    pub last_score: Option<f64>,
    /// Examples of mathematics that its classifier was given.
    pub positives: Option<u64>,
    /// Average precision on held-out domains.
    pub average_precision: Option<f64>,
    /// Share of its pages that the round before had collected.
    pub pages_share: Option<f64>,
    /// The same by tokens.
    pub tokens_share: Option<f64>,
    /// The share from which on the rounds have converged.
    pub converged_share: Option<f64>,
}

/// A page to look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Its rank, where it is collected.
    pub rank: Option<u64>,
    /// Its score.
    pub score: f64,
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
    /// Its language.
    pub language: String,
    /// Tokens of its text.
    pub tokens: u64,
    /// Formulas in its text.
    pub formulas: u64,
    /// The beginning of its text.
    pub text: String,
    /// Whether the text goes on.
    pub cut: bool,
}

/// What a stage took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timing {
    /// The stage.
    pub stage: String,
    /// Version of its code.
    pub version: u32,
    /// Its tasks.
    pub tasks: u64,
    /// Bytes read, where the stage counts them.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
    /// Rows written.
    pub rows_out: u64,
    /// Seconds from start to commit, all tasks together.
    pub wall_s: f64,
    /// CPU seconds.
    pub cpu_s: f64,
    /// The longest task, seconds.
    pub longest_s: f64,
    /// Most memory that the process had held when a task of the stage was committed.
    pub memory_peak: Option<u64>,
}

/// All that the report of a round shows.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Which round.
    pub round: u32,
    /// `summary.json`.
    pub summary: Value,
    /// `classifier.json`.
    pub card: Value,
    /// Figures of the files.
    pub figures: Figures,
    /// The rounds up to this one.
    pub rounds: Vec<RoundLine>,
    /// Pages of the collection, some of each tenth, best first.
    pub samples: Vec<Vec<Sample>>,
    /// The best pages that are not collected.
    pub beyond: Vec<Sample>,
    /// By stage, in the order of the flow.
    pub timings: Vec<Timing>,
    /// The configuration, as TOML.
    pub configuration: String,
    /// What the program and its parts are called, and their versions.
    pub versions: Vec<(String, String)>,
}
