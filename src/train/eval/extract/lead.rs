//! Answers that stand first in their sentence, before what explains them.

use super::is_han;
use super::place::first;

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
/// Words before a number that is counted with the first.
const OF: [&str; 6] = ["of", "than", "from", "by", "per", "with"];
/// Words after which there is only a reason.
const REASONS: [&str; 8] = ["because", "since", "which", "as", "so", "where", "when", "因为"];
/// Most bytes between the value and what ends it.
const BETWEEN_MAX: usize = 120;

/// The number or formula with which a phrase begins, with the words of its unit, where what follows is an aside in
/// brackets, a comma and a word, or a reason; with `any`, also where more words and another number follow.
pub(super) fn answer(phrase: &str, any: bool) -> Option<String> {
    let end = first(phrase)?.end;
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
                return if word.is_empty() || names || joins(word) { None } else { kept() };
            }
            c if c.is_alphabetic() => {
                let word = word(&rest[at..]);
                if REASONS.contains(&word.to_lowercase().as_str()) && rest[..at].ends_with(' ') {
                    return kept();
                }
                if joins(word) {
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
            ' ' | '%' | '％' | '°' | '$' | '\\' | '/' | '*' | '-' | '\''
                if words > 0 || c != '/' && c != '*' && c != '-' =>
            {
                at += c.len_utf8();
            }
            _ => return None,
        }
    }
    None
}

/// The word that a text begins with: of Chinese all characters up to one that is none.
fn word(text: &str) -> &str {
    let han = text.starts_with(is_han);
    &text[..text.find(|c: char| !c.is_alphabetic() || is_han(c) != han).unwrap_or(text.len())]
}

fn joins(word: &str) -> bool {
    JOINING.contains(&word.to_lowercase().as_str()) || word.starts_with(['和', '或', '加', '减', '乘', '除', '且'])
}

/// Whether a bracket after a value says something about it, rather than being a factor of it: `18 (9 x 2)`, `10元（因为…）`.
fn is_aside(before: &str, bracket: &str) -> bool {
    let inner = &bracket[bracket.chars().next().map_or(0, char::len_utf8)..];
    let inner = &inner[..inner.find([')', '）']).unwrap_or(inner.len())];
    let words =
        inner.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 2 || word.starts_with(is_han));
    // 45（个） has its unit in brackets.
    if inner.chars().all(|c| c.is_alphabetic() || c == ' ') && before.trim().is_empty() {
        return inner.split_whitespace().count() > 1;
    }
    let times = inner.replace(" x ", " ");
    let names = times.chars().any(char::is_alphabetic);
    words || !before.is_empty() && !names
}
