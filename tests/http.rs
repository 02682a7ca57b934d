//! Reading from a server that fails on purpose: the bytes are whole and of one version, or there is a clear error.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/server.rs"]
mod server;

use std::fs;
use std::io::{Read, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use corpus_build::crawl::{self, CrawlRules};
use corpus_build::io::http::{Fetched, Freshness, HttpClient, HttpError, HttpRules, ProxyRule};
use corpus_build::io::store::{Location, Store};
use flate2::Compression;
use flate2::write::GzEncoder;
use server::{Act, Server};
use url::Url;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn rules() -> HttpRules {
    HttpRules {
        user_agent: "tester (tester@example.org)".to_owned(),
        idle_timeout: MS(2_000),
        attempts_max: NonZeroU32::new(4).unwrap(),
        backoff_first: MS(1),
        backoff_max: MS(4),
        retry_after_max: MS(400),
        requests_per_second: None,
        proxy: ProxyRule::Direct,
        ..HttpRules::default()
    }
}

fn client() -> HttpClient {
    HttpClient::new(rules())
}

/// Bytes of which every part is different.
fn bytes(n: u32) -> Vec<u8> {
    (0..n).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).take(n as usize).collect()
}

fn read_with(client: &HttpClient, url: &Url) -> Result<Vec<u8>, HttpError> {
    let (mut stream, mut all, mut buffer) = (client.open(url)?, Vec::new(), vec![0; 777]);
    loop {
        match stream.read_some(&mut buffer)? {
            0 => return Ok(all),
            n => all.extend_from_slice(&buffer[..n]),
        }
    }
}

fn read(url: &Url) -> Result<Vec<u8>, HttpError> {
    read_with(&client(), url)
}

/// Reads a file that the server treats so, and checks the bytes; gives back the ranges asked for.
#[track_caller]
fn whole_despite(acts: &[Act]) -> Vec<String> {
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    server.plan("/x", acts.iter().cloned());
    assert!(read(&url).unwrap() == bytes(10_000));
    server.ranges()
}

/// Reads a file that the server treats so, and gives back the error.
#[track_caller]
fn error_of(acts: &[Act]) -> String {
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    server.plan("/x", acts.iter().cloned());
    let error = read(&url).map(|bytes| bytes.len()).unwrap_err().to_string();
    assert!(error.starts_with(url.as_str()), "{error}");
    error[url.as_str().len()..].to_owned()
}

#[test]
fn a_body_comes_whole() {
    assert_eq!(whole_despite(&[]), [""]);
    assert_eq!(whole_despite(&[Act::Chunked(None)]), [""]);
    let server = Server::start();
    assert_eq!(read(&server.put("/empty", "")).unwrap(), b"");
    assert_eq!(server.asked()[0].header("user-agent"), "tester (tester@example.org)");
    assert_eq!(server.asked()[0].header("accept-encoding"), "identity");
}

#[test]
fn a_broken_body_is_continued() {
    let break_at = Act::BreakAfter;
    assert_eq!(whole_despite(&[break_at(3000), break_at(4000)]), ["", "bytes=3000-", "bytes=7000-"]);
    assert_eq!(whole_despite(&[break_at(0), Act::HangUp]), ["", "", ""]);
    assert_eq!(whole_despite(&[break_at(3000), Act::IgnoreRange]), ["", "bytes=3000-"]);
    assert_eq!(whole_despite(&[break_at(3000), Act::Chunked(None)]), ["", "bytes=3000-"]);
    assert_eq!(whole_despite(&[break_at(3000), Act::Status(503), Act::HangUp])[2..], ["bytes=3000-", "bytes=3000-"]);
    assert_eq!(whole_despite(&[Act::Chunked(Some(5000))]), ["", "bytes=5000-"]);
}

#[test]
fn a_file_shorter_than_announced_is_no_file() {
    let error = error_of(&[Act::PromiseMore(10)]);
    assert!(error.contains("changed") && error.contains("length 10010") && error.contains("length 10000"), "{error}");
    // Without a length, the answer to a range from the end on tells that it was the end.
    assert_eq!(whole_despite(&[Act::Chunked(Some(10_000))]), ["", "bytes=10000-"]);
}

#[test]
fn passing_refusals_are_waited_out() {
    assert_eq!(whole_despite(&[Act::Status(503)]).len(), 2);
    assert_eq!(whole_despite(&[Act::Status(403), Act::Status(403)]).len(), 3);
    assert_eq!(whole_despite(&[Act::Status(429), Act::Status(500), Act::Status(502)]).len(), 4);
}

#[test]
fn a_stalled_server_is_left() {
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    server.plan("/x", [Act::Stall(3000, MS(700)), Act::Slow(MS(700)), Act::Serve]);
    let client = HttpClient::new(HttpRules { idle_timeout: MS(150), ..rules() });
    assert!(read_with(&client, &url).unwrap() == bytes(10_000));
    assert_eq!(server.ranges(), ["", "bytes=3000-", "bytes=3000-"]);
}

#[test]
fn retry_after_is_kept_and_capped() {
    #[track_caller]
    fn check(after: String, least: Duration) {
        let server = Server::start();
        let url = server.put("/x", "x");
        server.plan("/x", [Act::Later(429, after)]);
        read(&url).unwrap();
        let asked = server.asked();
        let pause = asked[1].at - asked[0].at;
        assert!((least..least + MS(1000)).contains(&pause), "{pause:?}");
    }
    check("0".to_owned(), MS(0));
    // An hour, cut to the rules' 400 ms.
    check("3600".to_owned(), MS(390));
    check("Fri, 31 Dec 9999 23:59:59 GMT".to_owned(), MS(390));
}

/// The part of a file of 10,000 bytes that a range gives where the server treats it so, and the ranges asked for.
#[track_caller]
fn part_despite(acts: &[Act], range: std::ops::Range<u64>) -> (u64, Vec<u8>, Vec<String>) {
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    server.plan("/x", acts.iter().cloned());
    let part = client().range(&url, range).unwrap();
    assert_eq!(part.total, Some(10_000));
    (part.first, part.bytes, server.ranges())
}

#[test]
fn a_part_comes_whole() {
    let want = (3000, bytes(10_000)[3000..5000].to_vec());
    let check = |acts: &[Act], ranges: &[&str]| {
        let (first, bytes, asked) = part_despite(acts, 3000..5000);
        assert!((first, bytes) == want, "{asked:?}");
        assert_eq!(asked, ranges);
    };
    check(&[], &["bytes=3000-4999"]);
    check(
        &[Act::BreakAfter(500), Act::Status(503), Act::HangUp],
        &["bytes=3000-4999", "bytes=3500-4999", "bytes=3500-4999", "bytes=3500-4999"],
    );
    check(&[Act::PromiseMore(10)], &["bytes=3000-4999"]);
    check(&[Act::Chunked(Some(1000))], &["bytes=3000-4999", "bytes=4000-4999"]);
    check(&[Act::IgnoreRange], &["bytes=3000-4999"]);
    // Of another version nothing is kept.
    check(
        &[Act::BreakAfter(500), Act::Replace(bytes(10_000), "\"v2\"")],
        &["bytes=3000-4999", "bytes=3500-4999", "bytes=3000-4999"],
    );
}

#[test]
fn a_part_ends_with_its_file() {
    let (first, found, _) = part_despite(&[], 9_990..20_000);
    assert!((first, found.as_slice()) == (9_990, &bytes(10_000)[9_990..]));
    let (first, found, _) = part_despite(&[], 10_000..20_000);
    assert_eq!((first, found.len()), (10_000, 0));
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    for (count, first) in [(10, 9_990), (20_000, 0)] {
        server.plan("/x", [Act::BreakAfter(3)]);
        let part = client().tail(&url, count).unwrap();
        assert!((part.first, part.total) == (first, Some(10_000)) && part.bytes == bytes(10_000)[first as usize..]);
    }
    let part = client().tail(&server.put("/empty", ""), 10).unwrap();
    assert_eq!((part.first, part.bytes.len(), part.total), (0, 0, Some(0)));
}

#[test]
fn a_server_without_parts_is_told_of() {
    let server = Server::start();
    let url = server.put("/x", bytes(5 << 20));
    server.fail_every(1, [Act::IgnoreRange]);
    let error = client().range(&url, 3000..5000).unwrap_err();
    assert!(error.to_string().contains("sends no parts of files"), "{error}");
    let url = server.put("/y", bytes(10_000));
    server.fail_every(1, [Act::OtherRange(7)]);
    let error = client().range(&url, 3000..5000).unwrap_err();
    assert!(matches!(error, HttpError::BadRange { asked: 3000, .. }), "{error}");
}

#[test]
fn final_refusals_fail_at_once() {
    for status in [400, 401, 404, 410, 501] {
        let server = Server::start();
        let url = server.put("/x", "x");
        server.plan("/x", [Act::Status(status)]);
        let error = read(&url).unwrap_err();
        assert!(matches!(error, HttpError::Status { status: found, .. } if found == status), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
    assert_eq!(error_of(&[Act::Status(404)]), ": the server answered 404 Not Found");
}

#[test]
fn attempts_end() {
    let error = error_of(&[const { Act::Status(503) }; 9]);
    assert_eq!(
        error,
        ": gave up at byte 0 after 4 attempts, the last of which failed: the server answered 503 Service Unavailable"
    );
    let error = error_of(&[Act::BreakAfter(10), Act::BreakAfter(10), Act::HangUp, Act::HangUp, Act::Serve]);
    assert!(error.starts_with(": gave up at byte 20 after 4 attempts"), "{error}");
    // A port that was free a moment ago.
    let url = Server::start().url("/x");
    assert!(read(&url).unwrap_err().to_string().contains("after 4 attempts"));
}

#[test]
fn a_server_without_tls_is_no_https_server() {
    let server = Server::start();
    let url = Url::parse(&server.put("/x", "x").as_str().replace("http:", "https:")).unwrap();
    let error = read(&url).unwrap_err().to_string();
    assert!(error.contains("after 4 attempts") && error.contains("no connection"), "{error}");
}

#[test]
fn progress_gives_new_attempts() {
    let server = Server::start();
    let url = server.put("/x", bytes(1_000_000));
    server.plan("/x", vec![Act::BreakAfter(100_000); 9]);
    assert!(read(&url).unwrap() == bytes(1_000_000));
    assert_eq!(server.asked().len(), 10);
}

#[test]
fn versions_are_not_mixed() {
    let other = || Act::Replace(bytes(10_000), "\"v2\"");
    let error = error_of(&[Act::BreakAfter(3000), other()]);
    assert!(error.contains("changed on the server while it was read, at byte 3000"), "{error}");
    assert!(error.contains("\"v1\"") && error.contains("\"v2\""), "{error}");
    // Before the first byte there is nothing to mix.
    whole_despite(&[Act::BreakAfter(0), other()]);
    let error = error_of(&[Act::BreakAfter(3000), Act::OtherRange(2999)]);
    assert!(error.contains("from 3000 on, the server sent Content-Range \"bytes 2999-9999/10000\""), "{error}");
}

#[test]
fn without_etag_the_length_must_agree() {
    let server = Server::start();
    let url = server.put_version("/x", bytes(10_000), "");
    server.plan("/x", [Act::BreakAfter(3000)]);
    assert!(read(&url).unwrap() == bytes(10_000));
    server.plan("/x", [Act::BreakAfter(3000), Act::Replace(bytes(9_000), "")]);
    assert!(matches!(read(&url), Err(HttpError::Changed { .. })));
    server.plan("/x", [Act::Chunked(Some(3000))]);
    assert!(matches!(read(&url), Err(HttpError::CannotResume { offset: 3000, .. })));
}

#[test]
fn errors_pass_through_io_and_stay() {
    let server = Server::start();
    let url = server.put("/x", bytes(10_000));
    server.plan("/x", [Act::BreakAfter(3000), Act::Status(404)]);
    let mut stream = client().open(&url).unwrap();
    let mut all = Vec::new();
    let error = stream.read_to_end(&mut all).unwrap_err();
    assert!(error.get_ref().unwrap().downcast_ref::<HttpError>().is_some());
    assert_eq!(all, bytes(10_000)[..3000]);
    assert!(stream.read(&mut [0; 9]).is_err());
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::start();
    let (url, target) = (server.put("/x", ""), server.put("/y", "there"));
    server.plan("/x", [Act::Redirect("/y".to_owned())]);
    assert_eq!(read(&url).unwrap(), b"there");
    server.plan("/y", vec![Act::Redirect("/y".to_owned()); 20]);
    assert!(matches!(read(&target), Err(HttpError::Request { .. })));
}

#[test]
fn connections_are_capped() {
    let server = Server::start();
    for n in 0..8 {
        server.put(&format!("/{n}"), bytes(1000));
        server.plan(&format!("/{n}"), [Act::Slow(MS(30))]);
    }
    let client = HttpClient::new(HttpRules { connections_max: NonZeroUsize::new(2).unwrap(), ..rules() });
    thread::scope(|scope| {
        for n in 0..8 {
            let (client, url) = (client.clone(), server.url(&format!("/{n}")));
            scope.spawn(move || assert_eq!(read_with(&client, &url).unwrap().len(), 1000));
        }
    });
    assert_eq!(server.open_max(), 2);
}

#[test]
fn requests_to_a_host_keep_their_distance() {
    let server = Server::start();
    let url = server.put("/x", "x");
    let client = HttpClient::new(HttpRules { requests_per_second: Some(20.0), ..rules() });
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| read_with(&client, &url).unwrap());
        }
    });
    let asked = server.asked();
    assert!(asked[3].at - asked[0].at >= MS(140), "{:?}", asked[3].at - asked[0].at);
}

fn fetch(client: &HttpClient, url: &Url, to: &Path) -> Result<Fetched, HttpError> {
    client.fetch(url, to, Freshness::Check, &|_, _| ())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_fetch_resumes_where_the_last_one_was_killed() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let to = folder.path().join("m/x.warc.gz");
    let url = server.put("/x.warc.gz", bytes(100_000));
    server.plan("/x.warc.gz", [Act::BreakAfter(30_000)]);
    // One attempt: the break ends it, as a kill would.
    let hasty = HttpClient::new(HttpRules { attempts_max: NonZeroU32::MIN, ..rules() });
    assert!(matches!(fetch(&hasty, &url, &to), Err(HttpError::GaveUp { offset: 30_000, .. })));
    assert_eq!(names(to.parent().unwrap()), ["x.warc.gz.part", "x.warc.gz.part.json"]);
    let seen = Mutex::new(Vec::new());
    let progress = |done, all| seen.lock().unwrap().push((done, all));
    let fetched = client().fetch(&url, &to, Freshness::Check, &progress).unwrap();
    assert_eq!(fetched, Fetched::Downloaded { bytes: 100_000, resumed_from: 30_000 });
    assert!(fs::read(&to).unwrap() == bytes(100_000));
    assert_eq!(server.ranges(), ["", "bytes=30000-"]);
    assert_eq!(server.asked()[1].header("if-range"), "\"v1\"");
    assert_eq!(names(to.parent().unwrap()), ["x.warc.gz", "x.warc.gz.http.json"]);
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.first(), seen.last()), (Some(&(30_000, Some(100_000))), Some(&(100_000, Some(100_000)))));
}

#[test]
fn a_complete_copy_is_checked_or_trusted() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let (to, client) = (folder.path().join("x"), client());
    let url = server.put("/x", "first");
    let new = |bytes| Fetched::Downloaded { bytes, resumed_from: 0 };
    assert_eq!(fetch(&client, &url, &to).unwrap(), new(5));
    assert_eq!(fetch(&client, &url, &to).unwrap(), Fetched::Unchanged);
    assert_eq!((server.asked()[1].method.as_str(), server.asked()[1].header("if-none-match")), ("HEAD", "\"v1\""));
    server.put_version("/x", "other", "\"v2\"");
    let trusted = client.fetch(&url, &to, Freshness::TrustLocal, &|_, _| ()).unwrap();
    assert_eq!((trusted, server.asked().len()), (Fetched::Unchanged, 2));
    assert_eq!(fetch(&client, &url, &to).unwrap(), new(5));
    assert_eq!(fs::read(&to).unwrap(), b"other");
    // A copy that lost its end is no complete copy.
    fs::OpenOptions::new().write(true).open(&to).unwrap().set_len(3).unwrap();
    assert_eq!(client.fetch(&url, &to, Freshness::TrustLocal, &|_, _| ()).unwrap(), new(5));
    // A copy that came in another way is known by its length.
    fs::remove_file(folder.path().join("x.http.json")).unwrap();
    assert_eq!(fetch(&client, &url, &to).unwrap(), Fetched::Unchanged);
}

#[test]
fn a_fetch_begins_anew_when_the_file_changed() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let to = folder.path().join("x");
    let url = server.put("/x", bytes(50_000));
    server.plan("/x", [Act::BreakAfter(30_000), Act::Replace(bytes(40_000), "\"v2\"")]);
    assert_eq!(fetch(&client(), &url, &to).unwrap(), Fetched::Downloaded { bytes: 40_000, resumed_from: 0 });
    assert!(fs::read(&to).unwrap() == bytes(40_000));
    // A partial file without a note of its version is worth nothing.
    fs::remove_file(&to).unwrap();
    fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(folder.path().join("x.part"))
        .unwrap()
        .write_all(b"junk")
        .unwrap();
    assert_eq!(fetch(&client(), &url, &to).unwrap(), Fetched::Downloaded { bytes: 40_000, resumed_from: 0 });
    assert!(fs::read(&to).unwrap() == bytes(40_000));
}

#[test]
fn a_failed_fetch_leaves_the_old_copy() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let to = folder.path().join("x");
    let url = server.put("/x", "old");
    fetch(&client(), &url, &to).unwrap();
    server.put_version("/x", bytes(9000), "\"v2\"");
    server.plan("/x", [Act::Serve, Act::BreakAfter(1000), Act::Status(404)]);
    assert!(matches!(fetch(&client(), &url, &to), Err(HttpError::Status { status: 404, .. })));
    assert_eq!(fs::read(&to).unwrap(), b"old");
    assert!(matches!(fetch(&client(), &url, &to).unwrap(), Fetched::Downloaded { resumed_from: 1000, .. }));
    assert!(fs::read(&to).unwrap() == bytes(9000));
}

#[test]
fn two_fetches_to_one_place_do_not_mix() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let (to, client) = (folder.path().join("x"), client());
    let url = server.put("/x", bytes(1000));
    let inner = Arc::new(Mutex::new(None));
    let progress = |_, _| {
        inner.lock().unwrap().get_or_insert_with(|| fetch(&client, &url, &to));
    };
    client.fetch(&url, &to, Freshness::Check, &progress).unwrap();
    assert!(matches!(inner.lock().unwrap().take(), Some(Err(HttpError::Locked { .. }))));
    assert!(fs::read(&to).unwrap() == bytes(1000));
}

#[test]
fn a_seed_is_imported_from_the_dataset_that_a_file_names() {
    let server = Server::start();
    let lines = "{\"url\": \"https://a.example/1\", \"text\": \"one\"}\n{\"url\": \"https://a.example/2\", \"text\": \"two\"}\n";
    let first = server.put("/files/0.jsonl", lines);
    let second = server.put("/files/1.jsonl", lines);
    server.put("/api/datasets/org/name/parquet/default/train", format!("[\"{first}\", \"{second}\"]"));
    let endpoint = first.origin().ascii_serialization();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dataset.toml");
    let text = format!(
        "[dataset]\nname = \"org/name\"\nendpoint = \"{endpoint}\"\nconfig = \"default\"\nsplit = \"train\"\nfiles_max = 1\n"
    );
    corpus_build::io::atomic::write(&file, text).unwrap();
    let store = Store::new(rules());
    let files = corpus_build::classify::seed::resolve(&[file.to_str().unwrap().to_owned()], &store).unwrap();
    assert_eq!(files, [Location::Http(first)]);
    let out = folder.path().join("out");
    let runner = corpus_build::task::Runner::open(&out, Some(1), 64 << 20, true).unwrap();
    let stage = corpus_build::classify::seed::stage(&runner, &store, "positives", &files, 10, 1);
    assert_eq!(runner.run(&stage).unwrap()[0].facts["documents"], 2);
    // Done is done: the server is not asked again.
    let asked = server.asked().len();
    assert_eq!(runner.state(&stage).done, 1);
    runner.run(&stage).unwrap();
    assert_eq!(server.asked().len(), asked);
}

#[test]
fn a_store_reads_remote_files() {
    let server = Server::start();
    let (store, location) = (Store::new(rules()), Location::Http(server.put("/x", "some bytes")));
    let mut text = String::new();
    store.open(&location).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "some bytes");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn crawl_names(rules: &CrawlRules) -> Vec<String> {
    let sources = crawl::list(rules, Path::new("/nowhere"), &Store::new(self::rules())).unwrap();
    sources.into_iter().map(|source| source.stem).collect()
}

#[test]
fn a_crawl_is_listed_by_its_id() {
    let server = Server::start();
    let line = |n| format!("crawl-data/CC-MAIN-2025-05/segments/1/warc/a-{n:05}.warc.gz");
    let lines = (0..50).map(line).collect::<Vec<_>>().join("\n");
    server.put("/mirror/crawl-data/CC-MAIN-2025-05/warc.paths.gz", gzip(&lines));
    server.plan("/mirror/crawl-data/CC-MAIN-2025-05/warc.paths.gz", [Act::Status(503), Act::BreakAfter(50)]);
    let base = CrawlRules {
        id: Some("CC-MAIN-2025-05".to_owned()),
        base_url: server.url("/mirror").to_string(),
        ..CrawlRules::default()
    };
    let all = crawl_names(&base);
    assert_eq!((all.len(), all[0].as_str(), all[49].as_str()), (50, "a-00000", "a-00049"));
    assert_eq!(crawl_names(&CrawlRules { files_max: Some(2), ..base.clone() }), ["a-00000", "a-00001"]);
    let sample = |seed| crawl_names(&CrawlRules { files_max: Some(5), files_sample_seed: Some(seed), ..base.clone() });
    assert_eq!((sample(1), sample(1).len()), (sample(1), 5));
    assert_ne!(sample(1), sample(2));
    assert!(sample(1).is_sorted());
    let sources = crawl::list(&base, Path::new(""), &Store::new(rules())).unwrap();
    let first = server.url("/mirror/crawl-data/CC-MAIN-2025-05/segments/1/warc/a-00000.warc.gz");
    assert_eq!(sources[0].location, Location::Http(first));
}

#[test]
fn a_remote_list_may_stand_beside_a_remote_file() {
    let server = Server::start();
    server.put("/lists/two.paths", "x/1.warc\n# no\nhttp://127.0.0.1:9/2.warc.gz\n");
    let paths = vec![server.url("/lists/two.paths").to_string(), server.url("/d/1.warc.gz").to_string()];
    let rules = CrawlRules { paths, base_url: server.url("/base/").to_string(), ..CrawlRules::default() };
    let sources = crawl::list(&rules, Path::new(""), &Store::new(self::rules())).unwrap();
    let found: Vec<_> = sources.iter().map(|source| source.location.to_string()).collect();
    let url = |path| server.url(path).to_string();
    assert_eq!(found, [url("/base/x/1.warc"), "http://127.0.0.1:9/2.warc.gz".to_owned(), url("/d/1.warc.gz")]);
    assert!(sources[2].stem.starts_with("1-") && sources[0].stem == "1");
    // Only the list was read.
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_unknown_crawl_says_so() {
    let server = Server::start();
    let id = Some("CC-MAIN-1999-01".to_owned());
    let rules = CrawlRules { id, base_url: server.url("/").to_string(), ..CrawlRules::default() };
    let error = crawl::list(&rules, Path::new(""), &Store::new(self::rules())).unwrap_err();
    assert_eq!(error.to_string(), "crawl.id: \"CC-MAIN-1999-01\"");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.ends_with("/crawl-data/CC-MAIN-1999-01/warc.paths.gz: the server answered 404 Not Found"), "{cause}");
}
