//! Whether an answer is the one wanted.
//!
//! Equal are (METHOD of the paper's evaluation, made exact where it can be): the same strings; the same numbers; tuples,
//! lists, sets, matrices and intervals with equal parts; equations and inequalities with the same solutions; expressions
//! that have the same value at every point tried.
//!
//! **Numbers.** The paper takes numbers for equal that lie within a relative 1e-3. That would take 1001 for 1000, so here
//! two rational numbers, as integers, fractions and decimals write them, are compared exactly, except that a decimal
//! stands for whatever it is rounded from, within a relative 1e-3: 0.667 is 2/3, 0.67 and 0.666 are not, and 7.78 is
//! 7.777. One of twelve digits or more, as programs print them, also stands for what lies within a relative 1e-9. Beside a
//! number that is not rational (2√2, 25π), a decimal is equal within a relative 1e-3; two such numbers are equal only where
//! they are the same to nine digits.
//!
//! **Units.** A unit counts where both answers have one that is known: 5 m is 500 cm and not 5 cm. One that only one
//! answer has, or a word that is no unit, is passed over (`18 per day` is 18); one that multiplies (万, million, dozen) is
//! part of the number, and may be left out only where the answer wanted is a bare number, as questions ask how many dozen.
//! Words that make another number of it (`squared`, `tenths`, `over four`) are no unit, and dollars are not euros. `50%` is
//! 50 and 0.5, but 50 is not 0.5. A time of day is the same with and without its `p.m.`; `3元5角` is one amount.
//!
//! **Order.** Items side by side and in braces are equal in any order, those in brackets in theirs only.

mod clock;
mod compare;
mod counted;
mod numbers;
mod regions;
mod relations;
#[cfg(test)]
mod tests;

use self::compare::Comparison;
use super::expression::characters::plain;
use super::expression::node::{Constant, Node};
use super::expression::readings;

/// Longest answer that is looked at, in bytes: what is longer is equal only to itself.
const BYTES_MAX: usize = 16_000;

/// What a comparison came to, and by which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same text, spaces and looks aside.
    Same,
    /// The same words, in whatever case.
    Words,
    /// Equal by value.
    Equal,
    /// Equal where one is taken for a rounding of the other.
    Rounded,
    /// Not equal.
    Different,
    /// Not equal as far as could be found out: one is no mathematics that can be read.
    Unreadable,
    /// Not found equal within the work that one comparison may cost.
    GaveUp,
}

impl Verdict {
    /// Whether the answer counts as right.
    #[must_use]
    pub fn is_equal(self) -> bool {
        matches!(self, Self::Same | Self::Words | Self::Equal | Self::Rounded)
    }
}

/// Whether `found` is the answer `truth`. Neither needs to be clean: LaTeX, plain text, dollars around them will do.
#[must_use]
pub fn equal(found: &str, truth: &str) -> bool {
    verdict(found, truth).is_equal()
}

/// As [`equal`], and by which way.
#[must_use]
pub fn verdict(found: &str, truth: &str) -> Verdict {
    let (found, truth) = (clean(found), clean(truth));
    if found.is_empty() || truth.is_empty() {
        return if found == truth { Verdict::Same } else { Verdict::Different };
    }
    if found.len().max(truth.len()) > BYTES_MAX {
        return if found == truth { Verdict::Same } else { Verdict::Unreadable };
    }
    if counted::is_other_money(found, truth) {
        return Verdict::Different;
    }
    let (bare_found, bare_truth) = (bare(found), bare(truth));
    if bare_found == bare_truth {
        return Verdict::Same;
    }
    if let (Some(found), Some(truth)) = (words(found), words(truth))
        && found == truth
    {
        return Verdict::Words;
    }
    if let Some(same) = clock::same(found, truth) {
        return if same { Verdict::Equal } else { Verdict::Different };
    }
    let verdict = by_value(found, truth);
    if verdict.is_equal() {
        return verdict;
    }
    // A number beside one with words after it: the numbers alone.
    let pair = match (counted::number(found), counted::number(truth)) {
        (Some(number), None) if counted::is_plain(truth) || counted::is_money(number, truth) => Some((number, truth)),
        (None, Some(number)) if counted::is_plain(found) || counted::is_money(number, found) => Some((found, number)),
        _ => None,
    };
    let found_numbers = match pair {
        Some((found, truth)) => vec![(found.to_owned(), truth)],
        // What multiplies may be left out of the number of a sentence, too.
        None if counted::is_plain(truth) => {
            let sentence = counted::of_sentence(found);
            let multiplied = counted::multiplied(found).or_else(|| counted::multiplied(sentence.as_deref()?));
            sentence.iter().cloned().chain(multiplied.map(str::to_owned)).map(|number| (number, truth)).collect()
        }
        None => Vec::new(),
    };
    let mut verdicts = found_numbers.iter().map(|(found, truth)| by_value(found, truth));
    verdicts.find(|other| other.is_equal()).unwrap_or(verdict)
}

/// The verdict by what the answers mean.
fn by_value(found: &str, truth: &str) -> Verdict {
    let (bare_found, bare_truth) = (bare(found), bare(truth));
    let (mut founds, truths) = (readings(found), readings(truth));
    if founds.is_empty() || truths.is_empty() {
        return Verdict::Unreadable;
    }
    let imaginary = |node: &Node| node.any(&|node| *node == Node::Constant(Constant::I));
    if found.contains('I') && truths.iter().any(imaginary) && !founds.iter().any(imaginary) {
        founds.extend(readings(&with_small_i(found)));
    }
    let comparison = Comparison::new();
    for found in &founds {
        for truth in &truths {
            if comparison.same(found, truth) {
                return comparison.verdict();
            }
        }
    }
    // 1,5 where a comma is the decimal point, beside a number that has one.
    for (with_comma, other, others) in [(&bare_found, &bare_truth, &truths), (&bare_truth, &bare_found, &founds)] {
        if let Some(pointed) = decimal_comma(with_comma).filter(|_| other.contains('.')) {
            for reading in readings(&pointed) {
                if others.iter().any(|other| comparison.same(&reading, other)) {
                    return comparison.verdict();
                }
            }
        }
    }
    if comparison.gave_up() { Verdict::GaveUp } else { Verdict::Different }
}

/// The text with every `I` that stands alone, as a tool prints the imaginary unit, written small.
fn with_small_i(text: &str) -> String {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let alone = !before.is_alphabetic()
            && before != '\\'
            && !chars.peek().is_some_and(|next| next.is_alphabetic() || *next == '(');
        out.push(if c == 'I' && alone { 'i' } else { c });
        before = c;
    }
    out
}

/// The answer without what stands around it.
fn clean(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text.len();
        text = text.trim().trim_end_matches(['。', '．', ',', '，', ';', '；', ':', '：']).trim_matches('*').trim();
        // 0.333... goes on.
        if !text.ends_with("..") {
            text = text.trim_end_matches('.');
        }
        if text.len() > 1 && text.starts_with('$') && text.ends_with('$') && !text.ends_with("\\$") {
            text = text.trim_matches('$');
        }
        if text.len() == before {
            return text;
        }
    }
}

/// The text without spaces and without commands that only set how it looks.
fn bare(text: &str) -> String {
    let mut text = plain(text);
    for look in ["\\left", "\\right", "\\displaystyle", "\\!", "\\,", "\\;", "\\:", "\\ ", "\\$", "$", "~"] {
        if text.contains(look) {
            // \leftarrow is no look.
            if look.len() > 3 && (text.contains("\\leftarrow") || text.contains("\\rightarrow")) {
                continue;
            }
            text = text.replace(look, "");
        }
    }
    for (long, short) in [("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\mbox", "\\text")] {
        if text.contains(long) {
            text = text.replace(long, short);
        }
    }
    // Digits that a space parts are not run together.
    let mut out = String::with_capacity(text.len());
    let mut spaced = false;
    for c in text.chars() {
        if c.is_whitespace() {
            spaced = true;
            continue;
        }
        if spaced && c.is_ascii_digit() && out.ends_with(|c: char| c.is_ascii_digit()) {
            out.push(' ');
        }
        spaced = false;
        out.push(c);
    }
    out
}

/// The words of an answer that is nothing but words; an option's letter without its brackets.
fn words(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = plain(text);
    for command in ["\\text", "\\textbf", "\\textit", "\\mathrm", "\\mathbf", "\\mbox", "\\textnormal", "\\rm", "\\bf"]
    {
        rest = rest.replace(&format!("{command}{{"), "{");
    }
    // Signs between letters are operators, but for those of a sentence.
    let sentence = rest.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 2);
    if rest.trim_start_matches(['$', ' ', '{', '(']).starts_with('-') {
        return None;
    }
    for c in rest.chars() {
        match c {
            '-' | '!' | '\'' | ':' | '*' | ',' | '.' if !sentence => return None,
            c if c.is_alphabetic() => out.push(c),
            ' ' | '\n' | '{' | '}' | '(' | ')' | '.' | ',' | '"' | '\'' | '$' | '!' | '~' | '-' | ':' | '*' => {}
            _ => return None,
        }
    }
    match out.chars().count() {
        0 => None,
        1 => Some(out),
        _ => Some(out.to_lowercase()),
    }
}

/// A number with a comma for its point, rewritten with a point.
fn decimal_comma(bare: &str) -> Option<String> {
    let digits = bare.strip_prefix(['-', '+']).unwrap_or(bare);
    let (whole, fraction) = digits.split_once(',')?;
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction)).then(|| bare.replacen(',', ".", 1))
}
