//! To be written.

pub mod pack;
