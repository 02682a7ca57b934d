//! The recall WARCs as files of the crawl.

use std::path::Path;

use super::select::PlanFacts;
use super::{IndexError, stage_name};
use crate::crawl::Source;
use crate::io::store::Location;
use crate::task::{Manifest, Row};

/// The stem of a recall WARC. It sorts after the names of Common Crawl's files, so that a recall leaves their places
/// among the page files as they are.
pub(super) fn stem(round: u32, file: usize) -> String {
    format!("recall-{round:02}-{file:05}")
}

/// The round that a stem is of a recall of.
pub(super) fn round_of(stem: &str) -> Option<u32> {
    let (round, file) = stem.strip_prefix("recall-")?.split_once('-')?;
    file.parse::<u32>().ok().and(round.parse().ok())
}

/// Rounds whose folders have names.
const ROUNDS_MAX: u32 = 99;

/// The recall WARCs of an output folder as files of the crawl, round after round, without such as hold no capture.
///
/// They are of the crawl in every round: all rounds rank the same pages, so that what one collects and another does not
/// tells what was learnt, not what was read. A recall of which nothing was fetched, but only asked for, has none.
///
/// # Errors
/// A recall was begun and is not done.
pub fn recalled_sources(out: &Path) -> Result<Vec<Source>, IndexError> {
    let manifest = Manifest::new(out);
    let mut sources = Vec::new();
    for round in 1..=ROUNDS_MAX {
        let fetch = stage_name(round, "fetch");
        let Some(planned) = manifest.row(&stage_name(round, "plan"), "plan") else { continue };
        if manifest.rows(&fetch).is_empty() {
            continue;
        }
        let unfinished = IndexError::Unfinished { round };
        let Ok(facts) = serde_json::from_value::<PlanFacts>(planned.facts.clone()) else { return Err(unfinished) };
        for (n, plan) in facts.files.iter().enumerate() {
            let stem = stem(round, n);
            let hash = |row: &Row| row.inputs.get("captures").map(|input| input.hash.clone());
            let whole = |row: &Row| hash(row).as_deref() == Some(&plan.hash) && manifest.outputs_in_place(row);
            let row = manifest.row(&fetch, &stem);
            let Some(row) = row.filter(|row| !row.knobs.is_empty() && whole(row)) else { return Err(unfinished) };
            if row.tally.kept > 0 {
                let name = format!("{stem}.warc.gz");
                let location = Location::Local(out.join("recall").join(&name));
                sources.push(Source { name, stem, location });
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_of_recalls_are_known_and_come_last() {
        assert_eq!(round_of(&stem(7, 3)), Some(7));
        for other in ["recall", "recall-x-1", "recall-01-x", "CC-MAIN-20250126135402-20250126165402-00000", "recall-01"]
        {
            assert_eq!(round_of(other), None, "{other}");
        }
        assert!(stem(1, 0).as_str() > "CC-MAIN-2025" && stem(1, 0) < stem(1, 1) && stem(1, 1) < stem(2, 0));
    }

    #[test]
    fn there_are_no_sources_before_a_recall() {
        let folder = tempfile::tempdir().unwrap();
        assert!(recalled_sources(folder.path()).unwrap().is_empty());
    }
}
