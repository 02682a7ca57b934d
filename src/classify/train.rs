//! From examples to a classifier: the choice of settings, the clean-up of the negatives, the model, the calibration.
//!
//! The negatives are random pages of the crawl, and some of those are mathematics that nobody labelled. So training
//! has two passes: models that have not seen a page's domain score it; the top of the negatives, as many as the crawl
//! is estimated to hold mathematics, is left out; then candidates are compared on held-out domains and the best one is
//! trained on everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use super::calibrate::Calibration;
use super::card::{Card, DomainPages, Examples, Trial, Validation};
use super::metrics::{self, Standing};
use super::model::{Linear, Scratch};
use super::settings::{Settings, SettingsChoice};
use super::tokens::{NORMALISATION_VERSION, Normaliser, TokenRules};
use super::validate::{HeldOut, Lines, Scale, fit_on, hold_out, of_positives, standings};
use super::{ClassifyError, Example, domains};

/// Folds of the validation.
const FOLDS: usize = 4;
/// Positives that the validation uses at most.
const SEARCH_POSITIVES_MAX: usize = 1_500;
/// Negatives for each positive at most.
const NEGATIVES_PER_POSITIVE: usize = 3;
/// Negatives that are used in any case, where they are there.
const NEGATIVES_MIN: usize = 300;
/// Domains that the card names.
const CARD_DOMAINS_MAX: usize = 100;

/// A trained classifier, as it is stored.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model in fastText's `.bin` format.
    pub model: Vec<u8>,
    /// What is known of it.
    pub card: Card,
}

/// Trains a classifier; the same examples in the same order, choice and seed give the same bytes.
///
/// `scratch` is a folder for the training file (removed again), about as large as the texts.
///
/// # Errors
/// [`ClassifyError::EmptySide`] where positives or negatives have no token at all, and where fastText fails.
pub fn train(
    examples: &[Example],
    choice: &SettingsChoice,
    seed: u64,
    scratch: &Path,
) -> Result<Trained, ClassifyError> {
    let start = match choice {
        SettingsChoice::Auto => Settings::small(),
        SettingsChoice::Paper => Settings::paper(),
        SettingsChoice::Fixed(settings) => *settings,
    };
    start.check()?;
    let lines = lines(examples, start.tokens);
    let side = |positive: bool| -> Vec<usize> {
        (0..examples.len()).filter(|i| examples[*i].positive == positive && !lines.tokens[*i].is_empty()).collect()
    };
    let (positives, negatives) = (side(true), side(false));
    for (name, of_side) in [("positive", &positives), ("negative", &negatives)] {
        if of_side.is_empty() {
            return Err(ClassifyError::EmptySide {
                side: name,
                positives: positives.len(),
                negatives: negatives.len(),
            });
        }
    }
    let search = search_set(examples, &positives, &negatives, seed);
    let search = Search { examples, seed, scratch, folds: domains::folds(examples, &search, FOLDS, seed), set: search };
    let cleaned = match choice {
        SettingsChoice::Auto => search.clean(&lines)?,
        SettingsChoice::Paper | SettingsChoice::Fixed(_) => Cleaned::default(),
    };
    let (settings, lines, outcome, tried) = match choice {
        SettingsChoice::Auto => search.choose(lines, &cleaned)?,
        SettingsChoice::Paper | SettingsChoice::Fixed(_) => {
            let outcome = search.outcome(&lines, &start, &cleaned)?;
            (start, lines, outcome, Vec::new())
        }
    };
    let used = match choice {
        SettingsChoice::Auto => search.final_set(&lines, &positives, &negatives, &settings, &cleaned)?,
        SettingsChoice::Paper | SettingsChoice::Fixed(_) => {
            positives.iter().chain(&negatives).copied().collect::<Vec<usize>>()
        }
    };
    let fasttext = fit_on(&lines, &used, &settings, seed, scratch)?;
    let linear = Linear::of(&fasttext)?;
    let mut model = Vec::new();
    fasttext.save(&mut model)?;
    let scale = Scale::of(&linear, &lines, &used);
    let calibration = outcome
        .as_ref()
        .and_then(Outcome::calibration)
        .map_or(Calibration::NONE, |calibration| calibration.rescaled(scale.unit(), scale.other));
    let count = |positive: bool| examples.iter().filter(|example| example.positive == positive).count();
    let used_of = |positive: bool| used.iter().filter(|i| examples[**i].positive == positive).count();
    let domains_of = |indices: &[usize]| {
        let mut pages: BTreeMap<&str, usize> = BTreeMap::new();
        for i in indices {
            *pages.entry(&examples[*i].domain).or_default() += 1;
        }
        pages
    };
    let positive_domains = domains_of(&positives);
    let mut named: Vec<DomainPages> =
        positive_domains.iter().map(|(domain, n)| DomainPages { domain: (*domain).to_owned(), pages: *n }).collect();
    named.sort_by_key(|named| std::cmp::Reverse(named.pages));
    named.truncate(CARD_DOMAINS_MAX);
    let card = Card {
        normalisation: NORMALISATION_VERSION,
        model_xxh3: format!("{:016x}", xxh3_64(&model)),
        seed,
        examples: Examples {
            positives: count(true),
            negatives: count(false),
            positives_empty: count(true) - positives.len(),
            negatives_empty: count(false) - negatives.len(),
            positives_used: used_of(true),
            negatives_used: used_of(false),
            negatives_like_math: cleaned.dropped.len(),
            positive_domains: named,
            positive_domains_total: positive_domains.len(),
            negative_domains_total: domains_of(&negatives).len(),
        },
        settings,
        calibration,
        validation: outcome.as_ref().map(Outcome::validation),
        tried,
    };
    Ok(Trained { model, card })
}

fn lines(examples: &[Example], rules: TokenRules) -> Lines<'_> {
    let mut normaliser = Normaliser::new(rules);
    let mut tokens = |example: &Example| {
        let mut out = String::new();
        normaliser.normalise(&example.text, &mut out);
        out
    };
    Lines { examples, tokens: examples.iter().map(&mut tokens).collect() }
}

/// The examples that the validation works with: positives and negatives with capped domains.
fn search_set(examples: &[Example], positives: &[usize], negatives: &[usize], seed: u64) -> Vec<usize> {
    let mut set = domains::sample(examples, positives, SEARCH_POSITIVES_MAX, seed);
    let negatives_max = (NEGATIVES_PER_POSITIVE * set.len()).max(NEGATIVES_MIN);
    set.extend(domains::sample(examples, negatives, negatives_max, seed));
    set
}

/// Negatives that look like mathematics, and the estimate of how much there is.
#[derive(Clone, Debug, Default)]
struct Cleaned {
    dropped: BTreeSet<usize>,
    math_share: Option<f64>,
}

struct Search<'a> {
    examples: &'a [Example],
    seed: u64,
    scratch: &'a Path,
    set: Vec<usize>,
    folds: Option<Vec<usize>>,
}

/// How settings did on held-out domains.
struct Outcome {
    folds: usize,
    held_out: Vec<(HeldOut, bool, Standing)>,
    positives: Vec<Standing>,
    math_share: f64,
}

impl Search<'_> {
    /// The first pass: finds the negatives that look like mathematics.
    fn clean(&self, lines: &Lines<'_>) -> Result<Cleaned, ClassifyError> {
        let Some(folds) = &self.folds else { return Ok(Cleaned::default()) };
        let nothing = BTreeSet::new();
        let held_out = hold_out(lines, &self.set, folds, &nothing, &Settings::small(), self.seed, self.scratch)?;
        let all = standings(self.examples, &held_out);
        let math_share = metrics::math_share_max(&of_positives(self.examples, &held_out, &all));
        let like_math = |(h, standing): &(&HeldOut, &Standing)| {
            !self.examples[h.index].positive && standing.share_above < math_share
        };
        let dropped = held_out.iter().zip(&all).filter(like_math).map(|(h, _)| h.index).collect();
        Ok(Cleaned { dropped, math_share: Some(math_share) })
    }

    /// How `settings` do on held-out domains; `None` where no domain can be held out.
    fn outcome(
        &self,
        lines: &Lines<'_>,
        settings: &Settings,
        cleaned: &Cleaned,
    ) -> Result<Option<Outcome>, ClassifyError> {
        let Some(folds) = &self.folds else { return Ok(None) };
        let held_out = hold_out(lines, &self.set, folds, &cleaned.dropped, settings, self.seed, self.scratch)?;
        let all = standings(self.examples, &held_out);
        let positives = of_positives(self.examples, &held_out, &all);
        let math_share = cleaned.math_share.unwrap_or_else(|| metrics::math_share_max(&positives));
        Ok(Some(Outcome {
            folds: folds.iter().max().map_or(0, |last| last + 1),
            held_out: held_out.iter().zip(all).map(|(h, s)| (*h, self.examples[h.index].positive, s)).collect(),
            positives,
            math_share,
        }))
    }

    /// The second pass: the first candidate that is about as good as the best, and its lines.
    fn choose<'b>(
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
    fn final_set(
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
        let mut beyond: Vec<usize> = negatives.iter().copied().filter(|i| !searched.contains(i)).collect();
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
    fn average_precision(&self) -> f64 {
        metrics::average_precision(&self.positives, self.math_share)
    }

    /// Whether `best` is ahead by no more than two standard errors of the difference.
    fn is_about_as_good_as(&self, best: &Self, examples: &[Example]) -> bool {
        let precisions = |outcome: &Self| metrics::precisions(&outcome.positives, outcome.math_share);
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
    fn calibration(&self) -> Option<Calibration> {
        let other = |(_, positive, standing): &&(HeldOut, bool, Standing)| {
            !*positive && standing.share_above >= self.math_share
        };
        let negatives = self.held_out.iter().filter(other).count() as f64;
        let weights: f64 = self.positives.iter().map(|s| s.weight).sum();
        let points: Vec<(f64, bool, f64)> = self
            .held_out
            .iter()
            .filter(|held| held.1 || other(held))
            .map(|(h, positive, standing)| {
                let weight = if *positive {
                    self.math_share * standing.weight / weights
                } else {
                    (1.0 - self.math_share) / negatives
                };
                (h.logit, *positive, weight)
            })
            .collect();
        Calibration::fit(&points)
    }

    fn validation(&self) -> Validation {
        let calibration = self.calibration().unwrap_or(Calibration::NONE);
        let kept = |held: &&(HeldOut, bool, Standing)| calibration.probability(held.0.logit) >= 0.5;
        let n = |positive: bool| self.held_out.iter().filter(|held| held.1 == positive).count();
        let n_kept = |positive: bool| self.held_out.iter().filter(kept).filter(|held| held.1 == positive).count();
        let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
        let recall = ratio(n_kept(true) as f64, n(true) as f64);
        let share = ratio(n_kept(false) as f64, n(false) as f64);
        Validation {
            folds: self.folds,
            positives: n(true),
            negatives: n(false),
            math_share: self.math_share,
            average_precision: self.average_precision(),
            area_under_curve: metrics::area_under_curve(&self.positives),
            recall,
            precision_uncorrected: ratio(n_kept(true) as f64, (n_kept(true) + n_kept(false)) as f64),
            precision: ratio(self.math_share * recall, share).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Classifier;

    const PLAIN: [&str; 8] = ["street", "price", "team", "music", "garden", "river", "kitchen", "train"];
    const MATH: [&str; 8] = ["theorem", "proof", "let", "integer", "function", "lemma", "suppose", "prime"];

    /// A page of 40 words of its own kind among 20 of both kinds, with formulas where it is mathematics.
    fn page(math: bool, n: usize) -> String {
        let own = if math { MATH } else { PLAIN };
        let mut text = String::new();
        for i in 0..60 {
            let word = if i % 3 == 0 { "common" } else { own[(n * 7 + i * 5 + i * i * n) % own.len()] };
            text.push_str(word);
            text.push_str(if math && i % 12 == n % 12 { r" $\frac{a}{b} \le c$ " } else { " " });
        }
        text
    }

    /// 6 sites of positives, 40 of negatives; every fifth of those has mathematics that nobody labelled.
    fn examples() -> Vec<Example> {
        let example = |math, positive, n: usize, site: String| Example { text: page(math, n), positive, domain: site };
        let positives = (0..48).map(|n| example(true, true, n, format!("math{}", n % 6)));
        let negatives = (0..120).map(|n| example(n % 5 == 0, false, n, format!("site{}", n % 40)));
        positives.chain(negatives).collect()
    }

    fn train_here(examples: &[Example], choice: &SettingsChoice) -> Result<Trained, ClassifyError> {
        train(examples, choice, 7, &std::env::temp_dir())
    }

    #[test]
    fn the_automatic_choice_finds_unlabelled_mathematics() {
        let examples = examples();
        let Trained { model, card } = train_here(&examples, &SettingsChoice::Auto).unwrap();
        let Examples { positives, negatives, negatives_like_math, .. } = card.examples;
        assert_eq!((positives, negatives), (48, 120));
        assert!((12..=36).contains(&negatives_like_math), "{negatives_like_math}");
        assert_eq!(card.tried.len(), Settings::candidates().len());
        let validation = card.validation.unwrap();
        assert!(validation.area_under_curve > 0.85 && validation.average_precision > 0.6, "{validation:?}");

        let json = serde_json::to_string(&card).unwrap();
        let classifier = Classifier::load(&model, serde_json::from_str(&json).unwrap()).unwrap();
        let score = |math, n| classifier.score(&page(math, n));
        assert!(score(true, 1000) > 0.5 && score(false, 1000) < 0.2, "{} {}", score(true, 1000), score(false, 1000));
        assert!(classifier.score("").abs() < f64::EPSILON && classifier.score("$").is_finite());
        assert!(matches!(Classifier::load(&model[1..], card), Err(ClassifyError::WrongModel { .. })));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let (examples, fixed) = (examples(), SettingsChoice::Fixed(Settings::small()));
        let (a, b) = (train_here(&examples, &fixed).unwrap(), train_here(&examples, &fixed).unwrap());
        assert_eq!(
            (a.model, serde_json::to_string(&a.card).unwrap()),
            (b.model, serde_json::to_string(&b.card).unwrap())
        );
        assert_eq!(a.card.examples.negatives_used, 120);
    }

    #[test]
    fn both_sides_are_needed() {
        let of = |keep: fn(&Example) -> bool| examples().into_iter().filter(keep).collect::<Vec<_>>();
        let fixed = SettingsChoice::Fixed(Settings::small());
        for (examples, want) in
            [(of(|e| !e.positive), "positive"), (of(|e| e.positive), "negative"), (vec![], "positive")]
        {
            match train_here(&examples, &fixed) {
                Err(ClassifyError::EmptySide { side, .. }) => assert_eq!(side, want),
                other => panic!("{other:?}"),
            }
        }
        let mut blank = examples();
        blank.iter_mut().filter(|e| e.positive).for_each(|e| " \n".clone_into(&mut e.text));
        assert!(matches!(train_here(&blank, &fixed), Err(ClassifyError::EmptySide { side: "positive", .. })));
    }

    #[test]
    fn one_site_cannot_be_validated() {
        let mut examples = examples();
        examples.iter_mut().filter(|e| e.positive).for_each(|e| "one".clone_into(&mut e.domain));
        let card = train_here(&examples, &SettingsChoice::Auto).unwrap().card;
        assert!(card.validation.is_none() && card.tried.is_empty());
        assert_eq!((card.settings, card.calibration), (Settings::small(), Calibration::NONE));
    }
}
