//! Which verdicts hold for a round, and whether somebody is still to be asked.

use super::flow::OfRound;
use super::{RoundError, Rounds};
use crate::domains::files;
use crate::recall::Verdicts;

impl Rounds<'_> {
    pub(super) fn verdicts(&self, made: &OfRound) -> Result<Verdicts, RoundError> {
        let annotations = files::read(&files::list(&[], &self.runner.out, made.round))?;
        Ok(Verdicts::of(&annotations, None))
    }
}
