//! A page file → what its pages are compared by, sorted into buckets; and how good each is to keep.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray, UInt32Array,
    UInt64Array,
};
use rayon::prelude::*;

use super::tables::QUALITIES;
use super::{Dedup, Error};
use crate::dedup::bands::Banding;
use crate::dedup::clusters::capture_key;
use crate::dedup::exchange::{self, KeyRow};
use crate::dedup::shingles::Tokens;
use crate::dedup::signature::{FAMILY, Signer};
use crate::io::table::{Table, TableWriter, column};
use crate::page::PageId;
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Stage, Task, TaskResult, with_cpu_time};

/// The scores of a table `id` `score`, in millionths; what is no number counts as none.
fn read_scores(path: &Path) -> Result<BTreeMap<PageId, u32>, Error> {
    let mut scores = BTreeMap::new();
    for batch in Table::open(path)?.columns(&["id", "score"])?.batches()? {
        let batch = batch?;
        let id: &StringArray = column(&batch, "id", path)?;
        let score: &Float64Array = column(&batch, "score", path)?;
        for i in (0..batch.num_rows()).filter(|i| score.is_valid(*i) && !score.value(*i).is_nan()) {
            scores.insert(id.value(i).parse()?, (score.value(i).clamp(0.0, 1.0) * 1e6).round() as u32);
        }
    }
    Ok(scores)
}

/// The hash of a text and its band keys; none where it has no token.
type Signed = (Option<u128>, Vec<u64>);

impl Dedup<'_> {
    pub(super) fn sign_stage(&self) -> Stage<'_> {
        let tasks = (0..self.pages.len())
            .map(|file| {
                let stem = self.pages.stem(file);
                let mut inputs = self.pages.input(file);
                let verdicts = self.quality.into_iter().flatten().filter(|row| row.task == stem);
                inputs.extend(self.scores(file).map(|path| ("scores".to_owned(), Input::File(path))));
                inputs.extend(verdicts.map(|row| ("quality".to_owned(), Input::rows(std::slice::from_ref(row)))));
                Task {
                    name: stem.to_owned(),
                    inputs,
                    run: Box::new(move |progress: &Progress| self.sign(file, progress)),
                }
            })
            .collect();
        self.stage("sign", tasks)
    }

    /// The scores of a page file's pages, where the configuration names scores and there are some for this file.
    fn scores(&self, file: usize) -> Option<PathBuf> {
        let folder = self.rules.scores.as_ref()?;
        Some(folder.join(format!("{}.parquet", self.pages.stem(file)))).filter(|path| path.is_file())
    }

    fn sign(&self, file: usize, progress: &Progress) -> TaskResult {
        let path = self.pages.file(file);
        let stem = self.pages.stem(file);
        let banding = Banding::new(self.rules.bands, self.rules.rows)?;
        let lengths = self.lengths();
        let mut qualities = TableWriter::create(&self.work("qualities", stem), &QUALITIES)?;
        let (mut by_address, mut by_text, mut by_band) = (Vec::new(), Vec::new(), Vec::new());
        let mut cpu_elsewhere_s = 0.0;
        let mut row = 0u32;
        let mut tally = Tally::default();
        let refused = self.refused(file)?;
        let is_refused = |row: usize| refused.get(row).is_some_and(Option::is_some);
        let scores = self.scores(file).map(|path| read_scores(&path)).transpose()?.unwrap_or_default();
        let columns = ["id", "text", "formulas", "fetched_at", "warc", "warc_offset"];
        for batch in Table::open(path)?.columns(&columns)?.batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let formulas: &Int32Array = column(&batch, "formulas", path)?;
            let fetched_at: &TimestampMillisecondArray = column(&batch, "fetched_at", path)?;
            let warc: &StringArray = column(&batch, "warc", path)?;
            let offset: &Int64Array = column(&batch, "warc_offset", path)?;
            // The pages of a batch are signed side by side, a signer a thread.
            let signed: Vec<(Signed, f64)> = self.runner.pool.install(|| {
                (0..batch.num_rows())
                    .into_par_iter()
                    .map_init(
                        || Signer::new(banding.places()),
                        |signer, i| {
                            with_cpu_time(|| {
                                if is_refused(row as usize + i) {
                                    return (None, Vec::new());
                                }
                                let tokens = Tokens::of(text.value(i));
                                let shingles = tokens.shingles(lengths);
                                let keys = signer.sign(&shingles).map(|s| banding.keys(s).collect());
                                (tokens.hash(), keys.unwrap_or_default())
                            })
                        },
                    )
                    .collect()
            });
            for (i, ((hash, keys), cpu_s)) in signed.into_iter().enumerate() {
                cpu_elsewhere_s += cpu_s;
                let PageId(page) = id.value(i).parse()?;
                if !is_refused(row as usize) {
                    by_address.push(KeyRow { key: (page >> 64) as u64, check: page as u64, row });
                }
                if let Some(hash) = hash {
                    by_text.push(KeyRow { key: (hash >> 64) as u64, check: hash as u64, row });
                }
                by_band.extend(keys.into_iter().map(|key| KeyRow { key, check: 0, row }));
                row += 1;
                tally.count(&Ok(()));
            }
            let ids = (0..batch.num_rows()).map(|i| id.value(i).parse());
            let ids = ids.collect::<Result<Vec<PageId>, _>>()?;
            let scores = ids.iter().map(|id| scores.get(id).copied());
            let chars = (0..batch.num_rows()).map(|i| text.value(i).chars().count() as u32);
            let captures = (0..batch.num_rows()).map(|i| capture_key(warc.value(i), offset.value(i) as u64));
            qualities.write(&RecordBatch::try_new(
                Arc::clone(&QUALITIES),
                vec![
                    Arc::new(scores.collect::<UInt32Array>()),
                    Arc::new(UInt32Array::from_iter_values(chars)),
                    Arc::new(formulas.clone()),
                    Arc::new(fetched_at.iter().collect::<Int64Array>()),
                    Arc::new(id.clone()),
                    Arc::new(UInt64Array::from_iter_values(captures)),
                ],
            )?)?;
            progress.items(batch.num_rows() as u64);
        }
        let buckets = self.rules.buckets;
        let family = format!(
            "{FAMILY}, {} bands of {} rows, shingles of {} words or {} characters",
            self.rules.bands, self.rules.rows, lengths.words, lengths.characters
        );
        let outputs = vec![
            qualities.finish()?,
            exchange::write(&self.work("by_address", stem), &mut by_address, buckets, "xxh3-128 of the address")?,
            exchange::write(&self.work("by_text", stem), &mut by_text, buckets, "xxh3-128 of the tokens")?,
            exchange::write(&self.work("by_band", stem), &mut by_band, buckets, &family)?,
        ];
        Ok(Done { tally, outputs, cpu_elsewhere_s, ..Done::default() })
    }
}
