//! The tables of decontamination: `decontaminate/<stem>.parquet` and `decontaminate/matches.parquet`.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::removal::Match;
use crate::io::spans::{self, SpansBuilder};

/// What becomes of each page: a row a page, in the order of the page file.
pub static CLEAN: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("keep", DataType::Boolean, false),
        Field::new("share", DataType::Float64, false),
        Field::new("removed", spans::data_type(), false),
        Field::new("tokens", DataType::Int64, false),
        Field::new("formulas", DataType::Int32, false),
    ]))
});

/// What was found, where, and by which item.
pub static MATCHES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("url", DataType::Utf8, false),
        Field::new("domain", DataType::Utf8, false),
        Field::new("page_kept", DataType::Boolean, false),
        Field::new("benchmark", DataType::Utf8, false),
        Field::new("line", DataType::Int64, false),
        Field::new("field", DataType::Utf8, false),
        Field::new("grams", DataType::Int64, false),
        Field::new("match", DataType::Utf8, false),
        Field::new("begin", DataType::Int64, false),
        Field::new("end", DataType::Int64, false),
    ]))
});

/// Gathers rows of [`CLEAN`].
#[derive(Default)]
pub struct CleanBuilder {
    id: StringBuilder,
    keep: BooleanBuilder,
    share: Float64Builder,
    removed: SpansBuilder,
    tokens: Int64Builder,
    formulas: Int32Builder,
}

impl CleanBuilder {
    /// Adds a page: whether it stays, what it loses, and what then remains.
    pub fn push(&mut self, id: &str, keep: bool, share: f64, spans: &[Range<usize>], tokens: i64, formulas: i32) {
        self.id.append_value(id);
        self.keep.append_value(keep);
        self.share.append_value(share);
        self.removed.push(spans);
        self.tokens.append_value(tokens);
        self.formulas.append_value(formulas);
    }

    /// The batch, leaving the builder empty.
    ///
    /// # Errors
    /// Never for batches within Arrow's limits.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.id.finish()),
            Arc::new(self.keep.finish()),
            Arc::new(self.share.finish()),
            self.removed.finish()?,
            Arc::new(self.tokens.finish()),
            Arc::new(self.formulas.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&CLEAN), columns)
    }
}

/// The page that a match is on.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// Its id.
    pub id: &'p str,
    /// Its address.
    pub url: &'p str,
    /// Its registrable domain.
    pub domain: &'p str,
    /// Whether it stays, without the paragraph.
    pub kept: bool,
}

/// Gathers rows of [`MATCHES`].
#[derive(Default)]
pub struct MatchesBuilder {
    strings: [StringBuilder; 6],
    kept: BooleanBuilder,
    numbers: [Int64Builder; 4],
    bytes: usize,
}

impl MatchesBuilder {
    /// Adds a match with the names that it refers to.
    pub fn push(&mut self, page: Place<'_>, files: &[String], fields: &[String], found: &Match) {
        let (file, field) = (found.origin.file as usize, found.origin.field as usize);
        let name = |names: &[String], i: usize| names.get(i).cloned().unwrap_or_default();
        let values = [page.id, page.url, page.domain, &name(files, file), &name(fields, field), &found.text];
        for (builder, value) in self.strings.iter_mut().zip(values) {
            builder.append_value(value);
            self.bytes += value.len() + 8;
        }
        self.kept.append_value(page.kept);
        let numbers = [
            i64::from(found.origin.line),
            found.grams as i64,
            found.paragraph.start as i64,
            found.paragraph.end as i64,
        ];
        for (builder, value) in self.numbers.iter_mut().zip(numbers) {
            builder.append_value(value);
        }
    }

    /// Bytes gathered.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batch, leaving the builder empty.
    ///
    /// # Errors
    /// Never for batches within Arrow's limits.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.bytes = 0;
        let [id, url, domain, benchmark, field, text] = &mut self.strings;
        let [line, grams, begin, end] = &mut self.numbers;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(id.finish()),
            Arc::new(url.finish()),
            Arc::new(domain.finish()),
            Arc::new(self.kept.finish()),
            Arc::new(benchmark.finish()),
            Arc::new(line.finish()),
            Arc::new(field.finish()),
            Arc::new(grams.finish()),
            Arc::new(text.finish()),
            Arc::new(begin.finish()),
            Arc::new(end.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&MATCHES), columns)
    }
}
