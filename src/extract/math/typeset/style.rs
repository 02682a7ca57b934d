//! What an element says about how its text is set.

use scraper::node::Element;

use super::super::node::classes;
use super::sheet::ClassStyles;
use crate::extract::tag::Tag;

/// How text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// In italics.
    Italic,
    /// In bold.
    Bold,
    /// Raised.
    Superscript,
    /// Lowered.
    Subscript,
    /// Raised, but a link or a note: no mathematics.
    Note,
    /// The page itself says that this is a formula.
    Math {
        /// Whether on a line of its own.
        display: bool,
    },
    /// Holds a numerator and a denominator.
    Fraction,
    /// The upper part of a fraction.
    Numerator,
    /// The lower part of a fraction.
    Denominator,
    /// Under a line: a radicand, or a mean.
    Overline,
    /// Two lines in one: an exponent over an index.
    Stack,
}

impl Style {
    /// The style of an inline element, if it has one that matters.
    pub(crate) fn of(tag: Tag, element: &Element, page: &ClassStyles) -> Option<Self> {
        match tag {
            Tag::Superscript | Tag::Subscript => return Some(script(tag, element)),
            Tag::Inline => {}
            _ => return None,
        }
        match element.name() {
            "i" | "em" | "var" | "cite" | "dfn" => italic(element),
            "b" | "strong" => Some(Self::Bold),
            "span" | "font" | "small" | "big" | "u" | "bdi" => {
                let mut style = None;
                for (name, value) in &element.attrs {
                    match &*name.local {
                        "class" => {
                            if let Some(named) = of_classes(value) {
                                return Some(named);
                            }
                            style = style.or_else(|| page.of(value));
                        }
                        "style" => style = of_css(value).or(style),
                        _ => {}
                    }
                }
                style
            }
            _ => None,
        }
    }
}

/// A `sup` or `sub`; templates that stack them undo their shift.
fn script(tag: Tag, element: &Element) -> Style {
    if classes(element).any(|class| matches!(class, "reference" | "footnote" | "footnote-ref" | "noprint" | "fn")) {
        Style::Note
    } else if tag == Tag::Superscript {
        Style::Superscript
    } else {
        Style::Subscript
    }
}

/// Italics, unless a tool for documentation of code sets names and defaults in them.
fn italic(element: &Element) -> Option<Style> {
    let signature = |class: &str| {
        class.starts_with("sig") || matches!(class, "property" | "n" | "pre" | "parameter" | "replaceable")
    };
    let icon = |class: &str| matches!(class, "fa" | "fas" | "far" | "fab" | "icon" | "material-icons");
    (!classes(element).any(|class| signature(class) || icon(class))).then_some(Style::Italic)
}

fn of_classes(classes: &str) -> Option<Style> {
    let (mut math, mut display) = (false, false);
    for class in classes.split_ascii_whitespace() {
        match class {
            "texhtml" | "math" | "mvar" => math = true,
            "display" => display = true,
            "frac" | "sfrac" | "fraction" => return Some(Style::Fraction),
            "num" | "numerator" | "numer" | "fup" => return Some(Style::Numerator),
            "den" | "denominator" | "denom" | "fdn" => return Some(Style::Denominator),
            "radicand" | "sqrt-stem" | "overline" => return Some(Style::Overline),
            "italic" | "emphasistypeitalic" | "italics" => return Some(Style::Italic),
            "superscript" => return Some(Style::Superscript),
            "subscript" => return Some(Style::Subscript),
            _ => {}
        }
    }
    math.then_some(Style::Math { display })
}

/// The style that inline CSS gives: what editors write instead of `i`, `sup` and `sub`.
pub(super) fn of_css(css: &str) -> Option<Style> {
    let (mut found, mut block) = (None, false);
    for declaration in css.split(';').take(64) {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let (property, value) = (property.trim(), value.trim());
        let is = |name: &str| property.eq_ignore_ascii_case(name);
        let starts = |word: &str| value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if is("vertical-align") {
            if starts("super") {
                return Some(Style::Superscript);
            } else if starts("sub") {
                return Some(Style::Subscript);
            } else if starts("-") && block {
                found = Some(Style::Stack);
            }
        } else if is("display") && starts("inline-block") {
            block = true;
        } else if is("font-style") && (starts("italic") || starts("oblique")) {
            found = Some(Style::Italic);
        } else if is("text-decoration") && starts("overline") || is("border-top") && !starts("none") && !starts("0") {
            return Some(Style::Overline);
        }
    }
    found
}
