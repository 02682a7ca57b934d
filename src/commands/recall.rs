//! `recall`: pages under accepted prefixes that the crawl's files do not hold, found in a URL index and fetched.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{configure, out_set, runner, store};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::ByteSize;
use crate::index::{Figures, Recall as IndexRecall, Wanted, of_round};

/// `recall`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build --set 'index.crawls=[\"CC-MAIN-2025-05\"]' recall --round 1 --dry-run
  corpus-build --set 'index.crawls=[\"CC-MAIN-2025-05\"]' recall --round 1
  corpus-build recall --round 1 --annotations verdicts.toml

The captures go into recall/recall-NN-00000.warc.gz and so on, which are files of the crawl from the next `iterate` on, \
unless crawl.recall is false. Beside each stands a table, recall-NN-00000.parquet, that says for every capture where it is, or why it could not be \
had; index rows that lead nowhere are listed in recall-NN.refused.parquet. --dry-run asks the index and says what would \
be fetched.")]
pub(crate) struct Recall {
    /// The round whose annotations are followed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,
    /// Only ask the index: print captures, bytes and requests, and stop.
    #[arg(long)]
    dry_run: bool,
    /// Annotations that hold beside those of the rounds; may be repeated.
    #[arg(long = "annotations", value_name = "FILE")]
    annotations: Vec<PathBuf>,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Recall {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let mut config = configure(global, &out_set(self.out.as_ref()))?;
        config.domains.annotations.extend(self.annotations);
        let Some(wanted) = of_round(&config.domains, &config.output.dir, self.round)? else {
            let message = format!(
                "nothing is annotated up to round {}: there is no rounds/NN/annotations.toml in {}, and neither \
                 domains.annotations nor --annotations names a file",
                self.round,
                config.output.dir.display()
            );
            return Err(Failure::Usage(message.into()));
        };
        let store = store(&config);
        let runner = runner(global, &config)?;
        let recall = IndexRecall::new(&runner, &config, &store, &wanted, self.round)?;
        let figures = if self.dry_run { recall.plan()? } else { recall.run()? };
        print(out, &wanted, &figures)?;
        writeln!(
            out,
            "requests  {} in this run, repeated ones and those to the index included",
            store.http().requests()
        )?;
        if !self.dry_run {
            writeln!(out, "recall    {}", config.output.dir.join("recall").display())?;
            if config.crawl.recall {
                writeln!(out, "next      `corpus-build iterate` reads these pages in all rounds")?;
            }
        }
        Ok(())
    }
}

fn print(out: &mut dyn Write, wanted: &Wanted, figures: &Figures) -> std::io::Result<()> {
    let size = |bytes: u64| ByteSize(bytes).to_string();
    writeln!(out, "wanted    {} domains with accepted prefixes", wanted.entries())?;
    writeln!(
        out,
        "index     {} files of {}, {} of them read",
        figures.files,
        size(figures.index_bytes),
        size(figures.index_bytes_read)
    )?;
    writeln!(
        out,
        "captures  {} found = {} to fetch + {} read before, {} repeated, {} over the limits; {} more lead nowhere",
        figures.captures, figures.planned, figures.known, figures.repeated, figures.over, figures.refused
    )?;
    writeln!(
        out,
        "plan      {} of records by {} requests of {}, into {} files",
        size(figures.bytes),
        figures.requests,
        size(figures.request_bytes),
        figures.warcs
    )?;
    if let Some((fetched, failed)) = &figures.fetched {
        let failed: Vec<String> = failed.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
        let failed = if failed.is_empty() { "none".to_owned() } else { failed.join(", ") };
        writeln!(out, "fetched   {fetched}; not fetched: {failed}")?;
    }
    Ok(())
}
