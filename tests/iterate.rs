//! End to end on the embedded sample: from a WARC file to ranked shards, the same bytes however it came about.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use corpus_build::edits::stage::edited;
use corpus_build::edits::table::EditRows;
use corpus_build::io::table::Table;
use corpus_build::task::Manifest;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sample's hosts whose pages are all in languages that are not kept.
const REJECTED_HOSTS: [&str; 3] = [".fr", ".de", ".jp"];

/// The sample as three WARC files: page references must hold over files, one of which has no page that is kept, comes
/// between the others, and has a name that is a pattern to some.
fn crawl() -> &'static Path {
    static CRAWL: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = CRAWL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut hosts: Vec<PathBuf> =
            std::fs::read_dir(root().join("seeds/sample/pages")).unwrap().map(|e| e.unwrap().path()).collect();
        hosts.sort();
        for (n, host) in hosts.iter().enumerate() {
            let name = host.file_name().unwrap().to_str().unwrap();
            let rejected = REJECTED_HOSTS.iter().any(|ending| name.ends_with(ending));
            let to = folder.path().join(if rejected { "q[1]" } else { ["a", "z"][n % 2] }).join(name);
            walk(host, &mut |file| {
                let bytes = std::fs::read(file).unwrap();
                corpus_build::io::atomic::write(to.join(file.strip_prefix(host).unwrap()), bytes).unwrap();
            });
        }
        for name in ["a", "q[1]", "z"] {
            let pages = folder.path().join(name);
            let warc = folder.path().join(format!("{name}.warc.gz"));
            let output = Command::new(env!("CARGO_BIN_EXE_corpus-build"))
                .arg("pack")
                .arg(pages)
                .args(["--base-url", "https://", "-o"])
                .arg(warc)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        folder
    });
    folder.path()
}

/// An output folder and the commands that fill it.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A `--set` argument that names the three files.
    fn crawl_set() -> String {
        format!("crawl.paths=[{}]", toml::Value::from(crawl().to_str().unwrap()))
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self, sets: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        command.current_dir(self.folder.path()).arg("--config").arg(root().join("pipeline.toml"));
        command.arg("--set").arg(format!("output.dir = {}", toml::Value::from(self.out().to_str().unwrap())));
        command.arg("--set").arg(Self::crawl_set());
        for set in sets {
            command.args(["--set", set]);
        }
        command.args(args);
        command
    }

    fn run(&self, sets: &[&str], args: &[&str]) -> Output {
        self.command(sets, args).output().unwrap()
    }

    #[track_caller]
    fn succeed(&self, sets: &[&str], args: &[&str]) -> String {
        let output = self.run(sets, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Contents by relative path of all that the contract names (not the manifest and the report, which hold times).
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for part in ["pages", "quality", "dedup", "rounds", "seed"] {
            walk(&self.out().join(part), &mut |path| {
                let relative = path.strip_prefix(self.out()).unwrap().to_owned();
                if relative.ends_with("report.html") {
                    return;
                }
                files.insert(relative, std::fs::read(path).unwrap());
            });
        }
        files
    }
}

fn walk(folder: &Path, each: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, each) } else { each(&path) }
    }
}

#[track_caller]
fn assert_same(a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, bytes) in a {
        assert!(bytes == &b[path], "{} differs", path.display());
    }
}

/// The figures of the round's files add up to the collection, and the report shows them.
#[track_caller]
fn assert_is_reported(lab: &Lab, pages: u64, tokens: u64) {
    let folder = lab.out().join("rounds/01");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap();
    let figures = &summary["figures"];
    let sum =
        |list: &str, key: &str| figures[list].as_array().unwrap().iter().map(|x| x[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!([sum("scores", "collected"), sum("deciles", "pages"), sum("languages", "collected")], [pages; 3]);
    assert_eq!([sum("deciles", "tokens"), sum("languages", "collected_tokens")], [tokens; 2]);
    assert_eq!([sum("scores", "pages"), sum("languages", "pages")], [summary["dedup"]["kept"].as_u64().unwrap(); 2]);
    let listed = figures["domains"].as_array().unwrap();
    assert_eq!(listed.len() as u64, figures["domains_collected"].as_u64().unwrap().min(40));
    if listed.len() < 40 {
        assert_eq!((sum("domains", "collected"), sum("domains", "tokens")), (pages, tokens));
    }
    let html = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(html.matches("<article").count() == 36 && html.contains("<math") && !html.contains("<script"));
    // The command makes the same, but for its settings, from the files alone.
    lab.succeed(&[], &["report", "--round", "1", "--to", lab.out().join("again.html").to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(lab.out().join("again.html")).unwrap(), html);
    let said = lab.succeed(&[], &["report", "--compare", "1", "1"]);
    let counts = |name: &str| {
        let line = said.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u64>>()
    };
    assert_eq!([counts("in both"), counts("lost"), counts("gained")], [vec![pages, tokens], vec![0, 0], vec![0, 0]]);
    std::fs::remove_file(lab.out().join("rounds/compare-1-1.html")).unwrap();
}

#[test]
fn the_sample_becomes_ranked_shards_the_same_on_one_thread_and_on_two_and_when_killed() {
    let once = Lab::new();
    let said = once.succeed(&[], &["--threads", "2", "iterate", "--round", "1"]);
    assert!(said.contains("pages in") || said.contains(" in = "), "{said}");
    let whole = once.contents();

    // The contract's files are there, and the shards are in rank order with the best first.
    let shards: Vec<&PathBuf> = whole.keys().filter(|path| path.starts_with("rounds/01/shards")).collect();
    assert!(shards.len() >= 2, "{shards:?}");
    for name in ["pages/a.parquet", "pages/a.rejects.parquet", "pages/q[1].parquet", "dedup/survivors.parquet"] {
        assert!(whole.contains_key(Path::new(name)), "{name}");
    }
    let (mut next, mut last, mut tokens, mut math) = (1, f64::INFINITY, 0, 0);
    for shard in &shards {
        for batch in Table::open(&once.out().join(shard)).unwrap().batches().unwrap() {
            let batch = batch.unwrap();
            let rank = batch.column_by_name("rank").unwrap().as_primitive::<Int64Type>();
            let score = batch.column_by_name("score").unwrap().as_primitive::<Float64Type>();
            let count = batch.column_by_name("tokens").unwrap().as_primitive::<Int64Type>();
            let text = batch.column_by_name("text").unwrap().as_string::<i32>();
            for i in 0..batch.num_rows() {
                assert_eq!(rank.value(i), next);
                assert!(score.value(i) <= last && (0.0..=1.0).contains(&score.value(i)));
                (next, last) = (next + 1, score.value(i));
                tokens += count.value(i);
                math += u64::from(text.value(i).contains('$'));
            }
        }
    }
    assert!(tokens <= 60_000 && tokens > 50_000, "{tokens} tokens");
    assert!(math * 10 >= (next as u64 - 1) * 8, "{math} of {} collected pages hold math", next - 1);

    // Every capture is accounted for.
    let mut seen = 0;
    for row in Manifest::new(&once.out()).rows("extract") {
        let rows = |ending: &str| Table::open(&once.out().join(format!("pages/{}{ending}", row.task))).unwrap().rows();
        assert_eq!(rows(".parquet"), row.tally.kept);
        assert_eq!(rows(".rejects.parquet"), row.tally.seen - row.tally.kept);
        seen += row.tally.seen;
    }
    assert_eq!(seen, 234);
    assert_matches_pages(&once);

    assert_is_reported(&once, next as u64 - 1, tokens as u64);

    // Run again, nothing is left to do.
    let plan = once.succeed(&[], &["iterate", "--round", "1", "--dry-run"]);
    assert!(!plan.contains("will run"), "{plan}");

    let single = Lab::new();
    single.succeed(&[], &["--threads", "1", "iterate", "--round", "1"]);
    assert_same(&whole, &single.contents());

    // Killed at several moments, then let run to the end.
    let killed = Lab::new();
    for ms in [60, 250, 700, 1500, 4000] {
        let mut command = killed.command(&[], &["--quiet", "iterate", "--round", "1"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed.succeed(&[], &["iterate", "--round", "1"]);
    assert_same(&whole, &killed.contents());
    walk(&killed.out(), &mut |path| assert!(!path.to_string_lossy().ends_with(".tmp"), "{}", path.display()));

    // A report does not show the figures of a collection that is gone; files of one's own stay.
    corpus_build::io::atomic::write(single.out().join("pages/notes.txt"), "mine").unwrap();
    single.succeed(&["rank.token_budget='20k'"], &["rank", "--round", "1"]);
    let stale = single.run(&[], &["report", "--round", "1"]);
    let said = String::from_utf8_lossy(&stale.stderr).into_owned();
    assert!(stale.status.code() == Some(1) && said.contains("run `corpus-build iterate --round 1` again"), "{said}");
    single.succeed(&[], &["--quiet", "iterate", "--round", "1"]);
    single.succeed(&[], &["report", "--round", "1"]);
    assert_eq!(std::fs::read(single.out().join("pages/notes.txt")).unwrap(), b"mine");

    // A changed knob runs again what depends on it and nothing else, and leaves no stale shard.
    let plan = once.succeed(&["rank.token_budget='20k'"], &["iterate", "--round", "1", "--dry-run"]);
    let will_run: Vec<&str> =
        plan.lines().filter(|l| l.contains("will run")).filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(will_run, ["rounds/01/cut"], "{plan}");
    once.succeed(&["rank.token_budget='20k'"], &["--quiet", "iterate", "--round", "1"]);
    let fewer = once.contents().keys().filter(|path| path.starts_with("rounds/01/shards")).count();
    assert!(fewer < shards.len(), "{fewer} shards of {}", shards.len());
}

/// Each row of the shards is its page's, in every column, with the edits of its text.
#[track_caller]
fn assert_matches_pages(lab: &Lab) {
    let mut pages = BTreeMap::new();
    for row in Manifest::new(&lab.out()).rows("extract") {
        let path = |folder: &str| lab.out().join(format!("{folder}/{}.parquet", row.task));
        let batches = |folder: &str| Table::open(&path(folder)).unwrap().batches().unwrap().map(Result::unwrap);
        for (batch, edits) in batches("pages").zip(batches("edits")) {
            let edits = EditRows::of(&edits, &path("edits")).unwrap();
            let batch = edited(&batch, &path("pages"), &edits).unwrap();
            let ids = batch.column_by_name("id").unwrap().as_string::<i32>();
            for i in 0..batch.num_rows() {
                pages.entry(ids.value(i).to_owned()).or_insert_with(Vec::new).push(batch.slice(i, 1));
            }
        }
    }
    let mut compared = 0;
    for path in lab.contents().keys().filter(|path| path.starts_with("rounds/01/shards")) {
        for batch in Table::open(&lab.out().join(path)).unwrap().batches().unwrap() {
            let batch = batch.unwrap();
            let ids = batch.column_by_name("id").unwrap().as_string::<i32>();
            let columns = batch.project(&(2..batch.num_columns() - 1).collect::<Vec<_>>()).unwrap();
            for i in 0..batch.num_rows() {
                let page = columns.slice(i, 1);
                assert!(
                    pages[ids.value(i)].iter().any(|p| p.columns() == page.columns()),
                    "row {i} of {}",
                    path.display()
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared} rows");
}

#[test]
fn a_change_of_the_crawl_or_of_extraction_reaches_the_shards() {
    let lab = Lab::new();
    lab.succeed(&[], &["--quiet", "iterate", "--round", "1"]);
    // Another tokenizer changes a column that neither text nor score depends on.
    let other = ["extract.tokenizer='o200k_base'"];
    lab.succeed(&other, &["--quiet", "iterate", "--round", "1"]);
    assert_matches_pages(&lab);
    let afresh = Lab::new();
    afresh.succeed(&other, &["--quiet", "iterate", "--round", "1"]);
    assert_same(&afresh.contents(), &lab.contents());
    // A file taken away, which shifts the places of those behind it.
    let fewer = [format!("crawl.paths=[{}]", toml::Value::from(crawl().join("z.warc.gz").to_str().unwrap()))];
    let fewer: Vec<&str> = fewer.iter().map(String::as_str).collect();
    lab.succeed(&fewer, &["--quiet", "iterate", "--round", "1"]);
    assert_matches_pages(&lab);
    let afresh = Lab::new();
    afresh.succeed(&fewer, &["--quiet", "iterate", "--round", "1"]);
    assert_same(&afresh.contents(), &lab.contents());
}

#[test]
fn negatives_may_be_files() {
    let lab = Lab::new();
    let path = lab.folder.path().join("negatives.jsonl");
    let line = |n: usize| {
        format!(
            "{{\"url\": \"https://site{n}.example/x\", \"text\": \"A walk by river number {n}, with bread and cheese.\"}}\n"
        )
    };
    corpus_build::io::atomic::write(&path, (0..40).map(line).collect::<String>()).unwrap();
    let set = format!("seed.negatives={}", toml::Value::from(path.to_str().unwrap()));
    lab.succeed(&[&set], &["--quiet", "iterate", "--round", "1"]);
    assert!(lab.out().join("seed/positives.parquet").exists() && lab.out().join("seed/negatives.parquet").exists());
}

#[test]
fn a_run_goes_on_when_nobody_reads_its_plan() {
    let lab = Lab::new();
    let mut child =
        lab.command(&[], &["iterate", "--round", "1"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    child.wait().unwrap();
    assert!(lab.out().join("rounds/01/summary.json").exists());
}

#[test]
fn stages_run_one_by_one_give_what_the_round_gives() {
    let round = Lab::new();
    round.succeed(&[], &["--quiet", "iterate", "--round", "1"]);
    let steps = Lab::new();
    for name in ["z", "q[1]", "a"] {
        let warc = crawl().join(format!("{name}.warc.gz"));
        let warc = warc.to_str().unwrap().replace("[1]", "[[]1]");
        steps.succeed(&[], &["--quiet", "extract", &warc, "--out", steps.out().to_str().unwrap()]);
    }
    for step in [
        &["quality"][..],
        &["dedup"],
        &["seed", "import"],
        &["classify", "train"],
        &["classify", "score"],
        &["rank"],
        &["domains"],
    ] {
        steps.succeed(&[], &[&["--quiet"], step].concat());
    }
    let mut whole = round.contents();
    whole.remove(Path::new("rounds/01/summary.json"));
    assert_same(&whole, &steps.contents());
}

#[track_caller]
fn refused(sets: &[&str], args: &[&str], code: i32, said: &[&str]) {
    let lab = Lab::new();
    let output = lab.run(sets, args);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for part in said {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    assert!(!lab.out().join("rounds/01/shards").exists(), "shards were written for a run that was refused");
}

#[test]
fn bad_use_is_refused_with_a_message_to_act_on() {
    let round = &["iterate", "--round", "1"];
    refused(&["rank.token_budget=0"], round, 2, &["rank.token_budget", "at least 1"]);
    refused(&["rank.token_bugdet='1k'"], round, 2, &["token_bugdet", "token_budget"]);
    refused(&["dedup.bands='many'"], round, 2, &["bands", "string"]);
    refused(&["crawl.paths=['no/such.warc.gz']"], round, 2, &["no/such.warc.gz"]);
    refused(&["rank.token_budget=3"], round, 1, &["rank.token_budget", "raise it"]);
    refused(&["crawl.paths=[]"], round, 2, &["crawl.paths"]);
    refused(&["seed.positives=[]"], round, 2, &["seed.positives"]);
    refused(&["seed.positives='no/such.parquet'"], round, 1, &["no/such.parquet"]);
    refused(&[], &["iterate", "--round", "0"], 2, &["round"]);
    refused(&[], &["iterate"], 2, &["--round"]);

    let lab = Lab::new();
    let file = |name: &str, text: &str| {
        let path = lab.folder.path().join(name);
        corpus_build::io::atomic::write(&path, text).unwrap();
        format!("seed.positives={path:?}")
    };
    let no_text = file("no-text.jsonl", "{\"url\": \"http://a.example/\"}\n");
    refused(&[&no_text], round, 1, &["no-text.jsonl", "line 1", "text"]);
    let blank = file("blank.jsonl", "{\"text\": \"  \"}\n");
    refused(&[&blank], round, 1, &["no positives"]);
    let other = file("seed.csv", "a,b\n");
    refused(&[&other], round, 1, &["seed.csv", ".parquet"]);
}

#[test]
fn the_packed_sample_is_what_its_pages_give() {
    let lab = Lab::new();
    let packed = lab.folder.path().join("crawl.warc.gz");
    let pages = root().join("seeds/sample/pages");
    let output = Command::new(env!("CARGO_BIN_EXE_corpus-build"))
        .args(["pack", pages.to_str().unwrap(), "--base-url", "https://", "--date", "2025-01-15T08:00:00Z"])
        .arg("-o")
        .arg(&packed)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stored = std::fs::read(root().join("seeds/sample/crawl.warc.gz")).unwrap();
    assert!(std::fs::read(&packed).unwrap() == stored, "seeds/sample/crawl.warc.gz is not what its pages pack to");
}
