//! From Common Crawl WARC files to a ranked mathematical training corpus.
//!
//! The modules stand in the order in which pages flow through them.

pub mod page;
pub mod reject;

pub mod io;

pub mod classify;
pub mod crawl;
pub mod dedup;
pub mod extract;
pub mod language;
