//! Text → DOM, with the parser's work bounded.
//!
//! The HTML standard's tree construction is quadratic in places: each start tag may walk the stack of open elements,
//! each paragraph may open all unclosed formatting elements again, each attribute is compared with those before it.
//! Ordinary pages never notice. Hostile pages (10⁶ nested tags) would take hours, so the parser's own steps are
//! counted, not the time: the same page is rejected on every machine.

use std::borrow::Cow;
use std::cell::{Cell, Ref};

use ego_tree::NodeId;
use html5ever::driver;
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName, local_name, ns};
use scraper::{Html, HtmlTreeSink};

use super::ExtractRules;
use crate::reject::Reject;

/// Bytes given to the parser between two looks at the counters.
const CHUNK_BYTES: usize = 4096;
/// Every how many elements the depth is measured; the cap is exceeded by at most this much.
const DEPTH_EVERY: u64 = 64;

/// Whether the page is read as by a browser that runs scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripting {
    /// `noscript` elements hold raw text.
    On,
    /// `noscript` elements hold markup.
    Off,
}

/// Parses a page as browsers do.
///
/// # Errors
/// [`Reject::TooComplex`] where elements, their depth, a tag's attributes or the parser's steps exceed the caps.
pub fn parse(text: &str, scripting: Scripting, rules: &ExtractRules) -> Result<Html, Reject> {
    if attributes_exceed(text.as_bytes(), rules.tag_attributes_max) {
        return Err(Reject::TooComplex);
    }
    let mut options = driver::ParseOpts::default();
    options.tree_builder.scripting_enabled = scripting == Scripting::On;
    feed(driver::parse_document(Guard::new(Html::new_document(), rules), options), text).ok_or(Reject::TooComplex)
}

/// Parses markup that stands as text inside a page (in an attribute, in a script); `None` where it is not worth the
/// work. A page may hold many such pieces, so the work is in proportion to the length.
#[must_use]
pub fn parse_fragment(text: &str) -> Option<Html> {
    let rules = ExtractRules { parser_steps_max: 4096 + text.len() as u64 * 16, ..ExtractRules::default() };
    if attributes_exceed(text.as_bytes(), rules.tag_attributes_max) {
        return None;
    }
    let sink = Guard::new(Html::new_fragment(), &rules);
    let body = QualName::new(None, ns!(html), local_name!("body"));
    feed(driver::parse_fragment(sink, driver::ParseOpts::default(), body, Vec::new(), false), text)
}

/// Gives the text to the parser in pieces; `None` where a cap is exceeded.
fn feed(mut parser: driver::Parser<Guard<'_>>, text: &str) -> Option<Html> {
    let mut rest = text;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES).max(first_char(rest)));
        parser.process(StrTendril::from_slice(chunk));
        if parser.tokenizer.sink.sink.exceeded() {
            return None;
        }
        rest = after;
    }
    Some(parser.finish())
}

fn first_char(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Whether any tag has more than `max` attributes: a linear scan that looks only into tags long enough to.
fn attributes_exceed(text: &[u8], max: usize) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &text[at..]) {
        at += found + 1;
        let rest = &text[at..];
        match rest {
            [b'!', b'-', b'-', ..] => at += memchr::memmem::find(rest, b"-->").unwrap_or(rest.len()),
            [first, ..] if first.is_ascii_alphabetic() => {
                let (length, names) = tag(rest);
                if names > max {
                    return true;
                }
                at += length;
                if rest.len() > 6 && rest[..6].eq_ignore_ascii_case(b"script") {
                    at += script_end(&text[at..]);
                }
            }
            _ => {}
        }
    }
    false
}

/// Where a script's text ends: markup in its strings is no markup.
fn script_end(text: &[u8]) -> usize {
    let name = |at: usize| text.get(at + 2..at + 8).is_some_and(|name| name.eq_ignore_ascii_case(b"script"));
    memchr::memmem::find_iter(text, b"</").find(|at| name(*at)).unwrap_or(text.len())
}

/// Length of a tag up to its `>`, and an upper bound of its attributes: a bare one takes two bytes, a quoted one is
/// counted by its quotes, and the sum bounds both kinds.
fn tag(rest: &[u8]) -> (usize, usize) {
    let (mut at, mut bare, mut quoted) = (0, 0, 0);
    while let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &rest[at..]) {
        bare += found;
        at += found + 1;
        if rest[at - 1] == b'>' {
            return (at, quoted + bare / 2);
        }
        // A quote opens a value only after `=`; elsewhere it is part of a name.
        let before = rest[..at - 1].trim_ascii_end();
        if before.last() == Some(&b'=') {
            quoted += 1;
            at += memchr::memchr(rest[at - 1], &rest[at..]).map_or(rest.len() - at, |end| end + 1);
        }
    }
    // Without an end, the rest of the page is the tag.
    (rest.len(), quoted + (bare + rest.len() - at) / 2)
}

/// A tree sink that counts what the parser asks of it.
struct Guard<'r> {
    tree: HtmlTreeSink,
    rules: &'r ExtractRules,
    /// Questions about open elements: the measure of the parser's walks over its stack.
    steps: Cell<u64>,
    elements: Cell<u64>,
    too_deep: Cell<bool>,
    /// Attributes that repeated `html` and `body` tags brought.
    late_attributes: Cell<usize>,
}

impl<'r> Guard<'r> {
    fn new(html: Html, rules: &'r ExtractRules) -> Self {
        Self {
            tree: HtmlTreeSink::new(html),
            rules,
            steps: Cell::new(0),
            elements: Cell::new(0),
            too_deep: Cell::new(false),
            late_attributes: Cell::new(0),
        }
    }

    fn exceeded(&self) -> bool {
        self.too_deep.get()
            || self.elements.get() > self.rules.body_nodes_max
            || self.steps.get() > self.rules.parser_steps_max
    }

    fn step(&self) {
        self.steps.set(self.steps.get() + 1);
    }

    fn measure_depth(&self, parent: NodeId) {
        if !self.elements.get().is_multiple_of(DEPTH_EVERY) {
            return;
        }
        let html = self.tree.0.borrow();
        let deep = html.tree.get(parent).is_some_and(|node| node.ancestors().nth(self.rules.depth_max).is_some());
        self.too_deep.set(self.too_deep.get() || deep);
    }
}

impl TreeSink for Guard<'_> {
    type Output = Html;
    type Handle = NodeId;
    type ElemName<'a>
        = Ref<'a, QualName>
    where
        Self: 'a;

    fn finish(self) -> Html {
        self.tree.finish()
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.tree.parse_error(message);
    }

    fn get_document(&self) -> NodeId {
        self.tree.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.step();
        self.tree.elem_name(target)
    }

    fn create_element(&self, name: QualName, attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.elements.set(self.elements.get() + 1);
        self.tree.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.tree.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.tree.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        if matches!(child, NodeOrText::AppendNode(_)) {
            self.measure_depth(*parent);
        }
        self.tree.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.tree.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.tree.append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.tree.get_template_contents(target)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        self.step();
        x == y
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.tree.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, new_node: NodeOrText<NodeId>) {
        self.tree.append_before_sibling(sibling, new_node);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attributes: Vec<Attribute>) {
        // Each is looked for among those before it, so there must be an end.
        let late = self.late_attributes.get() + attributes.len();
        self.late_attributes.set(late);
        if late <= self.rules.tag_attributes_max {
            self.tree.add_attrs_if_missing(target, attributes);
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.tree.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.tree.reparent_children(node, new_parent);
    }

    /// The standard's MathML integration point: HTML inside `annotation-xml` stays inside the formula.
    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        let html = self.tree.0.borrow();
        let element = html.tree.get(*handle).and_then(|node| node.value().as_element());
        element.and_then(|element| element.attr("encoding")).is_some_and(|encoding| {
            encoding.eq_ignore_ascii_case("text/html") || encoding.eq_ignore_ascii_case("application/xhtml+xml")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn rejected(page: &str) {
        let started = std::time::Instant::now();
        assert_eq!(parse(page, Scripting::On, &ExtractRules::default()).err(), Some(Reject::TooComplex));
        // Generous: a debug build on a busy machine; without the guard these take minutes to hours.
        assert!(started.elapsed().as_secs() < 20);
    }

    #[test]
    fn chunks_split_no_character_and_no_tag() {
        let page =
            format!("<title>{}</title><p class=\"b\">{}</p>", "数".repeat(CHUNK_BYTES), "学é<b>x</b>".repeat(3000));
        let html = parse(&page, Scripting::On, &ExtractRules::default()).expect("an ordinary page");
        let whole = Html::parse_document(&page);
        assert_eq!(html.html(), whole.html());
    }

    #[test]
    fn hostile_pages_are_rejected() {
        rejected(&"<div>".repeat(1_000_000));
        rejected(&"<b>x<p>".repeat(100_000));
        rejected(&"<i a=1><b a=2><u>".repeat(100_000));
        rejected(&format!("{}{}", "<span>".repeat(450), "</x>".repeat(1_000_000)));
        rejected(&"<p>".repeat(1_000_000));
        rejected(&format!("<p {}>", (0..100_000).fold(String::new(), |s, i| s + &format!("a{i}=\">\" "))));
        rejected(&format!("<p {}>", (0..100_000).fold(String::new(), |s, i| s + &format!("a{i} "))));
        rejected(&"<a ".repeat(1_000_000));
        rejected(&(0..300_000).fold(String::from("<a"), |s, i| s + &format!(" b{i}")));
        rejected(&format!("{}<table>{}", "<b>".repeat(400), "<tr><td>x<b><p>".repeat(200_000)));
    }

    #[test]
    fn fragments_are_bounded_by_their_length() {
        let fragment = parse_fragment("<math><mi>x</mi></math>").expect("an ordinary formula");
        assert_eq!(fragment.html(), "<html><math><mi>x</mi></math></html>");
        for hostile in ["<div>".repeat(50_000), "<i>".repeat(400) + &"</p>".repeat(60_000)] {
            assert!(parse_fragment(&hostile).is_none(), "{}", &hostile[..20]);
        }
    }

    #[test]
    fn repeated_roots_bring_few_attributes() {
        let page = (0..300_000).fold(String::from("<html lang=en>"), |page, n| page + &format!("<html a{n}=b>"));
        let html = parse(&page, Scripting::On, &ExtractRules::default()).expect("an odd page");
        assert_eq!(html.root_element().attr("a1"), Some("b"));
        assert!(html.root_element().value().attrs.len() <= 1 + ExtractRules::default().tag_attributes_max);
    }

    #[test]
    fn large_ordinary_pages_are_not() {
        for page in [
            "<p>one <b>two</b> <i>three</i></p>".repeat(50_000),
            "<table><tr><td>1<td>2<td>3</table>".repeat(20_000),
            format!("<script>{}</script>", "if(a<b){c=\"'\"}".repeat(100_000)),
            format!("<p data-x=\"{}\">", "a b=c ".repeat(500_000)),
            format!("<!-- {}", "<p ".repeat(500_000)),
            format!("<p>cut off <a title='{}", "x ".repeat(500_000)),
        ] {
            assert!(parse(&page, Scripting::On, &ExtractRules::default()).is_ok(), "{}", &page[..40]);
        }
    }
}
