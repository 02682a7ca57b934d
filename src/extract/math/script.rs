//! `<script type="math/tex">` and its kin: the source that MathJax 2 leaves beside its rendering.

use scraper::node::Element;

use super::node::{Budget, NodeRef, attr, text};
use super::tidy::TEX_BYTES_MAX;
use super::{Formula, MathNode, asciimath, mathml};
use crate::extract::dom;

/// What the `type` of a script says about math.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Tex,
    AsciiMath,
    MathMl,
}

/// The source language and display mode that a script's `type` names.
fn source(kind: &str) -> Option<(Source, bool)> {
    let kind = kind.trim();
    let (mime, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let source = match mime.trim().to_ascii_lowercase().as_str() {
        "math/tex" | "math/latex" | "text/tex" | "text/latex" | "application/x-tex" | "application/x-latex" => {
            Source::Tex
        }
        "math/asciimath" => Source::AsciiMath,
        "math/mml" => Source::MathMl,
        _ => return None,
    };
    let display = parameters.to_ascii_lowercase().replace([' ', '"', '\''], "").contains("mode=display");
    Some((source, display))
}

/// Whether a node is a script that holds math.
pub(super) fn is_math(element: &Element) -> bool {
    &*element.name.local == "script" && attr(element, "type").is_some_and(|kind| source(kind).is_some())
}

/// The formula in a script; `Skip` where the script holds math but nothing of use.
pub(super) fn read(node: NodeRef<'_>, element: &Element, budget: &Budget) -> Option<MathNode> {
    let (source, display) = source(attr(element, "type")?)?;
    let raw = text(node, budget, TEX_BYTES_MAX)?;
    let formula = match source {
        Source::Tex => Formula::from_raw(&raw, display),
        // What cannot be read is near to TeX as it is.
        Source::AsciiMath => asciimath::formula(&raw, display).or_else(|| Formula::from_raw(&raw, display)),
        Source::MathMl => from_mathml_source(&raw, display),
    };
    Some(formula.map_or(MathNode::Skip, MathNode::Formula))
}

/// The formula in MathML that stands as text, in a script or an attribute.
pub(super) fn from_mathml_source(source: &str, display: bool) -> Option<Formula> {
    if source.len() > TEX_BYTES_MAX * 4 || !source.contains("math") {
        return None;
    }
    let html = dom::parse_fragment(source)?;
    let budget = Budget::for_nodes(html.tree.values().len());
    super::node::first(html.tree.root(), &budget, |node, element| {
        (super::node::local_name(element) == "math").then(|| mathml::read(node, element, display, &budget))
    })
    .flatten()
}
