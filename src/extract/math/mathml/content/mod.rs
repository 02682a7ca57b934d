//! Content MathML: expressions by their meaning, written with as few parentheses as precedence allows.
//!
//! `mod` walks the tree, `leaves` has numbers, names and constants, `heads` says how each operator is written,
//! `calculus` the operators that bind variables, `containers` sets, vectors, matrices and cases.

mod calculus;
mod containers;
mod heads;
mod leaves;

use super::super::node::{NodeRef, element, local_name};
use super::convert::{Context, DEPTH_MAX, Tex, elements};

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Quantifier,
    Implication,
    Or,
    And,
    Relation,
    Set,
    Sum,
    Product,
    Application,
    Atom,
}

/// LaTeX of an expression and how tightly it binds.
struct Piece {
    tex: String,
    binding: Binding,
}

impl Piece {
    fn new(binding: Binding, write: impl FnOnce(&mut Tex)) -> Self {
        Self { tex: Tex::apart(write), binding }
    }

    fn atom(write: impl FnOnce(&mut Tex)) -> Self {
        Self::new(Binding::Atom, write)
    }

    /// Writes the expression as an operand, in parentheses where it binds less than what is around it.
    fn operand(&self, tex: &mut Tex, around: Binding) {
        if self.binding < around {
            self.parenthesised(tex);
        } else {
            tex.push(&self.tex);
        }
    }

    fn parenthesised(&self, tex: &mut Tex) {
        let tall = self.tex.contains("\\frac") || self.tex.contains("\\begin") || self.tex.contains("\\sum");
        tex.push(if tall { "\\left(" } else { "(" });
        tex.push(&self.tex);
        tex.push(if tall { "\\right)" } else { ")" });
    }

    /// The expression in braces.
    fn argument(&self, tex: &mut Tex) {
        tex.group(|tex| tex.push(&self.tex));
    }
}

/// Whether an element belongs to Content MathML.
pub(super) fn is_content(name: &str) -> bool {
    is_operator(name)
        || matches!(
            name,
            "apply"
                | "bind"
                | "reln"
                | "fn"
                | "ci"
                | "cn"
                | "csymbol"
                | "cs"
                | "lambda"
                | "piecewise"
                | "vector"
                | "matrix"
                | "set"
                | "list"
                | "interval"
                | "cerror"
                | "cbytes"
                | "declare"
                | "share"
        )
}

/// Whether an element is an operator or constant, which is empty.
pub(super) fn is_operator(name: &str) -> bool {
    heads::head(name).is_some() || leaves::constant(name).is_some() || calculus::binds(name)
}

/// Writes a content element; `false` where it is none.
pub(super) fn write(tex: &mut Tex, node: NodeRef<'_>, name: &str, context: &Context) -> bool {
    if !is_content(name) {
        return false;
    }
    tex.push(&expression(node, context).tex);
    true
}

/// One expression.
fn expression(node: NodeRef<'_>, context: &Context) -> Piece {
    let context = &context.deeper();
    let nothing = || Piece::atom(|_| {});
    let Some(tag) = element(node).filter(|_| context.depth <= DEPTH_MAX) else { return nothing() };
    let name = local_name(tag);
    match name {
        "cn" => leaves::number(node, tag),
        "ci" | "csymbol" => leaves::identifier(node, context),
        "cs" => Piece::atom(|tex| {
            tex.push("\\text");
            tex.group(|tex| tex.push(&super::shape::escape_text(&super::tokens::content(node))));
        }),
        "apply" | "bind" | "reln" => application(node, context),
        "fn" => elements(node).next().map_or_else(nothing, |inner| expression(inner, context)),
        "declare" | "cbytes" | "share" => nothing(),
        "lambda" => calculus::lambda(node, context),
        "piecewise" | "vector" | "matrix" | "matrixrow" | "set" | "list" | "interval" => {
            containers::container(node, tag, name, context)
        }
        // Presentation inside content.
        _ if !is_content(name) && !is_part(name) => Piece::atom(|tex| tex.node(node, None, context)),
        _ => match leaves::constant(name) {
            Some(constant) => Piece::atom(|tex| tex.push(constant)),
            // Parts that stand outside of what they belong to: what they hold.
            None => heads::alone(name).unwrap_or_else(|| {
                Piece::atom(|tex| {
                    for inner in elements(node) {
                        tex.push(&expression(inner, context).tex);
                    }
                })
            }),
        },
    }
}

/// Whether an element is part of another: a qualifier, a bound variable, a case.
fn is_part(name: &str) -> bool {
    matches!(
        name,
        "bvar"
            | "lowlimit"
            | "uplimit"
            | "condition"
            | "domainofapplication"
            | "degree"
            | "logbase"
            | "momentabout"
            | "piece"
            | "otherwise"
            | "matrixrow"
    )
}

/// The parts of an application: operator, qualifiers, arguments.
struct Application<'a> {
    /// The operator's name; for a symbol its text.
    name: String,
    head: Option<NodeRef<'a>>,
    bound: Vec<NodeRef<'a>>,
    /// `lowlimit`, `uplimit`, `interval`, `condition`, `domainofapplication`, `degree`, `logbase`, `momentabout`.
    qualifiers: Vec<(String, NodeRef<'a>)>,
    arguments: Vec<NodeRef<'a>>,
}

impl<'a> Application<'a> {
    fn of(node: NodeRef<'a>) -> Self {
        let mut parts = elements(node);
        let head = parts.next();
        let name =
            head.and_then(|head| Some((head, local_name(element(head)?)))).map_or_else(String::new, |(head, tag)| {
                if tag == "csymbol" { heads::open_math(&super::tokens::content(head)) } else { tag.to_owned() }
            });
        let takes_interval = matches!(name.as_str(), "int" | "sum" | "product");
        let (mut bound, mut qualifiers, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match element(part).map_or("", local_name) {
                "bvar" => bound.push(part),
                "interval" if takes_interval && arguments.is_empty() => {
                    qualifiers.push(("interval".to_owned(), part));
                }
                tag if is_part(tag) => qualifiers.push((tag.to_owned(), part)),
                _ => arguments.push(part),
            }
        }
        Self { name, head, bound, qualifiers, arguments }
    }

    /// What a qualifier holds.
    fn qualifier(&self, name: &str, context: &Context) -> Option<Piece> {
        let (_, node) = self.qualifiers.iter().find(|(tag, _)| tag == name)?;
        Some(inner(*node, context))
    }

    fn pieces(&self, context: &Context) -> Vec<Piece> {
        self.arguments.iter().map(|argument| expression(*argument, context)).collect()
    }
}

/// The expression inside a qualifier.
fn inner(node: NodeRef<'_>, context: &Context) -> Piece {
    elements(node).find(|inner| element(*inner).is_some_and(|e| local_name(e) != "degree")).map_or_else(
        || Piece::atom(|tex| super::tokens::characters(tex, &super::tokens::content(node))),
        |inner| expression(inner, context),
    )
}

fn application(node: NodeRef<'_>, context: &Context) -> Piece {
    let application = Application::of(node);
    if let Some(piece) = calculus::binding(&application, context) {
        return piece;
    }
    let arguments = application.pieces(context);
    if let Some(piece) = heads::apply(&application, &arguments, context) {
        return piece;
    }
    // Any other function: f(x, y).
    let head = application.head.map(|head| expression(head, context));
    Piece::new(Binding::Application, |tex| {
        if let Some(head) = head {
            head.operand(tex, Binding::Application);
        }
        tex.push("(");
        listed(tex, &arguments, ", ");
        tex.push(")");
    })
}

/// Operands one after the other.
fn operands(tex: &mut Tex, pieces: &[Piece], around: Binding) {
    for piece in pieces {
        piece.operand(tex, around);
    }
}

/// Expressions with a separator between.
fn listed(tex: &mut Tex, pieces: &[Piece], separator: &str) {
    for (n, piece) in pieces.iter().enumerate() {
        if n > 0 {
            tex.push(separator);
        }
        tex.push(&piece.tex);
    }
}
