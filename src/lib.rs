//! From Common Crawl WARC files to a ranked mathematical training corpus.
//!
//! The modules stand in the order in which pages flow through them.

pub mod config;
pub mod forms;
pub mod page;
pub mod pages;
pub mod paragraphs;
pub mod reject;
pub mod spans;
pub mod tokens;

pub mod render;

pub mod io;
pub mod task;

pub mod crawl;
pub mod extract;
pub mod language;

pub mod quality;

pub mod dedup;

pub mod boilerplate;

pub mod decontaminate;

pub mod masking;

pub mod edits;

pub mod classify;
pub mod rank;

pub mod domains;
pub mod index;
pub mod recall;

pub mod annotate;
pub mod report;
pub mod rounds;

#[cfg(feature = "train")]
pub mod train;

pub mod cli;
mod commands;
