//! The trainer: a checkpoint and ranked shards in, a checkpoint that other tools load out.
//!
//! [`Model::load`](model::Model::load) reads a checkpoint; [`data`] makes rows of tokens; [`backward`] gives loss and
//! gradients of a batch; [`optim`] applies them; [`run`] is the loop. [`sample`] writes outputs.
//! The decoder is built from operations that have a gradient: the library's own fused ones give
//! none and say nothing. Where ours are fused (on the CPU, [`model::fused`]) they bring their backward along, and a test
//! compares each with the composed form.

#![expect(clippy::inline_always, reason = "a loop is compiled for wide registers where what it calls is inlined")]
#![cfg_attr(test, expect(clippy::float_cmp, reason = "tests know the very numbers"))]

pub mod advantage;
pub mod backward;
pub mod checkpoint;
pub mod comm;
pub mod compare;
pub mod config;
pub mod data;
pub mod error;
pub mod eval;
pub mod grads;
pub mod head;
pub mod lora;
pub mod loss;
pub mod metrics;
pub mod model;
pub mod optim;
pub mod packed;
pub mod paradigm;
pub mod params;
pub mod perplexity;
pub mod plan;
pub mod reward;
pub mod reward_model;
pub mod rl;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod shown;
pub mod tensorboard;
pub mod tool;
