//! `pack`: a folder of HTML → a WARC file of Common Crawl's shape.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::cli::CommandResult;
use crate::crawl::pack::{PackOptions, pack};
use crate::io::atomic::AtomicFile;

/// `pack`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build pack site/ --base-url https://example.org/docs/ -o site.warc.gz
                         site/a/b.html becomes https://example.org/docs/a/b.html
  corpus-build pack mirror/ --base-url https:// --date 2025-01-15T08:00:00Z -o mirror.warc.gz
                         mirror/example.org/a.html becomes https://example.org/a.html

Files named *.html, *.htm and *.xhtml are packed. NAME.html.http beside NAME.html holds HTTP headers, one a \
line, that replace the default Content-Type: text/html, and may hold WARC-Date.")]
pub(crate) struct Pack {
    /// The folder; those below it too.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What the files' paths are appended to; with only a scheme the first folder level is the host.
    #[arg(long, value_name = "URL")]
    base_url: String,
    /// WARC-Date of the pages, the same for all so that the same folder gives the same bytes [default: the Unix epoch].
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// The file to write: gzip, a member a record, whatever its name.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Pack {
    pub(crate) fn run(self, out: &mut dyn Write) -> CommandResult {
        let mut options = PackOptions::default();
        if let Some(date) = self.date {
            options.date = date;
        }
        let mut file = AtomicFile::create(&self.output)?;
        let count = pack(&self.folder, &self.base_url, &options, &mut file)?;
        file.commit()?;
        writeln!(out, "{} pages packed, {} other files skipped", count.pages, count.skipped)?;
        Ok(())
    }
}
