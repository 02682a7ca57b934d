//! What a page's scripts say about math: which library is loaded and which delimiters it was told to read.

use memchr::memmem::find;
use scraper::{Html, Node};

use super::macros::{Macros, mentions_definition};
use super::node::{Budget, NodeRef, attr, classes, element, text};
use super::tidy::TEX_BYTES_MAX;
use super::typeset::ClassStyles;
use super::{Segment, scan, script, tidy, wrapper};

/// Blocks in which definitions are looked for.
const DEFINING_BLOCKS_MAX: usize = 4096;

/// The language of what stands between delimiters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    /// TeX.
    #[default]
    Tex,
    /// AsciiMath.
    AsciiMath,
}

/// A pair of delimiters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimiter {
    /// What opens a formula.
    pub open: String,
    /// What closes it.
    pub close: String,
    /// Whether it is display math.
    pub display: bool,
    /// What is in between.
    pub syntax: Syntax,
}

/// What single dollars mean on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dollars {
    /// Nothing is known: only what looks like math is.
    #[default]
    Unknown,
    /// The page's configuration names them as delimiters.
    Configured,
}

/// What the scripts of a page say about math.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageMath {
    /// Whether MathJax, KaTeX or the like is loaded, so that `\(…\)` in the text is a formula whatever it holds.
    pub loaded: bool,
    /// Whether AsciiMath between backticks is read.
    pub asciimath: bool,
    /// What single dollars mean.
    pub dollars: Dollars,
    /// Delimiters beyond `$`, `$$`, `\(…\)` and `\[…\]`, longest first.
    pub custom: Vec<Delimiter>,
    /// Classes whose elements the libraries were told to leave alone.
    pub ignored_classes: Vec<String>,
    /// What its style sheet says of classes: office programs set scripts and italics with it.
    pub(crate) styles: ClassStyles,
    /// The page's own TeX macros.
    pub macros: Macros,
}

impl PageMath {
    /// Reads the scripts of a page.
    #[must_use]
    pub fn read(html: &Html) -> Self {
        let mut page = Self::default();
        let mut defining: Vec<NodeRef<'_>> = Vec::new();
        for node in html.tree.nodes() {
            let element = match node.value() {
                Node::Element(element) => element,
                Node::Text(text) if mentions_definition(text) => {
                    let block = node.parent().filter(|parent| defining.last().map(NodeRef::id) != Some(parent.id()));
                    defining.extend(block);
                    continue;
                }
                _ => continue,
            };
            match &*element.name.local {
                "style" => {
                    for child in node.children() {
                        if let Node::Text(sheet) = child.value() {
                            page.styles.read(sheet);
                        }
                    }
                }
                "script" => match attr(element, "src") {
                    Some(src) => page.library(src),
                    None => {
                        for child in node.children() {
                            if let Node::Text(script) = child.value() {
                                page.script(script);
                            }
                        }
                    }
                },
                "link" => page.loaded |= attr(element, "href").is_some_and(|href| contains_ignore_case(href, "katex")),
                _ => {}
            }
        }
        page.backticks();
        page.definitions(&defining);
        page.custom.sort_by(|a, b| b.open.len().cmp(&a.open.len()).then_with(|| a.open.cmp(&b.open)));
        page.custom.dedup();
        page
    }

    /// Whether the page's configuration keeps math out of elements of this class (the `class` attribute's value).
    #[must_use]
    pub fn ignores(&self, class: &str) -> bool {
        let mut classes = class.split_ascii_whitespace();
        classes.any(|class| {
            matches!(class, "tex2jax_ignore" | "mathjax_ignore" | "no-mathjax" | "nomathjax")
                || self.ignored_classes.iter().any(|ignored| ignored == class)
        })
    }

    /// Whether a byte can open a formula on this page.
    pub(super) fn opens(&self, byte: u8) -> bool {
        matches!(byte, b'\\' | b'$' | b'[') || self.custom.iter().any(|d| d.open.as_bytes().first() == Some(&byte))
    }

    fn library(&mut self, src: &str) {
        if src.len() > 2048 {
            return;
        }
        if ["mathjax", "katex", "jsmath", "texzilla", "mathlive"].iter().any(|name| contains_ignore_case(src, name)) {
            self.loaded = true;
        }
        // Combined configurations of MathJax 2 name the input jax by initials.
        let combined = ["-AM_", "=AM_", ",AM_", "/AM_"].iter().any(|name| src.contains(name));
        if combined || contains_ignore_case(src, "asciimath") {
            self.loaded = true;
            self.asciimath = true;
        }
    }

    /// Reads the macros that formulas inside these elements define.
    fn definitions(&mut self, blocks: &[NodeRef<'_>]) {
        if blocks.is_empty() {
            return;
        }
        let budget = Budget::for_nodes(blocks.len().saturating_mul(64));
        let formulas: Vec<Vec<String>> =
            blocks.iter().take(DEFINING_BLOCKS_MAX).map(|block| self.formulas_of(*block, &budget)).collect();
        self.macros.read_blocks(formulas.iter().map(|block| block.iter().map(String::as_str).collect()));
    }

    /// The TeX of the formulas inside an element, if that is where libraries look for formulas.
    fn formulas_of(&self, block: NodeRef<'_>, budget: &Budget) -> Vec<String> {
        let is_code = |node: NodeRef<'_>| {
            element(node).is_some_and(|e| matches!(&*e.name.local, "code" | "pre" | "textarea" | "style" | "noscript"))
        };
        let Some(of) = element(block) else { return Vec::new() };
        let name = &*of.name.local;
        let source = name == "annotation" || script::is_math(of);
        if name == "script" && !source || is_code(block) || block.ancestors().take(16).any(is_code) {
            return Vec::new();
        }
        let Some(raw) = text(block, budget, TEX_BYTES_MAX) else { return Vec::new() };
        if source {
            return tidy(&raw).map(|tidied| tidied.tex).into_iter().collect();
        }
        let found: Vec<String> = scan(&raw, self)
            .into_iter()
            .filter_map(|segment| match segment {
                Segment::Formula(formula) => Some(formula.tex),
                Segment::Text(_) => None,
            })
            .collect();
        if found.is_empty() && classes(of).any(|class| wrapper::Class::of(class).is_some()) {
            return tidy(&raw).map(|tidied| tidied.tex).into_iter().collect();
        }
        found
    }

    /// AsciiMath's delimiters where nobody named others.
    fn backticks(&mut self) {
        if self.asciimath && !self.custom.iter().any(|delimiter| delimiter.syntax == Syntax::AsciiMath) {
            let backtick = String::from("`");
            let (open, close) = (backtick.clone(), backtick);
            self.custom.push(Delimiter { open, close, display: false, syntax: Syntax::AsciiMath });
        }
    }

    fn script(&mut self, script: &str) {
        let bytes = script.as_bytes();
        self.asciimath_script(script);
        let mathjax = find(bytes, b"MathJax").is_some();
        let katex = find(bytes, b"renderMathInElement").is_some() || find(bytes, b"katex.render").is_some();
        let configured = find(bytes, b"inlineMath").is_some() || find(bytes, b"displayMath").is_some();
        if !(mathjax || katex || configured) {
            return;
        }
        self.loaded = true;
        self.macros.read_script(script);
        for (key, display) in [("inlineMath", false), ("displayMath", true)] {
            for (open, close) in values_after(script, key).iter().filter_map(|value| pairs(value)).flatten() {
                self.delimiter(open, close, display);
            }
        }
        if katex {
            for value in values_after(script, "delimiters") {
                self.katex_delimiters(value);
            }
        }
        for key in ["ignoreClass", "ignoreHtmlClass"] {
            for value in values_after(script, key) {
                if let Some(names) = strings(value).into_iter().next() {
                    self.ignored_classes.extend(names.split('|').map(str::to_owned));
                }
            }
        }
    }

    /// What a script says of AsciiMath: that MathJax is to load it, or what `ASCIIMathML.js` is to look for.
    fn asciimath_script(&mut self, script: &str) {
        let bytes = script.as_bytes();
        let named = |names: &[&str]| names.iter().any(|name| find(bytes, name.as_bytes()).is_some());
        if named(&["input/AsciiMath", "input/asciimath", "asciimath2jax", "ASCIIMathML.js"]) {
            self.asciimath = true;
            self.loaded = true;
        } else if !self.asciimath {
            return;
        }
        let of_mathjax = ["asciimath2jax", "asciimath", "AsciiMath"]
            .into_iter()
            .flat_map(|key| values_after(script, key))
            .filter(|value| value.starts_with('{'))
            .flat_map(|value| values_after(value, "delimiters"))
            .filter_map(pairs)
            .flatten();
        let of_asciimathml = ["AMdelimiter1", "AMdelimiter2"]
            .into_iter()
            .flat_map(|key| values_after(script, key))
            .filter_map(|value| strings(value).into_iter().next())
            .map(|delimiter| (delimiter.clone(), delimiter));
        for (open, close) in of_mathjax.chain(of_asciimathml) {
            if !open.is_empty() && open.len() <= 16 && !close.is_empty() && self.custom.len() <= 16 {
                self.custom.push(Delimiter { open, close, display: false, syntax: Syntax::AsciiMath });
            }
        }
    }

    fn delimiter(&mut self, open: String, close: String, display: bool) {
        match (open.as_str(), close.as_str()) {
            ("$", "$") => self.dollars = Dollars::Configured,
            ("$$", "$$") | ("\\(", "\\)") | ("\\[", "\\]") | ("\\\\(", "\\\\)") | ("\\\\[", "\\\\]") => {}
            (open, _) if open.is_empty() || open.len() > 16 || close.is_empty() || self.custom.len() > 16 => {}
            // A backslash environment is read anyway.
            (open, _) if open.starts_with("\\begin") => {}
            _ => self.custom.push(Delimiter { open, close, display, syntax: Syntax::Tex }),
        }
    }

    /// KaTeX's `[{left: "$", right: "$", display: false}, …]`.
    fn katex_delimiters(&mut self, value: &str) {
        for object in value.split('{').skip(1) {
            let side = |key| values_after(object, key).first().and_then(|value| strings(value).into_iter().next());
            if let (Some(left), Some(right)) = (side("left"), side("right")) {
                let display = find(object.as_bytes(), b"true").is_some();
                self.delimiter(left, right, display);
            }
        }
    }
}

fn contains_ignore_case(haystack: &str, lower: &str) -> bool {
    haystack.as_bytes().windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower.as_bytes()))
}

/// What stands after each `key:`, as far as its brackets go (or to the end of its string), at most four of them.
fn values_after<'a>(script: &'a str, key: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for at in memchr::memmem::find_iter(script.as_bytes(), key.as_bytes()).take(4) {
        let rest = script[at + key.len()..].trim_start_matches(['"', '\'']).trim_start();
        let Some(value) = rest.strip_prefix([':', '=']) else { continue };
        let value = value.trim_start();
        values.push(&value[..extent(value)]);
    }
    values
}

/// Bytes of a JavaScript value: a bracketed literal or a string; strings inside are respected.
fn extent(value: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut bytes = value.bytes().enumerate().take(4096);
    while let Some((at, byte)) = bytes.next() {
        match (quote, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(open), _) if open == byte => {
                quote = None;
                if depth == 0 {
                    return at + 1;
                }
            }
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') if depth < 2 => return at + usize::from(depth == 1),
            (None, b']' | b'}') => depth -= 1,
            (None, b',' | b';') if depth == 0 => return at,
            (Some(_) | None, _) => {}
        }
    }
    let cap = value.len().min(4096);
    (0..=cap).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0)
}

/// The string literals of a JavaScript value, escapes undone; comments are left out.
fn strings(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next().is_some_and(|c| c != '\n') {},
            '\'' | '"' | '`' => {
                let mut literal = String::new();
                while let Some(inner) = chars.next().filter(|inner| *inner != c) {
                    literal.push(if inner == '\\' { chars.next().unwrap_or_default() } else { inner });
                }
                found.push(literal);
            }
            _ => {}
        }
    }
    found
}

/// `[['$','$'], ['\\(','\\)']]` as pairs; `None` for an odd number of strings.
fn pairs(value: &str) -> Option<Vec<(String, String)>> {
    let mut strings = strings(value);
    // MathJax 4 extends a list as {'[+]': […]}.
    strings.retain(|string| string != "[+]" && string != "[-]");
    if strings.len() % 2 == 1 {
        return None;
    }
    let mut strings = strings.into_iter();
    let mut pairs = Vec::new();
    while let (Some(open), Some(close)) = (strings.next(), strings.next()) {
        pairs.push((open, close));
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(script: &str) -> PageMath {
        PageMath::read(&Html::parse_document(&format!("<script>{script}</script><p>x")))
    }

    #[test]
    fn delimiters_are_read_from_each_library() {
        let mathjax2 = read(
            r#"MathJax.Hub.Config({tex2jax: {inlineMath: [ ['$','$'], ["\\(","\\)"] ], ignoreClass: "no|off"}});"#,
        );
        assert!(mathjax2.loaded && mathjax2.dollars == Dollars::Configured && mathjax2.custom.is_empty());
        assert!(mathjax2.ignores("a off") && mathjax2.ignores("tex2jax_ignore") && !mathjax2.ignores("a"));
        let mathjax3 = read(
            r"window.MathJax = {tex: {inlineMath: [['\\(', '\\)'], ['[;', ';]']], displayMath: {'[+]': [['@@', '@@']]}}}",
        );
        assert_eq!(mathjax3.dollars, Dollars::Unknown);
        let opens: Vec<_> = mathjax3.custom.iter().map(|d| (d.open.as_str(), d.display)).collect();
        assert_eq!(opens, [("@@", true), ("[;", false)]);
        let katex = read(
            r#"renderMathInElement(document.body, {delimiters: [{left: "$$", right: "$$", display: true}, {left: "$", right: "$", display: false}]});"#,
        );
        assert_eq!(katex.dollars, Dollars::Configured);
    }

    #[test]
    fn libraries_are_known_by_address() {
        let page = PageMath::read(&Html::parse_document("<script src='/MathJax.js?config=TeX-MML-AM_CHTML'></script>"));
        assert!(page.loaded && page.asciimath);
        assert!(PageMath::read(&Html::parse_document("<link href=katex.min.css>")).loaded);
        assert_eq!(PageMath::read(&Html::parse_document("<script>var x = '$'</script>")), PageMath::default());
    }

    #[test]
    fn broken_scripts_are_read_as_far_as_they_go() {
        for script in
            ["inlineMath: [['$", "inlineMath:", "inlineMath: [['$','$'],['a']]", "displayMath: ]", "inlineMath: \"\\"]
        {
            assert_eq!(read(script).dollars, Dollars::Unknown, "{script}");
        }
    }
}
