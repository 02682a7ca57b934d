//! `init`: writes a configuration with every knob.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::cli::{CommandResult, Failure};
use crate::io::atomic;

/// `init`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build init --crawl CC-MAIN-2025-05 --files 10   the first ten WARC files of a crawl
  corpus-build init                                      WARC files of yours, in the folder warc/

Beside the file it writes seeds/openwebmath.toml, which says where the seed corpus is fetched from. \
The file is made to be edited: each key has a comment.")]
pub(crate) struct Init {
    /// A Common Crawl id, CC-MAIN-2025-05 say [default: none, but the files warc/*.warc.gz].
    #[arg(long, value_name = "ID")]
    crawl: Option<String>,
    /// WARC files of the crawl to read: the first so many. Without --crawl it has no effect.
    #[arg(long, value_name = "N", default_value_t = 10)]
    files: usize,
    /// Where to write it.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    output: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

/// The embedded configuration, whose values are replaced for a real crawl: one text, one set of comments.
const SAMPLE: &str = include_str!("../../pipeline.toml");
const OPENWEBMATH: &str = include_str!("../../seeds/openwebmath.toml");

/// Replaces the whole line that begins with `start`.
fn replace_line(text: &str, start: &str, line: &str) -> String {
    let replaced = text.lines().map(|old| if old.starts_with(start) { line } else { old });
    replaced.flat_map(|line| [line, "\n"]).collect()
}

impl Init {
    pub(crate) fn run(self, out: &mut dyn Write) -> CommandResult {
        let folder = self.output.parent().unwrap_or(std::path::Path::new(""));
        let dataset = folder.join("seeds/openwebmath.toml");
        for path in [&self.output, &dataset] {
            if path.exists() && !self.force {
                let message =
                    format!("{}: is there already; name another --output, or replace it with --force", path.display());
                return Err(Failure::Usage(message.into()));
            }
        }
        let mut text = SAMPLE.to_owned();
        if let Some(id) = &self.crawl {
            text = replace_line(&text, "paths = [", &format!("id = \"{id}\"\nfiles_max = {}", self.files));
        } else {
            text = replace_line(&text, "paths = [", "paths = [\"warc/*.warc.gz\"]");
        }
        text = replace_line(&text, "positives = ", "positives = \"seeds/openwebmath.toml\"");
        text = replace_line(&text, "token_budget = ", "token_budget = \"40B\"");
        text = replace_line(&text, "shard_tokens = ", "shard_tokens = \"25M\"");
        atomic::write(&self.output, &text)?;
        atomic::write(&dataset, OPENWEBMATH)?;
        writeln!(out, "{} and {} written", self.output.display(), dataset.display())?;
        writeln!(out, "next: corpus-build --config {} iterate --round 1 --dry-run", self.output.display())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_init_replaces_are_there() {
        for start in ["paths = [", "positives = ", "token_budget = ", "shard_tokens = "] {
            assert_eq!(SAMPLE.lines().filter(|line| line.starts_with(start)).count(), 1, "{start}");
        }
    }
}
