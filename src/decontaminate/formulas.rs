//! The number of formulas in a text as extraction writes it.

use crate::paragraphs::paragraphs;

/// The longest formula or span of code that is looked for, bytes.
const SPAN_BYTES_MAX: usize = 1 << 16;

/// Counts `$…$` and `$$…$$`. A formula keeps to its paragraph; `\$` is a dollar; code holds none.
#[must_use]
pub fn count_formulas(text: &str) -> u32 {
    let parts = paragraphs(text).into_iter().map(|range| &text[range]);
    parts.filter(|part| !part.starts_with("```")).map(|part| count(part.as_bytes())).sum()
}

fn count(bytes: &[u8]) -> u32 {
    let mut count = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            mark @ (b'`' | b'$') => {
                let marks = run(&bytes[at..], mark);
                let marks = if mark == b'$' { marks.min(2) } else { marks };
                at += marks;
                if let Some(end) = closing(bytes, at, mark, marks) {
                    count += u32::from(mark == b'$');
                    at = end + marks;
                }
            }
            _ => at += 1,
        }
    }
    count
}

fn run(bytes: &[u8], mark: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == mark).count()
}

/// Where `marks` marks close what begins at `from`.
fn closing(bytes: &[u8], from: usize, mark: u8, marks: usize) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(from + SPAN_BYTES_MAX)];
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if mark == b'$' => at += 2,
            byte if byte == mark => {
                let found = run(&bytes[at..], mark);
                if found == marks || mark == b'$' && found > marks {
                    return Some(at);
                }
                at += found;
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_counted_as_they_are_written() {
        for (text, want) in [
            ("", 0),
            ("$a$ and $$b$$", 2),
            ("$$a\n+b$$\n\n$c$", 2),
            ("\\$3 and \\$4", 0),
            ("$x = \\$3$", 1),
            ("it is $5", 0),
            ("it is $5\n\nand $6", 0),
            ("`$a$` and $b$", 1),
            ("```\n$a$\n\n$b$\n```\n\n$c$", 1),
            ("``a`$b$`` $c$", 1),
        ] {
            assert_eq!(count_formulas(text), want, "{text:?}");
        }
    }
}
