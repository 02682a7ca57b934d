//! `iterate`: the plan, then what is missing of the rounds, then the summary.

use std::io::{ErrorKind, Write};
use std::time::Instant;

use clap::Args;
use serde_json::Value;

use super::{all_sources, configure, runner, store};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::ByteSize;
use crate::decontaminate::benchmarks;
use crate::domains::files;
use crate::rounds::{PlanLine, PlanState, Rounds, Summary, Until};
use crate::task::{peak_memory, process_cpu_s};

/// `iterate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build iterate --round 1                     from ./pipeline.toml
  corpus-build --config math/pipeline.toml iterate --round 1 --dry-run
  corpus-build --threads 4 --set 'rank.token_budget=\"1M\"' iterate --round 1
  corpus-build iterate --until-converged --rounds-max 6
  corpus-build --set 'rank.token_budget=[\"40B\",\"80B\",\"120B\"]' iterate --round 4

Runs whatever rounds 1 to N lack, in order. From the second round on the classifier is trained on the seed and on what \
the round before recalled: pages under accepted URL prefixes that it did not collect. Where no annotations say which \
prefixes those are, it stops after the round, with exit code 1, and says what to do. The rounds have converged when \
rounds.converged_share of a round's collection, by pages and by tokens, was in the one before it.

What `recall` fetched is part of the crawl, for all rounds: the next run reads it and does the rounds again that it \
changes.

Killed or failed, the same command goes on where it was: what is committed is not done again. \
After a changed setting or input it runs what depends on it, and nothing else.")]
pub(crate) struct Iterate {
    /// The round to bring about, with those before it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX), required_unless_present = "until_converged", conflicts_with = "until_converged")]
    round: Option<u32>,
    /// Go on from round to round until they have converged.
    #[arg(long)]
    until_converged: bool,
    /// With --until-converged, the last round in any case.
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=ROUNDS_MAX), conflicts_with = "round")]
    rounds_max: u32,
    /// Print what is done and what would run, and stop. Remote listings are still read.
    #[arg(long)]
    dry_run: bool,
}

/// Folders of rounds have two digits.
const ROUNDS_MAX: i64 = 99;

impl Iterate {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &[])?;
        config.rank()?;
        config.positives()?;
        benchmarks::list(&config.decontaminate.benchmarks)?;
        files::read(&config.domains.annotations).map_err(|error| Failure::Usage(Box::new(error)))?;
        let begun = Instant::now();
        let store = store(&config);
        let sources = all_sources(&config, &store)?;
        let runner = runner(global, &config)?;
        let rounds = Rounds { config: &config, runner: &runner, store: &store, sources: &sources };
        let until = self.round.map_or(Until::Converged { rounds_max: self.rounds_max }, Until::Round);
        if self.dry_run || !global.quiet {
            let printed = print_plan(out, until, sources.len(), &rounds.plan(until)?);
            // Nobody reads the plan: no reason not to run it.
            printed.or_else(|e| if e.kind() == ErrorKind::BrokenPipe && !self.dry_run { Ok(()) } else { Err(e) })?;
        }
        if self.dry_run {
            return Ok(());
        }
        let mut summaries: Vec<Summary> = Vec::new();
        let ended = rounds.run(until, &mut |summary| summaries.push(summary));
        if let Some(last) = summaries.last() {
            print_summary(out, &last.figures)?;
        }
        print_rounds(out, &summaries)?;
        ended?;
        let peak = peak_memory().map_or_else(|| "unknown".to_owned(), |bytes| ByteSize(bytes).to_string());
        writeln!(
            out,
            "time      {:.1} s wall, {:.1} s CPU in this run; peak memory {peak}",
            begun.elapsed().as_secs_f64(),
            process_cpu_s()
        )?;
        if let Some(last) = summaries.last() {
            writeln!(out, "shards    {}", last.shards.display())?;
        }
        Ok(())
    }
}

fn print_plan(out: &mut dyn Write, until: Until, files: usize, plan: &[PlanLine]) -> std::io::Result<()> {
    match until {
        Until::Round(1) => writeln!(out, "Round 1 over {files} WARC file(s):")?,
        Until::Round(n) => writeln!(out, "Rounds 1 to {n} over {files} WARC file(s):")?,
        Until::Converged { rounds_max } => {
            writeln!(out, "Rounds until they have converged, {rounds_max} at most, over {files} WARC file(s):")?;
        }
    }
    for (stage, state) in plan {
        let text = match state {
            PlanState::Waits => "waits for the stages before it".to_owned(),
            PlanState::WaitsForAnnotations => "waits for annotations".to_owned(),
            PlanState::Known(s) if s.tasks == 0 => "nothing to do".to_owned(),
            PlanState::Known(s) if s.done == s.tasks => format!("done ({} tasks)", s.tasks),
            PlanState::Known(s) => format!("will run {} of {} tasks", s.tasks - s.done, s.tasks),
        };
        writeln!(out, "  {stage:<22} {text}")?;
    }
    out.flush()
}

/// A table of the rounds, where there is more than one: what was collected, and how much of it was there before.
fn print_rounds(out: &mut dyn Write, summaries: &[Summary]) -> std::io::Result<()> {
    if summaries.len() < 2 {
        return Ok(());
    }
    let heads = ["round", "seed", "recalled", "pages", "tokens", "new", "gone", "held pages", "held tokens"];
    writeln!(out, "{}", heads.map(|head| format!("{head:>12}")).concat())?;
    let share = |value: &Value| value.as_f64().map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share));
    let number = |value: &Value| value.as_u64().map_or_else(String::new, |n| n.to_string());
    for Summary { round, figures, .. } in summaries {
        let (seed, ranking, convergence) = (&figures["seed"], &figures["ranking"], &figures["convergence"]);
        let cells = [
            round.to_string(),
            number(&seed["documents"]),
            number(&seed["recalled"]),
            number(&ranking["pages"]),
            number(&ranking["tokens"]),
            number(&convergence["pages_new"]),
            number(&convergence["pages_gone"]),
            share(&convergence["pages_share"]),
            share(&convergence["tokens_share"]),
        ];
        writeln!(out, "{}", cells.map(|cell| format!("{cell:>12}")).concat())?;
    }
    let last = summaries.last().map(|summary| &summary.figures["convergence"]);
    match last {
        Some(last) if last["converged"] == true => writeln!(out, "the rounds have converged"),
        Some(last) => writeln!(
            out,
            "not converged: a round has when {} of its pages and tokens were in the round before",
            share(&last["converged_share"])
        ),
        None => Ok(()),
    }
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
            "classifier could not be validated: the seed's documents, or the negatives, are of too few hosts"
        )?,
        figures => writeln!(out, "classifier on held-out hosts: {}", counts(figures))?,
    }
    writeln!(
        out,
        "ranking   {} pages, {} of {} tokens, last score {}, {} shards",
        ranking["pages"], ranking["tokens"], ranking["token_budget"], ranking["last_score"], ranking["shards"]
    )
}
