//! Equations and inequalities.

use num_rational::BigRational;
use num_traits::{Signed, Zero};

use super::super::expression::evaluate::Value;
use super::super::expression::field::{self, Real};
use super::super::expression::node::{Function, Node, Relation};
use super::compare::Comparison;

/// What an answer says: the name it gives the value, and the value. `x = 2 + 3 = 5` is 5, with the name x; what is no
/// equation of a name is a value as it stands.
pub(super) fn value(node: &Node) -> (Option<Node>, Node) {
    let plain = || (None, node.clone());
    let Node::Chain(first, rest) = node else { return plain() };
    if let [(Relation::In, set)] = rest.as_slice() {
        return (Some((**first).clone()), set.clone());
    }
    // After an equation, what it is about is no part of it.
    let exact: Vec<&Node> =
        rest.iter().take_while(|(relation, _)| *relation == Relation::Equal).map(|(_, side)| side).collect();
    let others = &rest[exact.len()..];
    if others.iter().any(|(relation, _)| *relation != Relation::About) {
        return plain();
    }
    let sides: Vec<&Node> = std::iter::once(&**first).chain(exact).collect();
    let Some(last) = (if sides.len() > 1 { sides.last().copied() } else { others.first().map(|(_, side)| side) })
    else {
        return plain();
    };
    let before: &[&Node] = if sides.len() > 1 { &sides[..sides.len() - 1] } else { &sides };
    if let Some(label) = before.iter().find(|side| is_name(side)) {
        return (Some((*label).clone()), last.clone());
    }
    if is_name(last) && before.len() == 1 && before[0].symbols().is_empty() {
        return (Some(last.clone()), before[0].clone());
    }
    if sides.iter().all(|side| side.symbols().is_empty()) {
        return (None, last.clone());
    }
    plain()
}

/// Whether a side is only the name of what is asked for: `x`, `f(x)`, `|AB|`, `∠ABC`, `S_1 : S_2`, `(x, y)`, `\sin A`.
pub(super) fn is_name(node: &Node) -> bool {
    match node {
        Node::Symbol(_) | Node::Text(_) | Node::Call(Function::Named(_), _) => true,
        Node::Call(_, items) | Node::Product(items) | Node::Ratio(items) | Node::Tuple('(', items, ')') => {
            !items.is_empty() && items.iter().all(is_name)
        }
        Node::Quotient(a, b) => is_name(a) && is_name(b),
        _ => false,
    }
}

/// Two sides, the lesser first.
type Pair = (Node, Relation, Node);

/// A chain as relations of two sides each.
pub(super) fn pairs(node: &Node) -> Vec<Pair> {
    let Node::Chain(first, rest) = node else { return Vec::new() };
    let mut left = &**first;
    let mut out = Vec::new();
    for (relation, right) in rest {
        out.push(match relation {
            Relation::Greater => (right.clone(), Relation::Less, left.clone()),
            Relation::GreaterEqual => (right.clone(), Relation::LessEqual, left.clone()),
            Relation::About => (left.clone(), Relation::Equal, right.clone()),
            other => (left.clone(), *other, right.clone()),
        });
        left = right;
    }
    out
}

impl Comparison {
    /// Answers of which one at least is a relation.
    pub(super) fn same_relation(&self, found: &Node, truth: &Node) -> bool {
        let (found_name, found_value) = value(found);
        let (truth_name, truth_value) = value(truth);
        let is_chain = |node: &Node| matches!(node, Node::Chain(..));
        match (is_chain(&found_value), is_chain(&truth_value)) {
            (false, false) => {
                let one_name = match (&found_name, &truth_name) {
                    (Some(a), Some(b)) => a == b || is_applied(a) && is_applied(b),
                    _ => true,
                };
                let constant = found_value.symbols().is_empty() && truth_value.symbols().is_empty();
                if (one_name || constant) && self.same(&found_value, &truth_value) {
                    return true;
                }
                // y = 2x and x = y/2
                is_chain(found) && is_chain(truth) && self.same_pairs(found, truth)
            }
            (true, true) => self.same_pairs(found, truth),
            (true, false) => is_chain(truth) && self.same_pairs(found, truth),
            (false, true) => is_chain(found) && self.same_pairs(found, truth),
        }
    }

    /// Chains of as many relations, each with one of the other that has the same solutions.
    pub(super) fn same_pairs(&self, found: &Node, truth: &Node) -> bool {
        // Of x = a = b only the ends say anything.
        let ends = |node: &Node| -> Vec<Pair> {
            let pairs = pairs(node);
            match (pairs.first(), pairs.last()) {
                (Some(first), Some(last)) if pairs.iter().all(|pair| pair.1 == Relation::Equal) => {
                    vec![(first.0.clone(), Relation::Equal, last.2.clone())]
                }
                _ => pairs,
            }
        };
        let (found, mut truth) = (ends(found), ends(truth));
        found.len() == truth.len()
            && found.iter().all(|pair| match truth.iter().position(|other| self.same_pair(pair, other)) {
                Some(at) => {
                    truth.swap_remove(at);
                    true
                }
                None => false,
            })
    }

    fn same_pair(&self, (a, relation, b): &Pair, (c, other, d): &Pair) -> bool {
        if relation != other {
            return false;
        }
        match relation {
            Relation::In => self.same(b, d) && self.same(a, c),
            Relation::Other(_) => self.same(a, c) && self.same(b, d) || self.same(a, d) && self.same(b, c),
            // The sides themselves may be no numbers: a set, a point.
            Relation::Equal if self.same(a, c) && self.same(b, d) => true,
            relation => {
                let minus = |a: &Node, b: &Node| Node::Sum(vec![a.clone(), Node::Negative(Box::new(b.clone()))]);
                match self.ratio(&minus(a, b), &minus(c, d)) {
                    Some(sign) => sign > 0 || matches!(relation, Relation::Equal | Relation::NotEqual),
                    None => false,
                }
            }
        }
    }

    /// The sign of the constant by which one expression is a multiple of another; none where it is not.
    fn ratio(&self, a: &Node, b: &Node) -> Option<i8> {
        let mut exact: Option<BigRational> = None;
        let mut compared = 0;
        for seed in 1..=4 {
            let (Some(Value::Scalar(x)), Some(Value::Scalar(y))) =
                (self.exact(a, seed, false), self.exact(b, seed, false))
            else {
                break;
            };
            if x.is_zero() || y.is_zero() {
                if x != y {
                    return None;
                }
                continue;
            }
            self.steps.exact(field::Field::bits(&x) + field::Field::bits(&y))?;
            let ratio = x / y;
            match &exact {
                None => exact = Some(ratio),
                Some(other) if *other == ratio => {}
                Some(_) => return None,
            }
            compared += 1;
        }
        if compared >= 2 {
            return exact.map(|ratio| if ratio.is_negative() { -1 } else { 1 });
        }
        let mut ratios: Vec<f64> = Vec::new();
        for seed in 1..=12 {
            if let (Some(Value::Scalar(Real(x))), Some(Value::Scalar(Real(y)))) =
                (self.real(a, seed, seed <= 6), self.real(b, seed, seed <= 6))
                && (x.abs() > 1e-9 || y.abs() > 1e-9)
            {
                ratios.push(x / y);
            }
        }
        let first = *ratios.first()?;
        let constant = ratios.iter().all(|ratio| (ratio - first).abs() <= 1e-8 * first.abs());
        (ratios.len() >= 3 && constant && first.is_finite() && first != 0.0).then_some(if first < 0.0 { -1 } else { 1 })
    }
}

fn is_applied(node: &Node) -> bool {
    matches!(node, Node::Call(Function::Named(_), _))
        || matches!(node, Node::Product(items) if items.iter().all(is_name))
}
