//! Macros in the settings of MathJax and KaTeX: `macros: {RR: "\\mathbb{R}", abs: ["|#1|", 1]}`.
//!
//! The reader takes JavaScript's object literals as people write them: keys with or without quotes, comments, trailing
//! commas, strings in pieces. What it does not understand it passes over.

use memchr::memmem;

use super::Macro;
use super::definitions::is_balanced;

/// Bytes of settings that are read.
const SETTINGS_BYTES_MAX: usize = 64 * 1024;

/// The macros that a script sets up.
pub(super) fn read(script: &str) -> Vec<(String, Macro)> {
    let mut macros = Vec::new();
    let bytes = script.as_bytes();
    for at in memmem::find_iter(bytes, b"acros").take(16) {
        if at > 0 && matches!(bytes[at - 1], b'm' | b'M') {
            let mut reader = Literal::at(script, at + "acros".len());
            if reader.skip(b'"') || reader.skip(b'\'') || !reader.rest().starts_with(|c: char| c.is_alphanumeric()) {
                reader.blanks();
                if reader.skip(b':') || reader.skip(b'=') {
                    reader.blanks();
                    reader.object(&mut macros);
                }
            }
        }
    }
    for at in memmem::find_iter(bytes, b".Macro(").take(super::MACROS_MAX) {
        let mut reader = Literal::at(script, at + ".Macro".len());
        let values = reader.list(b')');
        if let Some((Value::Text(name), definition)) = values.split_first()
            && let Some(definition) = definition_of(definition)
        {
            macros.push((name.clone(), definition));
        }
    }
    macros
        .into_iter()
        .filter_map(|(name, definition)| {
            let name = name.trim_start_matches('\\').to_owned();
            let sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
            (sound && is_balanced(&definition.body)).then_some((name, definition))
        })
        .collect()
}

/// A value of JavaScript, as far as macros have them.
#[derive(Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Number(usize),
    List(Vec<Value>),
    Other,
}

/// A macro of its body, number of arguments and default for the first.
fn definition_of(values: &[Value]) -> Option<Macro> {
    match values {
        [Value::Text(body)] => Some(Macro::of_body(body.clone())),
        [Value::Text(body), Value::Number(parameters)] => {
            Some(Macro { parameters: (*parameters).min(9), body: body.clone(), ..Macro::default() })
        }
        [Value::Text(body), Value::Number(parameters), Value::Text(default)] if *parameters > 0 => Some(Macro {
            parameters: (*parameters).min(9),
            default: Some(default.clone()),
            body: body.clone(),
            ..Macro::default()
        }),
        _ => None,
    }
}

/// A reader of JavaScript literals.
struct Literal<'s> {
    script: &'s str,
    at: usize,
}

impl<'s> Literal<'s> {
    fn at(script: &'s str, at: usize) -> Self {
        let end = script.floor_char_boundary(at.saturating_add(SETTINGS_BYTES_MAX));
        Self { script: &script[..end], at }
    }

    fn rest(&self) -> &'s str {
        &self.script[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.script.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Passes over white space and comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            let next = rest.trim_start();
            self.at += rest.len() - next.len();
            let comment = if next.starts_with("//") {
                next.find('\n')
            } else if next.starts_with("/*") {
                next.find("*/").map(|end| end + 2)
            } else {
                return;
            };
            self.at += comment.unwrap_or(next.len());
        }
    }

    /// An object whose values are macros.
    fn object(&mut self, macros: &mut Vec<(String, Macro)>) {
        if !self.skip(b'{') {
            return;
        }
        while macros.len() < super::MACROS_MAX {
            self.blanks();
            while self.skip(b',') {
                self.blanks();
            }
            let key = match self.peek() {
                Some(b'"' | b'\'' | b'`') => self.text(),
                Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' => self.word().to_owned(),
                _ => return,
            };
            self.blanks();
            if !self.skip(b':') {
                return;
            }
            let definition = match self.value(0) {
                Value::List(values) => definition_of(&values),
                value => definition_of(&[value]),
            };
            // A literal that breaks off says nothing of its last macro.
            if self.peek().is_none() {
                return;
            }
            macros.extend(definition.map(|definition| (key, definition)));
        }
    }

    /// A value up to the comma or bracket after it.
    fn value(&mut self, depth: usize) -> Value {
        self.blanks();
        let value = match self.peek() {
            Some(b'"' | b'\'' | b'`') => {
                let mut text = self.text();
                loop {
                    self.blanks();
                    if !self.skip(b'+') {
                        break;
                    }
                    self.blanks();
                    text.push_str(&self.text());
                }
                Value::Text(text)
            }
            Some(b'[') if depth < 4 => Value::List(self.bracketed(b']', depth + 1)),
            Some(byte) if byte.is_ascii_digit() => self.word().parse().map_or(Value::Other, Value::Number),
            _ if self.rest().starts_with("String.raw`") => {
                self.at += "String.raw`".len();
                let rest = self.rest();
                let end = rest.find('`').unwrap_or(rest.len());
                self.at = (self.at + end + 1).min(self.script.len());
                Value::Text(rest[..end].to_owned())
            }
            _ => Value::Other,
        };
        self.pass_over();
        value
    }

    /// Values in brackets, of which the first is still to come.
    fn list(&mut self, close: u8) -> Vec<Value> {
        self.bracketed(close, 0)
    }

    fn bracketed(&mut self, close: u8, depth: usize) -> Vec<Value> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.blanks();
            if self.skip(close) || self.peek().is_none() || values.len() > 16 {
                return values;
            }
            values.push(self.value(depth));
            self.blanks();
            if !self.skip(b',') && self.peek() != Some(close) {
                return values;
            }
        }
    }

    /// Passes over what is left of a value.
    fn pass_over(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' | b'\'' | b'`' => drop(self.text()),
                b'[' | b'{' | b'(' => {
                    depth += 1;
                    self.at += 1;
                }
                b',' | b']' | b'}' | b')' if depth == 0 => return,
                b']' | b'}' | b')' => {
                    depth -= 1;
                    self.at += 1;
                }
                b'/' if matches!(self.script.as_bytes().get(self.at + 1), Some(b'/' | b'*')) => self.blanks(),
                _ => self.at += 1,
            }
        }
    }

    fn word(&mut self) -> &'s str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')).count();
        self.at += length;
        &rest[..length]
    }

    /// A string, escapes undone; empty where none begins here.
    fn text(&mut self) -> String {
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        let Some((_, quote @ ('"' | '\'' | '`'))) = chars.next() else { return text };
        while let Some((_, c)) = chars.next() {
            match c {
                c if c == quote => break,
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n' | 't' | 'r' | '\n') => text.push(' '),
                    Some(kind @ ('u' | 'x')) => {
                        let digits = if kind == 'u' { 4 } else { 2 };
                        let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
                    }
                    Some(c) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        self.at = chars.next().map_or(self.script.len(), |(next, _)| self.at + next);
        text
    }
}
