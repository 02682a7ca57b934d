//! What the lexer makes of a text, and the names it knows.

use super::node::{Constant, Function, Relation, Space};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// Digits with or without a point and an exponent, thousands separators taken out.
    Number(String),
    /// A variable of one letter.
    Letter(char),
    /// A variable with a name.
    Name(String),
    Function(Function),
    Constant(Constant),
    Relation(Relation),
    Space(Space),
    /// Words.
    Text(String),
    /// A command with arguments or a place of its own in the grammar.
    Command(&'static str),
    /// An accent over what follows.
    Accent(&'static str),
    /// A sum, an integral, a limit.
    Big(&'static str),
    Begin(String),
    End,
    /// `\\`
    Row,
    /// `&`
    Cell,
    And,
    /// An "and" between conditions that hold together, rather than one that lists.
    Both,
    Or,
    PlusMinus,
    MinusPlus,
    Degree,
    SetOpen,
    SetClose,
    Dots,
    /// One character that stands for itself.
    Sign(char),
}

/// What a command or a word is, whose meaning does not depend on where it stands. The name comes without its backslash.
pub(crate) fn known(name: &str) -> Option<Token> {
    use Token as T;
    if let Some(function) = function(name) {
        return Some(T::Function(function));
    }
    Some(match name {
        "pi" => T::Constant(Constant::Pi),
        "infty" | "infinity" | "infin" | "inf" => T::Constant(Constant::Infinity),
        "and" | "land" | "wedge" => T::Both,
        "or" | "lor" | "vee" => T::Or,
        "cup" | "bigcup" | "union" => T::Command("cup"),
        "cap" | "bigcap" => T::Command("cap"),
        "setminus" | "backslash" => T::Command("setminus"),
        "approx" | "simeq" | "doteq" => T::Relation(Relation::About),
        "sqrt" => T::Command("sqrt"),
        _ => return None,
    })
}

/// What a command is that only LaTeX has; names without their backslash.
pub(crate) fn command(name: &str) -> Option<Token> {
    use Relation as R;
    use Token as T;
    Some(match name {
        "frac" | "dfrac" | "tfrac" | "cfrac" => T::Command("frac"),
        "binom" | "dbinom" | "tbinom" => T::Command("binom"),
        "choose" => T::Command("choose"),
        "pm" => T::PlusMinus,
        "mp" => T::MinusPlus,
        "cdot" | "times" | "ast" | "bullet" => T::Sign('*'),
        "div" => T::Sign('/'),
        "colon" => T::Sign(':'),
        "mid" | "vert" | "lvert" | "rvert" | "Vert" | "lVert" | "rVert" | "|" => T::Sign('|'),
        "lfloor" => T::Command("lfloor"),
        "rfloor" => T::Command("rfloor"),
        "lceil" => T::Command("lceil"),
        "rceil" => T::Command("rceil"),
        "lbrace" | "{" => T::SetOpen,
        "rbrace" | "}" => T::SetClose,
        "lbrack" => T::Sign('['),
        "rbrack" => T::Sign(']'),
        "lparen" => T::Sign('('),
        "rparen" => T::Sign(')'),
        "langle" => T::Sign('⟨'),
        "rangle" => T::Sign('⟩'),
        "prime" => T::Sign('\''),
        "circ" | "degree" => T::Degree,
        "%" => T::Sign('%'),
        "le" | "leq" | "leqslant" | "leqq" => T::Relation(R::LessEqual),
        "ge" | "geq" | "geqslant" | "geqq" => T::Relation(R::GreaterEqual),
        "lt" => T::Relation(R::Less),
        "gt" => T::Relation(R::Greater),
        "ne" | "neq" => T::Relation(R::NotEqual),
        "in" => T::Relation(R::In),
        "equiv" => T::Relation(R::Other("≡")),
        "sim" => T::Relation(R::Other("∼")),
        "cong" => T::Relation(R::Other("≅")),
        "parallel" => T::Relation(R::Other("∥")),
        "perp" => T::Relation(R::Other("⊥")),
        "to" | "rightarrow" | "longrightarrow" => T::Relation(R::Other("→")),
        "Rightarrow" | "implies" => T::Relation(R::Other("⇒")),
        "iff" | "Leftrightarrow" => T::Relation(R::Other("⇔")),
        "subset" | "subseteq" | "subsetneq" => T::Relation(R::Other("⊂")),
        "notin" => T::Relation(R::Other("∉")),
        "propto" => T::Relation(R::Other("∝")),
        "emptyset" | "varnothing" | "O" => T::Name("∅".to_owned()),
        "ldots" | "cdots" | "dots" | "dotsc" | "dotsb" | "dotsm" | "dotsi" => T::Dots,
        "sum" => T::Big("sum"),
        "prod" => T::Big("product"),
        "int" | "iint" | "oint" => T::Big("integral"),
        "lim" => T::Big("limit"),
        "vec" | "overrightarrow" => T::Accent("vec"),
        "overline" | "bar" => T::Accent("bar"),
        "hat" | "widehat" => T::Accent("hat"),
        "tilde" | "widetilde" => T::Accent("tilde"),
        "dot" => T::Accent("dot"),
        "ddot" => T::Accent("ddot"),
        "underline" | "boxed" | "fbox" | "displaystyle " => T::Accent(""),
        "angle" | "measuredangle" => T::Accent("angle"),
        "triangle" | "bigtriangleup" => T::Accent("triangle"),
        "odot" => T::Accent("circle"),
        "textcircled" => T::Accent("circled"),
        "overset" | "underset" | "stackrel" => T::Command("over"),
        "partial" => T::Name("∂".to_owned()),
        _ => return None,
    })
}

fn function(name: &str) -> Option<Function> {
    use Function as F;
    Some(match name {
        "sin" => F::Sin,
        "cos" => F::Cos,
        "tan" | "tg" => F::Tan,
        "cot" | "ctg" => F::Cot,
        "sec" => F::Sec,
        "csc" | "cosec" => F::Csc,
        "arcsin" | "asin" => F::Arcsin,
        "arccos" | "acos" => F::Arccos,
        "arctan" | "atan" | "arctg" => F::Arctan,
        "sinh" => F::Sinh,
        "cosh" => F::Cosh,
        "tanh" => F::Tanh,
        "ln" | "log" => F::Ln,
        "lg" => F::Lg,
        "exp" => F::Exp,
        "abs" => F::Abs,
        "floor" => F::Floor,
        "ceil" => F::Ceiling,
        "gcd" => F::Gcd,
        "lcm" => F::Lcm,
        "max" => F::Max,
        "min" => F::Min,
        "det" | "arg" | "deg" | "dim" | "ker" | "Pr" => F::Named(name.to_owned()),
        _ => return None,
    })
}

/// Names of Greek letters, which words may spell without a backslash.
pub(crate) fn is_greek(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega",
    ];
    NAMES.contains(&name)
}

/// Commands that only set how a formula looks, and take no argument.
pub(crate) fn is_look(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "left",
        "right",
        "middle",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "limits",
        "nolimits",
        "quad",
        "qquad",
        "enspace",
        "thinspace",
        "medspace",
        "thickspace",
        "negthinspace",
        "hfill",
        "nonumber",
        "notag",
        "therefore",
        "because",
        "hline",
        "bf",
        "rm",
        "it",
        "allowbreak",
        "newline",
        ",",
        "!",
        ";",
        ":",
        " ",
        "\n",
        ">",
        "/",
        "$",
        "#",
        "&",
        "-",
        "(",
        ")",
        "[",
        "]",
        "@",
    ];

    NAMES.contains(&name)
}

/// Commands whose argument is not part of the formula.
pub(crate) fn is_dropped_with_argument(name: &str) -> bool {
    const NAMES: &[&str] =
        &["color", "hspace", "vspace", "phantom", "hphantom", "vphantom", "label", "tag", "textcolor", "pmod"];

    NAMES.contains(&name)
}

/// Commands whose argument is text or an upright or bold letter.
pub(crate) fn is_text(name: &str) -> bool {
    const NAMES: &[&str] =
        &["text", "mbox", "textbf", "textit", "textnormal", "textrm", "textsf", "texttt", "textup", "hbox", "emph"];

    NAMES.contains(&name) || is_font(name)
}

/// Commands whose argument is mathematics in another font.
pub(crate) fn is_font(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "mathrm",
        "operatorname",
        "operatorname*",
        "mathbf",
        "boldsymbol",
        "bm",
        "mathit",
        "mathsf",
        "mathcal",
        "mathbb",
        "mathscr",
        "mathfrak",
        "pmb",
    ];

    NAMES.contains(&name)
}
