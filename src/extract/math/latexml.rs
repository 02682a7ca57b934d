//! LaTeXML (ar5iv, DLMF, engrafo): equations laid out as tables, one cell an aligned piece of TeX.

use scraper::node::Element;

use super::node::{Budget, NodeRef, attr, classes, element, has_class, local_name, text};
use super::tidy::TEX_BYTES_MAX;
use super::{Formula, MathNode};

/// Whether a table is an equation or a group of them.
pub(super) fn is_equation(table: &Element) -> bool {
    classes(table).any(|class| matches!(class, "ltx_equation" | "ltx_equationgroup" | "ltx_eqn_table"))
}

/// The whole table as one display formula; `None` where rows hold more than math, so that the walk goes on inside.
pub(super) fn table(node: NodeRef<'_>, budget: &Budget) -> Option<MathNode> {
    let mut rows: Vec<Row> = Vec::new();
    for inner in node.descendants() {
        if !budget.spend() {
            return None;
        }
        let Some(child) = element(inner) else { continue };
        match local_name(child) {
            "tr" => rows.push(Row::default()),
            "table" if inner.id() != node.id() && !is_equation(child) => return None,
            "td" | "th" => rows.last_mut()?.cell(inner, child, budget)?,
            _ => {}
        }
    }
    rows.retain(|row| !row.cells.iter().all(String::is_empty));
    let aligned = rows.len() > 1;
    let lines: Vec<String> = rows.iter().map(|row| row.tex(aligned)).collect();
    let tex = match lines.as_slice() {
        [] => return None,
        [line] => line.clone(),
        lines => format!("\\begin{{aligned}} {} \\end{{aligned}}", lines.join(" \\\\\n")),
    };
    Formula::from_raw(&tex, true).map(MathNode::Formula)
}

#[derive(Default)]
struct Row {
    cells: Vec<String>,
    number: Option<String>,
}

impl Row {
    /// Reads a cell; `None` where it holds text that is no formula.
    fn cell(&mut self, cell: NodeRef<'_>, td: &Element, budget: &Budget) -> Option<()> {
        if has_class(td, "ltx_eqn_eqno") {
            let number = text(cell, budget, 64)?;
            let number = number.trim().trim_start_matches('(').trim_end_matches(')');
            self.number = (!number.is_empty()).then(|| number.to_owned());
            return Some(());
        }
        let mut tex = String::new();
        let mut inner = cell.first_child();
        let mut visible = false;
        while let Some(node) = inner {
            if !budget.spend() {
                return None;
            }
            let mut down = true;
            match node.value() {
                scraper::Node::Text(text) if !text.trim().is_empty() => visible = true,
                scraper::Node::Element(child) if local_name(child) == "math" => {
                    let piece = super::mathml::read(node, child, true, budget)?;
                    if !tex.is_empty() {
                        tex.push(' ');
                    }
                    tex.push_str(&piece.tex);
                    down = false;
                }
                _ => {}
            }
            inner = node.first_child().filter(|_| down).or_else(|| next_within(node, cell));
        }
        if visible || tex.len() > TEX_BYTES_MAX {
            return None;
        }
        self.cells.push(tex);
        Some(())
    }

    fn tex(&self, aligned: bool) -> String {
        let cells: Vec<&str> = self.cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        let mut tex = cells.join(if aligned { " & " } else { " " });
        if let Some(number) = self.number.as_deref().filter(|_| !aligned) {
            tex = format!("{tex} \\tag{{{number}}}");
        }
        tex
    }
}

fn next_within<'a>(mut node: NodeRef<'a>, root: NodeRef<'a>) -> Option<NodeRef<'a>> {
    while node.id() != root.id() {
        if let Some(next) = node.next_sibling() {
            return Some(next);
        }
        node = node.parent()?;
    }
    None
}

/// Whether an element says that it comes from LaTeXML, so that its `alttext` is TeX.
pub(super) fn is_math(math: &Element) -> bool {
    attr(math, "class").is_some_and(|class| class.contains("ltx_"))
}
