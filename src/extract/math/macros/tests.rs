//! What pages define, and what their formulas come out as.

use scraper::Html;

use super::super::{MathNode, PageMath, Segment, find, scan};

/// The formulas of a page: those in markup, then those in its text.
fn formulas(html: &str) -> Vec<String> {
    let html = Html::parse_document(html);
    let page = PageMath::read(&html);
    let map = find(&html, &page);
    let marked = html.tree.root().descendants().filter_map(|node| match map.get(node.id()) {
        Some(MathNode::Formula(formula)) => Some(formula.tex.clone()),
        _ => None,
    });
    let texts = html.root_element().text().collect::<String>();
    let scanned = scan(&texts, &page).into_iter().filter_map(|segment| match segment {
        Segment::Formula(formula) => Some(formula.tex),
        Segment::Text(_) => None,
    });
    let mut found: Vec<String> = marked.collect();
    found.extend(scanned);
    found
}

#[track_caller]
fn check(definitions: &str, formula: &str, want: &str) {
    let page = format!("<div style='display:none'>$${definitions}$$</div><p>so \\({formula}\\) is");
    assert_eq!(formulas(&page), [want], "{definitions}");
}

#[test]
fn definitions_are_applied_and_leave_nothing() {
    check(r"\newcommand{\N}{\mathbb{N}}", r"x\in\N", r"x\in\mathbb{N}");
    check(r"\newcommand\set[2][A]{\{#1 : #2\}}", r"\set{x} \set[B]{y}", r"\{A : x\} \{B : y\}");
    check(
        r"\def\half#1{\tfrac{#1}2} \def\at(#1,#2){#1\otimes#2}",
        r"\half x+\at(a,{b,c})",
        r"\tfrac{x}2+a\otimes{b,c}",
    );
    check(r"\DeclareMathOperator*{\argmax}{arg\,max}", r"\argmax_x f", r"\operatorname*{arg\,max}_x f");
    check(r"\let\eps=\varepsilon \let\e\eps", r"\e>0", r"\varepsilon>0");
    check(r"\DeclarePairedDelimiter{\norm}{\lVert}{\rVert}", r"\norm{x}", r"\lVert x \rVert");
    check(r"\require{AMScd} \global\def\A{\mathcal A}", r"\A\Beta", r"\mathcal A\Beta");
}

#[test]
fn a_macro_stays_in_one_piece_where_it_is_an_argument() {
    check(
        r"\newcommand{\Rn}{\mathbb R^n}",
        r"\Rn, f_\Rn, \hat\Rn, x^\Rn y",
        r"\mathbb R^n, f_{\mathbb R^n}, \hat{\mathbb R^n}, x^{\mathbb R^n} y",
    );
    check(r"\newcommand{\a}{\alpha}", r"\frac\a b \a x", r"\frac\alpha b \alpha x");
    check(r"\newcommand{\bx}[1]{\mathbf #1}", r"\sqrt[\bx n]{\bx{v}}", r"\sqrt[\mathbf n]{\mathbf v}");
    check(r"\newcommand{\mat}{\boldsymbol}", r"\mat X \mat{Y}", r"\boldsymbol X \boldsymbol{Y}");
}

#[test]
fn standard_commands_that_are_restyled_stay() {
    check(r"\renewcommand{\vec}[1]{\mathbf{#1}} \let\phi\varphi", r"\vec{x}\phi", r"\vec{x}\phi");
    check(r"\renewcommand{\Re}{\operatorname{Re}}", r"\Re z", r"\Re z");
    check(r"\renewcommand{\div}{\operatorname{div}}", r"\div F", r"\operatorname{div} F");
    check(r"\renewcommand{\vec}[2]{(#1,#2)}", r"\vec{x}y", r"(x,y)");
}

#[test]
fn what_cannot_be_expanded_stays() {
    check(r"\def\loop{x\loop}", r"\loop y", r"\loop y");
    check(r"\newcommand{\two}[2]{#1#2}", r"\two{a}", r"\two{a}");
    check(r"\def\fa(#1){f #1}", r"\fa x", r"\fa x");
    let laughs: String = (b'a'..=b'y')
        .map(|c| {
            let (name, next) = (char::from(c), char::from(c + 1));
            format!("\\def\\q{name}{{\\q{next}\\q{next}\\q{next}}}")
        })
        .collect();
    check(&format!("{laughs}\\def\\qz{{x}}"), r"\qa", r"\qa");
    check(&laughs, r"\qa", r"\qa");
}

#[test]
fn settings_of_the_libraries_define_macros() {
    let page = |script: &str| formulas(&format!(r"<script>{script}</script><p>\(\RR \abs{{x}}\)"));
    let want = [r"\mathbb{R} \lvert x\rvert"];
    assert_eq!(
        page(r#"MathJax.Hub.Config({TeX: {Macros: {RR: "{\\mathbb{R}}", abs: ['\\lvert #1\\rvert', 1]}}})"#),
        [r"{\mathbb{R}} \lvert x\rvert"]
    );
    assert_eq!(
        page(
            r#"window.MathJax = {tex: {macros: { // ours
            "RR": '\\mathbb' + "{R}", /* one argument */ abs: ["\\lvert #1\\rvert", 1,], }}};"#
        ),
        want
    );
    assert_eq!(
        page(
            r#"renderMathInElement(document.body, {macros: {"\\RR": "\\mathbb{R}", "\\f": x => 1, "\\abs": "\\lvert #1\\rvert"}});"#
        ),
        want
    );
    assert_eq!(
        page(r#"katex.render(a, b, {macros: {"\\RR": String.raw`\mathbb{R}`, "\\abs": `\\lvert #1\\rvert`}})"#),
        want
    );
    assert_eq!(
        page(
            r#"MathJax.Hub.Queue(function () { TEX.Macro("RR", "\\mathbb{R}"); TEX.Macro('abs', "\\lvert #1\\rvert", 1); })"#
        ),
        want
    );
    for broken in [
        "MathJax macros: {",
        "MathJax macros: {RR",
        "MathJax macros: {RR: ['",
        "MathJax macros: {RR: é, \"\\u12",
        "MathJax .Macro(",
    ] {
        assert_eq!(page(broken), [r"\RR \abs{x}"], "{broken}");
    }
}

#[test]
fn formulas_in_markup_have_the_macros_too() {
    let page = r#"<script type="math/tex">\newcommand{\E}{\mathbb{E}}</script><span class="math">\(\E[X]\)</span>
        <pre>$\newcommand{\V}{Var}$</pre> <code>\(\def\V{Var}\)</code> <p>\newcommand{\V}{prose}
        <script type="math/tex; mode=display">\V X=\E X^2</script>"#;
    assert_eq!(formulas(page)[..2], [r"\mathbb{E}[X]", r"\V X=\mathbb{E} X^2"]);
}

#[test]
fn the_definitions_of_a_formula_hold_in_it() {
    let page = r"<p>$\def\one{1}\one$ or </p><p>$\def\one{2} \one$ or </p><p>$\one$</p>";
    assert_eq!(formulas(page), ["1", "2", "1"]);
}

#[test]
fn text_without_definitions_is_left_alone() {
    assert_eq!(formulas(r"<p>\(\R \newcommandx \definite \)"), [r"\R \newcommandx \definite"]);
}
