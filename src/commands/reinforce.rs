//! `train reward`, `grpo`, `ppo`, `dpo` and `rft`: reinforcement learning.

use std::io::Write;

use clap::Args;

#[cfg(feature = "nccl")]
use super::train::end_at;
use super::train::{Start, failure};
use crate::cli::{CommandResult, Failure, Global};
use crate::train::comm::{Comm, Solo};
use crate::train::error::TrainError;
use crate::train::paradigm::Method;
use crate::train::rl::config::RlConfig;
use crate::train::rl::make_steps::make_steps;
use crate::train::rl::reward_run::train_reward;
use crate::train::rl::run::RlRun;
#[cfg(feature = "nccl")]
use crate::train::run;
use crate::train::run::RunOptions;

/// `train reward`.
#[derive(Args, Debug)]
pub(super) struct Reward {
    /// Go on from the last checkpoint of the output folder, or with the steps that were begun.
    #[arg(long)]
    resume: bool,
    /// Make the examples of a process reward model: outputs whose steps are labelled by completions from each.
    #[arg(long)]
    make_steps: bool,
    /// GPUs of this machine to share each batch; by NCCL.
    #[cfg(feature = "nccl")]
    #[arg(long, value_name = "N", default_value_t = 1)]
    gpus: usize,
}

fn configured(global: &Global) -> Result<RlConfig, Failure> {
    let Some(path) = &global.config else {
        return Err(Failure::Usage("name the configuration of reinforcement learning: --config rl.toml".into()));
    };
    RlConfig::load(path, &global.sets).map_err(failure)
}

fn options(global: &Global, resume: bool) -> RunOptions {
    RunOptions { resume, quiet: global.quiet, stop_after: None }
}

/// Runs `f` on as many threads as are wanted.
fn on_threads<T: Send>(global: &Global, f: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    let threads = global.threads.map_or(0, usize::from);
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?.install(f))
}

/// Trains alone, or on the GPUs that are wanted.
fn trained<T: Send>(
    global: &Global,
    #[cfg(feature = "nccl")] gpus: usize,
    one: impl Fn(&dyn Comm) -> Result<T, TrainError> + Send + Sync,
) -> Result<T, Failure> {
    #[cfg(feature = "nccl")]
    if gpus > 1 {
        return run::on_gpus(gpus, &end_at, one).map_err(failure);
    }
    on_threads(global, || one(&Solo))?.map_err(failure)
}

impl Reward {
    pub(super) fn run(&self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configured(global)?;
        let options = options(global, self.resume);
        if self.make_steps {
            let made = trained(
                global,
                #[cfg(feature = "nccl")]
                self.gpus,
                |comm| make_steps(&config, options, comm),
            )?;
            writeln!(out, "outputs   {}", made.outputs)?;
            return Ok(made.file.iter().try_for_each(|file| writeln!(out, "steps     {}", file.display()))?);
        }
        let outcome = trained(
            global,
            #[cfg(feature = "nccl")]
            self.gpus,
            |comm| train_reward(&config, options, comm),
        )?;
        writeln!(out, "steps     {}", outcome.steps)?;
        if let Some(loss) = outcome.loss {
            writeln!(out, "loss      {loss:.4}")?;
        }
        if let Some((loss, right)) = outcome.held_out {
            writeln!(out, "held out  loss {loss:.4}, {:.1} % right", 100.0 * right)?;
        }
        if let Some(model) = &outcome.model {
            writeln!(out, "model     {}", model.display())?;
        }
        Ok(())
    }
}

/// Trains a policy by a method.
pub(super) fn train(global: &Global, out: &mut dyn Write, method: &'static Method, start: &Start) -> CommandResult {
    let config = configured(global)?.of_method(method);
    let options = options(global, start.resume);
    let outcome = trained(
        global,
        #[cfg(feature = "nccl")]
        start.gpus,
        |comm| RlRun::new(&config, method, comm)?.train(options),
    )?;
    writeln!(out, "steps     {}", outcome.steps)?;
    if let Some(reward) = outcome.reward {
        writeln!(out, "reward    {reward:.4}")?;
    }
    if let Some(right) = outcome.right {
        writeln!(out, "right     {:.1} %", 100.0 * right)?;
    }
    if let Some(model) = &outcome.model {
        writeln!(out, "model     {}", model.display())?;
    }
    Ok(())
}
