//! Bytes in and out: WARC, HTTP, stores, atomic files. Knows no stage.

pub mod atomic;
pub mod documents;
pub mod hash;
pub mod http;
pub mod object;
pub mod query;
pub mod spans;
pub mod store;
pub mod table;
pub mod warc;
