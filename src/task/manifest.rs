//! Manifest rows on disk: `<out>/manifest/<stage>/<task>.json`, written last.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::io::atomic::{self, AtomicError};
use crate::reject::Tally;

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
    pub(super) fn commit(&self, row: &Row) -> Result<(), AtomicError> {
        let old = self.row(&row.stage, &row.task);
        let path = self.path(&row.stage, &row.task);
        let text = serde_json::to_vec_pretty(row).unwrap_or_default();
        atomic::write(&path, &text)?;
        for output in old.into_iter().flat_map(|old| old.outputs) {
            if !row.outputs.iter().any(|o| o.path == output.path) {
                let _ = std::fs::remove_file(self.out.join(&output.path));
            }
        }
        Ok(())
    }

    /// Removes rows, and their outputs, of tasks that the stage no longer has (a WARC taken off the list, say).
    pub(super) fn prune(&self, stage: &str, keep: &[Row]) {
        let kept = |path: &Path| keep.iter().any(|row| row.outputs.iter().any(|o| o.path == path));
        for row in self.rows(stage) {
            if keep.iter().any(|k| k.task == row.task) {
                continue;
            }
            for output in &row.outputs {
                if !kept(&output.path) {
                    let _ = std::fs::remove_file(self.out.join(&output.path));
                }
            }
            let _ = std::fs::remove_file(self.path(stage, &row.task));
        }
    }
}
