//! The stage `quality`: a task a page file, from `pages/` to `quality/<stem>.parquet`, a row a page.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use arrow::array::{BooleanArray, BooleanBuilder, Float64Builder, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use flate2::read::MultiGzDecoder;
use rayon::prelude::*;
use serde::Serialize;

use super::hosts::HostListBuilder;
use super::{Check, HostList, QualityRules, measure};
use crate::config;
use crate::io::table::{Table, TableError, TableWriter, column};
use crate::language::Language;
use crate::pages::Pages;
use crate::reject::{Reject, Tally};
use crate::spans::commands;
use crate::task::{Done, Input, Progress, Runner, Stage, Task, TaskResult, with_cpu_time};

/// Raised when the same page would get another verdict.
const VERSION: u32 = 2;

/// Longest line of a list of hosts that is read at once.
const LINE_BYTES_MAX: u64 = 4096;

/// The stage's name.
pub const NAME: &str = "quality";

/// Whether a page passes; if not, the rule that it breaks and the value found.
static QUALITY: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("keep", DataType::Boolean, false),
        Field::new("reason", DataType::Utf8, true),
        Field::new("measure", DataType::Utf8, true),
        Field::new("value", DataType::Float64, true),
    ]))
});

#[derive(Serialize)]
struct Knobs<'a> {
    rules: &'a QualityRules,
}

/// Where the verdicts on the pages of a file are.
#[must_use]
pub fn path(out: &Path, stem: &str) -> PathBuf {
    out.join("quality").join(format!("{stem}.parquet"))
}

/// Reads the lists of hosts, `.gz` ones too, line by line: memory is that of the hashes of their names.
///
/// # Errors
/// A list cannot be read.
pub fn hosts(files: &[PathBuf]) -> std::io::Result<HostList> {
    let mut hosts = HostListBuilder::default();
    for file in files {
        let failed = |e: std::io::Error| std::io::Error::new(e.kind(), format!("{}: {e}", file.display()));
        let opened = std::fs::File::open(file).map_err(failed)?;
        let mut reader: Box<dyn BufRead> = if file.extension().is_some_and(|ending| ending == "gz") {
            Box::new(BufReader::new(MultiGzDecoder::new(opened)))
        } else {
            Box::new(BufReader::new(opened))
        };
        let (mut line, mut strange) = (Vec::new(), 0u64);
        loop {
            line.clear();
            // A line that is longer than any host is no list's.
            if reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                break;
            }
            if line.len() as u64 == LINE_BYTES_MAX && !line.ends_with(b"\n") {
                reader.skip_until(b'\n').map_err(failed)?;
                strange += 1;
                continue;
            }
            strange += u64::from(!hosts.add(&String::from_utf8_lossy(&line)));
        }
        if strange > 0 {
            tracing::warn!(list = %file.display(), lines = strange, "lines that name no host are left out");
        }
    }
    Ok(hosts.build())
}

/// The stage over these pages.
#[must_use]
pub fn stage<'a>(runner: &'a Runner, quality: &'a config::Quality, pages: &'a Pages) -> Stage<'a> {
    // Read once for all tasks, when the first one needs them.
    let listed: Arc<OnceLock<Result<HostList, String>>> = Arc::default();
    let tasks = (0..pages.len())
        .map(|file| {
            let mut inputs = pages.input(file);
            let lists = quality.blocked_hosts.iter().enumerate();
            inputs.extend(lists.map(|(n, list)| (format!("blocked_hosts_{n}"), Input::File(list.clone()))));
            let listed = Arc::clone(&listed);
            let run = move |progress: &Progress| {
                let listed = listed.get_or_init(|| hosts(&quality.blocked_hosts).map_err(|e| e.to_string()));
                let hosts = listed.as_ref().map_err(Clone::clone)?;
                run(runner, &quality.rules, hosts, pages, file, progress)
            };
            Task { name: pages.stem(file).to_owned(), inputs, run: Box::new(run) }
        })
        .collect();
    Stage::new(NAME, VERSION, &Knobs { rules: &quality.rules }, tasks)
}

/// The rule that a page breaks.
type Broken = Option<Check>;

fn run(
    runner: &Runner,
    rules: &QualityRules,
    hosts: &HostList,
    pages: &Pages,
    file: usize,
    progress: &Progress,
) -> TaskResult {
    let from = pages.file(file);
    let commands = commands();
    let mut writer = TableWriter::create(&path(&runner.out, pages.stem(file)), &QUALITY)?;
    let mut tally = Tally::default();
    let mut cpu_elsewhere_s = 0.0;
    for batch in Table::open(from)?.columns(&["id", "host", "language", "text"])?.batches()? {
        let batch = batch?;
        let id: &StringArray = column(&batch, "id", from)?;
        let host: &StringArray = column(&batch, "host", from)?;
        let language: &StringArray = column(&batch, "language", from)?;
        let text: &StringArray = column(&batch, "text", from)?;
        let verdict = |i: usize| -> Result<Broken, crate::language::UnknownLanguage> {
            if hosts.holds(host.value(i)) {
                return Ok(Some(blocked()));
            }
            let language: Language = language.value(i).parse()?;
            Ok(rules.broken(&measure(text.value(i), language, &commands)))
        };
        let verdicts: Vec<(Result<Broken, _>, f64)> = runner
            .pool
            .install(|| (0..batch.num_rows()).into_par_iter().map(|i| with_cpu_time(|| verdict(i))).collect());
        let (mut keep, mut reason) = (BooleanBuilder::new(), StringBuilder::new());
        let (mut name, mut value) = (StringBuilder::new(), Float64Builder::new());
        for (broken, cpu_s) in verdicts {
            cpu_elsewhere_s += cpu_s;
            let broken = broken?;
            tally.count(&broken.as_ref().map_or(Ok(()), |check| Err(check.reject)));
            keep.append_value(broken.is_none());
            reason.append_option(broken.as_ref().map(|check| check.reject.name()));
            name.append_option(broken.as_ref().map(|check| &check.name));
            value.append_option(broken.as_ref().map(|check| check.value));
        }
        progress.items(batch.num_rows() as u64);
        writer.write(&RecordBatch::try_new(
            Arc::clone(&QUALITY),
            vec![
                Arc::new(id.clone()),
                Arc::new(keep.finish()),
                Arc::new(reason.finish()),
                Arc::new(name.finish()),
                Arc::new(value.finish()),
            ],
        )?)?;
    }
    Ok(Done { tally, outputs: vec![writer.finish()?], cpu_elsewhere_s, ..Done::default() })
}

/// What a listed host counts as.
#[must_use]
pub fn blocked() -> Check {
    Check { name: "blocked_host".to_owned(), reject: Reject::BlockedHost, value: 1.0, least: None, most: Some(0.0) }
}

/// Why each page of a file is dropped, in the order of its rows; `None` where it passes.
///
/// # Errors
/// The file cannot be read or has not the form.
pub fn reasons(path: &Path) -> Result<Vec<Option<String>>, TableError> {
    let mut reasons = Vec::new();
    for batch in Table::open(path)?.columns(&["keep", "reason"])?.batches()? {
        let batch = batch?;
        let keep: &BooleanArray = column(&batch, "keep", path)?;
        let reason: &StringArray = column(&batch, "reason", path)?;
        reasons.extend((0..batch.num_rows()).map(|i| (!keep.value(i)).then(|| reason.value(i).to_owned())));
    }
    Ok(reasons)
}
