//! Pictures of formulas, with the TeX in `alt` or in the address.

use scraper::node::Element;

use super::image_url;
use super::looks::{has_tex, like_math, like_prose};
use super::node::{Budget, NodeRef, alone_in_block, classes};
use super::wrapper::previous_is_math;
use super::{Formula, MathNode, script};

/// What the class of a picture says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    None,
    Math,
    Display,
}

fn class(element: &Element) -> Class {
    let mut best = Class::None;
    for class in classes(element) {
        let kind = match class {
            "tex"
            | "latex"
            | "math"
            | "formulaInl"
            | "mathtex"
            | "texmath"
            | "latexmath"
            | "math-inline"
            | "inline-math"
            | "ql-img-inline-formula"
            | "tex-image"
            | "math-img"
            | "math-image"
            | "Wirisformula"
            | "wiris"
            | "eqn"
            | "eq"
            | "texrender"
            | "mimetex"
            | "equation"
            | "formula"
            | "ee_img"
            | "tr_noresize"
            | "latex-img"
            | "mwe-math-fallback-image-inline"
            | "mwe-math-fallback-png-inline"
            | "texhtml"
            | "ltx_Math"
            | "maths"
            | "teximage" => Class::Math,
            "formulaDsp"
            | "ql-img-displayed-equation"
            | "latexcenter"
            | "math-display"
            | "display-math"
            | "displaymath"
            | "mwe-math-fallback-image-display"
            | "mwe-math-fallback-png-display"
            | "latex-display" => Class::Display,
            _ => continue,
        };
        if best != Class::Display {
            best = kind;
        }
    }
    best
}

/// The formula that a picture shows.
pub(super) fn read(node: NodeRef<'_>, element: &Element, budget: &Budget) -> Option<MathNode> {
    if !budget.spend() {
        return None;
    }
    let class = class(element);
    let mut alt = None;
    let mut url = None;
    for (name, value) in &element.attrs {
        match &*name.local {
            "alt" => alt = Some(value.trim()),
            "src" => url = url.or(Some(&**value)),
            "data-src" | "data-lazy-src" | "data-original" | "data-orig-src" | "data-lazy" => url = Some(&**value),
            "data-tex" | "data-latex" | "data-formula" | "data-equation" | "data-eq" if like_math(value) => {
                return formula(node, value, class == Class::Display);
            }
            "data-mathml" => {
                let source = value.replace('«', "<").replace('»', ">").replace('¨', "\"");
                if let Some(formula) = script::from_mathml_source(&source, class == Class::Display) {
                    return Some(MathNode::Formula(formula));
                }
            }
            _ => {}
        }
    }
    if class != Class::None && previous_is_math(node) {
        return Some(MathNode::Skip);
    }
    let display = class == Class::Display;
    let from_url = url.and_then(image_url::tex);
    if let Some(alt) = alt.filter(|alt| alt_is_tex(alt, class, from_url.is_some())) {
        return formula(node, alt, display);
    }
    formula(node, &from_url?, display)
}

fn formula(node: NodeRef<'_>, raw: &str, display: bool) -> Option<MathNode> {
    let mut formula = Formula::from_raw(raw, display)?;
    formula.display |= alone_in_block(node);
    Some(MathNode::Formula(formula))
}

/// Whether an alternative text is TeX. A class for formulas, or a TeX service's address, makes plain text credible.
fn alt_is_tex(alt: &str, class: Class, service: bool) -> bool {
    if alt.is_empty() || alt.ends_with("...") && service {
        return false;
    }
    if is_delimited(alt) {
        return like_math(alt.trim_matches('$')) || has_tex(alt);
    }
    if alt.starts_with("{\\displaystyle") || alt.starts_with("\\begin{") {
        return true;
    }
    if class != Class::None {
        return !is_placeholder(alt) && !like_prose(alt);
    }
    if service {
        return like_math(alt) && !is_placeholder(alt);
    }
    has_tex(alt) && !alt.contains("://") && alt.matches('\\').count() + alt.matches('{').count() >= 2
}

fn is_delimited(alt: &str) -> bool {
    let alt = alt
        .trim_start_matches("% latex2html id marker")
        .trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
    [("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"), ("[tex]", "[/tex]")]
        .iter()
        .any(|(open, close)| alt.len() > open.len() + close.len() && alt.starts_with(open) && alt.ends_with(close))
}

/// Words that stand for a picture whose TeX nobody wrote down.
fn is_placeholder(alt: &str) -> bool {
    let lower = alt.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "equation"
            | "formula"
            | "latex"
            | "math"
            | "tex"
            | "image"
            | "img"
            | "latex formula"
            | "math formula"
            | "eq"
            | "maths"
            | "mathematical equation"
            | "latex image"
            | "latex equation"
            | "inline formula"
            | "公式"
            | "math equation"
            | "rendered latex"
            | "svg"
            | "picture"
    ) || [".png", ".gif", ".svg", ".jpg"].iter().any(|kind| lower.ends_with(kind))
}
