//! Office Math (OMML): the formulas of word processors in pages saved as HTML.
//!
//! They stand in conditional comments, with a picture or text after them for other readers, or as elements of the page.
//! They are rewritten as MathML, for which there is a converter.

mod convert;
mod run;

use ego_tree::NodeId;
use scraper::Node;

use super::looks::has_tex;
use super::node::{Budget, NodeRef, element, local_name};
use super::{Formula, mathml};
use crate::extract::dom;

/// Longest comment that is read, in bytes.
const COMMENT_BYTES_MAX: usize = 256 * 1024;

/// Whether a comment may hold a formula.
pub(super) fn is_math_comment(comment: &str) -> bool {
    comment.starts_with("[if") && comment.contains("<m:oMath")
        || comment.trim_start().starts_with("MathType@Translator")
}

/// The formula in a comment.
pub(super) fn read_comment(comment: &str) -> Option<Formula> {
    if comment.len() > COMMENT_BYTES_MAX {
        return None;
    }
    if comment.trim_start().starts_with("MathType@") {
        return translated(comment);
    }
    let markup = comment.split_once('>')?.1;
    let markup = markup.strip_suffix("<![endif]").unwrap_or(markup);
    let html = dom::parse_fragment(&closed(markup))?;
    let math = html.tree.root().descendants().find(|node| element(*node).is_some_and(is_math))?;
    read(math)
}

/// Whether an element is a formula: its name is lower case after parsing.
pub(super) fn is_math(element: &scraper::node::Element) -> bool {
    matches!(&*element.name.local, "m:omath" | "m:omathpara")
}

/// The formula of an element.
pub(super) fn read(node: NodeRef<'_>) -> Option<Formula> {
    let display = element(node).is_some_and(|element| local_name(element) == "omathpara");
    let source = convert::to_mathml(node)?;
    let html = dom::parse_fragment(&source)?;
    let math = html.tree.root().descendants().find(|node| element(*node).is_some_and(|e| local_name(e) == "math"))?;
    Formula::from_raw(&mathml::to_latex(math), display)
}

/// A formula of a page's own tree, within the budget for looks ahead.
pub(super) fn read_element(node: NodeRef<'_>, budget: &Budget) -> Option<Formula> {
    node.descendants().all(|_| budget.spend()).then(|| read(node)).flatten()
}

/// The TeX in a comment of an equation editor's translator: what stands between dollars or brackets.
fn translated(comment: &str) -> Option<Formula> {
    let from = [r"\[", r"\(", "$"].iter().filter_map(|open| comment.find(open)).min()?;
    let to = [r"\]", r"\)", "$"].iter().filter_map(|close| comment.rfind(close).map(|at| at + close.len())).max()?;
    let tex = comment.get(from..to)?;
    Formula::from_raw(tex, false).filter(|formula| has_tex(&formula.tex) || formula.tex.len() < 64)
}

/// The comment that ends the fallback which a comment begins.
pub(super) fn fallback_end(node: NodeRef<'_>, comment: &str) -> Option<NodeId> {
    if !comment.starts_with("[if !msEquation") {
        return None;
    }
    let ends = |node: &NodeRef<'_>| matches!(node.value(), Node::Comment(end) if end.starts_with("[endif"));
    node.next_siblings().take(64).find(ends).map(|end| end.id())
}

/// Markup with end tags for elements that XML closes in their start tag: HTML does not know those.
fn closed(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() + 64);
    let mut rest = markup;
    while let Some(at) = rest.find("/>") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        out.push_str(before);
        let name = before.rfind('<').map(|open| &before[open + 1..]).and_then(|tag| {
            let name = tag.split_ascii_whitespace().next()?;
            (name.starts_with("m:") && !tag.contains('>')).then_some(name)
        });
        match name {
            Some(name) => out.extend(["></", name, ">"]),
            None => out.push_str("/>"),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
