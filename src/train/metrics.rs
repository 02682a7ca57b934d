//! What a run says of itself: lines of JSON and TensorBoard events on disk, progress where one looks.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Result, TrainError};
use super::shown::Shown;
use super::tensorboard::Events;

/// The figures of a step.
#[derive(Clone, Debug, Serialize)]
pub struct StepMetrics {
    /// Counted from 1: the steps taken.
    pub step: u64,
    /// Mean −log p of the targets, nats.
    pub loss: f64,
    /// The learning rate.
    pub rate: f64,
    /// The norm of the gradients before they were clipped.
    pub grad_norm: f64,
    /// Targets of the step.
    pub targets: u64,
    /// Tokens trained on so far, padding left out.
    pub tokens: u64,
    /// Tokens a second.
    pub tokens_per_s: f64,
}

/// Perplexity of what is held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Steps taken before.
    pub step: u64,
    /// Of which source.
    pub source: String,
    /// Mean −log p of a token, nats.
    pub held_out_loss: f64,
    /// Its exponential.
    pub perplexity: f64,
    /// Targets measured.
    pub targets: u64,
}

/// The measurements of a run, of the first step first, as its folder has them.
///
/// # Errors
/// There are none.
pub fn measurements(folder: &Path) -> Result<Vec<Measurement>> {
    let path = folder.join(FILE);
    let text = std::fs::read_to_string(&path).map_err(TrainError::read(&path))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

const FILE: &str = "metrics.jsonl";

/// Where metrics go.
pub struct Metrics {
    lines: File,
    path: PathBuf,
    events: Events,
    shown: Shown,
}

impl Metrics {
    /// Opens `metrics.jsonl` and a file of events in `folder` for a run that has taken `step` of `steps` steps. Lines of
    /// later steps, of a run that was killed after its last checkpoint, are dropped: they will be written again.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn open(folder: &Path, step: u64, steps: u64, quiet: bool) -> Result<Self> {
        let path = folder.join(FILE);
        let kept = match std::fs::read_to_string(&path) {
            Ok(text) => kept_lines(&text, step),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(TrainError::read(&path)(error)),
        };
        crate::io::atomic::write(&path, kept)?;
        let lines = File::options().append(true).open(&path).map_err(TrainError::append(&path))?;
        let events = Events::create(&folder.join("tensorboard"), step)?;
        Ok(Self { lines, path, events, shown: Shown::new("training", step, steps, quiet) })
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(value).unwrap_or_default();
        line.push(b'\n');
        self.lines.write_all(&line).map_err(TrainError::append(&self.path))
    }

    /// Tells of a step.
    ///
    /// # Errors
    /// The disk is full.
    pub fn step(&mut self, of: &StepMetrics) -> Result<()> {
        self.line(of)?;
        let values =
            [("loss", of.loss), ("rate", of.rate), ("grad_norm", of.grad_norm), ("tokens_per_s", of.tokens_per_s)];
        self.events.scalars(of.step, &values)?;
        let StepMetrics { loss, rate, grad_norm, tokens_per_s, .. } = of;
        let message = format!("loss {loss:.4}, rate {rate:.2e}, norm {grad_norm:.2}, {tokens_per_s:.0} tokens/s,");
        if let Some((step, time_left)) = self.shown.at(of.step, message) {
            tracing::info!(%step, loss = %format!("{loss:.4}"), rate = %format!("{rate:.3e}"),
                grad_norm = %format!("{grad_norm:.3}"), tokens_per_s = tokens_per_s.round(), %time_left, "training");
        }
        Ok(())
    }

    /// Tells of a step whose figures are others: the numbers among the fields of `of`, which names its step; `shown` of
    /// them are progress.
    ///
    /// # Errors
    /// The disk is full.
    pub fn figures(&mut self, step: u64, of: &impl Serialize, shown: &[&str]) -> Result<()> {
        self.line(of)?;
        let fields = serde_json::to_value(of).unwrap_or_default();
        let numbers = fields.as_object().into_iter().flatten().filter(|(name, _)| *name != "step");
        let values: Vec<(&str, f64)> = numbers.filter_map(|(name, n)| Some((name.as_str(), n.as_f64()?))).collect();
        self.events.scalars(step, &values)?;
        let said = |name: &&str| values.iter().find(|(n, _)| n == name).map(|(n, v)| format!("{n} {v:.4}"));
        let message = shown.iter().filter_map(said).collect::<Vec<_>>().join(", ");
        if let Some((step, time_left)) = self.shown.at(step, format!("{message},")) {
            tracing::info!(%step, %time_left, "{message}");
        }
        Ok(())
    }

    /// Tells of a measurement.
    ///
    /// # Errors
    /// The disk is full.
    pub fn measured(&mut self, of: &Measurement) -> Result<()> {
        self.line(of)?;
        self.events.scalars(of.step, &[(&format!("held_out_loss/{}", of.source), of.held_out_loss)])?;
        tracing::info!(step = of.step, source = of.source, loss = %format!("{:.4}", of.held_out_loss),
            perplexity = %format!("{:.3}", of.perplexity), "held out");
        Ok(())
    }

    /// Takes the progress away.
    pub fn finish(&self) {
        self.shown.finish();
    }
}

/// The lines of steps up to `step`.
fn kept_lines(text: &str, step: u64) -> String {
    let of = |line: &str| serde_json::from_str::<Value>(line).ok()?["step"].as_u64();
    text.lines().filter(|line| of(line).is_some_and(|n| n <= step)).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_continues_its_lines() {
        let folder = tempfile::tempdir().unwrap();
        let metrics = |step, loss| StepMetrics {
            step,
            loss,
            rate: 0.1,
            grad_norm: 1.0,
            targets: 5,
            tokens: 5 * step,
            tokens_per_s: 9.0,
        };
        let mut first = Metrics::open(folder.path(), 0, 9, true).unwrap();
        (1..=5).for_each(|step| first.step(&metrics(step, 5.0)).unwrap());
        let mut second = Metrics::open(folder.path(), 3, 9, true).unwrap();
        second.step(&metrics(4, 4.0)).unwrap();
        let text = std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        let losses: Vec<f64> =
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64().unwrap()).collect();
        assert_eq!(losses, [5.0, 5.0, 5.0, 4.0]);
        let measured =
            Measurement { step: 4, source: "math".to_owned(), held_out_loss: 2.0, perplexity: 7.4, targets: 9 };
        second.measured(&measured).unwrap();
        assert_eq!(measurements(folder.path()).unwrap(), [measured]);
        assert_eq!(kept_lines("{\"step\": 1}\n{\"step\": 2, \"lo", 9), "{\"step\": 1}\n", "a line that was cut goes");
    }
}
