//! The table of edits: `edits/<stem>.parquet`.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Int32Array, Int32Builder, Int64Array, Int64Builder,
    ListArray, RecordBatch, StringArray, StringBuilder, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::Edit;
use crate::io::table::{TableError, column};

fn edit_fields() -> Fields {
    Fields::from(vec![
        Field::new("begin", DataType::Int64, false),
        Field::new("end", DataType::Int64, false),
        Field::new("replacement", DataType::Utf8, true),
    ])
}

fn edit_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(edit_fields()), false))
}

/// What becomes of each page: a row a page, in the order of the page file.
pub static EDITS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("keep", DataType::Boolean, false),
        Field::new("reason", DataType::Utf8, true),
        Field::new("edits", DataType::List(edit_item()), false),
        Field::new("tokens", DataType::Int64, false),
        Field::new("formulas", DataType::Int32, false),
    ]))
});

/// Gathers rows of [`EDITS`].
#[derive(Default)]
pub(super) struct EditsBuilder {
    id: StringBuilder,
    keep: BooleanBuilder,
    reason: StringBuilder,
    lengths: Vec<usize>,
    begin: Vec<i64>,
    end: Vec<i64>,
    replacement: StringBuilder,
    tokens: Int64Builder,
    formulas: Int32Builder,
}

impl EditsBuilder {
    /// Adds a page: why it goes, where it does; its edits, and what is left with them.
    pub(super) fn push(&mut self, id: &str, reason: Option<&str>, edits: &[Edit], tokens: i64, formulas: i32) {
        self.id.append_value(id);
        self.keep.append_value(reason.is_none());
        self.reason.append_option(reason);
        self.lengths.push(edits.len());
        for edit in edits {
            self.begin.push(edit.range.start as i64);
            self.end.push(edit.range.end as i64);
            self.replacement.append_option(edit.replacement.as_deref());
        }
        self.tokens.append_value(tokens);
        self.formulas.append_value(formulas);
    }

    /// The batch, leaving the builder empty.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let take = |values: &mut Vec<i64>| Arc::new(Int64Array::from(std::mem::take(values))) as ArrayRef;
        let parts = vec![take(&mut self.begin), take(&mut self.end), Arc::new(self.replacement.finish()) as ArrayRef];
        let offsets = OffsetBuffer::from_lengths(std::mem::take(&mut self.lengths));
        let edits = StructArray::try_new(edit_fields(), parts, None)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.keep.finish()),
            Arc::new(self.reason.finish()),
            Arc::new(ListArray::try_new(edit_item(), offsets, Arc::new(edits), None)?),
            Arc::new(self.tokens.finish()),
            Arc::new(self.formulas.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&EDITS), columns)
    }
}

/// What the rows of a batch of [`EDITS`] make of pages.
pub struct EditRows<'b> {
    /// Ids of the pages.
    pub id: &'b StringArray,
    /// Which pages stay.
    pub keep: &'b BooleanArray,
    /// Their tokens.
    pub tokens: &'b Int64Array,
    /// Their formulas.
    pub formulas: &'b Int32Array,
    edits: &'b ListArray,
}

impl<'b> EditRows<'b> {
    /// The columns of a batch.
    ///
    /// # Errors
    /// The table has not the form.
    pub fn of(batch: &'b RecordBatch, path: &Path) -> Result<Self, TableError> {
        Ok(Self {
            id: column(batch, "id", path)?,
            keep: column(batch, "keep", path)?,
            tokens: column(batch, "tokens", path)?,
            formulas: column(batch, "formulas", path)?,
            edits: column(batch, "edits", path)?,
        })
    }

    /// The edits of a page.
    #[must_use]
    pub fn edits(&self, row: usize) -> Vec<Edit> {
        let edits = self.edits.value(row);
        let Some(edits) = edits.as_any().downcast_ref::<StructArray>() else { return Vec::new() };
        let numbers = |i: usize| edits.column(i).as_primitive::<Int64Type>().values().to_vec();
        let replacements = edits.column(2).as_string::<i32>().iter().map(|text| text.map(str::to_owned));
        let ranges = numbers(0).into_iter().zip(numbers(1)).map(|(begin, end)| begin as usize..end as usize);
        ranges.zip(replacements).map(|(range, replacement)| Edit { range, replacement }).collect()
    }
}
