//! `menclose` and `mpadded`: boxes, strikes, lines around, invisible parts.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, local_name};
use super::convert::{Context, Tex, elements, is_zero};
use super::{operators, tables};

/// `menclose`. Notations without a command that renderers know are left out; their content stays.
pub(super) fn enclosed(tex: &mut Tex, node: NodeRef<'_>, tag: &Element, context: &Context) {
    let notation = attr(tag, "notation").unwrap_or("longdiv");
    let has = |name: &str| notation.split_ascii_whitespace().any(|word| word == name);
    // KaTeX writes the frame of an array so.
    let frame = has("left") || has("right") || has("box") || has("top") || has("bottom");
    if frame && let Some((table, inner)) = operators::the_table(node) {
        let sides = tables::Sides {
            left: has("left") || has("box"),
            right: has("right") || has("box"),
            top: has("top") || has("box"),
            bottom: has("bottom") || has("box"),
        };
        return tables::framed(tex, table, inner, sides, context);
    }
    let boxed = has("top") && has("bottom") && has("left") && has("right");
    let command = match notation {
        _ if has("updiagonalstrike") && has("downdiagonalstrike") => "\\xcancel",
        _ if has("box") || has("roundedbox") || has("circle") || boxed => "\\boxed",
        _ if has("updiagonalstrike") || has("updiagonalarrow") || has("northeastarrow") => "\\cancel",
        _ if has("downdiagonalstrike") => "\\bcancel",
        _ if has("horizontalstrike") => "\\hcancel",
        _ if has("radical") => "\\sqrt",
        _ if has("phasorangle") => "\\phase",
        _ if has("longdiv") => {
            tex.push("\\overline");
            return tex.group(|tex| {
                tex.push(")");
                tex.children(node, context);
            });
        }
        _ if has("actuarial") => {
            tex.push("\\overline");
            return tex.group(|tex| {
                tex.children(node, context);
                tex.push("|");
            });
        }
        _ if has("top") => "\\overline",
        _ if has("bottom") => "\\underline",
        _ if has("left") || has("right") => {
            tex.push(if has("left") { "\\left|" } else { "\\left." });
            tex.children(node, context);
            return tex.push(if has("right") { "\\right|" } else { "\\right." });
        }
        _ => return tex.children(node, context),
    };
    tex.push(command);
    tex.group(|tex| tex.children(node, context));
}

/// `mpadded`: its content; a phantom without width or height is one of TeX's.
pub(super) fn padded(tex: &mut Tex, node: NodeRef<'_>, tag: &Element, context: &Context) {
    let mut children = elements(node);
    if let (Some(only), None) = (children.next(), children.next())
        && element(only).is_some_and(|e| local_name(e) == "mphantom")
    {
        let none = |name| attr(tag, name).is_some_and(is_zero);
        let command = match (none("width"), none("height")) {
            (true, false) => "\\vphantom",
            (false, true) => "\\hphantom",
            _ => "\\phantom",
        };
        tex.push(command);
        return tex.group(|tex| tex.children(only, &context.deeper()));
    }
    tex.children(node, context);
}
