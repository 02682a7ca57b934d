//! Rewards by a model: of the whole output, or of each step.

use std::sync::Arc;

use super::steps::{Split, ends};
use super::{Judged, Reward, Verdict};
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;
use crate::train::loss::preference::sigmoid;
use crate::train::packed::{Item, Packed, parts};
use crate::train::reward_model::ScalarModel;

/// What a reward model's number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The reward, of a model that learnt from pairs.
    Plain,
    /// The log-odds of being right, of one that learnt from labels: the reward is the probability.
    LogOdds,
}

/// A reward model.
pub struct ModelReward {
    /// The model, which may be trained on between two iterations.
    pub model: Arc<ScalarModel>,
    /// What its number is.
    pub scale: Scale,
    /// Where steps end, for a process model; an outcome model reads the number at the last token.
    pub steps: Option<Split>,
    /// Reads the tokens.
    pub vocabulary: Arc<Vocabulary>,
    /// Tokens that are computed at once.
    pub micro_tokens: usize,
}

impl Reward for ModelReward {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        // An outcome is read at the token that ends texts, where it was learnt: after an output that was cut, too.
        let context = self.model.model().config().context;
        let texts: Vec<Vec<u32>> = outputs
            .iter()
            .map(|one| {
                let text = if self.steps.is_some() { one.output.tokens.as_slice() } else { one.output.text_tokens() };
                let ends = self.steps.is_none() && one.prompt.len() + text.len() < context;
                text.iter().copied().chain(ends.then(|| self.vocabulary.end())).collect()
            })
            .collect();
        let learnt = vec![false; texts.iter().map(Vec::len).max().unwrap_or_default()];
        let items: Vec<Item<'_>> = outputs
            .iter()
            .zip(&texts)
            .map(|(one, tokens)| Item { prompt: one.prompt, tokens, learnt: &learnt[..tokens.len()], kept: &[] })
            .collect();
        let mut verdicts = Vec::with_capacity(outputs.len());
        for part in parts(&items, self.micro_tokens) {
            let packed = Packed::new(&items[part.clone()])?;
            let scores = self.model.scores(&packed.batch.sequences)?;
            for (i, (one, tokens)) in outputs[part.clone()].iter().zip(&texts[part]).enumerate() {
                let reward = |place: usize| match self.scale {
                    Scale::Plain => f64::from(scores[place]),
                    Scale::LogOdds => sigmoid(f64::from(scores[place])),
                };
                let mut verdict = Verdict::default();
                match self.steps {
                    None => verdict.outcome = reward(packed.place(i, tokens.len()) - 1),
                    Some(split) => {
                        let ends = ends(one.output, split, &self.vocabulary)?;
                        verdict.steps = ends.into_iter().map(|end| (end, reward(packed.place(i, end)))).collect();
                        // Where nothing was said, no step is right.
                        if verdict.steps.is_empty() && !one.output.tokens.is_empty() {
                            verdict.steps.push((0, 0.0));
                        }
                        // To stop after the last step is part of it.
                        if let Some((end, _)) = verdict.steps.last_mut() {
                            *end = one.output.tokens.len() - 1;
                        }
                    }
                }
                verdicts.push(verdict);
            }
        }
        Ok(verdicts)
    }
}
