//! A set of the crawl's pages, a bit a page: what a pass over all of a crawl may hold of it.

use super::exchange::PageRef;

/// A set of pages. A thousand million pages of a crawl take 125 MB.
#[derive(Clone, Debug, Default)]
pub struct PageSet {
    /// By file, then by row, 64 rows a word.
    files: Vec<Vec<u64>>,
}

impl PageSet {
    /// Adds a page; whether it was not there before.
    pub fn insert(&mut self, page: PageRef) -> bool {
        let (file, word) = (page.file(), page.row() as usize / 64);
        if self.files.len() <= file {
            self.files.resize_with(file + 1, Vec::new);
        }
        let rows = &mut self.files[file];
        if rows.len() <= word {
            rows.resize(word + 1, 0);
        }
        let bit = 1 << (page.row() % 64);
        let new = rows[word] & bit == 0;
        rows[word] |= bit;
        new
    }

    /// Whether a page is in the set.
    #[must_use]
    pub fn holds(&self, page: PageRef) -> bool {
        let word = self.files.get(page.file()).and_then(|rows| rows.get(page.row() as usize / 64));
        word.is_some_and(|word| word & (1 << (page.row() % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_in_once() {
        let mut set = PageSet::default();
        let pages = [(0, 0), (0, 63), (0, 64), (3, 7)].map(|(file, row)| PageRef::new(file, row));
        assert!(pages.iter().all(|page| !set.holds(*page) && set.insert(*page)));
        assert!(pages.iter().all(|page| set.holds(*page) && !set.insert(*page)));
        for (file, row) in [(0, 1), (0, 65), (0, 1000), (1, 0), (3, 6), (9, 7)] {
            assert!(!set.holds(PageRef::new(file, row)));
        }
    }
}
