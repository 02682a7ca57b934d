//! What the class of a picture, or of the elements around it, says about its being a formula.

use scraper::node::Element;

use super::node::{NodeRef, classes, element, local_name};

/// What a class says of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    None,
    Math,
    Display,
}

/// What the picture's own classes say.
pub(super) fn own(picture: &Element) -> Class {
    let mut best = Class::None;
    for class in classes(picture) {
        match of(class) {
            Class::None => {}
            Class::Display => return Class::Display,
            Class::Math => best = Class::Math,
        }
    }
    best
}

fn of(class: &str) -> Class {
    match class {
        "tex"
        | "latex"
        | "TeX"
        | "LaTeX"
        | "math"
        | "maths"
        | "mathml"
        | "formulaInl"
        | "mathtex"
        | "math-tex"
        | "texmath"
        | "latexmath"
        | "math-inline"
        | "inline-math"
        | "math_inline"
        | "ql-img-inline-formula"
        | "tex-image"
        | "tex-img"
        | "teximage"
        | "texrender"
        | "math-img"
        | "math-image"
        | "mathimage"
        | "math-png"
        | "math-svg"
        | "Wirisformula"
        | "wiris"
        | "MathType"
        | "mathtype"
        | "eqn"
        | "eq"
        | "eq-image"
        | "equation"
        | "equation-image"
        | "equation_image"
        | "inlineequation"
        | "inline-equation"
        | "InlineEquation"
        | "inlineformula"
        | "inline-formula"
        | "inline_formula"
        | "formula"
        | "formula-img"
        | "formula-image"
        | "mimetex"
        | "ee_img"
        | "tr_noresize"
        | "latex-img"
        | "latex-image"
        | "latex-inline"
        | "mwe-math-fallback-image-inline"
        | "mwe-math-fallback-png-inline"
        | "mwe-math-fallback-source-inline"
        | "texhtml"
        | "ltx_Math"
        | "oddmath" => Class::Math,
        "formulaDsp"
        | "ql-img-displayed-equation"
        | "latexcenter"
        | "math-display"
        | "display-math"
        | "par-math-display"
        | "displaymath"
        | "displayformula"
        | "display-formula"
        | "displayequation"
        | "numberedequation"
        | "mwe-math-fallback-image-display"
        | "mwe-math-fallback-png-display"
        | "latex-display" => Class::Display,
        _ => Class::None,
    }
}

/// How far out a wrapper may be: `div.math > p > img`, `div > span.equation > a > img`.
const ANCESTORS: usize = 3;

/// What the elements around a picture say.
pub(super) fn from_ancestors(picture: NodeRef<'_>) -> Option<Class> {
    picture.ancestors().take(ANCESTORS).filter_map(element).find_map(|ancestor| {
        match local_name(ancestor) {
            "inline-formula" => return Some(Class::Math),
            "disp-formula" => return Some(Class::Display),
            _ => {}
        }
        match own(ancestor) {
            Class::None => None,
            Class::Math if &*ancestor.name.local == "div" => Some(Class::Display),
            class => Some(class),
        }
    })
}
