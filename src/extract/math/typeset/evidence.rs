//! What speaks for mathematics in a run.

use super::chars;
use super::lex::{Kind, Token, text_of};
use super::words;

/// What speaks for mathematics.
#[derive(Default)]
pub(super) struct Evidence {
    /// Scripts on what only a formula has.
    scripts: usize,
    /// Scripts that may be notes or names.
    doubtful: usize,
    /// Operators of formulas with an operand that is set as a variable, or carries a script.
    operators: usize,
    /// `f(x)`.
    applications: usize,
    fractions: usize,
    /// Whether a variable or a doubtful script is there.
    pub(super) maybe: bool,
}

impl Evidence {
    /// Whether that is enough.
    pub(super) fn sure(&self) -> bool {
        self.scripts > 0 || self.operators > 0 || self.applications > 0 || self.fractions > 0
    }

    pub(super) fn gather(&mut self, text: &str, inside: &[Token]) {
        for (at, token) in inside.iter().enumerate() {
            match &token.kind {
                Kind::Letters(face) => {
                    let single = token.text(text).chars().count() == 1;
                    self.maybe |= face.italic && single;
                    if face.italic && single && applies(text, &inside[at + 1..]) {
                        self.applications += 1;
                    }
                }
                Kind::Script { raised, inside: script } => {
                    if script_is_sure(text, &inside[..at], *raised, script) {
                        self.scripts += 1;
                    } else {
                        self.doubtful += 1;
                        self.maybe = true;
                    }
                }
                Kind::Fraction { over, under } => {
                    let numeric = |part: &[Token]| part.iter().all(|token| token.kind == Kind::Number);
                    self.fractions += usize::from(!(numeric(over) && numeric(under)));
                }
                Kind::Overline(_) => {
                    self.fractions += usize::from(matches!(
                        at.checked_sub(1).map(|before| &inside[before].kind),
                        Some(Kind::Prefix('√' | '∛' | '∜'))
                    ));
                }
                Kind::Strong(_) | Kind::Weak('−') => self.operators += usize::from(joins_operands(text, inside, at)),
                Kind::Weak('<' | '>' | '＜' | '＞') => {
                    self.operators += usize::from(joins_operands(text, inside, at) && has_number(inside));
                }
                Kind::Prefix('∑' | '∏' | '∫' | '√' | '∀' | '∃' | '∂' | '∇') => {
                    self.operators += usize::from(inside.len() > at + 1 && inside.iter().any(|token| set(text, token)));
                }
                _ => {}
            }
        }
    }
}

fn has_number(inside: &[Token]) -> bool {
    inside.iter().any(|token| matches!(token.kind, Kind::Number | Kind::Script { .. }))
}

/// Whether an operand is set as mathematics.
fn set(text: &str, token: &Token) -> bool {
    match token.kind {
        Kind::Letters(face) => {
            face.italic && token.end - token.start <= 2 || token.text(text).chars().all(chars::is_greek)
        }
        Kind::Script { .. } | Kind::Fraction { .. } | Kind::Overline(_) => true,
        _ => false,
    }
}

/// Whether operands stand on both sides of an operator, and some operand of the run is set as mathematics.
fn joins_operands(text: &str, inside: &[Token], at: usize) -> bool {
    let left = inside[..at].iter().rev().find(|token| token.kind != Kind::Space);
    let right = inside[at + 1..].iter().find(|token| token.kind != Kind::Space);
    let whole = left.is_some_and(Token::ends_operand)
        && right.is_some_and(|token| token.starts_operand() || matches!(token.kind, Kind::Weak(_) | Kind::Strong(_)));
    whole && inside.iter().any(|token| set(text, token))
}

/// Whether parentheses with a variable in them follow: `f(x)`.
fn applies(text: &str, after: &[Token]) -> bool {
    let [Token { kind: Kind::Open('(' | '（'), .. }, rest @ ..] = after else { return false };
    let argument = rest.iter().take_while(|token| !matches!(token.kind, Kind::Close(_)));
    let mut argument = argument.filter(|token| token.kind != Kind::Space);
    argument.any(|token| set(text, token))
}

/// Whether a script stands on what only a formula has a script on.
fn script_is_sure(text: &str, before: &[Token], raised: bool, script: &[Token]) -> bool {
    let digits = script.iter().all(|token| matches!(token.kind, Kind::Number));
    let length: usize = script.iter().map(|token| token.end - token.start).sum();
    let Some(base) = before.last() else { return false };
    match &base.kind {
        Kind::Letters(face) => {
            let letters = base.text(text);
            let single = letters.chars().count() == 1;
            if face.italic || letters.chars().all(chars::is_greek) {
                return single || !digits;
            }
            if !single {
                // `ax²`: not without anything else.
                return false;
            }
            let lower = letters.bytes().all(|byte| byte.is_ascii_lowercase());
            let mark = raised && script.iter().all(|token| matches!(token.kind, Kind::Weak('*') | Kind::Strong('+')));
            if digits { lower && length <= 2 && !(raised && matches!(letters, "m" | "s")) } else { !mark }
        }
        Kind::Number => {
            let number = base.text(text);
            let letters = script.iter().any(|token| matches!(token.kind, Kind::Letters(_)));
            let negative = script.iter().any(|token| matches!(token.kind, Kind::Weak('-' | '−' | '–')));
            if raised {
                let ending = words::is_raised_ending(text_of(text, script));
                letters && !ending
                    || negative
                    || number == "10" && digits && length <= 3
                    || number == "2" && digits && length == 2
            } else {
                digits && matches!(script, [only] if matches!(only.text(text), "2" | "8" | "10" | "16"))
            }
        }
        Kind::Close(_) => {
            let sign = script.iter().all(Token::is_operator);
            before.iter().any(|token| set(text, token)) || before.len() > 3 && !digits && !sign
        }
        Kind::Script { .. } => script_is_sure(text, &before[..before.len() - 1], raised, script) || !digits,
        Kind::Function | Kind::Prefix(_) | Kind::Symbol | Kind::Overline(_) | Kind::Prime => true,
        Kind::Strong(_) | Kind::Weak(_) | Kind::Bar | Kind::Name => !digits,
        _ => false,
    }
}
