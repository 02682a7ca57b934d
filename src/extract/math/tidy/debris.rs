//! What other programs leave around or inside TeX.

use std::borrow::Cow;

use super::commands::argument;

/// The inside of a whole LaTeX document, as journals carry each formula: `\documentclass…\begin{document}$x$\end{document}`.
pub(super) fn without_document(tex: &str) -> &str {
    let Some((_, inside)) = tex.split_once("\\begin{document}") else { return tex };
    inside.split_once("\\end{document}").map_or(inside, |(inside, _)| inside)
}

/// Replaces `\mathchoice{display}{text}{script}{scriptscript}` by its first choice.
pub(super) fn first_choice(tex: &str) -> Cow<'_, str> {
    const COMMAND: &str = "\\mathchoice";
    if !tex.contains(COMMAND) {
        return Cow::Borrowed(tex);
    }
    let mut out = String::with_capacity(tex.len());
    let mut rest = tex;
    while let Some(at) = rest.find(COMMAND) {
        let after = &rest[at + COMMAND.len()..];
        out.push_str(&rest[..at]);
        let mut bytes = 0;
        let mut first = None;
        for _ in 0..4 {
            let Some((inner, used)) = argument(&after[bytes..]) else { break };
            first = first.or(Some(inner));
            bytes += used;
        }
        match first {
            Some(first) => out.extend(["{", first, "}"]),
            None => out.push_str(COMMAND),
        }
        rest = &after[bytes..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Takes out the font size that an office program's converter wrote as words: `size 12{x} {}` is `{x}`.
pub(super) fn without_font_size(tex: &str) -> Cow<'_, str> {
    const WORD: &str = "size ";
    if !tex.contains(WORD) {
        return Cow::Borrowed(tex);
    }
    let mut out = String::with_capacity(tex.len());
    let mut rest = tex;
    let mut changed = false;
    while let Some(at) = rest.find(WORD) {
        let after = &rest[at + WORD.len()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let group = after[digits..].trim_start();
        let alone = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '\\');
        if alone && (1..=3).contains(&digits) && group.starts_with('{') {
            out.push_str(&rest[..at]);
            rest = group;
            changed = true;
        } else {
            out.push_str(&rest[..at + WORD.len()]);
            rest = after;
        }
    }
    out.push_str(rest);
    if !changed {
        return Cow::Borrowed(tex);
    }
    let end = out.trim_end();
    let end = end.strip_suffix("{}").unwrap_or(end).trim_end().len();
    out.truncate(end);
    Cow::Owned(out)
}
