//! All that a report shows, from the files of a round.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::data::{Figures, Report, RoundLine, Timing};
use super::figures::Place;
use super::{ReportError, figures, samples};
use crate::boilerplate;
use crate::decontaminate;
use crate::dedup;
use crate::domains;
use crate::edits;
use crate::io::query::Engine;
use crate::io::table::Table;
use crate::quality;
use crate::rank;
use crate::recall;
use crate::task::{Manifest, Row};

/// Gathers what the report of a round shows. The figures are taken from `summary.json` where they are there.
///
/// # Errors
/// The round is not there, or a file of it is damaged.
pub fn gather(place: Place<'_>, configuration: String, engine: &Engine) -> Result<Report, ReportError> {
    let folder = place.folder();
    let path = folder.join("summary.json");
    let summary = read(&path)?.ok_or_else(|| ReportError::NoRound { path: path.clone(), round: place.round })?;
    // A stage that was run by itself since has left the summary behind.
    let holds = collected(&folder.join("shards"))?;
    if let Some(says) = summary["ranking"]["pages"].as_u64().filter(|says| *says != holds) {
        let again = format!("run `corpus-build iterate --round {}` again", place.round);
        return Err(ReportError::form(
            &path,
            format!("it says {says} pages were collected, the shards hold {holds}: {again}"),
        ));
    }
    let figures = match Figures::deserialized(&summary["figures"]) {
        Some(figures) => figures,
        None => figures::figures(place, engine)?,
    };
    let manifest = Manifest::new(place.out);
    let timings: Vec<Timing> =
        stages(place).into_iter().filter_map(|stage| timing(&stage, &manifest.rows(&stage))).collect();
    let mut rounds = Vec::new();
    for round in 1..=place.round {
        let other = if round == place.round {
            Some(summary.clone())
        } else {
            read(&Place { round, ..place }.folder().join("summary.json"))?
        };
        rounds.extend(other.map(|summary| round_line(round, &summary)));
    }
    let card = read(&folder.join("classifier.json"))?.unwrap_or_default();
    let versions = vec![
        ("corpus-build".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("normalisation of the classifier".to_owned(), card["normalisation"].to_string()),
        ("model (xxh3)".to_owned(), card["model_xxh3"].as_str().unwrap_or("unknown").to_owned()),
    ];
    Ok(Report {
        round: place.round,
        card,
        figures,
        rounds,
        samples: samples::of_deciles(place)?,
        beyond: samples::beyond(place)?,
        timings,
        configuration,
        versions,
        summary,
    })
}

/// Pages in the shards of a round.
fn collected(folder: &Path) -> Result<u64, ReportError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(0) };
    let files = entries.flatten().map(|entry| entry.path());
    let shards = files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    shards.map(|path| Ok(Table::open(&path)?.rows())).sum()
}

impl Figures {
    fn deserialized(value: &Value) -> Option<Self> {
        serde_json::from_value(value.clone()).ok()
    }
}

/// A JSON file, where it is there.
fn read(path: &Path) -> Result<Option<Value>, ReportError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ReportError::Read { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| ReportError::form(path, error.to_string()))
}

fn round_line(round: u32, summary: &Value) -> RoundLine {
    let (ranking, convergence) = (&summary["ranking"], &summary["convergence"]);
    RoundLine {
        round,
        pages: ranking["pages"].as_u64().unwrap_or_default(),
        tokens: ranking["tokens"].as_u64().unwrap_or_default(),
        last_score: ranking["last_score"].as_f64(),
        positives: summary["classifier"]["examples"]["positives"].as_u64(),
        average_precision: summary["classifier"]["validation"]["average_precision"].as_f64(),
        pages_share: convergence["pages_share"].as_f64(),
        tokens_share: convergence["tokens_share"].as_f64(),
        converged_share: convergence["converged_share"].as_f64(),
    }
}

/// The stages that have rows: those that all rounds share, then those of the round, each part in the order in which
/// they are known to run, unknown ones at the end of theirs.
fn stages(place: Place<'_>) -> Vec<String> {
    let shared: Vec<&str> = ["extract", quality::stage::NAME]
        .into_iter()
        .chain(dedup::stage::STAGES)
        .chain(boilerplate::stage::STAGES)
        .chain(decontaminate::stage::STAGES)
        .chain([edits::stage::NAME, "seed"])
        .collect();
    let of_round: Vec<&str> = ["train", "score"]
        .into_iter()
        .chain(rank::STAGES)
        .chain(domains::stage::STAGES)
        .chain(recall::STAGES)
        .collect();
    let root = place.out.join("manifest");
    let mut found = Vec::new();
    folders(&root, &root, 0, &mut found);
    let own = format!("rounds/{:02}/", place.round);
    let order = |stage: &str| match stage.strip_prefix(&own) {
        Some(name) => (1, of_round.iter().position(|known| *known == name).unwrap_or(of_round.len())),
        None => (0, shared.iter().position(|known| *known == stage).unwrap_or(shared.len())),
    };
    found.retain(|stage| !stage.starts_with("rounds/") || stage.starts_with(&own));
    found.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.cmp(b)));
    found
}

/// The folders below `folder`, by their paths from `root`.
fn folders(root: &Path, folder: &Path, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        if let Ok(relative) = path.strip_prefix(root) {
            found.push(relative.to_string_lossy().replace('\\', "/"));
        }
        if depth < 4 {
            folders(root, &path, depth + 1, found);
        }
    }
}

fn timing(stage: &str, rows: &[Row]) -> Option<Timing> {
    let first = rows.first()?;
    let mut timing = Timing { stage: stage.to_owned(), version: first.version, ..Timing::default() };
    for row in rows {
        timing.tasks += 1;
        timing.bytes_in += row.bytes_in;
        timing.bytes_out += row.outputs.iter().map(|output| output.bytes).sum::<u64>();
        timing.rows_out += row.outputs.iter().map(|output| output.rows).sum::<u64>();
        timing.wall_s += row.wall_s;
        timing.cpu_s += row.cpu_s;
        timing.longest_s = timing.longest_s.max(row.wall_s);
        timing.memory_peak = timing.memory_peak.max(row.memory_peak);
    }
    Some(timing)
}

/// Counts by name in a JSON object, most first.
pub(super) fn counts(value: &Value) -> Vec<(String, u64)> {
    let found = value.as_object().into_iter().flatten();
    let counts: BTreeMap<&String, u64> = found.filter_map(|(name, n)| Some((name, n.as_u64()?))).collect();
    let mut counts: Vec<(String, u64)> = counts.into_iter().map(|(name, n)| (name.clone(), n)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}
