//! Exchange through files: rows with a key, sorted, in one file a crawl file with a row group a key-prefix bucket, so
//! that the task of a bucket reads its part of every file and no more.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{RecordBatch, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::io::table::{Table, TableError, TableWriter, Written, column};

static ROWS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::UInt64, false),
        Field::new("check", DataType::UInt64, false),
        Field::new("row", DataType::UInt32, false),
    ]))
});

/// A page of the crawl: which of its files, in their order, and which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageRef(pub u64);

impl PageRef {
    /// Row `row` of file `file`.
    #[must_use]
    pub fn new(file: usize, row: u32) -> Self {
        Self(((file as u64) << 32) | u64::from(row))
    }

    /// Which file.
    #[must_use]
    pub fn file(self) -> usize {
        (self.0 >> 32) as usize
    }

    /// Which row of it.
    #[must_use]
    pub fn row(self) -> u32 {
        self.0 as u32
    }
}

/// A row to exchange: the key that picks its bucket, the rest of the key, the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRow {
    /// Picks the bucket.
    pub key: u64,
    /// Further bits that must agree (0 where the key is all).
    pub check: u64,
    /// Row in the crawl file.
    pub row: u32,
}

/// The bucket of a key among `buckets`: by its upper bits, so that a bucket is a range of keys.
#[must_use]
pub fn bucket(key: u64, buckets: usize) -> usize {
    ((u128::from(key) * buckets as u128) >> 64) as usize
}

/// Sorts the rows and writes them, a row group a bucket; `family` says in the file's footer what made the keys.
///
/// # Errors
/// Writing failed.
pub fn write(path: &Path, rows: &mut [KeyRow], buckets: usize, family: &str) -> Result<Written, TableError> {
    rows.sort_unstable();
    let mut writer = TableWriter::create(path, &ROWS)?;
    writer.note("keys", family);
    for part in rows.chunk_by(|a, b| bucket(a.key, buckets) == bucket(b.key, buckets)) {
        let batch = RecordBatch::try_new(
            Arc::clone(&ROWS),
            vec![
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|r| r.key))),
                Arc::new(UInt64Array::from_iter_values(part.iter().map(|r| r.check))),
                Arc::new(UInt32Array::from_iter_values(part.iter().map(|r| r.row))),
            ],
        )
        .map_err(|source| TableError::Arrow { path: path.to_owned(), source })?;
        writer.write(&batch)?;
        writer.end_row_group()?;
    }
    writer.finish()
}

/// Reads one bucket of every file, as (key, check, page), in the order of the files.
///
/// # Errors
/// A file cannot be read or has not the form.
pub fn read(paths: &[PathBuf], wanted: usize, buckets: usize) -> Result<Vec<(u64, u64, PageRef)>, TableError> {
    let mut rows = Vec::new();
    for (file, path) in paths.iter().enumerate() {
        let table = Table::open(path)?;
        let groups =
            table.groups_by_range(0, |min, max| (bucket(min, buckets)..=bucket(max, buckets)).contains(&wanted));
        for batch in table.row_groups(groups).batches()? {
            let batch = batch?;
            let key: &UInt64Array = column(&batch, "key", path)?;
            let check: &UInt64Array = column(&batch, "check", path)?;
            let row: &UInt32Array = column(&batch, "row", path)?;
            for i in 0..batch.num_rows() {
                if bucket(key.value(i), buckets) == wanted {
                    rows.push((key.value(i), check.value(i), PageRef::new(file, row.value(i))));
                }
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_comes_back_in_its_bucket_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut all = Vec::new();
        let paths: Vec<PathBuf> = (0..3u64)
            .map(|file| {
                let path = folder.path().join(format!("{file}.parquet"));
                let mut rows: Vec<KeyRow> = (0..500u32)
                    .map(|row| {
                        let key = (u64::from(row) * 7 + file).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                        all.push((key, 1, PageRef::new(file as usize, row)));
                        KeyRow { key, check: 1, row }
                    })
                    .collect();
                write(&path, &mut rows, 5, "test").unwrap();
                path
            })
            .collect();
        let mut back: Vec<_> = (0..5).flat_map(|b| read(&paths, b, 5).unwrap()).collect();
        back.sort_unstable();
        all.sort_unstable();
        assert_eq!(back, all);
        let one = read(&paths, 2, 5).unwrap();
        assert!(!one.is_empty() && one.len() < 500);
    }
}
