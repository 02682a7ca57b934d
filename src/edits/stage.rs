//! The stage `edits`: a task a page file, from what boilerplate, masking and benchmarks say of its pages to one table,
//! `edits/<stem>.parquet`, which the ranking reads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, Int32Array, Int64Array, RecordBatch, StringArray};
use rayon::prelude::*;

use super::table::{EDITS, EditRows, EditsBuilder};
use super::{Edit, apply, origin, unite};
use crate::boilerplate::table::RemovedRows;
use crate::config;
use crate::decontaminate::stage::{CleanRows, Decontaminating};
use crate::decontaminate::{Index, Scanner, count_formulas};
use crate::io::table::{Batches, Table, TableWriter, column};
use crate::masking::{Masked, MaskingRules, masks};
use crate::pages::Pages;
use crate::reject::{Reject, Tally};
use crate::spans::commands;
use crate::task::{
    Artifact, Done, Progress, Row, Runner, Stage, StageState, Task, TaskError, TaskResult, with_cpu_time,
};
use crate::tokens::Tokenizer;

/// Raised when the same tables would give other edits.
const VERSION: u32 = 1;

/// The stage's name.
pub const NAME: &str = "edits";

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The edits of a crawl's pages.
pub struct Editing<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// What is masked.
    pub masking: config::Masking,
    /// Counts the tokens that are left.
    pub tokenizer: Tokenizer,
    /// What is boilerplate of the pages, a table a page file; `None` where nobody looks.
    pub boilerplate: Option<Vec<Artifact>>,
    /// What benchmarks hold of the pages, a table a page file; `None` where none is named.
    pub clean: Option<Vec<Artifact>>,
    /// The benchmarks: what other edits bring together is looked at again.
    pub decontaminating: &'a Decontaminating<'a>,
}

/// A page with its edits.
struct Edited {
    edits: Vec<Edit>,
    reject: Option<Reject>,
    tokens: u64,
    formulas_gone: u32,
    emails: u64,
    ips: u64,
}

/// What the tables say of one page.
#[derive(Default)]
struct Said {
    boilerplate: Vec<std::ops::Range<usize>>,
    emptied: bool,
    contaminated: Vec<std::ops::Range<usize>>,
    dropped: bool,
}

impl Editing<'_> {
    fn masking(&self) -> MaskingRules {
        let config::Masking { emails, ips } = self.masking;
        MaskingRules { emails, ips }
    }

    /// Whether anything edits pages.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.boilerplate.is_some() || self.clean.is_some() || self.masking.emails || self.masking.ips
    }

    /// Runs the stage.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self) -> Result<Vec<Row>, TaskError> {
        self.runner.run(&self.stage())
    }

    /// How far it is, and the rows where it is done.
    #[must_use]
    pub fn plan(&self) -> (StageState, Option<Vec<Row>>) {
        let stage = self.stage();
        (self.runner.state(&stage), self.runner.rows(&stage))
    }

    /// The tables, for the ranking; `None` where nothing edits pages.
    #[must_use]
    pub fn tables(&self, rows: &[Row]) -> Option<Vec<Artifact>> {
        let table = |row: &Row| Artifact::of(self.runner, row, &format!("edits/{}.parquet", row.task));
        self.is_on().then(|| rows.iter().filter_map(table).collect())
    }

    /// Sums of the counts in the rows.
    #[must_use]
    pub fn facts(rows: &[Row]) -> serde_json::Value {
        let sum = |key: &str| rows.iter().filter_map(|row| row.facts[key].as_u64()).sum::<u64>();
        let keys = ["pages_changed", "tokens_removed", "formulas_removed", "emails_masked", "ips_masked"];
        let mut facts: serde_json::Map<String, serde_json::Value> =
            keys.into_iter().map(|key| (key.to_owned(), sum(key).into())).collect();
        let mut tally = Tally::default();
        for row in rows {
            tally.add(&row.tally);
        }
        facts.insert("rejected".to_owned(), serde_json::json!(tally.rejected));
        facts.into()
    }

    fn stage(&self) -> Stage<'_> {
        let files = if self.is_on() { self.pages.len() } else { 0 };
        let tasks = (0..files)
            .map(|file| {
                let mut inputs = self.pages.input(file);
                for (name, tables) in [("boilerplate", &self.boilerplate), ("decontaminate", &self.clean)] {
                    let table = tables.as_ref().and_then(|tables| tables.get(file));
                    inputs.extend(table.map(|table| (name.to_owned(), table.input.clone())));
                }
                if self.clean.is_some() {
                    inputs.extend(self.decontaminating.inputs());
                }
                let run = move |progress: &Progress| self.edit(file, progress);
                Task { name: self.pages.stem(file).to_owned(), inputs, run: Box::new(run) }
            })
            .collect();
        let knobs = (self.masking, self.tokenizer, self.decontaminating.knobs());
        Stage::new(NAME, VERSION, &knobs, tasks)
    }

    fn index(&self) -> Result<Option<&Index>, Error> {
        Ok(match &self.clean {
            Some(_) => Some(&self.decontaminating.benchmarks()?.index),
            None => None,
        })
    }

    fn edit(&self, file: usize, progress: &Progress) -> TaskResult {
        let (stem, path) = (self.pages.stem(file), self.pages.file(file));
        let mut boilerplate = Beside::open(self.boilerplate.as_deref(), file)?;
        let mut clean = Beside::open(self.clean.as_deref(), file)?;
        let commands = commands();
        let mut writer = TableWriter::create(&self.runner.out.join(format!("edits/{stem}.parquet")), &EDITS)?;
        let mut rows = EditsBuilder::default();
        let mut tally = Tally::default();
        let (mut cpu_elsewhere_s, mut bytes_in) = (0.0, 0);
        let (mut changed, mut tokens_gone, mut formulas_gone, mut emails, mut ips) = (0u64, 0u64, 0u64, 0u64, 0u64);
        for batch in Table::open(path)?.columns(&["id", "text", "tokens", "formulas"])?.batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let tokens: &Int64Array = column(&batch, "tokens", path)?;
            let formulas: &Int32Array = column(&batch, "formulas", path)?;
            let mut said: Vec<Said> = Vec::new();
            said.resize_with(batch.num_rows(), Said::default);
            if let Some(beside) = &mut boilerplate {
                let batch = beside.next()?;
                let rows = RemovedRows::of(&batch, &beside.path)?;
                beside.check(rows.id == id, stem)?;
                for (i, said) in said.iter_mut().enumerate() {
                    (said.boilerplate, said.emptied) = (rows.spans(i), rows.emptied.value(i));
                }
            }
            if let Some(beside) = &mut clean {
                let batch = beside.next()?;
                let rows = CleanRows::of(&batch, &beside.path)?;
                beside.check(rows.id == id, stem)?;
                for (i, said) in said.iter_mut().enumerate() {
                    (said.contaminated, said.dropped) = (rows.spans(i), !rows.keep.value(i));
                }
            }
            let one = |i: usize| with_cpu_time(|| self.page(text.value(i), &said[i], &commands));
            let edited: Vec<(Result<Option<Edited>, Error>, f64)> =
                self.runner.pool.install(|| (0..batch.num_rows()).into_par_iter().map(one).collect());
            for (i, (edited, cpu_s)) in edited.into_iter().enumerate() {
                cpu_elsewhere_s += cpu_s;
                bytes_in += text.value(i).len() as u64;
                let Some(edited) = edited? else {
                    tally.count(&Ok(()));
                    rows.push(id.value(i), None, &[], tokens.value(i), formulas.value(i));
                    continue;
                };
                let reason = edited.reject.map(Reject::name);
                tally.count(&edited.reject.map_or(Ok(()), Err));
                let left = if reason.is_none() { edited.tokens } else { 0 };
                changed += u64::from(reason.is_none());
                tokens_gone += tokens.value(i).max(0).cast_unsigned().saturating_sub(left);
                formulas_gone += u64::from(edited.formulas_gone);
                (emails, ips) = (emails + edited.emails, ips + edited.ips);
                let formulas = formulas.value(i).saturating_sub_unsigned(edited.formulas_gone).max(0);
                let left = i64::try_from(edited.tokens).unwrap_or(i64::MAX);
                rows.push(id.value(i), reason, &edited.edits, left, formulas);
            }
            writer.write(&rows.finish()?)?;
            progress.items(batch.num_rows() as u64);
        }
        let facts = serde_json::json!({
            "pages_changed": changed, "tokens_removed": tokens_gone, "formulas_removed": formulas_gone,
            "emails_masked": emails, "ips_masked": ips,
        });
        Ok(Done { tally, outputs: vec![writer.finish()?], bytes_in, cpu_elsewhere_s, facts })
    }

    /// The edits of one page; `None` where there are none.
    fn page(&self, text: &str, said: &Said, commands: &[&str]) -> Result<Option<Edited>, Error> {
        let found = masks(text, self.masking(), commands);
        if found.is_empty() && said.boilerplate.is_empty() && said.contaminated.is_empty() && !said.dropped {
            return Ok(None);
        }
        let wrong = || -> Error { "a span is not one of the page's text: the tables are of other pages".into() };
        let masked = found
            .iter()
            .map(|(range, kind)| Edit { range: range.clone(), replacement: Some(kind.placeholder().to_owned()) });
        let by_others = !found.is_empty() || !said.boilerplate.is_empty();
        let mut edits = unite(said.boilerplate.iter().chain(&said.contaminated).cloned(), masked);
        let mut reject = said.emptied.then_some(Reject::Boilerplate);
        let mut contaminated = said.dropped;
        if let Some(index) = by_others.then(|| self.index()).transpose()?.flatten() {
            // What stands beside another paragraph now, or with another word, is looked at as it will be read.
            let edited = apply(text, &edits).ok_or_else(wrong)?;
            if let Some(removal) = Scanner::new(index).removal(&edited) {
                contaminated |=
                    removal.share > self.decontaminating.share_max() || removal.apply(&edited).trim().is_empty();
                let gone: Vec<_> = removal.spans.iter().map(|span| origin(&edits, span)).collect();
                let (removed, replaced): (Vec<Edit>, Vec<Edit>) =
                    edits.into_iter().partition(|edit| edit.replacement.is_none());
                edits = unite(removed.into_iter().map(|edit| edit.range).chain(gone), replaced);
            }
        }
        if contaminated {
            reject = Some(Reject::Contaminated);
        }
        let left = apply(text, &edits).ok_or_else(wrong)?;
        if left.trim().is_empty() {
            reject = reject.or(Some(Reject::Boilerplate));
        }
        // Masks that stand: of those found, some are in what goes.
        let stands = |of: fn(&Masked) -> bool| {
            let replaced = |range: &std::ops::Range<usize>| {
                edits
                    .binary_search_by_key(&range.start, |edit| edit.range.start)
                    .is_ok_and(|i| edits[i].replacement.is_some())
            };
            found.iter().filter(|(range, kind)| of(kind) && replaced(range)).count() as u64
        };
        Ok(Some(Edited {
            reject,
            tokens: self.tokenizer.count(&left),
            formulas_gone: count_formulas(text).saturating_sub(count_formulas(&left)),
            emails: stands(|kind| *kind == Masked::Email),
            ips: stands(|kind| *kind != Masked::Email),
            edits,
        }))
    }
}

/// A table that stands beside the page file, row by row.
struct Beside {
    path: PathBuf,
    batches: Batches,
}

impl Beside {
    fn open(tables: Option<&[Artifact]>, file: usize) -> Result<Option<Self>, Error> {
        let Some(tables) = tables else { return Ok(None) };
        let path = tables.get(file).ok_or("a page file has no table beside it")?.path.clone();
        let batches = Table::open(&path)?.batches()?;
        Ok(Some(Self { path, batches }))
    }

    fn next(&mut self) -> Result<RecordBatch, Error> {
        let path = &self.path;
        let end = || -> Error { format!("{}: fewer rows than the page file", path.display()).into() };
        Ok(self.batches.next().ok_or_else(end)??)
    }

    fn check(&self, same: bool, stem: &str) -> Result<(), Error> {
        if same { Ok(()) } else { Err(format!("{}: rows differ from those of {stem}", self.path.display()).into()) }
    }
}

/// A page file does not hold the rows that the edits were made of.
#[derive(Debug, thiserror::Error)]
#[error("{}: not the pages that were edited; run `corpus-build rank` again", path.display())]
pub struct Changed {
    path: PathBuf,
}

/// Rows of pages with their edits, tokens and formulas counted again.
///
/// # Errors
/// The rows are not those of the pages.
pub fn edited(pages: &RecordBatch, path: &Path, rows: &EditRows<'_>) -> Result<RecordBatch, Error> {
    let changed = || Changed { path: path.to_owned() };
    let text: &StringArray = column(pages, "text", path)?;
    if column::<StringArray>(pages, "id", path)? != rows.id {
        return Err(changed().into());
    }
    let mut left = arrow::array::StringBuilder::with_capacity(text.len(), text.value_data().len());
    for row in 0..text.len() {
        let (text, edits) = (text.value(row), rows.edits(row));
        if edits.is_empty() {
            left.append_value(text);
        } else {
            left.append_value(apply(text, &edits).ok_or_else(changed)?);
        }
    }
    let mut columns = pages.columns().to_vec();
    let made: [(&str, arrow::array::ArrayRef); 3] = [
        ("text", Arc::new(left.finish())),
        ("tokens", Arc::new(rows.tokens.clone())),
        ("formulas", Arc::new(rows.formulas.clone())),
    ];
    for (name, made) in made {
        columns[pages.schema().index_of(name)?] = made;
    }
    Ok(RecordBatch::try_new(pages.schema(), columns)?)
}
