//! Speed of extraction, from a page's bytes to its text with LaTeX: `cargo bench --bench extract -- FILE.warc.gz…`,
//! the median of `BENCH_REPEAT` runs (3), CPU time of one thread, over at most `BENCH_PAGES` pages (400), which are
//! spread evenly over the files.
//!
//! First the whole, then its steps apart: the share of `parse` (html5ever) is what no change to the other steps can
//! save.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::io;
use std::path::PathBuf;

use corpus_build::extract::dom::Scripting;
use corpus_build::extract::math::{self, PageMath};
use corpus_build::extract::outline::Outline;
use corpus_build::extract::{ExtractRules, body, content, dom, encoding, extract, metadata, text};
use corpus_build::io::warc::{Item, ReadCaps, read};
use corpus_build::page::Page;
use corpus_build::task::with_cpu_time;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

const STEPS: [&str; 7] = ["decode", "parse", "math", "outline", "content", "text", "metadata"];

/// CPU seconds of each of [`STEPS`] on one page; those of a page that is rejected end with its parse.
fn steps(page: &Page, rules: &ExtractRules) -> [f64; STEPS.len()] {
    let mut seconds = [0.0; STEPS.len()];
    let (decoded, s) = with_cpu_time(|| encoding::decode(&page.body, page.http_charset.as_deref(), None));
    seconds[0] = s;
    let (parsed, s) = with_cpu_time(|| dom::parse(&decoded, Scripting::On, rules));
    seconds[1] = s;
    let Ok(html) = parsed else { return seconds };
    let ((settings, found), s) = with_cpu_time(|| {
        let settings = PageMath::read(&html);
        let found = math::find(&html, &settings);
        (settings, found)
    });
    seconds[2] = s;
    if let Some(body) = body(&html) {
        let (outline, s) = with_cpu_time(|| Outline::build(body, &found, Scripting::On));
        seconds[3] = s;
        let (selection, s) = with_cpu_time(|| content::select(&outline));
        seconds[4] = s;
        let (_, s) = with_cpu_time(|| text::write(&outline, &selection, &settings));
        seconds[5] = s;
    }
    let (_, s) = with_cpu_time(|| metadata::read(&html, &page.capture));
    seconds[6] = s;
    // Freeing the tree belongs to having built it.
    let ((), s) = with_cpu_time(|| drop(html));
    seconds[1] += s;
    seconds
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
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
    let megabytes = sample.iter().map(|page| page.body.len()).sum::<usize>() as f64 / 1e6;
    let rules = ExtractRules::default();
    let repeat = setting("BENCH_REPEAT", 3).max(1);
    let mut text = 0_usize;
    let whole = (0..repeat).map(|_| {
        let run = || sample.iter().filter_map(|page| extract(page, &rules).ok()).map(|d| d.text.len()).sum();
        let (bytes, seconds): (usize, f64) = with_cpu_time(run);
        text = bytes;
        seconds
    });
    let seconds = median(whole.collect());
    println!(
        "extract: {} pages, {megabytes:.1} MB of HTML, {:.1} MB of text: {:.0} pages/s, {:.1} MB/s (median of {repeat})",
        sample.len(),
        text as f64 / 1e6,
        sample.len() as f64 / seconds,
        megabytes / seconds,
    );
    let runs: Vec<[f64; STEPS.len()]> = (0..repeat)
        .map(|_| {
            sample.iter().map(|page| steps(page, &rules)).fold([0.0; STEPS.len()], |mut sum, page| {
                sum.iter_mut().zip(page).for_each(|(sum, seconds)| *sum += seconds);
                sum
            })
        })
        .collect();
    let medians: Vec<f64> = (0..STEPS.len()).map(|step| median(runs.iter().map(|run| run[step]).collect())).collect();
    let sum: f64 = medians.iter().sum();
    for (name, seconds) in STEPS.into_iter().zip(medians) {
        println!("  {name:<9} {:>9.0} pages/s {:>6.1} %", sample.len() as f64 / seconds, seconds / sum * 100.0);
    }
    Ok(())
}
