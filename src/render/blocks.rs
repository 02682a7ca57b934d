//! Blocks: paragraphs, headings, lists, tables, fences, quotations.

use std::borrow::Cow;

use super::Renderer;
use super::inline::{self, verbatim};
use crate::spans::{Piece, for_each_piece};

/// Deepest quotation in a quotation, and list in a list.
const DEPTH_MAX: usize = 8;

/// Writes the blocks of `text`.
pub(super) fn write(renderer: &Renderer, text: &str, html: &mut String) {
    quoted(renderer, &text.lines().collect::<Vec<_>>(), 0, html);
}

/// Writes blocks that stand in `depth` quotations.
fn quoted(renderer: &Renderer, lines: &[&str], depth: usize, html: &mut String) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let end = if let Some(fence) = fence(line) {
            let inside = at + 1;
            let close = lines[inside..].iter().position(|line| line.trim() == fence);
            let end = close.map_or(lines.len(), |n| inside + n);
            html.push_str("<pre><code>");
            verbatim(&lines[inside..end].join("\n"), html);
            html.push_str("</code></pre>");
            end + usize::from(close.is_some())
        } else if line.trim().is_empty() {
            at + 1
        } else {
            let ends = |line: &&str| line.trim().is_empty() || fence(line).is_some();
            let end = lines[at..].iter().position(ends).map_or(lines.len(), |n| at + n);
            block(renderer, &lines[at..end], depth, html);
            end
        };
        at = end;
    }
}

/// The fence that a line opens.
fn fence(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let ticks = line.bytes().take_while(|&byte| byte == b'`').count();
    (ticks >= 3 && !line[ticks..].contains('`')).then(|| &line[..ticks])
}

/// Writes a block of at least one line.
fn block(renderer: &Renderer, lines: &[&str], depth: usize, html: &mut String) {
    let first = lines[0];
    let whole = || Cow::<str>::Owned(lines.join("\n"));
    if depth < DEPTH_MAX && lines.iter().all(|line| line.starts_with('>')) {
        let inner: Vec<&str> = lines.iter().map(|line| line[1..].strip_prefix(' ').unwrap_or(&line[1..])).collect();
        html.push_str("<blockquote>");
        quoted(renderer, &inner, depth + 1, html);
        html.push_str("</blockquote>");
    } else if lines == ["---"] {
        html.push_str("<hr>");
    } else if let Some((level, heading)) = heading(first) {
        html.push_str(
            [
                "<p class=\"h1\">",
                "<p class=\"h2\">",
                "<p class=\"h3\">",
                "<p class=\"h4\">",
                "<p class=\"h5\">",
                "<p class=\"h6\">",
            ][level - 1],
        );
        inline::write(renderer, heading, html);
        html.push_str("</p>");
        if lines.len() > 1 {
            block_after(renderer, &lines[1..], html);
        }
    } else if marker(first).is_some() {
        list(renderer, lines, html);
    } else if lines.len() > 1 && lines.iter().all(|line| line.contains(" | ")) {
        table(renderer, lines, html);
    } else {
        paragraph(renderer, &whole(), html);
    }
}

/// The lines that directly follow a heading.
fn block_after(renderer: &Renderer, lines: &[&str], html: &mut String) {
    paragraph(renderer, &lines.join("\n"), html);
}

fn paragraph(renderer: &Renderer, text: &str, html: &mut String) {
    html.push_str("<p>");
    inline::write(renderer, text.trim(), html);
    html.push_str("</p>");
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    let text = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then_some((level, text))
}

/// How far an item is indented, its number where it has one, and its text.
fn marker(line: &str) -> Option<(usize, Option<u32>, &str)> {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    if let Some(text) = text.strip_prefix("- ") {
        return Some((indent, None, text));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text[digits..].strip_prefix(". ")?;
    Some((indent, Some(text[..digits].parse().ok().filter(|_| digits <= 6)?), rest))
}

/// Writes a list whose first line is an item; lines without a marker belong to the item before them.
fn list(renderer: &Renderer, lines: &[&str], html: &mut String) {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some((indent, number, first)) = lines.get(at).and_then(|line| marker(line)) {
        let end = lines[at + 1..].iter().position(|line| marker(line).is_some()).map_or(lines.len(), |n| at + 1 + n);
        while open.len() > 1 && open.last().is_some_and(|(outer, _)| *outer > indent) {
            close(&mut open, html);
        }
        if open.last().is_none_or(|(outer, _)| *outer < indent) && open.len() < DEPTH_MAX {
            let name = if number.is_some() { "ol" } else { "ul" };
            match number {
                Some(number) if number != 1 => html.push_str(&format!("<ol start=\"{number}\">")),
                _ => html.extend(["<", name, ">"]),
            }
            open.push((indent, name));
        } else {
            html.push_str("</li>");
        }
        html.push_str("<li>");
        let mut text = first.to_owned();
        for line in &lines[at + 1..end] {
            text.push('\n');
            text.push_str(line.trim_start());
        }
        inline::write(renderer, &text, html);
        at = end;
    }
    while !open.is_empty() {
        close(&mut open, html);
    }
}

fn close(open: &mut Vec<(usize, &str)>, html: &mut String) {
    if let Some((_, name)) = open.pop() {
        html.extend(["</li></", name, ">"]);
    }
}

fn table(renderer: &Renderer, lines: &[&str], html: &mut String) {
    html.push_str("<table><tbody>");
    for line in lines {
        html.push_str("<tr>");
        for cell in cells(renderer, line) {
            html.push_str("<td>");
            inline::write(renderer, cell.trim(), html);
            html.push_str("</td>");
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table>");
}

/// The cells of a row: a bar in a formula or in code parts nothing.
fn cells<'a>(renderer: &Renderer, line: &'a str) -> Vec<&'a str> {
    let (mut cells, mut from) = (Vec::new(), 0);
    for_each_piece(line, &renderer.commands, |piece| {
        let Piece::Prose(prose) = piece else { return };
        let start = prose.as_ptr() as usize - line.as_ptr() as usize;
        for (at, bar) in prose.match_indices(" | ") {
            cells.push(&line[from..start + at]);
            from = start + at + bar.len();
        }
    });
    cells.push(&line[from..]);
    cells
}
