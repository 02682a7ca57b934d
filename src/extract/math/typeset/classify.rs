//! Letters → variables, functions or words; raised and lowered text → scripts or notes.

use super::chars;
use super::lex::{Face, Kind, Token};
use super::words;

/// Longest name in a script: `max`, `total`.
const UPRIGHT_BYTES_MAX: usize = 7;
/// Longest name before its argument: `area(T)`.
const NAME_BYTES_MAX: usize = 8;

/// Tells variables, functions and words apart.
pub(super) fn words(text: &str, tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        let end = stretch(tokens, at);
        if end > at {
            if end - at == 1 {
                single(text, tokens, at);
            } else {
                mixed(text, tokens, at, end);
            }
            at = end;
        } else {
            match &mut tokens[at].kind {
                Kind::Script { inside, .. } | Kind::Overline(inside) | Kind::Container { inside, .. } => {
                    inner(text, inside);
                }
                Kind::Fraction { over, under } => {
                    inner(text, over);
                    inner(text, under);
                }
                _ => {}
            }
            at += 1;
        }
    }
    identifiers(tokens);
    primes(tokens);
    calls(tokens);
}

/// The end of the letters that start at a token with nothing between them.
fn stretch(tokens: &[Token], at: usize) -> usize {
    let letters = |token: &Token| matches!(token.kind, Kind::Letters(_) | Kind::Word);
    let mut end = at;
    while tokens.get(end).is_some_and(letters) && (end == at || tokens[end - 1].end == tokens[end].start) {
        end += 1;
    }
    end
}

/// Letters inside a script or a formula that the page marks: several upright ones are a name.
fn inner(text: &str, tokens: &mut [Token]) {
    for token in tokens {
        match &mut token.kind {
            Kind::Letters(face) => {
                let (face, word) = (*face, &text[token.start..token.end]);
                if words::is_function(word) {
                    token.kind = Kind::Function;
                } else if !face.italic && word.chars().count() > 1 && word.is_ascii() && !is_points(word) {
                    token.kind = Kind::Upright;
                }
            }
            Kind::Script { inside, .. } | Kind::Overline(inside) | Kind::Container { inside, .. } => {
                inner(text, inside);
            }
            Kind::Fraction { over, under } => {
                inner(text, over);
                inner(text, under);
            }
            _ => {}
        }
    }
}

/// Capital letters side by side: matrices, points.
fn is_points(word: &str) -> bool {
    word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A stretch of letters in one style.
fn single(text: &str, tokens: &mut [Token], at: usize) {
    let Kind::Letters(face) = tokens[at].kind else { return };
    let word = tokens[at].text(text);
    let count = word.chars().count();
    tokens[at].kind = if count == 1 && chars::role(word.chars().next().unwrap_or(' ')) == chars::Role::Letter {
        return;
    } else if words::is_function(word) {
        Kind::Function
    } else if is_product(text, tokens, at, face, count) {
        return;
    } else {
        Kind::Word
    };
}

/// Whether several letters are a product of variables: in italics, or where a formula touches them.
fn is_product(text: &str, tokens: &[Token], at: usize, face: Face, count: usize) -> bool {
    let word = tokens[at].text(text);
    let upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
    if !word.is_ascii() || words::is_prose(word) || count > if upper { 4 } else { 3 } {
        return false;
    }
    if face.italic {
        // `Var`, `Cov`, `Tom` are words; `AB`, `xy`, `dx` are not.
        return upper || count == 2 || word.bytes().all(|byte| byte.is_ascii_lowercase()) && touches(text, tokens, at);
    }
    count == 2
        && !words::is_unit(word)
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
        && (touches(text, tokens, at) || between(tokens, at))
}

/// Whether a number, a script or an operator stands right at the letters.
fn touches(text: &str, tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let after = tokens.get(at + 1);
    let number = before.is_some_and(|token| matches!(token.kind, Kind::Number));
    let script = after.is_some_and(|token| match &token.kind {
        Kind::Script { raised, inside } => !is_note(text, *raised, inside),
        _ => false,
    });
    let operator = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Strong(_)));
    let word = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Weak(_)));
    number || script || (operator(before) || operator(after)) && !word(before) && !word(after)
}

/// Whether an operator is the next thing on one side, and no word on the other.
fn between(tokens: &[Token], at: usize) -> bool {
    let beyond_space = |step: &dyn Fn(usize) -> Option<usize>| {
        let next = step(at)?;
        match tokens.get(next)?.kind {
            Kind::Space => tokens.get(step(next)?),
            _ => tokens.get(next),
        }
    };
    let before = beyond_space(&|at| at.checked_sub(1));
    let after = beyond_space(&|at| Some(at + 1));
    let strong = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Strong(_)));
    let prose = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Letters(_)));
    strong(before) && !prose(after) || strong(after) && !prose(before)
}

/// A stretch of letters in several styles: `sin<i>x</i>`, `d<i>x</i>`; or a word with a letter set apart.
fn mixed(text: &str, tokens: &mut [Token], at: usize, end: usize) {
    let piece = |token: &Token| {
        let word = token.text(text);
        match token.kind {
            Kind::Letters(face) if word.chars().count() == 1 => Some(face.italic),
            Kind::Letters(face) if face.italic && word.len() == 2 && !words::is_prose(word) => Some(true),
            Kind::Letters(_) if words::is_function(word) => Some(false),
            _ => None,
        }
    };
    let pieces: Vec<Option<bool>> = tokens[at..end].iter().map(piece).collect();
    // A plural or an ordinal of a variable: `<i>n</i>s`, `<i>n</i>th`.
    let last = tokens[end - 1].text(text);
    if pieces.len() == 2
        && pieces[0] == Some(true)
        && matches!(last, "s" | "th" | "st" | "nd" | "rd" | "es" | "er" | "te" | "ten")
    {
        tokens[end - 1].kind = Kind::Word;
        return;
    }
    if end - at > 8 || pieces.iter().any(Option::is_none) || !pieces.contains(&Some(true)) {
        tokens[at..end].iter_mut().for_each(|token| token.kind = Kind::Word);
        return;
    }
    for token in &mut tokens[at..end] {
        if words::is_function(token.text(text)) {
            token.kind = Kind::Function;
        }
    }
}

/// Letters with a number right after them are names: `x2`, `utf8`.
fn identifiers(tokens: &mut [Token]) {
    for at in 1..tokens.len() {
        let (before, after) = tokens.split_at_mut(at);
        let (letters, number) = (&mut before[at - 1], &mut after[0]);
        let named = matches!(letters.kind, Kind::Letters(_) | Kind::Word) && matches!(number.kind, Kind::Number);
        if named && letters.end == number.start {
            letters.kind = Kind::Word;
            number.kind = Kind::Word;
        }
    }
}

/// A prime after a number is that of feet, minutes or the end of a strand, but for degrees before the number.
fn primes(tokens: &mut [Token]) {
    for at in 1..tokens.len() {
        let angle = at.checked_sub(2).is_some_and(|degrees| tokens[degrees].kind == Kind::Postfix);
        if tokens[at].kind == Kind::Prime && tokens[at - 1].kind == Kind::Number && !angle {
            tokens[at].kind = Kind::Stop;
        }
    }
}

/// A word right before a parenthesis is a name where nothing but mathematics is inside, else a call in code: then
/// what is inside is text too.
fn calls(tokens: &mut [Token]) {
    let mut at = 0;
    while at + 1 < tokens.len() {
        let call = matches!(tokens[at].kind, Kind::Word)
            && matches!(tokens[at + 1].kind, Kind::Open('('))
            && tokens[at].end == tokens[at + 1].start;
        if !call {
            at += 1;
            continue;
        }
        let mut depth = 0_usize;
        let mut code = tokens[at].end - tokens[at].start > NAME_BYTES_MAX;
        let close = (at + 1..tokens.len().min(at + 200)).find(|inner| {
            match tokens[*inner].kind {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth = depth.saturating_sub(1),
                Kind::Word | Kind::Stop | Kind::Strong('=') => code = true,
                _ => {}
            }
            depth == 0
        });
        let Some(close) = close else {
            at += 1;
            continue;
        };
        if code || close == at + 2 {
            tokens[at + 1..=close].iter_mut().for_each(|token| token.kind = Kind::Stop);
        } else {
            tokens[at].kind = Kind::Name;
        }
        at = close + 1;
    }
}

/// Tells exponents and indices from the raised and lowered text of prose; the latter become stops.
pub(super) fn scripts(text: &str, tokens: &mut Vec<Token>) {
    typed(text, tokens);
    for at in 0..tokens.len() {
        let Kind::Script { raised, inside } = &tokens[at].kind else { continue };
        let base = at.checked_sub(1).map(|base| &tokens[base]).filter(|base| base.end == tokens[at].start);
        if base.is_some_and(|base| carries(text, base, *raised, inside)) {
            continue;
        }
        let next = tokens.get(at + 1).filter(|next| next.start == tokens[at].end);
        let shifted = is_shifted(text, base, next, *raised).then(|| {
            let digits = content(text, inside).chars().filter(|c| !c.is_whitespace());
            digits.map(|c| words::shifted(c, *raised)).collect::<Option<String>>()
        });
        tokens[at].kind = shifted.flatten().map_or(Kind::Stop, Kind::Shifted);
    }
}

/// Whether digits are raised or lowered because of a unit, a compound or an isotope.
fn is_shifted(text: &str, base: Option<&Token>, next: Option<&Token>, raised: bool) -> bool {
    match base.map(|base| &base.kind) {
        Some(Kind::Word | Kind::Function) => base.is_some_and(|base| {
            let word = base.text(text);
            raised && words::is_unit(word) || words::is_compound(word)
        }),
        Some(Kind::Shifted(_)) => true,
        None | Some(Kind::Space | Kind::Open(_)) => {
            let element = |next: &Token| {
                matches!(next.kind, Kind::Letters(_) | Kind::Word) && words::is_compound(next.text(text))
            };
            raised && next.is_some_and(element)
        }
        _ => false,
    }
}

/// `^` that was typed before one number or letter.
fn typed(text: &str, tokens: &mut Vec<Token>) {
    let mut at = 1;
    while at + 1 < tokens.len() {
        if let Kind::Weak('_') = tokens[at].kind {
            // An identifier.
            tokens[at].kind = Kind::Stop;
        } else if let Kind::Weak('^') = tokens[at].kind {
            let (base, script) = (&tokens[at - 1], &tokens[at + 1]);
            let touching = base.end == tokens[at].start && tokens[at].end == script.start;
            let letter = matches!(script.kind, Kind::Letters(_)) && script.text(text).chars().count() == 1;
            if touching && base.ends_operand() && (letter || matches!(script.kind, Kind::Number)) {
                let inside = vec![script.clone()];
                let (start, end) = (tokens[at].start, script.end);
                tokens.splice(at..at + 2, [Token { kind: Kind::Script { raised: true, inside }, start, end }]);
            } else {
                tokens[at].kind = Kind::Stop;
            }
        }
        at += 1;
    }
}

/// Whether a base can carry a script with this content.
fn carries(text: &str, base: &Token, raised: bool, inside: &[Token]) -> bool {
    let script = content(text, inside);
    if script.is_empty() || is_note(text, raised, inside) {
        return false;
    }
    let plain = inside.iter().all(|token| !matches!(token.kind, Kind::Letters(Face { italic: true, .. })));
    match &base.kind {
        Kind::Letters(face) => {
            let base_text = base.text(text);
            let single = base_text.chars().count() == 1;
            // N° and the like.
            !(raised && plain && !face.italic && words::is_raised_ending(script) && script != "T")
                && !(raised && single && plain && script.len() > 1 && words::is_raised_ending(script))
        }
        Kind::Number => {
            let ending = raised && plain && script.len() > 1 && words::is_raised_ending(script);
            !(ending || script.starts_with(['\'', '′', '’', '″']))
        }
        Kind::Symbol
        | Kind::Prefix(_)
        | Kind::Function
        | Kind::Close(_)
        | Kind::Bar
        | Kind::Prime
        | Kind::Script { .. }
        | Kind::Overline(_)
        | Kind::Name
        | Kind::Postfix
        | Kind::Container { .. } => true,
        Kind::Strong(_) | Kind::Weak(_) => !raised || script.chars().any(char::is_alphabetic),
        _ => false,
    }
}

fn content<'t>(text: &'t str, inside: &[Token]) -> &'t str {
    match (inside.first(), inside.last()) {
        (Some(first), Some(last)) => text[first.start..last.end].trim(),
        _ => "",
    }
}

/// Whether raised or lowered text is a note, a citation or a mark rather than an exponent or index.
fn is_note(text: &str, raised: bool, inside: &[Token]) -> bool {
    let script = content(text, inside);
    let foreign = inside.iter().any(|token| match token.kind {
        Kind::Word | Kind::Stop => true,
        Kind::Upright => {
            raised && !matches!(token.text(text), "op" | "new" | "old") || {
                token.end - token.start > UPRIGHT_BYTES_MAX
            }
        }
        _ => false,
    });
    let numbers = |list: &str| list.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-' | '–'));
    let list = raised && numbers(script) && script.contains([',', '–']);
    let bracketed = raised && script.starts_with('[') && numbers(script.trim_matches(['[', ']']));
    let mark = raised && matches!(script, "®" | "™" | "©" | "SM" | "TM" | "'" | "!");
    foreign || list || bracketed || mark || script.len() > 200
}
