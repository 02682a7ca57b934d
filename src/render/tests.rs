use html5ever::tendril::TendrilSink;
use proptest::prelude::*;
use scraper::{Html, HtmlTreeSink, Node};

use super::*;

fn parse(html: &str) -> Html {
    let sink = HtmlTreeSink::new(Html::new_fragment());
    let context = html5ever::QualName::new(None, html5ever::ns!(html), html5ever::local_name!("body"));
    html5ever::driver::parse_fragment(sink, html5ever::ParseOpts::default(), context, Vec::new(), false).one(html)
}

/// Elements and attributes that a browser would make of `html` are known ones, and nothing is badly nested.
fn assert_safe(html: &str) {
    let tree = parse(html);
    let mut elements = 0;
    for node in tree.tree.root().descendants().skip(1) {
        match node.value() {
            Node::Element(element) => {
                let name = element.name();
                if node.parent().is_some_and(|parent| parent == tree.tree.root()) && name == "html" {
                    continue;
                }
                elements += 1;
                assert!(ELEMENTS.binary_search(&name).is_ok(), "<{name}> in {html}");
                for (attribute, value) in element.attrs() {
                    assert!(ATTRIBUTES.binary_search(&attribute).is_ok(), "{attribute}={value} in {html}");
                    let plain = |b: u8| b.is_ascii_alphanumeric() || b".- %".contains(&b);
                    assert!(value.bytes().all(plain), "{attribute}={value} in {html}");
                }
            }
            Node::Text(_) => {}
            other => panic!("{other:?} in {html}"),
        }
    }
    assert_eq!(elements, html.matches('<').count() - html.matches("</").count(), "{html}");
}

#[track_caller]
fn check(text: &str, want: &str) {
    let html = Renderer::new().text(text).into_string();
    assert_safe(&html);
    assert_eq!(html, want);
}

#[test]
fn lists_are_sorted() {
    assert!(ELEMENTS.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(ATTRIBUTES.windows(2).all(|pair| pair[0] < pair[1]));
    for danger in ["a", "base", "form", "iframe", "img", "input", "link", "meta", "object", "script", "style", "svg"] {
        assert!(ELEMENTS.binary_search(&danger).is_err(), "{danger}");
    }
    assert!(ATTRIBUTES.iter().all(|name| !name.starts_with("on") && !["href", "src", "style", "id"].contains(name)));
}

#[test]
fn blocks_are_what_they_were() {
    check("A\nB\n\nC", "<p>A<br>B</p><p>C</p>");
    check("## On $x$\n\nText", "<p class=\"h2\">On <math><mi>x</mi></math></p><p>Text</p>");
    check("- a\n  b\n  - c\n- d", "<ul><li>a<br>b<ul><li>c</li></ul></li><li>d</li></ul>");
    check("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>");
    check("3. a\n  - b", "<ol start=\"3\"><li>a<ul><li>b</li></ul></li></ol>");
    check("  - a\n- b", "<ul><li>a</li><li>b</li></ul>");
    check(
        "a | b\n`x | y` | d",
        "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td><code>x | y</code></td><td>d</td></tr></tbody></table>",
    );
    check("a | b", "<p>a | b</p>");
    check("> a\n> > b", "<blockquote><p>a<br>&gt; b</p></blockquote>");
    check("> a\n>\n> b", "<blockquote><p>a</p><p>b</p></blockquote>");
    check("---", "<hr>");
    check(
        "```rust\nlet x = \"$y$\";\n\n# no heading\n```\nafter",
        "<pre><code>let x = &quot;$y$&quot;;\n\n# no heading</code></pre><p>after</p>",
    );
    check("````\n```\n````", "<pre><code>```</code></pre>");
    check("```\nnever closed", "<pre><code>never closed</code></pre>");
    check("costs \\$5 or $6", "<p>costs $5 or $6</p>");
    check("call `f($x)` now", "<p>call <code>f($x)</code> now</p>");
    check("", "");
}

#[test]
fn formulas_become_mathml() {
    check("$x^2$", "<p><math><msup><mi>x</mi><mn>2</mn></msup></math></p>");
    let html = Renderer::new().text("$$\\sum_{i=1}^n i$$").into_string();
    assert!(html.starts_with("<p><math display=\"block\"><munderover>"), "{html}");
    let html = Renderer::new().text("$$\\begin{align} a &= b \\\\ c &= d \\end{align}$$").into_string();
    assert!(html.contains("<mtable") && !html.contains("(1)") && !html.contains(" style="), "{html}");
}

#[test]
fn what_does_not_convert_is_shown_as_it_is() {
    check("$\\mymacro{<b>}$", "<p><code class=\"tex\">$\\mymacro{&lt;b&gt;}$</code></p>");
}

#[test]
fn hostile_texts_make_no_markup() {
    let deep = |n: usize| {
        [
            ("{", "}"),
            ("\\sqrt{", "}"),
            ("\\left(", "\\right)"),
            ("x^{", "}"),
            ("\\sqrt[", "]{x}"),
            ("\\begin{matrix}", "\\end{matrix}"),
            ("\\text{", "}"),
            ("\\sqrt", ""),
            ("\\frac1", ""),
            ("\\not", ""),
            ("\\hat ", ""),
        ]
        .map(|(open, close)| format!("{}x{}", open.repeat(n), close.repeat(n)))
    };
    let mut texts: Vec<String> = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\url{javascript:alert(1)}$",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{</mtext></math><img src=x onerror=alert(1)>}$",
        "$\\class{a\" onclick=\"x}{y}$",
        "$\\style{background:url(//x)}{y}$",
        "$\\unicode{x3c}script\\unicode{x3e}$",
        "$\\htmlData{a=b}{c}\\htmlId{x}{y}$",
        "$\\includegraphics{http://x}$",
        "$\\color{red;background:url(//x)}{y}$",
        "$\\textcolor{\"><script>}{y}$",
        "$\\begin{array}{c\" onclick=\"x} a \\end{array}$",
        "$\\hspace{1em\" onclick=\"x}$",
        "$\\label{\"><script>} \\ref{\"><script>} \\tag{<script>}$",
        "$\\operatorname{<script>}$",
        "$\\mathrm{a\u{0}b}$",
        "$\\ce{<script>}$",
        "$\\newcommand{\\x}{\\x\\x}\\x$",
        "$\\def\\x{\\x\\x}\\x$",
        "$% <script>\n$",
        "# <b>\n- <i>\n<u> | <s>\n<a href=x> | b",
        "```\"><script>\n</code></pre><script>\n```",
        "`</code><script>`",
        "\u{202e}abc\u{0}\u{1b}[31m\u{ffff}",
        "&lt;script&gt; &amp; &#60;script&#62;",
    ]
    .map(str::to_owned)
    .into();
    texts.extend([50, 100, 100_000].into_iter().flat_map(deep).map(|tex| format!("${tex}$")));
    texts.extend([50, 700, 100_000].into_iter().flat_map(deep).map(|tex| format!("$${tex}$$")));
    texts.extend(
        ["> ", "- ", "  ", "# ", "a | ", "```\n", "$", "$$", "\\(", "`", "\n- ", "\n\n  - "].map(|s| s.repeat(50_000)),
    );
    let nested: String = (0..3000).map(|i| format!("{}- x\n", " ".repeat(2 * i))).collect();
    texts.push(nested);
    let renderer = Renderer::new();
    for text in &texts {
        assert_safe(&renderer.text(text).into_string());
        assert_safe(&renderer.line(text).into_string());
        for display in [false, true] {
            assert_safe(&renderer.formula(text, display).into_string());
            assert_safe(&renderer.formula(text.trim_matches('$'), display).into_string());
        }
    }
}

/// Pieces that hostile texts are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<",
        ">",
        "\"",
        "'",
        "&",
        "<script>",
        "</math>",
        "<!--",
        "]]>",
        "<svg onload=x>",
        "$",
        "$$",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "`",
        "```",
        "\n",
        "\n\n",
        " | ",
        "- ",
        "1. ",
        "# ",
        "> ",
        "    ",
        "{",
        "}",
        "[",
        "]",
        "^",
        "_",
        "&",
        "\\\\",
        "\\left",
        "\\right",
        "(",
        ")",
        "|",
        "\\frac",
        "\\sqrt",
        "\\text",
        "\\mbox",
        "\\href",
        "\\class",
        "\\style",
        "\\color",
        "\\textcolor",
        "\\begin{",
        "\\end{",
        "matrix}",
        "array}",
        "aligned}",
        "cases}",
        "align}",
        "\\hspace",
        "\\kern",
        "1em",
        "\\operatorname",
        "\\tag",
        "\\label",
        "\\ref",
        "\\cancel",
        "\\texttt",
        "\\textbf",
        "\\mathbb",
        "\\not",
        "\\hline",
        "x",
        "1",
        "α",
        "\u{202e}",
        "\u{0}",
        "javascript:",
        "=",
        "~",
        "#",
        "%",
        "\\%",
        "\\limits",
        "\\overset",
        "\\substack",
        "\\middle",
        "\\genfrac",
        "\\phantom",
        "\\hat",
        "'",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_but_known_markup_comes_out(text in pieces()) {
        let renderer = Renderer::new();
        assert_safe(&renderer.text(&text).into_string());
        assert_safe(&renderer.line(&text).into_string());
        assert_safe(&renderer.formula(&text, true).into_string());
    }

    #[test]
    fn any_string_is_safe(text in any::<String>()) {
        assert_safe(&Renderer::new().text(&text).into_string());
    }
}
