//! Mathematics in HTML → LaTeX: which elements are formulas, and which stretches of text are.
//!
//! In goes the parsed page; out come a [`MathMap`] (elements that carry or render math, by node) from [`find`] and,
//! for the text of one block, the [`Segment`]s of [`scan`]. One file a form of markup; every one of them ends in
//! [`tidy`], so that a formula is always balanced, one line, and safe between dollars.
//!
//! A formula often stands in a page twice, as rendered glyphs and as TeX. The forms know their own doubles and mark
//! them [`MathNode::Skip`]; what is left comes out once.

mod asciimath;
mod custom;
mod delimited;
mod dollar;
mod environment;
mod escape;
mod find;
mod image;
mod image_class;
mod image_url;
mod katex;
mod latexml;
mod looks;
mod macros;
mod mathjax;
pub mod mathml;
mod node;
mod omml;
mod page_config;
mod rendered;
mod scan;
mod script;
mod tags;
mod tidy;
pub(crate) mod typeset;
mod wrapper;

#[cfg(test)]
mod tests;

use ego_tree::NodeId;

use crate::forms::Form;

pub use find::find;
pub use macros::Macros;
pub use page_config::{Delimiter, Dollars, PageMath, Syntax};
pub use scan::{Segment, scan};
pub use tidy::{Tidied, tidy};

/// One formula: LaTeX without delimiters, on one line, braces balanced, dollars escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// The LaTeX.
    pub tex: String,
    /// Whether it stands on a line of its own.
    pub display: bool,
    /// What the page has it in.
    pub form: Form,
}

impl Formula {
    /// Cleans up raw TeX; `None` where nothing is left. Delimiters found around the TeX win over `display`.
    #[must_use]
    pub fn from_raw(raw: &str, display: bool) -> Option<Self> {
        let Tidied { tex, display: said } = tidy(raw)?;
        Some(Self { tex, display: said.unwrap_or(display), form: Form::default() })
    }
}

/// What to do with an element that carries (or renders) math.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MathNode {
    /// The element is this formula.
    Formula(Formula),
    /// A rendering of a formula that comes out elsewhere: emit nothing.
    Skip,
}

/// The elements of a page that are math, by node.
#[derive(Clone, Debug, Default)]
pub struct MathMap {
    /// Sorted by node.
    nodes: Vec<(NodeId, MathNode)>,
    formulas: usize,
    /// Whether text nodes are among the marked ones.
    text: bool,
}

impl MathMap {
    fn new(mut nodes: Vec<(NodeId, MathNode)>, text: bool) -> Self {
        nodes.sort_by_key(|(id, _)| *id);
        let formulas = nodes.iter().filter(|(_, node)| matches!(node, MathNode::Formula(_))).count();
        Self { nodes, formulas, text }
    }

    /// What the element is, if it is math.
    #[must_use]
    pub fn get(&self, id: NodeId) -> Option<&MathNode> {
        let at = self.nodes.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.nodes[at].1)
    }

    /// Whether text nodes are among the marked ones: then they must be asked for too.
    #[must_use]
    pub fn marks_text(&self) -> bool {
        self.text
    }

    /// Number of marked elements, renderings to skip included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no element is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of formulas.
    #[must_use]
    pub fn formulas(&self) -> usize {
        self.formulas
    }
}
