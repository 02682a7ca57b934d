//! Text → tokens.

use super::characters::plain;
use super::node::{Constant, Relation, Space};
use super::numerals::numeral;
use super::token::{Token, command, is_dropped_with_argument, is_font, is_greek, is_look, is_text, known};
use super::units::{Unit, is_unit};

/// Longest text that is read as an expression, in characters.
pub(crate) const CHARS_MAX: usize = 2000;
/// How deep texts may nest in texts.
const NESTED_MAX: usize = 4;

/// The tokens of a text, and whether a comma was taken for a separator of thousands that could as well be one of items.
pub(crate) struct Lexed {
    pub tokens: Vec<Token>,
    pub ambiguous: bool,
}

/// Reads a text. `joined` says what `1,234` is: one number, or two items.
pub(crate) fn lex(text: &str, joined: bool) -> Option<Lexed> {
    let chars: Vec<char> = plain(text).chars().collect();
    if chars.len() > CHARS_MAX {
        return None;
    }
    let mut lexer = Lexer { chars, at: 0, out: Vec::new(), joined, ambiguous: false, matrices: 0, nested: 0 };
    lexer.run();
    Some(Lexed { tokens: lexer.out, ambiguous: lexer.ambiguous })
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    out: Vec<Token>,
    joined: bool,
    ambiguous: bool,
    /// How many environments are open.
    matrices: usize,
    nested: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn is_digit(&self, ahead: usize) -> bool {
        self.peek(ahead).is_some_and(|c| c.is_ascii_digit())
    }

    fn run(&mut self) {
        while let Some(c) = self.peek(0) {
            match c {
                '0'..='9' => self.number(),
                '.' if self.is_digit(1) => self.number(),
                '.' if self.peek(1) == Some('.') => {
                    while self.peek(0) == Some('.') {
                        self.at += 1;
                    }
                    self.out.push(Token::Dots);
                }
                // Spaces, dollars, the point after a sentence or an item.
                ' ' | '\n' | '$' | '"' | '`' | '~' | '\u{a0}' | '.' | '?' => self.at += 1,
                '\\' => self.backslash(),
                'a'..='z' | 'A'..='Z' => self.word(),
                '<' | '>' | '=' | '!' => self.relation(c),
                '*' if self.peek(1) == Some('*') => {
                    self.at += 2;
                    self.out.push(Token::Sign('^'));
                }
                '&' => {
                    self.at += 1;
                    self.out.push(Token::Cell);
                }
                '+' if self.peek(1) == Some('/') && self.peek(2) == Some('-') => {
                    self.at += 3;
                    self.out.push(Token::PlusMinus);
                }
                c if c.is_alphabetic() => self.foreign(),
                c => {
                    self.at += 1;
                    self.out.push(Token::Sign(c));
                }
            }
        }
    }

    fn relation(&mut self, c: char) {
        let next = self.peek(1);
        let (token, length) = match (c, next) {
            ('<', Some('=')) | ('=', Some('<')) => (Token::Relation(Relation::LessEqual), 2),
            ('>', Some('=')) => (Token::Relation(Relation::GreaterEqual), 2),
            ('=', Some('>')) => (Token::Relation(Relation::Other("⇒")), 2),
            ('!' | '<', Some('=' | '>')) => (Token::Relation(Relation::NotEqual), 2),
            ('=', Some('=')) => (Token::Relation(Relation::Equal), 2),
            ('<', _) => (Token::Relation(Relation::Less), 1),
            ('>', _) => (Token::Relation(Relation::Greater), 1),
            ('=', _) => (Token::Relation(Relation::Equal), 1),
            _ => (Token::Sign('!'), 1),
        };
        self.at += length;
        self.out.push(token);
    }

    /// A number, with its separators of thousands taken out.
    fn number(&mut self) {
        let mut digits = String::new();
        let take = |lexer: &mut Self, digits: &mut String| {
            while let Some(c) = lexer.peek(0).filter(char::is_ascii_digit) {
                digits.push(c);
                lexer.at += 1;
            }
        };
        take(self, &mut digits);
        if (1..=3).contains(&digits.len()) && !digits.starts_with('0') {
            while let Some((length, plain_comma)) = self.separator() {
                if plain_comma {
                    self.ambiguous = true;
                    if !self.joined {
                        break;
                    }
                }
                self.at += length;
                take(self, &mut digits);
            }
        }
        if self.peek(0) == Some('.') && self.is_digit(1) {
            digits.push('.');
            self.at += 1;
            take(self, &mut digits);
        } else if self.peek(0) == Some('.') && self.peek(1) == Some('\\') {
            // 0.\overline{3}
            digits.push('.');
            self.at += 1;
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let signed = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.is_digit(1 + signed) {
                digits.push('e');
                if signed == 1 {
                    digits.extend(self.peek(1));
                }
                self.at += 1 + signed;
                take(self, &mut digits);
            }
        }
        self.out.push(Token::Number(digits));
    }

    /// The length of a separator of thousands that stands here, with three digits and no more after it; whether it is a
    /// comma without anything that tells it from one of items.
    fn separator(&self) -> Option<(usize, bool)> {
        let follows = |text: &str| text.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c));
        let group = |length: usize| (0..3).all(|i| self.is_digit(length + i)) && !self.is_digit(length + 3);
        for (text, plain_comma) in
            [("{,}", false), (",\\!", false), ("\\,", false), ("\\ ", false), (",", true), (" ", false)]
        {
            if !follows(text) {
                continue;
            }
            let mut length = text.len();
            if text == ",\\!" {
                while self.peek(length) == Some(' ') {
                    length += 1;
                }
            }
            if group(length) {
                return Some((length, plain_comma));
            }
        }
        None
    }

    /// Whether what stands before is a value, so that a word after it can be its unit.
    fn after_value(&self) -> bool {
        matches!(
            self.out.last(),
            Some(Token::Number(_) | Token::Sign(')' | '}' | ']') | Token::Constant(_) | Token::Degree)
        )
    }

    fn word(&mut self) {
        let run: String = self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        let after_value = self.after_value();
        if after_value {
            // km/h, m/s
            let rest = self.chars[self.at..].iter().take(12);
            let phrase: String = rest.take_while(|c| c.is_ascii_alphabetic() || **c == '/').collect();
            if phrase.contains('/') && matches!(Unit::of(&phrase), Unit::Known(..)) {
                self.at += phrase.len();
                return self.out.push(Token::Text(phrase));
            }
            // 1orW(x)
            if run.starts_with("or") && run.len() > 2 && !is_unit(&run) && run.len() < 6 {
                self.at += 2;
                return self.out.push(Token::Or);
            }
        }
        self.at += run.len();
        if run.len() == 1 {
            return self.letter(run.chars().next().unwrap_or('x'));
        }
        if let Some(token) = known(&run).or_else(|| known(&run.to_lowercase())).filter(|_| run != "Max" && run != "Min")
        {
            return self.out.push(token);
        }
        if is_greek(&run) {
            return self.out.push(Token::Name(run));
        }
        if self.phrase(&run) {
            return;
        }
        if ((after_value || self.bracketed(run.len())) && is_unit(&run)) || run.len() >= 4 {
            return self.words(run);
        }
        run.chars().for_each(|c| self.letter(c));
    }

    /// Whether a word of so many letters that ends here is all that stands in a bracket after a number: 5 (cm).
    fn bracketed(&self, length: usize) -> bool {
        let opened = matches!(self.out.as_slice(), [.., Token::Number(_), Token::Sign('(')]);
        opened && self.peek(0) == Some(')') && length > 1
    }

    fn letter(&mut self, c: char) {
        self.out.push(match c {
            'e' => Token::Constant(Constant::E),
            'i' => Token::Constant(Constant::I),
            c => Token::Letter(c),
        });
    }

    /// A word that has a meaning of its own, wherever it stands.
    fn phrase(&mut self, words: &str) -> bool {
        let token = match words.to_lowercase().as_str() {
            "and" | "且" => Token::Both,
            "和" | "与" | "及" | "&" => Token::And,
            "or" | "或" | "或者" => Token::Or,
            "percent" | "pct" | "percentage" | "per cent" => Token::Sign('%'),
            "degree" | "degrees" | "deg" => Token::Degree,
            "approximately" | "about" | "approx" | "roughly" | "around" | "约" | "大约" | "约为" => {
                Token::Relation(Relation::About)
            }
            "no solution" | "no solutions" | "none exist" | "empty set" | "无解" | "空集" => {
                Token::Name("∅".to_owned())
            }
            "all real numbers" | "all reals" | "实数集" | "全体实数" | "一切实数" => {
                Token::Space(Space::Reals)
            }
            _ => return false,
        };
        self.out.push(token);
        true
    }

    fn words(&mut self, words: String) {
        if let Some(Token::Text(before)) = self.out.last_mut() {
            before.push(' ');
            before.push_str(&words);
            let all = std::mem::take(before);
            self.out.pop();
            if !self.phrase(&all) {
                self.out.push(Token::Text(all));
            }
        } else if !self.phrase(&words) {
            self.out.push(Token::Text(words));
        }
    }

    /// Words beside digits that make a number of them: `负5`, `3分之2`, `5又2分之1`, `百分之5`.
    fn beside_digits(&mut self) -> bool {
        let run: String = self.chars[self.at..].iter().take(4).take_while(|c| c.is_alphabetic()).collect();
        let length = run.chars().count();
        let after_number = matches!(self.out.last(), Some(Token::Number(_)));
        let digit = self.is_digit(length);
        match run.as_str() {
            "负" | "零下" if digit && !self.after_value() => {
                self.at += length;
                self.out.push(Token::Sign('-'));
            }
            "百分之" if digit && !self.after_value() => {
                self.at += length;
                self.number();
                self.out.push(Token::Sign('%'));
            }
            "又" if digit && after_number => self.at += length,
            "分之" if digit && after_number => {
                self.at += length;
                let below = self.out.pop();
                // After a whole number it is the fraction of that.
                let whole = matches!(self.out.last(), Some(Token::Number(_)));
                self.out.extend((!whole).then_some(Token::Sign('(')));
                self.number();
                self.out.push(Token::Sign('/'));
                self.out.extend(below);
                self.out.extend((!whole).then_some(Token::Sign(')')));
            }
            _ => return false,
        }
        true
    }

    /// A run of letters that are not ASCII.
    fn foreign(&mut self) {
        if self.beside_digits() {
            return;
        }
        if !self.after_value()
            && let Some((length, number)) = numeral(&self.chars[self.at..])
        {
            self.at += length;
            return self.out.extend(number);
        }
        let joins = |c: &char| matches!(c, '和' | '或' | '与' | '及' | '且');
        let letter = |c: &char| c.is_alphabetic() && !c.is_ascii();
        let run: String = self.chars[self.at..].iter().take_while(|c| letter(c)).collect();
        let first = run.chars().next().unwrap_or('x');
        if joins(&first) && !run.starts_with("或者") {
            self.at += 1;
            self.phrase(&first.to_string());
            return;
        }
        // 5米/秒
        let after: String = self.chars[self.at..].iter().take_while(|c| letter(c) || **c == '/').collect();
        let run = if after.contains('/') && matches!(Unit::of(&after), Unit::Known(..)) {
            after
        } else if run.starts_with("或者") {
            "或者".to_owned()
        } else {
            run.chars().take_while(|c| !joins(c)).collect()
        };
        self.at += run.chars().count();
        self.words(run);
    }

    fn backslash(&mut self) {
        if self.peek(1) == Some('\\') {
            // A backslash doubled by an encoder stands before a command; elsewhere two break a row.
            let name: String = self.chars[self.at + 2..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
            let is_command = name.len() > 1
                && (known(&name).is_some()
                    || command(&name).is_some()
                    || is_text(&name)
                    || is_look(&name)
                    || matches!(name.as_str(), "begin" | "end"));
            let breaks = self.matrices > 0
                && !matches!(
                    self.out.last(),
                    None | Some(
                        Token::Cell
                            | Token::Row
                            | Token::Begin(_)
                            | Token::Sign('+' | '-' | '*' | '/' | '(' | '{' | '^')
                    )
                );
            if is_command && !breaks {
                self.at += 1;
            } else {
                self.at += 2;
                return self.out.push(Token::Row);
            }
        }
        self.at += 1;
        let Some(first) = self.peek(0) else { return };
        let mut name: String = if first.is_ascii_alphabetic() {
            self.chars[self.at..].iter().take_while(|c| c.is_ascii_alphabetic()).collect()
        } else {
            first.to_string()
        };
        self.at += name.chars().count();
        if name == "operatorname" && self.peek(0) == Some('*') {
            self.at += 1;
        }
        // \quadx
        if let Some(rest) = name.strip_prefix("qquad").or_else(|| name.strip_prefix("quad")) {
            self.at -= rest.len();
            name.truncate(name.len() - rest.len());
        }
        self.command(&name);
    }

    fn command(&mut self, name: &str) {
        if let Some(token) = command(name).or_else(|| known(name)) {
            return self.out.push(token);
        }
        if is_look(name) {
            // `\left.` opens nothing.
            if matches!(name, "left" | "right") && self.peek(0) == Some('.') {
                self.at += 1;
            }
            return;
        }
        match name {
            "begin" => {
                let environment = self.argument().unwrap_or_default();
                if environment.starts_with("array") || environment.starts_with("tabular") {
                    self.argument();
                }
                self.matrices += 1;
                self.out.push(Token::Begin(environment));
            }
            "end" => {
                self.argument();
                self.matrices = self.matrices.saturating_sub(1);
                self.out.push(Token::End);
            }
            "bmod" | "mod" => self.out.push(Token::Name("mod".to_owned())),
            name if is_dropped_with_argument(name) => {
                self.argument();
            }
            name if is_text(name) => {
                if let Some(content) = self.argument() {
                    self.text(name, &content);
                }
            }
            name => self.out.push(Token::Name(name.to_owned())),
        }
    }

    /// What stands in the braces that follow, and moves past them.
    fn argument(&mut self) -> Option<String> {
        let mut at = self.at;
        while self.chars.get(at) == Some(&' ') {
            at += 1;
        }
        if self.chars.get(at) != Some(&'{') {
            return None;
        }
        let start = at + 1;
        let mut depth = 0usize;
        for (i, c) in self.chars.iter().enumerate().skip(at) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at = i + 1;
                return Some(self.chars[start..i].iter().collect());
            }
        }
        self.at = self.chars.len();
        Some(self.chars[start..].iter().collect())
    }

    /// The argument of `\text`, `\mathrm` and their like.
    fn text(&mut self, name: &str, content: &str) {
        let words = content.replace(['~', '\n'], " ");
        let words = words.trim();
        if name == "mathbb" {
            return self.out.push(match words {
                "R" => Token::Space(Space::Reals),
                "Z" => Token::Space(Space::Integers),
                "N" => Token::Space(Space::Naturals),
                "Q" => Token::Space(Space::Rationals),
                "C" => Token::Space(Space::Complexes),
                other => Token::Name(other.to_owned()),
            });
        }
        let mut letters = words.chars();
        match (letters.next(), letters.next()) {
            (None, _) => return,
            (Some(c), None) if c.is_ascii_alphabetic() => {
                // Unit vectors are no constants.
                let vector = matches!(name, "mathbf" | "boldsymbol" | "bm") && matches!(c, 'i' | 'j' | 'k' | 'e');
                return match name {
                    _ if vector => self.out.push(Token::Name(format!("vec {c}"))),
                    _ if is_font(name) || matches!(c, 'e' | 'i') => self.letter(c),
                    _ => self.words(c.to_string()),
                };
            }
            _ => {}
        }
        if is_font(name) && (known(words).is_some() || words == "mod") {
            return self.out.push(known(words).unwrap_or(Token::Name(words.to_owned())));
        }
        let mathematics = words.contains(['\\', '$', '^']) || words.chars().any(|c| c.is_ascii_digit());
        if mathematics && self.nested < NESTED_MAX {
            let mut inner = Lexer {
                chars: words.chars().collect(),
                at: 0,
                out: Vec::new(),
                joined: self.joined,
                ambiguous: false,
                matrices: 0,
                nested: self.nested + 1,
            };
            inner.run();
            self.ambiguous |= inner.ambiguous;
            self.out.append(&mut inner.out);
        } else {
            self.words(words.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let shown = |token: &Token| match token {
            Token::Number(digits) => digits.clone(),
            Token::Letter(c) | Token::Sign(c) => c.to_string(),
            Token::Text(words) => format!("'{words}'"),
            other => format!("{other:?}"),
        };
        let tokens: Vec<String> = lex(text, true).unwrap().tokens.iter().map(shown).collect();
        assert_eq!(tokens.join(" "), want);
    }

    #[test]
    fn numbers_have_separators() {
        check("1,234,567.5", "1234567.5");
        check("1{,}000", "1000");
        check("11,\\! 111,\\!100", "11111100");
        check("1 000", "1000");
        check("3, 500", "3 , 500");
        check("12,34", "12 , 34");
        check("1,2345", "1 , 2345");
        check("0,111", "0 , 111");
        check(".5", ".5");
        check("6.02e23", "6.02e23");
        check("1E-5", "1e-5");
        check("2e", "2 Constant(E)");
        check("5.", "5");
    }

    #[test]
    fn words_are_units_names_or_variables() {
        check("5 cm", "5 'cm'");
        check("60 km/h", "60 'km/h'");
        check("3 square meters", "3 'square meters'");
        check("ab", "a b");
        check("2\\text{ or }3", "2 Or 3");
        check("28 percent", "28 %");
        check("\\mathrm{i}", "Constant(I)");
        check("3元和5元", "3 '元' And 5 '元'");
        check("\\text{13}", "13");
        check("x\\quady", "x y");
        check("(1,2)或(2,1)", "( 1 , 2 ) Or ( 2 , 1 )");
    }

    #[test]
    fn doubled_backslashes_are_one_or_a_row() {
        check("\\\\frac{1}{2}", "Command(\"frac\") { 1 } { 2 }");
        check(
            "\\begin{pmatrix}1\\\\\\frac12\\\\2\\end{pmatrix}",
            "Begin(\"pmatrix\") 1 Row Command(\"frac\") 12 Row 2 End",
        );
    }
}
