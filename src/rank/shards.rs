//! The shards: the ranking's rows with all columns of their pages, best first, texts with their edits.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::cut::ShardPlan;
use super::{Ranking, VERSION, changed};
use crate::dedup::exchange::PageRef;
use crate::edits::stage::edited;
use crate::edits::table::EditRows;
use crate::extract::table::PAGES;
use crate::io::table::{Table, TableWriter, column};
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Row, Stage, Task, TaskError, TaskResult};

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

/// The shards that a cut has planned.
pub(super) fn shard_plans(cut: &Row) -> Result<Vec<ShardPlan>, TaskError> {
    serde_json::from_value(cut.facts["shards"].clone()).map_err(|source| TaskError::Failed {
        stage: cut.stage.clone(),
        task: cut.task.clone(),
        source: Box::new(source),
    })
}

impl Ranking<'_> {
    pub(super) fn shards_stage(&self, cut: &Row, overlap: Option<&Row>) -> Result<Stage<'_>, TaskError> {
        let tasks = shard_plans(cut)?.into_iter().enumerate().map(|(n, shard)| {
            let mut inputs = BTreeMap::from([("ranking".to_owned(), Input::Ours(shard.hash.clone()))]);
            if let Some(overlap) = overlap {
                let hash = overlap.facts["shards"][n].as_str().unwrap_or_default();
                inputs.insert("overlap".to_owned(), Input::Ours(hash.to_owned()));
            }
            let earlier = overlap.is_some();
            let run = Box::new(move |progress: &Progress| self.shard(n, &shard, earlier, progress));
            Task { name: format!("part-{n:05}"), inputs, run }
        });
        Ok(Stage::new(self.stage_name("shards"), VERSION, &self.round, tasks.collect()))
    }

    /// Memory: the texts of one shard.
    fn shard(&self, n: usize, plan: &ShardPlan, earlier: bool, progress: &Progress) -> TaskResult {
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
            let edits = self.edits(file).map(|artifact| artifact.path.as_path());
            let mut edit_batches = edits.map(|path| Table::open(path)?.select(&rows).batches()).transpose()?;
            for batch in Table::open(path)?.select(&rows).batches()? {
                let mut batch = batch?;
                if let (Some(edits), Some(batches)) = (edits, &mut edit_batches) {
                    let rows = batches.next().ok_or_else(|| changed(path))??;
                    batch = edited(&batch, path, &EditRows::of(&rows, edits)?)?;
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
        let collected = if earlier { Some(self.first_collected(plan)?) } else { None };
        let path = self.folder().join(format!("shards/part-{n:05}.parquet"));
        let mut writer = TableWriter::create(&path, &SHARD)?;
        let mut first = 0;
        let sources: Vec<&RecordBatch> = batches.iter().collect();
        for (places, pages) in places.chunks(256).zip(pages.chunks(256)) {
            let rows = interleave_record_batch(&sources, places)?;
            let mut columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(pages.iter().map(|p| p.1))),
                Arc::new(Float64Array::from_iter_values(pages.iter().map(|p| p.2))),
            ];
            columns.extend(rows.columns().iter().cloned());
            columns.push(match &collected {
                Some(collected) => Arc::new(collected.slice(first, pages.len())),
                None => Arc::new(Int32Array::from_value(self.round.cast_signed(), pages.len())),
            });
            first += pages.len();
            writer.write(&RecordBatch::try_new(Arc::clone(&SHARD), columns)?)?;
            progress.items(pages.len() as u64);
        }
        let tally = Tally { seen: plan.pages, kept: plan.pages, ..Tally::default() };
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }
}
