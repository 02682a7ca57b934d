//! Band keys → candidate pairs → those of them that are similar indeed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, StringArray};
use rayon::prelude::*;

use super::tables::{PAIRS, append_pairs, by_file, read_lost, read_pairs_of, write_edges};
use super::{Dedup, Error, inputs};
use crate::dedup::candidates::{GroupCap, groups, push_pairs};
use crate::dedup::exchange::{self, PageRef};
use crate::dedup::page_set::PageSet;
use crate::dedup::shingles::{Tokens, jaccard, sizes_allow};
use crate::io::table::{Table, TableWriter, column};
use crate::task::{Done, Progress, Row, Stage, Task, TaskResult, with_cpu_time};

/// Pages whose shingles are held at once to verify pairs: some 20 kB each.
const VERIFY_PAGES: usize = 1024;
/// Candidate pairs that are held before they are written, 16 bytes each.
const PAIRS_HELD: usize = 1 << 21;

impl Dedup<'_> {
    pub(super) fn bands_stage<'s>(&'s self, signed: &[Row], lost: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        let mut before = self.bucket_paths("lost_by_address");
        before.extend(self.bucket_paths("lost_by_text"));
        let gone: Arc<OnceLock<Result<PageSet, String>>> = Arc::default();
        self.bucket_stage("bands", &all, move |bucket, progress| {
            let gone =
                gone.get_or_init(|| read_lost(&before).map_err(|e| e.to_string())).as_ref().map_err(Clone::clone)?;
            self.candidates(bucket, gone, progress)
        })
    }

    fn candidates(&self, bucket: usize, gone: &PageSet, progress: &Progress) -> TaskResult {
        let rows = exchange::read(&self.all("by_band"), bucket, self.rules.buckets)?;
        let mut rows: Vec<(u64, u64)> =
            rows.into_iter().filter(|(_, _, page)| !gone.holds(*page)).map(|(key, _, page)| (key, page.0)).collect();
        progress.items(rows.len() as u64);
        let cap = GroupCap::default();
        let mut writer = TableWriter::create(&self.work("pairs", &format!("{bucket:05}")), &PAIRS)?;
        let mut held: Vec<(u64, u64)> = Vec::new();
        let (mut largest, mut capped) = (0, 0u64);
        for mut group in groups(&mut rows) {
            largest = largest.max(group.len());
            if group.len() > cap.all_pairs_max {
                capped += 1;
                self.best_first(&mut group)?;
            }
            push_pairs(&mut held, &group, cap);
            if held.len() >= PAIRS_HELD {
                flush(&mut writer, &mut held)?;
            }
        }
        flush(&mut writer, &mut held)?;
        let facts = serde_json::json!({ "largest_group": largest, "groups_capped": capped });
        Ok(Done { outputs: vec![writer.finish()?], facts, ..Done::default() })
    }

    fn best_first(&self, group: &mut [u64]) -> Result<(), Error> {
        let qualities = self.qualities(&group.iter().map(|page| PageRef(*page)).collect())?;
        group.sort_by_cached_key(|page| std::cmp::Reverse(qualities.get(&PageRef(*page)).copied()));
        Ok(())
    }

    pub(super) fn verify_stage<'s>(&'s self, signed: &[Row], pairs: &[Row]) -> Stage<'s> {
        // The verdict is on the texts, which may change while the pairs stay.
        let mut all = inputs("signed", signed);
        all.extend(inputs("pairs", pairs));
        let tasks = (0..self.pages.len())
            .map(|file| Task {
                name: self.pages.stem(file).to_owned(),
                inputs: all.clone(),
                run: Box::new(move |progress: &Progress| self.verify(file, progress)),
            })
            .collect();
        self.stage("verify", tasks)
    }

    /// The pairs whose first page is in `file`, each compared on its true shingles.
    fn verify(&self, file: usize, progress: &Progress) -> TaskResult {
        let mut pairs = BTreeSet::new();
        for path in self.bucket_paths("pairs") {
            pairs.extend(read_pairs_of(&path, file)?);
        }
        let mut edges = Vec::new();
        let mut seen = 0u64;
        let mut cpu_elsewhere_s = 0.0;
        let mut rest = pairs.into_iter().peekable();
        while rest.peek().is_some() {
            // A chunk of pairs with the texts they need.
            let mut chunk = Vec::new();
            let mut wanted = BTreeSet::new();
            while let Some(pair) = rest.next_if(|_| wanted.len() < VERIFY_PAGES) {
                wanted.extend([pair.0, pair.1]);
                chunk.push(pair);
            }
            let (shingles, cpu_s) = self.shingles(&wanted)?;
            cpu_elsewhere_s += cpu_s;
            seen += chunk.len() as u64;
            progress.items(wanted.len() as u64);
            chunk.retain(|(a, b)| {
                let (Some(x), Some(y)) = (shingles.get(a), shingles.get(b)) else { return false };
                sizes_allow(x.len(), y.len(), self.rules.jaccard_min) && jaccard(x, y) >= self.rules.jaccard_min
            });
            let qualities = self.qualities(&chunk.iter().flat_map(|(a, b)| [*a, *b]).collect())?;
            for (a, b) in chunk {
                let (Some(x), Some(y)) = (qualities.get(&a), qualities.get(&b)) else { continue };
                edges.push(if x < y { ((a, *x), (b, *y)) } else { ((b, *y), (a, *x)) });
            }
        }
        let kept = edges.len() as u64;
        let path = self.work("edges", self.pages.stem(file));
        let facts = serde_json::json!({ "pairs": seen, "verified": kept });
        Ok(Done { outputs: vec![write_edges(&path, &edges)?], facts, cpu_elsewhere_s, ..Done::default() })
    }

    fn shingles(&self, wanted: &BTreeSet<PageRef>) -> Result<(BTreeMap<PageRef, Vec<u64>>, f64), Error> {
        let mut shingles = BTreeMap::new();
        let mut cpu_elsewhere_s = 0.0;
        let lengths = self.lengths();
        for (file, rows) in by_file(wanted) {
            let path = self.pages.file(file);
            let mut next = rows.iter();
            for batch in Table::open(path)?.columns(&["text"])?.select(&rows).batches()? {
                let batch = batch?;
                let text: &StringArray = column(&batch, "text", path)?;
                let made: Vec<(Vec<u64>, f64)> = self.runner.pool.install(|| {
                    (0..text.len())
                        .into_par_iter()
                        .map(|i| with_cpu_time(|| Tokens::of(text.value(i)).shingles(lengths)))
                        .collect()
                });
                for ((set, cpu_s), row) in made.into_iter().zip(next.by_ref()) {
                    cpu_elsewhere_s += cpu_s;
                    shingles.insert(PageRef::new(file, *row), set);
                }
            }
        }
        Ok((shingles, cpu_elsewhere_s))
    }
}

/// Writes what is held, sorted, so that a row group is a range of pages.
fn flush(writer: &mut TableWriter, held: &mut Vec<(u64, u64)>) -> Result<(), Error> {
    held.sort_unstable();
    held.dedup();
    let pairs: Vec<(PageRef, PageRef)> = held.drain(..).map(|(a, b)| (PageRef(a), PageRef(b))).collect();
    append_pairs(writer, &pairs)
}
