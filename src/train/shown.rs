//! Progress of training and of what is sampled for it: a bar with the time left on a terminal, log lines without one.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Time between two log lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Progress over steps, questions, or whatever is counted.
#[derive(Debug)]
pub struct Shown {
    bar: ProgressBar,
    logs: bool,
    said: Instant,
    begun: Instant,
    first: u64,
    total: u64,
}

impl Shown {
    /// Begins after `first` of `total`, under a name.
    #[must_use]
    pub fn new(name: &str, first: u64, total: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>8} [{bar:30}] {pos}/{len} {msg} {elapsed} (left {eta})")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        bar.set_position(first);
        bar.reset_eta();
        let now = Instant::now();
        Self { bar, logs: !terminal && !quiet, said: now, begun: now, first, total }
    }

    /// Moves on to `done`. Where a log line is due, how far it is and the time left.
    pub fn at(&mut self, done: u64, message: String) -> Option<(String, String)> {
        self.bar.set_position(done);
        self.bar.set_message(message);
        if !self.logs || self.said.elapsed() < LINE_EVERY && done != self.total {
            return None;
        }
        self.said = Instant::now();
        let pace = self.begun.elapsed().as_secs_f64() / done.saturating_sub(self.first).max(1) as f64;
        let left = pace * self.total.saturating_sub(done) as f64;
        Some((format!("{done}/{}", self.total), format!("{left:.0} s")))
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
