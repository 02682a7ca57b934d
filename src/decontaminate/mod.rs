//! Decontamination (METHOD: section 2.1 of the paper): pages without what benchmarks ask.
//!
//! A paragraph that shares a run of ten grams with a benchmark text is removed, or that holds a whole text of three to
//! nine grams; a page that loses more than a set share of itself goes whole. Benchmarks become an [`Index`]; a page goes
//! in, a [`Removal`] comes out or nothing. [`stage`] runs it over the pages of a crawl.

pub mod benchmarks;
pub mod files;
mod fold;
mod formulas;
mod grams;
mod index;
mod items;
mod removal;
mod scan;
pub mod stage;
pub mod table;
mod tex;

pub use formulas::count_formulas;
pub use index::{GramRules, Index, IndexBuilder, Origin, Short, TooLarge};
pub use items::{ANSWER_FIELDS, Fields, ItemText, QUESTION_FIELDS};
pub use removal::{Match, Removal, Scanner};
