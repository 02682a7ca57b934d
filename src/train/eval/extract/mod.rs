//! The answer that a text gives: a model's, or a benchmark's.
//!
//! In a model's text it is, in this order: the last `\boxed{}` with its braces matched (boxes that only commas, dollars or
//! an "and" part are one answer), unless a formula, or a number with no more than a known unit, stands right after a later
//! "final answer is"; else what follows the last "the answer is", "Final Answer:", `####`, 答案是, 故选 and the like, without what explains it; else the
//! last block of a tool's output; else the text itself, where it is nothing but an expression; else the last formula or
//! number. A formula that only names a variable gives way to a value that stands elsewhere.

mod boxed;
mod choice;
mod lead;
mod phrase;
mod place;
#[cfg(test)]
mod tests;

pub use self::choice::{choice, choices, is_choice, letters};

use super::expression::numerals::{is_measure, multiplier, numeral};
use super::expression::readings;
use super::expression::units::{is_name, is_unit};

/// Longest text that may be an expression as a whole, in bytes.
const WHOLE_MAX: usize = 300;
/// Words that only a sentence has.
const VERBS: [&str; 9] = ["is", "are", "was", "were", "which", "because", "since", "has", "have"];
/// What begins the output of a tool.
const OUTPUT: &str = "```output";
/// The end of a text that is searched, in bytes.
const TAIL_MAX: usize = 20_000;

/// The answer of a model's text; none where it gives none.
#[must_use]
pub fn answer(text: &str) -> Option<String> {
    let text = tail(text);
    if let Some(answer) = boxed_answer(text) {
        return Some(answer);
    }
    if let Some(phrase) = phrase::last(text) {
        return Some(of_phrase(phrase));
    }
    if let Some(output) = output_block(text) {
        return Some(printed(output));
    }
    whole(text).map(str::to_owned).or_else(|| place::last(text)).or_else(|| {
        // One word is an answer: "yes", "East.".
        let word = text.trim().trim_end_matches(['.', '。']);
        (!word.is_empty() && word.chars().all(char::is_alphanumeric)).then(|| word.to_owned())
    })
}

/// The answer of a benchmark's field: a solution that boxes it (MATH), one that ends with `####` (GSM8K), a sentence that
/// says it, or the answer alone (CMATH, AGIEval).
#[must_use]
pub fn truth(text: &str) -> String {
    let text = tail(text);
    if let Some((answer, _)) = boxed::last(text) {
        return answer;
    }
    if let Some((_, answer)) = text.rsplit_once("####") {
        return answer.trim().to_owned();
    }
    let prose = text.len() > WHOLE_MAX || text.split_whitespace().filter(|word| is_word(word)).count() > 5;
    if (prose && readings(text).is_empty() || text.len() > WHOLE_MAX)
        && let Some(answer) = phrase::last(text).map(of_phrase).or_else(|| place::last(text))
    {
        return answer;
    }
    text.trim().to_owned()
}

/// The answer of the last box, or the final one after it.
fn boxed_answer(text: &str) -> Option<String> {
    let (answer, end) = boxed::last(text)?;
    Some(phrase::last_final(&text[end..]).and_then(final_answer).unwrap_or(answer))
}

/// The answer in what follows "final answer is", where it stands first: a formula in its delimiters, or a value with nothing
/// but a known unit behind it.
fn final_answer(phrase: &str) -> Option<String> {
    let trimmed = trimmed(phrase).trim_end_matches('*').trim_end();
    let formula = place::formula_length(trimmed);
    // $3$ more than $2$, and $x$
    if formula.is_some_and(|end| lead::goes_on(&trimmed[end..])) || place::is_name(trimmed) {
        return None;
    }
    whole(trimmed)
        .map(str::to_owned)
        .filter(|value| only_units(value))
        .or_else(|| lead::answer(trimmed, false).filter(|value| only_units(value)))
        .or_else(|| formula.and_then(|_| place::first_formula(trimmed)))
}

/// Whether the words of a text outside formulas are units or names, and no more.
fn only_units(text: &str) -> bool {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = place::formula_length(rest).or_else(|| {
            // \sqrt is no word.
            let name = rest.strip_prefix('\\')?;
            Some(rest.len() - name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len())
        });
        plain.push(if length.is_some() { ' ' } else { c });
        rest = &rest[length.unwrap_or(c.len_utf8())..];
    }
    plain.split(|c: char| !c.is_alphabetic()).filter(|word| is_word(word)).all(|word| {
        let lower = word.to_lowercase();
        let unit = is_unit(word) || is_name(&lower) || matches!(lower.as_str(), "square" | "cubic" | "per" | "degree");
        let han: Vec<char> = word.chars().collect();
        unit || is_measure(word) || numeral(&han).is_some() || !multiplier(word).is_empty()
    })
}

/// The end of a long text, which is enough.
fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(TAIL_MAX))..]
}

/// The answer in what follows "the answer is": the value that stands first, where the rest only explains it, an
/// expression, a formula, or the last number.
fn of_phrase(phrase: &str) -> String {
    let trimmed = trimmed(phrase);
    lead::answer(trimmed, true)
        .or_else(|| lead::before_reason(trimmed).and_then(reasoned))
        .or_else(|| whole(trimmed).map(str::to_owned))
        .or_else(|| place::first_formula(trimmed))
        .or_else(|| place::last(trimmed))
        .unwrap_or_else(|| trimmed.to_owned())
}

/// The answer before its reason: an expression, a formula, or one word.
fn reasoned(head: &str) -> Option<String> {
    let word = !head.is_empty() && head.chars().all(char::is_alphabetic);
    whole(head).or(word.then_some(head)).map(str::to_owned).or_else(|| place::first_formula(head))
}

/// A phrase without the signs that end it, and without quotes around it.
fn trimmed(phrase: &str) -> &str {
    const QUOTES: [&str; 4] = ["\\\"", "\"", "“", "”"];
    let end = |text: &str| text.trim_end_matches(['.', '。', ',', '，', ':', '：']).trim().len();
    let phrase = phrase.trim();
    let phrase = &phrase[..end(phrase)];
    // Inches at the end are no quote.
    let Some(inner) = QUOTES.iter().find_map(|quote| phrase.strip_prefix(quote)) else { return phrase };
    let inner = QUOTES.iter().find_map(|quote| inner.strip_suffix(quote)).unwrap_or(inner).trim();
    &inner[..end(inner)]
}

/// The text, where it is nothing but an expression.
fn whole(text: &str) -> Option<&str> {
    let text = text.trim();
    if text.is_empty() || text.len() > WHOLE_MAX {
        return None;
    }
    // A sentence may read as a product of its words; after a number one or two words are its unit.
    let outside = without_arguments(text);
    let all = || outside.split(|c: char| !c.is_alphanumeric() || is_han(c));
    if all().any(|word| VERBS.contains(&word)) {
        return None;
    }
    let words = all().filter(|word| is_word(word)).count();
    let number_first =
        text.starts_with(|c: char| c.is_numeric() || matches!(c, '-' | '−' | '$' | '\\' | '.' | '￥' | '约'));
    (words <= 2 * usize::from(number_first) && is_placed(&outside) && !readings(text).is_empty()).then_some(text)
}

/// Whether the Chinese words of a text stand as those of an expression do: after a value, as its unit (of which all but
/// one are known), joining two, or as a number.
fn is_placed(text: &str) -> bool {
    let mut counted = 0;
    let mut before = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !is_han(c) {
            before = if matches!(c, ' ' | '(' | '（' | '~' | '{') { before } else { Some(c) };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let run = &rest[..rest.find(|c| !is_han(c)).unwrap_or(rest.len())];
        rest = &rest[run.len()..];
        let unit = run.trim_matches(['和', '或', '与', '及', '且', '者']);
        let known = matches!(
            unit,
            "" | "约"
                | "负"
                | "零下"
                | "又"
                | "分之"
                | "百分之"
                | "大约"
                | "约为"
                | "无解"
                | "空集"
                | "全体实数"
                | "一切实数"
                | "实数集"
        ) || numeral(&unit.chars().collect::<Vec<_>>()).is_some();
        if known {
            before = Some('0');
            continue;
        }
        let after_value =
            before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, ')' | '）' | '}' | ']' | '$' | '%' | '％'));
        counted += usize::from(!is_name(unit) && !is_unit(unit));
        if !after_value || counted > 1 {
            return false;
        }
        before = run.chars().next_back();
    }
    true
}

/// Whether a character is a Chinese one.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}')
}

/// The text without the arguments of `\text` and its like.
fn without_arguments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\text").or_else(|| rest.find("\\mbox")).or_else(|| rest.find("\\mathrm")) {
        out.push_str(&rest[..at]);
        rest = match rest[at..].find('}') {
            Some(end) => &rest[at + end + 1..],
            None => "",
        };
    }
    out + rest
}

/// Whether a run of letters is a word of a sentence rather than names, functions or units.
fn is_word(word: &str) -> bool {
    const NAMES: &[&str] = &[
        "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "sqrt", "frac", "dfrac", "tfrac", "left", "right",
        "cdot", "times", "text", "infty", "circ", "begin", "end", "pmatrix", "bmatrix", "and", "or", "leq", "geq",
        "neq", "cup", "cap", "quad", "theta", "alpha", "beta", "lambda", "percent", "pct", "cm", "mm", "km", "kg",
        "degrees", "dollars", "cents",
    ];

    let known = NAMES.contains(&word);
    word.chars().count() >= 2 && word.chars().all(char::is_alphabetic) && !known
}

/// What a tool printed last, its last line; none where it printed nothing. A block that is empty or was only begun, as
/// where no round was left, gives way to the one before.
fn output_block(text: &str) -> Option<&str> {
    text.rmatch_indices(OUTPUT).find_map(|(start, _)| {
        let rest = &text[start + OUTPUT.len()..];
        let block = rest.split("```").next().unwrap_or(rest);
        block.lines().rev().map(str::trim).find(|line| !line.is_empty())
    })
}

/// What a tool printed, as an answer: the items of a list without its brackets, which is no interval; `{x: 5}` as x = 5.
fn printed(line: &str) -> String {
    let within = |open, close| line.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let flat = |inner: &&str| !inner.contains(['[', ']', '{', '}']) && !inner.trim().is_empty();
    if let Some(items) = within('[', ']').filter(flat) {
        return items.to_owned();
    }
    match within('{', '}').filter(flat) {
        Some(items) if items.split(", ").all(|item| item.contains(": ")) => items.replace(": ", " = "),
        _ => line.to_owned(),
    }
}
