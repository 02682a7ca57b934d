//! What a round makes of each page: a table a page file, in the order of the page file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, BooleanBuilder, Float64Array, RecordBatch, StringArray, StringBuilder, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{Error, Recalling, VERSION};
use crate::config::NegativesFrom;
use crate::dedup::exchange::PageRef;
use crate::domains::annotations::Verdict;
use crate::io::table::{Batches, Table, TableWriter, column};
use crate::page::PageId;
use crate::reject::Tally;
use crate::task::{Done, Input, Progress, Stage, Task, TaskResult};

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

/// A page of the tables of roles.
pub(super) struct Placed<'b> {
    pub(super) page: PageRef,
    pub(super) id: PageId,
    pub(super) domain: &'b str,
    pub(super) role: &'b str,
    pub(super) prefix: &'b str,
}

impl Recalling<'_> {
    pub(super) fn roles_stage(&self) -> Stage<'_> {
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

    pub(super) fn each_placed(&self, each: &mut dyn FnMut(Placed<'_>) -> Result<(), Error>) -> Result<(), Error> {
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
}
