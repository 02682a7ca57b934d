//! Recall beyond what was read: pages under accepted prefixes that a crawl holds and its files that were read do not.
//!
//! ```text
//! query   a task an index file    its captures under accepted prefixes; hardly anything is read where there are none
//! plan    one task                those of pages that were not read, one an address, within the limits, by WARC file
//! fetch   a task a recall WARC    its captures, by ranges of the WARC files that hold them, each looked at
//! ```
//!
//! Out come WARC files in `recall/`, which extraction reads like any other, and beside each a table that says what became
//! of every capture. An index is data of others: what its rows say is checked before it is followed, and what comes is
//! checked before it is kept.

mod check;
mod fetch;
mod query;
mod ranges;
mod select;
mod sources;
mod surt;
mod table;
mod tables;
mod verdicts;
mod wanted;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use xxhash_rust::xxh3::xxh3_128;

use crate::config::Config;
use crate::io::object::Object;
use crate::io::query::Engine;
use crate::io::store::{Location, Store, StoreError};
use crate::io::table::{Table, TableWriter};
use crate::pages::{Pages, PagesError};
use crate::reject::Tally;
use crate::task::{Done, Input, OutputRow, Progress, Row, Runner, SCRATCH, SPILL, Stage, Task, TaskError, TaskResult};
use fetch::Fetching;
use query::Asked;
use ranges::Limits;
use select::{FilePlan, PlanFacts, Read, Rules};
use sources::{round_of, stem};
use table::{CAPTURES, CapturesBuilder, REFUSED, RefusedBuilder};

pub use sources::recalled_sources;
pub use tables::{IndexFile, TablesError};
pub use verdicts::{VerdictsError, of_round};
pub use wanted::Wanted;

/// Raised when the same index would give other captures.
const QUERY_VERSION: u32 = 1;
/// Raised when the same captures would give another plan.
const PLAN_VERSION: u32 = 1;
/// Raised when the same plan would give other files.
const FETCH_VERSION: u32 = 1;

/// Memory of a query: it filters, so nothing is held but what is decoded.
const QUERY_MEMORY: u64 = 64 << 20;

/// Why a recall could not be run.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index's files cannot be listed.
    #[error(transparent)]
    Tables(#[from] TablesError),
    /// A place cannot be understood or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task failed.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The crawl's pages cannot be listed.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// A row of the plan's task is not one of this version.
    #[error("the plan of the recall of round {round} cannot be read: remove manifest/index/{round:02} and run again")]
    Plan {
        /// The round.
        round: u32,
    },
    /// A recall was begun and is not done.
    #[error("the recall of round {round} is begun but not done: run `corpus-build recall --round {round}`")]
    Unfinished {
        /// The round.
        round: u32,
    },
}

/// The recall of one round.
pub struct Recall<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The configuration.
    pub config: &'a Config,
    /// Opens files.
    pub store: &'a Store,
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The round whose annotations are followed.
    pub round: u32,
    base: Location,
    files: Vec<IndexFile>,
}

/// What a recall will ask for, or has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Index files.
    pub files: u64,
    /// Bytes of them.
    pub index_bytes: u64,
    /// Bytes of them that were read.
    pub index_bytes_read: u64,
    /// Captures under accepted prefixes that can be followed.
    pub captures: u64,
    /// Index rows under accepted prefixes that cannot be followed.
    pub refused: u64,
    /// Captures of pages that were read before.
    pub known: u64,
    /// Further captures of an address.
    pub repeated: u64,
    /// Captures over the limits of domains and of all.
    pub over: u64,
    /// Captures to fetch.
    pub planned: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Requests that they take.
    pub requests: u64,
    /// Bytes that those ask for.
    pub request_bytes: u64,
    /// Recall WARCs.
    pub warcs: u64,
    /// Captures fetched, and those that were not, by reason; `None` before they were asked for.
    pub fetched: Option<(u64, BTreeMap<String, u64>)>,
}

fn stage_name(round: u32, stage: &str) -> String {
    format!("index/{round:02}/{stage}")
}

impl<'a> Recall<'a> {
    /// The recall of what is `wanted`; the index's files are listed.
    ///
    /// # Errors
    /// No index is named, or its files cannot be listed.
    pub fn new(
        runner: &'a Runner,
        config: &'a Config,
        store: &'a Store,
        wanted: &'a Wanted,
        round: u32,
    ) -> Result<Self, IndexError> {
        let index = &config.index;
        let base = Location::parse(index.base_url.as_ref().unwrap_or(&config.crawl.base_url), Path::new(""))?;
        let of_crawl = || config.crawl.id.clone().into_iter().collect();
        let crawls: Vec<String> =
            if index.crawls.is_empty() && index.tables.is_empty() { of_crawl() } else { index.crawls.clone() };
        let files = tables::list(&index.tables, &crawls, &base, store)?;
        Ok(Self { runner, config, store, wanted, round, base, files })
    }

    fn work(&self) -> PathBuf {
        self.runner.out.join(format!("work/index/{:02}", self.round))
    }

    fn plan_file(&self) -> PathBuf {
        self.work().join("plan.parquet")
    }

    fn output(&self, name: &str) -> PathBuf {
        self.runner.out.join("recall").join(name)
    }

    fn rules(&self) -> Rules {
        let index = &self.config.index;
        Rules {
            capture: index.capture,
            pages_max: index.pages_max,
            domain_pages_max: index.domain_pages_max,
            gap_bytes: index.gap_bytes.0,
            range_bytes_max: index.range_bytes_max.0,
            file_bytes: index.file_bytes.0,
        }
    }

    /// Asks the index and plans; nothing is fetched but parts of the index.
    ///
    /// # Errors
    /// A task failed.
    pub fn plan(&self) -> Result<Figures, IndexError> {
        let queried = self.runner.run(&self.query_stage()?)?;
        let planned = self.runner.run(&self.plan_stage(&queried)?)?;
        self.figures(&queried, &planned[0], None)
    }

    /// Runs what is missing of it.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self) -> Result<Figures, IndexError> {
        let queried = self.runner.run(&self.query_stage()?)?;
        let planned = self.runner.run(&self.plan_stage(&queried)?)?;
        let fetched = self.runner.run(&self.fetch_stage(&planned[0])?)?;
        self.figures(&queried, &planned[0], Some(&fetched))
    }

    fn query_stage(&self) -> Result<Stage<'_>, IndexError> {
        let languages = languages(self.config);
        let length_max = self.config.read.record_bytes_max.0;
        let seed = self.config.seed.random_seed;
        let knobs = (self.wanted.terms(), &languages, length_max, seed);
        let asked = Asked { wanted: self.wanted, languages: languages.clone(), length_max, seed };
        let tasks = self.files.iter().map(|file| {
            let input = match &file.location {
                Location::Http(url) => Input::Remote(url.to_string()),
                // Its end has the place and the bounds of all parts: an index is too large to be hashed whole.
                local @ Location::Local(_) => {
                    let end = self.store.tail(local, query::TAIL_BYTES)?;
                    Input::Ours(format!("{:032x}-{}", xxh3_128(&end.bytes), end.total.unwrap_or_default()))
                }
            };
            let asked = asked.clone();
            Ok(Task {
                name: file.name.clone(),
                inputs: BTreeMap::from([("index".to_owned(), input)]),
                run: Box::new(move |progress: &Progress| self.query(file, &asked, progress)),
            })
        });
        let tasks = tasks.collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Stage::new(stage_name(self.round, "query"), QUERY_VERSION, &knobs, tasks))
    }

    /// Memory: a batch of rows, and the end of the file.
    fn query(&self, file: &IndexFile, asked: &Asked<'_>, progress: &Progress) -> TaskResult {
        let mut object = Object::open(self.store, &file.location, query::TAIL_BYTES)?;
        let metadata = query::metadata(&mut object)?;
        let object = Arc::new(object);
        let (ranges, groups) = query::met(&metadata, self.wanted.ranges())?;
        let all_groups = metadata.num_row_groups();
        drop(metadata);
        let place = |kind: &str| self.work().join(format!("{kind}/{}.parquet", file.name));
        let (captures_path, refused_path) = (place("captures"), place("refused"));
        let mut captures_file = TableWriter::create(&captures_path, &CAPTURES)?;
        let mut refused_file = TableWriter::create(&refused_path, &REFUSED)?;
        let mut counts = query::Counts::default();
        if !ranges.is_empty() {
            let engine = Engine::start(QUERY_MEMORY, 1, &self.runner.out.join(SPILL))?;
            let (mut captures, mut refused) = (CapturesBuilder::default(), RefusedBuilder::default());
            for batch in query::rows(&engine, &object, ranges)? {
                let batch = batch?;
                counts.add(query::judge(&batch, &captures_path, asked, &mut captures, &mut refused)?);
                captures_file.write(&captures.finish()?)?;
                refused_file.write(&refused.finish()?)?;
                progress.items(batch.num_rows() as u64);
            }
        }
        let facts = json!({
            "rows": counts.rows, "elsewhere": counts.elsewhere, "languages": counts.languages,
            "refused": counts.refused, "captures": counts.captures, "bytes": object.bytes(), "reads": object.reads(),
            "row_groups": all_groups, "row_groups_read": groups,
        });
        let tally = Tally { seen: counts.captures, kept: counts.captures, ..Tally::default() };
        let outputs = vec![captures_file.finish()?, refused_file.finish()?];
        Ok(Done { tally, outputs, bytes_in: object.bytes_read(), facts, ..Done::default() })
    }

    /// What was read before this recall: all pages but those of this and later recalls, which are made from it.
    fn read_before(&self) -> Result<(Input, Read), IndexError> {
        let before = |stem: &str| round_of(stem).is_none_or(|round| round < self.round);
        let rows: Vec<Row> =
            self.runner.manifest().rows("extract").into_iter().filter(|row| before(&row.task)).collect();
        let mut read = Read::default();
        if !rows.is_empty() {
            let of_pages = |output: &&OutputRow| output.rows > 0 && output.path.starts_with("pages");
            for output in rows.iter().flat_map(|row| &row.outputs).filter(of_pages) {
                let path = self.runner.out.join(&output.path);
                let rejects = output.path.to_string_lossy().ends_with(".rejects.parquet");
                if rejects { read.rejects.push(path) } else { read.pages.push(path) }
            }
            return Ok((Input::rows(&rows), read));
        }
        // Pages that others made.
        match Pages::on_disk(&self.runner.out) {
            Ok(pages) => {
                let kept = (0..pages.len()).filter(|file| before(pages.stem(*file)) && pages.rows(*file) > 0);
                read.pages = kept.map(|file| pages.file(file).to_owned()).collect();
                Ok((pages.all().1, read))
            }
            Err(PagesError::None { .. }) => Ok((Input::Ours(String::new()), read)),
            Err(error) => Err(error.into()),
        }
    }

    fn plan_stage(&self, queried: &[Row]) -> Result<Stage<'_>, IndexError> {
        let (pages, read) = self.read_before()?;
        let inputs = BTreeMap::from([("captures".to_owned(), Input::rows(queried)), ("pages".to_owned(), pages)]);
        let files = |kind: &str| -> Vec<PathBuf> {
            let named = format!("/{kind}/");
            let outputs = queried.iter().flat_map(|row| &row.outputs).filter(|output| output.rows > 0);
            let of_kind = outputs.filter(|output| output.path.to_string_lossy().contains(&named));
            of_kind.map(|output| self.runner.out.join(&output.path)).collect()
        };
        let (captures, refused) = (files("captures"), files("refused"));
        let found = queried.iter().map(|row| row.tally.kept).sum();
        let run = Box::new(move |progress: &Progress| self.lay_out((&captures, found), &refused, &read, progress));
        let task = Task { name: "plan".to_owned(), inputs, run };
        Ok(Stage::new(stage_name(self.round, "plan"), PLAN_VERSION, &self.rules(), vec![task]))
    }

    fn lay_out(&self, found: (&[PathBuf], u64), refused: &[PathBuf], read: &Read, progress: &Progress) -> TaskResult {
        let engine = Engine::start(self.runner.memory, self.runner.threads, &self.runner.out.join(SPILL))?;
        let scratch = self.runner.out.join(SCRATCH);
        std::fs::create_dir_all(&scratch)?;
        let scratch = tempfile::tempdir_in(scratch)?;
        let (mut facts, plan) = select::select(&engine, found, read, &self.rules(), scratch.path(), &self.plan_file())?;
        let mut writer =
            TableWriter::create(&self.output(&format!("recall-{:02}.refused.parquet", self.round)), &REFUSED)?;
        for path in refused {
            for batch in Table::open(path)?.batches()? {
                writer.write(&batch?)?;
            }
        }
        let refused = writer.finish()?;
        facts.refused = refused.rows;
        progress.items(plan.rows);
        let tally = Tally { seen: plan.rows, kept: plan.rows, ..Tally::default() };
        Ok(Done { tally, outputs: vec![plan, refused], facts: serde_json::to_value(facts)?, ..Done::default() })
    }

    fn facts(&self, planned: &Row) -> Result<PlanFacts, IndexError> {
        serde_json::from_value(planned.facts.clone()).map_err(|_| IndexError::Plan { round: self.round })
    }

    fn fetch_stage(&self, planned: &Row) -> Result<Stage<'_>, IndexError> {
        let files = self.facts(planned)?.files;
        let at_once = self.runner.threads.clamp(1, files.len().max(1));
        let fetching = Fetching {
            store: self.store,
            base: &self.base,
            limits: Limits { ..self.rules().limits() },
            parallel: (self.config.http.connections_max / at_once).max(1),
            record_bytes_max: self.config.read.record_bytes_max.as_usize(),
        };
        let tasks = files.into_iter().enumerate().map(|(n, plan)| {
            let fetching = fetching.clone();
            Task {
                name: stem(self.round, n),
                inputs: BTreeMap::from([("captures".to_owned(), Input::Ours(plan.hash.clone()))]),
                run: Box::new(move |progress: &Progress| self.fetch(n, &plan, &fetching, progress)),
            }
        });
        // What is fetched does not depend on how it is asked for.
        let knobs = (self.base.to_string(), self.config.read.record_bytes_max);
        Ok(Stage::new(stage_name(self.round, "fetch"), FETCH_VERSION, &knobs, tasks.collect()))
    }

    /// Memory: the captures of one recall WARC as rows, and the answers of the requests at one time.
    fn fetch(&self, n: usize, plan: &FilePlan, fetching: &Fetching<'_>, progress: &Progress) -> TaskResult {
        let captures = fetch::read_plan(&self.plan_file(), plan.first, plan.captures)?;
        let stem = stem(self.round, n);
        let (warc, table) = (self.output(&format!("{stem}.warc.gz")), self.output(&format!("{stem}.parquet")));
        let (outcome, outputs) = fetching.run(&captures, &warc, &table, progress)?;
        let tally = Tally { seen: outcome.fetched, kept: outcome.fetched, ..Tally::default() };
        Ok(Done { tally, outputs, bytes_in: outcome.bytes, facts: serde_json::to_value(outcome)?, ..Done::default() })
    }

    fn figures(&self, queried: &[Row], planned: &Row, fetched: Option<&[Row]>) -> Result<Figures, IndexError> {
        let facts = self.facts(planned)?;
        let sum = |of: fn(&FilePlan) -> u64| facts.files.iter().map(of).sum();
        let mut figures = Figures {
            files: queried.len() as u64,
            index_bytes: queried.iter().filter_map(|row| row.facts["bytes"].as_u64()).sum(),
            index_bytes_read: queried.iter().map(|row| row.bytes_in).sum(),
            captures: facts.captures,
            refused: facts.refused,
            known: facts.known,
            repeated: facts.repeated,
            over: facts.over_domain + facts.over_all,
            planned: sum(|file| file.captures),
            bytes: sum(|file| file.bytes),
            requests: sum(|file| file.requests),
            request_bytes: sum(|file| file.request_bytes),
            warcs: facts.files.len() as u64,
            fetched: None,
        };
        if let Some(rows) = fetched {
            let mut failed: BTreeMap<String, u64> = BTreeMap::new();
            for (reason, n) in rows.iter().filter_map(|row| row.facts["failed"].as_object()).flatten() {
                *failed.entry(reason.clone()).or_default() += n.as_u64().unwrap_or_default();
            }
            figures.fetched = Some((rows.iter().map(|row| row.tally.kept).sum(), failed));
        }
        Ok(figures)
    }
}

/// The codes of the languages of which a page has to have one; `None` for any.
fn languages(config: &Config) -> Option<Vec<String>> {
    use crate::language::Language;
    let named = || {
        let codes = config.language.keep.iter().map(|language| match language {
            Language::English => Some("eng".to_owned()),
            Language::Chinese => Some("zho".to_owned()),
            Language::Other => None,
        });
        codes.collect()
    };
    config.index.languages.clone().map_or_else(named, |codes| (!codes.is_empty()).then_some(codes))
}
