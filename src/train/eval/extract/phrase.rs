//! Answers that a sentence announces.

/// Words after which the answer stands, lower case. The last in the text counts; of several at one place, the longest.
const ANNOUNCEMENTS: [&str; 32] = [
    "the answer is",
    "answer is",
    "answer should be",
    "answer would be",
    "answer will be",
    "the answer",
    "final answer:",
    "final answer is",
    "final answer",
    "answer:",
    "answer：",
    "answer choice is",
    "correct option is",
    "correct choice is",
    "####",
    "答案是",
    "答案为",
    "答案应为",
    "答案应该是",
    "答案选",
    "答案就是",
    "答案:",
    "答案：",
    "答案",
    "故选",
    "应选",
    "应该选",
    "所以选",
    "因此选",
    "选项是",
    "正确选项为",
    "正确选项是",
];

/// Those of the answer after which there is no other.
const FINAL: [&str; 5] = ["final answer:", "final answer is", "final answer", "最终答案是", "最终答案"];

/// What follows the last announcement, to the end of its sentence.
pub(super) fn last(text: &str) -> Option<&str> {
    last_of(text, &ANNOUNCEMENTS)
}

/// What follows the last announcement of a final answer, to the end of its sentence.
pub(super) fn last_final(text: &str) -> Option<&str> {
    last_of(text, &FINAL)
}

fn last_of<'a>(text: &'a str, announcements: &[&str]) -> Option<&'a str> {
    let lower = lowered(text);
    let mut limit = lower.len();
    // One after which nothing stands, as in a text that was cut, is passed over.
    for _ in 0..8 {
        let (start, length) =
            announcements.iter().filter_map(|words| lower[..limit].rfind(words).map(|at| (at, words.len()))).max()?;
        let rest = &text[start + length..];
        let rest = rest.trim_start_matches([' ', ':', '：', '*', '\n', '=', '(']);
        let rest = if text[start + length..].trim_start_matches([' ', ':', '：']).starts_with('(') {
            text[start + length..].trim_start_matches([' ', ':', '：'])
        } else {
            rest
        };
        let rest = without_lead(rest);
        let sentence = sentence(rest);
        if !sentence.trim().is_empty() && sentence.chars().any(char::is_alphanumeric) {
            return Some(sentence);
        }
        limit = start;
    }
    None
}

/// The text in lower case, every character as long as it was.
fn lowered(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c.to_ascii_lowercase() } else { c }).collect()
}

/// The text without words that only lead to the answer.
fn without_lead(text: &str) -> &str {
    let mut text = text;
    'again: loop {
        text = text.trim_start();
        for lead in [
            "therefore",
            "thus",
            "hence",
            "then",
            "simply",
            "that",
            "is",
            "are",
            "just",
            "option",
            "choice",
            "equal to",
            "为",
            "是",
            "：",
            ":",
            ",",
            "，",
            "**",
            "选项",
            "选",
        ] {
            let head = text.get(..lead.len()).unwrap_or_default();
            let ends = |rest: &str| !lead.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphabetic());
            if head.eq_ignore_ascii_case(lead) && ends(&text[lead.len()..]) {
                text = &text[lead.len()..];
                continue 'again;
            }
        }
        return text;
    }
}

/// A text up to the end of its first sentence or line; formulas are not cut.
fn sentence(text: &str) -> &str {
    let mut formula = false;
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        match c {
            '$' => formula = !formula,
            '\\' if matches!(next, Some('(' | '[')) => formula = true,
            '\\' if matches!(next, Some(')' | ']')) => formula = false,
            _ if formula => {}
            '\n' if !text[..at].trim().is_empty() => return &text[..at],
            '。' | '．' => return &text[..at],
            '.' | '?' => {
                let ends = next.is_none_or(|next| next.is_whitespace() || matches!(next, '*' | '"' | '<'));
                if ends && !before.is_whitespace() {
                    return &text[..at];
                }
            }
            _ => {}
        }
        before = c;
    }
    text
}
