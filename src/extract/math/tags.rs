//! Tags in the text that forums and wikis put around TeX, and that nobody has turned into formulas.

/// A pair of tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    pub(super) display: bool,
    /// Whether the tags alone make a formula, whatever it looks like.
    pub(super) sure: bool,
}

const fn tag(open: &'static str, close: &'static str, display: bool, sure: bool) -> Tag {
    Tag { open, close, display, sure }
}

const TAGS: [Tag; 23] = [
    tag("[tex]", "[/tex]", false, true),
    tag("[latex]", "[/latex]", false, true),
    tag("[itex]", "[/itex]", false, true),
    tag("[math]", "[/math]", false, false),
    tag("[imath]", "[/imath]", false, true),
    tag("[dmath]", "[/dmath]", true, true),
    tag("[inlinemath]", "[/inlinemath]", false, true),
    tag("[displaymath]", "[/displaymath]", true, true),
    tag("[katex]", "[/katex]", false, true),
    tag("[mathjax]", "[/mathjax]", false, false),
    tag("[asciimath]", "[/asciimath]", false, false),
    tag("[equation]", "[/equation]", true, false),
    tag("[eqn]", "[/eqn]", false, false),
    tag("[$$]", "[/$$]", true, true),
    tag("[$]", "[/$]", false, true),
    tag("[m]", "[/m]", false, false),
    tag("[;", ";]", false, false),
    // A wiki's own, shown because the extension that reads them is not there.
    tag("<math>", "</math>", false, false),
    tag("<math display=\"block\">", "</math>", true, false),
    tag("<tex>", "</tex>", false, false),
    tag("<latex>", "</latex>", false, false),
    tag("{{math|", "}}", false, false),
    tag("{{tmath|", "}}", false, false),
];

/// The pair whose opening tag stands at the start, in any case.
pub(super) fn at(rest: &str) -> Option<Tag> {
    let second = *rest.as_bytes().get(1)?;
    // Most brackets are followed by something else.
    if !(second.is_ascii_alphabetic() || matches!(second, b'$' | b';' | b'{')) {
        return None;
    }
    TAGS.into_iter().find(|tag| rest.get(..tag.open.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.open)))
}
