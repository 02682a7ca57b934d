//! `boilerplate`: which paragraphs a site repeats on page after page.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{configure, out_set, runner};
use crate::boilerplate::stage::Searching;
use crate::cli::{CommandResult, Global};
use crate::config::Config;
use crate::pages::Pages;
use crate::task::{Artifact, Runner};

/// `boilerplate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  corpus-build boilerplate --out out

Reads pages/ and dedup/survivors.parquet; writes boilerplate/: a row a page with the byte ranges that go, and \
paragraphs.parquet, a row a repeated paragraph. A paragraph goes that stands on boilerplate.pages_min pages of its site \
and on boilerplate.share_min of them. Headings, statements, tables, code and short paragraphs stay; so does what bears \
mathematics, and is counted. No page is rewritten; `rank` cuts what goes from the shards.")]
pub(crate) struct BoilerplateCommand {
    /// Output folder, with `pages/` and `dedup/` in it [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The search that the configuration asks for.
pub(super) fn searching<'a>(runner: &'a Runner, pages: &'a Pages, config: &'a Config) -> Searching<'a> {
    Searching { runner, pages, rules: &config.boilerplate, buckets: config.dedup.buckets }
}

impl BoilerplateCommand {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let survivors = Artifact::on_disk(&runner.out.join("dedup/survivors.parquet"))?;
        let (_, report) = searching(&runner, &pages, &config).run(&survivors)?;
        let Some(report) = report else {
            writeln!(out, "boilerplate.remove is false: nothing is looked for")?;
            return Ok(());
        };
        let facts = &report.facts;
        writeln!(
            out,
            "{} paragraphs repeated on {} sites, {} of them with formulas; {} removed from {} pages, {} pages hold nothing else",
            facts["repeated"],
            facts["sites"],
            facts["repeated_with_formulas"],
            facts["paragraphs_removed"],
            facts["pages_changed"],
            facts["pages_emptied"]
        )?;
        writeln!(out, "what goes is in {}", runner.out.join("boilerplate").display())?;
        Ok(())
    }
}
