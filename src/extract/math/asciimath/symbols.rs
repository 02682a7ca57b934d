//! The names of AsciiMath and what they are.

use Kind::Symbol as S;

use super::lexer::Kind;
use super::node::Command;

/// What a command makes of its two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    /// A LaTeX command with the same two.
    Pair(&'static str),
    /// A root: the degree comes first.
    Root,
    /// The second, in a style that is no part of the formula: a colour, a class.
    Style,
}

/// The longest name that the text begins with, and its bytes.
pub(super) fn longest(text: &str) -> Option<(Kind, usize)> {
    let first = *text.as_bytes().first()?;
    let from = NAMES.partition_point(|(name, _)| name.as_bytes()[0] < first);
    NAMES[from..]
        .iter()
        .take_while(|(name, _)| name.as_bytes()[0] == first)
        .filter(|(name, _)| text.starts_with(name))
        .max_by_key(|(name, _)| name.len())
        .map(|(name, kind)| (*kind, name.len()))
}

const fn unary(narrow: &'static str, wide: &'static str) -> Kind {
    Kind::Unary(Command { narrow, wide })
}

/// All names, sorted.
#[rustfmt::skip]
static NAMES: [(&str, Kind); 346] = [
    ("!=", S("\\ne")), ("!in", S("\\notin")), ("\"", Kind::Quote), ("'", Kind::Prime), ("(", Kind::Left(Some("("))),
    ("(:", Kind::Left(Some("\\langle"))), (")", Kind::Right(Some(")"))), ("*", S("\\cdot")), ("**", S("\\ast")),
    ("***", S("\\star")), ("+-", S("\\pm")), ("-+", S("\\mp")), ("-:", S("\\div")), ("-<", S("\\prec")),
    ("-<=", S("\\preceq")), ("-=", S("\\equiv")), ("->", S("\\to")), ("->>", S("\\twoheadrightarrow")),
    ("-lt", S("\\prec")), ("...", S("\\ldots")), ("/", Kind::Slash), ("//", S("/")), ("/_", S("\\angle")),
    ("/_\\", S("\\triangle")), (":'", S("\\because")), (":)", Kind::Right(Some("\\rangle"))),
    (":.", S("\\therefore")), (":=", S(":=")), (":|", Kind::Right(Some("|"))), (":|:", S("|")),
    (":}", Kind::Right(None)), ("<<", Kind::Left(Some("\\langle"))), ("<=", S("\\le")),
    ("<=>", S("\\Leftrightarrow")), ("=>", S("\\Rightarrow")), (">-", S("\\succ")), (">-=", S("\\succeq")),
    (">->", S("\\rightarrowtail")), (">->>", S("⤖")), ("><|", S("\\rtimes")), (">=", S("\\ge")),
    (">>", Kind::Right(Some("\\rangle"))), ("@", S("\\circ")), ("AA", S("\\forall")), ("Abs", Kind::Around("|", "|")),
    ("Arccos", Kind::Function("\\operatorname{Arccos}")), ("Arcsin", Kind::Function("\\operatorname{Arcsin}")),
    ("Arctan", Kind::Function("\\operatorname{Arctan}")), ("CC", S("\\mathbb{C}")),
    ("Cos", Kind::Function("\\operatorname{Cos}")), ("Cosh", Kind::Function("\\operatorname{Cosh}")),
    ("Cot", Kind::Function("\\operatorname{Cot}")), ("Csc", Kind::Function("\\operatorname{Csc}")),
    ("Delta", S("\\Delta")), ("EE", S("\\exists")), ("Gamma", S("\\Gamma")), ("Lambda", S("\\Lambda")),
    ("Lamda", S("\\Lambda")), ("Leftarrow", S("\\Leftarrow")), ("Leftrightarrow", S("\\Leftrightarrow")),
    ("Lim", Kind::Limit("\\operatorname*{Lim}")), ("Ln", Kind::Function("\\operatorname{Ln}")),
    ("Log", Kind::Function("\\operatorname{Log}")), ("NN", S("\\mathbb{N}")), ("O/", S("\\emptyset")),
    ("Omega", S("\\Omega")), ("Phi", S("\\Phi")), ("Pi", S("\\Pi")), ("Psi", S("\\Psi")), ("QQ", S("\\mathbb{Q}")),
    ("RR", S("\\mathbb{R}")), ("Rightarrow", S("\\Rightarrow")), ("Sec", Kind::Function("\\operatorname{Sec}")),
    ("Sigma", S("\\Sigma")), ("Sin", Kind::Function("\\operatorname{Sin}")),
    ("Sinh", Kind::Function("\\operatorname{Sinh}")), ("TT", S("\\top")),
    ("Tan", Kind::Function("\\operatorname{Tan}")), ("Tanh", Kind::Function("\\operatorname{Tanh}")),
    ("Theta", S("\\Theta")), ("Xi", S("\\Xi")), ("ZZ", S("\\mathbb{Z}")), ("[", Kind::Left(Some("["))),
    ("\\ ", S("\\ ")), ("\\\\", S("\\setminus")), ("]", Kind::Right(Some("]"))), ("^", Kind::Sup),
    ("^^", S("\\wedge")), ("^^^", Kind::Large("\\bigwedge")), ("_", Kind::Sub), ("__|", S("\\rfloor")),
    ("_|_", S("\\bot")), ("abs", Kind::Around("|", "|")), ("aleph", S("\\aleph")), ("alpha", S("\\alpha")),
    ("and", Kind::Word("and")), ("angle", S("\\angle")), ("approx", S("\\approx")),
    ("arccos", Kind::Function("\\arccos")), ("arcsin", Kind::Function("\\arcsin")),
    ("arctan", Kind::Function("\\arctan")), ("ast", S("\\ast")), ("backslash", S("\\backslash")),
    ("bar", unary("\\bar", "\\overline")), ("bb", unary("\\mathbf", "\\mathbf")),
    ("bbb", unary("\\mathbb", "\\mathbb")), ("because", S("\\because")), ("beta", S("\\beta")),
    ("bigcap", Kind::Large("\\bigcap")), ("bigcup", Kind::Large("\\bigcup")), ("bigvee", Kind::Large("\\bigvee")),
    ("bigwedge", Kind::Large("\\bigwedge")), ("bot", S("\\bot")), ("bowtie", S("\\bowtie")),
    ("cancel", unary("\\cancel", "\\cancel")), ("cap", S("\\cap")), ("cc", unary("\\mathcal", "\\mathcal")),
    ("cdot", S("\\cdot")), ("cdots", S("\\cdots")), ("ceil", Kind::Around("\\lceil", "\\rceil")), ("chi", S("\\chi")),
    ("circ", S("\\circ")), ("class", Kind::Binary(Binary::Style)), ("color", Kind::Binary(Binary::Style)),
    ("cong", S("\\cong")), ("cos", Kind::Function("\\cos")), ("cosh", Kind::Function("\\cosh")),
    ("cot", Kind::Function("\\cot")), ("coth", Kind::Function("\\coth")), ("csc", Kind::Function("\\csc")),
    ("csch", Kind::Function("\\operatorname{csch}")), ("cup", S("\\cup")), ("darr", S("\\downarrow")),
    ("ddot", unary("\\ddot", "\\ddot")), ("ddots", S("\\ddots")), ("del", S("\\partial")), ("delta", S("\\delta")),
    ("det", Kind::Function("\\det")), ("diamond", S("\\diamond")), ("dim", S("\\dim")), ("div", S("\\div")),
    ("divide", S("\\div")), ("dot", unary("\\dot", "\\dot")), ("downarrow", S("\\downarrow")),
    ("dt", Kind::Differential("t")), ("dx", Kind::Differential("x")), ("dy", Kind::Differential("y")),
    ("dz", Kind::Differential("z")), ("emptyset", S("\\emptyset")), ("epsi", S("\\epsilon")),
    ("epsilon", S("\\epsilon")), ("equiv", S("\\equiv")), ("eta", S("\\eta")), ("exists", S("\\exists")),
    ("exp", Kind::Function("\\exp")), ("f", Kind::Function("f")), ("floor", Kind::Around("\\lfloor", "\\rfloor")),
    ("forall", S("\\forall")), ("fr", unary("\\mathfrak", "\\mathfrak")),
    ("frac", Kind::Binary(Binary::Pair("\\frac"))), ("frown", S("\\frown")), ("g", Kind::Function("g")),
    ("gamma", S("\\gamma")), ("gcd", Kind::Function("\\gcd")), ("ge", S("\\ge")), ("geq", S("\\ge")),
    ("glb", S("\\operatorname{glb}")), ("grad", S("\\nabla")), ("gt", S(">")), ("gt=", S("\\ge")),
    ("hArr", S("\\Leftrightarrow")), ("harr", S("\\leftrightarrow")), ("hat", unary("\\hat", "\\widehat")),
    ("id", Kind::Binary(Binary::Style)), ("if", Kind::Word("if")), ("iff", S("\\Leftrightarrow")),
    ("implies", S("\\Rightarrow")), ("in", S("\\in")), ("infty", S("\\infty")), ("int", S("\\int")),
    ("iota", S("\\iota")), ("kappa", S("\\kappa")), ("lArr", S("\\Leftarrow")), ("lambda", S("\\lambda")),
    ("lamda", S("\\lambda")), ("langle", Kind::Left(Some("\\langle"))), ("larr", S("\\leftarrow")),
    ("lceil", S("\\lceil")), ("lceiling", S("\\lceil")), ("lcm", Kind::Function("\\operatorname{lcm}")),
    ("ldots", S("\\ldots")), ("le", S("\\le")), ("left(", Kind::Left(Some("("))), ("left[", Kind::Left(Some("["))),
    ("leftarrow", S("\\leftarrow")), ("leftrightarrow", S("\\leftrightarrow")), ("leq", S("\\le")),
    ("lfloor", S("\\lfloor")), ("lim", Kind::Limit("\\lim")), ("ln", Kind::Function("\\ln")),
    ("log", Kind::Function("\\log")), ("lt", S("<")), ("lt=", S("\\le")), ("ltimes", S("\\ltimes")),
    ("lub", S("\\operatorname{lub}")), ("mapsto", S("\\mapsto")), ("mathbb", unary("\\mathbb", "\\mathbb")),
    ("mathbf", unary("\\mathbf", "\\mathbf")), ("mathcal", unary("\\mathcal", "\\mathcal")),
    ("mathfrak", unary("\\mathfrak", "\\mathfrak")), ("mathsf", unary("\\mathsf", "\\mathsf")),
    ("mathtt", unary("\\mathtt", "\\mathtt")), ("max", Kind::Limit("\\max")), ("mbox", Kind::Text),
    ("min", Kind::Limit("\\min")), ("mod", S("\\bmod")), ("models", S("\\models")), ("mp", S("\\mp")),
    ("mu", S("\\mu")), ("nabla", S("\\nabla")), ("ne", S("\\ne")), ("neg", S("\\neg")), ("nn", S("\\cap")),
    ("nnn", Kind::Large("\\bigcap")), ("norm", Kind::Around("\\|", "\\|")), ("not", S("\\neg")),
    ("notin", S("\\notin")), ("nu", S("\\nu")), ("o+", S("\\oplus")), ("o.", S("\\odot")),
    ("obrace", Kind::Brace("\\overbrace")), ("odot", S("\\odot")), ("oint", S("\\oint")), ("omega", S("\\omega")),
    ("oo", S("\\infty")), ("oplus", S("\\oplus")), ("or", Kind::Word("or")), ("otimes", S("\\otimes")),
    ("overarc", unary("\\overset{\\frown}", "\\overset{\\frown}")), ("overbrace", Kind::Brace("\\overbrace")),
    ("overline", unary("\\bar", "\\overline")), ("overparen", unary("\\overset{\\frown}", "\\overset{\\frown}")),
    ("overset", Kind::Binary(Binary::Pair("\\overset"))), ("ox", S("\\otimes")), ("partial", S("\\partial")),
    ("phi", S("\\phi")), ("pi", S("\\pi")), ("pm", S("\\pm")), ("prec", S("\\prec")), ("preceq", S("\\preceq")),
    ("prime", Kind::Prime), ("prod", Kind::Large("\\prod")), ("prop", S("\\propto")), ("propto", S("\\propto")),
    ("psi", S("\\psi")), ("qquad", S("\\qquad")), ("quad", S("\\quad")), ("rArr", S("\\Rightarrow")),
    ("rangle", Kind::Right(Some("\\rangle"))), ("rarr", S("\\rightarrow")), ("rceil", S("\\rceil")),
    ("rceiling", S("\\rceil")), ("rfloor", S("\\rfloor")), ("rho", S("\\rho")), ("right)", Kind::Right(Some(")"))),
    ("right]", Kind::Right(Some("]"))), ("rightarrow", S("\\rightarrow")), ("rightarrowtail", S("\\rightarrowtail")),
    ("root", Kind::Binary(Binary::Root)), ("rtimes", S("\\rtimes")), ("sec", Kind::Function("\\sec")),
    ("sech", Kind::Function("\\operatorname{sech}")), ("setminus", S("\\setminus")),
    ("sf", unary("\\mathsf", "\\mathsf")), ("sigma", S("\\sigma")), ("sim", S("\\sim")),
    ("sin", Kind::Function("\\sin")), ("sinh", Kind::Function("\\sinh")), ("sqrt", unary("\\sqrt", "\\sqrt")),
    ("square", S("\\square")), ("stackrel", Kind::Binary(Binary::Pair("\\stackrel"))), ("star", S("\\star")),
    ("sub", S("\\subset")), ("sube", S("\\subseteq")), ("subset", S("\\subset")), ("subseteq", S("\\subseteq")),
    ("succ", S("\\succ")), ("succeq", S("\\succeq")), ("sum", Kind::Large("\\sum")), ("sup", S("\\supset")),
    ("supe", S("\\supseteq")), ("supset", S("\\supset")), ("supseteq", S("\\supseteq")),
    ("tan", Kind::Function("\\tan")), ("tanh", Kind::Function("\\tanh")), ("tau", S("\\tau")), ("text", Kind::Text),
    ("therefore", S("\\therefore")), ("theta", S("\\theta")), ("tilde", unary("\\tilde", "\\widetilde")),
    ("times", S("\\times")), ("to", S("\\to")), ("top", S("\\top")), ("triangle", S("\\triangle")),
    ("tt", unary("\\mathtt", "\\mathtt")), ("twoheadrightarrow", S("\\twoheadrightarrow")),
    ("twoheadrightarrowtail", S("⤖")), ("uarr", S("\\uparrow")),
    ("ubrace", Kind::Brace("\\underbrace")), ("ul", unary("\\underline", "\\underline")),
    ("underbrace", Kind::Brace("\\underbrace")), ("underline", unary("\\underline", "\\underline")),
    ("underset", Kind::Binary(Binary::Pair("\\underset"))), ("uparrow", S("\\uparrow")), ("upsilon", S("\\upsilon")),
    ("uu", S("\\cup")), ("uuu", Kind::Large("\\bigcup")), ("varepsilon", S("\\varepsilon")),
    ("varphi", S("\\varphi")), ("vartheta", S("\\vartheta")), ("vdash", S("\\vdash")), ("vdots", S("\\vdots")),
    ("vec", unary("\\vec", "\\overrightarrow")), ("vee", S("\\vee")), ("vv", S("\\vee")),
    ("vvv", Kind::Large("\\bigvee")), ("wedge", S("\\wedge")), ("xi", S("\\xi")), ("xx", S("\\times")),
    ("zeta", S("\\zeta")), ("{", Kind::Left(Some("\\{"))), ("{:", Kind::Left(None)), ("|", Kind::Bar),
    ("|--", S("\\vdash")), ("|->", S("\\mapsto")), ("|:", Kind::Left(Some("|"))), ("|==", S("\\models")),
    ("|><", S("\\ltimes")), ("|><|", S("\\bowtie")), ("|__", S("\\lfloor")), ("|~", S("\\lceil")),
    ("}", Kind::Right(Some("\\}"))), ("~", S("\\sim")), ("~=", S("\\cong")), ("~|", S("\\rceil")),
    ("~~", S("\\approx")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(longest("sinhx"), Some((Kind::Function("\\sinh"), 4)));
        assert_eq!(longest("***"), Some((S("\\star"), 3)));
        assert_eq!(longest("k"), None);
        assert_eq!(longest(""), None);
    }
}
