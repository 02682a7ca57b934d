//! From the bytes after an HTTP head to the page: transfer and content encodings undone under a cap.

use std::borrow::Cow;
use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use super::ReadCaps;
use super::http::{HttpHead, media_type};
use super::magic::gzip_head;
use crate::reject::Reject;

/// Content codings that one response may pile up.
const CODINGS_MAX: usize = 4;

/// The largest zstd window that a response may ask for, as a power of two: twice what HTTP allows (RFC 9659).
const ZSTD_WINDOW_LOG_MAX: u32 = 24;

/// The page of a response: its body with all encodings undone.
///
/// `identified_type` is the media type that the crawler found in the payload, used where the server named none.
pub(super) fn page(head: &HttpHead, identified_type: &[u8], body: &[u8], caps: &ReadCaps) -> Result<Vec<u8>, Reject> {
    if head.status != 200 {
        return Err(Reject::HttpStatus);
    }
    let html = match Media::of(&head.media_type) {
        Media::Unknown => Media::of(&media_type(identified_type)),
        stated => stated,
    };
    if html == Media::Other {
        return Err(Reject::NotHtml);
    }
    if body.is_empty() {
        return Err(Reject::EmptyBody);
    }
    let body = decode(head, body, caps.body_bytes_max)?;
    if body.trim_ascii().is_empty() {
        return Err(Reject::EmptyBody);
    }
    if html == Media::Unknown && !looks_like_html(&body) {
        return Err(Reject::NotHtml);
    }
    if body.len() > caps.body_bytes_max {
        return Err(Reject::BodyTooLarge);
    }
    Ok(body.into_owned())
}

/// What a media type says of a payload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Media {
    Html,
    Other,
    /// None, or one that servers give to anything: look at the bytes.
    Unknown,
}

impl Media {
    fn of(media_type: &str) -> Self {
        match media_type {
            "text/html" | "application/xhtml+xml" | "application/vnd.wap.xhtml+xml" | "text/xhtml" | "html" => {
                Self::Html
            }
            ""
            | "*/*"
            | "text/*"
            | "unknown"
            | "unknown/unknown"
            | "application/unknown"
            | "text/unknown"
            | "application/octet-stream"
            | "binary/octet-stream"
            | "application/x-unknown-content-type"
            | "text/xml"
            | "application/xml"
            | "content/unknown"
            | "none"
            | "null"
            | "text" => Self::Unknown,
            _ => Self::Other,
        }
    }
}

/// Whether bytes begin like an HTML page: with a tag that only HTML begins with, after white space, comments and an XML
/// declaration.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    const TAGS: [&str; 24] = [
        "!doctype html",
        "html",
        "head",
        "body",
        "title",
        "meta",
        "link",
        "script",
        "style",
        "iframe",
        "base",
        "h1",
        "h2",
        "div",
        "font",
        "table",
        "center",
        "form",
        "span",
        "br",
        "p",
        "a",
        "b",
        "noscript",
    ];
    // UTF-16 shows as ASCII with zeros between.
    let start: Vec<u8> = body.iter().copied().filter(|&byte| byte != 0).take(4096).collect();
    let mut rest = start.as_slice();
    for mark in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
        rest = rest.strip_prefix(mark).unwrap_or(rest);
    }
    loop {
        rest = rest.trim_ascii_start();
        let end: &[u8] = match rest {
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            [b'<', b'?', ..] => b">",
            _ => break,
        };
        match memchr::memmem::find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
    let Some(rest) = rest.strip_prefix(b"<") else { return false };
    TAGS.iter().any(|tag| {
        rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
            && rest.get(tag.len()).is_none_or(|byte| byte.is_ascii_whitespace() || b">/".contains(byte))
    })
}

/// Undoes chunking and content encodings. What can't be undone but begins like HTML was never encoded.
fn decode<'a>(head: &HttpHead, body: &'a [u8], bytes_max: usize) -> Result<Cow<'a, [u8]>, Reject> {
    let mut body = if head.chunked { unchunk(body) } else { Cow::Borrowed(body) };
    if head.encodings.len() > CODINGS_MAX {
        return Err(Reject::BadContentEncoding);
    }
    for coding in head.encodings.iter().rev() {
        if matches!(coding.as_str(), "identity" | "none") || looks_like_html(&body) {
            continue;
        }
        body = Cow::Owned(match coding.as_str() {
            "gzip" | "x-gzip" => gunzip(&body, bytes_max)?,
            "deflate" | "x-deflate" => undeflate(&body, bytes_max)?,
            "br" => read_capped(brotli::Decompressor::new(&*body, 4096), bytes_max)?,
            "zstd" => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(&*body).map_err(|_| Reject::BadContentEncoding)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| Reject::BadContentEncoding)?;
                read_capped(decoder, bytes_max)?
            }
            _ => return Err(Reject::BadContentEncoding),
        });
    }
    // Some servers compress and don't say so.
    if head.encodings.is_empty() && body.starts_with(&[0x1f, 0x8b, 8]) {
        body = Cow::Owned(gunzip(&body, bytes_max)?);
    }
    Ok(body)
}

/// Joins the chunks of a body. A body that is not in chunks comes back as it is; where the chunks go wrong, what follows
/// is kept as it is.
fn unchunk(body: &[u8]) -> Cow<'_, [u8]> {
    let mut joined = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((size, after)) = chunk_size(rest) {
        let chunk = &after[..size.min(after.len())];
        joined.extend_from_slice(chunk);
        rest = &after[chunk.len()..];
        if size == 0 {
            return Cow::Owned(joined);
        }
        rest = rest.strip_prefix(b"\r").unwrap_or(rest);
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    if rest.len() == body.len() {
        return Cow::Borrowed(body);
    }
    joined.extend_from_slice(rest);
    Cow::Owned(joined)
}

/// The size on a chunk's first line, and what follows the line.
fn chunk_size(data: &[u8]) -> Option<(usize, &[u8])> {
    let end = memchr::memchr(b'\n', &data[..data.len().min(256)])?;
    let line = data[..end].split(|&byte| byte == b';').next()?.trim_ascii();
    let digits = str::from_utf8(line).ok().filter(|line| line.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    Some((usize::from_str_radix(digits, 16).ok()?, &data[end + 1..]))
}

fn gunzip(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Reject> {
    match gzip_head(body) {
        Ok(Some(length)) => inflate(&body[length..], false, bytes_max),
        _ => Err(Reject::BadContentEncoding),
    }
}

/// `deflate` means zlib, but some servers send it bare.
fn undeflate(body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Reject> {
    let zlib = matches!(body, [method, flags, ..]
        if method & 15 == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0);
    inflate(body, zlib, bytes_max).or_else(|reject| match reject {
        Reject::BadContentEncoding => inflate(body, !zlib, bytes_max),
        reject => Err(reject),
    })
}

/// Inflates as far as the bytes are there and right; nothing at all is an error.
fn inflate(body: &[u8], zlib: bool, bytes_max: usize) -> Result<Vec<u8>, Reject> {
    let mut inflater = Decompress::new(zlib);
    let mut out = Vec::with_capacity((body.len() * 4).min(bytes_max + 1));
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        if out.capacity() - out.len() < 4096 {
            out.reserve(out.capacity().max(16 << 10));
        }
        let rest = &body[before_in as usize..];
        let status = inflater.decompress_vec(rest, &mut out, FlushDecompress::None);
        if out.len() > bytes_max {
            return Err(Reject::BodyTooLarge);
        }
        let stuck = inflater.total_in() == before_in && inflater.total_out() == before_out;
        if stuck || matches!(status, Ok(Status::StreamEnd) | Err(_)) {
            // An empty stream that is whole is an empty body, not a broken one.
            let empty = out.is_empty() && !matches!(status, Ok(Status::StreamEnd));
            return if empty { Err(Reject::BadContentEncoding) } else { Ok(out) };
        }
    }
}

/// Reads as far as the bytes are there and right; nothing at all is an error.
fn read_capped(decoder: impl Read, bytes_max: usize) -> Result<Vec<u8>, Reject> {
    let mut out = Vec::new();
    let result = decoder.take(bytes_max as u64 + 1).read_to_end(&mut out);
    if out.len() > bytes_max {
        return Err(Reject::BodyTooLarge);
    }
    if result.is_err() && out.is_empty() { Err(Reject::BadContentEncoding) } else { Ok(out) }
}

#[cfg(test)]
mod tests;
