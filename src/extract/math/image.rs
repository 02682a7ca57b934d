//! Pictures of formulas, with the TeX in `alt`, in `title`, or in the address.

use scraper::node::Element;

use super::image_class::{Class, from_ancestors, own};
use super::looks::{has_tex, like_currency, like_math, like_prose};
use super::node::{Budget, NodeRef, alone_in_block, attr, element};
use super::wrapper::previous_is_math;
use super::{Formula, MathNode, image_url, script};

/// The formula that a picture shows.
pub(super) fn read(node: NodeRef<'_>, element: &Element, budget: &Budget) -> Option<MathNode> {
    if !budget.spend() {
        return None;
    }
    let class = own(element);
    let display = class == Class::Display;
    let mut texts = [None, None];
    let mut url = None;
    for (name, value) in &element.attrs {
        match &*name.local {
            "alt" => texts[0] = Some(value.trim()),
            "title" => texts[1] = Some(value.trim()),
            "src" => url = url.or(Some(&**value)),
            "data-src" | "data-lazy-src" | "data-original" | "data-orig-src" | "data-lazy" => url = Some(&**value),
            "data-tex"
            | "data-latex"
            | "data-formula"
            | "data-equation"
            | "data-eq"
            | "data-equation-content"
            | "data-math"
            | "data-katex"
            | "data-expr"
                if like_math(value) || is_delimited(value) =>
            {
                return formula(node, value, display);
            }
            "data-mathml" => {
                if let Some(formula) = script::from_mathml_source(&wiris(value), display) {
                    return Some(MathNode::Formula(formula));
                }
            }
            _ => {}
        }
    }
    if class != Class::None && previous_is_math(node) {
        return Some(MathNode::Skip);
    }
    if let Some(formula) = texts.iter().flatten().find_map(|text| carried(text, display)) {
        return Some(MathNode::Formula(formula));
    }
    if let Some(formula) =
        url.and_then(image_url::mathml).and_then(|source| script::from_mathml_source(&source, display))
    {
        return Some(MathNode::Formula(formula));
    }
    let from_url = url.and_then(image_url::tex).or_else(|| from_editor_link(node));
    let service = from_url.is_some() || url.is_some_and(image_url::names_math);
    let texts = texts.into_iter().flatten().map(without_prefix);
    for (text, title) in texts.zip([false, true]) {
        // A title is often a hint for the mouse: only TeX counts there.
        if !title && text_is_tex(text, class, service, from_url.is_some())
            || title && (class != Class::None || service) && (has_tex(text) || is_delimited(text) || is_relation(text))
        {
            return formula(node, text, display);
        }
    }
    if let Some(tex) = from_url {
        return formula(node, &tex, display);
    }
    // Pictures in an element for formulas: the class stands there.
    let alt = attr(element, "alt").map(str::trim).filter(|alt| class == Class::None && like_math(alt))?;
    let around = from_ancestors(node)?;
    formula(node, alt, around == Class::Display)
}

fn formula(node: NodeRef<'_>, raw: &str, display: bool) -> Option<MathNode> {
    let mut formula = Formula::from_raw(raw, display)?;
    formula.display |= alone_in_block(node);
    Some(MathNode::Formula(formula))
}

/// The MathML that WIRIS writes with characters of its own, so that it passes through editors.
fn wiris(source: &str) -> String {
    let replaced = |c| match c {
        '«' => '<',
        '»' => '>',
        '¨' => '"',
        '§' => '&',
        '`' => '\'',
        c => c,
    };
    source.chars().map(replaced).collect()
}

/// A formula in a text that is more than TeX: MathML, or the JSON of an office program's add-on.
fn carried(text: &str, display: bool) -> Option<Formula> {
    if text.starts_with("<math") || text.starts_with("«math") {
        return script::from_mathml_source(&wiris(text), display);
    }
    if !text.starts_with('{') || !text.contains("\":") {
        return None;
    }
    if let Some(source) = json_string(text, "\"mathml\"") {
        return script::from_mathml_source(&source, display);
    }
    Formula::from_raw(&json_string(text, "\"code\"")?, display)
}

/// The string value of a key, escapes undone.
fn json_string(json: &str, key: &str) -> Option<String> {
    let (_, after) = json.split_once(key)?;
    let inner = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return Some(out),
            '\\' => match chars.next()? {
                'n' | 'r' | 't' => out.push(' '),
                'u' => {
                    let code = chars.as_str().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
                    out.push(char::from_u32(code)?);
                    chars.nth(3);
                }
                c => out.push(c),
            },
            c => out.push(c),
        }
    }
}

/// The TeX in a link around a picture that leads to an editor of formulas, as add-ons of Google Docs set it.
fn from_editor_link(node: NodeRef<'_>) -> Option<String> {
    let link = element(node.parent()?)?;
    let href = attr(link, "href").filter(|href| &*link.name.local == "a" && href.contains("eqnedit"))?;
    image_url::tex(href)
}

/// Takes off what some programs write before the TeX.
fn without_prefix(text: &str) -> &str {
    let prefixes = ["LaTeX:", "latex:", "tex:", "TeX:"];
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).map_or(text, str::trim_start)
}

/// Whether an alternative text is TeX. A class for formulas, or a TeX service's address, makes plain text credible.
fn text_is_tex(alt: &str, class: Class, service: bool, url_has_tex: bool) -> bool {
    if alt.is_empty() || alt.ends_with("...") && url_has_tex {
        return false;
    }
    if is_delimited(alt) {
        let sure = (class != Class::None || service) && !like_currency(alt.trim_matches('$'));
        return sure || like_math(alt.trim_matches('$')) || has_tex(alt);
    }
    if alt.starts_with("{\\displaystyle") || alt.starts_with("\\begin{") {
        return true;
    }
    if class != Class::None {
        return !is_placeholder(alt) && !like_prose(alt);
    }
    if url_has_tex {
        return like_math(alt) && !is_placeholder(alt);
    }
    if service && is_relation(alt) {
        return true;
    }
    has_tex(alt) && !alt.contains("://") && alt.matches('\\').count() + alt.matches('{').count() >= 2
}

/// Whether a text looks like math and is more than a name or a number, which stand on other pictures too.
fn is_relation(text: &str) -> bool {
    text.contains(['=', '^', '_', '\\', '<', '>', '+']) && like_math(text)
}

fn is_delimited(alt: &str) -> bool {
    const PAIRS: [(&str, &str); 8] = [
        ("$", "$"),
        ("\\(", "\\)"),
        ("\\[", "\\]"),
        ("[tex]", "[/tex]"),
        ("[itex]", "[/itex]"),
        ("[latex]", "[/latex]"),
        ("[math]", "[/math]"),
        ("<math>", "</math>"),
    ];
    let alt = alt
        .trim_start_matches("% latex2html id marker")
        .trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
    PAIRS
        .iter()
        .any(|(open, close)| alt.len() > open.len() + close.len() && alt.starts_with(open) && alt.ends_with(close))
}

/// Words that stand for a picture whose TeX nobody wrote down.
fn is_placeholder(alt: &str) -> bool {
    const WORDS: [&str; 26] = [
        "equation",
        "formula",
        "latex",
        "math",
        "tex",
        "image",
        "img",
        "latex formula",
        "math formula",
        "eq",
        "maths",
        "mathematical equation",
        "latex image",
        "latex equation",
        "inline formula",
        "公式",
        "math equation",
        "rendered latex",
        "svg",
        "picture",
        "rendered by quicklatex.com",
        "inline equation",
        "display equation",
        "数学公式",
        "equation image",
        "loading",
    ];
    let lower = alt.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    WORDS.contains(&lower.as_str()) || [".png", ".gif", ".svg", ".jpg"].iter().any(|kind| lower.ends_with(kind))
}
