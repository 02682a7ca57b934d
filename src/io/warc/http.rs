//! The head of an HTTP response, read tolerantly.

use super::fields::{fields, head_length};

/// What a response's head says, as far as its body needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HttpHead {
    pub(super) status: u16,
    /// Bytes of the head, blank line included.
    pub(super) bytes: usize,
    /// The media type, lower case, without parameters; empty where there is none.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) chunked: bool,
    /// Content encodings in the order in which they were applied, lower case.
    pub(super) encodings: Vec<String>,
    /// Where the server sends the client, as it writes it.
    pub(super) location: Option<String>,
}

impl HttpHead {
    /// Reads the head at the start of `block`; `None` where there is none, or none within `bytes_max`.
    pub(super) fn parse(block: &[u8], bytes_max: usize) -> Option<Self> {
        let status = status(block)?;
        let window = &block[..block.len().min(bytes_max)];
        let bytes = match head_length(window) {
            Some(bytes) => bytes,
            // A head that is all there is needs no blank line.
            None if block.len() <= bytes_max => block.len(),
            None => return None,
        };
        let mut head = Self { status, bytes, ..Self::default() };
        let mut transfer_codings = Vec::new();
        for (name, value) in fields(&block[..bytes]) {
            if name.eq_ignore_ascii_case(b"Content-Type") {
                if head.media_type.is_empty() {
                    head.media_type = media_type(value);
                }
                head.charset = head.charset.or_else(|| charset(value));
            } else if name.eq_ignore_ascii_case(b"Content-Encoding") {
                head.encodings.extend(tokens(value));
            } else if name.eq_ignore_ascii_case(b"Location") {
                let value = String::from_utf8_lossy(value.trim_ascii()).into_owned();
                head.location = head.location.or((!value.is_empty()).then_some(value));
            } else if name.eq_ignore_ascii_case(b"Transfer-Encoding") {
                for token in tokens(value) {
                    match token.as_str() {
                        "chunked" => head.chunked = true,
                        "gzip" | "x-gzip" | "deflate" => transfer_codings.push(token),
                        _ => {}
                    }
                }
            }
        }
        // They lie outside of content codings.
        head.encodings.append(&mut transfer_codings);
        Some(head)
    }
}

/// The status code of a status line.
fn status(block: &[u8]) -> Option<u16> {
    let line = &block[..memchr::memchr(b'\n', block).unwrap_or(block.len()).min(1024)];
    let after = line.get(..5).filter(|word| word.eq_ignore_ascii_case(b"HTTP/")).map(|_| &line[5..])?;
    let code = after.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1)?;
    str::from_utf8(code).ok().filter(|code| code.len() == 3)?.parse().ok()
}

/// The media type of a `Content-Type` value: lower case, no parameters.
pub(super) fn media_type(value: &[u8]) -> String {
    let word = value.split(|byte| b";, \t\r\n".contains(byte)).find(|word| !word.is_empty()).unwrap_or_default();
    String::from_utf8_lossy(word).to_ascii_lowercase()
}

/// The `charset` parameter of a `Content-Type` value, without quotes.
fn charset(value: &[u8]) -> Option<String> {
    let value = String::from_utf8_lossy(value);
    value.split([';', ',']).find_map(|parameter| {
        let (name, charset) = parameter.split_once('=')?;
        let charset = charset.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        (name.trim().eq_ignore_ascii_case("charset") && !charset.is_empty()).then(|| charset.to_owned())
    })
}

fn tokens(value: &[u8]) -> impl Iterator<Item = String> {
    value
        .split(|byte| b",; \t\r\n".contains(byte))
        .filter(|token| !token.is_empty())
        .map(|token| String::from_utf8_lossy(token).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parse(head: &str) -> HttpHead {
        HttpHead::parse(head.as_bytes(), 1000).expect(head)
    }

    #[test]
    fn status_lines() {
        for (line, want) in
            [("HTTP/1.1 200 OK", 200), ("HTTP/1.0 302 ", 302), ("http/2 404", 404), ("HTTP/1.1  200", 200)]
        {
            assert_eq!(parse(&format!("{line}\r\n\r\n")).status, want, "{line}");
        }
        for line in ["", "HTTP/1.1", "HTTP/1.1 2000 x", "HTTP/1.1 OK", "<html>", "ICY 200 OK"] {
            assert_eq!(HttpHead::parse(line.as_bytes(), 1000), None, "{line}");
        }
    }

    #[test]
    fn fields_repeated_folded_and_odd() {
        let head = parse(
            "HTTP/1.1 200 OK\r\nContent-Type: Text/HTML\r\ncontent-type: text/plain;\r\n charset = \"GBK\"\r\nbroken\r\n\
             Content-Encoding: gzip\r\nContent-Encoding: br, zstd\r\nTransfer-Encoding: Chunked\r\n\r\nbody",
        );
        assert_eq!((head.media_type.as_str(), head.charset.as_deref()), ("text/html", Some("GBK")));
        assert_eq!((head.encodings, head.chunked), (vec!["gzip".into(), "br".into(), "zstd".into()], true));
        assert_eq!(head.bytes, 177);
    }

    #[test]
    fn heads_with_other_line_ends_or_no_end() {
        assert_eq!(parse("HTTP/1.1 200 OK\nA: b\n\nbody").bytes, 22);
        assert_eq!(parse("HTTP/1.1 200 OK\r\r\n\r\r\nbody").bytes, 21);
        assert_eq!(parse("HTTP/1.1 200 OK\r\nA: b\r\n").bytes, 23);
        assert_eq!(HttpHead::parse(&[&b"HTTP/1.1 200 OK\n"[..], &[b'x'; 1000]].concat(), 1000), None);
        let latin = HttpHead::parse(b"HTTP/1.1 200 OK\nContent-Type: text/html;charset=\xe9\n\n", 1000);
        assert_eq!(latin.and_then(|head| head.charset).as_deref(), Some("\u{fffd}"));
    }

    #[track_caller]
    fn check_charset(value: &str, want: Option<&str>) {
        assert_eq!(charset(value.as_bytes()).as_deref(), want, "{value}");
    }

    #[test]
    fn charsets() {
        check_charset("text/html; charset=utf-8", Some("utf-8"));
        check_charset("text/html;Charset='Shift_JIS'; x=y", Some("Shift_JIS"));
        check_charset("text/html; charset=", None);
        check_charset("text/html; mycharset=a", None);
        check_charset("text/html, text/html; charset=big5", Some("big5"));
    }
}
