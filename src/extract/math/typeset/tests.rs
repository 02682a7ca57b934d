//! Whole pages' bodies → what their text says.

use crate::extract::extract;
use crate::page::{Capture, Page};

/// The text of a body.
pub(super) fn text(body: &str) -> String {
    let page = Page {
        capture: Capture {
            url: "https://example.org/".into(),
            fetched_at_ms: None,
            warc: "x.warc.gz".into(),
            warc_offset: 0,
            warc_length: 0,
        },
        http_charset: Some("utf-8".into()),
        body: format!("<body><main>{body}</main>").into_bytes(),
    };
    let rules = crate::extract::ExtractRules { text_bytes_min: 1, ..Default::default() };
    extract(&page, &rules).expect("some text").text
}

#[track_caller]
fn check(body: &str, want: &str) {
    assert_eq!(text(body), want, "{body}");
}

#[test]
fn runs_of_letters_scripts_and_operators_are_formulas() {
    check("<p>the circle x<sup>2</sup> + y<sup>2</sup> = r<sup>2</sup>.", "the circle $x^2 + y^2 = r^2$.");
    check("<p>Take a<sub>n+1</sub> here", "Take $a_{n+1}$ here");
    check(
        "<p>Let <i>f</i>(<i>x</i>) = <i>ax</i><sup>2</sup> + <i>bx</i> + <i>c</i>, where it is",
        "Let $f(x) = ax^2 + bx + c$, where it is",
    );
    check("<p>of 2<sup>n</sup> sets and 10<sup>-3</sup> of", "of $2^n$ sets and $10^{-3}$ of");
    check("<p>with <var>x</var> ≤ <var>y</var> and <em>α</em> ∈ <em>S</em>", "with $x \\leq y$ and $\\alpha \\in S$");
    check("<p>that <i>O</i>(<i>n</i> log <i>n</i>) steps", "that $O(n \\log n)$ steps");
    check("<p>for <i>i</i> = 1, 2, …, <i>n</i> it", "for $i = 1, 2, \\ldots, n$ it");
    check("<p>函数<i>f</i>（<i>x</i>）＝x<sup>2</sup>的图象", "函数$f(x)=x^2$的图象");
    check("<p>d<i>x</i>/d<i>t</i> = sin<i>x</i> holds", "$dx/dt = \\sin x$ holds");
    check("<p>so x<sub>i</sub><sup>2</sup> and <i>T</i><sub>max</sub>", "so $x_i^2$ and $T_{\\max}$");
    check("<p>sizes 2<sup>a</sup> 3<sup>b</sup> 5<sup>c</sup> are", "sizes $2^a 3^b 5^c$ are");
    check("<p>with <i>x</i> <i>y</i> <i>x</i> = <i>x</i>", "with $x y x = x$");
    check("<p>da <i>c</i> = 0,81; so", "da $c = 0,81$; so");
    check("<p>E = mc<sup>2</sup> is", "$E = mc^2$ is");
    check("<p>∑<sub><i>i</i>=1</sub><sup><i>n</i></sup> <i>a<sub>i</sub></i> is", "$\\sum_{i=1}^n a_i$ is");
    check("<p>(<i>x</i> + 1)<sup>2</sup> ≡ 1 (mod <i>p</i>)", "$(x + 1)^2 \\equiv 1 \\pmod{p}$");
    check("<p>an (<i>x</i> = 2) in", "an ($x = 2$) in");
    check("<p>has e<sup>−x²/2</sup> in", "has $e^{-x^{2}/2}$ in");
    check("<p>where <i>x</i><sup>2</sup> = a number", "where $x^2$ = a number");
    check("<p>as <i>p</i> = <i>u</i>[<i>i</i>] <i>v</i>[<i>j</i>][0] is", "as $p = u[i] v[j][0]$ is");
    check("<p>at <i>x</i> = -0.5 or <i>x</i> -1 here", "at $x = -0.5$ or $x -1$ here");
    check("<p>with 4<i>a</i><i>c</i> &lt; <i>b</i><sup>2</sup> only", "with $4ac < b^2$ only");
}

#[test]
fn lone_letters_are_variables_where_the_page_uses_them() {
    check(
        "<p>Let <i>n</i> be such that <i>n</i> + 1 is. The <i>n</i><sup>th</sup> and <i>k</i>",
        "Let $n$ be such that $n + 1$ is. The $n$th and k",
    );
    check("<p>Let <i>n</i> be", "Let n be");
    check("<p>x<sup>2</sup> is <i>x</i>s and <em>a</em> thing", "$x^2$ is $x$s and a thing");
    check("<ol><li>(<i>x</i>) one with <i>x</i> = 1</ol>", "1. (x) one with $x = 1$");
}

#[test]
fn prose_stays_as_it_is() {
    for (body, want) in [
        ("<p>the 1<sup>st</sup> and 2<sup>nd</sup> of", "the 1st and 2nd of"),
        ("<p>a fact<sup>[3]</sup> that", "a fact[3] that"),
        ("<p>a fact.<sup>12</sup> It", "a fact.12 It"),
        ("<p>brand<sup>TM</sup> and X<sup>®</sup>", "brandTM and X®"),
        ("<p>some H<sub>2</sub>O and CO<sub>2</sub> too", "some H₂O and CO₂ too"),
        ("<p>of C<sub>6</sub>H<sub>12</sub>O<sub>6</sub> in", "of C₆H₁₂O₆ in"),
        ("<p>of 5 m<sup>2</sup> or 3 cm<sup>3</sup> at 9 m/s<sup>2</sup>", "of 5 m² or 3 cm³ at 9 m/s²"),
        ("<p>this is <i>a</i> priori <i>I</i> say", "this is a priori I say"),
        ("<p>au XIX<sup>e</sup> siècle, la 1<sup>re</sup> et 2<sup>e</sup>", "au XIXe siècle, la 1re et 2e"),
        ("<p>the <sup>14</sup>C of", "the ¹⁴C of"),
        ("<p>call <code>x<sup>2</sup></code> now", "call `x2` now"),
        ("<p>foo(<em>x</em>, <em>y=1</em>) is", "foo(x, y=1) is"),
        ("<p><i>Smith</i> <i>et</i> <i>al</i> (<i>see</i>)", "Smith et al (see)"),
        ("<p>add <sup>1</sup>/<sub>2</sub> cup", "add 1/2 cup"),
        ("<p>in (<i>x</i>) [138, <b>140</b>, 146-148] x<sub>1</sub>", "in ($x$) [138, 140, 146-148] $x_1$"),
        ("<p><code>Sum</code>( <var>x</var> ) is <code>P(</code><var>x</var><code>)</code>", "`Sum`( x ) is `P(`x`)`"),
        ("<p>const double * <em>x_l</em> and <em>x</em>_l", "const double * x_l and x_l"),
        ("<p>see some thing) (another <i>x</i> thing", "see some thing) (another x thing"),
        ("<p>take <i>a</i>:<i>b</i> in <i>a</i> + 1", "take a:b in $a + 1$"),
        ("<p>so <i>k</i> = 2<i>k</i><sup>2</sup> * 1.m is", "so k = 2k^2 * 1.m is"),
        (
            "<p>with <i>A</i>* for <i>A</i> = 2 and x1 &lt; … &lt; <i>a</i> ≤ 1",
            "with A* for $A = 2$ and x1 < … < a ≤ 1",
        ),
        ("<p>the 3' end, 5' of <i>x</i> = 2", "the 3' end, 5' of $x = 2$"),
        (
            "<dl><dt><em>int</em> <b>f</b> <em>(int <var>n</var>)</em><dd><var>n</var> = 1</dl>",
            "int f (int n)\n: $n = 1$",
        ),
        ("<p>so <i>x</i> = run (a_b, 1) or <i>x</i> = Sum(j=1, 2) is", "so x = run (a_b, 1) or x = Sum(j=1, 2) is"),
        ("<p>of NAD(P)<sup>+</sup> is", "of NAD(P)^+ is"),
        (
            r#"<dl><dt class="deffn">run <var>n</var> [<var>k</var>]<dd>It <var>n</var> is <var>n</var> = 1</dl>"#,
            "run n [k]\n: It $n$ is $n = 1$",
        ),
        (
            "<p>of <code>f(n)</code> for <i>n</i> = 1 the <i>n</i> and <i>n</i> and <i>n</i> or <i>n</i> is",
            "of `f(n)` for $n = 1$ the n and n and n or n is",
        ),
        ("<p>J. Smith<sup>1,2</sup>, Wang Y<sup>1</sup>", "J. Smith1,2, Wang Y^1"),
    ] {
        check(body, want);
    }
}

#[test]
fn templates_and_converters_mark_their_formulas() {
    check(r#"<p>the <span class="texhtml"><i>x</i><sup>2</sup> + 1</span> of"#, "the $x^2 + 1$ of");
    check(r#"<p>a <span class="texhtml mvar" style="font-style:italic;">z</span> of"#, "a $z$ of");
    check(
        r#"<p>a <span class="texhtml"><span class="sfrac"><span class="num">π</span><span class="sr-only">/</span><span class="den">2</span></span></span> of"#,
        "a $\\frac{\\pi}{2}$ of",
    );
    check(
        r#"<p>a <span class="texhtml">√<span style="border-top:1px solid; padding:0 0.1em;">2<i>x</i></span></span> of"#,
        "a $\\sqrt{2x}$ of",
    );
    check(
        r#"<p>a <span class="texhtml"><i>a</i><span style="display:inline-block;margin-bottom:-0.3em;vertical-align:-0.4em;line-height:1.2em;font-size:85%;text-align:left">2<br>k</span></span> of"#,
        "a $a^2_k$ of",
    );
    check(
        r#"<p>a <span class="math inline"><em>a</em><sub>1</sub> if <em>b</em> ≥ 0</span> of"#,
        "a $a_1 \\mathrm{if} b \\geq 0$ of",
    );
    check(r#"<p>a <br/><span class="math display"><em>x</em> = 1</span><br/> of"#, "a\n\n$$x = 1$$\n\nof");
}

#[test]
fn editors_write_styles_instead_of_elements() {
    check(
        r#"<p><span style="font-style:italic">x</span><span style="font-size:0.6em;vertical-align:super">2</span><span> + 1 is</span>"#,
        "$x^2 + 1$ is",
    );
    check(r#"<p>a<span style="vertical-align: sub;">n</span> is"#, "$a_n$ is");
    check(
        r#"<style>.c1{font-style:italic}ol{margin:0}.c4{font-size:6pt;vertical-align:super}</style><p class="c9"><span class="c1">x</span><span class="c0 c4">2</span><span class="c0"> + 1 is</span>"#,
        "$x^2 + 1$ is",
    );
}

#[test]
fn word_processors_leave_formulas_in_comments() {
    check(
        "<p class=MsoNormal>Let <!--[if gte msEquation 12]><m:oMath><m:sSup><m:e><i><span><m:r>x</m:r></span></i></m:e>\
         <m:sup><m:r>2</m:r></m:sup></m:sSup></m:oMath><![endif]--><![if !msEquation]><span style='position:relative'>\
         <img width=9 src=image001.png></span>x squared<![endif]> be<o:p></o:p></p>",
        "Let $x^{2}$ be",
    );
    check(
        "<p><!--[if gte msEquation 12]><m:oMathPara><m:oMath><m:r>y=1</m:r></m:oMath></m:oMathPara><![endif]-->\
         <![if !msEquation]><img src=a.png><![endif]></p><p>end <!-- plain --> of it",
        "$$y=1$$\n\nend of it",
    );
    check("<p>so <m:omath><m:r>z</m:r></m:omath> is", "so $z$ is");
    check("<p>a <!-- MathType@MTEF@5@5@+=feaagKart@ --> b", "a b");
    check("<p>a <img src='https://www.google.com/chart?cht=tx&amp;chl=x%5E%7B2%7D'> b", "a $x^{2}$ b");
}
