//! Tokens → the tree of an answer: single values, and what stands in brackets.

use super::node::{Constant, Function, Literal, Node};
use super::parser::{Parser, inverse, negative};
use super::token::Token;

/// Rows and columns of a matrix at most.
const CELLS_MAX: usize = 400;

impl Parser {
    /// The letters and digits of a subscript.
    pub(super) fn subscript(&mut self) -> Option<String> {
        if !self.take_sign('{') {
            return self.next().map(|token| spelled(&token));
        }
        let (mut depth, mut out) = (1usize, String::new());
        loop {
            let token = self.next()?;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                _ => out.push_str(&spelled(&token)),
            }
            if depth == 0 {
                return Some(out);
            }
        }
    }

    /// An argument of a command: a group, or the next token, of a number its first digit.
    fn argument(&mut self) -> Option<Node> {
        match self.peek() {
            Some(Token::Number(digits)) if digits.len() > 1 => {
                let (first, rest) = (digits[..1].to_owned(), digits[1..].to_owned());
                self.tokens[self.at] = Token::Number(rest);
                Literal::read(&first).map(Node::Number)
            }
            Some(Token::Sign('-')) => {
                self.at += 1;
                Some(negative(self.primary()?))
            }
            _ => self.primary(),
        }
    }

    pub(super) fn primary(&mut self) -> Option<Node> {
        self.deeper_with_bars(Self::primary_inner)
    }

    /// A level deeper, inside the same bars.
    fn deeper_with_bars(&mut self, inner: impl FnOnce(&mut Self) -> Option<Node>) -> Option<Node> {
        let (bars, builder) = (self.bars, self.builder);
        self.deeper(|parser| {
            (parser.bars, parser.builder) = (bars, builder);
            inner(parser)
        })
    }

    fn primary_inner(&mut self) -> Option<Node> {
        match self.next()? {
            Token::Number(digits) => self.number(&digits),
            Token::Letter(c) => self.symbol(c.to_string()),
            Token::Name(name) => self.symbol(name),
            Token::Constant(constant) => Some(Node::Constant(constant)),
            Token::Space(space) => Some(Node::Space(space)),
            Token::Text(words) => Some(Node::Text(words)),
            Token::Dots => Some(Node::Symbol("…".to_owned())),
            Token::Function(function) => self.call(function),
            Token::Accent(accent) => self.accented(accent),
            Token::Big(name) => self.big(name),
            Token::Begin(name) => self.matrix(&name),
            Token::Command("frac") => {
                let above = self.argument()?;
                let below = self.argument()?;
                Some(Node::Quotient(Box::new(above), Box::new(below)))
            }
            Token::Command("binom") => {
                let from = self.argument()?;
                let taken = self.argument()?;
                Some(Node::Call(Function::Binomial, vec![from, taken]))
            }
            Token::Command("over") => {
                self.argument()?;
                self.argument()
            }
            Token::Command("sqrt") => {
                let index = if self.is('[') { self.brackets('[')? } else { Node::integer(2) };
                let radicand =
                    if matches!(self.peek(), Some(Token::Number(_))) { self.primary()? } else { self.argument()? };
                Some(Node::Root(Box::new(index), Box::new(radicand)))
            }
            Token::Command("lfloor") => self.closed("rfloor", Function::Floor),
            Token::Command("lceil") => self.closed("rceil", Function::Ceiling),
            Token::Sign(open @ ('(' | '[' | '⟨')) => {
                self.at -= 1;
                self.brackets(open)
            }
            Token::Sign('{') => self.group(),
            Token::Sign('|') => self.absolute(),
            Token::SetOpen => self.set(),
            _ => None,
        }
    }

    fn number(&mut self, digits: &str) -> Option<Node> {
        // 0.1\overline{6}, 0.\dot{1}\dot{2}
        if digits.contains('.') {
            let mut repeated = String::new();
            if self.take(&Token::Accent("bar")) {
                repeated = self.subscript()?;
            } else if self.take(&Token::Accent("dot")) {
                repeated = self.subscript()?;
                if let Some(Token::Number(middle)) = self.peek().cloned()
                    && self.tokens.get(self.at + 1) == Some(&Token::Accent("dot"))
                {
                    self.at += 1;
                    repeated.push_str(&middle);
                }
                if self.take(&Token::Accent("dot")) {
                    repeated.push_str(&self.subscript()?);
                }
            }
            if !repeated.is_empty() {
                return Literal::repeating(digits, &repeated).map(Node::Number);
            }
        }
        let digits = digits.trim_end_matches('.');
        // Digits beyond nine: 4A_{16}
        let mut at = self.at;
        let mut letters = String::new();
        while let Some(Token::Letter(c @ 'A'..='Z')) = self.tokens.get(at) {
            letters.push(*c);
            at += 1;
        }
        if !letters.is_empty() && self.tokens.get(at) == Some(&Token::Sign('_')) {
            let start = self.at;
            self.at = at + 1;
            if let Some(base) =
                self.subscript().and_then(|name| name.parse::<u32>().ok()).filter(|b| (11..=36).contains(b))
            {
                return Some(Node::Based(format!("{digits}{letters}"), base));
            }
            self.at = start;
        }
        Literal::read(digits).map(Node::Number)
    }

    /// A variable with its subscript; one that is applied to an argument.
    fn symbol(&mut self, mut name: String) -> Option<Node> {
        while self.take_sign('_') {
            name.push('_');
            name.push_str(&self.subscript()?);
        }
        loop {
            // f', f^\prime, f^{\prime\prime}
            let raised = usize::from(self.is('^'));
            let group = usize::from(raised == 1 && self.tokens.get(self.at + 1) == Some(&Token::Sign('{')));
            let start = self.at + raised + group;
            let primes = self.tokens.iter().skip(start).take_while(|token| **token == Token::Sign('\'')).count();
            if primes == 0 || group == 1 && self.tokens.get(start + primes) != Some(&Token::Sign('}')) {
                break;
            }
            self.at = start + primes + group;
            name.push_str(&"'".repeat(primes));
        }
        let applied = matches!(name.trim_end_matches('\'').split('_').next(), Some("f" | "g" | "h" | "F" | "G" | "H"));
        // I(0) is no product: it would be nothing.
        let at_number = matches!(
            (self.tokens.get(self.at + 1), self.tokens.get(self.at + 2)),
            (Some(Token::Number(_)), Some(Token::Sign(')')))
        );
        if self.is('(') && (applied || at_number) {
            let argument = self.brackets('(')?;
            return Some(Node::Call(Function::Named(name), arguments(argument)));
        }
        if name == "mod" {
            return None;
        }
        Some(Node::Symbol(name))
    }

    fn call(&mut self, function: Function) -> Option<Node> {
        let mut exponent = None;
        let mut base = None;
        loop {
            if self.take_sign('^') {
                exponent = Some(self.exponent()?);
            } else if matches!(function, Function::Ln | Function::Max | Function::Min) && self.take_sign('_') {
                base = Some(self.deeper(Self::argument)?);
            } else {
                break;
            }
        }
        let arguments = if self.is('(') {
            arguments(self.brackets('(')?)
        } else if self.is('{') {
            arguments(self.primary()?)
        } else {
            // What the function is of: the factors up to a sign or another function.
            let mut factors = Vec::new();
            while self.starts_factor()
                && !matches!(self.peek(), Some(Token::Function(_) | Token::Text(_) | Token::Begin(_) | Token::Big(_)))
                || (factors.is_empty() && matches!(self.peek(), Some(Token::Function(_))))
            {
                factors.push(self.postfix()?);
            }
            match factors.len() {
                0 => return Some(Node::Symbol(format!("{function:?}"))),
                1 => factors,
                _ => vec![Node::Product(factors)],
            }
        };
        let (function, arguments) = match (function, base) {
            (Function::Ln, Some(base)) => (Function::LogBase, [vec![base], arguments].concat()),
            (function, _) => (function, arguments),
        };
        let minus_one = Node::integer(-1);
        Some(match exponent {
            Some(exponent) if exponent == minus_one && inverse(&function).is_some() => {
                Node::Call(inverse(&function)?, arguments)
            }
            Some(exponent) => Node::Power(Box::new(Node::Call(function, arguments)), Box::new(exponent)),
            None => Node::Call(function, arguments),
        })
    }

    /// A letter or group under an accent.
    fn accented(&mut self, accent: &'static str) -> Option<Node> {
        if matches!(accent, "angle" | "triangle" | "circle") {
            // The letters of the corners.
            let mut name = accent.to_owned();
            while let Some(Token::Letter(c)) = self.peek() {
                name.push(*c);
                self.at += 1;
            }
            return Some(Node::Symbol(name));
        }
        let inner = self.argument()?;
        Some(match (accent, inner) {
            ("", inner) => inner,
            (accent, Node::Symbol(name)) => Node::Symbol(format!("{accent} {name}")),
            ("circled", Node::Number(literal)) => Node::Symbol(format!("circled {}", literal.value)),
            (accent, inner) => Node::Call(Function::Named(accent.to_owned()), vec![inner]),
        })
    }

    /// `\sum_{k=1}^{n} …`: an operator that has only a name, of its bounds and its body.
    fn big(&mut self, name: &'static str) -> Option<Node> {
        let mut parts = Vec::new();
        loop {
            if self.take_sign('_') || self.take_sign('^') {
                let bound = self.deeper(Self::argument)?;
                // k = 0: the name of what runs, and from where.
                parts.extend(match bound {
                    Node::Chain(first, rest) => {
                        std::iter::once(*first).chain(rest.into_iter().map(|(_, side)| side)).collect()
                    }
                    bound => vec![bound],
                });
            } else {
                break;
            }
        }
        let mut factors = Vec::new();
        while self.starts_factor() {
            factors.push(self.postfix()?);
        }
        match factors.len() {
            0 => {}
            1 => parts.append(&mut factors),
            _ => parts.push(Node::Product(factors)),
        }
        Some(Node::Call(Function::Named(name.to_owned()), parts))
    }

    /// Brackets, round or square: a value, a point, an interval.
    fn brackets(&mut self, open: char) -> Option<Node> {
        self.at += 1;
        self.deeper(|parser| {
            let (mut items, _) = parser.items()?;
            while parser.take_sign(';') {
                items.append(&mut parser.items()?.0);
            }
            if parser.take(&Token::Command("choose")) {
                let taken = parser.sum()?;
                parser.take_sign(')').then_some(())?;
                return Some(Node::Call(Function::Binomial, vec![items.pop()?, taken]));
            }
            let Token::Sign(close @ (')' | ']' | '⟩')) = parser.next()? else { return None };
            match (items.len(), open, close) {
                (0, ..) => None,
                (1, '(', ')') | (1, '[', ']') => items.pop(),
                _ => Some(Node::Tuple(open, items, close)),
            }
        })
    }

    /// A group in braces.
    fn group(&mut self) -> Option<Node> {
        self.deeper(|parser| {
            if parser.take_sign('}') {
                // {}^3 and the like.
                return parser.primary();
            }
            let node = parser.list()?;
            if parser.take(&Token::Command("choose")) {
                let taken = parser.sum()?;
                parser.take_sign('}').then_some(())?;
                return Some(Node::Call(Function::Binomial, vec![node, taken]));
            }
            parser.take_sign('}').then_some(node)
        })
    }

    fn absolute(&mut self) -> Option<Node> {
        self.deeper(|parser| {
            parser.bars = true;
            let inner = parser.sum()?;
            parser.take_sign('|').then(|| Node::Call(Function::Abs, vec![inner]))
        })
    }

    fn closed(&mut self, close: &'static str, function: Function) -> Option<Node> {
        self.deeper(|parser| {
            let inner = parser.sum()?;
            parser.take(&Token::Command(close)).then(|| Node::Call(function, vec![inner]))
        })
    }

    /// `\{…\}`: items, or what has a property.
    fn set(&mut self) -> Option<Node> {
        self.deeper(|parser| {
            if parser.take(&Token::SetClose) {
                return Some(Node::Symbol("∅".to_owned()));
            }
            parser.builder = true;
            let (mut items, _) = parser.items()?;
            while parser.take_sign(';') {
                items.append(&mut parser.items()?.0);
            }
            parser.builder = false;
            if items.len() == 1 && (parser.take_sign('|') || parser.take_sign(':')) {
                let condition = parser.list()?;
                parser.take(&Token::SetClose).then_some(())?;
                return Some(Node::Builder(Box::new(items.pop()?), Box::new(condition)));
            }
            parser.take(&Token::SetClose).then_some(Node::Set(items))
        })
    }

    fn matrix(&mut self, environment: &str) -> Option<Node> {
        let rows = self.deeper(|parser| {
            let mut rows: Vec<Vec<Node>> = vec![Vec::new()];
            for _ in 0..CELLS_MAX {
                match parser.peek()? {
                    Token::End => {
                        parser.at += 1;
                        return Some(rows);
                    }
                    Token::Row => {
                        parser.at += 1;
                        rows.push(Vec::new());
                    }
                    Token::Cell => parser.at += 1,
                    _ => {
                        let mut items = vec![parser.chain()?];
                        while parser.take_sign(',') {
                            if !matches!(parser.peek(), Some(Token::Cell | Token::Row | Token::End)) {
                                items.push(parser.chain()?);
                            }
                        }
                        let cell = if items.len() == 1 { items.pop()? } else { Node::List(items, false) };
                        rows.last_mut()?.push(cell);
                    }
                }
            }
            None
        })?;
        let rows: Vec<Vec<Node>> = rows.into_iter().filter(|row| !row.is_empty()).collect();
        match environment {
            _ if rows.is_empty() => None,
            "vmatrix" => Some(Node::Call(Function::Named("det".to_owned()), vec![Node::Matrix(rows)])),
            "aligned" | "align" | "align*" | "gathered" | "split" => {
                let mut items: Vec<Node> = rows.into_iter().flatten().collect();
                if items.len() == 1 { items.pop() } else { Some(Node::List(items, false)) }
            }
            _ => Some(Node::Matrix(rows)),
        }
    }
}

fn arguments(node: Node) -> Vec<Node> {
    match node {
        Node::Tuple('(', items, ')') | Node::List(items, _) => items,
        node => vec![node],
    }
}

fn spelled(token: &Token) -> String {
    match token {
        Token::Number(text) | Token::Name(text) | Token::Text(text) => text.clone(),
        Token::Letter(c) | Token::Sign(c) => c.to_string(),
        Token::Constant(Constant::E) => "e".to_owned(),
        Token::Constant(Constant::I) => "i".to_owned(),
        Token::Constant(Constant::Pi) => "pi".to_owned(),
        other => format!("{other:?}"),
    }
}
