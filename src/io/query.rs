//! Sorts larger than memory, by DataFusion: spilling to disk under a limit, streamed out in a total order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, col};
use futures::StreamExt;

/// A query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// DataFusion says why.
    #[error("cannot sort {what} (memory limit {memory} bytes, see --memory)")]
    Plan {
        /// What was sorted.
        what: String,
        /// The limit.
        memory: u64,
        /// Why.
        source: Box<DataFusionError>,
    },
    /// The engine cannot be started.
    #[error("cannot start the query engine: {0}")]
    Start(#[from] std::io::Error),
}

/// A column to sort by and whether the greatest comes first.
pub type Order<'a> = (&'a str, Descending);

/// Whether the greatest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descending(pub bool);

/// The rows of Parquet files in a total order, as a stream of batches.
pub struct Sorted {
    runtime: tokio::runtime::Runtime,
    stream: SendableRecordBatchStream,
    what: String,
    memory: u64,
}

/// Smallest memory that a partition of a spilling sort works well with, bytes (measured: DESIGN notes on DataFusion).
const MEMORY_PER_PARTITION: u64 = 64 << 20;

/// Sorts the rows of `files` (all of one schema) by `order`, which must be a total order for the same bytes out.
///
/// # Errors
/// A file cannot be read, or the sort fits neither memory nor disk.
pub fn sorted(
    files: &[PathBuf],
    order: &[Order<'_>],
    memory: u64,
    threads: usize,
    spill: &Path,
) -> Result<Sorted, QueryError> {
    let what = format!("{} files by {:?}", files.len(), order.iter().map(|o| o.0).collect::<Vec<_>>());
    let failed = |source| QueryError::Plan { what: what.clone(), memory, source: Box::new(source) };
    let partitions = (memory / MEMORY_PER_PARTITION).clamp(1, threads as u64) as usize;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(partitions).enable_all().build()?;
    std::fs::create_dir_all(spill)?;
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![spill.to_owned()]))
        .with_max_temp_directory_size(u64::MAX);
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(usize::try_from(memory).unwrap_or(usize::MAX))))
        .with_disk_manager_builder(disk)
        .build_arc()
        .map_err(failed)?;
    let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(4096);
    config.options_mut().execution.parquet.schema_force_view_types = false;
    let context = SessionContext::new_with_config_rt(config, environment);
    // As addresses: in a plain path the engine would take `[` and `*` for a pattern.
    let paths = files
        .iter()
        .map(|file| {
            let address = url::Url::from_file_path(std::path::absolute(file)?);
            address
                .map(String::from)
                .map_err(|()| std::io::Error::other(format!("{}: no file address", file.display())))
        })
        .collect::<Result<Vec<String>, _>>()?;
    let by = order.iter().map(|(name, Descending(descending))| col(*name).sort(!descending, false)).collect();
    let stream = runtime
        .block_on(async {
            let table = context.read_parquet(paths, ParquetReadOptions::default()).await?;
            table.sort(by)?.execute_stream().await
        })
        .map_err(failed)?;
    Ok(Sorted { runtime, stream, what, memory })
}

impl Iterator for Sorted {
    type Item = Result<RecordBatch, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.runtime.block_on(self.stream.next())?;
        Some(batch.map_err(|source| QueryError::Plan {
            what: self.what.clone(),
            memory: self.memory,
            source: Box::new(source),
        }))
    }
}
