//! Elements around TeX source: spans of known classes, fenced blocks, attributes that carry the TeX.

use scraper::Node;
use scraper::node::Element;

use super::find::{holds_rendering, in_display_block};
use super::looks::{has_tex, like_math};
use super::node::{Budget, NodeRef, alone_in_block, attr, element, first, has_class, local_name};
use super::tidy::TEX_BYTES_MAX;
use super::{Formula, MathNode, asciimath, mathml};

/// What a class says about the text of its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// It is TeX, delimited or not.
    Tex,
    /// It is display TeX, delimited or not.
    DisplayTex,
    /// It is a formula if delimiters stand around it.
    Delimited,
    /// It is AsciiMath, delimited or not.
    AsciiMath,
    /// It is AsciiMath if backticks stand around it.
    DelimitedAsciiMath,
    /// An element inside it, of class `mq-selectable` or `selectable`, holds the TeX; the rest are glyphs.
    Selectable,
}

impl Class {
    /// What a class name says, if anything.
    pub(super) fn of(class: &str) -> Option<Self> {
        Some(match class {
            "math"
            | "tex"
            | "latex"
            | "math-inline"
            | "inline-math"
            | "tex-inline"
            | "latex-inline"
            | "math-tex"
            | "tex-math"
            | "math-container"
            | "arithmatex"
            | "js-inline-math"
            | "js-render-math"
            | "mathinline"
            | "math_inline"
            | "mathtex"
            | "mathjax-tex"
            | "mathjax-latex"
            | "mathjax-inline"
            | "inlinemath"
            | "inline-equation"
            | "inline-formula"
            | "katex-source"
            | "wp-katex-eq"
            | "katex-eq"
            | "math-latex"
            | "latex-math"
            | "latex-formula"
            | "math-formula"
            | "tex-formula"
            | "texmath"
            | "latexmath"
            | "m-inline"
            | "amsmath"
            | "language-math"
            | "lang-math"
            | "ql-formula"
            | "mathquill-embedded-latex"
            | "ztext-math" => Self::Tex,
            "math-display" | "display-math" | "displaymath" | "math-block" | "block-math" | "mathblock"
            | "tex-block" | "latex-block" | "js-display-math" | "kdmath" | "tex-display" | "latex-display"
            | "mathdisplay" | "math_display" | "math-display-block" | "m-block" | "mathjax-block"
            | "mathjax-display" | "display-equation" | "display-formula" | "block-equation" | "equation-block"
            | "katex-block" => Self::DisplayTex,
            "formula" | "equation" | "mathjax" | "tex2jax_process" | "mathjax_process" | "eq" | "nohighlight"
            | "mathp" | "mathquill" | "maths" | "eqn" | "stem" | "stemblock" => Self::Delimited,
            "asciimath" | "ascii-math" | "math-asciimath" => Self::AsciiMath,
            "AM" | "am" => Self::DelimitedAsciiMath,
            "mq-math-mode" | "mathquill-rendered-math" => Self::Selectable,
            _ => return None,
        })
    }
}

/// The formula that an element carries in an attribute beside its rendering.
pub(super) fn attribute(node: NodeRef<'_>, element: &Element, budget: &Budget) -> Option<MathNode> {
    let mut raw = None;
    for (name, value) in &element.attrs {
        let name = &*name.local;
        let Some(rest) = name.strip_prefix("data-") else {
            // What is read aloud is words, unless somebody put the TeX there.
            let spoken = name == "aria-label" && attr(element, "role") == Some("math") && has_tex(value);
            if spoken && value.len() <= TEX_BYTES_MAX {
                raw = Some(&**value);
                break;
            }
            continue;
        };
        let sure = match rest {
            "tex" | "latex" | "katex" | "mathtex" | "mathjax" | "original-latex" | "original-tex" | "latex-code"
            | "tex-code" | "texcode" | "tex-source" | "latex-source" | "tex-formula" | "latex-formula"
            | "formula-latex" | "math-latex" | "latex-content" => true,
            "math" | "formula" | "equation" | "expr" | "eq" | "math-tex" | "math-content" | "equation-content"
            | "formula-content" | "expression" | "source" | "content" | "value" | "original" => false,
            "mathml" => {
                return super::script::from_mathml_source(value, in_display_block(node)).map(MathNode::Formula);
            }
            _ => continue,
        };
        let known = || super::node::classes(element).any(|class| Class::of(class).is_some());
        let math = match rest {
            _ if sure => like_math(value) || is_one_delimited(value.trim()) || known(),
            "source" | "content" | "value" | "original" | "expr" | "eq" | "expression" => known() && like_math(value),
            _ => has_tex(value) || is_one_delimited(value.trim()) || (known() && like_math(value)),
        };
        if math && value.len() <= TEX_BYTES_MAX {
            raw = Some(&**value);
            break;
        }
    }
    let raw = raw?;
    // An attribute of a whole section is a setting, not the source of what is in it.
    let name = &*element.name.local;
    if matches!(
        name,
        "body" | "section" | "article" | "main" | "table" | "form" | "button" | "input" | "textarea" | "ul"
    ) {
        return None;
    }
    let said = attr(element, "data-display").or_else(|| attr(element, "data-math-style"));
    let display = match said {
        Some(said) => !matches!(said, "false" | "inline"),
        None => name == "div" || in_display_block(node),
    };
    first(node, budget, |inner, child| {
        (local_name(child) == "annotation").then(|| mathml::annotation(inner, child, display, budget))
    })
    .flatten()
    .or_else(|| Formula::from_raw(raw, display))
    .map(MathNode::Formula)
}

/// A `pre` that holds the source of a formula: what a fenced block of the language `math` becomes.
pub(super) fn fenced(node: NodeRef<'_>, pre: &Element, budget: &Budget) -> Option<MathNode> {
    let names_math = |element: &Element| {
        matches!(attr(element, "lang").or_else(|| attr(element, "data-lang")), Some("math"))
            || super::node::classes(element).any(|c| matches!(c, "language-math" | "lang-math" | "math-display"))
    };
    let code = node.children().find_map(super::node::element).filter(|code| &*code.name.local == "code");
    if !(names_math(pre) || code.is_some_and(names_math)) || holds_rendering(node, budget) {
        return None;
    }
    let inline = [Some(pre), code].into_iter().flatten().any(|e| attr(e, "data-math-style") == Some("inline"));
    let raw = super::node::text(node, budget, TEX_BYTES_MAX)?;
    Formula::from_raw(&raw, !inline).map(MathNode::Formula)
}

/// A `math` element that holds TeX instead of MathML, as wikis write it.
pub(super) fn tex_in_math(node: NodeRef<'_>, math: &Element) -> Option<MathNode> {
    let mut children = node.children();
    let (Some(only), None) = (children.next(), children.next()) else { return None };
    let raw = only.value().as_text().filter(|text| text.len() <= TEX_BYTES_MAX && has_tex(text))?;
    let display = attr(math, "display") == Some("block") || alone_in_block(node);
    Formula::from_raw(raw, display).map(MathNode::Formula)
}

/// An element with a class for math: the formula in its text, unless a rendering inside speaks for itself.
pub(super) fn read(
    node: NodeRef<'_>,
    element: &Element,
    class: Class,
    asciimath: bool,
    budget: &Budget,
) -> Option<MathNode> {
    if class == Class::Selectable {
        let carried = first(node, budget, |inner, child| {
            let carries = super::node::classes(child).any(|c| matches!(c, "mq-selectable" | "selectable"));
            carries.then(|| super::node::text(inner, budget, TEX_BYTES_MAX)).flatten()
        })?;
        return Formula::from_raw(&carried, false).map(MathNode::Formula);
    }
    let Source { raw, plain } = source(node, budget)?;
    let raw = raw.trim();
    if matches!(class, Class::AsciiMath | Class::DelimitedAsciiMath) && !is_one_delimited(raw) {
        return ascii(node, raw, plain, class, budget);
    }
    let delimited = is_one_delimited(raw);
    let bare = plain && class != Class::Delimited && (like_math(raw) || is_word(raw));
    if raw.is_empty() || !(delimited || bare) {
        return None;
    }
    if !delimited && (mentions_delimiters(raw) || asciimath && raw.contains('`')) || holds_rendering(node, budget) {
        return None;
    }
    let block = &*element.name.local == "div" && class != Class::Delimited;
    let display = match attr(element, "data-math-style") {
        Some(style) => style == "display",
        None => {
            block || class == Class::DisplayTex || super::node::classes(element).any(|c| c == "display" || c == "block")
        }
    };
    Some(Formula::from_raw(raw, display).map_or(MathNode::Skip, MathNode::Formula))
}

/// AsciiMath in an element of its own. Text with formulas in it is for the scan.
fn ascii(node: NodeRef<'_>, raw: &str, plain: bool, class: Class, budget: &Budget) -> Option<MathNode> {
    let backticks = memchr::memchr_iter(b'`', raw.as_bytes()).count();
    let whole = backticks == 2 && raw.starts_with('`') && raw.ends_with('`');
    let bare = class == Class::AsciiMath && backticks == 0;
    if !plain || !(whole || bare) || holds_rendering(node, budget) {
        return None;
    }
    asciimath::formula(raw, false).map(MathNode::Formula)
}

/// Text of a wrapper, without what numbers and links an equation.
pub(super) struct Source {
    pub(super) raw: String,
    /// Whether the text holds no elements of its own: sub- and superscripts would be flattened.
    pub(super) plain: bool,
}

/// The text of a wrapper; `None` where it is longer than any formula.
pub(super) fn source(root: NodeRef<'_>, budget: &Budget) -> Option<Source> {
    let mut out = Source { raw: String::new(), plain: true };
    let mut next = root.first_child();
    while let Some(node) = next {
        if !budget.spend() || out.raw.len() > TEX_BYTES_MAX {
            return None;
        }
        let mut down = true;
        match node.value() {
            Node::Text(text) => out.raw.push_str(text),
            Node::Element(child) => match &*child.name.local {
                "br" => out.raw.push('\n'),
                "script" | "style" | "button" => down = false,
                _ if super::node::classes(child)
                    .any(|c| matches!(c, "eqno" | "headerlink" | "anchor" | "MathJax_Preview")) =>
                {
                    down = false;
                }
                "em" | "i" => {
                    // Markdown took the underscores of the TeX for emphasis.
                    out.plain = false;
                }
                "span" | "p" | "code" | "wbr" | "div" | "pre" | "nobr" | "font" => {}
                _ => out.plain = false,
            },
            _ => {}
        }
        next = node.first_child().filter(|_| down).or_else(|| {
            let mut at = node;
            while at.id() != root.id() {
                if let Some(sibling) = at.next_sibling() {
                    return Some(sibling);
                }
                at = at.parent()?;
            }
            None
        });
    }
    Some(out)
}

/// Whether the text is one formula with its delimiters and nothing else.
pub(super) fn is_one_delimited(raw: &str) -> bool {
    for (open, close) in [("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$")] {
        if let Some(rest) = raw.strip_prefix(open) {
            return rest.find(close).is_some_and(|at| at + close.len() == rest.len());
        }
    }
    if let Some(rest) = raw.strip_prefix('$') {
        let bytes = rest.as_bytes();
        let mut dollars = memchr::memchr_iter(b'$', bytes).filter(|at| *at == 0 || bytes[at - 1] != b'\\');
        let last = bytes.len().wrapping_sub(1);
        return dollars.next() == Some(last) || rest.contains("\\text") && rest.ends_with('$');
    }
    raw.strip_prefix("\\begin{")
        .and_then(|rest| rest.split_once('}'))
        .is_some_and(|(name, _)| super::environment::is_math(name) && raw.ends_with(&format!("\\end{{{name}}}")))
}

/// Whether delimiters stand inside the text: then it is text with formulas, for the scan.
pub(super) fn mentions_delimiters(raw: &str) -> bool {
    ["\\(", "\\[", "$"].iter().any(|open| raw.contains(open))
}

/// A single name (`foo`), which only the class makes a formula.
fn is_word(raw: &str) -> bool {
    raw.len() <= 24 && raw.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// MediaWiki's element around a formula: hidden MathML, a picture, or TeX source.
pub(super) fn mediawiki(node: NodeRef<'_>, budget: &Budget) -> Option<MathNode> {
    let display = alone_in_block(node);
    let formula = first(node, budget, |inner, child| match local_name(child) {
        "math" => mathml::read(inner, child, display, budget),
        "img" => attr(child, "alt").and_then(|alt| Formula::from_raw(alt, display)),
        _ if has_class(child, "tex") => {
            super::node::text(inner, budget, TEX_BYTES_MAX).and_then(|raw| Formula::from_raw(&raw, display))
        }
        _ => None,
    })?;
    // The class knows; newer versions write `display="block"` into inline formulas too.
    let said = first(node, budget, |_, child| {
        super::node::classes(child).find_map(|class| match class.rsplit_once('-')?.1 {
            "display" => Some(true),
            "inline" => Some(false),
            _ => None,
        })
    });
    let display = said.map_or(formula.display, |said| said || display);
    Some(MathNode::Formula(Formula { display, ..formula }))
}

/// Whether a wrapper of the node's parent already speaks for a formula (for fallback pictures).
pub(super) fn previous_is_math(node: NodeRef<'_>) -> bool {
    super::node::previous_element(node).and_then(element).is_some_and(|before| {
        local_name(before) == "math" || super::node::classes(before).any(|class| class.starts_with("mwe-math-mathml"))
    })
}
