//! `train`: pre-training, fine-tuning, reinforcement learning, what a run will take, merged adapters; tokenizers,
//! measurements, comparisons.

mod compare;
mod measure;
mod tokenizer;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::reinforce::{self, Reward};
use crate::cli::{CommandResult, Failure, Global};
use crate::train::comm::Solo;
use crate::train::config::{DeviceChoice, TrainConfig};
use crate::train::data::source::{Kind, SourceRules};
use crate::train::data::template::Template;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::TrainError;
use crate::train::model::Model;
use crate::train::paradigm::{DPO, GRPO, PPO, RFT};
use crate::train::params::companions;
use crate::train::params::save::Stored;
use crate::train::plan::Plan;
use crate::train::run::{self, Run, RunOptions};

const EXAMPLES: &str = "\
Examples:
  corpus-build train plan --config train.toml
  corpus-build train pretrain --config train.toml --resume
  corpus-build train sft --config sft.toml
  corpus-build train reward --config rl.toml --make-steps
  corpus-build train reward --config reward.toml
  corpus-build train grpo --config rl.toml --resume
  corpus-build train ppo --config rl.toml
  corpus-build train dpo --config rl.toml
  corpus-build train rft --config rl.toml --set 'method.source = \"online\"'
  corpus-build train compare --config trial.toml --corpus a=out/a --corpus b=out/b
  corpus-build train measure --model out/model page.txt
  corpus-build train tokenizer out/rounds/01/shards --size 4096 --to out/tokenizer
  corpus-build train merge --base model --adapters out/model --to merged";

/// `train`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Train {
    #[command(subcommand)]
    command: TrainCommand,
}

#[derive(Subcommand, Debug)]
enum TrainCommand {
    /// Continue pre-training on a mixture of texts.
    #[command(after_help = EXAMPLES)]
    Pretrain(Start),
    /// Fine-tune on conversations: only what the assistant says is learnt.
    #[command(after_help = EXAMPLES)]
    Sft(Start),
    /// Train a reward model, of outcomes or of steps; or make the examples of the latter.
    #[command(after_help = EXAMPLES)]
    Reward(Reward),
    /// Group relative policy optimisation, with rewards of outcomes or of steps.
    #[command(after_help = EXAMPLES)]
    Grpo(Start),
    /// Proximal policy optimisation, with a value model.
    #[command(after_help = EXAMPLES)]
    Ppo(Start),
    /// Direct preference optimisation on pairs of outputs.
    #[command(after_help = EXAMPLES)]
    Dpo(Start),
    /// Rejection sampling: fine-tuning on the outputs that are right; online with method.source = "online".
    #[command(after_help = EXAMPLES)]
    Rft(Start),
    /// Print parameters, memory, steps and learning rates of a configuration; nothing is loaded.
    #[command(after_help = EXAMPLES)]
    Plan,
    /// Train the same small model on each of several corpora and measure it on the same held-out texts.
    #[command(after_help = EXAMPLES)]
    Compare(compare::Compare),
    /// Print the perplexity of a model on texts.
    #[command(after_help = EXAMPLES)]
    Measure(measure::Measure),
    /// Learn a tokenizer from texts: a byte-level byte-pair encoding.
    #[command(after_help = EXAMPLES)]
    Tokenizer(tokenizer::Tokenizer),
    /// Merge adapters into the model that they were trained on.
    #[command(after_help = EXAMPLES)]
    Merge(Merge),
}

#[derive(Args, Debug)]
pub(super) struct Start {
    /// Go on from the last checkpoint of the output folder.
    #[arg(long)]
    pub(super) resume: bool,
    /// GPUs of this machine to share each batch; by NCCL.
    #[cfg(feature = "nccl")]
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) gpus: usize,
}

#[derive(Args, Debug)]
struct Merge {
    /// The model that the adapters belong to.
    #[arg(long, value_name = "DIR")]
    base: PathBuf,
    /// The adapters, as PEFT lays them out.
    #[arg(long, value_name = "DIR")]
    adapters: PathBuf,
    /// Where the merged model goes.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// A wrong file of settings is wrong usage; the rest is a failed run.
pub(super) fn failure(error: TrainError) -> Failure {
    if is_usage(&error) { Failure::Usage(Box::new(error)) } else { Failure::Run(Box::new(error)) }
}

fn is_usage(error: &TrainError) -> bool {
    matches!(error, TrainError::Config { .. } | TrainError::Argument { .. } | TrainError::Format { .. })
}

/// Says what went wrong on one of several GPUs and ends the process.
#[cfg(feature = "nccl")]
pub(super) fn end_at(error: &TrainError) {
    crate::cli::end(error, if is_usage(error) { 2 } else { 1 });
}

fn configured(global: &Global) -> Result<TrainConfig, Failure> {
    let Some(path) = &global.config else {
        return Err(Failure::Usage("name the training configuration: --config train.toml".into()));
    };
    TrainConfig::load(path, &global.sets).map_err(failure)
}

/// The threads that a command computes with.
fn pool(global: &Global) -> Result<rayon::ThreadPool, Failure> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(global.threads.map_or(0, usize::from)).build()?)
}

impl Train {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        match self.command {
            TrainCommand::Pretrain(start) => {
                let of_text = |rules: &SourceRules| matches!(rules.kind, Kind::Text(_));
                train(global, out, &start, "texts (kind = \"text\")", of_text)
            }
            TrainCommand::Sft(start) => {
                train(global, out, &start, "conversations (kind = \"chat\")", |rules| rules.kind == Kind::Chat)
            }
            TrainCommand::Reward(reward) => reward.run(global, out),
            TrainCommand::Grpo(start) => reinforce::train(global, out, &GRPO, &start),
            TrainCommand::Ppo(start) => reinforce::train(global, out, &PPO, &start),
            TrainCommand::Dpo(start) => reinforce::train(global, out, &DPO, &start),
            TrainCommand::Rft(start) => reinforce::train(global, out, &RFT, &start),
            TrainCommand::Plan => {
                let config = configured(global)?;
                // A plan for a GPU needs none.
                let gpu =
                    config.device == DeviceChoice::Cuda || !run::place(config.device).map_err(failure)?.device.is_cpu();
                Ok(write!(out, "{}", Plan::of(&config, gpu).map_err(failure)?)?)
            }
            TrainCommand::Compare(compare) => compare.run(global, out),
            TrainCommand::Measure(measure) => measure.run(global, out),
            TrainCommand::Tokenizer(tokenizer) => tokenizer.run(global, out),
            TrainCommand::Merge(merge) => merge.run(out),
        }
    }
}

fn train(
    global: &Global,
    out: &mut dyn Write,
    start: &Start,
    expected: &str,
    fits: impl Fn(&SourceRules) -> bool,
) -> CommandResult {
    let config = configured(global)?;
    if let Some(source) = config.sources.iter().find(|source| !fits(source)) {
        let message = format!("the source {:?}: expected {expected}", source.name);
        return Err(Failure::Usage(message.into()));
    }
    let options = RunOptions { resume: start.resume, quiet: global.quiet, stop_after: None };
    let alone = || Run::new(&config, &Solo)?.train(options);
    #[cfg(feature = "nccl")]
    let alone = || if start.gpus > 1 { run::train_on_gpus(&config, start.gpus, options, &end_at) } else { alone() };
    let outcome = pool(global)?.install(alone).map_err(failure)?;
    writeln!(out, "steps     {}", outcome.steps)?;
    if let Some(loss) = outcome.loss {
        writeln!(out, "loss      {loss:.4}")?;
    }
    for one in &outcome.measured {
        let (loss, perplexity) = (one.held_out_loss, one.perplexity);
        writeln!(out, "held out  {}: loss {loss:.4}, perplexity {perplexity:.3}, {} tokens", one.source, one.targets)?;
    }
    if let Some(model) = &outcome.model {
        writeln!(out, "model     {}", model.display())?;
    }
    Ok(())
}

impl Merge {
    fn run(&self, out: &mut dyn Write) -> CommandResult {
        self.merged().map_err(failure)?;
        Ok(writeln!(out, "model     {}", self.to.display())?)
    }

    fn merged(&self) -> Result<(), TrainError> {
        // The sum is of whole numbers, not of what a GPU computes with.
        let model = adapted(&self.base, Some(&self.adapters), DeviceChoice::Cpu)?;
        model.merged()?.save(&self.to, Stored::F32)
    }
}

/// A model, with adapters where they are named.
pub(super) fn with_adapters(base: &Path, adapters: Option<&Path>) -> Result<Model, TrainError> {
    adapted(base, adapters, DeviceChoice::Auto)
}

fn adapted(base: &Path, adapters: Option<&Path>, device: DeviceChoice) -> Result<Model, TrainError> {
    use crate::train::lora::Lora;
    use crate::train::params::peft;
    let place = run::place(device)?;
    let model = Model::load(base, &place)?;
    let Some(folder) = adapters else { return Ok(model) };
    let config = peft::read_config(folder)?;
    let read = peft::open(folder, model.config(), &config)?;
    let lora = Lora::from_numbers(config.clone(), model.config(), &place, read)?;
    Ok(model.with_lora(lora))
}

/// The tokenizer and the template that go with a checkpoint, or with the tokenizer that is named in its place; and the
/// file that errors name.
pub(super) fn language_of(
    model: &Model,
    checkpoint: &Path,
    named: Option<&Path>,
) -> Result<(Vocabulary, Template, PathBuf), TrainError> {
    let own = || companions::tokenizer_of(checkpoint, model.config().vocab_size);
    let path = named.map_or_else(own, Path::to_owned);
    let (vocabulary, template) = match named {
        Some(path) => run::language_of(model, &companions::of_tokenizer(path)?, path)?,
        None => run::language(model, &path)?,
    };
    Ok((vocabulary, template, path))
}
