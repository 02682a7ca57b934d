//! What MathJax leaves in a saved page: version 2's frames beside their source scripts, version 3 and 4's containers.

use super::find::in_display_block;
use super::looks::{has_tex, like_math};
use super::node::{Budget, NodeRef, attr, element, first, has_class, local_name, next_element};
use super::rendered::{self, Dialect};
use super::{Formula, MathNode, mathml, script};

/// Whether a class marks a MathJax 2 rendering or preview.
pub(super) fn is_rendering(class: &str) -> bool {
    matches!(
        class,
        "MathJax_Preview"
            | "MathJax"
            | "MathJax_Display"
            | "MathJax_SVG"
            | "MathJax_SVG_Display"
            | "MathJax_CHTML"
            | "MathJax_MathML"
            | "MathJax_PHTML"
            | "mjx-chtml"
            | "MJXc-display"
            | "MathJax_PlainSource"
            | "MJX_Assistive_MathML"
            | "MathJax_LineBox"
            | "MathJax_Error"
    )
}

/// Whether an id is one of the boxes in which MathJax measures fonts and shows messages.
pub(super) fn is_workspace(id: &str) -> bool {
    matches!(
        id,
        "MathJax_Message"
            | "MathJax_Hidden"
            | "MathJax_Font_Test"
            | "MathJax_SVG_Hidden"
            | "MathJax_CHTML_Hidden"
            | "MathJax_SVG_glyphs"
            | "MJX-SVG-global-cache"
            | "MathJax-Element-Hidden"
    )
}

/// A MathJax 2 frame or preview: nothing where its source script follows, else rebuilt from the MathML it carries.
pub(super) fn rendering(node: NodeRef<'_>, class: &str, budget: &Budget) -> Option<MathNode> {
    if source_follows(node) {
        return Some(MathNode::Skip);
    }
    if class == "MathJax_Preview" {
        // Alone, a preview is the page's own fallback text.
        return None;
    }
    let display = element(node).is_some_and(|e| super::node::classes(e).any(|class| class.contains("isplay")))
        || in_display_block(node);
    let own = element(node).and_then(|element| from_data_mathml(element, display));
    own.or_else(|| {
        first(node, budget, |inner, element| {
            if local_name(element) == "math" {
                return Some(mathml::read(inner, element, display, budget));
            }
            from_data_mathml(element, display).or_else(|| from_label(element, display)).map(Some)
        })
        .flatten()
    })
    .or_else(|| {
        if class.starts_with("MathJax_SVG") {
            return rendered::places::formula(node, display, budget);
        }
        let dialect = if class.starts_with("mjx") || class.starts_with("MJXc") || class == "MathJax_CHTML" {
            Dialect::CommonHtml
        } else {
            Dialect::HtmlCss
        };
        rendered::formula(node, dialect, display, budget)
    })
    .map(MathNode::Formula)
}

fn from_data_mathml(element: &scraper::node::Element, display: bool) -> Option<Formula> {
    attr(element, "data-mathml").and_then(|source| script::from_mathml_source(source, display))
}

/// The label that CommonHTML output gets from the `alttext` of the MathML it was made from.
fn from_label(element: &scraper::node::Element, display: bool) -> Option<Formula> {
    let label = attr(element, "aria-label").filter(|_| has_class(element, "mjx-math"))?;
    // Without a sign of TeX it may be speech: "x squared".
    let tex = has_tex(label) || like_math(label.trim().trim_end_matches(['.', ',']));
    Formula::from_raw(label, display).filter(|_| tex)
}

/// Whether the script that a frame was rendered from comes next, past other frames of the same formula; for a frame
/// in a display box, past the box.
fn source_follows(node: NodeRef<'_>) -> bool {
    let mut at = node;
    for _ in 0..6 {
        let Some(next) = next_element(at) else {
            match at.parent() {
                Some(parent) if element(parent).is_some_and(|e| super::node::classes(e).any(is_rendering)) => {
                    at = parent;
                    continue;
                }
                _ => return false,
            }
        };
        let Some(element) = element(next) else { return false };
        if script::is_math(element) {
            return true;
        }
        if !super::node::classes(element).any(is_rendering) {
            return false;
        }
        at = next;
    }
    false
}

/// `<mjx-container>`: its TeX where version 4 keeps it, else the MathML for screen readers.
pub(super) fn container(node: NodeRef<'_>, element: &scraper::node::Element, budget: &Budget) -> Option<MathNode> {
    let display = attr(element, "display").is_some_and(|value| matches!(value, "true" | "block"));
    let own = attr(element, "data-latex").and_then(|raw| Formula::from_raw(raw, display));
    let formula = own.or_else(|| {
        let mut from_mathml = None;
        let latex = first(node, budget, |inner, child| {
            let name = local_name(child);
            if name == "math" && from_mathml.is_none() {
                from_mathml = mathml::read(inner, child, display, budget);
            }
            let whole = matches!(name, "math" | "mjx-math") || has_class(child, "MathJax");
            let raw = attr(child, "data-latex").filter(|_| whole)?;
            Formula::from_raw(raw, display)
        });
        latex.or(from_mathml)
    });
    let formula = formula.or_else(|| {
        let svg = attr(element, "jax").map_or_else(
            || first(node, budget, |_, child| (local_name(child) == "svg").then_some(())).is_some(),
            |jax| jax.eq_ignore_ascii_case("svg"),
        );
        rendered::formula(node, if svg { Dialect::Svg } else { Dialect::Chtml }, display, budget)
    });
    formula.map(MathNode::Formula)
}

/// An SVG drawing that stands alone: its title where version 2 put the TeX there, else rebuilt where version 3 drew it.
pub(super) fn drawing(node: NodeRef<'_>, budget: &Budget) -> Option<MathNode> {
    let display = in_display_block(node);
    let mut children = node.children().take(8).filter_map(|child| Some((child, element(child)?)));
    let formula = children.find_map(|(child, tag)| match local_name(tag) {
        "title" if attr(tag, "id").is_some_and(|id| id.starts_with("MathJax-SVG")) => {
            Formula::from_raw(&super::node::text(child, budget, super::tidy::TEX_BYTES_MAX)?, display)
        }
        "g" => {
            let math = child
                .children()
                .take(4)
                .find(|inner| element(*inner).is_some_and(|inner| attr(inner, "data-mml-node") == Some("math")))?;
            rendered::formula(math, Dialect::Svg, display, budget)
        }
        _ => None,
    });
    formula.map(MathNode::Formula)
}
