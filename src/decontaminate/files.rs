//! Decontamination of files that are no crawl: Parquet or JSONL with `text`, and perhaps `url`, into one cleaned file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use serde_json::Value;

use super::benchmarks::Benchmarks;
use super::removal::Scanner;
use super::stage::{Cleaned, clean};
use super::table::{MATCHES, MatchesBuilder, Place};
use crate::dedup::url::address;
use crate::io::atomic::AtomicFile;
use crate::io::documents::{At, DocumentError, Form, Record, lines, parse, text};
use crate::io::table::{Table, TableError, TableWriter};
use crate::tokens::Tokenizer;

/// Rows and bytes of lines that are read before they are spread over the threads.
const BATCH: (usize, usize) = (512, 8 << 20);

/// Why files could not be decontaminated.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A name stands for no file.
    #[error("{}: no .parquet, .jsonl or .jsonl.gz file there", path.display())]
    None {
        /// As it was named.
        path: PathBuf,
    },
    /// Inputs and output are not of one form.
    #[error("{}: expected a file like the other ones, {expected}: inputs and output are all Parquet or all JSONL", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The form of the first input.
        expected: &'static str,
    },
    /// Two Parquet inputs have different columns.
    #[error("{}: expected the columns of the first file, {expected:?}, found {found:?}", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// Columns of the first.
        expected: Vec<String>,
        /// Its own.
        found: Vec<String>,
    },
    /// The report would take the output's place.
    #[error("{}: expected another file for the report than for the cleaned pages", path.display())]
    Same {
        /// The file.
        path: PathBuf,
    },
    /// The output cannot be written.
    #[error("{}: cannot write: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An input cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// What it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pages read.
    pub pages: u64,
    /// Pages that lost paragraphs and stay.
    pub changed: u64,
    /// Pages that went whole.
    pub dropped: u64,
    /// Paragraphs that went, those of dropped pages among them.
    pub paragraphs: u64,
    /// Matches in the report.
    pub matches: u64,
}

/// How files are cleaned.
pub struct Cleaning<'a> {
    /// What pages must not hold.
    pub benchmarks: &'a Benchmarks,
    /// A page that loses more of itself goes whole.
    pub share_max: f64,
    /// Counts the tokens again, where there is a column of them.
    pub tokenizer: Tokenizer,
    /// The threads.
    pub pool: &'a rayon::ThreadPool,
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The form of a file's records; `None` for one that holds no documents.
fn form(path: &Path) -> Option<Form> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Form::of(path).filter(|_| !name.starts_with('.') && !name.ends_with(".rejects.parquet"))
}

/// Where a file is, however it is named.
fn place(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The files that these names stand for: themselves, or those in a folder, in the order of their names; each once, and
/// those of `written` not where a folder holds them.
///
/// # Errors
/// A name stands for none.
pub fn list(names: &[PathBuf], written: &[&Path]) -> Result<Vec<PathBuf>, FilesError> {
    let (mut files, mut known) = (Vec::new(), BTreeSet::new());
    let written: Vec<PathBuf> = written.iter().map(|path| place(path)).collect();
    for path in names {
        let mut found = vec![path.clone()];
        if path.is_dir() {
            let failed = |source| DocumentError::Read { path: path.clone(), source };
            let entries = std::fs::read_dir(path).map_err(failed)?;
            found = entries.map(|entry| Ok(entry.map_err(failed)?.path())).collect::<Result<_, FilesError>>()?;
            found.retain(|file| !written.contains(&place(file)));
            found.sort();
        }
        found.retain(|file| file.is_file() && form(file).is_some());
        if found.is_empty() {
            return Err(FilesError::None { path: path.clone() });
        }
        files.extend(found.into_iter().filter(|file| known.insert(place(file))));
    }
    Ok(files)
}

/// Cleans `inputs` into `output`, in their order, and writes what was found to `report` where one is wanted.
///
/// # Errors
/// A file cannot be read or written, or has not the form.
pub fn run(cleaning: &Cleaning<'_>, inputs: &[PathBuf], output: &Path, report: Option<&Path>) -> Result<Counts, Error> {
    if let Some(path) = report.filter(|path| place(path) == place(output)) {
        return Err(FilesError::Same { path: path.to_owned() }.into());
    }
    let first = inputs.first().and_then(|path| form(path));
    let expected = if first == Some(Form::Parquet) { ".parquet" } else { ".jsonl" };
    if let Some(path) = inputs.iter().map(PathBuf::as_path).chain([output]).find(|path| form(path) != first) {
        return Err(FilesError::Form { path: path.to_owned(), expected }.into());
    }
    let mut report = Report {
        writer: report.map(|path| TableWriter::create(path, &MATCHES)).transpose()?,
        rows: MatchesBuilder::default(),
        counts: Counts::default(),
    };
    match first {
        Some(Form::Parquet) => parquet(cleaning, inputs, output, &mut report)?,
        _ => jsonl(cleaning, inputs, output, &mut report)?,
    }
    report.finish()
}

/// The table of matches that is being written, and the counts.
struct Report {
    writer: Option<TableWriter>,
    rows: MatchesBuilder,
    counts: Counts,
}

impl Report {
    fn push(&mut self, benchmarks: &Benchmarks, url: &str, cleaned: Option<&Cleaned>) -> Result<(), Error> {
        self.counts.pages += 1;
        let Some(Cleaned { removal, keep, .. }) = cleaned else { return Ok(()) };
        self.counts.changed += u64::from(*keep);
        self.counts.dropped += u64::from(!*keep);
        self.counts.paragraphs += removal.paragraphs as u64;
        self.counts.matches += removal.matches.len() as u64;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let (id, domain) = address(url).map(|a| (a.id.to_string(), a.domain)).unwrap_or_default();
        let page = Place { id: &id, url, domain: &domain, kept: *keep };
        for found in &removal.matches {
            self.rows.push(page, &benchmarks.files, &benchmarks.fields, found);
        }
        if self.rows.bytes() > BATCH.1 {
            writer.write(&self.rows.finish()?)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Counts, Error> {
        if let Some(mut writer) = self.writer {
            writer.write(&self.rows.finish()?)?;
            writer.finish()?;
        }
        Ok(self.counts)
    }
}

impl Cleaning<'_> {
    fn clean_all(&self, texts: &[&str]) -> Vec<Option<Cleaned>> {
        self.pool.install(|| {
            let scanner = || Scanner::new(&self.benchmarks.index);
            let one = |scanner: &mut Scanner<'_>, text: &&str| clean(scanner, text, self.share_max, self.tokenizer);
            texts.par_iter().map_init(scanner, one).collect()
        })
    }
}

fn parquet(cleaning: &Cleaning<'_>, inputs: &[PathBuf], output: &Path, report: &mut Report) -> Result<(), Error> {
    let mut out: Option<(TableWriter, SchemaRef)> = None;
    let names = |schema: &Schema| schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    for path in inputs {
        let table = Table::open(path)?;
        let schema = Arc::clone(table.schema());
        let no_text = |_| TableError::Column {
            path: path.clone(),
            column: "text".to_owned(),
            expected: "string",
            found: format!("the columns {:?}", names(&schema)),
        };
        let text_at = schema.index_of("text").map_err(no_text)?;
        if let Some((_, first)) = out.as_ref().filter(|(_, first)| names(first) != names(&schema)) {
            let (expected, found) = (names(first), names(&schema));
            return Err(FilesError::Columns { path: path.clone(), expected, found }.into());
        }
        if out.is_none() {
            let plain = |field: &Arc<Field>| match field.name().as_str() {
                "text" => Arc::new(Field::new("text", DataType::Utf8, field.is_nullable())),
                _ => Arc::clone(field),
            };
            let schema: SchemaRef = Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()));
            out = Some((TableWriter::create(output, &schema)?, schema));
        }
        let Some((writer, schema)) = &mut out else { continue };
        for batch in table.batches()? {
            let batch = batch?;
            let as_text = |array: &ArrayRef| {
                cast(array, &DataType::Utf8).map_err(|source| TableError::Arrow { path: path.clone(), source })
            };
            let text = as_text(batch.column(text_at))?;
            let text = text.as_string::<i32>();
            let url = batch.column_by_name("url").map(as_text).transpose()?;
            let texts: Vec<&str> = text.iter().map(Option::unwrap_or_default).collect();
            let cleaned = cleaning.clean_all(&texts);
            let mut kept = Vec::new();
            for (i, cleaned) in cleaned.iter().enumerate() {
                let url = url.as_ref().map(AsArray::as_string::<i32>);
                let url = url.and_then(|url| url.iter().nth(i).flatten()).unwrap_or_default();
                report.push(cleaning.benchmarks, url, cleaned.as_ref())?;
                if cleaned.as_ref().is_none_or(|cleaned| cleaned.keep) {
                    kept.push(i as u32);
                }
            }
            let rows = with_cleaned(&batch, schema, text, &cleaned)?;
            writer.write(&take_record_batch(&rows, &UInt32Array::from(kept))?)?;
        }
    }
    if let Some((writer, _)) = out {
        writer.finish()?;
    }
    Ok(())
}

/// The rows with what stays of their texts; `tokens` and `formulas`, where they are there, as they then are.
fn with_cleaned(
    batch: &RecordBatch,
    schema: &SchemaRef,
    text: &StringArray,
    cleaned: &[Option<Cleaned>],
) -> Result<RecordBatch, Error> {
    let mut columns = batch.columns().to_vec();
    for (field, column) in schema.fields().iter().zip(&mut columns) {
        match field.name().as_str() {
            "text" => {
                let left = text.iter().zip(cleaned).map(|(text, cleaned)| {
                    text.map(|text| cleaned.as_ref().map_or_else(|| text.to_owned(), |c| c.removal.apply(text)))
                });
                *column = Arc::new(left.collect::<StringArray>());
            }
            "tokens" => {
                if let Some(tokens) = column.as_any().downcast_ref::<Int64Array>() {
                    let left = tokens.iter().zip(cleaned).map(|(n, cleaned)| {
                        n.map(|n| cleaned.as_ref().map_or(n, |c| i64::try_from(c.tokens).unwrap_or(i64::MAX)))
                    });
                    *column = Arc::new(left.collect::<Int64Array>());
                }
            }
            "formulas" => {
                if let Some(formulas) = column.as_any().downcast_ref::<Int32Array>() {
                    let left = formulas.iter().zip(cleaned).map(|(n, cleaned)| {
                        n.map(|n| cleaned.as_ref().map_or(n, |c| n.saturating_sub_unsigned(c.formulas_gone).max(0)))
                    });
                    *column = Arc::new(left.collect::<Int32Array>());
                }
            }
            _ => {}
        }
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn jsonl(cleaning: &Cleaning<'_>, inputs: &[PathBuf], output: &Path, report: &mut Report) -> Result<(), Error> {
    let mut out = AtomicFile::create(output)?;
    let failed = |e: Error| match e.downcast() {
        Ok(source) => FilesError::Write { path: output.to_owned(), source: *source }.into(),
        Err(other) => other,
    };
    for path in inputs {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        lines(path, &mut |number, line| -> Result<(), Error> {
            let at = At::Line(number);
            let record = parse(path, at, line)?;
            text(path, at, &record)?;
            bytes += line.len();
            batch.push((record, line.to_vec()));
            if batch.len() >= BATCH.0 || bytes >= BATCH.1 {
                bytes = 0;
                write_lines(cleaning, &mut batch, &mut out, report).map_err(failed)?;
            }
            Ok(())
        })?;
        write_lines(cleaning, &mut batch, &mut out, report).map_err(failed)?;
    }
    out.commit()?;
    Ok(())
}

/// A line that loses nothing is written as it was read.
fn write_lines(
    cleaning: &Cleaning<'_>,
    batch: &mut Vec<(Record, Vec<u8>)>,
    out: &mut AtomicFile,
    report: &mut Report,
) -> Result<(), Error> {
    let field = |record: &Record, name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let texts: Vec<String> = batch.iter().map(|(record, _)| field(record, "text")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for ((mut record, line), (cleaned, text)) in batch.drain(..).zip(cleaning.clean_all(&texts).into_iter().zip(texts))
    {
        report.push(cleaning.benchmarks, &field(&record, "url"), cleaned.as_ref())?;
        match cleaned {
            None => out.write_all(&line)?,
            Some(cleaned) if !cleaned.keep => continue,
            Some(cleaned) => {
                record.insert("text".to_owned(), cleaned.removal.apply(text).into());
                if record.contains_key("tokens") {
                    record.insert("tokens".to_owned(), cleaned.tokens.into());
                }
                if let Some(formulas) = record.get("formulas").and_then(Value::as_u64) {
                    let left = formulas.saturating_sub(u64::from(cleaned.formulas_gone));
                    record.insert("formulas".to_owned(), left.into());
                }
                serde_json::to_writer(&mut *out, &record)?;
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}
