//! KaTeX's spans → MathML. Classes tell what a span is, and offsets in stacks (`vlist`) what stands over what.

mod leaf;
mod paths;
mod row;
mod stack;
mod table;

use scraper::node::Element;

use super::super::Formula;
use super::super::node::{Budget, NodeRef, classes, element, has_class};
use super::style;
use super::tree::{self, Ml};

/// Nesting of HTML beyond which the rest is left out: a level of TeX takes up to eight.
const DEPTH_MAX: usize = 320;

/// The formula that the visible half of KaTeX's output shows; `None` where it shows none.
pub(in super::super) fn formula(html: NodeRef<'_>, display: bool, budget: &Budget) -> Option<Formula> {
    let reader = Reader { budget };
    tree::formula(reader.content(html, 0), display)
}

/// What a span is, as far as its classes tell; the first that fits holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    /// Struts, numbers of equations, lines: nothing of the formula.
    Aside,
    Space,
    /// The absent delimiter of a pair.
    NoDelimiter,
    Delimiter,
    Fraction,
    Root,
    Scripts,
    Limits,
    Accent,
    Bar(&'static str),
    Stretched,
    Table,
    Text,
    /// `\left…\right`, and TeX's inner atoms.
    Inner,
    Operator,
    Binary,
    Lap,
    Stack,
    /// An ordinary atom; a group where it has several parts.
    Ord,
    /// A relation, an opening, closing or punctuation sign.
    Sign,
    Other,
}

fn span(tag: &Element) -> Span {
    let mut found = Span::Other;
    for class in classes(tag) {
        let of = match class {
            "strut" | "pstrut" | "vlist-s" | "fontsize-ensurer" | "baseline-fix" | "arraycolsep" | "frac-line"
            | "overline-line" | "underline-line" | "sqrt-line" | "sqrt-sign" | "tag" | "eqn-num" | "rule" | "hline"
            | "hdashline" | "vertical-separator" | "katex-mathml" | "fix" | "hide-tail" => Span::Aside,
            "mspace" => Span::Space,
            "nulldelimiter" => Span::NoDelimiter,
            "delimsizing" => Span::Delimiter,
            "mfrac" => Span::Fraction,
            "sqrt" => Span::Root,
            "msupsub" => Span::Scripts,
            "op-limits" => Span::Limits,
            "accent" | "accentunder" => Span::Accent,
            "overline" => Span::Bar("mover"),
            "underline" => Span::Bar("munder"),
            "munder" | "mover" | "x-arrow" => Span::Stretched,
            "mtable" => Span::Table,
            "text" => Span::Text,
            "rlap" | "llap" | "clap" => Span::Lap,
            "vlist-t" | "vlist" => Span::Stack,
            "minner" => Span::Inner,
            "mop" => Span::Operator,
            "mbin" => Span::Binary,
            "mrel" | "mopen" | "mclose" | "mpunct" => Span::Sign,
            "mord" => Span::Ord,
            _ => continue,
        };
        // `minner`, `mop` and their like say how a thing is spaced; any other class says what it is.
        let spacing =
            |span| matches!(span, Span::Other | Span::Ord | Span::Sign | Span::Inner | Span::Operator | Span::Binary);
        if spacing(found) && (found == Span::Other || !spacing(of)) {
            found = of;
        }
    }
    found
}

struct Reader<'b> {
    budget: &'b Budget,
}

impl Reader<'_> {
    /// What a span holds, as a row.
    fn content(&self, parent: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        let mut row = Vec::new();
        self.children(parent, depth, &mut row);
        row::finish(row)
    }

    fn children(&self, parent: NodeRef<'_>, depth: usize, row: &mut Vec<Ml>) {
        if depth > DEPTH_MAX {
            return;
        }
        let from = row.len();
        for node in parent.children() {
            let Some(tag) = element(node) else {
                leaf::stray(node, row);
                continue;
            };
            if !self.budget.spend() {
                return;
            }
            let tail = row.len() > from;
            self.span(node, tag, tail.then_some(from), depth + 1, row);
        }
    }

    /// One span. `from` is where its siblings begin in the row, if there are any before it.
    fn span(&self, node: NodeRef<'_>, tag: &Element, from: Option<usize>, depth: usize, row: &mut Vec<Ml>) {
        let what = span(tag);
        if what == Span::Aside {
            return;
        }
        if what != Span::Space
            && let Some(leaf) = leaf::read(node, tag, what)
        {
            row.extend(leaf::token(&leaf, what));
            return;
        }
        match what {
            Span::Aside | Span::NoDelimiter => {}
            Span::Space => row.extend(leaf::space(node, tag)),
            Span::Delimiter => row.push(self.delimiter(node, depth)),
            Span::Fraction => row.extend(self.fraction(node, depth)),
            Span::Root => row.push(self.root(node, depth)),
            Span::Scripts => self.scripts(node, from, depth, row),
            // The oldest versions give the stack of scripts no name.
            Span::Stack if from.is_some() && !stack::has_frame(node) && has_class(tag, "vlist") => {
                self.scripts(node, from, depth, row);
            }
            Span::Limits => row.extend(self.limits(node, depth)),
            Span::Accent => row.push(self.accent(node, tag, depth)),
            Span::Bar(name) => row.push(self.bar(name, node, depth)),
            Span::Stretched => row.extend(self.stretched(node, depth)),
            Span::Stack => row.extend(self.framed(node, depth)),
            Span::Table => row.push(self.table(node, depth)),
            Span::Text => leaf::text(self, node, depth, row),
            Span::Inner => self.inner(node, depth, row),
            Span::Operator => row.extend(self.operator(node, depth)),
            Span::Binary => match leaf::word(node) {
                Some(word) => row.push(Ml::token("mo", word)),
                None => self.children(node, depth, row),
            },
            Span::Lap => row.extend(self.lap(node, depth)),
            Span::Ord => self.ord(node, tag, depth, row),
            Span::Sign | Span::Other => {
                let mut inside = Vec::new();
                self.children(node, depth, &mut inside);
                if style::property(tag, "color") == Some("transparent") {
                    inside = vec![Ml::new("mphantom", inside)];
                }
                row.append(&mut inside);
            }
        }
    }

    /// A group, where the span has no other class and several parts.
    fn ord(&self, node: NodeRef<'_>, tag: &Element, depth: usize, row: &mut Vec<Ml>) {
        let mut inside = self.content(node, depth);
        let plain = classes(tag).all(|class| {
            matches!(
                class,
                "mord"
                    | "mtight"
                    | "textstyle"
                    | "displaystyle"
                    | "scriptstyle"
                    | "scriptscriptstyle"
                    | "uncramped"
                    | "cramped"
                    | "reset-textstyle"
            )
        });
        match inside.as_slice() {
            [] => row.push(Ml::atom(Vec::new())),
            [_] => row.append(&mut inside),
            // A fraction in delimiters of its own, as binomials are.
            [open, fraction, close]
                if (open.name, fraction.name, close.name) == ("mo", "mfrac", "mo")
                    && fraction.attr("linethickness").is_some() =>
            {
                row.append(&mut inside);
            }
            _ if plain => row.push(Ml::atom(inside)),
            _ => row.append(&mut inside),
        }
    }

    /// `\left…\right`: a row of its own, with its delimiters even where they are none.
    fn inner(&self, node: NodeRef<'_>, depth: usize, row: &mut Vec<Ml>) {
        let mut inside = Vec::new();
        self.children(node, depth, &mut inside);
        let fenced = |child: Option<NodeRef<'_>>| child.and_then(element).is_some_and(leaf::is_fence);
        let mut spans = node.children().filter(|child| element(*child).is_some());
        let (first, last) = (spans.next(), spans.next_back());
        if fenced(first) && fenced(last) {
            for (end, at) in [(first, 0), (last, inside.len())] {
                if end.and_then(element).is_some_and(|tag| span(tag) == Span::NoDelimiter) {
                    inside.insert(if at == 0 { 0 } else { inside.len() }, Ml::token("mo", ""));
                }
            }
            for at in [0, inside.len().saturating_sub(1)] {
                if let Some(fence) = inside.get_mut(at).filter(|fence| fence.name == "mo") {
                    fence.attrs.retain(|(name, _)| *name != "stretchy");
                }
            }
            row.push(Ml::new("mrow", row::finish(inside)));
        } else {
            row.append(&mut inside);
        }
    }

    /// Names of functions, alone, in pieces or with scripts.
    fn operator(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        if let Some(word) = leaf::word(node) {
            return vec![Ml::token("mi", word), leaf::application()];
        }
        self.content(node, depth)
    }

    /// What overlaps its neighbour: a slash through the sign before or after it.
    fn lap(&self, node: NodeRef<'_>, depth: usize) -> Vec<Ml> {
        let inside = self.content(node, depth);
        match inside.as_slice() {
            [slash] if slash.text == "/" => vec![Ml::token("mo", "\u{338}")],
            _ => inside,
        }
    }

    /// A delimiter in one of the fixed sizes, or built of pieces.
    fn delimiter(&self, node: NodeRef<'_>, depth: usize) -> Ml {
        let mut pieces = Vec::new();
        self.pieces(node, depth, &mut pieces);
        let c = super::glyph::assembled(&pieces).or_else(|| pieces.first().copied());
        Ml::token("mo", c.map(String::from).unwrap_or_default()).with("stretchy", "false")
    }

    fn pieces(&self, parent: NodeRef<'_>, depth: usize, pieces: &mut Vec<char>) {
        for node in parent.children() {
            if depth > DEPTH_MAX || !self.budget.spend() {
                return;
            }
            match node.value() {
                scraper::Node::Text(text) => pieces.extend(text.chars().filter(|c| leaf::is_seen(*c)).take(64)),
                scraper::Node::Element(tag) if &*tag.name.local == "path" => pieces.extend(paths::delimiter(tag)),
                _ => self.pieces(node, depth + 1, pieces),
            }
        }
    }
}
