//! The checker of answers, without the rest of the evaluation.

#[path = "../../src/train/eval/equal/mod.rs"]
pub mod equal;
#[path = "../../src/train/eval/expression/mod.rs"]
mod expression;
#[path = "../../src/train/eval/extract/mod.rs"]
pub mod extract;
