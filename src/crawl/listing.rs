//! Lists of files, one a line, as Common Crawl publishes them; and samples of them.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use url::Url;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{EntryError, Found};
use crate::io::atomic::folder_of;
use crate::io::store::{Location, Store};

/// Longest list read, after inflating. A crawl's is of about 15 MB.
const LIST_BYTES_MAX: u64 = 512 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The WARC files of a crawl on the server, in its order.
pub(super) fn crawl(id: &str, base_url: &str, store: &Store) -> Result<Vec<Found>, EntryError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if id.is_empty() || id.starts_with('/') || id.split('/').any(|part| part == "..") || !id.chars().all(allowed) {
        return Err(EntryError::Id);
    }
    let list = below(base_url, &format!("crawl-data/{id}/warc.paths.gz"))?;
    read(&Location::Http(list), base_url, store)
}

/// The files that a list names, in its order.
///
/// A line is an address, a local path (absolute, or relative to the list where such a file is there), or else a path
/// under `base_url`. Blank lines and those that begin with `#` are skipped.
pub(super) fn read(list: &Location, base_url: &str, store: &Store) -> Result<Vec<Found>, EntryError> {
    let failed = |source| EntryError::List { location: list.clone(), source };
    let text = read_text(store.open(list)?).map_err(failed)?;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let location = resolve(line, list, base_url).map_err(|error| match error {
            // A bad base is not the line's fault.
            EntryError::BaseUrl { base_url } => EntryError::BaseUrl { base_url },
            error => EntryError::Line { location: list.clone(), line: index + 1, problem: error.to_string() },
        })?;
        found.push(Found { key: line.to_owned(), location });
    }
    if found.is_empty() {
        return Err(EntryError::EmptyList { location: list.clone() });
    }
    Ok(found)
}

/// The `max` files of which the seed decides, in their order. A file's chance depends on the seed and its key only, so
/// a larger sample contains the smaller one.
pub(super) fn sample(found: Vec<Found>, max: usize, seed: u64) -> Vec<Found> {
    let mut drawn: Vec<_> =
        found.iter().enumerate().map(|(index, file)| (xxh3_64_with_seed(file.key.as_bytes(), seed), index)).collect();
    drawn.sort_unstable();
    drawn.truncate(max);
    let mut taken = vec![false; found.len()];
    for (_, index) in drawn {
        taken[index] = true;
    }
    found.into_iter().zip(taken).filter_map(|(file, taken)| taken.then_some(file)).collect()
}

/// The text of a list, inflated where it is gzip, whatever its name says: servers may inflate it on the way.
fn read_text(mut input: Box<dyn Read + Send>) -> io::Result<String> {
    let mut start = Vec::new();
    input.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start)?;
    let gzip = start == GZIP_MAGIC;
    let whole = io::Cursor::new(start).chain(input);
    let mut bytes = Vec::new();
    let read = if gzip {
        MultiGzDecoder::new(whole).take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes)?
    } else {
        whole.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes)?
    };
    if read as u64 > LIST_BYTES_MAX {
        return Err(io::Error::other(format!("longer than {LIST_BYTES_MAX} bytes, so hardly a list of paths")));
    }
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8, so hardly a list of paths"))
}

fn resolve(line: &str, list: &Location, base_url: &str) -> Result<Location, EntryError> {
    let folder = match list {
        Location::Local(path) => folder_of(path),
        Location::Http(_) => Path::new(""),
    };
    let path = match Location::parse(line, folder)? {
        Location::Local(path) => path,
        remote @ Location::Http(_) => return Ok(remote),
    };
    let local = matches!(list, Location::Local(_));
    if local && path.is_file() {
        return Ok(Location::Local(path));
    }
    // Listings of servers hold plain relative paths; these can only be meant locally.
    if local && ["/", "./", "../"].iter().any(|start| line.starts_with(start)) {
        return Err(EntryError::Missing { path });
    }
    Ok(Location::Http(below(base_url, line)?))
}

/// The address of a path under the base, which is a folder with or without a slash at its end.
fn below(base_url: &str, path: &str) -> Result<Url, EntryError> {
    let bad = || EntryError::BaseUrl { base_url: base_url.to_owned() };
    let base = Url::parse(base_url).map_err(|_| bad())?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(bad());
    }
    let address = format!("{}/{}", base_url.trim_end_matches('/'), path.trim_start_matches('/'));
    Url::parse(&address).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::io::atomic;
    use crate::io::http::HttpRules;

    fn files(count: u32) -> Vec<Found> {
        let file = |n| Found { key: format!("f{n}"), location: Location::Local(format!("f{n}").into()) };
        (0..count).map(file).collect()
    }

    #[test]
    fn samples_are_seeded_nested_and_in_order() {
        let keys =
            |max, seed| -> Vec<String> { sample(files(100), max, seed).into_iter().map(|file| file.key).collect() };
        let (small, large) = (keys(10, 7), keys(20, 7));
        assert_eq!((small.len(), large.len()), (10, 20));
        assert_eq!(small, keys(10, 7));
        assert_ne!(small, keys(10, 8));
        assert!(small.iter().all(|key| large.contains(key)));
        let order: Vec<u32> = large.iter().map(|key| key[1..].parse().unwrap()).collect();
        assert!(order.is_sorted());
        assert_eq!(keys(1000, 7).len(), 100);
    }

    /// Reads a list of these bytes, to locations or an error.
    fn listed(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("x.paths");
        atomic::write(&list, bytes).unwrap();
        atomic::write(folder.path().join("here.warc"), "x").unwrap();
        let store = Store::new(HttpRules::default());
        let result = match read(&Location::Local(list), "https://base.org/cc", &store) {
            Ok(found) => found.iter().map(|file| file.location.to_string()).collect::<Vec<_>>().join(" "),
            Err(EntryError::List { location, source }) => format!("{location}: {source}"),
            Err(error) => error.to_string(),
        };
        result.replace(&*folder.path().to_string_lossy(), "")
    }

    #[test]
    fn lines_are_addresses_local_paths_or_under_the_base() {
        #[track_caller]
        fn check(list: &str, want: &str) {
            assert_eq!(listed(list.as_bytes()), want);
        }
        check("a/b.warc.gz\r\n\n# note\n c.warc.gz ", "https://base.org/cc/a/b.warc.gz https://base.org/cc/c.warc.gz");
        check("http://a.org/x.warc\nhere.warc\n./here.warc", "http://a.org/x.warc /here.warc /./here.warc");
        check("# nothing\n", "/x.paths: the list is empty");
        check("a\n./b.warc", "/x.paths, line 2: /./b.warc: no such file or folder");
        let s3 = listed(b"s3://commoncrawl/x");
        assert!(s3.starts_with("/x.paths, line 1: s3://commoncrawl/x: reading from S3"), "{s3}");
        assert_eq!(listed(b"\xff\xfe"), "/x.paths: not UTF-8, so hardly a list of paths");
    }

    #[test]
    fn gzip_is_known_by_its_bytes() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(b"a.warc\nb.warc\n").unwrap();
        let bytes = gzip.finish().unwrap();
        assert_eq!(listed(&bytes), "https://base.org/cc/a.warc https://base.org/cc/b.warc");
        let cut = listed(&bytes[..bytes.len() - 4]);
        assert!(cut.starts_with("/x.paths: "), "{cut}");
    }
}
