//! `report`: what a round came to, as a page to look at; or two rounds beside each other.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{configure, out_set};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::{ByteSize, Config};
use crate::io::atomic;
use crate::io::query::Engine;
use crate::report::compare::{Comparison, Side, compare};
use crate::report::figures::Place;
use crate::report::gather::gather;
use crate::report::html;
use crate::task::SPILL;

/// `report`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build report --round 1                                 writes rounds/01/report.html
  corpus-build report --compare 1 2                             two rounds of the output folder
  corpus-build report --compare a/rounds/03 b/rounds/03 --to difference.html

The file needs no script and no network. Plots stand beside tables of their numbers.")]
pub(crate) struct Report {
    /// Which round.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), required_unless_present = "compare")]
    round: Option<u32>,
    /// Two rounds, each a number of the output folder or the folder of a round.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "round")]
    compare: Vec<String>,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The file to write [default: report.html in the round's folder, or compare-A-B.html beside the rounds].
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

impl Report {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        let engine = engine(&config)?;
        let path = match (self.round, self.compare.as_slice()) {
            (Some(round), _) => {
                let place = Place { out: &config.output.dir, round };
                let report = gather(place, config.told.clone(), &engine)?;
                let path = self.to.unwrap_or_else(|| place.folder().join("report.html"));
                atomic::write(&path, html::report(&report))?;
                path
            }
            (None, [a, b]) => {
                let sides = [side(&config.output.dir, a), side(&config.output.dir, b)];
                let comparison = compare(&sides, &engine)?;
                print(out, &comparison)?;
                let name = format!("compare-{}-{}.html", sides[0].label(), sides[1].label());
                let path = self.to.unwrap_or_else(|| config.output.dir.join("rounds").join(name));
                atomic::write(&path, html::compare(&comparison))?;
                path
            }
            _ => return Err(Failure::Usage("name a round with --round, or two with --compare".into())),
        };
        writeln!(out, "{}: {}", path.display(), ByteSize(std::fs::metadata(&path)?.len()))?;
        Ok(())
    }
}

fn engine(config: &Config) -> Result<Engine, Failure> {
    let threads = config.run.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    Ok(Engine::start(config.run.memory.0, threads, &config.output.dir.join(SPILL))?)
}

/// What an argument of `--compare` names.
fn side(out: &Path, named: &str) -> Side {
    match named.parse::<u32>() {
        Ok(round) => Side { name: format!("round {round}"), folder: Place { out, round }.folder() },
        Err(_) => Side { name: named.to_owned(), folder: PathBuf::from(named) },
    }
}

impl Side {
    /// The name as a part of a file name.
    fn label(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        self.name.trim_start_matches("round ").chars().map(plain).collect::<String>().trim_matches('-').to_owned()
    }
}

fn print(out: &mut dyn Write, comparison: &Comparison) -> std::io::Result<()> {
    let Comparison { names, all, both, lost, gained, shift, gains, losses } = comparison;
    let [first, second] = names;
    writeln!(out, "{:<32} {:>12} {:>16}", "", "pages", "tokens")?;
    for (name, amount) in
        [(first.as_str(), all[0]), (second, all[1]), ("in both", *both), ("lost", *lost), ("gained", *gained)]
    {
        writeln!(out, "{name:<32} {:>12} {:>16}", amount.pages, amount.tokens)?;
    }
    let (pages, tokens) = (comparison.pages_share() * 100.0, comparison.tokens_share() * 100.0);
    writeln!(out, "{:<32} {pages:>11.2}% {tokens:>15.2}%", "share of the second in the first")?;
    if let Some(shift) = shift {
        writeln!(out, "scores of pages in both: mean {:+.3}, median {:+.3}", shift.mean, shift.quantiles[2])?;
    }
    for (name, changes) in [("gained", gains), ("lost", losses)] {
        let list: Vec<String> = changes
            .iter()
            .take(5)
            .map(|change| format!("{} +{} −{}", change.domain, change.gained, change.lost))
            .collect();
        if !list.is_empty() {
            writeln!(out, "domains that {name} most: {}", list.join(", "))?;
        }
    }
    Ok(())
}
