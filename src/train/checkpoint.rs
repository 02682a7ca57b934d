//! Checkpoints of a run: model, optimiser, and where the run is. A folder appears whole or not at all.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::data::pack::Place;
use super::error::{Result, TrainError};
use super::model::Model;
use super::optim::{AdamW, AdamWConfig};
use super::params::hf::HfFiles;
use super::params::peft;
use super::params::save::{Stored, write_folder};

const STATE: &str = "state.json";
const OPTIMIZER: &str = "optimizer.safetensors";
const ADAPTERS: &str = "adapters";

/// Where a run is: with the model and the optimiser's moments all that the next step depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// Steps taken.
    pub step: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// The place in the data.
    pub place: Place,
    /// The losses of the last steps, for the watch over spikes.
    pub recent: Vec<f64>,
    /// The lowest mean loss of what is held out, and the step where it was measured.
    pub best: Option<(f64, u64)>,
    /// Stands for the settings that the numbers depend on.
    pub config: String,
    /// Stands for the data: the keys of the files of tokens.
    pub data: String,
}

/// The folder of a step.
#[must_use]
pub fn folder(checkpoints: &Path, step: u64) -> PathBuf {
    checkpoints.join(format!("step-{step:08}"))
}

/// Steps of which there is a checkpoint, sorted.
///
/// # Errors
/// The folder cannot be read.
pub fn steps(checkpoints: &Path) -> Result<Vec<u64>> {
    let entries = match std::fs::read_dir(checkpoints) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TrainError::read(checkpoints)(error)),
    };
    let mut steps = Vec::new();
    for entry in entries {
        let entry = entry.map_err(TrainError::read(checkpoints))?;
        let name = entry.file_name();
        let step = name.to_str().and_then(|name| name.strip_prefix("step-")?.parse().ok());
        if let Some(step) = step.filter(|_| entry.path().join(STATE).is_file()) {
            steps.push(step);
        }
    }
    steps.sort_unstable();
    Ok(steps)
}

/// Writes a checkpoint, then removes those that are neither among the last `keep` nor the best.
///
/// # Errors
/// The disk is full.
pub fn save(checkpoints: &Path, model: &Model, optimizer: &AdamW, state: &RunState, keep: usize) -> Result<PathBuf> {
    save_with(checkpoints, state.step, state.best.map(|(_, step)| step), keep, |new| {
        write_trained(new, model, optimizer)?;
        write_state(new, state)
    })
}

/// Writes what is trained of a model, and its optimiser, into a folder.
///
/// # Errors
/// The disk is full.
pub fn write_trained(new: &Path, model: &Model, optimizer: &AdamW) -> Result<()> {
    match model.lora() {
        Some(lora) => peft::write(&new.join(ADAPTERS), lora, "")?,
        None => model.write_files(new, Stored::F32)?,
    }
    optimizer.save(&new.join(OPTIMIZER), model.trained())
}

/// Writes the state of a run into a folder.
///
/// # Errors
/// The disk is full.
pub fn write_state(new: &Path, state: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec_pretty(state).unwrap_or_default();
    Ok(crate::io::atomic::write(new.join(STATE), text)?)
}

/// Writes the checkpoint of a step as `fill` fills its folder, then removes those that are neither among the last `keep`
/// nor the best.
///
/// # Errors
/// What `fill` says, or the disk is full.
pub fn save_with(
    checkpoints: &Path,
    step: u64,
    best: Option<u64>,
    keep: usize,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let target = folder(checkpoints, step);
    write_folder(&target, fill)?;
    let steps = steps(checkpoints)?;
    let old = &steps[..steps.len().saturating_sub(keep)];
    for step in old.iter().filter(|step| Some(**step) != best) {
        let old = folder(checkpoints, *step);
        std::fs::remove_dir_all(&old).map_err(TrainError::append(&old))?;
    }
    Ok(target)
}

/// Reads the state of a checkpoint.
///
/// # Errors
/// It is damaged.
pub fn state(folder: &Path) -> Result<RunState> {
    read_state(folder)
}

/// Reads what [`write_state`] wrote.
///
/// # Errors
/// It is damaged.
pub fn read_state<S: DeserializeOwned>(folder: &Path) -> Result<S> {
    let path = folder.join(STATE);
    let bytes = std::fs::read(&path).map_err(TrainError::read(&path))?;
    serde_json::from_slice(&bytes).map_err(|e| TrainError::format(&path, "the state of a run", e))
}

/// Puts the trained parameters of a checkpoint into a model, and reads its optimiser.
///
/// # Errors
/// A file is damaged or is of another model.
pub fn restore(folder: &Path, model: &Model, adam: AdamWConfig) -> Result<AdamW> {
    read_trained(folder, model)?;
    AdamW::load(adam, &folder.join(OPTIMIZER), model.trained())
}

/// Puts the trained parameters of a checkpoint into a model.
///
/// # Errors
/// A file is damaged or is of another model.
pub fn read_trained(folder: &Path, model: &Model) -> Result<()> {
    let from = if model.lora().is_some() { folder.join(ADAPTERS) } else { folder.to_owned() };
    match model.lora() {
        Some(lora) => {
            let read = peft::open(&from, model.config(), lora.config())?;
            for param in lora.params() {
                put(param, read(param.name())?)?;
            }
        }
        None => {
            let files = HfFiles::open(&from)?;
            for param in model.params() {
                put(param, files.read(param.name())?)?;
            }
        }
    }
    Ok(())
}

fn put(param: &super::params::Param, numbers: Vec<f32>) -> Result<()> {
    let tensor = candle_core::Tensor::from_vec(numbers, param.dims(), &candle_core::Device::Cpu)?;
    param.set(&tensor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::params::Place as Where;

    #[test]
    fn the_last_checkpoints_and_the_best_are_kept() {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/train/llama");
        let model = Model::load(&fixture, &Where::cpu()).unwrap();
        let optimizer = AdamW::new(AdamWConfig::default(), model.trained());
        let folder = tempfile::tempdir().unwrap();
        let kept = |step, best| {
            let state = RunState { step, best, ..RunState::default() };
            save(folder.path(), &model, &optimizer, &state, 2).unwrap();
            steps(folder.path()).unwrap()
        };
        let second = Some((1.0, 2));
        assert_eq!(kept(1, Some((3.0, 1))), [1]);
        assert_eq!(kept(2, second), [1, 2]);
        assert_eq!(kept(3, second), [2, 3]);
        assert_eq!(kept(4, second), [2, 3, 4]);
        assert_eq!(kept(5, second), [2, 4, 5]);
        // A better one takes its place; what was the best goes with the others.
        assert_eq!(kept(6, Some((0.5, 6))), [5, 6]);
    }
}
