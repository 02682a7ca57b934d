use super::*;
use crate::io::warc::{Item, ReadCaps, read as read_warc};
use crate::page::Page;

/// A folder with files, written in the order given.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        io::copy(&mut text.as_bytes(), &mut fs::OpenOptions::new().create_new(true).write(true).open(path).unwrap())
            .unwrap();
    }
    dir
}

fn packed(files: &[(&str, &str)], base_url: &str) -> Result<(PackCount, Vec<u8>), PackError> {
    let mut bytes = Vec::new();
    let count = pack(folder(files).path(), base_url, &PackOptions::default(), &mut bytes)?;
    Ok((count, bytes))
}

fn pages(bytes: &[u8]) -> Vec<Page> {
    let items = read_warc(bytes, "x".into(), ReadCaps::default()).map(Result::unwrap);
    items.filter_map(|item| if let Item::Page(page) = item { Some(page) } else { None }).collect()
}

#[track_caller]
fn check_url(base_url: &str, path: &str, want: &str) {
    let (_, bytes) = packed(&[(path, "<p>x")], base_url).unwrap();
    let urls: Vec<_> = pages(&bytes).into_iter().map(|page| page.capture.url).collect();
    assert_eq!(urls, [want]);
}

#[test]
fn paths_become_addresses() {
    check_url("https://a.test", "b.html", "https://a.test/b.html");
    check_url("https://a.test/", "b/c.htm", "https://a.test/b/c.htm");
    check_url("http://a.test:81/x", "b.html", "http://a.test:81/x/b.html");
    check_url("http://a.test/x/", "数 学/100%?.html", "http://a.test/x/%E6%95%B0%20%E5%AD%A6/100%25%3F.html");
    check_url("https://", "www.a.test/b.xhtml", "https://www.a.test/b.xhtml");
    check_url("https://", "a.test/index.html", "https://a.test/");
    check_url("https://a.test/x", "index.html", "https://a.test/x/");
    check_url("https://a.test/x", "b/index.html", "https://a.test/x/b/");
    check_url("https://a.test/x", "b/myindex.html", "https://a.test/x/b/myindex.html");
}

#[test]
fn sidecars_say_how_a_page_is_served() {
    let gbk = "Content-Type: text/html; charset=gbk\nX-Other: 1\n\nWARC-Date: 2020-02-02T00:00:00Z\n";
    let (count, bytes) = packed(
        &[
            ("a.html", "<p>a"),
            ("b.html", "<p>b"),
            ("b.html.http", gbk),
            ("c.html", "<p>c"),
            ("c.html.http", "HTTP/1.1 404 Not Found\n"),
            ("d.html", "not at all HTML"),
            ("d.html.http", "Content-Type:"),
            ("notes.txt", ""),
        ],
        "https://a.test",
    )
    .unwrap();
    assert_eq!(count, PackCount { pages: 4, skipped: 1 });
    let pages = pages(&bytes);
    let facts: Vec<_> = pages
        .iter()
        .map(|page| (page.capture.url.as_str(), page.capture.fetched_at_ms, page.http_charset.as_deref()))
        .collect();
    let b = ("https://a.test/b.html", Some(1_580_601_600_000), Some("gbk"));
    assert_eq!(facts, [("https://a.test/a.html", Some(0), None), b]);
}

#[test]
fn the_order_of_writing_changes_no_byte() {
    let files = [("b/c.html", "1"), ("b.html", "2"), ("B.html", "3"), ("a.html", "4")];
    let mut other = files;
    other.reverse();
    let (_, bytes) = packed(&files, "https://a.test").unwrap();
    assert_eq!(packed(&other, "https://a.test").unwrap().1, bytes);
    let urls: Vec<_> = pages(&bytes).into_iter().map(|page| page.capture.url).collect();
    assert_eq!(urls, ["B.html", "a.html", "b.html", "b/c.html"].map(|path| format!("https://a.test/{path}")));
}

#[track_caller]
fn check_error(files: &[(&str, &str)], base_url: &str, want: &str) {
    let error = packed(files, base_url).unwrap_err().to_string();
    assert!(error.contains(want), "{error}");
}

#[test]
fn bad_use_is_told() {
    let page = [("a.html", "x")];
    check_error(&[("a.txt", "x")], "https://a.test", "no HTML file (.html, .htm, .xhtml) in it, 1 other files");
    check_error(&page, "a.test", "base URL \"a.test\"");
    check_error(&page, "ftp://a.test", "its scheme is another");
    check_error(&page, "https://a.test/?q", "it has a query");
    check_error(&page, "https://", "the file is in no folder");
    check_error(&[("no host/a.html", "x")], "https://", "\"no host\" is no host name");
    check_error(&[("a.html", "x"), ("a.html.http", "A: b\nnonsense")], "https://a.test", "line 2: expected");
    check_error(&[("a.html", "x"), ("a.html.http", "WARC-Date: today")], "https://a.test", "date \"today\"");
    let missing = pack(Path::new("/no/such/folder"), "https://a.test", &PackOptions::default(), io::sink());
    assert!(missing.unwrap_err().to_string().contains("/no/such/folder: cannot read"));
    let options = PackOptions { date: "2026".to_owned() };
    assert!(matches!(pack(Path::new("."), "https://a.test", &options, io::sink()), Err(PackError::BadDate { .. })));
}
