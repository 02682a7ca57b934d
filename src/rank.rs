//! Scores → order → cut at a token budget → shards (section 2.1: rank by score, keep the top tokens).
//!
//! ```text
//! order   a task a crawl file   survivors with their score and tokens; those that decontamination drops are left out
//! cut     one task              all of them by score, then id, until the budget: the ranking
//! shards  a task a shard        the ranking's rows with all columns of their pages, best first; what benchmarks hold
//!                               is cut from their texts
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StringBuilder,
    UInt64Array,
};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::config;
use crate::decontaminate::cut;
use crate::decontaminate::stage::CleanRows;
use crate::dedup::exchange::PageRef;
use crate::extract::table::PAGES;
use crate::io::query::{Descending, Engine};
use crate::io::table::{Table, TableWriter, column};
use crate::pages::Pages;
use crate::reject::Tally;
use crate::task::{
    Artifact, Done, Input, Progress, Row, Runner, SPILL, Stage, StageState, Task, TaskError, TaskResult,
};

/// Raised when the same scores would give other shards.
const VERSION: u32 = 3;

static ORDER: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("score", DataType::Float64, false),
        Field::new("id", DataType::Utf8, false),
        Field::new("tokens", DataType::Int64, false),
        Field::new("page", DataType::UInt64, false),
    ]))
});

static RANKING: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![Arc::new(Field::new("rank", DataType::Int64, false))];
    fields.extend(ORDER.fields().iter().cloned());
    Arc::new(Schema::new(fields))
});

/// The columns of a shard: rank and score, all of a page, and the round that first collected it.
pub static SHARD: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![
        Arc::new(Field::new("rank", DataType::Int64, false)),
        Arc::new(Field::new("score", DataType::Float64, false)),
    ];
    fields.extend(PAGES.fields().iter().cloned());
    fields.push(Arc::new(Field::new("round_collected", DataType::Int32, false)));
    Arc::new(Schema::new(fields))
});

/// A run of ranks that makes a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardPlan {
    /// First position in the ranking, from 0.
    pub first: u64,
    /// Pages.
    pub pages: u64,
    /// Tokens of their texts.
    pub tokens: u64,
    /// Hash of the ranking's rows: a shard is written again when they change.
    pub hash: String,
}

/// Where the ranking is cut and into which shards: taken page by page, best first.
struct Cut {
    budget: u64,
    shard_tokens: u64,
    tokens: u64,
    shards: Vec<ShardPlan>,
    hash: Xxh3,
    open: Option<ShardPlan>,
    next: u64,
}

impl Cut {
    fn new(budget: u64, shard_tokens: u64) -> Self {
        Self { budget, shard_tokens, tokens: 0, shards: Vec::new(), hash: Xxh3::new(), open: None, next: 0 }
    }

    /// Takes the next page if it fits into the budget; the first that does not fit ends the ranking. `file` is the hash
    /// of the file that the page is in: a shard is written again when its pages' files change.
    fn take(&mut self, id: &str, score: f64, page: u64, tokens: u64, file: &str) -> bool {
        if self.tokens + tokens > self.budget {
            return false;
        }
        if self.open.as_ref().is_some_and(|shard| shard.tokens > 0 && shard.tokens + tokens > self.shard_tokens) {
            self.close();
        }
        let first = self.next;
        let shard = self.open.get_or_insert_with(|| ShardPlan { first, pages: 0, tokens: 0, hash: String::new() });
        shard.pages += 1;
        shard.tokens += tokens;
        self.hash.update(id.as_bytes());
        self.hash.update(&score.to_le_bytes());
        self.hash.update(&page.to_le_bytes());
        self.hash.update(file.as_bytes());
        self.tokens += tokens;
        self.next += 1;
        true
    }

    fn close(&mut self) {
        if let Some(mut shard) = self.open.take() {
            self.hash.update(&shard.first.to_le_bytes());
            shard.hash = format!("{:032x}", self.hash.digest128());
            self.hash.reset();
            self.shards.push(shard);
        }
    }
}

/// The ranking of one round.
pub struct Ranking<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// Budget and shard size.
    pub rules: &'a config::Rank,
    /// Which round, from 1.
    pub round: u32,
    /// What decontamination removes from the pages, a table a page file; `None` where it does not run.
    pub clean: Option<Vec<Artifact>>,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A page file does not hold the rows that the ranking was made of.
fn changed(path: &Path) -> Error {
    format!("{}: not the pages that were ranked; run `corpus-build rank` again", path.display()).into()
}

/// Pages without what decontamination removes from their texts, tokens and formulas counted again.
fn cut_texts(pages: &RecordBatch, path: &Path, clean: &CleanRows<'_>) -> Result<RecordBatch, Error> {
    let text: &StringArray = column(pages, "text", path)?;
    if column::<StringArray>(pages, "id", path)? != clean.id {
        return Err(changed(path));
    }
    let mut left = StringBuilder::with_capacity(text.len(), text.value_data().len());
    for row in 0..text.len() {
        let (text, spans) = (text.value(row), clean.spans(row));
        // A span that is not one of this text is of another.
        if spans.iter().any(|span| text.get(span.clone()).is_none()) {
            return Err(changed(path));
        }
        if spans.is_empty() { left.append_value(text) } else { left.append_value(cut(text, &spans)) }
    }
    let mut columns = pages.columns().to_vec();
    let made: [(&str, ArrayRef); 3] = [
        ("text", Arc::new(left.finish())),
        ("tokens", Arc::new(clean.tokens.clone())),
        ("formulas", Arc::new(clean.formulas.clone())),
    ];
    for (name, made) in made {
        columns[pages.schema().index_of(name)?] = made;
    }
    Ok(RecordBatch::try_new(pages.schema(), columns)?)
}

impl Ranking<'_> {
    fn folder(&self) -> PathBuf {
        self.runner.out.join(format!("rounds/{:02}", self.round))
    }

    fn work(&self) -> PathBuf {
        self.runner.out.join(format!("work/rounds/{:02}", self.round))
    }

    fn stage_name(&self, stage: &str) -> String {
        format!("rounds/{:02}/{stage}", self.round)
    }

    fn order_file(&self, stem: &str) -> PathBuf {
        self.work().join(format!("order/{stem}.parquet"))
    }

    fn ranking_file(&self) -> PathBuf {
        self.work().join("ranking.parquet")
    }

    /// Runs all of it; gives the row of the cut and those of the shards.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self, survivors: &Artifact, scores: &[Artifact]) -> Result<(Row, Vec<Row>), TaskError> {
        let ordered = self.runner.run(&self.order_stage(survivors, scores))?;
        let cut = self.runner.run(&self.cut_stage(&ordered))?.remove(0);
        let shards = self.runner.run(&self.shards_stage(&cut)?)?;
        self.runner.manifest().remove_strangers(&self.folder().join("shards"), &shards)?;
        Ok((cut, shards))
    }

    /// How far it is: each stage's state, `None` for those that wait for an earlier one.
    #[must_use]
    pub fn plan(
        &self,
        survivors: Option<&Artifact>,
        scores: Option<&[Artifact]>,
    ) -> Vec<(&'static str, Option<StageState>)> {
        let names = ["order", "cut", "shards"];
        let mut planned = Vec::new();
        let mut step = |stage: &Stage<'_>| {
            planned.push((names[planned.len()], Some(self.runner.state(stage))));
            self.runner.rows(stage)
        };
        let _ = (|| {
            let ordered = step(&self.order_stage(survivors?, scores?))?;
            let cut = step(&self.cut_stage(&ordered))?.into_iter().next()?;
            step(&self.shards_stage(&cut).ok()?)
        })();
        for name in &names[planned.len()..] {
            planned.push((name, None));
        }
        planned
    }

    /// What decontamination removes from the pages of a file.
    fn clean(&self, file: usize) -> Option<&Artifact> {
        self.clean.as_ref()?.get(file)
    }

    fn order_stage(&self, survivors: &Artifact, scores: &[Artifact]) -> Stage<'_> {
        let mut first_row = 0;
        let mut tasks = Vec::new();
        for (file, scored) in scores.iter().enumerate() {
            let rows = self.pages.rows(file);
            let from = first_row;
            first_row += rows;
            let mut inputs = self.pages.input(file);
            // The rows name the file by its place among the files.
            inputs.insert("place".to_owned(), Input::Ours(file.to_string()));
            inputs.insert("scores".to_owned(), scored.input.clone());
            inputs.insert("survivors".to_owned(), survivors.input.clone());
            if let Some(clean) = self.clean(file) {
                inputs.insert("decontaminate".to_owned(), clean.input.clone());
            }
            let paths = (scored.path.clone(), survivors.path.clone());
            tasks.push(Task {
                name: self.pages.stem(file).to_owned(),
                inputs,
                run: Box::new(move |progress: &Progress| self.order(file, &paths, from, rows, progress)),
            });
        }
        Stage::new(self.stage_name("order"), VERSION, &(), tasks)
    }

    /// Survivors, scores and pages of one file stand in the same order; that is checked row by row.
    fn order(
        &self,
        file: usize,
        (scores_path, survivors_path): &(PathBuf, PathBuf),
        first_row: u64,
        rows: u64,
        progress: &Progress,
    ) -> TaskResult {
        let stem = self.pages.stem(file);
        let pages_path = self.pages.file(file);
        let mut survivors = Table::open(survivors_path)?.columns(&["id", "keep"])?.range(first_row, rows).batches()?;
        let mut scores = Table::open(scores_path)?.batches()?;
        let clean = self.clean(file).map(|artifact| artifact.path.as_path());
        let mut clean_batches = clean.map(|path| Table::open(path)?.batches()).transpose()?;
        let mut writer = TableWriter::create(&self.order_file(stem), &ORDER)?;
        let mut tally = Tally::default();
        let mut row = 0u32;
        for batch in Table::open(pages_path)?.columns(&["id", "tokens"])?.batches()? {
            let batch = batch?;
            let misaligned =
                || -> Error { format!("{}: rows differ from those of {stem}", survivors_path.display()).into() };
            let survivors = survivors.next().ok_or_else(misaligned)??;
            let scores = scores.next().ok_or_else(misaligned)??;
            let id: &StringArray = column(&batch, "id", pages_path)?;
            let tokens: &Int64Array = column(&batch, "tokens", pages_path)?;
            let keep: &BooleanArray = column(&survivors, "keep", survivors_path)?;
            let score: &Float64Array = column(&scores, "score", scores_path)?;
            if id != column::<StringArray>(&survivors, "id", survivors_path)?
                || id != column::<StringArray>(&scores, "id", scores_path)?
            {
                return Err(misaligned());
            }
            let clean_batch = match &mut clean_batches {
                Some(batches) => Some(batches.next().ok_or_else(misaligned)??),
                None => None,
            };
            let clean = match (&clean_batch, clean) {
                (Some(batch), Some(path)) => Some(CleanRows::of(batch, path)?),
                _ => None,
            };
            if clean.as_ref().is_some_and(|clean| clean.id != id) {
                return Err(misaligned());
            }
            let tokens = clean.as_ref().map_or(tokens, |clean| clean.tokens);
            let stays = |i: usize| keep.value(i) && clean.as_ref().is_none_or(|clean| clean.keep.value(i));
            let kept: Vec<usize> = (0..batch.num_rows()).filter(|i| stays(*i)).collect();
            let page = |i: usize| PageRef::new(file, row + i as u32).0;
            writer.write(&RecordBatch::try_new(
                Arc::clone(&ORDER),
                vec![
                    Arc::new(Float64Array::from_iter_values(kept.iter().map(|i| score.value(*i)))),
                    Arc::new(StringArray::from_iter_values(kept.iter().map(|i| id.value(*i)))),
                    Arc::new(Int64Array::from_iter_values(kept.iter().map(|i| tokens.value(*i)))),
                    Arc::new(UInt64Array::from_iter_values(kept.iter().map(|i| page(*i)))),
                ],
            )?)?;
            tally.seen += kept.len() as u64;
            tally.kept += kept.len() as u64;
            row += batch.num_rows() as u32;
            progress.items(batch.num_rows() as u64);
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }

    fn cut_stage(&self, ordered: &[Row]) -> Stage<'_> {
        let inputs = BTreeMap::from([("ordered".to_owned(), Input::rows(ordered)), self.pages.all()]);
        // A file without rows has no row group to sort.
        let with_rows = |row: &&Row| row.outputs.iter().any(|output| output.rows > 0);
        let files: Vec<PathBuf> = ordered.iter().filter(with_rows).map(|row| self.order_file(&row.task)).collect();
        // What a shard's rows are made of: the pages of a file, and what is cut from them.
        let hash = |row: &Row| {
            let of =
                ["pages", "decontaminate"].map(|name| row.inputs.get(name).map_or("", |input| input.hash.as_str()));
            of.concat()
        };
        let hashes: Vec<String> = ordered.iter().map(hash).collect();
        let run = Box::new(move |progress: &Progress| self.cut(&files, &hashes, progress));
        let task = Task { name: "ranking".to_owned(), inputs, run };
        Stage::new(self.stage_name("cut"), VERSION, self.rules, vec![task])
    }

    fn cut(&self, files: &[PathBuf], hashes: &[String], progress: &Progress) -> TaskResult {
        let mut writer = TableWriter::create(&self.ranking_file(), &RANKING)?;
        let mut cut = Cut::new(self.rules.token_budget.0, self.rules.shard_tokens.0);
        let spill = self.runner.out.join(SPILL);
        let order = [("score", Descending(true)), ("id", Descending(false)), ("page", Descending(false))];
        let path = Path::new("ranking");
        let (mut last_score, mut last_id) = (None, None);
        let mut smallest = None;
        if !files.is_empty() {
            let engine = Engine::start(self.runner.memory, self.runner.threads, &spill)?;
            for batch in engine.sorted(files, &order)? {
                let batch = batch?;
                let score: &Float64Array = column(&batch, "score", path)?;
                let id: &StringArray = column(&batch, "id", path)?;
                let tokens: &Int64Array = column(&batch, "tokens", path)?;
                let page: &UInt64Array = column(&batch, "page", path)?;
                let first = cut.next as i64;
                let taken = (0..batch.num_rows())
                    .take_while(|&i| {
                        let tokens = tokens.value(i).max(0) as u64;
                        let file = hashes.get(PageRef(page.value(i)).file()).map_or("", String::as_str);
                        smallest.get_or_insert(tokens);
                        cut.take(id.value(i), score.value(i), page.value(i), tokens, file)
                    })
                    .count();
                if taken > 0 {
                    last_score = Some(score.value(taken - 1));
                    last_id = Some(id.value(taken - 1).to_owned());
                }
                let ranks: ArrayRef = Arc::new(Int64Array::from_iter_values((1..=taken as i64).map(|n| first + n)));
                let part = batch.slice(0, taken);
                let columns = std::iter::once(ranks).chain(part.columns().iter().cloned()).collect();
                writer.write(&RecordBatch::try_new(Arc::clone(&RANKING), columns)?)?;
                progress.items(taken as u64);
                if taken < batch.num_rows() {
                    break;
                }
            }
        }
        cut.close();
        if let Some(first) = smallest.filter(|_| cut.next == 0) {
            let budget = self.rules.token_budget.0;
            return Err(
                format!("the best page has {first} tokens, more than rank.token_budget, {budget}: raise it").into()
            );
        }
        let facts = serde_json::json!({
            "pages": cut.next, "tokens": cut.tokens, "last_score": last_score, "last_id": last_id,
            "shards": cut.shards,
        });
        let tally = Tally { seen: cut.next, kept: cut.next, ..Tally::default() };
        Ok(Done { tally, outputs: vec![writer.finish()?], facts, ..Done::default() })
    }

    fn shards_stage(&self, cut: &Row) -> Result<Stage<'_>, TaskError> {
        let shards: Vec<ShardPlan> = serde_json::from_value(cut.facts["shards"].clone()).map_err(|source| {
            TaskError::Failed { stage: cut.stage.clone(), task: cut.task.clone(), source: Box::new(source) }
        })?;
        let tasks = shards
            .into_iter()
            .enumerate()
            .map(|(n, shard)| Task {
                name: format!("part-{n:05}"),
                inputs: BTreeMap::from([("ranking".to_owned(), Input::Ours(shard.hash.clone()))]),
                run: Box::new(move |progress: &Progress| self.shard(n, &shard, progress)),
            })
            .collect();
        Ok(Stage::new(self.stage_name("shards"), VERSION, &self.round, tasks))
    }

    /// Memory: the texts of one shard.
    fn shard(&self, n: usize, plan: &ShardPlan, progress: &Progress) -> TaskResult {
        let ranking_path = self.ranking_file();
        let mut pages: Vec<(PageRef, i64, f64)> = Vec::new();
        let mut ids: Vec<String> = Vec::new();
        for batch in Table::open(&ranking_path)?.range(plan.first, plan.pages).batches()? {
            let batch = batch?;
            let rank: &Int64Array = column(&batch, "rank", &ranking_path)?;
            let score: &Float64Array = column(&batch, "score", &ranking_path)?;
            let page: &UInt64Array = column(&batch, "page", &ranking_path)?;
            ids.extend(column::<StringArray>(&batch, "id", &ranking_path)?.iter().flatten().map(str::to_owned));
            pages.extend((0..batch.num_rows()).map(|i| (PageRef(page.value(i)), rank.value(i), score.value(i))));
        }
        let mut by_place: Vec<usize> = (0..pages.len()).collect();
        by_place.sort_by_key(|i| pages[*i].0);
        let mut batches = Vec::new();
        // Where each page of the ranking stands: (batch, row).
        let mut places = vec![(0, 0); pages.len()];
        for group in by_place.chunk_by(|a, b| pages[*a].0.file() == pages[*b].0.file()) {
            let file = pages[group[0]].0.file();
            let path = self.pages.file(file);
            let rows: Vec<u32> = group.iter().map(|i| pages[*i].0.row()).collect();
            let mut next = group.iter();
            let clean = self.clean(file).map(|artifact| artifact.path.as_path());
            let mut clean_batches = clean.map(|path| Table::open(path)?.select(&rows).batches()).transpose()?;
            for batch in Table::open(path)?.select(&rows).batches()? {
                let mut batch = batch?;
                if let (Some(clean), Some(batches)) = (clean, &mut clean_batches) {
                    let rows = batches.next().ok_or_else(|| changed(path))??;
                    batch = cut_texts(&batch, path, &CleanRows::of(&rows, clean)?)?;
                }
                let id: &StringArray = column(&batch, "id", path)?;
                for (row, index) in (0..batch.num_rows()).zip(next.by_ref()) {
                    if id.value(row) != ids[*index] {
                        return Err(changed(path));
                    }
                    places[*index] = (batches.len(), row);
                }
                batches.push(batch);
            }
            if next.next().is_some() {
                return Err(changed(path));
            }
        }
        let path = self.folder().join(format!("shards/part-{n:05}.parquet"));
        let mut writer = TableWriter::create(&path, &SHARD)?;
        let sources: Vec<&RecordBatch> = batches.iter().collect();
        for (places, pages) in places.chunks(256).zip(pages.chunks(256)) {
            let rows = interleave_record_batch(&sources, places)?;
            let mut columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(pages.iter().map(|p| p.1))),
                Arc::new(Float64Array::from_iter_values(pages.iter().map(|p| p.2))),
            ];
            columns.extend(rows.columns().iter().cloned());
            columns.push(Arc::new(Int32Array::from_value(self.round.cast_signed(), pages.len())));
            writer.write(&RecordBatch::try_new(Arc::clone(&SHARD), columns)?)?;
            progress.items(pages.len() as u64);
        }
        let tally = Tally { seen: plan.pages, kept: plan.pages, ..Tally::default() };
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_in_tokens_and_a_page_is_never_split() {
        let mut cut = Cut::new(100, 50);
        let taken: Vec<bool> = [30, 15, 20, 30, 10].iter().map(|n| cut.take("x", 0.5, 1, *n, "f")).collect();
        cut.close();
        assert_eq!(taken, [true, true, true, true, false]);
        let shards: Vec<_> = cut.shards.iter().map(|s| (s.first, s.pages, s.tokens)).collect();
        assert_eq!(shards, [(0, 2, 45), (2, 2, 50)]);
        assert_eq!(cut.tokens, 95);
    }

    #[test]
    fn a_page_larger_than_a_shard_is_a_shard() {
        let mut cut = Cut::new(1000, 10);
        assert!(cut.take("a", 0.9, 1, 500, "f") && cut.take("b", 0.8, 2, 5, "f"));
        cut.close();
        assert_eq!(cut.shards.len(), 2);
        assert_ne!(cut.shards[0].hash, cut.shards[1].hash);
    }
}
