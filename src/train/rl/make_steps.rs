//! `train reward --make-steps`: the file of steps with labels that a process reward model learns from.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::config::RlConfig;
use super::questions::Questions;
use super::rewards::rule;
use super::run::{Loaded, limits, load, tools};
use super::steps::StepMaker;
use crate::io::atomic::{self, AtomicError, AtomicFile};
use crate::train::comm::Comm;
use crate::train::error::{Result, TrainError};
use crate::train::reward_model::examples::Reading;
use crate::train::run::RunOptions;
use crate::train::sample::Sampler;
use crate::train::shown::Shown;
use crate::train::tool::complete::Rollouts;

/// What the files of a folder were made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    config: String,
    questions: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepsMade {
    /// Outputs in the file.
    pub outputs: u64,
    /// The file; none where there are questions left.
    pub file: Option<PathBuf>,
}

/// Makes the examples. Those of each question stand in a file of their own, so that a run that was killed goes on; at the
/// end they become one, which appears whole or not at all. `stop_after` counts questions of this process.
///
/// # Errors
/// A file is missing or damaged, the disk is full, or another process is gone.
pub fn make_steps(config: &RlConfig, options: RunOptions, comm: &dyn Comm) -> Result<StepsMade> {
    let Loaded { policy, vocabulary, template } = load(config, comm.rank())?;
    let reading = Reading { vocabulary: &vocabulary, template: &template, instruction: &config.data.instruction };
    let questions = Questions::load(&config.data, &reading, policy.config().context)?;
    let sampler = Sampler::new(&policy, Some(&vocabulary))?;
    let limits = limits(config, &policy, &vocabulary, &template);
    let tools = tools(config)?;
    let (vocabulary, choosing, tools) = (&vocabulary, config.sampling.choosing, tools.as_ref());
    let maker = StepMaker {
        rollouts: Rollouts { sampler: &sampler, vocabulary, choosing, limits: &limits, tools },
        outputs: config.sampling.outputs,
        rules: &config.reward_model,
        check: rule(config),
        seed: config.seed,
    };
    let (path, parts) = (config.output.join("steps.jsonl"), config.output.join("steps"));
    let first = comm.rank() == 0;
    if first {
        begin(options.resume, config, &questions)?;
    }
    // The others see what is there when the first has begun.
    comm.sum_numbers(&[0.0])?;
    if path.exists() {
        return Ok(if first {
            StepsMade { outputs: lines(&read(&path)?), file: Some(path) }
        } else {
            StepsMade::default()
        });
    }
    let count = questions.len().min(config.reward_model.questions) as u64;
    let part = |place: u64| parts.join(format!("{place:08}.jsonl"));
    let own: Vec<u64> =
        (comm.rank() as u64..count).step_by(comm.world()).filter(|place| !part(*place).exists()).collect();
    let mut shown = Shown::new("steps", 0, own.len() as u64, options.quiet || !first);
    for (done, place) in (1..).zip(&own) {
        if options.stop_after.is_some_and(|most| done > most) {
            break;
        }
        let records = maker.records(questions.at(*place), 0)?;
        atomic::write(part(*place), records.iter().map(|record| format!("{record}\n")).collect::<String>())?;
        if let Some((questions, time_left)) = shown.at(done, String::new()) {
            tracing::info!(%questions, %time_left, "steps of outputs");
        }
    }
    shown.finish();
    let left = (0..count).any(|place| !part(place).exists());
    if comm.sum_numbers(&[f64::from(options.stop_after.is_some() && left)])?.iter().any(|left| *left > 0.0) {
        return Ok(StepsMade::default());
    }
    let mut made = StepsMade::default();
    if first {
        let mut file = AtomicFile::create(&path)?;
        for part in (0..count).map(part) {
            let text = read(&part)?;
            made.outputs += lines(&text);
            let failed = |source| AtomicError { path: path.clone(), action: "write the file", source };
            file.write_all(text.as_bytes()).map_err(failed)?;
        }
        file.commit()?;
        std::fs::remove_dir_all(&parts).map_err(TrainError::append(&parts))?;
        made.file = Some(path);
    }
    Ok(made)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(TrainError::read(path))
}

fn lines(text: &str) -> u64 {
    text.lines().count() as u64
}

/// Sees to the output folder: a new one, or one of the same settings.
fn begin(resume: bool, config: &RlConfig, questions: &Questions) -> Result<()> {
    let settings = Settings { config: format!("steps {}", config.hash), questions: questions.key().to_owned() };
    let path = config.output.join("steps.settings.json");
    let form = |e| TrainError::format(&path, "the settings that steps were made with", e);
    let others = ["steps.jsonl", "steps"].iter().any(|name| config.output.join(name).exists());
    if !path.exists() && others {
        let expected = "one without steps, or with the settings that they were made with";
        return Err(TrainError::argument("the output folder", expected, config.output.display()));
    }
    if !path.exists() {
        atomic::write(&path, serde_json::to_string_pretty(&settings).map_err(form)? + "\n")?;
        return Ok(());
    }
    if !resume {
        let expected = "one without steps that were begun, or --resume";
        return Err(TrainError::argument("the output folder", expected, config.output.display()));
    }
    let was: Settings = serde_json::from_str(&read(&path)?).map_err(form)?;
    if was != settings {
        let expected = format!("the settings and questions of {}", path.display());
        return Err(TrainError::argument("steps to go on with", expected, "others"));
    }
    Ok(())
}
