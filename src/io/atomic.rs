//! Files that appear whole or not at all: written under a temporary name, synced, then renamed.
//!
//! A reader of the target path sees the old file or the whole new one, whenever the writer is killed. What a killed
//! writer leaves behind is a hidden temporary file, which [`sweep`] removes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

/// Longest part of the target's name that a temporary name repeats, in characters: names end at 255 bytes.
const NAME_CHARS_MAX: usize = 50;
const BUFFER_BYTES: usize = 1 << 18;

/// A file could not be written whole; the target path is untouched.
#[derive(Debug, Error)]
#[error("{}: cannot {action}{}", path.display(), advice(source.kind()))]
pub struct AtomicError {
    /// The file or folder concerned.
    pub path: PathBuf,
    /// What was being done, as a verb and its object.
    pub action: &'static str,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl AtomicError {
    fn new(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self { path: path.to_path_buf(), action, source }
    }
}

impl From<AtomicError> for io::Error {
    fn from(error: AtomicError) -> Self {
        Self::new(error.source.kind(), error)
    }
}

/// What the user can do about an error of this kind; empty where there is nothing to say.
fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull => {
            ": no space left; free some on this disk or name an output folder on another, then run again"
        }
        ErrorKind::QuotaExceeded => {
            ": the disk quota is used up; free some space or name another output folder, then run again"
        }
        ErrorKind::PermissionDenied => ": not allowed to write there; change the folder's permissions or name another",
        ErrorKind::ReadOnlyFilesystem => ": the disk is read-only; name an output folder on another",
        _ => "",
    }
}

/// A file being written beside its target, which it replaces on [`commit`](Self::commit). Dropped before, it is removed.
///
/// Writes are buffered. The temporary file is locked as long as this value lives, so that [`sweep`] knows it is in use.
#[derive(Debug)]
pub struct AtomicFile {
    target: PathBuf,
    temporary: PathBuf,
    out: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Starts a file that will stand at `path`; missing folders are created.
    ///
    /// # Errors
    /// When the folder or the temporary file in it can't be created.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, AtomicError> {
        let target = path.as_ref();
        let folder = folder_of(target);
        fs::create_dir_all(folder).map_err(|e| AtomicError::new(folder, "create the folder", e))?;
        let Some(name) = target.file_name() else {
            let error = io::Error::new(ErrorKind::InvalidInput, "the path names no file");
            return Err(AtomicError::new(target, "create the file", error));
        };
        let name: String = name.to_string_lossy().chars().take(NAME_CHARS_MAX).collect();
        loop {
            let temporary = folder.join(temporary_name(&name));
            match OpenOptions::new().write(true).create_new(true).open(&temporary) {
                Ok(file) => {
                    // Where locks are not supported, `sweep` cannot take the lock either and leaves the file alone.
                    let _ = file.lock();
                    // A sweep between creation and lock may have taken the file for a stale one.
                    if !temporary.exists() {
                        continue;
                    }
                    let out = Some(BufWriter::with_capacity(BUFFER_BYTES, file));
                    return Ok(Self { target: target.to_path_buf(), temporary, out });
                }
                // Left by an earlier process with our process id.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(AtomicError::new(target, "create the file", e)),
            }
        }
    }

    /// The path at which the file will stand.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Makes the file durable and puts it in the target's place.
    ///
    /// # Errors
    /// When flushing, syncing or renaming fails; the target is then as it was and the temporary file is removed.
    pub fn commit(mut self) -> Result<(), AtomicError> {
        let Some(mut out) = self.out.take() else { return Ok(()) };
        let finished = out
            .flush()
            .and_then(|()| out.get_ref().sync_all())
            .map_err(|e| AtomicError::new(&self.target, "write the file", e))
            .and_then(|()| {
                fs::rename(&self.temporary, &self.target)
                    .map_err(|e| AtomicError::new(&self.target, "put the file in its place", e))
            });
        if finished.is_err() {
            // Not dropped as a BufWriter, which would try once more to write.
            drop(out.into_parts());
            let _ = fs::remove_file(&self.temporary);
        }
        finished?;
        sync_folder(folder_of(&self.target))
    }

    fn with_out<T>(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
        let Some(out) = &mut self.out else { return Err(ErrorKind::BrokenPipe.into()) };
        write(out).map_err(|e| match e.kind() {
            ErrorKind::Interrupted => e,
            _ => AtomicError::new(&self.target, "write the file", e).into(),
        })
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with_out(|out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with_out(Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(out) = self.out.take() {
            // Taken apart, so that buffered bytes are not written to a file about to go.
            drop(out.into_parts());
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Writes a whole file, atomically.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), AtomicError> {
    let mut file = AtomicFile::create(path)?;
    if let Some(out) = &mut file.out {
        out.write_all(bytes.as_ref()).map_err(|e| AtomicError::new(&file.target, "write the file", e))?;
    }
    file.commit()
}

/// Removes the temporary files that killed writers left in a folder (not below it), and says how many there were.
///
/// Files that a living writer holds are left alone, and so is everything that doesn't bear our kind of name. A missing
/// folder has none.
///
/// # Errors
/// When the folder can't be listed or a stale file can't be removed.
pub fn sweep(folder: impl AsRef<Path>) -> Result<usize, AtomicError> {
    let folder = folder.as_ref();
    let failed = |e| AtomicError::new(folder, "list the folder", e);
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(failed)?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if !is_temporary_name(&entry.file_name().to_string_lossy()) || in_use(&path) {
            continue;
        }
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(AtomicError::new(&path, "remove the stale temporary file", e)),
        }
    }
    Ok(removed)
}

/// Makes renames within a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), AtomicError> {
    // Only Unix lets a folder be opened and synced.
    if cfg!(unix) {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| AtomicError::new(folder, "sync the folder", e))?;
    }
    Ok(())
}

/// The folder that holds a path; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary_name(name: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(".{name}.{}-{}.tmp", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn is_temporary_name(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    name.strip_prefix('.')
        .and_then(|rest| rest.strip_suffix(".tmp"))
        .and_then(|rest| rest.rsplit_once('.'))
        .and_then(|(name, ids)| Some((name, ids.split_once('-')?)))
        .is_some_and(|(name, (process, count))| !name.is_empty() && digits(process) && digits(count))
}

fn in_use(path: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(path) else { return false };
    match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_on_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/a.parquet");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(&vec![7; 1 << 20]).unwrap();
        assert!(!path.exists());
        file.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), vec![7; 1 << 20]);
        assert_eq!(names(path.parent().unwrap()), ["a.parquet"]);
    }

    #[test]
    fn a_dropped_file_leaves_the_old_one_and_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half of the new").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn sweep_takes_what_the_dead_left_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.parquet.17-3.tmp", ".b.tmp", "c.17-3.tmp", ".notes.x-3.tmp"] {
            write(folder.path().join(name), "x").unwrap();
        }
        let living = AtomicFile::create(folder.path().join("a.parquet")).unwrap();
        assert_eq!(sweep(folder.path()).unwrap(), 1);
        assert!(!folder.path().join(".a.parquet.17-3.tmp").exists());
        assert_eq!(names(folder.path()).len(), 4);
        living.commit().unwrap();
        assert_eq!(sweep(folder.path().join("missing")).unwrap(), 0);
    }

    #[test]
    fn long_names_and_bare_names_work() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("ß".repeat(120)), "x").unwrap();
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert!(write(folder.path().join(".."), "x").is_err());
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_with_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        let error = write(&path, "x").unwrap_err();
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_full_disk_says_what_to_do() {
        let error = AtomicError::new(Path::new("/x/y"), "write the file", ErrorKind::StorageFull.into());
        assert!(error.to_string().starts_with("/x/y: cannot write the file: no space left; free some"));
        assert_eq!(io::Error::from(error).kind(), ErrorKind::StorageFull);
    }
}
