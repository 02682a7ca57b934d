//! A folder of HTML files as a WARC file: for mirrored sites, and for samples.
//!
//! In flow a folder and the address that it stands for, out flow the bytes of a WARC file of Common Crawl's shape: files in
//! the order of their paths, so that the same folder gives the same bytes everywhere.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use url::Url;

use crate::io::warc::{Response, WarcWriter, parse_date};

/// How to pack, beside folder and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackOptions {
    /// `WARC-Date` of the file, and of pages whose sidecar has none.
    pub date: String,
}

impl Default for PackOptions {
    /// Midnight of the Unix epoch: a clock would give other bytes each time.
    fn default() -> Self {
        Self { date: "1970-01-01T00:00:00Z".to_owned() }
    }
}

/// What was packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackCount {
    /// HTML files written.
    pub pages: u64,
    /// Other files, passed over.
    pub skipped: u64,
}

/// Why a folder could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A folder or file in it can't be read.
    #[error("{}: cannot read", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no page.
    #[error("{}: no HTML file (.html, .htm, .xhtml) in it, {skipped} other files", path.display())]
    NoHtml {
        /// The folder.
        path: PathBuf,
        /// Files in it that are not HTML.
        skipped: u64,
    },
    /// The base address can't be one.
    #[error("base URL {url:?}: expected http:// or https:// with a host, or only the scheme: {why}")]
    BadBaseUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file's path makes no address under the base.
    #[error("{}: {why}", path.display())]
    BadPath {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A line of a sidecar is no header.
    #[error("{}, line {line}: expected \"Name: value\", found {found:?}", path.display())]
    BadSidecar {
        /// The sidecar.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A date is no `WARC-Date`.
    #[error("date {found:?}: expected one such as 2026-01-31T00:00:00Z")]
    BadDate {
        /// What was given.
        found: String,
    },
    /// The WARC file can't be written.
    #[error("cannot write the WARC file")]
    Write(#[source] io::Error),
}

/// Packs the HTML files under `dir` into a WARC file written to `sink`.
///
/// A file's address is `base_url` and its path in `dir`, percent-encoded; `index.html` stands for its folder. When
/// `base_url` is only `https://` or `http://`, the first folder of the path is the host. The bodies are the files' bytes,
/// unchanged. Each is served as `Content-Type: text/html` unless a sidecar `NAME.html.http` beside it says otherwise:
/// header lines (an empty `Content-Type:` means none), `WARC-Date:` for the time of capture, and, if it begins so, a status
/// line `HTTP/1.1 404 Not Found`.
///
/// # Errors
/// When `dir` can't be read or holds no HTML, `base_url`, a path, a date or a sidecar can't be used, or the sink fails.
pub fn pack<W: Write>(dir: &Path, base_url: &str, options: &PackOptions, sink: W) -> Result<PackCount, PackError> {
    check_date(&options.date)?;
    let base = Base::parse(base_url)?;
    let mut files = Vec::new();
    list(dir, &mut Vec::new(), &mut files)?;
    // By bytes of the path, not by locale or file system.
    files.sort_unstable();

    let mut count = PackCount::default();
    let software = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let fields = [("software", software), ("format", "WARC File Format 1.0")];
    let mut writer = WarcWriter::new(sink, &options.date, &fields).map_err(PackError::Write)?;
    for file in &files {
        match FileKind::of(&file.0) {
            FileKind::Page => {}
            FileKind::Sidecar => continue,
            FileKind::Other => {
                count.skipped += 1;
                continue;
            }
        }
        let path = file.under(dir);
        let url = base.url_of(file).map_err(|why| PackError::BadPath { path: path.clone(), why })?;
        let body = read(&path)?;
        let sidecar = Sidecar::beside(&path)?;
        let date = sidecar.date.as_deref().unwrap_or(&options.date);
        let head = sidecar.head(body.len());
        writer.page(Response { url: &url, date, head: head.as_bytes(), body: &body }).map_err(PackError::Write)?;
        count.pages += 1;
    }
    if count.pages == 0 {
        return Err(PackError::NoHtml { path: dir.to_owned(), skipped: count.skipped });
    }
    writer.finish().map_err(PackError::Write)?;
    Ok(count)
}

/// A file's path in the packed folder, `/` between its parts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Relative(String);

impl Relative {
    fn under(&self, dir: &Path) -> PathBuf {
        self.0.split('/').fold(dir.to_owned(), |path, part| path.join(part))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Page,
    Sidecar,
    Other,
}

impl FileKind {
    fn of(path: &str) -> Self {
        const PAGES: [&str; 3] = [".html", ".htm", ".xhtml"];
        let path = path.to_ascii_lowercase();
        let is_page = |path: &str| PAGES.iter().any(|extension| path.ends_with(extension));
        match path.strip_suffix(".http") {
            Some(page) if is_page(page) => Self::Sidecar,
            _ if is_page(&path) => Self::Page,
            _ => Self::Other,
        }
    }
}

/// Lists the files under `dir`, in no order; links to folders are not followed, so that there is an end.
fn list(dir: &Path, parts: &mut Vec<String>, files: &mut Vec<Relative>) -> Result<(), PackError> {
    let unreadable = |source| PackError::Read { path: dir.to_owned(), source };
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|source| PackError::Read { path: path.clone(), source })?;
        let name = entry.file_name().into_string().map_err(|name: OsString| PackError::BadPath {
            path: path.clone(),
            why: format!("its name is not UTF-8: {}", name.display()),
        })?;
        parts.push(name);
        if kind.is_dir() {
            list(&path, parts, files)?;
        } else if kind.is_file() || path.is_file() {
            files.push(Relative(parts.join("/")));
        }
        parts.pop();
    }
    Ok(())
}

/// What stands before a path.
enum Base {
    /// A whole address, to a folder.
    Under(Url),
    /// Only `http` or `https`: the path begins with the host.
    Hosts(&'static str),
}

impl Base {
    fn parse(base_url: &str) -> Result<Self, PackError> {
        let bad = |why: &str| PackError::BadBaseUrl { url: base_url.to_owned(), why: why.to_owned() };
        match base_url {
            "https://" => return Ok(Self::Hosts("https")),
            "http://" => return Ok(Self::Hosts("http")),
            _ => {}
        }
        let mut url = Url::parse(base_url).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("its scheme is another"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("it has a query or fragment"));
        }
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty();
        }
        Ok(Self::Under(url))
    }

    fn url_of(&self, file: &Relative) -> Result<Url, String> {
        let (mut url, path) = match self {
            Self::Under(url) => (url.clone(), file.0.as_str()),
            Self::Hosts(scheme) => {
                let (host, path) =
                    file.0.split_once('/').ok_or("the base URL has no host and the file is in no folder")?;
                let url = Url::parse(&format!("{scheme}://{host}/"))
                    .ok()
                    .filter(|url| url.path() == "/" && url.username().is_empty() && url.query().is_none())
                    .ok_or_else(|| format!("the folder {host:?} is no host name"))?;
                (url, path)
            }
        };
        let path = match path.strip_suffix("index.html") {
            Some(folder) if folder.is_empty() || folder.ends_with('/') => folder,
            _ => path,
        };
        url.path_segments_mut().map_err(|()| "the base URL has no path")?.pop_if_empty().extend(path.split('/'));
        Ok(url)
    }
}

/// What a sidecar says; nothing where there is none.
#[derive(Default)]
struct Sidecar {
    status: Option<String>,
    fields: Vec<(String, String)>,
    date: Option<String>,
}

impl Sidecar {
    fn beside(page: &Path) -> Result<Self, PackError> {
        let mut name = page.as_os_str().to_owned();
        name.push(".http");
        let path = PathBuf::from(name);
        if !path.is_file() {
            return Ok(Self::default());
        }
        let text = String::from_utf8_lossy(&read(&path)?).into_owned();
        let mut sidecar = Self::default();
        for (number, line) in text.lines().enumerate() {
            if number == 0 && line.starts_with("HTTP/") {
                sidecar.status = Some(line.trim_end().to_owned());
            } else if !line.trim().is_empty() {
                sidecar.take(line).ok_or_else(|| {
                    let (path, found) = (path.clone(), line.to_owned());
                    PackError::BadSidecar { path, line: number + 1, found }
                })?;
            }
        }
        sidecar.date.as_deref().map_or(Ok(()), check_date)?;
        Ok(sidecar)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim_end(), value.trim());
        let token = |c: char| c.is_ascii_graphic() && !"()<>@,;\\\"/[]?={}".contains(c);
        if name.is_empty() || !name.chars().all(token) || value.contains('\r') {
            return None;
        }
        if name.eq_ignore_ascii_case("WARC-Date") {
            self.date = Some(value.to_owned());
        } else {
            self.fields.push((name.to_owned(), value.to_owned()));
        }
        Some(())
    }

    /// Status line and header lines.
    fn head(&self, body_bytes: usize) -> String {
        let has = |name: &str| self.fields.iter().any(|(field, _)| field.eq_ignore_ascii_case(name));
        let mut lines = vec![self.status.clone().unwrap_or_else(|| "HTTP/1.1 200 OK".to_owned())];
        if !has("Content-Type") {
            lines.push("Content-Type: text/html".to_owned());
        }
        let stated = self.fields.iter().filter(|(_, value)| !value.is_empty());
        lines.extend(stated.map(|(name, value)| format!("{name}: {value}")));
        if !has("Content-Length") {
            lines.push(format!("Content-Length: {body_bytes}"));
        }
        lines.join("\r\n") + "\r\n"
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PackError> {
    fs::read(path).map_err(|source| PackError::Read { path: path.to_owned(), source })
}

fn check_date(date: &str) -> Result<(), PackError> {
    if parse_date(date).is_some() { Ok(()) } else { Err(PackError::BadDate { found: date.to_owned() }) }
}

#[cfg(test)]
mod tests;
