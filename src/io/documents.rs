//! Files of documents, a record a line or a row: JSONL, plain or in gzip, and Parquet. A record is a JSON object either way.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use serde_json::{Map, Value};

use super::table::{Table, TableError};

/// Longest line of a JSONL file, bytes.
const LINE_BYTES_MAX: u64 = 256 << 20;
/// How deep lists and structures of a Parquet file are read in each other.
const DEPTH_MAX: usize = 32;

/// A record: its fields by name.
pub type Record = Map<String, Value>;

/// How the records of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object a line, perhaps in gzip.
    Jsonl,
    /// A row a record.
    Parquet,
}

impl Form {
    /// The form that a file's name states; `None` where its ending is none of the known ones.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        match () {
            () if ends(&[".parquet"]) => Some(Self::Parquet),
            () if ends(&[".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"]) => Some(Self::Jsonl),
            () => None,
        }
    }
}

/// Where in its file a record stands, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Of a JSONL file; blank lines count.
    Line(u64),
    /// Of a Parquet file.
    Row(u64),
}

impl At {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Row(number) => number,
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Row(number) => write!(f, "row {number}"),
        }
    }
}

/// Why documents could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file cannot be read.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A record is not what it should be.
    #[error("{}: {at}: expected {expected}, found {found}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Which record.
        at: At,
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A Parquet file cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl DocumentError {
    /// What stands at a place of a file is not what was expected.
    #[must_use]
    pub fn record(path: &Path, at: At, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Record { path: path.to_owned(), at, expected: expected.into(), found: found.into() }
    }
}

/// Reads the lines of a file, in gzip where its name says so, without what is blank at their ends; blank lines and a byte
/// order mark are left out.
///
/// # Errors
/// From `each`; and where the file cannot be read, or a line is over 256 MiB.
pub fn lines<E: From<DocumentError>>(path: &Path, each: &mut dyn FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
    let failed = |source| DocumentError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let input: Box<dyn Read> = if gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut input = BufReader::with_capacity(1 << 18, input);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let taken = input.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line).map_err(failed)?;
        if taken == 0 {
            break;
        }
        if taken as u64 > LINE_BYTES_MAX {
            let expected = format!("a line of up to {LINE_BYTES_MAX} bytes");
            return Err(DocumentError::record(path, At::Line(number), expected, "a longer one").into());
        }
        let text = line.strip_prefix("\u{FEFF}".as_bytes()).filter(|_| number == 1).unwrap_or(&line);
        let text = text.trim_ascii_end();
        if !text.is_empty() {
            each(number, text)?;
        }
    }
    Ok(())
}

/// The record that a line of JSON is. What Python writes beyond JSON, `NaN` and `Infinity`, is taken as null.
///
/// # Errors
/// The line is no JSON object.
pub fn parse(path: &Path, at: At, line: &[u8]) -> Result<Record, DocumentError> {
    let wrong = |found: String| DocumentError::record(path, at, "a JSON object", found);
    match json(line).map_err(wrong)? {
        Value::Object(record) => Ok(record),
        other => Err(wrong(kind(&other).to_owned())),
    }
}

fn json(line: &[u8]) -> Result<Value, String> {
    let said = |e: serde_json::Error| {
        let message = e.to_string();
        format!("{} at column {}", message.split(" at line ").next().unwrap_or_default(), e.column())
    };
    serde_json::from_slice(line).or_else(|error| match without_nan(line) {
        Some(line) => serde_json::from_slice(&line).map_err(said),
        None => Err(said(error)),
    })
}

/// The line with `null` for `NaN` and `Infinity` outside of strings; `None` where it has none.
fn without_nan(line: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let (mut at, mut string, mut changed) = (0, false, false);
    while at < line.len() {
        let rest = &line[at..];
        let name = [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|name| !string && rest.starts_with(name));
        if let Some(name) = name {
            out.extend_from_slice(b"null");
            at += name.len();
            changed = true;
            continue;
        }
        match rest[0] {
            b'"' => string = !string,
            b'\\' if string && rest.len() > 1 => {
                out.push(b'\\');
                at += 1;
            }
            _ => {}
        }
        out.push(line[at]);
        at += 1;
    }
    changed.then_some(out)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The field `text` of a record, a string; null counts as the empty one.
///
/// # Errors
/// It is not there, or no string.
pub fn text<'r>(path: &Path, at: At, record: &'r Record) -> Result<&'r str, DocumentError> {
    let found = match record.get("text") {
        Some(Value::String(text)) => return Ok(text),
        Some(Value::Null) => return Ok(""),
        Some(other) => format!("{} there", kind(other)),
        None => format!("the fields {:?}", record.keys().collect::<Vec<_>>()),
    };
    Err(DocumentError::record(path, at, "a string \"text\"", found))
}

/// Reads the records of a file; of a Parquet file those of the `wanted` columns that it has, all where none are named.
///
/// # Errors
/// From `each`; and where the file cannot be read, or a line is no JSON object.
pub fn records<E: From<DocumentError>>(
    path: &Path,
    form: Form,
    wanted: Option<&[&str]>,
    each: &mut dyn FnMut(At, Record) -> Result<(), E>,
) -> Result<(), E> {
    match form {
        Form::Jsonl => lines(path, &mut |number, line| {
            let at = At::Line(number);
            each(at, parse(path, at, line)?)
        }),
        Form::Parquet => rows(path, wanted, each),
    }
}

fn rows<E: From<DocumentError>>(
    path: &Path,
    wanted: Option<&[&str]>,
    each: &mut dyn FnMut(At, Record) -> Result<(), E>,
) -> Result<(), E> {
    let mut table = Table::open(path).map_err(DocumentError::from)?;
    if let Some(wanted) = wanted {
        let there: Vec<&str> =
            wanted.iter().copied().filter(|name| table.schema().field_with_name(name).is_ok()).collect();
        // A file without any of them is read whole, so that an error can tell what it has.
        if !there.is_empty() {
            table = table.columns(&there).map_err(DocumentError::from)?;
        }
    }
    let mut number = 0;
    for batch in table.batches().map_err(DocumentError::from)? {
        let batch = batch.map_err(DocumentError::from)?;
        let schema = batch.schema();
        let mut columns: Vec<_> = batch.columns().iter().map(|column| values(column, 0).into_iter()).collect();
        for _ in 0..batch.num_rows() {
            number += 1;
            let cells = columns.iter_mut().map(|cells| cells.next().unwrap_or_default());
            let record = schema.fields().iter().map(|field| field.name().clone()).zip(cells).collect();
            each(At::Row(number), record)?;
        }
    }
    Ok(())
}

/// The values of a column, as JSON has them; what it has no form for, dates for instance, as text.
fn values(array: &ArrayRef, depth: usize) -> Vec<Value> {
    let list = |item: fn(&ArrayRef, usize) -> ArrayRef| -> Vec<Value> {
        let one = |row| if array.is_null(row) { Value::Null } else { values(&item(array, row), depth + 1).into() };
        (0..array.len()).map(one).collect()
    };
    match array.data_type() {
        _ if depth > DEPTH_MAX => vec![Value::Null; array.len()],
        DataType::Utf8 => array.as_string::<i32>().iter().map(Value::from).collect(),
        DataType::List(_) => list(|array, row| array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(|array, row| array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => list(|array, row| array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let mut columns: Vec<_> =
                array.as_struct().columns().iter().map(|column| values(column, depth + 1).into_iter()).collect();
            let mut record = || -> Record {
                let cells = columns.iter_mut().map(|cells| cells.next().unwrap_or_default());
                fields.iter().map(|field| field.name().clone()).zip(cells).collect()
            };
            let one = |row| Some(record()).filter(|_| array.is_valid(row)).map_or(Value::Null, Value::Object);
            (0..array.len()).map(one).collect()
        }
        other => {
            let plain = other.is_numeric() || *other == DataType::Boolean;
            let Ok(text) = cast(array, &DataType::Utf8) else { return vec![Value::Null; array.len()] };
            let value = |text: Option<&str>| match text {
                Some(text) if plain => serde_json::from_str(text).unwrap_or_default(),
                text => Value::from(text),
            };
            text.as_string::<i32>().iter().map(value).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, ListBuilder, RecordBatch, StringArray, StringBuilder, StructArray};
    use arrow::datatypes::{Field, Fields, Schema};

    use super::*;
    use crate::io::table::TableWriter;

    fn file(name: &str, contents: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        crate::io::atomic::write(&path, contents).unwrap();
        (folder, path)
    }

    fn all(path: &Path, wanted: Option<&[&str]>) -> Result<Vec<(At, Value)>, DocumentError> {
        let mut all = Vec::new();
        records(path, Form::of(path).unwrap(), wanted, &mut |at, record| {
            all.push((at, record.into()));
            Ok::<(), DocumentError>(())
        })?;
        Ok(all)
    }

    #[test]
    fn forms_are_told_by_names() {
        for (name, want) in [
            ("a.jsonl", Some(Form::Jsonl)),
            ("a.JSONL.gz", Some(Form::Jsonl)),
            ("a.ndjson", Some(Form::Jsonl)),
            ("x/a.parquet", Some(Form::Parquet)),
            ("a.json", None),
            ("parquet", None),
        ] {
            assert_eq!(Form::of(Path::new(name)), want, "{name}");
        }
    }

    #[test]
    fn lines_are_json_with_the_numbers_that_python_writes() {
        assert_eq!(json(b"{\"a\": [NaN, -Infinity, 1]}"), Ok(serde_json::json!({"a": [null, null, 1]})));
        assert_eq!(
            json(b"{\"a\": \"NaN \\\" NaN\", \"b\": NaN}"),
            Ok(serde_json::json!({"a": "NaN \" NaN", "b": null}))
        );
        let message = json(b"{\"a\": }").unwrap_err();
        assert!(message.contains("column 7") && !message.contains("line 1"), "{message}");
    }

    #[test]
    fn lines_are_read_from_gzip_past_blanks_and_a_mark() {
        let text = "\u{FEFF}{\"a\": 1} \r\n\n  {\"a\": 2}";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
        for (name, bytes) in [("x.jsonl", text.as_bytes().to_vec()), ("x.jsonl.gz", gzip.finish().unwrap())] {
            let (_folder, path) = file(name, &bytes);
            let want = [(At::Line(1), serde_json::json!({"a": 1})), (At::Line(3), serde_json::json!({"a": 2}))];
            assert_eq!(all(&path, None).unwrap(), want);
        }
    }

    #[track_caller]
    fn fails(line: &str, want: &str) {
        let (_folder, path) = file("x.jsonl", format!("{{\"text\": \"\"}}\n{line}\n").as_bytes());
        let message = records(&path, Form::Jsonl, None, &mut |at, record| text(&path, at, &record).map(|_| ()));
        let message = message.unwrap_err().to_string();
        assert!(message.contains("x.jsonl: line 2: expected ") && message.contains(want), "{message}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        fails("[1]", "a JSON object, found a list");
        fails("{", "EOF");
        fails("{\"text\": 1}", "a string \"text\", found a number");
        fails("{\"a\": 1, \"b\": 2}", "found the fields [\"a\", \"b\"]");
    }

    #[test]
    fn rows_become_objects_with_what_is_nested() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.parquet");
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.values().append_value("a");
        lists.values().append_value("b");
        lists.append(true);
        lists.append(false);
        let lists = lists.finish();
        let inner: Fields = vec![Field::new("n", DataType::Int32, true)].into();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![Some("q"), None])),
            Arc::new(lists),
            Arc::new(StructArray::new(inner.clone(), vec![Arc::new(Int32Array::from(vec![1, 2]))], None)),
            Arc::new(Float64Array::from(vec![0.5, f64::NAN])),
        ];
        let schema = Arc::new(Schema::new(vec![
            Field::new("question", DataType::Utf8, true),
            Field::new("choices", columns[1].data_type().clone(), true),
            Field::new("meta", DataType::Struct(inner), true),
            Field::new("score", DataType::Float64, false),
        ]));
        let mut writer = TableWriter::create(&path, &schema).unwrap();
        writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
        writer.finish().unwrap();
        let first = serde_json::json!({"question": "q", "choices": ["a", "b"], "meta": {"n": 1}, "score": 0.5});
        let second = serde_json::json!({"question": null, "choices": null, "meta": {"n": 2}, "score": null});
        assert_eq!(all(&path, None).unwrap(), [(At::Row(1), first), (At::Row(2), second)]);
        let part = all(&path, Some(&["text", "question"])).unwrap();
        assert_eq!(part[0].1, serde_json::json!({"question": "q"}));
    }
}
