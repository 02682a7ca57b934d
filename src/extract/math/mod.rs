//! Formulas of a page (stand-in: delimiters only).

use std::borrow::Cow;

use ego_tree::NodeId;
use scraper::Html;

/// A formula as LaTeX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// LaTeX without delimiters.
    pub tex: String,
    /// Whether it stands on a line of its own.
    pub display: bool,
}

/// What a node of the page is to the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MathNode {
    /// The node and all in it are this formula.
    Formula(Formula),
    /// The node repeats a formula that stands elsewhere, or prepares one.
    Skip,
}

/// The nodes that are formulas.
#[derive(Debug, Default)]
pub struct MathMap;

impl MathMap {
    /// What the node is, where it is math.
    #[must_use]
    pub fn get(&self, _node: NodeId) -> Option<&MathNode> {
        None
    }
}

/// The page's own delimiters and macros.
#[derive(Debug, Default)]
pub struct PageMath;

impl PageMath {
    /// Reads the page's settings.
    #[must_use]
    pub fn read(_html: &Html) -> Self {
        Self
    }
}

/// A piece of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Text without formulas.
    Text(Cow<'t, str>),
    /// A delimited formula.
    Formula(Formula),
}

/// The formulas that markup carries.
#[must_use]
pub fn find(_html: &Html, _page: &PageMath) -> MathMap {
    MathMap
}

/// Splits a block into text and delimited formulas.
#[must_use]
pub fn scan<'t>(block: &'t str, _page: &PageMath) -> Vec<Segment<'t>> {
    let mut segments = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = memchr::memchr2(b'$', b'\\', &block.as_bytes()[at..]) {
        at += found;
        let rest = &block[at..];
        let delimiters = [("$$", "$$", true), ("\\[", "\\]", true), ("\\(", "\\)", false), ("$", "$", false)];
        let Some((open, close, display)) = delimiters.into_iter().find(|d| rest.starts_with(d.0)) else {
            at += 1 + usize::from(rest.starts_with("\\$"));
            continue;
        };
        let body = rest[open.len()..].find(close).map(|end| &rest[open.len()..open.len() + end]);
        let Some(body) = body.filter(|b| {
            !b.trim().is_empty()
                && (open != "$"
                    || !(b.starts_with(char::is_whitespace) || b.ends_with(char::is_whitespace) || b.contains('\n'))
                        && !rest[b.len() + 2..].starts_with(|c: char| c.is_ascii_digit()))
        }) else {
            at += open.len();
            continue;
        };
        segments.push(Segment::Text(Cow::Borrowed(&block[from..at])));
        segments.push(Segment::Formula(Formula { tex: body.trim().to_owned(), display }));
        at += open.len() + body.len() + close.len();
        from = at;
    }
    segments.push(Segment::Text(Cow::Borrowed(&block[from..])));
    segments
}
