//! `[rank]`: what is collected.

use serde::{Deserialize, Serialize};

use crate::config::load::ConfigError;
use crate::config::units::TokenBudget;

/// What is collected.
#[derive(Clone, Debug, Serialize)]
pub struct Rank {
    /// Tokens to collect, best pages first (40B in the paper's first round).
    pub token_budget: TokenBudget,
    /// Tokens a shard: also bounds the memory of the task that writes it (about 4 bytes a token).
    pub shard_tokens: TokenBudget,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawRank {
    token_budget: Option<TokenBudget>,
    shard_tokens: Option<TokenBudget>,
}

impl TryFrom<RawRank> for Option<Rank> {
    type Error = ConfigError;

    fn try_from(raw: RawRank) -> Result<Self, ConfigError> {
        let RawRank { token_budget, shard_tokens } = raw;
        let shard_tokens = shard_tokens.unwrap_or(TokenBudget(25_000_000));
        if shard_tokens.0 == 0 {
            return Err(ConfigError::value("rank.shard_tokens", "at least 1 token, \"25M\" say".to_owned(), 0));
        }
        let Some(token_budget) = token_budget else { return Ok(None) };
        if token_budget.0 == 0 {
            return Err(ConfigError::value("rank.token_budget", "at least 1 token, \"40B\" say".to_owned(), 0));
        }
        Ok(Some(Rank { token_budget, shard_tokens }))
    }
}
