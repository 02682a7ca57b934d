//! The walk over Presentation MathML.

use scraper::Node;
use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, has_class, local_name};
use super::tokens::{self, Variant};
use super::{content, enclose, idioms, operators, scripts, shape, spaces, stack, tables};

/// Nesting beyond which the rest of a subtree is dropped: no formula is that deep, and the stack is not endless.
pub(super) const DEPTH_MAX: usize = 128;

/// Converts Presentation MathML (a `math` element or any part of one) to LaTeX. Braces balance for any input.
#[must_use]
pub fn to_latex(math: NodeRef<'_>) -> String {
    let mut out = Tex::default();
    let context = Context { marked: is_marked(math), ..Context::default() };
    out.children(operators::unwrapped(math), &context);
    out.tex
}

/// Whether MathJax wrote the MathML: it marks the groups that the author made, so rows without a mark are none.
fn is_marked(math: NodeRef<'_>) -> bool {
    math.descendants().filter_map(element).any(|element| {
        attr(element, "data-mjx-texclass").is_some()
            || attr(element, "class").is_some_and(|class| class.contains("MJX-TeXAtom"))
    })
}

/// What the elements around set.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub(super) depth: usize,
    pub(super) variant: Option<Variant>,
    /// Whether the author's groups are marked; else every row is one.
    pub(super) marked: bool,
    /// Whether a limit is being written, where an arrow reads "to".
    pub(super) limit: bool,
    /// Whether the base of scripts is being written: scripts follow a closing bar.
    pub(super) script_base: bool,
}

impl Context {
    pub(super) fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

/// LaTeX being written. A control word is set off from a letter that follows it.
#[derive(Default)]
pub(super) struct Tex {
    pub(super) tex: String,
}

impl Tex {
    /// Appends LaTeX, with a blank where a control word would otherwise swallow a letter.
    pub(super) fn push(&mut self, tex: &str) {
        let letter = tex.starts_with(|c: char| c.is_ascii_alphabetic());
        if letter && ends_in_control_word(&self.tex) {
            self.tex.push(' ');
        }
        self.tex.push_str(tex);
    }

    /// `{…}` around what `inside` writes.
    pub(super) fn group(&mut self, inside: impl FnOnce(&mut Self)) {
        self.tex.push('{');
        inside(self);
        // `\` before the brace would escape it.
        if self.tex.ends_with('\\') && !self.tex.ends_with("\\\\") {
            self.tex.push(' ');
        }
        self.tex.push('}');
    }

    /// What `inside` writes, apart.
    pub(super) fn apart(inside: impl FnOnce(&mut Self)) -> String {
        let mut part = Self::default();
        inside(&mut part);
        part.tex
    }

    /// All children, one after the other; neighbours in the same alphabet share a command.
    pub(super) fn children(&mut self, parent: NodeRef<'_>, context: &Context) {
        if context.depth > DEPTH_MAX {
            return;
        }
        let children: Vec<NodeRef<'_>> = elements(parent).collect();
        if children.is_empty() {
            self.stray_text(parent);
            return;
        }
        if let [only] = children.as_slice()
            && is_plain_row(*only)
        {
            return self.children(*only, &context.deeper());
        }
        if children.len() >= 2 && operators::fenced_table(self, &children, context) {
            return;
        }
        self.run(&children, context);
    }

    /// A run of siblings.
    pub(super) fn run(&mut self, siblings: &[NodeRef<'_>], context: &Context) {
        let fences = operators::Fences::of(siblings);
        let mut at = 0;
        while let Some(node) = siblings.get(at) {
            let rest = &siblings[at..];
            if let Some(used) = idioms::idiom(self, rest, context).or_else(|| tokens::alphabet_run(self, rest, context))
            {
                at += used;
                continue;
            }
            if !fences.write(self, *node, at) {
                self.node(*node, siblings.get(at + 1).copied(), context);
            }
            at += 1;
        }
    }

    /// One element; `next` is its next sibling, which tells function names from products.
    pub(super) fn node(&mut self, node: NodeRef<'_>, next: Option<NodeRef<'_>>, context: &Context) {
        let Some(element) = element(node) else { return };
        let context = &context.deeper();
        if context.depth > DEPTH_MAX {
            return;
        }
        // Renderers take what has too many parts or too few for a row, so that nothing is lost.
        if arity(local_name(element)).is_some_and(|parts| elements(node).take(parts + 1).count() != parts) {
            return self.children(node, context);
        }
        match local_name(element) {
            "mo" if is_wrapper(node) && idioms::is_mod(node) => self.push("\\bmod"),
            "mi" | "mn" | "mo" | "mtext" if is_wrapper(node) => self.children(node, context),
            "mi" => tokens::identifier(self, node, next, context),
            "mn" => tokens::number(self, node, context),
            "mo" => tokens::operator(self, node, element, context),
            "mtext" => tokens::text(self, node, context),
            "ms" => tokens::string(self, node, element),
            "mspace" => spaces::space(self, element),
            "mrow" if is_atom(element) => self.atom(node, context),
            "mrow" => self.row(node, context),
            "mstyle" => self.styled(node, element, context),
            "semantics" | "maction" => {
                if let Some(child) = chosen(node, element) {
                    if is_plain_row(child) {
                        self.children(child, context);
                    } else {
                        self.node(child, next, context);
                    }
                }
            }
            "mfrac" => self.fraction(node, element, context),
            "msqrt" => {
                self.push("\\sqrt");
                self.group(|tex| tex.children(node, context));
            }
            "mroot" => self.root(node, context),
            "msub" | "msup" | "msubsup" => scripts::scripts(self, node, context),
            "munder" | "mover" | "munderover" => scripts::limits(self, node, element, context),
            "mmultiscripts" => scripts::multiscripts(self, node, context),
            "mtable" => tables::table(self, node, element, "matrix", context),
            "mfenced" => operators::mfenced(self, node, element, context),
            "menclose" => enclose::enclosed(self, node, element, context),
            "mstack" | "mlongdiv" => stack::stack(self, node, element, context),
            "mpadded" => enclose::padded(self, node, element, context),
            "mphantom" => {
                self.push("\\phantom");
                self.group(|tex| tex.children(node, context));
            }
            "mglyph" => self.push(&shape::escape_text(attr(element, "alt").unwrap_or_default())),
            "annotation" | "annotation-xml" | "none" | "mprescripts" | "maligngroup" | "malignmark" => {}
            name if content::write(self, node, name, context) => {}
            _ => self.children(node, context),
        }
    }

    /// A row inside a row is a group, as braces are in TeX. Between its own fences it needs none.
    fn row(&mut self, node: NodeRef<'_>, context: &Context) {
        let mut children = elements(node);
        let several = children.next().is_some() && children.next().is_some();
        if context.marked || !several || operators::is_fenced(node) {
            return self.children(node, context);
        }
        let inner = Self::apart(|tex| tex.children(node, context));
        let whole = shape::is_single(&inner) || shape::is_one_command(&inner) || shape::is_environment(&inner);
        if whole || inner.is_empty() {
            self.push(&inner);
        } else {
            self.group(|tex| tex.push(&inner));
        }
    }

    /// An argument in braces; one level of grouping in the MathML is what the braces stand for.
    pub(super) fn argument(&mut self, node: Option<NodeRef<'_>>, context: &Context) {
        self.group(|tex| {
            let Some(node) = node else { return };
            match element(node) {
                Some(group) if local_name(group) == "mrow" => tex.children(node, &context.deeper()),
                _ => tex.node(node, None, context),
            }
        });
    }

    /// An ordinary atom that the author made with braces. Around a single symbol they do nothing.
    fn atom(&mut self, node: NodeRef<'_>, context: &Context) {
        let inner = Self::apart(|tex| tex.children(node, context));
        // MathJax 2 puts no group of its own around a binomial.
        let is_old = inner.starts_with("\\binom") && element(node).is_some_and(|e| has_class(e, "MJX-TeXAtom-ORD"));
        let nested = elements(node).any(|child| element(child).is_some_and(is_atom));
        let alphabet = !nested && inner.starts_with("\\math") && shape::is_one_command(&inner);
        let bare =
            shape::is_single(&inner) || alphabet || (!nested && !is_old && is_construction(&inner)) || is_accent(node);
        // Empty braces make the sign before them a relation: `={}`.
        if bare {
            self.push(&inner);
        } else {
            self.group(|tex| tex.push(&inner));
        }
    }

    fn styled(&mut self, node: NodeRef<'_>, element: &Element, context: &Context) {
        let variant = attr(element, "mathvariant").and_then(Variant::of).or(context.variant);
        self.children(node, &Context { variant, ..*context });
    }

    fn fraction(&mut self, node: NodeRef<'_>, element: &Element, context: &Context) {
        let mut parts = elements(node);
        let (over, under) = (parts.next(), parts.next());
        let bar = attr(element, "linethickness").unwrap_or("1");
        self.push(if is_zero(bar) { "\\genfrac{}{}{0pt}{}" } else { "\\frac" });
        self.argument(over, context);
        self.argument(under, context);
    }

    fn root(&mut self, node: NodeRef<'_>, context: &Context) {
        let mut parts = elements(node);
        let (radicand, index) = (parts.next(), parts.next());
        self.push("\\sqrt");
        let index = Self::apart(|tex| tex.argument(index, context));
        // The index ends at the first bracket, unless in braces.
        let bare = &index[1..index.len() - 1];
        self.tex.push('[');
        self.tex.push_str(if bare.contains([']', '[']) { &index } else { bare });
        self.tex.push(']');
        self.argument(radicand, context);
    }

    /// Text that stands where elements should.
    fn stray_text(&mut self, parent: NodeRef<'_>) {
        for child in parent.children() {
            if let Node::Text(text) = child.value() {
                tokens::characters(self, text.trim());
            }
        }
    }
}

/// The number of parts of an element that has a fixed one.
fn arity(name: &str) -> Option<usize> {
    match name {
        "mfrac" | "mroot" | "msub" | "msup" | "munder" | "mover" => Some(2),
        "msubsup" | "munderover" => Some(3),
        _ => None,
    }
}

/// Whether a token element holds elements: KaTeX writes some groups so.
fn is_wrapper(token: NodeRef<'_>) -> bool {
    elements(token).any(|inner| element(inner).is_some_and(|e| !matches!(local_name(e), "mglyph" | "malignmark")))
}

/// Whether a length is zero, in whatever unit.
pub(super) fn is_zero(length: &str) -> bool {
    length.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').parse() == Ok(0.0_f32)
}

/// Whether LaTeX is one command around which MathJax puts a group of its own.
fn is_construction(inner: &str) -> bool {
    const COMMANDS: [&str; 12] = [
        "\\binom{", "\\ddot{", "\\dddot{", "\\dot{", "\\hat{", "\\vec{", "\\bar{", "\\tilde{", "\\check{", "\\breve{",
        "\\acute{", "\\grave{",
    ];
    let arguments = if inner.starts_with("\\binom") { 2 } else { 1 };
    COMMANDS.iter().any(|command| inner.starts_with(command)) && shape::is_command(inner, arguments)
}

/// The child that `semantics` or `maction` shows: presentation rather than content, the action's selection.
fn chosen<'a>(node: NodeRef<'a>, tag: &Element) -> Option<NodeRef<'a>> {
    let first = elements(node).next()?;
    if local_name(tag) == "maction" {
        let selected = attr(tag, "selection").and_then(|n| n.trim().parse::<usize>().ok()).unwrap_or(1);
        return elements(node).nth(selected.saturating_sub(1)).or(Some(first));
    }
    let is_content = element(first).is_some_and(|e| content::is_content(local_name(e)));
    let presentation = elements(node).find(|child| {
        element(*child).is_some_and(|e| {
            local_name(e) == "annotation-xml" && attr(e, "encoding").is_some_and(|name| name.contains("Presentation"))
        })
    });
    match presentation.filter(|_| is_content).and_then(|annotation| elements(annotation).next()) {
        Some(inner) => Some(inner),
        None => Some(first),
    }
}

/// Whether a group is what a TeX renderer itself puts around a narrow accent.
fn is_accent(atom: NodeRef<'_>) -> bool {
    let mut children = elements(atom);
    let (Some(over), None) = (children.next(), children.next()) else { return false };
    element(over).is_some_and(|e| local_name(e) == "mover")
        && elements(over).nth(1).and_then(element).is_some_and(|mark| attr(mark, "stretchy") == Some("false"))
}

/// Whether a node is a row that is no group of the author's.
fn is_plain_row(node: NodeRef<'_>) -> bool {
    element(node).is_some_and(|row| local_name(row) == "mrow" && !is_atom(row))
}

/// Whether a row is a group that the author of the TeX made with braces.
fn is_atom(row: &Element) -> bool {
    has_class(row, "MJX-TeXAtom-ORD") || attr(row, "data-mjx-texclass") == Some("ORD")
}

/// Child elements. An HTML parser knows no empty elements with a prefix (`<m:mspace/>`) and puts what follows them
/// inside; here it follows them again.
pub(super) fn elements(parent: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let mut next = parent.first_child();
    std::iter::from_fn(move || {
        loop {
            let node = next?;
            let inner = node.first_child().filter(|_| is_void(node));
            next = inner.or_else(|| after(node, parent));
            if matches!(node.value(), Node::Element(_)) {
                return Some(node);
            }
        }
    })
}

/// The next sibling, or that of an empty element around the node.
fn after<'a>(mut node: NodeRef<'a>, parent: NodeRef<'a>) -> Option<NodeRef<'a>> {
    loop {
        if let Some(next) = node.next_sibling() {
            return Some(next);
        }
        node = node.parent().filter(|around| around.id() != parent.id())?;
    }
}

/// Whether an element is empty by its name and has a prefix, so that its children are really its siblings.
fn is_void(node: NodeRef<'_>) -> bool {
    element(node).is_some_and(|e| {
        e.name.local.contains(':')
            && (matches!(local_name(e), "mspace" | "none" | "mprescripts" | "msline" | "mglyph" | "malignmark" | "sep")
                || content::is_operator(local_name(e)))
    })
}

/// Whether the LaTeX ends in a control word, so that a letter must not follow at once.
pub(super) fn ends_in_control_word(tex: &str) -> bool {
    let before = tex.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if before.len() == tex.len() || !before.ends_with('\\') {
        return false;
    }
    let slashes = before.len() - before.trim_end_matches('\\').len();
    slashes % 2 == 1
}
