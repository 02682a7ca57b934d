//! MathML being rebuilt: a small owned tree, and its way through the MathML converter.

use std::borrow::Cow;

use ego_tree::{NodeMut, Tree};
use html5ever::{Attribute, LocalName, QualName, ns};
use scraper::Node;
use scraper::node::{Element, Text};

use super::super::{Formula, mathml};

/// An element of MathML, with text or with children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ml {
    pub(super) name: &'static str,
    pub(super) attrs: Vec<(&'static str, Cow<'static, str>)>,
    pub(super) children: Vec<Ml>,
    pub(super) text: String,
}

impl Ml {
    /// An element with children.
    pub(super) fn new(name: &'static str, children: Vec<Ml>) -> Self {
        Self { name, children, ..Self::default() }
    }

    /// A token.
    pub(super) fn token(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into(), ..Self::default() }
    }

    /// With one more attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attrs.push((name, value.into()));
        self
    }

    /// One node for several: the only one, or a row of them.
    pub(super) fn row(mut children: Vec<Ml>) -> Self {
        match (children.len(), children.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                children.push(last);
                Self::new("mrow", children)
            }
            _ => Self::new("mrow", Vec::new()),
        }
    }

    /// A group that stands for braces around a subformula.
    pub(super) fn atom(children: Vec<Ml>) -> Self {
        Self::new("mrow", children).with("data-mjx-texclass", "ORD")
    }

    /// The value of an attribute.
    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(key, _)| *key == name).map(|(_, value)| &**value)
    }

    /// Whether it shows anything at all.
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty() && self.children.iter().all(Ml::is_blank)
    }
}

/// The formula that rebuilt MathML says; `None` where there is nothing in it.
pub(super) fn formula(children: Vec<Ml>, display: bool) -> Option<Formula> {
    if children.iter().all(Ml::is_blank) {
        return None;
    }
    let mut tree = Tree::new(Node::Fragment);
    append(&mut tree.root_mut(), Ml::new("math", children));
    let math = tree.root().first_child()?;
    Formula::from_raw(&restored(&mathml::to_latex(math)), display)
}

/// Commands that a renderer did not know are shown by their names; here they are commands again.
fn restored(tex: &str) -> Cow<'_, str> {
    const SHOWN: &str = "\\text{\\textbackslash ";
    if !tex.contains(SHOWN) {
        return Cow::Borrowed(tex);
    }
    let mut pieces = tex.split(SHOWN);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let name = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
        match piece[name..].strip_prefix('}') {
            Some(rest) if name > 0 => {
                out.push('\\');
                out.push_str(&piece[..name]);
                if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    out.push(' ');
                }
                out.push_str(rest);
            }
            _ => {
                out.push_str(SHOWN);
                out.push_str(piece);
            }
        }
    }
    Cow::Owned(out)
}

/// Depth is that of the reader that built the tree, and bounded there.
fn append(parent: &mut NodeMut<'_, Node>, ml: Ml) {
    let name = |local: &str| QualName::new(None, ns!(mathml), LocalName::from(local));
    let attrs = ml
        .attrs
        .into_iter()
        .map(|(key, value)| Attribute {
            name: QualName::new(None, ns!(), LocalName::from(key)),
            value: (&*value).into(),
        })
        .collect();
    let mut node = parent.append(Node::Element(Element::new(name(ml.name), attrs)));
    if !ml.text.is_empty() {
        node.append(Node::Text(Text { text: ml.text.as_str().into() }));
    }
    for child in ml.children {
        append(&mut node, child);
    }
}
