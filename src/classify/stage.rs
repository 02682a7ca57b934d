//! The stages of the classifier: `classifier.bin` and its card from the seed and the crawl, then a score for each page.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use arrow::array::{Array, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::draw::Eligible;
use super::seed::{SeedError, read};
use super::{Card, Classifier, ClassifyError, Example, SettingsChoice, train};
use crate::config::{self, ClassifierSettings, Negatives};
use crate::dedup::exchange::PageRef;
use crate::dedup::url::address;
use crate::io::table::{Table, TableWriter, column, write_file};
use crate::page::PageId;
use crate::pages::Pages;
use crate::reject::Tally;
use crate::task::{Artifact, Done, Input, Progress, Runner, SCRATCH, Stage, Task, TaskResult, with_cpu_time};

/// Raised when the same inputs would give another classifier or other scores.
const VERSION: u32 = 4;

/// The files of a classifier in its round's folder.
pub const CLASSIFIER_FILES: [&str; 2] = ["classifier.bin", "classifier.json"];

/// The table of scores: a row a page, in the order of the page file.
pub static SCORES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, false), Field::new("score", DataType::Float64, false)]))
});

type Error = Box<dyn std::error::Error + Send + Sync>;

/// With automatic settings, negatives drawn for each positive, and at least: more would only cost memory, since the
/// balanced training set takes no more than three for each.
const NEGATIVES_OF_AUTO: (usize, usize) = (10, 3000);

/// What a classifier is trained on.
pub struct Training<'a> {
    /// The seed.
    pub positives: &'a Artifact,
    /// Negatives from files; else they are drawn from the crawl.
    pub negatives: Option<&'a Artifact>,
    /// Pages that are negatives in any case.
    pub refused: Option<&'a Artifact>,
    /// Which pages of the crawl may be drawn.
    pub eligible: Eligible<'a>,
}

/// What of the crawl takes part, and what of it cannot be a negative.
#[derive(Clone, Copy, Debug, Default)]
struct OfCrawl {
    /// Pages that take part.
    pages: u64,
    /// Those in the seed.
    in_seed: u64,
    /// Others that were collected before, or lie under accepted prefixes.
    taken: u64,
}

impl OfCrawl {
    /// The share of the crawl that no negative could be drawn from.
    fn share_taken(self) -> f64 {
        if self.pages == 0 { 0.0 } else { (self.in_seed + self.taken) as f64 / self.pages as f64 }
    }
}

/// The classifier of one round.
pub struct Classifying<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// Seed sizes and random seed.
    pub seed: &'a config::Seed,
    /// How settings are chosen.
    pub rules: &'a config::Classifier,
    /// Which round, from 1.
    pub round: u32,
}

impl Classifying<'_> {
    fn folder(&self) -> PathBuf {
        self.runner.out.join(format!("rounds/{:02}", self.round))
    }

    fn stage_name(&self, stage: &str) -> String {
        format!("rounds/{:02}/{stage}", self.round)
    }

    /// The stage that trains; its task is `classifier`.
    #[must_use]
    pub fn train_stage<'s>(&'s self, training: Training<'s>) -> Stage<'s> {
        let mut inputs = BTreeMap::from([self.pages.all()]);
        inputs.insert("positives".to_owned(), training.positives.input.clone());
        for (name, artifact) in [("negatives", training.negatives), ("refused", training.refused)] {
            if let Some(artifact) = artifact {
                inputs.insert(name.to_owned(), artifact.input.clone());
            }
        }
        if training.negatives.is_none() {
            inputs.extend(training.eligible.input());
        }
        let knobs = (
            self.rules,
            self.seed.negatives_max,
            self.seed.random_seed,
            super::NORMALISATION_VERSION,
            NEGATIVES_OF_AUTO,
        );
        let run = move |progress: &Progress| self.train(&training, progress);
        let task = Task { name: "classifier".to_owned(), inputs, run: Box::new(run) };
        Stage::new(self.stage_name("train"), VERSION, &knobs, vec![task])
    }

    fn train(&self, training: &Training<'_>, progress: &Progress) -> TaskResult {
        // Held out by host: where many authors share a registrable domain, a host is one site.
        let example = |text: &str, domain: String, positive: bool| Example {
            text: text.to_owned(),
            positive,
            refused: false,
            domain,
        };
        let mut examples = Vec::new();
        let mut of_seed: BTreeMap<PageId, Option<usize>> = BTreeMap::new();
        read(&training.positives.path, &mut |document| {
            let address = address(&document.url);
            if let Some(address) = &address {
                // A recalled page is as the crawl has it already, and clean of benchmarks.
                of_seed.insert(address.id, (!document.is_recalled()).then_some(examples.len()));
            }
            examples.push(example(&document.text, address.map(|a| a.host).unwrap_or_default(), true));
            progress.items(1);
            Ok(())
        })?;
        if examples.is_empty() {
            return Err(SeedError::Empty { files: 1, blank: 0 }.into());
        }
        let in_crawl = self.take_crawl_texts(&of_seed, &mut examples)?;
        let positives = examples.len();
        let mut refused_ids = BTreeSet::new();
        let mut read_negatives = |artifact: &Artifact, refused: bool| {
            read(&artifact.path, &mut |document| {
                let address = address(&document.url);
                if refused && let Some(address) = &address {
                    // Not drawn a second time.
                    refused_ids.insert(address.id);
                }
                let host = address.map(|a| a.host).unwrap_or_default();
                examples.push(Example { refused, ..example(&document.text, host, false) });
                Ok(())
            })
        };
        if let Some(artifact) = training.refused {
            read_negatives(artifact, true)?;
        }
        let mut taken = 0.0;
        match training.negatives {
            Some(artifact) => read_negatives(artifact, false)?,
            None => {
                let (each, least) = NEGATIVES_OF_AUTO;
                let most = match self.rules.settings {
                    ClassifierSettings::Auto => self.seed.negatives_max.min((each * positives).max(least)),
                    // As many as positives (section 2.1): with few steps the larger side is all that is learnt.
                    ClassifierSettings::Paper => self.seed.negatives_max.min(positives),
                };
                let (drawn, of_crawl) = self.draw_negatives(&of_seed, &refused_ids, &training.eligible, most)?;
                if drawn.is_empty() && refused_ids.is_empty() {
                    let OfCrawl { pages, in_seed, taken } = of_crawl;
                    return Err(ClassifyError::NoNegatives { pages, in_seed, taken }.into());
                }
                taken = of_crawl.share_taken();
                self.each_text(&drawn, &mut |_, host, text| examples.push(example(text, host.to_owned(), false)))?;
            }
        }
        let choice = match self.rules.settings {
            ClassifierSettings::Auto => SettingsChoice::Auto,
            ClassifierSettings::Paper => SettingsChoice::Paper,
        };
        let scratch = self.runner.out.join(SCRATCH);
        std::fs::create_dir_all(&scratch).map_err(|e| format!("{}: cannot make the folder: {e}", scratch.display()))?;
        let trained = train(&examples, taken, &choice, self.seed.random_seed, &scratch)
            .map_err(|e| format!("training in {}: {}", scratch.display(), chain(&e)))?;
        let card = serde_json::to_vec_pretty(&trained.card)?;
        let outputs = vec![
            write_file(&self.folder().join("classifier.bin"), &trained.model, 0)?,
            write_file(&self.folder().join("classifier.json"), &card, 0)?,
        ];
        let mut facts = serde_json::to_value(&trained.card)?;
        facts["positives_as_in_crawl"] = in_crawl.into();
        facts["share_taken"] = taken.into();
        Ok(Done { outputs, facts, ..Done::default() })
    }

    /// A seed document whose page is in the crawl is trained on as the crawl's own extraction has it: one extraction on
    /// both sides, so that the classifier can't tell the sides apart by the extractor's habits.
    fn take_crawl_texts(
        &self,
        of_seed: &BTreeMap<PageId, Option<usize>>,
        examples: &mut [Example],
    ) -> Result<u64, Error> {
        let mut wanted = BTreeMap::new();
        self.each_id(&mut |page, id| {
            if let Some(Some(example)) = of_seed.get(&id) {
                wanted.entry(*example).or_insert(page);
            }
        })?;
        let place: BTreeMap<PageRef, usize> = wanted.into_iter().map(|(example, page)| (page, example)).collect();
        let pages: BTreeSet<PageRef> = place.keys().copied().collect();
        let mut taken = 0;
        self.each_text(&pages, &mut |page, _, text| {
            if let Some(example) = place.get(&page).and_then(|i| examples.get_mut(*i)) {
                text.clone_into(&mut example.text);
                taken += 1;
            }
        })?;
        Ok(taken)
    }

    fn each_id(&self, each: &mut dyn FnMut(PageRef, PageId)) -> Result<(), Error> {
        for file in 0..self.pages.len() {
            let path = self.pages.file(file);
            let mut row = 0;
            for batch in Table::open(path)?.columns(&["id"])?.batches()? {
                let batch = batch?;
                for id in column::<StringArray>(&batch, "id", path)?.iter().flatten() {
                    each(PageRef::new(file, row), id.parse()?);
                    row += 1;
                }
            }
        }
        Ok(())
    }

    /// A seeded sample of the eligible pages that are not in the seed, and what of the crawl could not be drawn. Memory:
    /// the sample's references.
    ///
    /// The same in each round but for what is eligible: a draw of its own would change a round that has nothing new.
    fn draw_negatives(
        &self,
        of_seed: &BTreeMap<PageId, Option<usize>>,
        refused: &BTreeSet<PageId>,
        eligible: &Eligible<'_>,
        most: usize,
    ) -> Result<(BTreeSet<PageRef>, OfCrawl), Error> {
        let mut keep = eligible.open();
        let mut sample = BinaryHeap::new();
        let mut failed = None;
        let mut of_crawl = OfCrawl::default();
        self.each_id(&mut |page, id| {
            let may = keep.next(id).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                None
            });
            let (in_seed, is_refused) = (of_seed.contains_key(&id), refused.contains(&id));
            of_crawl.pages += u64::from(may.is_some());
            of_crawl.in_seed += u64::from(may.is_some() && in_seed && !is_refused);
            of_crawl.taken += u64::from(may == Some(false) && !in_seed && !is_refused);
            if may == Some(true) && !in_seed && !is_refused {
                sample.push((xxh3_64_with_seed(&id.0.to_le_bytes(), self.seed.random_seed), page));
                if sample.len() > most {
                    sample.pop();
                }
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None if !keep.ended()? => Err(keep.misaligned()),
            None => Ok((sample.into_iter().map(|(_, page)| page).collect(), of_crawl)),
        }
    }

    fn each_text(&self, pages: &BTreeSet<PageRef>, each: &mut dyn FnMut(PageRef, &str, &str)) -> Result<(), Error> {
        let pages: Vec<PageRef> = pages.iter().copied().collect();
        for group in pages.chunk_by(|a, b| a.file() == b.file()) {
            let path = self.pages.file(group[0].file());
            let rows: Vec<u32> = group.iter().map(|page| page.row()).collect();
            let mut next = group.iter();
            for batch in Table::open(path)?.columns(&["host", "text"])?.select(&rows).batches()? {
                let batch = batch?;
                let host: &StringArray = column(&batch, "host", path)?;
                let text: &StringArray = column(&batch, "text", path)?;
                for (i, page) in (0..batch.num_rows()).zip(next.by_ref()) {
                    each(*page, host.value(i), text.value(i));
                }
            }
        }
        Ok(())
    }

    /// The stage that scores: a task a page file. All pages are scored, duplicates too: a score depends on the text
    /// and the classifier alone, so a changed knob of deduplication costs no scoring.
    #[must_use]
    pub fn score_stage<'s>(&'s self, classifier: &BTreeMap<String, Input>) -> Stage<'s> {
        let loaded: Arc<OnceLock<Result<Classifier, String>>> = Arc::new(OnceLock::new());
        let tasks = (0..self.pages.len())
            .map(|file| {
                let mut inputs = self.pages.input(file);
                inputs.extend(classifier.clone());
                let loaded = Arc::clone(&loaded);
                let run = move |progress: &Progress| {
                    let load = || load(&self.folder()).map_err(|e| e.to_string());
                    let classifier = loaded.get_or_init(load).as_ref().map_err(Clone::clone)?;
                    self.score(file, classifier, progress)
                };
                Task { name: self.pages.stem(file).to_owned(), inputs, run: Box::new(run) }
            })
            .collect();
        Stage::new(self.stage_name("score"), VERSION, &(), tasks)
    }

    fn score(&self, file: usize, classifier: &Classifier, progress: &Progress) -> TaskResult {
        let path = self.pages.file(file);
        let output = self.folder().join(format!("scores/{}.parquet", self.pages.stem(file)));
        let mut writer = TableWriter::create(&output, &SCORES)?;
        let mut tally = Tally::default();
        let mut cpu_elsewhere_s = 0.0;
        for batch in Table::open(path)?.columns(&["id", "text"])?.batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let scored: Vec<(f64, f64)> = self.runner.pool.install(|| {
                (0..text.len())
                    .into_par_iter()
                    .map_init(|| classifier.scorer(), |scorer, i| with_cpu_time(|| scorer.score(text.value(i))))
                    .collect()
            });
            cpu_elsewhere_s += scored.iter().map(|s| s.1).sum::<f64>();
            let scores = Float64Array::from_iter_values(scored.into_iter().map(|s| s.0));
            let columns: Vec<Arc<dyn Array>> = vec![Arc::new(id.clone()), Arc::new(scores)];
            writer.write(&RecordBatch::try_new(Arc::clone(&SCORES), columns)?)?;
            tally.seen += batch.num_rows() as u64;
            tally.kept += batch.num_rows() as u64;
            progress.items(batch.num_rows() as u64);
        }
        Ok(Done { tally, outputs: vec![writer.finish()?], cpu_elsewhere_s, ..Done::default() })
    }
}

/// The classifier in a round's folder.
fn load(folder: &Path) -> Result<Classifier, Error> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|e| format!("{}: cannot read: {e}", path.display()))
    };
    let card: Card = serde_json::from_slice(&read("classifier.json")?)?;
    Ok(Classifier::load(&read("classifier.bin")?, card)?)
}

/// Whether negatives come from files, for the caller that imports them.
#[must_use]
pub fn negative_files(seed: &config::Seed) -> Option<&[String]> {
    match &seed.negatives {
        Negatives::Crawl => None,
        Negatives::Files(files) => Some(files),
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}
