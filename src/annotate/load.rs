//! Reading what the annotator is shown: the tables of domains, of prefixes and of sample pages.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, UInt64Type};

use super::tree::{Domain, Figures, Gain, PrefixRow};
use crate::domains::cut::Proposal;
use crate::io::table::{Table, TableError};

/// A page shown as an example of a prefix.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The page's address.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its score.
    pub score: f64,
    /// Whether it was collected.
    pub collected: bool,
    /// The beginning of its text.
    pub text: String,
}

/// The columns of one batch, whatever width their types have.
struct Columns<'a> {
    batch: &'a RecordBatch,
    path: &'a Path,
}

impl Columns<'_> {
    fn cast(&self, name: &str, to: &DataType, expected: &'static str) -> Result<arrow::array::ArrayRef, TableError> {
        let array = self.batch.column_by_name(name);
        array.and_then(|array| cast(array, to).ok()).ok_or_else(|| TableError::Column {
            path: self.path.to_owned(),
            column: name.to_owned(),
            expected,
            found: array.map_or_else(|| "no such column".to_owned(), |array| array.data_type().to_string()),
        })
    }

    fn texts(&self, name: &str) -> Result<StringArray, TableError> {
        Ok(self.cast(name, &DataType::Utf8, "text")?.as_string::<i32>().clone())
    }

    fn counts(&self, name: &str) -> Result<UInt64Array, TableError> {
        Ok(self.cast(name, &DataType::UInt64, "a count")?.as_primitive::<UInt64Type>().clone())
    }

    fn numbers(&self, name: &str) -> Result<Float64Array, TableError> {
        Ok(self.cast(name, &DataType::Float64, "a number")?.as_primitive::<Float64Type>().clone())
    }

    fn flags(&self, name: &str) -> Result<BooleanArray, TableError> {
        Ok(self.cast(name, &DataType::Boolean, "true or false")?.as_boolean().clone())
    }

    /// The figures of each row.
    fn figures(&self) -> Result<Vec<Figures>, TableError> {
        let (pages, collected) = (self.counts("pages")?, self.counts("collected")?);
        let (tokens, collected_tokens) = (self.counts("tokens")?, self.counts("collected_tokens")?);
        let (mean_score, share) = (self.numbers("mean_score")?, self.numbers("share")?);
        let row = |row| Figures {
            pages: pages.value(row),
            collected: collected.value(row),
            tokens: tokens.value(row),
            collected_tokens: collected_tokens.value(row),
            mean_score: mean_score.value(row),
            share: share.value(row),
        };
        Ok((0..self.batch.num_rows()).map(row).collect())
    }
}

fn each(
    path: &Path,
    columns: &[&str],
    mut row: impl FnMut(&Columns<'_>) -> Result<(), TableError>,
) -> Result<(), TableError> {
    for batch in Table::open(path)?.columns(columns)?.batches()? {
        row(&Columns { batch: &batch?, path })?;
    }
    Ok(())
}

const FIGURES: [&str; 6] = ["pages", "collected", "tokens", "collected_tokens", "mean_score", "share"];

/// The math-related domains of a round with their prefixes, those that promise the most first, at most `domains_max`.
///
/// # Errors
/// A table cannot be read.
pub(super) fn domains(folder: &Path, domains_max: usize) -> Result<Vec<Domain>, TableError> {
    // The most uncollected tokens among the math-related: what is held does not grow with the crawl.
    let mut most: BinaryHeap<Reverse<(Gain, Reverse<String>)>> = BinaryHeap::new();
    let mut kept: BTreeMap<String, (Figures, u64, Vec<PrefixRow>)> = BTreeMap::new();
    let path = folder.join("domains.parquet");
    let columns = [&FIGURES[..], &["domain", "math_related", "hosts"]].concat();
    each(&path, &columns, |columns| {
        let (names, related, hosts) =
            (columns.texts("domain")?, columns.flags("math_related")?, columns.counts("hosts")?);
        for (row, figures) in columns.figures()?.into_iter().enumerate().filter(|(row, _)| related.value(*row)) {
            let name = names.value(row).to_owned();
            most.push(Reverse((figures.uncollected(), Reverse(name.clone()))));
            kept.insert(name, (figures, hosts.value(row), Vec::new()));
            if kept.len() > domains_max
                && let Some(Reverse((_, Reverse(name)))) = most.pop()
            {
                kept.remove(&name);
            }
        }
        Ok(())
    })?;
    let path = folder.join("prefixes.parquet");
    let columns = [&FIGURES[..], &["domain", "prefix", "proposed"]].concat();
    each(&path, &columns, |columns| {
        let (names, prefixes, proposed) =
            (columns.texts("domain")?, columns.texts("prefix")?, columns.texts("proposed")?);
        for (row, figures) in columns.figures()?.into_iter().enumerate() {
            // What does not read as a prefix could not be written into the file either.
            let (Some(domain), Ok(prefix)) = (kept.get_mut(names.value(row)), prefixes.value(row).parse()) else {
                continue;
            };
            let proposed = proposed.is_valid(row).then(|| Proposal::named(proposed.value(row))).flatten();
            domain.2.push(PrefixRow { prefix, figures, proposed });
        }
        Ok(())
    })?;
    let all = kept.into_iter().map(|(name, (figures, hosts, rows))| Domain::new(&name, figures, hosts, rows));
    let mut all: Vec<(Gain, Domain)> = all.map(|domain| (domain.expected(), domain)).collect();
    let key = |(expected, domain): &(Gain, Domain)| Reverse((*expected, domain.figures.uncollected()));
    all.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.1.name.cmp(&b.1.name)));
    Ok(all.into_iter().map(|(_, domain)| domain).collect())
}

/// Where the sample pages of each domain stand in their table; texts are read when they are asked for.
#[derive(Debug, Default)]
pub(super) struct Samples {
    path: PathBuf,
    rows: BTreeMap<String, Vec<u32>>,
}

impl Samples {
    /// Finds the samples of a round; none where it has no such table.
    ///
    /// # Errors
    /// The table cannot be read.
    pub(super) fn open(folder: &Path, domains: &[Domain]) -> Result<Self, TableError> {
        let path = folder.join("samples.parquet");
        let mut rows: BTreeMap<String, Vec<u32>> =
            domains.iter().map(|domain| (domain.name.clone(), Vec::new())).collect();
        if path.exists() {
            let mut at = 0;
            each(&path, &["domain"], |columns| {
                for name in &columns.texts("domain")? {
                    if let Some(found) = name.and_then(|name| rows.get_mut(name)) {
                        found.push(at);
                    }
                    at += 1;
                }
                Ok(())
            })?;
        }
        Ok(Self { path, rows })
    }

    /// The samples of a domain; a page drawn for several prefixes is there once.
    ///
    /// # Errors
    /// The table cannot be read.
    pub(super) fn of(&self, domain: &str) -> Result<Vec<Sample>, TableError> {
        let Some(rows) = self.rows.get(domain).filter(|rows| !rows.is_empty()) else { return Ok(Vec::new()) };
        let wanted = ["url", "title", "score", "collected", "text"];
        let mut found: BTreeMap<String, Sample> = BTreeMap::new();
        for batch in Table::open(&self.path)?.columns(&wanted)?.select(rows).batches()? {
            let batch = batch?;
            let columns = Columns { batch: &batch, path: &self.path };
            let (url, title, text) = (columns.texts("url")?, columns.texts("title")?, columns.texts("text")?);
            let (score, collected) = (columns.numbers("score")?, columns.flags("collected")?);
            for row in 0..batch.num_rows() {
                let sample = Sample {
                    url: url.value(row).to_owned(),
                    title: title.value(row).to_owned(),
                    score: score.value(row),
                    collected: collected.value(row),
                    text: text.value(row).to_owned(),
                };
                found.entry(sample.url.clone()).or_insert(sample);
            }
        }
        let mut found: Vec<Sample> = found.into_values().collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.url.cmp(&b.url)));
        Ok(found)
    }
}
