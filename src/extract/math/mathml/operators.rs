//! Fences: stretchy pairs, `mfenced`, and tables inside them.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, local_name};
use super::convert::{Context, Tex, elements};
use super::{tables, tokens};

/// A fence in a row: an `mo` with a delimiter that stretches (the default), or with none at all.
fn fence(node: NodeRef<'_>) -> Option<String> {
    let mo = element(node).filter(|e| local_name(e) == "mo")?;
    if attr(mo, "stretchy") == Some("false") {
        return None;
    }
    let name = tokens::content(node);
    let delimiter = name.is_empty() || is_delimiter(&name);
    delimiter.then_some(name)
}

fn is_delimiter(name: &str) -> bool {
    matches!(
        name,
        "(" | ")"
            | "["
            | "]"
            | "{"
            | "}"
            | "|"
            | "||"
            | "\u{2016}"
            | "\u{2223}"
            | "\u{2225}"
            | "⟨"
            | "⟩"
            | "〈"
            | "〉"
            | "⌊"
            | "⌋"
            | "⌈"
            | "⌉"
            | "/"
            | "⟦"
            | "⟧"
            | "⟮"
            | "⟯"
    )
}

fn opens(name: &str) -> bool {
    !matches!(name, ")" | "]" | "}" | "⟩" | "〉" | "⌋" | "⌉" | "/" | "⟧" | "⟯")
}

fn closes(name: &str) -> bool {
    !matches!(name, "(" | "[" | "{" | "⟨" | "〈" | "⌊" | "⌈" | "/" | "⟦" | "⟮")
}

/// Which ends of a row are a stretching pair.
pub(super) struct Fences {
    /// Index of the closing fence; `None` where the row is no such pair.
    last: Option<usize>,
    empty: (bool, bool),
}

impl Fences {
    /// Looks at the ends of a row. `\left` and `\right` are written only where they would stretch.
    pub(super) fn of(row: &[NodeRef<'_>]) -> Self {
        let none = Self { last: None, empty: (false, false) };
        let [open, inner @ .., close] = row else { return none };
        let (Some(open), Some(close)) = (fence(*open), fence(*close)) else { return none };
        if !opens(&open) || !closes(&close) || !inner.iter().any(|node| is_tall(*node)) {
            return none;
        }
        // Both ends may belong to different pairs: (a)(b).
        let mut depth = 1_usize;
        for node in inner {
            match fence(*node) {
                Some(name) if name == open && !closes(&name) => depth += 1,
                Some(name) if name == close && !opens(&name) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return none;
            }
        }
        Self { last: Some(row.len() - 1), empty: (open.is_empty(), close.is_empty()) }
    }

    /// What to write before the sibling at an index.
    pub(super) fn before(&self, tex: &mut Tex, at: usize) {
        let Some(last) = self.last else { return };
        if at == 0 {
            tex.push(if self.empty.0 { "\\left." } else { "\\left" });
        } else if at == last {
            tex.push(if self.empty.1 { "\\right." } else { "\\right" });
        }
    }
}

fn is_tall(node: NodeRef<'_>) -> bool {
    node.descendants().take(64).filter_map(element).any(|e| {
        matches!(
            local_name(e),
            "mfrac" | "mtable" | "munderover" | "munder" | "mover" | "msubsup" | "msup" | "msqrt" | "mroot"
        )
    })
}

/// A table between fences as the environment that means both; `false` where the row is nothing of the kind.
pub(super) fn fenced_table(tex: &mut Tex, row: &[NodeRef<'_>], context: &Context) -> bool {
    let (open, table, close) = match row {
        [open, table, close] => (open, table, Some(close)),
        [open, table] => (open, table, None),
        _ => return false,
    };
    let name = |node: &NodeRef<'_>| element(*node).filter(|e| local_name(e) == "mo").map(|_| tokens::content(*node));
    let Some(open) = name(open) else { return false };
    let close = match close {
        Some(close) => match name(close) {
            Some(close) => close,
            None => return false,
        },
        None => String::new(),
    };
    let Some((table, inner)) = the_table(*table) else { return false };
    let environment = match (open.as_str(), close.as_str()) {
        ("(", ")") => "pmatrix",
        ("[", "]") => "bmatrix",
        ("{", "}") => "Bmatrix",
        ("|" | "∣", "|" | "∣") => "vmatrix",
        ("‖" | "∥" | "||", "‖" | "∥" | "||") => "Vmatrix",
        ("{", "") => "cases",
        _ => return false,
    };
    tables::table(tex, table, inner, environment, context);
    true
}

/// The table that a node is, or that is all a row holds.
fn the_table(mut node: NodeRef<'_>) -> Option<(NodeRef<'_>, &Element)> {
    for _ in 0..6 {
        let element = element(node)?;
        match local_name(element) {
            "mtable" => return Some((node, element)),
            "mrow" | "mstyle" | "mpadded" => {
                let mut children = elements(node);
                node = children.next()?;
                if children.next().is_some() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    None
}

/// The element inside what a TeX renderer puts around a whole formula: `semantics`, one group, one style. Groups
/// further in are the author's.
pub(super) fn unwrapped(mut node: NodeRef<'_>) -> NodeRef<'_> {
    for wrapper in ["semantics", "mrow", "mstyle"] {
        let mut inner = elements(node)
            .filter(|child| element(*child).is_some_and(|e| !matches!(local_name(e), "annotation" | "annotation-xml")));
        if let (Some(only), None) = (inner.next(), inner.next())
            && element(only).is_some_and(|e| local_name(e) == wrapper && attr(e, "mathvariant").is_none())
        {
            node = only;
        }
    }
    node
}

/// A fraction without a bar between parentheses is a binomial; its two parts, where the row starts with one.
pub(super) fn binomial<'a>(row: &[NodeRef<'a>]) -> Option<NodeRef<'a>> {
    let [open, fraction, close, ..] = row else { return None };
    let token = |node: NodeRef<'_>, name: &str| {
        let inner = super::scripts::single(node);
        element(inner).is_some_and(|e| local_name(e) == "mo") && tokens::content(inner) == name
    };
    let fraction = super::scripts::single(*fraction);
    let bare = element(fraction)
        .is_some_and(|e| local_name(e) == "mfrac" && attr(e, "linethickness").is_some_and(super::convert::is_zero));
    (bare && token(*open, "(") && token(*close, ")")).then_some(fraction)
}

/// Whether a row is fenced at both ends, so that scripts after it are scripts of its closing fence.
pub(super) fn is_fenced(node: NodeRef<'_>) -> bool {
    let name = |node: Option<NodeRef<'_>>| {
        node.filter(|n| element(*n).is_some_and(|e| local_name(e) == "mo"))
            .map(tokens::content)
            .filter(|name| is_delimiter(name))
    };
    let mut children = elements(node);
    let (first, last) = (name(children.next()), name(children.last()));
    first.is_some_and(|name| opens(&name)) && last.is_some_and(|name| closes(&name))
}

/// `mfenced`: fences and separators in attributes.
pub(super) fn mfenced(tex: &mut Tex, node: NodeRef<'_>, mfenced: &Element, context: &Context) {
    let open = attr(mfenced, "open").unwrap_or("(").trim();
    let close = attr(mfenced, "close").unwrap_or(")").trim();
    let separators: Vec<char> =
        attr(mfenced, "separators").unwrap_or(",").chars().filter(|c| !c.is_whitespace()).collect();
    let children: Vec<_> = elements(node).collect();
    if let [only] = children.as_slice()
        && let Some((table, inner)) = the_table(*only)
    {
        let environment = match (open, close) {
            ("(", ")") => Some("pmatrix"),
            ("[", "]") => Some("bmatrix"),
            ("|", "|") => Some("vmatrix"),
            ("‖" | "||", "‖" | "||") => Some("Vmatrix"),
            ("{", "}") => Some("Bmatrix"),
            ("{", "") => Some("cases"),
            _ => None,
        };
        if let Some(environment) = environment {
            return tables::table(tex, table, inner, environment, context);
        }
    }
    let known = |name: &str| name.is_empty() || is_delimiter(name);
    let stretch = known(open)
        && known(close)
        && (open.is_empty() || close.is_empty() || children.iter().any(|child| is_tall(*child)));
    delimiter(tex, open, stretch.then_some("\\left"));
    for (n, child) in children.iter().enumerate() {
        if n > 0
            && let Some(separator) = separators.get(n - 1).or(separators.last())
        {
            tokens::characters(tex, separator.encode_utf8(&mut [0; 4]));
        }
        tex.node(*child, None, context);
    }
    delimiter(tex, close, stretch.then_some("\\right"));
}

fn delimiter(tex: &mut Tex, name: &str, stretch: Option<&str>) {
    if let Some(stretch) = stretch {
        tex.push(stretch);
        if name.is_empty() {
            tex.push(".");
        }
    }
    match name {
        "||" => tex.push("\\|"),
        name => tokens::characters(tex, name),
    }
}
