//! A writer of WARC files in Common Crawl's shape: a gzip member a record, `warcinfo` first, then a request and a
//! response for every page.

use std::io::{self, Write};

use data_encoding::BASE32;
use sha1::{Digest, Sha1};
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

use super::deflate::Compressor;

/// A captured response to write.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// The address, absolute.
    pub url: &'a Url,
    /// The time of the capture, as `WARC-Date` has it: `2026-01-31T00:00:00Z`.
    pub date: &'a str,
    /// Status line and header lines, each ended by CR LF, without the blank line.
    pub head: &'a [u8],
    /// The payload, in whatever encoding the head states.
    pub body: &'a [u8],
}

/// Writes a WARC file, the same bytes for the same input.
pub struct WarcWriter<W> {
    sink: W,
    compressor: Compressor,
    info_id: String,
    block: Vec<u8>,
    record: Vec<u8>,
    member: Vec<u8>,
}

/// libdeflate's level: small before fast.
const LEVEL: i32 = 9;

impl<W: Write> WarcWriter<W> {
    /// Starts a file with its `warcinfo` record: its date and fields such as `("software", "…")`.
    ///
    /// # Errors
    /// When the sink fails, or a field or the date has a line break in it.
    pub fn new(sink: W, date: &str, fields: &[(&str, &str)]) -> io::Result<Self> {
        let compressor = Compressor::new(LEVEL).ok_or(io::ErrorKind::OutOfMemory)?;
        let block = fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect::<String>();
        if fields.iter().any(|(name, value)| has_break(name) || has_break(value)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a line break in a warcinfo field"));
        }
        let info_id = record_id("warcinfo", date, &block);
        let (record, member) = (Vec::new(), Vec::new());
        let mut writer = Self { sink, compressor, info_id: info_id.clone(), block: block.into_bytes(), record, member };
        writer.record("warcinfo", date, &info_id, &[("Content-Type", "application/warc-fields")])?;
        Ok(writer)
    }

    /// Writes a page: the request that a crawler would have sent, and the response.
    ///
    /// # Errors
    /// When the sink fails, or the date has a line break in it.
    pub fn page(&mut self, response: Response<'_>) -> io::Result<()> {
        let Response { url, date, head, body } = response;
        let info_id = self.info_id.clone();
        let request_id = record_id("request", date, url.as_str());
        let response_id = record_id("response", date, url.as_str());

        self.block.clear();
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        write!(self.block, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\n\r\n")?;
        let digest = digest(&self.block);
        self.record(
            "request",
            date,
            &request_id,
            &[
                ("Content-Type", "application/http; msgtype=request"),
                ("WARC-Warcinfo-ID", &info_id),
                ("WARC-Target-URI", url.as_str()),
                ("WARC-Block-Digest", &digest),
            ],
        )?;

        self.block.clear();
        for part in [head, b"\r\n", body] {
            self.block.extend_from_slice(part);
        }
        let block_digest = self::digest(&self.block);
        self.record(
            "response",
            date,
            &response_id,
            &[
                ("Content-Type", "application/http; msgtype=response"),
                ("WARC-Warcinfo-ID", &info_id),
                ("WARC-Concurrent-To", &request_id),
                ("WARC-Target-URI", url.as_str()),
                ("WARC-Payload-Digest", &self::digest(body)),
                ("WARC-Block-Digest", &block_digest),
            ],
        )
    }

    /// Ends the file: gives the sink back, flushed.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }

    /// Writes `self.block` as a record.
    fn record(&mut self, kind: &str, date: &str, id: &str, fields: &[(&str, &str)]) -> io::Result<()> {
        if has_break(date) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a line break in a date"));
        }
        self.record.clear();
        write!(self.record, "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: {date}\r\nWARC-Record-ID: {id}\r\n")?;
        write!(self.record, "Content-Length: {}\r\n", self.block.len())?;
        for (name, value) in fields {
            write!(self.record, "{name}: {value}\r\n")?;
        }
        for part in [b"\r\n", self.block.as_slice(), b"\r\n\r\n"] {
            self.record.extend_from_slice(part);
        }
        self.compressor.member(&self.record, &mut self.member);
        self.sink.write_all(&self.member)
    }
}

fn has_break(text: &str) -> bool {
    text.contains(['\r', '\n'])
}

fn digest(bytes: &[u8]) -> String {
    format!("sha1:{}", BASE32.encode(&Sha1::digest(bytes)))
}

/// A UUID (version 8: by a rule of one's own) from what the record is: the same in every run.
fn record_id(kind: &str, date: &str, of: &str) -> String {
    let hash = xxh3_128(format!("{kind}\n{date}\n{of}").as_bytes());
    let id = hash & !(0xf << 76) & !(0b11 << 62) | 8 << 76 | 0b10 << 62;
    let hex = format!("{id:032x}");
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::super::{Item, ReadCaps, read};
    use super::*;

    fn file() -> Vec<u8> {
        let mut writer = WarcWriter::new(Vec::new(), "2026-01-31T00:00:00Z", &[("software", "test")]).unwrap();
        for (url, body) in [("https://a.test/", "<p>one"), ("https://b.test:8080/x?y=1#z", "<p>two")] {
            let url = &Url::parse(url).unwrap();
            let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n";
            writer.page(Response { url, date: "2026-02-01T00:00:00Z", head, body: body.as_bytes() }).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let file = file();
        let items: Vec<_> = read(&file[..], "x".into(), ReadCaps::default()).map(Result::unwrap).collect();
        let pages: Vec<_> = items
            .iter()
            .filter_map(|item| if let Item::Page(page) = item { Some(page) } else { None })
            .map(|page| (page.capture.url.as_str(), page.http_charset.as_deref(), page.body.as_slice()))
            .collect();
        let two = ("https://b.test:8080/x?y=1#z", Some("utf-8"), &b"<p>two"[..]);
        assert_eq!(pages, [("https://a.test/", Some("utf-8"), &b"<p>one"[..]), two]);
        assert_eq!(items.len(), 5);
        let Item::Page(last) = &items[4] else { panic!("{items:?}") };
        assert_eq!(last.capture.fetched_at_ms, Some(1_769_904_000_000));
        assert_eq!(last.capture.warc_offset + last.capture.warc_length, file.len() as u64);
    }

    #[test]
    fn records_have_the_fields_of_common_crawl() {
        let mut text = String::new();
        io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&file()[..]), &mut text).unwrap();
        insta::assert_snapshot!(text.replace('\r', ""));
    }

    #[test]
    fn another_reader_reads_it_too() {
        let mut plain = Vec::new();
        io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&file()[..]), &mut plain).unwrap();
        let records: Vec<_> = warc::WarcReader::new(&plain[..]).iter_records().map(Result::unwrap).collect();
        let types: Vec<_> = records.iter().map(|record| record.warc_type().to_string()).collect();
        assert_eq!(types, ["warcinfo", "request", "response", "request", "response"]);
        assert!(records[4].body().ends_with(b"\r\n\r\n<p>two"));
    }

    #[test]
    fn line_breaks_make_no_fields() {
        assert!(WarcWriter::new(Vec::new(), "2026\r\nX: y", &[]).is_err());
        assert!(WarcWriter::new(Vec::new(), "2026-01-31T00:00:00Z", &[("a", "b\nc: d")]).is_err());
    }
}
