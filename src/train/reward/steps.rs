//! Where the steps of an output end.

use serde::{Deserialize, Serialize};

use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;

/// What a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// A line that is not blank, with its end.
    #[default]
    Line,
    /// Each token.
    Token,
}

/// The last token of each step, in order; the last one of all is that of the last step.
///
/// # Errors
/// A token is not in the vocabulary.
pub fn ends(tokens: &[u32], split: Split, vocabulary: &Vocabulary) -> Result<Vec<usize>> {
    if split == Split::Token {
        return Ok((0..tokens.len()).collect());
    }
    let mut ends = Vec::new();
    // Whether something but space stands since the last end.
    let mut said = false;
    for (i, token) in tokens.iter().enumerate() {
        let text = vocabulary.decode(&[*token])?;
        said |= !text.trim().is_empty();
        if said && text.contains('\n') {
            ends.push(i);
            said = false;
        }
    }
    match ends.last_mut() {
        // Space at the end belongs to the last step.
        Some(last) if !said => *last = tokens.len() - 1,
        _ if tokens.is_empty() => {}
        _ => ends.push(tokens.len() - 1),
    }
    Ok(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::vocabulary::tests::letters;

    #[test]
    fn steps_are_lines() {
        let (_folder, vocabulary) = letters();
        let at = |text: &str, split| ends(&vocabulary.encode(text, false).unwrap(), split, &vocabulary).unwrap();
        assert_eq!(at("ab\ncd", Split::Line), [2, 4]);
        assert_eq!(at("a\n\n b\n", Split::Line), [1, 5]);
        assert_eq!(at("\n\na", Split::Line), [2]);
        assert_eq!(at("a\n\n", Split::Line), [2]);
        assert_eq!(at("  ", Split::Line), [1]);
        assert!(at("", Split::Line).is_empty());
        assert_eq!(at("ab", Split::Token), [0, 1]);
    }
}
