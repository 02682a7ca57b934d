//! Which page of each cluster of near-duplicates stays.
//!
//! Pages are taken best first. A page is dropped where it has a verified edge to a page that stays, and goes to the
//! best such; else it stays itself. So of every similar pair at most one page stays, every dropped page is similar to
//! the page it is dropped for, and similarity is never passed on along a chain: of A ~ B ~ C with A ≁ C, either B
//! is the best and stands for both, or A stays, B goes to it and C, similar to no page that stays, stays too.

use std::cmp::{Ordering, Reverse};

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::page::PageId;

/// How good a page is to keep; greater is better: longest text, then most formulas, then oldest, then lowest id.
///
/// Two captures of one address have the same id; between them `capture` decides, so that no two rows are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Length of the text, in characters.
    pub text_chars: u64,
    /// Formulas in the text.
    pub formulas: u32,
    /// Capture time, milliseconds since the Unix epoch; an unknown one counts as newest.
    pub fetched_at_ms: Option<i64>,
    /// Identity of the page.
    pub id: PageId,
    /// See [`capture_key`].
    pub capture: u64,
}

impl Ord for Quality {
    fn cmp(&self, other: &Self) -> Ordering {
        let Self { text_chars, formulas, fetched_at_ms, id, capture } = *self;
        let age = |at: Option<i64>| (at.is_some(), Reverse(at));
        (text_chars, formulas, age(fetched_at_ms), Reverse(id), Reverse(capture)).cmp(&(
            other.text_chars,
            other.formulas,
            age(other.fetched_at_ms),
            Reverse(other.id),
            Reverse(other.capture),
        ))
    }
}

impl PartialOrd for Quality {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number for a capture that depends on nothing but the file and the offset it is at.
#[must_use]
pub fn capture_key(warc: &str, warc_offset: u64) -> u64 {
    let mut bytes = Vec::with_capacity(warc.len() + 8);
    bytes.extend_from_slice(&warc_offset.to_le_bytes());
    bytes.extend_from_slice(warc.as_bytes());
    xxh3_64(&bytes)
}

/// An edge to a page that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("edge {edge:?} names a page beyond the {pages} given")]
pub struct EdgeError {
    /// The edge.
    pub edge: (u32, u32),
    /// Number of pages.
    pub pages: usize,
}

/// For each page the page it is a duplicate of, `None` where it stays.
///
/// `edges` are the verified pairs, in any order and direction, repeated or not; `quality` is any order of pages with
/// the best greatest, and pages equal in it are taken in the order in which they stand. The page named stays itself.
///
/// # Errors
/// Where an edge names a page beyond `quality`.
pub fn resolve<Q: Ord>(edges: &[(u32, u32)], quality: &[Q]) -> Result<Vec<Option<u32>>, EdgeError> {
    let pages = quality.len();
    let mut best_first: Vec<u32> = (0..pages as u32).collect();
    best_first.sort_by(|a, b| quality[*b as usize].cmp(&quality[*a as usize]));
    let mut rank = vec![0_u32; pages];
    for (place, &page) in best_first.iter().enumerate() {
        rank[page as usize] = place as u32;
    }

    // Edges as (rank of the worse, rank of the better): in this order every page is met after all that could replace
    // it, and the best of those comes first.
    let mut downward = Vec::with_capacity(edges.len());
    for &edge in edges {
        let (Some(&a), Some(&b)) = (rank.get(edge.0 as usize), rank.get(edge.1 as usize)) else {
            return Err(EdgeError { edge, pages });
        };
        if a != b {
            downward.push((a.max(b), a.min(b)));
        }
    }
    downward.sort_unstable();

    let mut duplicate_of = vec![None; pages];
    for (worse, better) in downward {
        let (worse, better) = (best_first[worse as usize], best_first[better as usize]);
        if duplicate_of[worse as usize].is_none() && duplicate_of[better as usize].is_none() {
            duplicate_of[worse as usize] = Some(better);
        }
    }
    Ok(duplicate_of)
}

/// How many pages each page stands for: itself and those dropped for it; 0 for a dropped page.
#[must_use]
pub fn cluster_sizes(duplicate_of: &[Option<u32>]) -> Vec<u32> {
    let mut sizes: Vec<u32> = duplicate_of.iter().map(|of| u32::from(of.is_none())).collect();
    for &kept in duplicate_of.iter().flatten() {
        if let Some(size) = sizes.get_mut(kept as usize) {
            *size += 1;
        }
    }
    sizes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(edges: &[(u32, u32)], quality: &[u32], want: &[Option<u32>]) {
        assert_eq!(resolve(edges, quality).as_deref(), Ok(want));
    }

    #[test]
    fn a_chain_does_not_drift() {
        check(&[(0, 1), (1, 2)], &[3, 2, 1], &[None, Some(0), None]);
        check(&[(0, 1), (1, 2)], &[1, 3, 2], &[Some(1), None, Some(1)]);
        check(&[(0, 1), (1, 2), (2, 3)], &[4, 3, 2, 1], &[None, Some(0), None, Some(2)]);
        check(&[(0, 2), (1, 2)], &[3, 2, 1], &[None, None, Some(0)]);
    }

    #[test]
    fn odd_edges() {
        check(&[], &[], &[]);
        check(&[(0, 0)], &[1], &[None]);
        check(&[(1, 0), (0, 1), (1, 0)], &[1, 1], &[None, Some(0)]);
        assert_eq!(resolve(&[(0, 2)], &[1, 1]), Err(EdgeError { edge: (0, 2), pages: 2 }));
    }

    #[test]
    fn a_hundred_thousand_copies_leave_one() {
        let pages = 100_000_u32;
        let edges: Vec<(u32, u32)> = (1..pages).map(|page| (0, page)).chain((2..pages).map(|p| (p - 1, p))).collect();
        let quality: Vec<u32> = (0..pages).rev().collect();
        let duplicate_of = resolve(&edges, &quality).unwrap();
        assert!(duplicate_of[1..].iter().all(|of| *of == Some(0)));
        let sizes = cluster_sizes(&duplicate_of);
        assert_eq!((sizes[0], sizes.iter().sum::<u32>()), (pages, pages));
    }

    #[test]
    fn the_best_page_is_long_then_formulas_then_old_then_low() {
        let page = Quality { text_chars: 10, formulas: 2, fetched_at_ms: Some(50), id: PageId(7), capture: 3 };
        let worse = [
            Quality { text_chars: 9, formulas: 99, ..page },
            Quality { formulas: 1, fetched_at_ms: Some(1), ..page },
            Quality { fetched_at_ms: Some(51), id: PageId(1), ..page },
            Quality { fetched_at_ms: None, id: PageId(1), ..page },
            Quality { id: PageId(8), capture: 0, ..page },
            Quality { capture: 4, ..page },
        ];
        for other in worse {
            assert!(page > other, "{other:?}");
        }
        assert_ne!(capture_key("a.warc.gz", 0), capture_key("a.warc.gz", 1));
    }

    proptest! {
        #[test]
        fn clusters_keep_what_they_promise(
            (pages, mut edges, quality) in (1_u32..30).prop_flat_map(|pages| (
                Just(pages),
                prop::collection::vec((0..pages, 0..pages), 0..80),
                prop::collection::vec(0_u32..20, pages as usize),
            )),
            seed in any::<u64>(),
        ) {
            let duplicate_of = resolve(&edges, &quality).unwrap();
            for (page, of) in duplicate_of.iter().enumerate() {
                if let Some(kept) = *of {
                    let page = page as u32;
                    prop_assert!(edges.contains(&(page, kept)) || edges.contains(&(kept, page)));
                    prop_assert_eq!(duplicate_of[kept as usize], None);
                    prop_assert!(quality[kept as usize] >= quality[page as usize]);
                }
            }
            for &(a, b) in &edges {
                prop_assert!(a == b || duplicate_of[a as usize].is_some() || duplicate_of[b as usize].is_some());
            }
            prop_assert_eq!(cluster_sizes(&duplicate_of).iter().sum::<u32>(), pages);

            edges.sort_by_key(|edge| xxh3_64(&[seed.to_le_bytes(), (u64::from(edge.0) << 32 | u64::from(edge.1)).to_le_bytes()].concat()));
            for (at, edge) in edges.iter_mut().enumerate() {
                if (seed >> (at % 64)) & 1 == 1 {
                    *edge = (edge.1, edge.0);
                }
            }
            prop_assert_eq!(resolve(&edges, &quality).unwrap(), duplicate_of);
        }
    }
}
