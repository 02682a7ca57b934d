//! To be written.

pub mod seed;
