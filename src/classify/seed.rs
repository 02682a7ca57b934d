//! The seed: documents in OpenWebMath's schema from Parquet or JSONL, local or remote, or from a dataset that a TOML
//! file names → one table, `seed/positives.parquet`.

use std::collections::{BinaryHeap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::Deserialize;
use serde_json::Value;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::io::documents::{DocumentError, Form, records, text};
use crate::io::http::Freshness;
use crate::io::store::{Location, Store, StoreError};
use crate::io::table::{TableError, TableWriter, Written};
use crate::task::{Done, Input, Progress, Runner, Stage, Task, TaskResult};

const VERSION: u32 = 1;

/// OpenWebMath's schema: four string columns, `metadata` holding JSON.
pub static SEED: LazyLock<SchemaRef> = LazyLock::new(|| {
    let columns = COLUMNS.map(|name| Field::new(name, DataType::Utf8, false));
    Arc::new(Schema::new(columns.to_vec()))
});

const COLUMNS: [&str; 4] = ["url", "text", "date", "metadata"];

/// What is wrong with a seed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A file's ending says nothing of its form.
    #[error("{file}: expected a seed file ending in .parquet, .jsonl, .jsonl.gz or .toml")]
    Kind {
        /// The file as it was named.
        file: String,
    },
    /// A file cannot be read, or a record of it is no document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A dataset's TOML file or listing has not the form.
    #[error("{file}: {message}")]
    Dataset {
        /// The file or address.
        file: String,
        /// What was expected and found.
        message: String,
    },
    /// All files together hold no document.
    #[error(
        "the seed has no positives: {files} file(s) read, {blank} document(s) without text; name files with documents in seed.positives"
    )]
    Empty {
        /// Files read.
        files: usize,
        /// Documents dropped for want of text.
        blank: u64,
    },
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// One document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedDocument {
    /// Its address; empty where unknown.
    pub url: String,
    /// Its text.
    pub text: String,
    /// When it was fetched.
    pub date: String,
    /// JSON.
    pub metadata: String,
}

/// What `metadata` says of a page that joined the seed from the crawl.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
pub struct Recalled {
    /// `recalled`, or `refused` for a negative.
    pub source: String,
    /// The round that it is from.
    pub round: u32,
    /// The prefix that it is under.
    pub prefix: String,
}

impl SeedDocument {
    /// Whether it joined the seed from the crawl.
    #[must_use]
    pub fn is_recalled(&self) -> bool {
        serde_json::from_str(&self.metadata).is_ok_and(|recalled: Recalled| recalled.source == "recalled")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDatasetFile {
    dataset: RawDataset,
}

/// A dataset on a hub: its Parquet files are listed at `{endpoint}/api/datasets/{name}/parquet/{config}/{split}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDataset {
    name: String,
    endpoint: String,
    config: String,
    split: String,
    files_max: Option<usize>,
}

/// Resolves what the config names into files; a `.toml` becomes the files of its dataset.
///
/// # Errors
/// An address or a TOML file has not the form, or a listing cannot be had.
pub fn resolve(names: &[String], store: &Store) -> Result<Vec<Location>, Error> {
    let mut files = Vec::new();
    for name in names {
        let location = Location::parse(name, Path::new(""))?;
        if !location.file_name().to_ascii_lowercase().ends_with(".toml") {
            files.push(location);
            continue;
        }
        let mut text = String::new();
        let failed = |source| DocumentError::Read { path: name.into(), source };
        store.open(&location)?.take(1 << 20).read_to_string(&mut text).map_err(failed)?;
        let RawDatasetFile { dataset } =
            toml::from_str(&text).map_err(|e| SeedError::Dataset { file: name.clone(), message: e.to_string() })?;
        let RawDataset { name, endpoint, config, split, files_max } = dataset;
        let listing = format!("{}/api/datasets/{name}/parquet/{config}/{split}", endpoint.trim_end_matches('/'));
        let mut body = String::new();
        let failed = |source| DocumentError::Read { path: (&listing).into(), source };
        store
            .open(&Location::parse(&listing, Path::new(""))?)?
            .take(64 << 20)
            .read_to_string(&mut body)
            .map_err(failed)?;
        let urls: Vec<String> = serde_json::from_str(&body).map_err(|e| SeedError::Dataset {
            file: listing.clone(),
            message: format!("expected a JSON list of Parquet addresses: {e}"),
        })?;
        for url in urls.iter().take(files_max.unwrap_or(usize::MAX)) {
            files.push(Location::parse(url, Path::new(""))?);
        }
    }
    Ok(files)
}

/// The stage that imports the seed; its one task writes `<folder>/<name>.parquet`.
#[must_use]
pub fn stage<'a>(
    runner: &'a Runner,
    store: &'a Store,
    name: &'a str,
    files: &'a [Location],
    documents_max: usize,
    random_seed: u64,
) -> Stage<'a> {
    let inputs = files
        .iter()
        .enumerate()
        .map(|(n, file)| {
            let input = match file {
                Location::Local(path) => Input::File(path.clone()),
                Location::Http(url) => Input::Remote(url.to_string()),
            };
            (format!("{n:05} {file}"), input)
        })
        .collect();
    let run = move |progress: &Progress| {
        let local: Vec<PathBuf> = files
            .iter()
            .map(|file| local_copy(file, &runner.out.join("work/seed"), store))
            .collect::<Result<_, StoreError>>()?;
        let output = runner.out.join(format!("seed/{name}.parquet"));
        import(&local, &output, documents_max, random_seed, progress)
    };
    let task = Task { name: name.to_owned(), inputs, run: Box::new(run) };
    Stage::new(format!("seed/{name}"), VERSION, &(documents_max, random_seed), vec![task])
}

/// A path to the file: itself where it is local, a mirrored copy where it is not.
fn local_copy(file: &Location, folder: &Path, store: &Store) -> Result<PathBuf, StoreError> {
    match file {
        Location::Local(path) => Ok(path.clone()),
        Location::Http(url) => {
            let name = format!("{:016x}-{}", xxh3_64(url.as_str().as_bytes()), file.file_name());
            let copy = folder.join(name);
            store.http().fetch(url, &copy, Freshness::TrustLocal, &|_, _| ())?;
            Ok(copy)
        }
    }
}

/// Reads the documents of a file, one after another.
///
/// # Errors
/// From `each`; and where the file cannot be read or has not the form.
pub fn read(path: &Path, each: &mut dyn FnMut(SeedDocument) -> Result<(), Error>) -> Result<(), Error> {
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")).then_some(Form::Jsonl);
    let form = Form::of(path).or(json).ok_or_else(|| SeedError::Kind { file: path.display().to_string() })?;
    records(path, form, Some(&COLUMNS), &mut |at, mut record| -> Result<(), Error> {
        text(path, at, &record)?;
        let [url, text, date, metadata] = COLUMNS.map(|name| match record.remove(name) {
            Some(Value::String(text)) => text,
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        });
        each(SeedDocument { url, text, date, metadata })
    })
}

/// Writes the documents of `files` as one table; where there are more than `documents_max`, a seeded sample of them,
/// in their order. Memory: one document, 16 bytes each of the sample, and 8 bytes for each address read.
fn import(files: &[PathBuf], output: &Path, documents_max: usize, random_seed: u64, progress: &Progress) -> TaskResult {
    let mut sample = BinaryHeap::new();
    let (mut blank, mut repeated, mut seen) = (0u64, 0u64, 0u64);
    let mut addresses = HashSet::new();
    let mut usable = |n: u64, document: &SeedDocument| {
        if document.text.trim().is_empty() {
            blank += 1;
            return None;
        }
        if !document.url.is_empty() && !addresses.insert(xxh3_64(document.url.as_bytes())) {
            repeated += 1;
            return None;
        }
        Some((xxh3_64_with_seed(&n.to_le_bytes(), random_seed), n))
    };
    for path in files {
        read(path, &mut |document| {
            if let Some(draw) = usable(seen, &document) {
                sample.push(draw);
                if sample.len() > documents_max {
                    sample.pop();
                }
            }
            seen += 1;
            progress.items(1);
            Ok(())
        })?;
    }
    if sample.is_empty() {
        return Err(SeedError::Empty { files: files.len(), blank }.into());
    }
    let chosen: HashSet<u64> = sample.into_iter().map(|(_, n)| n).collect();
    let mut writer = SeedWriter::create(output)?;
    let mut n = 0u64;
    for path in files {
        read(path, &mut |document| {
            if chosen.contains(&n) {
                writer.push(document)?;
            }
            n += 1;
            Ok(())
        })?;
    }
    let written = writer.finish()?;
    let facts = serde_json::json!({
        "files": files.len(), "seen": seen, "blank": blank, "repeated": repeated, "documents": written.rows,
    });
    Ok(Done { outputs: vec![written], facts, ..Done::default() })
}

/// Bytes of text gathered before they are handed to the writer.
const BATCH_BYTES: usize = 4 << 20;

/// Writes documents into a table of [`SEED`].
pub struct SeedWriter {
    writer: TableWriter,
    builders: [StringBuilder; 4],
    bytes: usize,
}

impl SeedWriter {
    /// Begins a file.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, TableError> {
        Ok(Self { writer: TableWriter::create(path, &SEED)?, builders: Default::default(), bytes: 0 })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// Writing failed.
    pub fn push(&mut self, document: SeedDocument) -> Result<(), Error> {
        let SeedDocument { url, text, date, metadata } = document;
        self.bytes += text.len();
        for (builder, value) in self.builders.iter_mut().zip([url, text, date, metadata]) {
            builder.append_value(value);
        }
        if self.bytes > BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.bytes = 0;
        let columns = self.builders.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
        Ok(self.writer.write(&RecordBatch::try_new(Arc::clone(&SEED), columns)?)?)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.flush()?;
        Ok(self.writer.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &Path) -> Result<Vec<SeedDocument>, Error> {
        let mut all = Vec::new();
        read(path, &mut |document| {
            all.push(document);
            Ok(())
        })?;
        Ok(all)
    }

    fn file(name: &str, contents: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        crate::io::atomic::write(&path, contents).unwrap();
        (folder, path)
    }

    #[test]
    fn jsonl_is_read_whatever_its_metadata() {
        let lines = "{\"text\": \"a\", \"url\": \"u\", \"metadata\": {\"x\": 1}}\n\n{\"text\": \"b\", \"metadata\": \"{}\", \"more\": 1}\n";
        let (_folder, path) = file("s.jsonl", lines.as_bytes());
        let documents = texts(&path).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].metadata, "{\"x\":1}");
        assert_eq!((documents[1].text.as_str(), documents[1].metadata.as_str()), ("b", "{}"));
    }

    #[test]
    fn a_line_without_text_is_named() {
        let (_folder, path) = file("s.jsonl", b"{\"text\": \"a\"}\n{\"url\": \"u\"}\n");
        let message = texts(&path).unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("text"), "{message}");
    }

    #[test]
    fn import_samples_by_seed_and_keeps_the_order() {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = (0..200).map(|n| format!("{{\"text\": \"t{n}\", \"url\": \"u{n}\"}}\n")).collect();
        let input = folder.path().join("s.jsonl");
        crate::io::atomic::write(&input, lines).unwrap();
        let progress = Progress::new("test", 1, true);
        let output = folder.path().join("o.parquet");
        let take = |seed| {
            import(std::slice::from_ref(&input), &output, 20, seed, &progress).unwrap();
            texts(&output).unwrap().into_iter().map(|d| d.text[1..].parse::<u32>().unwrap()).collect::<Vec<_>>()
        };
        let first = take(1);
        assert_eq!(first.len(), 20);
        assert!(first.is_sorted());
        assert_eq!(first, take(1));
        assert_ne!(first, take(2));
    }
}
