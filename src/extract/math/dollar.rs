//! Single dollars: math, money, shell or template.

use super::Dollars;
use super::looks::{has_tex, like_currency, like_math};
use super::scan::Scanner;

/// The formula that a single dollar opens, as the range between the dollars.
///
/// Without a configuration that names dollars the rules are pandoc's (no blank inside the dollars' edges, no letter or
/// digit after the closing one) and the inside must look like math.
pub(super) fn read(scanner: &mut Scanner<'_, '_>, open: usize) -> Option<(usize, usize)> {
    let block = scanner.block;
    let mut from = open + 1;
    let wordpress =
        block[from..].strip_prefix("latex").is_some_and(|rest| rest.starts_with([' ', '\\', '{', '\n', '\u{a0}']));
    if wordpress {
        from += "latex".len();
    }
    let to = closing(scanner, from)?;
    let inner = &block[from..to];
    if inner.trim().is_empty() || has_blank_line(inner) {
        return None;
    }
    if wordpress {
        return Some((from, to));
    }
    let before = block[..open].chars().next_back();
    let after = block[to + 1..].chars().next();
    let accepted = match scanner.page.dollars {
        Dollars::Configured => {
            let prose =
                || inner.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 2).count() > 3;
            let marked = has_tex(inner) || inner.contains(['^', '_', '=', '\\', '≈', '≤', '≥', '∈', '≠']);
            let is = |c: Option<char>, kind: fn(&char) -> bool| c.as_ref().is_some_and(kind);
            // `$5–$10`; `fit$x or fit$y`.
            let price = inner.starts_with(|c: char| c.is_ascii_digit()) && is(after, char::is_ascii_digit);
            let field = is(before, char::is_ascii_alphanumeric) && is(after, char::is_ascii_alphanumeric);
            // Between two formulas of a text without blanks.
            let ideographs = inner.chars().filter(|c| matches!(c, '\u{3400}'..='\u{9fff}')).count();
            let passage =
                ideographs > 1 && inner.contains(['，', '。', '；', '、', '：']) && !inner.contains(['(', '（', '{']);
            marked || !(like_currency(inner) || price || field || passage || prose())
        }
        Dollars::Unknown => {
            !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace)
                && !after.is_some_and(|c| c.is_ascii_alphanumeric())
                && !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '$')
                && !like_currency(inner)
                && !like_expansion(inner, after)
                && like_math(inner)
                // TeX with blanks at its edges is still TeX if a command stands in it.
                || has_tex(inner) && is_tex_after_all(inner, before, after)
        }
    };
    accepted.then_some((from, to))
}

/// `${a}+${b}`, `$(A)$(B)`: a shell or a makefile puts its next variable right there.
fn like_expansion(inner: &str, after: Option<char>) -> bool {
    match after {
        Some('{') => inner.starts_with('{') || inner.ends_with(['+', '*', '.', '(']),
        Some('(') => inner.starts_with('(') || inner.ends_with(['+', '*', '.', '(']),
        _ => false,
    }
}

/// `$ \alpha $`: blanks inside, but a command right at the start and no prose.
fn is_tex_after_all(inner: &str, before: Option<char>, after: Option<char>) -> bool {
    let outside = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '$');
    let words = inner
        .split_whitespace()
        .filter(|word| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .count();
    outside(before) && outside(after) && words < 3
}

/// The next dollar outside braces, before the text ends; in unbalanced braces, the next dollar.
fn closing(scanner: &mut Scanner<'_, '_>, from: usize) -> Option<usize> {
    let bytes = scanner.block.as_bytes();
    let limit = bytes.len().min(from.saturating_add(scanner.fuel)).min(from + 8192);
    let mut first = None;
    let mut depth = 0_usize;
    let mut at = from;
    while at < limit {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b'$' if depth == 0 => return Some(at),
            b'$' => first = first.or(Some(at)),
            _ => {}
        }
        at += 1;
    }
    scanner.fuel = scanner.fuel.saturating_sub(at - from);
    first
}

fn has_blank_line(text: &str) -> bool {
    let mut newline = false;
    for c in text.chars() {
        match c {
            '\n' if newline => return true,
            '\n' => newline = true,
            c if c.is_whitespace() => {}
            _ => newline = false,
        }
    }
    false
}
