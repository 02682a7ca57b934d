//! Benchmark files → their index: which files there are, and what each line of them says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::index::{GramRules, Index, IndexBuilder, Origin, Short, TooLarge};
use super::items::Fields;
use crate::io::documents::{At, DocumentError, Form, lines, records};

/// Why benchmarks could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// What is named is not there.
    #[error(
        "{name}: no benchmark file there; decontaminate.benchmarks takes .jsonl, .jsonl.gz and .parquet files, folders of them, and globs"
    )]
    None {
        /// As it was named.
        name: String,
    },
    /// A pattern has not the form of one.
    #[error("{name}: not a glob: {source}")]
    Pattern {
        /// As it was named.
        name: String,
        /// Why.
        source: glob::PatternError,
    },
    /// A folder or file cannot be read, or a record of it is no item.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A file holds no item.
    #[error("{}: expected a benchmark item a line or row, found none", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The benchmarks are too large.
    #[error("{}: {at}: {source}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The record that did not fit.
        at: At,
        /// The limit.
        source: TooLarge,
    },
    /// A line of the list of what is allowed is too short to allow anything.
    #[error("{}: {at}: expected at least {least} words or Chinese characters, found {found:?}", path.display())]
    Allowed {
        /// The file.
        path: PathBuf,
        /// The line.
        at: At,
        /// How many grams do.
        least: usize,
        /// What is there.
        found: String,
    },
}

impl BenchmarkError {
    /// Whether what is named is wrong, not what stands in it.
    #[must_use]
    pub fn is_of_listing(&self) -> bool {
        matches!(self, Self::None { .. } | Self::Pattern { .. })
    }
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What is a match.
    pub grams: GramRules,
    /// Which fields of an item are read.
    pub fields: Fields,
    /// A file of what is allowed, a text a line: its runs of grams are no match.
    pub allow: Option<PathBuf>,
}

/// The index with the names that it refers to.
#[derive(Debug)]
pub struct Benchmarks {
    /// The grams of all files.
    pub index: Index,
    /// The names of the files: their file names, with their folders where two are the same.
    pub files: Vec<String>,
    /// The names of fields.
    pub fields: Vec<String>,
    /// Items of each file.
    pub items: Vec<u64>,
    /// Texts that have too few grams to be looked for.
    pub ignored_short: u64,
}

/// The files that these names stand for, in the order of their paths, none twice.
///
/// # Errors
/// A name stands for none, or a folder cannot be read.
pub fn list(names: &[String]) -> Result<Vec<PathBuf>, BenchmarkError> {
    let mut files = Vec::new();
    for name in names {
        let path = Path::new(name);
        let before = files.len();
        if path.is_dir() {
            let failed = |source| DocumentError::Read { path: path.to_owned(), source };
            for entry in std::fs::read_dir(path).map_err(failed)? {
                files.push(entry.map_err(failed)?.path());
            }
            let mut n = 0;
            files.retain(|file| {
                n += 1;
                n <= before || Form::of(file).is_some()
            });
        } else if path.exists() {
            files.push(path.to_owned());
        } else {
            let matched = glob::glob(name).map_err(|source| BenchmarkError::Pattern { name: name.clone(), source })?;
            for file in matched {
                let file = file.map_err(|e| DocumentError::Read { path: e.path().to_owned(), source: e.into() })?;
                if file.is_file() {
                    files.push(file);
                }
            }
        }
        if files.len() == before {
            return Err(BenchmarkError::None { name: name.clone() });
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// The shortest ends of the paths that tell them apart: file names, where no two are the same.
pub(super) fn names(files: &[PathBuf]) -> Vec<String> {
    let short = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        *count.entry(short(file)).or_default() += 1;
    }
    let name = |path: &PathBuf| match short(path) {
        short if count.get(&short) == Some(&1) => short,
        _ => path.to_string_lossy().into_owned(),
    };
    files.iter().map(name).collect()
}

/// Reads the files, which come in the order of their paths, into an index.
///
/// # Errors
/// A file cannot be read, a line of it is no item, or there is too much of it.
pub fn read(files: &[PathBuf], rules: &Rules) -> Result<Benchmarks, BenchmarkError> {
    let allowed = rules.allow.as_deref().map(|path| read_allowed(path, rules.grams)).transpose()?;
    let mut builder = IndexBuilder::new(rules.grams);
    let mut fields: Vec<String> = Vec::new();
    let mut items = Vec::new();
    for (file, path) in files.iter().enumerate() {
        let mut count = 0;
        let form = Form::of(path).unwrap_or(Form::Jsonl);
        records(path, form, None, &mut |at, item| -> Result<(), BenchmarkError> {
            let item = Value::Object(item);
            let Some(texts) = rules.fields.texts(&item) else {
                let (questions, answers) = (rules.fields.questions.join(", "), rules.fields.answers.join(", "));
                let expected = format!(
                    "a field that decontaminate.fields ({questions}) or decontaminate.answer_fields ({answers}) names"
                );
                let keys = item.as_object().map(|item| item.keys().collect::<Vec<_>>()).unwrap_or_default();
                let found = format!("the fields {keys:?}");
                return Err(DocumentError::record(path, at, expected, found).into());
            };
            let line = u32::try_from(at.number()).unwrap_or(u32::MAX);
            count += 1;
            for found in texts {
                let field = fields.iter().position(|name| name == found.field).unwrap_or_else(|| {
                    fields.push(found.field.to_owned());
                    fields.len() - 1
                });
                let origin = Origin { file: file as u32, line, field: field as u32 };
                let added = builder.add(found.text, origin, found.short);
                added.map_err(|source| BenchmarkError::TooLarge { path: path.clone(), at, source })?;
            }
            Ok(())
        })?;
        if count == 0 {
            return Err(BenchmarkError::Empty { path: path.clone() });
        }
        items.push(count);
    }
    let ignored_short = builder.ignored_short();
    let index = builder.build(allowed.as_ref());
    Ok(Benchmarks { index, files: names(files), fields, items, ignored_short })
}

/// The list of what is allowed, as an index of its own. A `#` begins a remark.
fn read_allowed(path: &Path, rules: GramRules) -> Result<Index, BenchmarkError> {
    let mut builder = IndexBuilder::new(rules);
    lines(path, &mut |number, text| -> Result<(), BenchmarkError> {
        let text = text.trim_ascii();
        if text.starts_with(b"#") {
            return Ok(());
        }
        let text = String::from_utf8_lossy(text);
        let before = builder.ignored_short();
        let at = At::Line(number);
        let origin = Origin { file: 0, line: u32::try_from(number).unwrap_or(u32::MAX), field: 0 };
        let added = builder.add(&text, origin, Short::Whole);
        added.map_err(|source| BenchmarkError::TooLarge { path: path.to_owned(), at, source })?;
        if builder.ignored_short() > before {
            let found = text.into_owned();
            return Err(BenchmarkError::Allowed { path: path.to_owned(), at, least: rules.short_min, found });
        }
        Ok(())
    })?;
    Ok(builder.build(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, contents: &[u8]) -> PathBuf {
        let path = folder.join(name);
        crate::io::atomic::write(&path, contents).unwrap();
        path
    }

    #[track_caller]
    fn fails(contents: &str, want: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "items.jsonl", contents.as_bytes());
        let message = read(&[path], &Rules::default()).unwrap_err().to_string();
        for part in want {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named_with_what_was_expected_and_found() {
        fails("{\"question\": \"q\"}\n\n{\"question\": \n", &["items.jsonl: line 3", "a JSON object", "EOF"]);
        fails("[1]\n", &["line 1", "expected a JSON object", "found a list"]);
        fails("{\"golden\": \"18\"}\n", &["line 1", "decontaminate.fields", "golden"]);
        fails("\n", &["items.jsonl", "found none"]);
    }

    #[test]
    fn files_folders_and_globs_are_listed_in_order_and_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.jsonl", "a.jsonl.gz", "README.md"] {
            file(folder.path(), name, b"");
        }
        let name = |pattern: &str| folder.path().join(pattern).to_str().unwrap().to_owned();
        let listed = list(&[name("b.jsonl"), name(""), name("*.jsonl*")]).unwrap();
        assert_eq!(names(&listed), ["a.jsonl.gz", "b.jsonl"]);
        assert!(list(&[name("c*.jsonl")]).unwrap_err().is_of_listing());
        assert!(list(&[]).unwrap().is_empty());
        let twice = [PathBuf::from("x/items.jsonl"), PathBuf::from("y/items.jsonl"), PathBuf::from("z.jsonl")];
        assert_eq!(names(&twice), ["x/items.jsonl", "y/items.jsonl", "z.jsonl"]);
    }

    #[test]
    fn the_list_of_what_is_allowed_is_read_by_lines() {
        let folder = tempfile::tempdir().unwrap();
        let common = "let f be a function from the set of real numbers to itself";
        let items = file(folder.path(), "i.jsonl", format!("{{\"question\": \"{common}\"}}\n").as_bytes());
        let allow = file(folder.path(), "common.txt", format!("# a remark\n{common}\n").as_bytes());
        let rules = Rules { allow: Some(allow), ..Rules::default() };
        let benchmarks = read(std::slice::from_ref(&items), &rules).unwrap();
        assert_eq!(benchmarks.items, [1]);
        assert_eq!(crate::decontaminate::Scanner::new(&benchmarks.index).removal(common), None);
        let rules = Rules { allow: Some(file(folder.path(), "short.txt", b"a b\n")), ..Rules::default() };
        let message = read(&[items], &rules).unwrap_err().to_string();
        assert!(message.contains("short.txt: line 1") && message.contains("at least 3"), "{message}");
    }
}
