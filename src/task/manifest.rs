//! Manifest rows on disk: `<out>/manifest/<stage>/<task>.json`, written last.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::io::atomic::{self, AtomicError};
use crate::reject::Tally;

/// A row or a stale file could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The row could not be written.
    #[error(transparent)]
    Write(#[from] AtomicError),
    /// The row has no JSON form.
    #[error("{}: cannot be written as JSON: {source}", path.display())]
    Form {
        /// The row's file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A file that is no longer valid could not be removed.
    #[error("{}: cannot remove this stale file: {source}", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A file that a task read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRow {
    /// Hash of its content (of its address, where it is remote).
    pub hash: String,
    /// Size in bytes and modification time in ns when it was hashed: while both hold, it is not hashed again.
    pub stat: Option<(u64, i128)>,
}

/// A file that a task wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputRow {
    /// Path relative to the output folder.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of it.
    pub bytes: u64,
    /// xxh3-128 of its bytes.
    pub hash: String,
}

/// What one task did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The stage.
    pub stage: String,
    /// The task's name, unique in the stage.
    pub task: String,
    /// Version of the stage's code: raised when its output changes for the same input.
    pub version: u32,
    /// Hash of the knobs it reads.
    pub knobs: String,
    /// What it read, by name.
    pub inputs: BTreeMap<String, InputRow>,
    /// What it wrote.
    pub outputs: Vec<OutputRow>,
    /// Rows in = kept + Σ rejected by reason.
    pub tally: Tally,
    /// Bytes read.
    pub bytes_in: u64,
    /// Seconds from start to commit.
    pub wall_s: f64,
    /// CPU seconds.
    pub cpu_s: f64,
    /// Most memory that the process had held when the row was written, bytes; unknown on some systems.
    #[serde(default)]
    pub memory_peak: Option<u64>,
    /// Figures that only this stage has.
    pub facts: serde_json::Value,
}

impl Row {
    /// The path of the output whose file name ends so.
    #[must_use]
    pub fn output(&self, ending: &str) -> Option<&OutputRow> {
        self.outputs.iter().find(|o| o.path.to_string_lossy().ends_with(ending))
    }
}

/// The rows of an output folder.
#[derive(Clone, Debug)]
pub struct Manifest {
    out: PathBuf,
}

impl Manifest {
    /// The manifest of an output folder.
    #[must_use]
    pub fn new(out: &Path) -> Self {
        Self { out: out.to_owned() }
    }

    fn folder(&self, stage: &str) -> PathBuf {
        self.out.join("manifest").join(stage)
    }

    fn path(&self, stage: &str, task: &str) -> PathBuf {
        self.folder(stage).join(format!("{task}.json"))
    }

    /// The row of a task, if it was ever committed. An unreadable row counts as none: the task runs again.
    #[must_use]
    pub fn row(&self, stage: &str, task: &str) -> Option<Row> {
        serde_json::from_slice(&std::fs::read(self.path(stage, task)).ok()?).ok()
    }

    /// All rows of a stage, in order of the task's name.
    #[must_use]
    pub fn rows(&self, stage: &str) -> Vec<Row> {
        let Ok(entries) = std::fs::read_dir(self.folder(stage)) else { return Vec::new() };
        let mut rows: Vec<Row> =
            entries.filter_map(|entry| serde_json::from_slice(&std::fs::read(entry.ok()?.path()).ok()?).ok()).collect();
        rows.sort_by(|a, b| a.task.cmp(&b.task));
        rows
    }

    /// Whether the row's outputs are in place with the sizes it states.
    #[must_use]
    pub fn outputs_in_place(&self, row: &Row) -> bool {
        row.outputs.iter().all(|output| {
            std::fs::metadata(self.out.join(&output.path)).is_ok_and(|m| m.is_file() && m.len() == output.bytes)
        })
    }

    /// Writes a row and removes what an earlier run of the same task wrote and this one did not.
    pub(super) fn commit(&self, row: &Row) -> Result<(), ManifestError> {
        let old = self.row(&row.stage, &row.task);
        self.write(row)?;
        for output in old.into_iter().flat_map(|old| old.outputs) {
            if !row.outputs.iter().any(|o| o.path == output.path) {
                self.remove(&output.path)?;
            }
        }
        Ok(())
    }

    /// Makes the row of a task that is about to run match no more: its outputs may be replaced before the new row is
    /// committed, and a kill between the two must not leave the old row standing for them.
    pub(super) fn invalidate(&self, stage: &str, task: &str) -> Result<(), ManifestError> {
        if let Some(mut row) = self.row(stage, task).filter(|row| !row.knobs.is_empty()) {
            row.knobs.clear();
            self.write(&row)?;
        }
        Ok(())
    }

    fn write(&self, row: &Row) -> Result<(), ManifestError> {
        let path = self.path(&row.stage, &row.task);
        let text =
            serde_json::to_vec_pretty(row).map_err(|source| ManifestError::Form { path: path.clone(), source })?;
        Ok(atomic::write(&path, &text)?)
    }

    fn remove(&self, relative: &Path) -> Result<(), ManifestError> {
        let path = self.out.join(relative);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(ManifestError::Remove { path, source }),
            _ => Ok(()),
        }
    }

    /// Removes rows, and their outputs, of tasks that the stage no longer has (a WARC taken off the list, say), and says
    /// how many there were.
    pub(super) fn prune(&self, stage: &str, keep: &[Row]) -> Result<usize, ManifestError> {
        let tasks: HashSet<String> = keep.iter().map(|row| format!("{}.json", row.task)).collect();
        let outputs: HashSet<&Path> = keep.iter().flat_map(|row| &row.outputs).map(|o| o.path.as_path()).collect();
        let Ok(entries) = std::fs::read_dir(self.folder(stage)) else { return Ok(0) };
        let mut pruned = 0;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if tasks.contains(&name) || !entry.path().is_file() {
                continue;
            }
            let row: Option<Row> = std::fs::read(entry.path()).ok().and_then(|text| serde_json::from_slice(&text).ok());
            for output in row.iter().flat_map(|row| &row.outputs).filter(|o| !outputs.contains(o.path.as_path())) {
                self.remove(&output.path)?;
            }
            // Last, so that a failure above is met again.
            self.remove(&Path::new("manifest").join(stage).join(&name))?;
            pruned += 1;
        }
        Ok(pruned)
    }

    /// Removes the tables in a folder of the stage's own that none of its rows names: a kill between the last rename of a
    /// task and its row leaves such. Files of other kinds are somebody's own.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn remove_strangers(&self, folder: &Path, rows: &[Row]) -> Result<(), ManifestError> {
        let named: HashSet<PathBuf> =
            rows.iter().flat_map(|row| &row.outputs).map(|o| self.out.join(&o.path)).collect();
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_table = path.extension().is_some_and(|ending| ending == "parquet" || ending == "tmp");
            if is_table && path.is_file() && !named.contains(&path) {
                tracing::warn!(file = %path.display(), "removed: no part of the output");
                std::fs::remove_file(&path).map_err(|source| ManifestError::Remove { path, source })?;
            }
        }
        Ok(())
    }
}
