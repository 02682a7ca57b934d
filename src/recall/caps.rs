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

/// The most pages that a domain may have in the seed, where of each (pages that could join, pages there already) are
/// given: the largest number within all bounds, and 1 where there is room at all.
pub(super) fn cap(domains: &[(usize, usize)], bounds: &Bounds) -> usize {
    if bounds.room == 0 {
        return 0;
    }
    let joined = |cap: usize| domains.iter().map(|(n, there)| (*n).min(cap.saturating_sub(*there))).sum::<usize>();
    let within = |cap: usize| {
        let joined = joined(cap);
        joined <= bounds.room && cap as f64 <= bounds.domain_share_max * (bounds.seed + joined) as f64
    };
    // A cap that will do may have some below it that will not: what has pages already joins late.
    let highest = domains.iter().map(|(n, there)| n + there).max().unwrap_or(usize::MAX);
    (1..=bounds.domain_pages_max.min(highest)).rev().find(|cap| within(*cap)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(candidates: &[usize], (domain_pages_max, domain_share_max): (usize, f64), seed: usize, want: usize) {
        let bounds = Bounds { domain_pages_max, domain_share_max, seed, room: 1000 };
        let domains: Vec<(usize, usize)> = candidates.iter().map(|n| (*n, 0)).collect();
        assert_eq!(cap(&domains, &bounds), want);
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
        assert_eq!(cap(&[(3, 0)], &bounds), 0);
    }

    #[test]
    fn what_is_there_already_counts() {
        let bounds = Bounds { domain_pages_max: 1000, domain_share_max: 0.1, seed: 1000, room: 1000 };
        // A tenth of 1000 + 11: with 90 there 11 more may join, not 21.
        assert_eq!(cap(&[(500, 90)], &bounds), 101);
        // Room for 100: ten more of what has 90, and 90 of what has none would be 100.
        let bounds = Bounds { domain_share_max: 1.0, room: 100, ..bounds };
        assert_eq!(cap(&[(500, 90), (500, 0)], &bounds), 95);
    }
}
