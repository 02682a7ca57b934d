//! AsciiMath → LaTeX: `sum_(i=1)^n i^3=((n(n+1))/2)^2` becomes `\sum_{i=1}^{n}i^{3}=\left(\frac{n(n+1)}{2}\right)^{2}`.
//!
//! ```text
//! text ─lexer, by the names in symbols─▶ tokens ─parser─▶ Node ─matrix─▶ tables found ─writer─▶ LaTeX
//! ```
//!
//! The grammar is that of asciimath.org as MathJax reads it. Two things make it unlike TeX: names need no backslash,
//! the longest one that fits wins (`sinx` is `sin x`, `xx` a cross); and brackets that only group an argument go away.

mod lexer;
mod matrix;
mod node;
mod parser;
mod symbols;
#[cfg(test)]
mod tests;
mod writer;

use super::Formula;
use crate::forms::Form;

/// The longest formula, in bytes. People write AsciiMath by hand; what is longer is text between stray delimiters.
pub(super) const BYTES_MAX: usize = 8 * 1024;

/// Words of prose that a formula may hold beside known names: `speed = distance/time` is meant as one.
const WORDS_MAX: usize = 3;

/// The LaTeX of AsciiMath; `None` where it is too long or nested too deep.
pub(super) fn to_latex(source: &str) -> Option<String> {
    if source.len() > BYTES_MAX {
        return None;
    }
    let row = parser::parse(source)?;
    Some(writer::write(&row))
}

/// The formula in AsciiMath source, with or without its delimiters.
pub(super) fn formula(raw: &str, display: bool) -> Option<Formula> {
    let body = raw.trim();
    let body = ["`", "%"].iter().find_map(|d| body.strip_prefix(d)?.strip_suffix(d)).unwrap_or(body);
    let tex = to_latex(body)?;
    Some(Formula { form: Form::AsciiMath, ..Formula::from_raw(&tex, display)? })
}

/// Whether the text between two AsciiMath delimiters is meant as AsciiMath, and not as prose or code between backticks:
/// on many pages the library is loaded by a combined configuration and never used.
pub(super) fn plausible(source: &str) -> bool {
    if source.len() > BYTES_MAX || source.trim().is_empty() || source.contains("\n\n") {
        return false;
    }
    let (mut words, mut quoted) = (0, false);
    for (nth, part) in source.split('"').enumerate() {
        if nth % 2 == 1 {
            quoted = true;
            continue;
        }
        words += part.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| lexer::is_prose(word)).count();
    }
    let bare_word =
        words > 0 && !quoted && source.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    words <= WORDS_MAX && !bare_word
}
