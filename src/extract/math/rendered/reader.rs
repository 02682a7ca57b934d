//! MathJax's rendered elements → MathML. All of its outputs mirror the MathML tree; a [`Dialect`] says how.

use std::cmp::Ordering;

use scraper::node::Element;

use super::super::Formula;
use super::super::node::{Budget, NodeRef, element};
use super::dialect::{Dialect, Slot};
use super::tree::{self, Ml};
use super::{boxes, style, tables, tokens};

/// Nesting of HTML beyond which the rest is left out: a level of MathML takes up to six.
const DEPTH_MAX: usize = 320;

/// The formula that a rendering of MathJax shows; `None` where it shows none.
pub(in super::super) fn formula(
    root: NodeRef<'_>,
    dialect: Dialect,
    display: bool,
    budget: &Budget,
) -> Option<Formula> {
    let reader = Reader { dialect, budget };
    let mut children = Vec::new();
    reader.children(root, 0, &mut children);
    if let [math] = children.as_mut_slice()
        && math.name == "math"
    {
        children = std::mem::take(&mut math.children);
    }
    tree::formula(children, display)
}

/// What is read, and what reading may cost.
pub(super) struct Reader<'b> {
    pub(super) dialect: Dialect,
    pub(super) budget: &'b Budget,
}

impl Reader<'_> {
    /// The MathML elements in a box, through boxes inside it.
    pub(super) fn children(&self, parent: NodeRef<'_>, depth: usize, out: &mut Vec<Ml>) {
        if depth > DEPTH_MAX {
            return;
        }
        for node in parent.children() {
            let Some(tag) = element(node) else { continue };
            if !self.budget.spend() || Dialect::is_aside(tag) {
                continue;
            }
            match self.dialect.kind(tag) {
                Some(kind) => out.push(self.build(kind, node, tag, depth + 1)),
                None => self.children(node, depth + 1, out),
            }
        }
    }

    /// The content of an element that MathML gives an inferred row: that row is no group.
    pub(super) fn content(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        let mut children = Vec::new();
        self.children(node, depth, &mut children);
        if let [row] = children.as_mut_slice()
            && row.name == "mrow"
            && row.attrs.is_empty()
        {
            children = std::mem::take(&mut row.children);
        }
        self.apply(&mut children);
        children
    }

    fn build(&self, kind: &'static str, node: NodeRef<'_>, tag: &Element, depth: usize) -> Ml {
        match kind {
            "mi" | "mn" | "mo" | "ms" | "mtext" => tokens::token(self, kind, node, tag),
            "mspace" => match style::length(tag, "width") {
                Some(width) if width != 0.0 => Ml::new("mspace", Vec::new()).with("width", format!("{width}em")),
                _ => Ml::new("mspace", Vec::new()),
            },
            "mfrac" => self.fraction(node, depth),
            "msqrt" => Ml::new("msqrt", self.content(node, depth)).without_surd(),
            "mroot" => self.root(node, depth),
            "msub" | "msup" | "msubsup" | "munder" | "mover" | "munderover" => self.scripts(kind, node, depth),
            "mtable" => tables::table(self, node, depth),
            "menclose" => boxes::enclosure(self, node, depth),
            "merror" => Ml::token("mtext", ""),
            "texatom" => self.atom(node, tag, depth),
            "mtr" | "mlabeledtr" => Ml::new("mtr", self.content(node, depth)),
            "math" | "mtd" | "mphantom" | "mstyle" | "mpadded" => Ml::new(kind, self.content(node, depth)),
            "none" => Ml::new("none", Vec::new()),
            _ => {
                let mut children = Vec::new();
                self.children(node, depth, &mut children);
                self.apply(&mut children);
                Ml::new("mrow", children)
            }
        }
    }

    fn atom(&self, node: NodeRef<'_>, tag: &Element, depth: usize) -> Ml {
        let class = super::super::node::attr(tag, "texclass").or(super::super::node::attr(tag, "data-mjx-texclass"));
        let row = Ml::new("mrow", self.content(node, depth));
        match class {
            Some("ORD") | None => row.with("data-mjx-texclass", "ORD"),
            Some("OP") => row.with("data-mjx-texclass", "OP"),
            Some("REL") => row.with("data-mjx-texclass", "REL"),
            Some("BIN") => row.with("data-mjx-texclass", "BIN"),
            Some("OPEN") => row.with("data-mjx-texclass", "OPEN"),
            Some("CLOSE") => row.with("data-mjx-texclass", "CLOSE"),
            Some(_) => row,
        }
    }

    fn fraction(&self, node: NodeRef<'_>, depth: usize) -> Ml {
        let parts = self.parts(node, depth);
        let (mut over, mut under, mut bare) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match part.slot {
                Some(Slot::Over) => over.extend(part.content),
                Some(Slot::Under) => under.extend(part.content),
                _ => bare.push(part),
            }
        }
        // The upper one comes first wherever slots have no names.
        let mut bare = bare.into_iter().filter(|part| !part.content.is_empty()).map(|part| part.content);
        if over.is_empty() && under.is_empty() {
            over = bare.next().unwrap_or_default();
            under = bare.next().unwrap_or_default();
        }
        let fraction = Ml::new("mfrac", vec![Ml::row(over), Ml::row(under)]);
        if boxes::has_bar(self.dialect, node) { fraction } else { fraction.with("linethickness", "0") }
    }

    fn root(&self, node: NodeRef<'_>, depth: usize) -> Ml {
        let (mut index, mut radicand) = (Vec::new(), Vec::new());
        for part in self.parts(node, depth) {
            match part.slot {
                Some(Slot::Root) => index.extend(part.content),
                _ if radicand.is_empty() => radicand = part.content,
                _ => index.extend(part.content),
            }
        }
        radicand.retain(|ml| !ml.is_surd());
        index.retain(|ml| !ml.is_surd());
        Ml::new("mroot", vec![Ml::row(radicand), Ml::row(index)])
    }

    fn scripts(&self, kind: &'static str, node: NodeRef<'_>, depth: usize) -> Ml {
        let mut parts = self.parts(node, depth);
        let limits = matches!(kind, "munder" | "mover" | "munderover");
        let single =
            matches!(kind, "msub" | "munder").then_some(false).or(matches!(kind, "msup" | "mover").then_some(true));
        let base = match parts.iter().position(|part| part.slot == Some(Slot::Base)) {
            Some(at) => parts.remove(at).content,
            None if parts.first().is_some_and(|part| part.slot.is_none()) => parts.remove(0).content,
            None => Vec::new(),
        };
        let (mut lower, mut upper) = (None, None);
        let mut unnamed = Vec::new();
        for part in parts {
            match part.slot {
                Some(Slot::Sub | Slot::Under) => lower = Some(part.content),
                Some(Slot::Sup | Slot::Over) => upper = Some(part.content),
                Some(Slot::Scripts) if single.is_none() => {
                    let mut scripts = part.content.into_iter();
                    upper = scripts.next().map(|ml| vec![ml]);
                    lower = scripts.next().map(|ml| vec![ml]);
                }
                _ if !part.content.is_empty() => unnamed.push(part),
                _ => {}
            }
        }
        match (self.dialect, single) {
            // Version 2 has one name for all three: the side of the baseline tells.
            (Dialect::HtmlCss, _) => {
                for part in unnamed {
                    let slot = if part.rise > 0.0 { &mut upper } else { &mut lower };
                    *slot = Some(part.content);
                }
            }
            (_, Some(is_upper)) => {
                let content: Vec<Ml> = unnamed.into_iter().flat_map(|part| part.content).collect();
                let slot = if is_upper { &mut upper } else { &mut lower };
                if !content.is_empty() || slot.is_none() {
                    *slot = Some(content);
                }
            }
            (_, None) => {
                unnamed.sort_by(|a, b| b.rise.partial_cmp(&a.rise).unwrap_or(Ordering::Equal));
                let mut unnamed = unnamed.into_iter().map(|part| part.content);
                upper = upper.or_else(|| unnamed.next());
                lower = lower.or_else(|| unnamed.next());
            }
        }
        let base = tokens::applied(base);
        if limits { boxes::limits(base, lower, upper) } else { boxes::scripts(base, lower, upper) }
    }

    /// The parts of an element, in document order.
    fn parts(&self, node: NodeRef<'_>, depth: usize) -> Vec<Part> {
        let mut parts = Vec::new();
        self.collect(node, None, depth, &mut parts);
        parts
    }

    fn collect(&self, parent: NodeRef<'_>, risen: Option<f32>, depth: usize, parts: &mut Vec<Part>) {
        if depth > DEPTH_MAX {
            return;
        }
        for node in parent.children() {
            let Some(tag) = element(node) else { continue };
            if !self.budget.spend() || Dialect::is_aside(tag) {
                continue;
            }
            let rise = self.dialect.rise(node, tag);
            if let Some(slot) = self.dialect.slot(tag) {
                let content = self.content(node, depth + 1);
                parts.push(Part { slot: Some(slot), rise: 0.0, content });
                continue;
            }
            // The lower half of a stack of three in CHTML is a stack of two, of the same names.
            let half = self.dialect == Dialect::Chtml
                && &*tag.name.local == "mjx-munder"
                && element(parent).is_some_and(|parent| &*parent.name.local == "mjx-box");
            match self.dialect.kind(tag).filter(|_| !half) {
                Some(kind) => {
                    let content = vec![self.build(kind, node, tag, depth + 1)];
                    let rise = risen.unwrap_or(0.0) + rise.unwrap_or(0.0);
                    parts.push(Part { slot: None, rise, content });
                }
                None if self.dialect == Dialect::HtmlCss && rise.is_some() => {
                    let mut content = Vec::new();
                    self.children(node, depth + 1, &mut content);
                    if !content.is_empty() {
                        parts.push(Part { slot: None, rise: rise.unwrap_or(0.0), content });
                    }
                }
                None => {
                    let risen = rise.map(|rise| rise + risen.unwrap_or(0.0));
                    self.collect(node, risen, depth + 1, parts);
                }
            }
        }
    }

    /// Version 2 shows the invisible sign of function application as an operator without characters.
    fn apply(&self, row: &mut Vec<Ml>) {
        tokens::apply(self.dialect, row);
    }
}

/// One part of an element.
#[derive(Debug)]
struct Part {
    slot: Option<Slot>,
    /// Above the baseline; where slots have no names.
    rise: f32,
    content: Vec<Ml>,
}

impl Ml {
    /// Whether it is the root sign, which some outputs give an element of its own.
    fn is_surd(&self) -> bool {
        self.name == "mo" && self.text == "√"
    }

    fn without_surd(mut self) -> Self {
        self.children.retain(|ml| !ml.is_surd());
        self
    }
}
