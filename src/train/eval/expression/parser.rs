//! Tokens → the tree of an answer: items, chains of relations, sets, sums, products.
//!
//! Precedence climbs from lists down to powers, one function a level. Depth is bounded, and every token is taken at most
//! once, so the work is linear.

use super::node::{Function, Literal, Node, Relation};
use super::token::Token;
use super::units::Unit;

/// How deep brackets, groups and arguments may nest.
const DEPTH_MAX: usize = 40;

pub(crate) struct Parser {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// Inside bars: the next one closes.
    pub(super) bars: bool,
    /// Inside a set: a colon or a bar comes before the condition.
    pub(super) builder: bool,
}

/// The tree of tokens; none where they make no sense.
pub(crate) fn parse(tokens: Vec<Token>) -> Option<Node> {
    let mut parser = Parser { tokens, at: 0, depth: 0, bars: false, builder: false };
    let node = parser.list()?;
    (parser.at == parser.tokens.len()).then_some(node)
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    pub(super) fn is(&self, sign: char) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    pub(super) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    pub(super) fn take_sign(&mut self, sign: char) -> bool {
        self.take(&Token::Sign(sign))
    }

    /// Runs `inner` a level deeper, with bars and conditions forgotten.
    pub(super) fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        let (bars, builder) = (self.bars, self.builder);
        (self.bars, self.builder) = (false, false);
        self.depth += 1;
        let out = inner(self);
        self.depth -= 1;
        (self.bars, self.builder) = (bars, builder);
        out
    }

    /// Items up to where no separator follows: one, or a list; semicolons part lists of lists.
    pub(super) fn list(&mut self) -> Option<Node> {
        let mut groups: Vec<Node> = Vec::new();
        let mut any = false;
        loop {
            let start = self.at;
            let (mut items, or) = self.items()?;
            any |= or;
            match items.len() {
                0 => {}
                // x > 1 and x < 3
                2.. if !or && self.tokens[start..self.at].contains(&Token::Both) && are_conditions(&items) => {
                    groups.push(Node::Intersection(items));
                }
                1 => groups.extend(items.pop()),
                _ => groups.push(Node::List(items, or)),
            }
            if !self.take_sign(';') {
                break;
            }
        }
        match groups.len() {
            0 => None,
            1 => groups.pop(),
            _ => Some(Node::List(groups, any)),
        }
    }

    /// Items between commas and the words that join; whether one of them was `or`.
    pub(super) fn items(&mut self) -> Option<(Vec<Node>, bool)> {
        let (mut items, mut or) = (Vec::new(), false);
        loop {
            let mut parted = items.is_empty();
            loop {
                or |= self.peek() == Some(&Token::Or);
                if !(self.take_sign(',')
                    || [Token::And, Token::Both, Token::Or, Token::Row].iter().any(|token| self.take(token)))
                {
                    break;
                }
                parted = true;
            }
            if !parted || self.ends_items() {
                return Some((items, or));
            }
            items.push(self.chain()?);
        }
    }

    fn ends_items(&self) -> bool {
        match self.peek() {
            None | Some(Token::SetClose | Token::End | Token::Cell) => true,
            Some(Token::Sign('|')) => self.bars || self.builder,
            Some(Token::Sign(sign)) => matches!(sign, ')' | ']' | '}' | ';' | '⟩'),
            _ => false,
        }
    }

    /// `a < b ≤ c`, `x = 3`; a relation without a left side says only what the right side is.
    pub(super) fn chain(&mut self) -> Option<Node> {
        while matches!(self.peek(), Some(Token::Relation(Relation::Equal | Relation::About | Relation::In))) {
            self.at += 1;
        }
        let first = self.ratio()?;
        let mut rest = Vec::new();
        while let Some(Token::Relation(relation)) = self.peek().cloned() {
            self.at += 1;
            // x \ne = : what follows a sign twice is read once.
            while matches!(self.peek(), Some(Token::Relation(_) | Token::Cell)) {
                self.at += 1;
            }
            if self.peek().is_none() || self.ends_items() {
                break;
            }
            rest.push((relation, self.ratio()?));
        }
        Some(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn ratio(&mut self) -> Option<Node> {
        let first = self.region()?;
        if self.builder || !self.is(':') {
            return Some(first);
        }
        let mut items = vec![first];
        while self.take_sign(':') {
            if self.peek().is_none() || self.ends_items() {
                break;
            }
            // Area: 5
            if let Some(Node::Text(_)) = items.last() {
                items.pop();
            }
            items.push(self.region()?);
        }
        if items.len() == 1 { items.pop() } else { Some(Node::Ratio(items)) }
    }

    fn region(&mut self) -> Option<Node> {
        let mut left = self.sum()?;
        let mut levels = 0;
        while let Some(Token::Command(name @ ("cup" | "cap" | "setminus"))) = self.peek() {
            let name = *name;
            levels += usize::from(name != "cup");
            if levels > DEPTH_MAX {
                return None;
            }
            self.at += 1;
            let right = self.sum()?;
            left = match (name, left) {
                ("cup", Node::Union(mut items)) => {
                    items.push(right);
                    Node::Union(items)
                }
                ("cup", left) => Node::Union(vec![left, right]),
                ("cap", left) => Node::Intersection(vec![left, right]),
                (_, left) => Node::Difference(Box::new(left), Box::new(right)),
            };
        }
        Some(left)
    }

    pub(super) fn sum(&mut self) -> Option<Node> {
        let mut terms = vec![self.product()?];
        loop {
            let term = match self.peek() {
                Some(Token::Sign('+')) => {
                    self.at += 1;
                    self.product()?
                }
                Some(Token::Sign('-')) => {
                    self.at += 1;
                    negative(self.product()?)
                }
                Some(Token::PlusMinus | Token::MinusPlus) => {
                    let minus = self.next() == Some(Token::MinusPlus);
                    Node::PlusMinus(Box::new(self.product()?), minus)
                }
                _ => break,
            };
            terms.push(term);
        }
        if terms.len() == 1 {
            return terms.pop();
        }
        // A unit after a sum is that of the sum, unless a term before has its own.
        let units = terms.iter().filter(|term| unit_of(term)).count();
        match terms.pop() {
            Some(Node::Quantity(last, unit)) if units == 1 => {
                terms.push(*last);
                Some(Node::Quantity(Box::new(Node::Sum(terms)), unit))
            }
            Some(Node::Negative(last)) if units == 1 => match *last {
                Node::Quantity(last, unit) => {
                    terms.push(negative(*last));
                    Some(Node::Quantity(Box::new(Node::Sum(terms)), unit))
                }
                last => {
                    terms.push(negative(last));
                    Some(Node::Sum(terms))
                }
            },
            last => {
                terms.extend(last);
                Some(Node::Sum(terms))
            }
        }
    }

    fn product(&mut self) -> Option<Node> {
        let (first, more) = self.unary()?;
        let mut factors = vec![first];
        factors.extend(more);
        let mut quotients = 0;
        loop {
            if self.take_sign('*') {
                let (factor, more) = self.unary()?;
                push_scaled(&mut factors, factor);
                factors.extend(more);
            } else if self.take_sign('/') {
                quotients += 1;
                if quotients > DEPTH_MAX {
                    return None;
                }
                let (below, more) = self.unary()?;
                let above = product_of(std::mem::take(&mut factors))?;
                factors = vec![match (above, below) {
                    (Node::Quantity(above, unit), below) => {
                        Node::Quantity(Box::new(Node::Quotient(above, Box::new(below))), unit)
                    }
                    (above, Node::Quantity(below, unit)) => {
                        Node::Quantity(Box::new(Node::Quotient(Box::new(above), below)), unit)
                    }
                    (above, below) => Node::Quotient(Box::new(above), Box::new(below)),
                }];
                factors.extend(more);
            } else if self.starts_factor() {
                let factor = self.postfix()?;
                let (factor, more) = self.mixed(factor)?;
                match factors.pop() {
                    Some(first) => factors.extend(beside(first, factor)),
                    None => factors.push(factor),
                }
                factors.extend(more);
            } else {
                return product_of(factors);
            }
        }
    }

    /// A value with its signs, and the fraction after it where that is a factor of its own.
    fn unary(&mut self) -> Option<(Node, Option<Node>)> {
        let mut signs: Vec<Token> = Vec::new();
        while let Some(token @ (Token::Sign('+' | '-') | Token::PlusMinus | Token::MinusPlus)) = self.peek() {
            signs.push(token.clone());
            self.at += 1;
            if signs.len() > DEPTH_MAX {
                return None;
            }
        }
        let node = self.postfix()?;
        let (node, more) = self.mixed(node)?;
        let node = signs.into_iter().rev().fold(node, |node, sign| match sign {
            Token::Sign('-') => negative(node),
            Token::PlusMinus => Node::PlusMinus(Box::new(node), false),
            Token::MinusPlus => Node::PlusMinus(Box::new(node), true),
            _ => node,
        });
        Some((node, more))
    }

    /// A whole number with the proper fraction that follows it, and what follows both; another fraction comes as a factor of its own.
    fn mixed(&mut self, node: Node) -> Option<(Node, Option<Node>)> {
        if !is_whole(&node) {
            return Some((node, None));
        }
        match self.peek() {
            Some(Token::Command("frac")) => {
                let fraction = self.primary()?;
                Some(if is_proper(&fraction) && !self.is_raised() {
                    (self.followed(Node::Sum(vec![node, fraction]))?, None)
                } else {
                    (node, Some(self.followed(fraction)?))
                })
            }
            // Numbers side by side are no product, except as the start of 1 4/5.
            Some(Token::Number(_)) => {
                let above = self.primary()?;
                let below = if self.take_sign('/') { self.primary()? } else { return None };
                let fraction = Node::Quotient(Box::new(above), Box::new(below));
                if !is_proper(&fraction) || self.is_raised() {
                    return None;
                }
                Some((self.followed(Node::Sum(vec![node, fraction]))?, None))
            }
            _ => Some((node, None)),
        }
    }

    /// Whether a sign follows that belongs to the number right before it, rather than to a whole one with its fraction.
    fn is_raised(&self) -> bool {
        let degree = |at: usize| self.tokens.get(self.at + at) == Some(&Token::Degree);
        match self.peek() {
            Some(Token::Sign('^')) => {
                !(degree(1) || self.tokens.get(self.at + 1) == Some(&Token::Sign('{')) && degree(2))
            }
            Some(Token::Sign(sign)) => matches!(sign, '_' | '!' | '\''),
            Some(Token::Dots) => true,
            _ => false,
        }
    }

    /// Whether the next token begins a factor that needs no sign before it.
    pub(super) fn starts_factor(&self) -> bool {
        match self.peek() {
            Some(Token::Sign('|')) => !self.bars && !self.builder,
            Some(Token::Command(name)) => !matches!(*name, "cup" | "cap" | "setminus" | "choose" | "rfloor" | "rceil"),
            Some(
                Token::Sign('(' | '[' | '{' | '⟨')
                | Token::Number(_)
                | Token::Letter(_)
                | Token::Name(_)
                | Token::Function(_)
                | Token::Constant(_)
                | Token::Space(_)
                | Token::Text(_)
                | Token::Accent(_)
                | Token::Big(_)
                | Token::Begin(_)
                | Token::SetOpen
                | Token::Dots,
            ) => true,
            _ => false,
        }
    }
}

/// Two factors side by side; an amount in a smaller unit after one of the same quantity is added to it: 3元5角.
fn beside(first: Node, second: Node) -> Vec<Node> {
    match (first, second) {
        (
            Node::Quantity(large, unit @ Unit::Known(quantity, power, _)),
            Node::Quantity(small, Unit::Known(other, other_power, factor)),
        ) if (quantity, power) == (other, other_power) && unit.is_larger(&factor) => {
            let Unit::Known(_, _, whole) = &unit else { return Vec::new() };
            let part = Node::Number(Literal { value: factor / whole, place: None });
            let sum = Node::Sum(vec![*large, Node::Product(vec![*small, part])]);
            vec![Node::Quantity(Box::new(sum), unit)]
        }
        (first, second) => vec![first, second],
    }
}

/// Whether all are inequalities of the same one variable.
fn are_conditions(items: &[Node]) -> bool {
    let unequal = |node: &Node| match node {
        Node::Chain(_, rest) => rest.iter().all(|(relation, _)| {
            matches!(
                relation,
                Relation::Less | Relation::LessEqual | Relation::Greater | Relation::GreaterEqual | Relation::NotEqual
            )
        }),
        _ => false,
    };
    let variable = |node: &Node| match node.symbols().as_slice() {
        [name] => Some((*name).to_owned()),
        _ => None,
    };
    let first = items.first().and_then(variable);
    first.is_some() && items.iter().all(|item| unequal(item) && variable(item) == first)
}

/// The node with its sign turned; a number's sign is in the number.
pub(super) fn negative(node: Node) -> Node {
    match node {
        Node::Number(literal) => Node::Number(Literal { value: -literal.value, place: literal.place }),
        Node::Quantity(node, unit) => Node::Quantity(Box::new(negative(*node)), unit),
        Node::Percent(node) => Node::Percent(Box::new(negative(*node))),
        node => Node::Negative(Box::new(node)),
    }
}

fn unit_of(node: &Node) -> bool {
    match node {
        Node::Quantity(..) => true,
        Node::Negative(node) => unit_of(node),
        _ => false,
    }
}

fn is_whole(node: &Node) -> bool {
    matches!(node, Node::Number(literal) if literal.is_integer() && literal.value >= num_traits::Zero::zero())
}

/// A fraction of whole numbers below one: after a whole number it is added to it.
fn is_proper(node: &Node) -> bool {
    match node {
        Node::Quotient(above, below) if is_whole(above) && is_whole(below) => match (&**above, &**below) {
            (Node::Number(above), Node::Number(below)) => above.value < below.value,
            _ => false,
        },
        _ => false,
    }
}

/// Adds a factor after a sign of multiplication; a number times a power of ten is one number.
fn push_scaled(factors: &mut Vec<Node>, factor: Node) {
    let (factor, unit) = match factor {
        Node::Quantity(power, unit) if matches!(*power, Node::Power(..)) => (*power, Some(unit)),
        factor => (factor, None),
    };
    let with_unit = |node: Node| match unit {
        Some(unit) => Node::Quantity(Box::new(node), unit),
        None => node,
    };
    if let (Some(Node::Number(literal)), Node::Power(base, exponent)) = (factors.last(), &factor)
        && let (Node::Number(base), Node::Number(exponent)) = (&**base, &**exponent)
        && base.is_integer()
        && base.value == num_rational::BigRational::from_integer(10.into())
        && exponent.is_integer()
        && let Ok(exponent) = i32::try_from(exponent.value.to_integer())
        && let Some(scaled) = literal.scaled(exponent)
    {
        factors.pop();
        factors.push(with_unit(Node::Number(scaled)));
    } else {
        factors.push(with_unit(factor));
    }
}

/// The product of factors, the last one's unit that of all.
fn product_of(mut factors: Vec<Node>) -> Option<Node> {
    if factors.len() == 1 {
        return factors.pop();
    }
    let units = factors.iter().filter(|factor| unit_of(factor)).count();
    match factors.pop()? {
        Node::Quantity(last, unit) if units == 1 => {
            factors.push(*last);
            Some(Node::Quantity(Box::new(Node::Product(factors)), unit))
        }
        last => {
            factors.push(last);
            Some(Node::Product(factors))
        }
    }
}

/// The inverse of a function, which an exponent −1 names.
pub(super) fn inverse(function: &Function) -> Option<Function> {
    Some(match function {
        Function::Sin => Function::Arcsin,
        Function::Cos => Function::Arccos,
        Function::Tan => Function::Arctan,
        _ => return None,
    })
}
