//! Exact duplicates: pages whose texts have the same tokens in the same order.
//!
//! They are found by hash alone, before anything is compared, and only the best page of each set of copies goes on to
//! signatures and pairs; so a page that a thousand hosts copy costs as much as one. Afterwards the copies follow it:
//! where it is itself dropped for a better near-duplicate they are dropped for that page too, to which they are
//! just as similar.

/// For each page the best page with the same text hash, `None` where it is that page itself or has no hash.
///
/// `quality` is any order of pages with the best greatest; pages equal in it are taken in the order in which they
/// stand. Pages beyond the shorter of the two slices have no copies.
#[must_use]
pub fn copies<Q: Ord>(hashes: &[Option<u128>], quality: &[Q]) -> Vec<Option<u32>> {
    let mut hashed: Vec<(u128, u32)> =
        hashes.iter().take(quality.len()).zip(0_u32..).filter_map(|(hash, page)| Some(((*hash)?, page))).collect();
    hashed.sort_by(|a, b| {
        let best_first = || quality[b.1 as usize].cmp(&quality[a.1 as usize]);
        a.0.cmp(&b.0).then_with(best_first).then(a.1.cmp(&b.1))
    });
    let mut copy_of = vec![None; hashes.len()];
    for set in hashed.chunk_by(|a, b| a.0 == b.0) {
        let (_, best) = set[0];
        for &(_, copy) in &set[1..] {
            copy_of[copy as usize] = Some(best);
        }
    }
    copy_of
}

/// Drops each copy for its original, or for the page that the original is dropped for.
pub fn follow_originals(duplicate_of: &mut [Option<u32>], copy_of: &[Option<u32>]) {
    for (copy, original) in copy_of.iter().enumerate() {
        let Some(original) = *original else { continue };
        let kept = duplicate_of.get(original as usize).copied().flatten().unwrap_or(original);
        if let Some(of) = duplicate_of.get_mut(copy) {
            *of = Some(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::clusters::{cluster_sizes, resolve};

    #[track_caller]
    fn check(hashes: &[Option<u128>], quality: &[u32], want: &[Option<u32>]) {
        assert_eq!(copies(hashes, quality), want);
    }

    #[test]
    fn the_best_of_the_same_text_is_the_original() {
        check(&[Some(7), Some(8), Some(7), Some(7)], &[1, 1, 3, 2], &[Some(2), None, None, Some(2)]);
        check(&[Some(7), Some(7)], &[1, 1], &[None, Some(0)]);
        check(&[None, None], &[1, 1], &[None, None]);
    }

    #[test]
    fn a_copy_follows_its_original_to_a_better_near_duplicate() {
        let quality = [3, 2, 1];
        let copy_of = copies(&[Some(1), Some(2), Some(2)], &quality);
        let mut duplicate_of = resolve(&[(0, 1)], &quality).unwrap();
        assert_eq!(duplicate_of, [None, Some(0), None]);
        follow_originals(&mut duplicate_of, &copy_of);
        assert_eq!(duplicate_of, [None, Some(0), Some(0)]);
        assert_eq!(cluster_sizes(&duplicate_of), [3, 0, 0]);
    }

    #[test]
    fn a_hundred_thousand_copies() {
        let quality: Vec<u32> = (0..100_000).collect();
        let copy_of = copies(&vec![Some(5); quality.len()], &quality);
        let mut duplicate_of = resolve(&[], &quality).unwrap();
        follow_originals(&mut duplicate_of, &copy_of);
        assert_eq!(cluster_sizes(&duplicate_of)[99_999], 100_000);
    }
}
