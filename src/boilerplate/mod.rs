//! Paragraphs that stand on page after page of a site and say nothing of any: licence notes, footers, lines on cookies.
//!
//! ```text
//! text ─read─▶ paragraphs with keys ─counted over a site (stage)─▶ which are repeated ─gone─▶ which go
//! ```
//!
//! A paragraph is repeated that stands on enough different pages of its site: on so many of them, and on such a share.
//! Versions of one page count as one (see [`identity`]), so that what a manual says in all its versions stays. What
//! gives a page its structure stays, and what is mathematics: see [`read`].

mod count;
mod identity;
mod read;
mod remove;
pub mod stage;
pub mod table;

pub use identity::identity;
pub use read::{Kind, Paragraph, read};
pub use remove::{Gone, gone};
