//! All captures found → those to fetch, and in which recall WARC: what was read before is left out, of each address one
//! capture stays, draws keep within the limits. Sorts and joins are done on disk where they outgrow memory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::JoinType;
use datafusion::prelude::col;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::ranges::{Limits, Place, requests};
use super::table::{CAPTURES, Capture, Captures};
use crate::config::IndexCapture;
use crate::dedup::url::address;
use crate::io::query::{Descending, Engine, Rows};
use crate::io::table::{Table, TableWriter, Written, column};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Captures of a recall WARC at most, however short they are: so many rows are held.
const FILE_CAPTURES_MAX: u64 = 100_000;

/// Pages that were read, by id.
static SEEN: LazyLock<SchemaRef> =
    LazyLock::new(|| Arc::new(Schema::new(vec![Field::new("seen", DataType::Utf8, false)])));

/// How captures are chosen and laid out.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rules {
    pub(super) capture: IndexCapture,
    pub(super) pages_max: Option<u64>,
    pub(super) domain_pages_max: Option<u64>,
    pub(super) gap_bytes: u64,
    pub(super) range_bytes_max: u64,
    pub(super) file_bytes: u64,
}

impl Rules {
    pub(super) fn limits(&self) -> Limits {
        Limits { gap_bytes: self.gap_bytes, range_bytes_max: self.range_bytes_max }
    }
}

/// A recall WARC to write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FilePlan {
    /// Its first capture, counted from 0 over all.
    pub(super) first: u64,
    /// Its captures.
    pub(super) captures: u64,
    /// Bytes of them.
    pub(super) bytes: u64,
    /// Requests that they take.
    pub(super) requests: u64,
    /// Bytes that those ask for.
    pub(super) request_bytes: u64,
    /// Hash of its captures: it is fetched again when they change.
    pub(super) hash: String,
}

/// How the captures to fetch came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanFacts {
    /// Captures under accepted prefixes that can be followed.
    pub(super) captures: u64,
    /// Of those, captures of pages that were read before.
    pub(super) known: u64,
    /// Of those left, further captures of an address.
    pub(super) repeated: u64,
    /// Of those left, captures over `index.domain_pages_max`.
    pub(super) over_domain: u64,
    /// Of those left, captures over `index.pages_max`.
    pub(super) over_all: u64,
    /// Index rows under accepted prefixes that cannot be followed.
    pub(super) refused: u64,
    /// Those left, by recall WARC.
    pub(super) files: Vec<FilePlan>,
}

/// Writes the rows that `keep` says to; gives the rows seen and written.
fn sift(rows: Rows<'_>, to: &Path, mut keep: impl FnMut(&Captures<'_>, usize) -> bool) -> Result<(u64, u64), Error> {
    let mut writer = TableWriter::create(to, &CAPTURES)?;
    let (mut seen, mut kept) = (0, 0);
    for batch in rows {
        let batch = batch?;
        let captures = Captures::of(&batch, to)?;
        let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(keep(&captures, row))).collect();
        seen += batch.num_rows() as u64;
        kept += mask.true_count() as u64;
        let batch = filter_record_batch(&batch, &mask)?;
        writer.write(&RecordBatch::try_new(Arc::clone(&CAPTURES), batch.columns().to_vec())?)?;
    }
    writer.finish()?;
    Ok((seen, kept))
}

/// What was read before: tables of pages, and of what was no page.
#[derive(Clone, Debug, Default)]
pub(super) struct Read {
    pub(super) pages: Vec<PathBuf>,
    pub(super) rejects: Vec<PathBuf>,
}

/// The ids of rejected pages, which their tables do not have.
fn write_rejected(rejects: &[PathBuf], to: &Path) -> Result<u64, Error> {
    let mut writer = TableWriter::create(to, &SEEN)?;
    for path in rejects {
        for batch in Table::open(path)?.columns(&["url"])?.batches()? {
            let batch = batch?;
            let url: &StringArray = column(&batch, "url", path)?;
            let ids = url.iter().flatten().filter_map(address).map(|address| address.id.to_string());
            let ids = StringArray::from_iter_values(ids);
            writer.write(&RecordBatch::try_new(Arc::clone(&SEEN), vec![Arc::new(ids)])?)?;
        }
    }
    Ok(writer.finish()?.rows)
}

/// Chooses among the `found` captures of `files`, which have rows, and writes the plan; gives the facts and the table.
pub(super) fn select(
    engine: &Engine,
    (files, found): (&[PathBuf], u64),
    read: &Read,
    rules: &Rules,
    scratch: &Path,
    plan: &Path,
) -> Result<(PlanFacts, Written), Error> {
    let mut facts = PlanFacts { captures: found, ..PlanFacts::default() };
    if files.is_empty() {
        return Ok((facts, TableWriter::create(plan, &CAPTURES)?.finish()?));
    }
    let mut captures = engine.table(files)?;
    let rejected = scratch.join("rejected.parquet");
    let mut seen = Vec::new();
    if !read.pages.is_empty() {
        seen.push(engine.table(&read.pages)?.select(vec![col("id").alias("seen")])?);
    }
    if write_rejected(&read.rejects, &rejected)? > 0 {
        seen.push(engine.table(&[rejected])?);
    }
    for seen in seen {
        captures = captures.join(seen, JoinType::LeftAnti, &["id"], &["seen"], None)?;
    }
    let newest = rules.capture == IndexCapture::Newest;
    let order = ["id", "fetched_at", "source_warc", "source_offset", "url"];
    let order = order.map(|name| col(name).sort(name != "fetched_at" || !newest, false)).to_vec();
    let mut last = None;
    let sorted = engine.rows("captures that were not read", || captures.sort(order))?;
    let mut at = scratch.join("one.parquet");
    let (new, mut left) = sift(sorted, &at, |captures, row| {
        let first = last.as_deref() != Some(captures.id(row));
        if first {
            last = Some(captures.id(row).to_owned());
        }
        first
    })?;
    facts.repeated = new - left;
    facts.known = found.saturating_sub(new);
    if let Some(most) = rules.domain_pages_max.filter(|_| left > 0) {
        let order = ["domain", "draw", "id"].map(|name| (name, Descending(false)));
        let to = scratch.join("by_domain.parquet");
        let mut of: (String, u64) = Default::default();
        let (_, kept) = sift(engine.sorted(&[at], &order)?, &to, |captures, row| {
            if of.0 != captures.domain(row) {
                of = (captures.domain(row).to_owned(), 0);
            }
            of.1 += 1;
            of.1 <= most
        })?;
        facts.over_domain = left - kept;
        (at, left) = (to, kept);
    }
    if let Some(most) = rules.pages_max.filter(|most| left > *most) {
        let order = ["draw", "id"].map(|name| (name, Descending(false)));
        let to = scratch.join("drawn.parquet");
        let mut taken = 0;
        let (_, kept) = sift(engine.sorted(&[at], &order)?, &to, |_, _| {
            taken += 1;
            taken <= most
        })?;
        facts.over_all = left - kept;
        (at, left) = (to, kept);
    }
    let mut writer = TableWriter::create(plan, &CAPTURES)?;
    let mut layout = Layout::new(*rules);
    if left > 0 {
        let order = ["source_warc", "source_offset", "id"].map(|name| (name, Descending(false)));
        for batch in engine.sorted(&[at], &order)? {
            let batch = batch?;
            let captures = Captures::of(&batch, plan)?;
            for row in 0..batch.num_rows() {
                layout.take(&captures.get(row));
            }
            writer.write(&RecordBatch::try_new(Arc::clone(&CAPTURES), batch.columns().to_vec())?)?;
        }
    }
    facts.files = layout.finish();
    Ok((facts, writer.finish()?))
}

/// Lays captures out over recall WARCs, in the order in which they come.
struct Layout {
    rules: Rules,
    files: Vec<FilePlan>,
    open: FilePlan,
    places: Vec<(Arc<str>, Place)>,
    hash: Xxh3,
}

impl Layout {
    fn new(rules: Rules) -> Self {
        Self { rules, files: Vec::new(), open: FilePlan::default(), places: Vec::new(), hash: Xxh3::new() }
    }

    fn take(&mut self, capture: &Capture) {
        let Capture { id, url, warc, place, digest, .. } = capture;
        let full = self.open.bytes.saturating_add(place.length) > self.rules.file_bytes;
        if self.open.captures > 0 && (full || self.open.captures >= FILE_CAPTURES_MAX) {
            self.close();
        }
        for text in [id, url, warc, digest.as_deref().unwrap_or_default()] {
            self.hash.update(text.as_bytes());
            self.hash.update(&[0]);
        }
        self.hash.update(&place.offset.to_le_bytes());
        self.hash.update(&place.length.to_le_bytes());
        self.open.captures += 1;
        self.open.bytes = self.open.bytes.saturating_add(place.length);
        let name = match self.places.last() {
            Some((last, _)) if **last == **warc => Arc::clone(last),
            _ => Arc::from(warc.as_str()),
        };
        self.places.push((name, *place));
    }

    fn close(&mut self) {
        let mut plan = std::mem::take(&mut self.open);
        self.open.first = plan.first + plan.captures;
        let asked = requests(self.places.iter().map(|(warc, place)| (&**warc, *place)), self.rules.limits());
        plan.requests = asked.len() as u64;
        plan.request_bytes = asked.iter().map(|request| request.bytes.end - request.bytes.start).sum();
        plan.hash = format!("{:032x}", self.hash.digest128());
        self.places.clear();
        self.hash.reset();
        self.files.push(plan);
    }

    fn finish(mut self) -> Vec<FilePlan> {
        if self.open.captures > 0 {
            self.close();
        }
        self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_laid_out_over_files() {
        let rules = Rules {
            capture: IndexCapture::Newest,
            pages_max: None,
            domain_pages_max: None,
            gap_bytes: 10,
            range_bytes_max: 1000,
            file_bytes: 100,
        };
        let capture = |warc: &str, offset, length| Capture {
            id: format!("{offset}"),
            url: String::new(),
            domain: String::new(),
            prefix: String::new(),
            fetched_at_ms: None,
            warc: warc.to_owned(),
            place: Place { offset, length },
            digest: None,
            draw: 0,
        };
        let plan = |captures: &[Capture]| {
            let mut layout = Layout::new(rules);
            captures.iter().for_each(|capture| layout.take(capture));
            layout.finish()
        };
        let all = [capture("a", 0, 40), capture("a", 45, 50), capture("b", 0, 10), capture("b", 500, 200)];
        let files = plan(&all);
        let shapes: Vec<_> =
            files.iter().map(|f| (f.first, f.captures, f.bytes, f.requests, f.request_bytes)).collect();
        assert_eq!(shapes, [(0, 3, 100, 2, 105), (3, 1, 200, 1, 200)]);
        let other = plan(&[all[0].clone(), all[1].clone(), all[2].clone(), capture("b", 501, 200)]);
        assert_eq!(other[0], files[0]);
        assert_ne!(other[1].hash, files[1].hash);
        assert!(plan(&[]).is_empty());
    }
}
