//! A program, and what came of it.

/// Blocks of Python that run one after another in one namespace. Only what the last prints is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Run first, for what they define.
    pub earlier: Vec<String>,
    /// Run last.
    pub last: String,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with a status: 0 is success, 1 what an error gives.
    Exited(i32),
    /// By a signal: 11 where it ran out of stack, say.
    Signal(i32),
    /// It was ended at its limit of time, of CPU or by the clock.
    TimeLimit,
    /// It was ended when it had printed more than is read.
    OutputLimit,
    /// It was not run: it is too long.
    CodeLimit,
}

/// What a program printed, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How it ended.
    pub ending: Ending,
}

impl Output {
    /// What went wrong, in a line: of an error of Python the last line of its traceback.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        match self.ending {
            Ending::Exited(0) => None,
            Ending::Exited(status) => {
                let last = self.stderr.lines().rev().map(str::trim).find(|line| !line.is_empty());
                Some(last.map_or_else(|| format!("SystemExit: {status}"), str::to_owned))
            }
            Ending::Signal(number) => Some(format!("Error: the program was ended by signal {number}")),
            Ending::TimeLimit => Some("TimeoutError: the program took too long".to_owned()),
            Ending::OutputLimit => Some("Error: the program printed too much".to_owned()),
            Ending::CodeLimit => Some("Error: the program is too long".to_owned()),
        }
    }

    /// What the model is shown: the standard output, and below it the error if there was one; at most `chars_max`
    /// characters, of which an error keeps half if it needs them. A fence in it is written otherwise, so that no output
    /// can end its own block.
    #[must_use]
    pub fn shown(&self, chars_max: usize) -> String {
        let error = self.error().unwrap_or_default();
        let error = cut(&error, if self.stdout.trim().is_empty() { chars_max } else { chars_max / 2 });
        let room = chars_max.saturating_sub(error.chars().count());
        let mut text = cut(self.stdout.trim_end_matches(['\n', '\r', ' ']), room);
        if !text.is_empty() && !error.is_empty() {
            text.push('\n');
        }
        (text + &error).replace("```", "'''")
    }
}

/// The first characters of a text, with a mark if there are more; the mark comes on top of them.
fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stdout: &str, stderr: &str, ending: Ending) -> Output {
        Output { stdout: stdout.to_owned(), stderr: stderr.to_owned(), ending }
    }

    #[test]
    fn the_last_line_of_a_traceback_is_shown() {
        let trace =
            "Traceback (most recent call last):\n  File \"block\", line 2\nZeroDivisionError: division by zero\n\n";
        let failed = output("1\n", trace, Ending::Exited(1));
        assert_eq!(failed.shown(100), "1\nZeroDivisionError: division by zero");
        assert_eq!(output("1\n", "a warning", Ending::Exited(0)).shown(100), "1");
        assert_eq!(output("", "", Ending::Exited(3)).shown(100), "SystemExit: 3");
        assert_eq!(output("7", "", Ending::TimeLimit).shown(100), "7\nTimeoutError: the program took too long");
    }

    #[test]
    fn what_is_shown_is_bounded_and_cannot_end_its_block() {
        assert_eq!(output("ééééé", "", Ending::Exited(0)).shown(3), "ééé...");
        let long = output(&"x".repeat(1000), &format!("E: {}", "y".repeat(1000)), Ending::Exited(1)).shown(20);
        assert_eq!(long, format!("{}...\nE: {}...", "x".repeat(7), "y".repeat(7)));
        assert_eq!(output("```\nThe answer", "", Ending::Exited(0)).shown(50), "'''\nThe answer");
    }
}
