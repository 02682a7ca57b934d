//! Which pages are the same page: by address, by text, by nearly the same text.
//!
//! ```text
//! url ──▶ address ──▶ PageId, host, domain
//! text ─▶ tokens ─┬─▶ text hash ─▶ copies: only the best of each goes on, the others follow it at the end
//!                 └─▶ shingles ─▶ signature ─▶ band keys ─▶ (buckets) ─▶ candidate pairs
//!                        └──────────────── Jaccard of each pair ◀────────────┘
//!                                                │ verified edges
//!                                                ▼
//!                                    clusters: duplicate_of, cluster size
//! ```
//!
//! Everything here is pure and works on what one bucket holds; reading, bucketing and writing is the stage's.
//! A pair is only ever joined on its true Jaccard similarity, never on a band key alone, and a page is only dropped
//! for a kept page that it is itself similar to, so no chain of small steps can merge unrelated pages.

pub mod bands;
pub mod candidates;
pub mod clusters;
pub mod exchange;
pub mod page_set;
pub mod shingles;
pub mod signature;
pub mod stage;
pub mod url;
