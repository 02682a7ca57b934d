//! Operators that bind variables: sums, limits, integrals, derivatives, quantifiers, functions.

use super::super::super::node::{NodeRef, element, local_name};
use super::super::convert::{Context, Tex, elements};
use super::{Application, Binding, Piece, expression, inner, operands};

/// Whether an element binds variables.
pub(super) fn binds(name: &str) -> bool {
    matches!(name, "sum" | "product" | "limit" | "int" | "diff" | "partialdiff" | "forall" | "exists")
}

/// An application of an operator that binds; `None` where its operator is none.
pub(super) fn binding(application: &Application<'_>, context: &Context) -> Option<Piece> {
    let bound: Vec<Piece> = application.bound.iter().map(|bvar| inner(*bvar, context)).collect();
    let body =
        |context: &Context| application.arguments.iter().map(|node| expression(*node, context)).collect::<Vec<_>>();
    Some(match application.name.as_str() {
        "sum" => big("\\sum", application, &bound, &body(context), context),
        "product" => big("\\prod", application, &bound, &body(context), context),
        "union" if !bound.is_empty() => big("\\bigcup", application, &bound, &body(context), context),
        "intersect" if !bound.is_empty() => big("\\bigcap", application, &bound, &body(context), context),
        "max" if !bound.is_empty() => big("\\max", application, &bound, &body(context), context),
        "min" if !bound.is_empty() => big("\\min", application, &bound, &body(context), context),
        "limit" => limit(application, &bound, &body(context), context),
        "int" => integral(application, &bound, &body(context), context),
        "diff" | "partialdiff" => derivative(application, &bound, &body(context), context),
        "forall" => quantifier("\\forall", application, &bound, &body(context), context),
        "exists" => quantifier("\\exists", application, &bound, &body(context), context),
        _ => return None,
    })
}

fn scripts(tex: &mut Tex, under: &str, over: &str) {
    for (sign, script) in [("_", under), ("^", over)] {
        if !script.is_empty() {
            tex.push(sign);
            tex.group(|tex| tex.push(script));
        }
    }
}

/// What stands under and over a big operator: limits, interval, condition or domain.
fn range(application: &Application<'_>, bound: &[Piece], with_name: bool, context: &Context) -> (String, String) {
    let names = Tex::apart(|tex| super::listed(tex, bound, ", "));
    let named = |sign: &str, value: &str| {
        Tex::apart(|tex| {
            if with_name && !names.is_empty() {
                tex.push(&names);
                tex.push(sign);
            }
            tex.push(value);
        })
    };
    let of = |name: &str| application.qualifier(name, context).map(|piece| piece.tex);
    if let Some((_, interval)) = application.qualifiers.iter().find(|(name, _)| name == "interval") {
        let ends: Vec<String> = elements(*interval).take(2).map(|end| expression(end, context).tex).collect();
        if let [low, high] = ends.as_slice() {
            return (named("=", low), high.clone());
        }
    }
    if let Some(condition) = of("condition") {
        return (condition, String::new());
    }
    if let Some(domain) = of("domainofapplication") {
        return (named("\\in", &domain), String::new());
    }
    match (of("lowlimit"), of("uplimit")) {
        (Some(low), high) => (named("=", &low), high.unwrap_or_default()),
        (None, Some(high)) => (names, high),
        (None, None) => (if with_name { names } else { String::new() }, String::new()),
    }
}

fn big(sign: &str, application: &Application<'_>, bound: &[Piece], body: &[Piece], context: &Context) -> Piece {
    let (under, over) = range(application, bound, true, context);
    Piece::new(Binding::Sum, |tex| {
        tex.push(sign);
        scripts(tex, &under, &over);
        operands(tex, body, Binding::Product);
    })
}

fn limit(application: &Application<'_>, bound: &[Piece], body: &[Piece], context: &Context) -> Piece {
    let under = match application.qualifier("condition", context) {
        Some(condition) => condition.tex,
        None => Tex::apart(|tex| {
            super::listed(tex, bound, ", ");
            if let Some(low) = application.qualifier("lowlimit", context) {
                tex.push("\\to");
                tex.push(&low.tex);
            }
        }),
    };
    Piece::new(Binding::Sum, |tex| {
        tex.push("\\lim");
        scripts(tex, &under, "");
        operands(tex, body, Binding::Product);
    })
}

fn integral(application: &Application<'_>, bound: &[Piece], body: &[Piece], context: &Context) -> Piece {
    let (under, over) = range(application, bound, false, context);
    Piece::new(Binding::Sum, |tex| {
        tex.push("\\int");
        scripts(tex, &under, &over);
        operands(tex, body, Binding::Product);
        for name in bound {
            tex.push("\\,d");
            tex.push(&name.tex);
        }
    })
}

fn derivative(application: &Application<'_>, bound: &[Piece], body: &[Piece], context: &Context) -> Piece {
    if bound.is_empty() {
        // The derivative of a function as such.
        return Piece::new(Binding::Application, |tex| {
            let partial = application.name == "partialdiff";
            match body {
                [indices, function] if partial => {
                    tex.push("D");
                    scripts(tex, &indices.tex, "");
                    function.operand(tex, Binding::Atom);
                }
                body => {
                    operands(tex, body, Binding::Atom);
                    tex.push("'");
                }
            }
        });
    }
    let sign = if application.name == "diff" { "d" } else { "\\partial" };
    let degrees: Vec<Option<String>> = application
        .bound
        .iter()
        .map(|bvar| {
            let degree = elements(*bvar).find(|inner| element(*inner).is_some_and(|e| local_name(e) == "degree"))?;
            Some(inner(degree, context).tex).filter(|degree| degree != "1")
        })
        .collect();
    let total = application.qualifier("degree", context).map(|piece| piece.tex).or_else(|| total(&degrees));
    Piece::new(Binding::Product, |tex| {
        tex.push("\\frac");
        tex.group(|tex| {
            tex.push(sign);
            scripts(tex, "", total.as_deref().unwrap_or_default());
            if let [body] = body {
                body.operand(tex, Binding::Application);
            }
        });
        tex.group(|tex| {
            for (name, degree) in bound.iter().zip(&degrees) {
                tex.push(sign);
                tex.push(&name.tex);
                scripts(tex, "", degree.as_deref().unwrap_or_default());
            }
        });
    })
}

/// The order of a derivative with respect to several variables; `None` for the first.
fn total(degrees: &[Option<String>]) -> Option<String> {
    if let [only] = degrees {
        return only.clone();
    }
    let numbers: Option<Vec<u32>> =
        degrees.iter().map(|degree| degree.as_deref().map_or(Some(1), |degree| degree.parse().ok())).collect();
    Some(match numbers {
        Some(numbers) => numbers.iter().fold(0_u32, |sum, n| sum.saturating_add(*n)).to_string(),
        None => degrees.iter().map(|degree| degree.as_deref().unwrap_or("1")).collect::<Vec<_>>().join("+"),
    })
}

fn quantifier(sign: &str, application: &Application<'_>, bound: &[Piece], body: &[Piece], context: &Context) -> Piece {
    let condition = application.qualifier("condition", context).or_else(|| {
        let domain = application.qualifier("domainofapplication", context)?;
        Some(Piece::atom(|tex| {
            tex.push("\\in");
            tex.push(&domain.tex);
        }))
    });
    Piece::new(Binding::Quantifier, |tex| {
        tex.push(sign);
        super::listed(tex, bound, ", ");
        if let Some(condition) = condition {
            if !condition.tex.starts_with("\\in") {
                tex.push(", ");
            }
            tex.push(&condition.tex);
        }
        tex.push(": ");
        super::listed(tex, body, ", ");
    })
}

/// `lambda`: x ↦ body.
pub(super) fn lambda(node: NodeRef<'_>, context: &Context) -> Piece {
    let is_bound = |part: &NodeRef<'_>| element(*part).is_some_and(|e| local_name(e) == "bvar");
    let (bound, body): (Vec<_>, Vec<_>) = elements(node).partition(is_bound);
    let bound: Vec<Piece> = bound.into_iter().map(|bvar| inner(bvar, context)).collect();
    let body = body.last().map(|body| expression(*body, context));
    Piece::new(Binding::Quantifier, |tex| {
        if bound.len() == 1 {
            super::listed(tex, &bound, ", ");
        } else {
            tex.push("(");
            super::listed(tex, &bound, ", ");
            tex.push(")");
        }
        tex.push("\\mapsto");
        tex.push(" ");
        if let Some(body) = body {
            tex.push(&body.tex);
        }
    })
}
