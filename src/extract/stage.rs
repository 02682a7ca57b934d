//! The stage `extract`: one task a WARC file, from captures to pages, the forms of their formulas, and rejects.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::table::{FORMS, FormsBuilder, Kept, PAGES, PagesBuilder, REJECTS, RejectsBuilder};
use super::{ExtractRules, extract};
use crate::config::Config;
use crate::crawl::Source;
use crate::dedup::url::address;
use crate::forms::{Form, Forms};
use crate::io::store::{Location, Store};
use crate::io::table::TableWriter;
use crate::io::warc::{self, Item, ReadCaps};
use crate::language::{self, Language};
use crate::page::{Capture, Page};
use crate::reject::{Reject, Tally};
use crate::task::{Done, Input, Progress, Runner, Stage, Task, TaskResult, with_cpu_time};

/// Raised when the same capture would give another row.
const VERSION: u32 = 4;
/// Page bodies gathered before a batch is spread over the threads: bounds memory, and fixes the batches whatever the
/// number of threads.
const BATCH_BODY_BYTES: usize = 8 << 20;
const BATCH_PAGES: usize = 512;
/// Text bytes gathered before a batch is handed to the writer.
const BATCH_TEXT_BYTES: usize = 4 << 20;

#[derive(Clone, Serialize)]
struct Knobs {
    read: crate::config::Read,
    extract: crate::config::Extract,
    language: crate::config::Language,
}

/// The stage over these sources.
#[must_use]
pub fn stage<'a>(runner: &'a Runner, config: &Config, sources: &'a [Source], store: &'a Store) -> Stage<'a> {
    let knobs = Knobs { read: config.read.clone(), extract: config.extract.clone(), language: config.language.clone() };
    let tasks = sources
        .iter()
        .map(|source| {
            let input = match &source.location {
                Location::Local(path) => Input::File(path.clone()),
                Location::Http(url) => Input::Remote(url.to_string()),
            };
            let knobs = knobs.clone();
            Task {
                name: source.stem.clone(),
                inputs: BTreeMap::from([("warc".to_owned(), input)]),
                run: Box::new(move |progress: &Progress| run(runner, &knobs, source, store, progress)),
            }
        })
        .collect();
    Stage::new("extract", VERSION, &knobs, tasks)
}

struct Tables {
    pages: TableWriter,
    pages_builder: PagesBuilder,
    forms_table: TableWriter,
    forms_builder: FormsBuilder,
    rejects: TableWriter,
    rejects_builder: RejectsBuilder,
    tally: Tally,
    languages: BTreeMap<&'static str, u64>,
    tokens: u64,
    forms: BTreeMap<&'static str, u64>,
    text_bytes: u64,
    redirects: u64,
}

type Error = Box<dyn std::error::Error + Send + Sync>;
/// A capture and what became of it.
type Outcome = (Capture, Result<Kept, Refused>);

/// Why a capture is no page, and where the server sends its readers instead.
struct Refused {
    reject: Reject,
    redirect_to: Option<String>,
}

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        Self { reject, redirect_to: None }
    }
}

impl Tables {
    fn create(out: &Path, stem: &str) -> Result<Self, Error> {
        let folder = out.join("pages");
        Ok(Self {
            pages: TableWriter::create(&folder.join(format!("{stem}.parquet")), &PAGES)?,
            pages_builder: PagesBuilder::default(),
            forms_table: TableWriter::create(&out.join(format!("forms/{stem}.parquet")), &FORMS)?,
            forms_builder: FormsBuilder::default(),
            rejects: TableWriter::create(&folder.join(format!("{stem}.rejects.parquet")), &REJECTS)?,
            rejects_builder: RejectsBuilder::default(),
            tally: Tally::default(),
            languages: BTreeMap::new(),
            tokens: 0,
            forms: BTreeMap::new(),
            text_bytes: 0,
            redirects: 0,
        })
    }

    fn push(&mut self, capture: &Capture, outcome: &Result<Kept, Refused>) -> Result<(), Error> {
        self.tally.count(&outcome.as_ref().map_err(|refused| refused.reject));
        match outcome {
            Ok(kept) => {
                *self.languages.entry(kept.language.name()).or_default() += 1;
                self.tokens += kept.tokens;
                self.count_forms(&kept.document.forms);
                self.text_bytes += kept.document.text.len() as u64;
                self.pages_builder.push(capture, kept);
                self.forms_builder.push(kept);
                if self.pages_builder.text_bytes() >= BATCH_TEXT_BYTES {
                    self.write_pages()?;
                }
            }
            Err(Refused { reject, redirect_to }) => {
                self.redirects += u64::from(redirect_to.is_some());
                let domain = address(&capture.url).map(|a| a.domain).unwrap_or_default();
                self.rejects_builder.push(capture, &domain, *reject, redirect_to.as_deref());
                if self.rejects_builder.bytes() >= BATCH_TEXT_BYTES {
                    self.rejects.write(&self.rejects_builder.finish()?)?;
                }
            }
        }
        Ok(())
    }

    fn count_forms(&mut self, forms: &Forms) {
        for form in Form::ALL.into_iter().filter(|form| forms.of(*form) > 0) {
            *self.forms.entry(form.name()).or_default() += u64::from(forms.of(form));
        }
    }

    fn write_pages(&mut self) -> Result<(), Error> {
        self.pages.write(&self.pages_builder.finish()?)?;
        Ok(self.forms_table.write(&self.forms_builder.finish()?)?)
    }
}

fn run(runner: &Runner, knobs: &Knobs, source: &Source, store: &Store, progress: &Progress) -> TaskResult {
    let caps = ReadCaps {
        record_bytes_max: knobs.read.record_bytes_max.as_usize(),
        header_bytes_max: knobs.read.header_bytes_max.as_usize(),
        body_bytes_max: knobs.read.body_bytes_max.as_usize(),
    };
    let rules = ExtractRules {
        depth_max: knobs.extract.depth_max,
        body_nodes_max: knobs.extract.nodes_max,
        text_bytes_min: knobs.extract.text_bytes_min.as_usize(),
        ..ExtractRules::default()
    };
    let mut tables = Tables::create(&runner.out, &source.stem)?;
    let mut records: BTreeMap<String, u64> = BTreeMap::new();
    let mut cpu_elsewhere_s = 0.0;
    let mut bytes_in = 0u64;
    let mut batch: Vec<Result<Page, (Capture, Refused)>> = Vec::new();
    let mut batch_bytes = 0;
    let mut flush = |batch: &mut Vec<_>, tables: &mut Tables| -> Result<(), Error> {
        let outcomes: Vec<(Outcome, f64)> = runner.pool.install(|| {
            std::mem::take(batch).into_par_iter().map(|item| with_cpu_time(|| outcome(item, knobs, &rules))).collect()
        });
        progress.items(outcomes.len() as u64);
        for ((capture, outcome), cpu_s) in &outcomes {
            cpu_elsewhere_s += cpu_s;
            tables.push(capture, outcome)?;
        }
        Ok(())
    };
    let name: Arc<str> = Arc::from(source.name.as_str());
    for item in warc::read(store.open(&source.location)?, Arc::clone(&name), caps) {
        match item? {
            Item::Page(page) => {
                *records.entry("response".to_owned()).or_default() += 1;
                bytes_in += page.body.len() as u64;
                batch_bytes += page.body.len();
                batch.push(Ok(page));
            }
            Item::Rejected { capture, reject, redirect_to } => {
                *records.entry("response".to_owned()).or_default() += 1;
                batch.push(Err((capture, Refused { reject, redirect_to })));
            }
            Item::Damaged { offset, length, what } => {
                tracing::warn!(warc = source.name, offset, length, what = %what, "damaged, skipped");
                *records.entry("damaged".to_owned()).or_default() += 1;
                let capture = Capture {
                    url: String::new(),
                    fetched_at_ms: None,
                    warc: Arc::clone(&name),
                    warc_offset: offset,
                    warc_length: length,
                };
                batch.push(Err((capture, Reject::DamagedRecord.into())));
            }
            Item::Other(kind) => *records.entry(format!("{kind:?}").to_lowercase()).or_default() += 1,
        }
        if batch_bytes >= BATCH_BODY_BYTES || batch.len() >= BATCH_PAGES {
            flush(&mut batch, &mut tables)?;
            batch_bytes = 0;
        }
    }
    flush(&mut batch, &mut tables)?;
    if tables.tally.seen == 0 {
        tracing::warn!(warc = source.name, ?records, "no response records in this file");
    }
    tables.write_pages()?;
    let last_rejects = tables.rejects_builder.finish()?;
    tables.rejects.write(&last_rejects)?;
    let outputs = vec![tables.pages.finish()?, tables.rejects.finish()?, tables.forms_table.finish()?];
    let facts = serde_json::json!({
        "records": records,
        "languages": tables.languages,
        "tokens": tables.tokens,
        "formulas": tables.forms.values().sum::<u64>(),
        "forms": tables.forms,
        "text_bytes": tables.text_bytes,
        "redirects": tables.redirects,
    });
    Ok(Done { tally: tables.tally, outputs, bytes_in, cpu_elsewhere_s, facts })
}

/// Extracts a page; a fault of the extractor costs the page, not the run, and is logged with its address.
fn guarded(page: &Page, rules: &ExtractRules) -> Result<crate::page::Document, Reject> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| extract(page, rules))).unwrap_or_else(|_| {
        tracing::error!(
            url = page.capture.url,
            warc = %page.capture.warc,
            offset = page.capture.warc_offset,
            "extraction failed on this page, a fault of the program: please report it"
        );
        Err(Reject::Failed)
    })
}

/// What becomes of one capture: pure.
fn outcome(item: Result<Page, (Capture, Refused)>, knobs: &Knobs, rules: &ExtractRules) -> Outcome {
    match item {
        Err((capture, refused)) => (capture, Err(refused)),
        Ok(page) => {
            let outcome = keep(&page, knobs, rules).map_err(Refused::from);
            (page.capture, outcome)
        }
    }
}

fn keep(page: &Page, knobs: &Knobs, rules: &ExtractRules) -> Result<Kept, Reject> {
    let address = address(&page.capture.url).ok_or(Reject::BadUrl)?;
    let document = guarded(page, rules)?;
    let (language, language_score): (Language, f32) =
        language::detect(&document.text, document.declared_language.as_deref());
    if !knobs.language.keep.contains(&language) {
        return Err(Reject::Language);
    }
    let tokens = knobs.extract.tokenizer.count(&document.text);
    Ok(Kept { address, document, language, language_score, tokens })
}
