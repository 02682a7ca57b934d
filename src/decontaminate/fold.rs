//! Characters as grams see them: compatibility forms and case folded, Chinese characters apart, all else a gap.

use std::sync::OnceLock;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// What a character is to a gram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fold {
    /// Ends a gram: space, punctuation, a sign.
    Gap,
    /// Part of a word: a letter or a digit, folded.
    Letter(char),
    /// A gram of its own: a Chinese character.
    Ideograph(char),
    /// Not there: soft hyphens, joiners, variation selectors.
    Nothing,
    /// Stands for several characters, or combines with the one before: the run is normalised as a whole.
    Several,
}

/// ASCII bytes: the folded byte, 0 for a gap, [`WIDE`] for the bytes of other characters.
pub(super) const ASCII: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = if b.is_ascii_alphanumeric() {
            b.to_ascii_lowercase()
        } else if b >= 0x80 {
            WIDE
        } else {
            0
        };
        byte += 1;
    }
    table
};

/// Marks the bytes of characters beyond ASCII in [`ASCII`].
pub(super) const WIDE: u8 = 0xFF;

/// Codes of [`plane`] that are no characters: they are below the first letter beyond ASCII and no ASCII letters.
const GAP: u16 = 0;
const SEVERAL: u16 = 1;
const NOTHING: u16 = 2;

/// The basic plane, a code a character: a folded character or one of the codes above.
fn plane() -> &'static [u16] {
    static PLANE: OnceLock<Vec<u16>> = OnceLock::new();
    PLANE.get_or_init(|| {
        let code = |n: u32| match char::from_u32(n).map(compute) {
            None | Some(Fold::Gap) => GAP,
            Some(Fold::Nothing) => NOTHING,
            Some(Fold::Several) => SEVERAL,
            Some(Fold::Letter(c) | Fold::Ideograph(c)) => u16::try_from(u32::from(c)).unwrap_or(SEVERAL),
        };
        (0..=0xFFFF).map(code).collect()
    })
}

/// Whether a character is a Chinese character, which is a gram of its own.
fn ideograph(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}'
        | '\u{3007}')
}

/// Of a character that is normal already, and no capital: what it is.
pub(super) fn class(c: char) -> Fold {
    match c {
        _ if ideograph(c) => Fold::Ideograph(c),
        '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' => Fold::Nothing,
        _ if c.is_alphanumeric() => Fold::Letter(c),
        _ => Fold::Gap,
    }
}

fn compute(c: char) -> Fold {
    if matches!(class(c), Fold::Nothing) {
        return Fold::Nothing;
    }
    if is_nfkc_quick(std::iter::once(c)) == IsNormalized::Maybe {
        return Fold::Several;
    }
    let mut folded = std::iter::once(c).nfkc().flat_map(char::to_lowercase);
    match (folded.next(), folded.next()) {
        (Some(only), None) => class(only),
        _ => Fold::Several,
    }
}

/// What a character is to a gram.
pub(super) fn fold(c: char) -> Fold {
    match u32::from(c) {
        0x4E00..=0x9FFF => Fold::Ideograph(c),
        n @ 0..=0xFFFF => match plane()[n as usize] {
            GAP => Fold::Gap,
            SEVERAL => Fold::Several,
            NOTHING => Fold::Nothing,
            code => match char::from_u32(u32::from(code)) {
                Some(folded) if ideograph(folded) => Fold::Ideograph(folded),
                Some(folded) => Fold::Letter(folded),
                None => Fold::Gap,
            },
        },
        _ => compute(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_and_compatibility_are_folded() {
        for (c, want) in [
            ('A', Fold::Letter('a')),
            ('Ａ', Fold::Letter('a')),
            ('７', Fold::Letter('7')),
            ('Σ', Fold::Letter('σ')),
            ('𝑥', Fold::Letter('x')),
            ('²', Fold::Letter('2')),
            ('中', Fold::Ideograph('中')),
            ('\u{F9D1}', Fold::Ideograph('六')),
            ('，', Fold::Gap),
            ('_', Fold::Gap),
            ('\u{A0}', Fold::Gap),
            ('\u{AD}', Fold::Nothing),
            ('½', Fold::Several),
            ('\u{301}', Fold::Several),
        ] {
            assert_eq!(fold(c), want, "{c:?}");
        }
    }

    #[test]
    fn the_fast_table_agrees_with_the_slow_rule() {
        for c in ('\0'..='\u{FFFF}').step_by(7) {
            // The table has no room for what is folded into another plane: that takes the slow way.
            let want = match compute(c) {
                Fold::Ideograph(folded) if folded > '\u{FFFF}' => Fold::Several,
                want => want,
            };
            assert_eq!(fold(c), want, "{c:?}");
        }
    }
}
