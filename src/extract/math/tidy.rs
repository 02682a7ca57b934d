//! Raw TeX → TeX that can stand between dollars: no delimiters of its own, one line, balanced, entities decoded.

use std::borrow::Cow;

/// The longest formula, in bytes; longer ones are page content gone astray.
pub(super) const TEX_BYTES_MAX: usize = 64 * 1024;

/// TeX after clean-up, and what its own delimiters said about display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tidied {
    /// The TeX.
    pub tex: String,
    /// Display or inline, where delimiters around the raw TeX said so.
    pub display: Option<bool>,
}

/// Cleans up raw TeX; `None` where nothing is left or it is over 64 KiB.
#[must_use]
pub fn tidy(raw: &str) -> Option<Tidied> {
    if raw.len() > TEX_BYTES_MAX {
        return None;
    }
    let mut display = None;
    let decoded = decode_entities(raw);
    let mut body = trim(strip_cdata(&decoded));
    // A comment before the delimiters (latex2html writes one) hides them.
    while body.starts_with('%') {
        let Some((_, rest)) = body.split_once('\n') else { break };
        body = trim(rest);
    }
    loop {
        let (inner, said) = strip_layer(body);
        display = display.or(said);
        let inner = trim(inner);
        if inner.len() == body.len() {
            break;
        }
        body = inner;
    }
    let tex = rewrite(body);
    (!tex.is_empty()).then_some(Tidied { tex, display })
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Characters that editors and copying leave behind and that mean nothing in TeX.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
        || (c.is_control() && !c.is_whitespace())
}

/// Trims white space, but not the blank of a trailing control space `\ `.
fn trim(tex: &str) -> &str {
    let tex = tex.trim_start_matches(is_space);
    let end = tex.trim_end_matches(is_space);
    let slashes = end.len() - end.trim_end_matches('\\').len();
    let blank = tex[end.len()..].chars().next().map_or(0, char::len_utf8);
    if slashes % 2 == 1 { &tex[..end.len() + blank] } else { end }
}

/// Takes off the CDATA wrapper with which XHTML pages protect scripts, in or out of comments.
fn strip_cdata(tex: &str) -> &str {
    let mut body = tex.trim();
    for open in ["% <![CDATA[", "//<![CDATA[", "<![CDATA[", "<!--"] {
        if let Some(rest) = body.strip_prefix(open) {
            body = rest.trim_start();
        }
    }
    for close in ["%]]>", "% ]]>", "//]]>", "]]>", "-->"] {
        if let Some(rest) = body.strip_suffix(close) {
            body = rest.trim_end();
        }
    }
    body
}

/// Takes off one layer of delimiters or of display style.
fn strip_layer(tex: &str) -> (&str, Option<bool>) {
    const PAIRS: [(&str, &str, bool); 10] = [
        ("$$", "$$", true),
        ("\\[", "\\]", true),
        ("\\(", "\\)", false),
        ("\\\\[", "\\\\]", true),
        ("\\\\(", "\\\\)", false),
        ("\\begin{displaymath}", "\\end{displaymath}", true),
        ("\\begin{math}", "\\end{math}", false),
        ("[tex]", "[/tex]", false),
        ("[latex]", "[/latex]", false),
        ("[math]", "[/math]", false),
    ];
    for (open, close, display) in PAIRS {
        if let Some(inner) = tex.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
            && !inner.contains(close)
            && !inner.ends_with('\\')
        {
            return (inner, Some(display));
        }
    }
    if let Some(inner) = tex.strip_prefix('$').and_then(|rest| rest.strip_suffix('$'))
        && !inner.ends_with('\\')
        && (!inner.contains('$') || inner.contains("\\text") || inner.contains("\\mbox"))
    {
        // WordPress marks its formulas with a word after the dollar.
        let inner = inner.strip_prefix("latex").filter(|rest| !rest.starts_with(char::is_alphabetic)).unwrap_or(inner);
        return (inner, Some(false));
    }
    if let Some(rest) = tex.strip_prefix("\\displaystyle")
        && !rest.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return (rest, None);
    }
    if tex.starts_with("{\\displaystyle") && closing_brace(tex) == Some(tex.len() - 1) {
        return (&tex[1..tex.len() - 1], None);
    }
    (tex, None)
}

/// Offset of the brace that closes the one at the start.
fn closing_brace(tex: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = tex.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Decodes entities that were escaped twice. In TeX an alignment mark is never followed by `lt;`.
fn decode_entities(tex: &str) -> Cow<'_, str> {
    if !tex.contains('&') || !tex.contains(';') {
        return Cow::Borrowed(tex);
    }
    let mut out = String::with_capacity(tex.len());
    let mut rest = tex;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.as_bytes().iter().take(10).position(|byte| *byte == b';').map(|end| &rest[1..end]);
        if let Some((c, len)) = entity.and_then(entity_char) {
            out.push(c);
            rest = &rest[len + 2..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity_char(name: &str) -> Option<(char, usize)> {
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "minus" => '-',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, name.len()))
}

/// One pass over the body: folds white space, drops comments and labels, escapes dollars, balances braces.
fn rewrite(body: &str) -> String {
    let mut out = Writer { tex: String::with_capacity(body.len() + 4), open: Vec::new(), space: false };
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '\\' => used = out.control(rest),
            '{' => out.open_brace(),
            '}' => out.close_brace(),
            '$' => out.dollar(&rest[1..]),
            '%' => used = out.percent(rest),
            c if is_space(c) => out.space |= !is_invisible(c),
            c => out.push(c),
        }
        rest = &rest[used..];
    }
    out.finish()
}

/// An open group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Plain,
    /// The argument of `\text` or the like.
    Text,
    /// Such an argument, closed for the time of a formula inside it: `\text{if $x$ is}` becomes `\text{if }x\text{ is}`.
    LeftText,
}

struct Writer {
    tex: String,
    open: Vec<Group>,
    space: bool,
}

impl Writer {
    fn push(&mut self, c: char) {
        self.flush_space();
        self.tex.push(c);
    }

    fn push_str(&mut self, tex: &str) {
        self.flush_space();
        self.tex.push_str(tex);
    }

    fn flush_space(&mut self) {
        if std::mem::take(&mut self.space) && !self.tex.is_empty() && !self.tex.ends_with(' ') {
            self.tex.push(' ');
        }
    }

    fn open_brace(&mut self) {
        const TEXT: [&str; 8] =
            ["\\text", "\\mbox", "\\textrm", "\\hbox", "\\textbf", "\\textit", "\\textnormal", "\\rm"];
        let text = TEXT.iter().any(|command| self.tex.ends_with(command));
        self.push('{');
        self.open.push(if text { Group::Text } else { Group::Plain });
    }

    /// Closes a brace; one that nothing opened is dropped.
    fn close_brace(&mut self) {
        match self.open.pop() {
            Some(Group::Plain | Group::Text) => self.push('}'),
            Some(Group::LeftText) | None => {}
        }
    }

    /// A control sequence at the start of `rest`; returns the bytes it takes.
    fn control(&mut self, rest: &str) -> usize {
        let name_bytes = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        if name_bytes == 0 {
            // A backslash at the very end would swallow the closing delimiter.
            let Some(c) = rest[1..].chars().next() else { return 1 };
            self.push('\\');
            // A control space is one blank, whatever kind of white space was typed.
            self.tex.push(if is_space(c) { ' ' } else { c });
            if c == '\\' {
                return 2 + self.after_line_break(&rest[2..]);
            }
            return 1 + c.len_utf8();
        }
        let used = 1 + name_bytes;
        // Neither means anything to a reader: names for references, packages of a page's preamble.
        if matches!(&rest[1..used], "label" | "usepackage")
            && let Some(argument) = rest[used..].strip_prefix('{')
            && let Some(end) = argument.find(['{', '}', '\\']).filter(|end| argument.as_bytes()[*end] == b'}')
        {
            self.space = true;
            return used + end + 2;
        }
        self.push_str(&rest[..used]);
        used
    }

    /// A line that ends in `\\\\` runs on into the next, unless a blank keeps what follows from being read as an
    /// argument. Returns the bytes of white space used.
    fn after_line_break(&mut self, rest: &str) -> usize {
        let next = rest.trim_start_matches(is_space);
        let blank = &rest[..rest.len() - next.len()];
        self.space = !blank.is_empty() && (!blank.contains('\n') || next.starts_with(['[', '*']));
        blank.len()
    }

    /// A dollar inside a formula: in a text command it opens or closes a formula, elsewhere it is a stray character.
    fn dollar(&mut self, rest: &str) {
        match self.open.last_mut() {
            Some(group @ Group::Text) if closing_dollar(rest) => {
                *group = Group::LeftText;
                match self.tex.strip_suffix("\\text{") {
                    Some(before) if !self.space => self.tex.truncate(before.len()),
                    _ => self.push('}'),
                }
            }
            Some(group @ Group::LeftText) => {
                *group = Group::Text;
                self.push_str("\\text{");
            }
            _ => self.push_str("\\$"),
        }
    }

    /// A comment goes to the end of its line. Where no line follows, the sign was meant to be read.
    fn percent(&mut self, rest: &str) -> usize {
        if let Some(end) = rest.find('\n') {
            self.space = true;
            return end + 1;
        }
        self.push_str("\\%");
        1
    }

    fn finish(mut self) -> String {
        // A last line break or blank does nothing, and a backslash before the closing dollars would escape them.
        loop {
            let end = self.tex.trim_end_matches(' ').len();
            let slashes = self.tex[..end].len() - self.tex[..end].trim_end_matches('\\').len();
            if slashes == 0 {
                self.tex.truncate(end);
                break;
            }
            self.tex.truncate(end - slashes);
        }
        for _ in self.open.iter().filter(|group| **group != Group::LeftText) {
            self.tex.push('}');
        }
        self.tex
    }
}

/// Whether a dollar follows before the group ends.
fn closing_dollar(rest: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = rest.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' if depth == 0 => return false,
            b'}' => depth -= 1,
            b'$' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, want: &str, display: Option<bool>) {
        let got = tidy(raw);
        assert_eq!(got.as_ref().map(|t| (t.tex.as_str(), t.display)), Some((want, display)), "{raw:?}");
    }

    #[test]
    fn delimiters_come_off_and_tell_display() {
        check("$x^2$", "x^2", Some(false));
        check(" $$ x $$ ", "x", Some(true));
        check(r"\(\displaystyle \frac12\)", r"\frac12", Some(false));
        check(r"\[ x = \$5 \]", r"x = \$5", Some(true));
        check(r"{\displaystyle {\sqrt {-1}}}", r"{\sqrt {-1}}", None);
        check(r"{\displaystyle a}{b}", r"{\displaystyle a}{b}", None);
        check(r"\displaystyles", r"\displaystyles", None);
        check("$latex \\kappa$", "\\kappa", Some(false));
        check("% latex2html id marker 12\n$x$", "x", Some(false));
        check("% <![CDATA[\nx<y %]]>", "x<y", None);
        check(r"\begin{displaymath}y\end{displaymath}", "y", Some(true));
        check(r"\begin{align} a &= b \end{align}", r"\begin{align} a &= b \end{align}", None);
        check("$a$ and $b$", r"\$a\$ and \$b\$", None);
    }

    #[test]
    fn the_result_is_one_balanced_line() {
        check("a\n + b\u{a0}\u{200b}c", "a + b c", None);
        check("{a", "{a}", None);
        check("a}{b", "a{b}", None);
        check(r"\{a", r"\{a", None);
        check("x % why\n+ y", "x + y", None);
        check("50%", r"50\%", None);
        check(r"50\%", r"50\%", None);
        check("x\\", "x", None);
        check("x\\ ", "x", None);
        check(r"x \\ \\", "x", None);
        check("x\\\\ \n y\\\\\n[z]\\\\[2pt]\\\\ a", "x\\\\y\\\\ [z]\\\\[2pt]\\\\ a", None);
        check("a $ b", r"a \$ b", None);
        check(r"a \label{eq:1} = b \tag{2}", r"a = b \tag{2}", None);
        check(r"\usepackage{amsmath} x", "x", None);
        check("a &lt; b &amp; c &#60; d & e; f", "a < b & c < d & e; f", None);
    }

    #[test]
    fn dollars_in_text_leave_the_text() {
        check(r"\text{if $x_{1}$ is odd}", r"\text{if }x_{1}\text{ is odd}", None);
        check(r"\underbrace{D}_{\text{$n$ times}}", r"\underbrace{D}_{n\text{ times}}", None);
        check(r"\text{if $x}", r"\text{if \$x}", None);
    }

    #[test]
    fn nothing_is_no_formula() {
        for raw in ["", "  ", "$$", "$ $", "\\", "\u{200b}", "}", "\\\\", &"x".repeat(TEX_BYTES_MAX + 1)] {
            assert_eq!(tidy(raw), None, "{:?}", raw.get(..9));
        }
    }
}
