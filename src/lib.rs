//! From Common Crawl WARC files to a ranked mathematical training corpus.
//!
//! The modules stand in the order in which pages flow through them.

pub mod page;
pub mod reject;

pub mod io;

pub mod crawl;
pub mod extract;
pub mod language;
pub mod dedup;
pub mod classify;
