//! Which files a crawl consists of: config in, an ordered list of [`Source`]s out.
//!
//! A crawl is named by paths (files, folders, globs, addresses, lists of those) or by the id of a Common Crawl
//! crawl, whose listing is read from its server. The list is the same whenever the same files stand behind the names.

mod listing;
pub mod pack;
mod paths;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tracing::debug;
use xxhash_rust::xxh3::xxh3_64;

use crate::io::store::{Location, Store, StoreError};

/// Where Common Crawl serves its files.
pub const BASE_URL: &str = "https://data.commoncrawl.org/";

/// Which files to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrawlRules {
    /// WARC files, folders of them, globs, http(s) addresses, and `.paths` or `.paths.gz` lists of those.
    pub paths: Vec<String>,
    /// A crawl on the server, as `CC-MAIN-2025-05`; its files come after those of `paths`.
    pub id: Option<String>,
    /// What the lines of listings are relative to: the root of Common Crawl's server or of a mirror of it.
    pub base_url: String,
    /// Number of files to take of the whole list; the first ones, unless a sample is asked for.
    pub files_max: Option<usize>,
    /// Takes a sample of `files_max` files that this seed decides, in list order.
    pub files_sample_seed: Option<u64>,
}

impl Default for CrawlRules {
    fn default() -> Self {
        Self { paths: Vec::new(), id: None, base_url: BASE_URL.to_owned(), files_max: None, files_sample_seed: None }
    }
}

/// A WARC file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its file name.
    pub name: String,
    /// What its outputs are named after; no two sources of a list have the same.
    pub stem: String,
    /// Where it lies.
    pub location: Location,
}

/// Why there is no list of files.
#[derive(Debug, Error)]
pub enum CrawlError {
    /// The config names no input.
    #[error("no input is named: set crawl.paths or crawl.id")]
    NothingNamed,
    /// No file may be taken.
    #[error("crawl.files_max is 0, so there is nothing to read: set at least 1, or leave it out")]
    FilesMaxZero,
    /// A sample of unknown size.
    #[error("crawl.files_sample_seed is set but crawl.files_max is not: set the number of files to sample")]
    SampleWithoutMax,
    /// An entry of `paths` leads to no files.
    #[error("crawl.paths: {entry:?}")]
    Entry {
        /// As the user wrote it.
        entry: String,
        /// What is wrong with it.
        source: Box<EntryError>,
    },
    /// The crawl id leads to no files.
    #[error("crawl.id: {id:?}")]
    Id {
        /// As the user wrote it.
        id: String,
        /// What is wrong with it.
        source: Box<EntryError>,
    },
}

/// Why an entry of the config leads to no files.
#[derive(Debug, Error)]
pub enum EntryError {
    /// There is nothing at the path.
    #[error("{}: no such file or folder", path.display())]
    Missing {
        /// The full path.
        path: PathBuf,
    },
    /// A folder or file can't be looked at.
    #[error("{}: cannot read it", path.display())]
    Unreadable {
        /// The full path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder or glob leads to no WARC file.
    #[error("{}: no file named *.warc, *.warc.gz or *.warc.zst there", path.display())]
    NoWarcs {
        /// The full path or glob.
        path: PathBuf,
    },
    /// The glob is malformed.
    #[error("not a valid glob")]
    Glob {
        /// What the parser said.
        #[from]
        source: glob::PatternError,
    },
    /// The id can't be one.
    #[error("not a crawl id: expected one like CC-MAIN-2025-05")]
    Id,
    /// `base_url` is no address.
    #[error("crawl.base_url {base_url:?} is not an http(s) address")]
    BaseUrl {
        /// As the user wrote it.
        base_url: String,
    },
    /// A file can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A list can't be read to its end.
    #[error("{location}: cannot read the list")]
    List {
        /// Where the list lies.
        location: Location,
        /// What went wrong.
        source: io::Error,
    },
    /// A line of a list is no path.
    #[error("{location}, line {line}: {problem}")]
    Line {
        /// Where the list lies.
        location: Location,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A list names nothing.
    #[error("{location}: the list is empty")]
    EmptyList {
        /// Where the list lies.
        location: Location,
    },
}

/// A file found, and what it is called independently of the machine, by which samples are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    key: String,
    location: Location,
}

/// Lists the files that the rules name, in order and each once; relative paths are relative to `folder`.
///
/// # Errors
/// When an entry leads to no files, naming the entry and the place.
pub fn list(rules: &CrawlRules, folder: &Path, store: &Store) -> Result<Vec<Source>, CrawlError> {
    let CrawlRules { paths, id, base_url, files_max, files_sample_seed } = rules;
    if paths.is_empty() && id.is_none() {
        return Err(CrawlError::NothingNamed);
    }
    if *files_max == Some(0) {
        return Err(CrawlError::FilesMaxZero);
    }
    if files_sample_seed.is_some() && files_max.is_none() {
        return Err(CrawlError::SampleWithoutMax);
    }
    let mut found = Vec::new();
    for entry in paths {
        let files = paths::expand(entry, folder, base_url, store);
        found.extend(files.map_err(|source| CrawlError::Entry { entry: entry.clone(), source: source.into() })?);
    }
    if let Some(id) = id {
        let files = listing::crawl(id, base_url, store);
        found.extend(files.map_err(|source| CrawlError::Id { id: id.clone(), source: source.into() })?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|file| {
        let first = seen.insert(file.location.clone());
        if !first {
            debug!(location = %file.location, "named twice, read once");
        }
        first
    });
    if let Some(max) = *files_max {
        match *files_sample_seed {
            Some(seed) => found = listing::sample(found, max, seed),
            None => found.truncate(max),
        }
    }
    Ok(with_stems(found))
}

/// Names the sources; of several with the same stem, those after the first get a hash of their location appended.
fn with_stems(found: Vec<Found>) -> Vec<Source> {
    let mut taken = BTreeSet::new();
    let mut sources = Vec::with_capacity(found.len());
    for Found { location, .. } in found {
        let name = location.file_name();
        let plain = paths::stem(&name).to_owned();
        let hash = xxh3_64(location.to_string().as_bytes()) >> 32;
        // Where the outputs of another stem, or tables of a whole stage, may stand.
        let is_taken = plain.ends_with(".rejects") || matches!(&*plain, "paragraphs" | "matches");
        let first = (!is_taken).then(|| plain.clone());
        let others =
            (0..).map(|n: u32| if n == 0 { format!("{plain}-{hash:08x}") } else { format!("{plain}-{hash:08x}-{n}") });
        let stem = first.into_iter().chain(others).find(|stem| taken.insert(stem.clone())).unwrap_or(plain);
        sources.push(Source { name, stem, location });
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic;
    use crate::io::http::HttpRules;

    fn stems(paths: &[&str]) -> Vec<String> {
        let found = |path: &&str| Found { key: String::new(), location: Location::Local(path.into()) };
        with_stems(paths.iter().map(found).collect()).into_iter().map(|source| source.stem).collect()
    }

    #[test]
    fn stems_are_unique() {
        let stems = stems(&[
            "/a/x.warc.gz",
            "/b/x.warc",
            "/a/y.warc.zst",
            "/c/x.warc.gz",
            "/a/x.rejects.warc",
            "/a/matches.warc",
        ]);
        assert_eq!((stems[0].as_str(), stems[2].as_str()), ("x", "y"));
        for (index, prefix) in [(1, "x-"), (3, "x-"), (4, "x.rejects-"), (5, "matches-")] {
            let hash = stems[index].strip_prefix(prefix).unwrap();
            assert!(hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{stems:?}");
        }
        assert_eq!(stems.iter().collect::<BTreeSet<_>>().len(), 6);
    }

    fn error_of(rules: CrawlRules) -> String {
        let error = list(&rules, Path::new("/nowhere"), &Store::new(HttpRules::default())).unwrap_err();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    }

    #[test]
    fn bad_rules_say_what_to_do() {
        let paths = || vec!["x.warc".to_owned()];
        let base = CrawlRules::default;
        assert_eq!(error_of(base()), "no input is named: set crawl.paths or crawl.id");
        assert!(error_of(CrawlRules { paths: paths(), files_max: Some(0), ..base() }).contains("files_max is 0"));
        assert!(
            error_of(CrawlRules { paths: paths(), files_sample_seed: Some(1), ..base() }).contains("files_max is not")
        );
        let missing = error_of(CrawlRules { paths: paths(), ..base() });
        assert_eq!(missing, "crawl.paths: \"x.warc\": /nowhere/x.warc: no such file or folder");
        for id in ["", "../x", "CC MAIN", "/x"] {
            assert!(error_of(CrawlRules { id: Some(id.to_owned()), ..base() }).contains("not a crawl id"));
        }
        let base_url = "data.commoncrawl.org".to_owned();
        let error = error_of(CrawlRules { id: Some("CC-MAIN-2025-05".to_owned()), base_url, ..base() });
        assert!(error.contains("base_url \"data.commoncrawl.org\" is not"), "{error}");
    }

    #[test]
    fn files_are_listed_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["c/2.warc.gz", "c/1.warc", "c/d/0.warc.zst", "c/notes.txt", "z.warc"] {
            atomic::write(folder.path().join(name), "x").unwrap();
        }
        let rules = CrawlRules { paths: ["z.warc", "c", "c/1.*"].map(str::to_owned).into(), ..CrawlRules::default() };
        let store = Store::new(HttpRules::default());
        let names = |rules: &CrawlRules| -> Vec<_> {
            list(rules, folder.path(), &store).unwrap().into_iter().map(|source| source.name).collect()
        };
        assert_eq!(names(&rules), ["z.warc", "1.warc", "2.warc.gz", "0.warc.zst"]);
        assert_eq!(names(&CrawlRules { files_max: Some(2), ..rules.clone() }), ["z.warc", "1.warc"]);
        let sampled = CrawlRules { files_max: Some(3), files_sample_seed: Some(1), ..rules };
        assert_eq!(names(&sampled).len(), 3);
        assert_eq!(names(&sampled), names(&sampled));
    }
}
