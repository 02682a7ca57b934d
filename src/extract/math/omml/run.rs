//! The text of a run → MathML tokens.

/// How a run's letters are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The `mathvariant`, where the run names one.
    pub(super) variant: Option<&'static str>,
    /// Whether the run is ordinary text.
    pub(super) text: bool,
    /// Whether letters are upright: several of them are a name.
    pub(super) upright: bool,
}

impl Look {
    /// The look that style (`p`, `b`, `i`, `bi`) and script (`fraktur`, …) name.
    pub(super) fn of(style: Option<&str>, script: Option<&str>, text: bool) -> Self {
        let bold = matches!(style, Some("b" | "bi"));
        let upright = style == Some("p");
        let variant = match script {
            Some("script") => Some("script"),
            Some("fraktur") => Some("fraktur"),
            Some("double-struck") => Some("double-struck"),
            Some("sans-serif") => Some("sans-serif"),
            Some("monospace") => Some("monospace"),
            _ if bold => Some("bold"),
            _ => None,
        };
        Self { variant, text, upright }
    }
}

/// Writes a run. `aligned` says whether an ampersand parts the columns of a system of equations.
pub(super) fn write(text: &str, look: Look, aligned: bool, out: &mut String) {
    if look.text {
        out.push_str("<mtext>");
        escape(text, out);
        return out.push_str("</mtext>");
    }
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '&' => {
                if aligned {
                    out.push_str("</mtd><mtd>");
                }
                1
            }
            '0'..='9' => {
                let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
                let number = rest[..digits].trim_end_matches('.');
                token("mn", number, look.variant, out);
                number.len()
            }
            c if c.is_alphabetic() => {
                let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
                let single = !look.upright || look.variant.is_some();
                let length = if single { c.len_utf8() } else { letters };
                let normal = look.upright && look.variant.is_none() && length == c.len_utf8();
                token("mi", &rest[..length], look.variant.or(normal.then_some("normal")), out);
                length
            }
            // Spaces that were typed in a formula are set.
            '\u{2003}' => {
                out.push_str("<mspace width='1em'></mspace>");
                c.len_utf8()
            }
            c if c.is_whitespace() => c.len_utf8(),
            c => {
                token("mo", &rest[..c.len_utf8()], None, out);
                c.len_utf8()
            }
        };
        rest = &rest[length.max(1)..];
    }
}

pub(super) fn token(name: &str, content: &str, variant: Option<&str>, out: &mut String) {
    out.extend(["<", name]);
    if let Some(variant) = variant {
        out.extend([" mathvariant='", variant, "'"]);
    }
    out.push('>');
    escape(content, out);
    out.extend(["</", name, ">"]);
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
}
