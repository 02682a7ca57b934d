//! How settings do on domains that a model has not seen.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::metrics::{self, Standing};
use super::model::{Line, Linear, Scratch, fit};
use super::settings::Settings;
use super::{ClassifyError, Example, domains};

/// Examples as lines of tokens under one normalisation.
pub(super) struct Lines<'a> {
    pub(super) examples: &'a [Example],
    pub(super) tokens: Vec<String>,
}

/// What a model that has not seen an example's domain says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldOut {
    /// The example.
    pub(super) index: usize,
    /// Its fold.
    pub(super) fold: usize,
    /// The logit on a scale that models share: the median of a model's own training negatives is 0, that of its
    /// training positives 1.
    pub(super) logit: f64,
}

/// A trained model's view of its training set: medians of the logits of negatives and positives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) other: f64,
    pub(super) math: f64,
}

impl Scale {
    pub(super) fn of(linear: &Linear, lines: &Lines<'_>, indices: &[usize]) -> Self {
        let mut scratch = Scratch::default();
        let mut median = |positive: bool| {
            let of_side = indices.iter().filter(|i| lines.examples[**i].positive == positive);
            let mut logits: Vec<f64> = of_side.filter_map(|i| linear.logit(&lines.tokens[*i], &mut scratch)).collect();
            logits.sort_by(f64::total_cmp);
            logits.get(logits.len() / 2).copied().unwrap_or_default()
        };
        Self { other: median(false), math: median(true) }
    }

    /// How much logit is one unit; at least a trace, so that a model that learnt nothing divides by something.
    pub(super) fn unit(&self) -> f64 {
        (self.math - self.other).max(1e-6)
    }
}

/// Trains on `indices`: in seeded order, without the tokens that too few positive domains have.
pub(super) fn fit_on(
    lines: &Lines<'_>,
    indices: &[usize],
    settings: &Settings,
    seed: u64,
    scratch: &Path,
) -> Result<fasttext::FastText, ClassifyError> {
    let known = known_tokens(lines, indices, settings.positive_domains_min);
    let order = domains::shuffled(indices.to_vec(), seed, "train");
    let filtered: Vec<String> = match &known {
        None => Vec::new(),
        Some(known) => {
            let keep = |token: &&str| token.starts_with('<') || known.contains(token);
            let filter = |i: &usize| lines.tokens[*i].split(' ').filter(keep).collect::<Vec<_>>().join(" ");
            order.iter().map(filter).collect()
        }
    };
    let tokens = |n: usize| if known.is_some() { &filtered[n] } else { &lines.tokens[order[n]] };
    let training: Vec<Line<'_>> = order
        .iter()
        .enumerate()
        .map(|(n, i)| Line { tokens: tokens(n), positive: lines.examples[*i].positive })
        .filter(|line| !line.tokens.is_empty())
        .collect();
    fit(&training, settings, seed, scratch)
}

/// Tokens that positives of enough domains have, fewer domains where the positives have few; `None` for all.
fn known_tokens<'a>(lines: &'a Lines<'_>, indices: &[usize], domains_min: u32) -> Option<HashSet<&'a str>> {
    let positives = || indices.iter().filter(|i| lines.examples[**i].positive);
    let domains: BTreeSet<&str> = positives().map(|i| lines.examples[*i].domain.as_str()).collect();
    let domains_min = (domains_min as usize).min(domains.len() / 4);
    if domains_min < 2 {
        return None;
    }
    // Pages of a domain are read one after another, so a token's last domain tells whether it is a new one.
    let mut by_domain: Vec<usize> = positives().copied().collect();
    by_domain.sort_by_key(|i| (&lines.examples[*i].domain, *i));
    let mut found: HashMap<&str, (usize, &str)> = HashMap::new();
    for i in by_domain {
        let domain = lines.examples[i].domain.as_str();
        for token in lines.tokens[i].split(' ') {
            match found.get_mut(token) {
                None => drop(found.insert(token, (1, domain))),
                Some((n, last)) if *last != domain => (*n, *last) = (*n + 1, domain),
                Some(_) => {}
            }
        }
    }
    Some(found.into_iter().filter(|(_, (n, _))| *n >= domains_min).map(|(token, _)| token).collect())
}

/// Scores each of `indices` by a model that has not seen its fold; `dropped` examples are scored, never trained on.
pub(super) fn hold_out(
    lines: &Lines<'_>,
    indices: &[usize],
    folds: &[usize],
    dropped: &BTreeSet<usize>,
    settings: &Settings,
    seed: u64,
    scratch: &Path,
) -> Result<Vec<HeldOut>, ClassifyError> {
    let n_folds = folds.iter().max().map_or(0, |last| last + 1);
    let mut all = Vec::with_capacity(indices.len());
    for fold in 0..n_folds {
        let with_fold = || indices.iter().copied().zip(folds.iter().copied());
        let train: Vec<usize> =
            with_fold().filter(|(i, of)| *of != fold && !dropped.contains(i)).map(|(i, _)| i).collect();
        let linear = Linear::of(&fit_on(lines, &train, settings, seed, scratch)?)?;
        let scale = Scale::of(&linear, lines, &train);
        let mut buffers = Scratch::default();
        for (index, _) in with_fold().filter(|(_, of)| *of == fold) {
            let logit = linear.logit(&lines.tokens[index], &mut buffers).unwrap_or(scale.other - scale.unit());
            all.push(HeldOut { index, fold, logit: (logit - scale.other) / scale.unit() });
        }
    }
    Ok(all)
}

/// Where each held-out example stands among the negatives of its fold, in the order of `held_out`.
pub(super) fn standings(examples: &[Example], held_out: &[HeldOut]) -> Vec<Standing> {
    let n_folds = held_out.iter().map(|h| h.fold + 1).max().unwrap_or_default();
    let samples: Vec<Vec<f64>> = (0..n_folds)
        .map(|fold| {
            // Those that somebody refused are no random pages.
            let random = |h: &&HeldOut| !examples[h.index].positive && !examples[h.index].refused;
            let of_fold = held_out.iter().filter(|h| h.fold == fold).filter(random);
            let mut sample: Vec<f64> = of_fold.map(|h| h.logit).collect();
            sample.sort_by(f64::total_cmp);
            sample
        })
        .collect();
    let mut pages: HashMap<(&str, bool), f64> = HashMap::new();
    for h in held_out {
        *pages.entry((&examples[h.index].domain, examples[h.index].positive)).or_default() += 1.0;
    }
    let weight = |h: &HeldOut| {
        pages.get(&(examples[h.index].domain.as_str(), examples[h.index].positive)).map_or(1.0, |n| 1.0 / n.sqrt())
    };
    held_out
        .iter()
        .map(|h| Standing { share_above: metrics::share_above(h.logit, &samples[h.fold]), weight: weight(h) })
        .collect()
}

/// The standings of the positives only.
pub(super) fn of_positives(examples: &[Example], held_out: &[HeldOut], standings: &[Standing]) -> Vec<Standing> {
    held_out.iter().zip(standings).filter(|(h, _)| examples[h.index].positive).map(|(_, s)| *s).collect()
}
