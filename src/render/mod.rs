//! Our text → HTML that is safe to show: blocks, lists, tables, code, and formulas as MathML.
//!
//! | in the text | in the HTML |
//! |---|---|
//! | `$…$`, `$$…$$` and the other delimiters of [`crate::spans`] | `math`; the source in `code.tex` where it does not convert |
//! | `# ` to `###### ` | a paragraph of class `h1` to `h6`: a page's headings are no headings of the page it is shown on |
//! | `- `, `1. `, indented | `ul`, `ol` |
//! | lines of cells joined by ` \| ` | `table` |
//! | a fence | `pre` |
//! | `> ` | `blockquote` |
//! | `---` | `hr` |
//!
//! Whatever the text holds, only the elements and attributes of [`ELEMENTS`] and [`ATTRIBUTES`] come out, and what is
//! nested is bounded. No inline style and no address is among them, so a page may forbid both.

mod blocks;
mod inline;
mod math;
mod mathml;
#[cfg(test)]
mod tests;

use maud::{Markup, PreEscaped};

/// The elements that may come out, sorted.
pub const ELEMENTS: &[&str] = &[
    "b",
    "blockquote",
    "br",
    "code",
    "hr",
    "i",
    "li",
    "math",
    "menclose",
    "mfrac",
    "mi",
    "mn",
    "mo",
    "mover",
    "mpadded",
    "mphantom",
    "mroot",
    "mrow",
    "mspace",
    "msqrt",
    "msub",
    "msubsup",
    "msup",
    "mtable",
    "mtd",
    "mtext",
    "mtr",
    "munder",
    "munderover",
    "ol",
    "p",
    "pre",
    "span",
    "table",
    "tbody",
    "td",
    "tr",
    "ul",
];

/// The attributes that may come out, sorted. Their values are words, numbers and lengths.
pub const ATTRIBUTES: &[&str] = &[
    "accent",
    "accentunder",
    "class",
    "columnspan",
    "display",
    "displaystyle",
    "form",
    "height",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "notation",
    "rspace",
    "scriptlevel",
    "start",
    "stretchy",
    "symmetric",
    "width",
];

/// The style sheet of the classes that come out; what is rendered stands inside of an element of class `rendered`.
pub const STYLE: &str = include_str!("render.css");

/// Turns texts into HTML.
pub struct Renderer {
    converter: math_core::LatexToMathML,
    commands: Vec<&'static str>,
}

impl Default for Renderer {
    fn default() -> Self {
        Self::new()
    }
}

impl Renderer {
    /// A renderer; it may be used for any number of texts.
    #[must_use]
    pub fn new() -> Self {
        Self { converter: math_core::LatexToMathML::default(), commands: crate::spans::commands() }
    }

    /// A text of blocks.
    #[must_use]
    pub fn text(&self, text: &str) -> Markup {
        let mut html = String::with_capacity(text.len() * 2);
        blocks::write(self, text, &mut html);
        PreEscaped(html)
    }

    /// Text on one line, such as a title: formulas and code, no blocks.
    #[must_use]
    pub fn line(&self, text: &str) -> Markup {
        let mut html = String::with_capacity(text.len() * 2);
        inline::write(self, text, &mut html);
        PreEscaped(html)
    }

    /// A formula without its delimiters.
    #[must_use]
    pub fn formula(&self, tex: &str, display: bool) -> Markup {
        let mut html = String::new();
        inline::formula(self, tex, display, &mut html);
        PreEscaped(html)
    }

    /// The formula as MathML, where it converts.
    #[must_use]
    pub fn mathml(&self, tex: &str, display: bool) -> Option<Markup> {
        math::convert(&self.converter, tex, display).map(PreEscaped)
    }
}
