//! Mathematics as people and models write it, LaTeX or plain, as a tree that can be compared.
//!
//! [`characters`] makes one alphabet of many, [`lexer`] makes tokens, [`parser`], [`primary`] and [`postfix`] the tree ([`node`]), and
//! [`evaluate`] gives its value at a point in one of two fields ([`field`]): exact rationals, or numbers of double
//! precision. Everything is bounded by counts (characters, depth, cells, bits, steps), never by a clock, so that an answer
//! is judged the same everywhere.

pub(crate) mod characters;
pub(crate) mod evaluate;
pub(crate) mod field;
pub(crate) mod lexer;
pub(crate) mod literal;
pub(crate) mod node;
pub(crate) mod numerals;
pub(crate) mod parser;
pub(crate) mod postfix;
pub(crate) mod primary;
pub(crate) mod token;
pub(crate) mod units;

use node::Node;
use units::Unit;

/// The trees that a text may stand for, the likeliest first; none where it is no mathematics.
pub(crate) fn readings(text: &str) -> Vec<Node> {
    let Some(lexed) = lexer::lex(text, true) else { return Vec::new() };
    let mut readings: Vec<Node> = parser::parse(lexed.tokens).into_iter().collect();
    // 1,234 may be two items.
    if lexed.ambiguous
        && let Some(other) = lexer::lex(text, false).and_then(|lexed| parser::parse(lexed.tokens))
    {
        readings.push(other);
    }
    if text.trim_start_matches(['$', ' ']).starts_with("\\$") {
        readings = readings.into_iter().map(in_dollars).collect();
    }
    readings
}

/// A value after a sign of dollars; what has a unit keeps it, and what is no number stays as it is.
fn in_dollars(node: Node) -> Node {
    let number = matches!(
        node,
        Node::Number(_) | Node::Negative(_) | Node::Sum(_) | Node::Product(_) | Node::Quotient(..) | Node::Power(..)
    );
    if number && !node.any(&|node| matches!(node, Node::Quantity(..))) {
        Node::Quantity(Box::new(node), Unit::of("dollars"))
    } else {
        node
    }
}
