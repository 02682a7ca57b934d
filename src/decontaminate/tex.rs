//! A second reading of texts with TeX: commands that only lay out are no grams, and a command ends where TeX ends it.
//!
//! `\left(\dfrac12\right)\,x` reads as `(\frac{1}{2}) x` does. The first reading stays in force beside it, so that a
//! gram that the plain rule finds is found whatever is done here.

use std::ops::Range;

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
    out.clear();
    !first.commands.is_empty() && reread_part(text, first, 0..first.list.len(), out)
}

/// Calls `part` with the second reading of those stretches of a text in which it differs from the first, each with the
/// `around` grams before and after what differs; `out` is room to write in. Ends where `part` gives `true`, with `true`.
///
/// A run of up to `around` grams that the second reading has and the first has not is in one of them.
pub(super) fn reread_near(
    text: &str,
    first: &Grams,
    out: &mut Grams,
    around: usize,
    mut part: impl FnMut(&Grams) -> bool,
) -> bool {
    // At least as many as the grams between a command and its arguments.
    let around = around.max(4);
    let mut open: Option<Range<usize>> = None;
    let mut done = |range: Range<usize>, out: &mut Grams| {
        out.clear();
        reread_part(text, first, range, out);
        part(out)
    };
    let mut last = 0;
    for command in &first.commands {
        for gram in changed_by(text, first, *command as usize) {
            debug_assert!(gram >= last, "grams come in order");
            last = gram;
            let near = gram.saturating_sub(around)..(gram + around + 1).min(first.list.len());
            match &mut open {
                Some(range) if range.end >= near.start => range.end = near.end,
                _ => {
                    if open.replace(near).is_some_and(|range| done(range, out)) {
                        return true;
                    }
                }
            }
        }
    }
    open.is_some_and(|range| done(range, out))
}

/// Whether a backslash stands before a place, and is not itself escaped.
fn is_escaped(bytes: &[u8], start: usize) -> bool {
    start > 0 && bytes[start - 1] == b'\\' && !(start > 1 && bytes[start - 2] == b'\\')
}

fn only_space(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// The grams that the second reading takes otherwise because of a command: itself, or its arguments.
fn changed_by(text: &str, first: &Grams, at: usize) -> impl Iterator<Item = usize> + use<> {
    let bytes = text.as_bytes();
    let Gram { start, end, .. } = first.list[at];
    let (start, end) = (start as usize, end as usize);
    let mut changed = [None; 3];
    if is_escaped(bytes, start) && bytes[start..end].is_ascii() {
        let letters = bytes[start..end].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = &text[start..start + letters];
        if letters > 0 {
            let whole = letters == end - start;
            changed[0] = (!whole || !matches!(command(name), Command::Word)).then_some(at);
            let mut left = arguments(name).saturating_sub(end - start - letters);
            let mut last_end = end;
            for (i, changed) in changed.iter_mut().enumerate().skip(1) {
                let Some(Gram { start, end, .. }) = first.list.get(at + i) else { break };
                let (start, end) = (*start as usize, *end as usize);
                let apart = last_end > start || !only_space(&bytes[last_end..start]);
                if apart || left == 0 || !bytes[start..end].is_ascii() {
                    break;
                }
                *changed = (end - start > 1).then_some(at + i);
                left = left.saturating_sub(end - start);
                last_end = end;
            }
        }
    }
    changed.into_iter().flatten()
}

/// Appends the second reading of a part of a text, given as grams of the first, to `out`; `false` where it is the same.
fn reread_part(text: &str, first: &Grams, part: Range<usize>, out: &mut Grams) -> bool {
    let bytes = text.as_bytes();
    let mut changed = false;
    let mut arguments_left = 0;
    let mut last_end = part.start.checked_sub(1).map_or(0, |before| first.list[before].end as usize);
    for i in part {
        let gram = &first.list[i];
        let (start, end) = (gram.start as usize, gram.end as usize);
        let escaped = is_escaped(bytes, start);
        // An argument in braces is whole.
        if arguments_left > 0 && (last_end > start || !only_space(&bytes[last_end..start])) {
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
    use proptest::prelude::*;

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
    proptest! {
        /// What the stretches hold that the first reading has not is what the whole second reading has more.
        #[test]
        fn the_stretches_hold_all_that_differs(parts in prop::collection::vec(prop::sample::select(vec![
            "\\frac", "\\sqrt", "\\left", "\\alpha", "\\leq", "\\dfrac", "\\\\", "12", "3", "x", "a b", " ", " ", "{", "}",
            "中", "é", "e\u{301}", "\\text{ab}", "$", "c d e f g h i j", "\n\n",
        ]), 0..40), around in 2..6usize) {
            let text = parts.concat();
            let (mut first, mut second, mut near) = (Grams::default(), Grams::default(), Grams::default());
            first.read(&text);
            let runs = |grams: &Grams| {
                let words: Vec<(u64, u32, u32)> = grams.list.iter().map(|gram| (gram.hash, gram.start, gram.end)).collect();
                let runs = (1..=around).flat_map(|n| words.windows(n).map(<[_]>::to_vec).collect::<Vec<_>>());
                runs.collect::<std::collections::BTreeSet<_>>()
            };
            let mut found = runs(&first);
            let mut all = found.clone();
            if reread(&text, &first, &mut second) {
                all.extend(runs(&second));
            }
            reread_near(&text, &first, &mut near, around, |part| {
                found.extend(runs(part));
                false
            });
            // All of the second reading is found, and nothing else.
            prop_assert_eq!(found, all, "{:?}", text);
        }
    }
}
