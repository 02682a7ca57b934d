//! `quality`: which pages are worth keeping, and every value measured on one page.

use std::io::Write;
use std::path::PathBuf;

use arrow::array::StringArray;
use clap::Args;

use super::{configure, out_set, runner};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::Config;
use crate::dedup::url::address;
use crate::io::table::{Table, column};
use crate::language::Language;
use crate::pages::Pages;
use crate::quality::{measure, stage};
use crate::reject::Tally;
use crate::spans::commands;

/// `quality`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build quality --out out
  corpus-build quality --out out --explain https://example.org/limits.html

Reads pages/, writes quality/: a row a page, whether it passes, and if not the rule that it breaks and the value \
found. Rules are asked of the prose, formulas and code taken out; their bounds stand under [quality].")]
pub(crate) struct Quality {
    /// Print every value measured on the page of this address, beside its bounds; nothing is written.
    #[arg(long, value_name = "URL")]
    explain: Option<String>,
    /// Output folder, with `pages/` in it [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Quality {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        if let Some(url) = &self.explain {
            return explain(&config, url, out);
        }
        let runner = runner(global, &config)?;
        let pages = Pages::on_disk(&runner.out)?;
        let rows = runner.run(&stage::stage(&runner, &config.quality, &pages))?;
        let mut tally = Tally::default();
        for row in &rows {
            tally.add(&row.tally);
        }
        writeln!(out, "{} pages in, {} kept", tally.seen, tally.kept)?;
        for (reason, n) in &tally.rejected {
            writeln!(out, "  {reason}: {n}")?;
        }
        writeln!(out, "verdicts are in {}", runner.out.join("quality").display())?;
        Ok(())
    }
}

fn explain(config: &Config, url: &str, out: &mut dyn Write) -> CommandResult {
    let wanted = address(url).ok_or_else(|| Failure::run(format!("{url}: no absolute http(s) address").into()))?;
    let id = wanted.id.to_string();
    let pages = Pages::on_disk(&config.output.dir)?;
    let hosts = stage::hosts(&config.quality.blocked_hosts)?;
    let mut found = false;
    for file in 0..pages.len() {
        let path = pages.file(file);
        for batch in Table::open(path)?.columns(&["id", "url", "host", "language", "text"])?.batches()? {
            let batch = batch?;
            let ids: &StringArray = column(&batch, "id", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let language: &StringArray = column(&batch, "language", path)?;
            let host: &StringArray = column(&batch, "host", path)?;
            let address: &StringArray = column(&batch, "url", path)?;
            for row in (0..batch.num_rows()).filter(|row| ids.value(*row) == id) {
                found = true;
                let language: Language = language.value(row).parse()?;
                let measures = measure(text.value(row), language, &commands());
                let mut checks = config.quality.rules.checks(&measures);
                if hosts.holds(host.value(row)) {
                    checks.insert(0, stage::blocked());
                }
                writeln!(out, "{} ({language}, {})", address.value(row), path.display())?;
                for check in &checks {
                    let bound = match (check.least, check.most) {
                        (Some(least), Some(most)) => format!("{least} to {most}"),
                        (Some(least), None) => format!("at least {least}"),
                        (None, Some(most)) => format!("at most {most}"),
                        (None, None) => String::new(),
                    };
                    let verdict = if check.passes() { "" } else { "  breaks the rule" };
                    writeln!(out, "  {:<26} {:>10.4}   {bound}{verdict}", check.name, check.value)?;
                }
                let broken = checks.iter().find(|check| !check.passes());
                writeln!(out, "  {}", broken.map_or("kept".to_owned(), |check| format!("dropped: {}", check.reject)))?;
            }
        }
    }
    if found { Ok(()) } else { Err(Failure::run(format!("{url}: not among the pages (id {id})").into())) }
}
