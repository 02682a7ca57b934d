//! What holds for every input, however hostile: what the fuzz targets check, and the tests again on what they found.

use super::math::mathml::to_latex;
use super::math::{PageMath, Segment, scan, tidy};
use super::{ExtractRules, dom, encoding, extract};
use crate::page::{Capture, Page};

/// Bytes of text or LaTeX that a byte of a page may give; blanks before nested list items give most.
const GROWTH_MAX: usize = 64;

/// A page's bytes → its text: no panic, the same text twice, a text in proportion to the page, formulas well formed.
pub fn page(body: &[u8]) {
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
}

/// Markup with `math` elements → LaTeX: no panic, the same LaTeX twice and in proportion, braces balanced, and tidied
/// a formula.
pub fn mathml(markup: &str) {
    let Ok(html) = dom::parse(markup, dom::Scripting::On, &ExtractRules::default()) else { return };
    let math = html.tree.nodes().filter(|node| node.value().as_element().is_some_and(|e| e.name() == "math"));
    // Nested ones are read once a level, so not all of them.
    for node in math.take(16) {
        let tex = to_latex(node);
        assert_balanced(&tex);
        assert!(tex.len() <= 4096 + markup.len() * GROWTH_MAX, "{} bytes of LaTeX", tex.len());
        assert_eq!(tex, to_latex(node), "two conversions differ");
        if let Some(tidied) = tidy(&tex) {
            assert_formula(&tidied.tex);
        }
    }
}

/// The braces balance, those behind a backslash aside.
fn assert_balanced(tex: &str) {
    let (mut depth, mut escaped) = (0_i64, false);
    for c in tex.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        assert!(depth >= 0, "closes what is not open: {tex:?}");
    }
    assert!(depth == 0, "leaves {depth} open: {tex:?}");
    assert!(!escaped, "ends in a backslash: {tex:?}");
}

/// The formula can stand between dollars: balanced, one line, no bare dollar.
fn assert_formula(tex: &str) {
    assert_balanced(tex);
    assert!(!tex.trim().is_empty(), "an empty formula");
    assert!(!tex.contains(['\n', '\r']), "more than a line: {tex:?}");
    let mut escaped = false;
    for c in tex.chars() {
        assert!(escaped || c != '$', "a bare dollar: {tex:?}");
        escaped = c == '\\' && !escaped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The inputs that the fuzzers start from, and those that once failed.
    fn inputs(target: &str) -> Vec<Vec<u8>> {
        let mut inputs = Vec::new();
        for folder in ["fuzz/seeds", "tests/fixtures/fuzz"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                inputs.push(std::fs::read(entry.expect("a file").path()).expect("readable"));
            }
        }
        assert!(!inputs.is_empty(), "no inputs for {target}");
        inputs
    }

    #[test]
    fn pages_that_were_fuzzed() {
        for input in inputs("html_to_text") {
            page(&input);
        }
    }

    #[test]
    fn mathml_that_was_fuzzed() {
        for input in inputs("mathml_to_latex") {
            mathml(&String::from_utf8_lossy(&input));
        }
    }

    #[test]
    fn a_malformed_formula_is_noticed() {
        for tex in ["{", "}{", "a\\", "$", "", "a\nb"] {
            assert!(std::panic::catch_unwind(|| assert_formula(tex)).is_err(), "{tex:?}");
        }
        assert_formula(r"\{ \$ {a}\\");
    }
}
