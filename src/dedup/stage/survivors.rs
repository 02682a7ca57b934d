//! Verified pairs → who is dropped for whom → `dedup/survivors.parquet`. Sorts and joins are done on disk where they
//! outgrow memory; what is held is a bit a page.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, BooleanBuilder, Int32Array, Int32Builder, Int64Array, RecordBatch, StringArray, StringBuilder, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{cast, lit, when};
use datafusion::prelude::{DataFrame, col};

use super::tables::{PAIRS, pairs_batch, read_qualities};
use super::{Dedup, Error, SURVIVORS, inputs};
use crate::dedup::bands::match_probability;
use crate::dedup::clusters::Resolver;
use crate::dedup::exchange::PageRef;
use crate::io::query::{Descending, Engine};
use crate::io::table::{Table, TableWriter, column};
use crate::task::{Done, Progress, Row, SCRATCH, SPILL, Stage, Task, TaskResult};

/// Why a page is dropped, from the strongest reason.
const REASONS: [(&str, &str); 3] =
    [("lost_by_address", "same_address"), ("lost_by_text", "same_text"), ("lost_by_near", "near_duplicate")];

/// A page that others are dropped for.
static KEPT: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("kept", DataType::UInt64, false),
        Field::new("kept_id", DataType::Utf8, false),
        Field::new("size", DataType::Int32, false),
    ]))
});

impl Dedup<'_> {
    pub(super) fn near_stage<'s>(&'s self, edges: &[Row]) -> Stage<'s> {
        let task = Task {
            name: "near".to_owned(),
            inputs: inputs("edges", edges),
            run: Box::new(move |progress: &Progress| self.near(progress)),
        };
        self.stage("near", vec![task])
    }

    fn engine(&self) -> Result<Engine, Error> {
        let Self { runner, .. } = self;
        Ok(Engine::start(runner.memory, runner.threads, &runner.out.join(SPILL))?)
    }

    /// Goes through the edges, those of the best pages first.
    fn near(&self, progress: &Progress) -> TaskResult {
        let mut writer = TableWriter::create(&self.work("lost_by_near", "near"), &PAIRS)?;
        let files = self.all("edges");
        let mut resolver = Resolver::default();
        if !files.is_empty() {
            let path = PathBuf::from("the verified pairs");
            let order = [("worse_key", Descending(true)), ("better_key", Descending(true))];
            let engine = self.engine()?;
            for batch in engine.sorted(&files, &order)? {
                let batch = batch?;
                let worse: &UInt64Array = column(&batch, "worse", &path)?;
                let better: &UInt64Array = column(&batch, "better", &path)?;
                let pairs = worse.values().iter().zip(better.values()).map(|(w, b)| (PageRef(*w), PageRef(*b)));
                let lost: Vec<_> = pairs.filter(|(worse, better)| resolver.drops(*worse, *better)).collect();
                writer.write(&pairs_batch(&lost)?)?;
                progress.items(batch.num_rows() as u64);
            }
        }
        Ok(Done { outputs: vec![writer.finish()?], ..Done::default() })
    }

    pub(super) fn survivors_stage<'s>(&'s self, signed: &[Row], lost: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        let task = Task {
            name: "survivors".to_owned(),
            inputs: all,
            run: Box::new(move |progress: &Progress| self.survivors(progress)),
        };
        self.stage("survivors", vec![task])
    }

    fn survivors(&self, progress: &Progress) -> TaskResult {
        let engine = self.engine()?;
        let scratch = self.runner.out.join(SCRATCH);
        std::fs::create_dir_all(&scratch)?;
        let scratch = tempfile::tempdir_in(scratch)?;
        let kept_file = scratch.path().join("kept.parquet");
        self.write_kept(&engine, &kept_file)?;

        // Every page that is dropped or stands for others, in the order of the pages.
        let dropped = self.dropped(&engine)?;
        let kept = engine.table(&[kept_file])?;
        let told = engine.rows("the pages dropped", || {
            let dropped = dropped.join(kept.clone(), JoinType::Inner, &["of"], &["kept"], None)?;
            let dropped = dropped.select(vec![col("page"), col("kept_id"), col("size"), col("reason")])?;
            let none = || lit(datafusion::common::ScalarValue::Utf8(None));
            let kept = kept.select(vec![
                col("kept").alias("page"),
                none().alias("kept_id"),
                col("size"),
                none().alias("reason"),
            ])?;
            dropped.union(kept)?.sort(vec![col("page").sort(true, false)])
        })?;
        let mut told = Told::new(told);

        let path = self.runner.out.join("dedup/survivors.parquet");
        let mut writer = TableWriter::create(&path, &SURVIVORS)?;
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        let mut kept = 0u64;
        for file in 0..self.pages.len() {
            let path = self.pages.file(file);
            let mut row = 0u32;
            let mut refused = self.refused(file)?.into_iter();
            for batch in Table::open(path)?.columns(&["id", "warc", "warc_offset"])?.batches()? {
                let batch = batch?;
                let (mut keep, mut of) = (BooleanBuilder::new(), StringBuilder::new());
                let (mut size, mut why) = (Int32Builder::new(), StringBuilder::new());
                for _ in 0..batch.num_rows() {
                    let verdict = told.of(PageRef::new(file, row))?.unwrap_or_default();
                    row += 1;
                    let (kept_id, reason) = verdict.dropped.unzip();
                    let reason = reason.or(refused.next().flatten());
                    keep.append_value(reason.is_none());
                    size.append_value(verdict.size);
                    of.append_option(kept_id);
                    match &reason {
                        Some(reason) => *reasons.entry(reason.clone()).or_default() += 1,
                        None => kept += 1,
                    }
                    why.append_option(reason);
                }
                progress.items(batch.num_rows() as u64);
                let id: &StringArray = column(&batch, "id", path)?;
                let warc: &StringArray = column(&batch, "warc", path)?;
                let offset: &Int64Array = column(&batch, "warc_offset", path)?;
                writer.write(&RecordBatch::try_new(
                    Arc::clone(&SURVIVORS),
                    vec![
                        Arc::new(id.clone()),
                        Arc::new(keep.finish()),
                        Arc::new(of.finish()),
                        Arc::new(size.finish()),
                        Arc::new(why.finish()),
                        Arc::new(warc.clone()),
                        Arc::new(offset.clone()),
                    ],
                )?)?;
            }
        }
        // What the bands find, by theory: [Jaccard similarity, probability].
        let detection: Vec<[f64; 2]> = (0..=10)
            .map(|tenth| 0.5 + f64::from(tenth) / 20.0)
            .map(|s| [s, (match_probability(s, self.rules.bands, self.rules.rows) * 1e4).round() / 1e4])
            .collect();
        let facts = serde_json::json!({ "kept": kept, "dropped": reasons, "detection": detection });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }

    /// Every dropped page with the page that stays for it: `page`, `of`, `reason`. A page lost to one that is itself
    /// dropped goes to whom that one went to.
    fn dropped(&self, engine: &Engine) -> Result<DataFrame, Error> {
        let [by_address, by_text, by_near] = REASONS.map(|(kind, _)| match kind {
            "lost_by_near" => vec![self.work(kind, "near")],
            kind => self.bucket_paths(kind),
        });
        let lost = |files: &[PathBuf], page: &str, of: &str| {
            let frame = engine.table(files)?.select(vec![col("page").alias(page), col("other").alias(of)]);
            frame.map_err(Error::from)
        };
        let further = |lost: DataFrame, next: DataFrame| -> Result<DataFrame, DataFusionError> {
            let next = next.select(vec![col("page").alias("next_page"), col("of").alias("next_of")])?;
            let of = when(col("next_of").is_not_null(), col("next_of")).otherwise(col("of"))?;
            lost.join(next, JoinType::Left, &["of"], &["next_page"], None)?.select(vec![col("page"), of.alias("of")])
        };
        let near = lost(&by_near, "page", "of")?;
        let text = further(lost(&by_text, "page", "of")?, near.clone())?;
        let address = further(lost(&by_address, "page", "of")?, text.clone().union(near.clone())?)?;
        let [why_address, why_text, why_near] = REASONS.map(|(_, reason)| lit(reason).alias("reason"));
        let because = |frame: DataFrame, why| frame.select(vec![col("page"), col("of"), why]);
        Ok(because(address, why_address)?.union(because(text, why_text)?)?.union(because(near, why_near)?)?)
    }

    /// Writes the pages that others are dropped for, with their ids and how many they stand for.
    fn write_kept(&self, engine: &Engine, path: &std::path::Path) -> Result<(), Error> {
        let dropped = self.dropped(engine)?;
        let sizes = engine.rows("the pages kept", || {
            let sizes = dropped.aggregate(vec![col("of")], vec![count(lit(1)).alias("lost")])?;
            sizes
                .select(vec![col("of"), cast(col("lost") + lit(1i64), DataType::Int32).alias("size")])?
                .sort(vec![col("of").sort(true, false)])
        })?;
        let mut writer = TableWriter::create(path, &KEPT)?;
        let from = PathBuf::from("the pages kept");
        for batch in sizes {
            let batch = batch?;
            let of: &UInt64Array = column(&batch, "of", &from)?;
            let mut ids = StringBuilder::new();
            for part in of.values().chunk_by(|a, b| PageRef(*a).file() == PageRef(*b).file()) {
                let rows: Vec<u32> = part.iter().map(|page| PageRef(*page).row()).collect();
                let file = self.pages.stem(PageRef(part[0]).file());
                for quality in read_qualities(&self.work("qualities", file), &rows)? {
                    ids.append_value(quality.id.to_string());
                }
            }
            let size: &Int32Array = column(&batch, "size", &from)?;
            let columns: Vec<Arc<dyn Array>> =
                vec![Arc::new(of.clone()), Arc::new(ids.finish()), Arc::new(size.clone())];
            writer.write(&RecordBatch::try_new(Arc::clone(&KEPT), columns)?)?;
        }
        writer.finish()?;
        Ok(())
    }
}

/// What is known of a page: nothing for one that is like no other.
struct Verdict {
    /// For which page it is dropped, and why.
    dropped: Option<(String, String)>,
    size: i32,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { dropped: None, size: 1 }
    }
}

/// Verdicts in the order of the pages, fetched as the pages come by.
struct Told<I> {
    batches: I,
    batch: Option<RecordBatch>,
    row: usize,
}

impl<I: Iterator<Item = Result<RecordBatch, crate::io::query::QueryError>>> Told<I> {
    fn new(batches: I) -> Self {
        Self { batches, batch: None, row: 0 }
    }

    fn of(&mut self, page: PageRef) -> Result<Option<Verdict>, Error> {
        while self.batch.as_ref().is_none_or(|batch| self.row == batch.num_rows()) {
            match self.batches.next().transpose()? {
                Some(batch) => (self.batch, self.row) = (Some(batch), 0),
                None => return Ok(None),
            }
        }
        let Some(batch) = &self.batch else { return Ok(None) };
        let path = std::path::Path::new("the pages dropped");
        let next = PageRef(column::<UInt64Array>(batch, "page", path)?.value(self.row));
        if next != page {
            return if next > page { Ok(None) } else { Err(format!("{next:?} is told of twice").into()) };
        }
        let kept_id: &StringArray = column(batch, "kept_id", path)?;
        let reason: &StringArray = column(batch, "reason", path)?;
        let size: &Int32Array = column(batch, "size", path)?;
        let row = self.row;
        self.row += 1;
        let dropped = kept_id.is_valid(row).then(|| (kept_id.value(row).to_owned(), reason.value(row).to_owned()));
        Ok(Some(Verdict { dropped, size: size.value(row) }))
    }
}
