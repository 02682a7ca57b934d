//! Stand-in.
use std::io::Write;
/// x
#[derive(Default)]
pub struct PackOptions { /// x
    pub date: String }
/// x
pub struct PackCount { /// x
    pub pages: u64, /// x
    pub skipped: u64 }
/// x
pub fn pack(_: &std::path::Path, _: &str, _: &PackOptions, _: &mut dyn Write) -> Result<PackCount, std::io::Error> { Ok(PackCount{pages:0,skipped:0}) }
