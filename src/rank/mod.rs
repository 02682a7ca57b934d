//! Scores → order → cut at a token budget → shards (section 2.1: rank by score, keep the top tokens).
//!
//! ```text
//! order   a task a crawl file   survivors with their score and tokens; those that the table of edits drops are left out
//! cut     one task              all of them by score, then id, until the budget: the ranking
//! overlap one task              which round first collected each page, and what the round before had collected
//! shards  a task a shard        the ranking's rows with all columns of their pages, best first, texts with their edits
//! budgets one task              what each of the budgets to choose among holds
//! ```

mod budgets;
mod cut;
mod overlap;
mod shards;

pub use cut::{BudgetPlan, ShardPlan};
pub use overlap::earlier;
pub use shards::SHARD;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use self::cut::Cut;
use crate::config;
use crate::dedup::exchange::PageRef;
use crate::edits::table::EditRows;
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
    /// What becomes of the pages' texts, a table a page file; `None` where nothing edits them.
    pub edits: Option<Vec<Artifact>>,
    /// The rankings of the rounds before, in order.
    pub earlier: Vec<Artifact>,
}

/// The rows of a ranking's stages.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// Those of the order, one a page file.
    pub ordered: Vec<Row>,
    /// That of the cut.
    pub cut: Row,
    /// That of the overlap with earlier rounds.
    pub overlap: Option<Row>,
    /// Those of the shards.
    pub shards: Vec<Row>,
    /// That of the budgets' composition, where there are several.
    pub budgets: Option<Row>,
}

/// The names of the stages, in order, within their round's.
pub const STAGES: [&str; 5] = ["order", "cut", "overlap", "shards", "budgets"];

/// Where the ranking of a round is.
#[must_use]
pub fn ranking_path(out: &Path, round: u32) -> PathBuf {
    out.join(format!("work/rounds/{round:02}/ranking.parquet"))
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A page file does not hold the rows that the ranking was made of.
fn changed(path: &Path) -> Error {
    format!("{}: not the pages that were ranked; run `corpus-build rank` again", path.display()).into()
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
        ranking_path(&self.runner.out, self.round)
    }

    /// Runs all of it.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self, survivors: &Artifact, scores: &[Artifact]) -> Result<Ranked, TaskError> {
        let ranked = self.stages(survivors, scores, &mut |stage| self.runner.run(stage))?;
        self.runner.manifest().remove_strangers(&self.folder().join("shards"), &ranked.shards)?;
        Ok(ranked)
    }

    /// How far it is: each stage's state, `None` for those that wait for an earlier one; and the rows where all is done.
    #[must_use]
    pub fn plan(
        &self,
        survivors: Option<&Artifact>,
        scores: Option<&[Artifact]>,
    ) -> (Vec<(&'static str, Option<StageState>)>, Option<Ranked>) {
        let mut planned = Vec::new();
        let mut step = |stage: &Stage<'_>| {
            planned.push((STAGES[planned.len()], Some(self.runner.state(stage))));
            // Stands for "it waits for an earlier one".
            self.runner.rows(stage).ok_or_else(|| self.no_task(STAGES[0]))
        };
        let ranked = match (survivors, scores) {
            (Some(survivors), Some(scores)) => self.stages(survivors, scores, &mut step).ok(),
            _ => None,
        };
        for name in &STAGES[planned.len()..] {
            planned.push((name, None));
        }
        (planned, ranked)
    }

    fn no_task(&self, stage: &str) -> TaskError {
        TaskError::Failed {
            stage: self.stage_name(stage),
            task: "ranking".to_owned(),
            source: "the stage has no task".into(),
        }
    }

    fn stages(
        &self,
        survivors: &Artifact,
        scores: &[Artifact],
        step: &mut dyn FnMut(&Stage<'_>) -> Result<Vec<Row>, TaskError>,
    ) -> Result<Ranked, TaskError> {
        let ordered = step(&self.order_stage(survivors, scores))?;
        let cut = step(&self.cut_stage(&ordered))?.pop().ok_or_else(|| self.no_task("cut"))?;
        let overlap = step(&self.overlap_stage(&cut)?)?.pop();
        let shards = step(&self.shards_stage(&cut, overlap.as_ref())?)?;
        let budgets = step(&self.budgets_stage(&cut, &shards)?)?.pop();
        Ok(Ranked { ordered, cut, overlap, shards, budgets })
    }

    /// What becomes of the texts of a file.
    fn edits(&self, file: usize) -> Option<&Artifact> {
        self.edits.as_ref()?.get(file)
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
            if let Some(edits) = self.edits(file) {
                inputs.insert("edits".to_owned(), edits.input.clone());
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
        let edits = self.edits(file).map(|artifact| artifact.path.as_path());
        let mut edit_batches = edits.map(|path| Table::open(path)?.batches()).transpose()?;
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
            let edit_batch = match &mut edit_batches {
                Some(batches) => Some(batches.next().ok_or_else(misaligned)??),
                None => None,
            };
            let edits = match (&edit_batch, edits) {
                (Some(batch), Some(path)) => Some(EditRows::of(batch, path)?),
                _ => None,
            };
            if edits.as_ref().is_some_and(|edits| edits.id != id) {
                return Err(misaligned());
            }
            let tokens = edits.as_ref().map_or(tokens, |edits| edits.tokens);
            let stays = |i: usize| keep.value(i) && edits.as_ref().is_none_or(|edits| edits.keep.value(i));
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
        // What a shard's rows are made of: the pages of a file, and their edits.
        let hash = |row: &Row| {
            let of = ["pages", "edits"].map(|name| row.inputs.get(name).map_or("", |input| input.hash.as_str()));
            of.concat()
        };
        let hashes: Vec<String> = ordered.iter().map(hash).collect();
        let run = Box::new(move |progress: &Progress| self.cut(&files, &hashes, progress));
        let task = Task { name: "ranking".to_owned(), inputs, run };
        let knobs = (self.budgets(), self.rules.shard_tokens);
        Stage::new(self.stage_name("cut"), VERSION, &knobs, vec![task])
    }

    /// The round's budget, and before it those to choose among that are smaller.
    fn budgets(&self) -> Vec<u64> {
        let most = self.rules.token_budget(self.round).0;
        let smaller = self.rules.budgets.iter().map(|budget| budget.0).filter(|budget| *budget < most);
        smaller.chain([most]).collect()
    }

    fn cut(&self, files: &[PathBuf], hashes: &[String], progress: &Progress) -> TaskResult {
        let mut writer = TableWriter::create(&self.ranking_file(), &RANKING)?;
        let mut cut = Cut::new(self.budgets(), self.rules.shard_tokens.0);
        let spill = self.runner.out.join(SPILL);
        let order = [("score", Descending(true)), ("id", Descending(false)), ("page", Descending(false))];
        let path = Path::new("ranking");
        let mut last_id = None;
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
        cut.end();
        if let Some(first) = smallest.filter(|_| cut.next == 0) {
            let budget = self.rules.token_budget(self.round).0;
            return Err(
                format!("the best page has {first} tokens, more than rank.token_budget, {budget}: raise it").into()
            );
        }
        let facts = serde_json::json!({
            "pages": cut.next, "tokens": cut.tokens, "last_score": cut.last_score, "last_id": last_id,
            "shards": cut.shards, "budgets": cut.reached,
        });
        let tally = Tally { seen: cut.next, kept: cut.next, ..Tally::default() };
        Ok(Done { tally, outputs: vec![writer.finish()?], facts, ..Done::default() })
    }
}
