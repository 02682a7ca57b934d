//! Math of which a page keeps only the rendering → LaTeX.
//!
//! MathJax's outputs mirror MathML: [`dialect`] says how each of them names elements and glyphs, [`reader`] turns
//! them back into MathML, with [`tokens`], [`boxes`] and [`tables`] for the constructions. [`tree`] holds the MathML and
//! hands it to the converter, so that what is rendered and what is written as MathML read alike.

mod boxes;
mod dialect;
mod glyph;
pub(super) mod katex;
pub(super) mod places;
mod reader;
mod style;
mod tables;
mod tokens;
mod tree;

#[cfg(test)]
mod tests;

pub(super) use dialect::Dialect;
pub(super) use reader::formula;
