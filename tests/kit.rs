//! The whole round on the evaluation kit's crawl, where the kit is beside the project: every capture accounted for,
//! and a ranking that finds the mathematics. Without the kit there is nothing to check, and the test says so.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use corpus_build::io::table::Table;
use corpus_build::task::Manifest;

fn kit() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/kit");
    let kit = std::env::var_os("CORPUS_BUILD_KIT").map_or(beside, PathBuf::from);
    kit.join("warc/manifest.jsonl").is_file().then_some(kit)
}

/// The column of strings `name` of a table.
fn strings(path: &Path, name: &str) -> Vec<String> {
    let batches = Table::open(path).unwrap().columns(&[name]).unwrap().batches().unwrap();
    batches
        .flat_map(|b| b.unwrap().column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Average precision of a ranking, best first.
fn average_precision(ranked: &[bool]) -> f64 {
    let (mut hits, mut sum) = (0.0, 0.0);
    for (n, _) in ranked.iter().enumerate().filter(|(_, math)| **math) {
        hits += 1.0;
        sum += hits / (n + 1) as f64;
    }
    sum / hits
}

#[test]
fn a_round_on_the_kit_finds_its_mathematics() {
    let Some(kit) = kit() else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no evaluation kit\n");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let seed = kit.join("seeds/openwebmath-like.parquet");
    let output = Command::new(env!("CARGO_BIN_EXE_corpus-build"))
        .current_dir(folder.path())
        .args(["--set", &format!("output.dir={}", toml::Value::from(out.to_str().unwrap()))])
        .args(["--set", &format!("crawl.paths=[{}]", toml::Value::from(kit.join("warc").to_str().unwrap()))])
        .args(["--set", &format!("seed.positives={}", toml::Value::from(seed.to_str().unwrap()))])
        .args(["--set", "rank.token_budget='2M'", "--quiet", "iterate", "--round", "1"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let rows = Manifest::new(&out).rows("extract");
    assert!(rows.iter().all(|row| row.tally.balances()));
    assert_eq!(rows.iter().map(|row| row.tally.seen).sum::<u64>(), 4307);

    let seeds: BTreeSet<String> = strings(&seed, "url").into_iter().collect();
    let mut label: BTreeMap<String, bool> = BTreeMap::new();
    for line in std::fs::read_to_string(kit.join("warc/manifest.jsonl")).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        *label.entry(row["url"].as_str().unwrap().to_owned()).or_default() |= row["label"] == "math";
    }
    let mut scored: Vec<(f64, bool)> = Vec::new();
    for row in &rows {
        let urls = strings(&out.join(format!("pages/{}.parquet", row.task)), "url");
        let scores = Table::open(&out.join(format!("rounds/01/scores/{}.parquet", row.task))).unwrap();
        let batches = scores.columns(&["score"]).unwrap().batches().unwrap();
        let scores: Vec<f64> =
            batches.flat_map(|b| b.unwrap().column(0).as_primitive::<Float64Type>().values().to_vec()).collect();
        assert_eq!(urls.len(), scores.len());
        for (url, score) in urls.into_iter().zip(scores) {
            if let Some(math) = label.remove(&url).filter(|_| !seeds.contains(&url)) {
                scored.push((score, math));
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    // Mathematics that extraction or the language filter dropped ranks last.
    scored.extend(label.into_iter().filter(|(url, math)| *math && !seeds.contains(url)).map(|(_, math)| (0.0, math)));
    let ranked: Vec<bool> = scored.into_iter().map(|(_, math)| math).collect();
    let precision = average_precision(&ranked);
    // The rule "TeX signs per character" reaches 0.81 here.
    assert!(precision > 0.85, "average precision {precision:.3} over {} pages", ranked.len());
}

/// Every question of every benchmark is read, and its own answer is right.
#[test]
fn benchmarks_are_read_whole() {
    use corpus_build::train::eval::judge::judge;
    use corpus_build::train::eval::run::read;
    use corpus_build::train::eval::task::Task;
    let Some(kit) = kit() else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no evaluation kit\n");
        return;
    };
    for task in Task::ALL {
        for file in task.files().iter().map(|name| kit.join("benchmarks").join(name)).filter(|file| file.is_file()) {
            let items = read(task, &file, None).unwrap_or_else(|e| panic!("{e}"));
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert_eq!(items.len(), lines, "{}", file.display());
            let wrong = |item: &&_| !judge(task, item, &format!("So it is \\boxed{{{}}}.", item.truth)).is_correct();
            let wrong: Vec<_> = items.iter().filter(wrong).map(|item| &item.truth).collect();
            assert!(wrong.len() * 200 <= items.len(), "{}: {wrong:?}", file.display());
        }
    }
}

/// The checker on the kit's pairs of answers. A pair has the verdict that its source demands; where its author meant
/// another, or the source's own default says another, that counts.
#[cfg(feature = "train")]
#[test]
fn answers_are_judged_as_the_kit_says() {
    use corpus_build::task::with_cpu_time;
    use corpus_build::train::eval::{equal::equal, extract};
    let Some(kit) = kit() else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no evaluation kit\n");
        return;
    };
    let text = std::fs::read_to_string(kit.join("graders/math_verify_cases.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (mut wrong, mut slowest) = (Vec::new(), 0f64);
    for row in &rows {
        let (gold, answered) = (row["gold"].as_str().unwrap(), row["pred"].as_str().unwrap());
        let ((truth, said), cpu_s) = with_cpu_time(|| {
            let truth = extract::truth(gold);
            let said = extract::answer(answered).is_some_and(|found| equal(&found, &truth));
            (truth, said)
        });
        slowest = slowest.max(cpu_s);
        let demanded = row["verdict_0_9_0_default_config"].as_bool().or_else(|| row["expected"].as_bool()).unwrap();
        if said != row["intended"].as_bool().unwrap_or(demanded) {
            let end: String = answered.chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect();
            wrong.push(format!("said {said}: {truth:?} … {end:?}"));
        }
    }
    let share = 1.0 - wrong.len() as f64 / rows.len() as f64;
    assert!(share >= 0.98, "agreement {share:.4}:\n{}", wrong.join("\n"));
    assert!(slowest < 0.1, "the slowest pair took {slowest:.3} s");
}
