//! `pre` and `code`: kept as they stand.

use super::Blocks;
use crate::extract::content::Selection;
use crate::extract::outline::{Kind, Outline};
use crate::extract::tag::Tag;
use crate::forms::Forms;

/// How many elements around and inside a `pre` are searched for its language.
const LANGUAGE_ANCESTORS: usize = 3;
/// Longest line, in bytes, that prose in a `pre` is made of; and how many words such a line has on average.
const PROSE_WORDS_MIN: usize = 6;
/// The same for text whose words are nearly all plain ones, …
const LETTER_WORDS_MIN: usize = 4;
/// … that is, at least this share of them, in percent.
const PLAIN_PERCENT_MIN: usize = 80;

/// Writes a `pre`: fenced, or as plain lines where it holds prose.
pub(super) fn write(outline: &Outline<'_>, selection: &Selection, at: usize, blocks: &mut Blocks) {
    let (text, forms) = verbatim(outline, Some(selection), at);
    let text = text.trim_matches(['\n', '\r']);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if lines.iter().all(|line| line.is_empty()) {
        return;
    }
    let language = language(outline, at);
    if language.is_none() && !holds_code(outline, at) && is_prose(&lines) {
        for paragraph in lines.split(|line| line.trim().is_empty()) {
            blocks.push(&paragraph.join("\n"), Forms::default());
        }
        return;
    }
    let fence = if text.contains("```") { "````" } else { "```" };
    blocks.push(&format!("{fence}{}\n{}\n{fence}", language.unwrap_or_default(), lines.join("\n")), forms);
}

/// Inline code on one line.
pub(super) fn inline(outline: &Outline<'_>, at: usize) -> String {
    super::fold_line(&verbatim(outline, None, at).0)
}

/// The text of a subtree with its white space, and its formulas.
fn verbatim(outline: &Outline<'_>, selection: Option<&Selection>, at: usize) -> (String, Forms) {
    let (mut text, mut forms) = (String::new(), Forms::default());
    let end = outline.entries[at].end as usize;
    let mut next = at + 1;
    while next < end {
        let entry = &outline.entries[next];
        if selection.is_some_and(|selection| selection.dropped(next)) {
            next = entry.end as usize;
            continue;
        }
        match entry.kind {
            Kind::Text(piece) => text.extend(piece.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))),
            Kind::Formula(formula) => {
                text.extend(["$", &formula.tex, "$"]);
                forms.count(formula.form, 1);
            }
            Kind::Element(Tag::Break, _) => text.push('\n'),
            // Highlighters that put each line in a block of its own.
            Kind::Element(tag, _) if tag.is_block() && !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
            Kind::Element(..) => {}
        }
        next += 1;
    }
    (text, forms)
}

/// The language that the `pre`, the `code` in it or the highlighter's wrapper name.
fn language(outline: &Outline<'_>, at: usize) -> Option<String> {
    let inside = (at..outline.entries[at].end as usize).take(2);
    let mut around = Vec::with_capacity(LANGUAGE_ANCESTORS);
    let mut up = at;
    while around.len() < LANGUAGE_ANCESTORS && up != 0 {
        up = outline.entries[up].parent as usize;
        // A table that puts numbers beside the lines is no distance.
        let of_table = matches!(outline.entries[up].tag(), Some(Tag::Table | Tag::RowGroup | Tag::Row | Tag::Cell));
        if !of_table {
            around.push(up);
        }
    }
    inside.chain(around).find_map(|index| {
        let Kind::Element(_, element) = outline.entries[index].kind else { return None };
        let named =
            ["data-lang", "data-language", "data-enlighter-language"].into_iter().find_map(|name| element.attr(name));
        named.and_then(|name| checked(name.trim())).or_else(|| of_classes(element.attr("class")?))
    })
}

fn of_classes(classes: &str) -> Option<String> {
    const PREFIXES: [&str; 6] =
        ["language-", "lang-", "highlight-source-", "highlight-lang-", "mw-highlight-lang-", "highlight-"];
    // Highlighters that put the language beside a class of their own.
    const BESIDE: [&str; 6] = ["hljs", "sourceCode", "brush:", "syntaxhighlighter", "programlisting", "chroma"];
    let words = || classes.split([' ', '\t', '\n', ';']).filter(|word| !word.is_empty());
    let prefixed = words().find_map(|word| checked(PREFIXES.into_iter().find_map(|prefix| word.strip_prefix(prefix))?));
    let joined = || words().find_map(|word| checked(word.strip_prefix("brush:")?));
    let beside = || {
        words()
            .any(|word| BESIDE.contains(&word))
            .then(|| words().filter(|word| !BESIDE.contains(word)).find_map(checked))?
    };
    prefixed.or_else(joined).or_else(beside)
}

fn checked(name: &str) -> Option<String> {
    const NO_LANGUAGES: [&str; 18] = [
        "en",
        "en-us",
        "zh",
        "zh-cn",
        "default",
        "none",
        "text",
        "plaintext",
        "notranslate",
        "wrapper",
        "nohighlight",
        "plain",
        "txt",
        "code",
        "block",
        "copy",
        "numbersource",
        "numberlines",
    ];
    let known = !name.is_empty()
        && name.len() <= 16
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-".contains(&byte));
    let name = name.to_ascii_lowercase();
    (known && !NO_LANGUAGES.contains(&name.as_str())).then_some(name)
}

fn holds_code(outline: &Outline<'_>, at: usize) -> bool {
    let end = outline.entries[at].end as usize;
    outline.entries[at + 1..end].iter().any(|entry| match entry.kind {
        Kind::Element(Tag::Code, _) => true,
        Kind::Element(Tag::Inline, element) => element.name() == "span" && element.attr("class").is_some(),
        _ => false,
    })
}

/// Whether lines read like prose: runs of plain words, few signs. Marks of quotation in letters are no signs.
fn is_prose(lines: &[&str]) -> bool {
    let (mut full, mut words, mut plain, mut bytes, mut signs) = (0, 0, 0, 0, 0);
    for line in lines {
        let line = line.trim_start_matches(['>', ' ']);
        if line.is_empty() {
            continue;
        }
        full += 1;
        bytes += line.len();
        signs += line.bytes().filter(|byte| b"{}[]()<>=;_|#*/\\&$".contains(byte)).count();
        for word in line.split_whitespace() {
            words += 1;
            let letters = word.trim_matches(|c: char| c.is_ascii_punctuation());
            plain +=
                usize::from(!letters.is_empty() && letters.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-'));
        }
    }
    let long = words >= PROSE_WORDS_MIN * full && signs * 25 < bytes;
    long || words >= LETTER_WORDS_MIN * full && plain * 100 >= words * PLAIN_PERCENT_MIN && signs * 16 < bytes
}
