//! Renderings without their source: what is rebuilt from each output.

use proptest::prelude::*;
use scraper::Html;

use super::super::{MathNode, PageMath, find};

fn formulas(html: &str) -> Vec<String> {
    let html = Html::parse_document(html);
    let map = find(&html, &PageMath::read(&html));
    html.tree
        .root()
        .descendants()
        .filter_map(|node| match map.get(node.id()) {
            Some(MathNode::Formula(formula)) if formula.display => Some(format!("$${}$$", formula.tex)),
            Some(MathNode::Formula(formula)) => Some(format!("${}$", formula.tex)),
            _ => None,
        })
        .collect()
}

/// LaTeX without blanks, and without braces around one character: how these are set is the converter's matter.
fn bare(tex: &str) -> String {
    let tex: Vec<char> = tex.chars().filter(|c| !c.is_whitespace()).collect();
    let braced =
        |at: usize, c: char| c.is_alphanumeric() && at > 0 && tex[at - 1] == '{' && tex.get(at + 1) == Some(&'}');
    let keep = |at: usize, c: char| match c {
        '{' => !tex.get(at + 1).is_some_and(|c| braced(at + 1, *c)),
        '}' => at == 0 || !braced(at - 1, tex[at - 1]),
        _ => true,
    };
    tex.iter().enumerate().filter(|(at, c)| keep(*at, **c)).map(|(_, c)| *c).collect()
}

#[track_caller]
fn check(html: &str, want: &str) {
    let found: Vec<String> = formulas(html).iter().map(|tex| bare(tex)).collect();
    assert_eq!(found, [bare(want)], "{html}");
}

/// A character of CHTML output.
fn c(code: &str) -> String {
    format!("<mjx-c class=\"mjx-c{code}\"></mjx-c>")
}

fn chtml(inside: &str) -> String {
    format!("<p><mjx-container class=\"MathJax\" jax=\"CHTML\"><mjx-math>{inside}</mjx-math></mjx-container>")
}

#[test]
fn chtml_is_rebuilt_from_code_points() {
    let x = format!("<mjx-mi class=\"mjx-i\">{}</mjx-mi>", c("1D465"));
    let two = format!("<mjx-mn>{}</mjx-mn>", c("32"));
    check(&chtml(&format!("<mjx-msup>{x}<mjx-script>{two}</mjx-script></mjx-msup>")), "$x^{2}$");
    check(
        &chtml(&format!("<mjx-msubsup>{x}<mjx-script>{two}<mjx-spacer></mjx-spacer>{x}</mjx-script></mjx-msubsup>")),
        "$x_{x}^{2}$",
    );
    check(
        &chtml(&format!(
            "<mjx-mfrac><mjx-frac><mjx-num>{x}</mjx-num><mjx-dbox><mjx-dtable><mjx-line></mjx-line><mjx-row>\
             <mjx-den>{two}</mjx-den></mjx-row></mjx-dtable></mjx-dbox></mjx-frac></mjx-mfrac>"
        )),
        "$\\frac{x}{2}$",
    );
    check(
        &chtml(&format!(
            "<mjx-mroot><mjx-root>{two}</mjx-root><mjx-sqrt><mjx-surd><mjx-mo>{}</mjx-mo></mjx-surd>\
             <mjx-box>{x}</mjx-box></mjx-sqrt></mjx-mroot>",
            c("221A")
        )),
        "$\\sqrt[2]{x}$",
    );
    check(&chtml(&format!("<mjx-mi>{}</mjx-mi>", c("1D6FC"))), "$\\alpha$");
    check(
        &chtml(&format!("<mjx-texatom texclass=\"ORD\"><mjx-mi>{}</mjx-mi></mjx-texatom>", c("211D"))),
        "$\\mathbb{R}$",
    );
}

#[test]
fn limits_in_chtml_are_three_stacks_deep() {
    let sum = format!("<mjx-mo>{}</mjx-mo>", c("2211"));
    let n = format!("<mjx-mi>{}</mjx-mi>", c("1D45B"));
    let k = format!("<mjx-mi>{}</mjx-mi>", c("1D458"));
    let html = chtml(&format!(
        "<mjx-munderover><mjx-over>{n}</mjx-over><mjx-box><mjx-munder><mjx-row><mjx-base>{sum}</mjx-base></mjx-row>\
         <mjx-row><mjx-under>{k}</mjx-under></mjx-row></mjx-munder></mjx-box></mjx-munderover>"
    ));
    check(&html.replace("jax=", "display=\"true\" jax="), "$$\\sum_{k}^{n}$$");
}

#[test]
fn mathml_and_tex_come_before_the_rendering() {
    let x = format!("<mjx-mi>{}</mjx-mi>", c("1D465"));
    check(
        &chtml(&format!("{x}</mjx-math><mjx-assistive-mml><math><mi>y</mi></math></mjx-assistive-mml><mjx-math>")),
        "$y$",
    );
    check(&chtml(&x).replace("<mjx-math>", "<mjx-math data-latex=\"z^2\">"), "$z^2$");
}

#[test]
fn svg_is_rebuilt_from_places() {
    let wrap = |inside: &str| {
        format!(
            "<mjx-container class=\"MathJax\" jax=\"SVG\"><svg><g data-mml-node=\"math\">{inside}</g></svg></mjx-container>"
        )
    };
    let glyph = |node: &str, at: &str, code: &str| {
        format!(
            "<g data-mml-node=\"{node}\" transform=\"{at}\"><use data-c=\"{code}\" xlink:href=\"#MJX-1-TEX-I-{code}\"></use></g>"
        )
    };
    let (a, b) = ("translate(605,413) scale(0.707)", "translate(605,-247) scale(0.707)");
    check(
        &wrap(&format!(
            "<g data-mml-node=\"msubsup\">{}{}{}</g>",
            glyph("mi", "", "1D465"),
            glyph("mn", a, "32"),
            glyph("mi", b, "1D456")
        )),
        "$x_{i}^{2}$",
    );
    check(
        &wrap("<g data-mml-node=\"mi\"><use data-c=\"4C\" xlink:href=\"#MJX-1-TEX-C-4C\"></use></g>"),
        "$\\mathcal{L}$",
    );
}

#[test]
fn common_html_is_rebuilt_from_classes() {
    let token = |kind: &str, font: &str, c: &str| {
        format!("<span class=\"mjx-{kind}\"><span class=\"mjx-char MJXc-TeX-{font}\">{c}</span></span>")
    };
    let html = format!(
        "<span class=\"mjx-chtml MJXc-display\"><span class=\"mjx-chtml MathJax_CHTML\"><span class=\"mjx-math\">\
         <span class=\"mjx-mrow\"><span class=\"mjx-msubsup\"><span class=\"mjx-base\">{}</span>\
         <span class=\"mjx-sub\">{}</span></span>{}{}</span></span></span></span>",
        token("mi", "math-I", "a"),
        token("mi", "math-I", "n"),
        token("mo", "main-R", "≤"),
        token("mi", "ams-R", "R"),
    );
    check(&html, "$$a_{n}\\leq\\mathbb{R}$$");
}

#[test]
fn html_css_is_rebuilt_from_offsets() {
    let boxed = |top: f32, inside: &str| {
        format!(
            "<span style=\"position: absolute; top: {top}em; left: 0em;\">{inside}<span style=\"display: inline-block; \
             width: 0px; height: 4em;\"></span></span>"
        )
    };
    let token = |kind: &str, c: &str| format!("<span class=\"{kind}\" style=\"font-family: MathJax_Main;\">{c}</span>");
    let scripts =
        |inside: &str| format!("<span class=\"msubsup\"><span style=\"position: relative;\">{inside}</span></span>");
    let wrap = |inside: &str| {
        format!(
            "<span class=\"MathJax\"><nobr><span class=\"math\"><span class=\"mrow\">{inside}</span></span></nobr></span>"
        )
    };
    let (seven, two) = (token("mn", "7"), token("mn", "2"));
    check(&wrap(&scripts(&format!("{}{}", boxed(-4.0, &seven), boxed(-4.4, &two)))), "$7^{2}$");
    check(&wrap(&scripts(&format!("{}{}", boxed(-4.0, &seven), boxed(-3.8, &two)))), "$7_{2}$");
    let bar = "<span style=\"border-top: 1px solid; width: 1em;\"></span>";
    check(
        &wrap(&format!(
            "<span class=\"mfrac\"><span>{}{}{}</span></span>",
            boxed(-4.7, &seven),
            boxed(-3.3, &two),
            boxed(-1.3, bar)
        )),
        "$\\frac{7}{2}$",
    );
}

#[test]
fn svg_of_version_2_is_rebuilt_from_places_alone() {
    let wrap = |inside: &str| format!("<p><span class=\"MathJax_SVG\"><svg><g>{inside}</g></svg></span>");
    let glyph = |name: &str, x: i32, y: i32| format!("<use xlink:href=\"#{name}\" x=\"{x}\" y=\"{y}\"></use>");
    let small = |name: &str, x: i32, y: i32| glyph(name, x, y).replace("<use", "<use transform=\"scale(0.707)\"");
    let x = glyph("MJMATHI-78", 0, 0);
    check(&wrap(&format!("{x}{}{}", small("MJMAIN-32", 809, 583), small("MJMATHI-69", 809, -430))), "$x_{i}^{2}$");
    let rule = "<rect width=\"600\" height=\"60\" x=\"0\" y=\"220\"></rect>";
    check(
        &wrap(&format!("<g>{rule}{}{}</g>", glyph("MJMATHI-61", 60, 676), glyph("MJMATHI-62", 60, -686))),
        "$\\frac{a}{b}$",
    );
    check(
        &wrap(&format!("{}<rect y=\"700\"></rect>{}", glyph("MJMAIN-221A", 0, -60), glyph("MJMAIN-33", 833, 0))),
        "$\\sqrt{3}$",
    );
    check(&wrap(&format!("{x}{}", glyph("MJMAIN-5E", 40, 20))), "$\\hat{x}$");
    check(&wrap("<use xlink:href=\"#E1-MJAMS-52\" x=\"0\" y=\"0\"></use>"), "$\\mathbb{R}$");
}

#[test]
fn drawings_that_stand_alone_are_formulas() {
    check("<p><svg><title id=\"MathJax-SVG-1-Title\">a+b</title><g></g></svg>", "$a+b$");
    check(
        "<p><svg><defs></defs><g><g data-mml-node=\"math\"><g data-mml-node=\"mi\"><path data-c=\"1D465\"></path></g></g></g></svg>",
        "$x$",
    );
    assert_eq!(formulas("<p><svg><title>A chart</title><g><path></path></g></svg>"), Vec::<String>::new());
}

fn katex(inside: &str) -> String {
    format!(
        "<p><span class=\"katex\"><span class=\"katex-html\" aria-hidden=\"true\"><span class=\"base\">{inside}</span></span></span>"
    )
}

fn vlist(entries: &[(f32, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(top, inside)| {
            format!("<span style=\"top:{top}em;\"><span class=\"pstrut\" style=\"height:3em;\"></span>{inside}</span>")
        })
        .collect();
    format!("<span class=\"vlist-t\"><span class=\"vlist-r\"><span class=\"vlist\">{entries}</span></span></span>")
}

const X: &str = "<span class=\"mord mathnormal\">x</span>";
const ONE: &str = "<span class=\"mord\">1</span>";

#[test]
fn katex_scripts_are_told_by_their_offsets() {
    let scripted = |entries: &[(f32, &str)]| {
        katex(&format!("<span class=\"mord\">{X}<span class=\"msupsub\">{}</span></span>", vlist(entries)))
    };
    check(&scripted(&[(-3.4, ONE)]), "$x^{1}$");
    check(&scripted(&[(-2.8, ONE)]), "$x_{1}$");
    check(&scripted(&[(-2.8, X), (-3.4, ONE)]), "$x_{x}^{1}$");
}

#[test]
fn katex_constructions() {
    let line = "<span class=\"frac-line\"></span>";
    let fraction = |entries: &[(f32, &str)]| format!("<span class=\"mfrac\">{}</span>", vlist(entries));
    check(&katex(&fraction(&[(-2.3, X), (-3.2, line), (-3.7, ONE)])), "$\\frac{1}{x}$");
    check(&katex(&format!("<span class=\"mord sqrt\">{}</span>", vlist(&[(-3.0, X)]))), "$\\sqrt{x}$");
    let hat = "<span class=\"accent-body\"><span class=\"mord\">^</span></span>";
    check(&katex(&format!("<span class=\"mord accent\">{}</span>", vlist(&[(-3.0, X), (-3.2, hat)]))), "$\\hat{x}$");
    check(
        &katex(&format!(
            "<span class=\"mop\">sin</span><span class=\"mspace\" style=\"margin-right:0.1667em;\"></span>{X}"
        )),
        "$\\sin x$",
    );
    check(&katex(&format!("<span class=\"mord text\"><span class=\"mord\">if </span></span>{X}")), "$\\text{if }x$");
    let limits =
        vlist(&[(-1.9, X), (-3.0, "<span><span class=\"mop op-symbol large-op\">∑</span></span>"), (-4.3, ONE)]);
    check(&katex(&format!("<span class=\"mop op-limits\">{limits}</span>")), "$\\sum_{x}^{1}$");
    let column = |a: &str, b: &str| format!("<span class=\"col-align-c\">{}</span>", vlist(&[(-3.6, a), (-2.4, b)]));
    let fence = |class: &str, c: &str| {
        format!("<span class=\"{class} delimcenter\"><span class=\"delimsizing size3\">{c}</span></span>")
    };
    check(
        &katex(&format!(
            "<span class=\"minner\">{}<span class=\"mord\"><span class=\"mtable\">{}{}</span></span>{}</span>",
            fence("mopen", "("),
            column(X, ONE),
            column(ONE, X),
            fence("mclose", ")")
        )),
        "$\\begin{pmatrix} x & 1 \\\\ 1 & x \\end{pmatrix}$",
    );
}

#[test]
fn a_slash_strikes_the_sign_after_it() {
    let slash = "<span class=\"mrel\"><span class=\"mord\"><span class=\"rlap\"><span class=\"inner\">\
                 <span class=\"mrel\">\u{e020}</span></span><span class=\"fix\"></span></span></span></span>";
    check(&katex(&format!("{X}{slash}<span class=\"mrel\">=</span>{ONE}")), "$x\\neq1$");
}

#[test]
fn katex_keeps_its_source_first() {
    let html = katex(X).replace(
        "<span class=\"katex-html\"",
        "<span class=\"katex-mathml\"><math><mi>y</mi></math></span><span class=\"katex-html\"",
    );
    check(&html, "$y$");
}

#[test]
fn deep_trees_end() {
    let deep = |open: &str, n: usize| open.repeat(n);
    assert!(formulas(&format!("{}x", deep("<span class=\"katex\"><span class=\"katex-html\">", 3000))).len() < 2);
    assert!(formulas(&format!("{}x", deep("<mjx-container><mjx-math><mjx-mrow>", 2000))).len() < 2);
    let vlist = "<span class=\"mord sqrt\"><span class=\"vlist\"><span style=\"top:0\">";
    assert!(formulas(&format!("<span class=\"katex-html\">{}x", deep(vlist, 2000))).len() < 2);
}

proptest! {
    #[test]
    fn any_tree_is_read(page in r"(<(span|mjx-math|mjx-mi|mjx-msup|mjx-script|mjx-munderover|mjx-box|mjx-munder|mjx-mtable|mjx-mtr|mjx-mtd|g|svg)( (class=.(katex-html|mord|mfrac|vlist|msupsub|mtable|accent|op-limits|mjx-mi|mjx-msubsup|mjx-sub|mjx-char|mi|mtable|mtd|munderover|menclose).|style=.top:-?[0-9]em;position:x.|data-mml-node=.(mi|msub|mfrac|mtable).|data-c=.(1D465|28|D800).|transform=.translate\([0-9],-?[0-9]\).))?>|</(span|g|mjx-mtr)>|[a-z∑]){0,40}") {
        for outer in ["<span class=katex>", "<span class=katex><span class=katex-html>", "<span class=MathJax>", "<span class=mjx-chtml>", "<mjx-container jax=CHTML>", "<mjx-container jax=SVG>"] {
            for formula in formulas(&format!("{outer}{}", page.replace('.', "\""))) {
                prop_assert!(formula.len() > 2);
            }
        }
    }
}
