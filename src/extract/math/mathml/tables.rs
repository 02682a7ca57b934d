//! Tables: matrices, cases, arrays, aligned equations.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, local_name};
use super::convert::{Context, Tex, elements};

/// Writes a table as an environment; `environment` is what its fences ask for, `matrix` without any.
pub(super) fn table(tex: &mut Tex, node: NodeRef<'_>, table: &Element, environment: &str, context: &Context) {
    let rows: Vec<NodeRef<'_>> = elements(node).collect();
    let columns = attr(table, "columnalign").unwrap_or_default();
    let environment = match environment {
        "matrix" if is_aligned(columns) => "aligned",
        "matrix" if columns.trim() == "left" && attr(table, "displaystyle") == Some("true") => "aligned",
        other => other,
    };
    let alignment = (environment == "matrix").then(|| letters(columns, &rows)).flatten();
    let name = if alignment.is_some() { "array" } else { environment };
    tex.push("\\begin");
    tex.group(|tex| tex.push(name));
    if let Some(letters) = alignment {
        tex.group(|tex| tex.push(&letters));
    }
    for (n, row) in rows.iter().enumerate() {
        tex.tex.push_str(if n > 0 { " \\\\\n" } else { " " });
        write_row(tex, *row, context);
    }
    tex.tex.push_str(" \\end");
    tex.group(|tex| tex.push(name));
}

fn write_row(tex: &mut Tex, row: NodeRef<'_>, context: &Context) {
    let tag = element(row).map_or("", local_name);
    if !matches!(tag, "mtr" | "mlabeledtr") {
        // A cell without its row.
        return tex.node(row, None, context);
    }
    // The first cell of a labelled row is the equation's number.
    let skip = usize::from(tag == "mlabeledtr");
    for (n, cell) in elements(row).skip(skip).enumerate() {
        if n > 0 {
            tex.tex.push_str(" & ");
        }
        tex.children(cell, &context.deeper());
    }
}

/// Columns that alternate right and left: equations aligned at their signs.
fn is_aligned(columns: &str) -> bool {
    let mut words = columns.split_ascii_whitespace();
    words.next() == Some("right") && words.next() == Some("left")
}

/// Column letters where the table names other alignments than centred.
fn letters(columns: &str, rows: &[NodeRef<'_>]) -> Option<String> {
    let words: Vec<char> = columns
        .split_ascii_whitespace()
        .map(|word| match word {
            "left" => 'l',
            "right" => 'r',
            _ => 'c',
        })
        .collect();
    let last = *words.last()?;
    if words.iter().all(|letter| *letter == 'c') {
        return None;
    }
    let width = rows.iter().map(|row| elements(*row).count()).max().unwrap_or_default().min(64);
    Some((0..width.max(1)).map(|n| words.get(n).copied().unwrap_or(last)).collect())
}
