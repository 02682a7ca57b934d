//! Tables: matrices, cases, arrays, aligned equations.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, local_name};
use super::convert::{Context, Tex, elements};
use super::spaces;

/// Columns looked at: no array is that wide.
const COLUMNS_MAX: usize = 64;

/// The sides of a table that have a rule.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four sides")]
pub(super) struct Sides {
    pub(super) left: bool,
    pub(super) right: bool,
    pub(super) top: bool,
    pub(super) bottom: bool,
}

impl Sides {
    fn any(self) -> bool {
        self.left || self.right || self.top || self.bottom
    }
}

/// Writes a table as an environment; `environment` is what its fences ask for, `matrix` without any.
pub(super) fn table(tex: &mut Tex, node: NodeRef<'_>, table: &Element, environment: &str, context: &Context) {
    let framed = attr(table, "frame").is_some_and(|frame| matches!(frame, "solid" | "dashed"));
    let sides = Sides { left: framed, right: framed, top: framed, bottom: framed };
    write(tex, node, table, environment, sides, context);
}

/// A table with rules around it.
pub(super) fn framed(tex: &mut Tex, node: NodeRef<'_>, table: &Element, sides: Sides, context: &Context) {
    write(tex, node, table, "matrix", sides, context);
}

/// How a table is laid out in LaTeX.
enum Layout {
    /// An environment without arguments.
    Environment(&'static str),
    /// `array` with these column letters.
    Array(String),
    /// Lines under an operator.
    Substack,
}

fn write(tex: &mut Tex, node: NodeRef<'_>, table: &Element, environment: &str, sides: Sides, context: &Context) {
    let rows: Vec<NodeRef<'_>> = elements(node).collect();
    if let [row] = rows.as_slice()
        && numbered(tex, *row, table, context)
    {
        return;
    }
    let width = rows.iter().map(|row| elements(*row).count()).max().unwrap_or_default().min(COLUMNS_MAX);
    let layout = layout(table, environment, width, sides, context);
    let equations = is_equations(table);
    let name = match &layout {
        Layout::Environment(name) => name,
        Layout::Array(_) => "array",
        Layout::Substack => "substack",
    };
    if matches!(layout, Layout::Substack) {
        tex.push("\\substack{");
    } else {
        tex.push("\\begin");
        tex.group(|tex| tex.push(name));
    }
    if let Layout::Array(letters) = &layout {
        tex.group(|tex| tex.push(letters));
    }
    let rules: Vec<&str> = attr(table, "rowlines").unwrap_or_default().split_ascii_whitespace().collect();
    let is_array = matches!(layout, Layout::Array(_));
    let inner = Context { limit: false, ..*context };
    let mut tags = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            tex.tex.push_str(" \\\\");
            if let Some(extra) = gap(table, n - 1) {
                tex.tex.push_str(&extra);
            }
            tex.tex.push('\n');
        } else {
            tex.tex.push(' ');
        }
        let rule = match n.checked_sub(1) {
            None => sides.top,
            Some(n) => rules.get(n).or(rules.last()).is_some_and(|rule| matches!(*rule, "solid" | "dashed")),
        };
        if rule && is_array {
            tex.tex.push_str("\\hline ");
        }
        write_row(tex, *row, equations, &inner, &mut tags);
    }
    if sides.bottom && is_array {
        tex.tex.push_str(" \\\\ \\hline");
    }
    if matches!(layout, Layout::Substack) {
        tex.tex.push('}');
    } else {
        tex.tex.push_str(" \\end");
        tex.group(|tex| tex.push(name));
    }
    // An environment inside a formula takes one number at most.
    if let [tag] = tags.as_slice() {
        tex.push("\\tag");
        tex.group(|tex| tex.tex.push_str(tag));
    }
}

fn layout(table: &Element, environment: &str, width: usize, sides: Sides, context: &Context) -> Layout {
    let columns = attr(table, "columnalign").unwrap_or_default();
    let displayed = attr(table, "displaystyle") == Some("true");
    let ruled = |name| attr(table, name).is_some_and(|lines| lines.contains("solid") || lines.contains("dashed"));
    let environment = match environment {
        "pmatrix" => "pmatrix",
        "bmatrix" => "bmatrix",
        "Bmatrix" => "Bmatrix",
        "vmatrix" => "vmatrix",
        "Vmatrix" => "Vmatrix",
        "cases" => "cases",
        _ if context.limit && width == 1 => return Layout::Substack,
        _ if attr(table, "data-mjx-smallmatrix") == Some("true") => "smallmatrix",
        _ if is_aligned(table, columns) || is_equations(table) => "aligned",
        _ if displayed && matches!(columns.trim(), "left" | "right") => "aligned",
        // One column of equations has no space between columns.
        _ if columns.trim() == "right" && attr(table, "columnspacing") == Some("") => "aligned",
        _ if displayed && width == 1 && matches!(columns.trim(), "" | "center") => "gathered",
        _ => match letters(columns, attr(table, "columnlines").unwrap_or_default(), width, sides) {
            Some(letters) => return Layout::Array(letters),
            None if ruled("rowlines") => return Layout::Array("c".repeat(width.max(1))),
            None => "matrix",
        },
    };
    Layout::Environment(environment)
}

/// An equation and its number: a labelled row of one cell, or the layout that KaTeX and Temml make for `\tag`.
fn numbered(tex: &mut Tex, row: NodeRef<'_>, table: &Element, context: &Context) -> bool {
    let wide =
        attr(table, "width") == Some("100%") || attr(table, "style").is_some_and(|style| style.contains("width:100%"));
    let cells: Vec<NodeRef<'_>> = elements(row).take(5).collect();
    let (cell, label) = match (element(row).map(local_name), cells.as_slice()) {
        (Some("mlabeledtr"), [label, cell]) => (cell, label),
        (Some("mtr"), [_, cell, .., label]) if wide && cells.len() < 5 => (cell, label),
        _ => return false,
    };
    let Some(number) = number(*label) else { return false };
    tex.children(*cell, &context.deeper());
    tex.push("\\tag");
    tex.group(|tex| tex.tex.push_str(&number));
    true
}

/// The number in the label of an equation.
fn number(label: NodeRef<'_>) -> Option<String> {
    let mut text = String::new();
    for inner in label.descendants().take(64) {
        if let scraper::Node::Text(piece) = inner.value() {
            text.push_str(piece.trim());
        }
    }
    let text = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(&text).trim();
    let plain = !text.is_empty() && text.len() < 40 && !text.contains(['{', '}', '\\', '$', '%', '#', '_', '^', '&']);
    plain.then(|| text.to_owned())
}

fn write_row(tex: &mut Tex, row: NodeRef<'_>, equations: bool, context: &Context, tags: &mut Vec<String>) {
    let tag = element(row).map_or("", local_name);
    if !matches!(tag, "mtr" | "mlabeledtr") {
        // A cell without its row.
        return tex.node(row, None, context);
    }
    let mut cells = elements(row);
    // The first cell of a labelled row is the equation's number.
    if tag == "mlabeledtr" {
        tags.extend(cells.next().and_then(number));
    }
    for (n, cell) in cells.enumerate() {
        // The sign of an equation has a column of its own in `eqnarray`, not in `aligned`.
        if n > 0 && !(equations && n % 3 == 2) {
            tex.tex.push_str(" & ");
        }
        tex.children(cell, &context.deeper());
    }
}

/// The space that a row has after it beyond what all have: `[4pt]`. MathJax lists the space of each row and what is
/// usual last.
fn gap(table: &Element, row: usize) -> Option<String> {
    let spaces: Vec<&str> = attr(table, "rowspacing")?.split_ascii_whitespace().collect();
    let [rest @ .., usual] = spaces.as_slice() else { return None };
    let points = (spaces::ems(rest.get(row)?)? - spaces::ems(usual)?) * 10.0;
    (points.abs() > 0.5 && points.abs() < 100.0).then(|| format!("[{}pt]", points.round()))
}

/// Columns that alternate right and left with nothing between them: equations aligned at their signs.
fn is_aligned(table: &Element, columns: &str) -> bool {
    let mut words = columns.split_ascii_whitespace();
    let close = attr(table, "columnspacing").is_none_or(|space| {
        let first = space.split_ascii_whitespace().next();
        first.and_then(spaces::ems).is_none_or(|ems| ems < 0.5)
    });
    words.next() == Some("right") && words.next() == Some("left") && close
}

/// Displayed equations with their signs in a column.
fn is_equations(table: &Element) -> bool {
    attr(table, "displaystyle") == Some("true")
        && attr(table, "columnalign")
            .is_some_and(|columns| columns.split_ascii_whitespace().take(3).eq(["right", "center", "left"]))
}

/// Column letters where the table names other alignments than centred, or has rules.
fn letters(columns: &str, lines: &str, width: usize, sides: Sides) -> Option<String> {
    let words: Vec<char> = columns
        .split_ascii_whitespace()
        .map(|word| match word {
            "left" => 'l',
            "right" => 'r',
            _ => 'c',
        })
        .collect();
    let lines: Vec<bool> = lines.split_ascii_whitespace().map(|line| line != "none").collect();
    let ruled = lines.contains(&true) || sides.any();
    if !ruled && words.iter().all(|letter| *letter == 'c') {
        return None;
    }
    let mut letters = String::new();
    if sides.left {
        letters.push('|');
    }
    for n in 0..width.max(1) {
        letters.push(words.get(n).or(words.last()).copied().unwrap_or('c'));
        let line = lines.get(n).or(lines.last()).copied().unwrap_or_default();
        if if n + 1 < width.max(1) { line } else { sides.right } {
            letters.push('|');
        }
    }
    Some(letters)
}
