//! Raw TeX → TeX that can stand between dollars: no delimiters of its own, one line, balanced, entities decoded.
//!
//! What a reader of the formula sees stays; how it is drawn and what it is called goes.
//!
//! | in the page's TeX | here |
//! |---|---|
//! | delimiters around it, `displaymath`, `equation`, a whole `document` | its inside, as display or inline |
//! | `align`, `gather`, `eqnarray`, … | kept: they hold the rows |
//! | `\tag{…}` | kept: the text refers to it |
//! | `\label`, `\nonumber`, `\notag` | dropped |
//! | colours, classes, links, packages (`\color`, `\href`, `\require`, …) | dropped, their contents stay |
//! | `\displaystyle` at the start, `{\displaystyle …}` around all | dropped |
//! | `\mathchoice` | its choice for display |
//! | comments, invisible characters, references escaped twice, office debris (`size 12{…}`) | dropped, decoded |
//! | braces, `\left` and `\right`, `\begin` and `\end` without a partner | paired or dropped |
//! | punctuation at the end | kept |

mod commands;
mod debris;
mod entities;
mod fences;
mod rewrite;

/// The longest formula, in bytes; longer ones are page content gone astray.
pub(super) const TEX_BYTES_MAX: usize = 64 * 1024;

/// Most delimiters around one another.
const LAYERS_MAX: usize = 8;

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
    let decoded = entities::decode(raw);
    let mut body = trim(strip_cdata(debris::without_document(&decoded)));
    // A comment before the delimiters (latex2html writes one) hides them.
    while body.starts_with('%') {
        let Some((_, rest)) = body.split_once('\n') else { break };
        body = trim(rest);
    }
    for _ in 0..LAYERS_MAX {
        let (inner, said) = strip_layer(body);
        display = display.or(said);
        let inner = trim(inner);
        if inner.len() == body.len() {
            break;
        }
        body = inner;
    }
    let body = debris::without_font_size(body);
    let tex = rewrite::rewrite(&debris::first_choice(&body));
    let tex = fences::balance(&tex).unwrap_or(tex);
    (!commands::means_nothing(&tex)).then_some(Tidied { tex, display })
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
    const PAIRS: [(&str, &str, bool); 15] = [
        ("$$", "$$", true),
        ("\\[", "\\]", true),
        ("\\(", "\\)", false),
        ("\\\\[", "\\\\]", true),
        ("\\\\(", "\\\\)", false),
        ("\\begin{displaymath}", "\\end{displaymath}", true),
        ("\\begin{equation}", "\\end{equation}", true),
        ("\\begin{equation*}", "\\end{equation*}", true),
        ("\\begin{math}", "\\end{math}", false),
        ("[itex]", "[/itex]", false),
        ("[imath]", "[/imath]", false),
        ("[;", ";]", false),
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
        // GitLab and GitHub guard theirs against Markdown with backticks.
        let inner = inner.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(inner);
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
        check(r"\begin{equation*} x = 1 \end{equation*}", "x = 1", Some(true));
        check(
            r"\begin{equation}a\end{equation}b\begin{equation}c\end{equation}",
            r"\begin{equation}a\end{equation}b\begin{equation}c\end{equation}",
            None,
        );
        check(
            "\\documentclass[12pt]{minimal}\n\\usepackage{amsmath}\n\\begin{document}$$\\beta$$\\end{document}",
            r"\beta",
            Some(true),
        );
        check("$`\\alpha`$", r"\alpha", Some(false));
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
        check(r"\left( \frac{a}{b", r"( \frac{a}{b}", None);
        check(r"\begin{cases} a", r"\begin{cases} a\end{cases}", None);
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
    fn dollars_that_part_formulas() {
        check("$a$ and $b$", r"a\text{ and }b", None);
        check(r"x=1$$so$$\beta=2", r"x=1\text{so}\beta=2", None);
        check("x=1$$$$y=2", r"x=1\quad y=2", None);
        check(r"因此，$\mu$ 是位置", r"\text{因此，}\mu\text{ 是位置}", None);
        check("x = 1\n$$", "x = 1", None);
        check("$2 + $3", r"\$2 + \$3", None);
        check(r"\text{if $x$}", r"\text{if }x", None);
    }

    #[test]
    fn style_and_names_go() {
        check(r"x \nonumber \\ \notag y", r"x \\ y", None);
        check(r"\begingroup a \endgroup", "a", None);
        check(r"\color{red}x + {\color{blue} y} \alpha\color[rgb]{1,0,0}z", r"x + { y} \alpha z", None);
        check(r"\textcolor{red}{x}\class{k}{y}\cssId{a}{z}\style{color: red}{w}", "{x}{y}{z}{w}", None);
        check(r"\href{http://x.org/a%20b}{a}\require{AMScd}", "{a}", None);
        check(r"\colorbox{red}{so}", r"\text{so}", None);
        check(r"\mathchoice{\sum}{b}{c}{d}_i", r"{\sum}_i", None);
        check(r"\unicode{x2212}1 \unicode{9733}", "−1 ★", None);
        check(r"\colors{x} \classy \href x", r"\colors{x} \classy \href x", None);
        check(r"\label{a_b\c} x \tag*{A}", r"x \tag*{A}", None);
        check(r"{}size 12{F=ma} {}", "{}{F=ma}", None);
        check(r"size x", "size x", None);
        check("a &amp;lt; b &amp;amp; c", "a < b & c", None);
        check("a,\u{a0}b .", "a, b .", None);
    }

    #[test]
    fn nothing_is_no_formula() {
        for raw in [
            r"{}",
            r"\quad",
            r"\, {~}",
            r"\text{ }",
            r"\label{a}",
            "",
            "  ",
            "$$",
            "$ $",
            "\\",
            "\u{200b}",
            "}",
            "\\\\",
            &"x".repeat(TEX_BYTES_MAX + 1),
        ] {
            assert_eq!(tidy(raw), None, "{:?}", raw.get(..9));
        }
    }
}
