//! The tables of a recall: captures that an index names, those that cannot be followed, and what became of the others.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, Int64Array, Int64Builder, RecordBatch, StringArray, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::check::Reason;
use super::ranges::Place;
use crate::io::table::{TableError, column};

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

/// A capture that can be followed: the columns of the program's own tables.
pub(super) static CAPTURES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        text("id"),
        text("url"),
        text("domain"),
        text("prefix"),
        Field::new("fetched_at", DataType::Int64, true),
        text("source_warc"),
        Field::new("source_offset", DataType::Int64, false),
        Field::new("source_length", DataType::Int64, false),
        Field::new("digest", DataType::Utf8, true),
        // What draws are made by.
        Field::new("draw", DataType::Int64, false),
    ]))
});

/// A row of an index that cannot be followed.
pub(super) static REFUSED: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        text("url"),
        text("source_warc"),
        Field::new("source_offset", DataType::Int64, true),
        Field::new("source_length", DataType::Int64, true),
        text("reason"),
    ]))
});

/// What became of a capture: where it stands in the recall WARC beside, or why it does not.
pub(super) static FETCHED: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        text("id"),
        text("url"),
        text("domain"),
        text("prefix"),
        Field::new("fetched_at", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
        text("source_warc"),
        Field::new("source_offset", DataType::Int64, false),
        Field::new("source_length", DataType::Int64, false),
        Field::new("warc_offset", DataType::Int64, true),
        Field::new("reason", DataType::Utf8, true),
    ]))
});

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A capture to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    /// The page, 32 hex digits.
    pub(super) id: String,
    /// Its address.
    pub(super) url: String,
    /// Its registrable domain.
    pub(super) domain: String,
    /// The accepted prefix that it is under.
    pub(super) prefix: String,
    /// When it was captured, milliseconds since the Unix epoch.
    pub(super) fetched_at_ms: Option<i64>,
    /// The WARC file, relative to the folder of all of them.
    pub(super) warc: String,
    /// Where it lies in it.
    pub(super) place: Place,
    /// The digest of its payload, as the index has it.
    pub(super) digest: Option<String>,
    /// What draws are made by.
    pub(super) draw: i64,
}

/// Gathers captures into batches of [`CAPTURES`].
#[derive(Default)]
pub(super) struct CapturesBuilder {
    texts: [StringBuilder; 5],
    fetched_at: Int64Builder,
    place: [Int64Builder; 2],
    digest: StringBuilder,
    draw: Int64Builder,
}

impl CapturesBuilder {
    /// Adds a capture.
    pub(super) fn push(&mut self, capture: &Capture) {
        let Capture { id, url, domain, prefix, fetched_at_ms, warc, place, digest, draw } = capture;
        for (builder, text) in self.texts.iter_mut().zip([id, url, domain, prefix, warc]) {
            builder.append_value(text);
        }
        self.fetched_at.append_option(*fetched_at_ms);
        self.place[0].append_value(signed(place.offset));
        self.place[1].append_value(signed(place.length));
        self.digest.append_option(digest.as_deref());
        self.draw.append_value(*draw);
    }

    /// What was gathered.
    ///
    /// # Errors
    /// A defect of this program.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let [id, url, domain, prefix, warc] = &mut self.texts;
        let [offset, length] = &mut self.place;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(id.finish()),
            Arc::new(url.finish()),
            Arc::new(domain.finish()),
            Arc::new(prefix.finish()),
            Arc::new(self.fetched_at.finish()),
            Arc::new(warc.finish()),
            Arc::new(offset.finish()),
            Arc::new(length.finish()),
            Arc::new(self.digest.finish()),
            Arc::new(self.draw.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&CAPTURES), columns)
    }
}

/// The columns of a batch of [`CAPTURES`].
pub(super) struct Captures<'b> {
    texts: [&'b StringArray; 5],
    fetched_at: &'b Int64Array,
    place: [&'b Int64Array; 2],
    digest: &'b StringArray,
    draw: &'b Int64Array,
}

impl<'b> Captures<'b> {
    /// The columns of a batch; `path` names it in errors.
    ///
    /// # Errors
    /// A column is missing or has another type.
    pub(super) fn of(batch: &'b RecordBatch, path: &Path) -> Result<Self, TableError> {
        let text = |name| column::<StringArray>(batch, name, path);
        let number = |name| column::<Int64Array>(batch, name, path);
        Ok(Self {
            texts: [text("id")?, text("url")?, text("domain")?, text("prefix")?, text("source_warc")?],
            fetched_at: number("fetched_at")?,
            place: [number("source_offset")?, number("source_length")?],
            digest: text("digest")?,
            draw: number("draw")?,
        })
    }

    /// The id of a row.
    #[must_use]
    pub(super) fn id(&self, row: usize) -> &'b str {
        self.texts[0].value(row)
    }

    /// The domain of a row.
    #[must_use]
    pub(super) fn domain(&self, row: usize) -> &'b str {
        self.texts[2].value(row)
    }

    /// A row.
    #[must_use]
    pub(super) fn get(&self, row: usize) -> Capture {
        let [id, url, domain, prefix, warc] = self.texts.map(|texts| texts.value(row).to_owned());
        let [offset, length] = self.place.map(|numbers| numbers.value(row).max(0) as u64);
        Capture {
            id,
            url,
            domain,
            prefix,
            fetched_at_ms: self.fetched_at.is_valid(row).then(|| self.fetched_at.value(row)),
            warc,
            place: Place { offset, length },
            digest: self.digest.is_valid(row).then(|| self.digest.value(row).to_owned()),
            draw: self.draw.value(row),
        }
    }
}

/// Gathers rows that cannot be followed into batches of [`REFUSED`].
#[derive(Default)]
pub(super) struct RefusedBuilder {
    texts: [StringBuilder; 2],
    place: [Int64Builder; 2],
    reason: StringBuilder,
}

impl RefusedBuilder {
    /// Adds a row.
    pub(super) fn push(&mut self, url: &str, warc: &str, offset: Option<i64>, length: Option<i64>, reason: Reason) {
        self.texts[0].append_value(url);
        self.texts[1].append_value(warc);
        self.place[0].append_option(offset);
        self.place[1].append_option(length);
        self.reason.append_value(reason.name());
    }

    /// What was gathered.
    ///
    /// # Errors
    /// A defect of this program.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let [url, warc] = &mut self.texts;
        let [offset, length] = &mut self.place;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(url.finish()),
            Arc::new(warc.finish()),
            Arc::new(offset.finish()),
            Arc::new(length.finish()),
            Arc::new(self.reason.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&REFUSED), columns)
    }
}

/// Gathers what became of captures into batches of [`FETCHED`].
#[derive(Default)]
pub(super) struct FetchedBuilder {
    texts: [StringBuilder; 5],
    fetched_at: TimestampMillisecondBuilder,
    place: [Int64Builder; 2],
    warc_offset: Int64Builder,
    reason: StringBuilder,
}

impl FetchedBuilder {
    /// Adds a capture and its offset in the recall WARC, or why it has none.
    pub(super) fn push(&mut self, capture: &Capture, outcome: Result<u64, Reason>) {
        let Capture { id, url, domain, prefix, fetched_at_ms, warc, place, .. } = capture;
        for (builder, text) in self.texts.iter_mut().zip([id, url, domain, prefix, warc]) {
            builder.append_value(text);
        }
        self.fetched_at.append_option(*fetched_at_ms);
        self.place[0].append_value(signed(place.offset));
        self.place[1].append_value(signed(place.length));
        self.warc_offset.append_option(outcome.ok().map(signed));
        self.reason.append_option(outcome.err().map(Reason::name));
    }

    /// What was gathered.
    ///
    /// # Errors
    /// A defect of this program.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let [id, url, domain, prefix, warc] = &mut self.texts;
        let [offset, length] = &mut self.place;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(id.finish()),
            Arc::new(url.finish()),
            Arc::new(domain.finish()),
            Arc::new(prefix.finish()),
            Arc::new(self.fetched_at.finish().with_timezone("UTC")),
            Arc::new(warc.finish()),
            Arc::new(offset.finish()),
            Arc::new(length.finish()),
            Arc::new(self.warc_offset.finish()),
            Arc::new(self.reason.finish()),
        ];
        RecordBatch::try_new(Arc::clone(&FETCHED), columns)
    }
}
