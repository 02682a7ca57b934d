//! What the rules of quality look at: figures of a text's prose, its formulas and code taken out.
//!
//! LaTeX is full of what such rules take for noise: braces, symbols, repeated commands, lines without a full stop. So
//! formulas, bare TeX commands and code are cut out first; a line that held nothing else does not count as a line.

use std::collections::HashSet;

use xxhash_rust::xxh3::{Xxh3Builder, xxh3_64};

use super::repeat::{duplicate_share, top_share};
use crate::language::Language;
use crate::spans::{Piece, for_each_piece};

/// Words of English that prose cannot do without (Rae et al. 2021, Gopher, appendix A.1.1).
const STOP_WORDS: [&str; 8] = ["and", "be", "have", "of", "that", "the", "to", "with"];
/// A line of fewer characters than this is short (Penedo et al. 2024, FineWeb).
const SHORT_LINE_CHARS: usize = 30;
/// Lengths of the runs of words whose most frequent one is weighed (Gopher, table A1).
pub(super) const TOP_GRAMS: [usize; 3] = [2, 3, 4];
/// Lengths of the runs of words whose repeats are weighed (Gopher, table A1).
pub(super) const DUPLICATE_GRAMS: [usize; 6] = [5, 6, 7, 8, 9, 10];

/// What lines on cookies and terms hold, in lower case (Raffel et al. 2020, C4's rules of lines).
const POLICIES: [&str; 6] =
    ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];

/// The figures of one text. Shares are of 1; those of a text without words or lines are 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    /// Words of prose (of Chinese: characters), and one for each formula.
    pub words: usize,
    /// Mean length of a word, in characters; `None` for Chinese and for no word.
    pub mean_word_chars: Option<f64>,
    /// Number signs and ellipses, by word.
    pub symbols_per_word: f64,
    /// Words with a letter, of all words.
    pub alphabetic_words: f64,
    /// Different ones of eight English words that prose cannot do without; `None` for other languages.
    pub stop_words: Option<usize>,
    /// Lines that are items of a list, of all lines.
    pub bullet_lines: f64,
    /// Lines that end with an ellipsis, of all lines.
    pub ellipsis_lines: f64,
    /// Lines of under 30 characters, of all lines.
    pub short_lines: f64,
    /// Lines that end with a mark of punctuation or with a formula, of all lines.
    pub punctuated_lines: f64,
    /// Lines that end with a full stop, an exclamation or question mark, a closing quotation mark or a formula, of all.
    pub terminal_lines: f64,
    /// Lines that speak of JavaScript, of all lines.
    pub script_lines: f64,
    /// Lines that speak of terms of use, privacy or cookies, of all lines.
    pub policy_lines: f64,
    /// Lines of filler text ("lorem ipsum"), of all lines.
    pub filler_lines: f64,
    /// Lines that stood before, of all lines.
    pub duplicate_lines: f64,
    /// Characters in lines that stood before.
    pub duplicate_line_chars: f64,
    /// Paragraphs that stood before, of all paragraphs.
    pub duplicate_paragraphs: f64,
    /// Characters in paragraphs that stood before.
    pub duplicate_paragraph_chars: f64,
    /// Characters in the most frequent run of 2, 3 and 4 words; 0 for Chinese, whose words are not told apart.
    pub top_grams: [f64; 3],
    /// Characters in runs of 5 to 10 words (of Chinese: twice as many characters) that stood before.
    pub duplicate_grams: [f64; 6],
}

/// A text's prose, in lines, with what the rules need to know of what was cut out.
#[derive(Default)]
struct Prose {
    text: String,
    formulas: usize,
}

/// Stands for a formula in a line, so that one that ends a line is seen; no page holds it (a private use character).
const FORMULA: char = '\u{f8ff}';

fn prose(text: &str, commands: &[&str]) -> Prose {
    let mut prose = Prose { text: String::with_capacity(text.len()), formulas: 0 };
    for_each_piece(text, commands, |piece| match piece {
        Piece::Prose(words) => prose.text.extend(words.chars().filter(|c| *c != FORMULA)),
        Piece::Code(_) => prose.text.push(' '),
        Piece::Formula { .. } => {
            prose.formulas += 1;
            prose.text.push(FORMULA);
        }
        Piece::Command { first_of_line, .. } => {
            prose.formulas += usize::from(first_of_line);
            prose.text.push(FORMULA);
        }
    });
    prose
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The marker of a list's item or of a heading, cut off.
fn unmarked(line: &str) -> (&str, bool) {
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("• ")).or_else(|| line.strip_prefix("* "))
    {
        return (item.trim_start(), true);
    }
    (line.trim_start_matches('#').trim_start(), false)
}

fn ends_in_punctuation(line: &str) -> bool {
    let end = line.trim_end_matches(['"', '\'', ')', ']', '”', '’', '」', '）', '*', '_']).chars().next_back();
    end.is_some_and(|c| {
        matches!(c, '.' | '!' | '?' | ':' | ';' | ',' | '。' | '！' | '？' | '：' | '；' | '，' | '…' | FORMULA)
    })
}

fn ends_a_sentence(line: &str) -> bool {
    let line = line.trim_end_matches([')', ']', '）', '*', '_']);
    line.ends_with(['.', '!', '?', '"', '”', '。', '！', '？', '」', '…', FORMULA])
}

/// Counts of lines that no text is made of.
#[derive(Default)]
struct Notices {
    script: usize,
    policy: usize,
    filler: usize,
}

impl Notices {
    fn take(&mut self, line: &str) {
        let line = line.to_lowercase();
        self.script += usize::from(line.contains("javascript"));
        self.policy += usize::from(POLICIES.iter().any(|policy| line.contains(policy)));
        self.filler += usize::from(line.contains("lorem ipsum"));
    }
}

/// The words of a line, or its characters one by one where the text is Chinese.
fn words(line: &str, by_character: bool) -> impl Iterator<Item = &str> {
    let parts = line.split(|c: char| c.is_whitespace() || c == FORMULA || c == '|').filter(|word| !word.is_empty());
    parts.flat_map(move |part| {
        let whole = (!by_character).then_some(part);
        let characters = by_character.then(|| part.split_inclusive(|_: char| true));
        whole.into_iter().chain(characters.into_iter().flatten())
    })
}

/// Set of what was seen; its order is of no matter.
type Seen = HashSet<u64, Xxh3Builder>;

/// Counts what stood before and its characters.
#[derive(Default)]
struct Repeats {
    seen: Seen,
    all: usize,
    all_chars: usize,
    again: usize,
    again_chars: usize,
}

impl Repeats {
    fn take(&mut self, text: &str) {
        let chars = text.chars().count();
        self.all += 1;
        self.all_chars += chars;
        if !self.seen.insert(xxh3_64(text.as_bytes())) {
            self.again += 1;
            self.again_chars += chars;
        }
    }

    fn shares(&self) -> (f64, f64) {
        (share(self.again, self.all), share(self.again_chars, self.all_chars))
    }
}

/// Measures a text in the given language; `commands` are those of [`crate::spans::commands`].
#[must_use]
pub fn measure(text: &str, language: Language, commands: &[&str]) -> Measures {
    let prose = prose(text, commands);
    let by_character = language == Language::Chinese;
    let (mut lines, mut paragraphs) = (Repeats::default(), Repeats::default());
    let (mut bullets, mut ellipses, mut short, mut punctuated, mut terminal) = (0, 0, 0, 0, 0);
    let mut notices = Notices::default();
    let (mut all_words, mut symbols) = (Vec::new(), 0);
    for paragraph in prose.text.split("\n\n") {
        let before = lines.all;
        for line in paragraph.lines() {
            let (line, bullet) = unmarked(line.trim());
            symbols += line.matches('#').count() + line.matches('…').count() + line.matches("...").count();
            if !line.chars().any(char::is_alphanumeric) {
                continue;
            }
            lines.take(line);
            bullets += usize::from(bullet);
            ellipses += usize::from(line.ends_with('…') || line.ends_with("..."));
            short += usize::from(line.chars().nth(SHORT_LINE_CHARS - 1).is_none() && !line.contains(FORMULA));
            punctuated += usize::from(ends_in_punctuation(line));
            terminal += usize::from(ends_a_sentence(line));
            notices.take(line);
            all_words.extend(words(line, by_character));
        }
        if lines.all > before {
            paragraphs.take(paragraph.trim());
        }
    }
    let chars = |word: &&str| word.chars().count();
    let word_chars: usize = all_words.iter().map(chars).sum();
    let alphabetic = all_words.iter().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let stop_words = (language == Language::English).then(|| {
        let is_stop = |stop: &&str| all_words.iter().any(|word| word.eq_ignore_ascii_case(stop));
        STOP_WORDS.iter().filter(|stop| is_stop(stop)).count()
    });
    let (duplicate_lines, duplicate_line_chars) = lines.shares();
    let (duplicate_paragraphs, duplicate_paragraph_chars) = paragraphs.shares();
    let scale = if by_character { 2 } else { 1 };
    Measures {
        words: all_words.len() + prose.formulas,
        mean_word_chars: (!by_character && !all_words.is_empty()).then(|| word_chars as f64 / all_words.len() as f64),
        symbols_per_word: share(symbols, all_words.len()),
        alphabetic_words: share(alphabetic, all_words.len()),
        stop_words,
        bullet_lines: share(bullets, lines.all),
        ellipsis_lines: share(ellipses, lines.all),
        short_lines: share(short, lines.all),
        punctuated_lines: share(punctuated, lines.all),
        terminal_lines: share(terminal, lines.all),
        script_lines: share(notices.script, lines.all),
        policy_lines: share(notices.policy, lines.all),
        filler_lines: share(notices.filler, lines.all),
        duplicate_lines,
        duplicate_line_chars,
        duplicate_paragraphs,
        duplicate_paragraph_chars,
        top_grams: TOP_GRAMS.map(|n| if by_character { 0.0 } else { top_share(&all_words, n, word_chars) }),
        duplicate_grams: DUPLICATE_GRAMS.map(|n| duplicate_share(&all_words, n * scale, word_chars)),
    }
}
