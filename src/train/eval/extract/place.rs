//! Formulas and numbers in a text, by where they stand.

use super::super::expression::node::{Function, Node};
use super::super::expression::numerals::multiplier;
use super::super::expression::readings;
use super::super::expression::units::Unit;

/// Longest formula, in bytes.
const FORMULA_MAX: usize = 1000;
/// Most bytes of signs before what a phrase begins with.
const SIGNS_MAX: usize = 8;
/// Longest number that Chinese words may go on with, in bytes.
const WRITTEN_MAX: usize = 40;
/// Candidates that are looked at, from the end.
const CANDIDATES_MAX: usize = 40;

/// A formula or a number: where it stands, and its text.
#[derive(Debug)]
pub(super) struct Candidate {
    pub start: usize,
    pub end: usize,
    text: String,
    formula: bool,
}

/// The last formula or number that is more than a name.
pub(super) fn last(text: &str) -> Option<String> {
    let candidates = candidates(text);
    let tail = || candidates.iter().rev().take(CANDIDATES_MAX);
    let chosen = tail().find(|candidate| !candidate.formula || is_value(&candidate.text)).or_else(|| tail().next())?;
    Some(chosen.text.clone())
}

/// The first formula of a sentence that announces an answer, with those that an "and" joins to it; none where a number
/// follows the last one.
pub(super) fn first_formula(text: &str) -> Option<String> {
    let candidates = candidates(text);
    if candidates.last().is_some_and(|last| !last.formula) {
        return None;
    }
    let formulas: Vec<&Candidate> = candidates.iter().filter(|c| c.formula && is_value(&c.text)).collect();
    let first = formulas.first()?;
    let mut out = first.text.clone();
    let mut end = first.end;
    for next in &formulas[1..] {
        let between = text.get(end..next.start)?.trim().trim_matches(',').trim();
        if !matches!(between, "" | "and" | "or" | "和" | "或" | "、") {
            break;
        }
        out.push_str(", ");
        out.push_str(&next.text);
        end = next.end;
    }
    Some(out)
}

/// Whether a formula says a value, rather than only naming what is asked for.
fn is_value(formula: &str) -> bool {
    match readings(formula).first() {
        None => formula.chars().any(|c| c.is_ascii_digit()),
        Some(Node::Symbol(_) | Node::Text(_)) => false,
        Some(Node::Product(items)) => !items.iter().all(|item| matches!(item, Node::Symbol(_))),
        Some(_) => true,
    }
}

/// Whether a formula is a function of something, and no more: it may be what is asked for.
fn is_applied(formula: &str) -> bool {
    matches!(readings(formula).first(), Some(Node::Call(Function::Named(_), _)))
}

/// The length of the formula in delimiters with which a text begins.
pub(super) fn formula_length(text: &str) -> Option<usize> {
    formula(text).map(|(length, _)| length)
}

/// Whether a text is a formula in delimiters that only names what is asked for.
pub(super) fn is_name(text: &str) -> bool {
    formula(text).is_some_and(|(length, content)| {
        length == text.len() && matches!(readings(content).first(), Some(Node::Symbol(_)))
    })
}

/// The formula or number that begins at one of the first few characters, where nothing but signs stands before it.
pub(super) fn first(text: &str) -> Option<Candidate> {
    let signs = text.len() - text.trim_start_matches(['$', '\\', '*', ' ', '约', '￥', '¥', '€', '£']).len();
    for at in (0..=signs.min(SIGNS_MAX)).filter(|at| text.is_char_boundary(*at)) {
        if let Some((length, content)) =
            formula(&text[at..]).filter(|(_, content)| is_value(content) && !is_applied(content))
        {
            return Some(Candidate { start: at, end: at + length, text: content.trim().to_owned(), formula: true });
        }
        if let Some(length) = number(text, at) {
            return Some(Candidate {
                start: at,
                end: at + length,
                text: text[at..at + length].to_owned(),
                formula: false,
            });
        }
    }
    None
}

/// All formulas, and the numbers outside them, in order.
fn candidates(text: &str) -> Vec<Candidate> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some((length, content)) = formula(&text[at..]) {
            let end = at + length;
            let mut formula = content.trim().to_owned();
            if !formula.is_empty() {
                if let Some(unit) = percent(&text[end..]) {
                    formula.push_str(unit);
                }
                out.push(Candidate { start: at, end, text: formula, formula: true });
            }
            at = end;
        } else if let Some(length) = number(text, at) {
            let end = at + length;
            let mut digits = text[at..end].to_owned();
            if let Some(unit) = percent(&text[end..]) {
                digits.push_str(unit);
            } else {
                digits.push_str(multiplier(&text[end..]));
            }
            let amount = out.last().and_then(|last| smaller_unit(&text[last.end..at], &text[end..]));
            if let (Some(unit), Some(last)) = (amount, out.last_mut().filter(|last| !last.formula)) {
                // 3元5角 is one amount.
                last.text.push_str(&text[last.end..end + unit]);
                last.end = end + unit;
                at = end + unit;
                continue;
            }
            let start = with_words(&text[..at], out.last().filter(|last| !last.formula)).unwrap_or(at);
            digits.insert_str(0, &text[start..at]);
            while out.last().is_some_and(|last| last.end > start) {
                out.pop();
            }
            out.push(Candidate { start, end, text: digits, formula: false });
            at = end;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    out
}

/// Where a number begins that has Chinese words before its digits, given the one before: `负5`, `3分之2`, `5又2分之1`.
fn with_words(before: &str, last: Option<&Candidate>) -> Option<usize> {
    let words = ["零下", "负", "百分之"].iter().find_map(|words| before.strip_suffix(words));
    if let Some(head) = words.filter(|head| !head.ends_with('正')) {
        return Some(head.len());
    }
    let joined = ["分之", "又"].iter().find_map(|words| before.strip_suffix(words))?;
    last.filter(|last| last.end == joined.len() && last.text.len() <= WRITTEN_MAX).map(|last| last.start)
}

/// The length of the unit after a number, where it is a smaller one of the same quantity as that between it and the
/// number before.
fn smaller_unit(between: &str, after: &str) -> Option<usize> {
    let unit = Unit::of(between);
    let Unit::Known(quantity, ..) = &unit else { return None };
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9FFF}');
    let han = after.find(|c| !is_han(c)).unwrap_or(after.len());
    let ends = after[..han].char_indices().map(|(at, c)| at + c.len_utf8()).take(3);
    let same = |end: &usize| matches!(Unit::of(&after[..*end]), Unit::Known(other, _, factor) if other == *quantity && unit.is_larger(&factor));
    ends.filter(same).last().filter(|_| between.chars().all(is_han))
}

/// A formula in delimiters that begins here: its whole length, its content.
fn formula(text: &str) -> Option<(usize, &str)> {
    for (open, close) in [("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)")] {
        if let Some(rest) = text.strip_prefix(open) {
            let end = within(rest).find(close)?;
            return Some((open.len() + end + close.len(), &rest[..end]));
        }
    }
    let rest = text.strip_prefix('$')?;
    let window = within(rest);
    let mut from = 0;
    let end = loop {
        let end = from + window[from..].find('$')?;
        // \$ is money.
        if !window[..end].ends_with('\\') {
            break end;
        }
        from = end + 1;
    };
    let content = &rest[..end];
    if content.contains('\n') && content.trim().contains("\n\n") {
        return None;
    }
    // $5 and $7: what begins with a digit and has words, or ends right before a digit, is no formula.
    let money = content.starts_with(|c: char| c.is_ascii_digit())
        && (rest[end + 1..].starts_with(|c: char| c.is_ascii_digit()) || has_words(content));
    (!money).then_some((end + 2, content))
}

/// The part of a text in which a formula must end.
fn within(text: &str) -> &str {
    let end = (0..=FORMULA_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

fn has_words(content: &str) -> bool {
    content.split_whitespace().any(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_alphabetic()))
        && !content.contains('\\')
}

/// A sign of percent that follows, past the end of a formula.
fn percent(rest: &str) -> Option<&'static str> {
    let rest = rest.trim_start_matches([' ', '$', '\\']);
    ["%", "％", "percent", "pct"].iter().any(|name| rest.starts_with(name)).then_some("\\%")
}

/// The length of a number that begins at `at`, with sign, separators, a fraction: `-1,234.5`, `3/4`, `5 1/2`,
/// `1 000`.
fn number(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\\')) {
        return None;
    }
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut end = at;
    // A minus that is no hyphen, dash or subtraction.
    if bytes.get(at) == Some(&b'-') {
        let sign = before
            .is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '{' | '=' | ':' | '：' | '*' | '$' | '，'))
            || before.is_some_and(|c| !c.is_ascii());
        if !sign {
            return None;
        }
        end += 1;
        if bytes.get(end) == Some(&b'$') {
            end += 1;
        }
    }
    let point = bytes.get(end) == Some(&b'.') && digit(end + 1);
    if !digit(end) && !point {
        return None;
    }
    let digits = |mut end: usize| {
        while digit(end) {
            end += 1;
        }
        end
    };
    end = digits(end);
    if let Some(length) = fraction_after(&text[end..]) {
        return Some(end + length - at);
    }
    // A time or a ratio: 3:30, 2:3.
    let mut parts = 0;
    while bytes.get(end) == Some(&b':') && digit(end + 1) && parts < 8 {
        end = digits(end + 1);
        parts += 1;
    }
    if parts > 0 {
        return Some(end - at);
    }
    while matches!(bytes.get(end), Some(b',' | b' ')) && (1..=3).all(|i| digit(end + i)) && !digit(end + 4) {
        end += 4;
    }
    // A comma for a point: 2,74.
    if bytes.get(end) == Some(&b',') && digit(end + 1) {
        let more = digits(end + 1);
        if bytes.get(more) != Some(&b',') {
            end = more;
        }
    }
    if bytes.get(end) == Some(&b'.') && digit(end + 1) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digit(end + 1 + sign) {
            end = digits(end + 1 + sign);
        }
    }
    let slash = text[end..].strip_prefix('/').or_else(|| text[end..].strip_prefix(" / "));
    if let Some(rest) = slash {
        let start = text.len() - rest.len();
        if digit(start) {
            end = digits(start);
        }
    }
    Some(end - at)
}

/// The length of a blank and a proper fraction that follow a whole number: ` 1/2`.
fn fraction_after(rest: &str) -> Option<usize> {
    let run = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let above = rest.strip_prefix(' ').filter(|above| !above.starts_with('0'))?;
    let (above, rest_below) = above.split_at(run(above));
    let below = rest_below.strip_prefix('/')?;
    let (below, after) = below.split_at(run(below));
    // 1/2/2020 and 1/2.5 are no fractions.
    let number = |text: &str| text.parse::<u32>().ok();
    let decimal = after.strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    let proper = number(above)? < number(below)? && !after.starts_with('/') && !decimal;
    proper.then_some(1 + above.len() + 1 + below.len())
}
