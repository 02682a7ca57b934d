//! Recall: pages under accepted prefixes that the round did not collect join the seed of the next round (section 2.1 of
//! the paper), pages under refused ones are its negatives.
//!
//! ```text
//! recall  a task a page file   what the round makes of each page: collected, accepted, recalled, refused, left
//! seed    one task             rounds/NN/seed.parquet, which the next round trains on, and its negatives.parquet
//! ```

mod caps;
mod roles;
mod seed;
mod texts;
mod verdicts;

pub use roles::Role;
pub use verdicts::Verdicts;

use std::path::PathBuf;

use crate::config;
use crate::domains::stage::Last;
use crate::pages::Pages;
use crate::task::{Artifact, Row, Runner, Stage, StageState, TaskError};

/// Raised when the same pages and verdicts would give another seed.
const VERSION: u32 = 1;

/// The names of the stages, in order, within their round's.
pub const STAGES: [&str; 2] = ["recall", "seed"];

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
}
