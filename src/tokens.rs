//! Counting tokens, the unit of the budget (the paper's budgets are in tokens, section 2.1).

use serde::{Deserialize, Serialize};

/// A tokenizer that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tokenizer {
    /// OpenAI's `cl100k_base`: close to the vocabularies of current models on English, code and LaTeX.
    #[default]
    Cl100kBase,
    /// OpenAI's `o200k_base`: a larger vocabulary, fewer tokens on Chinese.
    O200kBase,
}

impl Tokenizer {
    /// The number of tokens of `text`.
    #[must_use]
    pub fn count(self, text: &str) -> u64 {
        let tokenizer = match self {
            Self::Cl100kBase => bpe_openai::cl100k_base(),
            Self::O200kBase => bpe_openai::o200k_base(),
        };
        tokenizer.count(text) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_the_vocabulary() {
        assert_eq!(Tokenizer::Cl100kBase.count("hello world"), 2);
        assert_eq!(Tokenizer::O200kBase.count(""), 0);
        assert!(Tokenizer::O200kBase.count("高等数学") <= Tokenizer::Cl100kBase.count("高等数学"));
    }
}
