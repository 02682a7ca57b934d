//! Where the steps of an output end.

use serde::{Deserialize, Serialize};

use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::Result;
use crate::train::sample::Output;

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

/// The last token of each step, in order; the last one of all is that of the last step. What the policy did not write,
/// the output of a tool, belongs to the step before it.
///
/// # Errors
/// A token is not in the vocabulary.
pub fn ends(output: &Output, split: Split, vocabulary: &Vocabulary) -> Result<Vec<usize>> {
    let tokens = output.text_tokens();
    let mut ends = Vec::new();
    // Whether the policy wrote something but space since the last end.
    let mut said = false;
    for (i, token) in tokens.iter().enumerate() {
        let ended = if output.chosen[i] {
            let text = vocabulary.decode(&[*token])?;
            said |= split == Split::Token || !text.trim().is_empty();
            split == Split::Token || text.contains('\n')
        } else {
            output.chosen.get(i + 1) != Some(&false)
        };
        if ended && said {
            ends.push(i);
            said = false;
        } else if !output.chosen[i]
            && !said
            && let Some(last) = ends.last_mut()
        {
            *last = i;
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
        let at = |text: &str, split| {
            let tokens = vocabulary.encode(text, false).unwrap();
            let output = Output { chosen: vec![true; tokens.len()], tokens, ..Output::default() };
            ends(&output, split, &vocabulary).unwrap()
        };
        assert_eq!(at("ab\ncd", Split::Line), [2, 4]);
        assert_eq!(at("a\n\n b\n", Split::Line), [1, 5]);
        assert_eq!(at("\n\na", Split::Line), [2]);
        assert_eq!(at("a\n\n", Split::Line), [2]);
        assert_eq!(at("  ", Split::Line), [1]);
        assert!(at("", Split::Line).is_empty());
        assert_eq!(at("ab", Split::Token), [0, 1]);
    }

    #[test]
    fn what_a_tool_prints_belongs_to_the_step_before() {
        let (_folder, vocabulary) = letters();
        // What the policy wrote, then what was put in, in turns.
        let at = |texts: &[&str], split| {
            let mut output = Output::default();
            for (i, text) in texts.iter().enumerate() {
                output.tokens.extend(vocabulary.encode(text, false).unwrap());
                output.chosen.resize(output.tokens.len(), i % 2 == 0);
            }
            ends(&output, split, &vocabulary).unwrap()
        };
        assert_eq!(at(&["ab\ncd", "\n4\n5\n", "e\n"], Split::Line), [2, 9, 11]);
        assert_eq!(at(&["ab\n", "4\n5\n"], Split::Line), [6]);
        assert_eq!(at(&["ab\n", "4\n5\n", "c"], Split::Line), [6, 7]);
        assert_eq!(at(&["ab", "4", " \n", "5\n", "c"], Split::Line), [6, 7]);
        assert_eq!(at(&["ab", "45", "c"], Split::Token), [0, 3, 4]);
        assert_eq!(at(&["", "45\n", "c"], Split::Line), [3]);
    }
}
