//! The stages of decontamination: for each page file what its pages lose, then one table of all matches.
//!
//! Text is written once, in `pages/`: what goes stands beside it as byte ranges, and is cut where the text is written
//! again, into shards.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use rayon::prelude::*;

use super::benchmarks::{self, BenchmarkError, Benchmarks, Rules};
use super::formulas::count_formulas;
use super::index::GramRules;
use super::items::Fields;
use super::removal::{Removal, Scanner};
use super::table::{CLEAN, CleanBuilder, MATCHES, MatchesBuilder, Place};
use crate::config;
use crate::io::spans;
use crate::io::table::{Table, TableError, TableWriter, column};
use crate::pages::Pages;
use crate::reject::{Reject, Tally};
use crate::task::{
    Artifact, Done, Input, Progress, Row, Runner, Stage, StageState, Task, TaskError, TaskResult, with_cpu_time,
};
use crate::tokens::Tokenizer;

/// Raised when the same pages and benchmarks would give other tables.
const VERSION: u32 = 1;
/// Bytes of matches gathered before they are handed to the writer.
const BATCH_BYTES: usize = 4 << 20;

/// The names of the stages, in order.
pub const STAGES: [&str; 2] = ["decontaminate", "decontaminate/all"];

type Error = Box<dyn std::error::Error + Send + Sync>;
/// A stage, and how far it is: `None` where it waits for the one before it.
pub type Planned = (&'static str, Option<StageState>);

/// What to read of the benchmarks, by the configuration.
#[must_use]
pub fn rules(config: &config::Decontaminate) -> Rules {
    Rules {
        grams: GramRules { length: config.gram_length, short_min: config.short_grams_min },
        fields: Fields { questions: config.fields.clone(), answers: config.answer_fields.clone() },
        allow: config.allow.clone(),
    }
}

/// A page without what it loses.
#[derive(Clone, Debug, PartialEq)]
pub struct Cleaned {
    /// What it loses.
    pub removal: Removal,
    /// Whether it stays.
    pub keep: bool,
    /// Tokens of the text that stays.
    pub tokens: u64,
    /// Formulas that go.
    pub formulas_gone: u32,
}

/// What a page loses, and what then remains of it; `None` where it shares nothing with a benchmark.
pub fn clean(scanner: &mut Scanner<'_>, text: &str, share_max: f64, tokenizer: Tokenizer) -> Option<Cleaned> {
    let removal = scanner.removal(text)?;
    let left = removal.apply(text);
    let keep = removal.share <= share_max && !left.trim().is_empty();
    let formulas_gone = count_formulas(text).saturating_sub(count_formulas(&left));
    Some(Cleaned { keep, tokens: tokenizer.count(&left), formulas_gone, removal })
}

/// The decontamination of a crawl's pages.
pub struct Decontaminating<'a> {
    runner: &'a Runner,
    pages: &'a Pages,
    config: &'a config::Decontaminate,
    tokenizer: Tokenizer,
    files: Vec<PathBuf>,
    loaded: Arc<OnceLock<Result<Benchmarks, String>>>,
}

impl<'a> Decontaminating<'a> {
    /// Lists the benchmarks. They are read when a task needs them.
    ///
    /// # Errors
    /// A benchmark that is named is not there.
    pub fn new(
        runner: &'a Runner,
        pages: &'a Pages,
        config: &'a config::Decontaminate,
        tokenizer: Tokenizer,
    ) -> Result<Self, BenchmarkError> {
        let files = benchmarks::list(&config.benchmarks)?;
        Ok(Self { runner, pages, config, tokenizer, files, loaded: Arc::default() })
    }

    /// Runs both stages. The rows are those of the page files, with that of the report; none where no benchmark is named.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self) -> Result<(Vec<Row>, Option<Row>), TaskError> {
        if self.files.is_empty() {
            tracing::info!("no benchmarks are named in decontaminate.benchmarks: nothing is removed from pages");
        }
        let rows = self.runner.run(&self.remove_stage())?;
        let report = self.runner.run(&self.report_stage(&rows))?.pop();
        Ok((rows, report))
    }

    /// How far it is, and the rows of the page files where they are done.
    #[must_use]
    pub fn plan(&self) -> (Vec<Planned>, Option<Vec<Row>>) {
        let remove = self.remove_stage();
        let rows = self.runner.rows(&remove);
        let report = rows.as_ref().map(|rows| self.runner.state(&self.report_stage(rows)));
        (vec![(STAGES[0], Some(self.runner.state(&remove))), (STAGES[1], report)], rows)
    }

    /// The tables of the page files, for the ranking; `None` where no benchmark is named.
    #[must_use]
    pub fn tables(&self, rows: &[Row]) -> Option<Vec<Artifact>> {
        let table = |row: &Row| Artifact::of(self.runner, row, &format!("decontaminate/{}.parquet", row.task));
        let tables: Vec<Artifact> = rows.iter().filter_map(table).collect();
        (!self.files.is_empty()).then_some(tables)
    }

    fn found_file(&self, stem: &str) -> PathBuf {
        self.runner.out.join(format!("work/decontaminate/matches/{stem}.parquet"))
    }

    /// What decides what of a page goes, beside the benchmarks.
    #[must_use]
    pub fn knobs(&self) -> impl serde::Serialize + use<'_> {
        let config::Decontaminate { fields, answer_fields, gram_length, short_grams_min, page_share_max, .. } =
            self.config;
        (fields, answer_fields, gram_length, short_grams_min, page_share_max, self.tokenizer)
    }

    /// A page that loses more than this share of its grams goes whole.
    #[must_use]
    pub fn share_max(&self) -> f64 {
        self.config.page_share_max
    }

    /// The files that decide what of a page goes.
    #[must_use]
    pub fn inputs(&self) -> BTreeMap<String, Input> {
        let mut benchmarks = BTreeMap::new();
        for (name, path) in benchmarks::names(&self.files).into_iter().zip(&self.files) {
            benchmarks.insert(format!("benchmark {name}"), Input::File(path.clone()));
        }
        if let Some(path) = &self.config.allow {
            benchmarks.insert("allow".to_owned(), Input::File(path.clone()));
        }
        benchmarks
    }

    fn remove_stage(&self) -> Stage<'_> {
        let benchmarks = self.inputs();
        let files = if self.files.is_empty() { 0 } else { self.pages.len() };
        let tasks = (0..files)
            .map(|file| {
                let mut inputs = self.pages.input(file);
                inputs.extend(benchmarks.clone());
                let run = move |progress: &Progress| self.remove(file, progress);
                Task { name: self.pages.stem(file).to_owned(), inputs, run: Box::new(run) }
            })
            .collect();
        Stage::new(STAGES[0], VERSION, &self.knobs(), tasks)
    }

    /// The benchmarks, read when first asked for.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn benchmarks(&self) -> Result<&Benchmarks, Error> {
        let load = || {
            let read = benchmarks::read(&self.files, &rules(self.config)).map_err(|e| e.to_string());
            if let Ok(read) = &read {
                tracing::info!(
                    files = read.files.len(),
                    items = read.items.iter().sum::<u64>(),
                    grams = read.index.grams(),
                    texts_too_short = read.ignored_short,
                    index_bytes = read.index.bytes(),
                    "benchmarks read"
                );
            }
            read
        };
        Ok(self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)?)
    }

    fn remove(&self, file: usize, progress: &Progress) -> TaskResult {
        let benchmarks = self.benchmarks()?;
        let stem = self.pages.stem(file);
        let path = self.pages.file(file);
        let mut writer = TableWriter::create(&self.runner.out.join(format!("decontaminate/{stem}.parquet")), &CLEAN)?;
        let mut found_writer = TableWriter::create(&self.found_file(stem), &MATCHES)?;
        let (mut rows, mut found) = (CleanBuilder::default(), MatchesBuilder::default());
        let mut tally = Tally::default();
        let (mut cpu_elsewhere_s, mut bytes_in) = (0.0, 0);
        let (mut changed, mut tokens_gone, mut paragraphs_gone) = (0u64, 0u64, 0u64);
        let columns = ["id", "url", "domain", "text", "tokens", "formulas"];
        for batch in Table::open(path)?.columns(&columns)?.batches()? {
            let batch = batch?;
            let string = |name: &str| column::<StringArray>(&batch, name, path);
            let (id, url, domain, text) = (string("id")?, string("url")?, string("domain")?, string("text")?);
            let tokens: &Int64Array = column(&batch, "tokens", path)?;
            let formulas: &Int32Array = column(&batch, "formulas", path)?;
            let cleaned: Vec<(Option<Cleaned>, f64)> = self.runner.pool.install(|| {
                let scanner = || Scanner::new(&benchmarks.index);
                let one = |scanner: &mut Scanner<'_>, i: usize| {
                    with_cpu_time(|| clean(scanner, text.value(i), self.config.page_share_max, self.tokenizer))
                };
                (0..text.len()).into_par_iter().map_init(scanner, one).collect()
            });
            for (i, (cleaned, cpu_s)) in cleaned.into_iter().enumerate() {
                cpu_elsewhere_s += cpu_s;
                bytes_in += text.value(i).len() as u64;
                let Some(Cleaned { removal, keep, tokens: left, formulas_gone }) = cleaned else {
                    tally.count(&Ok(()));
                    rows.push(id.value(i), true, 0.0, &[], tokens.value(i), formulas.value(i));
                    continue;
                };
                tally.count(&if keep { Ok(()) } else { Err(Reject::Contaminated) });
                changed += u64::from(keep);
                tokens_gone += tokens.value(i).max(0).cast_unsigned().saturating_sub(if keep { left } else { 0 });
                paragraphs_gone += removal.paragraphs as u64;
                let formulas = formulas.value(i).saturating_sub_unsigned(formulas_gone).max(0);
                let left = i64::try_from(left).unwrap_or(i64::MAX);
                rows.push(id.value(i), keep, removal.share, &removal.spans, left, formulas);
                let page = Place { id: id.value(i), url: url.value(i), domain: domain.value(i), kept: keep };
                for one in &removal.matches {
                    found.push(page, &benchmarks.files, &benchmarks.fields, one);
                }
                if found.bytes() >= BATCH_BYTES {
                    found_writer.write(&found.finish()?)?;
                }
            }
            writer.write(&rows.finish()?)?;
            progress.items(batch.num_rows() as u64);
        }
        found_writer.write(&found.finish()?)?;
        let outputs = vec![writer.finish()?, found_writer.finish()?];
        let facts = serde_json::json!({
            "pages_changed": changed, "paragraphs_removed": paragraphs_gone, "tokens_removed": tokens_gone,
            "matches": outputs[1].rows,
        });
        Ok(Done { tally, outputs, bytes_in, cpu_elsewhere_s, facts })
    }

    fn report_stage(&self, removed: &[Row]) -> Stage<'_> {
        let mut tasks = Vec::new();
        if !self.files.is_empty() {
            let inputs = BTreeMap::from([("matches".to_owned(), Input::rows(removed))]);
            let removed = removed.to_vec();
            let run = move |progress: &Progress| self.report(&removed, progress);
            tasks.push(Task { name: "matches".to_owned(), inputs, run: Box::new(run) });
        }
        Stage::new(STAGES[1], VERSION, &benchmarks::names(&self.files), tasks)
    }

    /// All matches in one table, with counts by benchmark. Memory: a number for each item and each page that was found.
    fn report(&self, removed: &[Row], progress: &Progress) -> TaskResult {
        let mut writer = TableWriter::create(&self.runner.out.join("decontaminate/matches.parquet"), &MATCHES)?;
        let mut by: BTreeMap<String, (u64, BTreeSet<i64>, BTreeSet<u128>)> = BTreeMap::new();
        for stem in self.pages.stems() {
            let path = self.found_file(stem);
            for batch in Table::open(&path)?.batches()? {
                let batch = batch?;
                let benchmark: &StringArray = column(&batch, "benchmark", &path)?;
                let id: &StringArray = column(&batch, "id", &path)?;
                let line: &Int64Array = column(&batch, "line", &path)?;
                for i in 0..batch.num_rows() {
                    let name = benchmark.value(i);
                    if !by.contains_key(name) {
                        by.insert(name.to_owned(), Default::default());
                    }
                    if let Some((matches, items, pages)) = by.get_mut(name) {
                        *matches += 1;
                        items.insert(line.value(i));
                        pages.insert(u128::from_str_radix(id.value(i), 16).unwrap_or_default());
                    }
                }
                writer.write(&batch)?;
                progress.items(batch.num_rows() as u64);
            }
        }
        let benchmarks: BTreeMap<String, serde_json::Value> = benchmarks::names(&self.files)
            .into_iter()
            .map(|name| {
                let (matches, items, pages) = by.remove(&name).unwrap_or_default();
                let counts =
                    serde_json::json!({ "matches": matches, "items_found": items.len(), "pages": pages.len() });
                (name, counts)
            })
            .collect();
        let sum = |key: &str| removed.iter().filter_map(|row| row.facts[key].as_u64()).sum::<u64>();
        let mut tally = Tally::default();
        for row in removed {
            tally.add(&row.tally);
        }
        let facts = serde_json::json!({
            "pages_changed": sum("pages_changed"), "pages_dropped": tally.seen - tally.kept,
            "paragraphs_removed": sum("paragraphs_removed"), "tokens_removed": sum("tokens_removed"),
            "benchmarks": benchmarks,
        });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }
}

/// What the rows of a batch of [`CLEAN`] make of pages.
pub struct CleanRows<'b> {
    /// Ids of the pages.
    pub id: &'b StringArray,
    /// Which pages stay.
    pub keep: &'b BooleanArray,
    /// Their tokens.
    pub tokens: &'b Int64Array,
    /// Their formulas.
    pub formulas: &'b Int32Array,
    removed: &'b arrow::array::ListArray,
}

impl<'b> CleanRows<'b> {
    /// The columns of a batch.
    ///
    /// # Errors
    /// The table has not the form.
    pub fn of(batch: &'b RecordBatch, path: &std::path::Path) -> Result<Self, TableError> {
        Ok(Self {
            id: column(batch, "id", path)?,
            keep: column(batch, "keep", path)?,
            tokens: column(batch, "tokens", path)?,
            formulas: column(batch, "formulas", path)?,
            removed: column(batch, "removed", path)?,
        })
    }

    /// The byte ranges that a page loses.
    #[must_use]
    pub fn spans(&self, row: usize) -> Vec<std::ops::Range<usize>> {
        spans::of_row(self.removed, row)
    }
}
