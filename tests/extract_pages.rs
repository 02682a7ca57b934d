//! Pages as the software of the web writes them, and the text that they should give: `tests/fixtures/extract/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use corpus_build::extract::{ExtractRules, extract};
use corpus_build::page::{Capture, Page};

fn page(path: &Path) -> Page {
    let capture = Capture {
        url: "https://example.org/page".into(),
        fetched_at_ms: None,
        warc: "pages.warc.gz".into(),
        warc_offset: 0,
        warc_length: 0,
    };
    Page { capture, http_charset: Some("utf-8".into()), body: fs::read(path).unwrap() }
}

#[test]
fn pages_of_known_software_give_their_text() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/extract");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
    paths.sort();
    assert!(paths.len() >= 20, "{} pages", paths.len());
    let mut wrong = Vec::new();
    for path in &paths {
        let got = extract(&page(path), &ExtractRules::default()).unwrap().text;
        let want = fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
        if got.trim() != want.trim() {
            wrong.push(format!("==== {}\n{got}\n", path.file_stem().unwrap().display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} pages differ; they give:\n{}", wrong.len(), paths.len(), wrong.concat());
}
