//! `train compare`: what corpora are worth to a small model.

use std::io::Write;

use clap::Args;

use super::{configured, failure, pool};
use crate::cli::{CommandResult, Global};
use crate::train::compare::{CompareRules, Corpus, SeedRun, compare};

/// `train compare`.
#[derive(Args, Debug)]
pub(super) struct Compare {
    /// A corpus: its files, a folder of them or a glob, under a name. Twice or more; the others are compared with the
    /// first.
    #[arg(long = "corpus", value_name = "NAME=FILES", required = true)]
    corpora: Vec<String>,
    /// Texts to measure on, which are not trained on; besides those of `[[measure.source]]`. May be repeated.
    #[arg(long = "held-out", value_name = "NAME=FILES")]
    held_out: Vec<String>,
    /// The source whose files each corpus takes the place of [default: the only one].
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Runs a corpus, each with other weights and another order of the data.
    #[arg(long, value_name = "N", default_value_t = 3)]
    seeds: u64,
}

impl Compare {
    pub(super) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configured(global)?;
        let parse = |named: &[String]| named.iter().map(|corpus| Corpus::parse(corpus)).collect();
        let rules = CompareRules {
            corpora: parse(&self.corpora),
            held_out: parse(&self.held_out),
            source: self.source,
            seeds: self.seeds,
            quiet: global.quiet,
        };
        let mut done = |corpus: &str, run: &SeedRun| {
            if let Some(one) = run.measured.last() {
                let perplexity = format!("{:.3}", one.perplexity);
                tracing::info!(corpus, seed = run.seed, held_out = one.source, perplexity, "trained");
            }
        };
        let comparison = pool(global)?.install(|| compare(&config, &rules, &mut done)).map_err(failure)?;
        let path = config.output.join("compare.json");
        crate::io::atomic::write(&path, serde_json::to_vec_pretty(&comparison)?)?;
        write!(out, "{comparison}")?;
        Ok(writeln!(out, "\nfigures {}", path.display())?)
    }
}
