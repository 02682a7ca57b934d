//! Answers in boxes.

/// Names of the command that draws a box.
const BOXES: [&str; 3] = ["\\boxed", "\\fbox", "\\framebox"];
/// Most bytes between two boxes of one answer.
const BETWEEN_MAX: usize = 80;
/// Most boxes of one answer, and most empty ones that are passed over.
const BOXES_MAX: usize = 64;

/// A box: where its command begins and ends, and what it holds.
struct Boxed<'a> {
    start: usize,
    end: usize,
    content: &'a str,
}

/// The content of the last box, or of the last boxes where they are one answer; and where they end.
pub(super) fn last(text: &str) -> Option<(String, usize)> {
    // Empty boxes, as prompts have them, are no answers.
    let last = std::iter::successors(last_in(text, text.len()), |empty| last_in(text, empty.start));
    let mut first = last.take(BOXES_MAX).find(|found| !found.content.trim().is_empty())?;
    let end = first.end;
    let after = unit_after(&text[end..]);
    let mut contents = vec![first.content];
    while contents.len() < BOXES_MAX {
        let Some(previous) = last_in(text, first.start) else { break };
        if previous.end > first.start || !joins(&text[previous.end..first.start]) || previous.content.trim().is_empty()
        {
            break;
        }
        contents.push(previous.content);
        first = previous;
    }
    contents.reverse();
    // The same answer twice is said once.
    let mut distinct: Vec<&str> = Vec::new();
    for content in contents {
        if !distinct.iter().any(|other| other.trim() == content.trim()) {
            distinct.push(content);
        }
    }
    let mut answer = distinct.iter().map(|content| content.trim()).collect::<Vec<_>>().join(", ");
    if let (1, Some(unit)) = (distinct.len(), after)
        && !answer.contains('%')
    {
        answer.push_str(unit);
    }
    Some((answer, end))
}

/// The last box whose command begins before `limit`.
fn last_in(text: &str, limit: usize) -> Option<Boxed<'_>> {
    let head = &text[..limit];
    let (start, name) = BOXES.iter().filter_map(|name| Some((head.rfind(name)?, *name))).max()?;
    let rest = &text[start + name.len()..];
    let spaces = rest.len() - rest.trim_start().len();
    let at = start + name.len() + spaces;
    let Some(inner) = text[at..].strip_prefix('{') else {
        // \boxed 5
        let word = text[at..].split(|c: char| c.is_whitespace() || c == '$').next().unwrap_or_default();
        return Some(Boxed { start, end: at + word.len(), content: word });
    };
    let mut depth = 1usize;
    let mut escaped = false;
    for (i, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(Boxed { start, end: at + 1 + i + 1, content: &inner[..i] });
        }
    }
    // The text ends inside the box: what stands on its line, up to a dollar.
    let line = inner.lines().next().unwrap_or_default();
    let content = line.trim_end().trim_end_matches('$').trim_end_matches('}');
    Some(Boxed { start, end: text.len(), content })
}

/// Whether boxes with this between them are one answer: nothing but signs, or an `and` with what the first counts before
/// it, and after it no more than the name of what the second holds. `\text` inside a formula may say more.
fn joins(between: &str) -> bool {
    if between.len() > BETWEEN_MAX || between.contains("\n\n") && between.chars().any(char::is_alphabetic) {
        return false;
    }
    let (mut text, mut before, mut words, mut joined) = (false, ' ', 0, false);
    let mut rest = between;
    while let Some(c) = rest.chars().next() {
        text = (text || rest.starts_with("\\text{")) && c != '}';
        let word = &rest[..rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len())];
        rest = &rest[word.len().max(c.len_utf8())..];
        // Commands only set how it looks, or are Greek letters.
        if !word.is_empty() && before != '\\' {
            words += 1;
            let joiner = matches!(word.to_lowercase().as_str(), "and" | "or") || word.ends_with(['和', '或', '与']);
            let name = word.len() == 1 || word.len() == 2 && word.bytes().all(|b| b.is_ascii_uppercase());
            if !joiner && !name && !text && (joined || words > 2) {
                return false;
            }
            joined |= joiner;
        }
        before = c;
    }
    words == 0 || joined
}

/// A sign of percent right after the box.
fn unit_after(rest: &str) -> Option<&'static str> {
    let rest = rest.trim_start_matches(['$', ' ', '\\', ')', ']']).to_lowercase();
    ["%", "percent", "pct"].iter().any(|name| rest.starts_with(name)).then_some("\\%")
}
