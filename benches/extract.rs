//! Speed of extraction, from a page's bytes to its text with LaTeX: `cargo bench --bench extract -- FILE.warc.gz…`,
//! the median of `BENCH_REPEAT` runs (3), CPU time of one thread, over at most `BENCH_PAGES` pages (400), which are
//! spread evenly over the files.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::io;
use std::path::PathBuf;

use corpus_build::extract::{ExtractRules, extract};
use corpus_build::io::warc::{Item, ReadCaps, read};
use corpus_build::page::Page;
use corpus_build::task::with_cpu_time;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn main() -> io::Result<()> {
    let files: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--")).map(PathBuf::from).collect();
    if files.is_empty() {
        println!("extract: no files given; name WARC files as arguments");
        return Ok(());
    }
    let mut pages: Vec<Page> = Vec::new();
    for path in &files {
        for item in read(File::open(path)?, path.to_string_lossy().into(), ReadCaps::default()) {
            if let Item::Page(page) = item.map_err(io::Error::other)? {
                pages.push(page);
            }
        }
    }
    let wanted = setting("BENCH_PAGES", 400).clamp(1, pages.len().max(1));
    let step = pages.len() as f64 / wanted as f64;
    let sample: Vec<&Page> = (0..wanted).filter_map(|n| pages.get((n as f64 * step) as usize)).collect();
    let bytes: usize = sample.iter().map(|page| page.body.len()).sum();
    let rules = ExtractRules::default();
    let mut runs: Vec<(f64, usize)> = (0..setting("BENCH_REPEAT", 3))
        .map(|_| {
            let run = || sample.iter().filter_map(|page| extract(page, &rules).ok()).map(|d| d.text.len()).sum();
            let (text, seconds): (usize, f64) = with_cpu_time(run);
            (seconds, text)
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (seconds, text) = runs[runs.len() / 2];
    println!(
        "extract: {} pages, {:.1} MB of HTML, {:.1} MB of text: {:.0} pages/s, {:.1} MB/s (median of {})",
        sample.len(),
        bytes as f64 / 1e6,
        text as f64 / 1e6,
        sample.len() as f64 / seconds,
        bytes as f64 / 1e6 / seconds,
        runs.len()
    );
    Ok(())
}
