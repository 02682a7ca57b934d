//! Whole fragments of pages: what each form of markup comes out as, and what holds for any input.

mod forms;

use proptest::prelude::*;
use scraper::Html;

use super::{MathNode, PageMath, Segment, find, mathml, scan, tidy};

/// The marked elements of a page in document order: `$tex$`, `$$tex$$` or `skip`.
fn marks(html: &str) -> Vec<String> {
    let html = Html::parse_document(html);
    let map = find(&html, &PageMath::read(&html));
    html.tree
        .root()
        .descendants()
        .filter_map(|node| map.get(node.id()))
        .map(|mark| match mark {
            MathNode::Skip => "skip".to_owned(),
            MathNode::Formula(formula) if formula.display => format!("$${}$$", formula.tex),
            MathNode::Formula(formula) => format!("${}$", formula.tex),
        })
        .collect()
}

#[track_caller]
fn check(html: &str, want: &[&str]) {
    assert_eq!(marks(html), want, "{html}");
}

#[track_caller]
fn check_mathml(inside: &str, want: &str) {
    check(&format!("<p>so <math>{inside}</math> is"), &[&format!("${want}$")]);
}

#[test]
fn scripts() {
    check(r#"<script type="math/tex">x^2</script>"#, &["$x^2$"]);
    check(
        r#"<script type="math/tex; mode=display">% <![CDATA[
a < b %]]></script>"#,
        &["$$a < b$$"],
    );
    check(r#"<script type="math/mml"><math><mi>x</mi></math></script>"#, &["$x$"]);
    check(r#"<script type="math/tex"> </script><script>var x;</script>"#, &["skip"]);
}

#[test]
fn mathjax_2_comes_out_once_from_its_script() {
    check(
        r#"<p>a <span class="MathJax_Preview">x</span><span class="MathJax" id="MathJax-Element-1-Frame">x</span><script type="math/tex" id="MathJax-Element-1">x</script>"#,
        &["skip", "skip", "$x$"],
    );
    check(
        r#"<div class="MathJax_Display"><span class="MathJax"><span class="math">y</span></span></div><script type="math/tex; mode=display">y</script>"#,
        &["skip", "$$y$$"],
    );
    check(
        r#"<span class="MathJax_SVG" data-mathml="&lt;math&gt;&lt;mfrac&gt;&lt;mn&gt;1&lt;/mn&gt;&lt;mi&gt;n&lt;/mi&gt;&lt;/mfrac&gt;&lt;/math&gt;"><svg></svg></span>"#,
        &["$\\frac{1}{n}$"],
    );
    check(r#"<div id="MathJax_Message">Loading</div>"#, &["skip"]);
}

#[test]
fn mathjax_3_and_katex_containers() {
    check(
        r#"<mjx-container class="MathJax" display="true"><mjx-math><mjx-mi></mjx-mi></mjx-math><mjx-assistive-mml><math display="block"><msup><mi>x</mi><mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>"#,
        &["$$x^{2}$$"],
    );
    check(r#"<mjx-container><mjx-math data-latex="\alpha"></mjx-math></mjx-container>"#, &["$\\alpha$"]);
    let katex = r#"<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow><annotation encoding="application/x-tex">x_1</annotation></semantics></math></span><span class="katex-html">x1</span></span>"#;
    check(katex, &["$x_1$"]);
    check(&format!(r#"<span class="katex-display">{katex}</span>"#), &["$$x_1$$"]);
    check(&format!(r#"<span class="math inline">{katex}</span>"#), &["$x_1$"]);
}

#[test]
fn mathml_sources() {
    check(r#"<math alttext="\alpha"><mi>α</mi></math>"#, &["$\\alpha$"]);
    check(
        r#"<math display="block"><semantics><mi>x</mi><annotation encoding="StarMath 5.0">x over y</annotation></semantics></math>"#,
        &["$$x$$"],
    );
    check("<m:math><m:mi>x</m:mi></m:math>", &["$x$"]);
    check("<p><math></math>", &["skip"]);
    check(
        r#"<p>the <span class="mwe-math-element"><span class="mwe-math-mathml-inline"><math alttext="{\displaystyle x}"><mi>x</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\displaystyle x}" src="x.svg"></span> of"#,
        &["$x$"],
    );
    check(
        r#"<p>the <span class="mwe-math-element"><span class="mwe-math-mathml-inline"><math display="block" alttext="{\displaystyle x}"><mi>x</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\displaystyle x}" src="x.svg"></span> of"#,
        &["$x$"],
    );
    check(
        r#"<p>the <span class="mwe-math-mathml-inline"><math alttext="{\displaystyle x}"><mi>x</mi></math></span><img class="mwe-math-fallback-image-inline" alt="{\displaystyle x}"> of"#,
        &["$x$", "skip"],
    );
    check(
        r#"<table class="ltx_equationgroup"><tr><td><math alttext="\displaystyle a"></math></td><td><math alttext="\displaystyle=b"></math></td><td class="ltx_eqn_eqno">(1)</td></tr></table>"#,
        &["$$a =b \\tag{1}$$"],
    );
}

#[test]
fn presentation_mathml() {
    check_mathml("<mfrac><mrow><mo>-</mo><mi>b</mi></mrow><mrow><mn>2</mn><mi>a</mi></mrow></mfrac>", "\\frac{-b}{2a}");
    check_mathml("<msqrt><mi>x</mi></msqrt><mroot><mi>y</mi><mn>3</mn></mroot>", "\\sqrt{x}\\sqrt[3]{y}");
    check_mathml(
        "<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><msub><mi>x</mi><mi>i</mi></msub>",
        "\\sum_{i}^{n}x_{i}",
    );
    check_mathml(
        "<mi>sin</mi><mo>&#x2061;</mo><mi>x</mi><mi>Var</mi><mo>&#x2061;</mo><mi>X</mi>",
        "\\sin x\\operatorname{Var}X",
    );
    check_mathml("<mover><mi>x</mi><mo>^</mo></mover><mover><mi>v</mi><mo>→</mo></mover>", "\\hat{x}\\vec{v}");
    check_mathml(
        "<mrow><mo>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable><mo>)</mo></mrow>",
        "\\begin{pmatrix} 1 & 2 \\end{pmatrix}",
    );
    check_mathml(
        "<mrow><mo>{</mo><mtable><mtr><mtd><mn>1</mn></mtd></mtr><mtr><mtd><mn>2</mn></mtd></mtr></mtable></mrow>",
        "\\begin{cases} 1 \\\\2 \\end{cases}",
    );
    check_mathml("<mo>(</mo><mfrac linethickness='0'><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>", "\\binom{n}{k}");
    check_mathml("<mfenced><mi>a</mi><mi>b</mi></mfenced><mtext>if 5% of</mtext>", "(a,b)\\text{if 5\\% of}");
    check_mathml("<mi mathvariant='bold'>A</mi><mi>ℝ</mi><mi>α</mi><mi>x</mi>", "\\mathbf{A}\\mathbb{R}\\alpha x");
    check_mathml(
        "<mmultiscripts><mi>X</mi><mi>a</mi><none></none><mprescripts></mprescripts><mi>c</mi><mi>d</mi></mmultiscripts>",
        "{}_{c}^{d}X_{a}",
    );
    check_mathml(
        "<msup><mi>f</mi><mo>′</mo></msup><msup><msup><mi>x</mi><mn>2</mn></msup><mn>3</mn></msup>",
        "f'{x^{2}}^{3}",
    );
    check_mathml("<mi>x</mi><mspace width='1em'></mspace><mi>y</mi>", "x\\quad y");
}

#[test]
fn deep_and_hostile_markup_ends() {
    for open in [
        "<math>",
        "<math><mrow>",
        "<span class=math>",
        "<div class=katex>",
        "<math><msqrt>",
        "<mover>",
        "<munderover>",
        "<msubsup>",
        "<mfrac>",
        "<mroot>",
        "<mmultiscripts>",
        "<mfenced>",
        "<mtable>",
        "<mo>",
        "<mi>",
        "<div class='math' data-tex='x'>",
        "<table class=ltx_equation><tr><td>",
        "<pre class=language-math>",
        "<inline-formula>",
        "<x-math>",
        "<span class=mq-math-mode>",
    ] {
        let page = format!("<math>{}", open.repeat(3000));
        assert!(marks(&page).len() <= 6000);
    }
}

/// Whether braces pair up, escaped ones left aside.
fn balanced(tex: &str) -> bool {
    let mut depth = 0_i32;
    let mut chars = tex.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Whether a dollar is free to close the formula early, or a backslash to escape its end.
fn breaks_out(tex: &str) -> bool {
    let mut escaped = false;
    for c in tex.chars() {
        if c == '$' && !escaped {
            return true;
        }
        escaped = c == '\\' && !escaped;
    }
    escaped
}

proptest! {
    #[test]
    fn tidy_tex_is_safe_between_dollars(raw in r"([\\{}$%&;a-z \n\u{a0}\[\]]|\\text\{|\\label\{|\\\(|\\\)|lt;){0,40}") {
        if let Some(tidied) = tidy(&raw) {
            prop_assert!(balanced(&tidied.tex), "{:?}", tidied.tex);
            prop_assert!(!breaks_out(&tidied.tex), "{:?}", tidied.tex);
            prop_assert!(!tidied.tex.contains('\n'));
        }
    }

    #[test]
    fn scan_loses_no_text(block in r"([\\$()\[\]{}a-z0-9 \n\u{e000}é]|\$\$|\\begin\{align\}|\\end\{align\}|\[tex\]|\[/tex\]){0,60}") {
        let page = PageMath { loaded: true, ..PageMath::default() };
        let mut rest = block.as_str();
        for segment in scan(&block, &page) {
            match segment {
                Segment::Text(text) => {
                    let at = rest.find(&*text);
                    prop_assert!(at.is_some());
                    rest = &rest[at.unwrap_or_default() + text.len()..];
                }
                Segment::Formula(formula) => {
                    prop_assert!(balanced(&formula.tex) && !breaks_out(&formula.tex), "{:?}", formula.tex);
                    prop_assert_eq!(formula.tex.find('\u{e000}'), None);
                }
            }
        }
    }

    #[test]
    fn any_mathml_converts_to_balanced_latex(inside in r"(<(mi|mo|mrow|mfrac|msqrt|mroot|msub|msubsup|munder|mover|munderover|mtable|mtr|mtd|mfenced|menclose|mmultiscripts|mprescripts|none|mtext|mspace width='1em'|mstyle)>|</(mi|mo|mrow|mfrac|msub|mover|mtable)>|[a-z{}\\$%^_&()|∑→^]){0,40}") {
        let html = Html::parse_fragment(&format!("<math>{inside}</math>"));
        let tex = mathml::to_latex(html.tree.root());
        prop_assert!(balanced(&tex), "{tex:?}");
    }

    #[test]
    fn any_page_is_walked(page in r"(<(span|div|img|script|p|math|table|mjx-container)( class=.(math|katex|tex|MathJax|ltx_equation|MathJax_Preview|mwe-math-element|math-container).)?( (alt|data-tex|type|src|data-mathml)=.([a-z$\\{]|math/tex|<math>|tex\?latex=x){0,5}.)?>|[a-z$\\]){0,30}") {
        let page = page.replace('.', "\"");
        for mark in marks(&page) {
            let inside = |dollars| mark.strip_prefix(dollars).and_then(|rest| rest.strip_suffix(dollars));
            let tex = inside("$$").or_else(|| inside("$")).unwrap_or_default();
            prop_assert!(balanced(tex) && !breaks_out(tex), "{mark}");
        }
    }
}
