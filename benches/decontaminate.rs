//! Speed of looking for benchmarks in texts: `cargo bench --bench decontaminate -- BENCHMARKS… PAGES…`, where the
//! benchmarks are .jsonl files and the pages Parquet files with a column `text` (or both in `BENCH_DECONTAMINATE`, split
//! by `:`). The median of `BENCH_REPEAT` runs (5), CPU time of one thread, texts in memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::PathBuf;
use std::time::Instant;

use arrow::array::AsArray;
use corpus_build::decontaminate::Scanner;
use corpus_build::decontaminate::benchmarks::{Rules, list, read};
use corpus_build::io::table::Table;
use corpus_build::task::peak_memory;

/// CPU time of this thread, where the system tells: other work on the machine is not in it.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let made = work();
    (made, cpu_seconds().zip(cpu).map_or_else(|| start.elapsed().as_secs_f64(), |(end, start)| end - start))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given = std::env::args_os().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--")).map(PathBuf::from);
    let listed = std::env::var_os("BENCH_DECONTAMINATE").unwrap_or_default();
    let files: Vec<PathBuf> = given.chain(std::env::split_paths(&listed)).filter(|path| path.exists()).collect();
    let (pages, benchmarks): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    if pages.is_empty() || benchmarks.is_empty() {
        println!("decontaminate: name .jsonl files and Parquet files as arguments or in BENCH_DECONTAMINATE");
        return Ok(());
    }
    let mut texts: Vec<String> = Vec::new();
    for path in &pages {
        for batch in Table::open(path)?.columns(&["text"])?.batches()? {
            texts.extend(batch?.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
        }
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    let before = peak_memory().unwrap_or_default();
    let names: Vec<String> = benchmarks.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let (benchmarks, built_s) = timed(|| read(&list(&names)?, &Rules::default()));
    let benchmarks = benchmarks?;
    println!(
        "decontaminate: {} benchmark files, {} items, {} grams: index of {:.1} MB in {built_s:.2} s, {:.1} MB more at the peak",
        benchmarks.files.len(),
        benchmarks.items.iter().sum::<u64>(),
        benchmarks.index.grams(),
        benchmarks.index.bytes() as f64 / 1e6,
        peak_memory().unwrap_or_default().saturating_sub(before) as f64 / 1e6,
    );
    let repeat = std::env::var("BENCH_REPEAT").ok().and_then(|text| text.parse().ok()).unwrap_or(5).max(1);
    let mut scanner = Scanner::new(&benchmarks.index);
    let (mut runs, mut found) = (Vec::new(), 0);
    for _ in 0..repeat {
        let (hits, seconds) = timed(|| texts.iter().filter(|text| scanner.removal(text).is_some()).count());
        found = hits;
        runs.push(seconds);
    }
    runs.sort_unstable_by(f64::total_cmp);
    let median = runs.get(runs.len() / 2).copied().unwrap_or_default();
    println!(
        "decontaminate: {} texts, {:.1} MB, {found} with matches: {:.1} MB/s (median of {repeat})",
        texts.len(),
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / median,
    );
    Ok(())
}
