//! Reinforcement learning (section 4): explorations of questions, rewards, updates of the policy.
//!
//! [`config`] says what is run, [`questions`] what is asked; [`explore`] samples outputs and judges them, [`learn`] credits
//! and updates; [`run`] is the loop.

pub mod config;
mod exchange;
pub mod explore;
pub mod learn;
pub mod make_steps;
pub mod questions;
pub mod reference;
pub mod renew;
pub mod reward_run;
pub mod rewards;
pub mod run;
pub mod steps;
