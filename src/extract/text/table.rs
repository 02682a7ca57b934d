//! Data tables as rows; tables that only lay out the page are not tables.

use super::Blocks;
use super::inline::Line;
use crate::extract::content::Selection;
use crate::extract::content::hints::Hints;
use crate::extract::math::PageMath;
use crate::extract::outline::{Kind, Outline};
use crate::extract::tag::Tag;
use crate::forms::Forms;

/// Bytes of text a cell of a data table holds on average at most.
const CELL_BYTES_MAX: usize = 160;

/// Whether a table holds data: at least two rows and columns of short cells without tables, lists or code inside.
pub(super) fn is_data(outline: &Outline<'_>, at: usize) -> bool {
    let table = &outline.entries[at];
    if table.hints.has(Hints::LAYOUT) {
        return false;
    }
    let (mut rows, mut cells, mut widest, mut width, mut headers, mut blocks) = (0, 0, 0, 0, 0, 0);
    for entry in &outline.entries[at + 1..table.end as usize] {
        match entry.tag() {
            Some(Tag::Table | Tag::Pre | Tag::Article | Tag::Main) => return false,
            Some(Tag::Row) => (rows, width) = (rows + 1, 0),
            Some(tag @ (Tag::Cell | Tag::HeaderCell)) => {
                cells += 1;
                headers += usize::from(tag == Tag::HeaderCell);
                width += 1;
                widest = widest.max(width);
            }
            Some(Tag::Heading(_) | Tag::Paragraph | Tag::List | Tag::OrderedList | Tag::Quote) => blocks += 1,
            _ => {}
        }
    }
    let cell_bytes = table.stats.text as usize / usize::max(cells, 1);
    let cap = if headers > 0 { CELL_BYTES_MAX * 2 } else { CELL_BYTES_MAX };
    rows >= 2 && widest >= 2 && blocks <= cells && cell_bytes <= cap
}

/// Writes a data table: its caption, then a line a row.
pub(super) fn write(outline: &Outline<'_>, selection: &Selection, at: usize, page: &PageMath, blocks: &mut Blocks) {
    let end = outline.entries[at].end as usize;
    let mut table = Rows { lines: Vec::new(), row: Vec::new(), forms: Forms::default() };
    let mut next = at + 1;
    while next < end {
        let entry = &outline.entries[next];
        if selection.dropped(next) {
            next = entry.end as usize;
            continue;
        }
        match entry.tag() {
            Some(Tag::Cell | Tag::HeaderCell) => {
                let (text, forms) = cell(outline, selection, next, page);
                table.row.push(text);
                table.forms += forms;
                next = entry.end as usize;
            }
            Some(Tag::Caption) => {
                let (text, forms) = cell(outline, selection, next, page);
                blocks.push(&text, forms);
                next = entry.end as usize;
            }
            Some(Tag::Row) => {
                table.end_row();
                next += 1;
            }
            _ => next += 1,
        }
    }
    table.end_row();
    blocks.push(&table.lines.join("\n"), table.forms);
}

struct Rows {
    lines: Vec<String>,
    row: Vec<String>,
    forms: Forms,
}

impl Rows {
    fn end_row(&mut self) {
        if self.row.iter().any(|cell| !cell.is_empty()) {
            self.lines.push(self.row.join(" | ").trim().to_owned());
        }
        self.row.clear();
    }
}

/// A cell's content on one line.
fn cell(outline: &Outline<'_>, selection: &Selection, at: usize, page: &PageMath) -> (String, Forms) {
    let end = outline.entries[at].end as usize;
    let mut line = Line::default();
    let mut next = at + 1;
    while next < end {
        let entry = &outline.entries[next];
        line.reach(next);
        if selection.dropped(next) {
            next = entry.end as usize;
            continue;
        }
        match entry.kind {
            Kind::Text(text) => line.push_text(text),
            Kind::Formula(formula) => line.push_formula(formula),
            Kind::Element(Tag::Code, _) => {
                line.push_code(super::code::inline(outline, next));
                next = entry.end as usize;
                continue;
            }
            Kind::Element(Tag::Superscript | Tag::Subscript | Tag::Inline, _) if line.style(outline, next, page) => {
                next = entry.end as usize;
                continue;
            }
            Kind::Element(tag, _) if tag.is_block() || tag == Tag::Break => line.push_text(" "),
            Kind::Element(..) => {}
        }
        next += 1;
    }
    line.reach(end);
    line.take_flat(page)
}
