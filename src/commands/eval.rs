//! `eval`: benchmarks put to a model.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::train::{failure, language_of, with_adapters};
use crate::cli::{CommandResult, Global};
use crate::io::hash::of_file;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::{Result, TrainError};
use crate::train::eval::completer::ModelCompleter;
use crate::train::eval::run::{Evaluation, Shots};
use crate::train::eval::task::Task;
use crate::train::run::end_tokens;
use crate::train::sample::{Choosing, Limits};
use crate::train::tool::sandbox::Sandbox;
use crate::train::tool::settings::ToolSettings;

/// `eval`.
#[derive(Args, Debug)]
#[command(after_help = "\
Benchmarks: gsm8k, math, cmath, mgsm-zh, ocw, sat, gaokao-mathqa, gaokao-mathcloze, mmlu-stem; each a file
NAME.jsonl in the folder of --data (gsm8k-test.jsonl, math500.jsonl, agieval-….jsonl will do), or TASK=FILE.

Examples:
  corpus-build eval --model out/model --data benchmarks --tasks gsm8k,math
  corpus-build eval --model out/base --data benchmarks --tasks gsm8k,cmath --shots usual
  corpus-build eval --model out/model --data benchmarks --tasks math --k 64 --out out/eval-math

Answers are kept in OUT/TASK/transcripts.jsonl; the same command goes on where it was ended.")]
pub(crate) struct Eval {
    /// A checkpoint: a folder as transformers has it, a .gguf file, or a llama2.c .bin file.
    #[arg(long, value_name = "PATH")]
    model: PathBuf,
    /// Adapters to put on it, as PEFT lays them out.
    #[arg(long, value_name = "DIR")]
    adapters: Option<PathBuf>,
    /// A tokenizer.json [default: the one of the model's folder].
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// What to evaluate on, separated by commas: TASK or TASK=FILE.
    #[arg(long, value_name = "TASKS", value_delimiter = ',', required = true, value_parser = named)]
    tasks: Vec<Named>,
    /// The folder of the benchmarks.
    #[arg(long, value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// Where answers and figures go.
    #[arg(long, value_name = "DIR", default_value = "eval")]
    out: PathBuf,
    /// Samples of each question beside the greedy answer, for pass@k and maj@k.
    #[arg(long, value_name = "K", default_value_t = 0)]
    k: usize,
    /// Only the first so many questions of each benchmark.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// For base models: worked examples before each question, "usual" (GSM8K 8, MATH 4, CMATH 6) or a number.
    #[arg(long, value_name = "N", value_parser = shots)]
    shots: Option<Shots>,
    /// How the zero-shot prompt is laid out.
    #[arg(long, value_enum, default_value_t = Form::Auto, conflicts_with = "shots")]
    form: Form,
    /// Have the model write programs, and run them in a sandbox.
    #[arg(long, conflicts_with = "shots")]
    tools: bool,
    /// The temperature of samples.
    #[arg(long, value_name = "T", default_value_t = 0.7)]
    temperature: f64,
    /// Samples take only so many of the most probable tokens.
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Samples take only the most probable tokens that together have this probability.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    top_p: f64,
    /// The same seed gives the same answers.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// At most so many tokens an answer.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    max_tokens: usize,
    /// Answers made at a time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    batch: usize,
}

/// A benchmark, and its file where it is named.
#[derive(Clone, Debug)]
struct Named {
    task: Task,
    file: Option<PathBuf>,
}

fn named(text: &str) -> std::result::Result<Named, String> {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) => (name, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let names = Task::ALL.map(Task::name).join(", ");
    let task = Task::named(name.trim()).ok_or_else(|| format!("expected one of {names}, found {name:?}"))?;
    Ok(Named { task, file })
}

fn shots(text: &str) -> std::result::Result<Shots, String> {
    match text {
        "usual" => Ok(Shots::Usual),
        text => text.parse().map(Shots::Number).map_err(|_| "expected \"usual\" or a number".to_owned()),
    }
}

/// How the zero-shot prompt is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// By the model's own template where it has one, else plainly.
    Auto,
    /// By the model's own template.
    Chat,
    /// As the paper does: `User: …`, `Assistant:`.
    Plain,
}

impl Eval {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(global.threads.map_or(0, usize::from)).build()?;
        let report = pool.install(|| self.evaluate(global.quiet)).map_err(failure)?;
        Ok(write!(out, "{report}")?)
    }

    fn evaluate(&self, quiet: bool) -> Result<crate::train::eval::report::Report> {
        let tasks = self.tasks.iter().map(|named| self.file(named)).collect::<Result<Vec<_>>>()?;
        let model = with_adapters(&self.model, self.adapters.as_deref())?;
        let (vocabulary, template, _) = language_of(&model, &self.model, self.tokenizer.as_deref())?;
        let stop_tokens = end_tokens(&model, &vocabulary, &template);
        let template = match self.form {
            form if self.shots.is_some() || form == Form::Plain => None,
            Form::Chat if template.is_plain() => {
                return Err(TrainError::argument("--form chat", "a model with a chat template", "none"));
            }
            _ => (!template.is_plain()).then_some(template),
        };
        // Before anything is asked: without a sandbox there are no tools.
        let settings = ToolSettings::default();
        let tools = self.tools.then(|| Sandbox::probe(&settings)).transpose()?.map(|sandbox| (sandbox, settings));
        let evaluation = Evaluation {
            tasks,
            out: self.out.clone(),
            limit: self.limit,
            shots: self.shots,
            tools: self.tools,
            template,
            k: self.k,
            sampled: Choosing { temperature: self.temperature, top_k: self.top_k, top_p: self.top_p },
            seed: self.seed,
            tokens_max: self.max_tokens,
            batch: self.batch,
            model: identity(&self.model, self.adapters.as_deref(), &vocabulary)?,
            quiet,
        };
        let (tokens_max, batch_rows) = (self.max_tokens, self.batch);
        let limits = Limits { tokens_max, stop_tokens, stop_texts: Vec::new(), batch_rows };
        evaluation.run(&mut ModelCompleter::new(&model, &vocabulary, limits, tools))
    }

    /// The file of a benchmark.
    fn file(&self, named: &Named) -> Result<(Task, PathBuf)> {
        if let Some(file) = &named.file {
            return Ok((named.task, file.clone()));
        }
        let names = named.task.files();
        let there = names.iter().map(|name| self.data.join(name)).find(|path| path.is_file());
        there.map(|path| (named.task, path)).ok_or_else(|| {
            let expected = format!("one of {} in {}", names.join(", "), self.data.display());
            TrainError::argument("--data", expected, "none")
        })
    }
}

/// What tells one model from another: hashes of its files, wherever it is.
fn identity(model: &Path, adapters: Option<&Path>, vocabulary: &Vocabulary) -> Result<Value> {
    let hash = |path: &Path| of_file(path).map_err(TrainError::read(path));
    let hashes = |path: &Path| -> Result<Value> {
        if path.is_file() {
            return Ok(json!(hash(path)?));
        }
        let mut hashes = std::collections::BTreeMap::new();
        for entry in std::fs::read_dir(path).map_err(TrainError::read(path))? {
            let file = entry.map_err(TrainError::read(path))?.path();
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".safetensors") || matches!(&*name, "config.json" | "adapter_config.json") {
                hashes.insert(name, hash(&file)?);
            }
        }
        Ok(json!(hashes))
    };
    Ok(json!({
        "files": hashes(model)?,
        "adapters": adapters.map(hashes).transpose()?,
        "tokenizer": format!("{:032x}", vocabulary.hash()),
    }))
}
