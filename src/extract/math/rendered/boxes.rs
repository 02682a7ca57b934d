//! Constructions whose meaning is in lines, frames and places: bars, enclosures, scripts and limits.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, has_class};
use super::dialect::Dialect;
use super::reader::Reader;
use super::style;
use super::tree::Ml;

/// Whether a fraction has a bar.
pub(super) fn has_bar(dialect: Dialect, node: NodeRef<'_>) -> bool {
    let is_bar = |tag: &Element| match dialect {
        Dialect::Chtml => &*tag.name.local == "mjx-line",
        Dialect::CommonHtml => has_class(tag, "mjx-line"),
        Dialect::Svg => &*tag.name.local == "rect",
        Dialect::HtmlCss => style::property(tag, "border-top").is_some(),
    };
    own(dialect, node, &is_bar)
}

/// Whether a box that belongs to an element itself, and not to its content, is such a one.
fn own(dialect: Dialect, node: NodeRef<'_>, is_it: &impl Fn(&Element) -> bool) -> bool {
    fn look(dialect: Dialect, node: NodeRef<'_>, is_it: &impl Fn(&Element) -> bool, depth: usize) -> bool {
        depth < 8
            && node.children().take(64).filter_map(|child| Some((child, element(child)?))).any(|(child, tag)| {
                is_it(tag)
                    || (dialect.kind(tag).is_none()
                        && dialect.slot(tag).is_none()
                        && look(dialect, child, is_it, depth + 1))
            })
    }
    look(dialect, node, is_it, 0)
}

/// `menclose`: its notation is in its lines.
pub(super) fn enclosure(reader: &Reader<'_>, node: NodeRef<'_>, depth: usize) -> Ml {
    let mut notations: Vec<&'static str> = Vec::new();
    let flips = reader.dialect != Dialect::Svg;
    for (name, found) in [
        ("box", own(reader.dialect, node, &is_frame)),
        ("updiagonalstrike", own(reader.dialect, node, &|tag| slope(tag, flips) == Some(Slope::Up))),
        ("downdiagonalstrike", own(reader.dialect, node, &|tag| slope(tag, flips) == Some(Slope::Down))),
        ("horizontalstrike", own(reader.dialect, node, &|tag| slope(tag, flips) == Some(Slope::Level))),
        ("top", own(reader.dialect, node, &|tag| style::property(tag, "border-top").is_some())),
        ("bottom", own(reader.dialect, node, &|tag| style::property(tag, "border-bottom").is_some())),
    ] {
        if found {
            notations.push(name);
        }
    }
    let mut children = reader.content(node, depth);
    if notations == ["box"] {
        children = unstyled(children);
    }
    Ml::new("menclose", children).with("notation", notations.join(" "))
}

/// What is in a frame stands in a group, a style and another group that no author wrote.
fn unstyled(mut children: Vec<Ml>) -> Vec<Ml> {
    for _ in 0..3 {
        match children.as_mut_slice() {
            [only] if matches!(only.name, "mrow" | "mstyle") => children = std::mem::take(&mut only.children),
            _ => break,
        }
    }
    children
}

fn is_frame(tag: &Element) -> bool {
    let solid = style::property(tag, "border").is_some_and(|border| border.contains("solid"));
    solid || (&*tag.name.local == "rect" && attr(tag, "fill") == Some("none"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slope {
    Up,
    Down,
    Level,
}

fn slope(tag: &Element, flips: bool) -> Option<Slope> {
    match &*tag.name.local {
        "mjx-ustrike" => return Some(Slope::Up),
        "mjx-dstrike" => return Some(Slope::Down),
        "mjx-hstrike" => return Some(Slope::Level),
        "line" => {}
        _ => return None,
    }
    let number = |name| attr(tag, name)?.trim_end_matches("px").parse::<f32>().ok();
    let (x1, y1, x2, y2) = (number("x1")?, number("y1")?, number("x2")?, number("y2")?);
    let rise = (y2 - y1) * (x2 - x1) * if flips { -1.0 } else { 1.0 };
    Some(if (y2 - y1).abs() < 0.5 {
        Slope::Level
    } else if rise > 0.0 {
        Slope::Up
    } else {
        Slope::Down
    })
}

/// `msub`, `msup` or `msubsup`, as there are scripts.
pub(super) fn scripts(base: Ml, lower: Option<Vec<Ml>>, upper: Option<Vec<Ml>>) -> Ml {
    match (lower, upper) {
        (Some(lower), Some(upper)) => Ml::new("msubsup", vec![base, Ml::row(lower), Ml::row(upper)]),
        (Some(lower), None) => Ml::new("msub", vec![base, Ml::row(lower)]),
        (None, Some(upper)) => Ml::new("msup", vec![base, Ml::row(upper)]),
        (None, None) => base,
    }
}

/// `munder`, `mover` or `munderover`, as there are limits.
pub(super) fn limits(base: Ml, lower: Option<Vec<Ml>>, upper: Option<Vec<Ml>>) -> Ml {
    match (lower, upper) {
        (Some(lower), Some(upper)) => Ml::new("munderover", vec![base, mark(lower), mark(upper)]),
        (Some(lower), None) => Ml::new("munder", vec![base, mark(lower)]),
        (None, Some(upper)) => Ml::new("mover", vec![base, mark(upper)]),
        (None, None) => base,
    }
}

/// A limit; a dash that was stretched is a bar.
fn mark(mut script: Vec<Ml>) -> Ml {
    if let [only] = script.as_mut_slice()
        && only.name == "mo"
    {
        let dash = matches!(only.text.as_str(), "–" | "—" | "‒" | "―" | "─");
        if dash || (only.text == "¯" && only.attr("stretchy") == Some("true")) {
            *only = Ml::token("mo", "―").with("stretchy", "true");
        }
    }
    Ml::row(script)
}
