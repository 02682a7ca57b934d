//! The files of annotations: those that the configuration names, then those of the rounds, in order. Beside a round's
//! verdicts stand the proposals that the cut of its trees makes; they hold with `annotate = "auto"` alone, where nobody has
//! spoken.

use std::path::{Path, PathBuf};

use super::annotations::{AnnotationError, Annotations};
use super::edit::{Change, edit};
use crate::config::{Annotate, Domains};
use crate::io::atomic::{self, AtomicError};

/// A file of annotations cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("{}: cannot read the annotations: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has not the form.
    #[error(transparent)]
    Form(#[from] AnnotationError),
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] AtomicError),
}

/// Where the annotations of a round are.
#[must_use]
pub fn path(out: &Path, round: u32) -> PathBuf {
    out.join(format!("rounds/{round:02}/annotations.toml"))
}

/// Where the proposals of a round are.
#[must_use]
pub fn proposals_path(out: &Path, round: u32) -> PathBuf {
    out.join(format!("rounds/{round:02}/proposals.toml"))
}

/// The files that hold for a round: those named, then those of the rounds up to it; proposals where nobody is asked.
#[must_use]
pub fn held(config: &Domains, out: &Path, round: u32) -> Vec<PathBuf> {
    let mut files = list(&config.annotations, out, round);
    if config.annotate == Annotate::Auto {
        files.extend((1..=round).map(|round| proposals_path(out, round)).filter(|path| path.exists()));
    }
    files
}

/// What holds for a round: verdicts, and with `annotate = "auto"` the latest proposal for a domain without one.
///
/// # Errors
/// A file cannot be read or has not the form.
pub fn read_held(config: &Domains, out: &Path, round: u32) -> Result<Annotations, FileError> {
    let all = read(&held(config, out, round))?;
    Ok(match config.annotate {
        Annotate::Auto => all.with_proposals(),
        Annotate::Manual => all,
    })
}

/// The files of verdicts of a round: those named, then those of the rounds up to it that are there.
#[must_use]
pub fn list(named: &[PathBuf], out: &Path, round: u32) -> Vec<PathBuf> {
    let rounds = (1..=round).map(|round| path(out, round)).filter(|path| path.exists());
    named.iter().cloned().chain(rounds).collect()
}

/// Reads files, later ones laid over earlier ones.
///
/// # Errors
/// One cannot be read or has not the form.
pub fn read(files: &[PathBuf]) -> Result<Annotations, FileError> {
    let mut all = Annotations::default();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|source| FileError::Read { path: path.clone(), source })?;
        all = all.merge(Annotations::parse(&text, path)?);
    }
    Ok(all)
}

/// Makes changes in a file, which appears where it is not there: the path holds the old file or the whole new one.
///
/// # Errors
/// The file cannot be read or written, or has not the form.
pub fn change(path: &Path, changes: &[Change]) -> Result<(), FileError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(FileError::Read { path: path.to_owned(), source }),
    };
    let edited = edit(&text, path, changes)?;
    if edited != text {
        atomic::write(path, edited)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::annotations::Entry;

    #[test]
    fn verdicts_carry_over_from_round_to_round() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        let set = |round, name: &str, accepted: &str| {
            let accepted = vec![accepted.parse().unwrap()];
            change(&path(out, round), &[Change::Set(Entry { name: name.to_owned(), accepted, ..Entry::default() })])
        };
        set(1, "a.org", "/one").unwrap();
        set(1, "b.org", "/one").unwrap();
        set(3, "a.org", "/three").unwrap();
        let of = |round| {
            let all = read(&list(&[], out, round)).unwrap();
            ["/one", "/three"].map(|path| all.of("a.org", "a.org", path).is_some())
        };
        assert_eq!((of(1), of(2), of(3)), ([true, false], [true, false], [false, true]));
        assert!(read(&list(&[], out, 3)).unwrap().settled("b.org"));
        let missing = out.join("none.toml");
        assert!(read(&[missing]).unwrap_err().to_string().contains("none.toml"));
    }
}
