//! Speed of MinHash signatures, from a page's text to its band keys: `cargo bench --bench dedup -- PAGES.parquet…`
//! (tables with a column `text`), the median of `BENCH_REPEAT` runs (3), CPU time of one thread, over at most
//! `BENCH_PAGES` pages (2000).

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::path::PathBuf;

use arrow::array::StringArray;
use corpus_build::dedup::bands::Banding;
use corpus_build::dedup::shingles::{ShingleLengths, Tokens};
use corpus_build::dedup::signature::{FAMILY, Signer};
use corpus_build::io::table::{Table, column};
use corpus_build::task::with_cpu_time;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--")).map(PathBuf::from).collect();
    if files.is_empty() {
        println!("dedup: no files given; name Parquet files with a column `text` as arguments");
        return Ok(());
    }
    let most = setting("BENCH_PAGES", 2000);
    let mut texts: Vec<String> = Vec::new();
    for path in &files {
        for batch in Table::open(path)?.columns(&["text"])?.batches()? {
            let batch = batch?;
            let text: &StringArray = column(&batch, "text", path)?;
            texts.extend(text.iter().flatten().take(most.saturating_sub(texts.len())).map(str::to_owned));
        }
    }
    let megabytes = texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    let repeat = setting("BENCH_REPEAT", 3).max(1);
    let told = |what: &str, seconds: f64| {
        println!(
            "dedup: {what}: {:.0} pages/s, {:.1} MB/s (median of {repeat})",
            texts.len() as f64 / seconds,
            megabytes / seconds
        );
    };
    println!("dedup: {} texts, {megabytes:.1} MB; {FAMILY}", texts.len());
    let shingles = |text: &str| Tokens::of(text).shingles(ShingleLengths::default());
    let shingling = || texts.iter().map(|text| shingles(text).len()).sum::<usize>();
    told("tokens and shingles", median((0..repeat).map(|_| with_cpu_time(shingling).1).collect()));
    for (bands, rows) in [(14, 8), (32, 8)] {
        let banding = Banding::new(bands, rows)?;
        let mut signer = Signer::new(banding.places());
        let mut sign = || {
            let mut keys = 0;
            for text in &texts {
                keys += signer.sign(&shingles(text)).map_or(0, |signature| banding.keys(signature).count());
            }
            keys
        };
        told(
            &format!("text to {bands} × {rows} band keys"),
            median((0..repeat).map(|_| with_cpu_time(&mut sign).1).collect()),
        );
    }
    Ok(())
}
