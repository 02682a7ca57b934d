//! Stand-in until the reader lands.
use std::io::Read;
use std::sync::Arc;
use crate::page::{Capture, Page};
use crate::reject::Reject;
/// x
#[derive(Default, Clone, Copy)]
pub struct ReadCaps {
    /// x
    pub record_bytes_max: usize,
    /// x
    pub header_bytes_max: usize,
    /// x
    pub body_bytes_max: usize,
}
/// x
pub enum Item {
    /// x
    Page(Page),
    /// x
    Rejected {
        /// x
        capture: Capture,
        /// x
        reject: Reject,
    },
    /// x
    Damaged {
        /// x
        offset: u64,
        /// x
        length: u64,
        /// x
        what: String,
    },
    /// x
    Other(Kind),
}
/// x
pub fn read<R: Read>(_source: R, _name: Arc<str>, _caps: ReadCaps) -> impl Iterator<Item = Result<Item, std::io::Error>> {
    std::iter::empty()
}
/// x
#[derive(Debug)]
pub struct Kind;
