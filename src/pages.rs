//! The crawl's pages on disk: `pages/<stem>.parquet`, in the order of their stems, whoever made them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::io::table::TableError;
use crate::task::{Artifact, Input, Manifest, Row, Runner};

/// The files of a crawl's pages.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    stems: Vec<String>,
    files: Vec<Artifact>,
}

/// There are no pages to work on.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// The folder is missing or empty.
    #[error("{}: no page files there; make them with `corpus-build extract`", folder.display())]
    None {
        /// Where they should be.
        folder: PathBuf,
    },
    /// The folder cannot be listed.
    #[error("{}: cannot list the folder: {source}", folder.display())]
    Unlisted {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not a table of pages.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl Pages {
    /// The pages that the rows of the stage `extract` state.
    #[must_use]
    pub fn of(runner: &Runner, rows: &[Row]) -> Self {
        let mut found: Vec<(String, Artifact)> = rows
            .iter()
            .filter_map(|row| {
                let artifact = Artifact::of(runner, row, &format!("pages/{}.parquet", row.task))?;
                Some((row.task.clone(), artifact))
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let (stems, files) = found.into_iter().unzip();
        Self { stems, files }
    }

    /// The pages found in an output folder: those that the stage `extract` committed, or all where it committed none.
    ///
    /// # Errors
    /// There are none, the folder cannot be listed, or a file is not Parquet.
    pub fn on_disk(out: &Path) -> Result<Self, PagesError> {
        let folder = out.join("pages");
        let unlisted = |source| PagesError::Unlisted { folder: folder.clone(), source };
        let mut stems = Vec::new();
        if folder.is_dir() {
            for entry in std::fs::read_dir(&folder).map_err(unlisted)? {
                let name = entry.map_err(unlisted)?.file_name().to_string_lossy().into_owned();
                if let Some(stem) =
                    name.strip_suffix(".parquet").filter(|s| !s.starts_with('.') && !s.ends_with(".rejects"))
                {
                    stems.push(stem.to_owned());
                }
            }
        }
        stems.sort();
        let committed: BTreeSet<String> = Manifest::new(out).rows("extract").into_iter().map(|row| row.task).collect();
        if !committed.is_empty() {
            stems.retain(|stem| committed.contains(stem));
        }
        if stems.is_empty() {
            return Err(PagesError::None { folder });
        }
        let files = stems
            .iter()
            .map(|stem| Artifact::on_disk(&folder.join(format!("{stem}.parquet"))))
            .collect::<Result<_, _>>()?;
        Ok(Self { stems, files })
    }

    /// Number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The stems, in order.
    #[must_use]
    pub fn stems(&self) -> &[String] {
        &self.stems
    }

    /// The stem of a file.
    #[must_use]
    pub fn stem(&self, file: usize) -> &str {
        &self.stems[file]
    }

    /// Where a file is.
    #[must_use]
    pub fn file(&self, file: usize) -> &Path {
        &self.files[file].path
    }

    /// Pages in a file.
    #[must_use]
    pub fn rows(&self, file: usize) -> u64 {
        self.files[file].rows
    }

    /// The inputs of a task on one file.
    #[must_use]
    pub fn input(&self, file: usize) -> BTreeMap<String, Input> {
        BTreeMap::from([("pages".to_owned(), self.files[file].input.clone())])
    }

    /// The input of a task on all files: their hashes in order.
    #[must_use]
    pub fn all(&self) -> (String, Input) {
        ("all pages".to_owned(), Artifact::all(&self.files))
    }
}
