//! Definitions in TeX: `\newcommand{\R}{\mathbb{R}}`, `\def\at#1{…}`, `\DeclareMathOperator`, `\let`.

use super::Macro;

/// A command that defines a macro, or sets up something that no reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Definer {
    /// `\newcommand{\name}[arguments][default]{body}`.
    NewCommand,
    /// `\def\name#1#2{body}`.
    Def,
    /// `\DeclareMathOperator{\name}{words}`.
    Operator,
    /// `\DeclarePairedDelimiter{\name}{left}{right}`.
    Paired,
    /// `\let\name=\other`.
    Let,
    /// `\require{package}`.
    Require,
}

/// The definer whose name the text (after a backslash) begins with, and the length of the name.
pub(super) fn definer(text: &str) -> Option<(Definer, usize)> {
    let length = letters(text);
    let definer = match &text[..length] {
        "newcommand" | "renewcommand" | "providecommand" | "DeclareRobustCommand" => Definer::NewCommand,
        "def" | "gdef" | "edef" | "xdef" => Definer::Def,
        "DeclareMathOperator" => Definer::Operator,
        "DeclarePairedDelimiter" => Definer::Paired,
        "let" => Definer::Let,
        "require" => Definer::Require,
        _ => return None,
    };
    Some((definer, length))
}

fn letters(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_alphabetic).count()
}

/// What a formula defines, and what is left of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) macros: Vec<(String, Macro)>,
    pub(super) rest: String,
}

/// Takes the definitions out of TeX; `None` where there are none.
pub(super) fn read(tex: &str) -> Option<Read> {
    let mut read = Read::default();
    let mut found = false;
    let mut at = 0;
    let mut copied = 0;
    while let Some(next) = memchr::memchr(b'\\', &tex.as_bytes()[at..]) {
        let start = at + next;
        let after = &tex[start + 1..];
        at = start + 1 + after.chars().next().map_or(0, char::len_utf8);
        let Some((kind, length)) = definer(after) else { continue };
        let mut reader = Reader { rest: &after[length..] };
        let Some(definition) = reader.definition(kind) else { continue };
        found = true;
        read.macros.extend(definition);
        let mut before = &tex[copied..start];
        for prefix in ["\\global", "\\long"] {
            before = before.trim_end().strip_suffix(prefix).unwrap_or(before);
        }
        read.rest.push_str(before);
        at = tex.len() - reader.rest.trim_start().len();
        copied = at;
    }
    if !found {
        return None;
    }
    read.rest.push_str(&tex[copied..]);
    Some(read)
}

/// Whether TeX is one command without arguments.
pub(super) fn is_one_command(tex: &str) -> bool {
    tex.strip_prefix('\\').is_some_and(|name| !name.is_empty() && letters(name) == name.len())
}

/// Whether braces pair up, escaped ones left aside.
pub(super) fn is_balanced(tex: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = tex.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' if depth == 0 => return false,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    depth == 0
}

/// A reader of TeX's arguments.
pub(super) struct Reader<'t> {
    pub(super) rest: &'t str,
}

impl<'t> Reader<'t> {
    fn skip(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(sign);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    /// An argument: what is in braces, a command, or a character.
    pub(super) fn argument(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        let first = rest.chars().next()?;
        if first == '{' {
            let length = group(rest, b'}')?;
            self.rest = &rest[length + 1..];
            return Some(&rest[1..length]);
        }
        let length = match first {
            '\\' => 1 + letters(&rest[1..]).max(rest[1..].chars().next().map_or(0, char::len_utf8)),
            '}' => return None,
            c => c.len_utf8(),
        };
        self.rest = &rest[length..];
        Some(&rest[..length])
    }

    /// An argument in brackets.
    pub(super) fn optional(&mut self) -> Option<&'t str> {
        let rest = self.rest.trim_start();
        if !rest.starts_with('[') {
            return None;
        }
        let length = group(rest, b']')?;
        self.rest = &rest[length + 1..];
        Some(&rest[1..length])
    }

    /// Everything up to a delimiter outside braces.
    pub(super) fn until(&mut self, delimiter: &str) -> Option<&'t str> {
        let rest = self.rest;
        let mut depth = 0_usize;
        let mut at = 0;
        while at < rest.len() {
            if depth == 0 && rest[at..].starts_with(delimiter) {
                self.rest = &rest[at + delimiter.len()..];
                return Some(&rest[..at]);
            }
            let c = rest[at..].chars().next()?;
            at += c.len_utf8();
            match c {
                '\\' => at += rest[at..].chars().next().map_or(0, char::len_utf8),
                '{' => depth += 1,
                '}' => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }

    /// The name that is defined: `\name`, `{\name}`, and also `{name}`.
    fn name(&mut self) -> Option<String> {
        let raw = self.argument()?.trim();
        let name = raw.strip_prefix('\\').unwrap_or(raw);
        (raw.len() > 1 && letters(name) == name.len()).then(|| name.to_owned())
    }

    /// What follows a definer: `Some(None)` where it names no macro.
    #[expect(clippy::option_option, reason = "a definer without a macro is no failure")]
    fn definition(&mut self, kind: Definer) -> Option<Option<(String, Macro)>> {
        if kind == Definer::Require {
            self.rest.trim_start().starts_with('{').then_some(())?;
            self.argument()?;
            return Some(None);
        }
        let starred = matches!(kind, Definer::NewCommand | Definer::Operator | Definer::Paired) && self.skip('*');
        if kind == Definer::Def || kind == Definer::Let {
            self.rest.trim_start().starts_with('\\').then_some(())?;
        }
        let name = self.name()?;
        let definition = match kind {
            Definer::NewCommand => {
                let parameters = match self.optional() {
                    Some(number) => number.trim().parse().ok().filter(|number| *number <= 9)?,
                    None => 0,
                };
                let default = self.optional().map(str::to_owned).filter(|_| parameters > 0);
                let body = self.argument()?.trim().to_owned();
                Macro { parameters, default, delimiters: Vec::new(), body }
            }
            Definer::Def => {
                let brace = self.rest.find('{')?;
                let (parameters, delimiters) = parameter_text(&self.rest[..brace])?;
                self.rest = &self.rest[brace..];
                Macro { parameters, default: None, delimiters, body: self.argument()?.trim().to_owned() }
            }
            Definer::Operator => {
                let words = self.argument()?.trim();
                let star = if starred { "*" } else { "" };
                Macro { body: format!("\\operatorname{star}{{{words}}}"), ..Macro::default() }
            }
            Definer::Paired => {
                let (left, right) = (self.argument()?.trim(), self.argument()?.trim());
                Macro { parameters: 1, body: format!("{left} #1 {right}"), ..Macro::default() }
            }
            Definer::Let => {
                self.skip('=');
                Macro { body: self.argument()?.to_owned(), ..Macro::default() }
            }
            Definer::Require => return None,
        };
        Some(Some((name, definition)))
    }
}

/// The parameters that `\def` names, and what stands around them where anything does.
fn parameter_text(text: &str) -> Option<(usize, Vec<String>)> {
    let mut pieces = text.trim().split('#');
    let mut delimiters = vec![pieces.next()?.to_owned()];
    for (nth, piece) in pieces.enumerate() {
        let number = piece.chars().next()?.to_digit(10)?;
        if number as usize != nth + 1 {
            return None;
        }
        delimiters.push(piece[1..].to_owned());
    }
    let parameters = delimiters.len() - 1;
    if delimiters.iter().all(|delimiter| delimiter.trim().is_empty()) {
        delimiters.clear();
    }
    Some((parameters, delimiters))
}

/// Offset of what closes the group at the start of the text.
fn group(text: &str, close: u8) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            byte if byte == close && depth == 0 => return Some(at),
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}
