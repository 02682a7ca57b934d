//! Numbers, names and constants.

use scraper::Node;
use scraper::node::Element;

use super::super::super::node::{NodeRef, attr, element, local_name};
use super::super::convert::{Context, elements};
use super::super::tokens;
use super::{Binding, Piece, heads};

/// The LaTeX of a constant.
pub(super) fn constant(name: &str) -> Option<&'static str> {
    Some(match name {
        "pi" => "\\pi",
        "exponentiale" => "e",
        "imaginaryi" => "i",
        "infinity" => "\\infty",
        "eulergamma" => "\\gamma",
        "true" => "\\text{true}",
        "false" => "\\text{false}",
        "notanumber" => "\\text{NaN}",
        "emptyset" => "\\emptyset",
        "integers" => "\\mathbb{Z}",
        "reals" => "\\mathbb{R}",
        "rationals" => "\\mathbb{Q}",
        "naturalnumbers" => "\\mathbb{N}",
        "complexes" => "\\mathbb{C}",
        "primes" => "\\mathbb{P}",
        _ => return None,
    })
}

/// `cn`: a number of some type, its parts separated by `sep`.
pub(super) fn number(node: NodeRef<'_>, tag: &Element) -> Piece {
    let mut parts = vec![String::new()];
    for inner in node.descendants() {
        match inner.value() {
            Node::Text(text) => {
                if let Some(part) = parts.last_mut() {
                    part.push_str(text.trim());
                }
            }
            Node::Element(inner) if local_name(inner) == "sep" => parts.push(String::new()),
            _ => {}
        }
    }
    let plain = |text: &str| Piece::atom(|tex| tokens::characters(tex, text)).tex;
    let first = plain(&parts[0]);
    let negative = first.starts_with('-');
    let Some(second) = parts.get(1).map(|part| plain(part)) else {
        let first = match attr(tag, "type") {
            Some("constant") => constant(&parts[0]).map_or(first, str::to_owned),
            _ => first,
        };
        let base =
            attr(tag, "base").map(str::trim).filter(|base| *base != "10" && base.bytes().all(|b| b.is_ascii_digit()));
        return Piece::new(if negative { Binding::Sum } else { Binding::Atom }, |tex| {
            tex.push(&first);
            if let Some(base) = base {
                tex.push("_");
                tex.group(|tex| tex.push(base));
            }
        });
    };
    match attr(tag, "type") {
        Some("e-notation") => Piece::new(Binding::Product, |tex| {
            tex.push(&first);
            tex.push("\\times10^");
            tex.group(|tex| tex.push(&second));
        }),
        Some("complex-cartesian") => Piece::new(Binding::Sum, |tex| {
            tex.push(&first);
            if !second.starts_with('-') {
                tex.push("+");
            }
            tex.push(&second);
            tex.push("i");
        }),
        Some("complex-polar") => Piece::new(Binding::Product, |tex| {
            tex.push(&first);
            tex.push("e^");
            tex.group(|tex| {
                tex.push("i");
                tex.push(&second);
            });
        }),
        _ => Piece::new(Binding::Product, |tex| {
            tex.push("\\frac");
            tex.group(|tex| tex.push(&first));
            tex.group(|tex| tex.push(&second));
        }),
    }
}

/// `ci` and `csymbol`: a name, or presentation that shows it.
pub(super) fn identifier(node: NodeRef<'_>, context: &Context) -> Piece {
    let holds_elements = elements(node).any(|inner| element(inner).is_some_and(|e| local_name(e) != "mglyph"));
    if holds_elements {
        return Piece::atom(|tex| tex.children(node, context));
    }
    let name = tokens::content(node);
    let is_symbol = element(node).is_some_and(|e| local_name(e) == "csymbol");
    let meaning = heads::open_math(&name);
    if is_symbol && let Some(constant) = constant(&meaning) {
        return Piece::atom(|tex| tex.push(constant));
    }
    let bold = element(node).and_then(|e| attr(e, "type")).is_some_and(|kind| matches!(kind, "vector" | "matrix"));
    Piece::atom(|tex| match tokens::function(&name) {
        Some(command) => tex.push(&command),
        None if bold => {
            tex.push("\\mathbf");
            tex.group(|tex| tokens::characters(tex, &name));
        }
        None if name.chars().count() > 1 && name.chars().all(|c| c.is_ascii_alphabetic()) => {
            tex.push("\\mathrm");
            tex.group(|tex| tex.push(&name));
        }
        None => tokens::plain(tex, &name),
    })
}
