use std::io::{self, ErrorKind};

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::deflate::Compressor;
use super::*;

fn record(kind: &str, url: &str, block: &[u8]) -> Vec<u8> {
    let head = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-01-31T00:00:00Z\r\n\
         Content-Type: application/http; msgtype={kind}\r\nContent-Length: {}\r\n\r\n",
        block.len()
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

/// A response, its body hard to compress and of no fixed length, so that members have a size.
fn response(number: usize) -> Vec<u8> {
    let words = (0..150 + number * 37 % 100).map(|n| (n * n * 7919 + number * 104_729).to_string());
    let body = words.fold("<p>".to_owned(), |body, word| body + " " + &word);
    let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{body}");
    record("response", &format!("https://a.test/{number}"), block.as_bytes())
}

fn responses(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(response).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = Vec::new();
    Compressor::new(6).unwrap().member(bytes, &mut member);
    member
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn items(bytes: &[u8]) -> Vec<Item> {
    read(bytes, "x.warc".into(), ReadCaps::default()).map(Result::unwrap).collect()
}

/// What came out, in short: a page's number in its address with the length of its body, or what else it is.
fn brief(items: &[Item]) -> Vec<String> {
    let number = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    items
        .iter()
        .map(|item| match item {
            Item::Page(page) => format!("{}:{}", number(&page.capture.url), page.body.len()),
            Item::Rejected { capture, reject, .. } => format!("{}:{reject}", number(&capture.url)),
            Item::Other(kind) => format!("{kind:?}"),
            Item::Damaged { what, .. } => format!("{what:?}"),
        })
        .collect()
}

#[track_caller]
fn check(bytes: &[u8], want: &[&str]) {
    assert_eq!(brief(&items(bytes)), want);
}

fn body_bytes(number: usize) -> usize {
    let all = brief(&items(&response(number)));
    all[0].rsplit(':').next().unwrap().parse().unwrap()
}

fn dictionary_frame(held: &[u8]) -> Vec<u8> {
    [&0x184D_2A5D_u32.to_le_bytes()[..], &(held.len() as u32).to_le_bytes(), held].concat()
}

#[test]
fn every_framing_gives_the_same_pages() {
    let records = responses(20);
    let want = brief(&items(&records.concat()));
    assert!(want.len() == 20 && want[3].starts_with("3:"), "{want:?}");
    let each = |encode: &dyn Fn(&[u8]) -> Vec<u8>| records.iter().flat_map(|record| encode(record)).collect::<Vec<_>>();
    let dictionary = [b"HTTP/1.1 200 OK\r\nContent-Type: text/html".repeat(10), response(3)].concat();
    let with_dictionary = |bytes: &[u8]| {
        let mut compressor = zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
        compressor.compress(bytes).unwrap()
    };
    let mixed = records.iter().enumerate().flat_map(|(n, record)| match n % 3 {
        0 => gzip(record),
        1 => zstd(record),
        _ => record.clone(),
    });
    let framings = [
        ("gzip each", each(&gzip)),
        ("gzip whole", gzip(&records.concat())),
        ("gzip by two", records.chunks(2).flat_map(|two| gzip(&two.concat())).collect()),
        ("zstd each", each(&zstd)),
        ("zstd whole", zstd(&records.concat())),
        ("zstd, dictionary", [dictionary_frame(&dictionary), each(&with_dictionary)].concat()),
        ("zstd, packed dictionary", [dictionary_frame(&zstd(&dictionary)), each(&with_dictionary)].concat()),
        ("mixed", mixed.collect()),
    ];
    for (name, bytes) in framings {
        assert_eq!(brief(&items(&bytes)), want, "{name}");
        let slow = read(Slow(&bytes), "x".into(), ReadCaps::default()).map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(slow, items_named(&bytes, "x"), "{name}, slowly");
    }
}

fn items_named(bytes: &[u8], name: &str) -> Vec<Item> {
    read(bytes, name.into(), ReadCaps::default()).map(Result::unwrap).collect()
}

/// A source that gives little at a time.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.0.len().min(out.len()).min(97);
        self.0.read(&mut out[..n])
    }
}

#[test]
fn a_record_over_two_members_is_one() {
    let record = response(5);
    let bytes = [gzip(&record[..400]), gzip(&record[400..]), gzip(&response(6))].concat();
    check(&bytes, &[&format!("5:{}", body_bytes(5)), &format!("6:{}", body_bytes(6))]);
}

#[test]
fn a_capture_tells_where_to_read_again() {
    let records = responses(5);
    for encode in [gzip as fn(&[u8]) -> Vec<u8>, zstd, <[u8]>::to_vec] {
        let file: Vec<u8> = records.iter().flat_map(|record| encode(record)).collect();
        for item in items(&file) {
            let Item::Page(page) = item else { panic!("{item:?}") };
            let (offset, length) = (page.capture.warc_offset as usize, page.capture.warc_length as usize);
            let again = items(&file[offset..offset + length]);
            assert!(
                matches!(&again[..], [Item::Page(same)] if same.body == page.body && same.capture.url == page.capture.url)
            );
        }
    }
    let whole = items(&gzip(&records.concat()));
    let Item::Page(last) = &whole[4] else { panic!() };
    assert_eq!(last.capture.warc_offset as usize, records[..4].concat().len());
}

#[test]
fn other_records_and_responses_that_are_no_pages() {
    let http = |head: &str, body: &str| format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes();
    let file = [
        record("warcinfo", "", b"software: x"),
        record("request", "http://a.test/1", b"GET / HTTP/1.1\r\n\r\n"),
        record("response", "http://a.test/2", &http("404 Not Found", "x")),
        record("response", "http://a.test/3", &http("200 OK\r\nContent-Type: image/png", "x")),
        record("response", "http://a.test/4", &http("200 OK\r\nContent-Type: text/html", "")),
        record("response", "http://a.test/5", b"nothing of HTTP"),
        record("response", "", &http("200 OK\r\nContent-Type: text/html", "x")),
        record("response", "dns:a.test", b"20260101\na.test. 1 IN A 127.0.0.1"),
        record("response", "<http://a.test/6 7>", &http("200 OK\r\nContent-Type: text/html", "x")),
        record("revisit", "http://a.test/8", &http("200 OK", "")),
        record("metadata", "http://a.test/9", b""),
        record("odd", "http://a.test/9", b""),
    ]
    .concat();
    let want =
        "Warcinfo Request 2:http_status 3:not_html 4:empty_body 5:bad_http :bad_url Response 6 7:1 Revisit Metadata";
    assert_eq!(brief(&items(&file)).join(" "), format!("{want} Unknown"));
    let mut reader = read(&file[..], "x".into(), ReadCaps::default());
    assert_eq!(reader.by_ref().count(), 12);
    assert_eq!((reader.records(), reader.responses()), (12, 7));
}

#[track_caller]
fn check_error(bytes: &[u8], want: &str) {
    let all: Vec<_> = read(bytes, "f".into(), ReadCaps::default()).collect();
    let last = all.last().unwrap().as_ref().unwrap_err().to_string();
    assert!(last.contains(want), "{last}");
}

#[test]
fn a_reader_can_go_to_another_thread() {
    fn send<T: Send>(_: &T) {}
    send(&read(io::empty(), "x".into(), ReadCaps::default()));
}

#[test]
fn other_formats_are_refused() {
    check_error(b"\x04\x22\x4d\x18\x64\x40\xa7", "f: LZ4 is not supported");
    check_error(b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 76\n", "f: ARC, the format before WARC");
    check_error(&gzip(b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 76\n"), "f: ARC");
    check_error(
        b"<html>no WARC file</html>",
        "in its 25 bytes; expected \"WARC/\", it begins with \"<html>no WARC fi\"",
    );
    check_error(&gzip(b"crawl-data/CC-MAIN/segments/x.warc.gz\n"), "not a WARC file");
    check_error(&dictionary_frame(b"")[..6], "not a WARC file");
    check_error(&dictionary_frame(b"123456")[..10], "dictionary frame of 6 bytes");
    check(b"", &["Empty"]);
}

#[test]
fn a_failing_source_ends_the_reading() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::ConnectionReset.into())
        }
    }
    let record = response(1);
    let source = record.as_slice().chain(Failing);
    let mut reader = read(source, "f".into(), ReadCaps::default());
    let error = reader.next().unwrap().unwrap_err();
    assert!(error.to_string().starts_with("f: cannot read on at byte "), "{error}");
    assert!(reader.next().is_none());
}

#[test]
fn records_over_the_cap_are_passed_over() {
    let caps = ReadCaps { record_bytes_max: 5_000, ..ReadCaps::default() };
    let large = record("response", "https://a.test/large", &b"x".repeat(300_000));
    let file = [response(1), large, response(2)];
    let want = [&brief(&items(&file[0]))[0], "large:record_too_large", "RecordTooLarge", &brief(&items(&file[2]))[0]];
    let whole = file.concat();
    for bytes in [whole.clone(), gzip(&whole), zstd(&whole), file.iter().flat_map(|record| gzip(record)).collect()] {
        let items: Vec<_> = read(&bytes[..], "x".into(), caps).map(Result::unwrap).collect();
        assert_eq!(brief(&items), want);
    }
}

#[test]
fn a_large_file_in_one_member_streams() {
    let records = responses(4_000);
    let (bytes, total) = (gzip(&records.concat()), records.concat().len());
    let mut reader = read(&bytes[..], "x".into(), ReadCaps { record_bytes_max: 64 << 10, ..ReadCaps::default() });
    assert_eq!(reader.by_ref().filter(|item| matches!(item, Ok(Item::Page(_)))).count(), 4_000);
    assert!(total > 4 << 20, "{total}");
    // Room for a record or two, not for the member.
    assert!(reader.plain.stock.space(0).len() < 3 << 20);
}

/// `count` gzip members, and where each begins; the last entry is the end.
fn members(count: usize) -> (Vec<u8>, Vec<usize>) {
    let (mut file, mut starts) = (Vec::new(), vec![0]);
    for record in responses(count) {
        file.extend(gzip(&record));
        starts.push(file.len());
    }
    (file, starts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_in_a_member_costs_that_member(which in 0..6_usize, flips in vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4)) {
        let (mut file, starts) = members(6);
        let whole = brief(&items(&file));
        let member = &mut file[starts[which]..starts[which + 1]];
        for (at, mask) in flips {
            member[at.index(member.len())] ^= mask;
        }
        let found = items(&file);
        let pages: Vec<_> = brief(&found);
        // Listed, or harmless: in an unused byte of the gzip head.
        let listed = found.iter().any(|item| matches!(item,
            Item::Damaged { offset, length, .. } if *offset == starts[which] as u64 && *length > 0));
        let others = |list: &[String]| list.iter().filter(|page| {
            whole.contains(page) && **page != whole[which]
        }).cloned().collect::<Vec<_>>();
        prop_assert_eq!(others(&pages), others(&whole));
        prop_assert!(listed || pages == whole, "{:?}", pages);
        // Only at the end of the file can damage look like a cut, of which the part before is given.
        prop_assert!(!listed || !pages.contains(&whole[which]) || which == 5, "{:?}", pages);
    }

    #[test]
    fn damage_in_a_frame_costs_that_frame(which in 0..6_usize, at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
        let mut frames: Vec<_> = responses(6).iter().map(|record| zstd(record)).collect();
        let whole = brief(&items(&frames.concat()));
        let at = at.index(frames[which].len());
        frames[which][at] ^= mask;
        let found = brief(&items(&frames.concat()));
        // Without a checksum a frame may be wrong and not show it; the others must all be there.
        for (number, page) in whole.iter().enumerate() {
            prop_assert!(number == which || found.contains(page), "{page} is lost: {found:?}");
        }
    }

    #[test]
    fn a_cut_file_gives_all_before_the_cut(at in any::<prop::sample::Index>()) {
        let (file, starts) = members(6);
        let whole = brief(&items(&file));
        let cut = 1 + at.index(file.len() - 1);
        let before = starts[1..].iter().filter(|&&end| end <= cut).count();
        let result: Vec<_> = read(&file[..cut], "x".into(), ReadCaps::default()).collect();
        let found: Vec<_> = result.into_iter().filter_map(Result::ok).collect();
        prop_assert_eq!(&brief(&found)[..before], &whole[..before]);
        if !starts.contains(&cut) {
            let at_last = matches!(found.last(), Some(Item::Damaged { offset, .. }) if *offset == starts[before] as u64);
            prop_assert!(at_last, "{:?}", brief(&found));
        }
    }

    #[test]
    fn a_flip_in_plain_records_costs_one(which in 0..6_usize, at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
        let mut records = responses(6);
        let whole = brief(&items(&records.concat()));
        let touched = &mut records[which];
        let at = at.index(touched.len());
        touched[at] ^= mask;
        let file = records.concat();
        for bytes in [gzip(&file), file] {
            let found = brief(&items(&bytes));
            for (number, page) in whole.iter().enumerate() {
                prop_assert!(number == which || found.contains(page), "{page} is lost: {found:?}");
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(start in 0..8_usize, noise in vec(any::<u8>(), 0..2_000), at in any::<prop::sample::Index>()) {
        let starts = [&b"WARC/1.0\r\n"[..], b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18", b"", b"HTTP/1.1 200 OK\r\n"];
        let mut file = [starts.get(start).copied().unwrap_or_default(), &noise[..]].concat();
        let page = gzip(&response(1));
        let tail = at.index(file.len() + 1);
        file.splice(tail..tail, page);
        let results: Vec<_> = read(&file[..], "x".into(), ReadCaps::default()).collect();
        prop_assert!(results.len() < 5_000);
    }

    #[test]
    fn cut_or_shortened_whole_members_give_a_prefix(cut in any::<prop::sample::Index>()) {
        let records = responses(8);
        let pages = items(&records.concat());
        for bytes in [gzip(&records.concat()), zstd(&records.concat())] {
            let cut = cut.index(bytes.len());
            let results: Vec<_> = read(&bytes[..cut], "x.warc".into(), ReadCaps::default()).collect();
            let found = results.into_iter().filter_map(Result::ok);
            let found: Vec<_> = found.filter_map(|item| if let Item::Page(page) = item { Some(page) } else { None }).collect();
            for (n, (page, want)) in found.iter().zip(&pages).enumerate() {
                let Item::Page(want) = want else { panic!() };
                let same = page.body == want.body || n + 1 == found.len() && want.body.starts_with(&page.body);
                prop_assert!(same, "page {n}");
            }
        }
    }
}

#[test]
fn a_redirect_tells_where_it_leads() {
    let redirect = |status: &str, fields: &str| {
        let block = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let head = format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.org/x/1\r\nContent-Length: {}\r\n\r\n",
            block.len()
        );
        match items(format!("{head}{block}\r\n\r\n").as_bytes()).remove(0) {
            Item::Rejected { reject: Reject::HttpStatus, redirect_to, .. } => redirect_to,
            other => panic!("{other:?}"),
        }
    };
    let to = |address: &str| Some(address.to_owned());
    assert_eq!(redirect("301 Moved", "Location: ../p\r\nLocation: /q\r\n"), to("http://a.org/p"));
    assert_eq!(redirect("308", "location:https://b.org/\r\n"), to("https://b.org/"));
    assert_eq!(redirect("302 Found", "Location: \r\n"), None);
    assert_eq!(redirect("404 Not Found", "Location: /p\r\n"), None);
}
