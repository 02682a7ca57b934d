//! How many pages of one domain may join the seed, so that none swamps it.

/// What bounds the recalled pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Pages of a domain at most.
    pub(super) domain_pages_max: usize,
    /// Share of a domain in the seed at most.
    pub(super) domain_share_max: f64,
    /// Documents that are in the seed already.
    pub(super) seed: usize,
    /// Pages that may still join it.
    pub(super) room: usize,
}

/// The most pages that a domain may have in the seed, where `candidates` pages of each could join: the largest number
/// within all bounds, and 1 where there is room at all.
pub(super) fn cap(candidates: &[usize], bounds: &Bounds) -> usize {
    if bounds.room == 0 {
        return 0;
    }
    let joined = |cap: usize| candidates.iter().map(|n| (*n).min(cap)).sum::<usize>();
    let within = |cap: usize| {
        let joined = joined(cap);
        joined <= bounds.room && cap as f64 <= bounds.domain_share_max * (bounds.seed + joined) as f64
    };
    // What is joined grows more slowly the higher the cap, so the caps that will do are those up to some number.
    let (mut low, mut high) = (1, bounds.domain_pages_max.max(1));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if within(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(candidates: &[usize], (domain_pages_max, domain_share_max): (usize, f64), seed: usize, want: usize) {
        let bounds = Bounds { domain_pages_max, domain_share_max, seed, room: 1000 };
        assert_eq!(cap(candidates, &bounds), want);
    }

    #[test]
    fn the_tightest_bound_holds() {
        check(&[500, 3], (50, 1.0), 100, 50);
        // A tenth of 90 + 10.
        check(&[500], (50, 0.1), 90, 10);
        // A fifth of 60 + 4 · 20 + 10 = 30, of 60 + 4 · 40 + 10 = 46, …: the fixed point.
        check(&[500, 500, 500, 500, 10], (1000, 0.2), 60, 70);
        check(&[500], (50, 0.1), 0, 1);
        check(&[800, 700], (1000, 1.0), 0, 500);
        check(&[], (50, 0.5), 10, 5);
    }

    #[test]
    fn no_room_is_no_page() {
        let bounds = Bounds { domain_pages_max: 5, domain_share_max: 1.0, seed: 1, room: 0 };
        assert_eq!(cap(&[3], &bounds), 0);
    }
}
