//! What a round came to: its figures in `summary.json`, which holds no times, so that equal rounds have equal summaries,
//! and `report.html`, which shows them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::flow::{OfRound, Shared, all_of};
use super::{RoundError, Rounds};
use crate::edits::stage::Editing;
use crate::io::query::Engine;
use crate::io::table::write_file;
use crate::recall::Recalled;
use crate::report::figures::Place;
use crate::report::gather::gather;
use crate::report::{self, ReportError};
use crate::task::{Row, SPILL};

/// What a round came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Which round.
    pub round: u32,
    /// The figures, as in `summary.json`.
    pub figures: Value,
    /// Where the shards are.
    pub shards: PathBuf,
}

/// The rows that a summary is made of.
pub(super) struct Figures<'a> {
    pub(super) shared: &'a Shared,
    pub(super) of_round: &'a OfRound,
    /// What it was trained on, from the second round on.
    pub(super) recalled: Option<&'a Recalled>,
}

/// Whether the rounds have converged: the round before held the share `at_least` of this one's collection, by pages and
/// by tokens. The first round never has.
pub(super) fn is_converged(overlap: Option<&Row>, at_least: f64) -> bool {
    overlap.is_some_and(|row| converged(&row.facts, at_least))
}

/// As the rounds decide it, by the figures of a round's `convergence`.
#[must_use]
pub fn converged(convergence: &Value, at_least: f64) -> bool {
    ["pages_share", "tokens_share"].iter().all(|key| convergence[*key].as_f64().is_some_and(|share| share >= at_least))
}

/// Writes the summary of a round.
pub(super) fn write(rounds: &Rounds<'_>, figures: &Figures<'_>) -> Result<Summary, RoundError> {
    let round = figures.of_round.round;
    let mut value = figures.told(rounds);
    let runner = rounds.runner;
    let place = Place { out: &runner.out, round };
    let engine = Engine::start(runner.memory, runner.threads, &runner.out.join(SPILL)).map_err(ReportError::from)?;
    value["figures"] = serde_json::to_value(report::figures::figures(place, &engine)?).unwrap_or_default();
    let text = serde_json::to_vec_pretty(&value).unwrap_or_default();
    write_file(&rounds.summary_file(round), &text, 0)?;
    let gathered = gather(place, rounds.config.told.clone(), &engine)?;
    write_file(&rounds.folder(round).join("report.html"), report::html::report(&gathered).as_bytes(), 0)?;
    Ok(Summary { round, figures: value, shards: rounds.folder(round).join("shards") })
}

impl Figures<'_> {
    fn told(&self, rounds: &Rounds<'_>) -> Value {
        let Self { shared, of_round, recalled } = self;
        let (round, extracted) = (of_round.round, &shared.extracted);
        let (tally, quality) = (all_of(extracted), all_of(&shared.quality));
        let mut records: BTreeMap<String, u64> = BTreeMap::new();
        let mut languages: BTreeMap<String, u64> = BTreeMap::new();
        let mut forms: BTreeMap<String, u64> = BTreeMap::new();
        let (mut tokens, mut formulas) = (0, 0);
        for row in extracted {
            let add = |into: &mut BTreeMap<String, u64>, from: &Value| {
                for (key, n) in from.as_object().into_iter().flatten() {
                    *into.entry(key.clone()).or_default() += n.as_u64().unwrap_or_default();
                }
            };
            add(&mut records, &row.facts["records"]);
            add(&mut languages, &row.facts["languages"]);
            add(&mut forms, &row.facts["forms"]);
            tokens += row.facts["tokens"].as_u64().unwrap_or_default();
            formulas += row.facts["formulas"].as_u64().unwrap_or_default();
        }
        let (cut, shards) = (&of_round.ranked.cut.facts, of_round.ranked.shards.len());
        let budget = rounds.config.rank().map_or(0, |rank| rank.token_budget(round).0);
        let at_least = rounds.config.rounds.converged_share;
        json!({
            "round": round,
            "crawl": { "files": extracted.len(), "records": records, "body_bytes": extracted.iter().map(|r| r.bytes_in).sum::<u64>() },
            "pages": { "seen": tally.seen, "kept": tally.kept, "rejected": tally.rejected, "languages": languages, "tokens": tokens, "formulas": formulas, "forms": forms },
            "quality": { "seen": quality.seen, "kept": quality.kept, "rejected": quality.rejected },
            "dedup": shared.deduplicated.facts,
            "boilerplate": shared.boilerplate.as_ref().map(|row| &row.facts),
            "decontamination": shared.decontaminated.as_ref().map(|row| &row.facts),
            "edits": shared.edited.as_ref().map(|rows| Editing::facts(rows)),
            "seed": recalled.map_or(&shared.seed.facts, |recalled| &recalled.row.facts),
            "classifier": of_round.trained.facts,
            "ranking": { "pages": cut["pages"], "tokens": cut["tokens"], "token_budget": budget, "last_score": cut["last_score"], "shards": shards },
            "convergence": of_round.ranked.overlap.as_ref().map(|row| convergence(&row.facts, at_least)),
        })
    }
}

fn convergence(overlap: &Value, at_least: f64) -> Value {
    let mut told = overlap.clone();
    if let Some(told) = told.as_object_mut() {
        told.remove("shards");
        told.insert("converged_share".to_owned(), at_least.into());
        told.insert("converged".to_owned(), converged(overlap, at_least).into());
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_tokens_must_both_have_been_there() {
        let of = |pages: f64, tokens: f64| converged(&json!({ "pages_share": pages, "tokens_share": tokens }), 0.98);
        assert_eq!([of(0.99, 0.98), of(0.99, 0.97), of(0.9, 1.0)], [true, false, false]);
        assert!(!converged(&Value::Null, 0.5));
    }
}
