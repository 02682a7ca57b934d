//! What AsciiMath comes out as.

use proptest::prelude::*;

use scraper::Html;

use super::super::{MathNode, PageMath, Segment, find, scan};
use super::{formula, plausible, to_latex};

#[track_caller]
fn check(source: &str, want: &str) {
    assert_eq!(to_latex(source).as_deref(), Some(want), "{source}");
}

#[test]
fn names_need_no_backslash_and_the_longest_wins() {
    check("alpha + beta_1", "\\alpha+\\beta_{1}");
    check("sinpix xx oo", "\\sin\\pi x\\times\\infty");
    check("x in RR, x !in O/ => y <= 2.5", "x\\in\\mathbb{R},x\\notin\\emptyset\\Rightarrow y\\le 2.5");
    check("\\alpha \\le \\frac{1}{2} \\\\ B", "\\alpha\\le\\frac{1}{2}\\setminus B");
    check("50% of #3 & $4", "50\\%of\\#3\\&\\$4");
    check("dx/dt quad f(x)dx", "\\frac{dx}{dt}\\quad f(x)dx");
    check("p and q if r", "p\\text{ and }q\\text{ if }r");
}

#[test]
fn brackets_that_group_go_away() {
    check("(a+b)/(c+d)", "\\frac{a+b}{c+d}");
    check("x^(a+b)+x^{c}+x_[d]+(e)", "x^{a+b}+x^{c}+x_{d}+(e)");
    check("sqrt(x)/2+sqrt y+root(3)(z+1)", "\\frac{\\sqrt{x}}{2}+\\sqrt{y}+\\sqrt[3]{z+1}");
    check("a/b/c + x^-1/y + 1/-2", "\\frac{a}{b}/c+\\frac{x^{-1}}{y}+\\frac{1}{-2}");
    check("sum_(i=1)^n i^2/n", "\\sum_{i=1}^{n}\\frac{i^{2}}{n}");
    check("sin^2 x/y + f(x)/g'", "\\frac{\\sin^{2}x}{y}+\\frac{f(x)}{g}'");
}

#[test]
fn brackets_grow_where_what_they_hold_is_tall() {
    check("(x+1)[y]{z}", "(x+1)[y]\\{z\\}");
    check("(x/2)^2", "\\left(\\frac{x}{2}\\right)^{2}");
    check("(:x,y:) |__n__| (a,b]", "\\langle x,y\\rangle\\lfloor n\\rfloor(a,b]");
    check("{:x/2:}|_0^1 {:x}", "\\frac{x}{2}|_{0}^{1}x\\}");
    check("(1/2", "\\left(\\frac{1}{2}\\right.");
    check("x) + y]", "x)+y]");
}

#[test]
fn bars_pair_or_separate() {
    check("|x|/2 <= abs(x/y)", "\\frac{|x|}{2}\\le\\left|\\frac{x}{y}\\right|");
    check("{x | x > 0}", "\\{x\\mid x>0\\}");
    check("P(A|B)", "P(A\\mid B)");
    check("norm(v) + floor(x)", "\\|v\\|+\\lfloor x\\rfloor");
}

#[test]
fn rows_of_equal_length_are_matrices() {
    check("[[a,b],[c,d]]", "\\begin{bmatrix} a & b \\\\ c & d \\end{bmatrix}");
    check("((n),(k))", "\\begin{pmatrix} n \\\\ k \\end{pmatrix}");
    check("|[a,b],[c,d]|", "\\begin{vmatrix} a & b \\\\ c & d \\end{vmatrix}");
    check("{(1,if x>0),(0,\"else\"):}", "\\begin{cases} 1 & \\text{if }x>0 \\\\ 0 & \\text{else} \\end{cases}");
    check("{:(x,=,1),(y,=,2):}", "\\begin{array}{lll} x & = & 1 \\\\ y & = & 2 \\end{array}");
    check("[[a,|,b],[c,|,d]]", "\\left[\\begin{array}{c|c} a & b \\\\ c & d \\end{array}\\right]");
    check("{(a,b),(c,d)} [[a],[b,c]]", "\\{(a,b),(c,d)\\}[[a],[b,c]]");
}

#[test]
fn commands_accents_and_fonts() {
    check("hat x bar(AB) vec v vec(PQ)", "\\hat{x}\\overline{AB}\\vec{v}\\overrightarrow{PQ}");
    check("ubrace(a+b)_n obrace(c)^\"two\"", "\\underbrace{a+b}_{n}\\overbrace{c}^{\\text{two}}");
    check("stackrel(a)(=) underset(x)(lim)", "\\stackrel{a}{=}\\underset{x}{\\lim}");
    check(
        "bb x bbb R cc L fr g tt 1 sf A bb mu",
        "\\mathbf{x}\\mathbb{R}\\mathcal{L}\\mathfrak{g}\\mathtt{1}\\mathsf{A}\\boldsymbol{\\mu}",
    );
    check("color(red)(x+1) class(big)(y) cancel(z)", "x+1y\\cancel{z}");
    check("text(a_1 (b) \"c\" \"5% \"", "\\text{a\\_1 (b}\\text{c}\\text{5\\% }");
}

#[test]
fn primes_and_scripts_without_a_base() {
    check("f'(x)+f_'", "f'(x)+f_{{}'}");
    check("x^2' + 'a", "x^{2}{}'+'a");
    check("a_b_c", "a_{b}{}_{c}");
    check("^14 C", "{}^{14}C");
    check("sin x^2 + dx^2", "\\sin x^{2}+dx^{2}");
}

#[test]
fn delimiters_come_off_and_junk_is_refused() {
    let tex = |raw| formula(raw, false).map(|formula| formula.tex);
    assert_eq!(tex(" `x^2` ").as_deref(), Some("x^{2}"));
    assert_eq!(tex("%x/y%").as_deref(), Some("\\frac{x}{y}"));
    assert_eq!(tex("``"), None);
    assert_eq!(to_latex(&"(".repeat(1000)), None);
    assert_eq!(to_latex(&"|(".repeat(30)), None);
    assert_eq!(to_latex(&"x".repeat(9000)), None);
}

#[test]
fn prose_and_code_between_backticks_are_no_formulas() {
    for source in ["x", "sum_(i=1)^n i", "speed = distance/time", "x > 0 \"whenever that is possible at all\"", "ABCD"]
    {
        assert!(plausible(source), "{source}");
    }
    for source in ["", " ", "package_name", "config", "this was quoted and then they said", "a\n\nb"] {
        assert!(!plausible(source), "{source}");
    }
}

/// The formulas in the markup and the text of a page.
fn formulas(html: &str) -> Vec<String> {
    let html = Html::parse_document(html);
    let page = PageMath::read(&html);
    let map = find(&html, &page);
    let marked = html.tree.root().descendants().filter_map(|node| match map.get(node.id()) {
        Some(MathNode::Formula(formula)) => Some(formula.tex.clone()),
        _ => None,
    });
    let text = html.root_element().text().last().unwrap_or_default();
    let scanned = scan(text, &page).into_iter().filter_map(|segment| match segment {
        Segment::Formula(formula) => Some(formula.tex),
        Segment::Text(_) => None,
    });
    marked.chain(scanned).collect()
}

#[test]
fn pages_that_load_the_library_have_formulas_between_its_delimiters() {
    let text = "<p>so `x/2` and %y/2% is";
    for loaded in [
        "<script src='MathJax.js?config=TeX-MML-AM_CHTML'></script>",
        "<script src='/js/ASCIIMathML.js'></script>",
        "<script>MathJax = {loader: {load: ['input/asciimath', 'output/chtml']}}</script>",
        "<script>MathJax.Hub.Config({extensions: ['asciimath2jax.js'], jax: ['input/AsciiMath']})</script>",
    ] {
        assert_eq!(formulas(&format!("{loaded}{text}")), ["\\frac{x}{2}"], "{loaded}");
    }
    let own = "<script>MathJax = {loader: {load: ['input/asciimath']}, asciimath: {delimiters: [['%', '%']]}}</script>";
    assert_eq!(formulas(&format!("{own}{text}")), ["\\frac{y}{2}"]);
    let old = "<script src='ASCIIMathML.js'></script><script>AMdelimiter1 = '%'</script>";
    assert_eq!(formulas(&format!("{old}{text}")), ["\\frac{y}{2}"]);
    for other in ["", "<script src='MathJax.js?config=TeX-AMS-MML_HTMLorMML'></script>"] {
        assert_eq!(formulas(&format!("{other}{text}")), [""; 0], "{other}");
    }
}

#[test]
fn markup_may_say_that_it_holds_asciimath() {
    assert_eq!(formulas("<script type='math/asciimath'>a/b</script><p>"), ["\\frac{a}{b}"]);
    assert_eq!(formulas("<span class=AM>`a/b`</span> <span class=asciimath>c^2</span><p>"), ["\\frac{a}{b}", "c^{2}"]);
    assert_eq!(formulas("<p class=AM>The ratio `a/b` of two"), [""; 0]);
}

proptest! {
    #[test]
    fn any_text_becomes_balanced_latex(source in "([a-z0-9(){}\\[\\]|,:^_/\\\\\"' ]|sqrt|frac|sum|text|\\{:|:\\}|if|é){0,40}") {
        if let Some(tex) = to_latex(&source) {
            let mut depth = 0_i32;
            let mut chars = tex.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => drop(chars.next()),
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                prop_assert!(depth >= 0, "{tex}");
            }
            prop_assert_eq!(depth, 0, "{}", tex);
        }
    }
}
