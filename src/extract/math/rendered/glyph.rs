//! Glyphs → characters: fonts by name, mathematical alphanumerics, and the pieces that tall delimiters are built of.

/// The alphabet that a font or a code point stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Alphabet {
    #[default]
    Normal,
    Italic,
    Bold,
    BoldItalic,
    DoubleStruck,
    Calligraphic,
    Script,
    Fraktur,
    SansSerif,
    Monospace,
    /// Large operators and delimiters.
    Size,
}

impl Alphabet {
    /// What `mathvariant` says for it.
    pub(super) fn variant(self) -> Option<&'static str> {
        Some(match self {
            Self::Normal | Self::Size => return None,
            Self::Italic => "italic",
            Self::Bold => "bold",
            Self::BoldItalic => "bold-italic",
            Self::DoubleStruck => "double-struck",
            Self::Calligraphic | Self::Script => "script",
            Self::Fraktur => "fraktur",
            Self::SansSerif => "sans-serif",
            Self::Monospace => "monospace",
        })
    }
}

/// A character with its alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) c: char,
    pub(super) alphabet: Alphabet,
}

/// A glyph from a code point that may itself be a letter of an alphabet, and the alphabet of its font.
pub(super) fn glyph(c: char, font: Alphabet) -> Glyph {
    match letter(c) {
        Some((c, alphabet)) => Glyph { c, alphabet },
        None if font == Alphabet::DoubleStruck && !c.is_ascii_alphabetic() => Glyph { c, alphabet: Alphabet::Normal },
        None => Glyph { c, alphabet: font },
    }
}

/// The plain letter behind a mathematical alphanumeric symbol.
pub(super) fn letter(c: char) -> Option<(char, Alphabet)> {
    use Alphabet::{Bold, BoldItalic, DoubleStruck, Fraktur, Italic, Monospace, SansSerif, Script};
    const LATIN: [Alphabet; 13] = [
        Bold,
        Italic,
        BoldItalic,
        Script,
        Script,
        Fraktur,
        DoubleStruck,
        Fraktur,
        SansSerif,
        SansSerif,
        SansSerif,
        SansSerif,
        Monospace,
    ];
    const GREEK: [Alphabet; 5] = [Bold, Italic, BoldItalic, SansSerif, SansSerif];
    const DIGITS: [Alphabet; 5] = [Bold, DoubleStruck, SansSerif, SansSerif, Monospace];
    let ascii = |first: u8, at: u32| char::from(first + at as u8);
    let code = c as u32;
    Some(match code {
        0x1d400..=0x1d6a3 => {
            let at = code - 0x1d400;
            let within = at % 52;
            let c = if within < 26 { ascii(b'A', within) } else { ascii(b'a', within - 26) };
            (c, LATIN[(at / 52) as usize])
        }
        0x1d6a4 => ('ı', Italic),
        0x1d6a5 => ('ȷ', Italic),
        0x1d6a8..=0x1d7c9 => {
            let at = code - 0x1d6a8;
            let within = at % 58;
            let c = match within {
                17 => 'ϴ',
                0..=24 => char::from_u32(0x391 + within)?,
                25 => '∇',
                26..=50 => char::from_u32(0x3b1 + within - 26)?,
                other => *['∂', 'ϵ', 'ϑ', 'ϰ', 'ϕ', 'ϱ', 'ϖ'].get((other - 51) as usize)?,
            };
            (c, GREEK[(at / 58) as usize])
        }
        0x1d7ce..=0x1d7ff => {
            let at = code - 0x1d7ce;
            (ascii(b'0', at % 10), DIGITS[(at / 10) as usize])
        }
        _ => match c {
            'ℎ' => ('h', Italic),
            'ℂ' => ('C', DoubleStruck),
            'ℍ' => ('H', DoubleStruck),
            'ℕ' => ('N', DoubleStruck),
            'ℙ' => ('P', DoubleStruck),
            'ℚ' => ('Q', DoubleStruck),
            'ℝ' => ('R', DoubleStruck),
            'ℤ' => ('Z', DoubleStruck),
            'ℬ' => ('B', Script),
            'ℰ' => ('E', Script),
            'ℱ' => ('F', Script),
            'ℋ' => ('H', Script),
            'ℐ' => ('I', Script),
            'ℒ' => ('L', Script),
            'ℳ' => ('M', Script),
            'ℛ' => ('R', Script),
            'ℯ' => ('e', Script),
            'ℊ' => ('g', Script),
            'ℴ' => ('o', Script),
            'ℭ' => ('C', Fraktur),
            'ℌ' => ('H', Fraktur),
            'ℨ' => ('Z', Fraktur),
            _ => return None,
        },
    })
}

/// The one character that stretched pieces make up: `⎛⎜⎝` is a parenthesis. `None` where the pieces are no such thing.
pub(super) fn assembled(pieces: &[char]) -> Option<char> {
    let has = |any: &str| pieces.iter().any(|piece| any.contains(*piece));
    let only = |any: &str| pieces.iter().all(|piece| any.contains(*piece));
    if pieces.is_empty() {
        return None;
    }
    let c = if has("⎛⎝") || only("⎜") {
        '('
    } else if has("⎞⎠") || only("⎟") {
        ')'
    } else if has("⎡⎣") || only("⎢") {
        match (has("⎡"), has("⎣")) {
            (true, false) => '⌈',
            (false, true) => '⌊',
            _ => '[',
        }
    } else if has("⎤⎦") || only("⎥") {
        match (has("⎤"), has("⎦")) {
            (true, false) => '⌉',
            (false, true) => '⌋',
            _ => ']',
        }
    } else if has("⎧⎨⎩") || only("⎪") {
        '{'
    } else if has("⎫⎬⎭") {
        '}'
    } else if has("\u{e152}\u{e153}\u{e156}") {
        '⏟'
    } else if has("\u{e150}\u{e151}\u{e154}\u{e155}") {
        '⏞'
    } else if has("\u{e000}\u{e001}⎷√") {
        '√'
    } else if pieces.len() > 1 {
        if only("|∣") {
            '|'
        } else if only("‖∥") {
            '‖'
        } else if only("¯‾―–−-") {
            '―'
        } else if has("→") && has("←") {
            '↔'
        } else if has("⇒") && has("⇐") {
            '⇔'
        } else if only("↑⏐|∣") || only("⇑‖") || only("↓⏐|∣") || only("⇓‖") {
            *pieces.iter().find(|piece| "↑↓⇑⇓".contains(**piece))?
        } else if only("→−-–←⇒⇐=⇀↼⇁↽↦⟶⟵⟹⟸↣↢↠↞") {
            *pieces.iter().find(|piece| !"−-–=".contains(**piece)).unwrap_or(&'―')
        } else {
            return None;
        }
    } else {
        return None;
    };
    Some(c)
}
