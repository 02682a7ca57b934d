//! Every malformed or special WARC file of the evaluation kit, where there is one beside the project (or where
//! `CORPUS_BUILD_KIT` says): at least as many responses as the better of two other readers, and the right bodies.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use corpus_build::io::warc::{Damage, Item, ReadCaps, ReadError, read};
use corpus_build::reject::Reject;
use serde_json::Value;
use sha1::{Digest, Sha1};

/// The kit's folder of cases; `None`, said aloud, where there is no kit.
fn cases() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/kit");
    let cases = std::env::var_os("CORPUS_BUILD_KIT").map_or(beside, PathBuf::from).join("cases");
    if !cases.is_dir() {
        eprintln!("SKIPPED: no evaluation kit at {}", cases.display());
        return None;
    }
    Some(cases)
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What reading a whole file came to.
#[derive(Debug, Default)]
struct Outcome {
    records: u64,
    responses: u64,
    pages: Vec<corpus_build::page::Page>,
    rejected: BTreeMap<Reject, u64>,
    damaged: Vec<(u64, u64, Damage)>,
    error: Option<ReadError>,
}

fn read_file(path: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let name = path.file_name().unwrap().to_string_lossy().into();
    let mut reader = read(File::open(path).unwrap(), name, ReadCaps::default());
    for item in &mut reader {
        match item {
            Ok(Item::Page(page)) => outcome.pages.push(page),
            Ok(Item::Rejected { reject, .. }) => *outcome.rejected.entry(reject).or_default() += 1,
            Ok(Item::Other(_)) => {}
            Ok(Item::Damaged { offset, length, what }) => outcome.damaged.push((offset, length, what)),
            Err(error) => outcome.error = Some(error),
        }
    }
    assert!(reader.next().is_none(), "{}: items after the end", path.display());
    (outcome.records, outcome.responses) = (reader.records(), reader.responses());
    outcome
}

#[test]
fn at_least_as_many_responses_as_other_readers() {
    let Some(cases) = cases() else { return };
    let mut worse = Vec::new();
    for row in rows(&cases.join("expected.jsonl")) {
        let file = row["file"].as_str().unwrap();
        let start = Instant::now();
        let outcome = read_file(&cases.join(file));
        assert!(start.elapsed() < Duration::from_secs(20), "{file}: {:?}", start.elapsed());
        let best = |what: &str| {
            let of = |reader: &str| row[format!("{reader}_{what}")].as_u64().unwrap();
            of("warcio").max(of("fastwarc"))
        };
        let refused = matches!(outcome.error, Some(ReadError::Unsupported { .. }));
        // Formats that are not ours, by design: LZ4, and ARC, which is not WARC.
        let format_of_others = file.contains(".arc") || file.contains(".lz4");
        assert_eq!(refused, format_of_others, "{file}: {:?}", outcome.error);
        let (pages, rejected) = (outcome.pages.len() as u64, outcome.rejected.values().sum::<u64>());
        eprintln!(
            "{file}: {}/{} of {}/{}; {pages} pages, {:?}, {:?} {}",
            outcome.records,
            outcome.responses,
            best("records"),
            best("responses"),
            outcome.rejected,
            outcome.damaged,
            outcome.error.as_ref().map(ToString::to_string).unwrap_or_default()
        );
        if !refused {
            assert!(outcome.error.is_none(), "{file}: {:?}", outcome.error);
            assert!(pages + rejected <= outcome.responses, "{file}");
            if outcome.responses < best("responses") || outcome.records < best("records") {
                worse.push(file.to_owned());
            }
        }
    }
    assert_eq!(worse, [""; 0]);
}

#[test]
fn of_damaged_members_every_other_one_is_given() {
    let Some(cases) = cases() else { return };
    // (file, pages, damaged places). The second has 24 members, 5 of them whole; the sixth page is the last, which is cut.
    // Damaged members whose magic number is hit count to the one before.
    for (file, pages, places) in [("bitflips-3.warc.gz", 21, 3), ("bitflips.warc.gz", 6, 18)] {
        let outcome = read_file(&cases.join("made-by-kit").join(file));
        let corrupt = outcome.damaged.iter().filter(|(_, _, what)| *what == Damage::Corrupt).count();
        eprintln!("{file}: {:?}", outcome.damaged);
        assert_eq!((outcome.pages.len(), corrupt), (pages, places), "{file}");
    }
}

#[test]
fn bodies_are_those_before_encoding() {
    let Some(cases) = cases() else { return };
    let folder = cases.join("made-by-kit");
    let outcome = read_file(&folder.join("http-encodings.warc.gz"));
    let truths = rows(&folder.join("http-encodings.jsonl"));
    assert_eq!(outcome.pages.len(), truths.len());
    let mut wrong = Vec::new();
    for (page, truth) in outcome.pages.iter().zip(&truths) {
        let found = data_encoding::HEXLOWER.encode(&Sha1::digest(&page.body));
        if truth["sha1"] != found.as_str() {
            wrong.push(format!("{}: {}", truth["kind"], page.capture.url));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
