//! Judging answers: what a model's text answers, and whether that is right (section 4 of the paper rewards by it, its
//! evaluation counts by it).

pub mod equal;
mod expression;
pub mod extract;
