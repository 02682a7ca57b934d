//! What earlier rounds had collected of a ranking: the first round of each page, and the share that the round before
//! held already, by which the rounds end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, Int32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{max, min};
use datafusion::logical_expr::lit;
use datafusion::prelude::col;
use xxhash_rust::xxh3::Xxh3;

use super::{Error, Ranking, ShardPlan};
use crate::io::query::Engine;
use crate::io::table::{Table, TableWriter, column};
use crate::task::{Artifact, Done, Input, Progress, Row, SPILL, Stage, Task, TaskError, TaskResult};

/// Raised when the same rankings would give another table.
const VERSION: u32 = 1;

/// The round that first collected each page, in rank order.
static FIRST: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields = vec![Field::new("rank", DataType::Int64, false), Field::new("round", DataType::Int32, false)];
    Arc::new(Schema::new(fields))
});

/// Hashes of what the shards hold, taken rank by rank.
struct ShardHashes<'p> {
    plans: &'p [ShardPlan],
    left: u64,
    hash: Xxh3,
    done: Vec<String>,
}

impl<'p> ShardHashes<'p> {
    fn new(plans: &'p [ShardPlan]) -> Self {
        Self { plans, left: plans.first().map_or(0, |plan| plan.pages), hash: Xxh3::new(), done: Vec::new() }
    }

    fn take(&mut self, round: i32) {
        self.hash.update(&round.to_le_bytes());
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.done.push(format!("{:032x}", self.hash.digest128()));
            self.hash.reset();
            self.left = self.plans.get(self.done.len()).map_or(0, |plan| plan.pages);
        }
    }
}

/// A share of a whole, 1 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

impl Ranking<'_> {
    fn first_file(&self) -> PathBuf {
        self.work().join("first.parquet")
    }

    /// One task; none in the first round.
    pub(super) fn overlap_stage(&self, cut: &Row) -> Result<Stage<'_>, TaskError> {
        let mut tasks = Vec::new();
        if !self.earlier.is_empty() {
            let mut inputs = BTreeMap::from([("ranking".to_owned(), Input::rows([cut]))]);
            for (n, ranking) in self.earlier.iter().enumerate() {
                inputs.insert(format!("ranking {:02}", n + 1), ranking.input.clone());
            }
            let plans = super::shards::shard_plans(cut)?;
            let run = Box::new(move |progress: &Progress| self.overlap(&plans, progress));
            tasks.push(Task { name: "ranking".to_owned(), inputs, run });
        }
        Ok(Stage::new(self.stage_name("overlap"), VERSION, &self.round, tasks))
    }

    /// Joins the ranking with those before it, on disk where they outgrow memory.
    fn overlap(&self, plans: &[ShardPlan], progress: &Progress) -> TaskResult {
        let mut writer = TableWriter::create(&self.first_file(), &FIRST)?;
        let mut hashes = ShardHashes::new(plans);
        let (mut pages, mut tokens, mut held_pages, mut held_tokens, mut known) = (0u64, 0u64, 0u64, 0u64, 0u64);
        let last_round = i64::from(self.round) - 1;
        if !plans.is_empty() {
            let engine = Engine::start(self.runner.memory, self.runner.threads, &self.runner.out.join(SPILL))?;
            let path = Path::new("the ranking beside those before it");
            for batch in self.beside_earlier(&engine)? {
                let batch = batch?;
                let rank: &Int64Array = column(&batch, "rank", path)?;
                let of_page: &Int64Array = column(&batch, "tokens", path)?;
                let first: &Int64Array = column(&batch, "first", path)?;
                let last: &Int64Array = column(&batch, "last", path)?;
                let mut rounds = Vec::with_capacity(batch.num_rows());
                for i in 0..batch.num_rows() {
                    let of_page = of_page.value(i).max(0).cast_unsigned();
                    pages += 1;
                    tokens += of_page;
                    known += u64::from(first.is_valid(i));
                    if last.is_valid(i) && last.value(i) == last_round {
                        held_pages += 1;
                        held_tokens += of_page;
                    }
                    let round = if first.is_valid(i) { first.value(i) as i32 } else { self.round.cast_signed() };
                    hashes.take(round);
                    rounds.push(round);
                }
                let columns: Vec<Arc<dyn Array>> = vec![Arc::new(rank.clone()), Arc::new(Int32Array::from(rounds))];
                writer.write(&RecordBatch::try_new(Arc::clone(&FIRST), columns)?)?;
                progress.items(batch.num_rows() as u64);
            }
        }
        let before = self.earlier.last().map_or(0, |ranking| ranking.rows);
        let facts = serde_json::json!({
            "pages": pages, "tokens": tokens, "pages_of_round_before": before,
            "pages_held": held_pages, "tokens_held": held_tokens,
            "pages_share": share(held_pages, pages), "tokens_share": share(held_tokens, tokens),
            "pages_new": pages - known, "pages_gone": before.saturating_sub(held_pages),
            "shards": hashes.done,
        });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }

    /// The ranking's pages in order, with the first and the last of the earlier rounds that collected them.
    fn beside_earlier<'e>(&self, engine: &'e Engine) -> Result<crate::io::query::Rows<'e>, Error> {
        let ranking = engine.table(&[self.ranking_file()])?;
        let mut all = None;
        for (n, earlier) in self.earlier.iter().enumerate().filter(|(_, ranking)| ranking.rows > 0) {
            let round = lit(n as i64 + 1).alias("round");
            let table = engine.table(std::slice::from_ref(&earlier.path))?.select(vec![col("id"), round])?;
            all = Some(match all {
                None => table,
                Some(others) => table.union(others)?,
            });
        }
        Ok(engine.rows("what earlier rounds collected", || {
            let ranking = ranking.select(vec![col("id"), col("rank"), col("tokens")])?;
            let by_rank = vec![col("rank").sort(true, false)];
            let Some(all) = all else {
                let none = || lit(datafusion::common::ScalarValue::Int64(None));
                let columns = vec![col("rank"), col("tokens"), none().alias("first"), none().alias("last")];
                return ranking.select(columns)?.sort(by_rank);
            };
            let ends = vec![min(col("round")).alias("first"), max(col("round")).alias("last")];
            let ends = all.aggregate(vec![col("id").alias("earlier_id")], ends)?;
            let joined = ranking.join(ends, JoinType::Left, &["id"], &["earlier_id"], None)?;
            joined.select(vec![col("rank"), col("tokens"), col("first"), col("last")])?.sort(by_rank)
        })?)
    }

    /// The rounds that first collected the pages of a shard.
    pub(super) fn first_collected(&self, plan: &ShardPlan) -> Result<Int32Array, Error> {
        let path = self.first_file();
        let mut rounds = Vec::with_capacity(plan.pages as usize);
        for batch in Table::open(&path)?.range(plan.first, plan.pages).batches()? {
            rounds.extend_from_slice(column::<Int32Array>(&batch?, "round", &path)?.values());
        }
        if rounds.len() as u64 == plan.pages { Ok(Int32Array::from(rounds)) } else { Err(super::changed(&path)) }
    }
}

/// The rankings of the rounds before `round` that are on disk.
///
/// # Errors
/// One is not Parquet.
pub fn earlier(out: &Path, round: u32) -> Result<Vec<Artifact>, crate::io::table::TableError> {
    let paths: Vec<PathBuf> = (1..round).map(|round| super::ranking_path(out, round)).collect();
    // Rounds that were never ranked here are none to compare with; one that is missing among others is an error.
    if !paths.iter().any(|path| path.exists()) {
        return Ok(Vec::new());
    }
    paths.iter().map(|path| Artifact::on_disk(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_has_a_hash_of_its_own_rows() {
        let plan = |first, pages| ShardPlan { first, pages, tokens: 0, hash: String::new() };
        let plans = [plan(0, 2), plan(2, 3)];
        let hashes = |rounds: &[i32]| {
            let mut hashes = ShardHashes::new(&plans);
            rounds.iter().for_each(|round| hashes.take(*round));
            hashes.done
        };
        let (a, b) = (hashes(&[1, 2, 2, 1, 1]), hashes(&[1, 2, 2, 2, 1]));
        assert_eq!((a.len(), b.len()), (2, 2));
        assert_eq!(a[0], b[0]);
        assert_ne!(a[1], b[1]);
    }
}
