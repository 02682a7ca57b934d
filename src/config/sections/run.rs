//! `[run]` and `[output]`: what holds for a run as a whole, and where results go.

use std::path::PathBuf;

use serde::Deserialize;

use super::at_least;
use crate::config::load::ConfigError;
use crate::config::units::ByteSize;

/// What holds for a run as a whole. Nothing here changes what is written.
#[derive(Clone, Debug)]
pub struct Run {
    /// Worker threads; `None` for one a core.
    pub threads: Option<usize>,
    /// Memory for sorts and joins before they spill to disk, in bytes.
    pub memory: ByteSize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawRun {
    threads: Option<usize>,
    memory: Option<ByteSize>,
}

impl TryFrom<RawRun> for Run {
    type Error = ConfigError;

    fn try_from(raw: RawRun) -> Result<Self, ConfigError> {
        let RawRun { threads, memory } = raw;
        if threads == Some(0) {
            return Err(ConfigError::value("run.threads", "at least 1 (leave it out for one a core)".to_owned(), 0));
        }
        let memory = memory.unwrap_or(ByteSize(1 << 30));
        at_least("run.memory", memory, ByteSize(64 << 20))?;
        Ok(Self { threads, memory })
    }
}

/// Where results go.
#[derive(Clone, Debug)]
pub struct Output {
    /// The output folder; made where it is missing.
    pub dir: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawOutput {
    dir: Option<PathBuf>,
}

impl TryFrom<RawOutput> for Output {
    type Error = ConfigError;

    fn try_from(raw: RawOutput) -> Result<Self, ConfigError> {
        let RawOutput { dir } = raw;
        let dir =
            dir.ok_or_else(|| ConfigError::missing("output.dir", "the folder that results go to, \"out\" say"))?;
        Ok(Self { dir })
    }
}
