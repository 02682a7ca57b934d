//! The whole page's word on what could be mathematics.
//!
//! Until then the text holds marks of the private use area, which no page's own text brings in: [`SURE`] before a
//! formula that is sure, and around the two readings of one that is not.

/// Stands before a formula that was typeset as text and surely is one.
pub(crate) const SURE: char = '\u{e003}';
const FORMULA: char = '\u{e000}';
const PLAIN: char = '\u{e001}';
const END: char = '\u{e002}';

/// A letter that stands in code too may have this many uses on its own for each formula that surely has it.
const OPEN_PER_SURE_MAX: u32 = 3;

/// Both readings of a stretch of text, for [`settle`] to choose from.
pub(crate) fn maybe(tex: &str, plain: &str) -> String {
    format!("{FORMULA}{tex}{PLAIN}{plain}{END}")
}

/// Chooses a reading for all that was left open, and takes the marks out. Returns the number of formulas that came in.
pub(crate) fn settle(text: &mut String) -> u32 {
    if !text.contains(['\u{e000}', SURE]) {
        return 0;
    }
    let letters = Letters::of(text);
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
struct Letters {
    bits: u64,
    formulas: u32,
}

impl Letters {
    /// The letters of the formulas that are sure. One that also stands in code is the name of an argument, unless
    /// the sure formulas with it are not few beside its other uses.
    fn of(text: &str) -> Self {
        let (mut sure, mut open) = ([0_u32; 64], [0_u32; 64]);
        let mut formulas = 0;
        for after in text.split(SURE).skip(1) {
            let tex = after.trim_start_matches('$');
            count(bits(&tex[..tex.find('$').unwrap_or(tex.len())]), &mut sure);
            formulas += 1;
        }
        for after in text.split(FORMULA).skip(1) {
            count(bits(&after[..after.find(PLAIN).unwrap_or(0)]), &mut open);
        }
        let code = in_code(text);
        let borne_out = |letter: &usize| {
            let argument = code >> letter & 1 == 1 && sure[*letter] * OPEN_PER_SURE_MAX < open[*letter];
            sure[*letter] > 0 && !argument
        };
        Self { bits: (0..64).filter(borne_out).fold(0, |bits, letter| bits | 1 << letter), formulas }
    }

    /// Whether a formula's letters are all used in formulas that are sure.
    fn bear_out(&self, tex: &str) -> bool {
        let letters = bits(tex);
        letters & !self.bits == 0 && self.formulas >= if letters == 0 { 3 } else { 1 }
    }
}

fn count(bits: u64, counts: &mut [u32; 64]) {
    for (letter, count) in counts.iter_mut().enumerate() {
        *count += u32::from(bits >> letter & 1 == 1);
    }
}

/// The letters that stand alone in code: between backticks, or in blocks of code.
fn in_code(text: &str) -> u64 {
    let (mut bits, mut block) = (0, false);
    for line in text.lines() {
        if line.starts_with("```") {
            block = !block;
        } else if block {
            bits |= lone(line);
        } else if line.contains('`') {
            // What comes before the first backtick and after the last is no code.
            let mut parts = line.split('`').skip(1).peekable();
            while let Some(code) = parts.next().filter(|_| parts.peek().is_some()) {
                bits |= lone(code);
                parts.next();
            }
        }
    }
    bits
}

/// The letters that stand alone in a piece of code.
fn lone(code: &str) -> u64 {
    let names = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    names.filter(|name| name.len() == 1).fold(0, |letters, name| letters | bits(name))
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
