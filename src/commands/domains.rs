//! `domains`: which domains of a round are mathematical, and which of their URLs.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::{Array, BooleanArray, Float64Array, Int64Array, StringArray};
use clap::Args;

use super::{configure, out_set, runner};
use crate::cli::{CommandResult, Failure, Global};
use crate::domains::stage::{Analysis, Ranked};
use crate::io::table::{Table, TableError, column};
use crate::pages::Pages;

/// `domains`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build domains --round 1
  corpus-build --set domains.denominator='\"seen\"' domains --round 1 --top 50

Reads what `rank` left of the round; writes rounds/NN/domains.parquet and hosts.parquet (the share of each that was \
collected, with its exact lower bound), prefixes.parquet (the URL prefixes of the mathematical domains, with what is \
proposed for each), proposals.toml (the same as annotations), and samples.parquet (pages to look at).")]
pub(crate) struct DomainsCommand {
    /// Which round: names the folder rounds/NN.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,
    /// Mathematical domains to print, those with most pages first.
    #[arg(long, default_value_t = 20, value_name = "N")]
    top: usize,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A line of the printed table.
struct Line {
    domain: String,
    pages: i64,
    collected: i64,
    share: f64,
    share_low: f64,
    tokens: i64,
    mean_score: Option<f64>,
    proposed: String,
}

impl DomainsCommand {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let round = self.round;
        let Some(ranked) = Ranked::on_disk(&runner, &pages, round)? else {
            let message = format!("round {round} is not ranked; run `corpus-build rank --round {round}` first");
            return Err(Failure::run(message.into()));
        };
        let random_seed = config.seed.random_seed;
        let analysis = Analysis { runner: &runner, pages: &pages, config: &config.domains, round, random_seed };
        let done = analysis.run(&ranked)?;
        let folder = runner.out.join(format!("rounds/{round:02}"));
        let mut lines = top(&folder.join("domains.parquet"), self.top)?;
        proposals(&folder.join("prefixes.parquet"), &mut lines)?;
        print(out, &lines)?;
        let (domains, tree) = (&done.domains.facts, &done.tree.facts);
        writeln!(
            out,
            "{} of {} domains are mathematical, with {} prefixes; proposed: {}",
            domains["math_related"], domains["domains"], tree["prefixes"], tree["proposed"]
        )?;
        writeln!(out, "tables are in {}", folder.display())?;
        Ok(())
    }
}

fn top(path: &Path, most: usize) -> Result<Vec<Line>, TableError> {
    let mut lines = Vec::new();
    for batch in Table::open(path)?.batches()? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        let related: &BooleanArray = column(&batch, "math_related", path)?;
        let whole = |name: &str| column::<Int64Array>(&batch, name, path);
        let (pages, collected, tokens) = (whole("pages")?, whole("collected")?, whole("tokens")?);
        let part = |name: &str| column::<Float64Array>(&batch, name, path);
        let (share, share_low, mean_score) = (part("share")?, part("share_low")?, part("mean_score")?);
        for i in (0..batch.num_rows()).filter(|i| related.value(*i)) {
            if lines.len() >= most {
                return Ok(lines);
            }
            lines.push(Line {
                domain: domain.value(i).to_owned(),
                pages: pages.value(i),
                collected: collected.value(i),
                share: share.value(i),
                share_low: share_low.value(i),
                tokens: tokens.value(i),
                mean_score: mean_score.is_valid(i).then(|| mean_score.value(i)),
                proposed: String::new(),
            });
        }
    }
    Ok(lines)
}

/// Adds the prefixes that are proposed: `+` for acceptance, `-` for refusal.
fn proposals(path: &Path, lines: &mut [Line]) -> Result<(), TableError> {
    for batch in Table::open(path)?.columns(&["domain", "prefix", "proposed"])?.batches()? {
        let batch = batch?;
        let domain: &StringArray = column(&batch, "domain", path)?;
        let prefix: &StringArray = column(&batch, "prefix", path)?;
        let proposed: &StringArray = column(&batch, "proposed", path)?;
        for i in (0..batch.num_rows()).filter(|i| proposed.is_valid(*i)) {
            let sign = match proposed.value(i) {
                "accept" => '+',
                "refuse" => '-',
                _ => continue,
            };
            if let Some(line) = lines.iter_mut().find(|line| line.domain == domain.value(i)) {
                if !line.proposed.is_empty() {
                    line.proposed.push(' ');
                }
                line.proposed.push(sign);
                line.proposed.push_str(prefix.value(i));
            }
        }
    }
    Ok(())
}

/// Characters of a cell of text at most.
const CELL_CHARS: usize = 40;

/// What fits into a cell.
fn cell(text: &str) -> String {
    if text.chars().count() <= CELL_CHARS {
        text.to_owned()
    } else {
        text.chars().take(CELL_CHARS - 1).chain(['…']).collect()
    }
}

fn print(out: &mut dyn Write, lines: &[Line]) -> std::io::Result<()> {
    let width = lines.iter().map(|line| cell(&line.domain).chars().count()).max().unwrap_or(0).max("domain".len());
    if !lines.is_empty() {
        writeln!(
            out,
            "{:width$}  {:>9}  {:>9}  {:>6}  {:>8}  {:>12}  {:>6}  proposed",
            "domain", "pages", "collected", "share", "at least", "tokens", "score"
        )?;
    }
    for line in lines {
        let score = line.mean_score.map_or_else(|| "-".to_owned(), |score| format!("{score:.3}"));
        let text = format!(
            "{:width$}  {:>9}  {:>9}  {:>5.1}%  {:>7.1}%  {:>12}  {score:>6}  {}",
            cell(&line.domain),
            line.pages,
            line.collected,
            100.0 * line.share,
            100.0 * line.share_low,
            line.tokens,
            cell(&line.proposed)
        );
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
