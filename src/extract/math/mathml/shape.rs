//! What a piece of LaTeX is as a whole: one symbol, one command, one environment.

/// Text with TeX's special characters escaped.
pub(super) fn escape_text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '{' | '}' | '$' | '%' | '#' | '&' | '_' => {
                out.push('\\');
                out.push(c);
            }
            '\\' => out.push_str("\\textbackslash "),
            '^' => out.push_str("\\textasciicircum "),
            '~' => out.push_str("\\textasciitilde "),
            '\u{a0}' => out.push(' '),
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Whether LaTeX is one symbol, so that braces around it change nothing.
pub(super) fn is_single(tex: &str) -> bool {
    let mut chars = tex.chars();
    match (chars.next(), chars.as_str()) {
        (Some(c), "") => !matches!(c, '^' | '_'),
        (Some('\\'), rest) => rest.bytes().all(|byte| byte.is_ascii_alphabetic()) || rest.chars().count() == 1,
        _ => false,
    }
}

/// Whether LaTeX is one command with one argument in braces and nothing after it.
pub(super) fn is_one_command(tex: &str) -> bool {
    is_command(tex, 1)
}

/// Whether LaTeX is one command with so many arguments in braces and nothing after them.
pub(super) fn is_command(tex: &str, arguments: usize) -> bool {
    let name = tex.strip_prefix('\\').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_alphabetic).count());
    if name == 0 {
        return false;
    }
    let mut rest = &tex[1 + name..];
    for _ in 0..arguments {
        match group_end(rest) {
            Some(end) => rest = &rest[end..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// Whether LaTeX is one environment and nothing after it.
pub(super) fn is_environment(tex: &str) -> bool {
    let mut depth = 0_usize;
    for (at, _) in tex.match_indices('\\') {
        if tex[at..].starts_with("\\begin{") {
            depth += 1;
        } else if tex[at..].starts_with("\\end{") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return tex.starts_with("\\begin{") && tex[at..].find('}').is_some_and(|end| at + end + 1 == tex.len());
            }
        }
    }
    false
}

/// Offset after the group in braces at the start.
fn group_end(tex: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = tex.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (byte == b'}').then_some(at + 1);
        }
    }
    None
}
