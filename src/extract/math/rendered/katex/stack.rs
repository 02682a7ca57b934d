//! Stacks: fractions, roots, scripts, limits, accents, bars and frames.

use std::cmp::Ordering;

use scraper::node::Element;

use super::super::super::node::{NodeRef, classes, element, has_class};
use super::super::tree::Ml;
use super::super::{boxes, style};
use super::{DEPTH_MAX, Reader, Span, leaf, paths, row, span};

/// One entry of a stack.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// How far its baseline is above the stack's, in em.
    pub(super) rise: f32,
    pub(super) node: NodeRef<'a>,
}

/// The entries of the first stack in a span, in document order. Newer versions wrap it in a table.
pub(super) fn entries(root: NodeRef<'_>) -> Vec<Entry<'_>> {
    let Some(list) = list(root, 0) else { return Vec::new() };
    list.children()
        .take(4096)
        .filter_map(|node| Some((node, element(node)?)))
        .filter_map(|(node, tag)| entry(node, tag))
        .collect()
}

fn list(root: NodeRef<'_>, depth: usize) -> Option<NodeRef<'_>> {
    let tag = element(root)?;
    if has_class(tag, "vlist") {
        return Some(root);
    }
    if depth > 5 {
        return None;
    }
    root.children().take(8).find_map(|child| {
        let wraps = element(child).is_some_and(|tag| classes(tag).all(|class| class.starts_with("vlist")));
        if wraps { list(child, depth + 1) } else { None }
    })
}

fn entry<'a>(node: NodeRef<'a>, tag: &Element) -> Option<Entry<'a>> {
    let top = style::length(tag, "top")?;
    let strut = node.first_child().and_then(element).filter(|strut| has_class(strut, "pstrut"));
    let strut = strut.and_then(|strut| style::length(strut, "height")).unwrap_or(0.0);
    Some(Entry { rise: -(top + strut), node })
}

/// Whether anything in a subtree has a class; a look at what is near the top of it.
pub(super) fn has(root: NodeRef<'_>, class: &str) -> bool {
    root.descendants().take(24).filter_map(element).any(|tag| has_class(tag, class))
}

/// Whether a stack has a frame or a line drawn over it.
pub(super) fn has_frame(node: NodeRef<'_>) -> bool {
    entries(node).iter().any(|entry| {
        has(entry.node, "fbox")
            || has(entry.node, "fcolorbox")
            || has(entry.node, "boxpad")
            || has(entry.node, "cancel-pad")
    })
}

fn lines(entry: Entry<'_>) -> Vec<&Element> {
    entry.node.descendants().take(16).filter_map(element).filter(|tag| &*tag.name.local == "line").collect()
}

impl Reader<'_> {
    /// The part of an entry that is formula.
    fn part(&self, entry: Entry<'_>, depth: usize) -> Vec<Ml> {
        let mut content = self.content(entry.node, depth + 1);
        // An argument's own braces say nothing more.
        if let [only] = content.as_mut_slice()
            && only.name == "mrow"
            && only.attr("data-mjx-texclass").is_some()
        {
            content = std::mem::take(&mut only.children);
        }
        content
    }

    pub(super) fn fraction(&self, node: NodeRef<'_>, depth: usize) -> Option<Ml> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut stack = entries(node);
        let bar = stack.iter().any(|entry| has(entry.node, "frac-line"));
        stack.retain(|entry| !has_direct(*entry, "frac-line"));
        stack.sort_by(|a, b| b.rise.partial_cmp(&a.rise).unwrap_or(Ordering::Equal));
        let (over, under) = (stack.first()?, stack.get(1)?);
        let parts = vec![Ml::row(self.part(*over, depth)), Ml::row(self.part(*under, depth))];
        let fraction = Ml::new("mfrac", parts);
        Some(if bar { fraction } else { fraction.with("linethickness", "0") })
    }

    pub(super) fn root(&self, node: NodeRef<'_>, depth: usize) -> Ml {
        let mut index = None;
        let mut radicand = Vec::new();
        for child in node.children().take(16) {
            let Some(tag) = element(child) else { continue };
            if has_class(tag, "root") {
                index = entries(child).first().map(|entry| self.part(*entry, depth));
            } else if list(child, 0).is_some() {
                for entry in entries(child) {
                    radicand.extend(self.part(entry, depth));
                }
            }
        }
        radicand.retain(|ml| ml.text != "√");
        match index {
            Some(index) => Ml::new("mroot", vec![Ml::row(radicand), Ml::row(index)]),
            None => Ml::new("msqrt", radicand),
        }
    }

    /// Scripts of the siblings before them in the same span.
    pub(super) fn scripts(&self, node: NodeRef<'_>, from: Option<usize>, depth: usize, row: &mut Vec<Ml>) {
        let base = row.split_off(from.unwrap_or(row.len()));
        let (mut lower, mut upper) = (None, None);
        let stack = entries(node);
        let two = stack.len() > 1;
        let highest = stack.iter().map(|entry| entry.rise).fold(f32::MIN, f32::max);
        for entry in stack {
            let up = if two { entry.rise >= highest } else { entry.rise > 0.0 };
            *(if up { &mut upper } else { &mut lower }) = Some(self.part(entry, depth));
        }
        let applied = base.last().is_some_and(|last| last.text == "\u{2061}");
        let base = match base.as_slice() {
            [] => Ml::atom(Vec::new()),
            _ => Ml::row(row::finish(base)),
        };
        row.push(boxes::scripts(base, lower, upper));
        if applied {
            row.push(leaf::application());
        }
    }

    /// An operator, or anything at all, with limits over and under it.
    pub(super) fn limits(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        let mut stack = entries(node);
        let near = |entry: &Entry<'_>| entry.rise.abs();
        let Some(at) = (0..stack.len()).min_by(|a, b| near(&stack[*a]).total_cmp(&near(&stack[*b]))) else {
            return self.content_in(node, depth);
        };
        let base = stack.remove(at);
        let (mut lower, mut upper) = (None, None);
        for entry in stack {
            let part = self.part(entry, depth);
            *(if entry.rise > base.rise { &mut upper } else { &mut lower }) = Some(part);
        }
        let base = self.part(base, depth);
        let applied = base.last().is_some_and(|last| last.text == "\u{2061}");
        let mut out = vec![boxes::limits(Ml::row(base), lower, upper)];
        if applied {
            out.push(leaf::application());
        }
        out
    }

    fn content_in(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        node.children()
            .filter(|child| element(*child).is_some())
            .flat_map(|child| self.content(child, depth + 1))
            .collect()
    }

    pub(super) fn accent(&self, node: NodeRef<'_>, tag: &Element, depth: usize) -> Ml {
        let under = has_class(tag, "accentunder");
        let (mut base, mut mark) = (Vec::new(), None);
        for entry in entries(node) {
            let body = has_direct(entry, "accent-body");
            let drawn = paths::mark(entry.node).filter(|_| body || is_drawing(entry.node));
            if let Some(c) = drawn {
                mark = Some(Ml::token("mo", c).with("stretchy", if body { "false" } else { "true" }));
            } else if body {
                let text: String = leaf::visible(entry.node);
                mark = Some(Ml::token("mo", text).with("stretchy", "false"));
            } else {
                base.extend(self.part(entry, depth));
            }
        }
        let base = Ml::row(base);
        match mark {
            Some(mark) => Ml::new(if under { "munder" } else { "mover" }, vec![base, mark]),
            None => base,
        }
    }

    pub(super) fn bar(&self, name: &'static str, node: NodeRef<'_>, depth: usize) -> Ml {
        let content: Vec<Ml> = entries(node).into_iter().flat_map(|entry| self.part(entry, depth)).collect();
        let bar = if name == "mover" { "―" } else { "_" };
        Ml::new(name, vec![Ml::row(content), Ml::token("mo", bar).with("stretchy", "true")])
    }

    /// Braces and arrows that stretch, with what stands over and under them.
    pub(super) fn stretched(&self, node: NodeRef<'_>, depth: usize) -> Option<Ml> {
        let stack = entries(node);
        let drawn = stack.iter().find(|entry| is_drawing(entry.node)).copied();
        let arrow = element(node).is_some_and(|tag| has_class(tag, "x-arrow"));
        let Some(drawing) = drawn else {
            // The label of a brace, and the brace with what it is over.
            return self.limits(node, depth).into_iter().next();
        };
        let c = paths::mark(drawing.node);
        let mark = Ml::token("mo", c.map(String::from).unwrap_or_default()).with("stretchy", "true");
        let (mut lower, mut upper) = (None, None);
        for entry in stack.iter().filter(|entry| entry.node != drawing.node) {
            *(if entry.rise > drawing.rise { &mut upper } else { &mut lower }) = Some(self.part(*entry, depth));
        }
        if arrow {
            return Some(boxes::limits(mark, lower, upper));
        }
        Some(match (upper, lower) {
            // A brace under what it embraces.
            (Some(base), None) => Ml::new("munder", vec![Ml::row(base), mark]),
            (None, Some(base)) => Ml::new("mover", vec![Ml::row(base), mark]),
            (upper, lower) => boxes::limits(mark, lower, upper),
        })
    }

    /// A stack without a name: a frame or a stroke over its content, else its content from top to bottom.
    pub(super) fn framed(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        let stack = entries(node);
        let mut notations = Vec::new();
        let mut content = Vec::new();
        for entry in &stack {
            if has_direct(*entry, "fbox") || has_direct(*entry, "fcolorbox") {
                notations.push("box");
            }
            if has_direct(*entry, "sout") {
                notations.push("horizontalstrike");
            }
            let strokes = lines(*entry);
            for line in &strokes {
                let up = super::super::super::node::attr(line, "y1").is_some_and(|y| y != "0");
                notations.push(if up { "updiagonalstrike" } else { "downdiagonalstrike" });
            }
            if strokes.is_empty() {
                content.extend(self.part(*entry, depth));
            }
        }
        if stack.is_empty() {
            return self.content_in(node, depth);
        }
        if notations.is_empty() {
            return content;
        }
        vec![Ml::new("menclose", content).with("notation", notations.join(" "))]
    }
}

/// Whether a class is on an entry's own boxes, not in its content.
fn has_direct(entry: Entry<'_>, class: &str) -> bool {
    entry.node.children().take(8).filter_map(|child| Some((child, element(child)?))).any(|(child, tag)| {
        has_class(tag, class)
            || (span(tag) == Span::Other
                && child.children().take(4).filter_map(element).any(|inner| has_class(inner, class)))
    })
}

/// Whether an entry is drawn and not set.
fn is_drawing(node: NodeRef<'_>) -> bool {
    let mut drawn = false;
    for inner in node.descendants().take(24) {
        if let Some(tag) = element(inner) {
            match &*tag.name.local {
                "svg" => drawn = true,
                _ if matches!(span(tag), Span::Ord | Span::Operator | Span::Sign | Span::Inner) => return false,
                _ => {}
            }
        }
    }
    drawn
}
