//! A person says which prefixes of the math-related domains hold mathematics, in a terminal or on a local page.
//!
//! In: the tables of a round's analysis. Out: the round's `annotations.toml`, which stays a file to edit by hand.

pub mod ask;
mod figures;
pub mod judge;
mod load;
mod notes;
pub mod serve;
pub mod session;
pub mod terminal;
pub mod tree;
pub mod verdicts;

pub use load::Sample;
