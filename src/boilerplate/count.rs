//! How many pages of a site hold each paragraph, counted row by row.

/// A page: the number of its file, and its row.
pub(super) type Place = (u64, u32);

/// A repeated paragraph on a page: place, key, and for one of its pages how many hold it, of how many; 0 for the others.
pub(super) type Held = (Place, u128, u64, u64);

/// Counts the pages of each paragraph, from rows sorted by site, key, identity: those with key 0 come first, and say
/// how many pages the site has. Versions of a page count once.
pub(super) struct Counting {
    pages_min: u64,
    share_min: f64,
    unit: Option<u64>,
    /// Pages of the site.
    of: u64,
    key: u128,
    last_identity: Option<u64>,
    /// Pages that hold the paragraph.
    pages: u64,
    first: Option<Place>,
    /// Further pages, until it is clear that the paragraph is repeated.
    waiting: Vec<Place>,
    /// What was found so far.
    pub(super) out: Vec<Held>,
}

impl Counting {
    pub(super) fn new(pages_min: u64, share_min: f64) -> Self {
        Self {
            pages_min,
            share_min,
            unit: None,
            of: 0,
            key: 0,
            last_identity: None,
            pages: 0,
            first: None,
            waiting: Vec::new(),
            out: Vec::new(),
        }
    }

    fn is_repeated(&self) -> bool {
        self.key != 0 && self.pages >= self.pages_min && self.pages as f64 >= self.share_min * self.of as f64
    }

    pub(super) fn take(&mut self, unit: u64, key: u128, identity: u64, place: Place) {
        if self.unit != Some(unit) {
            self.close();
            (self.unit, self.of) = (Some(unit), 0);
        } else if self.key != key {
            self.close();
        }
        self.key = key;
        let new = self.last_identity.replace(identity) != Some(identity);
        if key == 0 {
            self.of += u64::from(new);
            return;
        }
        self.pages += u64::from(new);
        if self.first.is_none() {
            self.first = Some(place);
        } else if self.is_repeated() {
            self.out.extend(self.waiting.drain(..).chain([place]).map(|place| (place, key, 0, 0)));
        } else {
            self.waiting.push(place);
        }
    }

    /// Ends the paragraph.
    pub(super) fn close(&mut self) {
        if let Some(first) = self.first.take().filter(|_| self.is_repeated()) {
            let key = self.key;
            self.out.extend(self.waiting.drain(..).map(|place| (place, key, 0, 0)));
            self.out.push((first, key, self.pages, self.of));
        }
        self.waiting.clear();
        (self.pages, self.last_identity) = (0, None);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Pages of one site, as (identity, keys); gives what is repeated: key, pages, of, places.
    fn count(pages: &[(u64, &[u128])], pages_min: u64, share_min: f64) -> Vec<(u128, u64, u64, Vec<u32>)> {
        let mut rows = Vec::new();
        for (row, (identity, keys)) in (0..).zip(pages) {
            rows.push((0, *identity, row));
            rows.extend(keys.iter().map(|key| (*key, *identity, row)));
        }
        rows.sort_unstable();
        let mut counting = Counting::new(pages_min, share_min);
        for (key, identity, row) in rows {
            counting.take(7, key, identity, (1, row));
        }
        counting.close();
        let mut found: BTreeMap<u128, (u64, u64, Vec<u32>)> = BTreeMap::new();
        for ((_, row), key, pages, of) in counting.out {
            let one = found.entry(key).or_default();
            (one.0, one.1) = (one.0 + pages, one.1 + of);
            one.2.push(row);
            one.2.sort_unstable();
        }
        found.into_iter().map(|(key, (pages, of, rows))| (key, pages, of, rows)).collect()
    }

    #[test]
    fn a_paragraph_is_repeated_on_enough_pages_and_on_a_share_of_them() {
        let pages: [(u64, &[u128]); 5] = [(1, &[9, 8]), (2, &[9, 8]), (3, &[9]), (4, &[9]), (5, &[])];
        assert_eq!(count(&pages, 3, 0.1), [(9, 4, 5, vec![0, 1, 2, 3])]);
        assert_eq!(count(&pages, 2, 0.5), [(9, 4, 5, vec![0, 1, 2, 3])]);
        assert_eq!(count(&pages, 5, 0.1), []);
        assert_eq!(count(&pages, 2, 0.9), []);
        assert_eq!(count(&pages, 2, 0.4).len(), 2);
    }

    #[test]
    fn versions_of_a_page_count_once_and_all_lose_it() {
        let versions: [(u64, &[u128]); 4] = [(1, &[9]), (1, &[9]), (1, &[9]), (2, &[])];
        assert_eq!(count(&versions, 2, 0.1), []);
        let more: [(u64, &[u128]); 4] = [(1, &[9]), (1, &[9]), (3, &[9]), (2, &[])];
        assert_eq!(count(&more, 2, 0.1), [(9, 2, 3, vec![0, 1, 2])]);
    }
}
