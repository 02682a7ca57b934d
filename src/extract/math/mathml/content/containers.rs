//! Sets, lists, intervals, vectors, matrices, cases.

use scraper::node::Element;

use super::super::super::node::{NodeRef, attr, element, local_name};
use super::super::convert::{Context, Tex, elements};
use super::{Piece, expression, inner, listed};

/// A constructor by its name.
pub(super) fn container(node: NodeRef<'_>, tag: &Element, name: &str, context: &Context) -> Piece {
    Piece::atom(|tex| match name {
        "interval" => interval(tex, node, tag, context),
        "set" => collection(tex, node, ("\\{", "\\}"), context),
        "list" => collection(tex, node, ("[", "]"), context),
        "vector" => environment(tex, "pmatrix", elements(node).map(|part| expression(part, context).tex)),
        "matrixrow" => tex.push(&row(node, context)),
        "matrix" => environment(tex, "pmatrix", elements(node).map(|part| row(part, context))),
        _ => environment(tex, "cases", elements(node).map(|part| case(part, context))),
    })
}

fn interval(tex: &mut Tex, node: NodeRef<'_>, tag: &Element, context: &Context) {
    let closure = attr(tag, "closure").unwrap_or("closed");
    let ends: Vec<Piece> = elements(node).take(2).map(|end| expression(end, context)).collect();
    tex.push(if matches!(closure, "open" | "open-closed") { "(" } else { "[" });
    listed(tex, &ends, ", ");
    tex.push(if matches!(closure, "open" | "closed-open") { ")" } else { "]" });
}

/// Members one by one, or those that meet a condition.
fn collection(tex: &mut Tex, node: NodeRef<'_>, (open, close): (&str, &str), context: &Context) {
    let parts = Parts::of(node);
    let bound: Vec<Piece> = parts.bound.iter().map(|bvar| inner(*bvar, context)).collect();
    let members = parts.pieces(context);
    tex.push(open);
    listed(tex, if members.is_empty() { &bound } else { &members }, ", ");
    if let Some(condition) = parts.condition(context) {
        tex.push("\\mid");
        tex.push(" ");
        tex.push(&condition.tex);
    }
    tex.push(close);
}

/// What a collection holds; it has no operator.
struct Parts<'a> {
    bound: Vec<NodeRef<'a>>,
    conditions: Vec<NodeRef<'a>>,
    members: Vec<NodeRef<'a>>,
}

impl<'a> Parts<'a> {
    fn of(node: NodeRef<'a>) -> Self {
        let mut parts = Self { bound: Vec::new(), conditions: Vec::new(), members: Vec::new() };
        for part in elements(node) {
            match element(part).map_or("", local_name) {
                "bvar" => parts.bound.push(part),
                "condition" | "domainofapplication" => parts.conditions.push(part),
                _ => parts.members.push(part),
            }
        }
        parts
    }

    fn pieces(&self, context: &Context) -> Vec<Piece> {
        self.members.iter().map(|member| expression(*member, context)).collect()
    }

    fn condition(&self, context: &Context) -> Option<Piece> {
        self.conditions.first().map(|condition| inner(*condition, context))
    }
}

fn row(node: NodeRef<'_>, context: &Context) -> String {
    let cells: Vec<String> = elements(node).take(256).map(|cell| expression(cell, context).tex).collect();
    cells.join(" & ")
}

/// A line of `piecewise`.
fn case(part: NodeRef<'_>, context: &Context) -> String {
    let parts: Vec<Piece> = elements(part).take(2).map(|inner| expression(inner, context)).collect();
    match (element(part).map(local_name), parts.as_slice()) {
        (Some("otherwise"), [value, ..]) => format!("{} & \\text{{otherwise}}", value.tex),
        (_, [value, condition]) => format!("{} & \\text{{if }}{}", value.tex, condition.tex),
        (_, parts) => parts.first().map_or_else(String::new, |value| value.tex.clone()),
    }
}

fn environment(tex: &mut Tex, name: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    tex.push(&format!("\\begin{{{name}}} {} \\end{{{name}}}", lines.join(" \\\\\n")));
}
