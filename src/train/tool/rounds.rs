//! When an answer goes on, when a program is run, and when it is done: a pure function of its text so far.
//!
//! The form is that of tool-integrated answers: prose, a block of Python, and a block that its output goes into.
//!
//! ````text
//! ```python
//! print(2 + 2)
//! ```
//! ```output
//! 4
//! ```
//! ````
//!
//! The model writes up to the fence that opens the output. There the sampler stops ([`asks_for_output`]), the program is
//! run with all blocks of this answer before it, its output is put into the answer with the fence that closes it, and the
//! model goes on.

use super::fences::{OUTPUT, scan};
use super::program::{Output, Program};

/// Whether text that was written since the last output (or the beginning) opens a block of output: where to stop.
#[must_use]
pub fn asks_for_output(text: &str) -> bool {
    text.contains(OUTPUT) && scan(text).asks
}

/// What comes next in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The model goes on.
    Generate,
    /// A program is run, and its output goes to [`Rounds::output`].
    Run(Program),
    /// Nothing: it asks for an output once more than it may.
    Done,
}

/// The rounds of one answer.
#[derive(Clone, Debug)]
pub struct Rounds {
    rounds_max: usize,
    rounds: usize,
    /// Blocks of Python before the last output.
    earlier: Vec<String>,
    /// What the model wrote since.
    text: String,
}

impl Rounds {
    /// An answer that begins. A program is run at most `rounds_max` times.
    #[must_use]
    pub fn new(rounds_max: usize) -> Self {
        Self { rounds_max, rounds: 0, earlier: Vec::new(), text: String::new() }
    }

    /// How often a program was run.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// What comes after the model wrote `text`: all of it since the last output, or since the beginning.
    pub fn next(&mut self, text: &str) -> Turn {
        text.clone_into(&mut self.text);
        if !asks_for_output(text) {
            return Turn::Generate;
        }
        if self.rounds == self.rounds_max {
            return Turn::Done;
        }
        let mut new = scan(text).python;
        // An output that no new block stands before is that of nothing.
        let last = new.pop().unwrap_or_default();
        Turn::Run(Program { earlier: self.earlier.iter().chain(&new).cloned().collect(), last })
    }

    /// The text to put into the answer for an output: to the end of its block. At most `chars_max` characters of the
    /// output are shown.
    pub fn output(&mut self, output: &Output, chars_max: usize) -> String {
        let shown = output.shown(chars_max);
        let before = if self.text.ends_with('\n') { "" } else { "\n" };
        let after = if shown.is_empty() { "" } else { "\n" };
        self.close();
        format!("{before}{shown}{after}```\n")
    }

    /// Whether an output that the answer has already follows `text`, as [`next`](Self::next) takes it: then the round is
    /// counted.
    pub fn is_closed_by(&mut self, text: &str) -> bool {
        let asks = asks_for_output(text);
        if asks {
            text.clone_into(&mut self.text);
            self.close();
        }
        asks
    }

    fn close(&mut self) {
        self.earlier.extend(scan(&self.text).python);
        self.text.clear();
        self.rounds += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tool::program::Ending;

    fn printed(text: &str) -> Output {
        Output { stdout: text.to_owned(), stderr: String::new(), ending: Ending::Exited(0) }
    }

    #[track_caller]
    fn check(turn: Turn, earlier: &[&str], last: &str) {
        let earlier = earlier.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(turn, Turn::Run(Program { earlier, last: last.to_owned() }));
    }

    #[test]
    fn the_code_so_far_is_run_and_its_output_appended() {
        let mut rounds = Rounds::new(2);
        let first = "Let us see.\n```python\nx = 2\n```\n```output";
        assert_eq!(rounds.next(&first[..30]), Turn::Generate);
        check(rounds.next(first), &[], "x = 2\n");
        assert_eq!(rounds.output(&printed(""), 10), "\n```\n");
        check(
            rounds.next("Then\n```python\ny = 3\n```\n```python\nprint(y)\n```\n```output\n"),
            &["x = 2\n", "y = 3\n"],
            "print(y)\n",
        );
        assert_eq!(rounds.output(&printed("3\n"), 10), "3\n```\n");
        assert_eq!(rounds.next("So \\boxed{3}."), Turn::Generate);
        assert_eq!(rounds.next("So \\boxed{3}.\n```output"), Turn::Done);
        assert_eq!(rounds.rounds(), 2);
    }

    #[test]
    fn an_output_without_a_program_is_empty_and_counts() {
        let mut rounds = Rounds::new(1);
        check(rounds.next("```output"), &[], "");
        assert_eq!(rounds.output(&printed(""), 10), "\n```\n");
        assert_eq!(rounds.next("```output"), Turn::Done);
    }

    #[test]
    fn what_a_program_prints_cannot_ask_for_a_run() {
        let mut rounds = Rounds::new(3);
        check(rounds.next("```python\na\n```\n```output"), &[], "a\n");
        let inserted = rounds.output(&printed("```\n```python\nb\n```\n```output"), 100);
        assert_eq!(inserted, "\n'''\n'''python\nb\n'''\n'''output\n```\n");
        assert_eq!(rounds.next("Done."), Turn::Generate);
    }
}
