//! The commands that every reader of LaTeX knows: those of LaTeX's math mode and of the AMS packages.
//!
//! Commands that only set letters and accents in text (`\P`, `\S`, `\L`, `\c`, `\d`, `\H`, …) are left out: nobody
//! means them in a formula, so their names are what pages take for macros of their own. So are the shorthands that one
//! library has and others do not (`\R`, `\RR`).

/// Whether a command is standard.
pub(super) fn is_standard(name: &str) -> bool {
    STANDARD.binary_search(&name).is_ok()
}

/// How many arguments a standard command takes.
pub(super) fn arguments(name: &str) -> usize {
    if ONE.binary_search(&name).is_ok() {
        1
    } else if TWO.binary_search(&name).is_ok() {
        2
    } else {
        0
    }
}

/// Whether a standard command is the name of a function or operator, in upright letters.
pub(super) fn is_named_operator(name: &str) -> bool {
    OPERATORS.binary_search(&name).is_ok()
}

/// All of them, sorted.
#[rustfmt::skip]
const STANDARD: [&str; 799] = [
    "And", "Arrowvert", "Bbb", "Bbbk", "Big", "Bigg", "Biggl", "Biggm", "Biggr", "Bigl", "Bigm", "Bigr", "Box",
    "Bumpeq", "Cap", "Coloneqq", "Cup", "DeclareMathOperator", "Delta", "Diamond", "Doteq", "Downarrow", "Finv",
    "Game", "Gamma", "Huge", "Im", "Join", "LARGE", "LaTeX", "Lambda", "Large", "Leftarrow", "Leftrightarrow",
    "Lleftarrow", "Longleftarrow", "Longleftrightarrow", "Longrightarrow", "Lsh", "Omega", "Phi", "Pi", "Pr", "Psi",
    "Re", "Rightarrow", "Rrightarrow", "Rsh", "Rule", "Sigma", "Space", "Subset", "Supset", "TeX", "Theta", "Tiny",
    "Uparrow", "Updownarrow", "Upsilon", "Vdash", "Vert", "Vvdash", "Xi", "above", "abovewithdelims", "acute",
    "aleph", "alpha", "amalg", "angle", "approx", "approxeq", "arccos", "arcsin", "arctan", "arg", "array",
    "arrowvert", "ast", "asymp", "atop", "atopwithdelims", "backepsilon", "backprime", "backsim", "backsimeq",
    "backslash", "bar", "barwedge", "bcancel", "because", "begin", "beta", "beth", "between", "bf", "big", "bigcap",
    "bigcirc", "bigcup", "bigg", "biggl", "biggm", "biggr", "bigl", "bigm", "bigodot", "bigoplus", "bigotimes",
    "bigr", "bigsqcup", "bigstar", "bigtriangledown", "bigtriangleup", "biguplus", "bigvee", "bigwedge", "binom",
    "blacklozenge", "blacksquare", "blacktriangle", "blacktriangledown", "blacktriangleleft", "blacktriangleright",
    "bm", "bmod", "boldsymbol", "bot", "bowtie", "boxdot", "boxed", "boxminus", "boxplus", "boxtimes", "brace",
    "bracevert", "brack", "breve", "buildrel", "bullet", "bumpeq", "cal", "cancel", "cap", "cases", "cdot", "cdotp",
    "cdots", "ce", "centerdot", "cfrac", "check", "checkmark", "chi", "choose", "circ", "circeq", "circlearrowleft",
    "circlearrowright", "circledR", "circledS", "circledast", "circledcirc", "circleddash", "class", "clubsuit",
    "colon", "coloneq", "coloneqq", "color", "colorbox", "complement", "cong", "coprod", "cos", "cosh", "cot", "coth",
    "cr", "csc", "cssId", "cup", "curlyeqprec", "curlyeqsucc", "curlyvee", "curlywedge", "curvearrowleft",
    "curvearrowright", "dagger", "daleth", "dashleftarrow", "dashrightarrow", "dashv", "dbinom", "ddagger", "ddddot",
    "dddot", "ddot", "ddots", "def", "deg", "delta", "det", "dfrac", "diagdown", "diagup", "diamond", "diamondsuit",
    "digamma", "dim", "displaylines", "displaystyle", "div", "divideontimes", "dot", "doteq", "doteqdot", "dotplus",
    "dots", "dotsb", "dotsc", "dotsi", "dotsm", "dotso", "doublebarwedge", "doublecap", "doublecup", "downarrow",
    "downdownarrows", "downharpoonleft", "downharpoonright", "ell", "emph", "emptyset", "enclose", "end", "enspace",
    "ensuremath", "epsilon", "eqalign", "eqalignno", "eqcirc", "eqqcolon", "eqref", "eqsim", "eqslantgtr",
    "eqslantless", "equiv", "eta", "eth", "exists", "exp", "fallingdotseq", "fbox", "flat", "forall", "frac", "frak",
    "framebox", "frown", "gamma", "gcd", "ge", "genfrac", "geq", "geqq", "geqslant", "gets", "gg", "ggg", "gggtr",
    "gimel", "gnapprox", "gneq", "gneqq", "gnsim", "grave", "gt", "gtrapprox", "gtrdot", "gtreqless", "gtreqqless",
    "gtrless", "gtrsim", "gvertneqq", "hat", "hbar", "hbox", "hdashline", "heartsuit", "hfil", "hfill", "hfilll",
    "hline", "hom", "hookleftarrow", "hookrightarrow", "hphantom", "href", "hskip", "hslash", "hspace", "huge",
    "idotsint", "iff", "iiiint", "iiint", "iint", "imath", "impliedby", "implies", "in", "inf", "infty", "injlim",
    "int", "intercal", "intertext", "intop", "iota", "it", "jmath", "kappa", "ker", "kern", "lVert", "label",
    "lambda", "land", "langle", "large", "lbrace", "lbrack", "lceil", "ldotp", "ldots", "le", "leadsto", "left",
    "leftarrow", "leftarrowtail", "leftharpoondown", "leftharpoonup", "leftleftarrows", "leftrightarrow",
    "leftrightarrows", "leftrightharpoons", "leftrightsquigarrow", "leftroot", "leftthreetimes", "leq", "leqalignno",
    "leqq", "leqslant", "lessapprox", "lessdot", "lesseqgtr", "lesseqqgtr", "lessgtr", "lesssim", "let", "lfloor",
    "lg", "lgroup", "lhd", "lim", "liminf", "limits", "limsup", "ll", "llap", "llcorner", "lll", "llless",
    "lmoustache", "ln", "lnapprox", "lneq", "lneqq", "lnot", "lnsim", "log", "longleftarrow", "longleftrightarrow",
    "longmapsto", "longrightarrow", "looparrowleft", "looparrowright", "lor", "lower", "lozenge", "lrcorner", "lt",
    "ltimes", "lvert", "lvertneqq", "maltese", "mapsto", "mathbb", "mathbf", "mathbfcal", "mathbffrak", "mathbfit",
    "mathbfscr", "mathbfsf", "mathbfsfit", "mathbfsfup", "mathbfup", "mathbin", "mathcal", "mathchoice", "mathclap",
    "mathclose", "mathds", "mathellipsis", "mathfrak", "mathinner", "mathit", "mathllap", "mathnormal", "mathop",
    "mathopen", "mathord", "mathpunct", "mathrel", "mathring", "mathrlap", "mathrm", "mathscr", "mathsf", "mathsfit",
    "mathsfup", "mathstrut", "mathtt", "mathup", "matrix", "max", "mbox", "measuredangle", "mho", "mid", "middle",
    "min", "mit", "mkern", "mod", "models", "moveleft", "moveright", "mp", "mskip", "mspace", "mu", "multimap",
    "nLeftarrow", "nLeftrightarrow", "nRightarrow", "nVDash", "nVdash", "nabla", "natural", "ncong", "ne", "nearrow",
    "neg", "negmedspace", "negthickspace", "negthinspace", "neq", "newcommand", "newline", "nexists", "ngeq", "ngeqq",
    "ngeqslant", "ngtr", "ni", "nleftarrow", "nleftrightarrow", "nleq", "nleqq", "nleqslant", "nless", "nmid",
    "nobreakspace", "nolimits", "nonscript", "nonumber", "normalsize", "not", "notag", "notin", "nparallel", "nprec",
    "npreceq", "nrightarrow", "nshortmid", "nshortparallel", "nsim", "nsubseteq", "nsubseteqq", "nsucc", "nsucceq",
    "nsupseteq", "nsupseteqq", "ntriangleleft", "ntrianglelefteq", "ntriangleright", "ntrianglerighteq", "nu",
    "nvDash", "nvdash", "nwarrow", "odot", "oint", "oldstyle", "omega", "omicron", "ominus", "operatorname", "oplus",
    "oslash", "otimes", "over", "overbrace", "overbracket", "overleftarrow", "overleftrightarrow", "overline",
    "overparen", "overrightarrow", "overset", "overunderset", "overwithdelims", "owns", "parallel", "partial", "perp",
    "phantom", "phi", "pi", "pitchfork", "pm", "pmatrix", "pmb", "pmod", "pod", "prec", "precapprox", "preccurlyeq",
    "preceq", "precnapprox", "precneqq", "precnsim", "precsim", "prescript", "prime", "prod", "projlim", "propto",
    "psi", "pu", "qed", "qquad", "quad", "rVert", "raise", "rangle", "rbrace", "rbrack", "rceil", "ref",
    "renewcommand", "require", "restriction", "rfloor", "rgroup", "rhd", "rho", "right", "rightarrow",
    "rightarrowtail", "rightharpoondown", "rightharpoonup", "rightleftarrows", "rightleftharpoons",
    "rightrightarrows", "rightsquigarrow", "rightthreetimes", "risingdotseq", "rlap", "rm", "rmoustache", "root",
    "rtimes", "rule", "rvert", "scr", "scriptscriptstyle", "scriptsize", "scriptstyle", "searrow", "sec", "setminus",
    "sf", "sharp", "shortmid", "shortparallel", "shortvdotswithin", "shoveleft", "shoveright", "sideset", "sigma",
    "sim", "simeq", "sin", "sinh", "skew", "small", "smallfrown", "smallint", "smallsetminus", "smallsmile", "smash",
    "smashoperator", "smile", "space", "spadesuit", "sphericalangle", "sqcap", "sqcup", "sqrt", "sqsubset",
    "sqsubseteq", "sqsupset", "sqsupseteq", "square", "stackbin", "stackrel", "star", "strut", "style", "subset",
    "subseteq", "subseteqq", "subsetneq", "subsetneqq", "substack", "succ", "succapprox", "succcurlyeq", "succeq",
    "succnapprox", "succneqq", "succnsim", "succsim", "sum", "sup", "supset", "supseteq", "supseteqq", "supsetneq",
    "supsetneqq", "surd", "swarrow", "symbb", "symbf", "symbfcal", "symbffrak", "symbfit", "symbfscr", "symbfsf",
    "symbfsfit", "symbfsfup", "symbfup", "symcal", "symfrak", "symit", "symnormal", "symrm", "symscr", "symsf",
    "symsfit", "symsfup", "symtt", "symup", "tag", "tan", "tanh", "tau", "tbinom", "text", "textbf", "textcolor",
    "textit", "textmd", "textnormal", "textrm", "textsc", "textsf", "textsl", "textstyle", "texttt", "textup",
    "tfrac", "therefore", "theta", "thickapprox", "thicksim", "thinspace", "tilde", "times", "tiny", "to", "top",
    "triangle", "triangledown", "triangleleft", "trianglelefteq", "triangleq", "triangleright", "trianglerighteq",
    "tt", "twoheadleftarrow", "twoheadrightarrow", "ulcorner", "underbrace", "underbracket", "underleftarrow",
    "underleftrightarrow", "underline", "underparen", "underrightarrow", "underset", "unicode", "unlhd", "unrhd",
    "uparrow", "updownarrow", "upharpoonleft", "upharpoonright", "uplus", "uproot", "upsilon", "upuparrows",
    "urcorner", "vDash", "varDelta", "varGamma", "varLambda", "varOmega", "varPhi", "varPi", "varPsi", "varSigma",
    "varTheta", "varUpsilon", "varXi", "varepsilon", "varinjlim", "varkappa", "varliminf", "varlimsup", "varnothing",
    "varphi", "varpi", "varprojlim", "varpropto", "varrho", "varsigma", "varsubsetneq", "varsubsetneqq",
    "varsupsetneq", "varsupsetneqq", "vartheta", "vartriangle", "vartriangleleft", "vartriangleright", "vcentcolon",
    "vcenter", "vdash", "vdots", "vec", "vee", "veebar", "vert", "vphantom", "wedge", "widehat", "widetilde", "wp",
    "wr", "xcancel", "xi", "xleftarrow", "xrightarrow", "xspace", "yen", "zeta",
];

/// Those with one argument, sorted.
#[rustfmt::skip]
const ONE: [&str; 104] = [
    "acute", "bar", "bcancel", "bm", "boldsymbol", "boxed", "breve", "cancel", "ce", "check", "ddddot", "dddot",
    "ddot", "dot", "emph", "ensuremath", "eqref", "fbox", "framebox", "grave", "hat", "hbox", "hphantom", "hspace",
    "label", "llap", "mathbb", "mathbf", "mathbin", "mathcal", "mathclap", "mathclose", "mathds", "mathfrak",
    "mathinner", "mathit", "mathllap", "mathnormal", "mathop", "mathopen", "mathord", "mathpunct", "mathrel",
    "mathring", "mathrlap", "mathrm", "mathscr", "mathsf", "mathtt", "mathup", "mbox", "mod", "operatorname",
    "overbrace", "overleftarrow", "overleftrightarrow", "overline", "overparen", "overrightarrow", "phantom", "pmb",
    "pmod", "pod", "pu", "ref", "rlap", "smash", "sqrt", "substack", "symbb", "symbf", "symcal", "symfrak", "symit",
    "symrm", "symscr", "symsf", "tag", "text", "textbf", "textit", "textmd", "textnormal", "textrm", "textsc",
    "textsf", "textsl", "texttt", "textup", "tilde", "underbrace", "underleftarrow", "underleftrightarrow",
    "underline", "underparen", "underrightarrow", "vcenter", "vec", "vphantom", "widehat", "widetilde", "xcancel",
    "xleftarrow", "xrightarrow",
];

/// Those with two, sorted.
#[rustfmt::skip]
const TWO: [&str; 19] = [
    "binom", "cfrac", "class", "colorbox", "cssId", "dbinom", "dfrac", "enclose", "frac", "href", "overset", "rule",
    "stackbin", "stackrel", "style", "tbinom", "textcolor", "tfrac", "underset",
];

/// Named operators, sorted.
#[rustfmt::skip]
const OPERATORS: [&str; 38] = [
    "Im", "Pr", "Re", "arccos", "arcsin", "arctan", "arg", "bmod", "cos", "cosh", "cot", "coth", "csc", "deg", "det",
    "dim", "exp", "gcd", "hom", "inf", "injlim", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min",
    "mod", "projlim", "sec", "sin", "sinh", "sup", "tan", "tanh",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_agree() {
        for table in [&STANDARD[..], &ONE, &TWO, &OPERATORS] {
            assert!(table.is_sorted_by(|a, b| a < b));
            assert!(table.iter().all(|name| is_standard(name)));
        }
        assert!(!is_standard("R") && !is_standard("P") && is_standard("alpha"));
        assert_eq!((arguments("vec"), arguments("frac"), arguments("alpha")), (1, 2, 0));
    }
}
