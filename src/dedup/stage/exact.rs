//! A bucket of addresses, or of texts → the pages lost to a better one with the same.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::tables::{read_lost, write_pairs};
use super::{Dedup, inputs};
use crate::config::CaptureChoice;
use crate::dedup::clusters::Quality;
use crate::dedup::exchange::{self, PageRef};
use crate::dedup::page_set::PageSet;
use crate::task::{Done, Progress, Row, Stage, TaskResult};

/// What a group of pages has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    Address,
    Text,
}

impl Same {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Text => "text",
        }
    }
}

/// What stands for a capture among those of one address; the greatest is kept.
fn merit(choice: CaptureChoice, quality: Quality) -> (Option<i64>, Quality) {
    let time = match choice {
        CaptureChoice::Best => None,
        CaptureChoice::Newest => quality.fetched_at_ms,
        // An unknown time is neither oldest nor newest.
        CaptureChoice::Oldest => quality.fetched_at_ms.map(|at| !at),
    };
    (time, quality)
}

impl Dedup<'_> {
    /// Pages that share an address, or a text: all but the best of each group are lost to it.
    pub(super) fn exact_stage<'s>(&'s self, same: Same, signed: &[Row], lost: &[Row]) -> Stage<'s> {
        let mut all = inputs("signed", signed);
        all.extend(inputs("lost", lost));
        let before = if lost.is_empty() { Vec::new() } else { self.bucket_paths("lost_by_address") };
        let gone: Arc<OnceLock<Result<PageSet, String>>> = Arc::default();
        self.bucket_stage(same.name(), &all, move |bucket, progress| {
            let gone =
                gone.get_or_init(|| read_lost(&before).map_err(|e| e.to_string())).as_ref().map_err(Clone::clone)?;
            self.exact(same, bucket, gone, progress)
        })
    }

    fn exact(&self, same: Same, bucket: usize, gone: &PageSet, progress: &Progress) -> TaskResult {
        let kind = same.name();
        let mut rows = exchange::read(&self.all(&format!("by_{kind}")), bucket, self.rules.buckets)?;
        rows.retain(|(_, _, page)| !gone.holds(*page));
        rows.sort_unstable();
        progress.items(rows.len() as u64);
        let groups: Vec<_> = rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|group| group.len() > 1).collect();
        let wanted: BTreeSet<PageRef> = groups.iter().flat_map(|g| g.iter().map(|row| row.2)).collect();
        let quality = self.qualities(&wanted)?;
        let choice = match same {
            Same::Address => self.rules.capture,
            Same::Text => CaptureChoice::Best,
        };
        let mut pairs = Vec::new();
        for group in groups {
            let merit = |page: &PageRef| quality.get(page).map(|quality| merit(choice, *quality));
            let Some(best) = group.iter().map(|row| row.2).max_by_key(merit) else { continue };
            pairs.extend(group.iter().map(|row| row.2).filter(|page| *page != best).map(|page| (page, best)));
        }
        pairs.sort_unstable();
        let path = self.work(&format!("lost_by_{kind}"), &format!("{bucket:05}"));
        Ok(Done { outputs: vec![write_pairs(&path, &pairs)?], ..Done::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::PageId;

    #[test]
    fn which_capture_of_an_address_wins() {
        let capture = |formulas, fetched_at_ms, capture| Quality {
            score_millionths: None,
            formulas,
            text_chars: 10,
            fetched_at_ms,
            id: PageId(1),
            capture,
        };
        let captures = [capture(3, Some(20), 0), capture(1, Some(10), 1), capture(2, Some(30), 2), capture(0, None, 3)];
        let best = |choice| captures.iter().max_by_key(|q| merit(choice, **q)).map(|q| q.capture);
        assert_eq!(best(CaptureChoice::Best), Some(0));
        assert_eq!(best(CaptureChoice::Oldest), Some(1));
        assert_eq!(best(CaptureChoice::Newest), Some(2));
    }
}
