//! What can go wrong with a trainer: each with the file or tensor concerned, what was expected and what was found.

use std::path::{Path, PathBuf};

use crate::io::atomic::AtomicError;
use crate::io::documents::DocumentError;
use crate::train::tool::error::SandboxError;

/// Why a model could not be read, trained or written.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file could not be read.
    #[error("{}: cannot read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] AtomicError),
    /// A file that is being written could not be written further.
    #[error("{}: cannot write: {source}", path.display())]
    Append {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of documents could not be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A setting of the model is missing, wrong or not supported.
    #[error("{}: {key}: expected {expected}, found {found}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key, dotted.
        key: String,
        /// What would do.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file is not of the form that its name says, or is damaged.
    #[error("{}: expected {expected}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The form.
        expected: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The tensors of a checkpoint are not those of the model.
    #[error("{}: the tensors do not fit the model:\n  {}", path.display(), problems.join("\n  "))]
    Tensors {
        /// The file or folder.
        path: PathBuf,
        /// One line a tensor.
        problems: Vec<String>,
    },
    /// What was asked for does not fit the model: a context that is too long, a token out of the vocabulary.
    #[error("{what}: expected {expected}, found {found}")]
    Argument {
        /// What was given.
        what: &'static str,
        /// What would do.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The numbers of a step cannot be trained on.
    #[error("step {step}: {what}")]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// What is wrong, and where the batch and the last good checkpoint are.
        what: String,
    },
    /// Processes that train together lost one another.
    #[error("exchange between processes: {0}")]
    Exchange(String),
    /// There is no sandbox for tools.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The tensor library refused.
    #[error("tensors: {0}")]
    Candle(#[from] candle_core::Error),
}

/// The result of what can fail in training.
pub type Result<T> = std::result::Result<T, TrainError>;

impl TrainError {
    /// An error of reading `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// An error of writing on `path`.
    pub(crate) fn append(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Append { path: path.to_owned(), source }
    }

    /// An error of the form of `path`.
    pub(crate) fn format(path: &Path, expected: &'static str, reason: impl ToString) -> Self {
        Self::Format { path: path.to_owned(), expected, reason: reason.to_string() }
    }

    /// An error of an argument.
    pub(crate) fn argument(what: &'static str, expected: impl ToString, found: impl ToString) -> Self {
        Self::Argument { what, expected: expected.to_string(), found: found.to_string() }
    }
}
