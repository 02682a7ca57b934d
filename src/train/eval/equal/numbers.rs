//! Numbers, quantities and expressions.

use num_complex::Complex64;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::super::expression::evaluate::{Evaluator, Value};
use super::super::expression::field::{Field, Real};
use super::super::expression::literal::power_of_ten;
use super::super::expression::node::{Constant, Literal, Node};
use super::super::expression::numerals::changes;
use super::super::expression::units::Unit;
use super::compare::Comparison;

/// Relative difference within which the paper takes numbers for equal.
const RELATIVE: f64 = 1e-3;
/// Relative difference that rounding in double precision may leave.
const PRECISION: f64 = 1e-9;
/// Significant digits and places from which a decimal is one that a program printed.
const PRINTED_DIGITS: usize = 12;
const PRINTED_PLACES: i32 = -6;
/// Points at which expressions are compared: all variables positive, and of either sign.
const POSITIVE_POINTS: u64 = 6;
const POINTS: u64 = 12;
/// Points at which both must have a value.
const POINTS_MIN: usize = 3;
/// Points at which exact values are compared: on both sides of one, with either sign.
const EXACT_POINTS: usize = 6;

/// Words that say opposite things of a number.
const OPPOSED: [&[&str]; 7] = [
    &["north", "south", "east", "west"],
    &["left", "right"],
    &["up", "down"],
    &["above", "below"],
    &["clockwise", "counterclockwise"],
    &["gain", "loss"],
    &["profit", "loss"],
];

impl Comparison {
    /// Numbers and expressions, with or without units.
    pub(super) fn same_quantity(&self, found: &Node, truth: &Node) -> bool {
        match (found, truth) {
            (Node::Percent(a), Node::Percent(b)) => self.same_value(a, b),
            (Node::Percent(a), b) | (b, Node::Percent(a)) if !matches!(b, Node::Quantity(..)) => {
                self.same_value(a, b) || self.same_value(&Node::Percent(a.clone()), b)
            }
            (Node::Quantity(a, unit), Node::Quantity(b, other)) => match (unit, other) {
                (Unit::Known(quantity, power, factor), Unit::Known(other, other_power, other_factor)) => {
                    (quantity, power) == (other, other_power)
                        && if factor == other_factor {
                            self.same_value(a, b)
                        } else {
                            self.same_value(&scaled(a, factor), &scaled(b, other_factor))
                        }
                }
                (Unit::Degree, Unit::Known("angle in radians", ..)) => self.same_value(found, b),
                (Unit::Known("angle in radians", ..), Unit::Degree) => self.same_value(a, truth),
                (Unit::Degree, Unit::Known(quantity, ..)) | (Unit::Known(quantity, ..), Unit::Degree) => {
                    quantity.starts_with("degrees") && self.same_value(a, b)
                }
                (Unit::Counted(words), Unit::Counted(others)) if opposed(words, others) => false,
                (Unit::Counted(words), other) | (other, Unit::Counted(words)) if changes(words) => {
                    unit_words(other) == Some(words) && self.same_value(a, b)
                }
                _ => self.same_value(a, b),
            },
            (Node::Quantity(_, Unit::Counted(words)), _) | (_, Node::Quantity(_, Unit::Counted(words)))
                if changes(words) =>
            {
                false
            }
            (Node::Quantity(a, unit), b) | (b, Node::Quantity(a, unit)) => {
                self.same_value(a, b)
                    || *unit == Unit::Degree
                        && b.any(&|node| *node == Node::Constant(Constant::Pi))
                        && self.same_value(&Node::Quantity(a.clone(), Unit::Degree), b)
            }
            _ => self.same_value(found, truth),
        }
    }

    /// Whether two trees have the same value, as numbers or for every value of their variables.
    pub(super) fn same_value(&self, found: &Node, truth: &Node) -> bool {
        if found == truth {
            return true;
        }
        if let Some(sign) = infinite(found) {
            return Some(sign) == infinite(truth);
        }
        // Products in the cells of a matrix and the like are not numbers, but may be compared as they are.
        if found.symbols().is_empty() && truth.symbols().is_empty() {
            self.same_constant(found, truth).unwrap_or(false)
        } else {
            self.same_function(found, truth)
        }
    }

    /// The exact value at a point, where there is one.
    pub(super) fn exact(&self, node: &Node, seed: u64, positive: bool) -> Option<Value<BigRational>> {
        let point = |name: &str| Some(coordinate(name, seed, positive));
        Evaluator { point: &point, steps: &self.steps }.value(node)
    }

    /// The value at a point in real numbers.
    pub(super) fn real(&self, node: &Node, seed: u64, positive: bool) -> Option<Value<Real>> {
        let point = |name: &str| Real::literal(&coordinate(name, seed, positive));
        Evaluator { point: &point, steps: &self.steps }.value(node)
    }

    /// The value at a point in complex numbers; `real` keeps the variables real.
    fn complex(&self, node: &Node, seed: u64, real: bool) -> Option<Value<Complex64>> {
        let point = |name: &str| {
            let part = |seed: u64| Real::literal(&coordinate(name, seed, real)).map(|x| x.0);
            Some(Complex64::new(part(seed)?, if real { 0.0 } else { part(seed ^ 0x5555)? }))
        };
        Evaluator { point: &point, steps: &self.steps }.value(node)
    }

    fn same_constant(&self, found: &Node, truth: &Node) -> Option<bool> {
        let exact = (self.exact(found, 0, true), self.exact(truth, 0, true));
        if let (Some(Value::Scalar(a)), Some(Value::Scalar(b))) = &exact {
            if a == b {
                return Some(true);
            }
            let places = |node: &Node| literal(node).and_then(|literal| literal.place).map_or(0, i32::unsigned_abs);
            self.steps.exact(a.bits() + b.bits() + 4 * u64::from(places(found) + places(truth)))?;
            let rounds = literal(found).is_some_and(|literal| literal.rounds(b))
                || literal(truth).is_some_and(|literal| literal.rounds(a));
            let near = (a - b).abs() * BigRational::from_integer(1000.into()) <= b.abs();
            // 17.999999999999996
            if (is_printed(found) || is_printed(truth)) && is_residue(a, b) {
                self.rounded.set(true);
                return Some(true);
            }
            if rounds && near {
                self.rounded.set(true);
            }
            return Some(rounds && near);
        }
        if let (Some(a), Some(b)) = &exact {
            return Some(a == b);
        }
        let imaginary = |node: &Node| node.any(&|node| *node == Node::Constant(Constant::I));
        if !imaginary(found)
            && !imaginary(truth)
            && let (Some(a), Some(b)) = (self.real(found, 0, true), self.real(truth, 0, true))
        {
            if let (Value::Scalar(a), Value::Scalar(b)) = (&a, &b) {
                // A decimal beside a number that no decimal is.
                let decimal = |node: &Node| node.any(&|node| matches!(node, Node::Number(n) if n.place.is_some()));
                let approximate = exact.0.is_some() && decimal(found) || exact.1.is_some() && decimal(truth);
                if approximate && (a.0 - b.0).abs() <= RELATIVE * b.0.abs() {
                    self.rounded.set(true);
                    return Some(true);
                }
                let zero =
                    |value: &Option<Value<BigRational>>| matches!(value, Some(Value::Scalar(n)) if Zero::is_zero(n));
                if zero(&exact.0) || zero(&exact.1) {
                    return Some((a.0 - b.0).abs() <= 1e-12);
                }
            }
            return Some(close(&a, &b));
        }
        Some(close(&self.complex(found, 0, true)?, &self.complex(truth, 0, true)?))
    }

    /// Expressions with variables: equal at every point where both have a value.
    fn same_function(&self, found: &Node, truth: &Node) -> bool {
        let mut compared = 0;
        for seed in 1..=EXACT_POINTS as u64 {
            match (self.exact(found, seed, false), self.exact(truth, seed, false)) {
                (Some(a), Some(b)) if a == b => compared += 1,
                (Some(_), Some(_)) => return false,
                _ => break,
            }
        }
        if compared == EXACT_POINTS {
            return true;
        }
        let imaginary = |node: &Node| node.any(&|node| *node == Node::Constant(Constant::I));
        let complex = imaginary(found) || imaginary(truth);
        compared = 0;
        for seed in 1..=POINTS {
            let positive = seed <= POSITIVE_POINTS;
            let same = if complex {
                let values = (self.complex(found, seed, positive), self.complex(truth, seed, positive));
                values.0.zip(values.1).map(|(a, b)| close(&a, &b))
            } else {
                let values = (self.real(found, seed, positive), self.real(truth, seed, positive));
                values.0.zip(values.1).map(|(a, b)| close(&a, &b))
            };
            match same {
                Some(true) => compared += 1,
                Some(false) => return false,
                None => {}
            }
        }
        if compared >= POINTS_MIN {
            return true;
        }
        // Nowhere real: a root or a logarithm of what is negative.
        let same = |seed: u64| Some(close(&self.complex(found, seed, false)?, &self.complex(truth, seed, false)?));
        let all: Vec<bool> = (1..=POINTS_MIN as u64).filter_map(same).collect();
        all.len() == POINTS_MIN && all.into_iter().all(|same| same)
    }
}

/// Whether words after two numbers say opposite things of them.
fn opposed(words: &str, others: &str) -> bool {
    let said = |text: &str, group: &[&str]| group.iter().position(|word| text.split(' ').any(|said| said == *word));
    OPPOSED.iter().any(|group| matches!((said(words, group), said(others, group)), (Some(a), Some(b)) if a != b))
}

/// The words of a unit that is not in the table.
fn unit_words(unit: &Unit) -> Option<&String> {
    match unit {
        Unit::Counted(words) => Some(words),
        _ => None,
    }
}

/// The coordinate of a point for a variable: a small fraction that depends on the name and the point alone.
fn coordinate(name: &str, seed: u64, positive: bool) -> BigRational {
    let hash = xxh3_64_with_seed(name.as_bytes(), seed);
    // Points lie below one, around one and above, so that some are within reach of most functions.
    let below = match seed % 3 {
        0 => 97,
        1 => 29,
        _ => 101,
    };
    let above = match seed % 3 {
        1 => hash % 60 + 30,
        2 => hash % 83 + 1,
        _ => hash % 89 + 1,
    } as i64;
    // Of one name either sign comes in turn, so that no function with a corner looks like one without.
    let first = xxh3_64_with_seed(name.as_bytes(), 0);
    let sign = if !positive && (first ^ seed) & 1 != 0 { -1 } else { 1 };
    BigRational::new((sign * above).into(), below.into())
}

/// The number that a tree is, where it is one as written.
fn literal(node: &Node) -> Option<Literal> {
    match node {
        Node::Number(literal) => Some(literal.clone()),
        Node::Percent(inner) => literal(inner)?.scaled(-2),
        _ => None,
    }
}

/// Whether a tree is a decimal with so many digits that a program printed it.
fn is_printed(node: &Node) -> bool {
    literal(node).is_some_and(|Literal { value, place }| {
        let digits = |place: i32| (value.abs() * power_of_ten(-place)).to_integer().to_string().len();
        place.is_some_and(|place| place <= PRINTED_PLACES && digits(place) >= PRINTED_DIGITS)
    })
}

/// Whether two numbers differ by no more than rounding in double precision leaves.
fn is_residue(a: &BigRational, b: &BigRational) -> bool {
    let least = if Zero::is_zero(a) || Zero::is_zero(b) { power_of_ten(-3) } else { b.abs() };
    (a - b).abs() <= least * power_of_ten(-9)
}

fn scaled(node: &Node, factor: &BigRational) -> Node {
    let factor = Node::Number(Literal { value: factor.clone(), place: None });
    Node::Product(vec![node.clone(), factor])
}

/// The sign of what is infinite.
pub(super) fn infinite(node: &Node) -> Option<i8> {
    match node {
        Node::Constant(Constant::Infinity) => Some(1),
        Node::Negative(inner) => infinite(inner).map(|sign| -sign),
        _ => None,
    }
}

/// Numbers with a size and a distance.
trait Close {
    fn distance(&self, other: &Self) -> f64;
    fn size(&self) -> f64;
}

impl Close for Real {
    fn distance(&self, other: &Self) -> f64 {
        (self.0 - other.0).abs()
    }

    fn size(&self) -> f64 {
        self.0.abs()
    }
}

impl Close for Complex64 {
    fn distance(&self, other: &Self) -> f64 {
        (self - other).norm()
    }

    fn size(&self) -> f64 {
        self.norm()
    }
}

fn close<T: Close>(a: &Value<T>, b: &Value<T>) -> bool {
    let near = |a: &T, b: &T| a.distance(b) <= PRECISION * a.size().max(b.size()) + 1e-300;
    match (a, b) {
        (Value::Scalar(a), Value::Scalar(b)) => near(a, b),
        (Value::Matrix(a), Value::Matrix(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b)))
        }
        _ => false,
    }
}
