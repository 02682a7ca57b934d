//! Bytes → text, as browsers decode them, with one difference that is stated below.
//!
//! Order (HTML standard, section 13.2.3): byte order mark, HTTP `charset`, `<meta>` or XML declaration in the first
//! bytes, and, where nothing is declared, UTF-8 if the bytes are valid UTF-8, else chardetng's guess.
//!
//! The difference: browsers believe a declaration whatever the bytes say. Here a declaration that the bytes refute is
//! overruled, since crawls are full of servers that announce one charset for all their files:
//! bytes that are valid UTF-8 with several multi-byte characters are UTF-8, and a declared charset that leaves many
//! replacement characters loses to a guess that leaves far fewer.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

/// Bytes searched for a declaration. The standard asks for 1024, but browsers start anew at a declaration that they
/// meet later, and real pages put scripts before it.
const PRESCAN_BYTES: usize = 64 * 1024;
/// Multi-byte characters from which valid UTF-8 is taken for UTF-8 against the declaration (two characters of GBK can
/// be valid UTF-8 by accident).
const UTF8_EVIDENCE_MIN: usize = 4;

/// Decodes a page; `tld` is the last label of its host, which breaks ties between legacy encodings.
#[must_use]
pub fn decode<'a>(body: &'a [u8], http_charset: Option<&str>, tld: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, bom)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[bom..]).0;
    }
    if let Some(encoding) = wide_without_bom(body) {
        return encoding.decode_without_bom_handling(body).0;
    }
    // Escape sequences are valid UTF-8, and what they switch to is not.
    let escapes = memchr::memmem::find(body, b"\x1B$").is_some();
    let utf8 = std::str::from_utf8(body);
    let declared = http_charset.and_then(|label| usable(label.as_bytes())).or_else(|| declared_inside(body));
    match (declared, utf8) {
        (None, Ok(text)) if !escapes => Cow::Borrowed(text),
        (Some(encoding), Ok(text))
            if encoding == UTF_8 || (!wide_or_escaped(encoding) && multi_byte(text) >= UTF8_EVIDENCE_MIN) =>
        {
            Cow::Borrowed(text)
        }
        (None, _) => guess(body, tld).decode_without_bom_handling(body).0,
        (Some(encoding), _) => decode_declared(body, encoding, tld),
    }
}

fn decode_declared<'a>(body: &'a [u8], declared: &'static Encoding, tld: Option<&str>) -> Cow<'a, str> {
    let (text, had_errors) = declared.decode_without_bom_handling(body);
    if !had_errors {
        return text;
    }
    let errors = replacements(&text);
    let non_ascii = body.iter().filter(|b| !b.is_ascii()).count();
    // A handful of bad bytes (a cut-off page, one pasted character) does not refute a declaration that others bear out.
    let borne_out = text.chars().any(|c| !c.is_ascii() && c != '\u{FFFD}');
    if borne_out && errors <= 2 + non_ascii / 50 {
        return text;
    }
    let (other, _) = guess(body, tld).decode_without_bom_handling(body);
    if replacements(&other) * 4 < errors { other } else { text }
}

/// Encodings whose texts can be valid UTF-8 byte for byte and still mean something else.
fn wide_or_escaped(encoding: &'static Encoding) -> bool {
    [UTF_16LE, UTF_16BE, ISO_2022_JP].contains(&encoding)
}

/// UTF-16 that begins with markup: every other byte of `<!doctype`, `<html` or `<?xml` is zero.
fn wide_without_bom(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [b'<', 0, b'!' | b'?' | b'h' | b'H', 0, ..] => Some(UTF_16LE),
        [0, b'<', 0, b'!' | b'?' | b'h' | b'H', ..] => Some(UTF_16BE),
        _ => None,
    }
}

fn multi_byte(text: &str) -> usize {
    text.bytes().filter(|byte| *byte >= 0xC0).count()
}

fn replacements(text: &str) -> usize {
    text.matches('\u{FFFD}').count()
}

fn guess(body: &[u8], tld: Option<&str>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(body, true);
    // The detector panics on labels that are not lower-case ASCII without a dot.
    let plain = |label: &&str| label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    detector.guess(tld.filter(plain).map(str::as_bytes), Utf8Detection::Allow)
}

/// The encoding of a label, unless it is one that browsers decode to a single replacement character.
fn usable(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label(label).filter(|encoding| *encoding != REPLACEMENT)
}

/// The charset that the page itself declares: `<meta charset>`, `<meta http-equiv>`, XML declaration.
fn declared_inside(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(PRESCAN_BYTES)];
    if head.starts_with(b"<?xml") {
        let declaration = &head[..memchr::memchr(b'>', head)?];
        if let Some(encoding) = value_after(declaration, b"encoding").and_then(usable) {
            return Some(for_inside(encoding));
        }
    }
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &head[at..]) {
        at += found + 1;
        let rest = &head[at..];
        if rest.starts_with(b"!--") {
            // `<!-->` is a whole comment: the end is searched from its dashes on.
            at += memchr::memmem::find(&rest[1..], b"-->").map_or(rest.len(), |end| end + 4);
        } else if is_tag(rest, b"meta") {
            let (encoding, length) = meta(&rest[4..]);
            if let Some(encoding) = encoding {
                return Some(for_inside(encoding));
            }
            at += 4 + length;
        } else if rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/') {
            let name = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'>').unwrap_or(rest.len());
            at += name + attributes(&rest[name..], |_, _| {});
            let raw = [&b"script"[..], b"style"].into_iter().find(|raw| rest[..name].eq_ignore_ascii_case(raw));
            at += raw.map_or(0, |raw| raw_text(&head[at..], raw));
        } else if matches!(rest.first(), Some(b'!' | b'?')) {
            at += memchr::memchr(b'>', rest).unwrap_or(rest.len());
        }
    }
    None
}

/// Length of the text of a script or style sheet: markup in it is no markup.
fn raw_text(text: &[u8], name: &[u8]) -> usize {
    let ends = |at: usize| text.get(at + 2..at + 2 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name));
    memchr::memmem::find_iter(text, b"</").find(|at| ends(*at)).unwrap_or(text.len())
}

/// What a declaration inside the page means: it was read as ASCII, so it cannot be UTF-16.
fn for_inside(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else if encoding == X_USER_DEFINED {
        WINDOWS_1252
    } else {
        encoding
    }
}

fn is_tag(rest: &[u8], name: &[u8]) -> bool {
    rest.len() > name.len()
        && rest[..name.len()].eq_ignore_ascii_case(name)
        && (rest[name.len()].is_ascii_whitespace() || rest[name.len()] == b'/')
}

/// The charset that a `meta` element's attributes declare, and their length.
fn meta(rest: &[u8]) -> (Option<&'static Encoding>, usize) {
    let (mut charset, mut content, mut pragma) = (None, None, false);
    let length = attributes(rest, |name, value| {
        if name.eq_ignore_ascii_case(b"charset") {
            charset = charset.or_else(|| usable(value));
        } else if name.eq_ignore_ascii_case(b"content") {
            content = content.or_else(|| value_after(value, b"charset").and_then(usable));
        } else if name.eq_ignore_ascii_case(b"http-equiv") {
            pragma = value.eq_ignore_ascii_case(b"content-type");
        }
    });
    (charset.or(content.filter(|_| pragma)), length)
}

/// Calls `each` with the name and value of every attribute up to `>`; the length read.
fn attributes<'a>(rest: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> usize {
    let space = |b: u8| b.is_ascii_whitespace();
    let mut at = 0;
    loop {
        while at < rest.len() && (space(rest[at]) || rest[at] == b'/') {
            at += 1;
        }
        if at >= rest.len() || rest[at] == b'>' {
            return at;
        }
        let name = at;
        while at < rest.len() && !space(rest[at]) && !b"=>/".contains(&rest[at]) {
            at += 1;
        }
        let name = &rest[name..at];
        while at < rest.len() && space(rest[at]) {
            at += 1;
        }
        if rest.get(at) != Some(&b'=') {
            each(name, &[]);
            // A lone `=` would be a name of no length: step over it.
            at += usize::from(name.is_empty());
            continue;
        }
        at += 1;
        while at < rest.len() && space(rest[at]) {
            at += 1;
        }
        let (value, end) = value(rest, at);
        each(name, value);
        at = end;
    }
}

/// The quoted or bare value at `at`, and where it ends.
fn value(rest: &[u8], at: usize) -> (&[u8], usize) {
    if let Some(quote @ (b'"' | b'\'')) = rest.get(at) {
        let start = at + 1;
        let end = memchr::memchr(*quote, &rest[start..]).map_or(rest.len(), |end| start + end);
        return (&rest[start..end], (end + 1).min(rest.len()));
    }
    let start = at.min(rest.len());
    let length = rest[start..].iter().position(|b| b.is_ascii_whitespace() || *b == b'>');
    let end = length.map_or(rest.len(), |length| start + length);
    (&rest[start..end], end)
}

/// The value that follows `key =` inside an attribute or declaration, quoted or up to white space or `;`.
fn value_after<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let start = text.windows(key.len()).position(|window| window.eq_ignore_ascii_case(key))? + key.len();
    let rest = text[start..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (rest, stop): (_, &[u8]) = match rest.first()? {
        b'"' => (&rest[1..], b"\""),
        b'\'' => (&rest[1..], b"'"),
        _ => (rest, b"; \t\r\n?"),
    };
    let end = rest.iter().position(|byte| stop.contains(byte)).unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &[u8], http: Option<&str>, want: &str) {
        assert_eq!(decode(body, http, None), want);
    }

    fn encoded(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn the_order_is_mark_header_meta_bytes() {
        check(b"\xEF\xBB\xBFna\xC3\xAFve", Some("gbk"), "naïve");
        check(b"\xFE\xFF\0a\0b", None, "ab");
        check(b"<meta charset=utf-8>na\xEFve", Some("iso-8859-1"), "<meta charset=utf-8>naïve");
        check(b"<meta charset=\"koi8-r\">\xC4\xC1", None, "<meta charset=\"koi8-r\">да");
        check("да".as_bytes(), None, "да");
        check(b"<\0h\0>\0\xE9\0", None, "<h>é");
        check(b"\0<\0?\0>\0\xE9", Some("utf-8"), "<?>é");
        let late = format!("<script>{}</script><meta charset=koi8-r>", "x ".repeat(10_000));
        check(&[late.as_bytes(), b"\xC4\xC1"].concat(), None, &format!("{late}да"));
    }

    #[test]
    fn every_way_to_declare_inside_the_page() {
        for (head, want) in [
            ("<META CHARSET = 'Shift_JIS' >", Some(encoding_rs::SHIFT_JIS)),
            ("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=gb2312\">", Some(encoding_rs::GBK)),
            ("<meta content='text/html;charset=big5' http-equiv=content-type />", Some(encoding_rs::BIG5)),
            ("<meta content='text/html;charset=big5'>", None),
            ("<!-- <meta charset=big5> --><p a='<meta charset=gbk>'>", None),
            ("<!--><meta charset=big5>", Some(encoding_rs::BIG5)),
            ("<?xml version=\"1.0\" encoding=\"EUC-JP\"?><html>", Some(encoding_rs::EUC_JP)),
            ("<script>'<meta charset=gbk>'</script><meta charset=big5>", Some(encoding_rs::BIG5)),
            ("<style>a{}</STYLE><meta charset=x-user-defined>", Some(WINDOWS_1252)),
            ("<script><meta charset=gbk>", None),
            ("<meta charset=iso-8859-1>", Some(WINDOWS_1252)),
            ("<meta charset=utf-16>", Some(UTF_8)),
            ("<meta charset=hz-gb-2312>", None),
            ("<meta charset", None),
            ("<meta =", None),
            ("<meta charset=", None),
        ] {
            assert_eq!(declared_inside(head.as_bytes()), want, "{head}");
        }
    }

    #[test]
    fn bytes_overrule_a_declaration_that_they_refute() {
        let chinese = "函数的极限与连续性是微积分的基础。".repeat(20);
        check(chinese.as_bytes(), Some("iso-8859-1"), &chinese);
        check(&encoded(encoding_rs::GBK, &chinese), Some("utf-8"), &chinese);
        check(b"caf\xE9", Some("windows-1252"), "café");
        check("Grüße aus dem März".replace('ü', "ue").as_bytes(), Some("utf-8"), "Grueße aus dem März");
        check(b"<p>im M\xE4rz", Some("utf-8"), "<p>im März");
    }

    #[test]
    fn a_few_bad_bytes_do_not_refute_a_declaration() {
        let mut body = "предел функции ".repeat(30).into_bytes();
        body.push(0xD0);
        assert!(decode(&body, Some("utf-8"), None).ends_with('\u{FFFD}'));
    }

    #[test]
    fn undeclared_legacy_bytes_are_guessed() {
        let text = "Предел последовательности и непрерывность функции. ".repeat(10);
        check(&encoded(encoding_rs::WINDOWS_1251, &text), None, &text);
        assert_eq!(decode(&encoded(encoding_rs::WINDOWS_1251, &text), None, Some("RU.")), text);
        let text = "関数の極限と連続性について説明します。".repeat(5);
        check(&encoded(ISO_2022_JP, &text), None, &text);
    }
}
