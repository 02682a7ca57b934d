//! Words that decide: functions, units, short words of prose, chemical elements. All lists are sorted.

/// Names that stand before their argument.
const FUNCTIONS: [&str; 44] = [
    "Im", "Pr", "Re", "arccos", "arcsin", "arctan", "arg", "card", "cos", "cosh", "cot", "coth", "csc", "deg", "det",
    "diag", "dim", "div", "exp", "gcd", "grad", "hom", "inf", "ker", "lcm", "lg", "lim", "liminf", "limsup", "ln",
    "log", "max", "min", "mod", "rank", "rot", "sec", "sgn", "sin", "sinh", "sup", "tan", "tanh", "tr",
];

/// Short words of prose in the languages of many pages, and abbreviations.
const PROSE: [&str; 175] = [
    "ab", "ad", "af", "ah", "ai", "al", "am", "an", "and", "ann", "any", "app", "are", "as", "at", "au", "aus", "bei",
    "bin", "bis", "but", "by", "ca", "can", "cf", "che", "ci", "co", "com", "con", "da", "dal", "das", "de", "del",
    "dem", "den", "der", "des", "di", "did", "die", "do", "dr", "du", "ed", "eds", "eg", "ein", "el", "em", "en", "eq",
    "er", "es", "est", "et", "etc", "ex", "fig", "for", "get", "go", "had", "has", "he", "her", "him", "his", "how",
    "ib", "id", "ie", "if", "il", "im", "in", "is", "ist", "it", "its", "je", "jr", "la", "las", "le", "let", "lo",
    "los", "may", "me", "mes", "mit", "mr", "mrs", "ms", "my", "na", "nb", "nd", "ne", "new", "no", "non", "nor",
    "not", "now", "nr", "of", "off", "oh", "ok", "old", "on", "one", "op", "or", "ou", "our", "out", "own", "par",
    "per", "pg", "por", "pp", "pro", "qu", "que", "qui", "rd", "re", "ref", "sa", "say", "se", "see", "she", "si",
    "sic", "so", "sp", "st", "sur", "ta", "te", "th", "the", "to", "too", "tu", "two", "un", "und", "une", "up", "us",
    "use", "ut", "van", "via", "vol", "von", "vs", "was", "way", "we", "who", "why", "wie", "yes", "yet", "you", "zu",
    "zum",
];

/// Symbols of units: with an exponent they are text.
const UNITS: [&str; 42] = [
    "A", "GHz", "Hz", "J", "K", "MHz", "Mpc", "N", "Pa", "Torr", "V", "W", "atm", "bar", "cm", "dm", "eV", "ft", "g",
    "hPa", "ha", "in", "inch", "kHz", "kPa", "kW", "kg", "km", "lb", "m", "mg", "mi", "mile", "ml", "mm", "mol", "nm",
    "px", "s", "sec", "yd", "μm",
];

/// Raised letters that end an ordinal or an abbreviation, and marks of trade.
const RAISED: [&str; 46] = [
    "a", "aa", "as", "bis", "c", "d", "de", "e", "em", "er", "ere", "ers", "es", "eta", "h", "lle", "lles", "me",
    "mes", "mo", "nd", "nde", "nds", "o", "os", "r", "ra", "rd", "re", "res", "ro", "s", "sm", "st", "t", "te", "ter",
    "th", "ths", "tm", "tme", "va", "vo", "è", "ème", "ère",
];

/// Symbols of elements.
const ELEMENTS: [&str; 60] = [
    "Ag", "Al", "Ar", "As", "Au", "B", "Ba", "Be", "Bi", "Br", "C", "Ca", "Cd", "Ce", "Cl", "Co", "Cr", "Cs", "Cu",
    "F", "Fe", "Ga", "Ge", "H", "He", "Hg", "I", "In", "Ir", "K", "Kr", "La", "Li", "Mg", "Mn", "Mo", "N", "Na", "Nb",
    "Ne", "Ni", "O", "P", "Pb", "Pd", "Pt", "Ra", "Rb", "S", "Sb", "Se", "Si", "Sn", "Sr", "Ti", "U", "V", "W", "Zn",
    "Zr",
];

fn has(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

pub(super) fn is_function(word: &str) -> bool {
    has(&FUNCTIONS, word)
}

/// Whether a word of two or three letters is prose rather than a product of variables.
pub(super) fn is_prose(word: &str) -> bool {
    has(&PROSE, &word.to_lowercase())
}

pub(super) fn is_unit(word: &str) -> bool {
    has(&UNITS, word)
}

/// Whether raised letters are the end of an ordinal or the like.
pub(crate) fn is_raised_ending(script: &str) -> bool {
    has(&RAISED, &script.to_lowercase())
}

/// Whether a word is made of symbols of elements: `NaCl`, `CO`.
pub(super) fn is_compound(word: &str) -> bool {
    let mut rest = word;
    while !rest.is_empty() {
        let bytes = rest.as_bytes();
        let two = bytes.get(1).is_some_and(u8::is_ascii_lowercase);
        let symbol = rest.get(..if two { 2 } else { 1 });
        match symbol {
            Some(symbol) if has(&ELEMENTS, symbol) => rest = &rest[symbol.len()..],
            _ => return false,
        }
    }
    !word.is_empty()
}

/// Whether text in italics or bold may be variables: short, and no word in it.
pub(crate) fn looks_set(content: &str) -> bool {
    let mut letters = false;
    content.len() <= 80
        && content.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
            let count = word.chars().count();
            let upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
            letters |= word.chars().any(char::is_alphabetic);
            count == 1
                || is_function(word)
                || count <= if upper { 4 } else { 3 } && !is_prose(word)
                || word.bytes().all(|byte| byte.is_ascii_digit())
        })
        && letters
}

/// A digit or sign as a Unicode superscript or subscript.
pub(super) fn shifted(c: char, raised: bool) -> Option<char> {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    Some(match (c, raised) {
        ('0'..='9', true) => RAISED[c as usize - '0' as usize],
        ('0'..='9', false) => char::from_u32('₀' as u32 + (c as u32 - '0' as u32))?,
        ('+', true) => '⁺',
        ('-' | '−' | '–', true) => '⁻',
        ('+', false) => '₊',
        ('-' | '−' | '–', false) => '₋',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        assert!(FUNCTIONS.is_sorted() && PROSE.is_sorted() && UNITS.is_sorted());
        assert!(RAISED.is_sorted() && ELEMENTS.is_sorted());
    }

    #[test]
    fn compounds() {
        for (word, want) in [("NaCl", true), ("CO", true), ("SO", true), ("x", false), ("Cat", false), ("", false)] {
            assert_eq!(is_compound(word), want, "{word}");
        }
    }
}
