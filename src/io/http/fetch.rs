//! Mirrors of remote files: `x.warc.gz`, beside it `x.warc.gz.http.json` that says which version it is.
//!
//! While it comes, the bytes stand in `x.warc.gz.part` and their version in `x.warc.gz.part.json`. Both survive a
//! kill, and the next fetch continues from there.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use super::identity::Agreement;
use super::{HttpClient, HttpError, HttpStream, Identity};
use crate::io::atomic::{self, AtomicError};

const COPY_BYTES: usize = 256 << 10;
/// Times a fetch begins anew because the file changed under it.
const RESTARTS_MAX: u32 = 3;

/// When a complete local copy is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// When the server says that it is still the same file.
    Check,
    /// Always; the server is not asked.
    TrustLocal,
}

/// What a fetch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The copy was complete already.
    Unchanged,
    /// The file was downloaded.
    Downloaded {
        /// Its length in bytes.
        bytes: u64,
        /// How many of them an earlier, interrupted fetch had left.
        resumed_from: u64,
    },
}

/// Which version of which file the bytes beside are.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    url: String,
    #[serde(flatten)]
    identity: Identity,
}

/// The places of a mirrored file.
struct Places {
    whole: PathBuf,
    note: PathBuf,
    part: PathBuf,
    part_note: PathBuf,
}

impl HttpClient {
    /// Mirrors a file to `whole`, which appears when all its bytes are there and synced; missing folders are created.
    ///
    /// `progress` is told bytes had and, where known, bytes in all.
    ///
    /// # Errors
    /// When the server fails for longer than the rules allow or the disk does; what came is kept for the next fetch.
    pub fn fetch(
        &self,
        url: &Url,
        whole: &Path,
        freshness: Freshness,
        progress: &dyn Fn(u64, Option<u64>),
    ) -> Result<Fetched, HttpError> {
        let places = Places::of(whole);
        if self.is_current(url, &places, freshness)? {
            return Ok(Fetched::Unchanged);
        }
        let folder = atomic::folder_of(whole);
        fs::create_dir_all(folder).map_err(|e| failed(folder, "create the folder", e))?;
        let mut part = places.lock_part()?;
        let length = part.metadata().map_err(|e| failed(&places.part, "look at the file", e))?.len();
        let known = read_note(&places.part_note, url).filter(|identity| *identity != Identity::default());
        let (mut had, mut identity) = known.map_or((0, Identity::default()), |identity| (length, identity));
        let mut restarts = 0;
        loop {
            match self.fill(url, &places, &mut part, (had, identity), progress) {
                Ok(identity) => {
                    let bytes = places.finish(&part, url, identity)?;
                    return Ok(Fetched::Downloaded { bytes, resumed_from: had });
                }
                Err(HttpError::Changed { .. } | HttpError::CannotResume { .. } | HttpError::BadRange { .. })
                    if restarts < RESTARTS_MAX =>
                {
                    restarts += 1;
                    (had, identity) = (0, Identity::default());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the whole file is there, and of the version asked for.
    fn is_current(&self, url: &Url, places: &Places, freshness: Freshness) -> Result<bool, HttpError> {
        let Ok(metadata) = fs::metadata(&places.whole) else { return Ok(false) };
        let noted = read_note(&places.note, url);
        // Of a file that came in another way, only the length is known.
        let local = noted.unwrap_or_else(|| Identity { bytes: Some(metadata.len()), ..Identity::default() });
        if local.bytes.is_some_and(|bytes| bytes != metadata.len()) {
            return Ok(false);
        }
        match freshness {
            Freshness::TrustLocal => Ok(true),
            Freshness::Check => match self.head_unless(url, local.etag.as_deref())? {
                None => Ok(true),
                Some(remote) => Ok(local.compare(&remote) == Agreement::Same),
            },
        }
    }

    /// Appends what is missing to the partial file and says which version it is.
    fn fill(
        &self,
        url: &Url,
        places: &Places,
        part: &mut File,
        (had, identity): (u64, Identity),
        progress: &dyn Fn(u64, Option<u64>),
    ) -> Result<Identity, HttpError> {
        let at_part = |action| move |e| failed(&places.part, action, e);
        part.set_len(had).map_err(at_part("shorten the file"))?;
        part.seek(SeekFrom::Start(had)).map_err(at_part("write the file"))?;
        let mut stream = HttpStream::resume(self.clone(), url.clone(), had, identity);
        stream.connect()?;
        if had == 0 {
            // Before the first byte, so that no byte is ever without its version.
            write_note(&places.part_note, url, stream.identity().clone())?;
        }
        let mut buffer = vec![0; COPY_BYTES];
        progress(stream.offset(), stream.identity().bytes);
        loop {
            let n = stream.read_some(&mut buffer)?;
            if n == 0 {
                return Ok(stream.identity().clone());
            }
            part.write_all(&buffer[..n]).map_err(at_part("write the file"))?;
            progress(stream.offset(), stream.identity().bytes);
        }
    }
}

impl Places {
    fn of(whole: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = OsString::from(whole);
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            whole: whole.to_path_buf(),
            note: beside(".http.json"),
            part: beside(".part"),
            part_note: beside(".part.json"),
        }
    }

    /// Opens the partial file for this process alone.
    fn lock_part(&self) -> Result<File, HttpError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.part);
        let file = file.map_err(|e| failed(&self.part, "create the file", e))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(HttpError::Locked { path: self.part.display().to_string() }),
            // Where locks are not supported, it is the user who must not start two.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
        }
    }

    /// Puts the complete partial file in its place.
    fn finish(&self, part: &File, url: &Url, identity: Identity) -> Result<u64, HttpError> {
        let bytes =
            part.sync_all().and_then(|()| part.metadata()).map_err(|e| failed(&self.part, "sync the file", e))?.len();
        // First the file, then its note: between the two, the old note does not fit and the file is fetched again.
        fs::rename(&self.part, &self.whole).map_err(|e| failed(&self.whole, "put the file in its place", e))?;
        write_note(&self.note, url, Identity { bytes: Some(bytes), ..identity })?;
        match fs::remove_file(&self.part_note) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(failed(&self.part_note, "remove the file", e)),
            _ => Ok(bytes),
        }
    }
}

/// The version noted for this address; `None` where there is no readable note of it.
fn read_note(path: &Path, url: &Url) -> Option<Identity> {
    let note: Note = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (note.url == url.as_str()).then_some(note.identity)
}

fn write_note(path: &Path, url: &Url, identity: Identity) -> Result<(), HttpError> {
    let note = Note { url: url.to_string(), identity };
    let json = serde_json::to_vec(&note).map_err(|e| failed(path, "write the file", e.into()))?;
    Ok(atomic::write(path, json)?)
}

fn failed(path: &Path, action: &'static str, source: io::Error) -> HttpError {
    AtomicError { path: path.to_path_buf(), action, source }.into()
}
