//! `fetch`: mirrors the crawl's remote files, so that the rounds read them from disk.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{configure_for, set, sources, store};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::ByteSize;
use crate::io::http::{Fetched, Freshness};
use crate::io::store::Location;

/// `fetch`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build fetch --to warc                 the crawl of ./pipeline.toml
  corpus-build fetch --to warc my-files.paths  the files that a list names
  corpus-build fetch --to warc https://example.org/x.warc.gz

Then read the mirror: put paths = [\"warc\"] in place of id in the section [crawl].
Run it again after a break: whole files are kept, half ones are continued. Beside \
x.warc.gz stands x.warc.gz.http.json, which says what version of the file it is; leave it there.")]
pub(crate) struct Fetch {
    /// Addresses or .paths lists, in place of crawl.paths [default: the crawl of the configuration].
    #[arg(value_name = "IN")]
    inputs: Vec<String>,
    /// The folder to mirror into; made where it is missing.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Take complete local copies without asking the server whether they are current.
    #[arg(long)]
    offline: bool,
}

impl Fetch {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let mut sets = Vec::new();
        if !self.inputs.is_empty() {
            sets.push(set("crawl.paths", self.inputs.clone()));
        }
        // The output folder is not needed here.
        sets.push(set("output.dir", self.to.to_string_lossy().into_owned()));
        let config = configure_for(global, &sets, !self.inputs.is_empty())?;
        let store = store(&config);
        let sources = sources(&config, &store)?;
        let remote: Vec<_> = sources
            .iter()
            .filter_map(|source| match &source.location {
                Location::Http(url) => Some((url, self.to.join(&source.name))),
                Location::Local(_) => None,
            })
            .collect();
        let mut places = BTreeSet::new();
        if let Some((_, twice)) = remote.iter().find(|(_, path)| !places.insert(path)) {
            let message =
                format!("{}: two addresses have this file name; fetch them into two folders", twice.display());
            return Err(Failure::Usage(message.into()));
        }
        let freshness = if self.offline { Freshness::TrustLocal } else { Freshness::Check };
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        let bars = MultiProgress::new();
        let shown = std::io::stderr().is_terminal() && !global.quiet;
        std::thread::scope(|scope| {
            for _ in 0..config.http.connections_max.min(remote.len()) {
                scope.spawn(|| {
                    while let Some((url, path)) = remote.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let bar = if shown { bars.add(bar(path)) } else { ProgressBar::hidden() };
                        let result = store.http().fetch(url, path, freshness, &|had, all| {
                            bar.set_position(had);
                            if let Some(all) = all {
                                bar.set_length(all);
                            }
                        });
                        bar.finish_and_clear();
                        tracing::info!(file = %path.display(), ok = result.is_ok(), "fetched");
                        if let Ok(mut results) = results.lock() {
                            results.push((path, result));
                        }
                    }
                });
            }
        });
        let (mut bytes, mut fresh, mut failed) = (0, 0, None);
        for (path, result) in results.into_inner().unwrap_or_default() {
            match result {
                Ok(Fetched::Downloaded { bytes: n, .. }) => {
                    bytes += n;
                    fresh += 1;
                }
                Ok(Fetched::Unchanged) => {}
                Err(error) => {
                    tracing::error!(file = %path.display(), %error, "not fetched");
                    failed.get_or_insert(error);
                }
            }
        }
        writeln!(out, "{} remote files, {fresh} downloaded, {}", remote.len(), ByteSize(bytes))?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

fn bar(path: &std::path::Path) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.set_prefix(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    bar
}
