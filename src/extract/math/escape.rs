//! Backslashes before brackets that open no formula: patterns, colours of a terminal, Markdown's escapes.

use std::ops::Range;

/// Whether `\\(…\\)` or `\\[…\\]` on a page that loads no math library is something else than math. The range is the
/// inside, `end` is past the closing bracket.
pub(super) fn is_none(block: &str, open: usize, inside: Range<usize>, end: usize) -> bool {
    let inner = &block[inside];
    if has_command(inner) {
        return false;
    }
    let square = block[open..].trim_start_matches('\\').starts_with('[');
    if square && (inner.contains("\\e[") || inner.contains("\\033") || inner.contains("\\x1b")) {
        return true;
    }
    let bare = inner.trim();
    let number = bare.bytes().all(|byte| byte.is_ascii_digit());
    // `\[1\]` is a footnote, `\[x\]` before words a task that is done, `\(2019\)` a year.
    let alone = block[..open].trim().is_empty() && block[end..].trim().is_empty();
    let word = bare.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if square && word && !alone || number && bare.len() == 4 {
        return true;
    }
    if square {
        return false;
    }
    let before = block[..open].chars().next_back();
    let after = &block[end..];
    let repeated = after.starts_with(['*', '{'])
        || after
            .strip_prefix('\\')
            .is_some_and(|rest| rest.starts_with('{') || rest.starts_with(|c: char| c.is_ascii_digit()));
    inner.contains("\\|")
        || repeated
        || matches!(before, Some('^' | '*' | '%'))
        || matches!(before, Some('/' | '\'' | '"')) && inner.contains(['[', '*'])
}

/// Whether there is a command of two letters or more, which no pattern holds.
fn has_command(inner: &str) -> bool {
    memchr::memchr_iter(b'\\', inner.as_bytes())
        .any(|at| inner.as_bytes()[at + 1..].iter().take(2).filter(|byte| byte.is_ascii_alphabetic()).count() == 2)
}
