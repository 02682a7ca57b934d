//! The whole page's word on what could be mathematics.
//!
//! Until then the text holds marks of the private use area, which no page's own text brings in: [`SURE`] before a
//! formula that is sure, and around the two readings of one that is not.

/// Stands before a formula that was typeset as text and surely is one.
pub(crate) const SURE: char = '\u{e003}';
const FORMULA: char = '\u{e000}';
const PLAIN: char = '\u{e001}';
const END: char = '\u{e002}';

/// Both readings of a stretch of text, for [`settle`] to choose from.
pub(crate) fn maybe(tex: &str, plain: &str) -> String {
    format!("{FORMULA}{tex}{PLAIN}{plain}{END}")
}

/// Chooses a reading for all that was left open, and takes the marks out. Returns the number of formulas that came in.
pub(crate) fn settle(text: &mut String) -> u32 {
    if !text.contains(['\u{e000}', SURE]) {
        return 0;
    }
    let letters = Letters::of_sure(text);
    let mut out = String::with_capacity(text.len());
    let mut formulas = 0;
    let mut rest = text.as_str();
    while let Some(at) = rest.find([FORMULA, SURE]) {
        out.push_str(&rest[..at]);
        let open = rest[at..].starts_with(FORMULA);
        rest = &rest[at + FORMULA.len_utf8()..];
        if !open {
            continue;
        }
        let Some((both, after)) = rest.split_once(END) else { continue };
        let (tex, plain) = both.split_once(PLAIN).unwrap_or((both, both));
        if letters.bear_out(tex) {
            out.extend(["$", tex, "$"]);
            formulas += 1;
        } else {
            out.push_str(plain);
        }
        rest = after;
    }
    out.push_str(rest);
    *text = out;
    formulas
}

/// The Latin letters that formulas use.
#[derive(Default)]
struct Letters {
    bits: u64,
    formulas: u32,
}

impl Letters {
    /// The letters of the formulas that are sure.
    fn of_sure(text: &str) -> Self {
        let mut letters = Self::default();
        for after in text.split(SURE).skip(1) {
            let tex = after.trim_start_matches('$');
            letters.bits |= bits(&tex[..tex.find('$').unwrap_or(tex.len())]);
            letters.formulas += 1;
        }
        letters
    }

    /// Whether a formula's letters are all used in formulas that are sure.
    fn bear_out(&self, tex: &str) -> bool {
        let letters = bits(tex);
        letters & !self.bits == 0 && self.formulas >= if letters == 0 { 3 } else { 1 }
    }
}

/// The letters outside of commands, a bit for each.
fn bits(tex: &str) -> u64 {
    let mut bits = 0;
    let mut command = false;
    for byte in tex.bytes() {
        match byte {
            b'\\' => command = true,
            b'a'..=b'z' | b'A'..=b'Z' if command => {}
            b'a'..=b'z' => bits |= 1 << (byte - b'a'),
            b'A'..=b'Z' => bits |= 1 << (byte - b'A' + 26),
            _ => command = false,
        }
    }
    bits
}
