//! A completion → what it answers and whether that is right.

use super::equal::{Verdict, verdict};
use super::extract::{answer, choice, choices};
use super::task::{Item, Task};

/// What came of a completion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The answer found: for options, the letter.
    pub found: Option<String>,
    /// How it compares with the one wanted; none where none was found.
    pub verdict: Option<Verdict>,
}

impl Judged {
    /// Whether the answer is right.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        self.verdict.is_some_and(Verdict::is_equal)
    }
}

/// Judges a completion.
#[must_use]
pub fn judge(task: Task, item: &Item, completion: &str) -> Judged {
    if task.has_options() {
        let options: Vec<&str> = item.options.iter().map(String::as_str).collect();
        let found = match item.truth.len() {
            0 | 1 => choice(completion, &options).map(String::from),
            _ => choices(completion, &options),
        };
        let verdict = found.as_ref().map(|found| if *found == item.truth { Verdict::Same } else { Verdict::Different });
        return Judged { found, verdict };
    }
    let found = answer(completion);
    let verdict = found.as_ref().map(|found| verdict(found, &item.truth));
    Judged { found, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_judged_as_letters_and_values_as_values() {
        let item = |options: &[&str], truth: &str| Item {
            id: String::new(),
            question: String::new(),
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            truth: truth.to_owned(),
        };
        let right = |task, item: &Item, text: &str| judge(task, item, text).is_correct();
        let sat = item(&["1", "2"], "B");
        assert!(right(Task::Sat, &sat, "so \\boxed{2}") && right(Task::Sat, &sat, "The answer is (B).\n"));
        assert!(!right(Task::Sat, &sat, "so \\boxed{1}"));
        let both = item(&["1", "2", "3"], "AC");
        assert!(right(Task::GaokaoMathqa, &both, "故选AC。") && !right(Task::GaokaoMathqa, &both, "故选A。"));
        let gsm = item(&[], "1,200");
        assert!(right(Task::Gsm8k, &gsm, "He has $1200.00.") && !right(Task::Gsm8k, &gsm, "120"));
        assert_eq!(judge(Task::Gsm8k, &gsm, "I see no way"), Judged { found: None, verdict: None });
    }
}
