//! Where a delimited formula ends.

use super::scan::Scanner;
use super::tidy::TEX_BYTES_MAX;

/// Offset of the closing delimiter that belongs to an opening one, searched from just after that.
///
/// As MathJax does it: the first one outside braces. Where braces never balance, the first one at all; where the
/// opener comes again first, none (the first opener was a stray).
pub(super) fn close<'p>(scanner: &mut Scanner<'_, 'p>, from: usize, opener: &str, closer: &'p str) -> Option<usize> {
    if scanner.without.contains(&closer) || scanner.fuel == 0 {
        return None;
    }
    let bytes = scanner.block.as_bytes();
    let limit = bytes.len().min(from + TEX_BYTES_MAX).min(from.saturating_add(scanner.fuel));
    let (open, close) = (opener.as_bytes(), closer.as_bytes());
    let mut depth = 0_usize;
    let mut first = None;
    let mut at = from;
    while at < limit {
        let rest = &bytes[at..];
        // A closing `}}` must not take the braces of the formula for its own.
        if starts_with(rest, close) && !(depth > 0 && close[0] == b'}') {
            if depth == 0 {
                return Some(at);
            }
            first = first.or(Some(at));
            at += close.len();
            continue;
        }
        if depth == 0 && opener != closer && starts_with(rest, open) {
            break;
        }
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    if first.is_none() && at >= bytes.len() {
        scanner.without.push(closer);
    }
    scanner.fuel = scanner.fuel.saturating_sub(at.min(limit) - from);
    first
}

fn starts_with(rest: &[u8], delimiter: &[u8]) -> bool {
    rest.get(..delimiter.len()).is_some_and(|start| start.eq_ignore_ascii_case(delimiter))
}
