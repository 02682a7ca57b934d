//! The one normalisation of a text for training and for scoring.
//!
//! METHOD.md 1 (MegaMath): NFKC, lower case, words split from punctuation, digits folded, tokens over 100 characters
//! dropped, line breaks to spaces. And mathematics on purpose:
//! a formula of any delimiter becomes `<m>` or `<d>`, its TeX commands (`\frac`) and its operators (`<=>`), so that
//! letters, numbers and braces of formulas don't drown the words; signs that extractors use for structure (`#`, `|`,
//! bullets) are left out, so that the style of the extractor that made the seed is no feature.
//!
//! Where [`TokenRules::density_share`] is set, a few tokens say how much of the text is mathematics. fastText averages
//! its tokens, so they are repeated in proportion to the others: a fixed share of the average, whatever the length.

use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64;

use crate::spans::{self, Piece};

/// Version of this normalisation; a model is only usable with the one it was trained with.
pub const NORMALISATION_VERSION: u32 = 1;
/// Longest token, characters.
const TOKEN_CHARS_MAX: usize = 100;
/// How often the formulas double over a density scale.
const DOUBLINGS: f64 = 12.0;
/// Where the scales begin: one formula in a long text is more than none.
const LEVEL_MIN: f64 = 0.04;
/// A text with fewer tokens gets density tokens as if it had these: a share of less could not be written.
const TOKENS_MIN: u32 = 24;
/// Words that are added to a text's own when its density is taken, so that a short text is not all formulas.
const WORDS_PRIOR: f64 = 50.0;

/// How a text becomes tokens.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// Each different token once, instead of every token in order (word n-grams need the order).
    pub distinct: bool,
    /// Weight of the density tokens, as a share of the number of other tokens; `None` for none.
    pub density_share: Option<f64>,
    /// Only the head of a text is read, bytes.
    pub text_bytes_max: usize,
}

impl TokenRules {
    /// Every token in order and nothing added: for the paper's settings.
    pub const IN_ORDER: Self = Self { distinct: false, density_share: None, text_bytes_max: 1 << 20 };
    /// Different tokens once, with the density of mathematics.
    pub const DISTINCT: Self = Self { distinct: true, density_share: Some(1.0), text_bytes_max: 1 << 20 };
}

/// Turns a text into tokens with reused buffers.
#[derive(Clone, Debug)]
pub struct Normaliser {
    rules: TokenRules,
    commands: Vec<&'static str>,
    seen: std::collections::HashSet<u64>,
    token: String,
    folded: String,
}

/// What of a text is mathematics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    /// Formulas, and lines with TeX commands outside of formulas.
    formulas: u32,
    /// Words and signs of the prose.
    words: u32,
    /// Signs of tables, lists and programs in the prose.
    structure: u32,
    /// Tokens written.
    tokens: u32,
}

impl Normaliser {
    /// A normaliser by these rules.
    #[must_use]
    pub fn new(rules: TokenRules) -> Self {
        Self {
            rules,
            commands: spans::commands(),
            seen: std::collections::HashSet::new(),
            token: String::new(),
            folded: String::new(),
        }
    }

    /// Writes the tokens of `text` to `out`, split by single spaces; `out` is cleared first and stays empty for a text
    /// without any token.
    pub fn normalise(&mut self, text: &str, out: &mut String) {
        out.clear();
        self.seen.clear();
        let text = head(text, self.rules.text_bytes_max);
        let mut counts = Counts::default();
        let commands = std::mem::take(&mut self.commands);
        spans::for_each_piece(text, &commands, |piece| match piece {
            Piece::Prose(prose) | Piece::Code(prose) => self.prose(prose, &mut counts, out),
            Piece::Formula { tex, display } => {
                counts.formulas += 1;
                self.emit(if display { "<d>" } else { "<m>" }, &mut counts, out);
                self.formula(tex, &mut counts, out);
            }
            Piece::Command { name, first_of_line } => {
                counts.formulas += u32::from(first_of_line);
                self.command(name, &mut counts, out);
            }
        });
        self.commands = commands;
        if let (Some(share), false) = (self.rules.density_share, out.is_empty()) {
            density_tokens(counts, share, out);
        }
    }

    fn emit(&mut self, token: &str, counts: &mut Counts, out: &mut String) {
        if self.rules.distinct && !self.seen.insert(xxh3_64(token.as_bytes())) {
            return;
        }
        counts.tokens += 1;
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token);
    }

    fn prose(&mut self, prose: &str, counts: &mut Counts, out: &mut String) {
        if prose.is_ascii() {
            self.words(prose, counts, out);
        } else {
            let mut folded = std::mem::take(&mut self.folded);
            folded.clear();
            folded.extend(prose.nfkc());
            self.words(&folded, counts, out);
            self.folded = folded;
        }
    }

    fn words(&mut self, prose: &str, counts: &mut Counts, out: &mut String) {
        let mut rest = prose.chars().peekable();
        let mut token = std::mem::take(&mut self.token);
        while let Some(c) = rest.next() {
            token.clear();
            counts.structure +=
                u32::from(matches!(c, '!'..='/' | '<'..='>' | '['..='`' | '{'..='~') && !"!'\",.".contains(c));
            match Kind::of(c) {
                Kind::Space | Kind::Structure => continue,
                Kind::Digit => {
                    while rest.next_if(|next| Kind::of(*next) == Kind::Digit).is_some() {}
                    token.push('0');
                }
                Kind::Ideograph | Kind::Sign => token.push(c),
                Kind::Letter => {
                    token.extend(c.to_lowercase());
                    let mut chars = 1;
                    while let Some(next) = rest.next_if(|next| Kind::of(*next) == Kind::Letter) {
                        chars += 1;
                        if chars <= TOKEN_CHARS_MAX {
                            token.extend(next.to_lowercase());
                        }
                    }
                    if chars > TOKEN_CHARS_MAX {
                        continue;
                    }
                }
            }
            counts.words += 1;
            self.emit(&token, counts, out);
        }
        self.token = token;
    }

    fn command(&mut self, name: &str, counts: &mut Counts, out: &mut String) {
        let mut token = std::mem::take(&mut self.token);
        token.clear();
        token.push('\\');
        token.extend(name.chars().take(TOKEN_CHARS_MAX).map(|c| c.to_ascii_lowercase()));
        self.emit(&token, counts, out);
        self.token = token;
    }

    /// The TeX commands and operators of a formula; its letters, digits, brackets and braces are left out.
    fn formula(&mut self, tex: &str, counts: &mut Counts, out: &mut String) {
        let mut rest = tex;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            if c == '\\' {
                let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                if letters > 0 {
                    self.command(&rest[..letters], counts, out);
                    rest = &rest[letters..];
                } else if let Some(escaped) = rest.chars().next() {
                    rest = &rest[escaped.len_utf8()..];
                }
            } else if !c.is_alphanumeric() && !c.is_whitespace() && !"{}[]()".contains(c) {
                let mut token = std::mem::take(&mut self.token);
                token.clear();
                token.push('<');
                token.push(c);
                token.push('>');
                self.emit(&token, counts, out);
                self.token = token;
            }
        }
    }
}

/// Writes the tokens of `text` to `out` (see [`Normaliser`], which is quicker for many texts).
pub fn normalise(text: &str, rules: &TokenRules, out: &mut String) {
    Normaliser::new(*rules).normalise(text, out);
}

/// The first `bytes_max` bytes, less where they would split a character.
fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Two scales from 0 to 1: how many formulas there are, and how many per square root of the words.
///
/// A formula counts by how much of the text is running prose: references of program libraries are full of formulas,
/// and of brackets and underscores.
fn density_levels(counts: Counts) -> [f64; 2] {
    if counts.formulas == 0 {
        return [0.0, 0.0];
    }
    let words = f64::from(counts.words);
    let prose = 1.0 - (f64::from(counts.structure) / (words + 1.0)).min(0.9);
    let formulas = f64::from(counts.formulas);
    let level = |doublings: f64| (doublings * prose * prose / DOUBLINGS).clamp(LEVEL_MIN, 1.0);
    [level(1.0 + formulas.log2()), level(6.0 + 1.5 * (formulas / (words + WORDS_PRIOR).sqrt()).log2())]
}

fn density_tokens(counts: Counts, share: f64, out: &mut String) {
    let levels = density_levels(counts);
    let step = f64::from(counts.tokens.max(TOKENS_MIN)) * share / levels.len() as f64;
    for (level, [more, less]) in levels.into_iter().zip([[" <c+>", " <c->"], [" <q+>", " <q->"]]) {
        let more_n = (level * step).round() as usize;
        for (token, n) in [(more, more_n), (less, (step.round() as usize).saturating_sub(more_n))] {
            for _ in 0..n {
                out.push_str(token);
            }
        }
    }
}

/// What a character of prose is to the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Space,
    Digit,
    Letter,
    Ideograph,
    Structure,
    Sign,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' | 'A'..='Z' => Self::Letter,
            '0'..='9' => Self::Digit,
            '#' | '|' | '-' | '*' | '~' | '>' | '=' | '_' | '+' | '/' | '`' => Self::Structure,
            _ if c.is_ascii() => {
                if c.is_ascii_graphic() {
                    Self::Sign
                } else {
                    Self::Space
                }
            }
            '•' | '·' | '–' | '—' | '→' | '←' | '↑' | '↓' | '»' | '«' | '›' | '‹' | '●' | '■' | '▪' | '◦' => {
                Self::Structure
            }
            '\u{3040}'..='\u{30ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Ideograph,
            _ if c.is_numeric() => Self::Digit,
            _ if c.is_alphabetic() => Self::Letter,
            _ if c.is_whitespace() || c.is_control() => Self::Space,
            _ => Self::Sign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let mut got = String::from("left over");
        normalise(text, &TokenRules::IN_ORDER, &mut got);
        assert_eq!(got, want);
    }

    #[test]
    fn words_are_folded() {
        check("The  Ｑuick\nFOX, don't", "the quick fox , don ' t");
        check("in 2024: 3.14", "in 0 : 0 . 0");
        check("数学a题", "数 学 a 题");
        check("# Title\n- one\n| a | b |", "title one a b");
        check(&format!("{} end", "x".repeat(101)), "end");
        check(&"x".repeat(100), &"x".repeat(100));
        check(" \n", "");
    }

    #[test]
    fn delimiters_leave_no_trace() {
        for text in [r"so $\frac{a}{b}=\alpha$ is", r"so \(\frac{a}{b} = \alpha\) is"] {
            check(text, r"so <m> \frac <=> \alpha is");
        }
        for text in [r"$$x\le 3$$", r"\[x\le 3\]", r"\begin{equation}x\le 3\end{equation}"] {
            check(text, r"<d> \le");
        }
        check(r"\Frac \frac12", r"\ frac \frac 0");
    }

    #[test]
    fn control_tokens_cannot_be_written_by_a_page() {
        check("__label__math </s> <m> <q+>", "label math < s < m < q");
    }

    #[test]
    fn distinct_tokens_come_once_and_density_weighs_alike() {
        let rules = TokenRules { density_share: None, ..TokenRules::DISTINCT };
        let mut out = String::new();
        normalise("a b a $x$ c $y$", &rules, &mut out);
        assert_eq!(out, "a b <m> c");
        for n in [24, 80] {
            let words: Vec<String> = (1..=n).map(|i| "x".repeat(i)).collect();
            normalise(&words.join(" "), &TokenRules::DISTINCT, &mut out);
            let (density, others) = out.split(' ').partition::<Vec<_>, _>(|token| token.starts_with('<'));
            assert!(others.len() == n && density.iter().all(|token| token.ends_with("->")));
            let share = density.len() as f64 / n as f64;
            assert!((share - 1.0).abs() < 0.05, "{share}");
        }
    }

    #[test]
    fn more_formulas_are_a_higher_level() {
        let levels = |formulas, words| density_levels(Counts { formulas, words, ..Counts::default() });
        assert!(levels(0, 100).iter().all(|level| *level < f64::EPSILON));
        assert!(levels(1, 100)[0] < levels(10, 100)[0] && levels(1, 100)[1] < levels(10, 100)[1]);
        assert!(levels(10, 100)[1] > levels(10, 10_000)[1]);
        assert!(levels(u32::MAX, 0).iter().all(|level| *level > 0.999));
        let structure = |structure| density_levels(Counts { formulas: 9, words: 200, structure, tokens: 0 });
        assert!(structure(10)[0] > structure(150)[0] && structure(u32::MAX)[0] > 0.0);
    }

    #[test]
    fn tex_outside_of_formulas_counts_by_line() {
        let mut normaliser = Normaliser::new(TokenRules::DISTINCT);
        let mut out = String::new();
        let mut more = |text: &str| {
            normaliser.normalise(text, &mut out);
            out.split(' ').filter(|token| token.ends_with("+>")).count()
        };
        assert_eq!(more(r"x \frac \alpha \beta"), more(r"x \frac \frac \frac \alpha \beta"));
        assert!(more("x $a$ $b$ $c$ $d$") > more("x $a$ b c d"));
    }

    #[test]
    fn only_the_head_is_read() {
        let mut out = String::new();
        normalise("ab 数学", &TokenRules { text_bytes_max: 7, ..TokenRules::IN_ORDER }, &mut out);
        assert_eq!(out, "ab 数");
    }
}
