//! Four rounds over a small crawl that is made here: recall, convergence, budgets, waiting for annotations; the same
//! bytes however it came about.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::{Int32Type, Int64Type};
use corpus_build::io::table::Table;
use serde_json::Value;

// ---- a crawl

const PLAIN: &str = "bread street garden river kitchen train ticket market window shoe bottle summer holiday concert \
                     recipe engine carpet bicycle mountain waiter neighbour parcel jacket umbrella harbour piano candle \
                     football newspaper village painter station butter ladder blanket";
const MATH: &str = "theorem integer function lemma polynomial matrix vector derivative integral convergence sequence \
                    group field ring prime divisor eigenvalue determinant continuity measure topology";
const WORDY: &str = "pigeonhole parity counting argument invariant tiling chessboard handshake induction puzzle proof \
                     colouring strategy bijection recursion permutation domino knight";

/// Numbers that look drawn.
struct Draws(u64);

impl Draws {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn word<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.next(words.len())]
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    /// With formulas.
    Math,
    /// Mathematics without formulas, in words of its own.
    Wordy,
}

/// Paragraphs of a page; `n` tells pages apart.
fn paragraphs(kind: Kind, n: usize) -> Vec<String> {
    let words = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
    let own = words(match kind {
        Kind::Plain => PLAIN,
        Kind::Math => MATH,
        Kind::Wordy => WORDY,
    });
    let plain = words(PLAIN);
    let mut draws = Draws(n as u64 * 7919 + kind as u64 + 1);
    let paragraph = |_| {
        let mut text = String::new();
        for _ in 0..5 {
            let (a, b, c, d) = (draws.word(&own), draws.word(&own), draws.word(&plain), draws.word(&own));
            let (i, j) = (draws.next(90) + 2, draws.next(90) + 2);
            let sentence = match draws.next(3) {
                0 => format!("The {a} of the {b} is what we have seen in the {c} with every {d} that was there. "),
                1 => format!("It is not the {a} that makes a {b} but the {d} and the {c} of which they were told. "),
                _ => format!("We take a {c} for each {a} and have the {b} as it was before the {d} of that day. "),
            };
            text.push_str(&sentence);
            if kind == Kind::Math {
                let _ = write!(text, "So \\(x_{{{i}}} + \\frac{{{j}}}{{y}} \\le {}\\) holds. ", i * j);
            }
        }
        text
    };
    (0..4).map(paragraph).collect()
}

/// The pages: address without its scheme, and kind.
fn pages() -> Vec<(String, Kind)> {
    let mut all = Vec::new();
    let mut site = |host: &str, folder: &str, pages: usize, kind: Kind| {
        all.extend((0..pages).map(|n| (format!("{host}/{folder}page{n}.html"), kind)));
    };
    for host in ["algebra.example", "geometry.example", "numbers.example", "analysis.example"] {
        site(host, "", 8, Kind::Math);
    }
    site("school.example", "notes/", 8, Kind::Math);
    site("school.example", "notes/words/", 10, Kind::Wordy);
    site("school.example", "shop/", 8, Kind::Plain);
    site("puzzles.example", "", 8, Kind::Wordy);
    for n in 0..22 {
        site(&format!("plain{n}.example"), "", 4, Kind::Plain);
    }
    all
}

/// The crawl's folder: two WARC files, and the seed, which is of two of the sites.
fn crawl() -> &'static Path {
    static CRAWL: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = CRAWL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut seed = String::new();
        for (n, (place, kind)) in pages().into_iter().enumerate() {
            let paragraphs = paragraphs(kind, n);
            let title = format!("Page {n} of {}", place.split('/').next().unwrap());
            let body: String = paragraphs.iter().map(|text| format!("<p>{text}</p>\n")).collect();
            let html =
                format!("<html><head><title>{title}</title></head><body><article>{body}</article></body></html>");
            let half = if place.starts_with("plain1") { "a" } else { "b" };
            corpus_build::io::atomic::write(folder.path().join(half).join(&place), html).unwrap();
            if ["algebra", "geometry"].iter().any(|host| place.starts_with(host)) {
                let document =
                    serde_json::json!({ "url": format!("https://{place}"), "text": paragraphs.join("\n\n") });
                seed.push_str(&format!("{document}\n"));
            }
        }
        corpus_build::io::atomic::write(folder.path().join("seed.jsonl"), seed).unwrap();
        let verdicts = "# as a person would write it\n[[domain]]\nname = \"school.example\"\nprefixes = [\"/notes\"]\n";
        corpus_build::io::atomic::write(folder.path().join("verdicts.toml"), verdicts).unwrap();
        for name in ["a", "b"] {
            let warc = folder.path().join("warc").join(format!("{name}.warc.gz"));
            std::fs::create_dir_all(warc.parent().unwrap()).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_corpus-build"))
                .arg("pack")
                .arg(folder.path().join(name))
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

// ---- runs

/// Room for the pages with formulas, and hardly more.
const BUDGET: &str = "rank.token_budget='35k'";

/// An output folder and the commands that fill it.
struct Lab {
    folder: tempfile::TempDir,
    verdicts: bool,
}

fn quoted(path: &Path) -> String {
    toml::Value::from(path.to_str().unwrap()).to_string()
}

impl Lab {
    /// With a file of verdicts, or without.
    fn new(verdicts: bool) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), verdicts }
    }

    /// One whose first round is done.
    fn begun(verdicts: bool) -> Self {
        static FIRST: OnceLock<Lab> = OnceLock::new();
        let first = FIRST.get_or_init(|| {
            let lab = Self::new(true);
            lab.succeed(&[], &["iterate", "--round", "1"]);
            lab
        });
        let lab = Self::new(verdicts);
        walk(&first.out(), &mut |file| {
            let to = lab.out().join(file.strip_prefix(first.out()).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(file, to).unwrap();
        });
        lab
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn command(&self, sets: &[&str], args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        command.current_dir(self.folder.path()).arg("--quiet");
        let seed = crawl().join("seed.jsonl");
        let mut all = vec![
            format!("output.dir = {}", quoted(&self.out())),
            format!("crawl.paths = [{}]", quoted(&crawl().join("warc"))),
            format!("seed.positives = {}", quoted(&seed)),
            "dedup.buckets = 2".to_owned(),
            "rank.shard_tokens = '6k'".to_owned(),
            // A small seed: a tenth of it would be a page or two.
            "recall.domain_share_max = 0.5".to_owned(),
            BUDGET.to_owned(),
        ];
        if self.verdicts {
            all.push(format!("domains.annotations = {}", quoted(&crawl().join("verdicts.toml"))));
        }
        all.extend(sets.iter().map(|set| (*set).to_owned()));
        for set in all {
            command.args(["--set", &set]);
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

    /// Contents by relative path of all that others read (not the manifest, which holds times).
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for part in ["pages", "quality", "dedup", "edits", "seed", "rounds"] {
            walk(&self.out().join(part), &mut |path| {
                let relative = path.strip_prefix(self.out()).unwrap().to_owned();
                if relative.ends_with("report.html") {
                    // It shows times.
                    return;
                }
                files.insert(relative, std::fs::read(path).unwrap());
            });
        }
        files
    }

    /// The stages that would run.
    fn will_run(&self, sets: &[&str], round: &str) -> Vec<String> {
        let plan = self.succeed(sets, &["iterate", "--round", round, "--dry-run"]);
        let lines = plan.lines().filter(|line| line.contains("will run"));
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    fn summary(&self, round: u32) -> Value {
        let text = std::fs::read(self.out().join(format!("rounds/{round:02}/summary.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The pages of a round's shards: address → (tokens, the round that first collected it).
    fn collected(&self, round: u32) -> BTreeMap<String, (i64, i32)> {
        let mut found = BTreeMap::new();
        walk(&self.out().join(format!("rounds/{round:02}/shards")), &mut |path| {
            for batch in Table::open(path).unwrap().batches().unwrap() {
                let batch = batch.unwrap();
                let url = batch.column_by_name("url").unwrap().as_string::<i32>();
                let tokens = batch.column_by_name("tokens").unwrap().as_primitive::<Int64Type>();
                let first = batch.column_by_name("round_collected").unwrap().as_primitive::<Int32Type>();
                for i in 0..batch.num_rows() {
                    found.insert(url.value(i).to_owned(), (tokens.value(i), first.value(i)));
                }
            }
        });
        found
    }

    /// Addresses and metadata of a round's seed for the next one.
    fn seed(&self, round: u32) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let path = self.out().join(format!("rounds/{round:02}/seed.parquet"));
        for batch in Table::open(&path).unwrap().batches().unwrap() {
            let batch = batch.unwrap();
            let url = batch.column_by_name("url").unwrap().as_string::<i32>();
            let metadata = batch.column_by_name("metadata").unwrap().as_string::<i32>();
            found.extend((0..batch.num_rows()).map(|i| (url.value(i).to_owned(), metadata.value(i).to_owned())));
        }
        found
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

// ---- four rounds

#[test]
fn what_a_round_misses_under_accepted_prefixes_is_learnt_and_collected() {
    let lab = Lab::begun(true);
    let budgets = ["rank.token_budget=['35k', '43k']"];
    let said = lab.succeed(&budgets, &["iterate", "--round", "4"]);
    assert!(said.contains("recalled") && said.lines().any(|line| line.trim_start().starts_with("4 ")), "{said}");

    let first = lab.collected(1);
    let recalled: Vec<(String, String)> =
        lab.seed(1).into_iter().filter(|(_, metadata)| metadata.contains("recalled")).collect();
    assert!(!recalled.is_empty(), "nothing was recalled");
    for (url, metadata) in &recalled {
        assert!(url.contains("school.example/notes/") && !first.contains_key(url), "{url}");
        assert_eq!(
            serde_json::from_str::<Value>(metadata).unwrap(),
            serde_json::json!({ "source": "recalled", "round": 1, "prefix": "/notes" })
        );
    }
    assert_eq!(lab.seed(1).len(), 16 + recalled.len());
    assert_eq!(lab.summary(2)["seed"]["recalled"], recalled.len());
    // What was recalled stays in the seed, and nothing twice.
    let last = lab.seed(3);
    assert!(recalled.iter().all(|page| last.contains(page)));
    assert_eq!(last.iter().map(|(url, _)| url).collect::<BTreeSet<_>>().len(), last.len());
    // Pages of a site that nobody annotated, in the words of the recalled ones.
    let puzzles = |round| lab.collected(round).keys().filter(|url| url.contains("puzzles.example")).count();
    assert!(puzzles(1) < 4 && puzzles(4) > 5, "{} pages in round 1, {} in round 4", puzzles(1), puzzles(4));

    // The figures of convergence, and the round that first collected each page, by the shards themselves.
    let mut before: BTreeMap<String, i32> = BTreeMap::new();
    for round in 1..=4 {
        let collected = lab.collected(round);
        for (url, (_, since)) in &collected {
            assert_eq!(since, before.get(url).unwrap_or(&round.cast_signed()), "{url} in round {round}");
        }
        let told = &lab.summary(round)["convergence"];
        if round == 1 {
            assert!(told.is_null());
        } else {
            let of_before = lab.collected(round - 1);
            let held: Vec<i64> =
                collected.iter().filter(|(url, _)| of_before.contains_key(*url)).map(|(_, (n, _))| *n).collect();
            assert_eq!(told["pages_held"], held.len());
            assert_eq!(told["tokens_held"], held.iter().sum::<i64>());
            assert_eq!(told["pages"], collected.len());
            assert_eq!(told["pages_gone"], of_before.len() - held.len());
        }
        for url in collected.into_keys() {
            before.entry(url).or_insert(round.cast_signed());
        }
    }
    assert_eq!(lab.will_run(&budgets, "4"), [""; 0]);
}

#[test]
fn four_rounds_are_the_same_on_one_thread_and_on_four_and_when_killed_in_each() {
    let whole = Lab::new(true);
    whole.succeed(&[], &["--threads", "4", "iterate", "--round", "4"]);
    let contents = whole.contents();
    assert!(contents.contains_key(Path::new("rounds/03/seed.parquet")));
    assert!(!contents.contains_key(Path::new("rounds/04/seed.parquet")));

    let single = Lab::new(true);
    single.succeed(&[], &["--threads", "1", "iterate", "--round", "4"]);
    assert_same(&contents, &single.contents());

    let killed = Lab::new(true);
    let moments = [
        ("dedup/survivors.parquet", 40),
        ("rounds/01/classifier.bin", 3),
        ("rounds/01/domains.parquet", 1),
        ("rounds/01/seed.parquet", 0),
        ("rounds/02/classifier.bin", 30),
        ("rounds/02/shards/part-00001.parquet", 0),
        ("work/rounds/02/first.parquet", 5),
        ("rounds/03/classifier.json", 10),
        ("rounds/03/summary.json", 20),
        ("work/rounds/03/recall/b.parquet", 2),
        ("rounds/04/classifier.bin", 60),
    ];
    for (file, ms) in moments {
        let mut child = killed
            .command(&[], &["iterate", "--round", "4"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let marker = killed.out().join(file);
        let made = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        let before = made(&marker);
        // Until the file is there, or is made anew.
        while (made(&marker) == before) && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < Duration::from_mins(5), "{file} does not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(ms));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killed.succeed(&[], &["iterate", "--round", "4"]);
    assert_same(&contents, &killed.contents());
    walk(&killed.out(), &mut |path| assert!(!path.to_string_lossy().ends_with(".tmp"), "{}", path.display()));
}

// ---- annotations

#[test]
fn without_annotations_the_rounds_wait_and_say_what_to_do() {
    let lab = Lab::begun(false);
    let output = lab.run(&[], &["iterate", "--round", "3"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in ["round 1", "school.example", "annotate --round 1", "rounds/01/annotations.toml", "\"auto\""] {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    assert!(lab.out().join("rounds/01/summary.json").exists() && !lab.out().join("rounds/02").exists());
    let plan = lab.succeed(&[], &["iterate", "--round", "3", "--dry-run"]);
    assert!(plan.lines().any(|line| line.contains("rounds/01/recall") && line.contains("annotations")), "{plan}");

    // Nothing accepted is an answer too; it is asked for again in the next round, where the configuration does not say
    // that it is not.
    corpus_build::io::atomic::write(lab.out().join("rounds/01/annotations.toml"), "").unwrap();
    let output = lab.run(&[], &["iterate", "--round", "3"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("annotate --round 2"));
    assert_eq!(lab.summary(2)["seed"]["recalled"], 0);
    let verdicts = std::fs::read(crawl().join("verdicts.toml")).unwrap();
    corpus_build::io::atomic::write(lab.out().join("rounds/02/annotations.toml"), verdicts).unwrap();
    // They are of the second round: the first one stays as it is.
    let will_run = lab.will_run(&[], "3");
    assert!(will_run.iter().all(|stage| !stage.contains("rounds/01")), "{will_run:?}");
    lab.succeed(&[], &["iterate", "--round", "3"]);
    assert!(lab.summary(3)["seed"]["recalled"].as_u64().unwrap() > 0);
    // A setting may ask for a verdict on every domain.
    let output = lab.run(&["rounds.unsettled='stop'"], &["iterate", "--round", "3"]);
    assert_eq!(output.status.code(), Some(1));
    lab.succeed(&["rounds.unsettled='ignore'"], &["iterate", "--round", "3"]);

    // A refused prefix gives negatives, and takes back what had been recalled.
    let refusal = "[[domain]]\nname = \"school.example\"\nrefused = [\"/notes/words\", \"/shop\"]\n";
    corpus_build::io::atomic::write(lab.out().join("rounds/03/annotations.toml"), refusal).unwrap();
    lab.succeed(&["rounds.unsettled='ignore'"], &["iterate", "--round", "4"]);
    let seed = &lab.summary(4)["seed"];
    assert!(seed["withdrawn"].as_u64().unwrap() > 0 && seed["refused"].as_u64().unwrap() >= 8, "{seed}");
    assert!(lab.seed(3).iter().all(|(url, _)| !url.contains("/notes/words/")));
}

#[test]
fn a_machine_may_decide() {
    let lab = Lab::begun(false);
    lab.succeed(&["domains.annotate='auto'"], &["iterate", "--round", "2"]);
    assert!(lab.out().join("rounds/02/summary.json").exists());
}

#[test]
fn a_round_that_collects_everything_leaves_no_negatives_and_says_so() {
    let lab = Lab::begun(true);
    let all = "rank.token_budget='10M'";
    let output = lab.run(&[all], &["iterate", "--round", "2"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in ["no negatives are left", "16 are in the seed", "collected by the round before", "recall.negatives"] {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    lab.succeed(&[all, "recall.negatives='survivors'"], &["iterate", "--round", "2"]);
}

// ---- ends

#[test]
fn the_rounds_end_when_they_have_converged() {
    let lab = Lab::begun(true);
    let said = lab.succeed(&["rounds.converged_share=0.3"], &["iterate", "--until-converged"]);
    assert!(said.contains("the rounds have converged"), "{said}");
    assert!(!lab.out().join("rounds/03").exists() && !lab.out().join("rounds/02/seed.parquet").exists());
    assert_eq!(lab.summary(2)["convergence"]["converged"], true);
    let plan = lab.succeed(&["rounds.converged_share=0.3"], &["iterate", "--until-converged", "--dry-run"]);
    assert!(!plan.contains("will run") && !plan.contains("rounds/03"), "{plan}");
    let said = lab.succeed(&["rounds.converged_share=1.0"], &["iterate", "--until-converged", "--rounds-max", "2"]);
    assert!(lab.summary(2)["convergence"]["converged"] == true || said.contains("not converged"), "{said}");
    assert!(!lab.out().join("rounds/03").exists());
    for args in [&["iterate"][..], &["iterate", "--round", "2", "--until-converged"]] {
        assert_eq!(lab.run(&[], args).status.code(), Some(2), "{args:?}");
    }
}

// ---- budgets

#[test]
fn a_budget_for_each_round_and_budgets_to_choose_among() {
    let lab = Lab::begun(true);
    // The first round's budget is what it was: only the second has another.
    let by_round = ["rank.token_budget=['35k', '12k']"];
    assert!(lab.will_run(&by_round, "1").is_empty());
    lab.succeed(&by_round, &["iterate", "--round", "2"]);
    let tokens = |round| lab.summary(round)["ranking"]["tokens"].as_u64().unwrap();
    assert!(tokens(1) > 12_000 && tokens(2) <= 12_000, "{} and {}", tokens(1), tokens(2));

    let said = lab.succeed(&[], &["rank", "--round", "1", "--budgets", "9k,22k,15k"]);
    assert!(said.contains("budgets.json"), "{said}");
    let folder = lab.out().join("rounds/01");
    let told: Value = serde_json::from_slice(&std::fs::read(folder.join("budgets.json")).unwrap()).unwrap();
    let budgets = told["budgets"].as_array().unwrap();
    assert_eq!(budgets.iter().map(|b| b["token_budget"].as_u64().unwrap()).collect::<Vec<_>>(), [9000, 15000, 22000]);
    let mut shards_before = Vec::new();
    for budget in budgets {
        let shards: Vec<PathBuf> =
            budget["shards"].as_array().unwrap().iter().map(|name| folder.join(name.as_str().unwrap())).collect();
        assert!(shards.starts_with(&shards_before));
        let rows: u64 = shards.iter().map(|shard| Table::open(shard).unwrap().rows()).sum();
        assert_eq!(budget["pages"], rows);
        assert!(budget["tokens"].as_u64().unwrap() <= budget["token_budget"].as_u64().unwrap());
        assert_eq!(budget["languages"]["en"]["pages"], rows);
        assert!(!budget["top_domains"].as_array().unwrap().is_empty());
        shards_before = shards;
    }
    // The smallest one's shards are what it would have had alone.
    let alone = Lab::begun(true);
    alone.succeed(&["rank.token_budget='9k'"], &["rank", "--round", "1"]);
    let alone_shards: Vec<Vec<u8>> = alone
        .contents()
        .into_iter()
        .filter(|(path, _)| path.starts_with("rounds/01/shards"))
        .map(|(_, bytes)| bytes)
        .collect();
    let nested: Vec<Vec<u8>> = budgets[0]["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| std::fs::read(folder.join(name.as_str().unwrap())).unwrap())
        .collect();
    assert!(!nested.is_empty() && nested == alone_shards);
    // The chosen one is a setting as before, and the file of the others goes.
    lab.succeed(&[], &["rank", "--round", "1"]);
    assert!(!folder.join("budgets.json").exists());
}
