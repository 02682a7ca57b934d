//! Small looks at the tree that the forms share: attributes and classes without interning, text of a subtree, and the
//! budget that keeps looking ahead linear.

use std::cell::Cell;

use scraper::Node;
use scraper::node::Element;

/// A node of the page.
pub(super) type NodeRef<'a> = ego_tree::NodeRef<'a, Node>;

/// What the looks ahead into subtrees may cost in all, in nodes. A hostile page nests wrappers so that each would be
/// read again for every level; then the budget runs out and the rest of the page goes by without looks ahead.
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// A budget for a tree of so many nodes.
    pub(super) fn for_nodes(nodes: usize) -> Self {
        Self(Cell::new(4096 + nodes.saturating_mul(16)))
    }

    /// Takes one node off; `false` where nothing is left.
    pub(super) fn spend(&self) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left > 0
    }
}

/// The element in a node.
pub(super) fn element(node: NodeRef<'_>) -> Option<&Element> {
    match node.value() {
        Node::Element(element) => Some(element),
        _ => None,
    }
}

/// Local name without a namespace prefix that the HTML parser kept (`m:math`, `mml:math`).
pub(super) fn local_name(element: &Element) -> &str {
    let name = &*element.name.local;
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// An attribute's value. [`Element::attr`] interns the name on each call; this compares bytes.
pub(super) fn attr<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attrs.iter().find(|(key, _)| &*key.local == name).map(|(_, value)| &**value)
}

/// The classes of an element, unsorted, straight from the attribute.
pub(super) fn classes(element: &Element) -> impl Iterator<Item = &str> {
    attr(element, "class").unwrap_or_default().split_ascii_whitespace()
}

/// Whether an element has a class.
pub(super) fn has_class(element: &Element, class: &str) -> bool {
    classes(element).any(|have| have == class)
}

/// The first descendant that `found` maps to something, in document order.
pub(super) fn first<'a, T>(
    root: NodeRef<'a>,
    budget: &Budget,
    mut found: impl FnMut(NodeRef<'a>, &'a Element) -> Option<T>,
) -> Option<T> {
    for node in root.descendants().skip(1) {
        if !budget.spend() {
            return None;
        }
        if let Some(hit) = element(node).and_then(|element| found(node, element)) {
            return Some(hit);
        }
    }
    None
}

/// The text of a subtree, at most `cap` bytes; `None` where it is longer or the budget is spent.
pub(super) fn text(root: NodeRef<'_>, budget: &Budget, cap: usize) -> Option<String> {
    let mut out = String::new();
    for node in root.descendants() {
        if !budget.spend() {
            return None;
        }
        match node.value() {
            Node::Text(text) => out.push_str(text),
            Node::Element(element) if &*element.name.local == "br" => out.push('\n'),
            _ => {}
        }
        if out.len() > cap {
            return None;
        }
    }
    Some(out)
}

/// The next sibling that is an element, where nothing but white space and comments lie between.
pub(super) fn next_element(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    adjacent_element(node.next_siblings())
}

/// The previous sibling that is an element, where nothing but white space and comments lie between.
pub(super) fn previous_element(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    adjacent_element(node.prev_siblings())
}

fn adjacent_element<'a>(siblings: impl Iterator<Item = NodeRef<'a>>) -> Option<NodeRef<'a>> {
    for sibling in siblings.take(8) {
        match sibling.value() {
            Node::Element(_) => return Some(sibling),
            Node::Text(text) if !text.trim().is_empty() => return None,
            _ => {}
        }
    }
    None
}

/// Whether the node is all that its paragraph-like parent holds, so that a reader sees it on a line of its own.
pub(super) fn alone_in_block(node: NodeRef<'_>) -> bool {
    let Some(parent) = node.parent() else { return false };
    let blocky = element(parent).is_some_and(|e| matches!(&*e.name.local, "p" | "dd" | "div" | "center" | "figure"));
    blocky && nothing_but_space(node.next_siblings()) && nothing_but_space(node.prev_siblings())
}

/// Whether only white space, comments, line breaks and closing punctuation are among siblings.
fn nothing_but_space<'a>(siblings: impl Iterator<Item = NodeRef<'a>>) -> bool {
    for (n, sibling) in siblings.enumerate() {
        let nothing = match sibling.value() {
            Node::Text(text) => text.trim_matches(|c: char| c.is_whitespace() || ".,;:。，".contains(c)).is_empty(),
            Node::Element(element) => &*element.name.local == "br",
            _ => true,
        };
        if !nothing || n > 8 {
            return false;
        }
    }
    true
}
