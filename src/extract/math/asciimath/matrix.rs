//! Matrices: a row of bracketed rows of equal length, `[[a,b],[c,d]]`.

use super::node::{Matrix, Node};

/// Reads what stands before a closing bracket as the rows of a matrix; gives it back where it is none.
///
/// `closes_set` says that the bracket is a brace, in which `(a,b),(c,d)` are the members of a set; `left` that the
/// bracket is invisible, which sets the columns to the left.
pub(super) fn read(row: Vec<Node>, closes_set: bool, left: bool) -> Result<Matrix, Vec<Node>> {
    let Some(shape) = shape(&row, closes_set) else { return Err(row) };
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    for node in row {
        let Node::Fence { inside, .. } = node else { continue };
        let mut cells: Vec<Vec<Node>> = vec![Vec::new()];
        for node in inside {
            if is_comma(&node) {
                cells.push(Vec::new());
            } else if let Some(cell) = cells.last_mut() {
                cell.push(node);
            }
        }
        // A bar as a cell of its own is a line between the columns, at the place that the first row gives it.
        let mut kept = Vec::new();
        for cell in cells {
            if cell == [Node::Mid] && !kept.is_empty() {
                if rows.is_empty() {
                    lines.push(kept.len());
                }
            } else {
                kept.push(cell);
            }
        }
        rows.push(kept);
    }
    debug_assert_eq!(rows.len(), shape);
    Ok(Matrix { rows, lines, left })
}

/// The number of rows, where it is a matrix.
fn shape(row: &[Node], closes_set: bool) -> Option<usize> {
    let brackets = match row.last()? {
        Node::Fence { open: Some("("), close: Some(")"), .. } if !closes_set => ("(", ")"),
        Node::Fence { open: Some("["), close: Some("]"), .. } => ("[", "]"),
        _ => return None,
    };
    let mut columns = None;
    let mut rows = 0;
    for (nth, node) in row.iter().enumerate() {
        match node {
            Node::Fence { open: Some(open), inside, close: Some(close) }
                if nth % 2 == 0 && (*open, *close) == brackets =>
            {
                let commas = inside.iter().filter(|node| is_comma(node)).count();
                if *columns.get_or_insert(commas) != commas {
                    return None;
                }
                rows += 1;
            }
            node if nth % 2 == 1 && is_comma(node) => {}
            _ => return None,
        }
    }
    (rows > 1 || columns.is_some_and(|commas| commas > 0)).then_some(rows)
}

fn is_comma(node: &Node) -> bool {
    matches!(node, Node::Literal(tex) if tex == ",")
}
