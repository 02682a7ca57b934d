//! Character references that the page's parser has left in TeX, because they were escaped twice.

use std::borrow::Cow;

/// How often a reference may have been escaped beyond what the parser decoded.
const ROUNDS: usize = 2;

/// Decodes what is left of references. In TeX an alignment mark is never followed by `lt;`.
pub(super) fn decode(tex: &str) -> Cow<'_, str> {
    let mut decoded = Cow::Borrowed(tex);
    for _ in 0..ROUNDS {
        match once(&decoded) {
            Some(next) => decoded = Cow::Owned(next),
            None => break,
        }
    }
    decoded
}

/// One round; `None` where there is no reference.
fn once(tex: &str) -> Option<String> {
    if !(tex.contains('&') && tex.contains(';')) {
        return None;
    }
    let mut out = String::with_capacity(tex.len());
    let mut rest = tex;
    let mut changed = false;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest.as_bytes().iter().take(10).position(|byte| *byte == b';').map(|end| &rest[1..end]);
        if let Some((c, len)) = name.and_then(|name| Some((character(name)?, name.len()))) {
            out.push(c);
            rest = &rest[len + 2..];
            changed = true;
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    changed.then_some(out)
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "thinsp" | "ensp" | "emsp" => ' ',
        "minus" => '-',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}
