//! What can go wrong while training, saving or loading a classifier.

use fasttext::FastTextError;

/// Why a classifier could not be trained, written or read.
#[derive(Debug, thiserror::Error)]
pub enum ClassifyError {
    /// A side of the training set is empty.
    #[error("no {side} examples with text: found {positives} positives and {negatives} negatives, need 1 of each")]
    EmptySide {
        /// `positive` or `negative`.
        side: &'static str,
        /// Positive examples that hold at least one token.
        positives: usize,
        /// Negative examples that hold at least one token.
        negatives: usize,
    },
    /// Nothing of the crawl is left to draw negatives from.
    #[error(
        "no negatives are left in the crawl: of {pages} pages that take part, {in_seed} are in the seed and {taken} were \
         collected by the round before or lie under accepted prefixes. Read more of a crawl (crawl.paths, crawl.id), \
         collect less (rank.token_budget), draw from all pages (recall.negatives = \"survivors\"), or name files of \
         other pages (seed.negatives)"
    )]
    NoNegatives {
        /// Pages that deduplication keeps.
        pages: u64,
        /// Those that are in the seed.
        in_seed: u64,
        /// Others that may not be drawn.
        taken: u64,
    },
    /// A setting has a value that training cannot use.
    #[error("classifier setting {name}: expected {expected}, found {found}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What would do.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// No token is frequent enough to enter the vocabulary.
    #[error("no token occurs {min_count} times in {examples} training examples: lower min_count or add examples")]
    NoVocabulary {
        /// The minimum count asked for.
        min_count: u32,
        /// Examples trained on.
        examples: usize,
    },
    /// The weights left the range of numbers during training.
    #[error("training diverged (weights are not finite): lower the rate, now {lr}")]
    Diverged {
        /// Learning rate that was used.
        lr: f64,
    },
    /// The model's bytes are not those that the card describes.
    #[error("model does not belong to this card: expected xxh3 {expected}, found {found}")]
    WrongModel {
        /// Hash that the card states.
        expected: String,
        /// Hash of the bytes.
        found: String,
    },
    /// The model was trained with another text normalisation than this program's.
    #[error("model was trained with text normalisation {found}, this program has {expected}: train again")]
    Normalisation {
        /// Version of this program.
        expected: u32,
        /// Version in the card.
        found: u32,
    },
    /// The model's parts contradict each other.
    #[error("model is not usable: {what}: expected {expected}, found {found}")]
    BadModel {
        /// Which part.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// fastText refused the input or the model.
    #[error("fastText: {0}")]
    FastText(#[from] FastTextError),
    /// The card is not readable JSON of the expected shape.
    #[error("classifier card: {0}")]
    Card(#[from] serde_json::Error),
    /// The temporary training file could not be written.
    #[error("temporary training file: {0}")]
    TrainingFile(#[from] std::io::Error),
    /// The thread for training could not be started.
    #[error("training thread: {0}")]
    Thread(#[from] rayon::ThreadPoolBuildError),
}
