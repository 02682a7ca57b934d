//! Sub- and superscripts, limits, multiscripts.

use scraper::node::Element;

use super::super::node::{NodeRef, attr, element, local_name};
use super::accents::{over_command, under_command};
use super::convert::{Context, Tex, elements};
use super::{shape, tokens};

/// `msub`, `msup`, `msubsup`.
pub(super) fn scripts(tex: &mut Tex, node: NodeRef<'_>, context: &Context) {
    let name = element(node).map_or("", local_name);
    let mut parts = elements(node);
    let base = parts.next();
    let (sub, sup) = match name {
        "msub" => (parts.next(), None),
        "msup" => (None, parts.next()),
        _ => (parts.next(), parts.next()),
    };
    write_base(tex, base, context);
    write_scripts(tex, sub, sup, context);
}

/// The base of scripts, in braces unless it is one symbol or construction.
fn write_base(tex: &mut Tex, base: Option<NodeRef<'_>>, context: &Context) {
    let inner = Context { script_base: true, ..*context };
    let written = base.map(|base| Tex::apart(|tex| tex.node(base, None, &inner))).unwrap_or_default();
    let kind = base.and_then(element).map_or("", local_name);
    let atomic = match kind {
        "mn" => written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'),
        "mi" | "mo" | "mtext" | "msqrt" | "mroot" | "mtable" | "mfenced" => true,
        "mrow" if base.is_some_and(super::operators::is_fenced) => true,
        "mfrac" => shape::is_command(&written, 2),
        _ => {
            shape::is_single(&written)
                || shape::is_one_command(&written)
                || is_group(&written)
                || (written.ends_with("matrix}") && shape::is_environment(&written))
        }
    };
    if written.is_empty() || !atomic {
        tex.group(|tex| tex.push(&written));
    } else {
        tex.push(&written);
    }
}

/// Whether LaTeX is one group in braces.
fn is_group(tex: &str) -> bool {
    tex.starts_with('{') && shape::is_one_command(&format!("\\x{tex}"))
}

fn write_scripts(tex: &mut Tex, sub: Option<NodeRef<'_>>, sup: Option<NodeRef<'_>>, context: &Context) {
    let context = &Context { script_base: false, ..*context };
    if let Some(sub) = sub.filter(|sub| !is_none(*sub)) {
        tex.tex.push('_');
        tex.argument(Some(sub), context);
    }
    let Some(sup) = sup.filter(|sup| !is_none(*sup)) else { return };
    if let Some(primes) = primes(sup) {
        return tex.tex.push_str(&"'".repeat(primes));
    }
    if is_degree(sup) {
        return tex.push("^{\\circ}");
    }
    // Primes and a power after them.
    let row: Vec<NodeRef<'_>> =
        if element(sup).is_some_and(|e| local_name(e) == "mrow") { elements(sup).collect() } else { Vec::new() };
    let first: usize = row.iter().map_while(|node| primes(*node)).sum();
    let used = row.iter().take_while(|node| primes(**node).is_some()).count();
    if first == 0 {
        tex.tex.push('^');
        return tex.argument(Some(sup), context);
    }
    tex.tex.push_str(&"'".repeat(first));
    if used < row.len() {
        tex.tex.push('^');
        tex.group(|tex| tex.run(&row[used..], context));
    }
}

fn is_none(node: NodeRef<'_>) -> bool {
    element(node)
        .is_some_and(|e| local_name(e) == "none" || matches!(local_name(e), "mrow" | "mi") && !node.has_children())
}

/// Whether a superscript is the sign of degrees, which is raised by itself.
fn is_degree(node: NodeRef<'_>) -> bool {
    let node = single(node);
    element(node).is_some_and(|e| matches!(local_name(e), "mo" | "mi" | "mn" | "mtext")) && tokens::content(node) == "°"
}

/// Number of primes, where a superscript is nothing else.
fn primes(node: NodeRef<'_>) -> Option<usize> {
    let node = single(node);
    element(node).filter(|e| matches!(local_name(e), "mo" | "mi"))?;
    match tokens::content(node).as_str() {
        "′" | "'" | "’" => Some(1),
        "″" | "′′" | "''" => Some(2),
        "‴" | "′′′" => Some(3),
        _ => None,
    }
}

/// The node inside rows of one.
pub(super) fn single(mut node: NodeRef<'_>) -> NodeRef<'_> {
    for _ in 0..6 {
        if !element(node).is_some_and(|e| matches!(local_name(e), "mrow" | "mstyle" | "mpadded")) {
            break;
        }
        let mut children = elements(node);
        match (children.next(), children.next()) {
            (Some(only), None) => node = only,
            _ => break,
        }
    }
    node
}

/// `munder`, `mover`, `munderover`.
pub(super) fn limits(tex: &mut Tex, node: NodeRef<'_>, tag: &Element, context: &Context) {
    let mut parts = elements(node);
    let Some(base) = parts.next() else { return };
    let (under, over) = match local_name(tag) {
        "munder" => (parts.next(), None),
        "mover" => (None, parts.next()),
        _ => (parts.next(), parts.next()),
    };
    let base_context = Context { script_base: false, ..*context };
    let context = &Context { limit: true, ..base_context };
    // Written once: nested bases written again at each level would take exponential time.
    let argument = Tex::apart(|tex| tex.argument(Some(base), &base_context));
    let written = &argument[1..argument.len() - 1];
    let wide = written.chars().filter(|c| c.is_alphanumeric()).count() > 1
        && !shape::is_single(written)
        && !shape::is_one_command(written);
    let flagged = |name: &str| attr(tag, name) == Some("false");
    let command = match (under, over) {
        (None, Some(over)) if !flagged("accent") => over_command(over, wide),
        (Some(under), None) if !flagged("accentunder") => under_command(under),
        _ => None,
    };
    if let Some(command) = command {
        tex.push(command);
        return tex.push(&argument);
    }
    if takes_limits(single(base), written) {
        tex.push(written);
        if matches!(written, "\\int" | "\\iint" | "\\iiint" | "\\oint") {
            tex.push("\\limits");
        }
        return write_scripts(tex, under, over, context);
    }
    if let Some(name) = written.strip_prefix("\\operatorname{").filter(|_| shape::is_one_command(written)) {
        tex.push("\\operatorname*{");
        tex.push(name);
        return write_scripts(tex, under, over, context);
    }
    if let Some(arrow) = extensible(single(base)) {
        tex.push(arrow);
        if let Some(under) = under.filter(|under| !is_none(*under)) {
            let label = Tex::apart(|tex| tex.argument(Some(under), context));
            tex.tex.push('[');
            tex.tex.push_str(&label);
            tex.tex.push(']');
        }
        return tex.argument(over, context);
    }
    let (under, over) = (under.filter(|node| !is_none(*node)), over.filter(|node| !is_none(*node)));
    // Braces keep their label as a script.
    if let (Some(under), Some(over)) = (under, over)
        && let Some(command) = over_command(over, true).filter(|command| command.ends_with("brace"))
        && under_command(under).is_none()
    {
        tex.push("\\underset");
        tex.argument(Some(under), context);
        return tex.group(|tex| {
            tex.push(command);
            tex.push(&argument);
        });
    }
    let mut close = 0;
    if under.is_some() {
        tex.push("\\underset");
        tex.argument(under, context);
        if over.is_some() {
            tex.tex.push('{');
            close = 1;
        }
    }
    if over.is_some() {
        tex.push("\\overset");
        tex.argument(over, context);
    }
    tex.push(&argument);
    tex.tex.push_str(&"}".repeat(close));
}

/// Whether LaTeX itself sets what is under and over a base as limits.
fn takes_limits(base: NodeRef<'_>, written: &str) -> bool {
    let name = element(base).map_or("", local_name);
    if matches!(name, "munder" | "mover") {
        return ["\\underbrace", "\\overbrace", "\\underbracket", "\\overbracket"]
            .iter()
            .any(|command| written.starts_with(command));
    }
    matches!(
        written,
        "\\sum"
            | "\\prod"
            | "\\coprod"
            | "\\int"
            | "\\iint"
            | "\\iiint"
            | "\\oint"
            | "\\bigcup"
            | "\\bigcap"
            | "\\bigoplus"
            | "\\bigotimes"
            | "\\bigodot"
            | "\\biguplus"
            | "\\bigsqcup"
            | "\\bigvee"
            | "\\bigwedge"
            | "\\lim"
            | "\\max"
            | "\\min"
            | "\\sup"
            | "\\inf"
            | "\\limsup"
            | "\\liminf"
            | "\\det"
            | "\\gcd"
            | "\\Pr"
            | "\\injlim"
            | "\\projlim"
    ) || written.starts_with("\\operatorname*")
}

/// The extensible arrow for a base that is an arrow.
fn extensible(base: NodeRef<'_>) -> Option<&'static str> {
    element(base).filter(|e| local_name(e) == "mo" && attr(e, "stretchy") != Some("false"))?;
    Some(match tokens::content(base).as_str() {
        "→" | "⟶" => "\\xrightarrow",
        "←" | "⟵" => "\\xleftarrow",
        "⇒" | "⟹" => "\\xRightarrow",
        "⇐" | "⟸" => "\\xLeftarrow",
        "↔" | "⟷" => "\\xleftrightarrow",
        "⇔" | "⟺" => "\\xLeftrightarrow",
        "↦" | "⟼" => "\\xmapsto",
        "⇌" => "\\xrightleftharpoons",
        _ => return None,
    })
}

/// `mmultiscripts`: scripts after the base, then those before it.
pub(super) fn multiscripts(tex: &mut Tex, node: NodeRef<'_>, context: &Context) {
    let parts: Vec<NodeRef<'_>> = elements(node).collect();
    let Some((base, scripts)) = parts.split_first() else { return };
    let before = scripts.iter().position(|part| element(*part).is_some_and(|e| local_name(e) == "mprescripts"));
    let (after, before) = match before {
        Some(at) => (&scripts[..at], &scripts[at + 1..]),
        None => (scripts, &[][..]),
    };
    for pair in before.chunks(2) {
        tex.tex.push_str("{}");
        write_scripts(tex, pair.first().copied(), pair.get(1).copied(), context);
    }
    write_base(tex, Some(*base), context);
    for (n, pair) in after.chunks(2).enumerate() {
        if n > 0 {
            tex.tex.push_str("{}");
        }
        write_scripts(tex, pair.first().copied(), pair.get(1).copied(), context);
    }
}
