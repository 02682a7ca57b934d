//! Whether a run is mathematics.

use std::ops::Range;

use super::beside::{Around, after_code, is_glued};
use super::evidence::Evidence;
use super::lex::{Kind, Token};
use super::units::{is_compound, is_unit, shifted};

/// What a run is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Text as it stands.
    Nothing,
    /// Text with its raised and lowered digits as such characters: a unit, a compound.
    Text(String),
    /// A formula.
    Sure,
    /// A formula where the page uses its letters in formulas.
    Maybe,
}

pub(super) fn judge(text: &str, tokens: &[Token], run: Range<usize>) -> Verdict {
    let inside = &tokens[run.clone()];
    if let [Token { kind: Kind::Container { .. }, .. }] = inside {
        return Verdict::Sure;
    }
    let goes_on = run
        .start
        .checked_sub(1)
        .is_some_and(|at| matches!(tokens[at].kind, Kind::Shifted(_)) && tokens[at].end == tokens[run.start].start);
    if goes_on && is_compound(text, inside, true) {
        return shifted(text, inside).map_or(Verdict::Nothing, Verdict::Text);
    }
    if is_glued(text, tokens, &run) {
        return Verdict::Nothing;
    }
    let around = Around::of(text, tokens, &run);
    if is_unit(text, inside, around.after_number) || is_compound(text, inside, false) {
        return shifted(text, inside).map_or(Verdict::Nothing, Verdict::Text);
    }
    let mut evidence = Evidence::default();
    evidence.gather(text, inside);
    if evidence.sure() {
        Verdict::Sure
    } else if evidence.maybe && !around.is_label(text, inside) && !after_code(text, tokens, &run) {
        Verdict::Maybe
    } else {
        Verdict::Nothing
    }
}
