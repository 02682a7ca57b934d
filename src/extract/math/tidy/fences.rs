//! `\left … \right` and `\begin … \end` in pairs: what has no partner is no LaTeX, and one such formula breaks a
//! reader's whole document.

/// How many open groups are looked through for an environment that is closed out of turn.
const LOOK_BACK: usize = 16;

/// Something open.
enum Open<'t> {
    /// A brace.
    Group,
    /// An environment.
    Environment(&'t str),
    /// A `\left` at this offset.
    Left(usize),
}

/// What is changed in the text, at an offset.
enum Edit {
    /// So many bytes go.
    Drop(usize),
    /// This is put in.
    Insert(String),
}

/// The TeX with every `\left`, `\right`, `\begin` and `\end` that has no partner taken out or given one; `None` where
/// nothing is to be done. Braces are balanced already.
///
/// A fence holds in its group and its cell only, as in LaTeX. Then only the sizing goes, the bracket stays. An
/// environment left open is closed, an `\end` of none goes.
pub(super) fn balance(tex: &str) -> Option<String> {
    let fences = tex.contains("\\left") || tex.contains("\\right");
    let environments = tex.contains("\\begin{") || tex.contains("\\end{");
    // Definitions hold halves of environments by right.
    let defines = tex.contains("\\def") || tex.contains("command") || tex.contains("\\newenvironment");
    if !(fences || environments) || defines {
        return None;
    }
    let mut walk = Walk { tex, open: Vec::new(), edits: Vec::new() };
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b'\\', b'{', b'}', &tex.as_bytes()[at..]).map(|n| at + n) {
        // Alignment marks between here and there end a cell.
        if tex[at..found].contains('&') {
            walk.end_cell();
        }
        at = found + walk.step(found);
    }
    if tex[at..].contains('&') {
        walk.end_cell();
    }
    while let Some(open) = walk.open.pop() {
        match open {
            Open::Environment(name) => walk.edits.push((tex.len(), Edit::Insert(format!("\\end{{{name}}}")))),
            Open::Left(left) => walk.drop_fence(left, "\\left"),
            Open::Group => {}
        }
    }
    walk.apply()
}

struct Walk<'t> {
    tex: &'t str,
    open: Vec<Open<'t>>,
    edits: Vec<(usize, Edit)>,
}

impl<'t> Walk<'t> {
    /// Takes a control sequence or a brace; the bytes used.
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.tex[at..];
        match rest.as_bytes()[0] {
            b'{' => self.open.push(Open::Group),
            b'}' => self.close_group(at),
            _ => return self.control(at, rest),
        }
        1
    }

    fn control(&mut self, at: usize, rest: &'t str) -> usize {
        let letters = rest[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
        if letters == 0 {
            if rest.starts_with("\\\\") {
                self.end_cell();
            }
            return 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        }
        let used = 1 + letters;
        match &rest[1..used] {
            "left" => {
                self.open.push(Open::Left(at));
                return used + delimiter(&rest[used..]);
            }
            "right" => {
                if matches!(self.open.last(), Some(Open::Left(_))) {
                    self.open.pop();
                } else {
                    self.drop_fence(at, "\\right");
                }
                return used + delimiter(&rest[used..]);
            }
            "begin" => {
                if let Some((name, bytes)) = environment(&rest[used..]) {
                    self.open.push(Open::Environment(name));
                    return used + bytes;
                }
            }
            "end" => {
                if let Some((name, bytes)) = environment(&rest[used..]) {
                    self.close_environment(at, name, used + bytes);
                    return used + bytes;
                }
            }
            "cr" => self.end_cell(),
            _ => {}
        }
        used
    }

    /// A cell ends: fences opened in it have lost their partners.
    fn end_cell(&mut self) {
        while let Some(Open::Left(left)) = self.open.last() {
            let left = *left;
            self.open.pop();
            self.drop_fence(left, "\\left");
        }
    }

    fn close_group(&mut self, at: usize) {
        while let Some(open) = self.open.pop() {
            match open {
                Open::Group => return,
                Open::Left(left) => self.drop_fence(left, "\\left"),
                Open::Environment(name) => self.edits.push((at, Edit::Insert(format!("\\end{{{name}}}")))),
            }
        }
    }

    fn close_environment(&mut self, at: usize, name: &str, bytes: usize) {
        let inside = self.open.iter().rev().take(LOOK_BACK).take_while(|open| !matches!(open, Open::Group));
        let partner = inside.into_iter().position(|open| matches!(open, Open::Environment(open) if *open == name));
        let Some(above) = partner else {
            self.edits.push((at, Edit::Drop(bytes)));
            return;
        };
        for _ in 0..above {
            match self.open.pop() {
                Some(Open::Left(left)) => self.drop_fence(left, "\\left"),
                Some(Open::Environment(name)) => self.edits.push((at, Edit::Insert(format!("\\end{{{name}}}")))),
                _ => {}
            }
        }
        self.open.pop();
    }

    /// Takes off the sizing; with an empty delimiter (`\left.`) the whole fence.
    fn drop_fence(&mut self, at: usize, command: &str) {
        let after = &self.tex[at + command.len()..];
        let blank = after.len() - after.trim_start().len();
        let dot = after.trim_start().starts_with('.');
        self.edits.push((at, Edit::Drop(command.len() + if dot { blank + 1 } else { 0 })));
    }

    fn apply(mut self) -> Option<String> {
        if self.edits.is_empty() {
            return None;
        }
        // Stable: what is put in at one place stays in the order in which it was closed.
        self.edits.sort_by_key(|(at, _)| *at);
        let mut out = String::with_capacity(self.tex.len() + 16);
        let mut from = 0;
        for (at, edit) in self.edits {
            out.push_str(&self.tex[from.min(at)..at]);
            from = from.max(at);
            match edit {
                Edit::Drop(bytes) => from = at + bytes,
                Edit::Insert(end) => out.push_str(&end),
            }
        }
        out.push_str(&self.tex[from..]);
        Some(out)
    }
}

/// Bytes of the delimiter after `\left` or `\right`: one character, or a command.
fn delimiter(rest: &str) -> usize {
    let blank = rest.len() - rest.trim_start().len();
    let mut chars = rest[blank..].chars();
    match chars.next() {
        // A fence needs a delimiter; a brace or nothing is left to the walk.
        None | Some('{' | '}' | '&') => 0,
        Some('\\') => {
            let letters = rest[blank + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            let one = rest[blank + 1..].chars().next().filter(|c| *c != '\\').map_or(0, char::len_utf8);
            // `\left\begin…` is broken; its environment still counts.
            let commands = ["begin", "end", "left", "right"];
            if letters > 0 && commands.contains(&&rest[blank + 1..=blank + letters]) || letters + one == 0 {
                0
            } else {
                blank + 1 + letters.max(one)
            }
        }
        Some(c) => blank + c.len_utf8(),
    }
}

/// The name in the braces after `\begin` or `\end`, and the bytes up to their end.
fn environment(rest: &str) -> Option<(&str, usize)> {
    let inner = rest.strip_prefix('{')?;
    let end = inner.bytes().take(24).position(|byte| !(byte.is_ascii_alphabetic() || byte == b'*'))?;
    (end > 0 && inner.as_bytes()[end] == b'}').then(|| (&inner[..end], end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tex: &str, want: &str) {
        assert_eq!(balance(tex).as_deref().unwrap_or(tex), want, "{tex}");
    }

    #[test]
    fn fences_without_a_partner_lose_their_size() {
        check(r"\left( x \right) \leftarrow \rightarrow", r"\left( x \right) \leftarrow \rightarrow");
        check(r"\left\{ x \right.", r"\left\{ x \right.");
        check(r"\left( x", "( x");
        check(r"\left. x", " x");
        check(r"x \right\} y", r"x \} y");
        check(r"\left( {a \right) b}", r"( {a ) b}");
        check(r"\left[ \left( x \right]", r"[ \left( x \right]");
        check(r"\left( a & b \right)", r"( a & b )");
        check(r"a \left( b \\ c \right)", r"a ( b \\ c )");
        check(
            r"\left( \begin{matrix} a & b \\ c & d \end{matrix} \right)",
            r"\left( \begin{matrix} a & b \\ c & d \end{matrix} \right)",
        );
    }

    #[test]
    fn environments_get_their_ends() {
        check(r"\begin{array}{l} a \\ b", r"\begin{array}{l} a \\ b\end{array}");
        check(r"a \end{split} b", "a  b");
        check(r"{\begin{cases} a}", r"{\begin{cases} a\end{cases}}");
        check(r"\begin{align} \begin{cases} a \end{align}", r"\begin{align} \begin{cases} a \end{cases}\end{align}");
        check(r"\newcommand{\be}{\begin{equation}}", r"\newcommand{\be}{\begin{equation}}");
    }

    #[test]
    fn hostile_nesting_takes_linear_time() {
        for piece in [r"\left(", r"\begin{a}", r"\end{a}", r"\begin{a}\end{b}", r"{\left(}", r"\left\\", "\\left&"] {
            let out = balance(&piece.repeat(60_000 / piece.len()));
            assert!(out.is_some_and(|out| out.len() < 1_000_000));
        }
    }
}
