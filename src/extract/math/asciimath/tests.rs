//! What AsciiMath comes out as.

use proptest::prelude::*;

use super::{formula, plausible, to_latex};

#[track_caller]
fn check(source: &str, want: &str) {
    assert_eq!(to_latex(source).as_deref(), Some(want), "{source}");
}

#[test]
fn symbols_need_no_backslash() {
    check("alpha + beta", "\\alpha+\\beta");
}
