//! Elementary mathematics: `mstack` and `mlongdiv`, as an array with rules.

use scraper::node::Element;

use super::super::node::{NodeRef, element, local_name};
use super::convert::{Context, DEPTH_MAX, Tex, elements};

/// `mstack` and `mlongdiv`: a row a line, flush right.
pub(super) fn stack(tex: &mut Tex, node: NodeRef<'_>, tag: &Element, context: &Context) {
    let mut rows = Rows { tex: String::new(), pending_rule: false };
    let mut children: Vec<NodeRef<'_>> = elements(node).collect();
    if local_name(tag) == "mlongdiv" && children.len() >= 3 {
        // Divisor, result, dividend, then the steps.
        let head: Vec<_> = children.drain(..3).collect();
        let part = |node| Tex::apart(|tex| tex.node(node, None, context));
        rows.line(&part(head[1]));
        rows.pending_rule = true;
        rows.line(&format!("{})\\,{}", part(head[0]), part(head[2])));
    }
    for child in children {
        rows.add(child, context);
    }
    tex.push("\\begin");
    tex.group(|tex| tex.push("array"));
    tex.group(|tex| tex.push("r"));
    tex.tex.push(' ');
    tex.tex.push_str(&rows.tex);
    if rows.pending_rule {
        tex.tex.push_str(" \\\\ \\hline");
    }
    tex.tex.push_str(" \\end");
    tex.group(|tex| tex.push("array"));
}

struct Rows {
    tex: String,
    /// A rule that the next line stands under.
    pending_rule: bool,
}

impl Rows {
    fn line(&mut self, line: &str) {
        if !self.tex.is_empty() {
            self.tex.push_str(" \\\\ ");
        }
        if std::mem::take(&mut self.pending_rule) {
            self.tex.push_str("\\hline ");
        }
        self.tex.push_str(line);
    }

    fn add(&mut self, node: NodeRef<'_>, context: &Context) {
        let context = &context.deeper();
        if context.depth > DEPTH_MAX {
            return;
        }
        match element(node).map_or("", local_name) {
            "msline" => self.pending_rule = true,
            "msgroup" => elements(node).for_each(|row| self.add(row, context)),
            _ => {
                let line = Tex::apart(|tex| tex.node(node, None, context));
                self.line(&line);
            }
        }
    }
}
