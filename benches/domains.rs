//! Time and memory of the domain analysis of one domain with many addresses: `cargo bench --bench domains`.
//! `BENCH_PAGES` pages (1,000,000) of one domain, first few below many prefixes each, then below `BENCH_PREFIXES`
//! (100,000) prefixes. Peak memory is that of the process so far.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use corpus_build::config;
use corpus_build::domains::stage::{Analysis, Last, Ranked};
use corpus_build::io::table::{TableWriter, Written};
use corpus_build::pages::Pages;
use corpus_build::task::{Artifact, Runner, peak_memory, process_cpu_s};

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) -> Result<Written, Box<dyn Error>> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut writer = TableWriter::create(path, &batch.schema())?;
    for first in (0..batch.num_rows()).step_by(1 << 16) {
        writer.write(&batch.slice(first, (batch.num_rows() - first).min(1 << 16)))?;
    }
    Ok(writer.finish()?)
}

fn texts(rows: usize, text: impl Fn(usize) -> String) -> ArrayRef {
    Arc::new(StringArray::from_iter_values((0..rows).map(text)))
}

/// A crawl of one page file with these addresses, every third page collected, and its analysis.
fn analyse(name: &str, pages: usize, url: impl Fn(usize) -> String) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let out = folder.path();
    let id =
        || texts(pages, |n| format!("{:032x}", (n as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_0C5E_1F83_D9AB)));
    let score = |n: usize| if n.is_multiple_of(3) { 0.9 } else { 0.1 };
    let scores = || -> ArrayRef { Arc::new(Float64Array::from_iter_values((0..pages).map(score))) };
    let tokens = || -> ArrayRef { Arc::new(Int64Array::from_value(100, pages)) };
    let page: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..pages as u64));
    write(
        &out.join("pages/a.parquet"),
        vec![
            ("id", id()),
            ("url", texts(pages, url)),
            ("host", texts(pages, |_| "www.example.org".to_owned())),
            ("domain", texts(pages, |_| "example.org".to_owned())),
            ("title", texts(pages, |n| format!("Page {n}"))),
            ("text", texts(pages, |n| format!("The text of page {n}."))),
            ("tokens", tokens()),
        ],
    )?;
    let keep: ArrayRef = Arc::new(BooleanArray::from(vec![true; pages]));
    write(&out.join("dedup/survivors.parquet"), vec![("id", id()), ("keep", keep)])?;
    write(&out.join("scores.parquet"), vec![("id", id()), ("score", scores())])?;
    write(&out.join("order.parquet"), vec![("score", scores()), ("id", id()), ("tokens", tokens()), ("page", page)])?;
    let config = config::parse(toml::Table::new(), &[format!("output.dir = {:?}", out.display().to_string())])?;
    let runner = Runner::open(out, Some(1), 1 << 30, true)?;
    let files = Pages::on_disk(out)?;
    let ranked = Ranked {
        survivors: Artifact::on_disk(&out.join("dedup/survivors.parquet"))?,
        scores: vec![Artifact::on_disk(&out.join("scores.parquet"))?],
        ordered: vec![Artifact::on_disk(&out.join("order.parquet"))?],
        last: Some(Last { score: 0.5, id: String::new() }),
    };
    let analysis = Analysis { runner: &runner, pages: &files, config: &config.domains, round: 1, random_seed: 1 };
    let begun = (Instant::now(), process_cpu_s());
    let done = analysis.run(&ranked)?;
    let (wall, cpu) = (begun.0.elapsed().as_secs_f64(), process_cpu_s() - begun.1);
    let stages: BTreeMap<&str, f64> = ["domains", "domains/all", "places", "tree", "samples"]
        .into_iter()
        .map(|stage| (stage, runner.manifest().rows(&format!("rounds/01/{stage}")).iter().map(|row| row.wall_s).sum()))
        .collect();
    let peak = peak_memory().unwrap_or_default() as f64 / 1e6;
    println!(
        "domains: {name}: {pages} pages, {} prefixes kept, {wall:.2} s ({cpu:.2} s of CPU), peak memory {peak:.0} MB; s by stage: {stages:.2?}",
        done.tree.facts["prefixes"]
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let pages = setting("BENCH_PAGES", 1_000_000);
    let prefixes = setting("BENCH_PREFIXES", 100_000);
    analyse("many addresses", pages, |n| format!("https://www.example.org/{}/{}/{n}.html", n % 7, n % 91))?;
    analyse("many queries", pages, |n| format!("https://www.example.org/index.php?topic={n}&lang={}", n % 5))?;
    analyse("many prefixes", pages, |n| format!("https://www.example.org/users/u{}/{n}", n % prefixes))
}
