//! The tree that AsciiMath is read into: LaTeX's constructs rather than AsciiMath's.

/// A piece of a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A symbol, number or letter, in LaTeX.
    Symbol(&'static str),
    /// What no table has: a number, a letter, a character that stands for itself.
    Literal(String),
    /// An operator whose scripts are limits, and that is as tall as a fraction where `tall`.
    Large {
        /// Its LaTeX.
        tex: &'static str,
        /// Whether brackets around it grow.
        tall: bool,
    },
    /// A bar that separates: `{x | x > 0}`.
    Mid,
    /// A prime.
    Prime,
    /// Words.
    Text(String),
    /// A word of the language of proofs, set off by blanks: `if`, `and`, `or`.
    Word(&'static str),
    /// Several pieces that belong together.
    Row(Vec<Node>),
    /// Brackets, either of which may be invisible or missing, with what is between them.
    Fence {
        /// The opening bracket's LaTeX.
        open: Option<&'static str>,
        /// What is inside.
        inside: Vec<Node>,
        /// The closing bracket's LaTeX.
        close: Option<&'static str>,
    },
    /// A base with scripts.
    Scripts {
        /// What they stand at.
        base: Box<Node>,
        /// The subscript.
        sub: Option<Box<Node>>,
        /// The superscript.
        sup: Option<Box<Node>>,
    },
    /// A command with one argument.
    Command(Command, Box<Node>),
    /// A command with two arguments: `\frac{…}{…}`.
    Pair(&'static str, Box<Node>, Box<Node>),
    /// A root: degree, radicand.
    Root(Box<Node>, Box<Node>),
    /// Rows of cells.
    Matrix(Matrix),
}

/// A command with one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its LaTeX where the argument is one symbol.
    pub(super) narrow: &'static str,
    /// Its LaTeX where the argument is wider.
    pub(super) wide: &'static str,
}

/// Rows of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    /// The rows, of equally many cells.
    pub(super) rows: Vec<Vec<Vec<Node>>>,
    /// Columns before which a line stands.
    pub(super) lines: Vec<usize>,
    /// Whether the columns are set to the left: cases, systems of equations.
    pub(super) left: bool,
}

impl Node {
    /// Takes away the brackets that only held an argument together. As AsciiMath has it, each of the two goes by
    /// itself: `{(a)/b:}` loses its brace.
    pub(super) fn without_brackets(mut self) -> Self {
        if let Self::Fence { open, close, .. } = &mut self {
            if matches!(open, Some("(" | "[" | "\\{")) {
                *open = None;
            }
            if matches!(close, Some(")" | "]" | "\\}")) {
                *close = None;
            }
        }
        self
    }

    /// Whether brackets around it should grow with it.
    pub(super) fn is_tall(&self) -> bool {
        match self {
            Self::Pair(..) | Self::Matrix(_) => true,
            Self::Large { tall, .. } => *tall,
            Self::Row(nodes) | Self::Fence { inside: nodes, .. } => nodes.iter().any(Self::is_tall),
            Self::Scripts { base, sub, sup } => {
                base.is_tall() || [sub, sup].into_iter().flatten().any(|script| script.is_tall())
            }
            Self::Command(_, inner) | Self::Root(_, inner) => inner.is_tall(),
            Self::Symbol(_) | Self::Literal(_) | Self::Mid | Self::Prime | Self::Text(_) | Self::Word(_) => false,
        }
    }
}
