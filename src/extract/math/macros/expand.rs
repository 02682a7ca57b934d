//! A formula with macros → the same without.

use super::definitions::Reader;
use super::{Macro, Macros, standard};

/// Macros inside macros.
const DEPTH_MAX: usize = 24;

/// What expansion may write for a formula, in bytes, beside so many times its length.
const GROWTH_BYTES_MAX: usize = 16 * 1024;

/// Expands all macros, and counts the bytes written on the way, of which `left` may be.
///
/// There is no result where there are no macros, where they want for arguments or go beyond the bounds.
pub(super) fn expand(macros: &Macros, tex: &str, left: usize) -> (Option<String>, usize) {
    if !commands(tex).any(|name| macros.get(name).is_some()) {
        return (None, 0);
    }
    let max = (GROWTH_BYTES_MAX + tex.len() * 16).min(left);
    let out = String::with_capacity(tex.len() * 2);
    let mut writer = Writer { macros, out, left: max, wanted: 0, open: Vec::new() };
    let done = writer.expand(tex, 0);
    (done.map(|()| writer.out), max - writer.left)
}

/// The names of the commands in TeX.
fn commands(tex: &str) -> impl Iterator<Item = &str> {
    memchr::memchr_iter(b'\\', tex.as_bytes()).map(|at| {
        let name = &tex[at + 1..];
        &name[..name.bytes().take_while(u8::is_ascii_alphabetic).count()]
    })
}

struct Writer<'m> {
    macros: &'m Macros,
    out: String,
    /// Bytes that may still be written.
    left: usize,
    /// Arguments that the command before waits for. A macro that is one must stay in one piece: `\frac\half x`.
    wanted: usize,
    /// The same for the groups around.
    open: Vec<(char, usize)>,
}

impl Writer<'_> {
    fn expand(&mut self, tex: &str, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut rest = tex;
        while let Some(c) = rest.chars().next() {
            if c != '\\' {
                self.character(c)?;
                rest = &rest[c.len_utf8()..];
                continue;
            }
            let length = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            if length == 0 {
                let symbol = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                self.push(&rest[..symbol])?;
                self.wanted = self.wanted.saturating_sub(1);
                rest = &rest[symbol..];
                continue;
            }
            let (command, after) = rest.split_at(length + 1);
            rest = after;
            let macros = self.macros;
            let Some(definition) = macros.get(&command[1..]) else {
                self.push(command)?;
                self.wanted = self.wanted.saturating_sub(1) + standard::arguments(&command[1..]);
                continue;
            };
            let mut reader = Reader { rest };
            let arguments = arguments(definition, &mut reader)?;
            rest = reader.rest;
            let body = substituted(&definition.body, &arguments)?;
            self.left = self.left.checked_sub(body.len() + 8)?;
            let grouped = self.wanted > 0 && !is_one_piece(&body);
            if grouped {
                self.character('{')?;
            }
            self.expand(&body, depth + 1)?;
            if grouped {
                self.character('}')?;
            }
        }
        Some(())
    }

    fn character(&mut self, c: char) -> Option<()> {
        match c {
            '{' => {
                self.open.push(('}', self.wanted.saturating_sub(1)));
                self.wanted = 0;
            }
            '[' if self.wanted > 0 => {
                self.open.push((']', self.wanted));
                self.wanted = 0;
            }
            '^' | '_' => self.wanted = 1,
            c if c.is_whitespace() => {}
            c if self.open.last().is_some_and(|(close, _)| *close == c) => {
                self.wanted = self.open.pop().map_or(0, |(_, wanted)| wanted);
            }
            _ => self.wanted = self.wanted.saturating_sub(1),
        }
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    /// Writes TeX; a blank keeps a command's name apart from a letter that an expansion brings.
    fn push(&mut self, tex: &str) -> Option<()> {
        self.left = self.left.checked_sub(tex.len())?;
        if tex.starts_with(|c: char| c.is_ascii_alphabetic()) && ends_in_command(&self.out) {
            self.out.push(' ');
        }
        self.out.push_str(tex);
        Some(())
    }
}

fn ends_in_command(tex: &str) -> bool {
    // A name is short; without the cap a formula of letters would be read again for each of them.
    let letters = tex.bytes().rev().take(40).take_while(u8::is_ascii_alphabetic).count();
    let before = &tex.as_bytes()[..tex.len() - letters];
    let slashes = before.iter().rev().take(4).take_while(|byte| **byte == b'\\').count();
    letters > 0 && slashes % 2 == 1
}

/// The arguments of a macro.
fn arguments<'t>(definition: &'t Macro, reader: &mut Reader<'t>) -> Option<Vec<&'t str>> {
    let mut arguments = Vec::with_capacity(definition.parameters);
    if let Some((first, after)) = definition.delimiters.split_first() {
        reader.rest = reader.rest.trim_start().strip_prefix(first.trim())?;
        for delimiter in after {
            arguments.push(match delimiter.trim() {
                "" => reader.argument()?,
                delimiter => reader.until(delimiter)?.trim(),
            });
        }
        return Some(arguments);
    }
    if let Some(default) = &definition.default {
        arguments.push(reader.optional().unwrap_or(default));
    }
    while arguments.len() < definition.parameters {
        arguments.push(reader.argument()?);
    }
    Some(arguments)
}

/// A body with arguments put in; `None` where they make it too long.
fn substituted(body: &str, arguments: &[&str]) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('#') {
        // `\#` is a sign, not an argument.
        let slashes = rest[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        out.push_str(&rest[..at]);
        let next = rest[at + 1..].chars().next();
        let argument = next.and_then(|c| c.to_digit(10)).and_then(|n| arguments.get((n as usize).wrapping_sub(1)));
        match (argument, next) {
            (Some(argument), _) if slashes % 2 == 0 => {
                if argument.starts_with(|c: char| c.is_ascii_alphabetic()) && ends_in_command(&out) {
                    out.push(' ');
                }
                out.push_str(argument);
                rest = &rest[at + 2..];
                if rest.starts_with(|c: char| c.is_ascii_alphabetic()) && ends_in_command(&out) {
                    out.push(' ');
                }
            }
            (_, Some('#')) => {
                out.push('#');
                rest = &rest[at + 2..];
            }
            _ => {
                out.push('#');
                rest = &rest[at + 1..];
            }
        }
        if out.len() > super::BODY_BYTES_MAX * 16 {
            return None;
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Whether TeX is one character, command or group, so that it can be an argument as it is.
fn is_one_piece(tex: &str) -> bool {
    let mut reader = Reader { rest: tex };
    reader.argument().is_some() && reader.rest.trim().is_empty()
        // A command that takes an argument is no piece without it.
        && tex.strip_prefix('\\').is_none_or(|name| standard::arguments(name.trim()) == 0)
}
