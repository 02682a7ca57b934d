//! The extraction of the main crate without the rest of it, so that the fuzz targets build in a minute. What they check
//! is in `extract::properties`.

#[path = "../../src/forms.rs"]
pub mod forms;
#[path = "../../src/page.rs"]
pub mod page;
#[path = "../../src/reject.rs"]
pub mod reject;

#[path = "../../src/extract/mod.rs"]
pub mod extract;

pub mod eval;
