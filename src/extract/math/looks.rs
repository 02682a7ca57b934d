//! Whether a stretch of text looks like mathematics: used where a page gives no other word on it.

/// Words that are operators in formulas, sorted.
const FUNCTIONS: [&str; 52] = [
    "Im", "Pr", "Re", "Var", "adj", "arccos", "arcsin", "arctan", "arg", "argmax", "argmin", "cos", "cosh", "cot",
    "cov", "csc", "deg", "det", "diag", "dim", "div", "erf", "exp", "gcd", "grad", "hom", "inf", "ker", "lcm", "lim",
    "liminf", "limsup", "ln", "log", "max", "min", "mod", "poly", "polylog", "rank", "sec", "sgn", "sign", "sin",
    "sinh", "span", "sqrt", "sup", "tan", "tanh", "tr", "var",
];

/// Words of template and shell languages that stand between dollars, sorted.
const TEMPLATE_WORDS: [&str; 14] =
    ["cwd", "do", "echo", "else", "endfor", "endif", "fi", "for", "id", "if", "in", "it", "or", "sep"];

/// Whether the text holds TeX that hardly occurs in anything else: a control word, a script in braces.
pub(super) fn has_tex(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(b'\\', b'^', b'_', bytes).any(|at| {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        match bytes[at] {
            // Two letters at least, unless a brace or script follows soon; a drive's path is none.
            b'\\' => {
                let letters = bytes[at + 1..].iter().take_while(|b| b.is_ascii_alphabetic()).count();
                let path = at > 0 && bytes[at - 1] == b':';
                !path && (letters >= 2 || matches!(next, b'{' | b'|' | b',' | b';'))
            }
            _ => next == b'{',
        }
    })
}

/// Whether text without markup around it reads as a formula rather than as prose, currency, shell or template code.
pub(super) fn like_math(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > 4096 {
        return false;
    }
    if has_tex(text) {
        return true;
    }
    // A script on nothing and a quoted word are code: `$_GET['a']`.
    if text.starts_with('_') || text.contains("['") || text.contains("('") {
        return false;
    }
    let mut signs = Signs::default();
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_ascii_alphabetic() {
            let end = text[at..].find(|c: char| !c.is_ascii_alphabetic()).map_or(text.len(), |n| at + n);
            while chars.next_if(|(next, _)| *next < end).is_some() {}
            signs.word(&text[at..end], previous);
            previous = 'a';
            continue;
        }
        match c {
            '0'..='9' => signs.digits = true,
            '=' | '<' | '>' | '+' | '^' | '_' | '*' | '|' | '/' | '-' | '~' => signs.operators += 1,
            '(' | ')' | '[' | ']' | '{' | '}' | ',' | '.' | ' ' | '\'' | ':' | '!' | '\n' | '\t' | '\\' | '&' => {}
            '"' | '#' | '@' | ';' | '?' | '`' | '%' | '$' => return false,
            c if is_math_symbol(c) => signs.operators += 1,
            c if c.is_alphabetic() && !is_greek(c) => return false,
            c if is_greek(c) => signs.letters += 1,
            _ => return false,
        }
        previous = c;
    }
    let hanging = text.ends_with(['=', '-', '/', '<', ',', ':', '|', '.'])
        && !(text.ends_with('|') && memchr::memchr_iter(b'|', text.as_bytes()).count().is_multiple_of(2))
        && !text.strip_suffix(['-', '|']).is_some_and(|rest| rest.ends_with(['^', '_']) || text.starts_with('|'));
    !hanging && signs.read_as_math(text)
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3ff}' | '\u{1d400}'..='\u{1d7ff}' | 'ℝ' | 'ℂ' | 'ℕ' | 'ℤ' | 'ℚ' | 'ℓ' | 'ħ' | 'ℏ')
}

fn is_math_symbol(c: char) -> bool {
    matches!(c, '\u{2200}'..='\u{22ff}' | '\u{2190}'..='\u{21ff}' | '\u{27c0}'..='\u{2aff}' | '±' | '×' | '÷' | '·' | '°' | '′' | '…' | '²' | '³' | '¬')
}

#[derive(Default)]
struct Signs {
    operators: usize,
    letters: usize,
    prose: usize,
    digits: bool,
    template: bool,
}

impl Signs {
    fn word(&mut self, word: &str, previous: char) {
        if TEMPLATE_WORDS.binary_search(&word).is_ok() {
            self.template = true;
        } else if word.len() == 1 || FUNCTIONS.binary_search(&word).is_ok() {
            self.letters += 1;
        } else if matches!(previous, '_' | '^' | '\\') {
            // A script that is a word: `x_max`.
        } else if word.len() == 2 || (word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase())) {
            self.letters += 2;
        } else {
            self.prose += 1;
        }
    }

    fn read_as_math(&self, text: &str) -> bool {
        if self.prose > 0 || self.template {
            return false;
        }
        let spaces = text.split_whitespace().count().saturating_sub(1);
        match (self.letters, self.operators) {
            (0, 0) => self.digits && (spaces == 0 || text.starts_with(['(', '[']) && text.ends_with([')', ']'])),
            (0, _) => self.digits,
            (1, _) => true,
            (2, 0) if text.len() == 2 => text.bytes().all(|b| b.is_ascii_uppercase()),
            (_, 0) => self.digits || text.contains(['(', ',', '[']) && spaces <= self.letters,
            (letters, operators) => operators * 4 + 4 >= letters,
        }
    }
}

/// Whether dollars around this text are prices: it starts with a number and goes on in words.
pub(super) fn like_currency(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    starts
        && !text.contains(['\\', '^', '_', '=', '<', '>', '×', '÷', '±', '−'])
        && text.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 1)
}

/// Whether text is prose in words rather than a formula: for names that also stand on pictures.
pub(super) fn like_prose(text: &str) -> bool {
    if text.contains(['\\', '^', '_', '=']) {
        return false;
    }
    text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 3).count() > 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_told_from_prices_and_code() {
        for text in [
            "x",
            "n",
            "α",
            "x'",
            "AB",
            "5",
            "-1",
            "2n",
            "f(x)",
            "(a, b)",
            "a+b",
            "x = 1",
            "O(n log n)",
            "x_1",
            "x_max",
            "\\alpha",
            "\\{1\\}",
            "x \\in A",
            "a ≤ b",
            "P(A|B)",
            "3 \\times 3",
            "i < n",
            "x_i, y_i",
            "n!",
            "[0, 1]",
            "d = |a - b|",
            "|x|",
        ] {
            assert!(like_math(text), "{text:?}");
        }
        for text in [
            "",
            "HOME",
            "title",
            "if(x)",
            "endif",
            "5 and",
            "100K-",
            "_GET['a",
            "body",
            "a=",
            "foo_bar = baz",
            "Id: x.c",
            "#",
            "i; i",
            "('#id').on(",
            "C:\\Users\\x",
            "10 million",
            "每个",
            "(this).x(",
            "[a-z]+@",
            "/usr/lib",
            "x |",
        ] {
            assert!(!like_math(text), "{text:?}");
        }
    }

    #[test]
    fn prices_and_prose() {
        assert!(like_currency("5 and "));
        assert!(!like_currency("5 + x"));
        assert!(!like_currency("1.5×IQR"));
        assert!(!like_currency("10 \\text{ kg}"));
        assert!(like_prose("Diagram showing some large triangle"));
        assert!(!like_prose("h = uf+vg"));
    }

    #[test]
    fn tables_are_sorted() {
        assert!(FUNCTIONS.is_sorted() && TEMPLATE_WORDS.is_sorted());
    }
}
