//! A run of text: prose, inline code, formulas.

use super::Renderer;
use crate::spans::{Piece, for_each_piece};

/// Writes `text` escaped, without control characters, line breaks as `br`.
pub(super) fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("<br>"),
            '\t' => html.push(' '),
            c if c.is_control() => {}
            c => html.push(c),
        }
    }
}

/// Writes `text` escaped for a `pre` or a `code`: line breaks as they are.
pub(super) fn verbatim(text: &str, html: &mut String) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            html.push('\n');
        }
        escape(line, html);
    }
}

/// Writes a run of text.
pub(super) fn write(renderer: &Renderer, text: &str, html: &mut String) {
    for_each_piece(text, &renderer.commands, |piece| match piece {
        Piece::Prose(prose) => self::prose(prose, html),
        Piece::Code(code) => {
            html.push_str("<code>");
            verbatim(code.trim_matches('`'), html);
            html.push_str("</code>");
        }
        Piece::Formula { tex, display } => formula(renderer, tex, display, html),
        Piece::Command { name, .. } => {
            html.push('\\');
            escape(name, html);
        }
    });
}

/// Prose: a dollar that is none of a formula is written `\$` where it could be taken for one.
fn prose(text: &str, html: &mut String) {
    for (number, part) in text.split("\\$").enumerate() {
        if number > 0 {
            html.push('$');
        }
        escape(part, html);
    }
}

/// Writes a formula, or its source.
pub(super) fn formula(renderer: &Renderer, tex: &str, display: bool, html: &mut String) {
    if let Some(markup) = super::math::convert(&renderer.converter, tex, display) {
        html.push_str(&markup);
        return;
    }
    let marks = if display { "$$" } else { "$" };
    html.push_str("<code class=\"tex\">");
    for part in [marks, tex, marks] {
        verbatim(part, html);
    }
    html.push_str("</code>");
}
