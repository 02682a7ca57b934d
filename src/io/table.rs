//! Parquet tables: one way to write them (whole or not at all, hashed on the way) and to read them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelectionPolicy,
    RowSelector,
};
use ::parquet::arrow::arrow_writer::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{KeyValue, PageIndexPolicy};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::statistics::Statistics;
use ::parquet::schema::types::ColumnPath;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use xxhash_rust::xxh3::Xxh3;

use super::atomic::{AtomicError, AtomicFile};

/// What can go wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened.
    #[error("{}: cannot open: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not Parquet, or is damaged, or writing it failed.
    #[error("{}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// Decoding failed.
    #[error("{}: {source}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArrowError,
    },
    /// A column is missing or has another type.
    #[error("{}: expected a column {column:?} of type {expected}, found {found}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The type wanted.
        expected: &'static str,
        /// The type, or the columns that are there.
        found: String,
    },
    /// Committing the file failed.
    #[error(transparent)]
    Atomic(#[from] AtomicError),
}

/// A file that was written whole: what a manifest row needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of it.
    pub bytes: u64,
    /// xxh3-128 of its bytes, 32 hex digits.
    pub hash: String,
}

/// A writer that hashes and counts what goes through it.
struct Hashing<W> {
    inner: W,
    hash: Xxh3,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let n = self.inner.write(data)?;
        self.hash.update(&data[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a file of any form, whole or not at all, hashed on the way.
pub struct FileWriter {
    path: PathBuf,
    file: Hashing<AtomicFile>,
}

impl FileWriter {
    /// Begins a file. Nothing is at `path` before [`finish`](Self::finish).
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, TableError> {
        let file = Hashing { inner: AtomicFile::create(path)?, hash: Xxh3::new(), bytes: 0 };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Syncs and puts the file in its place; `rows` is what it counts for.
    ///
    /// # Errors
    /// Writing failed, the disk being full for instance.
    pub fn finish(self, rows: u64) -> Result<Written, TableError> {
        let Self { path, file: Hashing { inner, hash, bytes } } = self;
        inner.commit()?;
        Ok(Written { path, rows, bytes, hash: format!("{:032x}", hash.digest128()) })
    }
}

impl Write for FileWriter {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.file.write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes bytes to `path`, whole or not at all.
///
/// # Errors
/// The folder cannot be written, or the disk is full.
pub fn write_file(path: &Path, contents: &[u8], rows: u64) -> Result<Written, TableError> {
    super::atomic::write(path, contents)?;
    let mut hash = Xxh3::new();
    hash.update(contents);
    let hash = format!("{:032x}", hash.digest128());
    Ok(Written { path: path.to_owned(), rows, bytes: contents.len() as u64, hash })
}

/// Largest row group, bytes: small enough that a reader's memory stays flat, well under the contract's 128 MB.
const ROW_GROUP_BYTES: usize = 24 << 20;
/// Columns of unique values, where a dictionary only costs.
const UNIQUE_COLUMNS: &[&str] = &["id", "text", "url", "title", "metadata", "score", "rank"];

fn properties(schema: &Schema) -> WriterProperties {
    let zstd = ZstdLevel::try_new(3).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(zstd))
        .set_created_by(concat!("corpus-build ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(1 << 20))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .set_data_page_size_limit(256 << 10)
        .set_write_batch_size(64);
    for column in UNIQUE_COLUMNS {
        if schema.field_with_name(column).is_ok() {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(*column), false);
        }
    }
    properties.build()
}

/// Writes one Parquet file: zstd, statistics on, row groups of bounded size; the path holds the whole file or nothing.
pub struct TableWriter {
    path: PathBuf,
    writer: ArrowWriter<Hashing<AtomicFile>>,
    rows: u64,
}

impl TableWriter {
    /// Begins a file. Nothing is at `path` before [`finish`](Self::finish).
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path, schema: &SchemaRef) -> Result<Self, TableError> {
        let file = Hashing { inner: AtomicFile::create(path)?, hash: Xxh3::new(), bytes: 0 };
        let writer = ArrowWriter::try_new(file, Arc::clone(schema), Some(properties(schema)))
            .map_err(|source| TableError::Parquet { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), writer, rows: 0 })
    }

    /// Writes a key and a value into the file's footer.
    pub fn note(&mut self, key: &str, value: &str) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_owned()));
    }

    /// Adds rows.
    ///
    /// # Errors
    /// Writing failed, or the batch has another schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), TableError> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(|source| TableError::Parquet { path: self.path.clone(), source })
    }

    /// Ends the row group here.
    ///
    /// # Errors
    /// Writing failed.
    pub fn end_row_group(&mut self) -> Result<(), TableError> {
        self.writer.flush().map_err(|source| TableError::Parquet { path: self.path.clone(), source })
    }

    /// Writes the footer, syncs and puts the file in its place.
    ///
    /// # Errors
    /// Writing failed, the disk being full for instance.
    pub fn finish(self) -> Result<Written, TableError> {
        let Self { path, writer, rows } = self;
        let failed = |source| TableError::Parquet { path: path.clone(), source };
        let Hashing { inner, hash, bytes } = writer.into_inner().map_err(failed)?;
        inner.commit()?;
        Ok(Written { path, rows, bytes, hash: format!("{:032x}", hash.digest128()) })
    }
}

/// Rows a batch when reading; text columns make batches of a few megabytes.
const BATCH_ROWS: usize = 512;

/// An opened table.
pub struct Table {
    path: PathBuf,
    builder: ParquetRecordBatchReaderBuilder<std::fs::File>,
}

impl Table {
    /// Opens a Parquet file and reads its footer.
    ///
    /// # Errors
    /// The file cannot be opened or is not Parquet.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let file = std::fs::File::open(path).map_err(|source| TableError::Open { path: path.to_owned(), source })?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|source| TableError::Parquet { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), builder: builder.with_batch_size(BATCH_ROWS) })
    }

    /// Rows in the file.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.builder.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// The columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.builder.schema()
    }

    /// The footer.
    #[must_use]
    pub fn metadata(&self) -> &::parquet::file::metadata::ParquetMetaData {
        self.builder.metadata()
    }

    /// Keeps only these columns, in the file's order.
    ///
    /// # Errors
    /// A column is not there.
    pub fn columns(mut self, columns: &[&str]) -> Result<Self, TableError> {
        let schema = Arc::clone(self.schema());
        for column in columns {
            if schema.field_with_name(column).is_err() {
                let found: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                return Err(TableError::Column {
                    path: self.path,
                    column: (*column).to_owned(),
                    expected: "any",
                    found: format!("the columns {found:?}"),
                });
            }
        }
        let mask = ProjectionMask::columns(self.builder.parquet_schema(), columns.iter().copied());
        self.builder = self.builder.with_projection(mask);
        Ok(self)
    }

    /// The row groups whose range of the unsigned column `column` (by place) passes; those without statistics do.
    #[must_use]
    pub fn groups_by_range(&self, column: usize, passes: impl Fn(u64, u64) -> bool) -> Vec<usize> {
        let groups = self.metadata().row_groups().iter().enumerate();
        groups
            .filter(|(_, group)| match group.column(column).statistics() {
                // The statistics of an unsigned column hold its bits as signed numbers.
                Some(Statistics::Int64(range)) => match (range.min_opt(), range.max_opt()) {
                    (Some(min), Some(max)) => passes(min.cast_unsigned(), max.cast_unsigned()),
                    _ => true,
                },
                _ => true,
            })
            .map(|(i, _)| i)
            .collect()
    }

    /// Keeps only these row groups.
    #[must_use]
    pub fn row_groups(mut self, groups: Vec<usize>) -> Self {
        self.builder = self.builder.with_row_groups(groups);
        self
    }

    /// Keeps only these rows: positions in the file, ascending, without repeats.
    #[must_use]
    pub fn select(mut self, rows: &[u32]) -> Self {
        let mut selectors = Vec::new();
        let mut at = 0;
        for &row in rows {
            let row = row as usize;
            if row > at {
                selectors.push(RowSelector::skip(row - at));
            }
            selectors.push(RowSelector::select(1));
            at = row + 1;
        }
        // By runs: the policy of masks decodes all that lies between the rows of a batch before it filters, which for a
        // few rows of a large file is most of the file at once.
        self.builder = self
            .builder
            .with_row_selection(RowSelection::from(selectors))
            .with_row_selection_policy(RowSelectionPolicy::Selectors);
        self
    }

    /// Keeps only `rows` rows from position `first` on.
    #[must_use]
    pub fn range(mut self, first: u64, rows: u64) -> Self {
        self.builder = self.builder.with_offset(first as usize).with_limit(rows as usize);
        self
    }

    /// The batches, each an error with the path where decoding fails.
    ///
    /// # Errors
    /// The columns cannot be read.
    pub fn batches(self) -> Result<Batches, TableError> {
        let Self { path, builder } = self;
        let reader = builder.build().map_err(|source| TableError::Parquet { path: path.clone(), source })?;
        Ok(Batches { path, reader })
    }
}

/// The batches of a table.
pub struct Batches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(batch.map_err(|source| TableError::Arrow { path: self.path.clone(), source }))
    }
}

/// A column of a batch as a concrete array.
///
/// # Errors
/// The column is missing or has another type.
pub fn column<'b, A: arrow::array::Array + 'static>(
    batch: &'b RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'b A, TableError> {
    let array = batch.column_by_name(name);
    array.and_then(|a| a.as_any().downcast_ref::<A>()).ok_or_else(|| TableError::Column {
        path: path.to_owned(),
        column: name.to_owned(),
        expected: std::any::type_name::<A>(),
        found: array.map_or_else(|| "no such column".to_owned(), |a| a.data_type().to_string()),
    })
}
