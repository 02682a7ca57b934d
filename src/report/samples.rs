//! Pages to look at: some of each tenth of the ranking, and the best that are not collected.

use std::path::{Path, PathBuf};

use arrow::array::{BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use xxhash_rust::xxh3::xxh3_64;

use super::ReportError;
use super::data::{DECILES, Sample};
use super::figures::Place;
use crate::io::table::{Table, column};
use crate::pages::Pages;

/// Pages of each tenth.
const PER_DECILE: u64 = 3;
/// Pages beyond the cut.
const BEYOND: usize = 6;
/// Characters of a text that are shown, about.
const TEXT_CHARS: usize = 900;
/// Pages that stand about beyond the cut in a file: the best of them are kept on the way.
type Candidate = (f64, String, usize, u32);

/// Pages of each tenth of the ranking, best first.
pub(super) fn of_deciles(place: Place<'_>) -> Result<Vec<Vec<Sample>>, ReportError> {
    let mut shards: Vec<(PathBuf, u64)> = Vec::new();
    for path in place.shards()? {
        let rows = Table::open(&path)?.rows();
        shards.push((path, rows));
    }
    let total: u64 = shards.iter().map(|(_, rows)| rows).sum();
    let parts = total.min(DECILES as u64);
    let mut samples = Vec::new();
    for part in 0..parts {
        let (from, to) = ((part * total).div_ceil(parts), ((part + 1) * total).div_ceil(parts));
        let mut of_part = Vec::new();
        for position in drawn(from, to, place.round) {
            of_part.push(at(&shards, position)?);
        }
        samples.push(of_part);
    }
    Ok(samples)
}

/// Positions between `from` and `to`, ascending, drawn by their place and the round alone.
fn drawn(from: u64, to: u64, round: u32) -> Vec<u64> {
    let length = to - from;
    let mut positions: Vec<u64> = (0..PER_DECILE.min(length))
        .map(|n| {
            // Each of its own part, so that none comes twice.
            let (first, last) =
                (from + n * length / PER_DECILE.min(length), from + (n + 1) * length / PER_DECILE.min(length));
            first + xxh3_64(format!("{round} {first}").as_bytes()) % (last - first).max(1)
        })
        .collect();
    positions.sort_unstable();
    positions
}

/// The page at a position of the ranking, from 0.
fn at(shards: &[(PathBuf, u64)], position: u64) -> Result<Sample, ReportError> {
    let mut position = position;
    for (path, rows) in shards {
        if position < *rows {
            let mut table = Table::open(path)?.select(&[position as u32]).batches()?;
            let batch = table.next().ok_or_else(|| ReportError::form(path, "fewer rows than it states"))??;
            let mut sample = sample(&batch, 0, path)?;
            sample.rank = Some(column::<Int64Array>(&batch, "rank", path)?.value(0).max(0).cast_unsigned());
            sample.score = column::<Float64Array>(&batch, "score", path)?.value(0);
            return Ok(sample);
        }
        position -= rows;
    }
    Err(ReportError::form(Path::new("shards"), "fewer pages than ranks"))
}

/// A page with the columns of the page files, without rank and score.
fn sample(batch: &RecordBatch, row: usize, path: &Path) -> Result<Sample, ReportError> {
    let text = |name: &str| column::<StringArray>(batch, name, path).map(|column| column.value(row));
    let (beginning, cut) = beginning(text("text")?);
    Ok(Sample {
        rank: None,
        score: 0.0,
        title: text("title")?.to_owned(),
        url: text("url")?.to_owned(),
        language: text("language")?.to_owned(),
        tokens: column::<Int64Array>(batch, "tokens", path)?.value(row).max(0).cast_unsigned(),
        formulas: u64::from(column::<Int32Array>(batch, "formulas", path)?.value(row).max(0).cast_unsigned()),
        text: beginning.to_owned(),
        cut,
    })
}

/// The beginning of a text, ended between blocks where one ends in time, else between words; and whether it goes on.
fn beginning(text: &str) -> (&str, bool) {
    let Some((end, _)) = text.char_indices().nth(TEXT_CHARS) else { return (text, false) };
    let head = &text[..end];
    let open = |head: &str| head.matches("$$").count() % 2 == 1 || head.matches("\n```").count() % 2 == 1;
    let blocks = head.match_indices("\n\n").map(|(at, _)| at).filter(|at| *at > end / 2).collect::<Vec<_>>();
    if let Some(at) = blocks.into_iter().rev().find(|at| !open(&head[..*at])) {
        return (&head[..at], true);
    }
    let at = head.rfind(|c: char| c.is_whitespace()).filter(|at| *at > end / 2).unwrap_or(end);
    (&head[..at], true)
}

/// The best pages that could have been collected and were not. `last` is score and id of the last one collected.
pub(super) fn beyond(place: Place<'_>) -> Result<Vec<Sample>, ReportError> {
    let Some((last_score, last_id)) = last(place)? else { return Ok(Vec::new()) };
    let pages = Pages::on_disk(place.out)?;
    let survivors_path = place.out.join("dedup/survivors.parquet");
    let mut best: Vec<Candidate> = Vec::new();
    let mut first = 0;
    for file in 0..pages.len() {
        let (stem, rows) = (pages.stem(file), pages.rows(file));
        let scores_path = place.folder().join(format!("scores/{stem}.parquet"));
        let clean_path = place.out.join(format!("decontaminate/{stem}.parquet"));
        let mut survived = Table::open(&survivors_path)?.columns(&["keep"])?.range(first, rows).batches()?;
        let mut clean =
            clean_path.exists().then(|| Table::open(&clean_path)?.columns(&["keep"])?.batches()).transpose()?;
        first += rows;
        let mut at = 0u32;
        for batch in Table::open(&scores_path)?.columns(&["id", "score"])?.batches()? {
            let batch = batch?;
            let other = || ReportError::form(&scores_path, "its rows are not those of the page file");
            let survived = survived.next().ok_or_else(other)??;
            let clean = clean.as_mut().map(|clean| clean.next().ok_or_else(other)?.map_err(ReportError::from));
            let clean = clean.transpose()?;
            let keep: &BooleanArray = column(&survived, "keep", &survivors_path)?;
            let stays = clean.as_ref().map(|clean| column::<BooleanArray>(clean, "keep", &clean_path)).transpose()?;
            let id: &StringArray = column(&batch, "id", &scores_path)?;
            let score: &Float64Array = column(&batch, "score", &scores_path)?;
            for row in 0..batch.num_rows().min(keep.len()) {
                let (score, id) = (score.value(row), id.value(row));
                let after = score < last_score || score <= last_score && id > last_id.as_str();
                if !after || !keep.value(row) || stays.is_some_and(|stays| !stays.value(row)) {
                    continue;
                }
                if best.len() == BEYOND && best.last().is_some_and(|worst| score < worst.0) {
                    continue;
                }
                let place = best.partition_point(|other| other.0 > score || other.0 >= score && other.1.as_str() < id);
                best.insert(place, (score, id.to_owned(), file, at + row as u32));
                best.truncate(BEYOND);
            }
            at += batch.num_rows() as u32;
        }
    }
    let mut samples = Vec::new();
    for (score, _, file, row) in best {
        let path = pages.file(file);
        if let Some(batch) = Table::open(path)?.select(&[row]).batches()?.next() {
            samples.push(Sample { score, ..sample(&batch?, 0, path)? });
        }
    }
    Ok(samples)
}

/// Score and id of the last page collected.
fn last(place: Place<'_>) -> Result<Option<(f64, String)>, ReportError> {
    let shards = place.shards()?;
    let Some(path) = shards.last() else { return Ok(None) };
    let rows = Table::open(path)?.rows();
    let table = Table::open(path)?.columns(&["id", "score"])?.range(rows.saturating_sub(1), 1);
    let Some(batch) = table.batches()?.next() else { return Ok(None) };
    let batch = batch?;
    let id: &StringArray = column(&batch, "id", path)?;
    Ok(Some((column::<Float64Array>(&batch, "score", path)?.value(0), id.value(0).to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_drawn_within_their_part() {
        for (from, to) in [(0, 1), (5, 7), (10, 13), (0, 1000), (7, 8)] {
            let positions = drawn(from, to, 1);
            assert_eq!(positions.len() as u64, PER_DECILE.min(to - from));
            assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{positions:?}");
            assert!(positions.iter().all(|at| (from..to).contains(at)), "{positions:?}");
        }
        assert_ne!(drawn(0, 1000, 1), drawn(0, 1000, 2));
    }

    #[test]
    fn a_text_is_cut_between_blocks() {
        assert_eq!(beginning("short"), ("short", false));
        let long = format!("{}\n\n{}", "word ".repeat(150).trim(), "more ".repeat(100));
        let (head, cut) = beginning(&long);
        assert!(cut && head.ends_with("word") && head.len() == 749, "{}", head.len());
        let inside = format!("{}$$\na\n\nb$$ {}", "word ".repeat(150), "more ".repeat(100));
        assert!(beginning(&inside).0.ends_with("more"));
        assert!(beginning(&"汉".repeat(2000)).0.chars().count() == TEXT_CHARS);
    }
}
