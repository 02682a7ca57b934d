//! The stages of deduplication, from `pages/` to `dedup/survivors.parquet`.
//!
//! ```text
//! sign     a task a crawl file   text → qualities, and rows keyed by address, by text, by band
//! address  a task a bucket       pages with one address: all but the best go
//! text     a task a bucket       of those left, pages with one text: all but the best go
//! bands    a task a bucket       of those left, pages that share a band key: candidate pairs
//! verify   a task a crawl file   candidate pairs whose true Jaccard similarity is at or over the threshold
//! clusters one task              who stays → survivors
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, BooleanBuilder, Int32Array, Int32Builder, Int64Array, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use serde::Serialize;

use super::bands::Banding;
use super::candidates::{GroupCap, candidates};
use super::clusters::{Quality, capture_key, resolve};
use super::exchange::{self, KeyRow, PageRef};
use super::shingles::{ShingleLengths, Tokens, jaccard, sizes_allow};
use super::signature::{FAMILY, Signer};
use crate::config;
use crate::io::table::{Table, TableError, TableWriter, Written, column};
use crate::page::PageId;
use crate::pages::Pages;
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Row, Runner, Stage, Task, TaskError, TaskResult, with_cpu_time};

/// Raised when the same pages would give other survivors.
const VERSION: u32 = 1;
/// Pages whose shingles are held at once to verify pairs: some 20 kB each.
const VERIFY_PAGES: usize = 1024;

type Error = Box<dyn std::error::Error + Send + Sync>;
/// The hash of a text and its band keys; none where it has no token.
type Signed = (Option<u128>, Vec<u64>);

#[derive(Clone, Serialize)]
struct Knobs {
    rules: config::Dedup,
    family: &'static str,
    shingles: (usize, usize),
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

static QUALITIES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("text_chars", DataType::UInt32, false),
        Field::new("formulas", DataType::Int32, false),
        Field::new("fetched_at_ms", DataType::Int64, true),
        Field::new("id", DataType::Utf8, false),
        Field::new("capture", DataType::UInt64, false),
    ]))
});

static PAIRS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("page", DataType::UInt64, false),
        Field::new("other", DataType::UInt64, false),
    ]))
});

struct Dedup<'a> {
    runner: &'a Runner,
    pages: &'a Pages,
    rules: &'a config::Dedup,
}

/// The stages, in order.
pub const STAGES: [&str; 6] =
    ["dedup/sign", "dedup/address", "dedup/text", "dedup/bands", "dedup/verify", "dedup/clusters"];

/// What there is to say about the stages' state, for a plan.
pub type Planned = Vec<(&'static str, Option<crate::task::StageState>)>;

/// Runs all of deduplication; gives the row of the last task, whose output is `dedup/survivors.parquet`.
///
/// # Errors
/// A task failed.
pub fn run(runner: &Runner, rules: &config::Dedup, pages: &Pages) -> Result<Row, TaskError> {
    let dedup = Dedup { runner, pages, rules };
    let signed = runner.run(&dedup.sign_stage())?;
    let by_address = runner.run(&dedup.exact_stage("address", &signed, &[]))?;
    let by_text = runner.run(&dedup.exact_stage("text", &signed, &by_address))?;
    let lost: Vec<Row> = by_address.into_iter().chain(by_text).collect();
    let pairs = runner.run(&dedup.bands_stage(&signed, &lost))?;
    let edges = runner.run(&dedup.verify_stage(&signed, &pairs))?;
    let rows = runner.run(&dedup.clusters_stage(&signed, &lost, &edges))?;
    rows.into_iter().next().ok_or_else(|| TaskError::Failed {
        stage: "dedup/clusters".to_owned(),
        task: "survivors".to_owned(),
        source: "the stage has no task".into(),
    })
}

/// How far deduplication is: each stage's state, `None` for those that wait for an earlier one.
#[must_use]
pub fn plan(runner: &Runner, rules: &config::Dedup, pages: &Pages) -> (Planned, Option<Row>) {
    let dedup = Dedup { runner, pages, rules };
    let mut planned: Planned = Vec::new();
    let mut step = |stage: &Stage<'_>| {
        planned.push((STAGES[planned.len()], Some(runner.state(stage))));
        runner.rows(stage)
    };
    let survivors = (|| {
        let signed = step(&dedup.sign_stage())?;
        let by_address = step(&dedup.exact_stage("address", &signed, &[]))?;
        let by_text = step(&dedup.exact_stage("text", &signed, &by_address))?;
        let lost: Vec<Row> = by_address.into_iter().chain(by_text).collect();
        let pairs = step(&dedup.bands_stage(&signed, &lost))?;
        let edges = step(&dedup.verify_stage(&signed, &pairs))?;
        step(&dedup.clusters_stage(&signed, &lost, &edges))?.into_iter().next()
    })();
    for name in &STAGES[planned.len()..] {
        planned.push((name, None));
    }
    (planned, survivors)
}

fn inputs(name: &str, rows: &[Row]) -> BTreeMap<String, Input> {
    BTreeMap::from([(name.to_owned(), Input::rows(rows))])
}

impl Dedup<'_> {
    fn knobs(&self) -> Knobs {
        let lengths = ShingleLengths::default();
        let shingles = (lengths.words.get(), lengths.characters.get());
        Knobs { rules: self.rules.clone(), family: FAMILY, shingles }
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
        Stage::new(format!("dedup/{name}"), VERSION, &self.knobs(), tasks)
    }

    fn sign_stage(&self) -> Stage<'_> {
        let tasks = (0..self.pages.len())
            .map(|file| Task {
                name: self.pages.stem(file).to_owned(),
                inputs: self.pages.input(file),
                run: Box::new(move |progress: &Progress| self.sign(file, progress)),
            })
            .collect();
        Stage::new("dedup/sign", VERSION, &self.knobs(), tasks)
    }

    fn sign(&self, file: usize, progress: &Progress) -> TaskResult {
        let path = self.pages.file(file);
        let stem = self.pages.stem(file);
        let banding = Banding::new(self.rules.bands, self.rules.rows)?;
        let mut qualities = TableWriter::create(&self.work("qualities", stem), &QUALITIES)?;
        let (mut by_address, mut by_text, mut by_band) = (Vec::new(), Vec::new(), Vec::new());
        let mut cpu_elsewhere_s = 0.0;
        let mut row = 0u32;
        let mut tally = Tally::default();
        let columns = ["id", "text", "formulas", "fetched_at", "warc", "warc_offset"];
        for batch in Table::open(path)?.columns(&columns)?.batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let formulas: &Int32Array = column(&batch, "formulas", path)?;
            let fetched_at: &TimestampMillisecondArray = column(&batch, "fetched_at", path)?;
            let warc: &StringArray = column(&batch, "warc", path)?;
            let offset: &Int64Array = column(&batch, "warc_offset", path)?;
            // The pages of a batch are signed side by side, a signer a thread.
            let signed: Vec<(Signed, f64)> = self.runner.pool.install(|| {
                (0..batch.num_rows())
                    .into_par_iter()
                    .map_init(
                        || Signer::new(banding.places()),
                        |signer, i| {
                            with_cpu_time(|| {
                                let tokens = Tokens::of(text.value(i));
                                let shingles = tokens.shingles(ShingleLengths::default());
                                let keys = signer.sign(&shingles).map(|s| banding.keys(s).collect());
                                (tokens.hash(), keys.unwrap_or_default())
                            })
                        },
                    )
                    .collect()
            });
            for (i, ((hash, keys), cpu_s)) in signed.into_iter().enumerate() {
                cpu_elsewhere_s += cpu_s;
                let PageId(page) = id.value(i).parse()?;
                by_address.push(KeyRow { key: (page >> 64) as u64, check: page as u64, row });
                if let Some(hash) = hash {
                    by_text.push(KeyRow { key: (hash >> 64) as u64, check: hash as u64, row });
                }
                by_band.extend(keys.into_iter().map(|key| KeyRow { key, check: 0, row }));
                row += 1;
                tally.count(&Ok(()));
            }
            let chars = (0..batch.num_rows()).map(|i| text.value(i).chars().count() as u32);
            let captures = (0..batch.num_rows()).map(|i| capture_key(warc.value(i), offset.value(i) as u64));
            qualities.write(&RecordBatch::try_new(
                Arc::clone(&QUALITIES),
                vec![
                    Arc::new(UInt32Array::from_iter_values(chars)),
                    Arc::new(formulas.clone()),
                    Arc::new(fetched_at.iter().collect::<Int64Array>()),
                    Arc::new(id.clone()),
                    Arc::new(UInt64Array::from_iter_values(captures)),
                ],
            )?)?;
            progress.items(batch.num_rows() as u64);
        }
        let buckets = self.rules.buckets;
        let outputs = vec![
            qualities.finish()?,
            exchange::write(&self.work("by_address", stem), &mut by_address, buckets)?,
            exchange::write(&self.work("by_text", stem), &mut by_text, buckets)?,
            exchange::write(&self.work("by_band", stem), &mut by_band, buckets)?,
        ];
        Ok(Done { tally, outputs, cpu_elsewhere_s, ..Done::default() })
    }

    /// Pages that share an address, or a text: all but the best of each group are lost to it.
    fn exact_stage<'s>(&'s self, kind: &'static str, signed: &[Row], lost: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        let before = if lost.is_empty() { Vec::new() } else { self.bucket_paths("lost_by_address") };
        let gone = std::sync::OnceLock::new();
        let gone: Arc<std::sync::OnceLock<Result<Gone, String>>> = Arc::new(gone);
        self.bucket_stage(kind, &all, move |bucket, progress| {
            let gone =
                gone.get_or_init(|| Gone::read(&before).map_err(|e| e.to_string())).as_ref().map_err(Clone::clone)?;
            self.exact(kind, bucket, gone, progress)
        })
    }

    fn exact(&self, kind: &str, bucket: usize, gone: &Gone, progress: &Progress) -> TaskResult {
        let mut rows = exchange::read(&self.all(&format!("by_{kind}")), bucket, self.rules.buckets)?;
        rows.retain(|(_, _, page)| !gone.holds(*page));
        rows.sort_unstable();
        progress.items(rows.len() as u64);
        let groups: Vec<_> = rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|group| group.len() > 1).collect();
        let wanted: BTreeSet<PageRef> = groups.iter().flat_map(|g| g.iter().map(|row| row.2)).collect();
        let quality = self.qualities(&wanted)?;
        let mut pairs = Vec::new();
        for group in groups {
            let Some(best) = group.iter().map(|row| row.2).max_by_key(|page| quality.get(page).copied()) else {
                continue;
            };
            pairs.extend(group.iter().map(|row| row.2).filter(|page| *page != best).map(|page| (page, best)));
        }
        pairs.sort_unstable();
        let path = self.work(&format!("lost_by_{kind}"), &format!("{bucket:05}"));
        Ok(Done { outputs: vec![write_pairs(&path, &pairs)?], ..Done::default() })
    }

    fn bands_stage<'s>(&'s self, signed: &[Row], lost: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        let mut before = self.bucket_paths("lost_by_address");
        before.extend(self.bucket_paths("lost_by_text"));
        let gone: Arc<std::sync::OnceLock<Result<Gone, String>>> = Arc::new(std::sync::OnceLock::new());
        self.bucket_stage("bands", &all, move |bucket, progress| {
            let gone =
                gone.get_or_init(|| Gone::read(&before).map_err(|e| e.to_string())).as_ref().map_err(Clone::clone)?;
            let rows = exchange::read(&self.all("by_band"), bucket, self.rules.buckets)?;
            let mut rows: Vec<(u64, u64)> = rows
                .into_iter()
                .filter(|(_, _, page)| !gone.holds(*page))
                .map(|(key, _, page)| (key, page.0))
                .collect();
            progress.items(rows.len() as u64);
            let pairs: Vec<(PageRef, PageRef)> =
                candidates(&mut rows, GroupCap::default()).into_iter().map(|(a, b)| (PageRef(a), PageRef(b))).collect();
            let path = self.work("pairs", &format!("{bucket:05}"));
            Ok(Done { outputs: vec![write_pairs(&path, &pairs)?], ..Done::default() })
        })
    }

    fn verify_stage<'s>(&'s self, signed: &[Row], pairs: &[Row]) -> Stage<'s> {
        // The verdict is on the texts, which may change while the pairs stay.
        let mut all = inputs("signed", signed);
        all.extend(inputs("pairs", pairs));
        let tasks = (0..self.pages.len())
            .map(|file| Task {
                name: self.pages.stem(file).to_owned(),
                inputs: all.clone(),
                run: Box::new(move |progress: &Progress| self.verify(file, progress)),
            })
            .collect();
        Stage::new("dedup/verify", VERSION, &self.knobs(), tasks)
    }

    /// The pairs whose first page is in `file`, each compared on its true shingles.
    fn verify(&self, file: usize, progress: &Progress) -> TaskResult {
        let mut pairs = BTreeSet::new();
        for path in self.bucket_paths("pairs") {
            pairs.extend(read_pairs_of(&path, file)?);
        }
        let mut edges = Vec::new();
        let mut seen = 0u64;
        let mut cpu_elsewhere_s = 0.0;
        let mut rest = pairs.into_iter().peekable();
        while rest.peek().is_some() {
            // A chunk of pairs with the texts they need.
            let mut chunk = Vec::new();
            let mut wanted = BTreeSet::new();
            while let Some(pair) = rest.next_if(|_| wanted.len() < VERIFY_PAGES) {
                wanted.extend([pair.0, pair.1]);
                chunk.push(pair);
            }
            let (shingles, cpu_s) = self.shingles(&wanted)?;
            cpu_elsewhere_s += cpu_s;
            seen += chunk.len() as u64;
            progress.items(wanted.len() as u64);
            for (a, b) in chunk {
                let (Some(x), Some(y)) = (shingles.get(&a), shingles.get(&b)) else { continue };
                if sizes_allow(x.len(), y.len(), self.rules.jaccard_min) && jaccard(x, y) >= self.rules.jaccard_min {
                    edges.push((a, b));
                }
            }
        }
        let kept = edges.len() as u64;
        let path = self.work("edges", self.pages.stem(file));
        let facts = serde_json::json!({ "pairs": seen, "verified": kept });
        Ok(Done { outputs: vec![write_pairs(&path, &edges)?], facts, cpu_elsewhere_s, ..Done::default() })
    }

    fn shingles(&self, wanted: &BTreeSet<PageRef>) -> Result<(BTreeMap<PageRef, Vec<u64>>, f64), Error> {
        let mut shingles = BTreeMap::new();
        let mut cpu_elsewhere_s = 0.0;
        for (file, rows) in by_file(wanted) {
            let path = self.pages.file(file);
            let mut next = rows.iter();
            for batch in Table::open(path)?.columns(&["text"])?.select(&rows).batches()? {
                let batch = batch?;
                let text: &StringArray = column(&batch, "text", path)?;
                let made: Vec<(Vec<u64>, f64)> = self.runner.pool.install(|| {
                    (0..text.len())
                        .into_par_iter()
                        .map(|i| with_cpu_time(|| Tokens::of(text.value(i)).shingles(ShingleLengths::default())))
                        .collect()
                });
                for ((set, cpu_s), row) in made.into_iter().zip(next.by_ref()) {
                    cpu_elsewhere_s += cpu_s;
                    shingles.insert(PageRef::new(file, *row), set);
                }
            }
        }
        Ok((shingles, cpu_elsewhere_s))
    }

    fn qualities(&self, wanted: &BTreeSet<PageRef>) -> Result<BTreeMap<PageRef, Quality>, Error> {
        let mut qualities = BTreeMap::new();
        for (file, rows) in by_file(wanted) {
            let path = self.work("qualities", self.pages.stem(file));
            let mut next = rows.iter();
            for batch in Table::open(&path)?.select(&rows).batches()? {
                let batch = batch?;
                let chars: &UInt32Array = column(&batch, "text_chars", &path)?;
                let formulas: &Int32Array = column(&batch, "formulas", &path)?;
                let fetched: &Int64Array = column(&batch, "fetched_at_ms", &path)?;
                let id: &StringArray = column(&batch, "id", &path)?;
                let capture: &UInt64Array = column(&batch, "capture", &path)?;
                for (i, row) in (0..batch.num_rows()).zip(next.by_ref()) {
                    let quality = Quality {
                        text_chars: u64::from(chars.value(i)),
                        formulas: u32::try_from(formulas.value(i)).unwrap_or_default(),
                        fetched_at_ms: fetched.is_valid(i).then(|| fetched.value(i)),
                        id: id.value(i).parse()?,
                        capture: capture.value(i),
                    };
                    qualities.insert(PageRef::new(file, *row), quality);
                }
            }
        }
        Ok(qualities)
    }

    fn clusters_stage<'s>(&'s self, signed: &[Row], lost: &[Row], edges: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        all.extend(inputs("edges", edges));
        let task = Task {
            name: "survivors".to_owned(),
            inputs: all,
            run: Box::new(move |progress: &Progress| self.clusters(progress)),
        };
        Stage::new("dedup/clusters", VERSION, &self.knobs(), vec![task])
    }

    /// Memory: the pages that are in a pair, not the crawl.
    fn clusters(&self, progress: &Progress) -> TaskResult {
        let mut edges = Vec::new();
        for stem in self.pages.stems() {
            edges.extend(read_pairs(&self.work("edges", stem))?);
        }
        let nodes: BTreeSet<PageRef> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
        let nodes: Vec<PageRef> = nodes.into_iter().collect();
        let place = |page: PageRef| nodes.binary_search(&page).map(|i| i as u32);
        let quality = self.qualities(&nodes.iter().copied().collect())?;
        let ranked: Vec<Option<Quality>> = nodes.iter().map(|page| quality.get(page).copied()).collect();
        let numbered: Vec<(u32, u32)> =
            edges.iter().filter_map(|(a, b)| Some((place(*a).ok()?, place(*b).ok()?))).collect();
        let mut dropped: BTreeMap<PageRef, (PageRef, &'static str)> = BTreeMap::new();
        for (page, of) in nodes.iter().zip(resolve(&numbered, &ranked)?) {
            if let Some(of) = of {
                dropped.insert(*page, (nodes[of as usize], "near_duplicate"));
            }
        }
        for (kind, reason) in [("lost_by_text", "same_text"), ("lost_by_address", "same_address")] {
            for path in self.bucket_paths(kind) {
                for (page, of) in read_pairs(&path)? {
                    dropped.insert(page, (of, reason));
                }
            }
        }
        // A page lost to one that is itself dropped goes to whom that one went to: at most three steps.
        let last = |page: PageRef| {
            let mut at = page;
            while let Some((of, _)) = dropped.get(&at) {
                at = *of;
            }
            at
        };
        let mut sizes: BTreeMap<PageRef, i32> = BTreeMap::new();
        for page in dropped.keys() {
            *sizes.entry(last(*page)).or_insert(1) += 1;
        }
        let kept_ids = self.qualities(&sizes.keys().copied().collect())?;
        let path = self.runner.out.join("dedup/survivors.parquet");
        let mut writer = TableWriter::create(&path, &SURVIVORS)?;
        let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
        let mut kept = 0u64;
        for file in 0..self.pages.len() {
            let path = self.pages.file(file);
            let mut row = 0u32;
            for batch in Table::open(path)?.columns(&["id", "warc", "warc_offset"])?.batches()? {
                let batch = batch?;
                let id: &StringArray = column(&batch, "id", path)?;
                let (mut keep, mut of) = (BooleanBuilder::new(), StringBuilder::new());
                let (mut size, mut why) = (Int32Builder::new(), StringBuilder::new());
                let mut offset = Int64Builder::new();
                let offsets: &Int64Array = column(&batch, "warc_offset", path)?;
                for i in 0..batch.num_rows() {
                    let page = PageRef::new(file, row);
                    row += 1;
                    let to = dropped.get(&page);
                    let best = last(page);
                    keep.append_value(to.is_none());
                    of.append_option(to.and_then(|_| kept_ids.get(&best)).map(|q| q.id.to_string()));
                    size.append_value(sizes.get(&best).copied().unwrap_or(1));
                    why.append_option(to.map(|(_, reason)| *reason));
                    offset.append_value(offsets.value(i));
                    match to {
                        Some((_, reason)) => *reasons.entry(reason).or_default() += 1,
                        None => kept += 1,
                    }
                }
                progress.items(batch.num_rows() as u64);
                let warc: &StringArray = column(&batch, "warc", path)?;
                writer.write(&RecordBatch::try_new(
                    Arc::clone(&SURVIVORS),
                    vec![
                        Arc::new(id.clone()),
                        Arc::new(keep.finish()),
                        Arc::new(of.finish()),
                        Arc::new(size.finish()),
                        Arc::new(why.finish()),
                        Arc::new(warc.clone()),
                        Arc::new(offset.finish()),
                    ],
                )?)?;
            }
        }
        let facts = serde_json::json!({ "kept": kept, "dropped": reasons });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }
}

fn by_file(pages: &BTreeSet<PageRef>) -> BTreeMap<usize, Vec<u32>> {
    let mut files: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for page in pages {
        files.entry(page.file()).or_default().push(page.row());
    }
    files
}

fn write_pairs(path: &Path, pairs: &[(PageRef, PageRef)]) -> Result<Written, Error> {
    let mut writer = TableWriter::create(path, &PAIRS)?;
    for part in pairs.chunks(1 << 16) {
        writer.write(&RecordBatch::try_new(
            Arc::clone(&PAIRS),
            vec![
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|p| p.0.0))),
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|p| p.1.0))),
            ],
        )?)?;
        writer.end_row_group()?;
    }
    Ok(writer.finish()?)
}

/// The pairs whose first page is in `file`: read from the row groups that can hold it.
fn read_pairs_of(path: &Path, file: usize) -> Result<Vec<(PageRef, PageRef)>, TableError> {
    let table = Table::open(path)?;
    let groups = table.groups_by_range(0, |min, max| (PageRef(min).file()..=PageRef(max).file()).contains(&file));
    collect_pairs(path, table.row_groups(groups), |page| page.file() == file)
}

fn read_pairs(path: &Path) -> Result<Vec<(PageRef, PageRef)>, TableError> {
    collect_pairs(path, Table::open(path)?, |_| true)
}

fn collect_pairs(
    path: &Path,
    table: Table,
    wanted: impl Fn(PageRef) -> bool,
) -> Result<Vec<(PageRef, PageRef)>, TableError> {
    let mut pairs = Vec::new();
    for batch in table.batches()? {
        let batch = batch?;
        let page: &UInt64Array = column(&batch, "page", path)?;
        let other: &UInt64Array = column(&batch, "other", path)?;
        for (page, other) in page.values().iter().zip(other.values()) {
            if wanted(PageRef(*page)) {
                pairs.push((PageRef(*page), PageRef(*other)));
            }
        }
    }
    Ok(pairs)
}

/// Pages that earlier stages dropped.
struct Gone(Vec<PageRef>);

impl Gone {
    fn read(paths: &[PathBuf]) -> Result<Self, TableError> {
        let mut pages = Vec::new();
        for path in paths {
            pages.extend(read_pairs(path)?.into_iter().map(|(page, _)| page));
        }
        pages.sort_unstable();
        Ok(Self(pages))
    }

    fn holds(&self, page: PageRef) -> bool {
        self.0.binary_search(&page).is_ok()
    }
}
