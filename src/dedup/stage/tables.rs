//! The tables that the stages of deduplication exchange.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Error;
use crate::dedup::clusters::Quality;
use crate::dedup::exchange::PageRef;
use crate::dedup::page_set::PageSet;
use crate::io::table::{Table, TableError, TableWriter, Written, column};

/// What decides which copy of a page is the best; rows in the order of the page file.
pub(super) static QUALITIES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("score_millionths", DataType::UInt32, true),
        Field::new("text_chars", DataType::UInt32, false),
        Field::new("formulas", DataType::Int32, false),
        Field::new("fetched_at_ms", DataType::Int64, true),
        Field::new("id", DataType::Utf8, false),
        Field::new("capture", DataType::UInt64, false),
    ]))
});

/// Pairs of pages: a candidate, or a page that is lost and the one that it is lost to.
pub(super) static PAIRS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("page", DataType::UInt64, false),
        Field::new("other", DataType::UInt64, false),
    ]))
});

/// Verified pairs, with what they are sorted by: the keys of the pages' qualities.
pub(super) static EDGES: LazyLock<SchemaRef> = LazyLock::new(|| {
    let key = || DataType::FixedSizeBinary(Quality::KEY_BYTES as i32);
    Arc::new(Schema::new(vec![
        Field::new("worse", DataType::UInt64, false),
        Field::new("better", DataType::UInt64, false),
        Field::new("worse_key", key(), false),
        Field::new("better_key", key(), false),
    ]))
});

/// Rows that are written as one batch.
const BATCH_ROWS: usize = 1 << 16;

pub(super) fn pairs_batch(pairs: &[(PageRef, PageRef)]) -> Result<RecordBatch, Error> {
    Ok(RecordBatch::try_new(
        Arc::clone(&PAIRS),
        vec![
            Arc::new(UInt64Array::from_iter_values(pairs.iter().map(|p| p.0.0))),
            Arc::new(UInt64Array::from_iter_values(pairs.iter().map(|p| p.1.0))),
        ],
    )?)
}

/// Writes pairs sorted by their first page, so that a row group is a range of pages.
pub(super) fn write_pairs(path: &Path, pairs: &[(PageRef, PageRef)]) -> Result<Written, Error> {
    let mut writer = TableWriter::create(path, &PAIRS)?;
    append_pairs(&mut writer, pairs)?;
    Ok(writer.finish()?)
}

pub(super) fn append_pairs(writer: &mut TableWriter, pairs: &[(PageRef, PageRef)]) -> Result<(), Error> {
    for part in pairs.chunks(BATCH_ROWS) {
        writer.write(&pairs_batch(part)?)?;
        writer.end_row_group()?;
    }
    Ok(())
}

/// The pairs whose first page is in `file`: read from the row groups that can hold it.
pub(super) fn read_pairs_of(path: &Path, file: usize) -> Result<Vec<(PageRef, PageRef)>, TableError> {
    let table = Table::open(path)?;
    let groups = table.groups_by_range(0, |min, max| (PageRef(min).file()..=PageRef(max).file()).contains(&file));
    let mut pairs = Vec::new();
    each_pair(path, table.row_groups(groups), |page, other| {
        if page.file() == file {
            pairs.push((page, other));
        }
    })?;
    Ok(pairs)
}

fn each_pair(path: &Path, table: Table, mut take: impl FnMut(PageRef, PageRef)) -> Result<(), TableError> {
    for batch in table.batches()? {
        let batch = batch?;
        let page: &UInt64Array = column(&batch, "page", path)?;
        let other: &UInt64Array = column(&batch, "other", path)?;
        for (page, other) in page.values().iter().zip(other.values()) {
            take(PageRef(*page), PageRef(*other));
        }
    }
    Ok(())
}

/// The first pages of all pairs in `paths`: those that an earlier stage dropped.
pub(super) fn read_lost(paths: &[PathBuf]) -> Result<PageSet, TableError> {
    let mut lost = PageSet::default();
    for path in paths {
        each_pair(path, Table::open(path)?, |page, _| {
            lost.insert(page);
        })?;
    }
    Ok(lost)
}

/// A verified pair: the worse page, the better one, each with its quality.
pub(super) type Edge = ((PageRef, Quality), (PageRef, Quality));

/// Writes verified pairs.
pub(super) fn write_edges(path: &Path, edges: &[Edge]) -> Result<Written, Error> {
    let mut writer = TableWriter::create(path, &EDGES)?;
    for part in edges.chunks(BATCH_ROWS) {
        let keys =
            |of: fn(&Edge) -> Quality| FixedSizeBinaryArray::try_from_iter(part.iter().map(|edge| of(edge).key()));
        writer.write(&RecordBatch::try_new(
            Arc::clone(&EDGES),
            vec![
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|e| e.0.0.0))),
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|e| e.1.0.0))),
                Arc::new(keys(|e| e.0.1)?),
                Arc::new(keys(|e| e.1.1)?),
            ],
        )?)?;
    }
    Ok(writer.finish()?)
}

/// Reads the qualities of some rows (ascending) of one file of them, in their order.
pub(super) fn read_qualities(path: &Path, rows: &[u32]) -> Result<Vec<Quality>, Error> {
    let mut qualities = Vec::with_capacity(rows.len());
    for batch in Table::open(path)?.select(rows).batches()? {
        let batch = batch?;
        let score: &UInt32Array = column(&batch, "score_millionths", path)?;
        let chars: &UInt32Array = column(&batch, "text_chars", path)?;
        let formulas: &Int32Array = column(&batch, "formulas", path)?;
        let fetched: &Int64Array = column(&batch, "fetched_at_ms", path)?;
        let id: &StringArray = column(&batch, "id", path)?;
        let capture: &UInt64Array = column(&batch, "capture", path)?;
        for i in 0..batch.num_rows() {
            qualities.push(Quality {
                score_millionths: score.is_valid(i).then(|| score.value(i)),
                formulas: u32::try_from(formulas.value(i)).unwrap_or_default(),
                text_chars: chars.value(i),
                fetched_at_ms: fetched.is_valid(i).then(|| fetched.value(i)),
                id: id.value(i).parse()?,
                capture: capture.value(i),
            });
        }
    }
    if qualities.len() != rows.len() {
        return Err(format!("{}: {} rows wanted, {} found", path.display(), rows.len(), qualities.len()).into());
    }
    Ok(qualities)
}

pub(super) fn by_file(pages: &BTreeSet<PageRef>) -> BTreeMap<usize, Vec<u32>> {
    let mut files: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for page in pages {
        files.entry(page.file()).or_default().push(page.row());
    }
    files
}
