//! Answers to questions with options.

use super::super::equal::{Verdict, verdict};
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
    if let Some(letter) = declared(text).into_iter().find_map(among) {
        return Some(letter);
    }
    if let Some(letter) = standing(text).into_iter().rev().find_map(among) {
        return Some(letter);
    }
    by_text(&answer(text)?, options)
}

/// As [`choice`], for a question with more than one right option: the letters in order, where nothing but letters is
/// announced.
#[must_use]
pub fn choices(text: &str, options: &[&str]) -> Option<String> {
    let announced = boxed_answer(tail(text)).or_else(|| phrase::last(tail(text)).map(str::to_owned));
    let letters = announced.as_deref().and_then(letters).filter(|letters| letters.len() > 1);
    letters.or_else(|| choice(text, options).map(String::from))
}

/// The letters of options that a text consists of, in order, each once: `AD`, `A B D`, `A, C`, `\text{(A)(C)}`.
#[must_use]
pub fn letters(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for command in ["\\text", "\\mathrm", "\\textbf", "\\mathbf", "和", "与", "and"] {
        text = text.replace(command, "");
    }
    let (mut letters, rest): (Vec<char>, Vec<char>) = text.chars().partition(char::is_ascii_uppercase);
    let only = rest.iter().all(|c| c.is_whitespace() || "(){}（）,，、;；.。$*\\".contains(*c));
    letters.sort_unstable();
    letters.dedup();
    (only && !letters.is_empty()).then(|| letters.into_iter().collect())
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
        Some(' ') => {
            let rest = chars.as_str().trim_start();
            let goes_on = rest.is_empty()
                || ["because", "since", "as ", "which", "is ", "选", "$", "(", "（", "\\"]
                    .iter()
                    .any(|w| rest.starts_with(w));
            (goes_on || letter != 'A' && letter != 'I').then_some(letter)
        }
        // "A circle" is no option A; "A) 5", "A. 5", "A: 5" are.
        next => next.is_none_or(|c| ")）.:：},，、。．;$*\n选项\\".contains(c)).then_some(letter),
    }
}

/// What stands around an option's letter.
const AROUND: [char; 9] = [' ', '(', '（', ')', '）', '*', '$', '{', '}'];
/// What says of the option before it that it is right.
const RIGHT: [&str; 11] = [
    "is correct",
    "is the correct",
    "is the right",
    "is the best",
    "is the answer",
    "正确",
    "是正确",
    "为正确",
    "选项正确",
    "选项是正确",
    "项正确",
];

/// The letters of options that a text says are right, in its order: `Option B is correct`, `选项D正确`, `应该选择A`.
fn declared(text: &str) -> Vec<char> {
    let mut out = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, c)| c.is_ascii_uppercase()) {
        let (before, after) = (&text[..at], &text[at + 1..]);
        let joins = |c: char| c.is_ascii_alphanumeric();
        if before.ends_with(joins) || after.starts_with(joins) {
            continue;
        }
        let after = after.trim_start_matches(AROUND);
        let before = ["\\text", "\\mathrm", "\\textbf", "\\mathbf"]
            .iter()
            .fold(before.trim_end_matches(AROUND), |before, name| {
                before.trim_end_matches(name).trim_end_matches(AROUND)
            });
        let said = RIGHT.iter().any(|words| after.starts_with(words)) || before.ends_with("选择");
        if said && !is_supposed(before, after) {
            out.push(letter);
        }
    }
    out
}

/// Whether what is said of an option is only supposed, asked or denied in its clause.
fn is_supposed(before: &str, after: &str) -> bool {
    const WORDS: [&str; 9] = ["if", "suppose", "assume", "assuming", "whether", "false", "not", "think", "thinks"];
    let clause =
        before.rsplit(['.', '。', '\n', ';', '；', ',', '，', ':', '：']).next().unwrap_or_default().to_lowercase();
    let mut words = clause.split(|c: char| !c.is_alphanumeric());
    let asked = after.split(['.', '。', '\n']).next().is_some_and(|rest| rest.contains(['?', '？']));
    asked
        || words.any(|word| WORDS.contains(&word))
        || ["若", "如果", "假设", "不", "是否"].iter().any(|w| clause.contains(w))
}

/// The letters that stand in a text as options are written: `(B)`, `B.` at the end, `**B**`, 选B. Lines that begin with
/// them only list the options.
fn standing(text: &str) -> Vec<char> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut listed) = (Vec::new(), Vec::new());
    let mut line = 0;
    for (i, letter) in chars.iter().enumerate() {
        if *letter == '\n' {
            line = i + 1;
        }
        if !letter.is_ascii_uppercase() {
            continue;
        }
        let before = i.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(i + 1).copied();
        // P(B) is no option.
        let called = i.checked_sub(2).is_some_and(|i| chars[i].is_alphanumeric());
        let bracketed = matches!((before, after), (Some('(' | '（'), Some(')' | '）'))) && !called;
        let chosen = matches!(before, Some('选' | '项' | '*')) && !after.is_some_and(char::is_alphanumeric);
        let alone = before.is_none_or(char::is_whitespace)
            && after.is_none_or(|c| matches!(c, '.' | '．' | '。' | ')' | '\n'))
            && chars.get(i + 2).is_none_or(|c| c.is_whitespace());
        // "P(A and B)" neither.
        let depth = |c: char| chars[line..i].iter().filter(|other| **other == c).count();
        let alone = alone && (after != Some(')') || depth('(') <= depth(')'));
        if bracketed || chosen || alone {
            let begins = chars[line..i].iter().all(|c| c.is_whitespace() || matches!(c, '(' | '（' | '-' | '*'));
            let text_follows = chars[i + 1..].iter().take_while(|c| **c != '\n').any(|c| c.is_alphanumeric());
            if begins && text_follows {
                listed.push((out.len(), *letter));
            }
            out.push(*letter);
        }
    }
    let first = listed.first().map(|(_, letter)| *letter);
    if listed.iter().any(|(_, letter)| Some(*letter) != first) {
        let in_list = |i: usize| listed.iter().any(|(place, _)| *place == i);
        out = out.into_iter().enumerate().filter(|(i, _)| !in_list(*i)).map(|(_, letter)| letter).collect();
    }
    out
}

/// The letter of the one option that has this text, or else this value.
fn by_text(answer: &str, options: &[&str]) -> Option<char> {
    let verdicts: Vec<Verdict> = options.iter().map(|option| verdict(answer, option)).collect();
    let only = |fits: fn(Verdict) -> bool| {
        let mut places = (0..verdicts.len()).filter(|i| fits(verdicts[*i]));
        places.next().filter(|_| places.next().is_none())
    };
    let place = only(|v| matches!(v, Verdict::Same | Verdict::Words)).or_else(|| only(Verdict::is_equal))?;
    Some((b'A' + u8::try_from(place).ok()?) as char)
}
