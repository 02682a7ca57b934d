//! Fences and what they stand around: stretching pairs, `mfenced`, matrices, binomials, congruences.

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
    // TeX's `\big` has a size of its own.
    if attr(mo, "fence") == Some("false") && attr(mo, "minsize").is_some() {
        return None;
    }
    let name = match tokens::content(node).as_str() {
        "<" if attr(mo, "fence") == Some("true") => "⟨".to_owned(),
        ">" if attr(mo, "fence") == Some("true") => "⟩".to_owned(),
        name => name.to_owned(),
    };
    (name.is_empty() || is_delimiter(&name)).then_some(name)
}

pub(super) fn is_delimiter(name: &str) -> bool {
    is_bar(name)
        || matches!(
            name,
            "(" | ")"
                | "["
                | "]"
                | "{"
                | "}"
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

/// Bars open and close.
fn is_bar(name: &str) -> bool {
    matches!(name, "|" | "||" | "∣" | "‖" | "∥")
}

fn opens(name: &str) -> bool {
    !matches!(name, ")" | "]" | "}" | "⟩" | "〉" | "⌋" | "⌉" | "/" | "⟧" | "⟯")
}

fn closes(name: &str) -> bool {
    !matches!(name, "(" | "[" | "{" | "⟨" | "〈" | "⌊" | "⌈" | "/" | "⟦" | "⟮")
}

/// A delimiter as `\left`, `\middle` and `\right` take it.
pub(super) fn delimiter(tex: &mut Tex, name: &str) {
    match name {
        "" => tex.push("."),
        "<" => tex.push("\\langle"),
        ">" => tex.push("\\rangle"),
        "|" | "∣" => tex.push("|"),
        "||" | "‖" | "∥" => tex.push("\\|"),
        name => tokens::characters(tex, name),
    }
}

/// What a fence of a row is written with.
#[derive(Clone, Copy)]
enum Size {
    Left,
    Middle,
    Right,
}

/// The fences of a row that stretch.
pub(super) struct Fences {
    /// Sorted by index in the row.
    sizes: Vec<(usize, Size)>,
}

impl Fences {
    /// Looks at a row. `\left` and `\right` are written only where they would stretch.
    pub(super) fn of(row: &[NodeRef<'_>]) -> Self {
        let names: Vec<(usize, String)> =
            row.iter().enumerate().filter_map(|(at, node)| Some((at, fence(*node)?))).collect();
        if names.len() < 2 {
            return Self { sizes: Vec::new() };
        }
        let mut sizes = Self::ends(row, &names).unwrap_or_else(|| Self::pairs(row, &names));
        sizes.sort_by_key(|(at, _)| *at);
        Self { sizes }
    }

    /// The two ends of the row, where they are one pair; bars and empty delimiters may be such ends.
    fn ends(row: &[NodeRef<'_>], names: &[(usize, String)]) -> Option<Vec<(usize, Size)>> {
        let [(0, open), inner @ .., (last, close)] = names else { return None };
        let angles = |node: NodeRef<'_>| matches!(tokens::content(node).as_str(), "<" | ">");
        if *last + 1 != row.len() || !opens(open) || !closes(close) {
            return None;
        }
        // An end without a delimiter shows only where the other has one.
        let half = open.is_empty() != close.is_empty();
        if !half && !angles(row[0]) && !row[1..*last].iter().any(|node| is_tall(*node)) {
            return None;
        }
        // Both ends may belong to different pairs: (a)(b).
        let mut depth = 1_usize;
        for (_, name) in inner {
            if name == open && !closes(name) {
                depth += 1;
            } else if name == close && !opens(name) {
                depth = depth.saturating_sub(1);
            }
            if depth == 0 {
                return None;
            }
        }
        let mut bars = inner.iter().filter(|(_, name)| is_bar(name));
        let middle = match (bars.next(), bars.next()) {
            (Some((at, name)), None) if !name.is_empty() => Some((*at, Size::Middle)),
            _ => None,
        };
        Some([(0, Size::Left), (*last, Size::Right)].into_iter().chain(middle).collect())
    }

    /// Pairs of brackets somewhere in the row with something tall between them.
    fn pairs(row: &[NodeRef<'_>], names: &[(usize, String)]) -> Vec<(usize, Size)> {
        let mut sizes = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for (at, name) in names.iter().filter(|(_, name)| !name.is_empty() && !is_bar(name) && name != "/") {
            if !closes(name) {
                open.push(*at);
            } else if let Some(start) = open.pop()
                && (start + 1..*at).len() <= 64
                && row[start + 1..*at].iter().any(|node| is_tall(*node))
            {
                sizes.push((start, Size::Left));
                sizes.push((*at, Size::Right));
            }
        }
        sizes
    }

    /// Writes the fence at an index of the row with its size; `false` where it is nothing that stretches.
    pub(super) fn write(&self, tex: &mut Tex, node: NodeRef<'_>, at: usize) -> bool {
        let Ok(found) = self.sizes.binary_search_by_key(&at, |(at, _)| *at) else { return false };
        tex.push(match self.sizes[found].1 {
            Size::Left => "\\left",
            Size::Middle => "\\middle",
            Size::Right => "\\right",
        });
        delimiter(tex, &tokens::content(node));
        true
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

/// The environment of a matrix between fences.
fn environment(open: &str, close: &str) -> Option<&'static str> {
    Some(match (open, close) {
        ("(", ")") => "pmatrix",
        ("[", "]") => "bmatrix",
        ("{", "}") => "Bmatrix",
        ("|" | "∣", "|" | "∣") => "vmatrix",
        ("‖" | "∥" | "||", "‖" | "∥" | "||") => "Vmatrix",
        ("{", "") => "cases",
        _ => return None,
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
    let Some(environment) = environment(&open, &close) else { return false };
    let Some((table, inner)) = the_table(*table) else { return false };
    tables::table(tex, table, inner, environment, context);
    true
}

/// The table that a node is, or that is all a row holds.
pub(super) fn the_table(node: NodeRef<'_>) -> Option<(NodeRef<'_>, &Element)> {
    let mut node = node;
    for _ in 0..6 {
        let element = element(node)?;
        if local_name(element) == "mtable" {
            return Some((node, element));
        }
        if !matches!(local_name(element), "mrow" | "mstyle" | "mpadded" | "menclose") {
            return None;
        }
        let mut children = elements(node);
        node = children.next()?;
        if children.next().is_some() {
            return None;
        }
    }
    None
}

/// The element inside what a TeX renderer puts around a whole formula: `semantics`, one group, one style. Groups
/// further in are the author's.
pub(super) fn unwrapped(mut node: NodeRef<'_>) -> NodeRef<'_> {
    let math = node;
    for wrapper in ["semantics", "mrow", "mstyle"] {
        let mut inner = elements(node)
            .filter(|child| element(*child).is_some_and(|e| !matches!(local_name(e), "annotation" | "annotation-xml")));
        if let (Some(only), None) = (inner.next(), inner.next())
            && let Some(tag) = element(only)
            && local_name(tag) == wrapper
            && attr(tag, "mathvariant").is_none()
        {
            // Text style was asked for; display style is how the renderer says that nothing was.
            if wrapper == "mstyle"
                && attr(tag, "displaystyle") == Some("false")
                && attr(tag, "scriptlevel") == Some("0")
            {
                return math;
            }
            node = only;
        }
    }
    node
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
        && let Some(environment) = environment(open, close)
    {
        return tables::table(tex, table, inner, environment, context);
    }
    let known = |name: &str| name.is_empty() || is_delimiter(name);
    let stretch = known(open)
        && known(close)
        && !(open.is_empty() && close.is_empty())
        && (open.is_empty() || close.is_empty() || children.iter().any(|child| is_tall(*child)));
    let fence = |tex: &mut Tex, size: &str, name: &str| {
        if stretch {
            tex.push(size);
            delimiter(tex, name);
        } else if is_bar(name) {
            delimiter(tex, name);
        } else {
            tokens::characters(tex, name);
        }
    };
    fence(tex, "\\left", open);
    for (n, child) in children.iter().enumerate() {
        if n > 0
            && let Some(separator) = separators.get(n - 1).or(separators.last())
        {
            if stretch && *separator == '|' {
                tex.push("\\middle");
            }
            tokens::characters(tex, separator.encode_utf8(&mut [0; 4]));
        }
        tex.node(*child, None, context);
    }
    fence(tex, "\\right", close);
}
