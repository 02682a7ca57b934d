//! The texts of the sampled pages: read a page file at a time, then sorted by domain and prefix.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBuilder, Float64Array, Float64Builder, Int64Array, Int64Builder, RecordBatch,
    StringArray, StringBuilder, UInt64Array,
};

use super::tables::{PLACED_SAMPLES, SAMPLES};
use super::{Analysis, Error, Ranked, VERSION};
use crate::dedup::exchange::PageRef;
use crate::domains::picks::excerpt;
use crate::io::query::Descending;
use crate::io::table::{Table, TableWriter, column};
use crate::reject::Tally;
use crate::task::{Artifact, Done, Input, Progress, Row, Stage, Task, TaskResult};

/// A page that is sampled for a prefix.
struct Pick {
    domain: String,
    prefix: String,
    place: i64,
    collected: bool,
}

impl Analysis<'_> {
    pub(super) fn samples_stage<'s>(&'s self, ranked: &'s Ranked, tree: &Row) -> Stage<'s> {
        let picks = Artifact::of(self.runner, tree, "picks.parquet");
        let tasks = (0..self.pages.len()).map(|file| {
            let mut inputs = self.pages.input(file);
            inputs.insert("place".to_owned(), Input::Ours(file.to_string()));
            inputs.insert("scores".to_owned(), ranked.scores[file].input.clone());
            inputs.extend(picks.as_ref().map(|picks| ("picks".to_owned(), picks.input.clone())));
            Task {
                name: self.pages.stem(file).to_owned(),
                inputs,
                run: Box::new(move |progress: &Progress| self.sample(&ranked.scores[file], file, progress)),
            }
        });
        Stage::new(self.stage_name("samples"), VERSION, &(), tasks.collect())
    }

    /// The sampled pages of a file, by row. Memory: domains × prefixes × samples, all of which are capped.
    fn picks(&self, file: usize) -> Result<BTreeMap<u32, Vec<Pick>>, Error> {
        let path = self.work().join("picks.parquet");
        let mut found: BTreeMap<u32, Vec<Pick>> = BTreeMap::new();
        for batch in Table::open(&path)?.batches()? {
            let batch = batch?;
            let domain: &StringArray = column(&batch, "domain", &path)?;
            let prefix: &StringArray = column(&batch, "prefix", &path)?;
            let place: &Int64Array = column(&batch, "place", &path)?;
            let page: &UInt64Array = column(&batch, "page", &path)?;
            let collected: &BooleanArray = column(&batch, "collected", &path)?;
            for i in (0..batch.num_rows()).filter(|i| PageRef(page.value(*i)).file() == file) {
                found.entry(PageRef(page.value(i)).row()).or_default().push(Pick {
                    domain: domain.value(i).to_owned(),
                    prefix: prefix.value(i).to_owned(),
                    place: place.value(i),
                    collected: collected.value(i),
                });
            }
        }
        Ok(found)
    }

    fn sample(&self, scores: &Artifact, file: usize, progress: &Progress) -> TaskResult {
        let picks = self.picks(file)?;
        let rows: Vec<u32> = picks.keys().copied().collect();
        let path = self.pages.file(file);
        let mut writer = TableWriter::create(&self.part("samples", self.pages.stem(file)), &PLACED_SAMPLES)?;
        let mut tally = Tally::default();
        let mut picks = picks.into_values();
        let mut scores_batches = Table::open(&scores.path)?.select(&rows).batches()?;
        let batches = Table::open(path)?.columns(&["id", "url", "title", "text"])?.select(&rows).batches()?;
        for batch in batches {
            let batch = batch?;
            let changed = || -> Error { format!("{}: not of these pages", scores.path.display()).into() };
            let scored = scores_batches.next().ok_or_else(changed)??;
            let texts = ["id", "url", "title", "text"].map(|name| column::<StringArray>(&batch, name, path));
            let [id, url, title, text] = texts;
            let (id, url, title, text) = (id?, url?, title?, text?);
            let score: &Float64Array = column(&scored, "score", &scores.path)?;
            if id != column::<StringArray>(&scored, "id", &scores.path)? {
                return Err(changed());
            }
            let mut strings: [StringBuilder; 6] = Default::default();
            let (mut place, mut score_rows, mut collected) =
                (Int64Builder::new(), Float64Builder::new(), BooleanBuilder::new());
            for (i, picks) in (0..batch.num_rows()).zip(picks.by_ref()) {
                for pick in picks {
                    let values = [
                        pick.domain.as_str(),
                        &pick.prefix,
                        id.value(i),
                        url.value(i),
                        title.value(i),
                        excerpt(text.value(i)),
                    ];
                    strings.iter_mut().zip(values).for_each(|(builder, value)| builder.append_value(value));
                    place.append_value(pick.place);
                    score_rows.append_value(score.value(i));
                    collected.append_value(pick.collected);
                    tally.seen += 1;
                    tally.kept += 1;
                }
            }
            progress.items(batch.num_rows() as u64);
            let [domain, prefix, id, url, title, text] =
                strings.each_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef);
            let columns = vec![
                Arc::new(place.finish()) as ArrayRef,
                domain,
                prefix,
                id,
                url,
                title,
                Arc::new(score_rows.finish()),
                Arc::new(collected.finish()),
                text,
            ];
            writer.write(&RecordBatch::try_new(Arc::clone(&PLACED_SAMPLES), columns)?)?;
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }

    pub(super) fn all_samples_stage<'s>(&'s self, sampled: &[Row]) -> Stage<'s> {
        let files = self.parts("samples", sampled);
        let task = Task {
            name: "all".to_owned(),
            inputs: BTreeMap::from([("samples".to_owned(), Input::rows(sampled))]),
            run: Box::new(move |_: &Progress| self.all_samples(&files)),
        };
        Stage::new(self.stage_name("samples/all"), VERSION, &(), vec![task])
    }

    fn all_samples(&self, files: &[PathBuf]) -> TaskResult {
        let mut writer = TableWriter::create(&self.folder().join("samples.parquet"), &SAMPLES)?;
        let mut tally = Tally::default();
        if !files.is_empty() {
            let order = [("domain", Descending(false)), ("place", Descending(false))];
            for batch in self.engine()?.sorted(files, &order)? {
                let batch = batch?;
                // All but the place.
                writer.write(&RecordBatch::try_new(Arc::clone(&SAMPLES), batch.columns()[1..].to_vec())?)?;
                tally.seen += batch.num_rows() as u64;
                tally.kept += batch.num_rows() as u64;
            }
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], ..Done::default() })
    }
}
