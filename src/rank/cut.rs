//! Where a ranking is cut and into which shards.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// Where one of several budgets ends in the ranking, which is that of the largest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BudgetPlan {
    /// The budget.
    pub token_budget: u64,
    /// Pages that it holds: the first so many ranks.
    pub pages: u64,
    /// Their tokens.
    pub tokens: u64,
    /// Score of the last of them.
    pub last_score: Option<f64>,
    /// Shards that it holds: the first so many.
    pub shards: usize,
}

/// A run of ranks that makes a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardPlan {
    /// First position in the ranking, from 0.
    pub first: u64,
    /// Pages.
    pub pages: u64,
    /// Tokens of their texts.
    pub tokens: u64,
    /// Hash of the ranking's rows: a shard is written again when they change.
    pub hash: String,
}

/// Where the ranking is cut and into which shards: taken page by page, best first.
pub(super) struct Cut {
    /// Ascending; the last one is the ranking's.
    budgets: Vec<u64>,
    pub(super) reached: Vec<BudgetPlan>,
    shard_tokens: u64,
    pub(super) tokens: u64,
    pub(super) last_score: Option<f64>,
    pub(super) shards: Vec<ShardPlan>,
    hash: Xxh3,
    open: Option<ShardPlan>,
    pub(super) next: u64,
}

impl Cut {
    pub(super) fn new(budgets: Vec<u64>, shard_tokens: u64) -> Self {
        let (reached, shards, hash) = (Vec::new(), Vec::new(), Xxh3::new());
        Self { budgets, reached, shard_tokens, tokens: 0, last_score: None, shards, hash, open: None, next: 0 }
    }

    /// Takes the next page if it fits into the budget; the first that does not fit ends the ranking. Each budget ends
    /// with a shard. `file` is the hash of the file that the page is in: a shard is written again when its pages' files
    /// change.
    pub(super) fn take(&mut self, id: &str, score: f64, page: u64, tokens: u64, file: &str) -> bool {
        while self.budgets.get(self.reached.len()).is_some_and(|budget| self.tokens + tokens > *budget) {
            self.reach();
        }
        if self.reached.len() == self.budgets.len() {
            return false;
        }
        if self.open.as_ref().is_some_and(|shard| shard.tokens > 0 && shard.tokens + tokens > self.shard_tokens) {
            self.close();
        }
        let first = self.next;
        let shard = self.open.get_or_insert_with(|| ShardPlan { first, pages: 0, tokens: 0, hash: String::new() });
        shard.pages += 1;
        shard.tokens += tokens;
        self.hash.update(id.as_bytes());
        self.hash.update(&score.to_le_bytes());
        self.hash.update(&page.to_le_bytes());
        self.hash.update(file.as_bytes());
        self.tokens += tokens;
        self.last_score = Some(score);
        self.next += 1;
        true
    }

    /// Ends the budget that is being filled.
    fn reach(&mut self) {
        self.close();
        if let Some(token_budget) = self.budgets.get(self.reached.len()).copied() {
            let (pages, tokens, last_score) = (self.next, self.tokens, self.last_score);
            self.reached.push(BudgetPlan { token_budget, pages, tokens, last_score, shards: self.shards.len() });
        }
    }

    fn close(&mut self) {
        if let Some(mut shard) = self.open.take() {
            self.hash.update(&shard.first.to_le_bytes());
            shard.hash = format!("{:032x}", self.hash.digest128());
            self.hash.reset();
            self.shards.push(shard);
        }
    }

    /// There are no more pages.
    pub(super) fn end(&mut self) {
        while self.reached.len() < self.budgets.len() {
            self.reach();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(budgets: &[u64], shard_tokens: u64, pages: &[u64]) -> (Vec<bool>, Cut) {
        let mut cut = Cut::new(budgets.to_vec(), shard_tokens);
        let taken = pages.iter().map(|n| cut.take("x", 0.5, 1, *n, "f")).collect();
        cut.end();
        (taken, cut)
    }

    fn shards(cut: &Cut) -> Vec<(u64, u64, u64)> {
        cut.shards.iter().map(|s| (s.first, s.pages, s.tokens)).collect()
    }

    #[test]
    fn the_budget_is_in_tokens_and_a_page_is_never_split() {
        let (taken, cut) = filled(&[100], 50, &[30, 15, 20, 30, 10]);
        assert_eq!(taken, [true, true, true, true, false]);
        assert_eq!(shards(&cut), [(0, 2, 45), (2, 2, 50)]);
        assert_eq!(cut.tokens, 95);
    }

    #[test]
    fn a_page_larger_than_a_shard_is_a_shard() {
        let (taken, cut) = filled(&[1000], 10, &[500, 5]);
        assert_eq!(taken, [true, true]);
        assert_eq!(cut.shards.len(), 2);
        assert_ne!(cut.shards[0].hash, cut.shards[1].hash);
    }

    #[test]
    fn a_smaller_budget_is_the_first_shards_of_a_larger_one() {
        let pages = [30, 15, 20, 30, 10, 40, 10];
        let (_, cut) = filled(&[20, 50, 100, 400], 50, &pages);
        let reached: Vec<_> = cut.reached.iter().map(|b| (b.token_budget, b.pages, b.tokens, b.shards)).collect();
        assert_eq!(reached, [(20, 0, 0, 0), (50, 2, 45, 1), (100, 4, 95, 2), (400, 7, 155, 4)]);
        assert_eq!(shards(&cut), [(0, 2, 45), (2, 2, 50), (4, 2, 50), (6, 1, 10)]);
        for (budget, n) in [(50, 1), (100, 2)] {
            let (_, alone) = filled(&[budget], 50, &pages);
            assert_eq!(alone.shards, cut.shards[..n]);
        }
    }
}
