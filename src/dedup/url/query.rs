//! The query of a URL without tracking parameters and session ids, in a fixed order.

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
        .filter(|parameter| !names_no_page(parameter))
        .collect();
    kept.sort_by(|a, b| name(a).cmp(name(b)));
    kept.join("&")
}

/// Whether `name=value`, percent-encoding normalised, only tracks its reader.
pub(super) fn names_no_page(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let name = name.to_ascii_lowercase();
    listed(&TRACKING, &name)
        || TRACKING_STEMS.iter().any(|stem| name.starts_with(stem))
        || (listed(&SESSION, &name) && looks_like_session(value))
}

fn name(parameter: &str) -> &str {
    parameter.split_once('=').map_or(parameter, |(name, _)| name)
}

/// Long, hexadecimal and with digits in it: `sid=42` and `s=integration-by-parts` are content.
fn looks_like_session(value: &str) -> bool {
    value.len() >= SESSION_CHARS_MIN
        && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
        && value.bytes().any(|b| b.is_ascii_digit())
}
