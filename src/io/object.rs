//! A file of a [`Store`] as the query engine reads files: by ranges, nothing else, each counted.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use datafusion::object_store::path::Path as ObjectPath;
use datafusion::object_store::{
    Attributes, CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::io::http::Part;
use crate::io::store::{Location, Store, StoreError};

/// One file, read by ranges. Its end, where a table says what is in it, is read once and kept.
#[derive(Debug)]
pub struct Object {
    store: Store,
    location: Location,
    /// The end of the file.
    tail: Part,
    bytes: u64,
    read: AtomicU64,
    reads: AtomicU64,
}

impl Object {
    /// Opens a file and reads its last `tail_bytes`.
    ///
    /// # Errors
    /// It cannot be read, or the server does not say how long it is.
    pub fn open(store: &Store, location: &Location, tail_bytes: u64) -> std::result::Result<Self, StoreError> {
        let tail = store.tail(location, tail_bytes)?;
        let bytes = tail.total.unwrap_or(tail.first + tail.bytes.len() as u64);
        let read = AtomicU64::new(tail.bytes.len() as u64);
        Ok(Self { store: store.clone(), location: location.clone(), tail, bytes, read, reads: AtomicU64::new(1) })
    }

    /// Keeps the file's end from byte `first` on.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn keep(&mut self, first: u64) -> std::result::Result<(), StoreError> {
        if first < self.tail.first {
            let mut bytes = self.range(first..self.tail.first)?;
            bytes.append(&mut self.tail.bytes);
            (self.tail.first, self.tail.bytes) = (first, bytes);
        }
        Ok(())
    }

    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes of it that were read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Parts that were asked for so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Some of its bytes, from what is kept where they are there. Blocks.
    ///
    /// # Errors
    /// They cannot be read, or the file ends before.
    pub fn range(&self, range: Range<u64>) -> std::result::Result<Vec<u8>, StoreError> {
        if range.start >= self.tail.first && range.end <= self.bytes {
            let place = |at: u64| (at - self.tail.first) as usize;
            if let Some(kept) = self.tail.bytes.get(place(range.start)..place(range.end)) {
                return Ok(kept.to_vec());
            }
        }
        let wanted = range.end.saturating_sub(range.start);
        let part = self.store.range(&self.location, range)?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read.fetch_add(part.bytes.len() as u64, Ordering::Relaxed);
        if part.bytes.len() as u64 == wanted {
            Ok(part.bytes)
        } else {
            Err(StoreError::Short { at: self.location.to_string() })
        }
    }

    fn meta(&self, location: &ObjectPath) -> ObjectMeta {
        let last_modified = chrono::DateTime::UNIX_EPOCH;
        ObjectMeta { location: location.clone(), last_modified, size: self.bytes, e_tag: None, version: None }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location.fmt(f)
    }
}

/// An [`Object`] for the query engine.
#[derive(Clone, Debug)]
pub struct Shared(pub Arc<Object>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn read_only<T>() -> Result<T> {
    Err(Error::NotSupported { source: "the file is only read".into() })
}

#[async_trait]
impl ObjectStore for Shared {
    async fn get_opts(&self, location: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        let bytes = self.0.bytes;
        let range = match options.range {
            None => 0..bytes,
            Some(GetRange::Bounded(range)) => range.start..range.end.min(bytes),
            Some(GetRange::Offset(from)) => from..bytes,
            Some(GetRange::Suffix(count)) => bytes.saturating_sub(count)..bytes,
        };
        let part = if options.head {
            Vec::new()
        } else {
            let (object, wanted) = (Arc::clone(&self.0), range.clone());
            // The client blocks, so it gets a thread that may.
            let read = tokio::task::spawn_blocking(move || object.range(wanted)).await?;
            read.map_err(|error| Error::Generic { store: "file", source: Box::new(error) })?
        };
        let payload = GetResultPayload::Stream(stream::once(async move { Ok(part.into()) }).boxed());
        Ok(GetResult { payload, meta: self.0.meta(location), range, attributes: Attributes::default() })
    }

    async fn put_opts(&self, _: &ObjectPath, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        read_only()
    }

    async fn put_multipart_opts(&self, _: &ObjectPath, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        read_only()
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<ObjectPath>>) -> BoxStream<'static, Result<ObjectPath>> {
        stream::once(async { read_only() }).boxed()
    }

    fn list(&self, _: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { read_only() }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&ObjectPath>) -> Result<ListResult> {
        read_only()
    }

    async fn copy_opts(&self, _: &ObjectPath, _: &ObjectPath, _: CopyOptions) -> Result<()> {
        read_only()
    }
}
