//! Which pages are mathematics: examples in, a classifier out; a text in, a probability out.
//!
//! ```text
//! texts ──spans, tokens──▶ lines ──validate (held-out domains)──▶ settings ──fastText──▶ model + card ──▶ scores
//! ```
//! The normalisation is one for training and scoring. The model is an ordinary fastText file; the card beside it says
//! how it came about, and how its logit becomes a probability.

mod calibrate;
mod card;
mod curves;
mod domains;
pub mod draw;
mod error;
mod metrics;
mod model;
mod score;
mod search;
pub mod seed;
mod settings;
pub mod stage;
mod tokens;
mod train;
mod validate;

pub use calibrate::Calibration;
pub use card::{Card, DomainPages, Examples, Trial, Validation};
pub use curves::{Curves, Point, Range};
pub use error::ClassifyError;
pub use model::{LABEL_MATH, LABEL_OTHER};
pub use score::{Classifier, Scorer};
pub use settings::{Settings, SettingsChoice};
pub use tokens::{NORMALISATION_VERSION, Normaliser, TokenRules, normalise};
pub use train::{Trained, train};

/// A text with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The text as extracted; training normalises it.
    pub text: String,
    /// Whether it is from the seed; otherwise it is a random page of the crawl.
    pub positive: bool,
    /// Whether somebody looked at it and refused it, so that it is not mathematics that nobody labelled.
    pub refused: bool,
    /// The site it is from; pages of a site are held out together. A host is better than a registrable domain where
    /// many authors share one.
    pub domain: String,
}
