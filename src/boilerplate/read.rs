//! A text as paragraphs that may be boilerplate, and those that may not.
//!
//! What stays whatever its frequency, decided by form:
//!
//! - code in fences, and tables: two lines or more that all have cells;
//! - short paragraphs: "Proof", "Show the solution", "证明" are the skeleton of a page;
//! - statements: what begins with "Theorem", "Definition", "Exercise", "定理", …, however often a site sets it.
//!
//! Headings, and paragraphs that end with a colon, stand for what is below them: see [`gone`](super::gone). What bears
//! mathematics is told apart, so that it stays unless asked for, and is counted.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use crate::paragraphs::paragraphs;
use crate::spans::{Piece, for_each_piece};

/// Words that statements begin with, sorted, one a line.
const STATEMENTS: &str = include_str!("statements.txt");
/// The same of Chinese.
const STATEMENTS_CHINESE: [&str; 18] = [
    "习题", "例", "例题", "公理", "分析", "命题", "定义", "定理", "引理", "性质", "推论", "答案", "练习", "解", "解析",
    "证明", "问题", "题",
];

/// What a paragraph is to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Stays, however often it is repeated.
    Fixed,
    /// Heads what follows, of this level, 1 to 6.
    Heading(u8),
    /// Ends with a colon: leads to the next paragraph.
    Lead,
    /// Words that stand for themselves.
    Words,
}

/// A paragraph of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraph {
    /// Where it is, bytes.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Whether mathematics is in it: a formula, a TeX command, or signs of mathematics.
    pub formulas: bool,
    /// xxh3-128 of its site and its words, case and white space of no matter; 0 for what stays.
    pub key: u128,
}

/// The paragraphs of a text of the site `unit`; those of fewer than `words_min` words stay (of Chinese: of fewer than
/// twice as many characters). `commands` are those of [`crate::spans::commands`].
#[must_use]
pub fn read(text: &str, unit: &str, words_min: usize, commands: &[&str]) -> Vec<Paragraph> {
    let statements: Vec<&str> = STATEMENTS.lines().collect();
    let one = |range: Range<usize>| {
        let words = &text[range.clone()];
        let kind = kind(words, words_min, &statements);
        let formulas = kind != Kind::Fixed && bears_mathematics(words, commands);
        let key = if kind == Kind::Fixed { 0 } else { key(unit, words) };
        Paragraph { range, kind, formulas, key }
    };
    paragraphs(text).into_iter().map(one).collect()
}

fn kind(text: &str, words_min: usize, statements: &[&str]) -> Kind {
    let level = text.len() - text.trim_start_matches('#').len();
    if level > 0 && !text.contains('\n') {
        return Kind::Heading(level.min(6) as u8);
    }
    let table = text.contains('\n') && text.lines().all(|line| line.contains(" | "));
    if text.starts_with("```") || table || is_short(text, words_min) || is_statement(text, statements) {
        return Kind::Fixed;
    }
    if text.ends_with([':', '：']) { Kind::Lead } else { Kind::Words }
}

/// Whether a character is a Chinese one.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn is_short(text: &str, words_min: usize) -> bool {
    let mut halves = 0;
    let mut inside = false;
    for c in text.chars() {
        let han = is_han(c);
        let word = !han && (c.is_alphanumeric() || inside && matches!(c, '\'' | '’' | '-'));
        halves += usize::from(han) + 2 * usize::from(word && !inside);
        inside = word;
        if halves >= words_min * 2 {
            return false;
        }
    }
    true
}

fn is_statement(text: &str, statements: &[&str]) -> bool {
    let text = text.trim_start_matches(['*', '_', '-', '•', '【', '[', '(', '（', ' ']);
    // A number, a mark or a gap comes after the word: "定理 3", not "解锁".
    let ends = |rest: &str| rest.chars().next().is_none_or(|c| !is_han(c) || "一二三四五六七八九十".contains(c));
    if STATEMENTS_CHINESE.iter().any(|word| text.strip_prefix(word).is_some_and(ends)) {
        return true;
    }
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(letters);
    // "Theorem 3", "Proof of", "Lemma (Zorn)", "Answer."; not "Problem with this page?".
    let named = rest.trim_start().starts_with(|c: char| c.is_numeric() || c.is_uppercase() || c == '(');
    let ends = rest.starts_with(['.', ':', ',', '*', '_']) || rest.starts_with(" of ") || named;
    ends && statements.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// Whether mathematics is in a paragraph: as TeX, or in signs that only mathematics has.
fn bears_mathematics(text: &str, commands: &[&str]) -> bool {
    let mut found = false;
    for_each_piece(text, commands, |piece| {
        found |= match piece {
            Piece::Formula { .. } | Piece::Command { .. } => true,
            Piece::Prose(words) => words.contains(" = ") || words.chars().any(is_sign),
            Piece::Code(_) => false,
        };
    });
    found
}

fn is_sign(c: char) -> bool {
    matches!(c, '\u{2200}'..='\u{22FF}' | '\u{27C0}'..='\u{27EF}' | '\u{2980}'..='\u{2AFF}' | '\u{1D400}'..='\u{1D7FF}'
        | '²' | '³' | '¹' | '\u{2070}'..='\u{209F}' | '±' | '×' | '÷')
}

/// The hash of a paragraph's words, lower case, split by single spaces.
fn key(unit: &str, text: &str) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(unit.as_bytes());
    let mut folded = String::new();
    for word in text.split_whitespace() {
        folded.clear();
        folded.push('\0');
        folded.extend(word.chars().flat_map(char::to_lowercase));
        hash.update(folded.as_bytes());
    }
    // 0 is the key of none.
    hash.digest128().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spans::commands;

    #[track_caller]
    fn check(text: &str, want: &[(Kind, bool)]) {
        let found: Vec<(Kind, bool)> =
            read(text, "a.example", 4, &commands()).into_iter().map(|p| (p.kind, p.formulas)).collect();
        assert_eq!(found, want, "{text:?}");
    }

    #[test]
    fn structure_and_statements_stay() {
        use Kind::{Fixed, Heading, Lead, Words};
        check("## See also\n\nAll rights are reserved.", &[(Heading(2), false), (Words, false)]);
        check("Proof.\n\nShow the solution\n\n证明\n\n查看答案", &[(Fixed, false); 4]);
        check("This is what we know:\n\n以下是整理笔记的过程中参考的博客：", &[(Lead, false), (Lead, false)]);
        check("**Theorem.** Every compact Hausdorff space is normal.", &[(Fixed, false)]);
        check(
            "Lemma (Zorn) is what we use here.\n\n定理 每个紧空间都是正规的空间。",
            &[(Fixed, false), (Fixed, false)],
        );
        check("Problem with this page? Tell us.\n\n解锁全部的内容请先登录", &[(Words, false), (Words, false)]);
        check("```\nall rights are reserved by us\n```", &[(Fixed, false)]);
        check("name of it | value of it\none of them | 2", &[(Fixed, false)]);
        check("Home | About us | Contact | Help", &[(Words, false)]);
        check("Theoremata are not what we speak of.", &[(Words, false)]);
    }

    #[test]
    fn mathematics_is_told_from_words_about_it() {
        use Kind::Words;
        check("where we write $x$ for the unknown.", &[(Words, true)]);
        check(r"as \frac is a command of mathematics", &[(Words, true)]);
        check("so that the x² and y² are equal", &[(Words, true)]);
        check("this costs $5 and nothing more.", &[(Words, false)]);
        check("run `x = 5` in the shell once.", &[(Words, false)]);
    }

    #[test]
    fn case_and_space_make_no_difference_and_the_site_does() {
        let key = |unit: &str, text: &str| read(text, unit, 4, &[])[0].key;
        assert_eq!(key("a", "All rights are reserved."), key("a", "ALL  rights\nare reserved."));
        assert_ne!(key("a", "All rights are reserved."), key("b", "All rights are reserved."));
        assert_ne!(key("a", "All rights are reserved."), key("a", "All rights are reserved"));
        assert_ne!(key("a", "of 12 apples and pears"), key("a", "of 13 apples and pears"));
        assert_eq!(key("a", "Proof."), 0);
    }

    #[test]
    fn lists_are_sorted() {
        let statements: Vec<&str> = STATEMENTS.lines().collect();
        assert!(statements.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
