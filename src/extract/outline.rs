//! The DOM laid flat: one array in document order with what content selection wants to know of every subtree.
//!
//! An entry's subtree is the range from its own index to `end`, so every later pass is a loop over a slice: no
//! recursion, no hash map from nodes to figures.

use ego_tree::NodeRef;
use scraper::Node;
use scraper::node::Element;

use super::content::hints::{self, Hints};
use super::dom::Scripting;
use super::math::{Formula, MathMap, MathNode};
use super::tag::Tag;

/// What an entry is.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// An element.
    Element(Tag, &'a Element),
    /// A text node.
    Text(&'a str),
    /// A formula that markup carries; its subtree is not in the outline.
    Formula(&'a Formula),
}

/// What a subtree holds. Sizes are UTF-8 bytes without white space, so that a Chinese character weighs three letters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Text.
    pub text: u32,
    /// Text inside links.
    pub link_text: u32,
    /// Links with text.
    pub links: u32,
    /// Marks that sentences have: full stops, commas, and their Chinese forms.
    pub marks: u32,
    /// Formulas: marked up, or delimited (counted by opening delimiters, so about).
    pub formulas: u32,
    /// Headings.
    pub headings: u32,
    /// Headings whose text is a link: teasers of other pages have them.
    pub linked_headings: u32,
    /// `h1` headings.
    pub titles: u32,
    /// `article` elements.
    pub articles: u32,
    /// Elements that the page itself names as its main text.
    pub named: u32,
    /// Text of blocks that read like prose, code or mathematics (see [`worth`]).
    pub good: u32,
}

impl Stats {
    fn each(&mut self, other: &Self, change: impl Fn(&mut u32, u32)) {
        let Self { text, link_text, links, marks, formulas, headings, linked_headings, titles, articles, named, good } =
            self;
        change(text, other.text);
        change(link_text, other.link_text);
        change(links, other.links);
        change(marks, other.marks);
        change(formulas, other.formulas);
        change(headings, other.headings);
        change(linked_headings, other.linked_headings);
        change(titles, other.titles);
        change(articles, other.articles);
        change(named, other.named);
        change(good, other.good);
    }

    fn add(&mut self, other: &Self) {
        self.each(other, |figure, by| *figure = figure.saturating_add(by));
    }

    /// Takes a dropped part out of the whole.
    pub fn subtract(&mut self, other: &Self) {
        self.each(other, |figure, by| *figure = figure.saturating_sub(by));
    }

    /// Share of the text that is inside links, in percent.
    #[must_use]
    pub fn link_percent(&self) -> u32 {
        (self.link_text * 100).checked_div(self.text).unwrap_or(0)
    }
}

/// An element, text node or formula.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What it is.
    pub kind: Kind<'a>,
    /// Index of the parent; the root is its own.
    pub parent: u32,
    /// Index after the last entry of the subtree.
    pub end: u32,
    /// What attributes say of it.
    pub hints: Hints,
    /// What its subtree holds.
    pub stats: Stats,
}

impl Entry<'_> {
    /// The element's kind; `None` for text and formulas.
    #[must_use]
    pub fn tag(&self) -> Option<Tag> {
        match self.kind {
            Kind::Element(tag, _) => Some(tag),
            _ => None,
        }
    }
}

/// A page laid flat. The first entry is `body` (or what takes its place).
#[derive(Debug)]
pub struct Outline<'a> {
    /// Entries in document order.
    pub entries: Vec<Entry<'a>>,
}

impl<'a> Outline<'a> {
    /// Lays the subtree of `root` flat, leaving out what is never content.
    #[must_use]
    pub fn build(root: NodeRef<'a, Node>, math: &'a MathMap, scripting: Scripting) -> Self {
        let mut builder =
            Builder { scripting, entries: Vec::new(), open: Vec::new(), run: Stats::default(), links: 0, pre: 0 };
        let mut next = Some(root);
        while let Some(node) = next {
            next = if builder.enter(node, math) { node.first_child() } else { None };
            if next.is_some() {
                continue;
            }
            // Leave this node and every ancestor it is the last child of.
            let mut at = node;
            loop {
                builder.leave(at);
                if at == root {
                    break;
                }
                next = at.next_sibling();
                if next.is_some() {
                    break;
                }
                let Some(parent) = at.parent() else { break };
                at = parent;
            }
        }
        builder.finish()
    }

    /// The direct children of an entry.
    pub fn children(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.entries[of].end as usize;
        let mut at = of + 1;
        std::iter::from_fn(move || {
            let child = at;
            (child < end).then(|| {
                at = self.entries[child].end as usize;
                child
            })
        })
    }
}

/// What a run of inline content counts as content, in bytes.
///
/// A run of links is nothing; a run without a sentence mark (a label, a menu entry, a caption) counts a quarter;
/// formulas count whatever stands beside them.
fn worth(run: &Stats, pre: bool) -> u32 {
    let plain = run.text.saturating_sub(run.link_text);
    let formulas = run.formulas.saturating_mul(20);
    if run.link_text * 2 > run.text && run.formulas == 0 {
        0
    } else if pre || run.marks > 0 && run.text >= 40 || run.text >= 120 {
        plain + formulas
    } else {
        plain / 4 + formulas
    }
}

struct Builder<'a> {
    scripting: Scripting,
    entries: Vec<Entry<'a>>,
    /// Open elements, outermost first.
    open: Vec<u32>,
    /// The run of inline content since the last block boundary.
    run: Stats,
    links: u32,
    pre: u32,
}

impl<'a> Builder<'a> {
    /// Adds a node; whether its children are wanted.
    fn enter(&mut self, node: NodeRef<'a, Node>, math: &'a MathMap) -> bool {
        match node.value() {
            Node::Text(text) => {
                if !math.marks_text() || math.get(node.id()).is_none() {
                    self.text(text);
                }
                false
            }
            Node::Element(element) => match math.get(node.id()) {
                Some(MathNode::Skip) => false,
                Some(MathNode::Formula(formula)) => self.formula(formula),
                None => self.element(element),
            },
            Node::Comment(_) => match math.get(node.id()) {
                Some(MathNode::Formula(formula)) => self.formula(formula),
                _ => false,
            },
            _ => false,
        }
    }

    fn formula(&mut self, formula: &'a Formula) -> bool {
        let stats = Stats { formulas: 1, ..Stats::default() };
        self.run.add(&stats);
        self.push(Kind::Formula(formula), Hints::default(), stats);
        false
    }

    fn element(&mut self, element: &'a Element) -> bool {
        let tag = Tag::of(element.name());
        if tag == Tag::Skip || tag == Tag::Noscript && self.scripting == Scripting::On {
            return false;
        }
        if tag.is_block() {
            self.close_run();
        }
        let hints = hints::of(tag, element);
        self.links += u32::from(hints.has(Hints::LINK));
        self.pre += u32::from(tag == Tag::Pre);
        let index = self.push(Kind::Element(tag, element), hints, Stats::default());
        self.open.push(index);
        true
    }

    fn text(&mut self, text: &'a str) {
        if text.is_empty() {
            return;
        }
        let mut stats = measure(text);
        if self.links > 0 {
            stats.link_text = stats.text;
        }
        self.run.add(&stats);
        self.push(Kind::Text(text), Hints::default(), stats);
    }

    fn push(&mut self, kind: Kind<'a>, hints: Hints, stats: Stats) -> u32 {
        let index = self.entries.len() as u32;
        let parent = self.open.last().copied().unwrap_or(index);
        self.entries.push(Entry { kind, parent, end: index + 1, hints, stats });
        index
    }

    fn leave(&mut self, node: NodeRef<'a, Node>) {
        let Some(&index) = self.open.last() else { return };
        let Kind::Element(tag, element) = self.entries[index as usize].kind else { return };
        // A node that was not entered (skipped, text, formula) is not the one on top.
        if !node.value().as_element().is_some_and(|left| std::ptr::eq(left, element)) {
            return;
        }
        if tag.is_block() {
            self.close_run();
        }
        let end = self.entries.len() as u32;
        let entry = &mut self.entries[index as usize];
        entry.end = end;
        if entry.hints.has(Hints::LINK) {
            self.links -= 1;
            entry.stats.links += 1;
        }
        self.pre -= u32::from(tag == Tag::Pre);
        self.open.pop();
    }

    /// Credits the run that ends here to the innermost open block.
    fn close_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.text == 0 && run.formulas == 0 {
            return;
        }
        let good = worth(&run, self.pre > 0);
        if let Some(&index) = self.open.last() {
            self.entries[index as usize].stats.good += good;
        }
    }

    fn finish(mut self) -> Outline<'a> {
        // Children stand after their parents, so one backward pass sums every subtree.
        for index in (1..self.entries.len()).rev() {
            let entry = &mut self.entries[index];
            if let Some(Tag::Heading(level)) = entry.tag() {
                entry.stats.headings += 1;
                entry.stats.linked_headings += u32::from(entry.stats.link_percent() >= 80);
                entry.stats.titles += u32::from(level == 1);
            }
            entry.stats.articles += u32::from(entry.tag() == Some(Tag::Article));
            entry.stats.named += u32::from(entry.hints.has(Hints::MAIN_TEXT));
            let Entry { parent, stats, .. } = *entry;
            self.entries[parent as usize].stats.add(&stats);
        }
        Outline { entries: self.entries }
    }
}

/// Counts one text node.
fn measure(text: &str) -> Stats {
    let (mut bytes, mut marks, mut formulas) = (0, 0, 0);
    let raw = text.as_bytes();
    for (at, &byte) in raw.iter().enumerate() {
        bytes += u32::from(byte > b' ');
        match byte {
            b',' | b';' | b'?' | b'!' => marks += 1,
            b'.' => marks += u32::from(raw.get(at + 1).is_none_or(u8::is_ascii_whitespace)),
            // 、。 are E3 80 81 and 82; ，；！？： are EF BC 8C, 9B, 81, 9F, 9A.
            0x80 => marks += u32::from(at > 0 && raw[at - 1] == 0xE3 && matches!(raw.get(at + 1), Some(0x81 | 0x82))),
            0xBC => {
                let full = at > 0 && raw[at - 1] == 0xEF;
                marks += u32::from(full && matches!(raw.get(at + 1), Some(0x8C | 0x9B | 0x81 | 0x9F | 0x9A)));
            }
            b'\\' => formulas += u32::from(matches!(raw.get(at + 1), Some(b'(' | b'['))) + begin(&raw[at..]),
            b'$' => formulas += u32::from(raw.get(at + 1).is_some_and(|next| !next.is_ascii_digit() && *next > b' ')),
            _ => {}
        }
    }
    Stats { text: bytes, marks, formulas, ..Stats::default() }
}

fn begin(raw: &[u8]) -> u32 {
    u32::from(raw.starts_with(b"\\begin{"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::math::{self, PageMath};
    use scraper::Html;

    fn outline<R>(body: &str, look: impl FnOnce(&Outline<'_>) -> R) -> R {
        let html = Html::parse_document(body);
        let page = PageMath::read(&html);
        let math = math::find(&html, &page);
        let root = html.root_element().children().last().expect("a body");
        look(&Outline::build(root, &math, Scripting::On))
    }

    #[test]
    fn subtrees_are_ranges_that_add_up() {
        outline("<p>ab <a href=x>cd</a><script>no</script></p><div><p>efg</div>", |outline| {
            let tags: Vec<_> = outline.entries.iter().map(Entry::tag).collect();
            assert_eq!(
                tags,
                [Some(Tag::Body), Some(Tag::Paragraph), None, Some(Tag::Link), None, Some(Tag::Block)]
                    .into_iter()
                    .chain([Some(Tag::Paragraph), None])
                    .collect::<Vec<_>>()
            );
            assert_eq!((outline.entries[0].stats.text, outline.entries[0].stats.link_text), (7, 2));
            assert_eq!((outline.entries[1].end, outline.entries[5].end), (5, 8));
            assert_eq!(outline.children(0).collect::<Vec<_>>(), [1, 5]);
        });
    }

    #[test]
    fn prose_is_worth_its_bytes_and_links_nothing() {
        let prose = "This is a sentence, and it is long enough to count.";
        outline(&format!("<p>{prose}</p>"), |o| assert_eq!(o.entries[0].stats.good, o.entries[0].stats.text));
        outline("<p>Label</p>", |o| assert_eq!(o.entries[0].stats.good, 1));
        outline(&format!("<p><a href=x>{prose}</a></p>"), |o| assert_eq!(o.entries[0].stats.good, 0));
        outline(&format!("<p><a name=x>{prose}</a></p>"), |o| assert!(o.entries[0].stats.good > 0));
    }

    #[test]
    fn marks_and_delimiters_are_counted() {
        let stats = measure("函数，连续。 3.14 e.g. \\(x\\) $y$ costs $5");
        assert_eq!((stats.marks, stats.formulas), (3, 2));
    }
}
