//! What a corpus is worth: the same model trained on each of several corpora with the same budget, measured on the same
//! held-out texts (section 2.2 in miniature).
//!
//! Runs of one seed begin with the same weights on all corpora; a seed also draws the order of the data. What is held out
//! is not trained on, nor is, by `measure.apart`, what comes from the same site.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::comm::Solo;
use super::config::TrainConfig;
use super::config::files::expand;
use super::data::source::{Order, SourceRules};
use super::error::{Result, TrainError};
use super::metrics::{self, Measurement};
use super::run::{Run, RunOptions};
use crate::io::hash::of_file;

/// A corpus that is compared, or measured on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    /// Its name, in the table and as a folder.
    pub name: String,
    /// Its files, a folder of them, or a glob.
    pub files: PathBuf,
}

impl Corpus {
    /// `NAME=FILES`, or files that are called as their last part is.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('=') {
            Some((name, files)) if !name.is_empty() => Self { name: name.to_owned(), files: files.into() },
            _ => {
                let files = Path::new(text);
                let stem = files.file_stem().unwrap_or_default().to_string_lossy();
                let name: String = stem.chars().filter(|c| !matches!(c, '*' | '?' | '[' | ']')).collect();
                Self { name: if name.is_empty() { "corpus".to_owned() } else { name }, files: files.to_owned() }
            }
        }
    }
}

/// What is compared, and how.
#[derive(Clone, Debug)]
pub struct CompareRules {
    /// The corpora, at least two.
    pub corpora: Vec<Corpus>,
    /// What to measure on, besides those that the configuration names.
    pub held_out: Vec<Corpus>,
    /// The source whose files a corpus takes the place of; may be left out where there is one alone.
    pub source: Option<String>,
    /// Runs a corpus; the first has the seeds of the configuration, each further one higher by one.
    pub seeds: u64,
    /// No progress.
    pub quiet: bool,
}

/// A run of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct SeedRun {
    /// The seed of its weights.
    pub seed: u64,
    /// Tokens of the corpus that could be trained on.
    pub corpus_tokens: u64,
    /// Documents left out since they, or their sites, are measured.
    pub excluded_documents: u64,
    /// All measurements, of the first step first.
    pub measured: Vec<Measurement>,
}

impl SeedRun {
    /// The last perplexity of a held-out source.
    #[must_use]
    pub fn perplexity(&self, source: &str) -> Option<f64> {
        self.measured.iter().rev().find(|one| one.source == source).map(|one| one.perplexity)
    }

    fn at(&self, step: u64, source: &str) -> Option<f64> {
        self.measured.iter().find(|one| one.step == step && one.source == source).map(|one| one.perplexity)
    }
}

/// A corpus and its runs.
#[derive(Clone, Debug, Serialize)]
pub struct CorpusRuns {
    /// Its name.
    pub name: String,
    /// Its runs, by seed.
    pub runs: Vec<SeedRun>,
}

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; 0 of one number.
    pub deviation: f64,
}

impl Spread {
    /// Of some numbers.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Self {
        let count = numbers.len().max(1) as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (count - 1.0).max(1.0)).sqrt() }
    }
}

/// Perplexities of a corpus on a held-out source.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The held-out source.
    pub held_out: String,
    /// The corpus.
    pub corpus: String,
    /// Its last perplexities, by seed.
    pub perplexities: Vec<f64>,
    /// Of them.
    pub perplexity: Spread,
    /// How much more it is than the first corpus's, seed by seed; `None` for the first itself.
    pub over_first: Option<Spread>,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Steps a run.
    pub steps: u64,
    /// Tokens of a step.
    pub step_tokens: u64,
    /// The corpora.
    pub corpora: Vec<CorpusRuns>,
    /// The last perplexities.
    pub table: Vec<Row>,
}

/// The configuration of one run.
///
/// # Errors
/// The source to replace is not named or not there.
pub fn run_config(config: &TrainConfig, rules: &CompareRules, corpus: &Corpus, nth: u64) -> Result<TrainConfig> {
    let mut config = config.clone();
    let names = || config.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    let replaced = match &rules.source {
        Some(name) => config.sources.iter().position(|source| source.name == *name),
        None if config.sources.len() == 1 => Some(0),
        None => None,
    };
    let missing = || TrainError::argument("the source that a corpus replaces", format!("one of {}", names()), "none");
    let replaced = replaced.ok_or_else(missing)?;
    config.sources[replaced].files = expand(&corpus.files)?;
    // All corpora are measured on the same texts, none on a part of its own.
    config.sources[replaced].held_out = 0.0;
    for Corpus { name, files } in &rules.held_out {
        config.measured.push(SourceRules {
            name: name.clone(),
            weight: 1.0,
            files: expand(files)?,
            order: Order::Rank,
            token_budget: None,
            held_out: 0.0,
            kind: config.sources[replaced].kind.clone(),
        });
    }
    if config.measured.is_empty() {
        let expected = "a [[measure.source]] of the configuration, or --held-out";
        return Err(TrainError::argument("texts to measure on", expected, "none"));
    }
    config.seed += nth;
    config.data_seed += nth;
    config.output = config.output.join(format!("{}-{}", corpus.name, config.seed));
    // A run that was stopped goes on where it was, if it is the same.
    let mut identity = format!("{} {} {} {}", config.hash, corpus.files.display(), config.seed, config.data_seed);
    // Its figures are of what it is measured on, and when.
    identity += &format!(" {} {} {:?}", config.measure_rows, config.measure_every, config.apart);
    for source in &config.measured {
        identity += &format!(" {} {:?}", source.name, source.kind);
        for file in &source.files {
            identity += &of_file(file).map_err(TrainError::read(file))?;
        }
    }
    config.hash = format!("{:016x}", xxh3_64(identity.as_bytes()));
    Ok(config)
}

/// Trains on all corpora with all seeds; `done` is told of each run. Runs that are finished already are read.
///
/// # Errors
/// There are fewer than two corpora or two of one name, a file is missing, or a run fails.
pub fn compare(config: &TrainConfig, rules: &CompareRules, done: &mut dyn FnMut(&str, &SeedRun)) -> Result<Comparison> {
    let names: Vec<&str> = rules.corpora.iter().map(|corpus| corpus.name.as_str()).collect();
    let twice = names.iter().enumerate().any(|(i, name)| names[..i].contains(name));
    let unfit = names.iter().any(|name| name.contains(['/', '\\', '\0']) || name.starts_with('.'));
    if names.len() < 2 || twice || unfit || rules.seeds == 0 {
        let expected = "two or more, each under a name of its own that can be a folder's, and a seed or more";
        let found = format!("{} and {} seeds", names.join(", "), rules.seeds);
        return Err(TrainError::argument("corpora to compare", expected, found));
    }
    // A file that is missing is told before hours of training.
    for corpus in &rules.corpora {
        let config = run_config(config, rules, corpus, 0)?;
        config.sources.iter().chain(&config.measured).try_for_each(SourceRules::check_files)?;
    }
    let mut corpora: Vec<CorpusRuns> =
        names.iter().map(|name| CorpusRuns { name: (*name).to_owned(), runs: Vec::new() }).collect();
    // Seed by seed, so that a comparison that is stopped has whole pairs.
    for nth in 0..rules.seeds {
        for (corpus, runs) in rules.corpora.iter().zip(&mut corpora) {
            let config = run_config(config, rules, corpus, nth)?;
            tracing::info!(corpus = corpus.name, seed = config.seed, "training");
            let run = Run::new(&config, &Solo)?;
            let sources = run.mixture().sources();
            let named = |source: &&super::data::source::Source| {
                rules.source.as_ref().is_none_or(|name| source.rules().name == *name)
            };
            let source = sources.iter().find(named);
            let (corpus_tokens, excluded_documents) =
                source.map_or((0, 0), |source| (source.tokens(), source.excluded()));
            run.train(RunOptions { resume: true, quiet: rules.quiet, stop_after: None })?;
            let measured = metrics::measurements(&config.output)?;
            let run = SeedRun { seed: config.seed, corpus_tokens, excluded_documents, measured };
            done(&corpus.name, &run);
            runs.runs.push(run);
        }
    }
    let table = table(&corpora);
    Ok(Comparison { steps: config.steps, step_tokens: config.step_tokens(), corpora, table })
}

fn held_out(corpora: &[CorpusRuns]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let measured = corpora.iter().flat_map(|corpus| &corpus.runs).flat_map(|run| &run.measured);
    for one in measured {
        if !names.contains(&one.source) {
            names.push(one.source.clone());
        }
    }
    names
}

fn table(corpora: &[CorpusRuns]) -> Vec<Row> {
    let mut rows = Vec::new();
    for held_out in held_out(corpora) {
        let of = |corpus: &CorpusRuns| corpus.runs.iter().filter_map(|run| run.perplexity(&held_out)).collect();
        let first: Vec<f64> = corpora.first().map(of).unwrap_or_default();
        for (i, corpus) in corpora.iter().enumerate() {
            let perplexities: Vec<f64> = of(corpus);
            let over: Vec<f64> = perplexities.iter().zip(&first).map(|(own, first)| own - first).collect();
            rows.push(Row {
                held_out: held_out.clone(),
                corpus: corpus.name.clone(),
                perplexity: Spread::of(&perplexities),
                perplexities,
                over_first: (i > 0).then(|| Spread::of(&over)),
            });
        }
    }
    rows
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let budget = self.steps * self.step_tokens;
        writeln!(f, "{} steps of {} tokens: {budget} tokens a run", self.steps, self.step_tokens)?;
        for corpus in &self.corpora {
            let Some(run) = corpus.runs.first() else { continue };
            let epochs = budget as f64 / run.corpus_tokens.max(1) as f64;
            let (tokens, excluded) = (run.corpus_tokens, run.excluded_documents);
            writeln!(f, "{}: {tokens} tokens ({epochs:.2} epochs), {excluded} documents left out", corpus.name)?;
        }
        let width = self.corpora.iter().map(|corpus| corpus.name.chars().count()).max().unwrap_or(0).max(6);
        for held_out in held_out(&self.corpora) {
            writeln!(f, "\nperplexity on {held_out}")?;
            let mut head = format!("{:width$}", "corpus");
            for run in self.corpora.iter().take(1).flat_map(|corpus| &corpus.runs) {
                write!(head, " {:>10}", format!("seed {}", run.seed))?;
            }
            writeln!(f, "{head} {:>10} {:>10} {:>22}", "mean", "deviation", "over the first")?;
            for row in self.table.iter().filter(|row| row.held_out == held_out) {
                let mut line = format!("{:width$}", row.corpus);
                for perplexity in &row.perplexities {
                    write!(line, " {perplexity:>10.3}")?;
                }
                let Spread { mean, deviation } = row.perplexity;
                let over = row.over_first.map(|over| format!("{:+.3} ± {:.3}", over.mean, over.deviation));
                writeln!(f, "{line} {mean:>10.3} {deviation:>10.3} {:>22}", over.unwrap_or_default())?;
            }
            self.curve(f, &held_out, width)?;
        }
        Ok(())
    }
}

impl Comparison {
    /// The mean perplexity of the seeds at each step that was measured.
    fn curve(&self, f: &mut fmt::Formatter<'_>, held_out: &str, width: usize) -> fmt::Result {
        let first = self.corpora.first().and_then(|corpus| corpus.runs.first());
        let of_this = |one: &&Measurement| one.source == held_out;
        let steps: Vec<u64> = first.iter().flat_map(|run| &run.measured).filter(of_this).map(|one| one.step).collect();
        if steps.len() < 2 {
            return Ok(());
        }
        let mut head = format!("{:width$}", "step");
        for step in &steps {
            write!(head, " {step:>8}")?;
        }
        writeln!(f, "{head}")?;
        for corpus in &self.corpora {
            let mut line = format!("{:width$}", corpus.name);
            for step in &steps {
                let at: Vec<f64> = corpus.runs.iter().filter_map(|run| run.at(*step, held_out)).collect();
                write!(line, " {:>8.1}", Spread::of(&at).mean)?;
            }
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
