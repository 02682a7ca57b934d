//! A page's bytes → its text: no panic, the same text twice, a text in proportion to the page, formulas well formed.

#![no_main]

use corpus_build_fuzz::assert_formula;
use corpus_build_fuzz::extract::math::{PageMath, Segment, scan, tidy};
use corpus_build_fuzz::extract::{ExtractRules, encoding, extract};
use corpus_build_fuzz::page::{Capture, Page};
use libfuzzer_sys::fuzz_target;

/// Bytes of text that a byte of a page may give; markup that gives most are nested lists, indented once a level.
const GROWTH_MAX: usize = 64;

fuzz_target!(|body: &[u8]| {
    let capture = Capture {
        url: "https://example.org/2019/05/03/page".into(),
        fetched_at_ms: None,
        warc: "fuzz.warc.gz".into(),
        warc_offset: 0,
        warc_length: 0,
    };
    let page = Page { capture, http_charset: None, body: body.to_vec() };
    let rules = ExtractRules { text_bytes_min: 1, ..ExtractRules::default() };
    let document = extract(&page, &rules);
    assert_eq!(document, extract(&page, &rules), "two extractions differ");
    if let Ok(document) = document {
        assert!(document.text.len() <= 4096 + body.len() * GROWTH_MAX, "{} bytes of text", document.text.len());
    }
    let text = encoding::decode(body, None, None);
    if let Some(tidied) = tidy(&text) {
        assert_formula(&tidied.tex);
    }
    for segment in scan(&text, &PageMath::default()) {
        if let Segment::Formula(formula) = segment {
            assert_formula(&formula.tex);
        }
    }
});
