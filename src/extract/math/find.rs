//! The walk: one pass over the tree that asks, at each element, the form whose name or class it bears.

use ego_tree::NodeId;
use scraper::node::Element;
use scraper::{Html, Node};

use super::node::{Budget, NodeRef, element, local_name};
use super::{Formula, MathMap, MathNode, PageMath};
use super::{custom, image, katex, latexml, mathjax, mathml, omml, script, wrapper};
use crate::forms::Form;

/// Finds every element that is math, keyed by node id. Descendants of a marked element are not looked at.
#[must_use]
pub fn find(html: &Html, page: &PageMath) -> MathMap {
    let mut walk = Walk {
        budget: Budget::for_nodes(html.tree.values().len()),
        found: Vec::new(),
        last: None,
        fallback_end: None,
        marks_text: false,
        asciimath: page.asciimath,
    };
    let mut node = html.tree.root();
    loop {
        let next = if walk.enter(node) { node.first_child() } else { None };
        node = match next.or_else(|| following(node)) {
            Some(next) => next,
            None => {
                walk.found.iter_mut().for_each(|(_, marked)| with_macros(marked, page));
                return MathMap::new(walk.found, walk.marks_text);
            }
        };
    }
}

/// Expands the page's macros in a formula; one that only defined macros is nothing to read.
fn with_macros(marked: &mut MathNode, page: &PageMath) {
    if let MathNode::Formula(formula) = marked {
        let bare = std::mem::replace(formula, Formula { tex: String::new(), display: false, form: formula.form });
        *marked = page.macros.apply(bare).map_or(MathNode::Skip, MathNode::Formula);
    }
}

/// The next node in document order that is no descendant.
fn following(mut node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    loop {
        if let Some(next) = node.next_sibling() {
            return Some(next);
        }
        node = node.parent()?;
    }
}

struct Walk {
    budget: Budget,
    found: Vec<(NodeId, MathNode)>,
    /// The formula just found, as long as no text came after it, and the name of its element.
    last: Option<(String, Formula)>,
    /// Where what stands in for a formula in a comment ends.
    fallback_end: Option<NodeId>,
    marks_text: bool,
    asciimath: bool,
}

impl Walk {
    /// Looks at a node; whether its children are to be looked at too.
    fn enter(&mut self, node: NodeRef<'_>) -> bool {
        if let Some(end) = self.fallback_end {
            if node.id() == end {
                self.fallback_end = None;
            } else {
                self.marks_text |= matches!(node.value(), Node::Text(_));
                self.found.push((node.id(), MathNode::Skip));
            }
            return false;
        }
        match node.value() {
            Node::Element(element) => {
                let Some(mut marked) = self.form(node, element) else {
                    return !matches!(&*element.name.local, "script" | "style");
                };
                self.drop_double(element, &mut marked);
                self.found.push((node.id(), marked));
                false
            }
            Node::Text(text) => {
                if self.last.is_some() && !text.trim().is_empty() {
                    self.last = None;
                }
                false
            }
            Node::Comment(comment) => {
                if omml::is_math_comment(comment) {
                    self.comment(node, comment);
                }
                false
            }
            _ => true,
        }
    }

    /// A formula in a comment; the fallback after it is none.
    fn comment(&mut self, node: NodeRef<'_>, comment: &str) {
        let Some(mut formula) = omml::read_comment(comment) else { return };
        formula.form = Form::Office;
        self.last = Some(("comment".to_owned(), formula.clone()));
        self.found.push((node.id(), MathNode::Formula(formula)));
        let next =
            node.next_siblings().find(|next| !matches!(next.value(), Node::Text(text) if text.trim().is_empty()));
        if let Some(next) = next
            && let Node::Comment(opening) = next.value()
        {
            self.fallback_end = omml::fallback_end(next, opening);
        }
    }

    /// The same TeX twice in a row, from two kinds of element with no text between, is a formula and its fallback.
    fn drop_double(&mut self, element: &Element, marked: &mut MathNode) {
        let MathNode::Formula(formula) = &*marked else { return };
        let name = local_name(element);
        match &self.last {
            Some((other, last)) if other != name && last.tex == formula.tex => *marked = MathNode::Skip,
            _ => self.last = Some((name.to_owned(), formula.clone())),
        }
    }

    /// Asks the forms of markup, by element name first, then by class and attributes.
    fn form(&self, node: NodeRef<'_>, element: &Element) -> Option<MathNode> {
        let budget = &self.budget;
        match &*element.name.local {
            "script" => return of(Form::Script, script::read(node, element, budget)),
            "math" => {
                let tex = wrapper::tex_in_math(node, element);
                return of(Form::MathMl, Some(tex.unwrap_or_else(|| mathml::mark(node, element, budget))));
            }
            "pre" => {
                if let Some(marked) = wrapper::fenced(node, element, budget) {
                    return of(Form::Element, Some(marked));
                }
            }
            "img" => return of(Form::Image, image::read(node, element, budget)),
            "mjx-container" => return of(Form::MathJax, mathjax::container(node, element, budget)),
            "svg" => return of(Form::MathJax, mathjax::drawing(node, budget)),
            "mjx-assistive-mml" => return Some(MathNode::Skip),
            "html" | "head" | "body" | "style" | "meta" | "link" | "p" | "li" | "br" | "a" | "ul" | "main" => {
                return None;
            }
            "table" if latexml::is_equation(element) => return of(Form::LateXml, latexml::table(node, budget)),
            name if name.ends_with(":math") => return of(Form::MathMl, Some(mathml::mark(node, element, budget))),
            "m:omath" | "m:omathpara" => {
                return of(Form::Office, omml::read_element(node, budget).map(MathNode::Formula));
            }
            name if custom::is_custom_element(name) => {
                if let Some(marked) = custom::read(node, element, budget) {
                    return of(Form::Element, Some(marked));
                }
            }
            _ => {}
        }
        let mut wrapping = None;
        for (name, value) in &element.attrs {
            match &*name.local {
                "class" => {
                    for class in value.split_ascii_whitespace() {
                        match class.as_bytes()[0] | 0x20 {
                            b'k' if class.starts_with("katex") => {
                                return of(Form::Katex, katex::read(node, class, budget));
                            }
                            b'm' if mathjax::is_rendering(class) => {
                                return of(Form::MathJax, mathjax::rendering(node, class, budget));
                            }
                            b'm' if class == "mwe-math-element" => {
                                return of(Form::MediaWiki, wrapper::mediawiki(node, budget));
                            }
                            _ => wrapping = wrapping.or_else(|| wrapper::Class::of(class)),
                        }
                    }
                }
                "id" if mathjax::is_workspace(value) => return Some(MathNode::Skip),
                _ => {}
            }
        }
        let marked = wrapper::attribute(node, element, budget)
            .or_else(|| wrapping.and_then(|class| wrapper::read(node, element, class, self.asciimath, budget)));
        of(Form::Element, marked)
    }
}

/// Notes what form a formula came in; AsciiMath is one wherever it stands.
fn of(form: Form, marked: Option<MathNode>) -> Option<MathNode> {
    let noted = |formula: Formula| match formula.form {
        Form::AsciiMath => formula,
        _ => Formula { form, ..formula },
    };
    marked.map(|marked| match marked {
        MathNode::Formula(formula) => MathNode::Formula(noted(formula)),
        MathNode::Skip => MathNode::Skip,
    })
}

/// Whether a node or one just inside it was rendered from math (for wrappers: then the rendering speaks, not the text).
pub(super) fn holds_rendering(root: NodeRef<'_>, budget: &Budget) -> bool {
    super::node::first(root, budget, |_, inner| {
        let rendered = match local_name(inner) {
            "math" | "mjx-container" | "img" | "annotation" | "svg" => true,
            "script" => script::is_math(inner),
            _ => super::node::classes(inner).any(|c| c.starts_with("katex") || mathjax::is_rendering(c)),
        };
        rendered.then_some(())
    })
    .is_some()
}

/// The display mode that the surroundings give a formula: an enclosing block for display math, or a line of its own.
pub(super) fn in_display_block(node: NodeRef<'_>) -> bool {
    node.ancestors().take(3).filter_map(element).any(|ancestor| {
        super::node::classes(ancestor).any(|class| {
            matches!(
                class,
                "katex-display" | "MathJax_Display" | "math-display" | "display" | "displaymath" | "mjx-full-width"
            )
        })
    })
}
