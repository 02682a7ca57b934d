//! `train reward`, `grpo`, `ppo`, `dpo` and `rft`: reinforcement learning.

use std::io::Write;

use clap::Args;

use super::train::failure;
use crate::cli::{CommandResult, Failure, Global};
use crate::train::paradigm::Method;
use crate::train::rl::config::RlConfig;
use crate::train::rl::reward_run::{make_steps, train_reward};
use crate::train::rl::run::RlRun;
use crate::train::run::RunOptions;

/// `train reward`.
#[derive(Args, Debug)]
pub(super) struct Reward {
    /// Go on from the last checkpoint of the output folder.
    #[arg(long, conflicts_with = "make_steps")]
    resume: bool,
    /// Make the examples of a process reward model: outputs whose steps are labelled by completions from each.
    #[arg(long)]
    make_steps: bool,
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

impl Reward {
    pub(super) fn run(&self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configured(global)?;
        if self.make_steps {
            let (path, count) = on_threads(global, || make_steps(&config))?.map_err(failure)?;
            writeln!(out, "outputs   {count}")?;
            return Ok(writeln!(out, "steps     {}", path.display())?);
        }
        let outcome = on_threads(global, || train_reward(&config, options(global, self.resume)))?.map_err(failure)?;
        writeln!(out, "steps     {}", outcome.steps)?;
        writeln!(out, "loss      {:.4}", outcome.loss)?;
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
pub(super) fn train(global: &Global, out: &mut dyn Write, method: &'static Method, resume: bool) -> CommandResult {
    let config = configured(global)?;
    let outcome = on_threads(global, || RlRun::new(&config, method)?.train(options(global, resume)));
    let outcome = outcome?.map_err(failure)?;
    writeln!(out, "steps     {}", outcome.steps)?;
    writeln!(out, "reward    {:.4}", outcome.reward)?;
    if let Some(right) = outcome.right {
        writeln!(out, "right     {:.1} %", 100.0 * right)?;
    }
    if let Some(model) = &outcome.model {
        writeln!(out, "model     {}", model.display())?;
    }
    Ok(())
}
