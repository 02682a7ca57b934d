//! Recall: pages under accepted prefixes that the round did not collect join the seed of the next round (section 2.1 of
//! the paper), pages under refused ones are its negatives.

mod caps;
mod stage;
mod texts;
mod verdicts;

pub use stage::{Recalled, Recalling, Role, STAGES};
pub use verdicts::Verdicts;
