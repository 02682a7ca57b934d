//! Tables: columns of stacked cells → rows.

use super::super::super::node::{NodeRef, classes, element};
use super::super::tree::Ml;
use super::Reader;
use super::stack::{self, Entry};

/// Cells whose baselines differ by less are in one row, in em.
const ROW_TOLERANCE: f32 = 0.2;

impl Reader<'_> {
    pub(super) fn table(&self, node: NodeRef<'_>, depth: usize) -> Ml {
        let mut columns: Vec<(&'static str, Vec<Entry<'_>>)> = Vec::new();
        for child in node.children().take(512) {
            let Some(alignment) = element(child).and_then(|tag| classes(tag).find_map(alignment)) else { continue };
            columns.push((
                alignment,
                child.children().take(4).map(stack::entries).find(|e| !e.is_empty()).unwrap_or_default(),
            ));
        }
        let mut baselines: Vec<f32> =
            columns.iter().flat_map(|(_, cells)| cells.iter().map(|cell| cell.rise)).collect();
        baselines.sort_by(|a, b| b.total_cmp(a));
        baselines.dedup_by(|a, b| (*a - *b).abs() < ROW_TOLERANCE);
        let mut rows: Vec<Vec<Vec<Ml>>> = baselines.iter().map(|_| Vec::new()).collect();
        for (column, (_, cells)) in columns.iter().enumerate() {
            for cell in cells {
                let at = baselines.partition_point(|baseline| *baseline - cell.rise >= ROW_TOLERANCE);
                let Some(row) = rows.get_mut(at) else { continue };
                while row.len() < column {
                    row.push(Vec::new());
                }
                let mut content = self.content(cell.node, depth + 1);
                if let [only] = content.as_mut_slice()
                    && only.name == "mrow"
                    && only.attr("data-mjx-texclass").is_some()
                {
                    content = std::mem::take(&mut only.children);
                }
                row.push(content);
            }
        }
        let alignment: Vec<&str> = columns.iter().map(|(alignment, _)| *alignment).collect();
        let rows = rows
            .into_iter()
            .map(|row| Ml::new("mtr", row.into_iter().map(|cell| Ml::new("mtd", cell)).collect()))
            .collect();
        Ml::new("mtable", rows).with("columnalign", alignment.join(" "))
    }
}

fn alignment(class: &str) -> Option<&'static str> {
    Some(match class {
        "col-align-l" => "left",
        "col-align-r" => "right",
        "col-align-c" => "center",
        _ => return None,
    })
}
