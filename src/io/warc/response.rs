//! From a framed record to an [`Item`].

use std::sync::Arc;

use url::Url;

use super::http::HttpHead;
use super::record::Found;
use super::{Item, ReadCaps, RecordKind, payload};
use crate::page::{Capture, Page};
use crate::reject::Reject;

/// Where a record is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// How much of a record can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Whole,
    /// Right as far as it goes.
    Cut,
    /// Not to be trusted, or not read.
    Unusable(Reject),
}

/// What the record at the start of `data` is to the reader's caller.
pub(super) fn item(data: &[u8], found: &Found, place: Place, state: State, name: &Arc<str>, caps: &ReadCaps) -> Item {
    if found.head.kind != RecordKind::Response {
        return Item::Other(found.head.kind);
    }
    let url: String =
        String::from_utf8_lossy(&data[found.head.url.clone()]).chars().filter(|c| !c.is_control()).collect();
    let block = &data[found.block.clone()];
    let over_http = url.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    if !over_http && !url.is_empty() && !block.starts_with(b"HTTP/") {
        // An answer of DNS, FTP and the like.
        return Item::Other(RecordKind::Response);
    }
    let no_url = url.is_empty();
    let capture = Capture {
        url,
        fetched_at_ms: found.head.date_ms,
        warc: Arc::clone(name),
        warc_offset: place.offset,
        warc_length: place.length,
    };
    let mut redirect_to = None;
    let mut read = || {
        if let State::Unusable(reject) = state {
            return Err(reject);
        }
        let http = HttpHead::parse(block, caps.header_bytes_max).ok_or(Reject::BadHttp)?;
        if no_url {
            return Err(Reject::BadUrl);
        }
        if matches!(http.status, 300..400) {
            redirect_to = http.location.as_deref().and_then(|location| target(&capture.url, location));
        }
        let identified = &data[found.head.identified_type.clone()];
        let body = payload::page(&http, identified, &block[http.bytes..], caps)?;
        Ok((http.charset, body))
    };
    match read() {
        Ok((http_charset, body)) => Item::Page(Page { capture, http_charset, body }),
        Err(Reject::BadHttp | Reject::EmptyBody | Reject::BadContentEncoding) if state == State::Cut => {
            Item::Rejected { capture, reject: Reject::DamagedRecord, redirect_to }
        }
        Err(reject) => Item::Rejected { capture, reject, redirect_to },
    }
}

/// The absolute web address that `location`, which may be relative, names on the page at `url`.
fn target(url: &str, location: &str) -> Option<String> {
    let target = Url::parse(url).ok()?.join(location).ok()?;
    matches!(target.scheme(), "http" | "https").then(|| target.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(location: &str, want: Option<&str>) {
        assert_eq!(target("http://a.org/x/y?z", location).as_deref(), want, "{location}");
    }

    #[test]
    fn where_a_redirect_leads() {
        check("https://b.org/p#q", Some("https://b.org/p#q"));
        check("//b.org/p", Some("http://b.org/p"));
        check("/p q", Some("http://a.org/p%20q"));
        check("../p", Some("http://a.org/p"));
        check("?w", Some("http://a.org/x/y?w"));
        check("mailto:x@a.org", None);
        check("http://", None);
        assert_eq!(target("no address", "/p"), None);
    }
}
