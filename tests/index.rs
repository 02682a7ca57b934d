//! Recall by a URL index: a server that fails on purpose, an index that is not to be trusted, runs that are killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/server.rs"]
#[expect(dead_code, reason = "other tests use more of the server")]
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use corpus_build::index::recalled_sources;
use corpus_build::io::atomic;
use corpus_build::io::table::{Table, column};
use corpus_build::io::warc::{Item, ReadCaps, Response, WarcWriter, read};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use server::{Act, Server};
use tempfile::TempDir;
use url::Url;

/// A row of the index.
#[derive(Clone, Debug)]
struct Row {
    url: String,
    time_ms: i64,
    warc: String,
    offset: i32,
    length: i32,
    languages: Option<&'static str>,
    digest: Option<&'static str>,
    mime: &'static str,
}

impl Row {
    fn new(url: &str, warc: &str, offset: i32, length: i32) -> Self {
        let (languages, time_ms) = (Some("eng"), 1_737_000_000_000);
        let (url, warc) = (url.to_owned(), warc.to_owned());
        Self { url, time_ms, warc, offset, length, languages, digest: None, mime: "text/html" }
    }

    /// The key by which the index is sorted.
    fn key(&self) -> String {
        let url = Url::parse(&self.url).unwrap();
        let host = url.host_str().unwrap();
        let host = host.strip_prefix("www.").unwrap_or(host);
        let reversed: Vec<&str> = host.rsplit('.').collect();
        format!("{}){}", reversed.join(","), url.path().to_ascii_lowercase())
    }
}

const ROW_GROUP: usize = 500;

/// An index in Common Crawl's columns.
fn index(mut rows: Vec<Row>) -> Vec<u8> {
    rows.sort_by_key(Row::key);
    let text = |of: fn(&Row) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let host = |row: &Row| Url::parse(&row.url).unwrap().host_str().unwrap().to_owned();
    let optional =
        |of: fn(&Row) -> Option<&'static str>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<StringArray>()) };
    let number =
        |of: fn(&Row) -> i32| -> ArrayRef { Arc::new(rows.iter().map(|row| Some(of(row))).collect::<Int32Array>()) };
    let times: TimestampMillisecondArray = rows.iter().map(|row| Some(row.time_ms)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("url_surtkey", text(Row::key)),
        ("url", text(|row| row.url.clone())),
        ("url_host_name", text(host)),
        ("fetch_time", Arc::new(times)),
        ("fetch_status", Arc::new(rows.iter().map(|_| Some(200)).collect::<Int16Array>())),
        ("content_digest", optional(|row| row.digest)),
        ("content_mime_detected", optional(|row| Some(row.mime))),
        ("content_languages", optional(|row| row.languages)),
        ("warc_filename", text(|row| row.warc.clone())),
        ("warc_record_offset", number(|row| row.offset)),
        ("warc_record_length", number(|row| row.length)),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_compression(Compression::GZIP(GzipLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_dictionary_enabled(false)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Text that does not compress well, other for each page.
fn words(seed: usize) -> String {
    let mut state = seed as u64 + 1;
    let word = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("the sum of {:x} and ", state >> 24)
    };
    (0..200).map(word).collect()
}

const WARCS: usize = 10;
const WANTED: usize = 20;

/// A crawl: its WARC files, and the rows of their pages.
struct Crawl {
    warcs: BTreeMap<String, Vec<u8>>,
    rows: Vec<Row>,
}

fn page(host: &str, path: &str, n: usize) -> (String, String) {
    let body = format!("<!DOCTYPE html><title>Page {n}</title><p>{}</p>", words(n * 64 + host.len()));
    (format!("https://{host}{path}/{n}.html"), body)
}

/// WARC files, in each so many pages under an accepted prefix and as many that are not.
fn crawl() -> Crawl {
    let mut crawl = Crawl { warcs: BTreeMap::new(), rows: Vec::new() };
    for file in 0..WARCS {
        let name = format!("crawl-data/CC-MAIN-2025-05/segments/1.{file}/warc/CC-MAIN-{file:05}.warc.gz");
        let mut writer = WarcWriter::new(Vec::new(), "2025-01-16T04:00:00Z", &[]).unwrap();
        for n in (0..WANTED).map(|n| file * WANTED + n) {
            let host = ["www.rings.example.org", "rings.example.org", "notes.fields.example.com"][n % 3];
            let wanted = if host.starts_with("notes") { page(host, "", n) } else { page(host, "/Notes", n) };
            for (url, body) in [wanted, page("shop.example.net", "/notes", n)] {
                let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n";
                let (url, body) = (&Url::parse(&url).unwrap(), body.as_bytes());
                writer.page(Response { url, date: "2025-01-16T04:00:00Z", head, body }).unwrap();
            }
        }
        let bytes = writer.finish().unwrap();
        for item in read(&bytes[..], "x".into(), ReadCaps::default()) {
            if let Item::Page(page) = item.unwrap() {
                let (offset, length) = (page.capture.warc_offset as i32, page.capture.warc_length as i32);
                crawl.rows.push(Row::new(&page.capture.url, &name, offset, length));
            }
        }
        crawl.warcs.insert(name, bytes);
    }
    crawl
}

/// Rows of many other domains, on both sides of the wanted ones.
fn others(count: usize) -> Vec<Row> {
    let row = |n: usize| {
        let tld = ["com", "net", "org", "edu"][n % 4];
        Row::new(
            &format!("https://site{n:06}.{tld}/notes/{}", words(n).split_at(300).0.replace(' ', "-")),
            "none.warc.gz",
            1,
            1,
        )
    };
    (0..count).map(row).collect()
}

const ANNOTATIONS: &str = "
[[domain]]
name = \"example.org\"
prefixes = [\"rings.example.org/Notes/\"]
[[domain]]
name = \"example.com\"
prefixes = [\"notes.fields.example.com/\"]
";

/// A server with a crawl and its index, and a folder to work in.
struct Lab {
    server: Server,
    folder: TempDir,
    crawl: Crawl,
}

impl Lab {
    fn new(crawl: Crawl, more: Vec<Row>) -> Self {
        let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
        for (name, bytes) in &crawl.warcs {
            server.put(&format!("/{name}"), bytes.clone());
        }
        server.put("/index.parquet", index(crawl.rows.iter().cloned().chain(more).collect()));
        atomic::write(folder.path().join("annotations.toml"), ANNOTATIONS).unwrap();
        Self { server, folder, crawl }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, out: &str, sets: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        command.current_dir(self.folder.path()).env("NO_PROXY", "127.0.0.1").args(["--quiet", "--threads", "2"]);
        let url = |path| self.server.url(path);
        let all = [
            format!("output.dir='{out}'"),
            format!("index.tables=['{}']", url("/index.parquet")),
            format!("index.base_url='{}'", url("/")),
            "http.requests_per_second=100000".to_owned(),
            "http.backoff_first_ms=1".to_owned(),
            "http.backoff_max_ms=5".to_owned(),
        ];
        for set in all.iter().map(String::as_str).chain(sets.iter().copied()) {
            command.args(["--set", set]);
        }
        command.args(args);
        command
    }

    /// Runs a command that must do well; gives what it prints.
    #[track_caller]
    fn run(&self, out: &str, sets: &[&str], args: &[&str]) -> String {
        let output = self.command(out, sets, args).output().unwrap();
        let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}{failed}");
        said.into_owned()
    }

    #[track_caller]
    fn recall(&self, out: &str, sets: &[&str]) -> String {
        self.run(out, sets, &["recall", "--round", "1", "--annotations", "annotations.toml"])
    }

    /// Requests so far for files whose path begins so.
    fn asked(&self, start: &str) -> usize {
        self.server.asked().iter().filter(|asked| asked.path.starts_with(start)).count()
    }

    /// What became of the captures, of all recall WARCs of an output folder: addresses and their records, none with the
    /// reason. Each record is the one that the crawl holds.
    fn outcome(&self, out: &str) -> BTreeMap<String, Option<String>> {
        let mut found = BTreeMap::new();
        for (path, bytes) in self.recalled(out) {
            let table = PathBuf::from(path.to_string_lossy().replace(".warc.gz", ".parquet"));
            for batch in Table::open(&table).unwrap().batches().unwrap() {
                let batch = batch.unwrap();
                let text = |name| column::<StringArray>(&batch, name, &table).unwrap();
                let number = |name| column::<Int64Array>(&batch, name, &table).unwrap();
                for row in 0..batch.num_rows() {
                    let reason = text("reason");
                    if reason.is_null(row) {
                        let at = number("warc_offset").value(row) as usize;
                        let (offset, length) = (number("source_offset"), number("source_length"));
                        let (from, length) = (offset.value(row) as usize, length.value(row) as usize);
                        let source = &self.crawl.warcs[text("source_warc").value(row)];
                        assert!(bytes[at..at + length] == source[from..from + length]);
                    }
                    let reason = reason.is_valid(row).then(|| reason.value(row).to_owned());
                    assert!(found.insert(text("url").value(row).to_owned(), reason).is_none());
                }
            }
        }
        found
    }

    /// The recall WARCs of an output folder, in order.
    fn recalled(&self, out: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.out(out).join("recall")).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(".warc.gz"));
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

/// The pages that a WARC file holds, by address.
fn pages(warc: &[u8]) -> Vec<String> {
    let items = read(warc, "x".into(), ReadCaps::default()).map(Result::unwrap);
    items.filter_map(|item| if let Item::Page(page) = item { Some(page.capture.url) } else { None }).collect()
}

/// One request in five fails, in one of these ways.
fn faults() -> [Act; 4] {
    [Act::Status(503), Act::BreakAfter(700), Act::HangUp, Act::PromiseMore(10)]
}

fn lines<'a>(said: &'a str, start: &str) -> &'a str {
    said.lines().find(|line| line.starts_with(start)).unwrap_or_default()
}

#[test]
fn two_hundred_captures_come_whole_from_a_server_that_fails_one_request_in_five() {
    let lab = Lab::new(crawl(), others(20_000));
    lab.server.fail_every(5, faults());
    let said = lab.run("out", &[], &["recall", "--round", "1", "--annotations", "annotations.toml", "--dry-run"]);
    assert!(lines(&said, "captures").contains("200 found = 200 to fetch + 0 read before"), "{said}");
    println!("{said}");
    assert_eq!(lab.asked("/crawl-data"), 0);
    // The index: its end, the key's pages, the other columns; all but the row groups in between are left.
    let asked_of_index = lab.asked("/index");
    let whole = index(lab.crawl.rows.iter().cloned().chain(others(20_000)).collect()).len();
    let rows: Vec<serde_json::Value> = fs::read_dir(lab.out("out/manifest/index/01/query"))
        .unwrap()
        .map(|entry| serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect();
    let (read, groups) = (rows[0]["bytes_in"].as_u64().unwrap(), &rows[0]["facts"]);
    println!("index: {asked_of_index} requests, {read} of {whole} bytes, {groups}");
    assert!(
        groups["row_groups"].as_u64().unwrap() > 40 && groups["row_groups_read"].as_u64().unwrap() <= 6,
        "{groups}"
    );
    assert!(read < whole as u64 / 3 && asked_of_index < 12);

    let said = lab.recall("out", &[]);
    assert!(lines(&said, "plan").contains("by 10 requests"), "{said}");
    assert!(lines(&said, "fetched").contains("fetched   200; not fetched: none"), "{said}");
    assert_eq!(lab.asked("/index"), asked_of_index, "the index was asked again");
    let asked = lab.asked("/crawl-data");
    println!("captures: {asked} requests for 200 captures in {WARCS} files");
    assert!((WARCS..=WARCS + 6).contains(&asked), "{asked} requests");
    let outcome = lab.outcome("out");
    assert!(outcome.len() == 200 && outcome.values().all(Option::is_none), "{outcome:?}");
    let recalled = lab.recalled("out");
    assert_eq!(recalled.len(), 1);
    let mut found = pages(&recalled[0].1);
    found.sort();
    assert!(found.iter().eq(outcome.keys()), "{found:?}");

    // Asked around every gap it is the same file, by many more requests.
    let said = lab.recall("around", &["index.gap_bytes=0"]);
    assert!(lines(&said, "plan").contains("by 200 requests"), "{said}");
    let more = lab.asked("/crawl-data") - asked;
    println!("captures: {more} requests where every gap is asked around");
    assert!((220..300).contains(&more), "{more}");
    assert_eq!(lab.recalled("around")[0].1, recalled[0].1);

    // Nothing is left to do.
    let before = lab.asked("/");
    lab.recall("out", &[]);
    assert_eq!(lab.asked("/"), before);
}

#[test]
fn a_killed_recall_goes_on_to_the_same_bytes() {
    let lab = Lab::new(crawl(), others(100));
    let sets = ["index.file_bytes='64 KiB'", "index.gap_bytes=0"];
    lab.recall("whole", &sets);
    let whole = lab.recalled("whole");
    assert!(whole.len() > 5, "{}", whole.len());
    let uninterrupted = lab.asked("/crawl-data");
    assert_eq!(uninterrupted, 200);
    // The last file is never answered in time: no run gets to its end.
    let last = format!("/{}", lab.crawl.warcs.keys().last().unwrap());
    lab.server.fail_every(1, [Act::Slow(Duration::from_millis(5))]);
    lab.server.plan(&last, vec![Act::Slow(Duration::from_secs(50)); 1000]);
    let args = ["recall", "--round", "1", "--annotations", "annotations.toml"];
    for committed in 1..4 {
        let mut child =
            lab.command("killed", &sets, &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let rows = lab.out("killed/manifest/index/01/fetch");
        while fs::read_dir(&rows).map_or(0, Iterator::count) < committed && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(child.try_wait().unwrap().is_none(), "done before it was killed");
        child.kill().unwrap();
        child.wait().unwrap();
        let half = recalled_sources(&lab.out("killed"));
        assert!(half.unwrap_err().to_string().contains("recall --round 1"));
    }
    lab.server.fail_every(0, []);
    lab.server.plan(&last, []);
    lab.recall("killed", &sets);
    let asked = lab.asked("/crawl-data") - uninterrupted;
    println!("killed three times: {asked} requests in place of {uninterrupted}");
    // What was in flight is asked for again: two recall WARCs each time, of some 35 captures.
    assert!(asked < uninterrupted + 3 * 2 * 40, "{asked}");
    let killed = lab.recalled("killed");
    let bytes = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>();
    assert!(bytes(&killed) == bytes(&whole));
    let tables = |out: &str| fs::read(lab.out(out).join("recall/recall-01-00003.parquet")).unwrap();
    assert_eq!(tables("killed"), tables("whole"));
    let names: Vec<String> = recalled_sources(&lab.out("killed")).unwrap().into_iter().map(|s| s.name).collect();
    assert_eq!(names[0], "recall-01-00000.warc.gz");
    assert_eq!(names.len(), whole.len());
}

#[test]
fn what_was_read_is_not_fetched_again() {
    let lab = Lab::new(crawl(), Vec::new());
    for (name, bytes) in lab.crawl.warcs.iter().take(2) {
        atomic::write(lab.out(Path::new(name).file_name().unwrap().to_str().unwrap()), bytes).unwrap();
    }
    lab.run(
        "out",
        &["language.keep=['en','zh','other']"],
        &["extract", "CC-MAIN-00000.warc.gz", "CC-MAIN-00001.warc.gz"],
    );
    let said = lab.recall("out", &[]);
    assert!(lines(&said, "captures").contains("200 found = 160 to fetch + 40 read before"), "{said}");
    let sources = recalled_sources(&lab.out("out")).unwrap();
    assert_eq!(sources.len(), 1);
    // It enters the crawl like any other file, and the recall that it comes from stays done.
    let recalled = sources[0].location.to_string();
    let inputs = ["extract", "CC-MAIN-00000.warc.gz", "CC-MAIN-00001.warc.gz", &recalled];
    lab.run("out", &["language.keep=['en','zh','other']"], &inputs);
    let read = Table::open(&lab.out("out/pages/recall-01-00000.parquet")).unwrap().rows();
    assert_eq!(read, 160);
    let before = lab.asked("/");
    let said = lab.recall("out", &[]);
    assert!(lines(&said, "captures").contains("160 to fetch + 40 read before"), "{said}");
    assert_eq!(lab.asked("/"), before);
    // For the next round they are known.
    let said = lab.run("out", &[], &["recall", "--round", "2", "--annotations", "annotations.toml"]);
    assert!(lines(&said, "captures").contains("200 found = 0 to fetch + 200 read before"), "{said}");
    assert_eq!(recalled_sources(&lab.out("out")).unwrap().len(), 1);
}

#[test]
fn what_was_fetched_is_of_the_crawl_in_every_round() {
    let lab = Lab::new(crawl(), Vec::new());
    let mut read_before = Vec::new();
    for (name, bytes) in lab.crawl.warcs.iter().take(2) {
        atomic::write(lab.out("warc").join(Path::new(name).file_name().unwrap()), bytes).unwrap();
        read_before.extend(pages(bytes));
    }
    let seed = |n: usize| {
        let text = format!("The theorem says that {} holds. {}", r"$x_1 \le \frac{a}{b}$ ".repeat(20), words(n));
        format!("{}\n", serde_json::json!({ "url": format!("https://seed{n}.example/"), "text": text }))
    };
    atomic::write(lab.out("seed.jsonl"), (0..20).map(|n| seed(n + 100_000)).collect::<String>()).unwrap();
    let sets = [
        "crawl.paths=['warc']",
        "language.keep=['en','zh','other']",
        "quality.top_grams_max=[1.0,1.0,1.0]",
        "quality.duplicate_grams_max=[1.0,1.0,1.0,1.0,1.0,1.0]",
        "quality.alphabetic_words_min=0.0",
        "boilerplate.remove=false",
        "dedup.buckets=2",
        "seed.positives='seed.jsonl'",
        "rank.token_budget='20k'",
        "recall.domain_share_max=0.9",
        "domains.annotations=['annotations.toml']",
        "domains.annotated='all'",
    ];
    lab.run("out", &sets, &["iterate", "--round", "1"]);
    let summary = |round: u32| -> serde_json::Value {
        serde_json::from_slice(&fs::read(lab.out(&format!("out/rounds/{round:02}/summary.json"))).unwrap()).unwrap()
    };
    assert_eq!((&summary(1)["crawl"]["files"], &summary(1)["pages"]["kept"]), (&2.into(), &80.into()));
    // Asked for and not fetched, it changes nothing.
    lab.run("out", &sets, &["recall", "--round", "1", "--dry-run"]);
    let plan = lab.run("out", &sets, &["iterate", "--round", "1", "--dry-run"]);
    assert!(plan.contains("over 2 WARC") && !plan.contains("will run"), "{plan}");

    let said = lab.run("out", &sets, &["recall", "--round", "1"]);
    assert!(lines(&said, "fetched").contains("160"), "{said}");
    let plan = lab.run("out", &sets, &["iterate", "--round", "2", "--dry-run"]);
    assert!(plan.contains("over 3 WARC") && lines(&plan, "  extract").contains("will run 1 of 3"), "{plan}");
    lab.run("out", &sets, &["iterate", "--round", "2"]);
    for round in [1, 2] {
        let summary = summary(round);
        assert_eq!((&summary["crawl"]["files"], &summary["pages"]["kept"]), (&3.into(), &240.into()), "round {round}");
    }
    let path = lab.out("out/rounds/01/seed.parquet");
    let mut recalled = Vec::new();
    for batch in Table::open(&path).unwrap().batches().unwrap() {
        let batch = batch.unwrap();
        let url = column::<StringArray>(&batch, "url", &path).unwrap();
        recalled.extend(url.iter().flatten().filter(|url| !url.contains("seed")).map(str::to_owned));
    }
    assert!(recalled.iter().any(|url| !read_before.contains(url)), "{recalled:?}");
    // All is done: neither command has anything to do.
    let before = lab.asked("/");
    lab.run("out", &sets, &["recall", "--round", "1"]);
    assert_eq!(lab.asked("/"), before);
    let plan = lab.run("out", &sets, &["iterate", "--round", "2", "--dry-run"]);
    assert!(!plan.contains("will run"), "{plan}");
    // It may be left out.
    let without: Vec<&str> = sets.iter().copied().chain(["crawl.recall=false"]).collect();
    assert!(lab.run("out", &without, &["iterate", "--round", "1", "--dry-run"]).contains("over 2 WARC"));
}

#[test]
fn an_index_that_lies_is_not_followed() {
    let mut all = crawl();
    let good = all.rows.iter().find(|row| row.url.contains("/Notes/")).unwrap().clone();
    let lie = |name: &str, change: &dyn Fn(&mut Row)| {
        let mut row = good.clone();
        row.url = format!("https://rings.example.org/Notes/{name}");
        change(&mut row);
        row
    };
    let mut lies = vec![
        lie("beyond", &|row| row.offset = i32::MAX - 10),
        lie("over-the-end", &|row| row.length += 10_000_000),
        lie("before", &|row| row.offset = -1),
        lie("empty", &|row| row.length = 0),
        lie("negative", &|row| row.length = -5),
        lie("huge", &|row| row.length = i32::MAX),
        lie("up", &|row| row.warc = "../../etc/passwd".to_owned()),
        lie("elsewhere", &|row| row.warc = "http://127.0.0.1:9/x.warc.gz".to_owned()),
        lie("other-host", &|row| row.warc = "//127.0.0.1:9/x.warc.gz".to_owned()),
        lie("root", &|row| row.warc = "/etc/passwd".to_owned()),
        lie("encoded", &|row| row.warc = "%2e%2e/x".to_owned()),
        lie("missing", &|row| row.warc = "crawl-data/no-such.warc.gz".to_owned()),
        lie("short", &|row| row.length -= 1),
        lie("long", &|row| row.length += 1),
        lie("aside", &|row| row.offset += 1),
        lie("another", &|_| {}),
    ];
    let mut digest = good.clone();
    digest.digest = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    all.rows.retain(|row| row.url != good.url);
    lies.push(digest);
    let lab = Lab::new(all, lies);
    let said = lab.recall("out", &[]);
    assert!(lines(&said, "captures").contains("9 more lead nowhere"), "{said}");
    let failed = lab.outcome("out").into_iter().filter_map(|(url, reason)| Some((url, reason?)));
    let failed: BTreeMap<String, String> =
        failed.map(|(url, reason)| (url.rsplit('/').next().unwrap().to_owned(), reason)).collect();
    let want = [
        ("0.html", "other_digest"),
        ("another", "other_address"),
        ("aside", "damaged"),
        ("beyond", "beyond_end"),
        ("long", "damaged"),
        ("missing", "not_found"),
        ("over-the-end", "beyond_end"),
        ("short", "damaged"),
    ];
    let want: BTreeMap<String, String> = want.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    assert_eq!(failed, want);
    assert!(
        lines(&said, "fetched").contains("fetched   199; not fetched: beyond_end 2, damaged 3, not_found 1"),
        "{said}"
    );
    let path = lab.out("out/recall/recall-01.refused.parquet");
    let mut refused = BTreeMap::new();
    for batch in Table::open(&path).unwrap().batches().unwrap() {
        let batch = batch.unwrap();
        let (url, reason) = (
            column::<StringArray>(&batch, "url", &path).unwrap(),
            column::<StringArray>(&batch, "reason", &path).unwrap(),
        );
        for (url, reason) in url.iter().zip(reason) {
            refused.insert(url.unwrap().rsplit('/').next().unwrap().to_owned(), reason.unwrap().to_owned());
        }
    }
    let want = [
        ("before", "bad_offset"),
        ("elsewhere", "bad_name"),
        ("empty", "bad_length"),
        ("encoded", "bad_name"),
        ("huge", "too_large"),
        ("negative", "bad_length"),
        ("other-host", "bad_name"),
        ("root", "bad_name"),
        ("up", "bad_name"),
    ];
    assert_eq!(refused, want.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
}

#[test]
fn limits_languages_and_captures_are_chosen_by_rule() {
    let mut all = crawl();
    let mut older = all.rows.clone();
    for row in &mut older {
        // The same place, for there is one record of each; only the choice is looked at.
        row.time_ms -= 1000;
        row.url = row.url.replace("https://", "http://");
    }
    all.rows[0].languages = Some("fra,deu");
    all.rows[2].languages = None;
    all.rows[4].mime = "application/pdf";
    let lab = Lab::new(all, older);
    let said = lab.recall("all", &[]);
    assert!(lines(&said, "captures").contains("398 found = 200 to fetch + 0 read before, 198 repeated"), "{said}");
    let newest = lab.outcome("all").into_keys().filter(|url| url.starts_with("https://")).count();
    let oldest = |out| lab.outcome(out).into_keys().filter(|url| url.starts_with("http://")).count();
    assert_eq!(newest, 198);
    lab.recall("oldest", &["index.capture='oldest'"]);
    assert_eq!(oldest("oldest"), 200);
    let said = lab.recall("french", &["index.languages=['fra']"]);
    assert!(lines(&said, "captures").contains("2 found = 2 to fetch"), "{said}");
    let said = lab.recall("few", &["index.domain_pages_max=30"]);
    assert!(lines(&said, "captures").contains("60 to fetch"), "{said}");
    let fewer = lab.recall("fewer", &["index.domain_pages_max=30", "index.pages_max=25"]);
    assert!(
        lines(&fewer, "captures").contains("25 to fetch") && lines(&fewer, "captures").contains("175 over the limits"),
        "{fewer}"
    );
    let (few, fewer) = (lab.outcome("few"), lab.outcome("fewer"));
    assert!(fewer.keys().all(|url| few.contains_key(url)), "a smaller sample is part of the larger one");
    lab.recall("again", &["index.domain_pages_max=30", "index.pages_max=25"]);
    assert_eq!(lab.outcome("again"), fewer);
}

#[test]
fn a_folder_is_as_good_as_a_server() {
    let lab = Lab::new(crawl(), others(100));
    for (name, bytes) in &lab.crawl.warcs {
        let path = lab.out("mirror").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        atomic::write(path, bytes).unwrap();
    }
    let table = lab.out("mirror/cc-index/table/cc-main/warc/crawl=CC-MAIN-2025-05/subset=warc/part-0.gz.parquet");
    fs::create_dir_all(table.parent().unwrap()).unwrap();
    atomic::write(table, index(lab.crawl.rows.clone())).unwrap();
    let sets = ["index.tables=[]", "index.crawls=['CC-MAIN-2025-05']", "index.base_url='mirror'"];
    let said = lab.recall("local", &sets);
    assert!(said.contains("requests  0 in this run") && said.contains("fetched   200"), "{said}");
    lab.recall("remote", &[]);
    assert_eq!(lab.recalled("local")[0].1, lab.recalled("remote")[0].1);
}

#[test]
fn a_server_that_is_gone_ends_the_run() {
    let lab = Lab::new(crawl(), Vec::new());
    for name in lab.crawl.warcs.keys() {
        lab.server.plan(&format!("/{name}"), vec![Act::Status(503); 100]);
    }
    let args = ["recall", "--round", "1", "--annotations", "annotations.toml"];
    let output = lab.command("out", &["http.attempts_max=2"], &args).output().unwrap();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{failed}");
    assert!(failed.contains("gave up") && failed.contains("503"), "{failed}");
    // One file that is gone is listed.
    for name in lab.crawl.warcs.keys().skip(1) {
        lab.server.plan(&format!("/{name}"), []);
    }
    let said = lab.recall("out", &["http.attempts_max=2"]);
    assert!(lines(&said, "fetched").contains("fetched   180; not fetched: unreachable 20"), "{said}");
}
