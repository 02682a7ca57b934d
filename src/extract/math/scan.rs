//! TeX between delimiters in the text of a block.
//!
//! Linear: a closing delimiter that was looked for in vain is not looked for again, and what the searches may read in
//! all is a fixed multiple of the block.

use std::borrow::Cow;

use super::looks::{has_tex, like_math};
use super::{Formula, PageMath, Syntax, asciimath, delimited, dollar, environment, escape, tags};
use crate::forms::Form;

/// A piece of a block's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment<'t> {
    /// Text, as it was.
    Text(Cow<'t, str>),
    /// A formula that stood between delimiters.
    Formula(Formula),
}

/// Splits the text of one block into text and formulas.
///
/// The text is the block's inline content, white space not yet folded. Characters of the private use area U+E000 to
/// U+F8FF stand for what was found before; they stay in text and are in no formula.
#[must_use]
pub fn scan<'t>(block: &'t str, page: &PageMath) -> Vec<Segment<'t>> {
    let fuel = 1024 + block.len().saturating_mul(32);
    let mut scanner = Scanner { block, page, fuel, without: Vec::new(), rare: Rare::NotYet };
    let mut segments = Vec::new();
    let (mut text_from, mut at) = (0, 0);
    while let Some(open) = scanner.next_opener(at) {
        match scanner.at(open) {
            Hit::Formula { formula, end } => {
                if text_from < open {
                    segments.push(Segment::Text(Cow::Borrowed(&block[text_from..open])));
                }
                segments.push(Segment::Formula(formula));
                text_from = end;
                at = end;
            }
            Hit::Nothing { end } => {
                if text_from < open {
                    segments.push(Segment::Text(Cow::Borrowed(&block[text_from..open])));
                }
                (text_from, at) = (end, end);
            }
            Hit::Text { bytes } => at = open + bytes,
        }
    }
    if text_from < block.len() || segments.is_empty() {
        segments.push(Segment::Text(Cow::Borrowed(&block[text_from..])));
    }
    segments
}

/// What stands at an opener.
enum Hit {
    Formula {
        formula: Formula,
        end: usize,
    },
    /// Definitions of macros and nothing else.
    Nothing {
        end: usize,
    },
    /// No formula; so many bytes are text.
    Text {
        bytes: usize,
    },
}

/// Where the next `<` or `{` is: openers that hardly any text holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rare {
    /// Not looked for.
    NotYet,
    /// Here.
    At(usize),
    /// There is none.
    None,
}

/// A state of the search over one block.
pub(super) struct Scanner<'t, 'p> {
    pub(super) block: &'t str,
    pub(super) page: &'p PageMath,
    /// Bytes that failed searches may still read.
    pub(super) fuel: usize,
    /// Closing delimiters that do not occur in the rest of the block.
    pub(super) without: Vec<&'p str>,
    pub(super) rare: Rare,
}

impl<'p> Scanner<'_, 'p> {
    fn next_opener(&mut self, from: usize) -> Option<usize> {
        let usual = self.next_usual(from);
        let stale = match self.rare {
            Rare::NotYet => true,
            Rare::At(at) => at < from,
            Rare::None => false,
        };
        if stale {
            let bytes = self.block.as_bytes().get(from..).unwrap_or_default();
            self.rare = memchr::memchr2(b'<', b'{', bytes).map_or(Rare::None, |at| Rare::At(from + at));
        }
        match (usual, self.rare) {
            (Some(usual), Rare::At(rare)) => Some(usual.min(rare)),
            (None, Rare::At(rare)) => Some(rare),
            (usual, _) => usual,
        }
    }

    fn next_usual(&self, from: usize) -> Option<usize> {
        let bytes = self.block.as_bytes().get(from..)?;
        let at = if self.page.custom.is_empty() {
            memchr::memchr3(b'\\', b'$', b'[', bytes)
        } else {
            bytes.iter().position(|byte| self.page.opens(*byte))
        };
        at.map(|at| from + at)
    }

    fn at(&mut self, open: usize) -> Hit {
        let rest = &self.block[open..];
        let page: &'p PageMath = self.page;
        for custom in &page.custom {
            if rest.starts_with(&custom.open)
                && let Some(hit) = self.custom(open, custom)
            {
                return hit;
            }
        }
        let hit = match rest.as_bytes() {
            [b'\\', b'(', ..] => self.between(open, "\\(", "\\)", false),
            [b'\\', b'[', ..] => self.between(open, "\\[", "\\]", true),
            // Escaped twice on the way into the page.
            [b'\\', b'\\', b'(', ..] => self.between(open, "\\\\(", "\\\\)", false),
            [b'\\', b'\\', b'[', ..] => self.between(open, "\\\\[", "\\\\]", true),
            [b'\\', b'\\' | b'$', ..] => return Hit::Text { bytes: 2 },
            [b'\\', b'b', ..] => environment::read(self, open).and_then(|end| self.formula(open, open, end, end, true)),
            [b'$', b'$', ..] => {
                let hit = self.between(open, "$$", "$$", true);
                if hit.is_none() {
                    return Hit::Text { bytes: 2 };
                }
                hit
            }
            [b'$', ..] => dollar::read(self, open).and_then(|(from, to)| self.formula(open, from, to, to + 1, false)),
            [b'[' | b'<' | b'{', ..] => self.tagged(open),
            _ => None,
        };
        hit.unwrap_or_else(|| Hit::Text { bytes: rest.chars().next().map_or(1, char::len_utf8) })
    }

    /// A formula between two delimiters. On a page that loads no math library it must look like one.
    fn between(&mut self, open: usize, opener: &'static str, closer: &'static str, display: bool) -> Option<Hit> {
        let from = open + opener.len();
        let to = delimited::close(self, from, opener, closer)?;
        let inner = &self.block[from..to];
        let trusted = self.page.loaded && opener != "\\\\(" && opener != "\\\\[";
        let escape = || opener.starts_with('\\') && escape::is_none(self.block, open, from..to, to + closer.len());
        if !(trusted || (like_math(inner) || has_tex(inner)) && !escape()) {
            self.fuel = self.fuel.saturating_sub(inner.len());
            return None;
        }
        self.formula(open, from, to, to + closer.len(), display)
    }

    /// AsciiMath up to the next closing delimiter: its braces need not balance.
    fn ascii(&mut self, from: usize, custom: &'p super::Delimiter) -> Option<Hit> {
        let rest = &self.block.as_bytes()[from..];
        let window = &rest[..rest.len().min(asciimath::BYTES_MAX).min(self.fuel)];
        let length = memchr::memmem::find(window, custom.close.as_bytes());
        self.fuel = self.fuel.saturating_sub(length.unwrap_or(window.len()));
        let raw = &self.block[from..from + length?];
        let held = raw.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c));
        let formula = asciimath::formula(Some(raw).filter(|raw| !held && asciimath::plausible(raw))?, custom.display)?;
        Some(Hit::Formula { formula, end: from + raw.len() + custom.close.len() })
    }

    fn custom(&mut self, open: usize, custom: &'p super::Delimiter) -> Option<Hit> {
        let from = open + custom.open.len();
        if custom.syntax == Syntax::AsciiMath {
            return self.ascii(from, custom);
        }
        let to = delimited::close(self, from, &custom.open, &custom.close)?;
        self.formula(open, from, to, to + custom.close.len(), custom.display)
    }

    /// `[tex]…[/tex]` and its kin.
    fn tagged(&mut self, open: usize) -> Option<Hit> {
        let rest = &self.block[open..];
        let tag = tags::at(rest)?;
        let from = open + tag.open.len();
        let to = delimited::close(self, from, tag.open, tag.close)?;
        let inner = &self.block[from..to];
        if !(tag.sure || has_tex(inner) || like_math(inner)) {
            self.fuel = self.fuel.saturating_sub(inner.len());
            return None;
        }
        let end = to + tag.close.len();
        let alone = self.block[..open].trim().is_empty() && self.block[end..].trim().is_empty();
        let hit = self.formula(open, from, to, end, tag.display || (tag.open == "[tex]" && alone))?;
        Some(match hit {
            Hit::Formula { formula, end } => Hit::Formula { formula: Formula { form: Form::Tags, ..formula }, end },
            hit => hit,
        })
    }

    /// A formula from raw TeX; `None` where it is empty or holds what was found before.
    fn formula(&mut self, open: usize, from: usize, to: usize, end: usize, display: bool) -> Option<Hit> {
        let raw = &self.block[from..to];
        if raw.contains(|c| ('\u{e000}'..='\u{f8ff}').contains(&c)) {
            self.fuel = self.fuel.saturating_sub(end - open);
            return None;
        }
        // Only the delimiters here say what is display: `\[ $x$ \]` is.
        let formula = Formula::from_raw(raw, display)?;
        let form = if display { Form::Display } else { Form::Inline };
        let display = formula.display || display;
        match self.page.macros.apply(Formula { display, form, ..formula }) {
            Some(formula) => Some(Hit::Formula { formula, end }),
            None => Some(Hit::Nothing { end }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments written as text, formulas as `⟨…⟩`, display ones as `⟪…⟫`.
    fn show(block: &str, page: &PageMath) -> String {
        let piece = |segment: Segment<'_>| match segment {
            Segment::Text(text) => text.into_owned(),
            Segment::Formula(Formula { tex, display: false, .. }) => format!("⟨{tex}⟩"),
            Segment::Formula(Formula { tex, display: true, .. }) => format!("⟪{tex}⟫"),
        };
        scan(block, page).into_iter().map(piece).collect()
    }

    #[track_caller]
    fn check(block: &str, want: &str) {
        assert_eq!(show(block, &PageMath::default()), want);
    }

    #[track_caller]
    fn check_configured(block: &str, want: &str) {
        let page = PageMath { loaded: true, dollars: super::super::Dollars::Configured, ..PageMath::default() };
        assert_eq!(show(block, &page), want);
    }

    #[test]
    fn delimiters_that_nobody_configured() {
        check(r"Let \(x\) and \[ y = 2 \] be", r"Let ⟨x⟩ and ⟪y = 2⟫ be");
        check(r"so $$x^2$$ and $x$.", r"so ⟪x^2⟫ and ⟨x⟩.");
        check(
            r"\begin{align} a &= b \\ \begin{align}c\end{align} \end{align} end",
            r"⟪\begin{align} a &= b \\ \begin{align}c\end{align} \end{align}⟫ end",
        );
        check(r"\begin{theorem} x \end{theorem}", r"\begin{theorem} x \end{theorem}");
        check(r"WordPress $latex \kappa$ says", r"WordPress ⟨\kappa⟩ says");
        check(
            r"[tex]x[/tex] [TEX]y[/TEX] [math]z[/math] [math]Fun for all[/math]",
            r"⟨x⟩ ⟨y⟩ ⟨z⟩ [math]Fun for all[/math]",
        );
        check(
            r"a <math>\alpha</math> b <tex>x</tex> {{math|y = 2}} {{tmath|\frac{a}{b}}} [katex]z[/katex] [$]w[/$]",
            r"a ⟨\alpha⟩ b ⟨x⟩ ⟨y = 2⟩ ⟨\frac{a}{b}⟩ ⟨z⟩ ⟨w⟩",
        );
        let no = "[math] and {{math|''not'' this}} <math>Maths is fun</math> 1 < 2 {a}";
        check(no, no);
        check(r"Escaped \\(x + 1\\) twice, see \ref{a}", r"Escaped ⟨x + 1⟩ twice, see \ref{a}");
        check(r"\[ \text{if \(x\)} \]", r"⟪\text{if \(x\)}⟫");
        check(r"\(a\)/\(b\), \(n\)'s \(0\)? \[ x > 1 \]", r"⟨a⟩/⟨b⟩, ⟨n⟩'s ⟨0⟩? ⟪x > 1⟫");
        check("$a\n+b$ and $c\n\nd$", "⟨a +b⟩ and $c\n\nd$");
    }

    #[test]
    fn dollars_that_are_no_math() {
        for block in [
            "costs $5 and then $10 more",
            "from $5-$10",
            "US$5/A$7",
            "$HOME/$USER",
            "$if(x)$ y $endif$",
            "$_GET['a'] = $_POST['b'];",
            "$('#id').on($('b'))",
            "$title$",
            "$1$2",
            "a $b $c",
            r"C:\(x86 files\)",
            r"\$5 and \$6",
            "$",
            "$$",
            "$$$",
            "",
            r"\( unclosed",
            r"see \[1\] and \[x\] in Smith \(2019\)",
            r"s/\([a-z]*\)/x/ and ^\(a\) or \(b\)* or \(c\)\{2\}",
            r"grep \(a\|b\) and \\(x\\|y\\)",
            r"PS1=\[\e[32m\]x\[\033[0m\]",
            "$100K to $200K",
            "echo $$ and $$",
            "${a}+${b}",
            "$(A)$(B) $(A)*$(B)",
            "match ^[a-z]+$ or ^x$ here",
            "$(this).hide($(that))",
            r"\\server\share$\x and \\y\z$",
            "fit$coef + fit$x",
            "sum(df$x)/n$y",
            "$PATH:$HOME/bin",
            "$a = $b + $c;",
            "a 100$ or 50$ ticket",
            "$x->y = $z",
            "`$1,000-$2,000` and $3",
        ] {
            check(block, block);
        }
    }

    #[test]
    fn a_page_that_configures_dollars_means_them() {
        check_configured("so $foo$ is $5 = x$", "so ⟨foo⟩ is ⟨5 = x⟩");
        for no in ["pay $5 or maybe $10 for it", "a price of $5–$10 now", "the columns fit$x or fit$y"] {
            check_configured(no, no);
        }
        check_configured("而$U、V$是", "而⟨U、V⟩是");
        check_configured("比$$j$的评分，$k$是", "比$$j$的评分，⟨k⟩是");
        check_configured(r"\(foo\)", "⟨foo⟩");
        check_configured(r"$\text{a $b$ c}$ d", r"⟨\text{a }b\text{ c}⟩ d");
    }

    #[test]
    fn placeholders_are_in_no_formula() {
        check("$x \u{e000} y$ and \\(a \u{e001}\\) $b$", "$x \u{e000} y$ and \\(a \u{e001}\\) ⟨b⟩");
    }

    #[test]
    fn custom_delimiters() {
        let page = PageMath {
            loaded: true,
            custom: vec![super::super::Delimiter {
                open: "@".into(),
                close: "@".into(),
                display: false,
                syntax: Syntax::Tex,
            }],
            ..PageMath::default()
        };
        assert_eq!(show("so @x^2@ is", &page), "so ⟨x^2⟩ is");
    }

    #[test]
    fn hostile_blocks_take_linear_time() {
        for piece in [
            "\\(",
            "$",
            "$$ {",
            "\\begin{align}",
            "\\[ {",
            "[tex]",
            "$a{",
            "\\( \u{e000} \\)",
            "\\(\\begin{equation}$",
            "{{math|",
            "<math>",
            "<{[",
            "[$]$",
        ] {
            let block = piece.repeat(200_000 / piece.len());
            let joined: usize = scan(&block, &PageMath { loaded: true, ..PageMath::default() }).len();
            assert!(joined > 0);
        }
    }
}
