//! Speed of reading WARC files, payloads included: `cargo bench --bench read -- FILE.warc.gz…` (or the files that
//! `BENCH_WARC` lists, separated by `:`), the median of `BENCH_REPEAT` runs (5), CPU time of one thread.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use corpus_build::io::warc::{Item, ReadCaps, read};

/// Pages, their bytes, and all records of the files.
fn read_all(files: &[PathBuf]) -> io::Result<(u64, u64, u64)> {
    let (mut pages, mut bytes, mut records) = (0, 0, 0);
    for path in files {
        let mut reader = read(File::open(path)?, path.to_string_lossy().into(), ReadCaps::default());
        for item in &mut reader {
            if let Item::Page(page) = item.map_err(io::Error::other)? {
                pages += 1;
                bytes += page.body.len() as u64;
            }
        }
        records += reader.records();
    }
    Ok((pages, bytes, records))
}

/// CPU time of this thread, where the system tells: other work on the machine is not in it.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
}

fn main() -> io::Result<()> {
    let given = std::env::args_os().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--")).map(PathBuf::from);
    let listed = std::env::var_os("BENCH_WARC").unwrap_or_default();
    let files: Vec<PathBuf> = given.chain(std::env::split_paths(&listed)).filter(|path| path.is_file()).collect();
    if files.is_empty() {
        println!("read: no files given; name some as arguments or in BENCH_WARC");
        return Ok(());
    }
    let repeat = std::env::var("BENCH_REPEAT").ok().and_then(|text| text.parse().ok()).unwrap_or(5).max(1);
    let mut runs = Vec::new();
    let mut found = (0, 0, 0);
    for _ in 0..repeat {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        found = read_all(&files)?;
        runs.push(cpu_seconds().zip(cpu).map_or_else(|| start.elapsed().as_secs_f64(), |(end, start)| end - start));
    }
    runs.sort_unstable_by(f64::total_cmp);
    let (pages, bytes, records) = found;
    let median = runs.get(runs.len() / 2).copied().unwrap_or_default();
    println!(
        "read: {} files, {records} records, {pages} pages, {:.1} MB of payload: {:.1} MB/s, {:.0} pages/s (median of {repeat})",
        files.len(),
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / median,
        pages as f64 / median,
    );
    Ok(())
}
