//! The captures of one recall WARC: asked for by ranges, each looked at, written as they are stored, in the order of the
//! plan.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use url::Url;

use super::check::{self, Reason};
use super::ranges::{Limits, Place, Request, requests};
use super::table::{Capture, Captures, FETCHED, FetchedBuilder};
use crate::io::http::{HttpError, Part};
use crate::io::store::{Location, Store, StoreError};
use crate::io::table::{FileWriter, Table, TableWriter, Written};
use crate::io::warc::WarcWriter;
use crate::task::Progress;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Requests in a row that a server may leave unanswered before the run ends: it is not one file, then.
const UNREACHABLE_MAX: u32 = 3;

/// Where captures are fetched from, and how.
#[derive(Clone, Debug)]
pub(super) struct Fetching<'a> {
    pub(super) store: &'a Store,
    /// What names of WARC files are relative to.
    pub(super) base: &'a Location,
    pub(super) limits: Limits,
    /// Requests at one time.
    pub(super) parallel: usize,
    /// A record, inflated.
    pub(super) record_bytes_max: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Outcome {
    /// Captures in the recall WARC.
    pub(super) fetched: u64,
    /// Captures that are not, by reason.
    pub(super) failed: BTreeMap<&'static str, u64>,
    /// Bytes that came.
    pub(super) bytes: u64,
    /// Requests planned, repeated ones not counted.
    pub(super) requests: u64,
}

/// Reads captures from the plan.
pub(super) fn read_plan(plan: &Path, first: u64, count: u64) -> Result<Vec<Capture>, Error> {
    let mut captures = Vec::new();
    for batch in Table::open(plan)?.range(first, count).batches()? {
        let batch = batch?;
        let columns = Captures::of(&batch, plan)?;
        captures.extend((0..batch.num_rows()).map(|row| columns.get(row)));
    }
    Ok(captures)
}

impl Fetching<'_> {
    /// Writes the recall WARC and the table of what became of each capture.
    pub(super) fn run(
        &self,
        captures: &[Capture],
        warc: &Path,
        table: &Path,
        progress: &Progress,
    ) -> Result<(Outcome, Vec<Written>), Error> {
        let mut file = FileWriter::create(warc)?;
        let info = info(captures)?;
        file.write_all(&info)?;
        let mut at = info.len() as u64;
        let mut rows = FetchedBuilder::default();
        let places = captures.iter().map(|capture| (capture.warc.as_str(), capture.place));
        let asked = requests(places, self.limits);
        let mut outcome = Outcome { requests: asked.len() as u64, ..Outcome::default() };
        let mut unreachable = 0;
        // A window of requests at one time, so that what is held is bounded and what is written is in order.
        for window in asked.chunks(self.parallel.max(1)) {
            for (request, answer) in window.iter().zip(self.ask(window)) {
                let part = judge(answer?, &mut unreachable)?;
                outcome.bytes += part.as_ref().map_or(0, |part| part.bytes.len() as u64);
                for capture in &captures[request.captures.clone()] {
                    let found = match &part {
                        Ok(part) => self.record(part, capture),
                        Err(reason) => Err(*reason),
                    };
                    let place = found.map(|record| (at, record));
                    if let Ok((_, record)) = &place {
                        file.write_all(record)?;
                        at += record.len() as u64;
                        outcome.fetched += 1;
                    }
                    if let Err(reason) = &place {
                        *outcome.failed.entry(reason.name()).or_default() += 1;
                    }
                    rows.push(capture, place.map(|(at, _)| at));
                }
                progress.items(request.captures.len() as u64);
            }
        }
        let mut writer = TableWriter::create(table, &FETCHED)?;
        writer.write(&rows.finish()?)?;
        let written = vec![file.finish(outcome.fetched)?, writer.finish()?];
        Ok((outcome, written))
    }

    /// The stored record of a capture, if it is the one that the index says.
    fn record<'p>(&self, part: &'p Part, capture: &Capture) -> Result<&'p [u8], Reason> {
        let Place { offset, length } = capture.place;
        let begin = offset.checked_sub(part.first).and_then(|begin| usize::try_from(begin).ok());
        let end = begin.and_then(|begin| begin.checked_add(usize::try_from(length).ok()?));
        let stored = begin.zip(end).and_then(|(begin, end)| part.bytes.get(begin..end)).ok_or(Reason::BeyondEnd)?;
        check::record(stored, &capture.url, capture.digest.as_deref(), self.record_bytes_max)?;
        Ok(stored)
    }

    /// Sends some requests at one time; the answers in their order.
    fn ask(&self, window: &[Request]) -> Vec<Result<Result<Part, StoreError>, Error>> {
        let one = |request: &Request| -> Result<Result<Part, StoreError>, Error> {
            let location = self.locate(&request.warc)?;
            Ok(self.store.range(&location, request.bytes.clone()))
        };
        if let [request] = window {
            return vec![one(request)];
        }
        std::thread::scope(|scope| {
            let asked: Vec<_> = window.iter().map(|request| scope.spawn(|| one(request))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap_or_else(|_| Err("a request panicked".into()))).collect()
        })
    }

    /// Where a WARC file is: its name was found to be a plain relative path.
    fn locate(&self, warc: &str) -> Result<Location, Error> {
        Ok(match self.base {
            Location::Http(base) => {
                Location::Http(Url::parse(&format!("{}/{warc}", base.as_str().trim_end_matches('/')))?)
            }
            Location::Local(folder) => {
                let whole = folder.join(warc);
                // A mirror may hold the files without the folders of the server.
                let flat = folder.join(warc.rsplit('/').next().unwrap_or(warc));
                Location::Local(if !whole.exists() && flat.exists() { flat } else { whole })
            }
        })
    }
}

/// What an answer means for the captures of its request; an error where it means that nothing will be answered.
fn judge(answer: Result<Part, StoreError>, unreachable: &mut u32) -> Result<Result<Part, Reason>, Error> {
    let error = match answer {
        Ok(part) => {
            *unreachable = 0;
            return Ok(Ok(part));
        }
        Err(error) => error,
    };
    let reason = match &error {
        StoreError::Local { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Reason::NotFound,
        StoreError::Http(HttpError::Status { status: 404 | 410, .. }) => Reason::NotFound,
        StoreError::Http(HttpError::Status { .. }) => Reason::Refused,
        StoreError::Http(HttpError::GaveUp { .. } | HttpError::Changed { .. } | HttpError::BadRange { .. }) => {
            Reason::Unreachable
        }
        _ => return Err(error.into()),
    };
    if reason == Reason::Unreachable {
        *unreachable += 1;
        if *unreachable >= UNREACHABLE_MAX {
            return Err(error.into());
        }
        tracing::warn!(%error, "its captures are listed as unreachable");
    } else {
        *unreachable = 0;
    }
    Ok(Err(reason))
}

/// The `warcinfo` record of a recall WARC: its date is that of its newest capture, for a clock would give other bytes
/// each time.
fn info(captures: &[Capture]) -> std::io::Result<Vec<u8>> {
    let newest = captures.iter().filter_map(|capture| capture.fetched_at_ms).max().unwrap_or_default();
    let date = chrono::DateTime::from_timestamp_millis(newest).unwrap_or_default();
    let fields = [
        ("software", concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"))),
        ("format", "WARC File Format 1.0"),
        ("description", "Captures of other WARC files, by a URL index; records are copied as they are stored"),
    ];
    WarcWriter::new(Vec::new(), &date.format("%Y-%m-%dT%H:%M:%SZ").to_string(), &fields)?.finish()
}
