//! Answers to questions with options.

use super::super::equal::equal;
use super::{answer, boxed_answer, phrase, tail};

/// The letter that a model's text chooses among options, whose texts are given without their letters; none where it
/// chooses none. A letter that is announced counts before one that stands anywhere, and the text of an option for its
/// letter.
#[must_use]
pub fn choice(text: &str, options: &[&str]) -> Option<char> {
    let text = tail(text);
    let last = (b'A' + u8::try_from(options.len()).ok()?.clamp(1, 26) - 1) as char;
    let among = |letter: char| ('A'..=last).contains(&letter).then_some(letter);
    let announced = boxed_answer(text).or_else(|| phrase::last(text).map(str::to_owned));
    if let Some(announced) = &announced {
        if let Some(letter) = letter(announced).and_then(among) {
            return Some(letter);
        }
        if let Some(letter) = by_text(announced, options) {
            return Some(letter);
        }
    }
    if let Some(letter) = standing(text).into_iter().rev().find_map(among) {
        return Some(letter);
    }
    by_text(&answer(text)?, options)
}

/// Whether an answer is an option's letter, with or without what stands around it.
#[must_use]
pub fn is_choice(text: &str) -> Option<char> {
    let inner = text.trim().trim_matches(['$', ' ', '.', '*']);
    let inner = inner.strip_prefix("\\text{").or_else(|| inner.strip_prefix("\\mathrm{")).unwrap_or(inner);
    let inner = inner.trim_matches(['{', '}', '(', ')', '（', '）', ' ', '.', '．', ':', '：', '、']);
    let mut chars = inner.chars();
    match (chars.next(), chars.next()) {
        (Some(letter @ 'A'..='Z'), None) => Some(letter),
        _ => None,
    }
}

/// The letter with which an announced answer begins: `B`, `(B)`, `B. 12`, `option B`, `\text{B}`.
fn letter(announced: &str) -> Option<char> {
    if let Some(letter) = is_choice(announced) {
        return Some(letter);
    }
    let text = announced.trim().trim_start_matches(['$', '*', '{', '(', '（', '"', ' ', ':', '：']);
    let text = ["\\text{", "\\mathrm{", "\\textbf{", "\\mathbf{", "option ", "Option ", "choice ", "Choice "]
        .iter()
        .fold(text, |text, lead| text.strip_prefix(lead).unwrap_or(text).trim_start_matches(['(', '（']));
    let mut chars = text.chars();
    let letter = chars.next().filter(char::is_ascii_uppercase)?;
    match chars.next() {
        None => Some(letter),
        // "A circle" is no option A; "A) 5", "A. 5", "A: 5" are.
        Some(')' | '）' | '.' | ':' | '：' | '}' | ',' | '，' | '、' | '。' | '．' | ';' | '$' | '*' | '\n') => {
            Some(letter)
        }
        Some(' ') if letter != 'A' && letter != 'I' => Some(letter),
        _ => None,
    }
}

/// The letters that stand in a text as options are written: `(B)`, `B.` at the end, `**B**`, 选B.
fn standing(text: &str) -> Vec<char> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    for (i, letter) in chars.iter().enumerate().filter(|(_, c)| c.is_ascii_uppercase()) {
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        let bracketed = matches!((before, after), (Some('(' | '（'), Some(')' | '）')));
        let chosen = matches!(before, Some('选' | '项' | '*')) && !after.is_some_and(char::is_alphanumeric);
        let alone = before.is_none_or(char::is_whitespace)
            && after.is_none_or(|c| matches!(c, '.' | '．' | '。' | ')' | '\n'))
            && chars.get(i + 2).is_none_or(|c| c.is_whitespace());
        if bracketed || chosen || alone {
            out.push(*letter);
        }
    }
    out
}

/// The letter of the one option that has this text or this value.
fn by_text(answer: &str, options: &[&str]) -> Option<char> {
    let mut same = options.iter().enumerate().filter(|(_, option)| equal(answer, option));
    match (same.next(), same.next()) {
        (Some((i, _)), None) => Some((b'A' + u8::try_from(i).ok()?) as char),
        _ => None,
    }
}
