//! What differs between MathJax's outputs: how each names the MathML elements that it renders, where it keeps their
//! characters, and which boxes stand for which part of an element.

use scraper::Node;
use scraper::node::Element;

use super::super::node::{NodeRef, attr, classes};
use super::glyph::{self, Alphabet, Glyph};
use super::style;

/// An output of MathJax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Dialect {
    /// Versions 3 and 4, `<mjx-mi>`.
    Chtml,
    /// Versions 3 and 4, `<g data-mml-node="mi">`.
    Svg,
    /// Version 2, `<span class="mjx-mi">`.
    CommonHtml,
    /// Version 2, `<span class="mi">`, placed by offsets.
    HtmlCss,
}

/// A part of an element with several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Base,
    Over,
    Under,
    Sup,
    Sub,
    /// One script or two, upper first.
    Scripts,
    Root,
}

/// MathML elements that are rendered as elements, sorted.
const KINDS: [&str; 32] = [
    "maction",
    "math",
    "menclose",
    "merror",
    "mfenced",
    "mfrac",
    "mi",
    "mlabeledtr",
    "mmultiscripts",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mroot",
    "mrow",
    "ms",
    "mspace",
    "msqrt",
    "mstyle",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "none",
    "semantics",
    "texatom",
];

fn known(name: &str) -> Option<&'static str> {
    if name.eq_ignore_ascii_case("texatom") {
        return Some("texatom");
    }
    KINDS.binary_search(&name).ok().map(|at| KINDS[at])
}

impl Dialect {
    /// The MathML element that an element renders; `None` for boxes.
    pub(super) fn kind(self, element: &Element) -> Option<&'static str> {
        match self {
            Self::Chtml => known(element.name.local.strip_prefix("mjx-")?),
            Self::Svg => known(attr(element, "data-mml-node")?),
            Self::CommonHtml => classes(element).find_map(|class| known(class.strip_prefix("mjx-")?)),
            Self::HtmlCss => classes(element).find_map(known),
        }
    }

    /// Boxes that hold nothing of the formula: equation numbers, struts, the assistive copy.
    pub(super) fn is_aside(element: &Element) -> bool {
        match &*element.name.local {
            "mjx-labels" | "mjx-assistive-mml" | "mjx-surd" | "mjx-tstrut" | "defs" | "title" => true,
            "svg" | "g" => attr(element, "data-labels").is_some(),
            _ => {
                attr(element, "id").is_some_and(|id| id.starts_with("mjx-eqn"))
                    || classes(element).any(|class| {
                        matches!(class, "mjx-label" | "mjx-surd" | "MJX_Assistive_MathML" | "MathJax_Preview")
                    })
            }
        }
    }

    /// Whether there is the space of a relation before an element.
    pub(super) fn is_spaced(self, element: &Element) -> bool {
        match self {
            Self::Chtml => attr(element, "space").is_some(),
            Self::CommonHtml => classes(element).any(|class| class.starts_with("MJXc-space")),
            Self::HtmlCss => style::property(element, "padding-left").is_some(),
            Self::Svg => false,
        }
    }

    /// The part that a box stands for.
    pub(super) fn slot(self, element: &Element) -> Option<Slot> {
        let of = |name: &str| {
            Some(match name {
                "base" | "op" => Slot::Base,
                "over" | "num" | "numerator" => Slot::Over,
                "under" | "den" | "denominator" => Slot::Under,
                "sup" => Slot::Sup,
                "sub" => Slot::Sub,
                "script" => Slot::Scripts,
                "root" => Slot::Root,
                _ => return None,
            })
        };
        match self {
            Self::Chtml => of(element.name.local.strip_prefix("mjx-")?),
            Self::CommonHtml => classes(element).find_map(|class| of(class.strip_prefix("mjx-")?)),
            Self::Svg | Self::HtmlCss => None,
        }
    }

    /// How far above the baseline of what is around it an element stands, in units of the dialect.
    pub(super) fn rise(self, node: NodeRef<'_>, element: &Element) -> Option<f32> {
        match self {
            Self::Svg => Some(style::translation(element).1),
            Self::HtmlCss => {
                let top = style::length(element, "top").filter(|_| style::property(element, "position").is_some())?;
                let strut = node.last_child().and_then(super::super::node::element);
                Some(-(top + strut.and_then(|strut| style::length(strut, "height")).unwrap_or(0.0)))
            }
            Self::Chtml | Self::CommonHtml => None,
        }
    }

    /// The glyph or glyphs that an element itself shows.
    pub(super) fn glyphs(self, node: NodeRef<'_>, tag: &Element, out: &mut Token) -> bool {
        match self {
            Self::Chtml => match &*tag.name.local {
                "mjx-stretchy-h" | "mjx-stretchy-v" => {
                    let c = classes(tag).find_map(|class| code_point(class.strip_prefix("mjx-c")?));
                    out.glyphs.extend(c.map(|c| Glyph { c, alphabet: Alphabet::Size }));
                    true
                }
                "mjx-c" => {
                    let c = classes(tag).find_map(|class| code_point(class.strip_prefix("mjx-c")?));
                    let font = classes(tag).find_map(|class| class.strip_prefix("TEX-").or(class.strip_prefix("NCM-")));
                    let font = font.map_or(Alphabet::Normal, modern_font);
                    match c {
                        Some(c) => out.glyphs.push(glyph::glyph(c, font)),
                        None => out.text(node, font),
                    }
                    true
                }
                "mjx-utext" => {
                    out.text(node, utext_font(attr(tag, "variant")));
                    true
                }
                _ => false,
            },
            Self::Svg => {
                if let Some(code) = attr(tag, "data-c") {
                    let href =
                        tag.attrs.iter().find(|(name, _)| &*name.local == "href" || &*name.local == "xlink:href");
                    let font = href.map_or("", |(_, href)| href.rsplit('-').nth(1).unwrap_or_default());
                    out.glyphs.extend(code_point(code).map(|c| glyph::glyph(c, modern_font(font))));
                    true
                } else if &*tag.name.local == "text" {
                    out.text(node, utext_font(attr(tag, "data-variant")));
                    true
                } else {
                    false
                }
            }
            Self::CommonHtml => {
                if classes(tag).any(|class| class.starts_with("mjx-delim")) {
                    out.stretched = true;
                }
                let char = classes(tag).any(|class| class == "mjx-char");
                if char {
                    let font = classes(tag).find_map(|class| class.strip_prefix("MJXc-TeX-"));
                    out.text(node, font.map_or(Alphabet::Normal, common_html_font));
                }
                char
            }
            Self::HtmlCss => {
                let family = style::property(tag, "font-family");
                if let Some(family) = family {
                    // A span of its own inside the token: a glyph of another size, or a piece of one.
                    out.stretched |= self.kind(tag).is_none();
                    out.text(node, html_css_font(family));
                }
                family.is_some()
            }
        }
    }
}

/// The glyphs of a token as they are collected.
#[derive(Debug, Default)]
pub(super) struct Token {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) stretched: bool,
}

impl Token {
    /// All text of a box, in one font.
    pub(super) fn text(&mut self, node: NodeRef<'_>, font: Alphabet) {
        for inner in node.descendants().take(4096) {
            if let Node::Text(text) = inner.value()
                && self.glyphs.len() < 4096
            {
                self.glyphs.extend(text.chars().filter(|c| *c != '\n').map(|c| glyph::glyph(c, font)));
            }
        }
    }
}

fn code_point(hex: &str) -> Option<char> {
    u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
}

/// Fonts of versions 3 and 4. Most letters tell their alphabet by their code point.
fn modern_font(name: &str) -> Alphabet {
    match name {
        "C" | "CB" => Alphabet::Calligraphic,
        "MI" => Alphabet::Italic,
        "SO" | "LO" | "S1" | "S2" | "S3" | "S4" | "S5" | "S6" | "S7" | "S8" => Alphabet::Size,
        _ => Alphabet::Normal,
    }
}

/// Variants of text that no font of MathJax has.
fn utext_font(variant: Option<&str>) -> Alphabet {
    match variant.unwrap_or_default() {
        "bold" => Alphabet::Bold,
        "italic" => Alphabet::Italic,
        "bold-italic" => Alphabet::BoldItalic,
        "monospace" => Alphabet::Monospace,
        "sans-serif" => Alphabet::SansSerif,
        _ => Alphabet::Normal,
    }
}

fn common_html_font(name: &str) -> Alphabet {
    match name {
        "math-I" | "main-I" => Alphabet::Italic,
        "main-B" => Alphabet::Bold,
        "math-BI" => Alphabet::BoldItalic,
        "ams-R" => Alphabet::DoubleStruck,
        "cal-R" | "cal-B" => Alphabet::Calligraphic,
        "script-R" => Alphabet::Script,
        "frak-R" | "frak-B" => Alphabet::Fraktur,
        "sans-R" | "sans-B" | "sans-I" => Alphabet::SansSerif,
        "type-R" => Alphabet::Monospace,
        name if name.starts_with("size") => Alphabet::Size,
        _ => Alphabet::Normal,
    }
}

/// Font families of HTML-CSS output: `MathJax_Math-italic`, `STIXMathJax_Main-bold`.
fn html_css_font(family: &str) -> Alphabet {
    let first = family.split(',').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let name = first.split_once('_').map_or("", |(_, name)| name);
    let (face, weight) = name.split_once('-').unwrap_or((name, ""));
    match (face, weight) {
        ("AMS" | "DoubleStruck", _) => Alphabet::DoubleStruck,
        ("Caligraphic", _) => Alphabet::Calligraphic,
        ("Script", _) => Alphabet::Script,
        ("Fraktur", _) => Alphabet::Fraktur,
        ("SansSerif", _) => Alphabet::SansSerif,
        ("Typewriter" | "Monospace", _) => Alphabet::Monospace,
        (face, _) if face.starts_with("Size") => Alphabet::Size,
        (_, "bold-italic" | "bolditalic") => Alphabet::BoldItalic,
        (_, "bold") => Alphabet::Bold,
        (_, "italic") => Alphabet::Italic,
        _ => Alphabet::Normal,
    }
}
