//! The tree of an answer.

use num_rational::BigRational;

use super::units::Unit;

/// A number as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Literal {
    /// Its exact value.
    pub value: BigRational,
    /// The power of ten of its last place, where it was written with a decimal point or an exponent: −2 for `3.14`.
    pub place: Option<i32>,
}

/// A constant that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Constant {
    Pi,
    E,
    I,
    Infinity,
}

/// What is applied to arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sin,
    Cos,
    Tan,
    Cot,
    Sec,
    Csc,
    Arcsin,
    Arccos,
    Arctan,
    Sinh,
    Cosh,
    Tanh,
    Ln,
    /// Base 10.
    Lg,
    /// Arguments: the base, what the logarithm is of.
    LogBase,
    Exp,
    Abs,
    Floor,
    Ceiling,
    Factorial,
    Binomial,
    Gcd,
    Lcm,
    Max,
    Min,
    /// One that has only a name: equal arguments give equal values, and nothing else is known of it.
    Named(String),
}

/// How two sides of a relation stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    About,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    /// Any other: congruent, parallel, implies.
    Other(&'static str),
}

/// A set of numbers that has a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Reals,
    Integers,
    Naturals,
    Rationals,
    Complexes,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Number(Literal),
    Constant(Constant),
    Symbol(String),
    Text(String),
    Negative(Box<Node>),
    Sum(Vec<Node>),
    Product(Vec<Node>),
    Quotient(Box<Node>, Box<Node>),
    Power(Box<Node>, Box<Node>),
    /// The index, the radicand.
    Root(Box<Node>, Box<Node>),
    Call(Function, Vec<Node>),
    /// ±, or ∓ where the flag says so.
    PlusMinus(Box<Node>, bool),
    Percent(Box<Node>),
    Quantity(Box<Node>, Unit),
    /// Digits in a base.
    Based(String, u32),
    Matrix(Vec<Vec<Node>>),
    /// Items in brackets: a point, a vector, an interval.
    Tuple(char, Vec<Node>, char),
    Set(Vec<Node>),
    /// `{x | condition}`.
    Builder(Box<Node>, Box<Node>),
    Space(Space),
    Union(Vec<Node>),
    Intersection(Vec<Node>),
    Difference(Box<Node>, Box<Node>),
    /// A chain: `a < b ≤ c`.
    Chain(Box<Node>, Vec<(Relation, Node)>),
    /// `a : b : c`.
    Ratio(Vec<Node>),
    /// Items side by side; the flag tells that `or` joined them.
    List(Vec<Node>, bool),
}

impl Node {
    /// A whole number.
    pub(crate) fn integer(value: i64) -> Self {
        Self::Number(Literal { value: BigRational::from_integer(value.into()), place: None })
    }

    /// The nodes right below.
    pub(crate) fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_)
            | Self::Constant(_)
            | Self::Symbol(_)
            | Self::Text(_)
            | Self::Based(..)
            | Self::Space(_) => Vec::new(),
            Self::Negative(a) | Self::PlusMinus(a, _) | Self::Percent(a) | Self::Quantity(a, _) => vec![a],
            Self::Quotient(a, b)
            | Self::Power(a, b)
            | Self::Root(a, b)
            | Self::Builder(a, b)
            | Self::Difference(a, b) => vec![a, b],
            Self::Sum(items)
            | Self::Product(items)
            | Self::Call(_, items)
            | Self::Tuple(_, items, _)
            | Self::Set(items)
            | Self::Union(items)
            | Self::Intersection(items)
            | Self::Ratio(items)
            | Self::List(items, _) => items.iter().collect(),
            Self::Matrix(rows) => rows.iter().flatten().collect(),
            Self::Chain(first, rest) => std::iter::once(&**first).chain(rest.iter().map(|(_, side)| side)).collect(),
        }
    }

    /// How many nodes the tree has.
    pub(crate) fn size(&self) -> u32 {
        self.children().into_iter().fold(1, |size, child| size + child.size())
    }

    /// Whether a node of the tree is `of` such a kind.
    pub(crate) fn any(&self, of: &dyn Fn(&Self) -> bool) -> bool {
        of(self) || self.children().into_iter().any(|child| child.any(of))
    }

    /// The names of its variables, each once, in order of appearance.
    pub(crate) fn symbols(&self) -> Vec<&str> {
        fn walk<'a>(node: &'a Node, out: &mut Vec<&'a str>) {
            if let Node::Symbol(name) | Node::Text(name) = node
                && !out.contains(&name.as_str())
            {
                out.push(name);
            }
            node.children().into_iter().for_each(|child| walk(child, out));
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }

    /// The tree with every `±` taken as plus, or every one as minus.
    pub(crate) fn signed(&self, minus: bool) -> Self {
        let all = |items: &[Self]| items.iter().map(|item| item.signed(minus)).collect::<Vec<_>>();
        let one = |item: &Self| Box::new(item.signed(minus));
        match self {
            Self::PlusMinus(a, opposite) if minus != *opposite => Self::Negative(one(a)),
            Self::PlusMinus(a, _) => a.signed(minus),
            Self::Negative(a) => Self::Negative(one(a)),
            Self::Percent(a) => Self::Percent(one(a)),
            Self::Quantity(a, unit) => Self::Quantity(one(a), unit.clone()),
            Self::Quotient(a, b) => Self::Quotient(one(a), one(b)),
            Self::Power(a, b) => Self::Power(one(a), one(b)),
            Self::Root(a, b) => Self::Root(one(a), one(b)),
            Self::Builder(a, b) => Self::Builder(one(a), one(b)),
            Self::Difference(a, b) => Self::Difference(one(a), one(b)),
            Self::Sum(items) => Self::Sum(all(items)),
            Self::Product(items) => Self::Product(all(items)),
            Self::Call(function, items) => Self::Call(function.clone(), all(items)),
            Self::Tuple(open, items, close) => Self::Tuple(*open, all(items), *close),
            Self::Set(items) => Self::Set(all(items)),
            Self::Union(items) => Self::Union(all(items)),
            Self::Intersection(items) => Self::Intersection(all(items)),
            Self::Ratio(items) => Self::Ratio(all(items)),
            Self::List(items, or) => Self::List(all(items), *or),
            Self::Matrix(rows) => Self::Matrix(rows.iter().map(|row| all(row)).collect()),
            Self::Chain(first, rest) => {
                Self::Chain(one(first), rest.iter().map(|(how, side)| (*how, side.signed(minus))).collect())
            }
            Self::Number(_)
            | Self::Constant(_)
            | Self::Symbol(_)
            | Self::Text(_)
            | Self::Based(..)
            | Self::Space(_) => self.clone(),
        }
    }
}
