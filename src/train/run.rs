//! Pre-training and fine-tuning: the same loop over other rows (sections 2.3 and 3).

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Device};
use serde_json::json;

use super::backward::{Batch, Checkpointing, loss_and_grads};
use super::checkpoint::{self, RunState};
use super::comm::Comm;
use super::config::{DeviceChoice, Start, TrainConfig};
use super::data::exclusion::Excluded;
use super::data::mixture::Mixture;
use super::data::pack::{IGNORED, Packer, Rows};
use super::data::source::{Kind, Making, Source, SourceRules};
use super::data::template::Template;
use super::data::vocabulary::Vocabulary;
use super::error::{Result, TrainError};
use super::grads::Grads;
use super::head;
use super::lora::Lora;
use super::metrics::{Measurement, Metrics, StepMetrics};
use super::model::Model;
use super::model::weights::View;
use super::optim::AdamW;
use super::params::Place as Where;
use super::params::companions::{self, Companions};
use super::params::save::{Stored, write_folder};
use super::plan;

/// Losses that the watch over spikes looks back on, and how many it wants before it judges.
const RECENT: usize = 50;
const RECENT_MIN: usize = 10;

/// How a run is started.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// Go on from the last checkpoint of the output folder.
    pub resume: bool,
    /// No progress.
    pub quiet: bool,
    /// Stop after this step, as if killed there (for tests).
    pub stop_after: Option<u64>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Steps taken in all.
    pub steps: u64,
    /// The loss of the last one that this run took.
    pub loss: Option<f64>,
    /// The last measurements.
    pub measured: Vec<Measurement>,
    /// Where the finished model is.
    pub model: Option<PathBuf>,
}

/// A run before its first step: model, data, optimiser.
pub struct Run<'a> {
    config: &'a TrainConfig,
    comm: &'a dyn Comm,
    model: Model,
    vocabulary: Vocabulary,
    template: Template,
    mixture: Mixture,
    measured: Vec<Source>,
}

/// The device of a choice.
///
/// # Errors
/// A GPU is asked for and there is none.
pub fn place(choice: DeviceChoice) -> Result<Where> {
    place_of(choice, 0)
}

/// The device of a choice for a process; where there are GPUs, the one of its number.
///
/// # Errors
/// A GPU is asked for and there is none of this number.
pub fn place_of(choice: DeviceChoice, rank: usize) -> Result<Where> {
    let gpu = || Ok(Where { device: Device::new_cuda(rank)?, dtype: DType::BF16 });
    match choice {
        DeviceChoice::Cuda => gpu(),
        DeviceChoice::Auto if candle_core::utils::cuda_is_available() => gpu(),
        DeviceChoice::Cpu | DeviceChoice::Auto => Ok(Where::cpu()),
    }
}

/// Loads or makes the model of a configuration. What does not fit is said before any weight is read.
///
/// # Errors
/// Files are missing or do not fit.
pub fn model(config: &TrainConfig) -> Result<(Model, PathBuf)> {
    model_at(config, &place(config.device)?)
}

fn model_at(config: &TrainConfig, place: &Where) -> Result<(Model, PathBuf)> {
    let shape = plan::found_shape(config)?;
    plan::check_shape(config, &shape)?;
    let (mut model, mut tokenizer) = match &config.start {
        Start::Checkpoint(path) => (Model::load(path, place)?, companions::tokenizer_of(path, shape.vocab_size)),
        Start::Random { tokenizer, .. } => (Model::random(shape, place, config.seed)?, tokenizer.clone()),
    };
    if let Some(named) = &config.tokenizer {
        tokenizer.clone_from(named);
    }
    if config.tokenizer.is_some() || matches!(config.start, Start::Random { .. }) {
        model.set_companions(companions::of_tokenizer(&tokenizer)?);
    }
    if let Some(lora) = &config.lora {
        let lora = Lora::new(lora.clone(), model.config(), place, config.seed)?;
        model = model.with_lora(lora);
    }
    Ok((model, tokenizer))
}

/// The tokenizer and the template of conversations that go with a model: what it brought along, or the files of
/// `tokenizer` where it brought none. Errors name `tokenizer`.
///
/// # Errors
/// There is none, it does not fit the model, or the model names no token that ends a text.
pub fn language(model: &Model, tokenizer: &Path) -> Result<(Vocabulary, Template)> {
    if model.companions().contains_key("tokenizer.json") {
        return language_of(model, model.companions(), tokenizer);
    }
    language_of(model, &companions::of_tokenizer(tokenizer)?, tokenizer)
}

/// The same, of these files.
///
/// # Errors
/// As there.
pub fn language_of(model: &Model, files: &Companions, tokenizer: &Path) -> Result<(Vocabulary, Template)> {
    let end = end_token(model, tokenizer)?;
    let vocabulary = Vocabulary::of(files, tokenizer, end, model.config().vocab_size)?;
    let template = Template::of(files, tokenizer, &vocabulary.name(end))?;
    Ok((vocabulary, template))
}

impl<'a> Run<'a> {
    /// Loads the model and tokenises the data: whatever is wrong with either is said before training begins.
    ///
    /// # Errors
    /// A file is missing, damaged, or does not fit another.
    pub fn new(config: &'a TrainConfig, comm: &'a dyn Comm) -> Result<Self> {
        if !config.batch_rows.is_multiple_of(comm.world()) {
            let expected = format!("a multiple of the {} processes", comm.world());
            return Err(TrainError::argument("rows of a batch", expected, config.batch_rows));
        }
        config.sources.iter().chain(&config.measured).try_for_each(SourceRules::check_files)?;
        let (model, tokenizer) = model_at(config, &place_of(config.device, comm.rank())?)?;
        let (vocabulary, template) = language(&model, &tokenizer)?;
        let progress = |file: &str, tokens: u64| tracing::info!(file, tokens, "tokens ready");
        let making = Making {
            vocabulary: &vocabulary,
            template: &template,
            folder: &config.cache,
            seed: config.data_seed,
            progress: &progress,
        };
        let open = |rules: &[SourceRules], excluded: &Excluded| {
            rules.iter().map(|r| Source::open_without(r.clone(), &making, excluded)).collect::<Result<Vec<_>>>()
        };
        let measured = open(&config.measured, &Excluded::default())?;
        let sources = open(&config.sources, &Excluded::of(&measured, config.apart))?;
        let mixture = Mixture::new(sources.into_iter().map(|source| source.cut(config.context)).collect())?;
        for source in mixture.sources().iter().filter(|source| source.excluded() > 0) {
            tracing::info!(source = source.rules().name, documents = source.excluded(), "left out: measured");
        }
        Ok(Self { config, comm, model, vocabulary, template, mixture, measured })
    }

    /// What it is trained on.
    #[must_use]
    pub fn mixture(&self) -> &Mixture {
        &self.mixture
    }

    fn checkpoints(&self) -> PathBuf {
        self.config.output.join("checkpoints")
    }

    fn packer(&self) -> Packer<'_> {
        let (context, packing) = (self.config.context, self.config.packing);
        Packer { mixture: &self.mixture, context, packing, pad: self.vocabulary.end() }
    }

    /// Where the run begins: at its start, or where its last checkpoint stands.
    fn begin(&mut self, resume: bool) -> Result<(RunState, AdamW)> {
        let checkpoints = self.checkpoints();
        let last = checkpoint::steps(&checkpoints)?.last().copied();
        let data = self.mixture.key();
        match (last, resume) {
            (None, _) => {
                let optimizer = AdamW::new(self.config.adam, self.model.trained());
                let config = self.config.hash.clone();
                Ok((RunState { place: self.packer().start(), config, data, ..RunState::default() }, optimizer))
            }
            (Some(step), false) => Err(TrainError::argument(
                "the output folder",
                "one without checkpoints, or --resume",
                checkpoint::folder(&checkpoints, step).display(),
            )),
            (Some(step), true) => {
                let folder = checkpoint::folder(&checkpoints, step);
                let state = checkpoint::state(&folder)?;
                for (what, is, was) in [("settings", &self.config.hash, &state.config), ("data", &data, &state.data)] {
                    if is != was {
                        let expected = format!("the {what} that {} was trained with ({was})", folder.display());
                        return Err(TrainError::argument("a run to resume", expected, format!("others ({is})")));
                    }
                }
                let optimizer = checkpoint::restore(&folder, &self.model, self.config.adam)?;
                tracing::info!(step, folder = %folder.display(), "resuming");
                Ok((state, optimizer))
            }
        }
    }

    /// Trains.
    ///
    /// # Errors
    /// A loss is not finite or jumps, the disk is full, or another process is gone.
    pub fn train(mut self, options: RunOptions) -> Result<Outcome> {
        let config = self.config;
        let (mut state, mut optimizer) = self.begin(options.resume)?;
        let first = self.comm.rank() == 0;
        let mut metrics =
            if first { Some(Metrics::open(&config.output, state.step, config.steps, options.quiet)?) } else { None };
        let (mut loss, mut measured) = (f64::NAN, Vec::new());
        while state.step < config.steps && options.stop_after.is_none_or(|last| state.step < last) {
            let begun = Instant::now();
            let (rows, place) = self.packer().rows(config.batch_rows, &state.place);
            let targets = rows.trained();
            let (found, mut grads) = self.gradients(&rows, targets)?;
            let norm = grads.clip(config.clip_norm)?;
            let rate = config.schedule.rate(state.step);
            // A batch of nothing but prompts says nothing.
            if targets > 0 {
                loss = found;
                self.watch(&state, loss, norm, &rows)?;
                optimizer.step(self.model.trained(), &grads, rate)?;
            } else {
                tracing::warn!(step = state.step + 1, "no token to learn: prompts that are as long as the context");
            }
            drop(grads);
            state.step += 1;
            state.tokens += (rows.tokens.len() - rows.padding) as u64;
            state.place = place;
            if targets > 0 {
                state.recent.push(loss);
            }
            if state.recent.len() > RECENT {
                state.recent.remove(0);
            }
            if let Some(metrics) = &mut metrics {
                let seconds = begun.elapsed().as_secs_f64().max(1e-9);
                metrics.step(&StepMetrics {
                    step: state.step,
                    loss,
                    rate,
                    grad_norm: norm,
                    targets: targets as u64,
                    tokens: state.tokens,
                    tokens_per_s: (rows.tokens.len() - rows.padding) as f64 / seconds,
                })?;
            }
            let last = state.step == config.steps;
            if state.step.is_multiple_of(config.measure_every) || last {
                measured = self.measure(state.step)?;
                let mean = measured.iter().map(|m| m.held_out_loss).sum::<f64>() / measured.len().max(1) as f64;
                if !measured.is_empty() && state.best.is_none_or(|(best, _)| mean < best) {
                    state.best = Some((mean, state.step));
                }
                if let Some(metrics) = &mut metrics {
                    measured.iter().try_for_each(|one| metrics.measured(one))?;
                }
            }
            let best = state.best.is_some_and(|(_, step)| step == state.step);
            if first && (state.step.is_multiple_of(config.save_every) || last || best) {
                checkpoint::save(&self.checkpoints(), &self.model, &optimizer, &state, config.save_keep)?;
            }
        }
        if let Some(metrics) = &metrics {
            metrics.finish();
        }
        let finished = first && state.step == config.steps;
        let model = finished.then(|| self.export()).transpose()?;
        Ok(Outcome { steps: state.step, loss: loss.is_finite().then_some(loss), measured, model })
    }

    /// Loss and gradients of a whole batch: this process's rows in parts, then the sum over all processes.
    fn gradients(&self, rows: &Rows, targets: usize) -> Result<(f64, Grads)> {
        let (rank, world) = (self.comm.rank(), self.comm.world());
        let own = rows.rows / world;
        let keep = NonZero::new(self.config.checkpoint_blocks).map_or(Checkpointing::Off, Checkpointing::Every);
        let mut grads = Grads::default();
        let mut loss = 0.0;
        let mut at = rank * own;
        while at < (rank + 1) * own {
            let count = self.config.micro_rows.min((rank + 1) * own - at);
            let batch = batch(&rows.part(at, count))?;
            let (part, found) = loss_and_grads(&self.model, &batch, targets, keep)?;
            loss += part;
            grads.accumulate(&found)?;
            at += count;
        }
        self.comm.sum_grads(&mut grads)?;
        let loss = self.comm.sum_numbers(&[loss])?.first().copied().unwrap_or(f64::NAN);
        Ok((loss, grads))
    }

    /// Stops a run whose numbers are not finite or whose loss jumps, before the step is taken.
    fn watch(&self, state: &RunState, loss: f64, norm: f64, rows: &Rows) -> Result<()> {
        let mean = state.recent.iter().sum::<f64>() / state.recent.len().max(1) as f64;
        let allowed = self.config.loss_spike_max;
        let problem = if !loss.is_finite() || !norm.is_finite() {
            format!("loss {loss}, norm of the gradients {norm}")
        } else if state.recent.len() >= RECENT_MIN && loss > mean + allowed {
            format!("loss {loss:.3}, {allowed} over the mean of the last {} steps, {mean:.3}", state.recent.len())
        } else {
            return Ok(());
        };
        let dump = self.config.output.join(format!("failed-step-{:08}.json", state.step + 1));
        let texts: Vec<String> = rows
            .tokens
            .chunks(self.config.context)
            .map(|row| self.vocabulary.decode(row).unwrap_or_else(|e| e.to_string()))
            .collect();
        let found = json!({ "step": state.step + 1, "problem": problem, "place": state.place, "tokens": rows.tokens,
            "targets": rows.targets, "segments": rows.segments, "texts": texts });
        crate::io::atomic::write(&dump, serde_json::to_vec_pretty(&found).unwrap_or_default())?;
        let good = checkpoint::steps(&self.checkpoints())?.last().copied();
        let good = good.map_or_else(
            || "there is no checkpoint yet".to_owned(),
            |step| format!("the last good checkpoint is {}", checkpoint::folder(&self.checkpoints(), step).display()),
        );
        let what = format!("{problem}; the batch is in {}; {good}", dump.display());
        Err(TrainError::Diverged { step: state.step + 1, what })
    }

    /// Mean loss of what sources hold out and of the sources to measure.
    fn measure(&self, step: u64) -> Result<Vec<Measurement>> {
        let packer = self.packer();
        let most = self.config.measure_rows;
        let sources = self.mixture.sources().iter().enumerate();
        let held = sources.filter(|(_, source)| source.rules().held_out > 0.0);
        let mut all: Vec<(String, Rows)> =
            held.map(|(i, source)| (source.rules().name.clone(), packer.held_out(i, most))).collect();
        for source in &self.measured {
            all.push((
                source.rules().name.clone(),
                packer.of((0..source.documents()).filter_map(|i| source.document(0, i)), most),
            ));
        }
        let mut measured = Vec::new();
        for (name, rows) in all.into_iter().filter(|(_, rows)| rows.trained() > 0) {
            let held_out_loss = self.loss(&rows)?;
            measured.push(Measurement {
                step,
                source: name,
                held_out_loss,
                perplexity: held_out_loss.exp(),
                targets: rows.trained() as u64,
            });
        }
        Ok(measured)
    }

    /// Mean −log p of the targets, without a graph.
    fn loss(&self, rows: &Rows) -> Result<f64> {
        let mut sum = 0.0;
        for at in (0..rows.rows).step_by(self.config.micro_rows) {
            let part = rows.part(at, self.config.micro_rows.min(rows.rows - at));
            sum += negative_log_likelihood(&self.model, &batch(&part)?)?;
        }
        Ok(sum / rows.trained().max(1) as f64)
    }

    /// The finished model, as transformers loads it; adapters as PEFT does.
    fn export(&mut self) -> Result<PathBuf> {
        // What it learnt to end its answers with ends them wherever it is loaded.
        if self.config.sources.iter().any(|source| source.kind == Kind::Chat) {
            // The one that ends a document stays the first.
            let end = self.vocabulary.end();
            let ends = end_tokens(&self.model, &self.vocabulary, &self.template);
            let ends: Vec<u32> = std::iter::once(end).chain(ends.into_iter().filter(|other| *other != end)).collect();
            self.model.set_ends(&ends);
        }
        let folder = self.config.output.join("model");
        match (self.model.lora(), &self.config.start) {
            (Some(lora), start) => {
                let base = if let Start::Checkpoint(base) = start { base.to_string_lossy() } else { "".into() };
                write_folder(&folder, |new| super::params::peft::write(new, lora, &base))?;
            }
            (None, _) => {
                let stored = if self.model.place().dtype == DType::BF16 { Stored::Bf16 } else { Stored::F32 };
                self.model.save(&folder, stored)?;
            }
        }
        Ok(folder)
    }
}

/// Trains on `gpus` GPUs of this machine.
///
/// # Errors
/// As [`Run::new`] and [`Run::train`]; or there are not so many.
#[cfg(feature = "nccl")]
pub fn train_on_gpus(
    config: &TrainConfig,
    gpus: usize,
    options: RunOptions,
    failed: &(dyn Fn(&TrainError) + Sync),
) -> Result<Outcome> {
    on_gpus(gpus, failed, |comm| {
        // The first tokenises; the others find the tokens ready.
        let mut run = if comm.rank() == 0 { Some(Run::new(config, comm)) } else { None };
        comm.sum_numbers(&[0.0])?;
        let run = match run.take() {
            Some(run) => run?,
            None => Run::new(config, comm)?,
        };
        run.train(options)
    })
}

/// Runs a function on each of `gpus` GPUs of this machine, a thread each: what the first one's comes to. `failed` is told
/// of the first error and is to end the process: the other threads wait in an exchange that will not come about.
///
/// # Errors
/// There are not so many, or what a function says where `failed` returns.
#[cfg(feature = "nccl")]
pub fn on_gpus<T: Send>(
    gpus: usize,
    failed: &(dyn Fn(&TrainError) + Sync),
    one: impl Fn(&dyn super::comm::Comm) -> Result<T> + Sync,
) -> Result<T> {
    use super::comm::Nccl;
    // One that is missing is said before the others wait for it.
    for number in 0..gpus {
        Device::new_cuda(number)?;
    }
    let id = Nccl::new_id()?;
    let run = &|rank: usize| {
        let run = || one(&Nccl::join(rank, gpus, &id)?);
        let panicked = || TrainError::Exchange("a thread of a GPU panicked".to_owned());
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or_else(|_| Err(panicked()));
        result.inspect_err(failed)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..gpus).map(|rank| scope.spawn(move || run(rank))).collect();
        let mut outcomes = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(TrainError::Exchange("a thread of a GPU panicked".to_owned())))
        });
        let first = outcomes.next().unwrap_or_else(|| Err(TrainError::argument("GPUs", "at least 1", gpus)));
        outcomes.try_for_each(|outcome| outcome.map(|_| ()))?;
        first
    })
}

/// −log p of all targets of a batch together, without a graph.
///
/// # Errors
/// A token is out of the vocabulary or a position out of the context.
pub fn negative_log_likelihood(model: &Model, batch: &Batch) -> Result<f64> {
    batch.sequences.check(model.config().vocab_size, model.config().context)?;
    let weights = model.weights(View::Detached)?;
    let hidden = model.decoder().hidden(&weights, &batch.sequences)?;
    let chunk = head::chunk_tokens(model.config().vocab_size);
    let found = head::log_probs(&hidden, &weights.head, batch.wanted(), chunk)?;
    Ok(-found.into_iter().map(f64::from).sum::<f64>())
}

/// Rows as a batch.
fn batch(rows: &Rows) -> Result<Batch> {
    let targets = rows.targets.iter().map(|target| (*target != IGNORED).then_some(*target)).collect();
    Batch::new(rows.sequences()?, targets)
}

/// The token that ends a document: `eos_token_id` of the model's configuration, the first where it lists several.
///
/// # Errors
/// It names none.
pub fn end_token(model: &Model, tokenizer: &Path) -> Result<u32> {
    let said = model.config().rest.get("eos_token_id");
    let first = said.and_then(|said| said.as_array().map_or(Some(said), |list| list.first()));
    let id = first.and_then(serde_json::Value::as_u64).and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| TrainError::Config {
        path: tokenizer.with_file_name("config.json"),
        key: "eos_token_id".to_owned(),
        expected: "a token".to_owned(),
        found: said.map_or_else(|| "none".to_owned(), ToString::to_string),
    })
}

/// The tokens that end a text of a model: its vocabulary's, all that its configuration and its settings of generation
/// list, and the one that ends an answer in its chat template; in order.
#[must_use]
pub fn end_tokens(model: &Model, vocabulary: &Vocabulary, template: &Template) -> Vec<u32> {
    let generation = model.companions().get("generation_config.json");
    let generation = generation.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
    let said = [model.config().rest.get("eos_token_id"), generation.as_ref().map(|value| &value["eos_token_id"])];
    let listed =
        said.into_iter().flatten().flat_map(|said| said.as_array().map_or(std::slice::from_ref(said), Vec::as_slice));
    let listed = listed.filter_map(|id| u32::try_from(id.as_u64()?).ok());
    let mut tokens: Vec<u32> = listed.chain([vocabulary.end()]).chain(turn_end(vocabulary, template)).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// The special token with which a model's own chat template ends an answer.
fn turn_end(vocabulary: &Vocabulary, template: &Template) -> Option<u32> {
    if template.is_plain() {
        return None;
    }
    let (_, after) = template.around_answer()?;
    vocabulary.encode(&after, true).ok()?.into_iter().find(|token| vocabulary.is_special(*token))
}

#[cfg(test)]
pub(super) mod tests;
