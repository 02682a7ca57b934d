//! The loop: a round is a list of stages, each run where it is not done; its recall gives the seed of the next one.
//!
//! ```text
//! once        extract, quality, dedup, decontaminate, seed
//! each round  train, score, rank, domains; then, where another round follows, recall
//! ```

mod flow;
mod plan;
mod summary;
mod verdicts;

pub use plan::{PlanLine, PlanState};
pub use summary::{Summary, converged};

use std::path::PathBuf;

use crate::config::{Config, ConfigError};
use crate::crawl::Source;
use crate::decontaminate::benchmarks::BenchmarkError;
use crate::domains::files::FileError;
use crate::io::store::Store;
use crate::io::table::TableError;
use crate::report::ReportError;
use crate::task::{Runner, TaskError};

/// Why a round could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The configuration lacks something.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A task failed.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A file could not be written or read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A seed file cannot be resolved.
    #[error("the seed cannot be read")]
    Seed {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A benchmark that is named is not there.
    #[error(transparent)]
    Benchmark(#[from] BenchmarkError),
    /// A file of annotations cannot be used.
    #[error(transparent)]
    Annotations(#[from] FileError),
    /// Somebody must say which URLs hold mathematics before the next round can begin.
    #[error(
        "round {round} waits for annotations: {unsettled} of its math-related domains have no verdict ({named}). \
         Say which of their URLs hold mathematics with `corpus-build annotate --round {round}`, which writes {}, or in \
         a file that domains.annotations names; or let the machine decide with domains.annotate = \"auto\". An empty \
         file there accepts none. Then run the same command again: it goes on from here", file.display()
    )]
    Unsettled {
        /// The round whose domains they are.
        round: u32,
        /// How many have no verdict.
        unsettled: usize,
        /// The first of them.
        named: String,
        /// Where the verdicts go.
        file: PathBuf,
    },
    /// The figures or the report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A committed row lacks an output that its stage writes.
    #[error("stage {stage} left no {output}: remove its rows under manifest/{stage} and run again")]
    Output {
        /// The stage.
        stage: String,
        /// The file.
        output: &'static str,
    },
    /// No page is left to train on or to rank.
    #[error("no page is left after extraction: {seen} captures read, all rejected: {reasons}")]
    NoPages {
        /// Captures read.
        seen: u64,
        /// Counts by reason.
        reasons: String,
    },
}

/// Where the rounds end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// After this one.
    Round(u32),
    /// When they have converged, and after so many at the latest.
    Converged {
        /// The last round in any case.
        rounds_max: u32,
    },
}

impl Until {
    /// The last round that there may be.
    fn last(self) -> u32 {
        match self {
            Self::Round(round) => round,
            Self::Converged { rounds_max } => rounds_max,
        }
    }
}

/// What the rounds work on.
pub struct Rounds<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Runs the tasks.
    pub runner: &'a Runner,
    /// Opens files.
    pub store: &'a Store,
    /// The crawl's files.
    pub sources: &'a [Source],
}

impl Rounds<'_> {
    fn folder(&self, round: u32) -> PathBuf {
        self.runner.out.join(format!("rounds/{round:02}"))
    }

    fn summary_file(&self, round: u32) -> PathBuf {
        self.folder(round).join("summary.json")
    }

    /// What is done and what will run, stage by stage. Of rounds that go on until they have converged, those are told
    /// that can be foreseen.
    ///
    /// # Errors
    /// The configuration lacks something, or the seed cannot be resolved.
    pub fn plan(&self, until: Until) -> Result<Vec<PlanLine>, RoundError> {
        let mut walk = plan::Walk::looking(self.runner);
        flow::Flow::new(self)?.go(&mut walk, until, &mut |_| Ok(()))?;
        Ok(walk.lines(until))
    }

    /// Runs whatever the rounds lack, in order, and hands the summary of each to `each` when it is done.
    ///
    /// # Errors
    /// The configuration lacks something, a task failed, nothing is left to rank, or a round waits for annotations.
    pub fn run(&self, until: Until, each: &mut dyn FnMut(Summary)) -> Result<(), RoundError> {
        let lines = self.plan(until)?;
        for round in (1..=until.last()).filter(|round| !plan::is_done(&lines, *round)) {
            // A summary stands only beside what it sums up.
            let _ = std::fs::remove_file(self.summary_file(round));
        }
        let flow = flow::Flow::new(self)?;
        flow.check_benchmarks()?;
        flow.go(&mut plan::Walk::running(self.runner), until, &mut |figures| {
            let summary = summary::write(self, figures)?;
            each(summary);
            Ok(())
        })
    }
}
