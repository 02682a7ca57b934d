//! To be written.

pub mod math;
