//! The path of a URL without the parts that do not tell pages apart.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{listed, percent, query};

static DEFAULT_DOCUMENTS: LazyLock<Vec<&str>> =
    LazyLock::new(|| include_str!("../../../seeds/lists/default_documents.txt").lines().collect());

/// Appends the normalised `path`; default documents are dropped only where the path `ends` the address.
pub(super) fn push_normalised(out: &mut String, path: &str, ends: bool) {
    let mut segments: Vec<Cow<'_, str>> = Vec::new();
    for segment in path.split('/') {
        let segment = query::without_sessions(percent::normalise_segment(segment));
        let segment = if is_aspnet_session(&segment) { Cow::Borrowed("") } else { segment };
        match &*segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    while ends && segments.last().is_some_and(|last| listed(&DEFAULT_DOCUMENTS, &last.to_ascii_lowercase())) {
        segments.pop();
    }
    if segments.is_empty() {
        out.push('/');
    }
    for segment in &segments {
        out.push('/');
        out.push_str(segment);
    }
}

/// Whether a path segment is state that ASP.NET keeps without cookies: `(S(…))`, `(X(1)S(…)F(…))`, and in its first
/// versions 24 letters and digits in parentheses.
fn is_aspnet_session(segment: &str) -> bool {
    let Some(inner) = segment.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return false };
    let old = |b: u8| b.is_ascii_lowercase() || matches!(b, b'0'..=b'5');
    if inner.len() == 24 && inner.bytes().all(old) && inner.bytes().any(|b| b.is_ascii_digit()) {
        return true;
    }
    let mut rest = inner;
    while let Some((_, after)) = rest
        .strip_prefix(['A', 'F', 'S', 'X'])
        .and_then(|rest| rest.strip_prefix('('))
        .and_then(|rest| rest.split_once(')'))
    {
        rest = after;
    }
    rest.is_empty() && !inner.is_empty()
}
