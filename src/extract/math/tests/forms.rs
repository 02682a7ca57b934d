//! The forms of markup that carry TeX, one line a form.

use super::{check, marks};
use crate::extract::{ExtractRules, extract};
use crate::page::{Capture, Page};

/// One formula inline in a paragraph.
#[track_caller]
fn inline(element: &str, tex: &str) {
    check(&format!("<p>so {element} is"), &[&format!("${tex}$")]);
}

/// One formula in display.
#[track_caller]
fn display(element: &str, tex: &str) {
    check(&format!("<div>so {element} is</div>"), &[&format!("$${tex}$$")]);
}

/// Nothing of the kind.
#[track_caller]
fn none(element: &str) {
    check(&format!("<p>so {element} is"), &[]);
}

#[test]
fn pictures_with_a_class() {
    inline(r#"<img class="tex" alt="x+1">"#, "x+1");
    inline(r#"<img class="latex" alt="$ABC$">"#, "ABC");
    inline(r#"<img class=formulaInl alt="$d_0 = |r_k - s_0|$">"#, "d_0 = |r_k - s_0|");
    display(r#"<img class=formulaDsp alt="\[ z \]">"#, "z");
    inline(r#"<img class="ql-img-inline-formula quicklatex-auto-format" alt="\beta">"#, r"\beta");
    display(
        r#"<img class="ql-img-displayed-equation" alt="\begin{align*}a&amp;=b\end{align*}">"#,
        r"\begin{align*}a&=b\end{align*}",
    );
    inline(r#"<img class="texrender" title="x^2" alt="" src="/filter/tex/pix.php/0a.gif">"#, "x^2");
    inline(r#"<img class="equation_image" alt="LaTeX: \frac{1}{2}" src="/equation_images/0">"#, r"\frac{1}{2}");
    inline(
        r#"<img class="mwe-math-fallback-image-inline" alt="{\displaystyle n!}" src="https://wikimedia.org/api/rest_v1/media/math/render/svg/0">"#,
        "n!",
    );
    display(r#"<img class="numberedequation" alt="sum_(k=1)^nk=1/2n(n+1)">"#, "sum_(k=1)^nk=1/2n(n+1)");
    inline(r#"<img class="math gen" alt="$p$">"#, "p");
    none(r#"<img class=math alt="formula">"#);
    none(r#"<img class="latex" alt="Rendered by QuickLaTeX.com">"#);
    none(r#"<img class=tex alt="$5">"#.replace("tex", "photo").as_str());
}

#[test]
fn pictures_without_a_class() {
    inline(r#"<img alt="$y$" src="img3.png">"#, "y");
    inline("<img alt='% latex2html id marker 12\n$\\gamma$' src='img4.png'>", r"\gamma");
    inline(r#"<img alt="[itex]E=mc^2[/itex]" src="latex_images/1.png">"#, "E=mc^2");
    inline(r#"<span class="equation"><img alt="v_i = P_{ij} d_j" src="a.png"></span>"#, "v_i = P_{ij} d_j");
    check(
        r#"<div class="math"><p><img src="images/math/0.png" alt="T = T_a + T_b"></p></div>"#,
        &["$$T = T_a + T_b$$"],
    );
    inline(r#"<img alt="a = b" src="/media/math/render/svg/0a">"#, "a = b");
    none(r#"<img alt="$150-$400 off a new 15" tablet" src="a.png">"#);
    none(r#"<img alt="Photo of a cat" src="/math/cat.png">"#);
    none(r#"<img alt="A1" src="/math/a.png">"#);
    none(r#"<span class="equation"><img alt="Isaac Newton" src="a.png"></span>"#);
}

#[test]
fn pictures_from_editors() {
    inline(
        r#"<img class="Wirisformula" data-mathml="«math»«msup»«mi»x«/mi»«mn»2«/mn»«/msup»«/math»" alt="x squared">"#,
        "x^{2}",
    );
    inline(r#"<img src="/showimage?mml=%3Cmath%3E%3Cmi%3Ez%3C%2Fmi%3E%3C%2Fmath%3E">"#, "z");
    inline(
        r#"<img alt='{"mathml":"&lt;math style=\"a\"&gt;&lt;mn&gt;7&lt;/mn&gt;&lt;/math&gt;","truncated":false}'>"#,
        "7",
    );
    inline(r#"<img alt='{"type":"$","code":"$\\frac{1}{k}$","id":"1"}'>"#, r"\frac{1}{k}");
    inline(
        r#"<a href="https://www.codecogs.com/eqnedit.php?latex=%5Cint%20f#0"><img src="https://lh3.example.com/x"></a>"#,
        r"\int f",
    );
    none(r#"<img alt='{"a":1}'>"#);
    none(r#"<img alt='{"code":"x'>"#);
}

#[test]
fn pictures_of_services() {
    inline(r#"<img src="https://s0.wp.com/latex.php?latex=%5Ckappa&amp;bg=fff" alt="latex">"#, r"\kappa");
    inline(r#"<img src="https://www.zhihu.com/equation?tex=ABC" alt="ABC">"#, "ABC");
    inline(r#"<img src="//latex.codecogs.com/svg.latex?%5Cinline%20x_1" title="x_1">"#, "x_1");
    inline(r#"<img src="https://chart.googleapis.com/chart?cht=tx&amp;chl=%5Calpha%2B1">"#, r"\alpha+1");
    inline(r#"<img src="https://latex.artofproblemsolving.com/0/a/b.png" alt="$AB$">"#, "AB");
    none(r#"<img src="https://example.org/chart.png?formula=none of your business" alt="">"#);
}

#[test]
fn spans_and_divs() {
    inline(r#"<span class="math inline">\(x\)</span>"#, "x");
    display(r#"<span class="math display">\[y\]</span>"#, "y");
    display(r#"<span class="math-container">$$ \sum_i x_i $$</span>"#, r"\sum_i x_i");
    display(
        r#"<div class="math notranslate nohighlight"><span class="eqno">(1)<a class="headerlink">¶</a></span>\[\begin{split}a\end{split}\]</div>"#,
        r"\begin{split}a\end{split}",
    );
    inline(r#"<span class="math-tex">\(a+b\)</span>"#, "a+b");
    inline(r#"<span class="mathjax-tex">\(a\)</span>"#, "a");
    inline(r#"<span class="mathquill-embedded-latex">x^2</span>"#, "x^2");
    inline(
        r#"<span class="mathquill-rendered-math mq-math-mode"><span class="mq-selectable">$\sqrt{2}$</span><span class="mq-root-block"><var>2</var></span></span>"#,
        r"\sqrt{2}",
    );
    inline(r#"<tt class="math">\alpha</tt>"#, r"\alpha");
    none(r#"<span class="math">x<sup>2</sup></span>"#);
    check(r#"<div class="math">Some text with $x$ in it</div> <div class="equation">see below</div>"#, &[]);
}

#[test]
fn attributes() {
    inline(r#"<span class="ztext-math" data-tex="\alpha">α</span>"#, r"\alpha");
    for key in ["data-tex", "data-latex", "data-formula", "data-math", "data-equation", "data-katex", "data-mathjax"] {
        inline(&format!(r"<span {key}='\beta'>β</span>"), r"\beta");
    }
    inline(r#"<span class="ql-formula" data-value="x^2"><span>x2</span></span>"#, "x^2");
    inline(r#"<span class="math" data-expr="a+b">a + b</span>"#, "a+b");
    inline(r#"<span data-formula="\(n\)">n</span>"#, "n");
    inline(r#"<span role="math" aria-label="\frac{1}{2}">½</span>"#, r"\frac{1}{2}");
    display(r#"<span data-tex="y" data-display="true">y</span>"#, "y");
    none(r#"<span data-value="3">three</span>"#);
    none(r#"<span role="math" aria-label="x squared">x²</span>"#);
}

#[test]
fn custom_elements() {
    display("<d-math block>x</d-math>", "x");
    inline("<d-math>x</d-math>", "x");
    inline("<math-renderer class='js-inline-math'>$y$</math-renderer>", "y");
    display("<math-renderer class='js-display-math'>$$y$$</math-renderer>", "y");
    inline("<math-renderer>$`a+b`$</math-renderer>", "a+b");
    inline("<math-inline>x_1</math-inline>", "x_1");
    display("<math-display>x_1</math-display>", "x_1");
    for name in ["katex-expr", "la-tex", "mathjax", "eq", "x-equation", "tex", "latex", "tex-inline", "my-katex"] {
        inline(&format!(r"<{name}>\alpha_1</{name}>"), r"\alpha_1");
    }
    inline(r#"<amp-mathml layout="container" inline data-formula="\(\frac{a}{b}\)"></amp-mathml>"#, r"\frac{a}{b}");
    inline(r#"<vue-mathjax formula="$x$"></vue-mathjax>"#, "x");
    inline(
        r"<inline-formula><alternatives><img src=a.gif><tex-math>\documentclass{a}\begin{document}$\mu$\end{document}</tex-math></alternatives></inline-formula>",
        r"\mu",
    );
    none("<mathjax>A passage in which $x$ and $y$ stand.</mathjax>");
    none("<math-quiz>Start the quiz</math-quiz>");
    check("<math>\\frac{a}{b}</math>", &[r"$\frac{a}{b}$"]);
}

#[test]
fn fenced_blocks() {
    check(r#"<pre><code class="language-math">a^2</code></pre>"#, &["$$a^2$$"]);
    check(r#"<pre lang="math">b^2</pre>"#, &["$$b^2$$"]);
    check(
        r#"<pre class="code highlight js-render-math language-math" lang="math" data-math-style="display"><code><span class="line">\int f</span></code></pre>"#,
        &[r"$$\int f$$"],
    );
    check(r#"<p>so <code class="code math js-render-math" data-math-style="inline">c^2</code>"#, &["$c^2$"]);
    check(r#"<pre><code class="language-latex">\alpha</code></pre>"#, &[]);
    check(r#"<pre class="math">\alpha</pre>"#, &[r"$\alpha$"]);
}

#[test]
fn a_formula_and_its_double_come_out_once() {
    check(r#"<math alttext="\alpha"><mi>α</mi></math><img class="tex" alt="\alpha">"#, &[r"$\alpha$", "skip"]);
    check(
        r#"<span class="katex"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">x</annotation></semantics></math><span class="katex-html">x</span></span>"#,
        &["$x$"],
    );
    let twice = marks(r#"<img class="tex" alt="x"> <img class="tex" alt="x">"#);
    assert_eq!(twice, ["$x$", "$x$"], "two pictures are two formulas");
}

/// The text of a page, behind a passage that makes it long enough.
fn text(inner: &str) -> String {
    let passage = "The passage before it is here for its length: pages with hardly any text are not kept at all.";
    let capture = Capture {
        url: "https://example.org/".into(),
        fetched_at_ms: None,
        warc: "x.warc.gz".into(),
        warc_offset: 0,
        warc_length: 0,
    };
    let body = format!("<body><main><p>{passage}</p>{inner}</main>").into_bytes();
    let page = Page { capture, http_charset: None, body };
    let document = extract(&page, &ExtractRules::default()).expect("text enough");
    document.text.strip_prefix(passage).expect("the passage comes first").trim().to_owned()
}

#[track_caller]
fn check_text(inner: &str, want: &str) {
    assert_eq!(text(inner), want, "{inner}");
}

#[test]
fn what_stands_between_formulas_stays() {
    let f = |tex: &str| format!(r#"<script type="math/tex">{tex}</script>"#);
    check_text(&format!("<p>Let {}, {} and {}.</p>", f("x"), f("y"), f("z")), "Let $x$, $y$ and $z$.");
    check_text(&format!("<p>{}={} {}<b>,</b>{};{}</p>", f("a"), f("b"), f("c"), f("d"), f("e")), "$a$=$b$ $c$,$d$;$e$");
    check_text(&format!("<p>{} {}\n{}</p>", f("a"), f("b"), f("c")), "$a$ $b$ $c$");
    check_text(
        r"<p>from <span class=math>\(a\)</span>-<span class=math>\(b\)</span>s <i>x</i> <img class=tex alt='c'>)</p>",
        "from $a$-$b$s x $c$)",
    );
    check_text(
        r"<p>(<img class=tex alt='p'>, <img class=tex alt='q'>)<br>, <img class=tex alt='r'></p>",
        "($p$, $q$)\n, $r$",
    );
}

#[test]
fn one_formula_a_sign_that_is_none() {
    check_text("<p>It costs $5 and x is $x^2$.", r"It costs \$5 and x is $x^2$.");
    check_text("<p>Run <code>echo $HOME/$USER</code> for $n$ users.", "Run `echo $HOME/$USER` for $n$ users.");
    check_text("<p>In R, res$z[1] and res$x are columns.", r"In R, res\$z[1] and res\$x are columns.");
}
