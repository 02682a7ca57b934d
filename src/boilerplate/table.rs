//! The tables of the search for boilerplate.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBuilder, Int32Builder, Int64Builder, ListArray, RecordBatch, StringArray,
    StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use crate::io::spans::{self, SpansBuilder};
use crate::io::table::{TableError, column};

/// A paragraph of a page that may be boilerplate, or with key 0 the page itself. `file` is the hash of the stem, so
/// that a file has the same rows whichever others stand beside it.
pub(super) static ROWS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("unit", DataType::UInt64, false),
        Field::new("key", DataType::UInt64, false),
        Field::new("check", DataType::UInt64, false),
        Field::new("identity", DataType::UInt64, false),
        Field::new("file", DataType::UInt64, false),
        Field::new("row", DataType::UInt32, false),
    ]))
});

/// A repeated paragraph on a page. Of each paragraph one row has `pages`, the pages that hold it, of `of` pages of the
/// site; the others have 0.
pub(super) static REPEATED: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("file", DataType::UInt64, false),
        Field::new("row", DataType::UInt32, false),
        Field::new("key", DataType::UInt64, false),
        Field::new("check", DataType::UInt64, false),
        Field::new("pages", DataType::Int64, false),
        Field::new("of", DataType::Int64, false),
    ]))
});

/// What was found: a row a paragraph, one of its pages named.
pub static FOUND: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("site", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, false),
        Field::new("pages", DataType::Int64, false),
        Field::new("of", DataType::Int64, false),
        Field::new("formulas", DataType::Boolean, false),
        Field::new("removed", DataType::Boolean, false),
        Field::new("url", DataType::Utf8, false),
    ]))
});

/// What a page loses: a row a page, in the order of the page file.
pub static REMOVED: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("emptied", DataType::Boolean, false),
        Field::new("removed", spans::data_type(), false),
        Field::new("with_formulas", DataType::Int32, false),
    ]))
});

/// Gathers rows of [`REMOVED`].
#[derive(Default)]
pub(super) struct RemovedBuilder {
    id: StringBuilder,
    emptied: BooleanBuilder,
    removed: SpansBuilder,
    with_formulas: Int32Builder,
}

impl RemovedBuilder {
    pub(super) fn push(&mut self, id: &str, emptied: bool, spans: &[Range<usize>], with_formulas: usize) {
        self.id.append_value(id);
        self.emptied.append_value(emptied);
        self.removed.push(spans);
        self.with_formulas.append_value(i32::try_from(with_formulas).unwrap_or(i32::MAX));
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.emptied.finish()),
            self.removed.finish()?,
            Arc::new(self.with_formulas.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&REMOVED), columns)
    }
}

/// Gathers rows of [`FOUND`].
#[derive(Default)]
pub(super) struct FoundBuilder {
    site: StringBuilder,
    text: StringBuilder,
    pages: Int64Builder,
    of: Int64Builder,
    formulas: BooleanBuilder,
    removed: BooleanBuilder,
    url: StringBuilder,
}

/// A row of [`FOUND`].
pub(super) struct Found<'p> {
    pub(super) site: &'p str,
    pub(super) text: &'p str,
    pub(super) pages: i64,
    pub(super) of: i64,
    pub(super) formulas: bool,
    pub(super) removed: bool,
    pub(super) url: &'p str,
}

impl FoundBuilder {
    pub(super) fn push(&mut self, found: &Found<'_>) {
        self.site.append_value(found.site);
        self.text.append_value(found.text);
        self.pages.append_value(found.pages);
        self.of.append_value(found.of);
        self.formulas.append_value(found.formulas);
        self.removed.append_value(found.removed);
        self.url.append_value(found.url);
    }

    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.site.finish()),
            Arc::new(self.text.finish()),
            Arc::new(self.pages.finish()),
            Arc::new(self.of.finish()),
            Arc::new(self.formulas.finish()),
            Arc::new(self.removed.finish()),
            Arc::new(self.url.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&FOUND), columns)
    }
}

/// What the rows of a batch of [`REMOVED`] make of pages.
pub struct RemovedRows<'b> {
    /// Ids of the pages.
    pub id: &'b StringArray,
    /// Which pages hold nothing else.
    pub emptied: &'b BooleanArray,
    removed: &'b ListArray,
}

impl<'b> RemovedRows<'b> {
    /// The columns of a batch.
    ///
    /// # Errors
    /// The table has not the form.
    pub fn of(batch: &'b RecordBatch, path: &Path) -> Result<Self, TableError> {
        Ok(Self {
            id: column(batch, "id", path)?,
            emptied: column(batch, "emptied", path)?,
            removed: column(batch, "removed", path)?,
        })
    }

    /// The byte ranges that a page loses.
    #[must_use]
    pub fn spans(&self, row: usize) -> Vec<Range<usize>> {
        spans::of_row(self.removed, row)
    }
}
