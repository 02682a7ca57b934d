//! Reading the file, merging `--set`, resolving paths, checking.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::sections::{
    Annotating, Boilerplate, Classifier, Crawl, Decontaminate, Dedup, Domains, Extract, Http, Index, Language, Masking,
    Output, Quality, Rank, RawAnnotate, RawBoilerplate, RawClassifier, RawCrawl, RawDecontaminate, RawDedup,
    RawDomains, RawExtract, RawHttp, RawIndex, RawLanguage, RawMasking, RawOutput, RawQuality, RawRank, RawRead,
    RawRecall, RawRounds, RawRun, RawSeed, Read, Recall, Rounds, Run, Seed,
};

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot read the configuration: {source}{}", path.display(), hint(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown key or a wrong type.
    #[error("{origin}: {message}")]
    Form {
        /// The file, or the `--set` argument.
        origin: String,
        /// What the parser found, with the place.
        message: String,
    },
    /// A required key is not there.
    #[error("missing key {key}: {what}; set it in the configuration file, or with --set '{key}=…'")]
    Missing {
        /// The dotted key.
        key: String,
        /// What it is.
        what: String,
    },
    /// A value is out of range.
    #[error("{key}: expected {expected}, found {found}")]
    Value {
        /// The dotted key.
        key: String,
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
}

fn hint(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::NotFound => " (name one with --config, or make one with `corpus-build init`)",
        _ => "",
    }
}

impl ConfigError {
    pub(super) fn missing(key: &str, what: &str) -> Self {
        Self::Missing { key: key.to_owned(), what: what.to_owned() }
    }

    pub(super) fn value(key: &str, expected: String, found: impl Display) -> Self {
        Self::Value { key: key.to_owned(), expected, found: found.to_string() }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    run: RawRun,
    output: RawOutput,
    crawl: RawCrawl,
    http: RawHttp,
    read: RawRead,
    extract: RawExtract,
    language: RawLanguage,
    dedup: RawDedup,
    quality: RawQuality,
    boilerplate: RawBoilerplate,
    decontaminate: RawDecontaminate,
    masking: RawMasking,
    seed: RawSeed,
    classifier: RawClassifier,
    rank: RawRank,
    recall: RawRecall,
    rounds: RawRounds,
    domains: RawDomains,
    annotate: RawAnnotate,
    index: RawIndex,
}

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Threads and memory.
    pub run: Run,
    /// Where results go.
    pub output: Output,
    /// Which captures are read.
    pub crawl: Crawl,
    /// How remote files are asked for.
    pub http: Http,
    /// Caps on reading.
    pub read: Read,
    /// How a page becomes text.
    pub extract: Extract,
    /// Which languages go on.
    pub language: Language,
    /// How near-duplicates are found.
    pub dedup: Dedup,
    /// Which paragraphs are boilerplate.
    pub boilerplate: Boilerplate,
    /// What is masked in the texts of shards.
    pub masking: Masking,
    /// What of benchmarks pages must not hold.
    pub decontaminate: Decontaminate,
    /// `[quality]`.
    pub quality: Quality,
    /// Where the first positives and negatives come from.
    pub seed: Seed,
    /// The classifier.
    pub classifier: Classifier,
    /// `[domains]`.
    pub domains: Domains,
    /// URL indexes of crawls.
    pub index: Index,
    rank: Option<Rank>,
    /// Which pages join the seed of the next round.
    pub recall: Recall,
    /// The loop.
    pub rounds: Rounds,
    /// How domains are annotated.
    pub annotate: Annotating,
    /// All of it as it was given, as TOML: for people.
    pub told: String,
}

impl Config {
    /// The ranking, which has a key without a default.
    ///
    /// # Errors
    /// `rank.token_budget` is missing.
    pub fn rank(&self) -> Result<&Rank, ConfigError> {
        self.rank
            .as_ref()
            .ok_or_else(|| ConfigError::missing("rank.token_budget", "how many tokens to collect, \"40B\" say"))
    }

    /// The seed's positives.
    ///
    /// # Errors
    /// `seed.positives` is missing or empty.
    pub fn positives(&self) -> Result<&[String], ConfigError> {
        match self.seed.positives.as_slice() {
            [] => Err(ConfigError::missing("seed.positives", "files of mathematical pages in OpenWebMath's schema")),
            files => Ok(files),
        }
    }

    /// The crawl.
    ///
    /// # Errors
    /// Neither `crawl.paths` nor `crawl.id` is there.
    pub fn crawl(&self) -> Result<&Crawl, ConfigError> {
        if self.crawl.paths.is_empty() && self.crawl.id.is_none() {
            return Err(ConfigError::missing("crawl.paths", "WARC files to read (or crawl.id, a Common Crawl id)"));
        }
        Ok(&self.crawl)
    }
}

/// Keys whose values are paths (strings or lists of strings), resolved against the file that names them.
const PATH_KEYS: &[(&str, &str)] = &[
    ("output", "dir"),
    ("crawl", "paths"),
    ("decontaminate", "benchmarks"),
    ("decontaminate", "allow"),
    ("dedup", "scores"),
    ("domains", "annotations"),
    ("index", "base_url"),
    ("index", "tables"),
    ("quality", "blocked_hosts"),
    ("seed", "positives"),
    ("seed", "negatives"),
];

fn resolve_paths(table: &mut toml::Table, base: &Path) {
    let resolve = |text: &mut String| {
        if !text.contains("://") && Path::new(text.as_str()).is_relative() {
            *text = base.join(text.as_str()).to_string_lossy().into_owned();
        }
    };
    for (section, key) in PATH_KEYS {
        match table.get_mut(*section).and_then(|s| s.get_mut(*key)) {
            Some(toml::Value::String(text)) if (*section, *key, text.as_str()) != ("seed", "negatives", "crawl") => {
                resolve(text);
            }
            Some(toml::Value::Array(items)) => {
                for item in items {
                    if let toml::Value::String(text) = item {
                        resolve(text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Lays a table over another, key by key.
pub(crate) fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Reads `path` (where given) and lays the `--set` arguments over it.
///
/// # Errors
/// The file cannot be read, has not the form, lacks a key that every command needs, or holds a value out of range.
pub fn load(path: Option<&Path>, sets: &[String]) -> Result<Config, ConfigError> {
    let mut table = toml::Table::new();
    if let Some(path) = path {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        table = read_table(&text, &path.display().to_string())?;
        resolve_paths(&mut table, path.parent().unwrap_or(Path::new("")));
    }
    parse(table, sets)
}

/// Checks that `text` has the form of a configuration, so that a message names the line, and gives its table.
fn read_table(text: &str, origin: &str) -> Result<toml::Table, ConfigError> {
    let form = |e: toml::de::Error| ConfigError::Form { origin: origin.to_owned(), message: e.to_string() };
    toml::from_str::<Raw>(text).map_err(form)?;
    toml::from_str(text).map_err(form)
}

/// Lays the `--set` arguments (`dotted.key=TOML value`) over a table and checks the whole.
///
/// # Errors
/// As [`load`].
pub fn parse(mut table: toml::Table, sets: &[String]) -> Result<Config, ConfigError> {
    for set in sets {
        let mut one = read_table(set, &format!("--set '{set}'"))?;
        resolve_paths(&mut one, Path::new(""));
        merge(&mut table, one);
    }
    let told = toml::to_string_pretty(&table).unwrap_or_default();
    let raw: Raw = table.try_into().map_err(|e: toml::de::Error| ConfigError::Form {
        origin: "configuration".to_owned(),
        message: e.to_string(),
    })?;
    let Raw {
        run,
        output,
        crawl,
        http,
        read,
        extract,
        language,
        quality,
        dedup,
        boilerplate,
        decontaminate,
        masking,
        seed,
        classifier,
        rank,
        recall,
        rounds,
        domains,
        annotate,
        index,
    } = raw;
    Ok(Config {
        run: run.try_into()?,
        output: output.try_into()?,
        crawl: crawl.try_into()?,
        http: http.try_into()?,
        read: read.try_into()?,
        extract: extract.try_into()?,
        language: language.try_into()?,
        dedup: dedup.try_into()?,
        boilerplate: boilerplate.try_into()?,
        decontaminate: decontaminate.try_into()?,
        masking: masking.try_into()?,
        quality: quality.try_into()?,
        seed: seed.try_into()?,
        classifier: classifier.try_into()?,
        rank: rank.try_into()?,
        recall: recall.try_into()?,
        rounds: rounds.try_into()?,
        domains: domains.try_into()?,
        index: index.try_into()?,
        annotate: annotate.try_into()?,
        told,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fails(text: &str, sets: &[&str], want: &[&str]) {
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        let error = read_table(text, "pipeline.toml").and_then(|t| parse(t, &sets)).err();
        let message = error.map(|e| e.to_string()).unwrap_or_default();
        for part in want {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        fails("", &[], &["missing key output.dir"]);
        fails("[output]\ndir = \"o\"\n[rank]\ntoken_budged = 1", &[], &["pipeline.toml", "token_budged", "line 4"]);
        fails("[output]\ndir = 3", &[], &["pipeline.toml", "line 2", "expected"]);
        fails("[output]\ndir = \"o\"\n[rank]\ntoken_budget = \"0\"", &[], &["rank.token_budget", "at least 1", "0"]);
        fails("[output]\ndir = \"o\"", &["rank.token_budget=[]"], &["rank.token_budget", "list", "[]"]);
        fails("[output]\ndir = \"o\"", &["rank.token_budget=[\"2k\", 0]"], &["rank.token_budget", "at least 1"]);
        fails("[output]\ndir = \"o\"", &["rounds.converged_share=1.5"], &["rounds.converged_share", "share"]);
        fails("[output]\ndir = \"o\"", &["dedup.bands=0"], &["dedup.bands", "at least 1"]);
        fails("[output]\ndir = \"o\"", &["dedup.bnads=3"], &["--set 'dedup.bnads=3'", "bnads"]);
        fails("[output]\ndir = \"o\"", &["crawl.paths=[unquoted]"], &["--set"]);
        fails(
            "[output]\ndir = \"o\"",
            &["decontaminate.gram_length=1"],
            &["decontaminate.gram_length", "2 to 63", "1"],
        );
        fails("[output]\ndir = \"o\"", &["decontaminate.short_grams_min=11"], &["short_grams_min", "1 to 10", "11"]);
        fails("[output]\ndir = \"o\"", &["decontaminate.page_share_max=0"], &["page_share_max", "share"]);
        fails("[output]\ndir = \"o\"\n[language]\nkeep = [\"fr\"]", &[], &["language.keep", "fr"]);
        fails("[output]\ndir = \"o\"\n[rank]\ntoken_budget = \"40 bananas\"", &[], &["tokens", "40 bananas"]);
    }

    #[test]
    fn paths_are_relative_to_who_names_them() {
        let mut table = toml::Table::new();
        merge(
            &mut table,
            toml::from_str("[output]\ndir = \"o\"\n[crawl]\npaths = [\"a\", \"https://x/y\", \"/z\"]").unwrap(),
        );
        resolve_paths(&mut table, Path::new("conf"));
        let config =
            parse(table, &["seed.positives=\"p.parquet\"".to_owned(), "rank.token_budget=\"2k\"".to_owned()]).unwrap();
        assert_eq!(config.output.dir, Path::new("conf/o"));
        assert_eq!(config.crawl.paths, ["conf/a", "https://x/y", "/z"]);
        assert_eq!(config.positives().unwrap(), ["p.parquet"]);
        assert_eq!(config.rank().unwrap().token_budget(3).0, 2000);
    }
}
