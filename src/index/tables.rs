//! Which files a URL index consists of: what the configuration names in, an ordered list out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::crawl::{self, CrawlError, CrawlRules};
use crate::io::store::{Location, Store, StoreError};

/// A file of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFile {
    /// What its outputs are named after; no two files have the same.
    pub name: String,
    /// Where it lies.
    pub location: Location,
}

/// Why there is no list of files.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The configuration names none.
    #[error("no URL index is named: set index.crawls, a list of Common Crawl ids, or index.tables")]
    NothingNamed,
    /// A crawl's id can't be one.
    #[error("index.crawls: {id:?} is no crawl id: expected one like CC-MAIN-2025-05")]
    Id {
        /// As it is written.
        id: String,
    },
    /// What is named leads to no table.
    #[error("{place}: no .parquet file of an index there{}", of_crawls(crawls))]
    NoTables {
        /// What was looked at.
        place: String,
        /// The crawls asked for.
        crawls: Vec<String>,
    },
    /// A list can't be read.
    #[error("the list of the index's files cannot be read")]
    List(#[source] Box<CrawlError>),
    /// A place can't be understood.
    #[error(transparent)]
    Place(#[from] StoreError),
    /// A folder can't be listed.
    #[error("{}: cannot list the folder: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn of_crawls(crawls: &[String]) -> String {
    if crawls.is_empty() { String::new() } else { format!(", of the crawls {}", crawls.join(", ")) }
}

/// The files of the tables that are named, and those of the crawls where no table is: under `base`, each once, in order.
///
/// # Errors
/// A list or folder can't be read, or holds no table.
pub(super) fn list(
    tables: &[String],
    crawls: &[String],
    base: &Location,
    store: &Store,
) -> Result<Vec<IndexFile>, TablesError> {
    if tables.is_empty() && crawls.is_empty() {
        return Err(TablesError::NothingNamed);
    }
    let plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if let Some(id) = crawls.iter().find(|id| !plain(id)) {
        return Err(TablesError::Id { id: id.clone() });
    }
    let mut found = Vec::new();
    let named = tables.iter().map(|table| Location::parse(table, Path::new(""))).collect::<Result<Vec<_>, _>>()?;
    let of_crawls = crawls.iter().filter(|_| tables.is_empty()).map(|id| match base {
        Location::Local(folder) => Ok(Location::Local(folder.join(format!("cc-index/table/cc-main/warc/crawl={id}")))),
        Location::Http(url) => {
            let list = format!("{}/crawl-data/{id}/cc-index-table.paths.gz", url.as_str().trim_end_matches('/'));
            Location::parse(&list, Path::new(""))
        }
    });
    for place in named.into_iter().map(Ok).chain(of_crawls) {
        let place = place?;
        let mut files = expand(&place, base, store)?;
        files.retain(|file| is_wanted(&file.to_string(), crawls));
        if files.is_empty() {
            return Err(TablesError::NoTables { place: place.to_string(), crawls: crawls.to_vec() });
        }
        found.extend(files);
    }
    let mut seen = BTreeSet::new();
    found.retain(|file| seen.insert(file.clone()));
    Ok(found.into_iter().map(|location| IndexFile { name: name(&location), location }).collect())
}

/// Whether a file is a table of captures with an answer, of one of the crawls: by what its path says, where it says so.
fn is_wanted(path: &str, crawls: &[String]) -> bool {
    let parts = path.split('/').filter_map(|part| part.split_once('='));
    let table = Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    table
        && parts.into_iter().all(|(key, value)| match key {
            "crawl" => crawls.is_empty() || crawls.iter().any(|id| id == value),
            "subset" => value == "warc",
            _ => true,
        })
}

/// A name for a file's outputs: its own, and a hash of where it lies.
fn name(location: &Location) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let own: String = location.file_name().trim_end_matches(".parquet").chars().map(plain).take(60).collect();
    format!("{own}-{:016x}", xxh3_64(location.to_string().as_bytes()))
}

fn expand(place: &Location, base: &Location, store: &Store) -> Result<Vec<Location>, TablesError> {
    let is_list = [".paths", ".paths.gz"].iter().any(|ending| place.file_name().ends_with(ending));
    match place {
        Location::Local(folder) if folder.is_dir() => {
            let mut files = Vec::new();
            walk(folder, &mut files, &mut BTreeSet::new())?;
            files.sort();
            Ok(files.into_iter().map(Location::Local).collect())
        }
        place if is_list => {
            let base_url = match base {
                Location::Http(url) => url.to_string(),
                Location::Local(_) => crawl::BASE_URL.to_owned(),
            };
            let rules = CrawlRules { paths: vec![place.to_string()], base_url, ..CrawlRules::default() };
            let files = crawl::list(&rules, Path::new(""), store).map_err(|e| TablesError::List(Box::new(e)))?;
            Ok(files.into_iter().map(|file| file.location).collect())
        }
        place => Ok(vec![place.clone()]),
    }
}

/// The files in and below a folder, no folder twice, hidden ones left out.
fn walk(folder: &Path, files: &mut Vec<PathBuf>, entered: &mut BTreeSet<PathBuf>) -> Result<(), TablesError> {
    let failed = |source| TablesError::Folder { path: folder.to_owned(), source };
    if !entered.insert(folder.canonicalize().map_err(failed)?) {
        return Ok(());
    }
    let mut folders = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() { folders.push(path) } else { files.push(path) }
    }
    folders.sort();
    folders.iter().try_for_each(|folder| walk(folder, files, entered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic;
    use crate::io::http::HttpRules;

    const FILES: [&str; 6] = [
        "cc-index/table/cc-main/warc/crawl=CC-MAIN-2025-05/subset=warc/part-0.gz.parquet",
        "cc-index/table/cc-main/warc/crawl=CC-MAIN-2025-05/subset=warc/part-1.gz.parquet",
        "cc-index/table/cc-main/warc/crawl=CC-MAIN-2025-05/subset=robotstxt/part-0.gz.parquet",
        "cc-index/table/cc-main/warc/crawl=CC-MAIN-2024-51/subset=warc/part-0.gz.parquet",
        "mine/one.parquet",
        "mine/notes.txt",
    ];

    /// The files listed, without the folder, or what went wrong.
    fn listed(tables: &[&str], crawls: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in FILES {
            atomic::write(root.join(file), "x").unwrap();
        }
        let here = |name: &&str| root.join(name).to_string_lossy().into_owned();
        let (tables, crawls) = (tables.iter().map(here).collect::<Vec<_>>(), crawls.iter().map(|id| (*id).to_owned()));
        let base = Location::Local(root.to_owned());
        let text = match list(&tables, &crawls.collect::<Vec<_>>(), &base, &Store::new(HttpRules::default())) {
            Ok(files) => {
                assert_eq!(files.iter().map(|file| &file.name).collect::<BTreeSet<_>>().len(), files.len());
                files.iter().map(|file| file.location.to_string()).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        };
        text.replace(&format!("{}/", root.to_string_lossy()), "")
    }

    #[test]
    fn tables_are_files_folders_and_those_of_crawls() {
        assert_eq!(listed(&[], &["CC-MAIN-2025-05"]), FILES[..2].join(" "));
        assert_eq!(listed(&["mine"], &[]), FILES[4]);
        assert_eq!(listed(&["mine/one.parquet", "mine"], &["CC-MAIN-2025-05"]), FILES[4]);
        assert_eq!(listed(&["cc-index"], &[]), [FILES[3], FILES[0], FILES[1]].join(" "));
        assert_eq!(listed(&["cc-index"], &["CC-MAIN-2024-51"]), FILES[3]);
    }

    #[test]
    fn what_leads_to_no_table_is_told() {
        assert!(listed(&[], &[]).starts_with("no URL index is named"));
        assert!(listed(&[], &["../x"]).contains("is no crawl id"));
        assert!(listed(&["mine/notes.txt"], &[]).contains("no .parquet file of an index there"));
        assert!(listed(&["cc-index"], &["CC-MAIN-2019-09"]).contains("of the crawls CC-MAIN-2019-09"));
        assert!(listed(&[], &["CC-MAIN-2019-09"]).contains("no .parquet"), "{}", listed(&[], &["CC-MAIN-2019-09"]));
    }
}
