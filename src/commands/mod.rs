//! One file a command: arguments → what to run → what to print.

pub(crate) mod annotate;
pub(crate) mod boilerplate;
pub(crate) mod decontaminate;
pub(crate) mod docs;
pub(crate) mod domains;
#[cfg(feature = "train")]
pub(crate) mod eval;
pub(crate) mod fetch;
#[cfg(feature = "train")]
pub(crate) mod generate;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod iterate;
pub(crate) mod pack;
pub(crate) mod quality;
pub(crate) mod recall;
#[cfg(feature = "train")]
pub(crate) mod reinforce;
pub(crate) mod report;
pub(crate) mod stages;
#[cfg(feature = "train")]
pub(crate) mod train;

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{Failure, Global};
use crate::config::{self, Config, ConfigError};
use crate::crawl::{self, CrawlRules, Source};
use crate::index::recalled_sources;
use crate::io::http::HttpRules;
use crate::io::store::Store;
use crate::task::{Runner, TaskError};

/// The configuration that the global options name, with `more` laid over it.
fn configure(global: &Global, more: &[String]) -> Result<Config, ConfigError> {
    let default = Path::new("pipeline.toml");
    let path = global.config.as_deref().or_else(|| default.exists().then_some(default));
    let memory = global.memory.map(|memory| format!("run.memory = {}", memory.0));
    let sets: Vec<String> = global.sets.iter().chain(more).cloned().chain(memory).collect();
    let mut config = config::load(path, &sets)?;
    if let Some(threads) = global.threads {
        config.run.threads = Some(usize::from(threads));
    }
    Ok(config)
}

/// As [`configure`]; where the command names its inputs itself, the crawl of the file has no say in them.
fn configure_for(global: &Global, more: &[String], inputs_named: bool) -> Result<Config, ConfigError> {
    let mut config = configure(global, more)?;
    if inputs_named {
        config.crawl.id = None;
        config.crawl.files_max = None;
        config.crawl.files_sample_seed = None;
        config.crawl.recall = false;
    }
    Ok(config)
}

/// A `--set` argument for a value that came another way, quoted as TOML.
fn set(key: &str, value: impl Into<toml::Value>) -> String {
    format!("{key} = {}", value.into())
}

/// The setting that an option `--out` stands for.
fn out_set(out: Option<&PathBuf>) -> Vec<String> {
    out.map(|out| set("output.dir", out.to_string_lossy().into_owned())).into_iter().collect()
}

fn runner(global: &Global, config: &Config) -> Result<Runner, TaskError> {
    Runner::open(&config.output.dir, config.run.threads, config.run.memory.0, global.quiet)
}

fn store(config: &Config) -> Store {
    let http = &config.http;
    let default = HttpRules::default();
    Store::new(HttpRules {
        user_agent: http.user_agent.clone(),
        connect_timeout: Duration::from_secs(http.connect_timeout_s),
        idle_timeout: Duration::from_secs(http.read_timeout_s),
        attempts_max: NonZeroU32::new(http.attempts_max).unwrap_or(NonZeroU32::MIN),
        backoff_first: Duration::from_millis(http.backoff_first_ms),
        backoff_max: Duration::from_millis(http.backoff_max_ms),
        retry_after_max: Duration::from_secs(http.retry_after_max_s),
        connections_max: NonZeroUsize::new(http.connections_max).unwrap_or(NonZeroUsize::MIN),
        requests_per_second: Some(http.requests_per_second),
        ..default
    })
}

/// The files of the crawl, those that `recall` fetched among them.
fn all_sources(config: &Config, store: &Store) -> Result<Vec<Source>, Failure> {
    let mut sources = sources(config, store)?;
    if config.crawl.recall {
        let named: BTreeSet<String> = sources.iter().map(|source| source.stem.clone()).collect();
        let recalled = recalled_sources(&config.output.dir)?;
        // One that the configuration names too is read once.
        sources.extend(recalled.into_iter().filter(|source| !named.contains(&source.stem)));
    }
    Ok(sources)
}

/// The files that the configuration names.
fn sources(config: &Config, store: &Store) -> Result<Vec<Source>, Failure> {
    let crawl = config.crawl()?;
    let rules = CrawlRules {
        paths: crawl.paths.clone(),
        id: crawl.id.clone(),
        base_url: crawl.base_url.clone(),
        files_max: crawl.files_max,
        files_sample_seed: crawl.files_sample_seed,
    };
    Ok(crawl::list(&rules, Path::new(""), store)?)
}
