//! Whether a page's text is worth keeping: the rules of Gopher (arXiv 2112.11446), C4 and FineWeb (arXiv 2406.17557),
//! asked of its prose alone, so that LaTeX never counts as noise; and lists of hosts that are not wanted.
//!
//! ```text
//! text ─measure─▶ figures ─rules─▶ passes, or the first rule broken with its value
//! ```
//!
//! The published bounds were made for general prose and lose mathematics even without its formulas: exercises are
//! lists of short lines, tables repeat, definitions repeat. The defaults are looser; each bound is a setting.

pub mod hosts;
pub mod measure;
mod repeat;
pub mod rules;
pub mod stage;

pub use hosts::HostList;
pub use measure::{Measures, measure};
pub use rules::{Check, QualityRules};

#[cfg(test)]
mod tests;
