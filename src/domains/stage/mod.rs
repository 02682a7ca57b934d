//! The stages of domain analysis.
//!
//! ```text
//! domains      a task a page file   its pages by domain and host, counted
//! domains/all  one task             all of them added up, with bounds: domains.parquet, hosts.parquet
//! places       a task a page file   the pages of mathematical domains, with where they stand
//! tree         one task             those sorted, a domain at a time: its tree, the proposed cut, pages to sample
//! prefixes     one task             the trees with what the annotations say: prefixes.parquet
//! samples      a task a page file   the sampled pages' texts
//! samples/all  one task             those by domain and prefix: samples.parquet
//! ```

mod count;
mod samples;
mod tables;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::array::{BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};

use super::figures::Counted;
use super::prefix::Place;
use crate::config::{self, Denominator};
use crate::dedup::exchange::PageRef;
use crate::dedup::url;
use crate::io::query::{Engine, QueryError};
use crate::io::table::{Table, TableError, column};
use crate::pages::Pages;
use crate::task::{Artifact, Input, Progress, Row, Runner, SPILL, Stage, StageState, TaskError};

pub use tables::{DOMAINS, HOSTS, PREFIXES, SAMPLES};

/// Raised when the same ranking would give other tables.
const VERSION: u32 = 1;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The stages, in order, below `rounds/NN/`.
pub const STAGES: [&str; 7] = ["domains", "domains/all", "places", "tree", "prefixes", "samples", "samples/all"];

/// The last page that a round collected.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// Its score.
    pub score: f64,
    /// Its id: the greatest of those with this score.
    pub id: String,
}

impl Last {
    /// From the facts of the cut; `None` where nothing was collected.
    #[must_use]
    pub fn of(cut: &Row) -> Option<Self> {
        let score = cut.facts["last_score"].as_f64()?;
        Some(Self { score, id: cut.facts["last_id"].as_str()?.to_owned() })
    }

    /// Whether a page stands at or before it.
    #[must_use]
    pub fn holds(&self, score: f64, id: &str) -> bool {
        score > self.score || (score.total_cmp(&self.score).is_eq() && id <= self.id.as_str())
    }
}

/// What the ranking of a round left.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// `dedup/survivors.parquet`.
    pub survivors: Artifact,
    /// `rounds/NN/scores/`, in the order of the page files.
    pub scores: Vec<Artifact>,
    /// `work/rounds/NN/order/`, in the order of the page files.
    pub ordered: Vec<Artifact>,
    /// The last page collected; `None`: none is.
    pub last: Option<Last>,
}

impl Ranked {
    /// What an output folder holds of a round; `None` where its pages are not ranked.
    ///
    /// # Errors
    /// A file is not there or not Parquet.
    pub fn on_disk(runner: &Runner, pages: &Pages, round: u32) -> Result<Option<Self>, TableError> {
        let Some(cut) = runner.manifest().row(&format!("rounds/{round:02}/cut"), "ranking") else { return Ok(None) };
        let all = |folder: String| -> Result<Vec<Artifact>, TableError> {
            let path = |stem: &String| runner.out.join(format!("{folder}/{stem}.parquet"));
            pages.stems().iter().map(|stem| Artifact::on_disk(&path(stem))).collect()
        };
        Ok(Some(Self {
            survivors: Artifact::on_disk(&runner.out.join("dedup/survivors.parquet"))?,
            scores: all(format!("rounds/{round:02}/scores"))?,
            ordered: all(format!("work/rounds/{round:02}/order"))?,
            last: Last::of(&cut),
        }))
    }
}

/// The analysis of one round.
pub struct Analysis<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// `[domains]`.
    pub config: &'a config::Domains,
    /// Which round, from 1.
    pub round: u32,
    /// Seed of the samples.
    pub random_seed: u64,
}

/// What an analysis left: the rows of its tasks that others read.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// Of `domains.parquet` and `hosts.parquet`, with their counts.
    pub domains: Row,
    /// Of the trees, with the counts of prefixes and proposals.
    pub tree: Row,
    /// Of `prefixes.parquet`.
    pub prefixes: Row,
    /// Of `samples.parquet`.
    pub samples: Row,
}

/// A page as the analysis sees it.
struct Seen<'r> {
    domain: &'r str,
    host: &'r str,
    url: &'r str,
    id: &'r str,
    /// `None`: it was rejected.
    page: Option<PageRef>,
    counted: Counted,
}

/// The mathematical domains of a table of domains.
///
/// # Errors
/// It is not there or has not the form.
pub fn math_related(domains: &Path) -> Result<BTreeSet<String>, TableError> {
    let mut found = BTreeSet::new();
    for batch in Table::open(domains)?.columns(&["domain", "math_related"])?.batches()? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", domains)?;
        let related: &BooleanArray = column(&batch, "math_related", domains)?;
        found.extend((0..batch.num_rows()).filter(|i| related.value(*i)).map(|i| domain.value(i).to_owned()));
    }
    Ok(found)
}

impl Analysis<'_> {
    fn folder(&self) -> PathBuf {
        self.runner.out.join(format!("rounds/{:02}", self.round))
    }

    fn work(&self) -> PathBuf {
        self.runner.out.join(format!("work/rounds/{:02}", self.round))
    }

    fn part(&self, stage: &str, stem: &str) -> PathBuf {
        self.work().join(format!("{stage}/{stem}.parquet"))
    }

    fn stage_name(&self, stage: &str) -> String {
        format!("rounds/{:02}/{stage}", self.round)
    }

    /// Where the mathematical domains are told.
    #[must_use]
    pub fn domains_file(&self) -> PathBuf {
        self.folder().join("domains.parquet")
    }

    fn engine(&self) -> Result<Engine, QueryError> {
        Engine::start(self.runner.memory, self.runner.threads, &self.runner.out.join(SPILL))
    }

    /// The parts that hold rows: a file without has no row group to sort.
    fn parts(&self, stage: &str, rows: &[Row]) -> Vec<PathBuf> {
        let with_rows = rows.iter().filter(|row| row.outputs.iter().any(|output| output.rows > 0));
        with_rows.map(|row| self.part(stage, &row.task)).collect()
    }

    /// Runs all of it.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self, ranked: &Ranked) -> Result<Analysed, TaskError> {
        let counted = self.runner.run(&self.count_stage(ranked))?;
        let domains = self.runner.run(&self.all_stage(&counted))?.remove(0);
        let places = self.runner.run(&self.places_stage(ranked, &domains))?;
        let tree = self.runner.run(&self.tree_stage(&domains, &places))?.remove(0);
        let prefixes = self.runner.run(&self.prefixes_stage(&tree))?.remove(0);
        let sampled = self.runner.run(&self.samples_stage(ranked, &tree))?;
        let samples = self.runner.run(&self.all_samples_stage(&sampled))?.remove(0);
        Ok(Analysed { domains, tree, prefixes, samples })
    }

    /// How far it is: each stage's state, `None` for those that wait for an earlier one.
    #[must_use]
    pub fn plan(&self, ranked: Option<&Ranked>) -> Vec<(&'static str, Option<StageState>)> {
        let mut planned = Vec::new();
        let mut step = |stage: &Stage<'_>| {
            planned.push((STAGES[planned.len()], Some(self.runner.state(stage))));
            self.runner.rows(stage)
        };
        let _ = (|| {
            let ranked = ranked?;
            let counted = step(&self.count_stage(ranked))?;
            let domains = step(&self.all_stage(&counted))?.into_iter().next()?;
            let places = step(&self.places_stage(ranked, &domains))?;
            let tree = step(&self.tree_stage(&domains, &places))?.into_iter().next()?;
            let _ = step(&self.prefixes_stage(&tree));
            let sampled = step(&self.samples_stage(ranked, &tree))?;
            step(&self.all_samples_stage(&sampled))
        })();
        for name in &STAGES[planned.len()..] {
            planned.push((name, None));
        }
        planned
    }

    /// What a task on the pages of a file reads.
    fn inputs(&self, ranked: &Ranked, file: usize) -> BTreeMap<String, Input> {
        let mut inputs = self.pages.input(file);
        // The rows name the file by its place among the files.
        inputs.insert("place".to_owned(), Input::Ours(file.to_string()));
        inputs.insert("survivors".to_owned(), ranked.survivors.input.clone());
        inputs.insert("scores".to_owned(), ranked.scores[file].input.clone());
        inputs.insert("order".to_owned(), ranked.ordered[file].input.clone());
        let last = ranked.last.as_ref().map_or_else(String::new, |last| format!("{:?} {}", last.score, last.id));
        inputs.insert("last".to_owned(), Input::Ours(last));
        if let Some(rejects) = self.rejects(file) {
            inputs.insert("rejects".to_owned(), Input::File(rejects));
        }
        inputs
    }

    /// The rejected pages of a file, where they count.
    fn rejects(&self, file: usize) -> Option<PathBuf> {
        let path = self.runner.out.join(format!("pages/{}.rejects.parquet", self.pages.stem(file)));
        (self.config.rules.denominator == Denominator::Seen && path.exists()).then_some(path)
    }

    /// The first row of each page file among the survivors.
    fn first_rows(&self) -> Vec<u64> {
        let mut next = 0;
        let rows = (0..self.pages.len()).map(|file| {
            let first = next;
            next += self.pages.rows(file);
            first
        });
        rows.collect()
    }

    /// Goes through the pages of a file that are in the denominator: pages, survivors, scores and order stand in the same
    /// order; that is checked row by row.
    fn walk(
        &self,
        ranked: &Ranked,
        (file, first_row): (usize, u64),
        progress: &Progress,
        each: &mut dyn FnMut(&Seen<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (pages_path, survivors_path) = (self.pages.file(file), &ranked.survivors.path);
        let (scores_path, order_path) = (&ranked.scores[file].path, &ranked.ordered[file].path);
        let rows = self.pages.rows(file);
        let survivors_only = self.config.rules.denominator == Denominator::Survivors;
        let mut survivors = Table::open(survivors_path)?.columns(&["id", "keep"])?.range(first_row, rows).batches()?;
        let mut scores = Table::open(scores_path)?.batches()?;
        let mut ordered = ordered(order_path, ranked.last.as_ref())?.into_iter().peekable();
        let mut row = 0u32;
        for batch in Table::open(pages_path)?.columns(&["id", "url", "host", "domain", "tokens"])?.batches()? {
            let batch = batch?;
            let misaligned = || -> Error {
                let stem = self.pages.stem(file);
                format!("{}: rows differ from those of {stem}; run `corpus-build rank` again", order_path.display())
                    .into()
            };
            let survivors = survivors.next().ok_or_else(misaligned)??;
            let scores = scores.next().ok_or_else(misaligned)??;
            let id: &StringArray = column(&batch, "id", pages_path)?;
            let url: &StringArray = column(&batch, "url", pages_path)?;
            let host: &StringArray = column(&batch, "host", pages_path)?;
            let domain: &StringArray = column(&batch, "domain", pages_path)?;
            let tokens: &Int64Array = column(&batch, "tokens", pages_path)?;
            let keep: &BooleanArray = column(&survivors, "keep", survivors_path)?;
            let score: &Float64Array = column(&scores, "score", scores_path)?;
            if id != column::<StringArray>(&survivors, "id", survivors_path)?
                || id != column::<StringArray>(&scores, "id", scores_path)?
            {
                return Err(misaligned());
            }
            for i in 0..batch.num_rows() {
                let ranked = ordered.next_if(|ranked| ranked.row == row);
                let page = PageRef::new(file, row);
                row += 1;
                if survivors_only && !keep.value(i) {
                    continue;
                }
                let counted = Counted {
                    collected: ranked.as_ref().is_some_and(|ranked| ranked.collected),
                    tokens: ranked.map_or(tokens.value(i).max(0) as u64, |ranked| ranked.tokens),
                    score: Some(score.value(i)),
                };
                each(&Seen {
                    domain: domain.value(i),
                    host: url::bare_host(host.value(i)),
                    url: url.value(i),
                    id: id.value(i),
                    page: Some(page),
                    counted,
                })?;
            }
            progress.items(batch.num_rows() as u64);
        }
        if ordered.next().is_some() {
            return Err(format!("{}: not of these pages; run `corpus-build rank` again", order_path.display()).into());
        }
        let Some(path) = self.rejects(file) else { return Ok(()) };
        for batch in Table::open(&path)?.columns(&["url", "domain"])?.batches()? {
            let batch = batch?;
            let url: &StringArray = column(&batch, "url", &path)?;
            let domain: &StringArray = column(&batch, "domain", &path)?;
            for i in 0..batch.num_rows() {
                let place = Place::of(url.value(i)).unwrap_or_default();
                let host = if place.host.is_empty() { domain.value(i) } else { &place.host };
                let counted = Counted { collected: false, tokens: 0, score: None };
                let domain = domain.value(i);
                each(&Seen { domain, host, url: url.value(i), id: "", page: None, counted })?;
            }
        }
        Ok(())
    }
}

/// A survivor that decontamination keeps.
struct Ordered {
    row: u32,
    tokens: u64,
    collected: bool,
}

fn ordered(path: &Path, last: Option<&Last>) -> Result<Vec<Ordered>, TableError> {
    let mut rows = Vec::new();
    for batch in Table::open(path)?.columns(&["score", "id", "tokens", "page"])?.batches()? {
        let batch = batch?;
        let score: &Float64Array = column(&batch, "score", path)?;
        let id: &StringArray = column(&batch, "id", path)?;
        let tokens: &Int64Array = column(&batch, "tokens", path)?;
        let page: &UInt64Array = column(&batch, "page", path)?;
        rows.extend((0..batch.num_rows()).map(|i| Ordered {
            row: PageRef(page.value(i)).row(),
            tokens: tokens.value(i).max(0) as u64,
            collected: last.is_some_and(|last| last.holds(score.value(i), id.value(i))),
        }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_collected_is_by_score_then_id() {
        let last = Last { score: 0.5, id: "b".to_owned() };
        for (score, id, want) in
            [(0.6, "z", true), (0.5, "a", true), (0.5, "b", true), (0.5, "c", false), (0.4, "a", false)]
        {
            assert_eq!(last.holds(score, id), want, "{score} {id}");
        }
    }
}
