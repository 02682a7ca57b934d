//! What training can be told, and the settings that the automatic choice tries.

use serde::{Deserialize, Serialize};

use super::ClassifyError;
use super::tokens::TokenRules;

/// How one model is trained.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Vector dimension.
    pub dim: u32,
    /// Learning rate at the start; it falls linearly to 0.
    pub lr: f64,
    /// Passes over the examples.
    pub epochs: u32,
    /// Longest word n-gram.
    pub word_ngrams: u32,
    /// A token must occur this often in the training examples.
    pub min_count: u32,
    /// Hash buckets of the n-grams; unused where `word_ngrams` is 1.
    pub bucket: u32,
    /// A token must occur in positive examples of this many domains; 0 and 1 keep all tokens.
    ///
    /// It keeps names of the seed's few sites out of the vocabulary.
    pub positive_domains_min: u32,
    /// How a text becomes tokens.
    pub tokens: TokenRules,
}

impl Settings {
    /// The paper's settings (METHOD.md 1.2), meant for 500,000 positives and as many negatives.
    #[must_use]
    pub const fn paper() -> Self {
        Self {
            dim: 256,
            lr: 0.1,
            epochs: 3,
            word_ngrams: 3,
            min_count: 3,
            bucket: 2_000_000,
            positive_domains_min: 0,
            tokens: TokenRules::IN_ORDER,
        }
    }

    /// Where the automatic choice starts: a small model of different words and the density of mathematics.
    #[must_use]
    pub const fn small() -> Self {
        Self {
            dim: 16,
            lr: 0.3,
            epochs: 5,
            word_ngrams: 1,
            min_count: 3,
            bucket: 0,
            positive_domains_min: 3,
            tokens: TokenRules::DISTINCT,
        }
    }

    /// What the automatic choice tries, the most cautious first: what leans on how much mathematics there is and on
    /// words that many sites use before what leans on all words and fits them longer.
    ///
    /// The first that is not clearly worse than the best is taken. Held-out domains cannot show everything: the seed's
    /// texts come from another extractor than the crawl's, and a freer model learns that too.
    #[must_use]
    pub fn candidates() -> Vec<Self> {
        let small = Self::small();
        let density = |share| TokenRules { density_share: Some(share), ..TokenRules::DISTINCT };
        let head = TokenRules { text_bytes_max: 1 << 13, ..TokenRules::IN_ORDER };
        let mut tried = Vec::new();
        for share in [2.0, 1.0] {
            for (positive_domains_min, epochs) in [(3, 5), (1, 5), (1, 20)] {
                tried.push(Self { epochs, positive_domains_min, tokens: density(share), ..small });
            }
        }
        tried.push(Self { tokens: density(0.3), ..small });
        tried.push(Self { dim: 64, ..small });
        tried.push(Self { tokens: head, ..small });
        tried.push(Self { tokens: head, word_ngrams: 2, bucket: 1 << 16, ..small });
        tried
    }

    /// # Errors
    /// [`ClassifyError::Setting`] where a value cannot be used.
    pub fn check(&self) -> Result<(), ClassifyError> {
        let whole = [
            ("dim", self.dim, 1, 4096, "1 to 4096"),
            ("epochs", self.epochs, 1, 1000, "1 to 1000"),
            ("word_ngrams", self.word_ngrams, 1, 10, "1 to 10"),
            ("min_count", self.min_count, 1, u32::MAX >> 1, "at least 1"),
            ("bucket", self.bucket, u32::from(self.word_ngrams > 1), u32::MAX >> 1, "at least 1 with word n-grams"),
        ];
        for (name, found, min, max, expected) in whole {
            if !(min..=max).contains(&found) {
                return Err(ClassifyError::Setting { name, expected, found: found.to_string() });
            }
        }
        if !(self.lr > 0.0 && self.lr <= 10.0) {
            return Err(ClassifyError::Setting {
                name: "lr",
                expected: "over 0, at most 10",
                found: self.lr.to_string(),
            });
        }
        match self.tokens.density_share {
            Some(share) if !(share > 0.0 && share <= 10.0) => Err(ClassifyError::Setting {
                name: "density_share",
                expected: "over 0, at most 10",
                found: share.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// Which settings to train with.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsChoice {
    /// The best of [`Settings::candidates`] on held-out domains, with the unlabelled mathematics among the negatives
    /// left out.
    Auto,
    /// [`Settings::paper`], all examples as they are.
    Paper,
    /// These, all examples as they are.
    Fixed(Settings),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_are_usable() {
        for settings in Settings::candidates().into_iter().chain([Settings::paper(), Settings::small()]) {
            assert!(settings.check().is_ok(), "{settings:?}");
        }
        assert!(Settings::candidates().contains(&Settings::small()));
    }

    #[test]
    fn the_paper_is_followed() {
        let Settings { dim, lr, epochs, word_ngrams, min_count, .. } = Settings::paper();
        assert_eq!((dim, lr, epochs, word_ngrams, min_count), (256, 0.1, 3, 3, 3));
    }

    #[track_caller]
    fn check(bad: Settings, name: &str) {
        match bad.check() {
            Err(ClassifyError::Setting { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bad_values_are_named() {
        check(Settings { dim: 0, ..Settings::small() }, "dim");
        check(Settings { lr: f64::NAN, ..Settings::small() }, "lr");
        check(Settings { word_ngrams: 2, bucket: 0, ..Settings::small() }, "bucket");
        check(Settings { epochs: 0, ..Settings::small() }, "epochs");
    }
}
