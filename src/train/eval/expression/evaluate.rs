//! The value of a tree at a point.

use std::cell::Cell;

use num_rational::BigRational;

use super::field::Field;
use super::node::{Function, Node};
use super::units::Unit;

/// Nodes that one comparison of answers may visit, all evaluations together.
const STEPS_MAX: u32 = 200_000;
/// Work on the digits of exact numbers that one comparison may do, as [`Steps::exact`] counts it.
const EXACT_MAX: u64 = 30_000;

/// What is left of the work that a comparison may do: counts, so that the outcome is the same on every machine.
pub(crate) struct Steps {
    nodes: Cell<u32>,
    exact: Cell<u64>,
}

impl Steps {
    pub(crate) fn new() -> Self {
        Self { nodes: Cell::new(STEPS_MAX), exact: Cell::new(EXACT_MAX) }
    }

    /// Takes so many; none where there are not that many left.
    pub(crate) fn take(&self, count: u32) -> Option<()> {
        self.nodes.set(self.nodes.get().checked_sub(count)?);
        Some(())
    }

    /// Takes what an operation on exact numbers costs that have so many bits together: their common divisor takes a step
    /// a bit, over all words. None once it is used up; numbers of double precision, of no bits, cost nothing.
    pub(crate) fn exact(&self, bits: u64) -> Option<()> {
        let left = self.exact.get().saturating_sub(bits.saturating_mul(bits + 2048) >> 16);
        self.exact.set(left);
        (left > 0 || bits == 0).then_some(())
    }

    /// Whether all are used up.
    pub(crate) fn spent(&self) -> bool {
        self.nodes.get() < 1000 || self.exact.get() == 0
    }
}

/// A number or a matrix of numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<T> {
    Scalar(T),
    Matrix(Vec<Vec<T>>),
}

/// Evaluates trees at one point.
pub(crate) struct Evaluator<'a, T> {
    /// What a variable is there.
    pub point: &'a dyn Fn(&str) -> Option<T>,
    pub steps: &'a Steps,
}

impl<T: Field> Evaluator<'_, T> {
    /// The value as a number.
    pub(crate) fn scalar(&self, node: &Node) -> Option<T> {
        match self.value(node)? {
            Value::Scalar(value) => Some(value),
            Value::Matrix(_) => None,
        }
    }

    /// The value: none where an operation has none, or the tree holds what is no number.
    pub(crate) fn value(&self, node: &Node) -> Option<Value<T>> {
        self.steps.take(1)?;
        Some(Value::Scalar(match node {
            Node::Number(literal) => {
                self.steps.take(u32::try_from(Field::bits(&literal.value) >> 7).ok()?)?;
                T::literal(&literal.value)?
            }
            Node::Constant(constant) => T::constant(*constant)?,
            Node::Symbol(name) | Node::Text(name) => {
                // A coordinate is made from its name each time.
                self.steps.take(4)?;
                (self.point)(name)?
            }
            Node::Negative(inner) => return self.times(&Value::Scalar(T::integer(-1)?), &self.value(inner)?),
            Node::Sum(terms) => {
                let (first, rest) = terms.split_first()?;
                let mut sum = self.value(first)?;
                for term in rest {
                    let term = self.value(term)?;
                    self.steps.exact(bits(&sum) + bits(&term))?;
                    sum = plus(&sum, &term)?;
                }
                return Some(sum);
            }
            Node::Product(factors) => {
                let (first, rest) = factors.split_first()?;
                let mut product = self.value(first)?;
                for factor in rest {
                    product = self.times(&product, &self.value(factor)?)?;
                }
                return Some(product);
            }
            Node::Quotient(above, below) => {
                let below = Value::Scalar(self.scalar(below)?.inverse()?);
                return self.times(&self.value(above)?, &below);
            }
            Node::Power(base, exponent) => {
                let base = self.scalar(base)?;
                self.steps.exact(base.bits())?;
                let power = base.power(&self.scalar(exponent)?)?;
                self.steps.exact(power.bits())?;
                power
            }
            Node::Root(index, radicand) => {
                let radicand = self.scalar(radicand)?;
                self.steps.exact(2 * radicand.bits())?;
                radicand.root(&self.scalar(index)?)?
            }
            Node::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| self.scalar(argument)).collect::<Option<Vec<T>>>()?;
                self.steps.exact(values.iter().map(Field::bits).sum())?;
                // The steps of a factorial are bounded elsewhere, but not free.
                self.steps.take(if matches!(function, Function::Factorial | Function::Binomial) { 200 } else { 4 })?;
                T::call(function, &values)?
            }
            Node::Percent(inner) => {
                let hundredth = BigRational::new(1.into(), 100.into());
                self.scalar(inner)?.multiply(&T::literal(&hundredth)?)?
            }
            Node::Quantity(inner, Unit::Degree) => {
                let half_turn = T::constant(super::node::Constant::Pi)?.multiply(&T::integer(180)?.inverse()?)?;
                self.scalar(inner)?.multiply(&half_turn)?
            }
            Node::Quantity(inner, unit) => {
                let name = match unit {
                    Unit::Known(quantity, power, factor) => {
                        let unit = (self.point)(&format!("unit {quantity}"))?.power(&T::integer(i64::from(*power))?)?;
                        unit.multiply(&T::literal(factor)?)?
                    }
                    Unit::Counted(name) => (self.point)(name)?,
                    Unit::Degree => return None,
                };
                self.scalar(inner)?.multiply(&name)?
            }
            Node::Ratio(items) if items.len() == 2 => {
                self.scalar(&items[0])?.multiply(&self.scalar(&items[1])?.inverse()?)?
            }
            Node::Matrix(rows) => {
                let row = |row: &Vec<Node>| row.iter().map(|cell| self.scalar(cell)).collect::<Option<Vec<T>>>();
                let rows = rows.iter().map(row).collect::<Option<Vec<Vec<T>>>>()?;
                return rows.iter().all(|row| row.len() == rows[0].len()).then_some(Value::Matrix(rows));
            }
            Node::Based(..)
            | Node::PlusMinus(..)
            | Node::Tuple(..)
            | Node::Set(_)
            | Node::Builder(..)
            | Node::Space(_)
            | Node::Union(_)
            | Node::Intersection(_)
            | Node::Difference(..)
            | Node::Chain(..)
            | Node::Ratio(_)
            | Node::List(..) => return None,
        }))
    }

    fn times(&self, a: &Value<T>, b: &Value<T>) -> Option<Value<T>> {
        self.steps.exact(bits(a) + bits(b))?;
        times(a, b)
    }
}

/// The bits of a number, or of all cells.
fn bits<T: Field>(value: &Value<T>) -> u64 {
    match value {
        Value::Scalar(value) => value.bits(),
        Value::Matrix(rows) => rows.iter().flatten().map(Field::bits).sum(),
    }
}

fn plus<T: Field>(a: &Value<T>, b: &Value<T>) -> Option<Value<T>> {
    match (a, b) {
        (Value::Scalar(a), Value::Scalar(b)) => a.add(b).map(Value::Scalar),
        (Value::Matrix(a), Value::Matrix(b)) if a.len() == b.len() && a[0].len() == b[0].len() => {
            let row = |(a, b): (&Vec<T>, &Vec<T>)| a.iter().zip(b).map(|(a, b)| a.add(b)).collect::<Option<Vec<T>>>();
            a.iter().zip(b).map(row).collect::<Option<_>>().map(Value::Matrix)
        }
        // Nothing added to a matrix leaves it; a number is not added to one.
        (Value::Scalar(zero), matrix) | (matrix, Value::Scalar(zero)) if zero.is_zero() => Some(matrix.clone()),
        _ => None,
    }
}

fn times<T: Field>(a: &Value<T>, b: &Value<T>) -> Option<Value<T>> {
    match (a, b) {
        (Value::Scalar(a), Value::Scalar(b)) => a.multiply(b).map(Value::Scalar),
        (Value::Scalar(scalar), Value::Matrix(rows)) | (Value::Matrix(rows), Value::Scalar(scalar)) => {
            let row = |row: &Vec<T>| row.iter().map(|cell| cell.multiply(scalar)).collect::<Option<Vec<T>>>();
            rows.iter().map(row).collect::<Option<_>>().map(Value::Matrix)
        }
        (Value::Matrix(a), Value::Matrix(b)) => {
            (a[0].len() == b.len() && a.len() * b.len() * b[0].len() <= 4096).then_some(())?;
            let cell = |row: &Vec<T>, column: usize| {
                let mut products = row.iter().zip(b).map(|(x, y)| x.multiply(&y[column]));
                let first = products.next()??;
                products.try_fold(first, |sum, product| sum.add(&product?))
            };
            let row = |row: &Vec<T>| (0..b[0].len()).map(|column| cell(row, column)).collect::<Option<Vec<T>>>();
            a.iter().map(row).collect::<Option<_>>().map(Value::Matrix)
        }
    }
}
