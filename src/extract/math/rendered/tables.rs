//! Tables: rows and columns from rows of cells, or, in version 2's HTML-CSS output, from columns of placed cells.

use scraper::node::Element;

use super::super::node::{NodeRef, element};
use super::dialect::Dialect;
use super::reader::Reader;
use super::style;
use super::tree::Ml;

/// Cells whose baselines differ by less are in one row, in em.
const ROW_TOLERANCE: f32 = 0.2;

/// A cell with where it stands and how it is aligned.
struct Cell {
    content: Vec<Ml>,
    alignment: Option<&'static str>,
    x: f32,
}

/// Reads a table.
pub(super) fn table(reader: &Reader<'_>, node: NodeRef<'_>, depth: usize) -> Ml {
    let rows =
        if reader.dialect == Dialect::HtmlCss { by_columns(reader, node, depth) } else { by_rows(reader, node, depth) };
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default().min(64);
    let alignment: Vec<&str> = (0..columns).map(|column| align(reader.dialect, &rows, column)).collect();
    let rows = rows
        .into_iter()
        .map(|row| Ml::new("mtr", row.into_iter().map(|cell| Ml::new("mtd", cell.content)).collect()))
        .collect();
    Ml::new("mtable", rows).with("columnalign", alignment.join(" "))
}

/// The alignment of a column: what its cells say, or what their places show.
fn align(dialect: Dialect, rows: &[Vec<Cell>], column: usize) -> &'static str {
    let cells = || rows.iter().filter_map(|row| row.get(column));
    if let Some(said) = cells().find_map(|cell| cell.alignment) {
        return said;
    }
    if dialect != Dialect::Svg {
        return "center";
    }
    // Aligned equations have an empty element before the sign at which they are aligned.
    let leads_empty = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .any(|cell| cell.content.first().is_some_and(|first| first.name == "mi" && first.text.is_empty()))
    };
    if column % 2 == 1 && leads_empty(column) {
        return "left";
    }
    if column.is_multiple_of(2) && leads_empty(column + 1) {
        return "right";
    }
    let mut places = cells().filter(|cell| !cell.content.is_empty()).map(|cell| (cell.x, extent(&cell.content)));
    let Some((x, size)) = places.next() else { return "center" };
    let rest: Vec<(f32, usize)> = places.collect();
    let flush = rest.iter().all(|(other, _)| (other - x).abs() < 1.0);
    let varied = rest.iter().any(|(_, other)| *other != size);
    if flush && varied { "left" } else { "center" }
}

/// About how wide content is.
fn extent(content: &[Ml]) -> usize {
    content.iter().map(|ml| ml.text.chars().count() + extent(&ml.children)).sum()
}

fn by_rows(reader: &Reader<'_>, node: NodeRef<'_>, depth: usize) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    find_rows(reader, node, depth, &mut rows);
    rows
}

fn find_rows(reader: &Reader<'_>, parent: NodeRef<'_>, depth: usize, rows: &mut Vec<Vec<Cell>>) {
    if depth > 320 {
        return;
    }
    for node in parent.children() {
        let Some(tag) = element(node) else { continue };
        if !reader.budget.spend() || Dialect::is_aside(tag) {
            continue;
        }
        match reader.dialect.kind(tag) {
            Some("mtr" | "mlabeledtr") => {
                let mut cells = Vec::new();
                find_cells(reader, node, depth + 1, &mut cells);
                rows.push(cells);
            }
            Some(_) => {}
            None => find_rows(reader, node, depth + 1, rows),
        }
    }
}

fn find_cells(reader: &Reader<'_>, parent: NodeRef<'_>, depth: usize, cells: &mut Vec<Cell>) {
    if depth > 320 {
        return;
    }
    for node in parent.children() {
        let Some(tag) = element(node) else { continue };
        if !reader.budget.spend() || Dialect::is_aside(tag) {
            continue;
        }
        match reader.dialect.kind(tag) {
            Some("mtd") => cells.push(Cell {
                content: reader.content(node, depth + 1),
                alignment: said(tag),
                x: style::translation(tag).0,
            }),
            Some(_) => {}
            None => find_cells(reader, node, depth + 1, cells),
        }
    }
}

fn said(tag: &Element) -> Option<&'static str> {
    Some(match style::property(tag, "text-align")? {
        "left" => "left",
        "right" => "right",
        _ => "center",
    })
}

/// HTML-CSS output places each column, and in it each cell.
fn by_columns(reader: &Reader<'_>, node: NodeRef<'_>, depth: usize) -> Vec<Vec<Cell>> {
    let mut placed: Vec<(usize, f32, Cell)> = Vec::new();
    let mut column = 0;
    find_columns(reader, node, None, depth, &mut column, &mut placed);
    let mut baselines: Vec<f32> = placed.iter().map(|(_, rise, _)| *rise).collect();
    baselines.sort_by(|a, b| b.total_cmp(a));
    baselines.dedup_by(|a, b| (*a - *b).abs() < ROW_TOLERANCE);
    let mut rows: Vec<Vec<(usize, Cell)>> = baselines.iter().map(|_| Vec::new()).collect();
    for (column, rise, cell) in placed {
        let nearest = baselines.partition_point(|baseline| *baseline - rise >= ROW_TOLERANCE);
        if let Some(row) = rows.get_mut(nearest) {
            row.push((column, cell));
        }
    }
    rows.into_iter().map(row_of).collect()
}

/// Cells of a row in their columns, with empty ones where none is.
fn row_of(cells: Vec<(usize, Cell)>) -> Vec<Cell> {
    let mut row: Vec<Cell> = Vec::new();
    for (column, cell) in cells {
        while row.len() < column.min(64) {
            row.push(Cell { content: Vec::new(), alignment: None, x: 0.0 });
        }
        row.push(cell);
    }
    row
}

/// Walks to the cells; each box in which cells stand is a column.
fn find_columns(
    reader: &Reader<'_>,
    parent: NodeRef<'_>,
    place: Option<(f32, &'static str)>,
    depth: usize,
    column: &mut usize,
    placed: &mut Vec<(usize, f32, Cell)>,
) {
    if depth > 320 {
        return;
    }
    let mut cells = false;
    for node in parent.children() {
        let Some(tag) = element(node) else { continue };
        if !reader.budget.spend() || Dialect::is_aside(tag) {
            continue;
        }
        if reader.dialect.kind(tag) == Some("mtd") {
            let (rise, alignment) = place.unwrap_or((0.0, "center"));
            let cell = Cell { content: reader.content(node, depth + 1), alignment: Some(alignment), x: 0.0 };
            placed.push((*column, rise, cell));
            continue;
        }
        let inner = reader.dialect.rise(node, tag).map(|rise| {
            let centred = style::property(tag, "left").is_some_and(|left| left.ends_with('%'));
            let right = style::property(tag, "right").is_some();
            (
                rise,
                if centred {
                    "center"
                } else if right {
                    "right"
                } else {
                    "left"
                },
            )
        });
        let before = placed.len();
        find_columns(reader, node, inner.or(place), depth + 1, column, placed);
        let direct = placed.len() == before + 1 && is_cell_box(reader, node);
        cells |= direct;
    }
    if cells {
        *column += 1;
    }
}

/// Whether a cell is a child of a box.
fn is_cell_box(reader: &Reader<'_>, node: NodeRef<'_>) -> bool {
    node.children().take(4).filter_map(element).any(|tag| reader.dialect.kind(tag) == Some("mtd"))
}
