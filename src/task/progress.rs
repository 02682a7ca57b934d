//! Long work shows itself: a bar with rate and time left on a terminal, plain log lines without one.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress of one stage over its tasks.
pub struct Progress {
    bar: ProgressBar,
    stage: String,
    tasks: u64,
    lines: bool,
    begun: Instant,
    items: AtomicU64,
    done: AtomicU64,
    said: Mutex<Instant>,
}

/// Time between two log lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Begins a stage of so many tasks.
    #[must_use]
    pub fn new(stage: &str, tasks: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(tasks), target);
        let style = "{prefix:>12} [{bar:30}] {pos}/{len} tasks, {msg} {elapsed} (left {eta})";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(stage.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        let now = Instant::now();
        Self {
            bar,
            stage: stage.to_owned(),
            tasks,
            lines: !terminal && !quiet,
            begun: now,
            items: AtomicU64::new(0),
            done: AtomicU64::new(0),
            said: Mutex::new(now),
        }
    }

    /// Counts pages (or rows) inside a task.
    pub fn items(&self, n: u64) {
        let items = self.items.fetch_add(n, Ordering::Relaxed) + n;
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        let rate = items as f64 / seconds;
        self.bar.set_message(format!("{items} pages, {rate:.0}/s,"));
        if !self.lines {
            return;
        }
        let Ok(mut said) = self.said.lock() else { return };
        if said.elapsed() >= LINE_EVERY {
            *said = Instant::now();
            let done = self.done.load(Ordering::Relaxed);
            let left = if done == 0 {
                "unknown".to_owned()
            } else {
                format!("{:.0} s", seconds / done as f64 * (self.tasks - done.min(self.tasks)) as f64)
            };
            tracing::info!(stage = self.stage, tasks = %format!("{done}/{}", self.tasks), pages = items,
                pages_per_s = rate.round(), time_left = left, "running");
        }
    }

    /// Counts a finished task.
    pub fn task_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
    }

    /// Seconds since the stage began.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
