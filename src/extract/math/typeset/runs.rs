//! Tokens → the longest runs that could be formulas.

use std::ops::Range;

use super::chars;
use super::lex::{Kind, Token};

/// How many tokens before and after a comma are searched for dots, or after a colon for an arrow.
const LOOK: usize = 8;

/// Runs of tokens without words, unmatched brackets, or commas and blanks at which prose goes on; edges trimmed.
#[expect(clippy::match_same_arms, clippy::needless_range_loop, reason = "each kind has its own reason")]
pub(super) fn runs(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mates = mates(tokens);
    let mut runs = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    for at in 0..=tokens.len() {
        let Some(token) = tokens.get(at) else {
            add(&mut runs, text, tokens, from..at);
            break;
        };
        let cut = match token.kind {
            Kind::Stop | Kind::Shifted(_) | Kind::Word => true,
            // A formula that the page marks stands for itself.
            Kind::Container { .. } => {
                add(&mut runs, text, tokens, from..at);
                runs.push(at..at + 1);
                from = at + 1;
                continue;
            }
            Kind::Open(_) if mates[at].is_some() => {
                depth += 1;
                false
            }
            Kind::Close(_) if mates[at].is_some() => {
                depth = depth.saturating_sub(1);
                false
            }
            Kind::Open(_) | Kind::Close(_) => true,
            Kind::Comma => depth == 0 && !near_dots(tokens, at) && !is_decimal(tokens, at),
            Kind::Colon => depth == 0 && !arrow_after(tokens, at),
            Kind::Space => depth == 0 && !joins(text, tokens, from, at),
            _ => false,
        };
        if cut {
            add(&mut runs, text, tokens, from..at);
            from = at + 1;
        }
    }
    runs
}

/// For each bracket its partner, where nothing but mathematics is between them.
fn mates(tokens: &[Token]) -> Vec<Option<usize>> {
    let mut mates = vec![None; tokens.len()];
    let mut open: Vec<(usize, char)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Stop | Kind::Shifted(_) | Kind::Word | Kind::Container { .. } => open.clear(),
            Kind::Open(c) => open.push((at, c)),
            Kind::Close(c) => match open.pop() {
                Some((from, opener)) if chars::closes(opener, c) => {
                    mates[from] = Some(at);
                    mates[at] = Some(from);
                }
                Some(_) => open.clear(),
                None => {}
            },
            _ => {}
        }
    }
    mates
}

/// Whether a comma belongs to a list with dots in it: `1, 2, …, n`.
fn near_dots(tokens: &[Token], at: usize) -> bool {
    let dots = |token: &Token| matches!(token.kind, Kind::Ellipsis);
    let word = |token: &&Token| !matches!(token.kind, Kind::Word | Kind::Stop);
    tokens[at + 1..].iter().take(LOOK).take_while(word).any(dots)
        || tokens[..at].iter().rev().take(LOOK).take_while(word).any(dots)
}

/// Whether a comma stands between digits without a blank.
fn is_decimal(tokens: &[Token], at: usize) -> bool {
    let number = |at: Option<usize>| at.and_then(|at| tokens.get(at)).is_some_and(|token| token.kind == Kind::Number);
    number(at.checked_sub(1)) && number(Some(at + 1))
}

/// Whether a colon introduces a map: `f: A → B`.
fn arrow_after(tokens: &[Token], at: usize) -> bool {
    let word = |token: &&Token| !matches!(token.kind, Kind::Word | Kind::Stop);
    tokens[at + 1..].iter().take(LOOK).take_while(word).any(|token| matches!(token.kind, Kind::Weak('→' | '↦')))
}

/// Whether a formula goes on after a blank.
fn joins(text: &str, tokens: &[Token], from: usize, at: usize) -> bool {
    let Some(left) = at.checked_sub(1).filter(|left| *left >= from).map(|left| &tokens[left]) else { return true };
    let Some(right) = tokens.get(at + 1) else { return true };
    if matches!(left.kind, Kind::Weak('-' | '–')) || matches!(right.kind, Kind::Weak('-' | '–')) {
        return dash_joins(text, tokens, from, at);
    }
    if !left.ends_operand() || !right.starts_operand() {
        return true;
    }
    if matches!(right.kind, Kind::Function | Kind::Prefix(_)) {
        return is_mathematical(text, left);
    }
    if matches!(left.kind, Kind::Ellipsis) || matches!(right.kind, Kind::Ellipsis) {
        return true;
    }
    // Two operands with a blank between: a product only where an operator holds it on the outside.
    let mathematical = is_mathematical(text, left) && is_mathematical(text, right);
    let scripted = matches!(left.kind, Kind::Script { .. })
        && matches!(tokens[operand_end(tokens, at + 1) - 1].kind, Kind::Script { .. });
    let held_left = held_left(text, tokens, from, at);
    let held_right = held_right(text, tokens, at);
    if matches!(right.kind, Kind::Open(_)) {
        let modulus = tokens.get(at + 2).is_some_and(|next| next.kind == Kind::Function && next.text(text) == "mod");
        return modulus && is_mathematical(text, left);
    }
    mathematical && (held_left || held_right || scripted)
}

/// How many operands side by side are looked over for an operator.
const OPERANDS_MAX: usize = 6;

/// Whether an operator stands before the operands that end at a blank.
fn held_left(text: &str, tokens: &[Token], from: usize, mut at: usize) -> bool {
    for _ in 0..OPERANDS_MAX {
        let Some(before) = operand_start(tokens, from, at).checked_sub(1).filter(|before| *before >= from) else {
            return false;
        };
        let before = match tokens[before].kind {
            Kind::Space if before > from => before - 1,
            _ => before,
        };
        match &tokens[before].kind {
            Kind::Strong(_) | Kind::Weak(_) | Kind::Open(_) | Kind::Function | Kind::Prefix(_) => return true,
            _ if is_mathematical(text, &tokens[before]) && before + 1 < at => at = before + 1,
            _ => return false,
        }
    }
    false
}

/// Whether an operator stands after the operands that start after a blank.
fn held_right(text: &str, tokens: &[Token], mut at: usize) -> bool {
    for _ in 0..OPERANDS_MAX {
        if !tokens.get(at + 1).is_some_and(|next| is_mathematical(text, next)) {
            return false;
        }
        let after = operand_end(tokens, at + 1);
        match tokens.get(after) {
            Some(token) if token.is_operator() => return true,
            Some(token) if token.kind == Kind::Space => {
                if tokens.get(after + 1).is_some_and(Token::is_operator) {
                    return true;
                }
                at = after;
            }
            _ => return false,
        }
    }
    false
}

/// A dash with blanks around it is a minus between two operands that are nothing but mathematics.
fn dash_joins(text: &str, tokens: &[Token], from: usize, at: usize) -> bool {
    let dash = if matches!(tokens[at - 1].kind, Kind::Weak(_)) { at - 1 } else { at + 1 };
    let before = match dash.checked_sub(1) {
        Some(before) if matches!(tokens[before].kind, Kind::Space) => before.checked_sub(1),
        before => before,
    };
    let after =
        if tokens.get(dash + 1).is_some_and(|token| matches!(token.kind, Kind::Space)) { dash + 2 } else { dash + 1 };
    let (Some(before), Some(next)) = (before.filter(|before| *before >= from), tokens.get(after)) else {
        // A sign at the start of the run.
        return before.is_none_or(|before| before < from);
    };
    let starts = matches!(next.kind, Kind::Function | Kind::Open(_) | Kind::Prefix(_) | Kind::Fraction { .. });
    let operand = starts || is_mathematical(text, next);
    // A sign: after another operator, or with a blank on one side only.
    if tokens[before].is_operator() && !matches!(tokens[before].kind, Kind::Weak('-' | '–')) {
        return operand;
    }
    if before + 1 < dash && after == dash + 1 && matches!(next.kind, Kind::Number) {
        let letter = matches!(tokens[before].kind, Kind::Letters(_) | Kind::Script { .. });
        return letter && is_mathematical(text, &tokens[before]);
    }
    let ends = {
        let end = operand_end(tokens, after);
        let beyond = match tokens.get(end) {
            Some(token) if matches!(token.kind, Kind::Space) => tokens.get(end + 1),
            other => other,
        };
        beyond.is_none_or(|token| !matches!(token.kind, Kind::Word))
    };
    let left = is_mathematical(text, &tokens[before]) || matches!(tokens[before].kind, Kind::Close(_));
    left && (starts || is_mathematical(text, next) && (ends || !matches!(next.kind, Kind::Number)))
}

/// How far back the opening of a bracket is looked for.
const BRACKET_TOKENS_MAX: usize = 16;

/// The first token of the operand that ends before a blank: brackets that stand right at it belong to it.
fn operand_start(tokens: &[Token], from: usize, at: usize) -> usize {
    let mut start = at;
    while start > from && tokens[start - 1].ends_operand() {
        start = match tokens[start - 1].kind {
            Kind::Close(_) => match opening(&tokens[from..start]) {
                Some(open) => from + open,
                None => break,
            },
            _ => start - 1,
        };
    }
    start
}

/// The bracket that the last token closes.
fn opening(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for at in (tokens.len().saturating_sub(BRACKET_TOKENS_MAX)..tokens.len()).rev() {
        match tokens[at].kind {
            Kind::Close(_) => depth += 1,
            Kind::Open(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The token after the operand that starts at a token.
fn operand_end(tokens: &[Token], at: usize) -> usize {
    let mut end = at;
    while tokens.get(end).is_some_and(|token| token.ends_operand() || matches!(token.kind, Kind::Prefix(_))) {
        end += 1;
    }
    end
}

/// Whether an operand is set or written as only mathematics is.
pub(super) fn is_mathematical(text: &str, token: &Token) -> bool {
    match &token.kind {
        Kind::Letters(face) => face.italic || token.text(text).chars().all(chars::is_greek),
        Kind::Number
        | Kind::Symbol
        | Kind::Script { .. }
        | Kind::Fraction { .. }
        | Kind::Overline(_)
        | Kind::Prime
        | Kind::Close(_)
        | Kind::Ellipsis
        | Kind::Function
        | Kind::Name
        | Kind::Prefix(_) => true,
        _ => false,
    }
}

/// Adds a run without what hangs over its edges.
fn add(runs: &mut Vec<Range<usize>>, text: &str, tokens: &[Token], mut run: Range<usize>) {
    loop {
        let before = run.clone();
        while run.start < run.end && hangs_at_start(tokens, run.clone()) {
            run.start += 1;
        }
        while run.start < run.end && hangs_at_end(text, tokens, run.clone()) {
            run.end -= 1;
        }
        unwrap(tokens, &mut run);
        if run == before {
            break;
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
}

#[expect(clippy::match_same_arms, reason = "each kind has its own reason")]
fn hangs_at_start(tokens: &[Token], run: Range<usize>) -> bool {
    let token = &tokens[run.start];
    let touches_next = run.len() > 1 && !matches!(tokens[run.start + 1].kind, Kind::Space);
    let free = run.start.checked_sub(1).is_none_or(|before| {
        matches!(tokens[before].kind, Kind::Space | Kind::Open(_) | Kind::Comma)
            || tokens[before].kind == Kind::Stop && tokens[before].end - tokens[before].start > 2
    });
    match token.kind {
        Kind::Strong('+' | '±' | '∓') | Kind::Weak('-' | '−' | '–') => !(touches_next && free),
        Kind::Prefix('∴' | '∵') => true,
        Kind::Space
        | Kind::Strong(_)
        | Kind::Weak(_)
        | Kind::Comma
        | Kind::Colon
        | Kind::Prime
        | Kind::Postfix
        | Kind::Ellipsis
        | Kind::Script { .. } => true,
        _ => false,
    }
}

fn hangs_at_end(text: &str, tokens: &[Token], run: Range<usize>) -> bool {
    let token = &tokens[run.end - 1];
    let next = tokens.get(run.end);
    match token.kind {
        Kind::Space
        | Kind::Strong(_)
        | Kind::Weak(_)
        | Kind::Comma
        | Kind::Colon
        | Kind::Function
        | Kind::Name
        | Kind::Prefix(_) => true,
        // The article of what follows: `= a number`.
        Kind::Letters(face) => {
            !face.italic
                && matches!(token.text(text), "a" | "A" | "I")
                && next.is_some_and(|next| matches!(next.kind, Kind::Space))
                && tokens.get(run.end + 1).is_some_and(|word| matches!(word.kind, Kind::Word))
        }
        // Dots that go on with something else.
        Kind::Ellipsis => {
            run.len() > 2 && matches!(tokens[run.end - 2].kind, Kind::Space) && tokens[run.end - 3].ends_operand()
        }
        Kind::Bar => run.clone().filter(|at| matches!(tokens[*at].kind, Kind::Bar)).count() % 2 == 1,
        _ => false,
    }
}

/// Takes off parentheses around a whole run that belong to the sentence: there is a relation inside.
fn unwrap(tokens: &[Token], run: &mut Range<usize>) {
    let [first, .., last] = &tokens[run.clone()] else { return };
    let (Kind::Open(open @ ('(' | '（' | '[')), Kind::Close(_)) = (&first.kind, &last.kind) else { return };
    let mut depth = 0_usize;
    let mut prose = *open == '（';
    for token in &tokens[run.start..run.end - 1] {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            Kind::Strong(c) | Kind::Weak(c) if depth == 1 => prose |= chars::is_relation(c),
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
    // A variable alone between parentheses is one too.
    if prose || run.len() == 3 {
        *run = run.start + 1..run.end - 1;
    }
}
