//! Which domains are mathematical, which of their URLs, and what a person says of them (section 2.1 of the paper).

pub mod annotations;
pub mod edit;
pub mod files;
pub mod prefix;
