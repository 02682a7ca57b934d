//! Boilerplate and masking end to end, on a small site written here: from HTML to shards.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use corpus_build::io::table::Table;
use corpus_build::tokens::Tokenizer;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

struct Lab(tempfile::TempDir);

const SITE: &str = "https://notes.clearpond.org/";
const FOOTER: &str =
    "All pages of this site may be copied under the terms of its licence, as long as its name is told.";
const FORMULA: &str = "Here and elsewhere we write \\(x_n \\to x\\) for a sequence that comes as near as one likes.";
const TOPICS: [&str; 8] = ["rings", "fields", "groups", "graphs", "knots", "primes", "limits", "curves"];

impl Lab {
    fn new() -> Self {
        let lab = Self(tempfile::tempdir().unwrap());
        for (n, topic) in TOPICS.iter().enumerate() {
            let own: String = (0..12)
                .map(|k| {
                    let (a, b) = (n * 37 + k * 11 + 3, n * 13 + k * 7 + 2);
                    format!("<p>On {topic}, note {k}: the number {a} of {topic} is more than the {b} that one might await.</p>")
                })
                .collect();
            lab.page(
                &format!("notes/{topic}.html"),
                topic,
                &format!("{own}<h2>Proof</h2><p>By counting {topic} twice.</p>"),
            );
            // Versions of one manual: what they share is no boilerplate.
            let manual = format!("<p>The manual tells how {n} tools are set up and run.</p>");
            let shared = "<p>To begin with the tools, open the box and read the leaflet that lies on its top.</p>";
            lab.page(&format!("v{n}/manual.html"), &format!("Manual {n}.0"), &format!("{shared}{manual}{own}"));
        }
        lab.page("contact.html", "contact", "<p>Write to anna@harbourmath.org, or to the machine 84.112.7.201, see 1.2.3.4 of the notes, which tell of it all.</p>");
        lab
    }

    fn page(&self, name: &str, title: &str, body: &str) {
        let html = format!(
            "<!DOCTYPE html><html lang=en><head><title>{title}</title><script src=MathJax.js></script></head><body><main>\
             <h1>{title}</h1><p>{FORMULA}</p>{body}<p>{FOOTER}</p></main></body></html>"
        );
        corpus_build::io::atomic::write(&self.path("site").join(name), html).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    #[track_caller]
    fn run(&self, out: &str, sets: &[&str], args: &[&str]) -> String {
        let value = |path: PathBuf| toml::Value::from(path.to_str().unwrap()).to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_corpus-build"));
        command.current_dir(self.0.path()).arg("--config").arg(root().join("pipeline.toml")).arg("--quiet");
        command.args(["--set", &format!("output.dir={}", value(self.path(out)))]);
        // The sample beside the site: a classifier needs pages of both kinds.
        let crawl = [self.path("site.warc.gz"), root().join("seeds/sample/crawl.warc.gz")].map(value).join(", ");
        command.args(["--set", &format!("crawl.paths=[{crawl}]")]);
        command.args(["--set", "rank.token_budget='1M'", "--set", "dedup.jaccard_min=1.0"]);
        let output = command.args(sets.iter().flat_map(|set| ["--set", set])).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The site's pages in the shards: address → text, with its tokens counted again.
    fn shards(&self, out: &str) -> BTreeMap<String, String> {
        let folder = self.path(out).join("rounds/01/shards");
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            for batch in Table::open(&entry.unwrap().path()).unwrap().batches().unwrap() {
                let batch = batch.unwrap();
                let string = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
                let (url, text) = (string("url"), string("text"));
                let tokens = batch.column_by_name("tokens").unwrap().as_primitive::<Int64Type>();
                for i in 0..batch.num_rows() {
                    assert_eq!(tokens.value(i), Tokenizer::Cl100kBase.count(text.value(i)) as i64, "{}", url.value(i));
                    if url.value(i).starts_with(SITE) {
                        found.insert(url.value(i).to_owned(), text.value(i).to_owned());
                    }
                }
            }
        }
        found
    }

    fn bytes(&self, out: &str, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let folder = self.path(out).join(folder);
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.file_name().unwrap().into(), std::fs::read(&path).unwrap())).collect()
    }
}

#[test]
fn shards_are_without_what_the_site_repeats_and_names_nobody() {
    let lab = Lab::new();
    let site = lab.path("site");
    let warc = lab.path("site.warc.gz");
    let args = ["pack", site.to_str().unwrap(), "--base-url", SITE, "-o", warc.to_str().unwrap()];
    lab.run("out", &[], &args);
    let round = ["iterate", "--round", "1"];
    let said = lab.run("out", &["boilerplate.words_min=4"], &[&["--threads", "2"], &round[..]].concat());
    assert!(said.contains("masked: "), "{said}");

    let shards = lab.shards("out");
    assert_eq!(shards.len(), 17);
    for (url, text) in &shards {
        assert!(!text.contains("terms of its licence"), "{url}: {text}");
        assert!(text.contains("x_n"), "{url}: a formula went with {text}");
        assert_eq!(text.contains("open the box"), url.contains("manual"), "{url}: {text}");
        assert_eq!(text.contains("## Proof"), url.contains("/notes/"), "{url}: {text}");
    }
    let contact = format!("{SITE}contact.html");
    let masked = &shards[&contact];
    assert!(masked.contains("Write to email@example.com, or to the machine 192.0.2.1, see 1.2.3.4 of"), "{masked}");
    let summary = std::fs::read(lab.path("out/rounds/01/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let found = &summary["boilerplate"];
    assert!(found["repeated_with_formulas"].as_u64() >= Some(1), "{found}");
    assert!(found["paragraphs_with_formulas"].as_u64() >= Some(17), "{found}");
    assert!(found["paragraphs_removed"].as_u64() >= Some(17), "{found}");
    assert!(summary["edits"]["emails_masked"].as_u64() >= Some(1), "{}", summary["edits"]);

    // Nothing is left to do; one thread, other buckets and the single commands give the same bytes.
    let plan = lab.run("out", &["boilerplate.words_min=4"], &[&round[..], &["--dry-run"]].concat());
    assert!(!plan.contains("will run"), "{plan}");
    for stage in [
        &["extract"][..],
        &["quality"],
        &["dedup"],
        &["boilerplate"],
        &["classify", "train"],
        &["classify", "score"],
        &["rank"],
    ] {
        lab.run("again", &["dedup.buckets=3"], &[&["--threads", "1"], stage].concat());
    }
    for folder in ["boilerplate", "edits", "rounds/01/shards"] {
        assert!(lab.bytes("out", folder) == lab.bytes("again", folder), "{folder} differs");
    }

    // Formulas go where they are asked to, and nothing is changed where nothing is asked for.
    lab.run("again", &["boilerplate.formulas=true"], &["rank"]);
    assert!(lab.shards("again").values().all(|text| !text.contains("x_n")));
    let off = ["boilerplate.remove=false", "masking.emails=false", "masking.ips=false"];
    lab.run("again", &off, &["rank"]);
    let whole = lab.shards("again");
    assert!(whole.values().all(|text| text.contains("terms of its licence")));
    assert!(whole[&contact].contains("anna@harbourmath.org"));
    assert!(lab.bytes("again", "edits").is_empty() && lab.bytes("again", "boilerplate").is_empty());
}
