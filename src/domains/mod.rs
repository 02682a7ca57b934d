//! Which domains are mathematical, which of their URLs, and what a person says of them (section 2.1 of the paper).

pub mod annotations;
pub mod auto;
pub mod bound;
pub mod cut;
pub mod edit;
pub mod figures;
pub mod files;
mod keys;
pub mod picks;
pub mod prefix;
pub mod tree;
