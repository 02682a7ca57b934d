//! Stages of shard tasks: a task is a pure function from immutable files to new ones, committed by a manifest row.
//!
//! A task whose row matches (same inputs, same knobs, same version, outputs in place) is skipped, so that resuming is
//! not a mode but how every run starts. Knows no stage.

mod manifest;
mod progress;
mod run;

pub use manifest::{InputRow, Manifest, ManifestError, OutputRow, Row};
pub use progress::Progress;
pub use run::{
    Artifact, Done, Input, Runner, SCRATCH, SPILL, Stage, StageState, Task, TaskError, TaskResult, peak_memory,
    process_cpu_s, with_cpu_time,
};
