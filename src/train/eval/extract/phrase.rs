//! Answers that a sentence announces.

/// Words after which the answer stands, lower case. The last in the text counts; of several at one place, the longest.
const ANNOUNCEMENTS: [&str; 36] = [
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
    "答案约是",
    "答案约为",
    "答案大约是",
    "答案大约为",
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
const FINAL: [&str; 8] = [
    "final answer:",
    "final answer：",
    "final answer is",
    "final answer",
    "最终答案是",
    "最终答案为",
    "最终答案：",
    "最终答案",
];
/// Those that announce an answer only where a value, or a line of its own, follows at once.
const BARE: [&str; 5] = ["the answer", "final answer", "答案", "最终答案", "####"];
/// Words before a final answer that is only looked at again.
const LOOKED_AT: [&str; 12] = [
    "verify",
    "verifying",
    "check",
    "checking",
    "confirm",
    "confirming",
    "test",
    "testing",
    "验证",
    "检验",
    "检查",
    "验算",
];
/// What is said of an answer, and is none.
const REMARKS: [&str; 5] = ["correct", "reasonable", "above", "below", "正确的"];
/// Most announcements that are looked at, from the end.
const TRIED_MAX: usize = 64;

/// What follows the last announcement, to the end of its sentence.
pub(super) fn last(text: &str) -> Option<&str> {
    last_of(text, &ANNOUNCEMENTS, |_| true)
}

/// What follows the last announcement of a final answer, to the end of its sentence.
pub(super) fn last_final(text: &str) -> Option<&str> {
    last_of(text, &FINAL, |before| {
        let before = before.trim_end();
        let before = ["the", "our", "my", "this"].iter().find_map(|word| before.strip_suffix(word)).unwrap_or(before);
        let last = before.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        !LOOKED_AT.iter().any(|word| last == *word || !word.is_ascii() && last.ends_with(word))
    })
}

fn last_of<'a>(text: &'a str, announcements: &[&str], counts: impl Fn(&str) -> bool) -> Option<&'a str> {
    let lower = lowered(text);
    let mut all: Vec<(usize, &str)> = announcements.iter().flat_map(|words| lower.match_indices(words)).collect();
    all.sort_unstable_by_key(|(at, words)| std::cmp::Reverse((*at, words.len())));
    let mut limit = lower.len();
    // One after which nothing stands, as in a text that was cut, is passed over.
    for (start, words) in all.into_iter().take(TRIED_MAX) {
        if start + words.len() > limit {
            continue;
        }
        limit = start;
        let rest = text[start + words.len()..].trim_start_matches([']', '】', '〕']);
        let value = rest.trim_start_matches([' ', ':', '：', '*', '\n', '=']);
        let announces = match words {
            // A heading has its text after it.
            "####" => begins_with_value(value, true) || value.trim_end().lines().nth(1).is_none(),
            words if BARE.contains(&words) => {
                rest.trim_start_matches(['*', ' ']).starts_with(['\n', ':', '：']) || begins_with_value(value, false)
            }
            _ => true,
        };
        if !announces || !counts(&lower[..start]) {
            continue;
        }
        let bracketed = rest.trim_start_matches([' ', ':', '：']);
        let value = if bracketed.starts_with('(') { bracketed } else { value.trim_start_matches('(') };
        let sentence = sentence(without_lead(value));
        let remark = REMARKS.contains(&sentence.trim());
        if !remark && sentence.chars().any(char::is_alphanumeric) {
            return Some(sentence);
        }
    }
    None
}

/// Whether a text begins with a number, a formula or an option's letter; a heading may have a number of its own.
fn begins_with_value(text: &str, heading: bool) -> bool {
    let unsigned = text.trim_start_matches(['-', '−', '+', '.', '￥', '¥', '€', '£']);
    let mut chars = unsigned.chars();
    match chars.next() {
        Some('$' | '\\') => true,
        Some(c) if c.is_ascii_digit() => {
            let rest = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
            let named = |rest: &str| rest.lines().next().is_some_and(|line| line.contains(char::is_alphabetic));
            !(heading
                && rest
                    .strip_prefix(['.', ')', '、', ':', '：'])
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()) && named(rest)))
        }
        Some('(' | '（' | '[' | '"' | '“') => {
            let inner = unsigned.trim_start_matches(['(', '（', '[', '"', '“', ' ']);
            begins_with_letter(inner)
                || inner.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '−' | '$' | '\\'))
        }
        _ => begins_with_letter(unsigned),
    }
}

/// Whether a text begins with an option's letter, and goes on with nothing or a sign.
fn begins_with_letter(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_uppercase())
        && chars.next().is_none_or(|c| ")）.。．,，、:：;；*\n\"”".contains(c))
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
