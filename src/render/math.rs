//! A formula → MathML, where it is small enough and the converter knows all of it.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use math_core::{LatexToMathML, MathDisplay};

use super::mathml;

/// Longest formula that is converted, bytes.
const TEX_BYTES_MAX: usize = 8_000;
/// Deepest nesting that is converted: the converter recurses.
const DEPTH_MAX: usize = 60;

/// Commands and environments in words that the converter knows, sorted. Numbered environments become ones without
/// numbers: the numbers would not be the page's.
const RENAMED: &[(&str, &str)] = &[
    ("\\Bbb", "\\mathbb"),
    ("\\begin{align*}", "\\begin{aligned}"),
    ("\\begin{align}", "\\begin{aligned}"),
    ("\\begin{eqnarray*}", "\\begin{array}{rcl}"),
    ("\\begin{eqnarray}", "\\begin{array}{rcl}"),
    ("\\begin{equation*}", "\\begin{aligned}"),
    ("\\begin{equation}", "\\begin{aligned}"),
    ("\\begin{flalign*}", "\\begin{aligned}"),
    ("\\begin{flalign}", "\\begin{aligned}"),
    ("\\begin{gather*}", "\\begin{gathered}"),
    ("\\begin{gather}", "\\begin{gathered}"),
    ("\\begin{multline*}", "\\begin{gathered}"),
    ("\\begin{multline}", "\\begin{gathered}"),
    ("\\begin{split}", "\\begin{aligned}"),
    ("\\bold", "\\mathbf"),
    ("\\boxed", ""),
    ("\\dotsb", "\\cdots"),
    ("\\dotsc", "\\ldots"),
    ("\\dotsi", "\\cdots"),
    ("\\dotsm", "\\cdots"),
    ("\\dotso", "\\ldots"),
    ("\\end{align*}", "\\end{aligned}"),
    ("\\end{align}", "\\end{aligned}"),
    ("\\end{eqnarray*}", "\\end{array}"),
    ("\\end{eqnarray}", "\\end{array}"),
    ("\\end{equation*}", "\\end{aligned}"),
    ("\\end{equation}", "\\end{aligned}"),
    ("\\end{flalign*}", "\\end{aligned}"),
    ("\\end{flalign}", "\\end{aligned}"),
    ("\\end{gather*}", "\\end{gathered}"),
    ("\\end{gather}", "\\end{gathered}"),
    ("\\end{multline*}", "\\end{gathered}"),
    ("\\end{multline}", "\\end{gathered}"),
    ("\\end{split}", "\\end{aligned}"),
    ("\\hbox", "\\text"),
    ("\\mathbbm", "\\mathbb"),
    ("\\mathds", "\\mathbb"),
    ("\\mbox", "\\text"),
    ("\\nonumber", ""),
    ("\\notag", ""),
    ("\\small", ""),
];

/// The formula as MathML; nothing where it does not convert.
pub(super) fn convert(converter: &LatexToMathML, tex: &str, display: bool) -> Option<String> {
    if tex.len() > TEX_BYTES_MAX || nested_deeper(tex, DEPTH_MAX) {
        return None;
    }
    let tex = renamed(tex);
    let mode = if display { MathDisplay::Block } else { MathDisplay::Inline };
    let once = |tex: &str| {
        // A converter is not to end a run over a page that it did not expect.
        let converted = catch_unwind(AssertUnwindSafe(|| converter.convert_with_local_state(tex, mode)));
        mathml::checked(&converted.ok()?.ok()?.mathml)
    };
    // The second try is for the inside of an environment whose name is not written.
    let rows = tex.contains('&') || tex.contains("\\\\");
    once(&tex).or_else(|| rows.then(|| once(&format!("\\begin{{aligned}}{tex}\\end{{aligned}}")))?)
}

/// Whether groups, or commands that take the next one as their argument, may be nested deeper than `max`.
fn nested_deeper(tex: &str, max: usize) -> bool {
    let bytes = tex.as_bytes();
    let (mut depth, mut row, mut at) = (0usize, 0usize, 0);
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let letters = bytes[at..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
                match &bytes[at..at + letters] {
                    b"left" | b"begin" | b"bgroup" | b"begingroup" => depth += 1,
                    b"right" | b"end" | b"egroup" | b"endgroup" => depth = depth.saturating_sub(1),
                    _ => {}
                }
                row += 1;
                at += letters.max(1);
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'^' | b'_' => row += 1,
            b' ' | b'\n' | b'\t' => {}
            _ => row = 0,
        }
        if depth + row > max {
            return true;
        }
    }
    false
}

/// `tex` in words that the converter knows.
fn renamed(tex: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut from, mut at) = (0, 0);
    while let Some(step) = tex[at..].find('\\') {
        at += step;
        let rest = &tex[at..];
        let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let mut word = &rest[..=letters];
        if matches!(word, "\\begin" | "\\end")
            && rest[word.len()..].starts_with('{')
            && let Some(close) = rest.find('}')
        {
            word = &rest[..=close];
        }
        if let Ok(found) = RENAMED.binary_search_by_key(&word, |pair| pair.0) {
            out.push_str(&tex[from..at]);
            out.push_str(RENAMED[found].1);
            from = at + word.len();
        }
        // A backslash takes the character after it along.
        at += match letters {
            0 => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => 1 + letters,
        };
    }
    if from == 0 { Cow::Borrowed(tex) } else { Cow::Owned(out + &tex[from..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted() {
        assert!(RENAMED.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn words_are_replaced_whole() {
        assert_eq!(renamed(r"\mbox{a}\dotsb\mboxx\\mbox"), r"\text{a}\cdots\mboxx\\mbox");
        assert_eq!(renamed(r"\begin{align}x&=1\notag\end{align}"), r"\begin{aligned}x&=1\end{aligned}");
        assert!(matches!(renamed(r"\frac{1}{2}\∂"), Cow::Borrowed(_)));
    }

    #[test]
    fn depth_is_bounded_before_anything_recurses() {
        assert!(!nested_deeper(r"\frac{\sqrt{x}}{y}", 4));
        assert!(!nested_deeper(&r"\alpha x ".repeat(500), 4));
        for nested in ["{", r"\sqrt", r"\sqrt ", r"\left(", r"\begin{a}", r"\sqrt[", "x^{", r"\bgroup ", "_"] {
            assert!(nested_deeper(&nested.repeat(100), 60), "{nested}");
        }
    }
}
