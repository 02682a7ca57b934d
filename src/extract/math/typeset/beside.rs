//! What stands beside a run.

use std::ops::Range;

use super::chars;
use super::lex::{Kind, Token};

/// Whether a word, code or a sign that was typed for a script touches the run, so that it is a part of that.
pub(super) fn is_glued(text: &str, tokens: &[Token], run: &Range<usize>) -> bool {
    let before: Vec<&Token> = touching(tokens[..run.start].iter().rev(), tokens[run.start].start, |token| token.end);
    let after: Vec<&Token> = touching(tokens[run.end..].iter(), tokens[run.end - 1].end, |token| token.start);
    let left = before.first().is_some_and(|token| match token.kind {
        Kind::Word | Kind::Shifted(_) => true,
        Kind::Stop => token.text(text).ends_with(|c: char| {
            c.is_alphanumeric() && !chars::is_ideograph(c) || "_^@#\\.$".contains(c) || chars::is_private(c)
        }),
        // Pairs and products as programs write them: `a:b`, `word*x`.
        Kind::Colon => token.text(text) == ":" && before.get(1).is_some_and(|token| token.ends_operand()),
        Kind::Weak('*') => before.get(1).is_some_and(|token| token.kind == Kind::Word),
        _ => false,
    });
    let right = after.first().is_some_and(|token| match token.kind {
        Kind::Word => !matches!(token.text(text), "s" | "th" | "st" | "nd" | "rd" | "es" | "er" | "te" | "ten"),
        Kind::Stop if token.text(text) == "." => after.get(1).is_some_and(|token| {
            matches!(token.kind, Kind::Word | Kind::Letters(_) | Kind::Number)
                || token.kind == Kind::Stop && token.text(text).starts_with(chars::is_private)
        }),
        Kind::Stop => {
            token.text(text).starts_with(|c: char| matches!(c, '_' | '^' | '@' | '\\') || chars::is_private(c))
        }
        Kind::Colon => token.text(text) == ":" && after.get(1).is_some_and(|token| token.starts_operand()),
        // A product with a word, or a mark: `A*`.
        Kind::Weak('*') => true,
        _ => false,
    });
    left || right || is_cut(text, &tokens[..run.start], &tokens[run.end..])
}

/// Whether an operator beside a run joins it to an identifier, or to a call in code.
fn is_cut(text: &str, before: &[Token], after: &[Token]) -> bool {
    let identifier =
        |token: &Token| token.kind == Kind::Word && token.text(text).contains(|c: char| c.is_ascii_digit() || c == '_');
    let call = |at: usize| {
        after[at].kind == Kind::Word && after.get(at + 1).is_some_and(|next| matches!(next.text(text), "(" | "_"))
    };
    let left = beyond_operators(before.iter().rev()).map(|at| &before[before.len() - 1 - at]);
    let right = beyond_operators(after.iter());
    left.is_some_and(identifier) || right.is_some_and(|at| identifier(&after[at]) || call(at))
}

/// The first two tokens that touch an offset and each other; `near` gives the end of a token that may touch.
fn touching<'t>(tokens: impl Iterator<Item = &'t Token>, mut at: usize, near: fn(&Token) -> usize) -> Vec<&'t Token> {
    let touches = |token: &&Token| {
        let touches = near(token) == at;
        at = if token.end == at { token.start } else { token.end };
        touches
    };
    tokens.take(2).take_while(touches).collect()
}

/// How many blanks and operators are looked over for what they belong to.
const OPERATORS_MAX: usize = 8;

/// Which token operators cut off from a run.
fn beyond_operators<'t>(tokens: impl Iterator<Item = &'t Token>) -> Option<usize> {
    let mut operator = false;
    for (at, token) in tokens.take(OPERATORS_MAX).enumerate() {
        match token.kind {
            Kind::Space => {}
            Kind::Strong(_) | Kind::Weak(_) | Kind::Ellipsis => operator = true,
            _ => return operator.then_some(at),
        }
    }
    None
}

/// Whether a declaration or the arguments of a call in code stand before the run.
pub(super) fn after_code(text: &str, tokens: &[Token], run: &Range<usize>) -> bool {
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
pub(super) struct Around<'t> {
    /// The word before, with a blank between.
    before: Option<&'t str>,
    /// Whether a number stands before, with a blank between.
    pub(super) after_number: bool,
    /// The word after.
    after: Option<&'t str>,
    /// Whether parentheses stand around the run, and the first of them starts the text.
    enumerated: bool,
}

impl<'t> Around<'t> {
    pub(super) fn of(text: &'t str, tokens: &[Token], run: &Range<usize>) -> Self {
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
    pub(super) fn is_label(&self, text: &str, inside: &[Token]) -> bool {
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
