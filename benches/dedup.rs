//! Speed of MinHash signatures, from a page's text to its band keys: `cargo bench --bench dedup -- PAGES.parquet…`
//! (tables with a column `text`), the median of `BENCH_REPEAT` runs (3), CPU time of one thread, over at most
//! `BENCH_PAGES` pages (2000).
//!
//! With `BENCH_PAIRS=PAIRS.jsonl`, lines `{"url": …, "parent": …}`, it prints instead what share of these pairs, of pages
//! in the tables by their column `url`, comes to share a band key, by true Jaccard similarity, beside the formula.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use arrow::array::{Array, StringArray};
use corpus_build::dedup::bands::Banding;
use corpus_build::dedup::shingles::{ShingleLengths, Tokens, jaccard};
use corpus_build::dedup::signature::{FAMILY, Signer};
use corpus_build::io::documents::{At, DocumentError, lines, parse};
use corpus_build::io::table::{Table, column};
use corpus_build::task::with_cpu_time;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}

/// Bins of Jaccard similarity, 0.05 wide, from 0.5 on.
const BINS: usize = 10;

/// Pairs of a bin, how many of them share a band key, and how many would by the formula.
#[derive(Clone, Copy, Default)]
struct Bin {
    pairs: f64,
    found: f64,
    expected: f64,
    variance: f64,
}

/// Signs both pages of each pair as the pipeline does, and prints what the bands find.
fn detection(files: &[PathBuf], pairs: &Path) -> Result<(), Box<dyn Error>> {
    let mut wanted: Vec<(String, String)> = Vec::new();
    lines(pairs, &mut |number, line| -> Result<(), DocumentError> {
        let row = parse(pairs, At::Line(number), line)?;
        let field = |name: &str| row.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        wanted.extend(field("url").zip(field("parent")));
        Ok(())
    })?;
    let mut sets: BTreeMap<&str, Option<Vec<u64>>> =
        wanted.iter().flat_map(|(a, b)| [(a.as_str(), None), (b.as_str(), None)]).collect();
    for path in files {
        for batch in Table::open(path)?.columns(&["url", "text"])?.batches()? {
            let batch = batch?;
            let url: &StringArray = column(&batch, "url", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            for i in 0..url.len() {
                if let Some(set) = sets.get_mut(url.value(i)) {
                    *set = Some(Tokens::of(text.value(i)).shingles(ShingleLengths::default()));
                }
            }
        }
    }
    for (bands, rows) in [(14, 8), (32, 8)] {
        let banding = Banding::new(bands, rows)?;
        let mut signer = Signer::new(banding.places());
        let mut keys = |set: &[u64]| signer.sign(set).map(|s| banding.keys(s).collect::<Vec<_>>()).unwrap_or_default();
        let mut bins = [Bin::default(); BINS];
        for (a, b) in &wanted {
            let set = |url: &str| sets.get(url).and_then(Option::as_ref);
            let Some((a, b)) = set(a).zip(set(b)) else { continue };
            let s = jaccard(a, b);
            let Some(bin) = bins.get_mut(((s - 0.5) * 20.0).floor() as usize).filter(|_| (0.5..1.0).contains(&s))
            else {
                continue;
            };
            let p = banding.match_probability(s);
            let (a, b) = (keys(a), keys(b));
            bin.pairs += 1.0;
            bin.found += f64::from(u8::from(a.iter().zip(&b).any(|(x, y)| x == y)));
            bin.expected += p;
            bin.variance += p * (1.0 - p);
        }
        println!("dedup: {bands} × {rows}: Jaccard similarity, pairs, found, formula, standard error");
        for (n, bin) in bins.iter().enumerate() {
            let Bin { pairs, found, expected, variance } = *bin;
            let (from, n) = (0.5 + n as f64 / 20.0, pairs.max(1.0));
            println!(
                "dedup: {from:.2} to {:.2}: {pairs} {:.4} {:.4} {:.4}",
                from + 0.05,
                found / n,
                expected / n,
                variance.sqrt() / n
            );
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--")).map(PathBuf::from).collect();
    if files.is_empty() {
        println!("dedup: no files given; name Parquet files with a column `text` as arguments");
        return Ok(());
    }
    if let Some(pairs) = std::env::var_os("BENCH_PAIRS") {
        return detection(&files, Path::new(&pairs));
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
