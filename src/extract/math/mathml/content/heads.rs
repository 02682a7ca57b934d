//! How operators are written that bind no variable.

use super::super::convert::{Context, Tex};
use super::{Application, Binding, Piece};

/// How an operator is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Head {
    /// Between its arguments.
    Infix(&'static str, Binding),
    /// A name before one argument or a list in parentheses.
    Function(&'static str),
    /// Before its argument without parentheses.
    Prefix(&'static str),
    /// Around its argument.
    Around(&'static str, &'static str),
    /// A script on its argument.
    Power(&'static str),
    /// In a way of its own.
    Special,
}

/// How an element of Content MathML is written; `None` where it is no operator.
pub(super) fn head(name: &str) -> Option<Head> {
    use Binding::{And, Implication, Or, Product, Relation, Set, Sum};
    use Head::{Around, Function, Infix, Power, Prefix, Special};
    Some(match name {
        "plus" | "minus" | "times" | "divide" | "power" | "root" | "quotient" | "factorial" | "exp" | "log"
        | "selector" | "moment" | "variance" | "in_interval" => Special,
        "rem" => Infix("\\bmod", Product),
        "eq" => Infix("=", Relation),
        "neq" => Infix("\\neq", Relation),
        "lt" => Infix("<", Relation),
        "gt" => Infix(">", Relation),
        "leq" => Infix("\\leq", Relation),
        "geq" => Infix("\\geq", Relation),
        "equivalent" => Infix("\\equiv", Relation),
        "approx" => Infix("\\approx", Relation),
        "factorof" => Infix("\\mid", Relation),
        "tendsto" => Infix("\\to", Relation),
        "in" => Infix("\\in", Relation),
        "notin" => Infix("\\notin", Relation),
        "subset" => Infix("\\subseteq", Relation),
        "prsubset" => Infix("\\subset", Relation),
        "notsubset" => Infix("\\nsubseteq", Relation),
        "notprsubset" => Infix("\\not\\subset", Relation),
        "implies" => Infix("\\implies", Implication),
        "or" => Infix("\\lor", Or),
        "xor" => Infix("\\oplus", Or),
        "and" => Infix("\\land", And),
        "union" => Infix("\\cup", Set),
        "intersect" => Infix("\\cap", Set),
        "setdiff" => Infix("\\setminus", Set),
        "cartesianproduct" | "vectorproduct" => Infix("\\times", Product),
        "scalarproduct" => Infix("\\cdot", Product),
        "outerproduct" => Infix("\\otimes", Product),
        "compose" => Infix("\\circ", Sum),
        "not" => Prefix("\\neg"),
        "grad" => Prefix("\\nabla"),
        "divergence" => Prefix("\\nabla\\cdot"),
        "curl" => Prefix("\\nabla\\times"),
        "laplacian" => Prefix("\\nabla^{2}"),
        "abs" | "card" => Around("|", "|"),
        "floor" => Around("\\lfloor", "\\rfloor"),
        "ceiling" => Around("\\lceil", "\\rceil"),
        "conjugate" | "mean" => Around("\\overline{", "}"),
        "inverse" => Power("-1"),
        "transpose" => Power("T"),
        "sin" => Function("\\sin"),
        "cos" => Function("\\cos"),
        "tan" => Function("\\tan"),
        "sec" => Function("\\sec"),
        "csc" => Function("\\csc"),
        "cot" => Function("\\cot"),
        "sinh" => Function("\\sinh"),
        "cosh" => Function("\\cosh"),
        "tanh" => Function("\\tanh"),
        "coth" => Function("\\coth"),
        "sech" => Function("\\operatorname{sech}"),
        "csch" => Function("\\operatorname{csch}"),
        "arcsin" => Function("\\arcsin"),
        "arccos" => Function("\\arccos"),
        "arctan" => Function("\\arctan"),
        "arcsec" => Function("\\operatorname{arcsec}"),
        "arccsc" => Function("\\operatorname{arccsc}"),
        "arccot" => Function("\\operatorname{arccot}"),
        "arcsinh" => Function("\\operatorname{arcsinh}"),
        "arccosh" => Function("\\operatorname{arccosh}"),
        "arctanh" => Function("\\operatorname{arctanh}"),
        "arcsech" => Function("\\operatorname{arcsech}"),
        "arccsch" => Function("\\operatorname{arccsch}"),
        "arccoth" => Function("\\operatorname{arccoth}"),
        "ln" => Function("\\ln"),
        "determinant" => Function("\\det"),
        "arg" => Function("\\arg"),
        "real" => Function("\\Re"),
        "imaginary" => Function("\\Im"),
        "gcd" => Function("\\gcd"),
        "lcm" => Function("\\operatorname{lcm}"),
        "max" => Function("\\max"),
        "min" => Function("\\min"),
        "sdev" => Function("\\sigma"),
        "median" => Function("\\operatorname{median}"),
        "mode" => Function("\\operatorname{mode}"),
        "ident" => Function("\\operatorname{id}"),
        "domain" => Function("\\operatorname{domain}"),
        "codomain" => Function("\\operatorname{codomain}"),
        "image" => Function("\\operatorname{image}"),
        _ => return None,
    })
}

/// The element that a symbol of an OpenMath dictionary means.
pub(super) fn open_math(symbol: &str) -> String {
    let symbol = symbol.trim();
    match symbol {
        "unary_minus" => "minus",
        "e" => "exponentiale",
        "i" => "imaginaryi",
        "NaN" => "notanumber",
        "gamma" => "eulergamma",
        "Z" => "integers",
        "R" => "reals",
        "Q" => "rationals",
        "N" => "naturalnumbers",
        "C" => "complexes",
        "P" => "primes",
        "defint" => "int",
        "remainder" => "rem",
        "size" => "card",
        "cartesian_product" => "cartesianproduct",
        "propersubset" | "prsubset" => "prsubset",
        "notpropersubset" => "notprsubset",
        "left_compose" => "compose",
        "identity" => "ident",
        "range" => "image",
        "argument" => "arg",
        "vector_selector" | "matrix_selector" => "selector",
        other => other,
    }
    .to_owned()
}

/// An operator that stands by itself, as an argument of another.
pub(super) fn alone(name: &str) -> Option<Piece> {
    let tex = match head(name)? {
        Head::Infix(tex, _) | Head::Function(tex) | Head::Prefix(tex) => tex,
        _ => match name {
            "plus" => "+",
            "minus" => "-",
            "times" => "\\times",
            "divide" => "/",
            "exp" => "\\exp",
            "log" => "\\log",
            "factorial" => "!",
            _ => return Some(Piece::atom(|tex| tex.push("\\cdot"))),
        },
    };
    Some(Piece::atom(|out| out.push(tex)))
}

/// Applies an operator to arguments.
pub(super) fn apply(application: &Application<'_>, arguments: &[Piece], context: &Context) -> Option<Piece> {
    let head = head(&application.name)?;
    Some(match head {
        Head::Infix(sign, binding) => infix(sign, binding, arguments),
        Head::Function(name) => function(name, arguments),
        Head::Prefix(sign) => Piece::new(Binding::Product, |tex| {
            tex.push(sign);
            super::operands(tex, arguments, Binding::Application);
        }),
        Head::Around(open, close) => Piece::atom(|tex| {
            tex.push(open);
            super::listed(tex, arguments, ", ");
            tex.push(close);
        }),
        Head::Power(script) => Piece::new(Binding::Application, |tex| {
            if let Some(base) = arguments.first() {
                base.operand(tex, Binding::Atom);
            }
            tex.push("^");
            tex.group(|tex| tex.push(script));
        }),
        Head::Special => special(application, arguments, context)?,
    })
}

fn infix(sign: &str, binding: Binding, arguments: &[Piece]) -> Piece {
    Piece::new(binding, |tex| {
        if let [only] = arguments {
            tex.push(sign);
            return only.operand(tex, binding);
        }
        for (n, argument) in arguments.iter().enumerate() {
            if n > 0 {
                tex.push(sign);
            }
            // A relation inside a relation needs parentheses, a sum inside a sum none but on the right of what does not
            // associate.
            let same = argument.binding == binding;
            let strict =
                same && (binding == Binding::Relation || matches!(sign, "\\setminus" | "\\implies" | "\\bmod"));
            if strict { argument.parenthesised(tex) } else { argument.operand(tex, binding) }
        }
    })
}

/// A named function: without parentheses on one symbol.
pub(super) fn function(name: &str, arguments: &[Piece]) -> Piece {
    Piece::new(Binding::Application, |tex| {
        tex.push(name);
        match arguments {
            [only] if is_plain(&only.tex) => tex.push(&only.tex),
            [only] => only.parenthesised(tex),
            several => {
                tex.push("(");
                super::listed(tex, several, ", ");
                tex.push(")");
            }
        }
    })
}

/// Whether an argument is one symbol or number.
fn is_plain(tex: &str) -> bool {
    super::super::shape::is_single(tex) || tex.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an expression starts with an operator that takes what follows.
fn is_big(tex: &str) -> bool {
    ["\\sum", "\\prod", "\\int", "\\lim"].iter().any(|sign| tex.starts_with(sign))
}

fn special(application: &Application<'_>, arguments: &[Piece], context: &Context) -> Option<Piece> {
    let script = |tex: &mut Tex, sign: &str, piece: &Piece| {
        tex.push(sign);
        piece.argument(tex);
    };
    Some(match (application.name.as_str(), arguments) {
        ("plus", arguments) => Piece::new(Binding::Sum, |tex| {
            for (n, argument) in arguments.iter().enumerate() {
                if n > 0 && !argument.tex.starts_with('-') {
                    tex.push("+");
                }
                argument.operand(tex, Binding::Sum);
            }
        }),
        ("minus", [only]) => Piece::new(Binding::Sum, |tex| {
            tex.push("-");
            only.operand(tex, Binding::Product);
        }),
        ("minus", arguments) => Piece::new(Binding::Sum, |tex| {
            for (n, argument) in arguments.iter().enumerate() {
                if n > 0 {
                    tex.push("-");
                }
                argument.operand(tex, if n > 0 { Binding::Product } else { Binding::Sum });
            }
        }),
        ("times", arguments) => Piece::new(Binding::Product, |tex| {
            for (n, argument) in arguments.iter().enumerate() {
                if n > 0 && argument.tex.starts_with(|c: char| c.is_ascii_digit()) {
                    tex.push("\\cdot");
                    tex.push(" ");
                }
                // A big operator reaches to the end of the product anyway.
                if n + 1 == arguments.len() && n > 0 && is_big(&argument.tex) {
                    tex.push(&argument.tex);
                } else {
                    argument.operand(tex, Binding::Product);
                }
            }
        }),
        ("divide", [over, under]) => Piece::new(Binding::Product, |tex| {
            tex.push("\\frac");
            over.argument(tex);
            under.argument(tex);
        }),
        ("power", [base, exponent]) => Piece::new(Binding::Application, |tex| {
            base.operand(tex, Binding::Atom);
            script(tex, "^", exponent);
        }),
        ("root", [radicand, ..]) => {
            let degree = application.qualifier("degree", context).map(|degree| degree.tex);
            let degree = degree.or_else(|| arguments.get(1).map(|degree| degree.tex.clone()));
            Piece::atom(|tex| {
                tex.push("\\sqrt");
                if let Some(degree) = degree.filter(|degree| degree != "2") {
                    tex.push(if degree.contains(['[', ']']) { "[{" } else { "[" });
                    tex.push(&degree);
                    tex.push(if degree.contains(['[', ']']) { "}]" } else { "]" });
                }
                radicand.argument(tex);
            })
        }
        ("quotient", [over, under]) => Piece::atom(|tex| {
            tex.push("\\left\\lfloor\\frac");
            over.argument(tex);
            under.argument(tex);
            tex.push("\\right\\rfloor");
        }),
        ("factorial", [only]) => Piece::new(Binding::Application, |tex| {
            only.operand(tex, Binding::Atom);
            tex.push("!");
        }),
        ("exp", [only]) => Piece::new(Binding::Application, |tex| {
            tex.push("e");
            script(tex, "^", only);
        }),
        ("log", arguments) => {
            let base = application.qualifier("logbase", context);
            let name = Tex::apart(|tex| {
                tex.push("\\log");
                if let Some(base) = base {
                    script(tex, "_", &base);
                }
            });
            function(&name, arguments)
        }
        ("selector", [base, indices @ ..]) => Piece::atom(|tex| {
            base.operand(tex, Binding::Atom);
            tex.push("_");
            tex.group(|tex| super::listed(tex, indices, ", "));
        }),
        ("moment", [only, ..]) => {
            let degree = application.qualifier("degree", context);
            Piece::atom(|tex| {
                tex.push("\\langle");
                only.operand(tex, Binding::Atom);
                if let Some(degree) = degree {
                    script(tex, "^", &degree);
                }
                tex.push("\\rangle");
            })
        }
        ("variance", arguments) => function("\\sigma^{2}", arguments),
        _ => return None,
    })
}
