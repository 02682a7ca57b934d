//! `decontaminate`: what of benchmarks stands in pages goes, from a crawl's pages or from files.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{configure, runner, set};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::Config;
use crate::decontaminate::benchmarks::{self, Benchmarks};
use crate::decontaminate::files::{self, Cleaning, Counts};
use crate::decontaminate::stage::{Decontaminating, rules};
use crate::pages::Pages;

/// `decontaminate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build decontaminate --out out                     the pages of an output folder, into tables beside them
  corpus-build decontaminate --benchmark 'bench/*.jsonl' --out out
  corpus-build decontaminate --to clean.parquet --out out  the pages of an output folder, into a cleaned file
  corpus-build decontaminate mine.parquet --benchmark gsm8k.jsonl --to clean.parquet

A paragraph that shares a run of decontaminate.gram_length grams (10) with a benchmark text goes, or that holds a whole \
question of fewer grams; a page that loses more than decontaminate.page_share_max of its grams goes whole. Grams are \
words and Chinese characters; case, width, space, punctuation and TeX spacing make no difference.

Without IN and --to: reads pages/, writes decontaminate/: a row a page with the byte ranges that go, and matches.parquet. \
No page is rewritten; `rank` cuts what goes from the shards.")]
pub(crate) struct Decontaminate {
    /// Parquet or JSONL files with `text` and `url`, or folders of them [default: the pages of the output folder].
    #[arg(value_name = "IN", requires = "to")]
    inputs: Vec<PathBuf>,
    /// Benchmark files (.jsonl, .jsonl.gz, .parquet), folders or globs; may be repeated [default: decontaminate.benchmarks].
    #[arg(long = "benchmark", value_name = "FILE")]
    benchmarks: Vec<String>,
    /// Write the cleaned pages into this file, in the form of the input.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// With --to: write what was found, where, and by which item, into this Parquet file.
    #[arg(long, value_name = "FILE", requires = "to")]
    report: Option<PathBuf>,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Decontaminate {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let mut sets = Vec::new();
        // Files need no output folder.
        let folder = self.out.clone().or_else(|| (!self.inputs.is_empty()).then(|| PathBuf::from(".")));
        sets.extend(folder.map(|folder| set("output.dir", folder.to_string_lossy().into_owned())));
        if !self.benchmarks.is_empty() {
            sets.push(set("decontaminate.benchmarks", self.benchmarks.clone()));
        }
        let config = configure(global, &sets)?;
        if config.decontaminate.benchmarks.is_empty() {
            writeln!(out, "no benchmarks are named, by --benchmark or in decontaminate.benchmarks: nothing to remove")?;
        }
        match &self.to {
            Some(to) => self.run_files(&config, to.clone(), out),
            None => run_pages(global, &config, out),
        }
    }

    fn run_files(&self, config: &Config, to: PathBuf, out: &mut dyn Write) -> CommandResult {
        let inputs = if self.inputs.is_empty() {
            let pages = Pages::on_disk(&config.output.dir)?;
            (0..pages.len()).map(|file| pages.file(file).to_owned()).collect()
        } else {
            let written: Vec<&Path> = std::iter::once(to.as_path()).chain(self.report.as_deref()).collect();
            files::list(&self.inputs, &written)?
        };
        let listed = benchmarks::list(&config.decontaminate.benchmarks)?;
        let benchmarks = benchmarks::read(&listed, &rules(&config.decontaminate))?;
        print_benchmarks(&benchmarks, out)?;
        let threads = config.run.threads.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let cleaning = Cleaning {
            benchmarks: &benchmarks,
            share_max: config.decontaminate.page_share_max,
            tokenizer: config.extract.tokenizer,
            pool: &pool,
        };
        let counts = files::run(&cleaning, &inputs, &to, self.report.as_deref()).map_err(Failure::run)?;
        let Counts { pages, changed, dropped, paragraphs, matches } = counts;
        writeln!(
            out,
            "{pages} pages: {changed} without some paragraphs, {dropped} dropped; {paragraphs} paragraphs removed, {matches} matches"
        )?;
        writeln!(out, "cleaned pages are in {}", to.display())?;
        Ok(())
    }
}

fn print_benchmarks(benchmarks: &Benchmarks, out: &mut dyn Write) -> std::io::Result<()> {
    let items: u64 = benchmarks.items.iter().sum();
    let (files, grams) = (benchmarks.files.len(), benchmarks.index.grams());
    writeln!(
        out,
        "{files} benchmark files, {items} items, {grams} grams; {} texts too short to be looked for",
        benchmarks.ignored_short
    )
}

fn run_pages(global: &Global, config: &Config, out: &mut dyn Write) -> CommandResult {
    let runner = runner(global, config)?;
    let pages = Pages::on_disk(&runner.out)?;
    let decontaminating = Decontaminating::new(&runner, &pages, &config.decontaminate, config.extract.tokenizer)?;
    let (_, report) = decontaminating.run()?;
    let Some(report) = report else { return Ok(()) };
    let facts = &report.facts;
    writeln!(
        out,
        "{} paragraphs removed from {} pages, {} pages dropped, {} tokens less",
        facts["paragraphs_removed"], facts["pages_changed"], facts["pages_dropped"], facts["tokens_removed"]
    )?;
    for (name, counts) in facts["benchmarks"].as_object().into_iter().flatten() {
        writeln!(
            out,
            "  {name}: {} items on {} pages, {} matches",
            counts["items_found"], counts["pages"], counts["matches"]
        )?;
    }
    writeln!(out, "what goes is in {}", runner.out.join("decontaminate").display())?;
    Ok(())
}
