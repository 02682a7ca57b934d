//! The stages that find boilerplate, from `pages/` and the survivors to `boilerplate/<stem>.parquet`.
//!
//! ```text
//! paragraphs  a task a crawl file   survivors → rows keyed by site and paragraph, sorted, a row group a bucket
//! repeated    a task a bucket       the rows of some sites, sorted on disk: which paragraphs are on how many pages
//! boilerplate a task a crawl file   what each page loses, as byte ranges
//! all         one task              what was found, a row a paragraph
//! ```
//!
//! A bucket is a range of sites, so that the pages of a site are counted beside its paragraphs. A site that is larger
//! than memory is sorted on disk as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::count::{Counting, Held};
use super::table::{FOUND, Found, FoundBuilder, REMOVED, REPEATED, ROWS, RemovedBuilder};
use super::{Gone, Paragraph, gone, identity, read};
use crate::config::{self, BoilerplateUnit};
use crate::dedup::exchange::bucket;
use crate::io::query::{Descending, Engine};
use crate::io::table::{Table, TableError, TableWriter, column};
use crate::pages::Pages;
use crate::paragraphs::spans;
use crate::reject::{Reject, Tally};
use crate::spans::commands;
use crate::task::{
    Artifact, Done, Input, Progress, Row, Runner, SCRATCH, SPILL, Stage, StageState, Task, TaskError, TaskResult,
    with_cpu_time,
};

/// Raised when the same pages would give other tables.
const VERSION: u32 = 1;
/// Least memory of the sort of a bucket, however many run beside each other, bytes.
const MEMORY_MIN: u64 = 32 << 20;
/// Characters of a paragraph that are told.
const TOLD_CHARS_MAX: usize = 500;
/// Rows that are written as one batch.
const BATCH_ROWS: usize = 1 << 14;

/// The names of the stages, in order.
pub const STAGES: [&str; 4] = ["boilerplate/paragraphs", "boilerplate/repeated", "boilerplate", "boilerplate/all"];

type Error = Box<dyn std::error::Error + Send + Sync>;
/// A stage, and how far it is: `None` where it waits for the one before it.
pub type Planned = (&'static str, Option<StageState>);

/// Repeated paragraphs by row and key, with the pages that hold them, of how many, where that is told.
type Repeated = BTreeMap<(u32, u128), (i64, i64)>;
/// A page's paragraphs and what becomes of them.
type Looked = (Vec<Paragraph>, Gone);

/// The search for boilerplate in a crawl's pages.
pub struct Searching<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// What is boilerplate.
    pub rules: &'a config::Boilerplate,
    /// Buckets of the exchange.
    pub buckets: usize,
}

/// A row of the exchange.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct KeyRow {
    unit: u64,
    key: u128,
    identity: u64,
    row: u32,
}

/// The number of a file, by its name.
fn file_number(stem: &str) -> u64 {
    xxh3_64(stem.as_bytes())
}

/// The first hash of a bucket; of the one after the last, the greatest there is.
fn first_of(bucket: usize, buckets: usize) -> u64 {
    u64::try_from(((bucket as u128) << 64).div_ceil(buckets as u128)).unwrap_or(u64::MAX)
}

impl Searching<'_> {
    /// Runs the stages. The rows are those of the page files, with that of what was found; none where boilerplate stays.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self, survivors: &Artifact) -> Result<(Vec<Row>, Option<Row>), TaskError> {
        let read = self.runner.run(&self.paragraphs_stage(survivors))?;
        let repeated = self.runner.run(&self.repeated_stage(&read))?;
        let rows = self.runner.run(&self.remove_stage(&repeated))?;
        let report = self.runner.run(&self.report_stage(&rows))?.pop();
        Ok((rows, report))
    }

    /// How far it is, and the rows of the page files where they are done.
    #[must_use]
    pub fn plan(&self, survivors: Option<&Artifact>) -> (Vec<Planned>, Option<Vec<Row>>) {
        let mut planned = Vec::new();
        let mut step = |stage: &Stage<'_>| {
            planned.push((STAGES[planned.len()], Some(self.runner.state(stage))));
            self.runner.rows(stage)
        };
        let mut rows = None;
        let _ = (|| {
            let read = step(&self.paragraphs_stage(survivors?))?;
            let repeated = step(&self.repeated_stage(&read))?;
            rows = step(&self.remove_stage(&repeated));
            step(&self.report_stage(rows.as_ref()?))
        })();
        for name in &STAGES[planned.len()..] {
            planned.push((name, None));
        }
        (planned, rows)
    }

    /// The tables of the page files; `None` where boilerplate stays.
    #[must_use]
    pub fn tables(&self, rows: &[Row]) -> Option<Vec<Artifact>> {
        let table = |row: &Row| Artifact::of(self.runner, row, &format!("boilerplate/{}.parquet", row.task));
        self.rules.remove.then(|| rows.iter().filter_map(table).collect())
    }

    fn work(&self, kind: &str, name: &str) -> PathBuf {
        self.runner.out.join("work/boilerplate").join(kind).join(format!("{name}.parquet"))
    }

    fn files(&self) -> std::ops::Range<usize> {
        0..if self.rules.remove { self.pages.len() } else { 0 }
    }

    fn unit_column(&self) -> &'static str {
        match self.rules.unit {
            BoilerplateUnit::Domain => "domain",
            BoilerplateUnit::Host => "host",
        }
    }

    fn paragraphs_stage(&self, survivors: &Artifact) -> Stage<'_> {
        let mut first_row = 0;
        let mut tasks = Vec::new();
        for file in self.files() {
            let from = first_row;
            first_row += self.pages.rows(file);
            let mut inputs = self.pages.input(file);
            inputs.insert("survivors".to_owned(), survivors.input.clone());
            let path = survivors.path.clone();
            let run = move |progress: &Progress| self.paragraphs(file, &path, from, progress);
            tasks.push(Task { name: self.pages.stem(file).to_owned(), inputs, run: Box::new(run) });
        }
        let knobs = (self.rules.unit, self.rules.words_min, self.buckets);
        Stage::new(STAGES[0], VERSION, &knobs, tasks)
    }

    /// Memory: six numbers for each paragraph of the file's survivors.
    fn paragraphs(&self, file: usize, survivors_path: &Path, first_row: u64, progress: &Progress) -> TaskResult {
        let (stem, path) = (self.pages.stem(file), self.pages.file(file));
        let survivors = Table::open(survivors_path)?.columns(&["id", "keep"])?;
        let mut survivors = survivors.range(first_row, self.pages.rows(file)).batches()?;
        let commands = commands();
        let mut rows: Vec<KeyRow> = Vec::new();
        let mut tally = Tally::default();
        let (mut row, mut cpu_elsewhere_s, mut bytes_in) = (0u32, 0.0, 0);
        for batch in Table::open(path)?.columns(&["id", "url", self.unit_column(), "title", "text"])?.batches()? {
            let batch = batch?;
            let misaligned =
                || -> Error { format!("{}: rows differ from those of {stem}", survivors_path.display()).into() };
            let survivors = survivors.next().ok_or_else(misaligned)??;
            let string = |name: &str| column::<StringArray>(&batch, name, path);
            let (url, unit, title, text) =
                (string("url")?, string(self.unit_column())?, string("title")?, string("text")?);
            if string("id")? != column::<StringArray>(&survivors, "id", survivors_path)? {
                return Err(misaligned());
            }
            let keep: &BooleanArray = column(&survivors, "keep", survivors_path)?;
            let of_page = |i: usize| {
                let keys: BTreeSet<u128> = read(text.value(i), unit.value(i), self.rules.words_min, &commands)
                    .into_iter()
                    .map(|paragraph| paragraph.key)
                    .filter(|key| *key != 0)
                    .collect();
                let unit = xxh3_64(unit.value(i).as_bytes());
                let (identity, row) = (identity(url.value(i), title.value(i)), row + i as u32);
                let one = |key| KeyRow { unit, key, identity, row };
                std::iter::once(0).chain(keys).map(one).collect::<Vec<_>>()
            };
            let kept: Vec<usize> = (0..batch.num_rows()).filter(|i| keep.value(*i)).collect();
            let found: Vec<(Vec<KeyRow>, f64)> =
                self.runner.pool.install(|| kept.par_iter().map(|i| with_cpu_time(|| of_page(*i))).collect());
            for ((of_page, cpu_s), i) in found.into_iter().zip(&kept) {
                cpu_elsewhere_s += cpu_s;
                bytes_in += text.value(*i).len() as u64;
                rows.extend(of_page);
                tally.count(&Ok(()));
            }
            row += batch.num_rows() as u32;
            progress.items(batch.num_rows() as u64);
        }
        rows.sort_unstable();
        let number = file_number(stem);
        let mut writer = TableWriter::create(&self.work("paragraphs", stem), &ROWS)?;
        for part in rows.chunk_by(|a, b| bucket(a.unit, self.buckets) == bucket(b.unit, self.buckets)) {
            for part in part.chunks(BATCH_ROWS) {
                let numbers = |of: fn(&KeyRow) -> u64| Arc::new(UInt64Array::from_iter_values(part.iter().map(of)));
                writer.write(&RecordBatch::try_new(
                    Arc::clone(&ROWS),
                    vec![
                        numbers(|row| row.unit),
                        numbers(|row| (row.key >> 64) as u64),
                        numbers(|row| row.key as u64),
                        numbers(|row| row.identity),
                        Arc::new(UInt64Array::from_value(number, part.len())),
                        Arc::new(UInt32Array::from_iter_values(part.iter().map(|row| row.row))),
                    ],
                )?)?;
            }
            writer.end_row_group()?;
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], bytes_in, cpu_elsewhere_s, ..Done::default() })
    }

    fn repeated_stage(&self, read: &[Row]) -> Stage<'_> {
        // A file without rows has no row group to sort.
        let with_rows = |row: &&Row| row.outputs.iter().any(|output| output.rows > 0);
        let files: Vec<PathBuf> = read.iter().filter(with_rows).map(|row| self.work("paragraphs", &row.task)).collect();
        let buckets = if self.rules.remove { self.buckets } else { 0 };
        let tasks = (0..buckets)
            .map(|bucket| {
                let inputs = BTreeMap::from([("paragraphs".to_owned(), Input::rows(read))]);
                let files = files.clone();
                let run = move |_: &Progress| self.repeated(bucket, &files);
                Task { name: format!("{bucket:05}"), inputs, run: Box::new(run) }
            })
            .collect();
        let knobs = (self.rules.pages_min, self.rules.share_min, self.buckets);
        Stage::new(STAGES[1], VERSION, &knobs, tasks)
    }

    /// Memory: a share of `run.memory`, and the places of a paragraph's first pages until it is clear that it is
    /// repeated.
    fn repeated(&self, bucket: usize, files: &[PathBuf]) -> TaskResult {
        let path = self.work("repeated", &format!("{bucket:05}"));
        let mut writer = TableWriter::create(&path, &REPEATED)?;
        if files.is_empty() {
            return Ok(Done { outputs: vec![writer.finish()?], ..Done::default() });
        }
        // Below this the library has no room to merge what it spilled.
        let memory = (self.runner.memory / self.runner.threads.max(1) as u64).max(MEMORY_MIN);
        let engine = Engine::start(memory, 1, &self.runner.out.join(SPILL))?;
        let (from, to) = (first_of(bucket, self.buckets), first_of(bucket + 1, self.buckets));
        let rows = engine.table(files)?;
        let rows = engine.rows("the paragraphs of a bucket", || {
            let last = bucket + 1 == self.buckets;
            let below = if last { col("unit").lt_eq(lit(u64::MAX)) } else { col("unit").lt(lit(to)) };
            let order = ["unit", "key", "check", "identity", "file", "row"].map(|name| col(name).sort(true, false));
            rows.filter(col("unit").gt_eq(lit(from)).and(below))?.sort(order.to_vec())
        })?;
        let scratch = self.runner.out.join(SCRATCH);
        std::fs::create_dir_all(&scratch)?;
        let scratch = tempfile::tempdir_in(scratch)?;
        let found = scratch.path().join("repeated.parquet");
        let mut found_writer = TableWriter::create(&found, &REPEATED)?;
        let mut counting = Counting::new(self.rules.pages_min, self.rules.share_min);
        let place = Path::new("the paragraphs of a bucket");
        for batch in rows {
            let batch = batch?;
            let number = |name: &str| column::<UInt64Array>(&batch, name, place);
            let (unit, key, check) = (number("unit")?, number("key")?, number("check")?);
            let (identity, file) = (number("identity")?, number("file")?);
            let row: &UInt32Array = column(&batch, "row", place)?;
            for i in 0..batch.num_rows() {
                let key = u128::from(key.value(i)) << 64 | u128::from(check.value(i));
                counting.take(unit.value(i), key, identity.value(i), (file.value(i), row.value(i)));
            }
            if counting.out.len() >= BATCH_ROWS {
                write_held(&mut counting.out, &mut found_writer)?;
            }
        }
        counting.close();
        write_held(&mut counting.out, &mut found_writer)?;
        if found_writer.finish()?.rows > 0 {
            let order = ["file", "row", "key", "check"].map(|name| (name, Descending(false)));
            for batch in engine.sorted(&[found], &order)? {
                writer.write(&batch?)?;
            }
        }
        Ok(Done { outputs: vec![writer.finish()?], ..Done::default() })
    }

    fn remove_stage(&self, repeated: &[Row]) -> Stage<'_> {
        let tasks = self
            .files()
            .map(|file| {
                let mut inputs = self.pages.input(file);
                inputs.insert("repeated".to_owned(), Input::rows(repeated));
                let run = move |progress: &Progress| self.remove(file, progress);
                Task { name: self.pages.stem(file).to_owned(), inputs, run: Box::new(run) }
            })
            .collect();
        Stage::new(STAGES[2], VERSION, &(self.rules, self.buckets), tasks)
    }

    /// The repeated paragraphs of a file, by row and key, with the pages that hold them where that is told.
    fn repeated_of(&self, file: usize) -> Result<Repeated, TableError> {
        let wanted = file_number(self.pages.stem(file));
        let mut found = BTreeMap::new();
        for bucket in 0..self.buckets {
            let path = self.work("repeated", &format!("{bucket:05}"));
            let table = Table::open(&path)?;
            let groups = table.groups_by_range(0, |min, max| (min..=max).contains(&wanted));
            for batch in table.row_groups(groups).batches()? {
                let batch = batch?;
                let number = |name: &str| column::<UInt64Array>(&batch, name, &path);
                let (file, key, check) = (number("file")?, number("key")?, number("check")?);
                let row: &UInt32Array = column(&batch, "row", &path)?;
                let pages: &Int64Array = column(&batch, "pages", &path)?;
                let of: &Int64Array = column(&batch, "of", &path)?;
                for i in (0..batch.num_rows()).filter(|i| file.value(*i) == wanted) {
                    let key = u128::from(key.value(i)) << 64 | u128::from(check.value(i));
                    found.insert((row.value(i), key), (pages.value(i), of.value(i)));
                }
            }
        }
        Ok(found)
    }

    /// Memory: a few numbers for each repeated paragraph of the file.
    fn remove(&self, file: usize, progress: &Progress) -> TaskResult {
        let (stem, path) = (self.pages.stem(file), self.pages.file(file));
        let repeated = self.repeated_of(file)?;
        let mut writer = TableWriter::create(&self.runner.out.join(format!("boilerplate/{stem}.parquet")), &REMOVED)?;
        let mut found_writer = TableWriter::create(&self.work("found", stem), &FOUND)?;
        let (mut rows, mut found) = (RemovedBuilder::default(), FoundBuilder::default());
        let commands = commands();
        let mut tally = Tally::default();
        let (mut row, mut cpu_elsewhere_s, mut bytes_in) = (0u32, 0.0, 0);
        let (mut changed, mut paragraphs_gone, mut bytes_gone, mut with_formulas) = (0u64, 0u64, 0u64, 0u64);
        for batch in Table::open(path)?.columns(&["id", "url", self.unit_column(), "text"])?.batches()? {
            let batch = batch?;
            let string = |name: &str| column::<StringArray>(&batch, name, path);
            let (id, url, unit, text) = (string("id")?, string("url")?, string(self.unit_column())?, string("text")?);
            let of_page = |i: usize| {
                let row = row + i as u32;
                repeated.range((row, 0)..=(row, u128::MAX)).next()?;
                let paragraphs = read(text.value(i), unit.value(i), self.rules.words_min, &commands);
                let is_repeated = |n: usize| repeated.contains_key(&(row, paragraphs[n].key));
                let gone = gone(&paragraphs, is_repeated, self.rules.formulas);
                Some((paragraphs, gone))
            };
            let pages: Vec<(Option<Looked>, f64)> = self
                .runner
                .pool
                .install(|| (0..batch.num_rows()).into_par_iter().map(|i| with_cpu_time(|| of_page(i))).collect());
            for (i, (page, cpu_s)) in pages.into_iter().enumerate() {
                cpu_elsewhere_s += cpu_s;
                let Some((paragraphs, gone)) = page else {
                    rows.push(id.value(i), false, &[], 0);
                    tally.count(&Ok(()));
                    continue;
                };
                bytes_in += text.value(i).len() as u64;
                let mut told = BTreeSet::new();
                for (paragraph, removed) in paragraphs.iter().zip(&gone.gone) {
                    let Some((pages, of)) = repeated.get(&(row + i as u32, paragraph.key)) else { continue };
                    if *pages > 0 && told.insert(paragraph.key) {
                        let words = &text.value(i)[paragraph.range.clone()];
                        found.push(&Found {
                            site: unit.value(i),
                            text: words.char_indices().nth(TOLD_CHARS_MAX).map_or(words, |(end, _)| &words[..end]),
                            pages: *pages,
                            of: *of,
                            formulas: paragraph.formulas,
                            removed: *removed,
                            url: url.value(i),
                        });
                    }
                }
                let ranges: Vec<_> = paragraphs.into_iter().map(|paragraph| paragraph.range).collect();
                let spans = spans(text.value(i), &ranges, &gone.gone);
                rows.push(id.value(i), gone.emptied, &spans, gone.with_formulas);
                tally.count(&if gone.emptied { Err(Reject::Boilerplate) } else { Ok(()) });
                changed += u64::from(!spans.is_empty());
                paragraphs_gone += gone.gone.iter().filter(|gone| **gone).count() as u64;
                bytes_gone += spans.iter().map(|span| span.len() as u64).sum::<u64>();
                with_formulas += gone.with_formulas as u64;
            }
            writer.write(&rows.finish()?)?;
            found_writer.write(&found.finish()?)?;
            row += batch.num_rows() as u32;
            progress.items(batch.num_rows() as u64);
        }
        let facts = serde_json::json!({
            "pages_changed": changed, "paragraphs_removed": paragraphs_gone, "bytes_removed": bytes_gone,
            "paragraphs_with_formulas": with_formulas,
        });
        Ok(Done { tally, outputs: vec![writer.finish()?, found_writer.finish()?], bytes_in, cpu_elsewhere_s, facts })
    }

    fn report_stage(&self, removed: &[Row]) -> Stage<'_> {
        let mut tasks = Vec::new();
        if self.rules.remove {
            let inputs = BTreeMap::from([("found".to_owned(), Input::rows(removed))]);
            let removed = removed.to_vec();
            let run = move |_: &Progress| self.report(&removed);
            tasks.push(Task { name: "paragraphs".to_owned(), inputs, run: Box::new(run) });
        }
        Stage::new(STAGES[3], VERSION, &self.rules.formulas, tasks)
    }

    /// All that was found in one table, in the order of the page files.
    fn report(&self, removed: &[Row]) -> TaskResult {
        let mut writer = TableWriter::create(&self.runner.out.join("boilerplate/paragraphs.parquet"), &FOUND)?;
        let (mut paragraphs, mut with_formulas, mut sites) = (0u64, 0u64, BTreeSet::new());
        for row in removed {
            let path = self.work("found", &row.task);
            for batch in Table::open(&path)?.batches()? {
                let batch = batch?;
                let site: &StringArray = column(&batch, "site", &path)?;
                let formulas: &BooleanArray = column(&batch, "formulas", &path)?;
                paragraphs += batch.num_rows() as u64;
                with_formulas += formulas.true_count() as u64;
                sites.extend(site.iter().flatten().map(|site| xxh3_64(site.as_bytes())));
                writer.write(&batch)?;
            }
        }
        let sum = |key: &str| removed.iter().filter_map(|row| row.facts[key].as_u64()).sum::<u64>();
        let mut tally = Tally::default();
        for row in removed {
            tally.add(&row.tally);
        }
        let facts = serde_json::json!({
            "repeated": paragraphs, "repeated_with_formulas": with_formulas, "sites": sites.len(),
            "formulas_removed": self.rules.formulas,
            "pages_changed": sum("pages_changed"), "pages_emptied": tally.seen - tally.kept,
            "paragraphs_removed": sum("paragraphs_removed"), "bytes_removed": sum("bytes_removed"),
            "paragraphs_with_formulas": sum("paragraphs_with_formulas"),
        });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }
}

/// Writes what was counted.
fn write_held(held: &mut Vec<Held>, writer: &mut TableWriter) -> Result<(), Error> {
    for part in held.chunks(BATCH_ROWS) {
        let numbers = |of: fn(&Held) -> u64| Arc::new(UInt64Array::from_iter_values(part.iter().map(of)));
        writer.write(&RecordBatch::try_new(
            Arc::clone(&REPEATED),
            vec![
                numbers(|row| row.0.0),
                Arc::new(UInt32Array::from_iter_values(part.iter().map(|row| row.0.1))),
                numbers(|row| (row.1 >> 64) as u64),
                numbers(|row| row.1 as u64),
                Arc::new(Int64Array::from_iter_values(part.iter().map(|row| row.2.cast_signed()))),
                Arc::new(Int64Array::from_iter_values(part.iter().map(|row| row.3.cast_signed()))),
            ],
        )?)?;
    }
    held.clear();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_range_of_sites() {
        for buckets in [1, 3, 16, 1000] {
            for n in 0..buckets {
                let first = first_of(n, buckets);
                assert_eq!(bucket(first, buckets), n);
                assert!(n == 0 || bucket(first - 1, buckets) == n - 1);
            }
            assert_eq!(bucket(u64::MAX, buckets), buckets - 1);
        }
    }
}
