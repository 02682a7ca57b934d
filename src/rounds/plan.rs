//! Stages run one after another, or only looked at.

use super::{RoundError, Until};
use crate::boilerplate;
use crate::decontaminate;
use crate::dedup;
use crate::domains;
use crate::edits;
use crate::quality;
use crate::rank;
use crate::recall;
use crate::task::{Row, Runner, Stage, StageState, TaskError};

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanState {
    /// So far.
    Known(StageState),
    /// It waits for an earlier stage.
    Waits,
    /// It waits for somebody's annotations.
    WaitsForAnnotations,
}

/// A line of a plan: a stage, and how far it is.
pub type PlanLine = (String, PlanState);

/// The stages that the rounds share.
fn shared() -> Vec<String> {
    let names = ["extract", quality::stage::NAME].into_iter().chain(dedup::stage::STAGES);
    let names = names.chain(boilerplate::stage::STAGES).chain(decontaminate::stage::STAGES);
    names.chain([edits::stage::NAME, "seed"]).map(str::to_owned).collect()
}

fn of_round(round: u32, last: bool) -> impl Iterator<Item = String> {
    let recall = if last { &[][..] } else { &recall::STAGES[..] };
    let names =
        ["train", "score"].into_iter().chain(rank::STAGES).chain(domains::stage::STAGES).chain(recall.iter().copied());
    names.map(move |name| stage_name(round, name))
}

/// The name of a round's stage.
pub(super) fn stage_name(round: u32, stage: &str) -> String {
    format!("rounds/{round:02}/{stage}")
}

/// The states of some stages, in order, as their module tells them.
pub(super) type States = Vec<(&'static str, Option<StageState>)>;

/// Goes through stages: runs them, or looks how far they are.
pub(super) struct Walk<'a> {
    runner: &'a Runner,
    /// What was seen, where nothing is run.
    seen: Option<Vec<PlanLine>>,
}

impl<'a> Walk<'a> {
    pub(super) fn running(runner: &'a Runner) -> Self {
        Self { runner, seen: None }
    }

    pub(super) fn looking(runner: &'a Runner) -> Self {
        Self { runner, seen: Some(Vec::new()) }
    }

    /// Whether nothing is run.
    pub(super) fn is_looking(&self) -> bool {
        self.seen.is_some()
    }

    /// The rows of a stage; `None` where it is not done and nothing is run.
    pub(super) fn step(&mut self, name: &str, stage: &Stage<'_>) -> Result<Option<Vec<Row>>, TaskError> {
        match &mut self.seen {
            None => self.runner.run(stage).map(Some),
            Some(seen) => {
                seen.push((name.to_owned(), PlanState::Known(self.runner.state(stage))));
                Ok(self.runner.rows(stage))
            }
        }
    }

    /// As [`step`](Self::step), of stages that a module runs itself.
    pub(super) fn group<T>(
        &mut self,
        round: Option<u32>,
        run: impl FnOnce() -> Result<T, TaskError>,
        look: impl FnOnce() -> (States, Option<T>),
    ) -> Result<Option<T>, TaskError> {
        let Some(seen) = &mut self.seen else { return run().map(Some) };
        let (states, found) = look();
        seen.extend(states.into_iter().filter_map(|(name, state)| {
            let name = round.map_or_else(|| name.to_owned(), |round| stage_name(round, name));
            Some((name, PlanState::Known(state?)))
        }));
        Ok(found)
    }

    /// Says that the recall of a round waits for annotations; an error where stages are run.
    pub(super) fn wait(&mut self, round: u32, error: RoundError) -> Result<(), RoundError> {
        let Some(seen) = &mut self.seen else { return Err(error) };
        seen.extend(recall::STAGES.map(|name| (stage_name(round, name), PlanState::WaitsForAnnotations)));
        Ok(())
    }

    /// All stages in order, those that nothing is known of too.
    pub(super) fn lines(self, until: Until) -> Vec<PlanLine> {
        let seen = self.seen.unwrap_or_default();
        let mut lines: Vec<PlanLine> = Vec::new();
        let mut add = |names: &mut dyn Iterator<Item = String>| {
            let state = |name: &String| seen.iter().find(|(of, _)| of == name).map_or(PlanState::Waits, |(_, s)| *s);
            let from = lines.len();
            lines.extend(names.map(|name| (state(&name), name)).map(|(state, name)| (name, state)));
            lines[from..].iter().all(|(_, state)| is_known_and_done(*state))
        };
        let mut done = add(&mut shared().into_iter());
        for round in 1..=until.last() {
            // How many rounds there will be is not known: those are told that have begun, and the next one.
            let begun = seen.iter().any(|(name, _)| name.starts_with(&stage_name(round, "")));
            if matches!(until, Until::Converged { .. }) && round > 1 && !(begun || done) {
                break;
            }
            done = add(&mut of_round(round, round == until.last()));
        }
        lines
    }
}

fn is_known_and_done(state: PlanState) -> bool {
    matches!(state, PlanState::Known(state) if state.done == state.tasks)
}

/// Whether all that a round and the shared stages make is done, its recall aside.
pub(super) fn is_done(lines: &[PlanLine], round: u32) -> bool {
    let names: Vec<String> = shared().into_iter().chain(of_round(round, true)).collect();
    names.iter().all(|name| lines.iter().any(|(of, state)| of == name && is_known_and_done(*state)))
}
