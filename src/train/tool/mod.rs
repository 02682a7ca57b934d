//! Tools: programs that a model writes in its answers are run, and what they print goes on in the answer.
//!
//! [`sandbox`] runs a program where it can do no harm; without one that works, [`Sandbox::probe`](sandbox::Sandbox::probe)
//! refuses. [`rounds`] says of the text of an answer whether to go on, to run something, or to stop; [`complete`] drives
//! a batch of answers through a sampler and the sandbox.

pub mod complete;
mod confine;
pub mod error;
mod fences;
pub mod program;
mod python;
pub mod rounds;
pub mod sandbox;
pub mod settings;

#[cfg(test)]
pub(in crate::train) mod attacks;
