//! Runs the tasks of a stage that are not done, on the threads of this machine, results in the tasks' order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde::Serialize;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::manifest::{InputRow, Manifest, ManifestError, OutputRow, Row};
use super::progress::Progress;
use crate::io::atomic::{self, AtomicError};
use crate::io::store::hash_file;
use crate::io::table::{Table, TableError, Written};
use crate::reject::Tally;

/// Why a stage ended early.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A task failed; what other tasks had done is kept.
    #[error("{stage}: {task} failed")]
    Failed {
        /// The stage.
        stage: String,
        /// The task.
        task: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An input cannot be read.
    #[error("{}: cannot read: {source}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The output folder cannot be made.
    #[error("{}: cannot make or write the output folder: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The output folder cannot be written.
    #[error(transparent)]
    Output(#[from] AtomicError),
    /// A row could not be committed.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A task's counts do not add up: a defect of this program.
    #[error("{stage}: {task}: pages in are not pages kept and rejected: {tally:?}")]
    Unbalanced {
        /// The stage.
        stage: String,
        /// The task.
        task: String,
        /// The counts.
        tally: Tally,
    },
    /// Another run holds the output folder.
    #[error("{}: another run is using this output folder (its lock is held)", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
    /// The worker threads cannot be started.
    #[error("cannot start {threads} worker threads: {message}")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        message: String,
    },
}

/// What a task reads.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file of ours, by the hash in its row.
    Ours(String),
    /// A local file that others made: hashed by content.
    File(PathBuf),
    /// A remote file, taken as immutable under its address.
    Remote(String),
}

impl Input {
    /// The outputs of earlier tasks, in this order: one hash, however many there are.
    pub fn rows<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut hash = Xxh3::new();
        for row in rows {
            for output in &row.outputs {
                hash.update(output.hash.as_bytes());
            }
            // A task without outputs still has its place.
            hash.update(b"/");
        }
        Self::Ours(format!("{:032x}", hash.digest128()))
    }
}

/// A file of ours that a task reads: just made, or found on disk.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Where it is.
    pub path: PathBuf,
    /// How a task that reads it knows whether it changed.
    pub input: Input,
    /// Rows in it.
    pub rows: u64,
}

impl Artifact {
    /// The output of a committed task whose path ends so.
    #[must_use]
    pub fn of(runner: &Runner, row: &Row, ending: &str) -> Option<Self> {
        let output = row.output(ending)?;
        let input = Input::Ours(output.hash.clone());
        Some(Self { path: runner.out.join(&output.path), input, rows: output.rows })
    }

    /// One input for all of them, in this order.
    #[must_use]
    pub fn all(artifacts: &[Self]) -> Input {
        let mut hash = Xxh3::new();
        for artifact in artifacts {
            match &artifact.input {
                Input::Ours(known) => hash.update(known.as_bytes()),
                // A file that can't be read now fails when it is.
                Input::File(path) => hash.update(hash_file(path).unwrap_or_default().as_bytes()),
                Input::Remote(address) => hash.update(address.as_bytes()),
            }
        }
        Input::Ours(format!("{:032x}", hash.digest128()))
    }

    /// A table found on disk.
    ///
    /// # Errors
    /// It is not there or is not Parquet.
    pub fn on_disk(path: &Path) -> Result<Self, TableError> {
        let rows = Table::open(path)?.rows();
        Ok(Self { path: path.to_owned(), input: Input::File(path.to_owned()), rows })
    }
}

/// What a task gives back.
#[derive(Default)]
pub struct Done {
    /// Rows in, kept, rejected.
    pub tally: Tally,
    /// Files written.
    pub outputs: Vec<Written>,
    /// Bytes read.
    pub bytes_in: u64,
    /// CPU seconds spent outside the thread that ran the task.
    pub cpu_elsewhere_s: f64,
    /// Figures that only this stage has.
    pub facts: serde_json::Value,
}

/// What a task's function returns: an error is any error, wrapped with the task's name by the runner.
pub type TaskResult = Result<Done, Box<dyn std::error::Error + Send + Sync>>;

/// One task of a stage.
pub struct Task<'a> {
    /// Unique in the stage; names its manifest row.
    pub name: String,
    /// What it reads.
    pub inputs: BTreeMap<String, Input>,
    /// Does it.
    pub run: Box<dyn Fn(&Progress) -> TaskResult + Send + Sync + 'a>,
}

/// A list of tasks with the same code and knobs.
pub struct Stage<'a> {
    /// Its name: a folder under `manifest/`.
    pub name: String,
    /// Version of its code.
    pub version: u32,
    /// Hash of the knobs that its tasks read.
    pub knobs: String,
    /// The tasks, in the order of their results.
    pub tasks: Vec<Task<'a>>,
}

impl<'a> Stage<'a> {
    /// A stage with these knobs.
    pub fn new(name: impl Into<String>, version: u32, knobs: &impl Serialize, tasks: Vec<Task<'a>>) -> Self {
        let knobs = serde_json::to_vec(knobs).unwrap_or_default();
        Self { name: name.into(), version, knobs: format!("{:032x}", xxh3_128(&knobs)), tasks }
    }
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageState {
    /// Tasks in all.
    pub tasks: usize,
    /// Tasks whose row matches.
    pub done: usize,
}

/// Runs stages into one output folder.
pub struct Runner {
    /// The output folder.
    pub out: PathBuf,
    /// Worker threads.
    pub threads: usize,
    /// Pool for work inside a task.
    pub pool: rayon::ThreadPool,
    /// Bytes for sorts and joins.
    pub memory: u64,
    /// Whether to keep quiet about progress.
    pub quiet: bool,
    manifest: Manifest,
    _lock: std::fs::File,
}

/// The most memory that this process held so far, bytes; known on Linux.
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Where sorts spill, under the output folder; emptied when a run begins.
pub const SPILL: &str = "work/spill";
/// Where tasks keep what they need only while they run; emptied when a run begins.
pub const SCRATCH: &str = "work/scratch";

fn stat(path: &Path) -> std::io::Result<(u64, i128)> {
    let metadata = std::fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    Ok((metadata.len(), i128::try_from(modified).unwrap_or_default()))
}

fn thread_cpu_s() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// CPU seconds of this process so far, over all its threads.
#[must_use]
pub fn process_cpu_s() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// CPU seconds that `work` takes on this thread, beside its result.
pub fn with_cpu_time<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = thread_cpu_s();
    let result = work();
    (result, thread_cpu_s() - before)
}

impl Runner {
    /// Opens (or makes) an output folder for writing and takes its lock.
    ///
    /// # Errors
    /// The folder cannot be written, or another run is using it.
    pub fn open(out: &Path, threads: Option<usize>, memory: u64, quiet: bool) -> Result<Self, TaskError> {
        std::fs::create_dir_all(out).map_err(|source| TaskError::Folder { path: out.to_owned(), source })?;
        let lock_path = out.join(".lock");
        let lock = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|source| TaskError::Folder { path: out.to_owned(), source })?;
        match lock.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => return Err(TaskError::Busy { path: lock_path }),
            Err(std::fs::TryLockError::Error(error)) => {
                tracing::warn!(%error, "this file system has no locks: make sure that no other run uses the folder");
            }
            Ok(()) => {}
        }
        let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(16 << 20)
            .build()
            .map_err(|e| TaskError::Threads { threads, message: e.to_string() })?;
        let manifest = Manifest::new(out);
        sweep(out)?;
        for scratch in [SPILL, SCRATCH] {
            let _ = std::fs::remove_dir_all(out.join(scratch));
        }
        Ok(Self { out: out.to_owned(), threads, pool, memory, quiet, manifest, _lock: lock })
    }

    /// The rows of this folder.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The row of a task, if it matches: same knobs, version and inputs, outputs in place.
    fn matching(&self, stage: &Stage<'_>, task: &Task<'_>) -> Option<Row> {
        let row = self.manifest.row(&stage.name, &task.name)?;
        let same = row.version == stage.version
            && row.knobs == stage.knobs
            && row.inputs.len() == task.inputs.len()
            && row.inputs.iter().zip(&task.inputs).all(|((name, was), (wanted, input))| {
                name == wanted
                    && match input {
                        Input::Ours(hash) => *hash == was.hash,
                        Input::Remote(address) => address_hash(address) == was.hash,
                        Input::File(path) => {
                            (was.stat.is_some() && stat(path).ok() == was.stat)
                                || hash_file(path).is_ok_and(|hash| hash == was.hash)
                        }
                    }
            })
            && self.manifest.outputs_in_place(&row);
        same.then_some(row)
    }

    /// How far a stage is, without running anything.
    #[must_use]
    pub fn state(&self, stage: &Stage<'_>) -> StageState {
        let done = stage.tasks.iter().filter(|task| self.matching(stage, task).is_some()).count();
        StageState { tasks: stage.tasks.len(), done }
    }

    /// The rows of a stage that is done, `None` where a task is missing.
    #[must_use]
    pub fn rows(&self, stage: &Stage<'_>) -> Option<Vec<Row>> {
        stage.tasks.iter().map(|task| self.matching(stage, task)).collect()
    }

    /// Runs what is not done and gives all rows, in the tasks' order; what earlier runs of the stage made of inputs that
    /// it no longer has is removed.
    ///
    /// # Errors
    /// A task failed. Tasks in flight are finished first, and what is committed stays.
    pub fn run(&self, stage: &Stage<'_>) -> Result<Vec<Row>, TaskError> {
        let rows = self.run_beside_others(stage)?;
        let pruned = self.manifest.prune(&stage.name, &rows)?;
        if pruned > 0 {
            tracing::warn!(
                stage = stage.name,
                tasks = pruned,
                "removed the outputs of inputs that are no longer there"
            );
        }
        Ok(rows)
    }

    /// As [`run`](Self::run), but leaves what the stage made of other inputs before.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_beside_others(&self, stage: &Stage<'_>) -> Result<Vec<Row>, TaskError> {
        let found: Vec<Option<Row>> = stage.tasks.iter().map(|task| self.matching(stage, task)).collect();
        let todo: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_none()).collect();
        let done = found.len() - todo.len();
        if !todo.is_empty() {
            tracing::info!(stage = stage.name, tasks = found.len(), done, "starting");
        }
        let progress = Progress::new(&stage.name, todo.len() as u64, self.quiet);
        let results: Vec<Mutex<Option<Result<Row, TaskError>>>> = todo.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(todo.len()) {
                let worker = || {
                    while !stop.load(Ordering::Relaxed) {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        let Some(&index) = todo.get(n) else { break };
                        let result = self.run_one(stage, &stage.tasks[index], &progress);
                        if result.is_err() {
                            stop.store(true, Ordering::Relaxed);
                        }
                        if let Ok(mut slot) = results[n].lock() {
                            *slot = Some(result);
                        }
                        progress.task_done();
                    }
                };
                // Deep pages recurse: give the drivers the stack that the pool's threads have.
                let builder = std::thread::Builder::new().stack_size(16 << 20);
                if builder.spawn_scoped(scope, worker).is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        });
        progress.finish();
        let mut fresh = BTreeMap::new();
        let mut failed = None;
        for (slot, index) in results.into_iter().zip(&todo) {
            match slot.into_inner().ok().flatten() {
                Some(Ok(row)) => {
                    fresh.insert(*index, row);
                }
                Some(Err(error)) if failed.is_none() => failed = Some(error),
                _ => {}
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        let rows: Option<Vec<Row>> =
            found.into_iter().enumerate().map(|(i, row)| row.or_else(|| fresh.remove(&i))).collect();
        let rows = rows.ok_or_else(|| TaskError::Threads {
            threads: self.threads,
            message: format!("stage {} did not run all its tasks", stage.name),
        })?;
        if !todo.is_empty() {
            let bytes: u64 = rows.iter().map(|r| r.bytes_in).sum();
            tracing::info!(
                stage = stage.name,
                tasks = todo.len(),
                bytes_in = bytes,
                peak_memory = peak_memory(),
                wall_s = format!("{:.1}", progress.seconds()),
                "done"
            );
        }
        Ok(rows)
    }

    fn run_one(&self, stage: &Stage<'_>, task: &Task<'_>, progress: &Progress) -> Result<Row, TaskError> {
        let begun = Instant::now();
        let mut inputs = BTreeMap::new();
        for (name, input) in &task.inputs {
            let row = match input {
                Input::Ours(hash) => InputRow { hash: hash.clone(), stat: None },
                Input::Remote(address) => InputRow { hash: address_hash(address), stat: None },
                Input::File(path) => {
                    let failed = |source| TaskError::Input { path: path.clone(), source };
                    let stat = stat(path).map_err(failed)?;
                    InputRow { hash: hash_file(path).map_err(failed)?, stat: Some(stat) }
                }
            };
            inputs.insert(name.clone(), row);
        }
        self.manifest.invalidate(&stage.name, &task.name)?;
        // A panic is a defect, but it must not take the other tasks' work with it.
        let run = std::panic::AssertUnwindSafe(|| with_cpu_time(|| (task.run)(progress)));
        let (result, cpu_s) = std::panic::catch_unwind(run)
            .unwrap_or_else(|_| (Err("the task panicked; the message above says where".into()), 0.0));
        let done = result.map_err(|source| TaskError::Failed {
            stage: stage.name.clone(),
            task: task.name.clone(),
            source,
        })?;
        if !done.tally.balances() {
            let (stage, task) = (stage.name.clone(), task.name.clone());
            return Err(TaskError::Unbalanced { stage, task, tally: done.tally });
        }
        let relative = |path: PathBuf| path.strip_prefix(&self.out).map(Path::to_owned).unwrap_or(path);
        let row = Row {
            stage: stage.name.clone(),
            task: task.name.clone(),
            version: stage.version,
            knobs: stage.knobs.clone(),
            inputs,
            outputs: done
                .outputs
                .into_iter()
                .map(|Written { path, rows, bytes, hash }| OutputRow { path: relative(path), rows, bytes, hash })
                .collect(),
            tally: done.tally,
            bytes_in: done.bytes_in,
            wall_s: begun.elapsed().as_secs_f64(),
            memory_peak: peak_memory(),
            cpu_s: cpu_s + done.cpu_elsewhere_s,
            facts: done.facts,
        };
        self.manifest.commit(&row)?;
        // As a later run will read it: JSON may round a figure, and what is made of rows must not depend on who reads them.
        Ok(self.manifest.row(&row.stage, &row.task).unwrap_or(row))
    }
}

/// Removes what a killed run left half-written, in the folder and below it.
fn sweep(folder: &Path) -> Result<(), AtomicError> {
    atomic::sweep(folder)?;
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            sweep(&entry.path())?;
        }
    }
    Ok(())
}

fn address_hash(address: &str) -> String {
    format!("{:032x}", xxh3_128(address.as_bytes()))
}
