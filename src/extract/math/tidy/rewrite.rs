//! One pass over TeX: folds white space, drops comments and noise, escapes dollars, balances braces.

use super::commands::{self, Noise, argument};
use super::{is_invisible, is_space};

/// Rewrites a body without delimiters of its own.
pub(super) fn rewrite(body: &str) -> String {
    let dollars = Dollars::of(body);
    let body = if dollars == Dollars::Edge { without_edge_dollars(body) } else { body };
    let mut out = Writer { tex: String::with_capacity(body.len() + 4), open: Vec::new(), space: false, dollars };
    if dollars == Dollars::FromText {
        out.open_text();
    }
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        let mut used = c.len_utf8();
        match c {
            '\\' => used = out.control(rest),
            '{' => out.open_brace(),
            '}' => out.close_brace(),
            '$' => used = out.dollar(rest),
            '%' => used = out.percent(rest),
            c if is_space(c) => out.space |= !is_invisible(c),
            c => out.push(c),
        }
        rest = &rest[used..];
    }
    out.finish()
}

/// What dollars outside of all groups do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dollars {
    /// Nothing: they are characters.
    Stray,
    /// One too many, at an end: it goes.
    Edge,
    /// They part formulas, and text stands between: `a=b$$ and $$c=d`, as Markdown that took two formulas for one
    /// leaves it.
    FromMath,
    /// The same, but the text comes first.
    FromText,
}

impl Dollars {
    fn of(body: &str) -> Self {
        if !body.contains('$') {
            return Self::Stray;
        }
        let (mut toggles, mut prices, mut first) = (0_usize, 0_usize, None);
        let mut depth = 0_usize;
        let bytes = body.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 1,
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'$' if depth == 0 => {
                    first = first.or(Some(at));
                    toggles += 1;
                    at += usize::from(bytes.get(at + 1) == Some(&b'$'));
                    prices += usize::from(bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
                }
                _ => {}
            }
            at += 1;
        }
        match (toggles, first) {
            (0, _) | (_, None) => Self::Stray,
            (1, _) if without_edge_dollars(body).len() < body.len() => Self::Edge,
            _ if toggles % 2 == 1 || prices == toggles => Self::Stray,
            (_, Some(first)) if first == 0 || is_text(&body[..first]) => Self::FromText,
            _ => Self::FromMath,
        }
    }
}

/// Whether this is words rather than a formula.
fn is_text(piece: &str) -> bool {
    let ideographs = piece.chars().filter(|c| matches!(c, '\u{3400}'..='\u{9fff}')).count();
    let words = piece.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 3).count();
    !piece.contains('\\') && (ideographs > 0 || words > 1)
}

fn without_edge_dollars(body: &str) -> &str {
    let body = body.strip_prefix("$$").unwrap_or(body);
    let stripped = body.strip_suffix("$$").unwrap_or(body);
    if stripped.ends_with('\\') { body } else { stripped }
}

/// An open group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Plain,
    /// The argument of `\text` or the like.
    Text,
    /// Such an argument, closed for the time of a formula inside it: `\text{if $x$ is}` becomes `\text{if }x\text{ is}`.
    LeftText,
    /// Text between two formulas.
    Between,
}

struct Writer {
    tex: String,
    open: Vec<Group>,
    space: bool,
    dollars: Dollars,
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
        match self.open.last() {
            Some(Group::Plain) => self.push('}'),
            Some(Group::Text) => match self.tex.strip_suffix("\\text{") {
                // All that it held was a formula.
                Some(before) if !self.space => self.tex.truncate(before.len()),
                _ => self.push('}'),
            },
            Some(Group::LeftText) => {}
            Some(Group::Between) | None => return,
        }
        self.open.pop();
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
        if let Some(dropped) = commands::noise(&rest[1..used]).and_then(|noise| self.noise(noise, &rest[used..])) {
            return used + dropped;
        }
        self.push_str(&rest[..used]);
        used
    }

    /// Leaves out a command that means nothing to a reader: the bytes of its arguments that go with it. `None` where
    /// they are not as expected, so that the command stays.
    fn noise(&mut self, noise: Noise, rest: &str) -> Option<usize> {
        let mut bytes = 0;
        let mut shown = None;
        let arguments = match noise {
            Noise::Gone(arguments) => arguments,
            Noise::Unwrapped | Noise::UnwrappedText | Noise::Character => 1,
        };
        if arguments > 0 {
            bytes += usize::from(rest.starts_with('*'));
            bytes += commands::optional_argument(&rest[bytes..]);
        }
        for _ in 0..arguments {
            let (inner, used) = argument(&rest[bytes..])?;
            shown = Some(inner);
            bytes += used;
        }
        match noise {
            Noise::Character => {
                let c = commands::character(shown?)?;
                self.push(c);
                return Some(bytes);
            }
            Noise::Unwrapped | Noise::UnwrappedText if argument(&rest[bytes..]).is_none() => return None,
            Noise::UnwrappedText => self.push_str("\\text"),
            _ => {}
        }
        // A name before it must not run into what comes after.
        self.space |= matches!(noise, Noise::Gone(_)) && self.tex.ends_with(|c: char| c.is_ascii_alphanumeric());
        Some(bytes)
    }

    /// A line that ends in `\\\\` runs on into the next, unless a blank keeps what follows from being read as an
    /// argument. Returns the bytes of white space used.
    fn after_line_break(&mut self, rest: &str) -> usize {
        let next = rest.trim_start_matches(is_space);
        let blank = &rest[..rest.len() - next.len()];
        self.space = !blank.is_empty() && (!blank.contains('\n') || next.starts_with(['[', '*']));
        blank.len()
    }

    /// A dollar inside a formula: in a text command it opens or closes a formula, between formulas it parts them,
    /// elsewhere it is a stray character. Returns the bytes used.
    fn dollar(&mut self, rest: &str) -> usize {
        let both = if rest.starts_with("$$") { 2 } else { 1 };
        match self.open.last_mut() {
            Some(group @ Group::Text) if closing_dollar(&rest[1..]) => {
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
            Some(Group::Between) => {
                self.close_between();
                return both;
            }
            None if matches!(self.dollars, Dollars::FromMath | Dollars::FromText) => {
                self.open_text();
                return both;
            }
            _ => self.push_str("\\$"),
        }
        1
    }

    fn open_text(&mut self) {
        self.space = false;
        self.tex.push_str("\\text{");
        self.open.push(Group::Between);
    }

    /// Ends the text between two formulas; where there was none, a wide blank parts them.
    fn close_between(&mut self) {
        self.open.pop();
        match self.tex.strip_suffix("\\text{") {
            Some(before) => {
                self.tex.truncate(before.len());
                if !self.tex.is_empty() {
                    self.tex.push_str("\\quad ");
                }
            }
            None => self.push('}'),
        }
        self.space = false;
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
        self.end();
        if self.open == [Group::Between] {
            self.close_between();
            self.end();
        }
        for _ in self.open.iter().filter(|group| **group != Group::LeftText) {
            self.tex.push('}');
        }
        self.tex
    }

    /// A last line break or blank does nothing, and a backslash before the closing dollars would escape them.
    fn end(&mut self) {
        loop {
            let end = self.tex.trim_end_matches(' ').len();
            let slashes = self.tex[..end].len() - self.tex[..end].trim_end_matches('\\').len();
            if slashes == 0 {
                self.tex.truncate(end);
                break;
            }
            self.tex.truncate(end - slashes);
        }
        if let Some(before) = self.tex.strip_suffix("\\quad").filter(|_| self.dollars != Dollars::Stray) {
            self.tex.truncate(before.trim_end().len());
        }
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
