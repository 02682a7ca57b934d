use std::io::Write;

use flate2::Compression;

use super::*;

const HTML: &str = "<!DOCTYPE html><title>sin</title><p>The sine of x is written sin x, or \\(\\sin x\\).</p>";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn raw(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn br(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 20).write_all(text).unwrap();
    out
}

fn zst(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn response(head: &str, body: &[u8]) -> Result<String, Reject> {
    let head = HttpHead::parse(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), 1000).unwrap();
    let caps = ReadCaps { body_bytes_max: 1000, ..ReadCaps::default() };
    page(&head, b"", body, &caps).map(|body| String::from_utf8(body).unwrap())
}

#[track_caller]
fn check_coding(coding: &str, body: &[u8], want: Result<&str, Reject>) {
    let head = format!("Content-Type: text/html\r\nContent-Encoding: {coding}");
    assert_eq!(response(&head, body).as_deref().map_err(|reject| *reject), want, "{coding}");
}

#[test]
fn content_codings_are_undone() {
    let text = HTML.as_bytes();
    check_coding("gzip", &gzip(text), Ok(HTML));
    check_coding("X-GZIP", &gzip(text), Ok(HTML));
    check_coding("deflate", &zlib(text), Ok(HTML));
    check_coding("deflate", &raw(text), Ok(HTML));
    check_coding("br", &br(text), Ok(HTML));
    check_coding("zstd", &zst(text), Ok(HTML));
    check_coding("gzip, br", &br(&gzip(text)), Ok(HTML));
    check_coding("identity", text, Ok(HTML));
    assert_eq!(response("Content-Type: text/html", &gzip(text)).as_deref(), Ok(HTML));
}

#[test]
fn wrong_codings_keep_plain_pages_and_refuse_others() {
    for coding in ["gzip", "deflate", "br", "zstd", "utf-8", "gzip, gzip"] {
        check_coding(coding, HTML.as_bytes(), Ok(HTML));
    }
    for coding in ["gzip", "zstd", "utf-8"] {
        check_coding(coding, b"\x00\x01\x02 no such thing", Err(Reject::BadContentEncoding));
    }
    check_coding("br,br,br,br,br", HTML.as_bytes(), Err(Reject::BadContentEncoding));
}

#[test]
fn cut_bodies_give_what_inflates() {
    let text: String = (0..150).map(|n| (n * n * 7919).to_string()).collect();
    let text = format!("<p>{text}");
    for (coding, body) in [("gzip", gzip(text.as_bytes())), ("deflate", raw(text.as_bytes()))] {
        let head = format!("Content-Type: text/html\r\nContent-Encoding: {coding}");
        let found = response(&head, &body[..body.len() * 3 / 4]).unwrap();
        assert!(found.len() > text.len() / 2 && text.starts_with(&found), "{coding}: {}", found.len());
    }
}

#[test]
fn bombs_stop_at_the_cap() {
    let bomb = vec![b'a'; 5_000_000];
    for (coding, body) in [("gzip", gzip(&bomb)), ("deflate", zlib(&bomb)), ("br", br(&bomb)), ("zstd", zst(&bomb))] {
        check_coding(coding, &body, Err(Reject::BodyTooLarge));
    }
    check_coding("gzip, gzip", &gzip(&gzip(&bomb)), Err(Reject::BodyTooLarge));
    assert_eq!(response("Content-Type: text/html", &[b'a'; 1001]), Err(Reject::BodyTooLarge));
    assert_eq!(response("Content-Type: text/html", &[b'a'; 1000]).map(|body| body.len()), Ok(1000));
}

#[track_caller]
fn check_chunks(body: &str, want: &str) {
    assert_eq!(String::from_utf8_lossy(&unchunk(body.as_bytes())), want, "{body:?}");
}

#[test]
fn chunks_are_joined_tolerantly() {
    check_chunks("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde");
    check_chunks("3;name=value\nabc\n2 \nde\n0\n\n", "abcde");
    check_chunks("3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", "abc");
    check_chunks("3\r\nabc\r\n", "abc");
    check_chunks("9\r\nabc", "abc");
    check_chunks("ffffffffffffffff\r\nabc", "abc");
    check_chunks("2\r\nabxy\r\n0\r\n\r\n", "abxy\r\n0\r\n\r\n");
    check_chunks("<p>not in chunks</p>", "<p>not in chunks</p>");
    check_chunks("", "");
    check_chunks("\r\nabc", "\r\nabc");
}

#[test]
fn pages_are_told_from_other_payloads() {
    for media in ["text/html", "TEXT/HTML; charset=x", "application/xhtml+xml", ";text/html"] {
        assert_eq!(response(&format!("Content-Type: {media}"), b"anything").as_deref(), Ok("anything"), "{media}");
    }
    for media in ["image/png", "text/plain", "application/pdf", "application/json", "text/css"] {
        assert_eq!(response(&format!("Content-Type: {media}"), HTML.as_bytes()), Err(Reject::NotHtml), "{media}");
    }
    for head in ["A: b", "Content-Type:", "Content-Type: application/octet-stream", "Content-Type: application/xml"] {
        assert_eq!(response(head, HTML.as_bytes()).as_deref(), Ok(HTML), "{head}");
        assert_eq!(response(head, b"%PDF-1.4"), Err(Reject::NotHtml), "{head}");
        assert_eq!(response(head, b"<rss version='2.0'>"), Err(Reject::NotHtml), "{head}");
    }
    assert_eq!(response("Content-Type: text/html", b" \r\n "), Err(Reject::EmptyBody));
    assert_eq!(response("Content-Type: text/html", b""), Err(Reject::EmptyBody));
}

#[test]
fn the_crawler_s_word_counts_where_the_server_is_silent() {
    let caps = ReadCaps::default();
    let silent = HttpHead::parse(b"HTTP/1.1 200 OK\r\n\r\n", 1000).unwrap();
    assert_eq!(page(&silent, b"text/html", b"words", &caps), Ok(b"words".to_vec()));
    assert_eq!(page(&silent, b"image/png", HTML.as_bytes(), &caps), Err(Reject::NotHtml));
    let gone = HttpHead::parse(b"HTTP/1.1 404 Not Found\r\n\r\n", 1000).unwrap();
    assert_eq!(page(&gone, b"text/html", b"words", &caps), Err(Reject::HttpStatus));
}

#[test]
fn html_is_sniffed() {
    let yes = [
        "<!doctype HTML PUBLIC>",
        "\u{feff} <html>",
        "<?xml version='1.0'?>\n<!-- x -->\n<html xmlns=''>",
        "<P>",
        "<br/>",
    ];
    for text in yes {
        assert!(looks_like_html(text.as_bytes()), "{text}");
    }
    for text in ["", "<", "<pre>", "<svg>", "<!-- x", "text", "<?xml version='1.0'?><feed>"] {
        assert!(!looks_like_html(text.as_bytes()), "{text}");
    }
    let utf16: Vec<u8> = "\u{feff}<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(looks_like_html(&utf16));
}
