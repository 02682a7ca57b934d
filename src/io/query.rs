//! Relational work larger than memory, by DataFusion: sorts and joins that spill to disk under a limit, streamed out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionConfig, SessionContext, col};
use futures::StreamExt;

use crate::io::object::{Object, Shared};

/// A query failed.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// DataFusion says why.
    #[error("cannot query {what} (memory limit {memory} bytes, see --memory)")]
    Query {
        /// What was asked for.
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

/// Smallest memory that a partition of a spilling sort works well with, bytes (measured: DESIGN notes on DataFusion).
const MEMORY_PER_PARTITION: u64 = 64 << 20;

/// Answers queries over Parquet files under a limit of memory.
pub struct Engine {
    runtime: tokio::runtime::Runtime,
    context: SessionContext,
    memory: u64,
}

impl Engine {
    /// Starts an engine that keeps to `memory` bytes and spills to the folder `spill`.
    ///
    /// # Errors
    /// The folder cannot be made, or threads cannot be started.
    pub fn start(memory: u64, threads: usize, spill: &Path) -> Result<Self, QueryError> {
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
            .map_err(|source| QueryError::Query { what: "nothing yet".to_owned(), memory, source: Box::new(source) })?;
        let mut config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(4096);
        config.options_mut().execution.parquet.schema_force_view_types = false;
        // A hash join does not spill, a sort-merge join does.
        config.options_mut().optimizer.prefer_hash_join = false;
        let context = SessionContext::new_with_config_rt(config, environment);
        Ok(Self { runtime, context, memory })
    }

    /// The error of a query named `what`.
    pub fn failed(&self, what: &str) -> impl FnOnce(DataFusionError) -> QueryError {
        let (what, memory) = (what.to_owned(), self.memory);
        move |source| QueryError::Query { what, memory, source: Box::new(source) }
    }

    /// The rows of `files`, all of one schema, as a relation.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn table(&self, files: &[PathBuf]) -> Result<DataFrame, QueryError> {
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
        let read = self.context.read_parquet(paths, ParquetReadOptions::default());
        self.runtime.block_on(read).map_err(self.failed(&format!("{} files", files.len())))
    }

    /// The rows of one table read by ranges, of which filters leave most unread: their bounds are compared with the
    /// statistics of row groups and pages, and other columns are read only where they hold.
    ///
    /// # Errors
    /// The file cannot be read or is no table.
    pub fn object(&self, object: &Arc<Object>) -> Result<DataFrame, QueryError> {
        const PLACE: &str = "index://object/";
        let what = object.to_string();
        {
            let state = self.context.state_ref();
            let mut state = state.write();
            let options = &mut state.config_mut().options_mut().execution.parquet;
            options.pushdown_filters = true;
            // The object has kept its end: no guess at how long it is.
            options.metadata_size_hint = None;
        }
        let place = url::Url::parse(PLACE).map_err(std::io::Error::other)?;
        self.context.register_object_store(&place, Arc::new(Shared(Arc::clone(object))));
        let read = self.context.read_parquet(format!("{PLACE}table.parquet"), ParquetReadOptions::default());
        self.runtime.block_on(read).map_err(self.failed(&what))
    }

    /// The answer, as a stream of batches; `what` names the query in errors.
    ///
    /// # Errors
    /// The query cannot be planned.
    pub fn rows(
        &self,
        what: &str,
        query: impl FnOnce() -> Result<DataFrame, DataFusionError>,
    ) -> Result<Rows<'_>, QueryError> {
        let stream = self.runtime.block_on(async { query()?.execute_stream().await }).map_err(self.failed(what))?;
        Ok(Rows { engine: self, stream, what: what.to_owned() })
    }

    /// The rows of `files` sorted by `order`, which must be a total order for the same bytes out.
    ///
    /// # Errors
    /// A file cannot be read, or the sort fits neither memory nor disk.
    pub fn sorted(&self, files: &[PathBuf], order: &[Order<'_>]) -> Result<Rows<'_>, QueryError> {
        let what = format!("{} files by {:?}", files.len(), order.iter().map(|o| o.0).collect::<Vec<_>>());
        let table = self.table(files)?;
        let by = order.iter().map(|(name, Descending(descending))| col(*name).sort(!descending, false)).collect();
        self.rows(&what, || table.sort(by))
    }
}

/// The rows that a query gave.
pub struct Rows<'e> {
    engine: &'e Engine,
    stream: SendableRecordBatchStream,
    what: String,
}

impl Iterator for Rows<'_> {
    type Item = Result<RecordBatch, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.engine.runtime.block_on(self.stream.next())?;
        Some(batch.map_err(self.engine.failed(&self.what)))
    }
}
