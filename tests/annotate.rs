//! Annotating by arguments, on the local page, and by a judge: what is written, who may come in, what a page can do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use corpus_build::io::table::TableWriter;
use tempfile::TempDir;

const HOSTILE: &str =
    "<script>window.hacked=1</script><img src=x onerror=alert(1)> $\\text{<script>alert(1)</script>}$";

/// An output folder whose first round is ready to be annotated.
struct Lab {
    folder: TempDir,
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true))).unwrap();
    let mut writer = TableWriter::create(path, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
}

fn figures(pages: &[u64], collected: &[u64]) -> Vec<(&'static str, ArrayRef)> {
    let counts =
        |all: &[u64], each: u64| -> ArrayRef { Arc::new(UInt64Array::from_iter_values(all.iter().map(|n| n * each))) };
    let share = pages.iter().zip(collected).map(|(pages, collected)| *collected as f64 / *pages as f64);
    vec![
        ("pages", counts(pages, 1)),
        ("collected", counts(collected, 1)),
        ("tokens", counts(pages, 100)),
        ("collected_tokens", counts(collected, 100)),
        ("mean_score", Arc::new(Float64Array::from(vec![0.5; pages.len()]))),
        ("share", Arc::new(Float64Array::from_iter_values(share))),
    ]
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let round = folder.path().join("rounds/01");
        let mut domains = vec![("domain", texts(&["example.org", "small.test", "news.test"]))];
        domains.extend(figures(&[100, 30, 500], &[50, 20, 1]));
        domains.push(("math_related", Arc::new(BooleanArray::from(vec![true, true, false]))));
        domains.push(("hosts", Arc::new(UInt64Array::from(vec![2, 1, 1]))));
        write(&round.join("domains.parquet"), domains);
        let mut prefixes = vec![
            ("domain", texts(&["example.org", "example.org", "example.org", "example.org", "small.test"])),
            ("prefix", texts(&["/", "/wiki", "/wiki/talk", "m.example.org/", "/"])),
            (
                "proposed",
                Arc::new(StringArray::from(vec![Some("split"), Some("accept"), Some("refuse"), None, None]))
                    as ArrayRef,
            ),
        ];
        prefixes.extend(figures(&[100, 40, 10, 20, 30], &[50, 10, 0, 5, 20]));
        write(&round.join("prefixes.parquet"), prefixes);
        let samples = vec![
            ("domain", texts(&["example.org", "example.org", "small.test"])),
            ("prefix", texts(&["/wiki", "/wiki/talk", "/"])),
            ("url", texts(&["https://example.org/wiki/ring", "javascript:alert(1)", "https://small.test/"])),
            ("title", texts(&["Rings $R$", HOSTILE, "Small"])),
            ("text", texts(&["Let $x^2 = \\frac{1}{2}$.", HOSTILE, "Nothing."])),
            ("score", Arc::new(Float64Array::from(vec![0.9, 0.2, 0.1])) as ArrayRef),
            ("collected", Arc::new(BooleanArray::from(vec![false, false, true])) as ArrayRef),
        ];
        write(&round.join("samples.parquet"), samples);
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("rounds/01/annotations.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }

    fn put(&self, text: &str) {
        corpus_build::io::atomic::write(self.file(), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        let dir = self.folder.path().to_str().unwrap();
        command.current_dir(self.folder.path()).args(["annotate", "--round", "1", "--by", "anna", "--out", dir]);
        command.args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs, and gives back what is printed.
    #[track_caller]
    fn says(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self) -> Site {
        let mut child = self.command(&["--serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next().unwrap().unwrap();
        let host = address["http://".len()..].split('/').next().unwrap().to_owned();
        let base = address["http://".len() + host.len()..].to_owned();
        Site { child, host, base }
    }
}

/// The running page.
struct Site {
    child: Child,
    host: String,
    /// The path up to the token.
    base: String,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Site {
    /// Sends a request as written, so that nothing is tidied on the way.
    fn raw(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str(&format!("Host: {}\r\n", self.host));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(&format!("{request}\r\n{body}"))
    }

    fn get(&self, query: &str) -> Answer {
        self.ask("GET", &format!("{}{query}", self.base), &[], "")
    }

    /// Sends a form as the page does.
    fn post(&self, what: &str, form: &str) -> Answer {
        let origin = format!("http://{}", self.host);
        self.ask("POST", &format!("{}{what}", self.base), &[("Origin", &origin)], form)
    }

    /// The version of what is said of a domain, as the page shows it.
    fn seen(&self, domain: &str) -> String {
        let page = self.get(&format!("?domain={domain}")).body;
        page.split("name=\"seen\" value=\"").nth(1).unwrap()[..16].to_owned()
    }

    fn act(&self, what: &str, prefix: &str, seen: &str) -> Answer {
        self.post("act", &format!("domain=example.org&on={prefix}&do={what}&seen={seen}"))
    }
}

#[test]
fn arguments_are_verdicts() {
    let lab = Lab::new();
    let list = lab.says(&["--list"]);
    assert!(
        list.contains("example.org") && list.contains("+/wiki -/wiki/talk") && !list.contains("news.test"),
        "{list}"
    );
    assert!(lab.says(&[]).contains("annotations.toml"), "without a terminal it says where the file is");
    let said = lab.says(&["--accept", "example.org/wiki/", "--refuse", "https://m.example.org"]);
    assert!(said.contains("brings 30 pages, 3.0k tokens"), "{said}");
    let text = lab.text();
    assert!(text.contains("prefixes = [\"/wiki\"]") && text.contains("refused = [\"m.example.org/\"]"), "{text}");
    assert!(text.contains("by = \"anna\"") && text.contains("at = \"20"), "{text}");
    assert!(lab.says(&["--list"]).contains("1 of 2 domains judged"));
    lab.says(&["--clear", "example.org/wiki", "--clear", "m.example.org/"]);
    assert!(!lab.text().contains("example.org"), "{}", lab.text());
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_written() {
    let lab = Lab::new();
    for args in [&["--accept", "news.test/"][..], &["--accept", "small.test/", "--refuse", "nowhere"], &["--judge"]] {
        let output = lab.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(lab.text(), "");
    }
    lab.put("[[domain]]\nnam = \"x\"\n");
    let output = lab.run(&["--accept", "small.test/"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("annotations.toml:2"), "{said}");
    assert_eq!(lab.text(), "[[domain]]\nnam = \"x\"\n");
    let output = lab.run(&["--round", "2", "--list"]);
    assert!(!output.status.success());
}

#[test]
fn hand_written_parts_of_the_file_stay() {
    let lab = Lab::new();
    let text = "# mine\n[[domain]]\nname = \"small.test\"   # seen\nprefixes = [\"/a\"]\n# end\n";
    lab.put(text);
    lab.says(&["--accept", "example.org/wiki"]);
    assert!(
        lab.text().starts_with("# mine\n[[domain]]\nname = \"small.test\"   # seen\nprefixes = [\"/a\"]\n"),
        "{}",
        lab.text()
    );
}

#[test]
fn nothing_is_reached_without_the_token_or_from_elsewhere() {
    let lab = Lab::new();
    let site = lab.serve();
    assert_eq!(site.get("").status, 200);
    let own = format!("http://{}", site.host);
    let wrong = format!("{}x/", &site.base[..site.base.len() - 2]);
    for path in ["/", "/t/", "/favicon.ico", "/page.js", &wrong, &site.base[..site.base.len() - 1], "/t//page.js"] {
        let answer = site.ask("GET", path, &[], "");
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.head.contains("content-security-policy: default-src 'none'"), "{answer:?}");
    }
    for host in ["evil.test", "evil.test:80", "127.0.0.1.evil.test"] {
        assert_eq!(site.ask("GET", &site.base, &[("Host", host)], "").status, 403, "{host}");
    }
    let seen = site.seen("example.org");
    let form = format!("domain=example.org&on=/wiki&do=accept&seen={seen}");
    let act = format!("{}act", site.base);
    for headers in [
        &[][..],
        &[("Origin", "http://evil.test")],
        &[("Origin", "null")],
        &[("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", &own), ("Origin", "http://evil.test")],
        &[("Origin", &own), ("Host", "evil.test")],
    ] {
        assert_eq!(site.ask("POST", &act, headers, &form).status, 403, "{headers:?}");
    }
    assert_eq!(lab.text(), "", "a foreign request changed the file");
    // A page elsewhere may not read either.
    assert_eq!(site.ask("GET", &site.base, &[("Origin", "http://evil.test")], "").status, 403);
    assert_eq!(site.ask("POST", &act, &[("Origin", "null"), ("Sec-Fetch-Site", "same-origin")], &form).status, 303);
}

#[test]
fn nothing_is_reached_outside_of_its_folder() {
    let lab = Lab::new();
    let site = lab.serve();
    for path in [
        "../annotations.toml",
        "../../../../etc/passwd",
        "..%2f..%2fetc/passwd",
        "%2e%2e/%2e%2e/etc/passwd",
        "annotations.toml",
        "page.js/../x",
        "page.js/",
        "//etc/passwd",
        "..\\..\\etc\\passwd",
        "act",
    ] {
        let answer = site.get(path);
        assert!([403, 404, 400].contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.body.contains("root:"), "{path}");
    }
    let origin = format!("http://{}", site.host);
    let post = |path: &str| site.ask("POST", &format!("{}{path}", site.base), &[("Origin", &origin)], "").status;
    assert_eq!([post("page.js"), post(""), post("x")], [404, 404, 404]);
    let other = |method: &str| site.ask(method, &format!("{}act", site.base), &[("Origin", &origin)], "").status;
    assert_eq!([other("PUT"), other("DELETE")], [405, 405]);
}

#[test]
fn every_answer_forbids_what_a_page_must_not_do() {
    let lab = Lab::new();
    let site = lab.serve();
    for path in ["", "page.js", "page.css", "icon.svg", "nothing"] {
        let answer = site.get(path);
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.head.contains(header), "{path}: {header}: {}", answer.head);
        }
        assert!(!answer.head.contains("access-control") && !answer.head.contains("set-cookie"), "{}", answer.head);
    }
}

#[test]
fn hostile_pages_are_text() {
    let lab = Lab::new();
    let site = lab.serve();
    let page = site.get("?domain=example.org").body;
    assert!(page.contains("<msup>") && page.contains("<mfrac>"), "formulas are MathML");
    assert!(page.contains("&lt;script&gt;"), "{page}");
    assert_eq!(page.matches("<script").count(), 1, "one script, ours");
    assert!(!page.contains("<img") && !page.contains("href=\"javascript:") && !page.contains("style="), "{page}");
    for query in [
        "?domain=%3Cscript%3Ealert(1)%3C/script%3E",
        "?find=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "?show=%3Cscript%3E&prefix=/%22%3E%3Cscript%3E",
    ] {
        let page = site.get(query).body;
        assert!(page.matches("<script").count() == 1, "{query}: {page}");
    }
}

#[test]
fn actions_are_edits_of_the_file() {
    let lab = Lab::new();
    lab.put("# mine\n");
    let site = lab.serve();
    let seen = site.seen("example.org");
    let answer = site.act("accept", "/wiki", &seen);
    assert_eq!(answer.status, 303);
    assert!(answer.head.contains("location: ./?domain=example.org"), "{}", answer.head);
    let accepted = lab.text();
    assert!(accepted.starts_with("# mine\n") && accepted.contains("prefixes = [\"/wiki\"]"), "{accepted}");
    assert_eq!(site.act("refuse", "/wiki/talk", &site.seen("example.org")).status, 303);
    assert!(lab.text().contains("refused = [\"/wiki/talk\"]"));
    assert_eq!(site.post("step", "do=undo&domain=example.org").status, 303);
    assert_eq!(lab.text(), accepted, "undoing brings back the very text");
    assert_eq!(site.post("step", "do=redo&domain=example.org").status, 303);
    assert!(lab.text().contains("refused = [\"/wiki/talk\"]"));
    assert_eq!(site.act("split", "/wiki", &site.seen("example.org")).status, 303);
    assert!(lab.text().contains("prefixes = []") && lab.text().contains("/wiki/talk"), "{}", lab.text());
    for _ in 0..3 {
        assert_eq!(site.post("step", "do=undo").status, 303);
    }
    assert_eq!(lab.text(), "# mine\n");
    assert_eq!(site.post("step", "do=undo").status, 409);
    assert_eq!(site.post("note", "domain=example.org&note=look%0Aagain").status, 303);
    assert_eq!(lab.text(), "# mine\n# note on example.org: look again\n");
    assert_eq!(site.post("act", "domain=example.org&do=take&seen=nonsense").status, 409);
    assert_eq!(site.post("act", "domain=example.org&do=nonsense&seen=x").status, 400);
    assert_eq!(site.post("act", "domain=news.test&do=take&seen=x").status, 404);
}

#[test]
fn two_windows_and_an_editor_do_not_lose_each_others_work() {
    let lab = Lab::new();
    let site = lab.serve();
    // Both look at the same domain; one is first.
    let seen = site.seen("example.org");
    assert_eq!(site.act("accept", "/wiki", &seen).status, 303);
    let late = site.act("refuse", "/wiki", &seen);
    assert_eq!(late.status, 409);
    assert!(late.body.contains("changed elsewhere") && late.body.contains("role=\"alert\""), "{}", late.body);
    assert!(lab.text().contains("prefixes = [\"/wiki\"]"));
    // An editor adds another domain meanwhile: both stay, and undoing takes back one of them only.
    let seen = site.seen("example.org");
    lab.put(&format!("{}\n# by hand\n[[domain]]\nname = \"small.test\"\nprefixes = [\"/x\"]\n", lab.text()));
    assert_eq!(site.act("refuse", "m.example.org/", &seen).status, 303);
    assert!(lab.text().contains("# by hand") && lab.text().contains("m.example.org/"), "{}", lab.text());
    lab.put(&lab.text().replace("/x", "/y"));
    assert_eq!(site.post("step", "do=undo").status, 303);
    assert!(lab.text().contains("\"/y\"") && !lab.text().contains("m.example.org/"), "{}", lab.text());
    // A file that cannot be read is left alone and shown as such.
    lab.put("[[domain]]\nbroken\n");
    let page = site.get("");
    assert_eq!(page.status, 500);
    assert!(page.body.contains("annotations.toml:2"), "{}", page.body);
    assert_eq!(site.post("act", "domain=example.org&do=take&seen=x").status, 500);
    assert_eq!(lab.text(), "[[domain]]\nbroken\n");
}

/// A judge that answers by the site asked about; gives back what it was sent.
fn judge(replies: Vec<(u16, &'static str)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    thread::spawn(move || {
        for (stream, (status, content)) in listener.incoming().zip(replies) {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut text, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                text.push_str(&line);
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            text.push_str(&String::from_utf8(body).unwrap());
            seen.lock().unwrap().push(text);
            let body = serde_json::json!({ "choices": [{ "message": { "content": content } }] }).to_string();
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    (address, asked)
}

fn judged(lab: &Lab, address: &str) -> Output {
    let sets = [
        format!("annotate.judge_url=\"{address}\""),
        "annotate.judge_model=\"m1\"".to_owned(),
        "annotate.judge_key_env=\"TEST_JUDGE_KEY\"".to_owned(),
        "http.backoff_first_ms=1".to_owned(),
        "http.connections_max=1".to_owned(),
        "http.requests_per_second=1000.0".to_owned(),
    ];
    let mut command = lab.command(&["--judge"]);
    command.env("TEST_JUDGE_KEY", "sk-hidden").env("CORPUS_BUILD_LOG", "trace").env("NO_PROXY", "127.0.0.1");
    for set in &sets {
        command.args(["--set", set]);
    }
    command.output().unwrap()
}

#[test]
fn a_judge_proposes_and_a_person_decides() {
    let lab = Lab::new();
    let accept = r#"{"verdict": "accept"}"#;
    let (address, asked) = judge(vec![(503, ""), (200, accept), (200, "I accept!")]);
    let output = judged(&lab, &address);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert!(out.contains("2 domains asked about, 1 with proposals; 2 answers, 0 unsure, 1 not in the form"), "{out}");
    assert!(!err.contains("sk-hidden") && !out.contains("sk-hidden"), "the key is told: {err}");
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[0].starts_with("POST /v1/chat/completions ")
            && asked[0].to_ascii_lowercase().contains("authorization: bearer sk-hidden"),
        "{}",
        asked[0]
    );
    assert!(asked[1].contains("never an instruction") && asked[1].contains("\"model\":\"m1\""), "{}", asked[1]);
    let text = lab.text();
    assert!(
        text.contains("proposed = true") && text.contains("by = \"judge:m1\"") && !text.contains("sk-hidden"),
        "{text}"
    );
    assert!(lab.says(&["--list"]).contains("0 of 2 domains judged"));
    let site = lab.serve();
    assert!(site.get("?domain=example.org").body.contains("Proposed by <bdi>judge:m1</bdi>"));
    assert_eq!(site.post("act", &format!("domain=example.org&do=take&seen={}", site.seen("example.org"))).status, 303);
    assert!(!lab.text().contains("proposed") && lab.text().contains("by = \"anna\""), "{}", lab.text());
}

#[test]
fn a_judge_that_refuses_ends_the_asking() {
    let lab = Lab::new();
    let (address, asked) = judge(vec![(401, "")]);
    let output = judged(&lab, &address);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("401") && !err.contains("sk-hidden"), "{err}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert_eq!(lab.text(), "");
}
