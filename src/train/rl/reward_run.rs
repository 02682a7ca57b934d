//! `train reward`: a reward model from examples.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::config::RlConfig;
use super::rewards::with_adapters;
use crate::train::checkpoint;
use crate::train::comm::Comm;
use crate::train::data::permutation::Permutation;
use crate::train::error::{Result, TrainError};
use crate::train::metrics::Metrics;
use crate::train::model::Model;
use crate::train::params::companions;
use crate::train::reward_model::examples::{Example, Reading};
use crate::train::reward_model::fit::{FitRules, gradients, step};
use crate::train::reward_model::{ScalarModel, ScalarOptimizer};
use crate::train::run::{RunOptions, language, place_of};

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    step: u64,
    config: String,
    examples: String,
}

/// The figures of a step.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    step: u64,
    loss: f64,
    right: f64,
    grad_norm: f64,
    rate: f64,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct RewardOutcome {
    /// Steps taken in all.
    pub steps: u64,
    /// Mean loss of the last one that this run took, nats.
    pub loss: Option<f64>,
    /// Loss, and the share of pairs and labels that the model has right, over what was held out.
    pub held_out: Option<(f64, f64)>,
    /// Where the finished model is.
    pub model: Option<PathBuf>,
}

/// The examples of a configuration: those that are trained on, those that are held out.
fn examples(config: &RlConfig, model: &Model) -> Result<(Vec<Example>, Vec<Example>)> {
    let context = model.config().context;
    let tokenizer = companions::tokenizer_of(&config.model, model.config().vocab_size);
    let (vocabulary, template) = language(model, &tokenizer)?;
    let reading = Reading { vocabulary: &vocabulary, template: &template, instruction: &config.data.instruction };
    let mut all = Vec::new();
    for path in &config.reward_model.files {
        all.extend(reading.file(path)?);
    }
    let count = all.len();
    all.retain(|example| example.longest() <= context);
    if all.len() < count {
        tracing::warn!(left_out = count - all.len(), "examples that do not fit the context");
    }
    let is_held_out = |number: usize| {
        let draw = xxh3_64_with_seed(&(number as u64).to_le_bytes(), config.data.seed ^ 0x6865_6c64);
        (draw as f64 / u64::MAX as f64) < config.reward_model.held_out
    };
    let (mut trained, mut held) = (Vec::new(), Vec::new());
    for (number, example) in all.into_iter().enumerate() {
        if is_held_out(number) { held.push(example) } else { trained.push(example) }
    }
    if trained.is_empty() {
        return Err(TrainError::Config {
            path: config.path.clone(),
            key: "reward_model.files".to_owned(),
            expected: "files of examples".to_owned(),
            found: format!("{count} examples, none to train on"),
        });
    }
    Ok((trained, held))
}

/// Stands for examples.
fn key_of(examples: &[Example]) -> String {
    let key = examples.iter().fold(0, |key, example| xxh3_64_with_seed(format!("{example:?}").as_bytes(), key));
    format!("{} {key:016x}", examples.len())
}

/// Trains a reward model on the examples of a configuration.
///
/// # Errors
/// A file is missing or damaged, a loss is not finite, or the disk is full.
pub fn train_reward(config: &RlConfig, options: RunOptions, comm: &dyn Comm) -> Result<RewardOutcome> {
    let place = place_of(config.device, comm.rank())?;
    let model = with_adapters(ScalarModel::load(&config.model, &place)?, config)?;
    let (examples, held) = examples(config, model.model())?;
    let checkpoints = config.output.join("checkpoints");
    let mut state =
        State { config: format!("reward {}", config.hash), examples: key_of(&examples), ..State::default() };
    let mut optimizer = ScalarOptimizer::new(config.adam, &model);
    if let Some(last) = checkpoint::steps(&checkpoints)?.last() {
        let folder = checkpoint::folder(&checkpoints, *last);
        if !options.resume {
            let expected = "one without checkpoints, or --resume";
            return Err(TrainError::argument("the output folder", expected, folder.display()));
        }
        let was: State = checkpoint::read_state(&folder)?;
        if (&was.config, &was.examples) != (&state.config, &state.examples) {
            let expected = format!("the settings and examples that {} was trained with", folder.display());
            return Err(TrainError::argument("a run to resume", expected, "others"));
        }
        optimizer = ScalarOptimizer::restore(config.adam, &model, &folder)?;
        state = was;
    }
    let fit = FitRules { micro_tokens: config.micro_tokens, keep: config.keep, clip_norm: config.clip_norm };
    let first = comm.rank() == 0;
    let mut metrics =
        if first { Some(Metrics::open(&config.output, state.step, config.steps, options.quiet)?) } else { None };
    let mut outcome = RewardOutcome::default();
    let (batch, count) = (config.reward_model.batch as u64, examples.len() as u64);
    while state.step < config.steps && options.stop_after.is_none_or(|last| state.step < last) {
        let drawn = (0..batch).map(|i| {
            let at = state.step * batch + i;
            let seed = xxh3_64_with_seed(&(at / count).to_le_bytes(), config.data.seed);
            &examples[Permutation::new(count, seed).at(at % count) as usize]
        });
        let rate = config.schedule.rate(state.step);
        let found = step(&model, &mut optimizer, &drawn.collect::<Vec<_>>(), &fit, rate, comm)?;
        if !(found.loss.is_finite() && found.grad_norm.is_finite()) {
            let what = format!("loss {}, norm of the gradients {}", found.loss, found.grad_norm);
            return Err(TrainError::Diverged { step: state.step + 1, what });
        }
        state.step += 1;
        outcome.loss = Some(found.loss);
        let (loss, right, grad_norm) = (found.loss, found.right, found.grad_norm);
        if let Some(metrics) = &mut metrics {
            let figures = Figures { step: state.step, loss, right, grad_norm, rate };
            metrics.figures(state.step, &figures, &["loss", "right"])?;
        }
        if first && (state.step.is_multiple_of(config.save_every) || state.step == config.steps) {
            checkpoint::save_with(&checkpoints, state.step, None, config.save_keep, |new| {
                optimizer.write(&model, new)?;
                checkpoint::write_state(new, &state)
            })?;
        }
    }
    if let Some(metrics) = &metrics {
        metrics.finish();
    }
    outcome.steps = state.step;
    if state.step == config.steps {
        if !held.is_empty() {
            let (found, _) = gradients(&model, &held.iter().collect::<Vec<_>>(), &fit, comm)?;
            outcome.held_out = Some((found.loss, found.right));
        }
        if first {
            let folder = config.output.join("model");
            model.merged()?.save(&folder)?;
            outcome.model = Some(folder);
        }
    }
    Ok(outcome)
}
