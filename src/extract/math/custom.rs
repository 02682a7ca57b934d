//! Custom elements for mathematics: the TeX is their text or an attribute.

use scraper::node::Element;

use super::find::holds_rendering;
use super::looks::like_math;
use super::node::{Budget, NodeRef, attr, first, has_class, local_name};
use super::tidy::TEX_BYTES_MAX;
use super::wrapper::{is_one_delimited, mentions_delimiters, source};
use super::{Formula, MathNode};

/// Attributes that hold the TeX where the element is empty.
const SOURCES: [&str; 12] = [
    "value",
    "data-tex",
    "formula",
    "data-formula",
    "expression",
    "tex",
    "latex",
    "data-latex",
    "expr",
    "math",
    "alttext",
    "data-value",
];

/// Whether an element name is that of a custom element for math.
pub(super) fn is_custom_element(name: &str) -> bool {
    is_known(name) || is_compound(name)
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "tex"
            | "katex"
            | "mathjax"
            | "latex"
            | "eq"
            | "eqn"
            | "equation"
            | "alternatives"
            | "d-math"
            | "math-renderer"
            | "tex-math"
            | "x-math"
            | "math-inline"
            | "math-block"
            | "math-display"
            | "la-tex"
            | "inline-math"
            | "display-math"
            | "katex-inline"
            | "katex-display"
            | "katex-expr"
            | "inline-formula"
            | "disp-formula"
            | "ma-th"
            | "kat-ex"
            | "latex-js"
            | "math-field"
            | "math-span"
            | "math-div"
    )
}

/// Names put together by hyphens: one of the parts says what it is.
fn is_compound(name: &str) -> bool {
    name.contains('-')
        && !name.starts_with("mjx-")
        && name.split('-').any(|part| {
            matches!(part, "math" | "mathml" | "mathjax" | "tex" | "latex" | "katex" | "equation" | "formula" | "eqn")
        })
}

/// A custom element: TeX in its text or in an attribute.
pub(super) fn read(node: NodeRef<'_>, element: &Element, budget: &Budget) -> Option<MathNode> {
    let name = &*element.name.local;
    let display = attr(element, "block").is_some()
        || attr(element, "display").is_some_and(|value| !matches!(value, "inline" | "false"))
        || attr(element, "mode").is_some_and(|value| value == "display")
        || has_class(element, "js-display-math")
        || name.split('-').any(|part| matches!(part, "block" | "display" | "disp" | "div"))
        || matches!(name, "equation" | "eqn");
    if matches!(name, "alternatives" | "inline-formula" | "disp-formula") {
        // Journals give a formula in several languages and as a picture; the TeX is the one to take.
        let tex = first(node, budget, |inner, child| {
            (local_name(child) == "tex-math").then(|| super::node::text(inner, budget, TEX_BYTES_MAX)).flatten()
        });
        let formula = tex.and_then(|raw| Formula::from_raw(&raw, display));
        if let Some(formula) = formula {
            let display = formula.display && name != "inline-formula";
            return Some(MathNode::Formula(Formula { display, ..formula }));
        }
        if name == "alternatives" {
            return None;
        }
    }
    if holds_rendering(node, budget) {
        return None;
    }
    let raw = source(node, budget)?.raw;
    let raw = if raw.trim().is_empty() {
        SOURCES.iter().find_map(|key| attr(element, key).filter(|value| !value.trim().is_empty()))?.to_owned()
    } else {
        raw
    };
    let trimmed = raw.trim();
    let delimited = is_one_delimited(trimmed);
    // Some of these stand around whole passages, whose formulas the scan finds.
    let passage = !delimited && mentions_delimiters(trimmed) && !matches!(name, "tex-math" | "d-math");
    let plain = delimited || is_known(name) && !matches!(name, "mathjax" | "katex" | "latex") || like_math(trimmed);
    if raw.len() > TEX_BYTES_MAX || passage || !plain {
        return None;
    }
    Formula::from_raw(&raw, display).map(MathNode::Formula)
}
