//! Tokens → the tree of an answer: what follows a value, as powers, subscripts, primes and units.

use super::node::{Function, Literal, Node};
use super::numerals::multiplied;
use super::parser::{Parser, negative};
use super::token::Token;
use super::units::{Unit, is_scale};

/// What may follow one value: powers, factorials, signs, units. Each is a level of the tree.
const POSTFIXES_MAX: usize = 20;

impl Parser {
    /// A value with what follows it: powers, factorials, signs of percent, units.
    pub(super) fn postfix(&mut self) -> Option<Node> {
        let node = self.primary()?;
        self.followed(node)
    }

    /// A value that was read, with what follows it.
    pub(super) fn followed(&mut self, mut node: Node) -> Option<Node> {
        let mut powers = 0;
        for _ in 0..POSTFIXES_MAX {
            match self.peek() {
                Some(Token::Sign('^')) => {
                    self.at += 1;
                    node = self.raised(node)?;
                    // 2^3^2 has two readings, and TeX refuses it.
                    powers += usize::from(matches!(node, Node::Power(..)));
                    if powers > 1 {
                        return None;
                    }
                }
                Some(Token::Sign('_')) => {
                    self.at += 1;
                    node = self.lowered(node)?;
                }
                Some(Token::Sign('!')) => {
                    self.at += 1;
                    node = Node::Call(Function::Factorial, vec![node]);
                }
                Some(Token::Sign('%')) => {
                    self.at += 1;
                    node = Node::Percent(Box::new(node));
                }
                Some(Token::Sign('\'')) => {
                    self.at += 1;
                    node = primed(node);
                }
                Some(Token::Degree) => {
                    self.at += 1;
                    node = Node::Quantity(Box::new(node), Unit::Degree);
                }
                // 25^\circ C
                Some(Token::Letter(scale @ ('C' | 'F')))
                    if matches!(node, Node::Quantity(_, Unit::Degree)) && node.symbols().is_empty() =>
                {
                    node = counted(node, &scale.to_string());
                    self.at += 1;
                }
                Some(Token::Text(words)) if is_value(&node) => {
                    node = counted(node, words);
                    self.at += 1;
                }
                // 45（个）
                Some(Token::Sign('(')) if is_value(&node) => {
                    let (Some(Token::Text(words)), Some(Token::Sign(')'))) =
                        (self.tokens.get(self.at + 1), self.tokens.get(self.at + 2))
                    else {
                        return Some(node);
                    };
                    node = counted(node, words);
                    self.at += 3;
                }
                Some(Token::Dots) if matches!(node, Node::Number(_)) => {
                    self.at += 1;
                    node = endless(node);
                }
                _ => return Some(node),
            }
        }
        None
    }

    /// `node` with the exponent that follows.
    fn raised(&mut self, node: Node) -> Option<Node> {
        // 90^\circ and 90^{\circ}, 5^{th}, f^{\prime}
        let group = self.is('{');
        let inner = self.tokens.get(self.at + usize::from(group)).cloned();
        let closes = !group || self.tokens.get(self.at + 2) == Some(&Token::Sign('}'));
        let length = if group { 3 } else { 1 };
        match inner {
            Some(Token::Degree) if closes => {
                self.at += length;
                return Some(Node::Quantity(Box::new(node), Unit::Degree));
            }
            Some(Token::Sign('\'')) if closes => {
                self.at += length;
                return Some(primed(node));
            }
            Some(Token::Text(words)) if closes && matches!(words.as_str(), "th" | "st" | "nd" | "rd") => {
                self.at += length;
                return Some(node);
            }
            _ => {}
        }
        let exponent = self.exponent()?;
        Some(match (node, exponent) {
            (Node::Quantity(value, unit), Node::Number(power)) if power.is_integer() => {
                let power = u32::try_from(power.value.to_integer()).ok()?;
                Node::Quantity(value, unit.raised(power))
            }
            // C_{10}^{3}
            (Node::Symbol(name), exponent @ Node::Number(_)) if name.starts_with("C_") => {
                match name[2..].parse::<i64>() {
                    Ok(from) => Node::Call(Function::Binomial, vec![Node::integer(from), exponent]),
                    Err(_) => Node::Power(Box::new(Node::Symbol(name)), Box::new(exponent)),
                }
            }
            (node, exponent) => Node::Power(Box::new(node), Box::new(exponent)),
        })
    }

    pub(super) fn exponent(&mut self) -> Option<Node> {
        self.deeper(|parser| {
            if parser.take_sign('-') {
                return Some(negative(parser.primary()?));
            }
            parser.take_sign('+');
            parser.primary()
        })
    }

    /// `node` with the subscript that follows: a base of digits, or part of a name.
    fn lowered(&mut self, node: Node) -> Option<Node> {
        let name = self.subscript()?;
        match node {
            Node::Number(Literal { value, place }) => {
                let base =
                    name.parse::<u32>().ok().or_else(|| base_of(&name)).filter(|base| (2..=36).contains(base))?;
                let digits = place.map_or_else(|| value.to_string(), |_| decimal(&value, place));
                Some(Node::Based(digits, base))
            }
            // 4A_{16}, 7B_{12}
            Node::Symbol(symbol) => Some(Node::Symbol(format!("{symbol}_{name}"))),
            Node::Tuple('(', items, ')') if items.len() == 1 => Some(Node::Call(Function::Named(name), items)),
            node => Some(Node::Call(Function::Named(format!("_{name}")), vec![node])),
        }
    }
}

/// A value with the words after it: what multiplies it, and its unit.
fn counted(node: Node, words: &str) -> Node {
    let (factor, unit) = multiplied(words);
    let node = match node {
        // 25^\circ C
        Node::Quantity(value, Unit::Degree) if is_scale(unit) => {
            return Node::Quantity(value, Unit::of(&format!("°{unit}")));
        }
        node => times(node, factor),
    };
    if unit.is_empty() { node } else { Node::Quantity(Box::new(node), Unit::of(unit)) }
}

/// A node with a prime after it.
fn primed(node: Node) -> Node {
    match node {
        Node::Symbol(name) => Node::Symbol(name + "'"),
        node => Node::Call(Function::Named("'".to_owned()), vec![node]),
    }
}

/// A value times what a word after it multiplies by.
fn times(node: Node, factor: u64) -> Node {
    let factor = num_rational::BigRational::from_integer(factor.into());
    match node {
        node if factor == num_traits::One::one() => node,
        // The last digit written is that of so many.
        Node::Number(Literal { value, place }) => {
            let value = value * &factor;
            let place = place.map(|place| place + factor.to_integer().to_string().len() as i32 - 1);
            Node::Number(Literal { value, place })
        }
        node => Node::Product(vec![node, Node::Number(Literal { value: factor, place: None })]),
    }
}

/// Whether a unit can follow.
fn is_value(node: &Node) -> bool {
    !node.any(&|node| matches!(node, Node::Text(_) | Node::Matrix(_) | Node::Set(_)))
}

/// A number whose digits go on: 0.333… repeats the digits that it shows at least three times; others are what is shown.
fn endless(node: Node) -> Node {
    let Node::Number(literal) = &node else { return node };
    let digits = decimal(&literal.value, literal.place);
    let Some((whole, fraction)) = digits.split_once('.') else { return node };
    for length in 1..=fraction.len() / 3 {
        let cycle = &fraction[fraction.len() - length..];
        let head = fraction.trim_end_matches(cycle);
        let cycles = (fraction.len() - head.len()) / length;
        if cycles >= 3 && !whole.starts_with('-') {
            return Literal::repeating(&format!("{whole}.{head}"), cycle).map_or(node, Node::Number);
        }
    }
    node
}

/// The digits of a number as they were written.
fn decimal(value: &num_rational::BigRational, place: Option<i32>) -> String {
    let places = usize::try_from(-place.unwrap_or(0)).unwrap_or(0);
    let scaled = (value * super::literal::power_of_ten(places as i32)).to_integer().to_string();
    let padded = format!("{scaled:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    if places == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

fn base_of(word: &str) -> Option<u32> {
    const NAMES: [&str; 15] = [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen",
    ];
    NAMES.iter().position(|name| *name == word).map(|i| i as u32 + 2)
}
