//! The stages in their order: once those that the rounds share, then those of each round.

use std::collections::BTreeMap;

use super::plan::{States, Walk};
use super::summary::{Figures, is_converged};
use super::{RoundError, Rounds, Until};
use crate::boilerplate::stage::Searching;
use crate::classify::draw::Eligible;
use crate::classify::seed;
use crate::classify::stage::{CLASSIFIER_FILES, Classifying, Training, negative_files};
use crate::decontaminate;
use crate::decontaminate::benchmarks;
use crate::decontaminate::stage::Decontaminating;
use crate::dedup;
use crate::domains::stage::{self as domains, Analysis, Last};
use crate::edits::stage::{self as edits, Editing};
use crate::extract;
use crate::io::store::Location;
use crate::pages::Pages;
use crate::quality;
use crate::rank::{Ranked, Ranking};
use crate::recall::{Recalled, Recalling};
use crate::reject::Tally;
use crate::task::{Artifact, Input, Row, Runner, TaskError};

/// What the rounds share.
pub(super) struct Shared {
    pub(super) extracted: Vec<Row>,
    pub(super) quality: Vec<Row>,
    pub(super) deduplicated: Row,
    pub(super) boilerplate: Option<Row>,
    pub(super) decontaminated: Option<Row>,
    /// The edits of each page file; `None` where nothing edits pages.
    pub(super) edited: Option<Vec<Row>>,
    pub(super) seed: Row,
    pages: Pages,
    survivors: Artifact,
    clean: Option<Vec<Artifact>>,
    edits: Option<Vec<Artifact>>,
    positives: Artifact,
    negatives: Option<Artifact>,
}

/// What one round made.
pub(super) struct OfRound {
    pub(super) round: u32,
    pub(super) trained: Row,
    scores: Vec<Artifact>,
    pub(super) ranked: Ranked,
}

/// The stages of a run.
pub(super) struct Flow<'a> {
    rounds: &'a Rounds<'a>,
    positives: Vec<Location>,
    negatives: Option<Vec<Location>>,
}

fn output(runner: &Runner, row: &Row, ending: &'static str) -> Result<Artifact, RoundError> {
    Artifact::of(runner, row, ending).ok_or_else(|| RoundError::Output { stage: row.stage.clone(), output: ending })
}

/// The classifier's files as inputs, named as the command `classify score` names them.
fn classifier_inputs(runner: &Runner, row: &Row) -> BTreeMap<String, Input> {
    let files =
        CLASSIFIER_FILES.iter().filter_map(|name| Some(((*name).to_owned(), Artifact::of(runner, row, name)?.input)));
    files.collect()
}

/// What a look at stages found, with the rows made into something else.
fn looked<T>((states, rows): (States, Option<Vec<Row>>), make: impl FnOnce(Vec<Row>) -> T) -> (States, Option<T>) {
    (states, rows.map(make))
}

/// The tallies of some rows together.
pub(super) fn all_of(rows: &[Row]) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        tally.add(&row.tally);
    }
    tally
}

impl<'a> Flow<'a> {
    pub(super) fn new(rounds: &'a Rounds<'a>) -> Result<Self, RoundError> {
        let failed = |source| RoundError::Seed { source };
        let positives = seed::resolve(rounds.config.positives()?, rounds.store).map_err(failed)?;
        let negatives = negative_files(&rounds.config.seed).map(|files| seed::resolve(files, rounds.store)).transpose();
        Ok(Self { rounds, positives, negatives: negatives.map_err(failed)? })
    }

    /// Reads the benchmarks before the crawl is read: what is wrong with them is better known then.
    pub(super) fn check_benchmarks(&self) -> Result<(), RoundError> {
        let rules = &self.rounds.config.decontaminate;
        let files = benchmarks::list(&rules.benchmarks)?;
        let done = !self.rounds.runner.manifest().rows(decontaminate::stage::STAGES[0]).is_empty();
        if !files.is_empty() && !done {
            benchmarks::read(&files, &decontaminate::stage::rules(rules))?;
        }
        Ok(())
    }

    /// Goes through all stages; hands the figures of each round to `each` before the next one begins. Ends early where
    /// nothing is run and something is not done.
    pub(super) fn go(
        &self,
        walk: &mut Walk<'_>,
        until: Until,
        each: &mut dyn FnMut(&Figures<'_>) -> Result<(), RoundError>,
    ) -> Result<(), RoundError> {
        let Some(shared) = self.shared(walk)? else { return Ok(()) };
        let mut earlier: Vec<Artifact> = Vec::new();
        let mut recalled: Option<Recalled> = None;
        for round in 1..=until.last() {
            let Some(made) = self.round(walk, &shared, round, recalled.as_ref(), &earlier)? else { return Ok(()) };
            each(&Figures { shared: &shared, of_round: &made, recalled: recalled.as_ref() })?;
            let converged = is_converged(made.ranked.overlap.as_ref(), self.rounds.config.rounds.converged_share);
            if round == until.last() || (matches!(until, Until::Converged { .. }) && converged) {
                break;
            }
            let positives = recalled.map_or_else(|| shared.positives.clone(), |recalled| recalled.positives);
            recalled = self.recall(walk, &shared, &made, &positives)?;
            if recalled.is_none() {
                return Ok(());
            }
            earlier.push(output(self.rounds.runner, &made.ranked.cut, "ranking.parquet")?);
        }
        Ok(())
    }

    fn shared(&self, walk: &mut Walk<'_>) -> Result<Option<Shared>, RoundError> {
        let Rounds { config, runner, store, sources } = self.rounds;
        let random_seed = config.seed.random_seed;
        // The seed first: it is small, and what is wrong with it is better known before the crawl is read.
        let max = (config.seed.positives_max, config.seed.negatives_max);
        let seeded =
            walk.step("seed", &seed::stage(runner, store, "positives", &self.positives, max.0, random_seed))?;
        let negatives = match &self.negatives {
            None => Some(None),
            Some(files) => walk
                .step("seed/negatives", &seed::stage(runner, store, "negatives", files, max.1, random_seed))?
                .map(|rows| output(runner, &rows[0], "negatives.parquet"))
                .transpose()?
                .map(Some),
        };
        let Some(extracted) = walk.step("extract", &extract::stage::stage(runner, config, sources, store))? else {
            return Ok(None);
        };
        if !walk.is_looking() {
            for folder in ["pages", "forms"] {
                runner.manifest().remove_strangers(&runner.out.join(folder), &extracted).map_err(TaskError::from)?;
            }
            let tally = all_of(&extracted);
            if tally.kept == 0 {
                let reasons: Vec<String> = tally.rejected.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
                return Err(RoundError::NoPages { seen: tally.seen, reasons: reasons.join(", ") });
            }
        }
        let pages = Pages::of(runner, &extracted);
        let quality = walk.step(quality::stage::NAME, &quality::stage::stage(runner, &config.quality, &pages))?;
        let deduplicated = match &quality {
            None => None,
            Some(verdicts) => walk.group(
                None,
                || dedup::stage::run(runner, &config.dedup, &pages, Some(verdicts)),
                || dedup::stage::plan(runner, &config.dedup, &pages, Some(verdicts)),
            )?,
        };
        let survivors = deduplicated.as_ref().map(|row| output(runner, row, "survivors.parquet")).transpose()?;
        let (rules, buckets) = (&config.boilerplate, config.dedup.buckets);
        let searching = Searching { runner, pages: &pages, rules, buckets };
        let repeated = match &survivors {
            None => None,
            Some(survivors) => walk.group(
                None,
                || searching.run(survivors),
                || looked(searching.plan(Some(survivors)), |rows| (rows, None)),
            )?,
        };
        let decontaminating = Decontaminating::new(runner, &pages, &config.decontaminate, config.extract.tokenizer)?;
        let cleaned =
            walk.group(None, || decontaminating.run(), || looked(decontaminating.plan(), |rows| (rows, None)))?;
        let (
            Some(seeded),
            Some(negatives),
            Some(quality),
            Some(deduplicated),
            Some(survivors),
            Some((repeated, boilerplate)),
            Some((cleaned, decontaminated)),
        ) = (seeded, negatives, quality, deduplicated, survivors, repeated, cleaned)
        else {
            return Ok(None);
        };
        let editing = Editing {
            runner,
            pages: &pages,
            masking: config.masking,
            tokenizer: config.extract.tokenizer,
            boilerplate: searching.tables(&repeated),
            clean: decontaminating.tables(&cleaned),
            decontaminating: &decontaminating,
        };
        let edited = walk.group(
            None,
            || editing.run(),
            || {
                let (state, rows) = editing.plan();
                (vec![(edits::NAME, Some(state))], rows)
            },
        )?;
        let Some(edited) = edited else { return Ok(None) };
        let (clean, edits) = (decontaminating.tables(&cleaned), editing.tables(&edited));
        let edited = editing.is_on().then_some(edited);
        drop(decontaminating);
        Ok(Some(Shared {
            positives: output(runner, &seeded[0], "positives.parquet")?,
            seed: seeded[0].clone(),
            extracted,
            quality,
            deduplicated,
            boilerplate,
            decontaminated,
            edited,
            pages,
            survivors,
            clean,
            edits,
            negatives,
        }))
    }

    fn round(
        &self,
        walk: &mut Walk<'_>,
        shared: &Shared,
        round: u32,
        recalled: Option<&Recalled>,
        earlier: &[Artifact],
    ) -> Result<Option<OfRound>, RoundError> {
        let Rounds { config, runner, .. } = self.rounds;
        let pages = &shared.pages;
        let classifying = Classifying { runner, pages, seed: &config.seed, rules: &config.classifier, round };
        let training = match recalled {
            None => Training {
                positives: &shared.positives,
                negatives: shared.negatives.as_ref(),
                refused: None,
                eligible: Eligible::Survivors(&shared.survivors),
            },
            Some(recalled) => Training {
                positives: &recalled.positives,
                negatives: shared.negatives.as_ref(),
                refused: recalled.refused.as_ref(),
                eligible: Eligible::Left(&recalled.roles),
            },
        };
        let name = |stage: &str| super::plan::stage_name(round, stage);
        let Some(trained) = walk.step(&name("train"), &classifying.train_stage(training))? else { return Ok(None) };
        let score = classifying.score_stage(&classifier_inputs(runner, &trained[0]));
        let Some(scored) = walk.step(&name("score"), &score)? else { return Ok(None) };
        let scores = scored.iter().map(|row| output(runner, row, ".parquet")).collect::<Result<Vec<_>, _>>()?;
        let (rules, edits, earlier) = (config.rank()?, shared.edits.clone(), earlier.to_vec());
        let ranking = Ranking { runner, pages, rules, round, edits, earlier };
        let ranked = walk.group(
            Some(round),
            || ranking.run(&shared.survivors, &scores),
            || ranking.plan(Some(&shared.survivors), Some(&scores)),
        )?;
        let Some(ranked) = ranked else { return Ok(None) };
        let made = OfRound { round, trained: trained[0].clone(), scores, ranked };
        Ok(self.analyse(walk, shared, &made)?.then_some(made))
    }

    /// Which domains are mathematical, and which of their URLs; whether that is known.
    fn analyse(&self, walk: &mut Walk<'_>, shared: &Shared, made: &OfRound) -> Result<bool, RoundError> {
        let Rounds { config, runner, .. } = self.rounds;
        let (round, random_seed) = (made.round, config.seed.random_seed);
        let analysis = Analysis { runner, pages: &shared.pages, config: &config.domains, round, random_seed };
        let ranked = domains::Ranked {
            survivors: shared.survivors.clone(),
            scores: made.scores.clone(),
            ordered: self.ordered(made)?,
            last: Last::of(&made.ranked.cut),
        };
        let look = || {
            let states = analysis.plan(Some(&ranked));
            let done = states.iter().all(|(_, state)| state.is_some_and(|state| state.done == state.tasks));
            (states, done.then_some(()))
        };
        Ok(walk.group(Some(round), || analysis.run(&ranked).map(drop), look)?.is_some())
    }

    fn ordered(&self, made: &OfRound) -> Result<Vec<Artifact>, RoundError> {
        made.ranked.ordered.iter().map(|row| output(self.rounds.runner, row, ".parquet")).collect()
    }

    fn recall(
        &self,
        walk: &mut Walk<'_>,
        shared: &Shared,
        made: &OfRound,
        positives: &Artifact,
    ) -> Result<Option<Recalled>, RoundError> {
        let Rounds { config, runner, .. } = self.rounds;
        let verdicts = match self.rounds.verdicts(made.round) {
            Ok(verdicts) => verdicts,
            Err(error @ RoundError::Unsettled { .. }) => {
                walk.wait(made.round, error)?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let order = self.ordered(made)?;
        let recalling = Recalling {
            runner,
            pages: &shared.pages,
            rules: &config.recall,
            random_seed: config.seed.random_seed,
            round: made.round,
            order: &order,
            last: Last::of(&made.ranked.cut),
            verdicts,
            positives,
            clean: shared.clean.as_deref(),
        };
        Ok(walk.group(Some(made.round), || recalling.run(), || recalling.plan())?)
    }
}
