//! What a person decides from: the figures of a round, a page of HTML that shows them, the difference of two rounds.
//!
//! ```text
//! figures   scores, survivors, shards, domains   → Figures, kept in summary.json
//! gather    figures, summary.json, the manifest  → Report: with samples, times and memory
//! html      Report                               → one file that needs no script and nothing from elsewhere
//! compare   the shards of two rounds             → Comparison → HTML
//! ```

pub mod compare;
mod data;
pub mod figures;
mod forms;
pub mod gather;
pub mod html;
mod samples;

pub use data::{Bin, Decile, Domain, Figures, FormLine, Language, Report, RoundLine, Sample, Timing};

use crate::io::atomic::AtomicError;
use crate::io::query::QueryError;
use crate::io::table::TableError;
use crate::pages::PagesError;

/// A report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The round is not there.
    #[error("{}: no such file; run the round first: `corpus-build iterate --round {round}`", path.display())]
    NoRound {
        /// What was looked for.
        path: std::path::PathBuf,
        /// The round.
        round: u32,
    },
    /// A file cannot be read.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file has not the form.
    #[error("{}: {message}", path.display())]
    Form {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The pages are not there.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// A query failed.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] AtomicError),
}

impl ReportError {
    /// A file that is not as it should be.
    fn form(path: &std::path::Path, message: impl Into<String>) -> Self {
        Self::Form { path: path.to_owned(), message: message.into() }
    }
}
