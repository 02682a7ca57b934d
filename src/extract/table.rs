//! The tables of extraction: `pages/<stem>.parquet`, `pages/<stem>.rejects.parquet` and
//! `forms/<stem>.parquet`.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, Float32Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use crate::dedup::url::Address;
use crate::forms::Form;
use crate::language::Language;
use crate::page::{Capture, Document};
use crate::reject::Reject;

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn time(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true)
}

/// The columns of a page, in the contract's order. Integers are signed for the readers that know no others.
pub static PAGES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("id", DataType::Utf8),
        field("url", DataType::Utf8),
        field("host", DataType::Utf8),
        field("domain", DataType::Utf8),
        field("title", DataType::Utf8),
        field("language", DataType::Utf8),
        field("language_score", DataType::Float32),
        field("text", DataType::Utf8),
        field("tokens", DataType::Int64),
        field("formulas", DataType::Int32),
        time("fetched_at"),
        Field::new("canonical_url", DataType::Utf8, true),
        time("published_at"),
        field("warc", DataType::Utf8),
        field("warc_offset", DataType::Int64),
        field("warc_length", DataType::Int64),
    ]))
});

/// The columns of a rejected page.
pub static REJECTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        field("url", DataType::Utf8),
        field("domain", DataType::Utf8),
        field("reason", DataType::Utf8),
        field("warc", DataType::Utf8),
        field("warc_offset", DataType::Int64),
        field("warc_length", DataType::Int64),
        Field::new("redirect_to", DataType::Utf8, true),
    ]))
});

/// The formulas of a page by the form in which it has them, a column a form; rows in the order of the page file.
pub static FORMS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let forms = Form::ALL.iter().map(|form| field(form.name(), DataType::Int32));
    Arc::new(Schema::new([field("id", DataType::Utf8)].into_iter().chain(forms).collect::<Vec<_>>()))
});

/// A page that goes on.
pub struct Kept {
    /// Id, host, domain.
    pub address: Address,
    /// Title and text.
    pub document: Document,
    /// Language of the text.
    pub language: Language,
    /// Confidence in it, 0 to 1.
    pub language_score: f32,
    /// Tokens of the text.
    pub tokens: u64,
}

/// Gathers pages into batches of [`PAGES`].
#[derive(Default)]
pub struct PagesBuilder {
    strings: [StringBuilder; 7],
    language_score: Float32Builder,
    tokens: Int64Builder,
    formulas: Int32Builder,
    fetched_at: TimestampMillisecondBuilder,
    canonical_url: StringBuilder,
    published_at: TimestampMillisecondBuilder,
    warc: StringBuilder,
    place: [Int64Builder; 2],
    text_bytes: usize,
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl PagesBuilder {
    /// Adds a page.
    pub fn push(&mut self, capture: &Capture, kept: &Kept) {
        let Kept { address, document, language, language_score, tokens } = kept;
        let id = address.id.to_string();
        let values =
            [&id, &capture.url, &address.host, &address.domain, &document.title, language.name(), &document.text];
        for (builder, value) in self.strings.iter_mut().zip(values) {
            builder.append_value(value);
        }
        self.language_score.append_value(*language_score);
        self.tokens.append_value(signed(*tokens));
        self.formulas.append_value(i32::try_from(document.forms.total()).unwrap_or(i32::MAX));
        self.fetched_at.append_option(capture.fetched_at_ms);
        self.canonical_url.append_option(document.canonical_url.as_deref());
        self.published_at.append_option(document.published_at_ms);
        self.warc.append_value(&capture.warc);
        self.place[0].append_value(signed(capture.warc_offset));
        self.place[1].append_value(signed(capture.warc_length));
        self.text_bytes += document.text.len() + document.title.len() + capture.url.len();
    }

    /// Bytes of text, titles and addresses gathered.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// The batch, leaving the builder empty.
    ///
    /// # Errors
    /// Never for batches within Arrow's limits.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        self.text_bytes = 0;
        let [id, url, host, domain, title, language, text] = &mut self.strings;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(id.finish()),
            Arc::new(url.finish()),
            Arc::new(host.finish()),
            Arc::new(domain.finish()),
            Arc::new(title.finish()),
            Arc::new(language.finish()),
            Arc::new(self.language_score.finish()),
            Arc::new(text.finish()),
            Arc::new(self.tokens.finish()),
            Arc::new(self.formulas.finish()),
            Arc::new(self.fetched_at.finish().with_timezone("UTC")),
            Arc::new(self.canonical_url.finish()),
            Arc::new(self.published_at.finish().with_timezone("UTC")),
            Arc::new(self.warc.finish()),
            Arc::new(self.place[0].finish()),
            Arc::new(self.place[1].finish()),
        ];
        RecordBatch::try_new(Arc::clone(&PAGES), columns)
    }
}

/// Gathers the forms of pages into batches of [`FORMS`].
#[derive(Default)]
pub struct FormsBuilder {
    id: StringBuilder,
    forms: [Int32Builder; Form::ALL.len()],
}

impl FormsBuilder {
    /// Adds a page.
    pub fn push(&mut self, kept: &Kept) {
        self.id.append_value(kept.address.id.to_string());
        for (builder, form) in self.forms.iter_mut().zip(Form::ALL) {
            builder.append_value(i32::try_from(kept.document.forms.of(form)).unwrap_or(i32::MAX));
        }
    }

    /// The batch, leaving the builder empty.
    ///
    /// # Errors
    /// Never for batches within Arrow's limits.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let forms = self.forms.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
        let columns = std::iter::once(Arc::new(self.id.finish()) as ArrayRef).chain(forms).collect();
        RecordBatch::try_new(Arc::clone(&FORMS), columns)
    }
}

/// Gathers rejected pages into batches of [`REJECTS`].
#[derive(Default)]
pub struct RejectsBuilder {
    strings: [StringBuilder; 4],
    redirect_to: StringBuilder,
    place: [Int64Builder; 2],
    bytes: usize,
}

impl RejectsBuilder {
    /// Adds a page with its reason, and where the server sends its readers.
    pub fn push(&mut self, capture: &Capture, domain: &str, reject: Reject, redirect_to: Option<&str>) {
        for (builder, value) in self.strings.iter_mut().zip([&capture.url, domain, reject.name(), &capture.warc]) {
            builder.append_value(value);
        }
        self.place[0].append_value(signed(capture.warc_offset));
        self.place[1].append_value(signed(capture.warc_length));
        self.redirect_to.append_option(redirect_to);
        // A row takes some bytes however short its address is.
        self.bytes += capture.url.len() + redirect_to.map_or(0, str::len) + 64;
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
        let [url, domain, reason, warc] = &mut self.strings;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(url.finish()),
            Arc::new(domain.finish()),
            Arc::new(reason.finish()),
            Arc::new(warc.finish()),
            Arc::new(self.place[0].finish()),
            Arc::new(self.place[1].finish()),
            Arc::new(self.redirect_to.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&REJECTS), columns)
    }
}
