//! The objectives of reinforcement learning (section 4), as pure functions of log-probabilities.
//!
//! Each gives its value and its derivative by every token's log-probability (or value), which is all that the backward
//! needs: see [`gradients`](super::backward::gradients). They compute in f64.

pub mod policy;
pub mod preference;
pub mod value;

#[cfg(test)]
mod tests;
