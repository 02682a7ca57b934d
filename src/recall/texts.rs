//! The texts of some of the crawl's pages, as they were extracted, without what benchmarks hold too: a
//! classifier reads pages as it scores them, with the boilerplate that the shards leave out.

use std::path::Path;

use arrow::array::{Array, StringArray, TimestampMillisecondArray};

use crate::decontaminate::stage::CleanRows;
use crate::dedup::exchange::PageRef;
use crate::io::table::{Table, column};
use crate::pages::Pages;
use crate::paragraphs::cut;
use crate::task::Artifact;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A page with its text.
pub(super) struct PageText<'b> {
    pub(super) url: &'b str,
    pub(super) text: &'b str,
    /// When it was fetched, as `2026-11-22T10:00:00Z`; empty where that is not known.
    pub(super) date: String,
}

/// Calls `each` with the page of each of `wanted`, which are in order.
pub(super) fn each_text(
    pages: &Pages,
    clean: Option<&[Artifact]>,
    wanted: &[PageRef],
    each: &mut dyn FnMut(PageRef, PageText<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    for group in wanted.chunk_by(|a, b| a.file() == b.file()) {
        let file = group[0].file();
        let path = pages.file(file);
        let changed =
            || -> Error { format!("{}: not the pages that were ranked; run it again", path.display()).into() };
        let rows: Vec<u32> = group.iter().map(|page| page.row()).collect();
        let clean: Option<&Path> = clean.and_then(|tables| tables.get(file)).map(|table| table.path.as_path());
        let mut clean_batches = clean.map(|path| Table::open(path)?.select(&rows).batches()).transpose()?;
        let mut next = group.iter();
        for batch in Table::open(path)?.columns(&["id", "url", "text", "fetched_at"])?.select(&rows).batches()? {
            let batch = batch?;
            let id: &StringArray = column(&batch, "id", path)?;
            let url: &StringArray = column(&batch, "url", path)?;
            let text: &StringArray = column(&batch, "text", path)?;
            let fetched_at: &TimestampMillisecondArray = column(&batch, "fetched_at", path)?;
            let removed = match (&mut clean_batches, clean) {
                (Some(batches), Some(path)) => Some((batches.next().ok_or_else(changed)??, path)),
                _ => None,
            };
            let removed = removed.as_ref().map(|(batch, path)| CleanRows::of(batch, path)).transpose()?;
            if removed.as_ref().is_some_and(|removed| removed.id != id) {
                return Err(changed());
            }
            for (i, page) in (0..batch.num_rows()).zip(next.by_ref()) {
                let whole = text.value(i);
                let spans = removed.as_ref().map(|removed| removed.spans(i)).unwrap_or_default();
                if spans.iter().any(|span| whole.get(span.clone()).is_none()) {
                    return Err(changed());
                }
                let left = if spans.is_empty() { None } else { Some(cut(whole, &spans)) };
                let date = if fetched_at.is_valid(i) { date(fetched_at.value(i)) } else { String::new() };
                let text = left.as_deref().unwrap_or(whole);
                each(*page, PageText { url: url.value(i), text, date })?;
            }
        }
        if next.next().is_some() {
            return Err(changed());
        }
    }
    Ok(())
}

/// Milliseconds since 1970 as `2026-11-22T10:00:00Z`.
fn date(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March, so that a leap day ends one: 146,097 days are 400 of them.
    let from_march = days + 719_468;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_827_696_789), "2000-02-29T12:34:56Z");
        assert_eq!(date(1_732_233_599_000), "2024-11-21T23:59:59Z");
        assert_eq!(date(-1), "1969-12-31T23:59:59Z");
    }
}
