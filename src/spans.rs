//! Where the mathematics is in a text: prose, code, delimited formulas and TeX commands outside of any delimiter.
//!
//! Formulas come in several styles (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `\begin{align}…`), by extractor; a classifier
//! must not tell extractors apart, so all of them end up as the same pieces.

use memchr::{memchr, memchr3, memmem};

/// Longest inline formula that is looked for, bytes.
const INLINE_BYTES_MAX: usize = 800;
/// Longest display formula that is looked for, bytes.
const DISPLAY_BYTES_MAX: usize = 8_000;
/// Longest inline code, bytes.
const CODE_BYTES_MAX: usize = 400;
/// Environments that are formulas of their own.
const ENVIRONMENTS: [&str; 9] =
    ["align", "alignat", "displaymath", "eqnarray", "equation", "flalign", "gather", "math", "multline"];
/// TeX commands of mathematics, sorted, one a line.
const COMMANDS: &str = include_str!("commands.txt");

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Words.
    Prose(&'a str),
    /// Fenced or inline code, with its back-ticks.
    Code(&'a str),
    /// A formula without its delimiters.
    Formula {
        /// The TeX.
        tex: &'a str,
        /// Whether it stands on its own.
        display: bool,
    },
    /// A TeX command of mathematics outside of any delimiter.
    Command {
        /// Its name, without the backslash.
        name: &'a str,
        /// Whether no such command stands before it on its line: a line of bare TeX is one formula.
        first_of_line: bool,
    },
}

/// The TeX commands that count as mathematics, in order.
#[must_use]
pub fn commands() -> Vec<&'static str> {
    COMMANDS.lines().collect()
}

/// Splits `text` and hands its pieces over in order; `commands` is sorted (see [`commands`]).
pub fn for_each_piece<'a>(text: &'a str, commands: &[&str], mut take: impl FnMut(Piece<'a>)) {
    let bytes = text.as_bytes();
    let (mut from, mut at, mut command_end) = (0, 0, None);
    while let Some(step) = bytes.get(at..).and_then(|rest| memchr3(b'\\', b'$', b'`', rest)) {
        at += step;
        let found = match bytes[at] {
            b'`' => code(text, at),
            b'$' => dollars(text, at),
            _ => backslash(text, at, commands),
        };
        match found {
            Found::Piece(mut piece, end) => {
                if let Piece::Command { first_of_line, .. } = &mut piece {
                    *first_of_line = command_end.is_none_or(|end| bytes[end..at].contains(&b'\n'));
                    command_end = Some(end);
                }
                if from < at {
                    take(Piece::Prose(&text[from..at]));
                }
                take(piece);
                (from, at) = (end, end);
            }
            Found::Skip(end) => at = end,
        }
    }
    if from < text.len() {
        take(Piece::Prose(&text[from..]));
    }
}

/// What stands at a mark: a piece and its end, or nothing up to an offset.
enum Found<'a> {
    Piece(Piece<'a>, usize),
    Skip(usize),
}

/// The bytes in which a closing mark may stand.
fn window(bytes: &[u8], from: usize, bytes_max: usize) -> &[u8] {
    &bytes[from..bytes.len().min(from.saturating_add(bytes_max))]
}

fn code(text: &str, at: usize) -> Found<'_> {
    let bytes = text.as_bytes();
    let line_start = at == 0 || bytes[at - 1] == b'\n';
    if line_start && bytes[at..].starts_with(b"```") {
        let end = match memmem::find(&bytes[at + 3..], b"\n```") {
            Some(n) => at + 3 + n + 4,
            None => bytes.len(),
        };
        return Found::Piece(Piece::Code(&text[at..end]), end);
    }
    let line = window(bytes, at + 1, CODE_BYTES_MAX);
    let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
    match memchr(b'`', line) {
        Some(n) if n > 0 => Found::Piece(Piece::Code(&text[at..at + n + 2]), at + n + 2),
        _ => Found::Skip(at + 1),
    }
}

fn dollars(text: &str, at: usize) -> Found<'_> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1) == Some(&b'$') {
        let from = at + 2;
        return match memmem::find(window(bytes, from, DISPLAY_BYTES_MAX), b"$$") {
            Some(n) if n > 0 => {
                Found::Piece(Piece::Formula { tex: &text[from..from + n], display: true }, from + n + 2)
            }
            _ => Found::Skip(from),
        };
    }
    match inline_end(bytes, at) {
        Some(end) => Found::Piece(Piece::Formula { tex: &text[at + 1..end], display: false }, end + 1),
        None => Found::Skip(at + 1),
    }
}

/// The closing dollar of an inline formula: on the same line, no space inside of either delimiter, no digit after it
/// (a price), no word before it (a shell variable within a word).
fn inline_end(bytes: &[u8], at: usize) -> Option<usize> {
    let word_before = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
    if word_before || bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let mut i = at + 1;
    let end = bytes.len().min(at + INLINE_BYTES_MAX);
    while i < end {
        match bytes[i] {
            b'\n' => return None,
            b'\\' => i += 1,
            b'$' if bytes[i - 1].is_ascii_whitespace() => return None,
            b'$' => {
                let price_after = bytes.get(i + 1).is_some_and(u8::is_ascii_digit);
                return (!price_after && looks_like_math(&bytes[at + 1..i])).then_some(i);
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// Whether what stands between two dollars is more than words: it has a sign of TeX or a relation, or only short names.
fn looks_like_math(tex: &[u8]) -> bool {
    let sign = |b: &u8| matches!(b, b'\\' | b'^' | b'_' | b'=' | b'<' | b'>' | b'+');
    tex.iter().any(sign) || tex.split(|b| !b.is_ascii_alphabetic()).all(|word| word.len() < 4)
}

fn backslash<'a>(text: &'a str, at: usize, commands: &[&str]) -> Found<'a> {
    let bytes = text.as_bytes();
    let delimited = |close: &[u8], bytes_max: usize, display: bool| {
        let from = at + 2;
        match memmem::find(window(bytes, from, bytes_max), close) {
            Some(n) if n > 0 => Found::Piece(Piece::Formula { tex: &text[from..from + n], display }, from + n + 2),
            _ => Found::Skip(from),
        }
    };
    match bytes.get(at + 1) {
        Some(b'(') => return delimited(b"\\)", INLINE_BYTES_MAX, false),
        Some(b'[') => return delimited(b"\\]", DISPLAY_BYTES_MAX, true),
        Some(b'$' | b'\\' | b'`') => return Found::Skip(at + 2),
        Some(next) if next.is_ascii_alphabetic() => {}
        _ => return Found::Skip(at + 1),
    }
    let letters = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (name, end) = (&text[at + 1..at + 1 + letters], at + 1 + letters);
    if name == "begin"
        && let Some(found) = environment(text, end)
    {
        return found;
    }
    let after_drive = at > 0 && bytes[at - 1] == b':';
    if letters > 1 && !after_drive && commands.binary_search(&name).is_ok() {
        Found::Piece(Piece::Command { name, first_of_line: false }, end)
    } else {
        Found::Skip(end)
    }
}

/// A formula environment whose `\begin` ends at `at`.
fn environment(text: &str, at: usize) -> Option<Found<'_>> {
    let rest = text[at..].strip_prefix('{')?;
    let name = &rest[..memchr(b'}', rest.as_bytes().get(..24).unwrap_or(rest.as_bytes()))?];
    ENVIRONMENTS.binary_search(&name.strip_suffix('*').unwrap_or(name)).ok()?;
    let from = at + name.len() + 2;
    let close = format!("\\end{{{name}}}");
    let n = memmem::find(window(text.as_bytes(), from, DISPLAY_BYTES_MAX), close.as_bytes())?;
    let tex = &text[from..from + n];
    Some(Found::Piece(Piece::Formula { tex, display: true }, from + n + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let mut got = String::new();
        for_each_piece(text, &commands(), |piece| {
            let (mark, inner) = match piece {
                Piece::Prose(s) => ('p', s),
                Piece::Code(s) => ('c', s),
                Piece::Formula { tex, display: false } => ('i', tex),
                Piece::Formula { tex, display: true } => ('d', tex),
                Piece::Command { name, first_of_line: true } => ('T', name),
                Piece::Command { name, first_of_line: false } => ('t', name),
            };
            got.push(mark);
            got.push('<');
            got.push_str(inner);
            got.push('>');
        });
        assert_eq!(got, want);
    }

    #[test]
    fn every_delimiter_is_a_formula() {
        check("a $x$ b", "p<a >i<x>p< b>");
        check(r"a \(x\) b", "p<a >i<x>p< b>");
        check("$$x\n+y$$", "d<x\n+y>");
        check(r"\[x\]", "d<x>");
        check(r"\begin{align*}x\end{align*}.", "d<x>p<.>");
        check(r"$\$5$", r"i<\$5>");
        check("令$x>0$，则", "p<令>i<x>0>p<，则>");
    }

    #[test]
    fn prices_and_shell_are_no_formulas() {
        check("from $5 to $10", "p<from $5 to $10>");
        check("US$5 and A$6", "p<US$5 and A$6>");
        check("$HOME is $ here", "p<$HOME is $ here>");
        check(r"costs \$5 and \$6", r"p<costs \$5 and \$6>");
        check("${name} and $path$ or", "p<${name} and $path$ or>");
        check("one $ sign\nand $ more", "p<one $ sign\nand $ more>");
        check("`$a$` and\n```\n$x$\n```\nafter", "c<`$a$`>p< and\n>c<```\n$x$\n```>p<\nafter>");
        check(r"C:\begin\users", r"p<C:\begin\users>");
    }

    #[test]
    fn bare_commands_are_found() {
        check(r"x = \frac{1}{2}", r"p<x = >T<frac>p<{1}{2}>");
        check("\\alpha\\beta\n\\gamma", "T<alpha>t<beta>p<\n>T<gamma>");
        check(r"\begin{tabular} \textbf", r"p<\begin{tabular} \textbf>");
        check(r"a\nb \unknown", r"p<a\nb \unknown>");
    }

    #[test]
    fn unclosed_marks_are_prose() {
        for text in ["$", "$$", r"\(", r"\[ x", "`", "```", "\\", r"\begin{align", r"\begin{align}x", "$$$", "$x"] {
            let mut total = 0;
            for_each_piece(text, &commands(), |piece| {
                if let Piece::Prose(s) | Piece::Code(s) = piece {
                    total += s.len();
                }
            });
            assert!(total > 0 || text.starts_with(r"\begin"), "{text}");
        }
    }

    #[test]
    fn lists_are_sorted() {
        let commands = commands();
        assert!(commands.len() > 200 && commands.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ENVIRONMENTS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
