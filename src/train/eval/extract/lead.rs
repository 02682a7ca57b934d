//! Answers that stand first in their sentence, before what explains them.

use super::super::expression::numerals::changes;
use super::super::expression::token::known;
use super::place::first;
use super::{VERBS, is_han};

/// Words that join what stands before them to what follows, or compute with it.
const JOINING: [&str; 17] = [
    "and",
    "or",
    "plus",
    "minus",
    "times",
    "over",
    "divided",
    "multiplied",
    "equals",
    "is",
    "are",
    "to",
    "x",
    "more",
    "less",
    "fewer",
    "percent",
];
/// Words after a comma that compute with what stands before it.
const COMPUTING: [&str; 25] = [
    "plus",
    "minus",
    "times",
    "over",
    "divided",
    "multiplied",
    "equals",
    "x",
    "more",
    "less",
    "fewer",
    "increased",
    "decreased",
    "reduced",
    "added",
    "subtracted",
    "doubled",
    "tripled",
    "halved",
    "squared",
    "add",
    "subtract",
    "take",
    "multiply",
    "divide",
];
/// Words before a number that is counted with the first.
const OF: [&str; 6] = ["of", "than", "from", "by", "per", "with"];
/// Words after which there is only a reason.
const REASONS: [&str; 8] = ["because", "since", "which", "as", "so", "where", "when", "因为"];
/// Most bytes between the value and what ends it.
const BETWEEN_MAX: usize = 120;

/// The number or formula with which a phrase begins, with the words of its unit, where what follows is an aside in
/// brackets, a comma and a word, or a reason; with `any`, also where more words and another number follow.
pub(super) fn answer(phrase: &str, any: bool) -> Option<String> {
    let named = after_name(phrase);
    let end = phrase.len() - named.len() + first(named)?.end;
    let rest = &phrase[end..];
    let mut at = 0;
    let mut words = 0;
    while let Some(c) = rest[at..].chars().next().filter(|_| at < BETWEEN_MAX) {
        let kept = || Some(phrase[..end + at].trim().to_owned());
        match c {
            '(' | '（' if is_aside(&rest[..at], &rest[at..]) => return kept(),
            ',' | '，' | ';' | '；' | '—' => {
                let after = rest[at + c.len_utf8()..].trim_start();
                let word = word(after);
                // 1, x+2 is a list.
                let names =
                    word.chars().count() == 1 && !word.starts_with(is_han) && !after[word.len()..].starts_with('.');
                // 18 apples, and 3 are left.
                let clause = after.split(' ').any(|word| VERBS.contains(&word));
                let number = after.contains(|c: char| c.is_ascii_digit());
                let goes_on = if computes(first_of(after)) { number } else { joins(word) && !clause };
                return if word.is_empty() || names || goes_on { None } else { kept() };
            }
            c if c.is_alphabetic() => {
                let word = word(&rest[at..]);
                let reason = REASONS.contains(&word.to_lowercase().as_str()) && rest[..at].ends_with(' ');
                if reason || word.starts_with("因为") {
                    return kept();
                }
                if joins(word) && (word != "x" || rest[..at].ends_with(' ')) {
                    return None;
                }
                words += 1;
                at += word.len();
            }
            c if c.is_ascii_digit() => {
                let last = rest[..at].trim_end_matches([' ', '$', '\\']);
                let spaced = words > 1 && last.len() < at && !OF.iter().any(|word| last.ends_with(word));
                return if any && spaced { kept() } else { None };
            }
            // cm^2
            '^' => {
                let exponent = |c: char| c.is_ascii_digit() || matches!(c, '{' | '}');
                at += 1 + rest[at + 1..].find(|c| !exponent(c)).unwrap_or(rest.len() - at - 1);
            }
            ' ' | '%' | '％' | '°' | '$' | '\\' | '{' | '}' | '/' | '*' | '-' | '\''
                if words > 0 || c != '/' && c != '*' && c != '-' =>
            {
                at += c.len_utf8();
            }
            _ => return None,
        }
    }
    None
}

/// What stands before the first reason of a phrase, outside formulas.
pub(super) fn before_reason(phrase: &str) -> Option<&str> {
    const CLEAR: [&str; 3] = ["because", "since", "where"];
    let mut formula = false;
    let mut before = ' ';
    for (at, c) in phrase.char_indices() {
        match c {
            '$' if before != '\\' => formula = !formula,
            '(' | '[' if before == '\\' => formula = true,
            ')' | ']' if before == '\\' => formula = false,
            _ if formula => {}
            '因' if phrase[at..].starts_with("因为") => return Some(cut(&phrase[..at])),
            ' ' | '(' | '（' | ',' => {}
            _ if matches!(before, ' ' | '(' | '（' | ',') && CLEAR.contains(&word(&phrase[at..])) => {
                return Some(cut(&phrase[..at]));
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// A text without the signs that lead over to what was cut off.
fn cut(text: &str) -> &str {
    text.trim_end_matches([' ', ',', '，', '(', '（', '.', ';', '；'])
}

/// The word that a text begins with: of Chinese all characters up to one that is none.
fn word(text: &str) -> &str {
    let han = text.starts_with(is_han);
    &text[..text.find(|c: char| !c.is_alphabetic() || is_han(c) != han).unwrap_or(text.len())]
}

fn joins(word: &str) -> bool {
    JOINING.contains(&word.to_lowercase().as_str()) || word.starts_with(['和', '或', '加', '减', '乘', '除', '且'])
}

fn computes(word: &str) -> bool {
    COMPUTING.contains(&word.to_lowercase().as_str()) || word.starts_with(['加', '减', '乘', '除'])
}

/// The first word of a clause, but for those that only join it.
fn first_of(clause: &str) -> &str {
    let mut rest = clause;
    for joiner in ["and ", "but ", "then "] {
        rest = rest.strip_prefix(joiner).unwrap_or(rest).trim_start();
    }
    word(rest)
}

/// Whether a text after a formula computes with it: `more than 2`, `thirds`.
pub(super) fn goes_on(rest: &str) -> bool {
    let rest = rest.trim_start();
    computes(word(rest)) || changes(rest.split(['.', ',']).next().unwrap_or_default())
}

/// The text after a name that it gives its value: `18` of `x = 18`.
fn after_name(text: &str) -> &str {
    let rest = text.trim_start_matches('$').trim_start_matches(|c: char| c.is_ascii_alphabetic());
    match rest.trim_start().strip_prefix('=') {
        Some(value) if (1..=3).contains(&(text.len() - rest.len())) => value.trim_start(),
        _ => text,
    }
}

/// Whether a bracket after a value says something about it, rather than being a factor of it: `18 (9 x 2)`, `10元（因为…）`.
fn is_aside(before: &str, bracket: &str) -> bool {
    let inner = &bracket[bracket.chars().next().map_or(0, char::len_utf8)..];
    let inner = &inner[..inner.find([')', '）']).unwrap_or(inner.len())];
    if inner.contains(['=', '≈']) {
        return true;
    }
    // 45（个） has its unit in brackets.
    if inner.chars().all(|c| c.is_alphabetic() || c == ' ') && before.trim().is_empty() {
        return inner.split_whitespace().count() > 1;
    }
    // What a function is of, and a factor after a variable.
    let last = before.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if known(last).is_some() || last.len() == 1 {
        return false;
    }
    let says = |word: &str| {
        word.chars().count() > 2 && known(word).is_none()
            || word.starts_with(is_han)
            || matches!(word, "or" | "as" | "in")
    };
    let words = inner.split(|c: char| !c.is_alphabetic()).any(says);
    let names = inner.replace(" x ", " ").chars().any(char::is_alphabetic);
    words || last.len() > 1 || !before.is_empty() && !names
}
