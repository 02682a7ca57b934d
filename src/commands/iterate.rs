//! `iterate`: the plan, then what is missing of the round, then the summary.

use std::io::{ErrorKind, Write};
use std::time::Instant;

use clap::Args;
use serde_json::Value;

use super::{configure, runner, sources, store};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::ByteSize;
use crate::decontaminate::benchmarks;
use crate::rounds::{PlanLine, Round};
use crate::task::{peak_memory, process_cpu_s};

/// `iterate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build iterate --round 1                     from ./pipeline.toml
  corpus-build --config math/pipeline.toml iterate --round 1 --dry-run
  corpus-build --threads 4 --set 'rank.token_budget=\"1M\"' iterate --round 1

Killed or failed, the same command goes on where it was: what is committed is not done again. \
After a changed setting or input it runs what depends on it, and nothing else. \
This version runs round 1 only.")]
pub(crate) struct Iterate {
    /// Which round to bring about; 1 in this version.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,
    /// Print what is done and what would run, and stop. Remote listings are still read.
    #[arg(long)]
    dry_run: bool,
}

impl Iterate {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &[])?;
        if self.round > 1 {
            let message = "round 2 and later need the domain analysis and its annotations, which this version does \
                           not have yet; run --round 1";
            return Err(Failure::Usage(message.into()));
        }
        config.rank()?;
        config.positives()?;
        benchmarks::list(&config.decontaminate.benchmarks)?;
        let begun = Instant::now();
        let store = store(&config);
        let sources = sources(&config, &store)?;
        let runner = runner(global, &config)?;
        let round = Round { config: &config, runner: &runner, store: &store, sources: &sources, round: self.round };
        if self.dry_run || !global.quiet {
            let printed = print_plan(out, self.round, sources.len(), &round.plan()?);
            // Nobody reads the plan: no reason not to run it.
            printed.or_else(|e| if e.kind() == ErrorKind::BrokenPipe && !self.dry_run { Ok(()) } else { Err(e) })?;
        }
        if self.dry_run {
            return Ok(());
        }
        let summary = round.run()?;
        print_summary(out, &summary.figures)?;
        let peak = peak_memory().map_or_else(|| "unknown".to_owned(), |bytes| ByteSize(bytes).to_string());
        writeln!(
            out,
            "time      {:.1} s wall, {:.1} s CPU in this run; peak memory {peak}",
            begun.elapsed().as_secs_f64(),
            process_cpu_s()
        )?;
        writeln!(out, "shards    {}", summary.shards.display())?;
        Ok(())
    }
}

fn print_plan(out: &mut dyn Write, round: u32, files: usize, plan: &[PlanLine]) -> std::io::Result<()> {
    writeln!(out, "Round {round} over {files} WARC file(s):")?;
    for (stage, state) in plan {
        let text = match state {
            None => "waits for the stages before it".to_owned(),
            Some(s) if s.tasks == 0 => "nothing to do".to_owned(),
            Some(s) if s.done == s.tasks => format!("done ({} tasks)", s.tasks),
            Some(s) => format!("will run {} of {} tasks", s.tasks - s.done, s.tasks),
        };
        writeln!(out, "  {stage:<22} {text}")?;
    }
    out.flush()
}

fn counts(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    let pair = |(name, n): (&String, &Value)| match n {
        Value::Number(n) if n.is_f64() => format!("{name} {:.3}", n.as_f64().unwrap_or_default()),
        n => format!("{name} {n}"),
    };
    pairs.map(pair).collect::<Vec<_>>().join(", ")
}

fn print_summary(out: &mut dyn Write, figures: &Value) -> std::io::Result<()> {
    let (crawl, pages, ranking) = (&figures["crawl"], &figures["pages"], &figures["ranking"]);
    let body = ByteSize(crawl["body_bytes"].as_u64().unwrap_or_default());
    writeln!(out, "crawl     {} files, {body} of page bodies; records: {}", crawl["files"], counts(&crawl["records"]))?;
    writeln!(
        out,
        "pages     {} in = {} kept + rejected: {}",
        pages["seen"],
        pages["kept"],
        counts(&pages["rejected"])
    )?;
    writeln!(
        out,
        "text      {} tokens, {} formulas; languages: {}",
        pages["tokens"],
        pages["formulas"],
        counts(&pages["languages"])
    )?;
    let quality = &figures["quality"];
    writeln!(out, "quality   {} kept; dropped: {}", quality["kept"], counts(&quality["rejected"]))?;
    let dedup = &figures["dedup"];
    writeln!(out, "dedup     {} kept; dropped: {}", dedup["kept"], counts(&dedup["dropped"]))?;
    match &figures["boilerplate"] {
        Value::Null => writeln!(out, "boilerplate not looked for, by boilerplate.remove")?,
        found => writeln!(
            out,
            "boilerplate {} paragraphs repeated on {} sites, {} with formulas; {} removed from {} pages, {} pages dropped",
            found["repeated"],
            found["sites"],
            found["repeated_with_formulas"],
            found["paragraphs_removed"],
            found["pages_changed"],
            found["pages_emptied"]
        )?,
    }
    match &figures["decontamination"] {
        Value::Null => writeln!(out, "benchmarks none named in decontaminate.benchmarks: nothing removed")?,
        removed => writeln!(
            out,
            "benchmarks {} paragraphs removed from {} pages, {} pages dropped, {} tokens less",
            removed["paragraphs_removed"],
            removed["pages_changed"],
            removed["pages_dropped"],
            removed["tokens_removed"]
        )?,
    }
    let edits = &figures["edits"];
    if !edits.is_null() {
        writeln!(
            out,
            "edits     {} pages changed, {} tokens less; masked: {} e-mail, {} IP addresses",
            edits["pages_changed"], edits["tokens_removed"], edits["emails_masked"], edits["ips_masked"]
        )?;
    }
    writeln!(out, "seed      {} positives", figures["seed"]["documents"])?;
    let validation = &figures["classifier"]["validation"];
    match validation {
        Value::Null => writeln!(
            out,
            "classifier could not be validated: the seed's documents are of one host, or of none that is known"
        )?,
        figures => writeln!(out, "classifier on held-out hosts: {}", counts(figures))?,
    }
    writeln!(
        out,
        "ranking   {} pages, {} of {} tokens, last score {}, {} shards",
        ranking["pages"], ranking["tokens"], ranking["token_budget"], ranking["last_score"], ranking["shards"]
    )
}
