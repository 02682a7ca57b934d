//! A batch of answers with tools: a sampler and a sandbox in turns, until every answer is done.

use rayon::prelude::*;

use super::error::SandboxError;
use super::program::{Output, Program};
use super::rounds::{Rounds, Turn};
use super::sandbox::Sandbox;
use super::settings::ToolSettings;
use crate::train::error::Result;

/// An answer that is to go on.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Which of the prompts, from 0: what its randomness is derived from, together with `sampled`.
    pub index: usize,
    /// The prompt and the answer so far, outputs included.
    pub tokens: &'a [u32],
    /// How many tokens of this answer were sampled so far.
    pub sampled: usize,
    /// At most so many more.
    pub tokens_max: usize,
}

/// What a sampler made of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// The tokens, the one that ends a text included if it was sampled and is to be trained on.
    pub tokens: Vec<u32>,
    /// The log-probability of each token as it was sampled; empty where the sampler gives none.
    pub log_probs: Vec<f32>,
    /// The tokens as text, without special ones.
    pub text: String,
    /// Whether it ended by itself, so that nothing more comes.
    pub ended: bool,
}

/// What samples: this is all that a loop with tools asks of it.
pub trait Continue {
    /// Continues each row until [`asks_for_output`](super::rounds::asks_for_output) holds of the text of the new tokens,
    /// the text ends, or `tokens_max`. One piece a row, in the order of the rows.
    ///
    /// # Errors
    /// The model could not be run.
    fn go_on(&mut self, rows: &[Row<'_>]) -> Result<Vec<Piece>>;

    /// The tokens of text in the middle of an answer. The text is a program's: special tokens that it writes must not
    /// be read as such.
    ///
    /// # Errors
    /// The tokenizer refuses it.
    fn encode(&self, text: &str) -> Result<Vec<u32>>;
}

/// What runs programs. The loop knows a sandbox only by this.
pub trait Run: Sync {
    /// Runs one program.
    ///
    /// # Errors
    /// It could not be run; an error of its own is in the output.
    fn run(&self, program: &Program) -> std::result::Result<Output, SandboxError>;
}

impl Run for Sandbox {
    fn run(&self, program: &Program) -> std::result::Result<Output, SandboxError> {
        Sandbox::run(self, program)
    }
}

/// An answer of a model and its tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// All tokens behind the prompt.
    pub tokens: Vec<u32>,
    /// For each token, whether the model sampled it; the others are outputs of tools and are masked from the loss.
    pub sampled: Vec<bool>,
    /// For each token, its log-probability; 0 where it was not sampled. Empty where the sampler gives none.
    pub log_probs: Vec<f32>,
    /// The text.
    pub text: String,
    /// What was run, in order.
    pub runs: Vec<(Program, Output)>,
    /// Whether it ended by itself; else its tokens, or its rounds, were used up.
    pub ended: bool,
}

impl Answer {
    fn push(&mut self, piece: Piece) {
        self.sampled.extend(piece.tokens.iter().map(|_| true));
        self.log_probs.extend(piece.log_probs);
        self.tokens.extend(piece.tokens);
        self.text.push_str(&piece.text);
        self.ended = piece.ended;
    }

    /// Appends what a tool said, as far as there is room for its tokens.
    fn push_output(&mut self, text: &str, tokens: &[u32], room: usize) {
        let tokens = &tokens[..tokens.len().min(room)];
        if !self.log_probs.is_empty() {
            self.log_probs.extend(tokens.iter().map(|_| 0.0));
        }
        self.sampled.extend(tokens.iter().map(|_| false));
        self.tokens.extend(tokens);
        self.text.push_str(text);
    }
}

/// Answers to `prompts`, in their order: each of at most `tokens_max` tokens, outputs of tools included.
///
/// Programs of one turn run beside each other on the current rayon pool. The result does not depend on how many there
/// are, as far as the programs do not ask for the time or for random bytes.
///
/// # Errors
/// The model could not be run, or the sandbox not be started.
pub fn complete_with_tools(
    sampler: &mut impl Continue,
    prompts: &[Vec<u32>],
    tools: &impl Run,
    settings: &ToolSettings,
    tokens_max: usize,
) -> Result<Vec<Answer>> {
    let mut answers = vec![Answer::default(); prompts.len()];
    let mut rounds = vec![Rounds::new(settings.rounds_max); prompts.len()];
    let mut sequences = prompts.to_vec();
    let mut open: Vec<usize> = (0..prompts.len()).filter(|_| tokens_max > 0).collect();
    while !open.is_empty() {
        let row = |index: &usize| Row {
            index: *index,
            tokens: &sequences[*index],
            sampled: answers[*index].sampled.iter().filter(|sampled| **sampled).count(),
            tokens_max: tokens_max - answers[*index].tokens.len(),
        };
        let rows: Vec<Row<'_>> = open.iter().map(row).collect();
        let pieces = sampler.go_on(&rows)?;
        let mut programs = Vec::new();
        for (index, piece) in open.iter().copied().zip(pieces) {
            let turn = if piece.ended { Turn::Done } else { rounds[index].next(&piece.text) };
            sequences[index].extend(&piece.tokens);
            answers[index].push(piece);
            // One that neither ended nor asks was cut at its limit.
            if let Turn::Run(program) = turn {
                programs.push((index, program));
            }
        }
        let run = |(index, program): (usize, Program)| Ok((index, tools.run(&program)?, program));
        let outputs: Vec<(usize, Output, Program)> = programs.into_par_iter().map(run).collect::<Result<_>>()?;
        open.clear();
        for (index, output, program) in outputs {
            let text = rounds[index].output(&output, settings.shown_chars_max);
            let tokens = sampler.encode(&text)?;
            let answer = &mut answers[index];
            let before = answer.tokens.len();
            answer.push_output(&text, &tokens, tokens_max.saturating_sub(before));
            answer.runs.push((program, output));
            sequences[index].extend(&answer.tokens[before..]);
            if answer.tokens.len() < tokens_max {
                open.push(index);
            }
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::tool::program::Ending;
    use crate::train::tool::rounds::asks_for_output;

    /// Writes from a script for each prompt, a character a token; prompts begin with the number of their script.
    struct Scripted {
        scripts: Vec<&'static str>,
        /// How many rows each call had.
        calls: Vec<usize>,
    }

    impl Continue for Scripted {
        fn go_on(&mut self, rows: &[Row<'_>]) -> Result<Vec<Piece>> {
            self.calls.push(rows.len());
            let piece = |row: &Row<'_>| {
                let mut piece = Piece::default();
                let rest: Vec<char> = self.scripts[row.tokens[0] as usize].chars().skip(row.sampled).collect();
                for c in &rest {
                    if piece.tokens.len() == row.tokens_max || asks_for_output(&piece.text) {
                        return piece;
                    }
                    piece.tokens.push(*c as u32);
                    piece.log_probs.push(-1.0);
                    piece.text.push(*c);
                }
                piece.ended = !asks_for_output(&piece.text);
                piece
            };
            Ok(rows.iter().map(piece).collect())
        }

        fn encode(&self, text: &str) -> Result<Vec<u32>> {
            Ok(text.chars().map(|c| c as u32).collect())
        }
    }

    /// Prints its own code.
    struct Echo;

    impl Run for Echo {
        fn run(&self, program: &Program) -> std::result::Result<Output, SandboxError> {
            let stdout = format!("{}|{}", program.earlier.concat(), program.last).replace('\n', ";");
            Ok(Output { stdout, stderr: String::new(), ending: Ending::Exited(0) })
        }
    }

    fn run(scripts: &[&'static str], tokens_max: usize) -> (Vec<Answer>, Vec<usize>) {
        let mut sampler = Scripted { scripts: scripts.to_vec(), calls: Vec::new() };
        let prompts: Vec<Vec<u32>> = (0..scripts.len() as u32).map(|index| vec![index, 7]).collect();
        let answers = complete_with_tools(&mut sampler, &prompts, &Echo, &ToolSettings::default(), tokens_max).unwrap();
        (answers, sampler.calls)
    }

    const ASKS: &str = "```python\na\n```\n```output";

    #[test]
    fn answers_go_on_after_their_outputs_and_end_each_for_itself() {
        let twice = "```python\na\n```\n```outputThen\n```python\nb\n```\n```outputso \\boxed{1}";
        let (answers, calls) = run(&["no tools", twice, ASKS], 1000);
        assert_eq!(calls, [3, 2, 1]);
        assert_eq!(answers[0].text, "no tools");
        let first = "```python\na\n```\n```output\n|a;\n```\n";
        assert_eq!(answers[1].text, format!("{first}Then\n```python\nb\n```\n```output\na;|b;\n```\nso \\boxed{{1}}"));
        assert_eq!(answers[2].text, first);
        assert!(answers.iter().all(|answer| answer.ended), "{answers:?}");
        assert_eq!(answers.iter().map(|answer| answer.runs.len()).collect::<Vec<_>>(), [0, 2, 1]);
    }

    #[test]
    fn what_tools_say_is_marked() {
        let (answers, _) = run(&[ASKS], 1000);
        let answer = &answers[0];
        let sampled = answer.tokens.iter().zip(&answer.sampled).filter(|(_, sampled)| **sampled);
        let sampled: String = sampled.filter_map(|(token, _)| char::from_u32(*token)).collect();
        assert_eq!(sampled, ASKS);
        let others =
            answer.log_probs.iter().zip(&answer.sampled).all(|(log_prob, sampled)| (*log_prob == -1.0) == *sampled);
        assert!(others && answer.log_probs.len() == answer.tokens.len(), "{answer:?}");
    }

    #[test]
    fn rounds_and_tokens_are_bounded() {
        let asks_again = "```python\na\n```\n```output```output```output```output```output";
        let (answers, calls) = run(&[asks_again], 1000);
        assert_eq!((answers[0].runs.len(), answers[0].ended, calls.len()), (2, false, 3));
        for tokens_max in [0, 1, 24, 25, 26, 27, 28, 33, 34] {
            let (answers, _) = run(&[ASKS, "x"], tokens_max);
            let answer = &answers[0];
            assert!(answer.tokens.len() <= tokens_max, "{tokens_max}: {answer:?}");
            assert_eq!((answer.sampled.len(), answer.log_probs.len()), (answer.tokens.len(), answer.tokens.len()));
            assert!(!answer.ended, "{tokens_max}: {answer:?}");
        }
    }
}
