//! The next token of AsciiMath: the longest known name, else a number, else a character.

use super::node::Command;
use super::symbols::{self, Binary};

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A symbol, in LaTeX.
    Symbol(&'static str),
    /// An operator with limits, that brackets grow for.
    Large(&'static str),
    /// An operator with limits that is a word.
    Limit(&'static str),
    /// An opening bracket; `None` is invisible.
    Left(Option<&'static str>),
    /// A closing bracket.
    Right(Option<&'static str>),
    /// A bar: it opens, closes or separates.
    Bar,
    /// A function, which takes what follows with it into a fraction: `sin x/2`.
    Function(&'static str),
    /// A command with one argument.
    Unary(Command),
    /// A brace over or under its argument, with a limit.
    Brace(&'static str),
    /// Brackets around an argument: `abs(x)`.
    Around(&'static str, &'static str),
    /// A command with two arguments.
    Binary(Binary),
    /// A word set off by blanks.
    Word(&'static str),
    /// A differential, as its variable.
    Differential(&'static str),
    /// Text in brackets: `text(…)`.
    Text,
    /// Text in quotes.
    Quote,
    /// A prime.
    Prime,
    /// A fraction's bar.
    Slash,
    /// A subscript's sign.
    Sub,
    /// A superscript's sign.
    Sup,
    /// A number.
    Number,
    /// A character that stands for itself.
    Character,
    /// Nothing is left.
    End,
}

impl Kind {
    /// Whether a minus sign after it belongs to the argument: `x^-1`.
    pub(super) fn is_infix(self) -> bool {
        matches!(self, Self::Slash | Self::Sub | Self::Sup)
    }
}

/// A token and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) bytes: usize,
}

/// The token at the start of `rest`, which begins with no blank.
pub(super) fn next(rest: &str) -> Token {
    if let Some((kind, bytes)) = symbols::longest(rest) {
        return Token { kind, bytes };
    }
    let Some(first) = rest.chars().next() else { return Token { kind: Kind::End, bytes: 0 } };
    match number_bytes(rest) {
        0 => Token { kind: Kind::Character, bytes: first.len_utf8() },
        bytes => Token { kind: Kind::Number, bytes },
    }
}

/// Bytes of the number at the start: digits, a point with digits after it.
fn number_bytes(rest: &str) -> usize {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(0);
    if rest[whole..].starts_with('.') {
        let fraction = digits(whole + 1);
        if fraction > 0 {
            return whole + 1 + fraction;
        }
    }
    whole
}

/// Bytes of what separates tokens: blanks, and the backslash before a name.
pub(super) fn skipped(rest: &str) -> usize {
    let blank = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).len();
    let blanks = blank(rest);
    match rest.as_bytes()[blanks..] {
        // `\\` is set minus, `\ ` a blank; before anything else a backslash means nothing.
        [b'\\', next, ..] if next != b'\\' && next != b' ' => blanks + 1 + blank(&rest[blanks + 1..]),
        _ => blanks,
    }
}

/// Whether a run of letters is a word of prose: long enough, and no run of names and single letters.
pub(super) fn is_prose(word: &str) -> bool {
    if word.len() < 4 || word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let (mut at, mut strange) = (0, 0);
    while at < word.len() {
        match symbols::longest(&word[at..]) {
            // Short names turn up in any word: `in`, `or`, `f`; less so doubled letters.
            Some((_, bytes)) if bytes >= 3 || bytes == 2 && word.as_bytes()[at] == word.as_bytes()[at + 1] => {
                at += bytes;
            }
            Some((_, bytes)) => (at, strange) = (at + bytes, strange + bytes),
            None => (at, strange) = (at + 1, strange + 1),
        }
    }
    strange >= 4
}
