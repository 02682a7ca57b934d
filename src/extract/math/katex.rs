//! KaTeX (and Temml) output: `.katex` with the TeX in a hidden annotation and the glyphs in `.katex-html`.

use super::find::in_display_block;
use super::mathml;
use super::node::{Budget, NodeRef, first, has_class, local_name};
use super::rendered;
use super::{Formula, MathNode};

/// What an element with a class that begins with `katex` is.
pub(super) fn read(node: NodeRef<'_>, class: &str, budget: &Budget) -> Option<MathNode> {
    match class {
        "katex" | "katex-display" | "katex-mathml" | "katex-html" => {
            let display = class == "katex-display" || in_display_block(node);
            formula(node, display, budget).or_else(|| rebuilt(node, class, display, budget)).map(MathNode::Formula)
        }
        // Reached only where the enclosing `.katex` carried no source: the glyphs are then all there is.
        "katex-error" => super::node::text(node, budget, super::tidy::TEX_BYTES_MAX)
            .and_then(|raw| Formula::from_raw(&raw, false))
            .map(MathNode::Formula),
        _ => None,
    }
}

fn formula(node: NodeRef<'_>, display: bool, budget: &Budget) -> Option<Formula> {
    first(node, budget, |inner, element| match local_name(element) {
        "math" => Some(mathml::read(inner, element, display, budget)),
        "annotation" => Some(mathml::annotation(inner, element, display, budget)),
        _ => None,
    })
    .flatten()
}

/// The formula of the glyphs, where they are all there is.
fn rebuilt(node: NodeRef<'_>, class: &str, display: bool, budget: &Budget) -> Option<Formula> {
    if class == "katex-html" {
        return rendered::katex::formula(node, display, budget);
    }
    let html = first(node, budget, |inner, element| has_class(element, "katex-html").then_some(inner))?;
    rendered::katex::formula(html, display, budget)
}
