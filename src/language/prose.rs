//! The words of a text: what is left without formulas, code, addresses and identifiers.

/// How much prose is looked at, in bytes, and in how many pieces spread over the text.
const PROSE_BYTES_MAX: usize = 16 * 1024;
const PIECES: usize = 4;

/// Formulas that run on for longer than this, in bytes, are a stray dollar sign.
const INLINE_MATH_BYTES_MAX: usize = 1000;

/// The same for `\[…\]`: without a bound, a page of opening signs alone would be searched once for each.
const DISPLAY_MATH_BYTES_MAX: usize = 5_000;

/// The natural-language words of a text, separated by single spaces; a sample of a long one.
pub(super) fn words(text: &str) -> String {
    let prose = prose(text);
    let total: usize = prose.iter().map(|part| part.len()).sum();
    let mut words = String::with_capacity(total.min(PROSE_BYTES_MAX) + 4 * PIECES);
    if total <= PROSE_BYTES_MAX {
        for part in prose {
            push_words(&mut words, part);
        }
        return words;
    }
    // The pieces are places in the prose laid end to end: [start, end) of each, ascending and apart.
    let piece = PROSE_BYTES_MAX / PIECES;
    let mut before = 0;
    let mut pieces = (0..PIECES).map(|i| i * (total - piece) / (PIECES - 1)).peekable();
    for part in prose {
        let after = before + part.len();
        while let Some(&start) = pieces.peek() {
            let from = floor_boundary(part, start.saturating_sub(before).min(part.len()));
            let to = floor_boundary(part, (start + piece).saturating_sub(before).min(part.len()));
            push_words(&mut words, &part[from..to]);
            if start + piece > after {
                break;
            }
            pieces.next();
        }
        before = after;
    }
    words
}

/// The parts of a text outside of fenced and inline code and `$…$`, `$$…$$`, `\(…\)`, `\[…\]`.
fn prose(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(offset) = memchr::memchr3(b'$', b'`', b'\\', &bytes[at..]) {
        let open = at + offset;
        match skipped(text, open) {
            Some(end) => {
                parts.push(&text[from..open]);
                (from, at) = (end, end);
            }
            // An escaped sign opens nothing.
            None => at = (open + 1 + usize::from(bytes[open] == b'\\')).min(bytes.len()),
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Where the formula or code that opens at `open` ends; `None` where nothing opens.
fn skipped(text: &str, open: usize) -> Option<usize> {
    let rest = &text.as_bytes()[open..];
    let (sign, close, within): (usize, &[u8], usize) = match rest {
        [b'`', b'`', b'`', ..] => (3, b"```", usize::MAX),
        [b'`', ..] => (1, b"`", INLINE_MATH_BYTES_MAX),
        [b'$', b'$', ..] => (2, b"$$", usize::MAX),
        [b'$', ..] => (1, b"$", INLINE_MATH_BYTES_MAX),
        [b'\\', b'(', ..] => (2, b"\\)", INLINE_MATH_BYTES_MAX),
        [b'\\', b'[', ..] => (2, b"\\]", DISPLAY_MATH_BYTES_MAX),
        _ => return None,
    };
    let inside = &rest[sign..rest.len().min(sign.saturating_add(within))];
    let end = memchr::memmem::find(inside, close)?;
    // A blank line ends a paragraph and with it whatever was open inline.
    let broken = within == INLINE_MATH_BYTES_MAX && memchr::memmem::find(&inside[..end], b"\n\n").is_some();
    (!broken).then_some(open + sign + end + close.len())
}

/// Appends the words of a piece of prose, in lower case.
fn push_words(out: &mut String, prose: &str) {
    for token in prose.split_whitespace() {
        if token.is_ascii() {
            let word = token.trim_matches(|c: char| c.is_ascii_punctuation() && c != '\\' && c != '_');
            if is_ascii_word(word.as_bytes()) {
                out.extend(word.chars().map(|c| c.to_ascii_lowercase()));
                out.push(' ');
            }
            continue;
        }
        let mut inside = false;
        for c in token.chars() {
            let part = c.is_alphabetic() || c == '\'' || c == '’';
            match (part, c.is_alphabetic()) {
                (true, true) => out.extend(c.to_lowercase()),
                (true, false) => out.push('\''),
                (false, _) if inside => out.push(' '),
                (false, _) => {}
            }
            inside = part;
        }
        if inside {
            out.push(' ');
        }
    }
}

/// Letters, with hyphens or an apostrophe inside, of one case but for the first: no identifier, path or TeX command.
fn is_ascii_word(word: &[u8]) -> bool {
    let Some((first, rest)) = word.split_first() else { return false };
    let upper = rest.iter().any(u8::is_ascii_uppercase);
    let lower = rest.iter().any(u8::is_ascii_lowercase);
    first.is_ascii_alphabetic()
        && word.len() <= 40
        && rest.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'\''))
        && !(upper && (lower || first.is_ascii_lowercase()))
}

fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}
