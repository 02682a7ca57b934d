//! The extraction of the main crate without the rest of it, so that the fuzz targets build in a minute, and the
//! properties that they check.

#[path = "../../src/page.rs"]
pub mod page;
#[path = "../../src/reject.rs"]
pub mod reject;

#[path = "../../src/extract/mod.rs"]
pub mod extract;

/// Panics unless the braces of a formula balance, those behind a backslash aside.
pub fn assert_balanced(tex: &str) {
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

/// Panics unless a formula can stand between dollars: balanced, one line, no bare dollar.
pub fn assert_formula(tex: &str) {
    assert_balanced(tex);
    assert!(!tex.trim().is_empty(), "an empty formula");
    assert!(!tex.contains(['\n', '\r']), "more than a line: {tex:?}");
    let mut escaped = false;
    for c in tex.chars() {
        assert!(escaped || c != '$', "a bare dollar: {tex:?}");
        escaped = c == '\\' && !escaped;
    }
}
