//! Text with spans → tokens.

use super::chars::{Role, is_ideograph, is_private, role};
use super::words;
use super::{Span, Style};

/// Scripts, fractions and the like inside each other beyond this are text.
const DEPTH_MAX: usize = 8;

/// How a letter is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Face {
    pub(super) italic: bool,
    pub(super) bold: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters in one style. After classification: variables.
    Letters(Face),
    /// An upright name in a script or a formula that the page marks: `x_max`.
    Upright,
    /// A word of prose.
    Word,
    /// `sin`, `log`, …
    Function,
    /// Another name that stands right before its argument: `area(T)`.
    Name,
    Number,
    Symbol,
    Prefix(char),
    Strong(char),
    Weak(char),
    Open(char),
    Close(char),
    Bar,
    Comma,
    Colon,
    Ellipsis,
    Prime,
    Postfix,
    Script {
        raised: bool,
        inside: Vec<Token>,
    },
    Fraction {
        over: Vec<Token>,
        under: Vec<Token>,
    },
    /// Under a line, after a root sign or not.
    Overline(Vec<Token>),
    /// What the page itself calls a formula.
    Container {
        inside: Vec<Token>,
        display: bool,
    },
    /// One part of a fraction, until both are put together.
    Part {
        upper: bool,
        inside: Vec<Token>,
    },
    /// Raised or lowered digits of a unit or compound, as the characters for them.
    Shifted(String),
    Space,
    Stop,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start..self.end]
    }

    /// Whether the token is a whole operand or the end of one.
    pub(super) fn ends_operand(&self) -> bool {
        use Kind::{
            Close, Container, Ellipsis, Fraction, Letters, Number, Overline, Postfix, Prime, Script, Symbol, Upright,
        };
        matches!(
            self.kind,
            Letters(_)
                | Upright
                | Number
                | Symbol
                | Close(_)
                | Prime
                | Postfix
                | Script { .. }
                | Fraction { .. }
                | Overline(_)
                | Container { .. }
                | Ellipsis
        )
    }

    /// Whether an operand can start with the token.
    pub(super) fn starts_operand(&self) -> bool {
        use Kind::{
            Container, Ellipsis, Fraction, Function, Letters, Name, Number, Open, Overline, Prefix, Symbol, Upright,
        };
        matches!(
            self.kind,
            Letters(_)
                | Upright
                | Number
                | Symbol
                | Open(_)
                | Function
                | Name
                | Prefix(_)
                | Fraction { .. }
                | Overline(_)
                | Container { .. }
                | Ellipsis
        )
    }

    pub(super) fn is_operator(&self) -> bool {
        matches!(self.kind, Kind::Strong(_) | Kind::Weak(_))
    }
}

/// The text of some tokens.
pub(super) fn text_of<'t>(text: &'t str, inside: &[Token]) -> &'t str {
    match (inside.first(), inside.last()) {
        (Some(first), Some(last)) => &text[first.start..last.end],
        _ => "",
    }
}

/// The tokens of a text; spans sorted by start, outer ones first.
pub(super) fn tokens(text: &str, spans: &[Span]) -> Vec<Token> {
    Lexer { text, spans, next: 0 }.range(0, text.len(), Face::default(), 0)
}

struct Lexer<'t> {
    text: &'t str,
    spans: &'t [Span],
    /// The first span that is not yet used.
    next: usize,
}

impl Lexer<'_> {
    fn range(&mut self, from: usize, to: usize, outer: Face, depth: usize) -> Vec<Token> {
        let mut tokens = Vec::new();
        // Ends of the italic and bold spans that are open.
        let (mut italic, mut bold) = (0, 0);
        let mut at = from;
        while at < to {
            while let Some(span) = self.spans.get(self.next).filter(|span| span.start < at) {
                debug_assert!(span.start < at);
                self.next += 1;
            }
            if let Some(&span) = self.spans.get(self.next).filter(|span| span.start == at && span.end <= to) {
                self.next += 1;
                match span.style {
                    _ if span.end <= span.inner => {}
                    Style::Italic => italic = italic.max(span.end),
                    Style::Bold => bold = bold.max(span.end),
                    style => {
                        self.structure(span, style, depth, &mut tokens);
                        at = span.end;
                    }
                }
                continue;
            }
            let face = Face { italic: outer.italic || at < italic, bold: outer.bold || at < bold };
            // A token ends where a style begins or ends.
            let mut limit = self.spans.get(self.next).map_or(to, |span| span.start.max(at + 1)).min(to);
            for end in [italic, bold] {
                if end > at {
                    limit = limit.min(end);
                }
            }
            while !self.text.is_char_boundary(limit) {
                limit += 1;
            }
            let token = self.token(at, limit, face);
            at = token.end;
            tokens.push(token);
        }
        fractions(self.text, &mut tokens);
        tokens
    }

    /// A span that holds a part of a formula.
    fn structure(&mut self, span: Span, style: Style, depth: usize, tokens: &mut Vec<Token>) {
        let Span { start, inner, end, .. } = span;
        if style == Style::Note || depth >= DEPTH_MAX {
            return tokens.push(Token { kind: Kind::Stop, start, end });
        }
        let inside = self.range(inner, end, Face::default(), depth + 1);
        // Code and formulas of other markup are no part of this one.
        let foreign = self.text[inner..end].contains(is_private);
        let kind = match style {
            Style::Superscript | Style::Subscript if foreign => Kind::Stop,
            _ if foreign => return tokens.extend(inside),
            Style::Superscript => Kind::Script { raised: true, inside },
            Style::Subscript => Kind::Script { raised: false, inside },
            Style::Stack => return self.stack(start, end, inside, tokens),
            Style::Numerator => Kind::Part { upper: true, inside },
            Style::Denominator => Kind::Part { upper: false, inside },
            Style::Overline => Kind::Overline(inside),
            Style::Math { display } if is_formula(self.text, &inside) => Kind::Container { inside, display },
            // A fraction has been put together inside; what is no formula is text.
            _ => return tokens.extend(inside),
        };
        tokens.push(Token { kind, start, end });
    }

    /// Two lines in one: an exponent over an index.
    fn stack(&self, start: usize, end: usize, inside: Vec<Token>, tokens: &mut Vec<Token>) {
        let is_break = |token: &Token| token.text(self.text) == "\u{2028}";
        let Some(middle) = inside.iter().position(is_break) else {
            return tokens.extend(inside);
        };
        let mut over = inside;
        let mut under = over.split_off(middle);
        let at = under.remove(0).start;
        // Scripts inside say so themselves.
        for (raised, mut line, start, end) in [(true, over, start, at), (false, under, at, end)] {
            if let [Token { kind: Kind::Script { .. }, .. }] = line.as_slice() {
                tokens.append(&mut line);
            } else if !line.is_empty() {
                tokens.push(Token { kind: Kind::Script { raised, inside: line }, start, end });
            }
        }
    }

    /// The token at an offset.
    fn token(&self, at: usize, limit: usize, face: Face) -> Token {
        let rest = &self.text[at..limit];
        let c = rest.chars().next().unwrap_or(' ');
        let one = |kind| Token { kind, start: at, end: at + c.len_utf8() };
        let to = |kind, length: usize| Token { kind, start: at, end: at + length };
        match role(c) {
            Role::Letter | Role::Other if is_ideograph(c) => {
                to(Kind::Stop, rest.find(|c| !is_ideograph(c)).unwrap_or(rest.len()))
            }
            Role::Letter | Role::Other => {
                let of_word = |c: char| matches!(role(c), Role::Letter | Role::Other) && !is_ideograph(c);
                let length = rest.find(|c| !(of_word(c) || is_mark(c))).unwrap_or(rest.len());
                let plain = rest[..length].chars().all(|c| role(c) == Role::Letter);
                to(if plain { Kind::Letters(face) } else { Kind::Word }, length)
            }
            Role::Digit => to(Kind::Number, number(rest)),
            Role::Space => {
                let length = rest.find(|c| role(c) != Role::Space).unwrap_or(rest.len());
                to(Kind::Space, length)
            }
            Role::Symbol => one(Kind::Symbol),
            Role::Prefix => one(Kind::Prefix(c)),
            Role::Strong => one(Kind::Strong(c)),
            Role::Weak => one(Kind::Weak(c)),
            Role::Open => one(Kind::Open(c)),
            Role::Close => one(Kind::Close(c)),
            Role::Bar => one(Kind::Bar),
            Role::Comma => one(Kind::Comma),
            Role::Colon => one(Kind::Colon),
            Role::Ellipsis => one(Kind::Ellipsis),
            Role::Prime => {
                let next = self.text[at + c.len_utf8()..].chars().next();
                let elided = next.is_some_and(char::is_alphabetic) && matches!(c, '\'' | '’');
                one(if elided { Kind::Stop } else { Kind::Prime })
            }
            Role::Postfix => one(Kind::Postfix),
            Role::Stop if rest.starts_with("...") => to(Kind::Ellipsis, 3),
            Role::Stop => one(Kind::Stop),
        }
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Length of a number: digits, groups of three after commas, a decimal part.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = digits(0);
    if length <= 3 {
        while bytes.get(length) == Some(&b',') && digits(length + 1) == 3 {
            length += 4;
        }
    }
    if bytes.get(length) == Some(&b'.') && bytes.get(length + 1).is_some_and(u8::is_ascii_digit) {
        length += 1 + digits(length + 1);
    }
    length
}

/// Puts fractions together: two parts, or a raised and a lowered number with a slash between.
fn fractions(text: &str, tokens: &mut Vec<Token>) {
    let is_part = |token: &Token| matches!(token.kind, Kind::Part { .. } | Kind::Script { raised: true, .. });
    if !tokens.iter().any(is_part) {
        return;
    }
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = std::mem::take(tokens).into_iter().peekable();
    while let Some(token) = rest.next() {
        let on_number = out.last().is_none_or(|base| {
            matches!(base.kind, Kind::Number) || !base.ends_operand() && !matches!(base.kind, Kind::Word)
        });
        let upper = match &token.kind {
            Kind::Part { upper: true, .. } => true,
            Kind::Script { raised: true, inside } => on_number && !inside.is_empty(),
            _ => false,
        };
        if !upper {
            // A lower part alone is text.
            match token.kind {
                Kind::Part { inside, .. } => out.extend(inside),
                _ => out.push(token),
            }
            continue;
        }
        let slash = rest.next_if(|next| matches!(next.text(text), "/" | "⁄" | "∕"));
        let of_parts = matches!(token.kind, Kind::Part { .. });
        let under = rest.next_if(|next| match next.kind {
            Kind::Part { upper: false, .. } => of_parts,
            Kind::Script { raised: false, .. } => !of_parts && slash.is_some(),
            _ => false,
        });
        match (token, under) {
            (
                Token { kind: Kind::Part { inside: over, .. } | Kind::Script { inside: over, .. }, start, .. },
                Some(Token {
                    kind: Kind::Part { inside: under, .. } | Kind::Script { inside: under, .. }, end, ..
                }),
            ) => out.push(Token { kind: Kind::Fraction { over, under }, start, end }),
            (token, _) => {
                match token.kind {
                    Kind::Part { inside, .. } => out.extend(inside),
                    _ => out.push(token),
                }
                out.extend(slash);
            }
        }
    }
    *tokens = out;
}

/// Whether what a page calls math is a formula: nothing foreign in it, hardly any words.
fn is_formula(text: &str, inside: &[Token]) -> bool {
    let (mut words, mut others) = (0, 0);
    for token in inside {
        match token.kind {
            Kind::Word => words += 1,
            Kind::Letters(_) if token.end - token.start > 3 && !words::is_function(token.text(text)) => words += 1,
            Kind::Stop if token.text(text).chars().any(|c| is_ideograph(c) || is_private(c)) => return false,
            Kind::Space => {}
            _ => others += 1,
        }
    }
    others > 0 && words <= 4 && words <= others
}
