//! Decontamination end to end: in a round on the embedded sample, on files, and every item of real benchmarks planted
//! once, where the evaluation kit is beside the project.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use corpus_build::decontaminate::benchmarks::{Rules, list, read};
use corpus_build::decontaminate::{Fields, Scanner, Short};
use corpus_build::io::table::Table;
use corpus_build::tokens::Tokenizer;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder to work in, with two benchmark files.
struct Lab(tempfile::TempDir);

/// A question that no page of the sample asks, and one that a page of the sample is made to have asked.
const OTHER: &str = "How many ways are there to lay nine red tiles and four blue tiles in a row of thirteen?";

impl Lab {
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        lab.file("bench/one.jsonl", &format!("{}\n", serde_json::json!({ "question": OTHER, "answer": "715" })));
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> String {
        corpus_build::io::atomic::write(self.path(name), text).unwrap();
        self.path(name).to_str().unwrap().to_owned()
    }

    fn run(&self, args: &[&str]) -> Output {
        let out = format!("output.dir={}", toml::Value::from(self.path("out").to_str().unwrap()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        command.current_dir(self.0.path()).arg("--config").arg(root().join("pipeline.toml"));
        command.args(["--set", &out, "--quiet"]).args(args).output().unwrap()
    }

    #[track_caller]
    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn batches(&self, name: &str) -> Vec<RecordBatch> {
        Table::open(&self.path(name)).unwrap().batches().unwrap().map(Result::unwrap).collect()
    }

    fn strings(&self, name: &str, column: &str) -> Vec<String> {
        let of = |batch: &RecordBatch| {
            let column = batch.column_by_name(column).unwrap().as_string::<i32>();
            column.iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        };
        self.batches(name).iter().flat_map(of).collect()
    }

    /// The bytes of all files below these folders of the output.
    fn contents(&self, folders: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(path: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            if path.ends_with("report.html") {
                // It shows times.
                return;
            }
            if !path.is_dir() {
                found.insert(path.to_owned(), std::fs::read(path).unwrap_or_default());
                return;
            }
            for entry in std::fs::read_dir(path).unwrap() {
                walk(&entry.unwrap().path(), found);
            }
        }
        let mut found = BTreeMap::new();
        for folder in folders.iter().map(|folder| self.path("out").join(folder)).filter(|folder| folder.exists()) {
            walk(&folder, &mut found);
        }
        let out = self.path("out");
        found.into_iter().map(|(path, bytes)| (path.strip_prefix(&out).unwrap().to_owned(), bytes)).collect()
    }
}

#[test]
fn a_round_collects_no_paragraph_of_a_benchmark() {
    let lab = Lab::new();
    lab.succeed(&["extract"]);
    // A paragraph of a page of the sample becomes a benchmark's question: of a page that has others.
    let texts = lab.strings("out/pages/crawl.parquet", "text");
    let urls = lab.strings("out/pages/crawl.parquet", "url");
    let words = |text: &str| text.split_whitespace().count();
    let asked = |text: &str| {
        let mut parts = text.split("\n\n").filter(|part| part.contains('$') && !part.contains('#'));
        parts.find(|part| (15..60).contains(&words(part)) && words(text) > 400).map(str::to_owned)
    };
    let (page, question) = texts.iter().enumerate().find_map(|(i, text)| Some((i, asked(text)?))).unwrap();
    let two = serde_json::json!({ "id": 1, "prompt": [{ "role": "user", "content": question.to_uppercase() }] });
    lab.file("bench/two.jsonl", &format!("{two}\n"));
    let named = |names: [&str; 2]| {
        let paths = names.map(|name| toml::Value::from(lab.path(name).to_str().unwrap()).to_string());
        format!("decontaminate.benchmarks=[{}]", paths.join(", "))
    };
    let round = ["iterate", "--round", "1"];
    let sets = named(["bench/one.jsonl", "bench/two.jsonl"]);
    let with = |threads: &str, sets: &str| {
        lab.succeed(&[&["--threads", threads, "--set", sets, "--set", "rank.token_budget='1M'"], &round[..]].concat())
    };
    let said = with("2", &sets);
    assert!(said.contains("paragraphs removed from"), "{said}");

    // What was found, where, and by which item.
    let matches = lab.batches("out/decontaminate/matches.parquet");
    let rows: Vec<(String, String, i64)> = matches
        .iter()
        .flat_map(|batch| {
            let string = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let (url, benchmark) = (string("url"), string("benchmark"));
            let line = batch.column_by_name("line").unwrap().as_primitive::<Int64Type>().clone();
            let row = move |i| (url.value(i).to_owned(), benchmark.value(i).to_owned(), line.value(i));
            (0..batch.num_rows()).map(row).collect::<Vec<_>>()
        })
        .collect();
    assert!(rows.contains(&(urls[page].clone(), "two.jsonl".to_owned(), 1)), "{rows:?}");
    assert!(rows.iter().all(|row| row.1 == "two.jsonl"), "{rows:?}");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(lab.path("out/rounds/01/summary.json")).unwrap()).unwrap();
    let counts = &summary["decontamination"]["benchmarks"];
    assert_eq!((&counts["one.jsonl"]["matches"], &counts["two.jsonl"]["items_found"]), (&0.into(), &1.into()));

    // Pages are as they were, shards are without it, and their counts are of what stands in them.
    assert_eq!(lab.strings("out/pages/crawl.parquet", "text"), texts);
    let (mut whole, mut cut) = (0, 0);
    let shards = lab.contents(&["rounds/01/shards"]);
    assert!(!shards.is_empty());
    for shard in shards.keys() {
        for batch in lab.batches(Path::new("out").join(shard).to_str().unwrap()) {
            let string = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let (url, text) = (string("url"), string("text"));
            let tokens = batch.column_by_name("tokens").unwrap().as_primitive::<Int64Type>();
            for i in 0..batch.num_rows() {
                assert!(!text.value(i).contains(&question), "{}", url.value(i));
                assert_eq!(tokens.value(i), Tokenizer::Cl100kBase.count(text.value(i)) as i64, "{}", url.value(i));
                whole += 1;
                cut += usize::from(url.value(i) == urls[page]);
            }
        }
    }
    assert!(whole > 50 && cut == 1, "{whole} {cut}");

    // Nothing is left to do; the order in which files are named makes no difference, nor does the number of threads.
    let plan =
        lab.succeed(&[&["--set", &sets, "--set", "rank.token_budget='1M'"], &round[..], &["--dry-run"]].concat());
    assert!(!plan.contains("will run"), "{plan}");
    let folders = ["decontaminate", "rounds"];
    let once = lab.contents(&folders);
    std::fs::remove_dir_all(lab.path("out/decontaminate")).unwrap();
    std::fs::remove_dir_all(lab.path("out/rounds/01/shards")).unwrap();
    with("1", &named(["bench/two.jsonl", "bench/one.jsonl"]));
    let again = lab.contents(&folders);
    assert_eq!(once.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
    for (path, bytes) in &once {
        assert!(*bytes == again[path], "{} differs", path.display());
    }

    // The single command gives the same tables, and `rank` wants those of the benchmarks that are named.
    let rank = ["--set", "rank.token_budget='1M'", "rank"];
    assert!(lab.succeed(&[&["--set", &sets], &rank[..]].concat()).contains("pages"));
    let other = named(["bench/one.jsonl", "bench/one.jsonl"]);
    let refused = lab.run(&[&["--set", &other], &rank[..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("corpus-build decontaminate"));

    // With no benchmark named the tables go, and nothing is cut.
    let said = with("2", "decontaminate.benchmarks=[]");
    assert!(said.contains("nothing removed"), "{said}");
    assert!(lab.contents(&["decontaminate"]).is_empty());
    let all: Vec<String> = lab
        .contents(&["rounds/01/shards"])
        .keys()
        .flat_map(|shard| lab.strings(Path::new("out").join(shard).to_str().unwrap(), "text"))
        .collect();
    assert!(all.iter().any(|text| text.contains(&question)));
}

#[test]
fn files_are_cleaned_by_themselves() {
    let lab = Lab::new();
    let line = |url: &str, text: &str| serde_json::json!({ "url": url, "text": text, "more": 1 }).to_string();
    let clean = format!("  {} ", line("http://a.example/", "Nothing of it."));
    let half = format!(
        "Some words that stay, and they are many more than those which go, as one would hope of a page \
                        that is on another matter.\n\n{OTHER}"
    );
    let lines = [clean.clone(), line("http://b.example/", &half), line("http://c.example/", OTHER)].join("\n");
    let input = lab.file("in/pages.jsonl", &lines);
    let bench = lab.path("bench").to_str().unwrap().to_owned();
    let to = lab.path("clean.jsonl").to_str().unwrap().to_owned();
    let report = lab.path("report.parquet").to_str().unwrap().to_owned();
    let said = lab.succeed(&["decontaminate", &input, "--benchmark", &bench, "--to", &to, "--report", &report]);
    assert!(said.contains("3 pages: 1 without some paragraphs, 1 dropped"), "{said}");
    let left = std::fs::read_to_string(&to).unwrap();
    let left: Vec<&str> = left.lines().collect();
    assert_eq!(left.len(), 2);
    assert_eq!(left[0], clean.trim_end());
    let row: serde_json::Value = serde_json::from_str(left[1]).unwrap();
    assert_eq!((row["text"].as_str(), &row["more"]), (half.split("\n\n").next(), &1.into()));
    assert_eq!(lab.strings("report.parquet", "url"), ["http://b.example/", "http://c.example/"]);

    // A file is read once, however often it is named, and what is written is not read.
    let folder = lab.path("in").to_str().unwrap().to_owned();
    let inside = lab.path("in/clean.jsonl").to_str().unwrap().to_owned();
    for _ in 0..2 {
        let said = lab.succeed(&["decontaminate", &folder, &input, "--benchmark", &bench, "--to", &inside]);
        assert!(said.contains("3 pages: 1 without some paragraphs, 1 dropped"), "{said}");
    }
    // Without a benchmark all stays, and that is said.
    let said = lab.succeed(&["decontaminate", &input, "--to", &to]);
    assert!(said.contains("nothing to remove") && said.contains("0 matches"), "{said}");

    let refused = |args: &[&str], code: i32, want: &[&str]| {
        let output = lab.run(&[&["decontaminate"], args].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        for part in want {
            assert!(said.contains(part), "{args:?}: {said:?} lacks {part:?}");
        }
    };
    refused(&[&input, "--benchmark", "no-such*.jsonl", "--to", &to], 2, &["no-such", "no benchmark file"]);
    let bad = lab.file("bad.jsonl", "{\"question\": \"q\"}\n{\"question\": nonsense}\n");
    refused(&[&input, "--benchmark", &bad, "--to", &to], 1, &["bad.jsonl: line 2", "expected a JSON object", "found"]);
    refused(&[&bad, "--benchmark", &bench, "--to", &to], 1, &["bad.jsonl: line 1", "\"text\"", "question"]);
    refused(&[&input, "--benchmark", &bench, "--to", "clean.parquet"], 1, &["clean.parquet", ".jsonl"]);
    let both = ["--to", &to, "--report", &to];
    refused(&[&[input.as_str(), "--benchmark", &bench], &both[..]].concat(), 1, &["another file for the report"]);
    refused(&[&input], 2, &["--to"]);
}

fn kit() -> Option<PathBuf> {
    let kit = std::env::var_os("CORPUS_BUILD_KIT").map_or_else(|| root().join("../shared/kit"), PathBuf::from);
    kit.join("benchmarks").is_dir().then_some(kit)
}

/// Every text of every item that is long enough to be looked for, planted once in a page: found, gone, and the item, or
/// one before it with the same grams, is named.
#[test]
fn every_item_of_the_kits_benchmarks_is_found() {
    let Some(kit) = kit() else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no evaluation kit\n");
        return;
    };
    let files = list(&[kit.join("benchmarks").to_str().unwrap().to_owned()]).unwrap();
    let benchmarks = read(&files, &Rules::default()).unwrap();
    let mut scanner = Scanner::new(&benchmarks.index);
    let mut missed = Vec::new();
    let (mut planted, mut named, mut too_short) = (0, 0, BTreeSet::new());
    for (file, path) in files.iter().enumerate() {
        let lines = std::fs::read_to_string(path).unwrap();
        for (number, line) in (1..).zip(lines.lines()) {
            let Ok(item) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            for found in Fields::default().texts(&item).unwrap() {
                let before = "We spoke of this at some length in the evening";
                let page = format!("{before}.\n\n{}\n\nThe others thought so too.", found.text);
                let removal = scanner.removal(&page);
                let grams = count_grams(found.text);
                if grams < if found.short == Short::Whole { 3 } else { 10 } {
                    let question = found.short == Short::Whole && grams > 0;
                    too_short.extend(question.then(|| format!("{}:{number}", path.display())));
                    continue;
                }
                planted += 1;
                let at = removal.as_ref().map(|removal| {
                    removal.matches.iter().any(|m| m.origin.file == file as u32 && m.origin.line == number)
                });
                named += usize::from(at == Some(true));
                if at.is_none() || removal.is_some_and(|removal| scanner.removal(&removal.apply(&page)).is_some()) {
                    missed.push(format!("{}:{number} {}: {}", path.display(), found.field, found.text));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} of {planted}: {:#?}", missed.len(), &missed[..missed.len().min(10)]);
    assert!(planted > 20_000, "{planted}");
    assert!(named * 100 > planted * 98, "{named} of {planted} name their own item");
    assert!(too_short.len() < 10, "{} questions are too short to be looked for: {too_short:?}", too_short.len());
}

/// Grams as the rule says it: words of letters and digits, and Chinese characters.
fn count_grams(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    for c in text.chars() {
        let han = matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}');
        let letter = c.is_alphanumeric() && !han;
        count += usize::from(han || letter && !inside);
        inside = letter;
    }
    count
}
