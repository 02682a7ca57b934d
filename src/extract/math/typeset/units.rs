//! Runs that are units or compounds: text with raised and lowered digits.

use super::lex::{Kind, Token, text_of};
use super::words;

/// Whether a run is a unit with exponents: `m²`, `m/s²`, `s⁻¹`.
pub(super) fn is_unit(text: &str, inside: &[Token], after_number: bool) -> bool {
    let mut letters = 0;
    let mut area = true;
    for token in inside {
        match &token.kind {
            Kind::Letters(face) => {
                let letter = token.text(text);
                if face.italic || face.bold || !words::is_unit(letter) {
                    return false;
                }
                area &= letter == "m";
                letters += 1;
            }
            Kind::Script { raised: true, inside } => {
                let exponent = inside.iter().all(|token| matches!(token.kind, Kind::Number | Kind::Weak(_)));
                if !exponent {
                    return false;
                }
            }
            Kind::Number if letters == 0 => {}
            Kind::Weak('/' | '⁄') | Kind::Strong('·' | '⋅') | Kind::Space => {}
            _ => return false,
        }
    }
    let number = matches!(inside.first(), Some(Token { kind: Kind::Number, .. }));
    letters > 0 && (area || number || after_number || inside.len() > 2 && letters > 1)
}

/// Whether a run is a chemical formula, or what comes after the start of one: symbols of elements with numbers of atoms.
pub(super) fn is_compound(text: &str, inside: &[Token], goes_on: bool) -> bool {
    let (mut atoms, mut counted) = (0, 0);
    for token in inside {
        match &token.kind {
            Kind::Letters(face) => {
                if face.italic || !words::is_compound(token.text(text)) {
                    return false;
                }
                atoms += 1;
            }
            Kind::Script { raised, inside } => {
                let count = |token: &Token| match token.kind {
                    Kind::Number => true,
                    Kind::Strong('+') | Kind::Weak('-' | '−' | '–') => *raised,
                    _ => false,
                };
                if !inside.iter().all(count) {
                    return false;
                }
                counted += usize::from(!raised);
            }
            Kind::Number if atoms == 0 => {}
            Kind::Open('(') | Kind::Close(')') | Kind::Strong('+' | '·') | Kind::Weak('→') | Kind::Space => {}
            _ => return false,
        }
    }
    let whole = text_of(text, inside);
    let gas = ["H_2", "N_2", "O_2", "F_2", "O_3", "H2", "N2", "O2", "F2", "O3"].contains(&whole);
    goes_on && atoms > 0 || counted > 0 && (atoms > 1 || gas)
}

/// A run as text, with digits and signs raised and lowered.
pub(super) fn shifted(text: &str, inside: &[Token]) -> Option<String> {
    let mut out = String::new();
    for token in inside {
        match &token.kind {
            Kind::Script { raised, inside } => {
                for part in inside {
                    for c in part.text(text).chars().filter(|c| !c.is_whitespace()) {
                        out.push(words::shifted(c, *raised)?);
                    }
                }
            }
            _ => out.push_str(token.text(text)),
        }
    }
    Some(out)
}
