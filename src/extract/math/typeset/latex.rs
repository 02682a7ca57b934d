//! A run as LaTeX.

use super::super::mathml::{append, characters};
use super::lex::{Kind, Token};

/// The LaTeX of a run.
pub(super) fn write(text: &str, tokens: &[Token]) -> String {
    let mut out = String::new();
    sequence(text, tokens, &mut out);
    out
}

fn sequence(text: &str, tokens: &[Token], out: &mut String) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += match &token.kind {
            Kind::Prefix(root @ ('√' | '∛' | '∜')) => radical(text, *root, &tokens[at + 1..], out),
            Kind::Open('(' | '（') if is_modulus(text, tokens, at) => modulus(text, tokens, at, out),
            Kind::Script { raised, .. } => scripts(text, *raised, &tokens[at..], out),
            _ => {
                one(text, token, out);
                1
            }
        };
    }
}

fn one(text: &str, token: &Token, out: &mut String) {
    let source = token.text(text);
    match &token.kind {
        Kind::Letters(face) if face.bold => group("\\mathbf", &characters(source), out),
        Kind::Upright | Kind::Word => group("\\mathrm", &escaped(source), out),
        Kind::Function => function(source, out),
        Kind::Name => group("\\operatorname", &escaped(source), out),
        Kind::Strong('＝') => out.push('='),
        Kind::Strong('＋') => out.push('+'),
        Kind::Strong('·' | '∙' | '⋅') => append(out, "\\cdot"),
        Kind::Weak('-' | '–' | '−' | '－' | '‐' | '‑') => out.push('-'),
        Kind::Weak('⁄' | '∕') => out.push('/'),
        Kind::Weak('＜') => out.push('<'),
        Kind::Weak('＞') => out.push('>'),
        Kind::Weak('^') => append(out, "\\hat{}"),
        Kind::Weak('_') => append(out, "\\_"),
        Kind::Open('（') => out.push('('),
        Kind::Close('）') => out.push(')'),
        Kind::Comma => out.push(','),
        Kind::Colon => out.push(if matches!(source, "；" | ";") { ';' } else { ':' }),
        Kind::Ellipsis => append(out, if source == "⋯" { "\\cdots" } else { "\\ldots" }),
        Kind::Prime => out.push_str(match source {
            "″" => "''",
            "‴" => "'''",
            _ => "'",
        }),
        Kind::Fraction { over, under } => {
            append(out, "\\frac");
            braces(text, over, out);
            braces(text, under, out);
        }
        Kind::Overline(inside) => {
            append(out, "\\overline");
            braces(text, inside, out);
        }
        Kind::Container { inside, .. } | Kind::Part { inside, .. } => sequence(text, inside, out),
        Kind::Space => {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
        Kind::Stop if source == "\u{2028}" => out.push(' '),
        _ => {
            // Character by character the table says what to write; decimal points and digits stand as they are.
            append(out, &characters(source));
        }
    }
}

fn group(command: &str, inside: &str, out: &mut String) {
    append(out, command);
    out.push('{');
    out.push_str(inside);
    out.push('}');
}

fn braces(text: &str, inside: &[Token], out: &mut String) {
    let mut inner = String::new();
    sequence(text, inside, &mut inner);
    out.push('{');
    out.push_str(inner.trim());
    out.push('}');
}

/// Letters that are no LaTeX.
fn escaped(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn function(name: &str, out: &mut String) {
    const PLAIN: [&str; 10] = ["Im", "Re", "card", "diag", "div", "grad", "lcm", "rank", "rot", "sgn"];
    match name {
        "mod" => append(out, "\\bmod"),
        "tr" => group("\\operatorname", name, out),
        _ if PLAIN.contains(&name) => group("\\operatorname", name, out),
        _ => append(out, &format!("\\{name}")),
    }
}

/// A root: of what stands under the line, in parentheses, or next.
fn radical(text: &str, root: char, after: &[Token], out: &mut String) -> usize {
    append(
        out,
        match root {
            '∛' => "\\sqrt[3]",
            '∜' => "\\sqrt[4]",
            _ => "\\sqrt",
        },
    );
    let close = matching(after).filter(|close| *close > 0);
    match after.first().map(|token| &token.kind) {
        Some(Kind::Open(_)) if let Some(close) = close => {
            braces(text, &after[1..close], out);
            2 + close
        }
        Some(Kind::Overline(inside)) => {
            braces(text, inside, out);
            2
        }
        Some(Kind::Number | Kind::Letters(_) | Kind::Symbol) => {
            braces(text, &after[..1], out);
            2
        }
        _ => {
            out.push_str("{}");
            1
        }
    }
}

/// Index of the bracket that closes the first token.
fn matching(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })
}

/// Whether `(mod n)` starts at a token.
fn is_modulus(text: &str, tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Function && token.text(text) == "mod")
        && matching(&tokens[at..]).is_some()
}

fn modulus(text: &str, tokens: &[Token], at: usize, out: &mut String) -> usize {
    let close = matching(&tokens[at..]).unwrap_or(1);
    append(out, "\\pmod");
    braces(text, &tokens[(at + 2).min(at + close)..at + close], out);
    close + 1
}

/// The scripts that start here; those of one kind in a row are one script.
fn scripts(text: &str, raised: bool, tokens: &[Token], out: &mut String) -> usize {
    let mut inner = String::new();
    let mut used = 0;
    while let Some(Token { kind: Kind::Script { raised: next, inside }, .. }) = tokens.get(used) {
        if *next != raised {
            break;
        }
        sequence(text, inside, &mut inner);
        used += 1;
    }
    let inner = inner.trim();
    let primes = inner.chars().all(|c| c == '\'') && raised;
    if primes {
        out.push_str(inner);
        return used;
    }
    if out.is_empty() || out.ends_with(['{', '(', ' ']) {
        out.push_str("{}");
    }
    out.push(if raised { '^' } else { '_' });
    if inner.chars().count() == 1 && inner.is_ascii() {
        out.push_str(inner);
    } else {
        out.push('{');
        out.push_str(inner);
        out.push('}');
    }
    used
}
