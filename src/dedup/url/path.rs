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
        let segment = without_session(percent::normalise_segment(segment));
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

/// A path segment without `;name=value` of a session, and empty where it is an ASP.NET session, `(S(…))`.
fn without_session(segment: Cow<'_, str>) -> Cow<'_, str> {
    if segment.starts_with("(S(") && segment.ends_with("))") {
        return Cow::Borrowed("");
    }
    if !segment.contains(';') {
        return segment;
    }
    let mut parts = segment.split(';');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts.filter(|part| !part.is_empty() && !query::names_no_page(part)) {
        kept.push(';');
        kept.push_str(part);
    }
    // A parameter whose removal uncovers an ASP.NET session is not seen in the wild, but the form must be final.
    if kept.starts_with("(S(") && kept.ends_with("))") { Cow::Borrowed("") } else { Cow::Owned(kept) }
}
