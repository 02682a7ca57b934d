//! Rewards by rule: the right answer, the right form, the right length.

use super::steps::{Split, ends};
use super::{Judged, Reward, Verdict};
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;
use crate::train::eval::equal::equal;
use crate::train::eval::extract;
use crate::train::sample::End;

/// Whether an output's text gives the right answer.
pub type Check = fn(text: &str, answer: &str) -> bool;

/// The text is the answer, but for space around it.
#[must_use]
pub fn exact(text: &str, answer: &str) -> bool {
    text.trim() == answer.trim()
}

/// The answer in the text is equal to this one as mathematics.
#[must_use]
pub fn math(text: &str, answer: &str) -> bool {
    extract::answer(text).is_some_and(|found| equal(&found, &extract::truth(answer)))
}

/// 1 where the answer is right, else 0.
pub struct Answer {
    /// What says whether it is.
    pub check: Check,
}

impl Reward for Answer {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        let verdict = |one: &Judged<'_>| {
            let right = (self.check)(one.text, one.answer);
            Verdict { outcome: f64::from(right), right: Some(right), ..Verdict::default() }
        };
        Ok(outputs.iter().map(verdict).collect())
    }
}

/// 1 where the text holds this one, else 0: `\boxed{` for instance.
pub struct Form {
    /// What it is to hold.
    pub holds: String,
}

impl Reward for Form {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        let verdict = |one: &Judged<'_>| {
            let outcome = f64::from(one.text.contains(&self.holds));
            Verdict { outcome, ..Verdict::default() }
        };
        Ok(outputs.iter().map(verdict).collect())
    }
}

/// 0 for outputs that leave room, then falling to −1 at the limit; −1 for those that were cut (DAPO's soft punishment of
/// overlong outputs).
pub struct Length {
    /// Most tokens of an output.
    pub tokens_max: usize,
    /// The last so many of them are punished.
    pub margin: usize,
}

impl Length {
    fn of(&self, length: usize, end: Option<End>) -> f64 {
        if end.is_some_and(End::is_cut) {
            return -1.0;
        }
        let over = length.saturating_sub(self.tokens_max.saturating_sub(self.margin));
        -(over as f64 / self.margin.max(1) as f64).min(1.0)
    }
}

impl Reward for Length {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        let verdict = |one: &Judged<'_>| {
            let outcome = self.of(one.output.tokens.len(), one.output.end);
            Verdict { outcome, ..Verdict::default() }
        };
        Ok(outputs.iter().map(verdict).collect())
    }
}

/// Process supervision by rule, for tasks that have one right way of writing: a step is worth 1 while the text up to its
/// end is how the answer begins, and 0 from the first deviation on. What is after the answer's end is no step of it: an
/// output that goes on is 0 there, one that ends too early misses steps.
pub struct Prefix {
    /// What a step is.
    pub split: Split,
    /// Reads the tokens.
    pub vocabulary: std::sync::Arc<Vocabulary>,
}

impl Reward for Prefix {
    fn judge(&self, outputs: &[Judged<'_>]) -> Result<Vec<Verdict>> {
        let verdict = |one: &Judged<'_>| {
            let tokens = one.output.text_tokens();
            let ended = one.output.end == Some(End::Token);
            let mut steps = Vec::new();
            for end in ends(one.output, self.split, &self.vocabulary)? {
                let so_far = self.vocabulary.decode(&tokens[..=end])?;
                // What a template leads an answer in with is no part of it.
                steps.push((end, f64::from(one.answer.starts_with(so_far.trim_start()))));
            }
            if ended {
                // The stop token is a step of its own: the whole is right.
                steps.push((tokens.len(), f64::from(one.text.trim_start() == one.answer)));
            }
            Ok(Verdict { steps, ..Verdict::default() })
        };
        outputs.iter().map(verdict).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::tests::letters;
    use crate::train::sample::Output;

    fn output(tokens: Vec<u32>, end: End) -> Output {
        Output { chosen: vec![true; tokens.len()], tokens, end: Some(end), ..Output::default() }
    }

    #[test]
    fn answers_are_compared_as_they_should_be() {
        assert!(exact(" 12\n", "12") && !exact("12.0", "12"));
        assert!(math("So it is \\boxed{\\frac{1}{2}}.", "0.5") && !math("So it is \\boxed{2}.", "3"));
        assert!(math("The answer is 1,200.", "1200") && !math("", "1"));
    }

    #[test]
    fn overlong_outputs_are_punished_softly() {
        let length = Length { tokens_max: 10, margin: 4 };
        let found: Vec<f64> = [2, 6, 7, 10].map(|n| length.of(n, Some(End::Token))).to_vec();
        assert_eq!(found, [0.0, 0.0, -0.25, -1.0]);
        assert_eq!(length.of(3, Some(End::Length)), -1.0);
    }

    #[test]
    fn steps_are_right_up_to_the_first_deviation() {
        let (_folder, vocabulary) = letters();
        let vocabulary = std::sync::Arc::new(vocabulary);
        let prefix = Prefix { split: Split::Token, vocabulary: vocabulary.clone() };
        let judge = |text: &str, end: End| {
            let mut tokens = vocabulary.encode(text, false).unwrap();
            tokens.extend((end == End::Token).then_some(1));
            let output = output(tokens, end);
            let judged = Judged { prompt: &[0], output: &output, text, answer: "12" };
            let found = prefix.judge(&[judged]).unwrap().remove(0);
            found.steps.iter().map(|(_, reward)| *reward).collect::<Vec<_>>()
        };
        assert_eq!(judge("12", End::Token), [1.0, 1.0, 1.0]);
        assert_eq!(judge("1", End::Token), [1.0, 0.0]);
        assert_eq!(judge("13", End::Token), [1.0, 0.0, 0.0]);
        assert_eq!(judge("123", End::Length), [1.0, 1.0, 0.0]);
        assert_eq!(judge("22", End::Token), [0.0, 0.0, 0.0]);
    }
}
