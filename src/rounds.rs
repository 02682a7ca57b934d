//! The loop: a round is a list of stages, each run where it is not done.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::classify::seed;
use crate::classify::stage::{CLASSIFIER_FILES, Classifying, negative_files};
use crate::config::{Config, ConfigError};
use crate::crawl::Source;
use crate::decontaminate;
use crate::decontaminate::benchmarks::{self, BenchmarkError};
use crate::decontaminate::stage::Decontaminating;
use crate::dedup;
use crate::extract;
use crate::io::query::Engine;
use crate::io::store::{Location, Store};
use crate::io::table::{TableError, write_file};
use crate::pages::Pages;
use crate::quality;
use crate::rank::Ranking;
use crate::reject::Tally;
use crate::report::figures::{Place, figures};
use crate::report::gather::gather;
use crate::report::{ReportError, html};
use crate::task::{Artifact, Input, Row, Runner, SPILL, StageState, TaskError};

/// Why a round could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The configuration lacks something.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A task failed.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A file could not be written or read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A seed file cannot be resolved.
    #[error("the seed cannot be read")]
    Seed {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A benchmark that is named is not there.
    #[error(transparent)]
    Benchmark(#[from] BenchmarkError),
    /// The figures or the report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A committed row lacks an output that its stage writes.
    #[error("stage {stage} left no {output}: remove its rows under manifest/{stage} and run again")]
    Output {
        /// The stage.
        stage: String,
        /// The file.
        output: &'static str,
    },
    /// No page is left to train on or to rank.
    #[error("no page is left after extraction: {seen} captures read, all rejected: {reasons}")]
    NoPages {
        /// Captures read.
        seen: u64,
        /// Counts by reason.
        reasons: String,
    },
}

/// What one round works on.
pub struct Round<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// Opens files.
    pub store: &'a Store,
    /// The crawl's files.
    pub sources: &'a [Source],
    /// Which round, from 1.
    pub round: u32,
}

/// A line of a plan: stage, and how far it is (`None`: it waits for an earlier one).
pub type PlanLine = (String, Option<StageState>);

/// What a round came to.
#[derive(Debug)]
pub struct Summary {
    /// The figures, as in `summary.json`.
    pub figures: serde_json::Value,
    /// Where the shards are.
    pub shards: PathBuf,
}

fn output(runner: &Runner, row: &Row, ending: &'static str) -> Result<Artifact, RoundError> {
    Artifact::of(runner, row, ending).ok_or_else(|| RoundError::Output { stage: row.stage.clone(), output: ending })
}

/// The classifier's files as inputs, named as the command `classify score` names them.
fn classifier_inputs(runner: &Runner, row: &Row) -> BTreeMap<String, Input> {
    let files =
        CLASSIFIER_FILES.iter().filter_map(|name| Some(((*name).to_owned(), Artifact::of(runner, row, name)?.input)));
    files.collect()
}

fn all_of(rows: &[Row]) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        tally.add(&row.tally);
    }
    tally
}

impl Round<'_> {
    fn seed_files(&self) -> Result<(Vec<Location>, Option<Vec<Location>>), RoundError> {
        let failed = |source| RoundError::Seed { source };
        let positives = seed::resolve(self.config.positives()?, self.store).map_err(failed)?;
        let negatives = negative_files(&self.config.seed).map(|files| seed::resolve(files, self.store)).transpose();
        Ok((positives, negatives.map_err(failed)?))
    }

    fn classifying<'a>(&'a self, pages: &'a Pages) -> Classifying<'a> {
        Classifying {
            runner: self.runner,
            pages,
            seed: &self.config.seed,
            rules: &self.config.classifier,
            round: self.round,
        }
    }

    /// Reads the benchmarks before the crawl is read: what is wrong with them is better known then.
    fn check_benchmarks(&self) -> Result<(), RoundError> {
        let rules = &self.config.decontaminate;
        let files = benchmarks::list(&rules.benchmarks)?;
        let done = !self.runner.manifest().rows(decontaminate::stage::STAGES[0]).is_empty();
        if !files.is_empty() && !done {
            benchmarks::read(&files, &decontaminate::stage::rules(rules))?;
        }
        Ok(())
    }

    fn decontaminating<'a>(&'a self, pages: &'a Pages) -> Result<Decontaminating<'a>, BenchmarkError> {
        Decontaminating::new(self.runner, pages, &self.config.decontaminate, self.config.extract.tokenizer)
    }

    /// What is done and what will run, stage by stage.
    ///
    /// # Errors
    /// The configuration lacks something, or the seed cannot be resolved.
    pub fn plan(&self) -> Result<Vec<PlanLine>, RoundError> {
        let (config, runner) = (self.config, self.runner);
        let rank = config.rank()?;
        let (positives, negatives) = self.seed_files()?;
        let mut lines: Vec<PlanLine> = Vec::new();
        let extract = extract::stage::stage(runner, config, self.sources, self.store);
        lines.push(("extract".to_owned(), Some(runner.state(&extract))));
        let pages = runner.rows(&extract).map(|rows| Pages::of(runner, &rows));
        let mut verdicts = None;
        match &pages {
            Some(pages) => {
                let quality = quality::stage::stage(runner, &config.quality, pages);
                lines.push((quality::stage::NAME.to_owned(), Some(runner.state(&quality))));
                verdicts = runner.rows(&quality);
            }
            None => lines.push((quality::stage::NAME.to_owned(), None)),
        }
        let survivors = match (&pages, &verdicts) {
            (Some(pages), Some(verdicts)) => {
                let (planned, row) = dedup::stage::plan(runner, &config.dedup, pages, Some(verdicts));
                lines.extend(planned.into_iter().map(|(name, state)| (name.to_owned(), state)));
                row
            }
            _ => {
                lines.extend(dedup::stage::STAGES.iter().map(|name| ((*name).to_owned(), None)));
                None
            }
        };
        let mut clean = None;
        let decontaminating = pages.as_ref().map(|pages| self.decontaminating(pages)).transpose()?;
        match &decontaminating {
            Some(decontaminating) => {
                let (planned, rows) = decontaminating.plan();
                lines.extend(planned.into_iter().map(|(name, state)| (name.to_owned(), state)));
                clean = rows.map(|rows| decontaminating.tables(&rows));
            }
            None => lines.extend(decontaminate::stage::STAGES.iter().map(|name| ((*name).to_owned(), None))),
        }
        drop(decontaminating);
        let survivors = survivors.and_then(|row| Artifact::of(runner, &row, "survivors.parquet"));
        let max = (config.seed.positives_max, config.seed.negatives_max);
        let seed = seed::stage(runner, self.store, "positives", &positives, max.0, config.seed.random_seed);
        lines.push(("seed".to_owned(), Some(runner.state(&seed))));
        let seeded = runner.rows(&seed).and_then(|rows| Artifact::of(runner, rows.first()?, "positives.parquet"));
        let refused = negatives.as_ref().map(|files| {
            let stage = seed::stage(runner, self.store, "negatives", files, max.1, config.seed.random_seed);
            runner.rows(&stage).and_then(|rows| Artifact::of(runner, rows.first()?, "negatives.parquet"))
        });
        let name = |stage: &str| format!("rounds/{:02}/{stage}", self.round);
        let empty = Pages::default();
        let pages = pages.unwrap_or(empty);
        let classifying = self.classifying(&pages);
        let mut trained = None;
        let mut scores = None;
        match (&survivors, &seeded, &refused) {
            (Some(survivors), Some(positives), None | Some(Some(_))) => {
                let negatives = refused.as_ref().and_then(Option::as_ref);
                let stage = classifying.train_stage(positives, negatives, Some(survivors));
                lines.push((name("train"), Some(runner.state(&stage))));
                trained = runner.rows(&stage);
            }
            _ => lines.push((name("train"), None)),
        }
        match trained.as_ref().and_then(|rows| rows.first()) {
            Some(row) => {
                let stage = classifying.score_stage(&classifier_inputs(runner, row));
                lines.push((name("score"), Some(runner.state(&stage))));
                scores = runner.rows(&stage);
            }
            None => lines.push((name("score"), None)),
        }
        let scores: Option<Vec<Artifact>> =
            scores.map(|rows| rows.iter().filter_map(|row| Artifact::of(runner, row, ".parquet")).collect());
        let scores = scores.filter(|_| clean.is_some());
        let ranking =
            Ranking { runner, pages: &pages, rules: rank, round: self.round, clean: clean.unwrap_or_default() };
        let planned = ranking.plan(survivors.as_ref(), scores.as_deref());
        lines.extend(planned.into_iter().map(|(stage, state)| (name(stage), state)));
        Ok(lines)
    }

    /// Runs what is missing of the round.
    ///
    /// # Errors
    /// The configuration lacks something, a task failed, or nothing is left to rank.
    pub fn run(&self) -> Result<Summary, RoundError> {
        let (config, runner) = (self.config, self.runner);
        let rank = config.rank()?;
        let (positives, negatives) = self.seed_files()?;
        let (max, random_seed) = ((config.seed.positives_max, config.seed.negatives_max), config.seed.random_seed);
        let folder = runner.out.join(format!("rounds/{:02}", self.round));
        if self.plan()?.iter().any(|(_, state)| state.is_none_or(|s| s.done < s.tasks)) {
            // A summary and a report stand only beside what they sum up.
            let _ = std::fs::remove_file(folder.join("summary.json"));
            let _ = std::fs::remove_file(folder.join("report.html"));
        }
        self.check_benchmarks()?;
        // The seed first: it is small, and what is wrong with it is better known before the crawl is read.
        let seed = runner.run(&seed::stage(runner, self.store, "positives", &positives, max.0, random_seed))?;
        let positives = output(runner, &seed[0], "positives.parquet")?;
        let refused = match &negatives {
            None => None,
            Some(files) => {
                let rows = runner.run(&seed::stage(runner, self.store, "negatives", files, max.1, random_seed))?;
                Some(output(runner, &rows[0], "negatives.parquet")?)
            }
        };
        let extracted = runner.run(&extract::stage::stage(runner, config, self.sources, self.store))?;
        runner.manifest().remove_strangers(&runner.out.join("pages"), &extracted).map_err(TaskError::from)?;
        let tally = all_of(&extracted);
        if tally.kept == 0 {
            let reasons: Vec<String> = tally.rejected.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
            return Err(RoundError::NoPages { seen: tally.seen, reasons: reasons.join(", ") });
        }
        let pages = Pages::of(runner, &extracted);
        let verdicts = runner.run(&quality::stage::stage(runner, &config.quality, &pages))?;
        let quality = all_of(&verdicts);
        let deduplicated = dedup::stage::run(runner, &config.dedup, &pages, Some(&verdicts))?;
        let survivors = output(runner, &deduplicated, "survivors.parquet")?;
        let decontaminating = self.decontaminating(&pages)?;
        let (cleaned, report) = decontaminating.run()?;
        let classifying = self.classifying(&pages);
        let trained = runner.run(&classifying.train_stage(&positives, refused.as_ref(), Some(&survivors)))?;
        let scored = runner.run(&classifying.score_stage(&classifier_inputs(runner, &trained[0])))?;
        let scores = scored.iter().map(|row| output(runner, row, ".parquet")).collect::<Result<Vec<_>, _>>()?;
        let clean = decontaminating.tables(&cleaned);
        let ranking = Ranking { runner, pages: &pages, rules: rank, round: self.round, clean };
        let (cut, shards) = ranking.run(&survivors, &scores)?;
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        let mut languages: BTreeMap<String, u64> = BTreeMap::new();
        let (mut tokens, mut formulas) = (0, 0);
        for row in &extracted {
            let add = |into: &mut BTreeMap<String, u64>, from: &serde_json::Value| {
                for (key, n) in from.as_object().into_iter().flatten() {
                    *into.entry(key.clone()).or_default() += n.as_u64().unwrap_or_default();
                }
            };
            add(&mut records, &row.facts["records"]);
            add(&mut languages, &row.facts["languages"]);
            tokens += row.facts["tokens"].as_u64().unwrap_or_default();
            formulas += row.facts["formulas"].as_u64().unwrap_or_default();
        }
        let place = Place { out: &runner.out, round: self.round };
        let engine =
            Engine::start(runner.memory, runner.threads, &runner.out.join(SPILL)).map_err(ReportError::from)?;
        let of_files = figures(place, &engine)?;
        let figures = json!({
            "round": self.round,
            "crawl": { "files": extracted.len(), "records": records, "body_bytes": extracted.iter().map(|r| r.bytes_in).sum::<u64>() },
            "pages": { "seen": tally.seen, "kept": tally.kept, "rejected": tally.rejected, "languages": languages, "tokens": tokens, "formulas": formulas },
            "quality": { "seen": quality.seen, "kept": quality.kept, "rejected": quality.rejected },
            "dedup": deduplicated.facts,
            "decontamination": report.map(|row| row.facts),
            "seed": seed[0].facts,
            "classifier": trained[0].facts,
            "ranking": { "pages": cut.facts["pages"], "tokens": cut.facts["tokens"], "token_budget": rank.token_budget.0, "last_score": cut.facts["last_score"], "shards": shards.len() },
            "figures": of_files,
        });
        let text = serde_json::to_vec_pretty(&figures).unwrap_or_default();
        write_file(&folder.join("summary.json"), &text, 0)?;
        let report = gather(place, config.told.clone(), &engine)?;
        write_file(&folder.join("report.html"), html::report(&report).as_bytes(), 0)?;
        Ok(Summary { figures, shards: folder.join("shards") })
    }
}
