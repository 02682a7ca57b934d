//! Which page of each cluster of near-duplicates stays.
//!
//! Pages are taken best first. A page is dropped where it has a verified edge to a page that stays, and goes to the
//! best such; else it stays itself. So of every similar pair at most one page stays, every dropped page is similar to
//! the page it is dropped for, and similarity is never passed on along a chain: of A ~ B ~ C with A ≁ C, either B
//! is the best and stands for both, or A stays, B goes to it and C, similar to no page that stays, stays too.
//!
//! The edges come sorted, which a sort on disk can do; what is held is a bit a page.

use std::cmp::Ordering;

use xxhash_rust::xxh3::xxh3_64;

use super::exchange::PageRef;
use super::page_set::PageSet;
use crate::page::PageId;

/// How good a page is to keep; greater is better: highest score where there are scores, then most formulas, then longest
/// text, then oldest, then lowest id.
///
/// Two captures of one address have the same id; between them `capture` decides, so that no two rows are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// The score that an earlier classifier gave it, in millionths; a page without one is below all that have one.
    pub score_millionths: Option<u32>,
    /// Formulas in the text.
    pub formulas: u32,
    /// Length of the text, in characters.
    pub text_chars: u32,
    /// Capture time, milliseconds since the Unix epoch; an unknown one counts as newest.
    pub fetched_at_ms: Option<i64>,
    /// Identity of the page.
    pub id: PageId,
    /// See [`capture_key`].
    pub capture: u64,
}

impl Quality {
    /// Bytes of a [`key`](Self::key).
    pub const KEY_BYTES: usize = 4 + 4 + 4 + 8 + 16 + 8;

    /// Bytes that compare, from the first on, as the qualities do: what tables are sorted by.
    #[must_use]
    pub fn key(&self) -> [u8; Self::KEY_BYTES] {
        let Self { score_millionths, formulas, text_chars, fetched_at_ms, id, capture } = *self;
        // Older is greater; the least number stands for an unknown time.
        let age = fetched_at_ms.map_or(0, |at| (!(at.cast_unsigned() ^ (1 << 63))).max(1));
        let score = score_millionths.map_or(0, |score| score.saturating_add(1));
        let mut key = [0; Self::KEY_BYTES];
        key[..4].copy_from_slice(&score.to_be_bytes());
        key[4..8].copy_from_slice(&formulas.to_be_bytes());
        key[8..12].copy_from_slice(&text_chars.to_be_bytes());
        key[12..20].copy_from_slice(&age.to_be_bytes());
        key[20..36].copy_from_slice(&(!id.0).to_be_bytes());
        key[36..].copy_from_slice(&(!capture).to_be_bytes());
        key
    }
}

impl Ord for Quality {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
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

/// Decides edge by edge who is dropped.
///
/// Edges must come sorted by their worse page, best first, and those of one page by their better page, best first:
/// then all that could replace a page is settled when the page's edges come, and the best of it comes first.
#[derive(Debug, Default)]
pub struct Resolver {
    dropped: PageSet,
}

impl Resolver {
    /// Takes the next edge; whether `worse` is dropped for `better`. A page is dropped once, for a page that stays.
    pub fn drops(&mut self, worse: PageRef, better: PageRef) -> bool {
        worse != better && !self.dropped.holds(better) && self.dropped.insert(worse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Resolves edges of numbered pages whose quality is given, the best greatest; equal ones in their order.
    fn resolve(edges: &[(u32, u32)], quality: &[u32]) -> Vec<Option<u32>> {
        let rank = |page: u32| (quality[page as usize], std::cmp::Reverse(page));
        let mut sorted: Vec<(u32, u32)> =
            edges.iter().map(|&(a, b)| if rank(a) < rank(b) { (a, b) } else { (b, a) }).collect();
        sorted.sort_by_key(|&(worse, better)| std::cmp::Reverse((rank(worse), rank(better))));
        let mut resolver = Resolver::default();
        let mut duplicate_of = vec![None; quality.len()];
        for (worse, better) in sorted {
            if resolver.drops(PageRef::new(0, worse), PageRef::new(0, better)) {
                duplicate_of[worse as usize] = Some(better);
            }
        }
        duplicate_of
    }

    #[track_caller]
    fn check(edges: &[(u32, u32)], quality: &[u32], want: &[Option<u32>]) {
        assert_eq!(resolve(edges, quality), want);
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
    }

    #[test]
    fn a_hundred_thousand_copies_leave_one() {
        let pages = 100_000_u32;
        let edges: Vec<(u32, u32)> = (1..pages).map(|page| (0, page)).chain((2..pages).map(|p| (p - 1, p))).collect();
        let quality: Vec<u32> = (0..pages).rev().collect();
        let duplicate_of = resolve(&edges, &quality);
        assert!(duplicate_of[1..].iter().all(|of| *of == Some(0)) && duplicate_of[0].is_none());
    }

    #[test]
    fn the_best_page_has_a_score_then_formulas_then_is_long_then_old_then_low() {
        let page = Quality {
            score_millionths: Some(5),
            formulas: 2,
            text_chars: 10,
            fetched_at_ms: Some(50),
            id: PageId(7),
            capture: 3,
        };
        let worse = [
            Quality { score_millionths: Some(4), formulas: 99, ..page },
            Quality { score_millionths: None, formulas: 99, ..page },
            Quality { formulas: 1, text_chars: 999, ..page },
            Quality { text_chars: 9, fetched_at_ms: Some(1), ..page },
            Quality { fetched_at_ms: Some(51), id: PageId(1), ..page },
            Quality { fetched_at_ms: Some(i64::MAX), ..page },
            Quality { fetched_at_ms: None, id: PageId(1), ..page },
            Quality { id: PageId(8), capture: 0, ..page },
            Quality { capture: 4, ..page },
        ];
        for other in worse {
            assert!(page > other, "{other:?}");
        }
        let lowest = Quality { score_millionths: Some(0), ..page };
        assert!(lowest > Quality { score_millionths: None, ..page });
        let older = Quality { fetched_at_ms: Some(-1), ..page };
        assert!(older > page && Quality { fetched_at_ms: Some(i64::MIN), ..page } > older);
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
            let duplicate_of = resolve(&edges, &quality);
            prop_assert_eq!(duplicate_of.len(), pages as usize);
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

            edges.sort_by_key(|edge| xxh3_64(&[seed.to_le_bytes(), (u64::from(edge.0) << 32 | u64::from(edge.1)).to_le_bytes()].concat()));
            for (at, edge) in edges.iter_mut().enumerate() {
                if (seed >> (at % 64)) & 1 == 1 {
                    *edge = (edge.1, edge.0);
                }
            }
            prop_assert_eq!(resolve(&edges, &quality), duplicate_of);
        }
    }
}
