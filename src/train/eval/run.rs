//! The evaluation: questions are put to a model, its answers kept and judged, and the figures reported.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::super::data::template::{Message, Template};
use super::super::error::{Result, TrainError};
use super::super::sample::{Choosing, stream};
use super::super::shown::Shown;
use super::completer::{Completer, Prompt};
use super::judge::judge;
use super::prompt::Asked;
use super::report::{Answered, Report, TaskReport};
use super::task::{Item, Task};
use super::transcript::{Transcript, Transcripts};
use crate::io::atomic;
use crate::io::documents::{DocumentError, Form, records};

/// What is evaluated, and how.
pub struct Evaluation {
    /// The benchmarks and their files.
    pub tasks: Vec<(Task, PathBuf)>,
    /// Where answers and figures go.
    pub out: PathBuf,
    /// The first so many questions of each; all where none is given.
    pub limit: Option<usize>,
    /// Worked examples before each question; none for the zero-shot prompt.
    pub shots: Option<Shots>,
    /// Whether the model is to write programs.
    pub tools: bool,
    /// Lays out the zero-shot prompt of a chat model; the paper's plain form where there is none.
    pub template: Option<Template>,
    /// Samples of each question, beside the greedy answer.
    pub k: usize,
    /// How samples are drawn.
    pub sampled: Choosing,
    /// Of the draws and of the bootstrap.
    pub seed: u64,
    /// Most tokens of an answer.
    pub tokens_max: usize,
    /// Answers that are made, and written, at a time.
    pub batch: usize,
    /// What identifies the model.
    pub model: Value,
    /// Whether no progress is shown.
    pub quiet: bool,
}

/// How many worked examples a model is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shots {
    /// As many as is usual for the benchmark.
    Usual,
    /// So many.
    Number(usize),
}

impl Evaluation {
    /// Puts the questions that have no answer yet, and writes `report.json` and `report.txt`.
    ///
    /// # Errors
    /// A benchmark cannot be read; the folder holds answers made under other settings; the model cannot be run.
    pub fn run(&self, completer: &mut dyn Completer) -> Result<Report> {
        // Each has a folder of its own.
        let twice = |(i, (task, _)): (usize, &(Task, PathBuf))| self.tasks[..i].iter().any(|(other, _)| other == task);
        if let Some(i) = self.tasks.iter().enumerate().position(twice) {
            return Err(TrainError::argument("benchmarks", "each once", self.tasks[i].0.name()));
        }
        // All files are read before anything is asked.
        let read = |(task, path): &(Task, PathBuf)| read(*task, path, self.limit);
        let items = self.tasks.iter().map(read).collect::<Result<Vec<_>>>()?;
        let put = |((task, path), items): (&(Task, PathBuf), &Vec<Item>)| self.task(*task, path, items, completer);
        let tasks = self.tasks.iter().zip(&items).map(put).collect::<Result<_>>()?;
        let report = Report { settings: self.settings(), tasks };
        let text = serde_json::to_string_pretty(&report)
            .map_err(|e| TrainError::format(&self.out.join("report.json"), "JSON", e))?;
        atomic::write(self.out.join("report.json"), text + "\n")?;
        atomic::write(self.out.join("report.txt"), report.to_string())?;
        Ok(report)
    }

    /// What answers depend on.
    fn settings(&self) -> Value {
        let Choosing { temperature, top_k, top_p } = self.sampled;
        json!({
            "model": self.model,
            "shots": self.shots.map(|shots| match shots {
                Shots::Usual => json!("usual"),
                Shots::Number(number) => json!(number),
            }),
            "tools": self.tools,
            "template": self.template.as_ref().map(|template| format!("{:016x}", xxh3_64(template.identity().as_bytes()))),
            "temperature": temperature, "top_k": top_k, "top_p": top_p,
            "seed": self.seed, "tokens_max": self.tokens_max,
        })
    }

    fn asked(&self, task: Task) -> Result<Asked> {
        match self.shots {
            None => Ok(Asked::ZeroShot { tools: self.tools }),
            Some(Shots::Usual) => Ok(Asked::FewShot(task.shots())),
            Some(Shots::Number(number)) if number <= task.shots() => Ok(Asked::FewShot(number)),
            Some(Shots::Number(number)) => {
                let expected = format!("up to {} for {}", task.shots(), task.name());
                Err(TrainError::argument("worked examples", expected, number))
            }
        }
    }

    fn prompt(&self, task: Task, item: &Item, asked: Asked) -> Result<(String, bool)> {
        match (&self.template, asked) {
            (Some(template), Asked::ZeroShot { tools }) => {
                let said = [Message::new("user", task.turn(item, tools))];
                let expected = "a conversation that the model's template takes";
                let text = template.render(&said, true).map_err(|e| TrainError::argument("a question", expected, e))?;
                Ok((text, true))
            }
            _ => Ok((task.text(item, asked), false)),
        }
    }

    fn task(&self, task: Task, path: &Path, items: &[Item], completer: &mut dyn Completer) -> Result<TaskReport> {
        let asked = self.asked(task)?;
        let mut settings = self.settings();
        let bytes = std::fs::read(path).map_err(TrainError::read(path))?;
        settings["questions"] = json!(format!("{:016x}", xxh3_64(&bytes)));
        let mut transcripts = Transcripts::open(&self.out.join(task.name()), &settings)?;
        self.answer(task, items, asked, None, &mut transcripts, completer)?;
        for sample in 0..self.k {
            self.answer(task, items, asked, Some(sample), &mut transcripts, completer)?;
        }
        Ok(self.report(task, items, &transcripts))
    }

    /// Answers that are not there yet: of each question the greedy one, or one sample.
    fn answer(
        &self,
        task: Task,
        items: &[Item],
        asked: Asked,
        sample: Option<usize>,
        transcripts: &mut Transcripts,
        completer: &mut dyn Completer,
    ) -> Result<()> {
        let missing: Vec<usize> = (0..items.len()).filter(|item| transcripts.get(*item, sample).is_none()).collect();
        let stops = task.stops(asked);
        let by = if sample.is_some() { self.sampled } else { Choosing::greedy() };
        let begun = Instant::now();
        let of = sample.map_or("greedy".to_owned(), |sample| format!("sample {sample}"));
        let mut shown = Shown::new(task.name(), 0, missing.len() as u64, self.quiet);
        let (mut done, mut right, mut tokens) = (0, 0, 0);
        for batch in missing.chunks(self.batch.max(1)) {
            let prompt = |item: &usize| {
                let (text, templated) = self.prompt(task, &items[*item], asked)?;
                // The stream of the greedy answer is never drawn from.
                let stream = stream(self.seed, 0, *item as u64, sample.unwrap_or(0) as u64);
                Ok(Prompt { text, templated, stream })
            };
            let prompts = batch.iter().map(prompt).collect::<Result<Vec<Prompt>>>()?;
            let completions = completer.complete(&prompts, &by, &stops)?;
            let answered = batch.iter().zip(prompts).zip(completions).map(|((item, prompt), completion)| {
                let judged = judge(task, &items[*item], &completion.text);
                Transcript {
                    item: *item,
                    id: items[*item].id.clone(),
                    sample,
                    prompt: prompt.text,
                    tokens: completion.tokens,
                    cut: completion.cut,
                    truth: items[*item].truth.clone(),
                    correct: judged.is_correct(),
                    found: judged.found,
                    completion: completion.text,
                }
            });
            let answered: Vec<Transcript> = answered.collect();
            done += answered.len();
            right += answered.iter().filter(|one| one.correct).count();
            tokens += answered.iter().map(|one| one.tokens).sum::<usize>();
            transcripts.extend(answered)?;
            let tokens_per_s = (tokens as f64 / begun.elapsed().as_secs_f64().max(1e-3)).round();
            let message = format!("{of}, {right} right, {tokens_per_s} tokens/s,");
            if let Some((questions, time_left)) = shown.at(done as u64, message) {
                let task = task.name();
                tracing::info!(task, answers = of, %questions, right, tokens_per_s, %time_left, "evaluating");
            }
        }
        shown.finish();
        Ok(())
    }

    /// The figures, by what the checker says now of what the model said then.
    fn report(&self, task: Task, items: &[Item], transcripts: &Transcripts) -> TaskReport {
        let judged = |item: usize, sample| {
            let transcript = transcripts.get(item, sample)?;
            Some((judge(task, &items[item], &transcript.completion), transcript))
        };
        let (mut answered, mut unanswered, mut cut, mut tokens) = (Vec::new(), 0, 0, 0);
        for item in 0..items.len() {
            let Some((greedy, transcript)) = judged(item, None) else { continue };
            unanswered += usize::from(greedy.found.is_none());
            cut += usize::from(transcript.cut);
            tokens += transcript.tokens;
            let samples = (0..self.k).filter_map(|sample| judged(item, Some(sample)));
            let samples = samples.map(|(one, _)| (one.found.clone(), one.is_correct())).collect();
            answered.push(Answered { greedy: greedy.is_correct(), samples });
        }
        let share = |count: usize| count as f64 / answered.len().max(1) as f64;
        TaskReport {
            unanswered: share(unanswered),
            cut: share(cut),
            tokens_mean: share(tokens),
            ..TaskReport::of(task.name(), &answered, self.seed)
        }
    }
}

/// The questions of a file, the first `limit` of them.
///
/// # Errors
/// The file cannot be read, or a row is not one of this benchmark.
pub fn read(task: Task, path: &Path, limit: Option<usize>) -> Result<Vec<Item>> {
    let form = Form::of(path)
        .ok_or_else(|| TrainError::format(path, "a .jsonl or .parquet file", "by its name it is neither"))?;
    let mut items = Vec::new();
    records::<TrainError>(path, form, None, &mut |at, row| {
        if limit.is_none_or(|limit| items.len() < limit) {
            let wrong = |reason| DocumentError::record(path, at, format!("a question of {}", task.name()), reason);
            items.push(Item::read(task, at.number(), &row).map_err(wrong)?);
        }
        Ok(())
    })?;
    if items.is_empty() {
        return Err(TrainError::format(path, "questions", "it has none"));
    }
    Ok(items)
}

#[cfg(test)]
mod tests;
