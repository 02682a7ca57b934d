//! A round's files → figures. Streamed; what is larger than memory goes through the query engine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::prelude::{DataFrame, col, lit};

use super::data::{BINS, Bin, DECILES, Decile, Domain, Figures, Language};
use super::{ReportError, forms};
use crate::domains::stage::Last;
use crate::io::query::Engine;
use crate::io::table::{Batches, Table, column};
use crate::pages::Pages;

/// Domains that are listed.
const DOMAINS_MAX: usize = 40;

/// Where a round's files are.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The output folder.
    pub out: &'a Path,
    /// Which round.
    pub round: u32,
}

impl Place<'_> {
    /// The round's folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.out.join(format!("rounds/{:02}", self.round))
    }

    /// The shards of a round, in order.
    ///
    /// # Errors
    /// There are none.
    pub fn shards(&self) -> Result<Vec<PathBuf>, ReportError> {
        shards(&self.folder(), self.round)
    }
}

/// The shards in a round's folder, in order.
pub(super) fn shards(folder: &Path, round: u32) -> Result<Vec<PathBuf>, ReportError> {
    let path = folder.join("shards");
    let Ok(entries) = std::fs::read_dir(&path) else { return Err(ReportError::NoRound { path, round }) };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("part-") && name.ends_with(".parquet")
    };
    let mut shards: Vec<PathBuf> = paths.filter(is_shard).collect();
    shards.sort();
    if shards.is_empty() { Err(ReportError::NoRound { path, round }) } else { Ok(shards) }
}

/// The figures of a round.
///
/// # Errors
/// A file is missing, damaged or does not belong to the others.
pub fn figures(place: Place<'_>, engine: &Engine) -> Result<Figures, ReportError> {
    let mut figures = Figures { scores: vec![Bin::default(); BINS], ..Figures::default() };
    let mut languages = BTreeMap::new();
    survivors(place, &mut figures, &mut languages)?;
    collected(place, &mut figures, &mut languages)?;
    figures.languages = languages.into_values().collect();
    figures.languages.sort_by(|a, b| b.pages.cmp(&a.pages).then_with(|| a.language.cmp(&b.language)));
    let (domains, total) = domains(place, engine)?;
    (figures.domains, figures.domains_collected) = (domains, total);
    Ok(figures)
}

type Languages = BTreeMap<String, Language>;

fn of_language<'l>(languages: &'l mut Languages, name: &str) -> &'l mut Language {
    if !languages.contains_key(name) {
        languages.insert(name.to_owned(), Language { language: name.to_owned(), ..Language::default() });
    }
    languages.entry(name.to_owned()).or_default()
}

/// The bar that a score falls into.
fn bin(score: f64) -> usize {
    ((score * BINS as f64) as usize).min(BINS - 1)
}

/// What could be collected. Pages, scores, survivors, what the edits keep, and forms stand in the same order.
fn survivors(place: Place<'_>, figures: &mut Figures, languages: &mut Languages) -> Result<(), ReportError> {
    let pages = Pages::on_disk(place.out)?;
    let survivors_path = place.out.join("dedup/survivors.parquet");
    let last = last_collected(place)?;
    let mut forms = Some(forms::none());
    let mut first = 0;
    for file in 0..pages.len() {
        let (stem, path, rows) = (pages.stem(file), pages.file(file), pages.rows(file));
        let scores_path = place.folder().join(format!("scores/{stem}.parquet"));
        let edits_path = place.out.join(format!("edits/{stem}.parquet"));
        let forms_path = place.out.join(format!("forms/{stem}.parquet"));
        let mut scored = Table::open(&scores_path)?.columns(&["id", "score"])?.batches()?;
        let mut survived = Table::open(&survivors_path)?.columns(&["id", "keep"])?.range(first, rows).batches()?;
        let mut edited =
            edits_path.exists().then(|| Table::open(&edits_path)?.columns(&["keep"])?.batches()).transpose()?;
        let mut formed = forms_path.exists().then(|| Table::open(&forms_path)?.batches()).transpose()?;
        if formed.is_none() {
            forms = None;
        }
        first += rows;
        for batch in Table::open(path)?.columns(&["id", "language", "tokens"])?.batches()? {
            let batch = batch?;
            let other = || ReportError::form(&scores_path, format!("its rows are not those of {}", path.display()));
            let scored = scored.next().ok_or_else(other)??;
            let survived = survived.next().ok_or_else(other)??;
            let next = |table: &mut Option<Batches>| -> Result<Option<RecordBatch>, ReportError> {
                table.as_mut().map(|table| table.next().ok_or_else(other)?.map_err(ReportError::from)).transpose()
            };
            let (edited, formed) = (next(&mut edited)?, next(&mut formed)?);
            let id: &StringArray = column(&batch, "id", path)?;
            if id != column::<StringArray>(&scored, "id", &scores_path)?
                || id != column::<StringArray>(&survived, "id", &survivors_path)?
            {
                return Err(other());
            }
            let keep: &BooleanArray = column(&survived, "keep", &survivors_path)?;
            let stays =
                edited.as_ref().map(|edited| column::<BooleanArray>(edited, "keep", &edits_path)).transpose()?;
            let score: &Float64Array = column(&scored, "score", &scores_path)?;
            let language: &StringArray = column(&batch, "language", path)?;
            let tokens: &Int64Array = column(&batch, "tokens", path)?;
            let takes_part = |row: &usize| keep.value(*row) && stays.is_none_or(|stays| stays.value(*row));
            let rows: Vec<(usize, bool)> = (0..batch.num_rows())
                .filter(takes_part)
                .map(|row| (row, last.as_ref().is_some_and(|last| last.holds(score.value(row), id.value(row)))))
                .collect();
            for (row, _) in &rows {
                figures.scores[bin(score.value(*row))].pages += 1;
                let of = of_language(languages, language.value(*row));
                of.pages += 1;
                of.tokens += tokens.value(*row).max(0).cast_unsigned();
            }
            if let (Some(forms), Some(formed)) = (&mut forms, &formed) {
                forms::add(forms, formed, id, &rows, &forms_path)?;
            }
        }
    }
    figures.forms = forms.map(forms::told).unwrap_or_default();
    Ok(())
}

/// The last page of the last shard; `None` where nothing is collected.
fn last_collected(place: Place<'_>) -> Result<Option<Last>, ReportError> {
    for path in place.shards()?.iter().rev() {
        let table = Table::open(path)?;
        let Some(row) = table.rows().checked_sub(1) else { continue };
        let Some(batch) = table.columns(&["id", "score"])?.range(row, 1).batches()?.next().transpose()? else {
            continue;
        };
        let id = column::<StringArray>(&batch, "id", path)?.value(0).to_owned();
        return Ok(Some(Last { score: column::<Float64Array>(&batch, "score", path)?.value(0), id }));
    }
    Ok(None)
}

/// What is collected: the shards, in the order of ranks.
fn collected(place: Place<'_>, figures: &mut Figures, languages: &mut Languages) -> Result<(), ReportError> {
    let shards = place.shards()?;
    let mut total = 0;
    for path in &shards {
        total += Table::open(path)?.rows();
    }
    figures.deciles = vec![Decile::default(); DECILES.min(total as usize)];
    let parts = figures.deciles.len() as u64;
    let mut at = 0u64;
    for path in &shards {
        let columns = ["score", "language", "tokens", "formulas"];
        for batch in Table::open(path)?.columns(&columns)?.batches()? {
            let batch = batch?;
            let score: &Float64Array = column(&batch, "score", path)?;
            let language: &StringArray = column(&batch, "language", path)?;
            let tokens: &Int64Array = column(&batch, "tokens", path)?;
            let formulas: &Int32Array = column(&batch, "formulas", path)?;
            for row in 0..batch.num_rows() {
                let tokens = tokens.value(row).max(0).cast_unsigned();
                let decile = &mut figures.deciles[(at * parts / total) as usize];
                if decile.pages == 0 {
                    decile.score_first = score.value(row);
                }
                decile.score_last = score.value(row);
                decile.pages += 1;
                decile.tokens += tokens;
                decile.formulas += u64::from(formulas.value(row).max(0).cast_unsigned());
                decile.chinese += u64::from(language.value(row) == "zh");
                figures.scores[bin(score.value(row))].collected += 1;
                let of = of_language(languages, language.value(row));
                of.collected += 1;
                of.collected_tokens += tokens;
                at += 1;
            }
        }
    }
    Ok(())
}

/// The domains with the most collected pages, and how many have any.
fn domains(place: Place<'_>, engine: &Engine) -> Result<(Vec<Domain>, u64), ReportError> {
    let by_domain = |shards: &[PathBuf]| -> Result<DataFrame, ReportError> {
        let table = engine.table(shards)?;
        let grouped = table
            .aggregate(vec![col("domain")], vec![count(col("id")).alias("pages"), sum(col("tokens")).alias("tokens")]);
        grouped.map_err(|source| engine.failed("domains of the shards")(source).into())
    };
    let shards = place.shards()?;
    let mut top = Vec::new();
    let grouped = by_domain(&shards)?;
    let sorted = || -> Result<DataFrame, DataFusionError> {
        let sorted = grouped.clone().sort(vec![col("pages").sort(false, false), col("domain").sort(true, false)])?;
        sorted.limit(0, Some(DOMAINS_MAX))
    };
    for batch in engine.rows("domains of the shards", sorted)? {
        each_domain(&batch?, |domain, pages, tokens| {
            top.push(Domain { domain, collected: pages, tokens, ..Domain::default() });
        })?;
    }
    let mut total = 0;
    for batch in engine.rows("number of domains", || grouped.aggregate(vec![], vec![count(lit(1)).alias("n")]))? {
        total = column::<Int64Array>(&batch?, "n", Path::new("domains"))?.value(0).max(0).cast_unsigned();
    }
    let names: Vec<_> = top.iter().map(|domain| lit(domain.domain.clone())).collect();
    if place.round > 1
        && let Ok(before) = (Place { round: place.round - 1, ..place }).shards()
    {
        let grouped = by_domain(&before)?;
        let mut found = BTreeMap::new();
        let rows = engine
            .rows("domains of the round before", || grouped.filter(col("domain").in_list(names.clone(), false)))?;
        for batch in rows {
            each_domain(&batch?, |domain, pages, _| _ = found.insert(domain, pages))?;
        }
        for domain in &mut top {
            domain.before = Some(found.get(&domain.domain).copied().unwrap_or_default());
        }
    }
    let analysed = place.folder().join("domains.parquet");
    if analysed.exists() {
        let table = engine.table(std::slice::from_ref(&analysed))?;
        let mut found: BTreeMap<String, (u64, bool)> = BTreeMap::new();
        for batch in engine.rows("analysed domains", || {
            let table = table.filter(col("domain").in_list(names, false))?;
            table.select_columns(&["domain", "pages", "math_related"])
        })? {
            let batch = batch?;
            let domain: &StringArray = column(&batch, "domain", &analysed)?;
            let pages = numbers(&batch, "pages", &analysed)?;
            let related: &BooleanArray = column(&batch, "math_related", &analysed)?;
            found.extend((0..batch.num_rows()).map(|row| {
                (domain.value(row).to_owned(), (pages.value(row).max(0).cast_unsigned(), related.value(row)))
            }));
        }
        for domain in &mut top {
            if let Some((pages, related)) = found.get(&domain.domain) {
                (domain.pages, domain.math_related) = (Some(*pages), Some(*related));
            }
        }
    }
    Ok((top, total))
}

fn each_domain(batch: &RecordBatch, mut take: impl FnMut(String, u64, u64)) -> Result<(), ReportError> {
    let path = Path::new("domains");
    let domain: &StringArray = column(batch, "domain", path)?;
    let (pages, tokens) = (numbers(batch, "pages", path)?, numbers(batch, "tokens", path)?);
    for row in 0..batch.num_rows() {
        let number = |of: &Int64Array| of.value(row).max(0).cast_unsigned();
        take(domain.value(row).to_owned(), number(&pages), number(&tokens));
    }
    Ok(())
}

/// A column of whole numbers, however wide.
pub(super) fn numbers(batch: &RecordBatch, name: &str, path: &Path) -> Result<Int64Array, ReportError> {
    let missing = || ReportError::form(path, format!("no column {name:?} of numbers"));
    let array = cast(batch.column_by_name(name).ok_or_else(missing)?, &DataType::Int64).map_err(|_| missing())?;
    array.as_any().downcast_ref::<Int64Array>().cloned().ok_or_else(missing)
}
