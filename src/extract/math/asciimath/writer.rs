//! The tree → LaTeX.

use super::node::{Command, Matrix, Node};

/// The LaTeX of a row.
pub(super) fn write(row: &[Node]) -> String {
    let mut writer = Writer { tex: String::new() };
    writer.row(row);
    writer.tex
}

struct Writer {
    tex: String,
}

impl Writer {
    fn row(&mut self, row: &[Node]) {
        for (nth, node) in row.iter().enumerate() {
            match node {
                Node::Word(word) if nth == 0 => self.push(&format!("\\text{{{word} }}")),
                Node::Prime if nth == 0 => self.push("{}'"),
                Node::Prime if ends_in_superscript(&row[nth - 1]) => self.push("{}'"),
                node => self.node(node),
            }
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Symbol(tex) | Node::Large { tex, .. } => self.push(tex),
            Node::Literal(text) => text.chars().for_each(|c| self.character(c)),
            Node::Mid => self.push("\\mid"),
            Node::Prime => self.push("'"),
            Node::Text(words) => self.push(&format!("\\text{{{}}}", escaped(words))),
            Node::Word(word) => self.push(&format!("\\text{{ {word} }}")),
            Node::Row(row) => self.row(row),
            Node::Fence { open: None, inside, close: None } => self.row(inside),
            Node::Fence { open, inside, close } => self.fence(*open, inside, *close),
            Node::Scripts { base, sub, sup } => self.scripts(base, sub.as_deref(), sup.as_deref()),
            Node::Command(command, argument) => self.command(*command, argument),
            Node::Pair(command, first, second) => {
                self.push(command);
                self.argument(first);
                self.argument(second);
            }
            Node::Root(degree, radicand) => {
                self.push("\\sqrt[");
                let degree = write(std::slice::from_ref(&**degree));
                // A bracket in the degree would end it.
                self.push(&if degree.contains(']') { format!("{{{degree}}}") } else { degree });
                self.push("]");
                self.argument(radicand);
            }
            Node::Matrix(matrix) => self.matrix(matrix, if matrix.left { Shape::Columns } else { Shape::Of("matrix") }),
        }
    }

    /// Adds LaTeX; a blank keeps a command's name apart from a letter.
    fn push(&mut self, tex: &str) {
        if tex.starts_with(|c: char| c.is_ascii_alphanumeric()) && ends_in_command(&self.tex) {
            self.tex.push(' ');
        }
        self.tex.push_str(tex);
    }

    fn character(&mut self, c: char) {
        match c {
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => self.push(&format!("\\{c}")),
            '\\' => self.push("\\backslash"),
            '\u{2212}' => self.push("-"),
            c => self.push(c.encode_utf8(&mut [0; 4])),
        }
    }

    fn argument(&mut self, node: &Node) {
        self.push("{");
        self.row(std::slice::from_ref(node));
        self.push("}");
    }

    fn scripts(&mut self, base: &Node, sub: Option<&Node>, sup: Option<&Node>) {
        match base {
            // What is evaluated at its limits: `x^2|_0^1`.
            Node::Mid => self.push("|"),
            Node::Row(row) if row.is_empty() => self.push("{}"),
            base if takes_script(base) => self.node(base),
            base => self.argument(base),
        }
        // On `'` a superscript goes without its sign's base: TeX joins the two.
        for (sign, script) in [("_", sub), ("^", sup)] {
            let Some(script) = script else { continue };
            if sign == "^" && matches!(script, Node::Prime) {
                self.push("'");
                continue;
            }
            self.push(sign);
            self.argument(script);
        }
    }

    fn command(&mut self, command: Command, argument: &Node) {
        let single = is_single(argument);
        let name = match (command.narrow, argument) {
            ("\\mathbf", Node::Text(_)) => "\\textbf",
            ("\\mathsf", Node::Text(_)) => "\\textsf",
            ("\\mathtt", Node::Text(_)) => "\\texttt",
            // Only letters and digits have an upright bold form.
            ("\\mathbf", argument) if !is_latin(argument) => "\\boldsymbol",
            _ if single => command.narrow,
            _ => command.wide,
        };
        self.push(name);
        match argument {
            Node::Text(words) if name.starts_with("\\text") => self.push(&format!("{{{}}}", escaped(words))),
            argument => self.argument(argument),
        }
    }

    fn fence(&mut self, open: Option<&str>, inside: &[Node], close: Option<&str>) {
        if let [Node::Matrix(matrix)] = inside {
            let name = match (open, close) {
                (Some("("), Some(")")) => Some("pmatrix"),
                (Some("["), Some("]")) => Some("bmatrix"),
                (Some("\\{"), Some("\\}")) => Some("Bmatrix"),
                (Some("|"), Some("|")) => Some("vmatrix"),
                (Some("\\|"), Some("\\|")) => Some("Vmatrix"),
                (Some("\\{"), None) => Some("cases"),
                _ => None,
            };
            match name.filter(|name| matrix.lines.is_empty() && (*name != "cases" || matrix.rows[0].len() <= 2)) {
                Some(name) => self.matrix(matrix, Shape::Of(name)),
                None => {
                    self.delimiter("\\left", open);
                    self.matrix(matrix, Shape::Columns);
                    self.delimiter("\\right", close);
                }
            }
        } else if inside.iter().any(Node::is_tall) {
            self.delimiter("\\left", open);
            self.row(inside);
            self.delimiter("\\right", close);
        } else {
            self.push(open.unwrap_or_default());
            self.row(inside);
            self.push(close.unwrap_or_default());
        }
    }

    fn delimiter(&mut self, side: &str, delimiter: Option<&str>) {
        self.push(side);
        self.tex.push_str(delimiter.unwrap_or("."));
    }

    fn matrix(&mut self, matrix: &Matrix, shape: Shape) {
        let Matrix { rows, lines, left } = matrix;
        let name = match shape {
            Shape::Of(name) => name,
            Shape::Columns => "array",
        };
        self.push(&format!("\\begin{{{name}}}"));
        if let Shape::Columns = shape {
            let mut columns = String::from("{");
            for column in 0..rows.iter().map(Vec::len).max().unwrap_or(0) {
                if lines.contains(&column) {
                    columns.push('|');
                }
                columns.push(if *left { 'l' } else { 'c' });
            }
            self.tex.push_str(&columns);
            self.tex.push('}');
        }
        for (nth, row) in rows.iter().enumerate() {
            self.tex.push_str(if nth == 0 { " " } else { " \\\\ " });
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    self.tex.push_str(" & ");
                }
                self.row(cell);
            }
        }
        self.tex.extend([" \\end{", name, "}"]);
    }
}

/// How a matrix is set.
#[derive(Clone, Copy)]
enum Shape {
    /// By the environment of this name.
    Of(&'static str),
    /// As an array whose columns are listed.
    Columns,
}

fn ends_in_command(tex: &str) -> bool {
    let name = tex.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    name.len() < tex.len() && name.ends_with('\\') && (name.len() - name.trim_end_matches('\\').len()) % 2 == 1
}

/// Whether TeX would take a prime after it for a second superscript.
fn ends_in_superscript(node: &Node) -> bool {
    match node {
        Node::Scripts { sup, .. } => sup.is_some(),
        Node::Row(row) => row.last().is_some_and(ends_in_superscript),
        _ => false,
    }
}

/// Whether a script written right after it stands where it should. What a script applies to is seen, not marked: in
/// `sin x^2` it stands at the `x` in both languages.
fn takes_script(node: &Node) -> bool {
    match node {
        Node::Row(row) => row.last().is_none_or(takes_script),
        Node::Fence { open: None, inside, close: None } => matches!(inside.as_slice(), [only] if takes_script(only)),
        Node::Literal(text) => text.chars().count() == 1 || text.starts_with(|c: char| c.is_ascii_digit() || c == '.'),
        Node::Symbol(tex) => *tex != "-",
        // The limits of `\underset` take the place of a script.
        Node::Scripts { .. } | Node::Pair(..) => false,
        Node::Command(command, inner) => !command.narrow.starts_with("\\math") || is_single(inner),
        _ => true,
    }
}

/// Whether an accent over it is that of one letter.
fn is_single(node: &Node) -> bool {
    match node {
        Node::Symbol(_) | Node::Prime => true,
        Node::Literal(text) => text.chars().count() == 1,
        Node::Row(row) | Node::Fence { open: None, inside: row, close: None } => {
            matches!(row.as_slice(), [only] if is_single(only))
        }
        Node::Command(_, inner) => is_single(inner),
        _ => false,
    }
}

/// Whether it is all letters and digits.
fn is_latin(node: &Node) -> bool {
    match node {
        Node::Symbol(tex) => !tex.starts_with('\\'),
        Node::Literal(text) => text.bytes().all(|byte| byte.is_ascii()),
        Node::Row(row) | Node::Fence { inside: row, .. } => row.iter().all(is_latin),
        _ => false,
    }
}

/// Words as they stand in `\text`.
fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '#' | '$' | '%' | '&' | '_' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '^' => out.push_str("\\^{}"),
            '~' => out.push_str("\\~{}"),
            c => out.push(c),
        }
    }
    out
}
