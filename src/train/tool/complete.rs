//! A batch of answers with tools: a sampler and a sandbox in turns, until every answer is done.

use rayon::prelude::*;

use super::error::SandboxError;
use super::fences::OUTPUT;
use super::program::{Output, Program};
use super::rounds::{Rounds, Turn};
use super::sandbox::Sandbox;
use super::settings::ToolSettings;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;
use crate::train::sample::{Choosing, End, Limits, Row, Sampler};

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

/// A program of an answer, and what came of it.
pub type Executed = (Program, Output);

/// How outputs are rolled out: by a model, and by what runs the programs in them, if anything does.
#[derive(Clone, Copy)]
pub struct Rollouts<'a> {
    /// The model.
    pub sampler: &'a Sampler<'a>,
    /// Reads its tokens.
    pub vocabulary: &'a Vocabulary,
    /// How tokens are chosen.
    pub choosing: Choosing,
    /// When outputs end.
    pub limits: &'a Limits,
    /// What runs programs; where there is nothing, they are text as any other.
    pub tools: Option<&'a (Sandbox, ToolSettings)>,
}

impl Rollouts<'_> {
    /// Continues all open rows to their ends, with what their programs print put in between. Tokens of that are forced
    /// ones, which [`chosen`](crate::train::sample::Output::chosen) tells from those that are to be learnt. They count to
    /// `limits.tokens_max`, and are cut where there is no room for them.
    ///
    /// A row that asks for one output more than `rounds_max` of the settings has ended by its text, as one has that holds
    /// one of `limits.stop_texts`. The programs and outputs of a row that was [begun](Row::resumed) count as if it had
    /// been rolled out from its prompt.
    ///
    /// Programs of one turn run beside each other on the current rayon pool. The result does not depend on how many there
    /// are, as far as no program asks for the time or for random bytes.
    ///
    /// # Errors
    /// The model could not be run, or the sandbox not be started.
    pub fn run(&self, rows: &mut [Row]) -> Result<()> {
        let Some((sandbox, settings)) = self.tools else {
            return self.sampler.run(rows, &self.choosing, self.limits);
        };
        let mut until = self.limits.clone();
        until.stop_texts.push(OUTPUT.to_owned());
        let stops = Stops { texts: &self.limits.stop_texts, room: &|row| self.room(row) };
        let mut sample = |rows: &mut [Row]| self.sampler.run(rows, &self.choosing, &until);
        turns(rows, self.vocabulary, sandbox, settings, &stops, &mut sample).map(drop)
    }

    /// For how many more tokens a row has room.
    fn room(&self, row: &Row) -> usize {
        let context = self.sampler.context().saturating_sub(row.prompt.len() + row.output.tokens.len());
        self.limits.tokens_max.saturating_sub(row.output.tokens.len()).min(context)
    }
}

/// Where a row stands that was begun: its rounds so far, and where the text after its last output begins.
fn begun(row: &Row, rounds_max: usize, vocabulary: &Vocabulary) -> Result<(Rounds, usize)> {
    let output = &row.output;
    let (mut rounds, mut from, mut start) = (Rounds::new(rounds_max), 0, 0);
    for run in output.chosen.chunk_by(|a, b| a == b) {
        let end = start + run.len();
        // What was forced after the fence of an output is that output.
        if run.first() == Some(&false) && rounds.is_closed_by(&vocabulary.decode(&output.tokens[from..start])?) {
            from = end;
        }
        start = end;
    }
    Ok((rounds, from))
}

/// What ends a row, besides itself.
struct Stops<'a> {
    /// Texts that end it.
    texts: &'a [String],
    /// For how many more tokens it has room.
    room: &'a dyn Fn(&Row) -> usize,
}

/// Continues rows by a function that continues the open ones until the fence of an output, or their ends: for each row
/// what was run, in order.
fn turns(
    rows: &mut [Row],
    vocabulary: &Vocabulary,
    tools: &impl Run,
    settings: &ToolSettings,
    stops: &Stops<'_>,
    sample: &mut dyn FnMut(&mut [Row]) -> Result<()>,
) -> Result<Vec<Vec<Executed>>> {
    let mut executed = vec![Vec::new(); rows.len()];
    let stand = |row: &Row| begun(row, settings.rounds_max, vocabulary);
    let stands = rows.iter().map(stand).collect::<Result<Vec<_>>>()?;
    // Where the text after the last output begins, too.
    let (mut rounds, mut from): (Vec<Rounds>, Vec<usize>) = stands.into_iter().unzip();
    let mut open: Vec<usize> = (0..rows.len()).filter(|i| rows[*i].output.end.is_none()).collect();
    while !open.is_empty() {
        sample(rows)?;
        let (mut programs, mut more) = (Vec::new(), Vec::new());
        for i in open {
            let row = &mut rows[i];
            if row.output.end != Some(End::Text) {
                continue;
            }
            let text = vocabulary.decode(&row.output.tokens[from[i]..])?;
            if stops.texts.iter().any(|stop| text.contains(stop.as_str())) {
                continue;
            }
            let turn = rounds[i].next(&text);
            if turn != Turn::Done && (stops.room)(row) == 0 {
                row.output.end = Some(End::Length);
                continue;
            }
            match turn {
                // It only names the fence.
                Turn::Generate => {
                    row.force(&[]);
                    more.push(i);
                }
                Turn::Run(program) => programs.push((i, program)),
                Turn::Done => {}
            }
        }
        let run = |(i, program): (usize, Program)| Ok((i, tools.run(&program)?, program));
        let outputs: Vec<(usize, Output, Program)> = programs.into_par_iter().map(run).collect::<Result<_>>()?;
        for (i, output, program) in outputs {
            let text = rounds[i].output(&output, settings.shown_chars_max);
            // What a program prints is text: it cannot end the answer.
            let tokens = vocabulary.encode_on(&text, false)?;
            let row = &mut rows[i];
            row.force(&tokens[..tokens.len().min((stops.room)(row))]);
            from[i] = row.output.tokens.len();
            executed[i].push((program, output));
            more.push(i);
        }
        more.sort_unstable();
        open = more;
    }
    Ok(executed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::tests::letters;
    use crate::train::tool::program::Ending;

    const TOKENS_MAX: usize = 300;
    const STOP: &str = "User:";

    /// Prints its own code, and a token that ends texts.
    struct Echo;

    impl Run for Echo {
        fn run(&self, program: &Program) -> std::result::Result<Output, SandboxError> {
            let stdout = format!("{}|{}</s>", program.earlier.concat(), program.last).replace('\n', ";");
            Ok(Output { stdout, stderr: String::new(), ending: Ending::Exited(0) })
        }
    }

    /// Continues a row by its script, a letter a token, until it has written the fence of an output.
    fn go_on(row: &mut Row, script: &str, vocabulary: &Vocabulary, tokens_max: usize) {
        let output = &mut row.output;
        let written = output.chosen.iter().filter(|chosen| **chosen).count();
        for (at, token) in vocabulary.encode(script, false).unwrap().into_iter().enumerate().skip(written) {
            if output.tokens.len() == tokens_max {
                output.end = Some(End::Length);
                return;
            }
            output.tokens.push(token);
            output.log_probs.push(-1.0);
            output.kept.push(Vec::new());
            output.entropies.push(0.5);
            output.chosen.push(true);
            if script[..=at].ends_with(OUTPUT) || script[..=at].ends_with(STOP) {
                output.end = Some(End::Text);
                return;
            }
        }
        output.end = Some(End::Token);
    }

    struct Answered {
        rows: Vec<Row>,
        executed: Vec<Vec<Executed>>,
        texts: Vec<String>,
        /// Rows that were open, call by call.
        calls: Vec<usize>,
    }

    fn answer(scripts: &[&str], tokens_max: usize) -> Answered {
        answer_from(scripts.iter().map(|_| Row::new(vec![0, 50], 0)).collect(), scripts, tokens_max)
    }

    fn answer_from(mut rows: Vec<Row>, scripts: &[&str], tokens_max: usize) -> Answered {
        let (_folder, vocabulary) = letters();
        let mut calls = Vec::new();
        let mut sample = |rows: &mut [Row]| {
            calls.push(rows.iter().filter(|row| row.output.end.is_none()).count());
            for (row, script) in rows.iter_mut().zip(scripts).filter(|(row, _)| row.output.end.is_none()) {
                go_on(row, script, &vocabulary, tokens_max);
            }
            Ok(())
        };
        let room = |row: &Row| tokens_max - row.output.tokens.len();
        let stops = Stops { texts: &[STOP.to_owned()], room: &room };
        let settings = ToolSettings::default();
        let executed = turns(&mut rows, &vocabulary, &Echo, &settings, &stops, &mut sample).unwrap();
        let texts = rows.iter().map(|row| vocabulary.decode(&row.output.tokens).unwrap()).collect();
        Answered { rows, executed, texts, calls }
    }

    const ASKS: &str = "```python\na\n```\n```output";

    #[test]
    fn answers_go_on_after_their_outputs_and_end_each_for_itself() {
        let twice = format!("{ASKS}Then\n```python\nb\n```\n```outputso \\boxed{{1}}");
        let found = answer(&["no tools, ```output is named", &twice, ASKS], TOKENS_MAX);
        assert_eq!(found.calls, [3, 3, 1]);
        assert_eq!(found.texts[0], "no tools, ```output is named");
        let first = "```python\na\n```\n```output\n|a;</s>\n```\n";
        assert_eq!(
            found.texts[1],
            format!("{first}Then\n```python\nb\n```\n```output\na;|b;</s>\n```\nso \\boxed{{1}}")
        );
        assert_eq!(found.texts[2], first);
        assert!(found.rows.iter().all(|row| row.output.end == Some(End::Token)));
        assert_eq!(found.executed.iter().map(Vec::len).collect::<Vec<_>>(), [0, 2, 1]);
    }

    #[test]
    fn texts_that_end_an_answer_end_it() {
        let found = answer(&[&format!("{ASKS}so\nUser: again"), "```output"], TOKENS_MAX);
        assert_eq!(found.texts[0], "```python\na\n```\n```output\n|a;</s>\n```\nso\nUser:");
        assert_eq!((found.rows[0].output.end, found.calls.len()), (Some(End::Text), 2));
    }

    #[test]
    fn an_answer_that_was_begun_goes_on_as_it_did() {
        let thrice = format!("{ASKS}x\n```python\nb\n```\n```output```python\nc\n```\n```output so");
        let whole = answer(&[&thrice], TOKENS_MAX);
        let output = &whole.rows[0].output;
        assert_eq!((output.end, whole.executed[0].len()), (Some(End::Text), 2));
        // What it had run when it was begun.
        let mut outputs = [0; 3];
        for cut in (0..output.tokens.len()).filter(|cut| output.chosen[*cut]) {
            let row = Row::resumed(vec![0, 50], 0, output, cut);
            let found = answer_from(vec![row], &[&thrice], TOKENS_MAX);
            assert_eq!(found.texts, whole.texts, "{cut}");
            assert_eq!(&found.rows[0].output, output, "{cut}");
            outputs[found.executed[0].len()] += 1;
        }
        assert!(outputs.iter().all(|count| *count > 5), "{outputs:?}");
    }

    #[test]
    fn what_tools_say_is_not_learnt() {
        let found = answer(&[ASKS], TOKENS_MAX);
        let output = &found.rows[0].output;
        assert_eq!(output.chosen.iter().filter(|chosen| **chosen).count(), ASKS.len());
        assert!(output.log_probs.iter().zip(&output.chosen).all(|(log_p, chosen)| (*log_p == -1.0) == *chosen));
        assert!(output.tokens.iter().all(|token| *token > 2), "an output wrote a special token: {output:?}");
        assert_eq!((output.chosen.len(), output.log_probs.len()), (output.tokens.len(), output.tokens.len()));
    }

    #[test]
    fn rounds_and_tokens_are_bounded() {
        let again = answer(&["```python\na\n```\n```output```output```output```output"], TOKENS_MAX);
        assert_eq!((again.executed[0].len(), again.rows[0].output.end, again.calls.len()), (2, Some(End::Text), 3));
        for tokens_max in [0, 1, 25, 26, 27, 28, 36, 37] {
            let found = answer(&[ASKS, "x"], tokens_max);
            let output = &found.rows[0].output;
            assert_eq!(output.tokens.len(), tokens_max.min(ASKS.len() + 12), "{:?}", found.texts);
            assert_eq!(found.executed[0].len(), usize::from(tokens_max > ASKS.len()), "{tokens_max}");
        }
    }
}
