//! Evaluation: what a model's text answers, whether that is right, and what that comes to over a benchmark (section 4 of
//! the paper rewards by the first two, its results are of the third).
//!
//! [`extract`] finds the answer of a text and [`equal`] compares two; both are pure, and bounded by counts. [`task`] reads
//! benchmarks, [`prompt`] puts their questions, [`completer`] has them answered, [`judge`] judges, [`metrics`] and
//! [`report`] sum up; [`run`] is the whole, which keeps every answer ([`transcript`]).

pub mod completer;
pub mod equal;
mod expression;
pub mod extract;
pub mod judge;
pub mod metrics;
pub mod prompt;
pub mod report;
pub mod run;
pub mod task;
pub mod transcript;
