//! What an entry of `crawl.paths` stands for: a file, a folder, a glob, an address, or a list of those.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{EntryError, Found, listing};
use crate::io::store::{Location, Store};

const WARC_SUFFIXES: [&str; 3] = [".warc", ".warc.gz", ".warc.zst"];
const LIST_SUFFIXES: [&str; 2] = [".paths", ".paths.gz"];

/// The files of one entry, in order; at least one.
pub(super) fn expand(entry: &str, folder: &Path, base_url: &str, store: &Store) -> Result<Vec<Found>, EntryError> {
    let location = Location::parse(entry, folder)?;
    let Location::Local(path) = &location else { return one(entry, location, base_url, store) };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => expand_folder(path),
        Ok(_) => one(entry, location, base_url, store),
        Err(e) if e.kind() == io::ErrorKind::NotFound && entry.contains(['*', '?', '[']) => {
            expand_glob(entry, folder, base_url, store)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(EntryError::Missing { path: path.clone() }),
        Err(source) => Err(EntryError::Unreadable { path: path.clone(), source }),
    }
}

/// The stem of a WARC's file name: without `.warc` and what compression appends.
pub(super) fn stem(name: &str) -> &str {
    let bare = [".gz", ".zst"].iter().find_map(|suffix| strip_suffix(name, suffix)).unwrap_or(name);
    let bare = strip_suffix(bare, ".warc").unwrap_or(bare);
    if bare.is_empty() { name } else { bare }
}

/// A file or address that exists or is taken to: itself, or the lines of the list it is.
fn one(entry: &str, location: Location, base_url: &str, store: &Store) -> Result<Vec<Found>, EntryError> {
    if has_suffix(&location.file_name(), &LIST_SUFFIXES) {
        return listing::read(&location, base_url, store);
    }
    Ok(vec![Found { key: entry.to_owned(), location }])
}

/// The WARC files in and below a folder, sorted by path.
fn expand_folder(folder: &Path) -> Result<Vec<Found>, EntryError> {
    let (mut files, mut entered) = (Vec::new(), BTreeSet::new());
    walk(folder, &mut files, &mut entered)?;
    files.sort();
    if files.is_empty() {
        return Err(EntryError::NoWarcs { path: folder.to_path_buf() });
    }
    let found = |path: PathBuf| {
        let key = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        Found { key, location: Location::Local(path) }
    };
    Ok(files.into_iter().map(found).collect())
}

/// Follows symbolic links, but enters no folder twice, so that a link upwards ends. Skips hidden files and folders.
fn walk(folder: &Path, files: &mut Vec<PathBuf>, entered: &mut BTreeSet<PathBuf>) -> Result<(), EntryError> {
    let unreadable = |path: &Path, source| EntryError::Unreadable { path: path.to_path_buf(), source };
    if !entered.insert(fs::canonicalize(folder).map_err(|e| unreadable(folder, e))?) {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let entry = entry.map_err(|e| unreadable(folder, e))?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') {
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => folders.push(path),
            Ok(metadata) if metadata.is_file() && has_suffix(&name, &WARC_SUFFIXES) => files.push(path),
            // A dangling link matters where it is named like an input.
            Err(e) if has_suffix(&name, &WARC_SUFFIXES) => return Err(unreadable(&path, e)),
            _ => {}
        }
    }
    // In order, so that of two links to a folder the same one is entered on every machine.
    folders.sort();
    folders.iter().try_for_each(|folder| walk(folder, files, entered))
}

/// What a glob matches, sorted by path: WARC files, lists, and the WARC files of matching folders.
fn expand_glob(entry: &str, folder: &Path, base_url: &str, store: &Store) -> Result<Vec<Found>, EntryError> {
    // The folder's own name may contain glob characters.
    let pattern = if Path::new(entry).is_absolute() {
        entry.to_owned()
    } else {
        format!("{}/{entry}", glob::Pattern::escape(&folder.to_string_lossy()))
    };
    let mut found = Vec::new();
    // As in a shell, `*` takes no hidden files.
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    for path in glob::glob_with(&pattern, options)? {
        let path = path.map_err(|e| EntryError::Unreadable { path: e.path().to_path_buf(), source: e.into() })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            match expand_folder(&path) {
                Err(EntryError::NoWarcs { .. }) => {}
                files => found.extend(files?),
            }
        } else if has_suffix(&name, &WARC_SUFFIXES) || has_suffix(&name, &LIST_SUFFIXES) {
            let key = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            found.extend(one(&key, Location::Local(path), base_url, store)?);
        }
    }
    if found.is_empty() {
        return Err(EntryError::NoWarcs { path: folder.join(entry) });
    }
    Ok(found)
}

fn has_suffix(name: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|suffix| strip_suffix(name, suffix).is_some_and(|stem| !stem.is_empty()))
}

/// As [`str::strip_suffix`], whatever the case of ASCII letters.
fn strip_suffix<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic;
    use crate::io::http::HttpRules;

    #[test]
    fn stems_lose_the_usual_suffixes() {
        #[track_caller]
        fn check(name: &str, want: &str) {
            assert_eq!(stem(name), want);
        }
        check("foo.warc.gz", "foo");
        check("foo.WARC.GZ", "foo");
        check("foo.warc", "foo");
        check("foo.bar.warc.zst", "foo.bar");
        check("foo.gz", "foo");
        check("foo", "foo");
        check(".warc.gz", ".warc.gz");
        check("数.warc", "数");
    }

    /// Expands an entry in a folder of these files, to keys or an error.
    fn expanded(files: &[&str], entry: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("odd [name]");
        fs::create_dir(&root).unwrap();
        for file in files {
            atomic::write(root.join(file), "x.warc\n").unwrap();
        }
        match expand(entry, &root, super::super::BASE_URL, &Store::new(HttpRules::default())) {
            Ok(found) => found.into_iter().map(|file| file.key).collect::<Vec<_>>().join(" "),
            Err(error) => error.to_string().replace(&*root.to_string_lossy(), ""),
        }
    }

    #[test]
    fn entries_are_files_folders_globs_or_lists() {
        const FILES: [&str; 9] =
            ["b.warc", "a.warc.gz", "x.warc", "d/c.warc.zst", "d/.hidden.warc", "e/t.txt", "l.paths", "q[1].warc", "n"];
        #[track_caller]
        fn check(entry: &str, want: &str) {
            assert_eq!(expanded(&FILES, entry), want);
        }
        check("b.warc", "b.warc");
        check("n", "n");
        check(".", "a.warc.gz b.warc d/c.warc.zst q[1].warc x.warc");
        check("*.warc*", "a.warc.gz b.warc q[1].warc x.warc");
        check("**/*", "a.warc.gz b.warc c.warc.zst d/c.warc.zst x.warc q[1].warc x.warc");
        check("q[1].warc", "q[1].warc");
        check("l.paths", "x.warc");
        check("[de]", "c.warc.zst");
        check("e", "/e: no file named *.warc, *.warc.gz or *.warc.zst there");
        check("*.nothing", "/*.nothing: no file named *.warc, *.warc.gz or *.warc.zst there");
        check("missing.warc", "/missing.warc: no such file or folder");
        check("a***", "not a valid glob");
        check("https://a.org/x.warc", "https://a.org/x.warc");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        atomic::write(folder.path().join("a/x.warc"), "x").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("b")).unwrap();
        let found = expand_folder(folder.path()).unwrap();
        assert_eq!(found.iter().map(|file| file.key.as_str()).collect::<Vec<_>>(), ["a/x.warc"]);
    }
}
