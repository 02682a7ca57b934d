//! Documents and examples → tokens on disk → rows of a fixed length.
//!
//! ```text
//! files     Parquet or JSONL: ranked shards, other corpora, examples for fine-tuning
//! cache     one file of tokens for each of them, mapped into memory, made once
//! source    the documents of its files up to a token budget, in rank order or shuffled; any of them at once
//! mixture   whose turn it is: the source that is furthest behind its share of the tokens
//! pack      rows of tokens with targets and segments, and the place in the data after them
//! ```
//!
//! All of it is a pure function of the files, the settings and a [`Place`](pack::Place), a few numbers that a
//! checkpoint keeps: a run that resumes sees the rows that it would have seen.

pub mod cache;
pub mod chat;
pub mod exclusion;
pub mod learn;
pub mod mixture;
pub mod pack;
pub mod permutation;
pub mod source;
pub mod template;
pub mod vocabulary;
