//! Whether a run is mathematics.

use std::ops::Range;

use super::chars;
use super::lex::{Kind, Token};
use super::words;

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
    if is_unit(text, inside, &around) || is_compound(text, inside, false) {
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

/// Whether a word, code or a sign that was typed for a script touches the run, so that it is a part of that.
fn is_glued(text: &str, tokens: &[Token], run: &Range<usize>) -> bool {
    let (first, last) = (&tokens[run.start], &tokens[run.end - 1]);
    let left = run.start.checked_sub(1).map(|at| &tokens[at]).is_some_and(|before| {
        let word = match before.kind {
            Kind::Word | Kind::Shifted(_) => true,
            Kind::Stop => before.text(text).ends_with(|c: char| {
                c.is_alphanumeric() && !chars::is_ideograph(c) || "_^@#\\.$".contains(c) || chars::is_private(c)
            }),
            _ => false,
        };
        word && before.end == first.start
    });
    let right = tokens.get(run.end).is_some_and(|after| {
        let word = match after.kind {
            Kind::Word => !matches!(after.text(text), "s" | "th" | "st" | "nd" | "rd" | "es" | "er" | "te" | "ten"),
            Kind::Stop => {
                after.text(text).starts_with(|c: char| matches!(c, '_' | '^' | '@' | '\\') || chars::is_private(c))
            }
            _ => false,
        };
        word && after.start == last.end
    });
    left || right
}

/// Whether a declaration or the arguments of a call in code stand before the run.
fn after_code(text: &str, tokens: &[Token], run: &Range<usize>) -> bool {
    let before = &tokens[..run.start];
    let chunk = before.iter().rev().take(60).skip_while(|token| token.kind == Kind::Space);
    let typed = chunk
        .take_while(|token| token.kind != Kind::Space)
        .any(|token| matches!(token.text(text), "_" | "*" | "&" | "@" | "[") || token.text(text).contains('\u{2023}'));
    // Between a parenthesis or comma and another: an argument, if words are among the others and a name before.
    let listed = |token: Option<&Token>| {
        token.is_some_and(|token| matches!(token.kind, Kind::Comma | Kind::Open('(' | '[') | Kind::Close(')')))
    };
    let next = tokens[run.end..].iter().find(|token| token.kind != Kind::Space);
    let previous = before.iter().rev().find(|token| token.kind != Kind::Space);
    let comma = [previous, next].into_iter().flatten().any(|token| token.kind == Kind::Comma);
    typed
        || comma && listed(previous) && listed(next) && {
            let mut depth = 0_usize;
            let open = before.iter().rev().take(60).position(|token| match token.kind {
                Kind::Close(_) => {
                    depth += 1;
                    false
                }
                Kind::Open(_) if depth == 0 => true,
                Kind::Open(_) => {
                    depth -= 1;
                    false
                }
                _ => false,
            });
            let head = open.and_then(|back| before.len().checked_sub(back + 2)).map(|at| match tokens[at].kind {
                Kind::Space => at.saturating_sub(1),
                _ => at,
            });
            head.is_some_and(|at| {
                matches!(tokens[at].kind, Kind::Word) || tokens[at].text(text).ends_with(chars::is_private)
            })
        }
}

/// The words beside a run.
struct Around<'t> {
    /// The word before, with a blank between.
    before: Option<&'t str>,
    /// Whether a number stands before, with a blank between.
    after_number: bool,
    /// The word after.
    after: Option<&'t str>,
    /// Whether parentheses stand around the run, and the first of them starts the text.
    enumerated: bool,
}

impl<'t> Around<'t> {
    fn of(text: &'t str, tokens: &[Token], run: &Range<usize>) -> Self {
        let mut back = tokens[..run.start].iter().rev();
        let spaced = back.clone().next().is_some_and(|token| token.kind == Kind::Space);
        let before = if spaced { back.nth(1) } else { back.next() };
        let after = match tokens.get(run.end) {
            Some(token) if token.kind == Kind::Space => tokens.get(run.end + 1),
            other => other,
        };
        let word = |token: Option<&Token>| token.filter(|token| token.kind == Kind::Word).map(|token| token.text(text));
        let opened = run.start.checked_sub(1).is_some_and(|at| matches!(tokens[at].kind, Kind::Open(_)));
        let first =
            tokens[..run.start].iter().filter(|token| token.kind != Kind::Space).take(2).count() == usize::from(opened);
        let closed = tokens.get(run.end).is_some_and(|token| {
            matches!(token.kind, Kind::Close(_)) || matches!(token.text(text), "." | ":" | "．" | "、") && first
        });
        Self {
            before: word(before),
            after_number: before.is_some_and(|token| token.kind == Kind::Number),
            after: word(after),
            enumerated: first && closed,
        }
    }

    /// Whether a lone letter is the label of an item or a figure, or a word of a foreign phrase.
    fn is_label(&self, text: &str, inside: &[Token]) -> bool {
        if inside.len() > 2 {
            return false;
        }
        let named = self.before.is_some_and(|word| {
            let word = word.to_ascii_lowercase();
            matches!(
                word.as_str(),
                "fig"
                    | "figs"
                    | "figure"
                    | "figures"
                    | "table"
                    | "section"
                    | "appendix"
                    | "panel"
                    | "part"
                    | "vitamin"
                    | "plan"
                    | "class"
                    | "type"
                    | "letter"
                    | "option"
                    | "item"
            )
        });
        let phrase = inside.iter().any(|token| matches!(token.text(text), "a" | "A"))
            && self.after.is_some_and(|word| {
                matches!(word, "priori" | "posteriori" | "fortiori" | "la" | "cappella" | "capella" | "contrario")
            });
        let numbered = matches!(inside, [Token { kind: Kind::Number, .. }, _]) && self.before.is_some() && named;
        self.enumerated || named || phrase || numbered
    }
}

/// Whether a run is a unit with exponents: `m²`, `m/s²`, `s⁻¹`.
fn is_unit(text: &str, inside: &[Token], around: &Around<'_>) -> bool {
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
    letters > 0 && (area || number || around.after_number || inside.len() > 2 && letters > 1)
}

/// Whether a run is a chemical formula, or what comes after the start of one: symbols of elements with numbers of atoms.
fn is_compound(text: &str, inside: &[Token], goes_on: bool) -> bool {
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
    let whole = inside_text(text, inside);
    let gas = ["H_2", "N_2", "O_2", "F_2", "O_3", "H2", "N2", "O2", "F2", "O3"].contains(&whole);
    goes_on && atoms > 0 || counted > 0 && (atoms > 1 || gas)
}

/// A run as text, with digits and signs raised and lowered.
fn shifted(text: &str, inside: &[Token]) -> Option<String> {
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

/// What speaks for mathematics.
#[derive(Default)]
struct Evidence {
    /// Scripts on what only a formula has.
    scripts: usize,
    /// Scripts that may be notes or names.
    doubtful: usize,
    /// Operators of formulas with an operand that is set as a variable, or carries a script.
    operators: usize,
    /// `f(x)`.
    applications: usize,
    fractions: usize,
    maybe: bool,
}

impl Evidence {
    fn sure(&self) -> bool {
        self.scripts > 0 || self.operators > 0 || self.applications > 0 || self.fractions > 0
    }

    fn gather(&mut self, text: &str, inside: &[Token]) {
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

fn inside_text<'t>(text: &'t str, inside: &[Token]) -> &'t str {
    match (inside.first(), inside.last()) {
        (Some(first), Some(last)) => &text[first.start..last.end],
        _ => "",
    }
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
                let ending = words::is_raised_ending(inside_text(text, script));
                letters && !ending
                    || negative
                    || number == "10" && digits && length <= 3
                    || number == "2" && digits && length == 2
            } else {
                digits && matches!(script, [only] if matches!(only.text(text), "2" | "8" | "10" | "16"))
            }
        }
        Kind::Close(_) => before.iter().any(|token| set(text, token)) || before.len() > 3 && !digits,
        Kind::Script { .. } => script_is_sure(text, &before[..before.len() - 1], raised, script) || !digits,
        Kind::Function | Kind::Prefix(_) | Kind::Symbol | Kind::Overline(_) | Kind::Prime => true,
        Kind::Strong(_) | Kind::Weak(_) | Kind::Bar | Kind::Name => !digits,
        _ => false,
    }
}
