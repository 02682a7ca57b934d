//! MathML → LaTeX: the source it carries where it does, else our own conversion of Presentation MathML.
//!
//! `mod` chooses the source, `convert` walks the tree, `tokens` turns characters and identifiers into LaTeX, `operators`
//! knows fences, `idioms` what neighbours in a row say together, `scripts` and `accents` what stands over and under, `tables`, `stack`,
//! `enclose` and `spaces` the rest of Presentation MathML, `content` is Content MathML, `symbols` the table of characters.

mod accents;
mod content;
mod convert;
mod enclose;
mod idioms;
mod operators;
mod scripts;
mod shape;
mod spaces;
mod stack;
mod symbols;
mod tables;
mod tokens;

#[cfg(test)]
mod tests;

use scraper::node::Element;

use super::looks::{has_tex, like_prose};
use super::node::{Budget, NodeRef, attr, element, first, local_name, text};
use super::tidy::TEX_BYTES_MAX;
use super::{Formula, MathNode, latexml};
use crate::extract::dom;

pub use convert::to_latex;

/// Characters of mathematics as LaTeX.
pub(super) fn characters(text: &str) -> String {
    convert::Tex::apart(|tex| tokens::characters(tex, text))
}

/// Appends LaTeX, with a blank where a control word would otherwise swallow a letter.
pub(super) fn append(tex: &mut String, piece: &str) {
    if piece.starts_with(|c: char| c.is_ascii_alphabetic()) && convert::ends_in_control_word(tex) {
        tex.push(' ');
    }
    tex.push_str(piece);
}

/// The formula of a piece of MathML markup: a `math` element with what may stand around it, or the inside of one.
#[must_use]
pub fn formula(mathml: &str) -> Option<Formula> {
    let html = dom::parse_fragment(mathml)?;
    let budget = Budget::for_nodes(html.tree.values().len());
    let math = html.tree.root().descendants().find_map(|node| {
        let math = element(node).filter(|element| local_name(element) == "math")?;
        Some((node, math))
    });
    match math {
        Some((node, math)) => read(node, math, false, &budget),
        None => Formula::from_raw(&to_latex(html.tree.root()), false),
    }
}

/// What a `math` element is: its formula, or nothing worth emitting.
pub(super) fn mark(node: NodeRef<'_>, element: &Element, budget: &Budget) -> MathNode {
    let display = super::find::in_display_block(node);
    read(node, element, display, budget).map_or(MathNode::Skip, MathNode::Formula)
}

/// The formula of a `math` element: TeX annotation, else `alttext`, else converted.
pub(super) fn read(node: NodeRef<'_>, math: &Element, display: bool, budget: &Budget) -> Option<Formula> {
    let display = match attr(math, "display").or_else(|| attr(math, "mode")) {
        Some("block" | "display") => true,
        _ => display,
    };
    let annotated = first(node, budget, |inner, element| {
        (local_name(element) == "annotation").then(|| annotation(inner, element, display, budget)).flatten()
    });
    annotated
        .or_else(|| {
            let own = attr(math, "data-latex").or_else(|| attr(math, "data-tex"));
            own.and_then(|raw| Formula::from_raw(raw, display))
        })
        .or_else(|| {
            let alt = attr(math, "alttext").filter(|alt| latexml::is_math(math) || has_tex(alt) || !like_prose(alt))?;
            Formula::from_raw(alt, display)
        })
        .or_else(|| Formula::from_raw(&to_latex(node), display))
}

/// The TeX in an annotation; `None` for annotations in other languages.
pub(super) fn annotation(node: NodeRef<'_>, element: &Element, display: bool, budget: &Budget) -> Option<Formula> {
    let encoding = attr(element, "encoding")?;
    let tex = encoding.to_ascii_lowercase().contains("tex") && !encoding.eq_ignore_ascii_case("text/plain");
    Formula::from_raw(&text(node, budget, TEX_BYTES_MAX).filter(|_| tex)?, display)
}
