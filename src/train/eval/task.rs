//! The benchmarks: what each asks, in which language, and how its rows are read.
//!
//! A row is a JSON object. Names of fields differ between benchmarks and are taken as they come: the question is
//! `question`, `problem`, `query` or `prompt`, or the user's turn in `messages`, after a `passage` where there is one; the
//! options are a list or one text with letters, `options` or `choices`; the answer is `answer`, `Answer`, `golden`,
//! `label`, `target` or boxed in `solution`. The item's name is `id` or `unique_id`, else its place in the file.

use serde_json::{Map, Value};

use super::extract::{is_choice, letters, truth};

/// A benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Grade-school word problems.
    Gsm8k,
    /// Competition problems with answers in LaTeX.
    Math,
    /// Chinese word problems of primary school.
    Cmath,
    /// GSM8K in Chinese.
    MgsmZh,
    /// Problems of university courses in science.
    Ocw,
    /// Questions with options of the SAT.
    Sat,
    /// Questions with options of the Chinese college entrance examination.
    GaokaoMathqa,
    /// Its questions to be completed.
    GaokaoMathcloze,
    /// Questions with options in sciences and mathematics.
    MmluStem,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Gsm8k,
        Self::Math,
        Self::Cmath,
        Self::MgsmZh,
        Self::Ocw,
        Self::Sat,
        Self::GaokaoMathqa,
        Self::GaokaoMathcloze,
        Self::MmluStem,
    ];

    /// Its name, as `--tasks` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gsm8k => "gsm8k",
            Self::Math => "math",
            Self::Cmath => "cmath",
            Self::MgsmZh => "mgsm-zh",
            Self::Ocw => "ocw",
            Self::Sat => "sat",
            Self::GaokaoMathqa => "gaokao-mathqa",
            Self::GaokaoMathcloze => "gaokao-mathcloze",
            Self::MmluStem => "mmlu-stem",
        }
    }

    /// The task of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }

    /// Names that its file goes by; the first that is there is read.
    #[must_use]
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Self::Gsm8k => &["gsm8k-test.jsonl", "gsm8k.jsonl"],
            Self::Math => &["math-test.jsonl", "math500.jsonl", "math.jsonl"],
            Self::Cmath => &["cmath.jsonl"],
            Self::MgsmZh => &["mgsm-zh.jsonl"],
            Self::Ocw => &["ocw.jsonl"],
            Self::Sat => &["sat.jsonl", "agieval-sat-math.jsonl"],
            Self::GaokaoMathqa => &["gaokao-mathqa.jsonl", "agieval-gaokao-mathqa.jsonl"],
            Self::GaokaoMathcloze => &["gaokao-mathcloze.jsonl", "agieval-gaokao-mathcloze.jsonl"],
            Self::MmluStem => &["mmlu-stem.jsonl"],
        }
    }

    /// Whether it is asked in Chinese.
    #[must_use]
    pub fn is_chinese(self) -> bool {
        matches!(self, Self::Cmath | Self::MgsmZh | Self::GaokaoMathqa | Self::GaokaoMathcloze)
    }

    /// Whether the answer wanted is the letter of an option.
    #[must_use]
    pub fn has_options(self) -> bool {
        matches!(self, Self::Sat | Self::GaokaoMathqa | Self::MmluStem)
    }
}

/// A question of a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name in the benchmark.
    pub id: String,
    /// What is asked.
    pub question: String,
    /// The options, without their letters; empty where the answer is free.
    pub options: Vec<String>,
    /// The answer wanted: for options, the letter, or the letters in order.
    pub truth: String,
}

const QUESTIONS: [&str; 4] = ["question", "problem", "query", "prompt"];
const OPTIONS: [&str; 2] = ["options", "choices"];
const FREE: [&str; 7] = ["answer", "Answer", "golden", "target", "label", "expected_answer", "solution"];
const LETTERS: [&str; 5] = ["label", "answer", "Answer", "golden", "target"];

impl Item {
    /// The item of a row; `number` counts rows from 1.
    ///
    /// # Errors
    /// A field is missing or of another form: what was found.
    pub fn read(task: Task, number: u64, row: &Map<String, Value>) -> Result<Self, String> {
        let without = |names: &[&str]| {
            format!("the fields {:?}, none of {names:?} of the form wanted", row.keys().collect::<Vec<_>>())
        };
        let text = |names: &[&str]| names.iter().find_map(|name| row.get(*name).and_then(plain));
        let asked = text(&QUESTIONS).or_else(|| said_by_user(row.get("messages")?));
        let question = asked.ok_or_else(|| without(&[&QUESTIONS[..], &["messages"]].concat()))?;
        let passage = text(&["passage"]).unwrap_or_default();
        // A line break of LaTeX at the end is the layout's.
        let question = question.trim().trim_end_matches('\\').trim_end();
        let question = [passage.trim(), question].join("\n").trim().to_owned();
        let id = text(&["id", "unique_id"]).unwrap_or_else(|| number.to_string());
        if !task.has_options() {
            let answer = text(&FREE).ok_or_else(|| without(&FREE))?;
            return Ok(Self { id, question, options: Vec::new(), truth: truth(&answer) });
        }
        let options = OPTIONS.iter().find_map(|name| row.get(*name)).and_then(options);
        let options = options.filter(|options| options.len() > 1);
        let options = options.ok_or_else(|| without(&OPTIONS))?;
        let label = text(&LETTERS).ok_or_else(|| without(&LETTERS))?;
        let letter = || is_choice(&label).or_else(|| letter_of(label.trim().parse().ok()?)).map(String::from);
        let there = |letters: &String| letters.bytes().all(|letter| usize::from(letter - b'A') < options.len());
        match letter().or_else(|| letters(&label)).filter(there) {
            Some(truth) => Ok(Self { id, question, options, truth }),
            None => Err(format!("the letter {label:?} with {} options", options.len())),
        }
    }
}

/// The letter of an option by its place, from 0.
fn letter_of(place: u8) -> Option<char> {
    (place < 26).then(|| (b'A' + place) as char)
}

/// A value as text: a string, a number, the only one of a list.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if items.len() == 1 => plain(&items[0]),
        _ => None,
    }
}

fn said_by_user(messages: &Value) -> Option<String> {
    let turns = messages.as_array()?;
    turns.iter().find(|turn| turn["role"] == "user").and_then(|turn| plain(&turn["content"]))
}

/// Options without their letters.
fn options(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => {
            ('A'..='Z').zip(items).map(|(letter, item)| Some(bare(&option(item)?, letter))).collect()
        }
        Value::Object(by_letter) => by_letter.values().map(option).collect(),
        Value::String(text) => Some(parted(text)),
        _ => None,
    }
}

/// An option as text. What a table read as a missing value said "None".
fn option(value: &Value) -> Option<String> {
    if value.is_null() { Some("None".to_owned()) } else { plain(value) }
}

/// `(A)2`, `A) 2`, `A. 2` → `2`, for the first option; other letters are part of it, as in `U.S. law` or `(B) and (C)`.
fn bare(option: &str, own: char) -> String {
    let text = option.trim();
    let inner = text.strip_prefix(['(', '（']).unwrap_or(text);
    let mut chars = inner.chars();
    match (chars.next(), chars.next()) {
        (Some(letter), Some(')' | '）' | '.' | '．' | ':' | '：' | '、'))
            if letter == own && !lists(chars.as_str()) =>
        {
            chars.as_str().trim().to_owned()
        }
        _ => text.to_owned(),
    }
}

/// Whether what follows a letter says that it is one of several that are meant: `(A), (B), and (C)`.
fn lists(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with(',') || rest.starts_with("and ") || rest.starts_with("or ")
}

/// `A) 1 B) 2 C) 3` → its parts.
fn parted(text: &str) -> Vec<String> {
    let mut starts = Vec::new();
    let mut from = 0;
    for letter in 'A'..='Z' {
        let mark = |at: usize| {
            let before = text[..at].chars().next_back();
            let after = text[at + 1..].chars().next();
            before.is_none_or(|c| c.is_whitespace() || c == '(') && matches!(after, Some(')' | '.' | ':'))
        };
        match text[from..].match_indices(letter).map(|(at, _)| from + at).find(|at| mark(*at)) {
            Some(at) => {
                starts.push(at);
                from = at + 1;
            }
            None => break,
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let parts = starts.iter().zip(ends).zip('A'..='Z');
    parts.map(|((start, end), letter)| bare(text[*start..end].trim_end_matches('('), letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(task: Task, row: Value, question: &str, options: &[&str], truth: &str) {
        let item = Item::read(task, 7, row.as_object().unwrap()).unwrap();
        assert_eq!((item.question.as_str(), item.truth.as_str()), (question, truth));
        assert_eq!(item.options, options);
    }

    #[test]
    fn rows_of_every_benchmark_are_read() {
        use serde_json::json;
        check(Task::Gsm8k, json!({"question": "1+1?", "answer": "1+1=<<1+1=2>>2\n#### 2"}), "1+1?", &[], "2");
        let math = json!({"problem": "$1+1$?", "solution": "It is $\\boxed{2}.$", "unique_id": "a/b"});
        check(Task::Math, math, "$1+1$?", &[], "2");
        check(Task::Cmath, json!({"grade": 1, "question": "1+1？", "golden": "2"}), "1+1？", &[], "2");
        let turns = json!([{"role": "user", "content": "1+1？"}, {"role": "assistant", "content": ""}]);
        check(Task::MgsmZh, json!({"messages": turns, "answer": 2}), "1+1？", &[], "2");
        let sat = json!({"question": "1+1?", "options": "A) 1 B) 2 C) $(A)$", "Answer": "B"});
        check(Task::Sat, sat, "1+1?", &["1", "2", "$(A)$"], "B");
        let agieval =
            json!({"passage": "Read.", "question": "1+1?", "options": ["(A)1", "(B)2"], "label": "B", "answer": null});
        check(Task::GaokaoMathqa, agieval, "Read.\n1+1?", &["1", "2"], "B");
        check(
            Task::MmluStem,
            json!({"question": "1+1?", "choices": ["1", "2"], "answer": 1}),
            "1+1?",
            &["1", "2"],
            "B",
        );
        let several = json!({"question": "1+1?\\\\\n", "options": ["(A)1", "(B)2", "(C)two"], "label": "B C"});
        check(Task::GaokaoMathqa, several, "1+1?", &["1", "2", "two"], "BC");
        let odd = json!({"question": "?", "options": [null, "U.S. law", "A. B. Smith", "(D) it is"], "answer": "A"});
        check(Task::MmluStem, odd, "?", &["None", "U.S. law", "A. B. Smith", "it is"], "A");
        let named = json!({"question": "?", "options": ["(A), (B), and (C)", "(A) and (B) both"], "answer": "A"});
        check(Task::MmluStem, named, "?", &["(A), (B), and (C)", "(A) and (B) both"], "A");
        let cloze = json!({"question": "1+1=", "options": null, "answer": "$2$"});
        check(Task::GaokaoMathcloze, cloze, "1+1=", &[], "$2$");
    }

    #[test]
    fn other_rows_are_refused() {
        for (task, row, want) in [
            (Task::Gsm8k, serde_json::json!({"text": "x"}), "the fields [\"text\"], none of [\"question\""),
            (Task::Gsm8k, serde_json::json!({"question": "x"}), "none of [\"answer\""),
            (Task::Sat, serde_json::json!({"question": "x", "answer": "A"}), "none of [\"options\""),
            (
                Task::Sat,
                serde_json::json!({"question": "x", "options": ["1", "2"], "answer": "C"}),
                "the letter \"C\" with 2 options",
            ),
        ] {
            let message = Item::read(task, 1, row.as_object().unwrap()).unwrap_err();
            assert!(message.contains(want), "{message}");
        }
    }

    #[test]
    fn names_lead_back() {
        assert!(Task::ALL.iter().all(|task| Task::named(task.name()) == Some(*task)));
        assert_eq!(Task::named("gsm"), None);
    }
}
