//! The query of a URL without tracking parameters and session ids, in a fixed order.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{listed, percent};

/// Parameters that never name a page, in lower case; a trailing `*` stands for any ending.
static TRACKING: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../../seeds/lists/tracking_parameters.txt").lines().collect());

/// Parameters that hold a session where their value looks like one, in lower case.
static SESSION: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../../seeds/lists/session_parameters.txt").lines().collect());

static TRACKING_STEMS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| TRACKING.iter().filter_map(|name| name.strip_suffix('*')).collect());

/// The fewest digits and letters that make a value look like a session id rather than a number of a page.
const SESSION_CHARS_MIN: usize = 16;

/// The query's parameters that may name a page, sorted by name; empty where none is left.
pub(super) fn normalise(query: &str) -> String {
    let mut kept: Vec<String> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(percent::normalise_query)
        .map(|parameter| telling(&parameter))
        .filter(|parameter| !parameter.is_empty())
        .collect();
    kept.sort_by(|a, b| name(a).cmp(name(b)));
    kept.join("&")
}

/// What of a parameter may name a page. It may be several, divided by `;`, and its `&` may have been written `&amp;`.
fn telling(parameter: &str) -> String {
    let (escaped, rest) = match parameter.strip_prefix("amp;") {
        Some(rest) => ("amp;", rest),
        None => ("", parameter),
    };
    // A piece without `=` belongs to the value before it.
    let mut pieces: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, _) in rest.match_indices(';') {
        let next = rest[at + 1..].split(';').next().unwrap_or_default();
        if next.contains('=') {
            pieces.push(&rest[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&rest[start..]);
    pieces.retain(|piece| !piece.is_empty() && !names_no_page(piece));
    if pieces.is_empty() { String::new() } else { format!("{escaped}{}", pieces.join(";")) }
}

/// A path segment without the `;name=value` that hold sessions, whose signs may be encoded.
pub(super) fn without_sessions(segment: Cow<'_, str>) -> Cow<'_, str> {
    const SIGNS: [&str; 2] = [";", "%3B"];
    let next = |text: &str| {
        SIGNS.iter().filter_map(|sign| Some((text.find(sign)?, sign.len()))).min().unwrap_or((text.len(), 0))
    };
    let (mut end, mut sign) = next(&segment);
    if sign == 0 {
        return segment;
    }
    let mut kept = segment[..end].to_owned();
    while sign > 0 {
        let (from, length) = (end, sign);
        let part = &segment[from + length..];
        let (part_end, next_sign) = next(part);
        let part = &part[..part_end];
        let empty = length == 1 && part.is_empty();
        if !empty && !names_no_page(&part.replacen("%3D", "=", 1)) {
            kept.push_str(&segment[from..from + length]);
            kept.push_str(part);
        }
        (end, sign) = (from + length + part_end, next_sign);
    }
    Cow::Owned(kept)
}

/// Whether `name=value`, percent-encoding normalised, only tracks its reader.
fn names_no_page(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let name = name.to_ascii_lowercase();
    listed(&TRACKING, &name)
        || TRACKING_STEMS.iter().any(|stem| name.starts_with(stem))
        || (listed(&SESSION, &name) && looks_like_session(&name, value))
}

fn name(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(name, _)| name)
}

/// Long and with digits in it, and hexadecimal unless the name says that it is a session: `sid=42`, `session_id=12` and
/// `s=integration-by-parts` are content.
fn looks_like_session(name: &str, value: &str) -> bool {
    let said = name.contains("sess");
    value.len() >= SESSION_CHARS_MIN
        && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-' || said && b.is_ascii_alphanumeric())
        && value.bytes().any(|b| b.is_ascii_digit())
}
