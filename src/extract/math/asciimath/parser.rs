//! AsciiMath's grammar by recursive descent:
//!
//! ```text
//! simple     S = symbol | left expression right | unary S | binary S S
//! scripted   I = S | S_S | S^S | S_S^S
//! expression E = I E | I/I
//! ```

use super::lexer::{self, Kind, Token};
use super::matrix;
use super::node::Node;
use super::symbols::Binary;

/// What was read, if anything was (an enclosing bracket may close first); `None` beyond the bounds.
type Parsed = Option<Option<Node>>;

/// Things inside each other.
const DEPTH_MAX: usize = 80;

/// Reads a formula; `None` where it nests too deep or its bars would have to be tried in too many ways.
pub(super) fn parse(source: &str) -> Option<Vec<Node>> {
    let mut parser = Parser { source, at: 0, brackets: 0, depth: 0, fuel: 256 + source.len() * 32 };
    let row = parser.expression(false)?.row;
    (parser.at >= source.len()).then_some(row)
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    /// Open brackets: outside them a closing one is an ordinary character.
    brackets: usize,
    depth: usize,
    /// Tokens that may still be read. A bar is read as an opening one first, then again as what separates.
    fuel: usize,
}

/// What ended an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Right(Option<&'static str>),
    Bar,
    Text,
}

struct Expression {
    row: Vec<Node>,
    end: End,
}

impl<'s> Parser<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// The token that comes next, and whether the one before was an infix sign.
    fn peek(&mut self) -> Option<Token> {
        self.fuel = self.fuel.checked_sub(1)?;
        self.at += lexer::skipped(self.rest());
        Some(lexer::next(self.rest()))
    }

    fn take(&mut self, token: Token) -> &'s str {
        let text = &self.rest()[..token.bytes];
        self.at += token.bytes;
        self.at += lexer::skipped(self.rest());
        text
    }

    /// An expression, with the bracket that ends it. Inside brackets a bar opens; elsewhere it ends the expression.
    fn expression(&mut self, in_brackets: bool) -> Option<Expression> {
        let mut row = Vec::new();
        loop {
            let node = self.scripted(false)?;
            let mut token = self.peek()?;
            if token.kind == Kind::Slash && node.is_some() {
                self.take(token);
                let below = self.argument_of_infix()?;
                let above = node.map_or_else(missing, Node::without_brackets);
                row.push(Node::Pair("\\frac", Box::new(above), Box::new(below)));
                token = self.peek()?;
            } else {
                row.extend(node);
            }
            let end = match token.kind {
                Kind::End => End::Text,
                Kind::Right(bracket) if self.brackets > 0 => End::Right(bracket),
                Kind::Bar if self.brackets > 0 && !in_brackets => End::Bar,
                _ => continue,
            };
            if end != End::Text {
                row = match matrix::read(row, end == End::Right(Some("\\}")), end == End::Right(None)) {
                    Ok(matrix) => vec![Node::Matrix(matrix)],
                    Err(row) => row,
                };
                self.take(token);
            }
            return Some(Expression { row, end });
        }
    }

    /// What follows `/`: a whole scripted piece.
    fn argument_of_infix(&mut self) -> Option<Node> {
        Some(self.scripted(true)?.map_or_else(missing, Node::without_brackets))
    }

    /// A script: one simple piece.
    fn script(&mut self) -> Option<Box<Node>> {
        Some(Box::new(self.simple(true)?.map_or_else(missing, Node::without_brackets)))
    }

    /// A simple piece with its scripts; `Some(None)` where an enclosing bracket closes.
    fn scripted(&mut self, after_infix: bool) -> Parsed {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let first = self.peek()?;
        let base = self.simple(after_infix)?;
        let Some(base) = base else {
            self.depth -= 1;
            return Some(None);
        };
        let (mut sub, mut sup) = (None, None);
        let token = self.peek()?;
        match token.kind {
            Kind::Sub => {
                self.take(token);
                sub = Some(self.script()?);
                let token = self.peek()?;
                if token.kind == Kind::Sup {
                    self.take(token);
                    sup = Some(self.script()?);
                }
            }
            Kind::Sup => {
                self.take(token);
                sup = Some(self.script()?);
            }
            _ => {}
        }
        if sub.is_none() && sup.is_none() {
            self.depth -= 1;
            return Some(Some(base));
        }
        let mut node = Node::Scripts { base: Box::new(base), sub, sup };
        if let Kind::Function(_) = first.kind {
            // `sin^2 x/y`: the argument stays with its function. A function that is a letter takes only brackets.
            let next = self.peek()?;
            let applies = match next.kind {
                Kind::Right(_) | Kind::End => false,
                Kind::Left(_) => true,
                kind => !kind.is_infix() && first.bytes > 1,
            };
            if applies && let Some(argument) = self.scripted(false)? {
                node = Node::Row(vec![node, argument]);
            }
        }
        self.depth -= 1;
        Some(Some(node))
    }

    /// A symbol, brackets with what is in them, or a command with its arguments.
    fn simple(&mut self, after_infix: bool) -> Parsed {
        let token = self.peek()?;
        if matches!(token.kind, Kind::Right(_)) && self.brackets > 0 {
            return Some(None);
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let node = self.piece(token, after_infix)?;
        self.depth -= 1;
        Some(node)
    }

    fn piece(&mut self, token: Token, after_infix: bool) -> Parsed {
        let text = self.take(token);
        Some(Some(match token.kind {
            Kind::End => return Some(None),
            Kind::Symbol(tex) => Node::Symbol(tex),
            Kind::Large(tex) => Node::Large { tex, tall: true },
            Kind::Limit(tex) => Node::Large { tex, tall: false },
            Kind::Character if text == "-" && after_infix && !self.source[..self.at].ends_with(char::is_whitespace) => {
                let minus = Node::Symbol("-");
                if matches!(self.peek()?.kind, Kind::Slash | Kind::Sub | Kind::Sup | Kind::Bar) {
                    return Some(Some(minus));
                }
                match self.simple(false)? {
                    Some(argument) => Node::Row(vec![minus, argument]),
                    None => minus,
                }
            }
            Kind::Number | Kind::Character => Node::Literal(text.to_owned()),
            Kind::Prime => Node::Prime,
            Kind::Word(word) => Node::Word(word),
            Kind::Differential(variable) => Node::Row(vec![Node::Symbol("d"), Node::Symbol(variable)]),
            Kind::Slash => Node::Symbol("/"),
            // A script on nothing stands on an empty base.
            Kind::Sub => Node::Scripts { base: Box::new(Node::Row(Vec::new())), sub: Some(self.script()?), sup: None },
            Kind::Sup => Node::Scripts { base: Box::new(Node::Row(Vec::new())), sub: None, sup: Some(self.script()?) },
            Kind::Right(bracket) => Node::Symbol(bracket.unwrap_or("")),
            Kind::Left(open) => {
                self.brackets += 1;
                let Expression { row: inside, end } = self.expression(true)?;
                self.brackets -= 1;
                let close = match end {
                    End::Right(close) => close,
                    End::Bar => Some("|"),
                    End::Text => None,
                };
                Node::Fence { open, inside, close }
            }
            Kind::Bar => self.bar()?,
            Kind::Quote => self.quoted(),
            Kind::Text => self.text(),
            Kind::Function(tex) => {
                let name = Node::Symbol(tex);
                let letter = token.bytes == 1;
                let next = self.rest().chars().next().unwrap_or('(');
                if matches!(next, '^' | '_' | '/' | '|' | ',') || letter && next != '(' {
                    return Some(Some(name));
                }
                match self.simple(false)? {
                    Some(argument) => Node::Row(vec![name, argument]),
                    None => name,
                }
            }
            Kind::Unary(command) => match self.simple(false)? {
                Some(argument) => Node::Command(command, Box::new(argument.without_brackets())),
                None => Node::Literal(text.to_owned()),
            },
            Kind::Brace(command) => {
                let command = super::node::Command { narrow: command, wide: command };
                match self.simple(false)? {
                    Some(argument) => Node::Command(command, Box::new(argument.without_brackets())),
                    None => Node::Literal(text.to_owned()),
                }
            }
            Kind::Around(open, close) => match self.simple(false)? {
                Some(argument) => {
                    Node::Fence { open: Some(open), inside: vec![argument.without_brackets()], close: Some(close) }
                }
                None => Node::Text(text.to_owned()),
            },
            Kind::Binary(binary) => self.binary(binary, text)?,
        }))
    }

    fn binary(&mut self, binary: Binary, name: &str) -> Option<Node> {
        // The name of a colour or class is no formula.
        let start = self.at;
        let Some(first) = self.simple(false)? else { return Some(Node::Text(name.to_owned())) };
        let Some(second) = self.simple(false)? else {
            self.at = start;
            return Some(Node::Text(name.to_owned()));
        };
        let (first, second) = (first.without_brackets(), second.without_brackets());
        Some(match binary {
            Binary::Pair(command) => Node::Pair(command, Box::new(first), Box::new(second)),
            Binary::Root => Node::Root(Box::new(first), Box::new(second)),
            Binary::Style => second,
        })
    }

    /// A bar: with a partner it is an absolute value, else it separates.
    fn bar(&mut self) -> Option<Node> {
        let start = self.at;
        self.brackets += 1;
        let Expression { row, end } = self.expression(false)?;
        self.brackets -= 1;
        if end == End::Bar && !self.source[start..].starts_with(',') {
            return Some(Node::Fence { open: Some("|"), inside: row, close: Some("|") });
        }
        self.at = start;
        Some(Node::Mid)
    }

    fn quoted(&mut self) -> Node {
        // The blanks after the quote belong to the text.
        let from = self.source[..self.at].rfind('"').map_or(self.at, |quote| quote + 1);
        self.until('"', from)
    }

    fn text(&mut self) -> Node {
        let close = match self.rest().chars().next() {
            Some('(') => ')',
            Some('[') => ']',
            Some('{') => '}',
            _ => return Node::Text(String::new()),
        };
        self.until(close, self.at + 1)
    }

    /// Text from an offset up to a closing character, or to the end.
    fn until(&mut self, close: char, from: usize) -> Node {
        let rest = &self.source[from..];
        let length = rest.find(close).unwrap_or(rest.len());
        self.at = (from + length + 1).min(self.source.len());
        self.at += lexer::skipped(self.rest());
        Node::Text(rest[..length].to_owned())
    }
}

/// An argument that is not there.
fn missing() -> Node {
    Node::Row(Vec::new())
}
