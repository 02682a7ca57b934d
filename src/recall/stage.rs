//! The stages of recall.
//!
//! ```text
//! recall  a task a page file   what the round makes of each page: collected, accepted, recalled, refused, left
//! seed    one task             rounds/NN/seed.parquet, which the next round trains on, and its negatives.parquet
//! ```

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, BooleanBuilder, Float64Array, RecordBatch, StringArray, StringBuilder, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::caps::{Bounds, cap};
use super::texts::each_text;
use super::verdicts::Verdicts;
use crate::classify::seed::{Recalled as Origin, SeedDocument, SeedWriter, read};
use crate::config;
use crate::config::NegativesFrom;
use crate::dedup::exchange::PageRef;
use crate::dedup::url::address;
use crate::domains::annotations::Verdict;
use crate::domains::stage::Last;
use crate::io::table::{Batches, Table, TableWriter, column};
use crate::page::PageId;
use crate::pages::Pages;
use crate::reject::Tally;
use crate::task::{Artifact, Done, Input, Progress, Row, Runner, Stage, StageState, Task, TaskError, TaskResult};

/// Raised when the same pages and verdicts would give another seed.
const VERSION: u32 = 1;
/// Domains that the facts name.
const DOMAINS_NAMED: usize = 20;

/// The names of the stages, in order, within their round's.
pub const STAGES: [&str; 2] = ["recall", "seed"];

static ROLES: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("domain", DataType::Utf8, false),
        Field::new("role", DataType::Utf8, false),
        Field::new("prefix", DataType::Utf8, true),
        Field::new("negative", DataType::Boolean, true),
    ]))
});

/// What a round makes of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A duplicate, of no quality, or contaminated: it takes no part.
    Dropped,
    /// Collected, and no verdict on it.
    Collected,
    /// Collected, under an accepted prefix.
    Accepted,
    /// Not collected, under an accepted prefix: it is recalled.
    Recalled,
    /// Under a refused prefix.
    Refused,
    /// None of these.
    Left,
}

impl Role {
    const ALL: [Self; 6] = [Self::Dropped, Self::Collected, Self::Accepted, Self::Recalled, Self::Refused, Self::Left];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Collected => "collected",
            Self::Accepted => "accepted",
            Self::Recalled => "recalled",
            Self::Refused => "refused",
            Self::Left => "left",
        }
    }

    fn of(collected: bool, verdict: Option<Verdict>) -> Self {
        match (verdict, collected) {
            (Some(Verdict::Refused), _) => Self::Refused,
            (Some(Verdict::Accepted), true) => Self::Accepted,
            (Some(Verdict::Accepted), false) => Self::Recalled,
            (None, true) => Self::Collected,
            (None, false) => Self::Left,
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The recall of one round.
pub struct Recalling<'a> {
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// The crawl's pages.
    pub pages: &'a Pages,
    /// How many are recalled.
    pub rules: &'a config::Recall,
    /// Seed of the draws.
    pub random_seed: u64,
    /// Which round, from 1.
    pub round: u32,
    /// Its survivors with their scores, a table a page file.
    pub order: &'a [Artifact],
    /// The last of them that it collected; `None`: it collected none.
    pub last: Option<Last>,
    /// The verdicts that hold for it.
    pub verdicts: Verdicts,
    /// What it was trained on.
    pub positives: &'a Artifact,
    /// What decontamination removes from the pages, a table a page file; `None` where it does not run.
    pub clean: Option<&'a [Artifact]>,
}

/// What the next round is trained on.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// The positives.
    pub positives: Artifact,
    /// Pages that somebody refused.
    pub refused: Option<Artifact>,
    /// Which pages may be negatives, a table a page file.
    pub roles: Vec<Artifact>,
    /// The row of the seed.
    pub row: Row,
}

/// The rows of a page file that take part, one after another: (row, score, id).
struct Ordered {
    path: PathBuf,
    batches: Batches,
    batch: Option<(RecordBatch, usize)>,
}

impl Ordered {
    fn open(path: &Path) -> Result<Self, Error> {
        let batches = Table::open(path)?.columns(&["score", "id", "page"])?.batches()?;
        Ok(Self { path: path.to_owned(), batches, batch: None })
    }

    /// The score of the next one, where it is this row.
    fn score(&mut self, row: u32, id: &str) -> Result<Option<f64>, Error> {
        while self.batch.as_ref().is_none_or(|(batch, at)| *at >= batch.num_rows()) {
            match self.batches.next() {
                Some(batch) => self.batch = Some((batch?, 0)),
                None => return Ok(None),
            }
        }
        let Some((batch, at)) = &mut self.batch else { return Ok(None) };
        let page: &UInt64Array = column(batch, "page", &self.path)?;
        if PageRef(page.value(*at)).row() != row {
            return Ok(None);
        }
        let score: &Float64Array = column(batch, "score", &self.path)?;
        if column::<StringArray>(batch, "id", &self.path)?.value(*at) != id {
            return Err(format!("{}: not of these pages; run the round again", self.path.display()).into());
        }
        let score = score.value(*at);
        *at += 1;
        Ok(Some(score))
    }
}

/// Pages of each domain, drawn by a hash: those with the lowest ones.
#[derive(Default)]
struct Draw {
    by_domain: BTreeMap<String, BinaryHeap<(u64, PageRef)>>,
}

impl Draw {
    fn push(&mut self, domain: &str, most: usize, hash: u64, page: PageRef) {
        if most == 0 {
            return;
        }
        if !self.by_domain.contains_key(domain) {
            self.by_domain.insert(domain.to_owned(), BinaryHeap::new());
        }
        if let Some(heap) = self.by_domain.get_mut(domain) {
            heap.push((hash, page));
            if heap.len() > most {
                heap.pop();
            }
        }
    }

    /// The pages drawn, in their order: at most so many.
    fn pages(self, most: usize) -> Vec<PageRef> {
        let mut all: Vec<(u64, PageRef)> = self.by_domain.into_values().flatten().collect();
        all.sort_unstable();
        all.truncate(most);
        let mut pages: Vec<PageRef> = all.into_iter().map(|(_, page)| page).collect();
        pages.sort_unstable();
        pages
    }
}

/// A page of the tables of roles.
struct Placed<'b> {
    page: PageRef,
    id: PageId,
    domain: &'b str,
    role: &'b str,
    prefix: &'b str,
}

impl Recalling<'_> {
    fn stage_name(&self, stage: &str) -> String {
        format!("rounds/{:02}/{stage}", self.round)
    }

    fn roles_file(&self, stem: &str) -> PathBuf {
        self.runner.out.join(format!("work/rounds/{:02}/recall/{stem}.parquet", self.round))
    }

    fn seed_file(&self, name: &str) -> PathBuf {
        self.runner.out.join(format!("rounds/{:02}/{name}.parquet", self.round))
    }

    /// Runs both stages.
    ///
    /// # Errors
    /// A task failed.
    pub fn run(&self) -> Result<Recalled, TaskError> {
        self.stages(&mut |stage| self.runner.run(stage))
    }

    /// How far it is: each stage's state, `None` for one that waits; and what it gives where it is done.
    #[must_use]
    pub fn plan(&self) -> (Vec<(&'static str, Option<StageState>)>, Option<Recalled>) {
        let mut planned = Vec::new();
        let recalled = self.stages(&mut |stage| {
            planned.push((STAGES[planned.len()], Some(self.runner.state(stage))));
            // Stands for "it waits for an earlier one".
            self.runner.rows(stage).ok_or_else(|| self.no_task())
        });
        for name in &STAGES[planned.len()..] {
            planned.push((name, None));
        }
        (planned, recalled.ok())
    }

    fn no_task(&self) -> TaskError {
        TaskError::Failed {
            stage: self.stage_name("seed"),
            task: "seed".to_owned(),
            source: "the stage left no seed".into(),
        }
    }

    fn stages(&self, step: &mut dyn FnMut(&Stage<'_>) -> Result<Vec<Row>, TaskError>) -> Result<Recalled, TaskError> {
        let rows = step(&self.roles_stage())?;
        let roles: Vec<Artifact> = rows.iter().filter_map(|row| Artifact::of(self.runner, row, ".parquet")).collect();
        let row = step(&self.seed_stage(&roles))?.pop().ok_or_else(|| self.no_task())?;
        let positives = Artifact::of(self.runner, &row, "seed.parquet").ok_or_else(|| self.no_task())?;
        let refused = Artifact::of(self.runner, &row, "negatives.parquet").filter(|refused| refused.rows > 0);
        Ok(Recalled { positives, refused, roles, row })
    }

    fn roles_stage(&self) -> Stage<'_> {
        let tasks = (0..self.pages.len().min(self.order.len()))
            .map(|file| {
                let mut inputs = self.pages.input(file);
                inputs.insert("order".to_owned(), self.order[file].input.clone());
                let last = self.last.as_ref().map(|last| format!("{:016x} {}", last.score.to_bits(), last.id));
                inputs.insert("last".to_owned(), Input::Ours(last.unwrap_or_default()));
                inputs.insert("verdicts".to_owned(), self.verdicts.input());
                let run = Box::new(move |progress: &Progress| self.roles(file, progress));
                Task { name: self.pages.stem(file).to_owned(), inputs, run }
            })
            .collect();
        Stage::new(self.stage_name("recall"), VERSION, &self.rules.negatives, tasks)
    }

    /// What the round makes of the pages of a file.
    fn roles(&self, file: usize, progress: &Progress) -> TaskResult {
        let path = self.pages.file(file);
        let mut ordered = Ordered::open(&self.order[file].path)?;
        let mut writer = TableWriter::create(&self.roles_file(self.pages.stem(file)), &ROLES)?;
        let mut counts = Role::ALL.map(|role| (role, 0u64));
        let mut row = 0u32;
        for batch in Table::open(path)?.columns(&["id", "url", "domain"])?.batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let url: &StringArray = column(&batch, "url", path)?;
            let domain: &StringArray = column(&batch, "domain", path)?;
            let (mut roles, mut prefixes) = (StringBuilder::new(), StringBuilder::new());
            let mut negatives = BooleanBuilder::new();
            for i in 0..batch.num_rows() {
                let score = ordered.score(row, id.value(i))?;
                row += 1;
                let (role, prefix, negative) = match score {
                    None => (Role::Dropped, None, None),
                    Some(score) => {
                        let collected = self.last.as_ref().is_some_and(|last| last.holds(score, id.value(i)));
                        let verdict = self.verdicts.on(domain.value(i), url.value(i));
                        let negative = verdict.is_none_or(|(verdict, _)| verdict == Verdict::Refused)
                            && (!collected || self.rules.negatives == NegativesFrom::Survivors);
                        (Role::of(collected, verdict.map(|v| v.0)), verdict.map(|v| v.1), Some(negative))
                    }
                };
                roles.append_value(role.name());
                prefixes.append_option(prefix);
                negatives.append_option(negative);
                counts.iter_mut().filter(|(of, _)| *of == role).for_each(|(_, n)| *n += 1);
            }
            let columns: Vec<Arc<dyn Array>> = vec![
                Arc::new(id.clone()),
                Arc::new(domain.clone()),
                Arc::new(roles.finish()),
                Arc::new(prefixes.finish()),
                Arc::new(negatives.finish()),
            ];
            writer.write(&RecordBatch::try_new(Arc::clone(&ROLES), columns)?)?;
            progress.items(batch.num_rows() as u64);
        }
        let facts = counts.into_iter().map(|(role, n)| (role.name().to_owned(), n.into()));
        let facts = serde_json::Value::Object(facts.collect());
        let tally = Tally { seen: u64::from(row), kept: u64::from(row), ..Tally::default() };
        Ok(Done { tally, outputs: vec![writer.finish()?], facts, ..Done::default() })
    }

    fn seed_stage<'s>(&'s self, roles: &[Artifact]) -> Stage<'s> {
        let mut inputs = BTreeMap::from([self.pages.all()]);
        inputs.insert("roles".to_owned(), Artifact::all(roles));
        inputs.insert("positives".to_owned(), self.positives.input.clone());
        inputs.insert("verdicts".to_owned(), self.verdicts.input());
        if let Some(clean) = self.clean {
            inputs.insert("decontaminate".to_owned(), Artifact::all(clean));
        }
        let run = Box::new(move |progress: &Progress| self.seed(progress));
        let task = Task { name: "seed".to_owned(), inputs, run };
        Stage::new(self.stage_name("seed"), VERSION, &(self.rules, self.random_seed), vec![task])
    }

    /// Memory: the ids of the seed, and the references of what is drawn.
    fn seed(&self, progress: &Progress) -> TaskResult {
        let mut writer = SeedWriter::create(&self.seed_file("seed"))?;
        let mut ids = BTreeSet::new();
        let mut of_domain: BTreeMap<String, usize> = BTreeMap::new();
        let (mut seed, mut before, mut withdrawn) = (0usize, 0usize, 0u64);
        read(&self.positives.path, &mut |document| {
            let recalled = document.is_recalled();
            if let Some(address) = address(&document.url) {
                let verdict = self.verdicts.on(&address.domain, &document.url);
                if recalled && verdict.is_some_and(|(verdict, _)| verdict == Verdict::Refused) {
                    withdrawn += 1;
                    return Ok(());
                }
                ids.insert(address.id);
                *of_domain.entry(address.domain).or_default() += 1;
            }
            seed += 1;
            before += usize::from(recalled);
            writer.push(document)
        })?;

        let (may_join, may_not): (BTreeSet<&str>, &str) =
            (self.joining().iter().map(|role| role.name()).collect(), Role::Refused.name());
        let mut candidates: BTreeMap<String, usize> = BTreeMap::new();
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        self.each_placed(&mut |placed| {
            let counts = match placed.role {
                role if may_join.contains(role) && !ids.contains(&placed.id) => &mut candidates,
                role if role == may_not && self.rules.hard_negatives => &mut refused,
                _ => return Ok(()),
            };
            *counts.entry(placed.domain.to_owned()).or_default() += 1;
            Ok(())
        })?;
        let room = self.rules.pages_max.saturating_sub(before);
        let bounds = Bounds {
            domain_pages_max: self.rules.domain_pages_max,
            domain_share_max: self.rules.domain_share_max,
            seed,
            room,
        };
        let sizes = |counts: &BTreeMap<String, usize>| counts.values().copied().collect::<Vec<usize>>();
        let most = cap(&sizes(&candidates), &bounds);
        let most_refused = cap(
            &sizes(&refused),
            &Bounds { domain_share_max: 1.0, seed: usize::MAX >> 12, room: self.rules.pages_max, ..bounds },
        );

        let (mut joining, mut not_joining) = (Draw::default(), Draw::default());
        let mut prefixes: BTreeMap<PageRef, String> = BTreeMap::new();
        self.each_placed(&mut |placed| {
            let hash = xxh3_64_with_seed(&placed.id.0.to_le_bytes(), self.random_seed);
            if may_join.contains(placed.role) && !ids.contains(&placed.id) {
                let most = most.saturating_sub(of_domain.get(placed.domain).copied().unwrap_or_default());
                joining.push(placed.domain, most, hash, placed.page);
            } else if placed.role == may_not && self.rules.hard_negatives {
                not_joining.push(placed.domain, most_refused, hash, placed.page);
            }
            Ok(())
        })?;
        let joining = joining.pages(room);
        let not_joining = not_joining.pages(self.rules.pages_max);
        let drawn: BTreeSet<PageRef> = joining.iter().chain(&not_joining).copied().collect();
        let mut by_domain: BTreeMap<String, u64> = BTreeMap::new();
        let recalled: BTreeSet<PageRef> = joining.iter().copied().collect();
        self.each_placed(&mut |placed| {
            if drawn.contains(&placed.page) {
                prefixes.insert(placed.page, placed.prefix.to_owned());
            }
            if recalled.contains(&placed.page) {
                *by_domain.entry(placed.domain.to_owned()).or_default() += 1;
            }
            Ok(())
        })?;

        self.write(&joining, &prefixes, "recalled", &mut writer, progress)?;
        let mut refusals = SeedWriter::create(&self.seed_file("negatives"))?;
        self.write(&not_joining, &prefixes, "refused", &mut refusals, progress)?;
        let outputs = vec![writer.finish()?, refusals.finish()?];
        let mut named: Vec<(&String, &u64)> = by_domain.iter().collect();
        named.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        named.truncate(DOMAINS_NAMED);
        let named: Vec<_> = named.iter().map(|(name, n)| serde_json::json!({ "domain": name, "pages": n })).collect();
        let facts = serde_json::json!({
            "documents": outputs[0].rows, "recalled": joining.len(), "recalled_before": before,
            "withdrawn": withdrawn, "candidates": candidates.values().sum::<usize>(), "domains": by_domain.len(),
            "domain_pages_cap": most, "top_domains": named, "refused": outputs[1].rows,
        });
        Ok(Done { outputs, facts, ..Done::default() })
    }

    fn joining(&self) -> &'static [Role] {
        match (self.rules.enabled, self.rules.collected) {
            (false, _) => &[],
            (true, false) => &[Role::Recalled],
            (true, true) => &[Role::Recalled, Role::Accepted],
        }
    }

    fn each_placed(&self, each: &mut dyn FnMut(Placed<'_>) -> Result<(), Error>) -> Result<(), Error> {
        for file in 0..self.pages.len() {
            let path = self.roles_file(self.pages.stem(file));
            let mut row = 0u32;
            for batch in Table::open(&path)?.columns(&["id", "domain", "role", "prefix"])?.batches()? {
                let batch = batch?;
                let string = |name: &str| column::<StringArray>(&batch, name, &path);
                let (id, domain, role, prefix) = (string("id")?, string("domain")?, string("role")?, string("prefix")?);
                for i in 0..batch.num_rows() {
                    let page = PageRef::new(file, row);
                    row += 1;
                    if !prefix.is_valid(i) {
                        continue;
                    }
                    let (domain, role, prefix) = (domain.value(i), role.value(i), prefix.value(i));
                    each(Placed { page, id: id.value(i).parse()?, domain, role, prefix })?;
                }
            }
        }
        Ok(())
    }

    fn write(
        &self,
        pages: &[PageRef],
        prefixes: &BTreeMap<PageRef, String>,
        source: &str,
        writer: &mut SeedWriter,
        progress: &Progress,
    ) -> Result<(), Error> {
        each_text(self.pages, self.clean, pages, &mut |page, found| {
            let prefix = prefixes.get(&page).cloned().unwrap_or_default();
            let origin = Origin { source: source.to_owned(), round: self.round, prefix };
            let (url, text) = (found.url.to_owned(), found.text.to_owned());
            progress.items(1);
            writer.push(SeedDocument { url, text, date: found.date, metadata: serde_json::to_string(&origin)? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_stands_before_the_collection() {
        use Verdict::{Accepted, Refused};
        let roles = [Some(Refused), Some(Accepted), None].map(|v| [true, false].map(|c| Role::of(c, v)));
        let want = [[Role::Refused, Role::Refused], [Role::Accepted, Role::Recalled], [Role::Collected, Role::Left]];
        assert_eq!(roles, want);
    }

    #[test]
    fn a_draw_keeps_the_lowest_hashes_of_each_domain() {
        let mut draw = Draw::default();
        for (n, hash) in [7, 3, 9, 1].into_iter().enumerate() {
            draw.push("a", 2, hash, PageRef::new(0, n as u32));
        }
        draw.push("b", 2, 5, PageRef::new(0, 9));
        draw.push("c", 0, 0, PageRef::new(0, 10));
        let rows = |pages: Vec<PageRef>| pages.into_iter().map(PageRef::row).collect::<Vec<_>>();
        assert_eq!(rows(draw.pages(10)), [1, 3, 9]);
    }
}
