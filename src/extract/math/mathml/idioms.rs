//! What several neighbours in a row say together: binomials, moduli, matrices between fences.

use super::super::node::{NodeRef, attr, element, local_name};
use super::convert::{Context, Tex, elements, is_zero};
use super::operators::fenced_table;
use super::{scripts, tokens};

/// What several neighbours say together: a binomial, a congruence's modulus, a matrix between fences, the space that a
/// renderer puts after a function's name. The number of siblings used; `None` where they are nothing of the kind.
pub(super) fn idiom(tex: &mut Tex, row: &[NodeRef<'_>], context: &Context) -> Option<usize> {
    let first = element(*row.first()?)?;
    match local_name(first) {
        "mo" | "mrow" | "mstyle" | "mspace" => {}
        _ => return None,
    }
    if let [open, fraction, close, ..] = row
        && let Some(used) = binomial(tex, *open, *fraction, *close, context)
    {
        return Some(used);
    }
    if row.len() >= 3 && local_name(first) == "mo" && fenced_table(tex, &row[..3], context) {
        return Some(3);
    }
    if let [apply, space, ..] = row
        && operator(*apply) == Some("\u{2061}".to_owned())
        && element(*space).is_some_and(|e| local_name(e) == "mspace" && attr(e, "width") == Some("0.1667em"))
    {
        return Some(2);
    }
    if let [before, word, after, ..] = row
        && is_space(*before)
        && is_mod(*word)
        && is_space(*after)
    {
        tex.push("\\bmod");
        return Some(3);
    }
    modulus(tex, row, context)
}

/// The text of an operator, also where it stands alone in a row.
fn operator(node: NodeRef<'_>) -> Option<String> {
    let inner = scripts::single(node);
    element(inner).filter(|e| local_name(e) == "mo").map(|_| tokens::content(inner))
}

/// A fraction without a bar between fences.
fn binomial(
    tex: &mut Tex,
    open: NodeRef<'_>,
    fraction: NodeRef<'_>,
    close: NodeRef<'_>,
    context: &Context,
) -> Option<usize> {
    let fraction = scripts::single(fraction);
    element(fraction).filter(|e| local_name(e) == "mfrac" && attr(e, "linethickness").is_some_and(is_zero))?;
    match (operator(open)?.as_str(), operator(close)?.as_str()) {
        ("(", ")") => tex.push("\\binom"),
        ("[", "]") => tex.push("\\genfrac[]{0pt}{}"),
        ("{", "}") => tex.push("\\genfrac\\{\\}{0pt}{}"),
        _ => return None,
    }
    let mut parts = elements(fraction);
    tex.argument(parts.next(), context);
    tex.argument(parts.next(), context);
    Some(3)
}

/// `(mod n)`, with the space before it.
fn modulus(tex: &mut Tex, row: &[NodeRef<'_>], context: &Context) -> Option<usize> {
    let spaces = row.iter().take(3).take_while(|node| is_space(**node)).count();
    let [open, word, inner @ ..] = &row[spaces..] else { return None };
    if operator(*open)? != "(" || !is_mod(*word) {
        return None;
    }
    let mut depth = 1_usize;
    let close = inner.iter().position(|node| {
        match operator(*node).as_deref() {
            Some("(") => depth += 1,
            Some(")") => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let blanks = inner[..close].iter().take_while(|node| is_space(**node)).count();
    tex.push("\\pmod");
    tex.group(|tex| tex.run(&inner[blanks..close], &context.deeper()));
    Some(spaces + 3 + close)
}

fn is_space(node: NodeRef<'_>) -> bool {
    let inner = scripts::single(node);
    element(inner).is_some_and(|e| local_name(e) == "mspace")
}

/// Whether a node is the word "mod", maybe letter by letter.
pub(super) fn is_mod(node: NodeRef<'_>) -> bool {
    let mut word = String::new();
    for inner in node.descendants().take(16) {
        if let scraper::Node::Text(text) = inner.value() {
            word.push_str(text.trim());
        }
    }
    word == "mod"
}
