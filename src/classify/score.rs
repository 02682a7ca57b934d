//! Scores texts with a trained classifier.

use xxhash_rust::xxh3::xxh3_64;

use super::ClassifyError;
use super::card::Card;
use super::model::{Linear, Scratch};
use super::tokens::{NORMALISATION_VERSION, Normaliser};

/// A classifier that is ready to score; shared between threads, each with its own [`Scorer`].
#[derive(Clone, Debug)]
pub struct Classifier {
    linear: Linear,
    card: Card,
}

impl Classifier {
    /// Reads a model and its card.
    ///
    /// # Errors
    /// Where the bytes are not those of the card, or not a model that this program can use.
    pub fn load(model: &[u8], card: Card) -> Result<Self, ClassifyError> {
        let found = format!("{:016x}", xxh3_64(model));
        if found != card.model_xxh3 {
            return Err(ClassifyError::WrongModel { expected: card.model_xxh3, found });
        }
        if card.normalisation != NORMALISATION_VERSION {
            return Err(ClassifyError::Normalisation { expected: NORMALISATION_VERSION, found: card.normalisation });
        }
        let linear = Linear::of(&fasttext::FastText::load(&mut &*model)?)?;
        Ok(Self { linear, card })
    }

    /// What is known of the classifier.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Something that scores many texts with reused buffers.
    #[must_use]
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            classifier: self,
            normaliser: Normaliser::new(self.card.settings.tokens),
            line: String::new(),
            scratch: Scratch::default(),
        }
    }

    /// The probability that `text` is mathematics, in [0, 1]; 0 where it has no token that the model knows.
    #[must_use]
    pub fn score(&self, text: &str) -> f64 {
        self.scorer().score(text)
    }
}

/// Scores texts one after another.
#[derive(Clone, Debug)]
pub struct Scorer<'a> {
    classifier: &'a Classifier,
    normaliser: Normaliser,
    line: String,
    scratch: Scratch,
}

impl Scorer<'_> {
    /// The probability that `text` is mathematics (see [`Classifier::score`]).
    pub fn score(&mut self, text: &str) -> f64 {
        self.normaliser.normalise(text, &mut self.line);
        let logit = self.classifier.linear.logit(&self.line, &mut self.scratch);
        logit.map_or(0.0, |logit| self.classifier.card.calibration.probability(logit))
    }
}
