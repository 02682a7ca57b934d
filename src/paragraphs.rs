//! A text as paragraphs: what stands between blank lines. Fenced code is one, whatever blank lines it has.

use std::ops::Range;

/// The paragraphs of a text, without the blank lines around them.
#[must_use]
pub fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut fence: Option<&str> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim();
        let end = start + line.trim_end().len();
        match fence {
            Some(mark) if bare.starts_with(mark) && bare.trim_start_matches(&mark[..1]).is_empty() => fence = None,
            Some(_) => {}
            None if bare.is_empty() => {
                found.extend(open.take());
                continue;
            }
            None => fence = opened(bare),
        }
        if !bare.is_empty() {
            open.get_or_insert(start..end).end = end;
        }
    }
    found.extend(open);
    found
}

/// The mark that ends the fence which a line opens.
fn opened(line: &str) -> Option<&str> {
    let marks = line.len() - line.trim_start_matches('`').len();
    (marks >= 3 && !line[marks..].contains('`')).then_some(&line[..marks])
}

/// The byte ranges to cut from a text so that the paragraphs for which `removed` holds are gone, and the blank lines
/// after them, or before them where nothing follows.
#[must_use]
pub fn spans(text: &str, paragraphs: &[Range<usize>], removed: &[bool]) -> Vec<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (i, paragraph) in paragraphs.iter().enumerate().filter(|(i, _)| removed[*i]) {
        let end = paragraphs.get(i + 1).map_or(text.len(), |next| next.start);
        match spans.last_mut() {
            Some(last) if last.end == paragraph.start => last.end = end,
            _ => spans.push(paragraph.start..end),
        }
    }
    if let Some(last) = spans.last_mut().filter(|last| last.end == text.len()) {
        last.start = text[..last.start].trim_end().len();
    }
    spans
}

/// A text without these spans, which are in order and apart.
#[must_use]
pub fn cut(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.start]);
        at = span.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let found: Vec<&str> = paragraphs(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, want, "{text:?}");
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        check("", &[]);
        check("\n \n", &[]);
        check("a\nb\n\nc", &["a\nb", "c"]);
        check("\n\na\n \t\n\nb\n", &["a", "b"]);
        check("a\r\n\r\nb", &["a", "b"]);
    }

    #[test]
    fn fenced_code_is_one() {
        check("x\n\n```py\na\n\nb\n```\n\ny", &["x", "```py\na\n\nb\n```", "y"]);
        check("````\na\n```\n\nb\n````\nc\n\nd", &["````\na\n```\n\nb\n````\nc", "d"]);
        check("```\na\n\nb", &["```\na\n\nb"]);
        check("```not a fence```\n\nb", &["```not a fence```", "b"]);
    }

    #[track_caller]
    fn removes(text: &str, removed: &[bool], want: &str) {
        assert_eq!(cut(text, &spans(text, &paragraphs(text), removed)), want);
    }

    #[test]
    fn what_stays_is_parted_as_before() {
        let text = "a\n\nb\n\n\nc\n\nd";
        removes(text, &[true, false, false, false], "b\n\n\nc\n\nd");
        removes(text, &[false, true, true, false], "a\n\nd");
        removes(text, &[false, false, false, true], "a\n\nb\n\n\nc");
        removes(text, &[true, true, true, true], "");
        removes(text, &[false; 4], text);
        removes("a\n\nb\n", &[false, true], "a");
    }
}
