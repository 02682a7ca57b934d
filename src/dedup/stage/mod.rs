//! The stages of deduplication, from `pages/` to `dedup/survivors.parquet`.
//!
//! ```text
//! sign      a task a crawl file   text → qualities, and rows keyed by address, by text, by band
//! address   a task a bucket       pages with one address: all but the best go
//! text      a task a bucket       of those left, pages with one text: all but the best go
//! bands     a task a bucket       of those left, pages that share a band key: candidate pairs
//! verify    a task a crawl file   candidate pairs whose true Jaccard similarity is at or over the threshold
//! near      one task              of those left, pages similar to a better one that stays: they go
//! survivors one task              all of this, a row a page
//! ```
//!
//! A new crawl file adds tasks to `sign`; files signed before are not signed again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Serialize;

use self::exact::Same;
use super::clusters::Quality;
use super::exchange::PageRef;
use super::shingles::ShingleLengths;
use super::signature::FAMILY;
use crate::config;
use crate::io::table::TableError;
use crate::pages::Pages;
use crate::quality;
use crate::task::{Input, Progress, Row, Runner, Stage, Task, TaskError, TaskResult};

mod exact;
mod pairs;
mod sign;
mod survivors;
mod tables;

/// Raised when the same pages would give other survivors.
const VERSION: u32 = 3;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Serialize)]
struct Knobs {
    rules: config::Dedup,
    family: &'static str,
}

/// The table of survivors, in the order of the crawl files and their rows.
pub static SURVIVORS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("keep", DataType::Boolean, false),
        Field::new("duplicate_of", DataType::Utf8, true),
        Field::new("cluster_size", DataType::Int32, false),
        Field::new("reason", DataType::Utf8, true),
        Field::new("warc", DataType::Utf8, false),
        Field::new("warc_offset", DataType::Int64, false),
    ]))
});

struct Dedup<'a> {
    runner: &'a Runner,
    pages: &'a Pages,
    rules: &'a config::Dedup,
    /// The verdicts on quality, a file a page file; none where nobody asked.
    quality: Option<&'a [Row]>,
}

/// The stages, in order.
pub const STAGES: [&str; 7] =
    ["dedup/sign", "dedup/address", "dedup/text", "dedup/bands", "dedup/verify", "dedup/near", "dedup/survivors"];

/// What there is to say about the stages' state, for a plan.
pub type Planned = Vec<(&'static str, Option<crate::task::StageState>)>;

/// Runs all of deduplication over the pages that pass `quality`; gives the row of the last task, whose output is `dedup/survivors.parquet`.
///
/// # Errors
/// A task failed.
pub fn run(runner: &Runner, rules: &config::Dedup, pages: &Pages, quality: Option<&[Row]>) -> Result<Row, TaskError> {
    let dedup = Dedup { runner, pages, rules, quality };
    let failed = |stage: &str, task: &str, source: Error| TaskError::Failed {
        stage: stage.to_owned(),
        task: task.to_owned(),
        source,
    };
    if let Some(folder) = rules.scores.as_ref().filter(|folder| !folder.is_dir()) {
        let source = format!("dedup.scores: expected a folder of score tables, found none at {}", folder.display());
        return Err(failed("dedup/sign", "scores", source.into()));
    }
    let row = dedup.stages(|stage| runner.run(stage))?;
    row.ok_or_else(|| failed("dedup/survivors", "survivors", "the stage has no task".into()))
}

/// How far deduplication is: each stage's state, `None` for those that wait for an earlier one.
#[must_use]
pub fn plan(runner: &Runner, rules: &config::Dedup, pages: &Pages, quality: Option<&[Row]>) -> (Planned, Option<Row>) {
    let dedup = Dedup { runner, pages, rules, quality };
    let mut planned: Planned = Vec::new();
    let row = dedup.stages(|stage| {
        planned.push((STAGES[planned.len()], Some(runner.state(stage))));
        runner.rows(stage).ok_or(())
    });
    for name in &STAGES[planned.len()..] {
        planned.push((name, None));
    }
    (planned, row.ok().flatten())
}

fn inputs(name: &str, rows: &[Row]) -> BTreeMap<String, Input> {
    BTreeMap::from([(name.to_owned(), Input::rows(rows))])
}

impl Dedup<'_> {
    /// Takes every stage through `step`, which gives the stage's rows; the row of the last task comes back.
    fn stages<E>(&self, mut step: impl FnMut(&Stage<'_>) -> Result<Vec<Row>, E>) -> Result<Option<Row>, E> {
        let signed = step(&self.sign_stage())?;
        let mut lost = step(&self.exact_stage(Same::Address, &signed, &[]))?;
        lost.extend(step(&self.exact_stage(Same::Text, &signed, &lost))?);
        let pairs = step(&self.bands_stage(&signed, &lost))?;
        let edges = step(&self.verify_stage(&signed, &pairs))?;
        lost.extend(step(&self.near_stage(&edges))?);
        Ok(step(&self.survivors_stage(&signed, &lost))?.into_iter().next())
    }

    fn stage<'s>(&self, name: &str, tasks: Vec<Task<'s>>) -> Stage<'s> {
        let knobs = Knobs { rules: self.rules.clone(), family: FAMILY };
        Stage::new(format!("dedup/{name}"), VERSION, &knobs, tasks)
    }

    /// Why quality drops each page of a file, where it does; nothing where nobody asked.
    fn refused(&self, file: usize) -> Result<Vec<Option<String>>, TableError> {
        match self.quality {
            Some(_) => quality::stage::reasons(&quality::stage::path(&self.runner.out, self.pages.stem(file))),
            None => Ok(Vec::new()),
        }
    }

    fn lengths(&self) -> ShingleLengths {
        ShingleLengths::new(self.rules.shingle_words, self.rules.shingle_characters)
    }

    fn work(&self, kind: &str, name: &str) -> PathBuf {
        self.runner.out.join("work/dedup").join(kind).join(format!("{name}.parquet"))
    }

    fn all(&self, kind: &str) -> Vec<PathBuf> {
        self.pages.stems().iter().map(|stem| self.work(kind, stem)).collect()
    }

    fn bucket_paths(&self, kind: &str) -> Vec<PathBuf> {
        (0..self.rules.buckets).map(|bucket| self.work(kind, &format!("{bucket:05}"))).collect()
    }

    fn bucket_stage<'s>(
        &self,
        name: &str,
        inputs: &BTreeMap<String, Input>,
        run: impl Fn(usize, &Progress) -> TaskResult + Clone + Send + Sync + 's,
    ) -> Stage<'s> {
        let tasks = (0..self.rules.buckets)
            .map(|bucket| {
                let run = run.clone();
                Task {
                    name: format!("{bucket:05}"),
                    inputs: inputs.clone(),
                    run: Box::new(move |progress: &Progress| run(bucket, progress)),
                }
            })
            .collect();
        self.stage(name, tasks)
    }

    fn qualities(&self, wanted: &BTreeSet<PageRef>) -> Result<BTreeMap<PageRef, Quality>, Error> {
        let mut qualities = BTreeMap::new();
        for (file, rows) in tables::by_file(wanted) {
            let found = tables::read_qualities(&self.work("qualities", self.pages.stem(file)), &rows)?;
            qualities.extend(rows.into_iter().map(|row| PageRef::new(file, row)).zip(found));
        }
        Ok(qualities)
    }
}
