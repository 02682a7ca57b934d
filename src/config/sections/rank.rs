//! `[rank]`: what is collected.

use serde::{Deserialize, Serialize};

use crate::config::load::ConfigError;
use crate::config::units::TokenBudget;

/// What is collected.
#[derive(Clone, Debug, Serialize)]
pub struct Rank {
    /// Tokens to collect in each round, best pages first (40B in the paper's first round); the last one repeats.
    token_budget: Vec<TokenBudget>,
    /// Tokens a shard: also bounds the memory of the task that writes it (about 4 bytes a token).
    pub shard_tokens: TokenBudget,
    /// Budgets to choose among, smallest first: each ends with a shard, and its composition is told.
    pub budgets: Vec<TokenBudget>,
}

impl Rank {
    /// The budget of a round.
    #[must_use]
    pub fn token_budget(&self, round: u32) -> TokenBudget {
        let place = (round.max(1) as usize - 1).min(self.token_budget.len().saturating_sub(1));
        self.token_budget.get(place).copied().unwrap_or(TokenBudget(0))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number of tokens, such as 60000, \"60k\" or \"40B\", or a list of them by round"
)]
enum OneOrMany {
    Many(Vec<TokenBudget>),
    One(TokenBudget),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawRank {
    token_budget: Option<OneOrMany>,
    shard_tokens: Option<TokenBudget>,
    budgets: Option<Vec<TokenBudget>>,
}

impl TryFrom<RawRank> for Option<Rank> {
    type Error = ConfigError;

    fn try_from(raw: RawRank) -> Result<Self, ConfigError> {
        let RawRank { token_budget, shard_tokens, budgets } = raw;
        let shard_tokens = shard_tokens.unwrap_or(TokenBudget(25_000_000));
        if shard_tokens.0 == 0 {
            return Err(ConfigError::value("rank.shard_tokens", "at least 1 token, \"25M\" say".to_owned(), 0));
        }
        let mut budgets = budgets.unwrap_or_default();
        budgets.sort_unstable();
        budgets.dedup();
        if budgets.first().is_some_and(|budget| budget.0 == 0) {
            return Err(ConfigError::value("rank.budgets", "at least 1 token each, \"40B\" say".to_owned(), 0));
        }
        let token_budget = match token_budget {
            None => return Ok(None),
            Some(OneOrMany::One(budget)) => vec![budget],
            Some(OneOrMany::Many(budgets)) => budgets,
        };
        if token_budget.is_empty() {
            let expected = "a budget, or a list of budgets by round".to_owned();
            return Err(ConfigError::value("rank.token_budget", expected, "[]"));
        }
        if token_budget.iter().any(|budget| budget.0 == 0) {
            return Err(ConfigError::value("rank.token_budget", "at least 1 token, \"40B\" say".to_owned(), 0));
        }
        Ok(Some(Rank { token_budget, shard_tokens, budgets }))
    }
}
