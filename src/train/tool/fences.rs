//! Fenced blocks in the text of an answer, as far as tools are concerned.

/// The line that opens a block of output.
pub(super) const OUTPUT: &str = "```output";

/// What stands in a text up to the first line that opens a block of output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// The blocks of Python that were closed, by a fence of their own or by that of the output.
    pub(super) python: Vec<String>,
    /// Whether a block of output was opened.
    pub(super) asks: bool,
}

enum State {
    Prose,
    /// Lines so far, and how far the fence was indented.
    Python(String, usize),
    Other,
}

pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut state = State::Prose;
    for line in text.lines() {
        let trimmed = line.trim();
        let Some(info) = trimmed.strip_prefix("```") else {
            if let State::Python(code, indent) = &mut state {
                let inner =
                    line.chars().take(*indent).take_while(|c| *c == ' ' || *c == '\t').map(char::len_utf8).sum();
                code.push_str(&line[inner..]);
                code.push('\n');
            }
            continue;
        };
        let inside = !matches!(state, State::Prose);
        if let State::Python(code, _) = state {
            scan.python.push(code);
        }
        if trimmed == OUTPUT {
            scan.asks = true;
            return scan;
        }
        let name = info.split_whitespace().next().unwrap_or_default().to_lowercase();
        state = match name.as_str() {
            "" if inside => State::Prose,
            "python" | "python3" | "py" => {
                State::Python(String::new(), line.chars().take_while(|c| c.is_whitespace()).count())
            }
            _ => State::Other,
        };
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, python: &[&str], asks: bool) {
        let python = python.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(scan(text), Scan { python, asks });
    }

    #[test]
    fn blocks_of_python_and_the_fence_of_output_are_found() {
        check("So:\n```python\nx = 1\nprint(x)\n```\n```output", &["x = 1\nprint(x)\n"], true);
        check("```py\na\n```\nand\n```Python\nb\n```\n", &["a\n", "b\n"], false);
        check("```python\nx\n```output\nwhat the model made up\n```python\ny\n```", &["x\n"], true);
        check("- so\n  ```python\n  if x:\n      y\n  ```\n  ```output\n", &["if x:\n    y\n"], true);
        check("```text\n```python\nz\n```\n", &["z\n"], false);
    }

    #[test]
    fn what_is_not_meant_to_run_is_left() {
        check("the ```output of it\n```outputs\n", &[], false);
        check("```\nx = 1\n```\n```output", &[], true);
        check("```python\nx = 1", &[], false);
        check("```python\nprint('a')\n    ``` # odd\n", &["print('a')\n"], false);
        check("", &[], false);
    }
}
