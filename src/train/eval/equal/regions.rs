//! Sets of real numbers: intervals, unions, conditions. Two are equal where they hold the same numbers of those tried: the
//! bounds of both, numbers close to them and between them, and far out.

use std::cell::Cell;

use super::super::expression::evaluate::Evaluator;
use super::super::expression::field::Real;
use super::super::expression::node::{Node, Relation, Space};
use super::compare::Comparison;
use super::numbers::infinite;
use super::relations::{is_name, pairs};

/// Bounds and points of a set at most.
const MARKS_MAX: usize = 200;

/// A relation between two functions of one variable.
struct Condition {
    left: Node,
    relation: Relation,
    right: Node,
    variable: String,
}

/// A set of real numbers.
enum Region {
    Interval {
        low: f64,
        low_in: bool,
        high: f64,
        high_in: bool,
    },
    Points(Vec<f64>),
    Integers {
        from: f64,
    },
    Union(Vec<Region>),
    Intersection(Vec<Region>),
    Difference(Box<Region>, Box<Region>),
    /// Where `left` and `right` stand so, as functions of the variable.
    Where(Box<Condition>),
    /// Conditions side by side, which may be meant all together or any of them.
    Either(Vec<Region>, Cell<Option<bool>>),
}

impl Comparison {
    /// Whether two answers are the same set of numbers; none where one is not read as such.
    pub(super) fn same_region(&self, found: &Node, truth: &Node) -> Option<bool> {
        if let (Node::Space(a), Node::Space(b)) = (found, truth) {
            return Some(a == b);
        }
        // As conditions they may be the same without being solved, and with more than one variable.
        if let (Node::Chain(..), Node::Chain(..)) = (found, truth)
            && self.same_pairs(found, truth)
        {
            return Some(true);
        }
        // Bounds that have variables.
        if let (Node::Tuple(open, a, close), Node::Tuple(other_open, b, other_close)) = (found, truth) {
            return Some((open, close) == (other_open, other_close) && self.same_in_order(a, b));
        }
        let (a, b) = (self.region(found)?, self.region(truth)?);
        let mut marks = Vec::new();
        a.marks(&mut marks);
        b.marks(&mut marks);
        marks.retain(|mark| mark.is_finite());
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        if marks.len() > MARKS_MAX {
            return None;
        }
        let mut tried = vec![-1e6, -1234.5, 1234.5, 1e6, 0.0, 0.37, -0.37];
        for (i, mark) in marks.iter().enumerate() {
            let step = 1e-4 * mark.abs().max(1.0);
            tried.extend([*mark, mark - step, mark + step, mark - 1.0, mark + 1.0]);
            if let Some(next) = marks.get(i + 1) {
                tried.extend([0.5 * (mark + next), 0.3 * mark + 0.7 * next]);
            }
        }
        let (low, high) = (marks.first().copied().unwrap_or(0.0), marks.last().copied().unwrap_or(0.0));
        // A condition may change at bounds that it does not name.
        tried.extend((-3..=24).flat_map(|power| [1.7, -1.7].map(|sign| sign * 10f64.powi(power))));
        tried.extend((0..40).map(|i| low - 3.0 + (high - low + 6.0) * (f64::from(i) + 0.37) / 40.0));
        a.settle(self, &tried);
        b.settle(self, &tried);
        let mut held = false;
        for x in tried {
            let (in_a, in_b) = (a.holds(self, x)?, b.holds(self, x)?);
            if in_a != in_b {
                return Some(false);
            }
            held |= in_a;
        }
        Some(held)
    }

    fn number(&self, node: &Node) -> Option<f64> {
        if let Some(sign) = infinite(node) {
            return Some(f64::INFINITY * f64::from(sign));
        }
        node.symbols().is_empty().then_some(())?;
        let node = match node {
            Node::Quantity(inner, _) => inner,
            node => node,
        };
        Evaluator::<Real> { point: &|_| None, steps: &self.steps }.scalar(node).map(|x| x.0)
    }

    fn region(&self, node: &Node) -> Option<Region> {
        Some(match node {
            Node::Tuple(open @ ('(' | '['), items, close @ (')' | ']')) if items.len() == 2 => Region::Interval {
                low: self.number(&items[0])?,
                low_in: *open == '[',
                high: self.number(&items[1])?,
                high_in: *close == ']',
            },
            Node::Set(items) => Region::Points(items.iter().map(|item| self.number(item)).collect::<Option<_>>()?),
            Node::Union(items) | Node::List(items, true) => Region::Union(self.regions(items)?),
            Node::Intersection(items) => Region::Intersection(self.regions(items)?),
            Node::Difference(a, b) => Region::Difference(Box::new(self.region(a)?), Box::new(self.region(b)?)),
            Node::Space(Space::Reals) => {
                Region::Interval { low: f64::NEG_INFINITY, low_in: false, high: f64::INFINITY, high_in: false }
            }
            Node::Space(Space::Integers) => Region::Integers { from: f64::NEG_INFINITY },
            Node::Space(Space::Naturals) => Region::Integers { from: 0.0 },
            Node::Builder(variable, condition) => match &**variable {
                Node::Symbol(_) => self.region(condition)?,
                Node::Chain(_, rest) => match rest.as_slice() {
                    [(Relation::In, space)] => Region::Intersection(vec![self.region(space)?, self.region(condition)?]),
                    _ => return None,
                },
                _ => return None,
            },
            Node::List(items, false) => Region::Either(self.regions(items)?, Cell::new(None)),
            Node::Chain(_, rest) => match rest.as_slice() {
                [(Relation::In, set)] => self.region(set)?,
                _ => Region::Intersection(pairs(node).iter().map(|pair| self.pair(pair)).collect::<Option<_>>()?),
            },
            _ => return None,
        })
    }

    fn regions(&self, items: &[Node]) -> Option<Vec<Region>> {
        items.iter().map(|item| self.region(item)).collect()
    }

    fn pair(&self, (left, relation, right): &(Node, Relation, Node)) -> Option<Region> {
        let closed = *relation == Relation::LessEqual;
        let (below, above) = (f64::NEG_INFINITY, f64::INFINITY);
        if matches!(relation, Relation::Less | Relation::LessEqual) {
            if is_variable(left) && right.symbols().is_empty() {
                let high = self.number(right)?;
                return Some(Region::Interval { low: below, low_in: false, high, high_in: closed });
            }
            if is_variable(right) && left.symbols().is_empty() {
                let low = self.number(left)?;
                return Some(Region::Interval { low, low_in: closed, high: above, high_in: false });
            }
        }
        if !matches!(relation, Relation::Less | Relation::LessEqual | Relation::NotEqual | Relation::Equal) {
            return None;
        }
        let mut variables = left.symbols();
        variables.extend(right.symbols());
        variables.dedup();
        match variables.as_slice() {
            [variable] => Some(Region::Where(Box::new(Condition {
                left: left.clone(),
                relation: *relation,
                right: right.clone(),
                variable: (*variable).to_owned(),
            }))),
            _ => None,
        }
    }
}

/// Whether a side stands for the number that runs: a variable, or a function of which only the value matters.
fn is_variable(node: &Node) -> bool {
    match node {
        Node::Symbol(_) => true,
        Node::Call(super::super::expression::node::Function::Named(_), _) => is_name(node),
        _ => false,
    }
}

impl Region {
    /// The numbers where it may change.
    fn marks(&self, out: &mut Vec<f64>) {
        match self {
            Self::Interval { low, high, .. } => out.extend([*low, *high]),
            Self::Points(points) => out.extend(points),
            Self::Integers { .. } => out.extend([-1.0, 0.0, 1.0, 2.0]),
            Self::Union(items) | Self::Intersection(items) | Self::Either(items, _) => {
                items.iter().for_each(|item| item.marks(out));
            }
            Self::Difference(a, b) => {
                a.marks(out);
                b.marks(out);
            }
            Self::Where(condition) => {
                numbers(&condition.left, out);
                numbers(&condition.right, out);
            }
        }
    }

    /// Decides whether conditions side by side are all meant, or any: all, unless no number meets them.
    fn settle(&self, comparison: &Comparison, tried: &[f64]) {
        match self {
            Self::Either(items, any) => {
                items.iter().for_each(|item| item.settle(comparison, tried));
                let all = |x: &f64| items.iter().all(|item| item.holds(comparison, *x) == Some(true));
                any.set(Some(!tried.iter().any(all)));
            }
            Self::Union(items) | Self::Intersection(items) => {
                items.iter().for_each(|item| item.settle(comparison, tried));
            }
            Self::Difference(a, b) => {
                a.settle(comparison, tried);
                b.settle(comparison, tried);
            }
            Self::Interval { .. } | Self::Points(_) | Self::Integers { .. } | Self::Where(_) => {}
        }
    }

    /// Whether it holds a number; none where that cannot be said.
    fn holds(&self, comparison: &Comparison, x: f64) -> Option<bool> {
        Some(match self {
            Self::Interval { low, low_in, high, high_in } => {
                (if near(x, *low) { *low_in } else { x > *low }) && (if near(x, *high) { *high_in } else { x < *high })
            }
            Self::Points(points) => points.iter().any(|point| near(x, *point)),
            Self::Integers { from } => x.fract() == 0.0 && x >= *from,
            Self::Union(items) => any(items, comparison, x)?,
            Self::Intersection(items) => all(items, comparison, x)?,
            Self::Either(items, union) => match union.get() {
                Some(true) => any(items, comparison, x)?,
                _ => all(items, comparison, x)?,
            },
            Self::Difference(a, b) => a.holds(comparison, x)? && !b.holds(comparison, x)?,
            Self::Where(condition) => {
                let Condition { left, relation, right, variable } = &**condition;
                let point = |name: &str| (name == variable).then_some(Real(x));
                let evaluator = Evaluator { point: &point, steps: &comparison.steps };
                // Where a side has no value, no relation holds.
                let (Some(Real(a)), Some(Real(b))) = (evaluator.scalar(left), evaluator.scalar(right)) else {
                    return comparison.steps.take(1).map(|()| false);
                };
                match relation {
                    Relation::Less => !near(a, b) && a < b,
                    Relation::LessEqual => near(a, b) || a < b,
                    Relation::NotEqual => !near(a, b),
                    Relation::Equal => near(a, b),
                    _ => return None,
                }
            }
        })
    }
}

fn any(items: &[Region], comparison: &Comparison, x: f64) -> Option<bool> {
    items.iter().try_fold(false, |any, item| Some(any | item.holds(comparison, x)?))
}

fn all(items: &[Region], comparison: &Comparison, x: f64) -> Option<bool> {
    items.iter().try_fold(true, |all, item| Some(all & item.holds(comparison, x)?))
}

/// The same number, rounding aside.
fn near(a: f64, b: f64) -> bool {
    a == b || a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

/// The numbers that stand in a condition, of either sign.
fn numbers(node: &Node, out: &mut Vec<f64>) {
    use num_traits::ToPrimitive;
    if let Node::Number(literal) = node {
        let value = literal.value.to_f64().unwrap_or(0.0);
        out.extend([value, -value]);
    }
    node.children().into_iter().for_each(|child| numbers(child, out));
}
