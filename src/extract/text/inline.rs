//! A run of inline content → pieces of text and display formulas: white space folded, formulas found, dollars escaped.

use std::borrow::Cow;

use super::styles::Styles;
use crate::extract::math::typeset::{self, Part};
use crate::extract::math::{self, Formula, PageMath, Segment};
use crate::extract::outline::Outline;
use crate::forms::{Form, Forms};

/// Stands for a `br` until the line is written; the formula scanner sees white space.
const BREAK: char = '\u{2028}';
/// Placeholders in the basic plane's private use area.
const PLACEHOLDERS_LOW: u32 = 0x1900;
/// Placeholders in plane 15.
const PLACEHOLDERS_HIGH: u32 = 0xFFFD;

/// Something that the formula scanner must not look into.
enum Held<'a> {
    Formula(&'a Formula),
    Code(String),
}

/// A finished piece of a line.
pub(crate) enum Piece {
    /// Text with inline formulas, perhaps of several lines.
    Text { text: String, forms: Forms },
    /// A display formula's LaTeX.
    Display { tex: String, form: Form },
}

/// Inline content since the last block boundary.
#[derive(Default)]
pub(crate) struct Line<'a> {
    raw: String,
    held: Vec<Held<'a>>,
    styles: Styles,
}

/// A stretch of a line on its way into text.
enum Stretch<'t> {
    Text(Cow<'t, str>),
    Formula(Formula),
    /// A formula that was typeset as text.
    Typeset(Formula),
    /// Perhaps one.
    Maybe {
        tex: String,
        plain: String,
    },
}

impl<'a> Line<'a> {
    /// Adds text as it stands in the page. Control, private-use and invisible formatting characters are left out.
    pub(crate) fn push_text(&mut self, text: &str) {
        // Suspects start with a control byte or with C2 (C1 controls, soft hyphen), E2, EE, EF, F3, F4.
        let suspect = |byte: u8| byte < b' ' || matches!(byte, 0x7F | 0xC2 | 0xE2 | 0xEE | 0xEF | 0xF3 | 0xF4);
        if text.bytes().any(|byte| suspect(byte) && !matches!(byte, b'\n' | b'\t' | b'\r')) {
            self.raw.extend(text.chars().filter(|c| !unwanted(*c)));
        } else {
            self.raw.push_str(text);
        }
    }

    pub(crate) fn push_formula(&mut self, formula: &'a Formula) {
        self.hold(Held::Formula(formula));
    }

    pub(crate) fn push_code(&mut self, code: String) {
        if !code.is_empty() {
            self.hold(Held::Code(code));
        }
    }

    pub(crate) fn push_break(&mut self) {
        self.raw.push(BREAK);
    }

    /// Notes how an inline element is set. Whether its whole subtree is written by this: a short script is.
    pub(crate) fn style(&mut self, outline: &Outline<'_>, at: usize, page: &PageMath) -> bool {
        let mut raw = std::mem::take(&mut self.raw);
        let written = self.styles.open(outline, at, &page.styles, &mut raw);
        self.raw = raw;
        written
    }

    /// Ends the styles of elements that end before this entry.
    pub(crate) fn reach(&mut self, at: usize) {
        self.styles.close(at, &self.raw);
    }

    fn hold(&mut self, held: Held<'a>) {
        match placeholder(self.held.len()) {
            Some(placeholder) => {
                self.raw.push(placeholder);
                self.held.push(held);
            }
            // Beyond seventy thousand in one block they stand as plain text.
            None => match held {
                Held::Formula(formula) => self.raw.push_str(&formula.tex),
                Held::Code(code) => self.raw.push_str(&code),
            },
        }
    }

    /// Takes the line as pieces, in order.
    pub(crate) fn take(&mut self, page: &PageMath) -> Vec<Piece> {
        if self.raw.chars().all(char::is_whitespace) {
            self.raw.clear();
            self.styles.take(0);
            return Vec::new();
        }
        let raw = std::mem::take(&mut self.raw);
        let held = std::mem::take(&mut self.held);
        let mut spans = self.styles.take(raw.len());
        let mut stretches = Vec::new();
        for segment in math::scan(&raw, page) {
            match segment {
                Segment::Formula(formula) => stretches.push(Stretch::Formula(formula)),
                Segment::Text(text) if spans.is_empty() => stretches.push(Stretch::Text(text)),
                Segment::Text(text) => typeset_math(text, &raw, &mut spans, &mut stretches),
            }
        }
        let escape = dollars_are_ambiguous(&stretches, &held);
        let mut fold = Fold::default();
        for stretch in &stretches {
            match stretch {
                Stretch::Text(text) => fold.text(text, &held, escape),
                Stretch::Formula(formula) => fold.formula(&with_held(&formula.tex, &held), formula),
                Stretch::Typeset(formula) => fold.typeset(formula),
                Stretch::Maybe { tex, plain } => fold.maybe(tex, plain),
            }
        }
        fold.finish()
    }

    /// Takes the line as one line: breaks become spaces, display formulas inline ones; and its formulas.
    pub(crate) fn take_flat(&mut self, page: &PageMath) -> (String, Forms) {
        let (mut line, mut count) = (String::new(), Forms::default());
        for piece in self.take(page) {
            if !line.is_empty() {
                line.push(' ');
            }
            match piece {
                Piece::Text { text, forms } => {
                    line.push_str(&text.replace('\n', " "));
                    count += forms;
                }
                Piece::Display { tex, form } => {
                    line.extend(["$", &tex.replace('\n', " "), "$"]);
                    count.count(form, 1);
                }
            }
        }
        (line, count)
    }
}

/// Splits text by the mathematics that is only typeset in it.
fn typeset_math<'t>(text: Cow<'t, str>, raw: &str, spans: &mut [typeset::Span], stretches: &mut Vec<Stretch<'t>>) {
    // Where the text stands in the line: spans count from there.
    let offset = (text.as_ptr() as usize).wrapping_sub(raw.as_ptr() as usize);
    let mut inside: Vec<typeset::Span> = match &text {
        Cow::Borrowed(_) if offset <= raw.len() => {
            spans.iter().filter_map(|span| span.within(offset, offset + text.len())).collect()
        }
        _ => Vec::new(),
    };
    if inside.is_empty() {
        return stretches.push(Stretch::Text(text));
    }
    stretches.extend(typeset::read(&text, &mut inside).into_iter().map(|part| match part {
        Part::Text(text) => Stretch::Text(Cow::Owned(text)),
        Part::Formula(formula) => Stretch::Typeset(formula),
        Part::Maybe { tex, plain } => Stretch::Maybe { tex, plain },
    }));
}

/// Whether a literal dollar sign of the block could be read as a delimiter: beside a formula or another dollar.
fn dollars_are_ambiguous(stretches: &[Stretch<'_>], held: &[Held<'_>]) -> bool {
    let formulas = held.iter().any(|held| matches!(held, Held::Formula(_)))
        || stretches.iter().any(|stretch| !matches!(stretch, Stretch::Text(_)));
    let dollars: usize = stretches
        .iter()
        .map(|stretch| match stretch {
            Stretch::Text(text) => memchr::memchr_iter(b'$', text.as_bytes()).count(),
            _ => 0,
        })
        .sum();
    dollars > 1 || dollars == 1 && formulas
}

fn placeholder(index: usize) -> Option<char> {
    let index = u32::try_from(index).ok()?;
    match index.checked_sub(PLACEHOLDERS_LOW) {
        None => char::from_u32(0xE000 + index),
        Some(rest) if rest < PLACEHOLDERS_HIGH => char::from_u32(0xF_0000 + rest),
        Some(_) => None,
    }
}

fn held_by<'h, 'a>(c: char, held: &'h [Held<'a>]) -> Option<&'h Held<'a>> {
    let index = match u32::from(c) {
        code @ 0xE000..=0xF8FF => code - 0xE000,
        code @ 0xF_0000..=0xF_FFFD => code - 0xF_0000 + PLACEHOLDERS_LOW,
        _ => return None,
    };
    held.get(index as usize)
}

/// A delimited formula's LaTeX with what it holds put back.
fn with_held(tex: &str, held: &[Held<'_>]) -> String {
    let mut whole = String::with_capacity(tex.len());
    for c in tex.chars() {
        match held_by(c, held) {
            Some(Held::Formula(formula)) => whole.push_str(&formula.tex),
            Some(Held::Code(code)) => whole.push_str(code),
            None => whole.push(if c == BREAK { '\n' } else { c }),
        }
    }
    whole
}

/// Characters that are never text: controls, private use (icons; and the placeholders), invisible formatting.
fn unwanted(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x08' | '\x0B' | '\x0E'..='\x1F' | '\x7F'..='\u{9F}' | '\u{AD}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{E000}'..='\u{F8FF}' | '\u{FEFF}'
            | '\u{FFFC}' | '\u{F0000}'..='\u{10FFFF}'
    )
}

/// Whether a line wrap beside the character means nothing: scripts written without spaces.
fn unspaced(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{312F}' | '\u{31A0}'..='\u{A4CF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FF60}' | '\u{20000}'..='\u{3FFFF}')
}

/// White space between two pieces of text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Wrap,
    Space,
    Break,
    Paragraph,
}

struct Fold {
    pieces: Vec<Piece>,
    text: String,
    forms: Forms,
    gap: Gap,
}

impl Default for Fold {
    fn default() -> Self {
        Self { pieces: Vec::new(), text: String::new(), forms: Forms::default(), gap: Gap::None }
    }
}

impl Fold {
    fn text(&mut self, text: &str, held: &[Held<'_>], escape: bool) {
        let mut escaped = false;
        for c in text.chars() {
            match c {
                BREAK => self.gap = if self.gap >= Gap::Break { Gap::Paragraph } else { Gap::Break },
                '\n' | '\r' => self.gap = self.gap.max(Gap::Wrap),
                c if c.is_whitespace() => {
                    self.gap = if self.gap == Gap::Wrap { Gap::Wrap } else { self.gap.max(Gap::Space) };
                }
                '$' if escape && !escaped => {
                    self.join('$');
                    self.text.push_str("\\$");
                }
                c => match held_by(c, held) {
                    Some(Held::Formula(formula)) => self.formula(&formula.tex, formula),
                    Some(Held::Code(code)) => {
                        self.join('`');
                        let fence = if code.contains('`') { "``" } else { "`" };
                        self.text.extend([fence, code, fence]);
                    }
                    None => {
                        self.join(c);
                        self.text.push(c);
                    }
                },
            }
            escaped = c == '\\' && !escaped;
        }
    }

    /// Writes a formula's TeX, in which what was held has its place.
    fn formula(&mut self, tex: &str, formula: &Formula) {
        let tex = tex.trim();
        if tex.is_empty() {
            return;
        }
        if formula.display {
            self.end_paragraph();
            self.pieces.push(Piece::Display { tex: without_blank_lines(tex), form: formula.form });
        } else {
            self.join('$');
            self.text.extend(["$", &tex.replace(['\n', '\r'], " "), "$"]);
            self.forms.count(formula.form, 1);
        }
    }

    /// A formula that was typeset as text; its letters are variables of the page.
    fn typeset(&mut self, formula: &Formula) {
        if !formula.display {
            self.join('$');
            self.text.push(typeset::SURE);
        }
        self.formula(&formula.tex, formula);
    }

    /// What the whole page will tell to be a formula or not.
    fn maybe(&mut self, tex: &str, plain: &str) {
        self.join('$');
        self.text.push_str(&typeset::maybe(tex, &fold_line(plain)));
    }

    /// Writes the pending white space before `next`.
    fn join(&mut self, next: char) {
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        if gap == Gap::Paragraph {
            self.end_paragraph();
        }
        if self.text.is_empty() {
            return;
        }
        match gap {
            Gap::None | Gap::Paragraph => {}
            Gap::Break => self.text.push('\n'),
            Gap::Wrap if unspaced(next) && self.text.ends_with(unspaced) => {}
            Gap::Wrap | Gap::Space => self.text.push(' '),
        }
    }

    fn end_paragraph(&mut self) {
        self.gap = Gap::None;
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.pieces.push(Piece::Text { text, forms: std::mem::take(&mut self.forms) });
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.end_paragraph();
        self.pieces
    }
}

/// Display LaTeX may span lines, but a blank line would end its block (and is an error in LaTeX).
fn without_blank_lines(tex: &str) -> String {
    if !tex.contains(['\n', '\r']) {
        return tex.to_owned();
    }
    let lines: Vec<&str> = tex.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    lines.join("\n")
}

/// Text on one line, white space folded, unwanted characters left out.
#[must_use]
pub fn fold_line(raw: &str) -> String {
    let mut fold = Fold::default();
    for c in raw.chars().filter(|c| !unwanted(*c)) {
        match c {
            '\n' | '\r' => fold.gap = fold.gap.max(Gap::Wrap),
            c if c.is_whitespace() => fold.gap = Gap::Space,
            c => {
                fold.join(c);
                fold.text.push(c);
            }
        }
    }
    fold.text
}
