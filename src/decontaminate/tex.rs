//! A second reading of texts with TeX: commands that only lay out are no grams, and a command ends where TeX ends it.
//!
//! `\left(\dfrac12\right)\,x` reads as `(\frac{1}{2}) x` does. The first reading stays in force beside it, so that a
//! gram that the plain rule finds is found whatever is done here.

use super::grams::{Gram, Grams, hash_of};

/// What the second reading makes of a command.
enum Command {
    /// A gram like any other.
    Word,
    /// No gram: spacing, sizes, delimiters' sizes, fonts of upright text.
    Layout,
    /// Another name for the command that this many leading bytes less spell, or trailing bytes less: `\dfrac`, `\leq`.
    Alias(usize, usize),
}

fn command(name: &str) -> Command {
    match name {
        "quad" | "qquad" | "enspace" | "enskip" | "thinspace" | "medspace" | "thickspace" | "negthinspace" | "left"
        | "right" | "middle" | "big" | "Big" | "bigg" | "Bigg" | "bigl" | "bigr" | "Bigl" | "Bigr" | "biggl"
        | "biggr" | "Biggl" | "Biggr" | "displaystyle" | "textstyle" | "scriptstyle" | "scriptscriptstyle"
        | "limits" | "nolimits" | "nonumber" | "notag" | "text" | "textrm" | "textnormal" | "mathrm" | "rm"
        | "mbox" | "hbox" => Command::Layout,
        "dfrac" | "tfrac" | "cfrac" | "dbinom" | "tbinom" => Command::Alias(1, 0),
        "leq" | "geq" | "neq" => Command::Alias(0, 1),
        _ => Command::Word,
    }
}

/// Commands that take a single character where no brace follows: `\frac12` is one half.
fn arguments(name: &str) -> usize {
    match name.trim_start_matches(['d', 't', 'c']) {
        "frac" | "binom" => 2,
        "sqrt" => 1,
        _ => 0,
    }
}

/// Writes the second reading of a text to `out`; `false`, and nothing of use in `out`, where it is the same as the first.
pub(super) fn reread(text: &str, first: &Grams, out: &mut Grams) -> bool {
    if !first.commands {
        return false;
    }
    out.clear();
    let bytes = text.as_bytes();
    let mut changed = false;
    let mut arguments_left = 0;
    let mut last_end = 0;
    for (i, gram) in first.list.iter().enumerate() {
        let (start, end) = (gram.start as usize, gram.end as usize);
        let escaped = start > 0 && bytes[start - 1] == b'\\' && !(start > 1 && bytes[start - 2] == b'\\');
        // An argument in braces is whole.
        if last_end > start || bytes[last_end..start].iter().any(|byte| !byte.is_ascii_whitespace()) {
            arguments_left = 0;
        }
        last_end = end;
        let mut rest = start;
        // A command that runs into letters beyond ASCII is left as it is.
        if !bytes[start..end].is_ascii() {
            arguments_left = 0;
            out.copy(first, i);
            continue;
        }
        if escaped {
            let name = &bytes[start..end];
            let letters = name.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            if let Some(name) = text.get(start..start + letters).filter(|name| !name.is_empty()) {
                rest = start + letters;
                arguments_left = arguments(name);
                let (from, to) = match command(name) {
                    Command::Layout => (rest, rest),
                    Command::Word => (start, rest),
                    Command::Alias(before, after) => (start + before, rest - after),
                };
                if (from, to) == (start, end) {
                    out.copy(first, i);
                    continue;
                }
                changed = true;
                if from < to {
                    out.list.push(piece(bytes, from, to));
                }
            }
        }
        while arguments_left > 0 && rest < end && bytes[rest].is_ascii_alphanumeric() {
            arguments_left -= 1;
            changed |= (rest, rest + 1) != (start, end);
            out.list.push(piece(bytes, rest, rest + 1));
            rest += 1;
        }
        if rest == start {
            out.copy(first, i);
        } else if rest < end {
            out.list.push(piece(bytes, rest, end));
        }
    }
    changed
}

fn piece(bytes: &[u8], start: usize, end: usize) -> Gram {
    Gram { hash: hash_of(&bytes[start..end]), start: start as u32, end: end as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let (mut first, mut second) = (Grams::default(), Grams::default());
        first.read(text);
        let grams = if reread(text, &first, &mut second) { &second } else { &first };
        (0..grams.list.len())
            .map(|i| {
                let mut word = String::new();
                grams.fold_into(text, i, &mut word);
                assert!(grams.list[i].hash == hash_of(word.as_bytes()) || !word.is_ascii(), "{word}");
                word
            })
            .collect()
    }

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(words(a), words(b), "{a:?} {b:?}");
    }

    #[test]
    fn layout_makes_no_difference() {
        same("\\frac{1}{2}", "\\frac 1 2");
        same("\\frac12", "\\dfrac{1}{2}");
        same("\\frac{12}{5}", "\\tfrac{12}5");
        same("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac\\pi2)");
        same("x\\,\\mathrm{cm}\\quad y~z", "x cm y z");
        same("a \\leq b \\geq c", "a\\le b\\ge c");
        same("\\sqrt2x", "\\sqrt{2}x");
        same("49,\\!476", "49,476");
        same("\\displaystyle\\sum\\limits_{i=1}^n", "\\sum_{i=1}^n");
    }

    #[test]
    fn what_differs_stays_different() {
        assert_ne!(words("\\frac{12}{5}"), words("\\frac{1}{25}"));
        assert_ne!(words("\\sqrt{12}"), words("\\sqrt12"));
        assert_eq!(words("turn left at the quad"), ["turn", "left", "at", "the", "quad"]);
        assert_eq!(words("a \\\\left b"), ["a", "left", "b"]);
        assert_eq!(words("\\alpha12 \\betaγ"), ["alpha", "12", "betaγ"].map(str::to_owned));
    }
}
