//! Where inputs lie: one seam before local files and HTTP servers, and before what may come later (S3).
//!
//! A [`Location`] says where, a [`Store`] opens it. Code above never asks which kind it is.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use crate::io::http::{HttpClient, HttpError, HttpRules, Part};

const HASH_BUFFER_BYTES: usize = 1 << 20;

/// Where a file lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// On this machine.
    Local(PathBuf),
    /// On an http(s) server.
    Http(Url),
}

/// Why a location can't be understood or read.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The address is of S3.
    #[error(
        "{address}: reading from S3 comes in a later version; https://data.commoncrawl.org/ serves the files of \
         s3://commoncrawl/ under the same paths"
    )]
    S3 {
        /// As written.
        address: String,
    },
    /// The address is of another unknown kind.
    #[error("{address}: {scheme}:// is not supported; give a local path or an http(s) address")]
    Scheme {
        /// As written.
        address: String,
        /// What stands before `://`.
        scheme: String,
    },
    /// The address is no URL.
    #[error("{address}: not a valid address")]
    Address {
        /// As written.
        address: String,
        /// What the parser said.
        source: url::ParseError,
    },
    /// A local file can't be read.
    #[error("{}: cannot {action}", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb and its object.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file ends before the bytes asked for.
    #[error("{at}: it is shorter than it was when it was opened")]
    Short {
        /// The file.
        at: String,
    },
    /// A remote file can't be read.
    #[error(transparent)]
    Http(#[from] HttpError),
}

/// Opens locations. Cheap to clone; clones share connections and limits. Makes no connection for local files.
#[derive(Clone, Debug)]
pub struct Store {
    http: HttpClient,
}

impl Location {
    /// Reads what a user wrote: an http(s) address, or a path, relative to `folder`.
    ///
    /// # Errors
    /// On `s3://` and other schemes, and on malformed addresses.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, StoreError> {
        let address = || text.to_owned();
        let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Ok(Self::Local(folder.join(text)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => match Url::parse(text) {
                Ok(url) => Ok(Self::Http(url)),
                Err(source) => Err(StoreError::Address { address: address(), source }),
            },
            "s3" | "s3a" | "s3n" => Err(StoreError::S3 { address: address() }),
            scheme => Err(StoreError::Scheme { address: address(), scheme: scheme.to_owned() }),
        }
    }

    /// The last part of the path, or the host where an address has none.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self {
            Self::Local(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::Http(url) => {
                let mut parts = url.path_segments().into_iter().flatten().rev();
                let name = parts.find(|part| !part.is_empty());
                name.or(url.host_str()).unwrap_or_default().to_owned()
            }
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::Http(url) => url.fmt(f),
        }
    }
}

impl Store {
    /// A store that behaves towards servers by these rules.
    #[must_use]
    pub fn new(rules: HttpRules) -> Self {
        Self { http: HttpClient::new(rules) }
    }

    /// The client for what only HTTP can do, as mirroring.
    #[must_use]
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// Opens a file at its first byte. Reads are not buffered: read in large pieces.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open(&self, location: &Location) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(match location {
            Location::Local(path) => Box::new(File::open(path).map_err(|e| local(path, "open the file", e))?),
            Location::Http(url) => Box::new(self.http.open(url)?),
        })
    }

    /// The bytes of a file in `range`; fewer where the file ends before. They are all held.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn range(&self, location: &Location, range: Range<u64>) -> Result<Part, StoreError> {
        match location {
            Location::Local(path) => local_part(path, |total| range.start..range.end.min(total)),
            Location::Http(url) => Ok(self.http.range(url, range)?),
        }
    }

    /// The last `count` bytes of a file, all of a shorter one, and how long it is.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn tail(&self, location: &Location, count: u64) -> Result<Part, StoreError> {
        match location {
            Location::Local(path) => local_part(path, |total| total.saturating_sub(count)..total),
            Location::Http(url) => Ok(self.http.tail(url, count)?),
        }
    }
}

/// What `wanted` makes of the length of a local file.
fn local_part(path: &Path, wanted: impl FnOnce(u64) -> Range<u64>) -> Result<Part, StoreError> {
    let failed = |action| move |source| local(path, action, source);
    let mut file = File::open(path).map_err(failed("open the file"))?;
    let total = file.metadata().map_err(failed("look at the file"))?.len();
    let Range { start, end } = wanted(total);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(start)).map_err(failed("read the file"))?;
    file.take(end.saturating_sub(start)).read_to_end(&mut bytes).map_err(failed("read the file"))?;
    Ok(Part { first: start, bytes, total: Some(total) })
}

/// The xxh3-128 of a local file's bytes, 32 hex digits.
///
/// # Errors
/// When it can't be read to its end.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut input = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; HASH_BUFFER_BYTES];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(format!("{:032x}", hash.digest128())),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn local(path: &Path, action: &'static str, source: io::Error) -> StoreError {
    StoreError::Local { path: path.to_path_buf(), action, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let found = match Location::parse(text, Path::new("/data")) {
                Ok(location) => format!("{location} as {}", location.file_name()),
                Err(error) => error.to_string(),
            };
            assert!(found.starts_with(want), "{found}");
        }
        check("a/x.warc", "/data/a/x.warc as x.warc");
        check("/b/x.warc", "/b/x.warc as x.warc");
        check("https://a.org/b/x.warc.gz?k=1", "https://a.org/b/x.warc.gz?k=1 as x.warc.gz");
        check("HTTP://a.org", "http://a.org/ as a.org");
        check("http://[", "http://[: not a valid address");
        check(
            "s3://commoncrawl/x",
            "s3://commoncrawl/x: reading from S3 comes in a later version; https://data.commoncrawl.org/",
        );
        check("ftp://a/x", "ftp://a/x: ftp:// is not supported");
        check("odd name://x", "/data/odd name://x as x");
    }

    #[test]
    fn files_are_told_apart_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            atomic::write(folder.path().join(name), text).unwrap();
            hash_file(&folder.path().join(name)).unwrap()
        };
        assert_eq!(file("a", "some bytes"), file("b", "some bytes"));
        assert_ne!(file("a", "some bytes"), file("c", "some other bytes"));
        assert_eq!(file("d", "some bytes"), format!("{:032x}", xxhash_rust::xxh3::xxh3_128(b"some bytes")));
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = Location::Local("/nowhere/x.warc".into());
        let store = Store::new(HttpRules::default());
        let error = store.open(&missing).err().unwrap();
        assert_eq!(error.to_string(), "/nowhere/x.warc: cannot open the file");
    }
}
