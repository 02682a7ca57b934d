//! One file of a URL index → its captures under accepted prefixes.
//!
//! The index is sorted by key. So the statistics at the file's end tell which row groups can hold wanted keys; where none
//! can, nothing more of the file is read. Else the query engine reads the pages whose keys may be wanted, and the other
//! columns where they are. Each row is then judged by its address.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::{Expr, cast, lit};
use datafusion::prelude::{DataFrame, col};
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::statistics::Statistics;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::check;
use super::surt::{KeyRange, widen};
use super::table::{Capture, CapturesBuilder, RefusedBuilder};
use super::wanted::Wanted;
use crate::io::object::Object;
use crate::io::query::{Engine, Rows};
use crate::io::table::column;

/// The key by which an index is sorted.
const KEY: &str = "url_surtkey";
/// Ranges of keys in one query; more are joined.
const RANGES_MAX: usize = 256;
/// Bytes read at the end of a file at first: of most, all that says what is in it.
pub(super) const TAIL_BYTES: u64 = 256 << 10;
/// The largest end of a file that is read.
const END_BYTES_MAX: u64 = 256 << 20;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What of an index is looked for.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) wanted: &'a Wanted,
    /// Codes of languages of which one has to be there; `None` for any.
    pub(super) languages: Option<Vec<String>>,
    /// The longest record that is followed, bytes as stored.
    pub(super) length_max: u64,
    /// What draws are made with.
    pub(super) seed: u64,
}

/// What is read of an index, beside the key: whether it must be there, and as what it is read.
const COLUMNS: [(&str, Need); 8] = [
    ("url", Need::Text),
    ("warc_filename", Need::Text),
    ("warc_record_offset", Need::Number),
    ("warc_record_length", Need::Number),
    ("fetch_time", Need::Time),
    ("fetch_status", Need::Number),
    ("content_languages", Need::TextIfThere),
    ("content_digest", Need::TextIfThere),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Text,
    Number,
    Time,
    TextIfThere,
}

/// Types of pages.
const PAGE_TYPES: [&str; 2] = ["text/html", "application/xhtml+xml"];

/// Reads what a file says of itself at its end, which is kept.
pub(super) fn metadata(object: &mut Object) -> Result<ParquetMetaData, Error> {
    let name = object.to_string();
    let failed = |what: &str| -> Error { format!("{name}: no Parquet file: {what}").into() };
    let bytes = object.bytes();
    let end = bytes.checked_sub(8).ok_or_else(|| failed("it is too short"))?;
    let last: [u8; 8] = object.range(end..bytes)?.try_into().map_err(|_| failed("it is too short"))?;
    let length = FooterTail::try_from(last).map_err(|error| failed(&error.to_string()))?.metadata_length() as u64;
    if length > END_BYTES_MAX {
        return Err(failed(&format!("what it says of itself takes {length} bytes")));
    }
    let begin = end.checked_sub(length).ok_or_else(|| failed("it is cut"))?;
    object.keep(begin)?;
    ParquetMetaDataReader::decode_metadata(&object.range(begin..end)?).map_err(|error| failed(&error.to_string()))
}

/// Of `ranges`, sorted, those that some row group may hold keys of; and the number of such row groups.
pub(super) fn met(metadata: &ParquetMetaData, ranges: &[KeyRange]) -> Result<(Vec<KeyRange>, usize), Error> {
    let schema = metadata.file_metadata().schema_descr();
    let key = (0..schema.num_columns())
        .find(|i| schema.column(*i).path().string() == KEY)
        .ok_or_else(|| format!("no URL index: it has no column {KEY}"))?;
    let mut met = vec![false; ranges.len()];
    let mut groups = 0;
    for group in metadata.row_groups() {
        let bounds = match group.column(key).statistics() {
            Some(Statistics::ByteArray(bounds)) => bounds.min_bytes_opt().zip(bounds.max_bytes_opt()),
            _ => None,
        };
        let meets = |range: &KeyRange| bounds.is_none_or(|(least, most)| range.meets(least, most));
        // Sorted and apart, so that those before all keys of the group are passed by halving.
        let first = bounds.map_or(0, |(least, _)| ranges.partition_point(|range| range.to.as_bytes() <= least));
        let found = ranges[first..].iter().take_while(|range| meets(range)).count();
        met[first..first + found].fill(true);
        groups += usize::from(found > 0);
    }
    Ok((ranges.iter().zip(met).filter(|(_, met)| *met).map(|(range, _)| range.clone()).collect(), groups))
}

/// Any of them, as a tree of little depth.
fn any(terms: &[Expr]) -> Expr {
    match terms {
        [] => lit(false),
        [one] => one.clone(),
        terms => {
            let (left, right) = terms.split_at(terms.len() / 2);
            any(left).or(any(right))
        }
    }
}

/// The rows of an index with keys in `ranges`, of pages that were answered.
pub(super) fn rows<'e>(engine: &'e Engine, object: &Arc<Object>, ranges: Vec<KeyRange>) -> Result<Rows<'e>, Error> {
    let table = engine.object(object)?;
    let has = |name: &str| table.schema().has_column_with_unqualified_name(name);
    if let Some((name, _)) = COLUMNS.iter().find(|(name, need)| *need != Need::TextIfThere && !has(name)) {
        return Err(format!("{object}: no URL index: it has no column {name}").into());
    }
    let within = |KeyRange { from, to }: KeyRange| col(KEY).gt_eq(lit(from)).and(col(KEY).lt(lit(to)));
    let keys: Vec<Expr> = widen(ranges, RANGES_MAX).into_iter().map(within).collect();
    let types = ["content_mime_detected", "content_mime_type"].into_iter().find(|name| has(name));
    let of_pages = types.map(|name| col(name).in_list(PAGE_TYPES.map(lit).to_vec(), false));
    let columns = COLUMNS.iter().filter(|(name, _)| has(name)).map(|(name, need)| {
        let typed = match need {
            Need::Text | Need::TextIfThere => cast(col(*name), DataType::Utf8),
            Need::Number => cast(col(*name), DataType::Int64),
            Need::Time => cast(cast(col(*name), DataType::Timestamp(TimeUnit::Millisecond, None)), DataType::Int64),
        };
        typed.alias(*name)
    });
    let columns: Vec<Expr> = columns.collect();
    let query = move || -> Result<DataFrame, _> {
        let mut rows = table.filter(any(&keys))?.filter(col("fetch_status").eq(lit(200)))?;
        if let Some(of_pages) = of_pages {
            rows = rows.filter(of_pages)?;
        }
        rows.select(columns)
    };
    Ok(engine.rows(&object.to_string(), query)?)
}

/// What the rows of a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Rows with a key in the ranges, of pages.
    pub(super) rows: u64,
    /// Of those, rows under no accepted prefix.
    pub(super) elsewhere: u64,
    /// Of those left, rows in other languages.
    pub(super) languages: u64,
    /// Of those left, rows that cannot be followed.
    pub(super) refused: u64,
    /// Those left.
    pub(super) captures: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        let Self { rows, elsewhere, languages, refused, captures } = other;
        self.rows += rows;
        self.elsewhere += elsewhere;
        self.languages += languages;
        self.refused += refused;
        self.captures += captures;
    }
}

/// Judges the rows of a batch.
pub(super) fn judge(
    batch: &RecordBatch,
    path: &Path,
    asked: &Asked<'_>,
    captures: &mut CapturesBuilder,
    refused: &mut RefusedBuilder,
) -> Result<Counts, Error> {
    let text = |name| column::<StringArray>(batch, name, path);
    let number = |name| column::<Int64Array>(batch, name, path);
    let (url, warc) = (text("url")?, text("warc_filename")?);
    let (offset, length) = (number("warc_record_offset")?, number("warc_record_length")?);
    let time = number("fetch_time")?;
    let (languages, digest) = (text("content_languages").ok(), text("content_digest").ok());
    let mut counts = Counts::default();
    for row in 0..batch.num_rows() {
        counts.rows += 1;
        let Some(page) = url.is_valid(row).then(|| asked.wanted.page(url.value(row))).flatten() else {
            counts.elsewhere += 1;
            continue;
        };
        if !kept(languages.filter(|l| l.is_valid(row)).map(|l| l.value(row)), asked.languages.as_deref()) {
            counts.languages += 1;
            continue;
        }
        let of = |numbers: &Int64Array| numbers.is_valid(row).then(|| numbers.value(row));
        let name = if warc.is_valid(row) { warc.value(row) } else { "" };
        match check::place(name, of(offset), of(length), asked.length_max) {
            Ok(place) => {
                let id = page.id.to_string();
                let draw = xxh3_64_with_seed(id.as_bytes(), asked.seed).cast_signed();
                captures.push(&Capture {
                    id,
                    url: url.value(row).to_owned(),
                    domain: page.domain,
                    prefix: page.prefix,
                    fetched_at_ms: of(time),
                    warc: name.to_owned(),
                    place,
                    digest: digest.filter(|d| d.is_valid(row)).map(|d| d.value(row).to_owned()),
                    draw,
                });
                counts.captures += 1;
            }
            Err(reason) => {
                refused.push(url.value(row), shortened(name), of(offset), of(length), reason);
                counts.refused += 1;
            }
        }
    }
    Ok(counts)
}

/// Whether one of the languages of a page, `eng,fra`, is kept; one of unknown language is.
fn kept(found: Option<&str>, languages: Option<&[String]>) -> bool {
    match (found.filter(|found| !found.is_empty()), languages) {
        (Some(found), Some(languages)) => found.split(',').any(|code| languages.iter().any(|kept| kept == code)),
        _ => true,
    }
}

/// A name as a table of refused rows holds it.
fn shortened(name: &str) -> &str {
    name.get(..name.floor_char_boundary(1024)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_other_languages_are_left() {
        let languages = ["eng", "zho"].map(str::to_owned);
        for (found, want) in [
            (Some("eng"), true),
            (Some("fra,eng"), true),
            (Some("fra"), false),
            (Some("fra,deu"), false),
            (Some(""), true),
            (None, true),
        ] {
            assert_eq!(kept(found, Some(&languages)), want, "{found:?}");
            assert!(kept(found, None));
        }
    }
}
