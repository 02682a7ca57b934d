//! The search: which negatives are mathematics after all, which settings do best on held-out domains, and which
//! examples the model is then trained on.

use std::collections::BTreeSet;
use std::path::Path;

use super::calibrate::Calibration;
use super::card::{Trial, Validation};
use super::curves::{self, Curves};
use super::metrics::{self, Standing};
use super::model::{Linear, Scratch};
use super::settings::Settings;
use super::tokens::{Normaliser, TokenRules};
use super::validate::{HeldOut, Lines, fit_on, hold_out, of_positives, standings};
use super::{ClassifyError, Example, domains};

/// Folds of the validation.
pub(super) const FOLDS: usize = 4;
/// Positives that the validation uses at most.
const SEARCH_POSITIVES_MAX: usize = 1_500;
/// Negatives for each positive at most.
const NEGATIVES_PER_POSITIVE: usize = 3;
/// Negatives that are used in any case, where they are there.
const NEGATIVES_MIN: usize = 300;
pub(super) fn lines(examples: &[Example], rules: TokenRules) -> Lines<'_> {
    let mut normaliser = Normaliser::new(rules);
    let mut tokens = |example: &Example| {
        let mut out = String::new();
        normaliser.normalise(&example.text, &mut out);
        out
    };
    Lines { examples, tokens: examples.iter().map(&mut tokens).collect() }
}

/// The examples that the validation works with: positives and negatives with capped domains.
pub(super) fn search_set(examples: &[Example], positives: &[usize], negatives: &[usize], seed: u64) -> Vec<usize> {
    let mut set = domains::sample(examples, positives, SEARCH_POSITIVES_MAX, seed);
    let negatives_max = (NEGATIVES_PER_POSITIVE * set.len()).max(NEGATIVES_MIN);
    set.extend(domains::sample(examples, negatives, negatives_max, seed));
    set
}

/// Negatives that look like mathematics, and the estimate of how much there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Cleaned {
    pub(super) dropped: BTreeSet<usize>,
    math_share: Option<f64>,
}

/// What the passes of the search share.
pub(super) struct Search<'a> {
    pub(super) examples: &'a [Example],
    pub(super) seed: u64,
    pub(super) scratch: &'a Path,
    pub(super) set: Vec<usize>,
    pub(super) folds: Option<Vec<usize>>,
    /// Share of the crawl that is taken for mathematics and that no negative is drawn from.
    pub(super) taken: f64,
}

/// How settings did on held-out domains.
pub(super) struct Outcome {
    folds: usize,
    held_out: Vec<(HeldOut, bool, Standing)>,
    /// The standings of the positives among all of the crawl.
    positives: Vec<Standing>,
    /// Share of mathematics among the negatives.
    sample_share: f64,
    /// Share of the crawl that negatives are not drawn from.
    taken: f64,
}

impl Search<'_> {
    /// The first pass: finds the negatives that look like mathematics.
    pub(super) fn clean(&self, lines: &Lines<'_>) -> Result<Cleaned, ClassifyError> {
        let Some(folds) = &self.folds else { return Ok(Cleaned::default()) };
        let nothing = BTreeSet::new();
        let held_out = hold_out(lines, &self.set, folds, &nothing, &Settings::small(), self.seed, self.scratch)?;
        let all = standings(self.examples, &held_out);
        let math_share = metrics::math_share_max(&of_positives(self.examples, &held_out, &all));
        let like_math = |(h, standing): &(&HeldOut, &Standing)| {
            let example = &self.examples[h.index];
            !example.positive && !example.refused && standing.share_above < math_share
        };
        let mut dropped: BTreeSet<usize> = held_out.iter().zip(&all).filter(like_math).map(|(h, _)| h.index).collect();
        // Where each fold is to be judged by a model of the others, those must have both sides left.
        let left = |fold: usize| {
            let others = self.set.iter().zip(folds).filter(|(_, of)| **of != fold);
            others.map(|(i, _)| i).any(|i| !self.examples[*i].positive && !dropped.contains(i))
        };
        if !(0..=folds.iter().copied().max().unwrap_or_default()).all(left) {
            dropped.clear();
        }
        Ok(Cleaned { dropped, math_share: Some(math_share) })
    }

    /// How `settings` do on held-out domains; `None` where no domain can be held out.
    pub(super) fn outcome(
        &self,
        lines: &Lines<'_>,
        settings: &Settings,
        cleaned: &Cleaned,
    ) -> Result<Option<Outcome>, ClassifyError> {
        let Some(folds) = &self.folds else { return Ok(None) };
        let held_out = hold_out(lines, &self.set, folds, &cleaned.dropped, settings, self.seed, self.scratch)?;
        let all = standings(self.examples, &held_out);
        let positives = of_positives(self.examples, &held_out, &all);
        let sample_share = cleaned.math_share.unwrap_or_else(|| metrics::math_share_max(&positives));
        Ok(Some(Outcome {
            folds: folds.iter().max().map_or(0, |last| last + 1),
            held_out: held_out.iter().zip(all).map(|(h, s)| (*h, self.examples[h.index].positive, s)).collect(),
            positives: metrics::among_all(&positives, self.taken),
            sample_share,
            taken: self.taken,
        }))
    }

    /// The second pass: the first candidate that is about as good as the best, and its lines.
    pub(super) fn choose<'b>(
        &self,
        start: Lines<'b>,
        cleaned: &Cleaned,
    ) -> Result<(Settings, Lines<'b>, Option<Outcome>, Vec<Trial>), ClassifyError> {
        let (examples, mut lines_now) = (start.examples, (Settings::small().tokens, start));
        let mut outcomes: Vec<(Settings, Outcome)> = Vec::new();
        for settings in Settings::candidates() {
            if settings.tokens != lines_now.0 {
                lines_now = (settings.tokens, lines(examples, settings.tokens));
            }
            let Some(outcome) = self.outcome(&lines_now.1, &settings, cleaned)? else { break };
            outcomes.push((settings, outcome));
        }
        let trial = |(settings, outcome): &(Settings, Outcome)| Trial {
            settings: *settings,
            average_precision: outcome.average_precision(),
            area_under_curve: metrics::area_under_curve(&outcome.positives),
        };
        let tried = outcomes.iter().map(trial).collect();
        let best = outcomes.iter().map(|(_, outcome)| outcome).reduce(|best, outcome| {
            if outcome.average_precision() > best.average_precision() { outcome } else { best }
        });
        let chosen = best
            .and_then(|best| outcomes.iter().position(|(_, outcome)| outcome.is_about_as_good_as(best, self.examples)));
        let (settings, outcome) = match chosen {
            Some(chosen) => {
                let (settings, outcome) = outcomes.swap_remove(chosen);
                (settings, Some(outcome))
            }
            None => (Settings::small(), None),
        };
        if settings.tokens != lines_now.0 {
            lines_now.1 = lines(examples, settings.tokens);
        }
        Ok((settings, lines_now.1, outcome, tried))
    }

    /// All positives and negatives with capped domains, without negatives that look like mathematics.
    pub(super) fn final_set(
        &self,
        lines: &Lines<'_>,
        positives: &[usize],
        negatives: &[usize],
        settings: &Settings,
        cleaned: &Cleaned,
    ) -> Result<Vec<usize>, ClassifyError> {
        let mut used = domains::sample(self.examples, positives, usize::MAX, self.seed);
        let negatives_max = (NEGATIVES_PER_POSITIVE * used.len()).max(NEGATIVES_MIN);
        let negatives = domains::sample(self.examples, negatives, negatives_max, self.seed);
        let searched: BTreeSet<usize> = self.set.iter().copied().collect();
        let (refused, mut beyond): (Vec<usize>, Vec<usize>) =
            negatives.iter().filter(|i| !searched.contains(i)).partition(|i| self.examples[**i].refused);
        used.extend(refused);
        if let (Some(math_share), false) = (cleaned.math_share, beyond.is_empty()) {
            let train: Vec<usize> = self.set.iter().copied().filter(|i| !cleaned.dropped.contains(i)).collect();
            let linear = Linear::of(&fit_on(lines, &train, settings, self.seed, self.scratch)?)?;
            let mut buffers = Scratch::default();
            let mut scored: Vec<(f64, usize)> = beyond
                .iter()
                .map(|i| (linear.logit(&lines.tokens[*i], &mut buffers).unwrap_or(f64::NEG_INFINITY), *i))
                .collect();
            scored.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            scored.truncate(scored.len() - (scored.len() as f64 * math_share) as usize);
            beyond = scored.into_iter().map(|(_, i)| i).collect();
        }
        used.extend(negatives.into_iter().filter(|i| searched.contains(i) && !cleaned.dropped.contains(i)));
        used.extend(beyond);
        used.sort_unstable();
        Ok(used)
    }
}

impl Outcome {
    /// Share of mathematics in the crawl.
    fn math_share(&self) -> f64 {
        self.taken + (1.0 - self.taken) * self.sample_share
    }

    fn average_precision(&self) -> f64 {
        metrics::average_precision(&self.positives, self.math_share())
    }

    /// Whether `best` is ahead by no more than two standard errors of the difference.
    fn is_about_as_good_as(&self, best: &Self, examples: &[Example]) -> bool {
        let precisions = |outcome: &Self| metrics::precisions(&outcome.positives, outcome.math_share());
        let differences: Vec<f64> =
            precisions(best).iter().zip(precisions(self)).map(|(best, own)| best - own).collect();
        let domains: Vec<&str> = self
            .held_out
            .iter()
            .filter(|(_, positive, _)| *positive)
            .map(|(h, ..)| examples[h.index].domain.as_str())
            .collect();
        let (mean, error) = metrics::mean_and_error(&differences, &self.positives, &domains);
        mean <= 2.0 * error
    }

    /// Calibration on the shared scale: positives weigh as much as the mathematics of the crawl, the negatives that
    /// don't look like mathematics as much as the rest.
    pub(super) fn calibration(&self) -> Option<Calibration> {
        Calibration::fit(&self.points())
    }

    /// Precision against recall, and the calibration's predictions beside what is.
    pub(super) fn curves(&self) -> Curves {
        let calibration = self.calibration().unwrap_or(Calibration::NONE);
        let predicted =
            |(logit, positive, weight): (f64, bool, f64)| (calibration.probability(logit), positive, weight);
        let predicted: Vec<_> = self.points().into_iter().map(predicted).collect();
        Curves {
            precision_recall: curves::precision_recall(&metrics::precision_recall(&self.positives, self.math_share())),
            calibration: curves::calibration(&predicted),
        }
    }

    /// Logit, side and weight of what the calibration is fitted to.
    fn points(&self) -> Vec<(f64, bool, f64)> {
        let other = |(_, positive, standing): &&(HeldOut, bool, Standing)| {
            !*positive && standing.share_above >= self.sample_share
        };
        let negatives = self.held_out.iter().filter(other).count() as f64;
        let weights: f64 = self.positives.iter().map(|s| s.weight).sum();
        self.held_out
            .iter()
            .filter(|held| held.1 || other(held))
            .map(|(h, positive, standing)| {
                let weight = if *positive {
                    self.math_share() * standing.weight / weights
                } else {
                    (1.0 - self.math_share()) / negatives
                };
                (h.logit, *positive, weight)
            })
            .collect()
    }

    pub(super) fn validation(&self) -> Validation {
        let calibration = self.calibration().unwrap_or(Calibration::NONE);
        let kept = |held: &&(HeldOut, bool, Standing)| calibration.probability(held.0.logit) >= 0.5;
        let n = |positive: bool| self.held_out.iter().filter(|held| held.1 == positive).count();
        let n_kept = |positive: bool| self.held_out.iter().filter(kept).filter(|held| held.1 == positive).count();
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let recall = ratio(n_kept(true) as f64, n(true) as f64);
        let share = self.taken * recall + (1.0 - self.taken) * ratio(n_kept(false) as f64, n(false) as f64);
        Validation {
            folds: self.folds,
            positives: n(true),
            negatives: n(false),
            math_share: self.math_share(),
            average_precision: self.average_precision(),
            area_under_curve: metrics::area_under_curve(&self.positives),
            recall,
            precision_uncorrected: ratio(n_kept(true) as f64, (n_kept(true) + n_kept(false)) as f64),
            precision: ratio(self.math_share() * recall, share).min(1.0),
        }
    }
}
