//! Commands that say how a formula looks on a screen, or what it is called, and nothing of what it says.

/// What is done with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// It goes, with so many arguments.
    Gone(usize),
    /// Its first argument goes and the second stays, as a group: `\textcolor{red}{x}` is `{x}`.
    Unwrapped,
    /// As [`Self::Unwrapped`], around text: `\colorbox{red}{so}` is `\text{so}`.
    UnwrappedText,
    /// A character by its number: `\unicode{x2212}`.
    Character,
}

/// What is done with a command of this name; `None` for those that mean something.
pub(super) fn noise(name: &str) -> Option<Noise> {
    Some(match name {
        "nonumber" | "notag" | "begingroup" | "endgroup" | "allowbreak" | "noindent" | "protect" | "relax"
        | "centering" => Noise::Gone(0),
        "label" | "usepackage" | "require" | "color" | "displaybreak" | "pagecolor" => Noise::Gone(1),
        "definecolor" => Noise::Gone(3),
        "textcolor" | "class" | "cssId" | "style" | "href" | "htmlClass" | "htmlId" | "htmlStyle" | "htmlData" => {
            Noise::Unwrapped
        }
        "colorbox" => Noise::UnwrappedText,
        "unicode" => Noise::Character,
        _ => return None,
    })
}

/// The longest argument that is looked for, in bytes; a longer one leaves its command as it is.
const ARGUMENT_BYTES_MAX: usize = 1024;

/// An argument in braces at the start of `rest`, and the bytes up to its end.
pub(super) fn argument(rest: &str) -> Option<(&str, usize)> {
    let from = rest.len() - rest.trim_start().len();
    let close = closing_brace(&rest.as_bytes()[from..])?;
    Some((&rest[from + 1..from + close], from + close + 1))
}

/// An optional argument in brackets: the bytes up to its end.
pub(super) fn optional_argument(rest: &str) -> usize {
    let from = rest.len() - rest.trim_start().len();
    let inner = rest[from..].strip_prefix('[').unwrap_or_default();
    let end = inner.bytes().take(64).position(|byte| matches!(byte, b']' | b'{' | b'\\'));
    end.filter(|end| inner.as_bytes()[*end] == b']').map_or(0, |end| from + 1 + end + 1)
}

/// Offset of the brace that closes the one at the start.
fn closing_brace(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'{') {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len().min(ARGUMENT_BYTES_MAX) {
        match bytes[at] {
            b'\\' => at += 1,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The character that `\unicode{…}` names.
pub(super) fn character(argument: &str) -> Option<char> {
    let number = argument.trim();
    let code = match number.strip_prefix(['x', 'X', '"']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control() && !matches!(c, '\\' | '{' | '}' | '$' | '%' | '&' | '#'))
}

/// Whether nothing is left to read: braces, blanks and commands that only move things.
pub(super) fn means_nothing(tex: &str) -> bool {
    const MOVES: [&str; 13] = [
        "quad",
        "qquad",
        "text",
        "mbox",
        "hbox",
        "mathrm",
        "displaystyle",
        "textstyle",
        "left",
        "right",
        "newline",
        "hfill",
        "rm",
    ];
    let mut rest = tex;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            let next = rest[1..].chars().next();
            if letters > 0 && MOVES.contains(&&rest[1..=letters]) {
                rest = &rest[1 + letters..];
                continue;
            }
            match next {
                Some(blank @ (',' | ';' | ':' | '!' | '>' | ' ' | '\\')) => rest = &rest[1 + blank.len_utf8()..],
                _ => return false,
            }
            continue;
        }
        if !(matches!(c, '{' | '}' | '~' | '&') || c.is_whitespace()) {
            return false;
        }
        rest = &rest[c.len_utf8()..];
    }
    true
}
