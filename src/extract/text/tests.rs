use super::*;
use crate::extract::content;
use crate::extract::dom::Scripting;
use crate::extract::math;
use scraper::Html;

/// Writes the whole body: selection is tested elsewhere.
fn written(body: &str) -> Written {
    let html = Html::parse_document(body);
    let page = PageMath::read(&html);
    let formulas = math::find(&html, &page);
    let root = html.root_element().children().last().expect("a body");
    let outline = Outline::build(root, &formulas, Scripting::On);
    write(&outline, &content::Selection::whole(&outline), &page)
}

#[track_caller]
fn check(body: &str, want: &str) {
    assert_eq!(written(body).text, want);
}

#[test]
fn blocks_are_split_by_blank_lines_and_white_space_folds() {
    check("<p>one\n two</p>three<div>four <b>five</b>&nbsp;six</div>", "one two\n\nthree\n\nfour five six");
    check("a\u{ad}b\u{200b}c\u{e123}d\u{1}e", "abcde");
    check("<h2> On <i>x</i> </h2><h3></h3><p>text", "## On x\n\ntext");
}

#[test]
fn line_wraps_between_chinese_characters_are_nothing() {
    check("<p>函数的\n  极限，\n连续 性\nand more\n函数", "函数的极限，连续 性 and more 函数");
}

#[test]
fn breaks_are_lines_and_two_are_a_block() {
    check("<p>one<br>two <br/> <br>three<br>", "one\ntwo\n\nthree");
}

#[test]
fn formulas_stand_between_dollars_and_display_alone() {
    check("<p>Let \\(a\n+b\\) be. Then \\[x\n\n=y\\] holds.", "Let $a +b$ be. Then\n\n$$x =y$$\n\nholds.");
    assert_eq!(written("<p>\\(a\\) $b$ $$c$$").forms.total(), 3);
}

#[test]
fn formulas_are_counted_by_form() {
    #[track_caller]
    fn check(body: &str, want: &[(Form, u32)]) {
        let forms = written(body).forms;
        let found: Vec<(Form, u32)> =
            Form::ALL.into_iter().map(|form| (form, forms.of(form))).filter(|(_, n)| *n > 0).collect();
        assert_eq!(found, want, "{body}");
    }
    check("<p>\\(a\\) $b$ $$c$$ \\[d=e\\]", &[(Form::Inline, 2), (Form::Display, 2)]);
    check("<p>\\begin{align}a&=b\\end{align}", &[(Form::Display, 1)]);
    check("<p>so [tex]\\frac{a}{b}[/tex] is", &[(Form::Tags, 1)]);
    check(
        "<p><script type='math/tex'>x</script> <script type='math/asciimath'>a/b</script>",
        &[(Form::AsciiMath, 1), (Form::Script, 1)],
    );
    check(
        "<p><math><mi>x</mi></math> in <table><tr><td><math><mi>y</mi></math><td>1<tr><td>2<td>3</table>",
        &[(Form::MathMl, 2)],
    );
    check(
        "<p><span class=katex><math><annotation encoding='application/x-tex'>x^2</annotation></math></span>",
        &[(Form::Katex, 1)],
    );
    check(
        "<p><mjx-container><mjx-assistive-mml><math><mi>x</mi></math></mjx-assistive-mml></mjx-container>",
        &[(Form::MathJax, 1)],
    );
    check(
        "<p><img class=tex alt='\\frac{a}{b}'> and <span class=math-container>$x$</span>",
        &[(Form::Element, 1), (Form::Image, 1)],
    );
    check("<p>Let <i>x</i><sup>2</sup> + <i>y</i><sup>2</sup> = <i>z</i><sup>2</sup> hold.", &[(Form::Typeset, 1)]);
    check("<p>nothing but words", &[]);
}

#[test]
fn dollars_that_could_delimit_are_escaped() {
    check("<p>costs $5", "costs $5");
    check("<p>from $5 to $10", "from \\$5 to \\$10");
    check("<p>pay \\$5 or \\(x\\) of $6", "pay \\$5 or $x$ of \\$6");
}

#[test]
fn lists_nest_and_are_one_block() {
    check("<ul><li>a<li><p>b</p><ul><li>c<li>d</ul><li>e</ul>f", "- a\n- b\n  - c\n  - d\n- e\n\nf");
    check("<ol start=3><li>a<li>b<p>more</ol>", "3. a\n4. b\n\n  more");
    check("<ul><li><ul><li>a</ul></ul><ul><li>b</ul>", "  - a\n\n- b");
}

#[test]
fn data_tables_are_rows_and_layout_tables_are_not() {
    check("<table><caption>T</caption><tr><th>n<th>n<sup>2</sup><tr><td>2<td>4</table>", "T\n\nn | $n^2$\n2 | 4");
    check("<table><tr><td><p>left</p><td><p>right</p></table>", "left\n\nright");
    check("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a\n\nb\n\nc\n\nd");
}

#[test]
fn code_is_kept_as_it_stands() {
    check("<pre><code class='language-rust'>fn f() {\n    1\n}\n</code></pre>", "```rust\nfn f() {\n    1\n}\n```");
    check("<p>the <code>$PATH</code> and <kbd>Ctrl</kbd>", "the `$PATH` and `Ctrl`");
    check("<div class='highlight-python3'><pre><span>x = 1</span></pre></div>", "```python3\nx = 1\n```");
    check(
        "<pre>These are the words of a letter that\nsomebody wrote in a pre a long time ago.\n\nYours</pre>",
        "These are the words of a letter that\nsomebody wrote in a pre a long time ago.\n\nYours",
    );
}

#[test]
fn scripts_are_exponents_and_indices_but_not_ordinals_and_notes() {
    check("<p>x<sup>2</sup> + a<sub>n</sub>", "$x^2 + a_n$");
    check("<p>the 1<sup>st</sup> fact<sup><a href=#1>12</a></sup><a href=#2><sup>3</sup></a>", "the 1st fact[12][3]");
}

#[test]
fn quotations_and_definitions_are_marked() {
    check(
        "<p>She said it at length, and then again:<blockquote><p>one<p>two</blockquote>",
        "She said it at length, and then again:\n\n> one\n\n> two",
    );
    check("<blockquote><p>a whole page that is indented</blockquote>", "a whole page that is indented");
    check(
        "<dl><dt>term<dd>what it is<dd>and more<dt>other<dd><p>one<p>two</dl>",
        "term\n: what it is\n\n: and more\n\nother\n: one\n\ntwo",
    );
    check("<dl><dd>indented</dl>", "indented");
}

#[test]
fn ways_back_from_notes_and_to_headings_are_left_out() {
    check("<h2>On <a href=#on>#</a></h2><p>a note <a href=#r>↩︎</a>, see <a href=#s>§</a>", "## On\n\na note , see");
}

#[test]
fn the_language_of_code_is_read_where_highlighters_write_it() {
    let fenced = |language: &str| format!("```{language}\nx = 1\n```");
    check("<pre class='brush: js; gutter: false'>x = 1</pre>", &fenced("js"));
    check("<pre class='brush:php'>x = 1</pre>", &fenced("php"));
    check("<pre class='sourceCode r'><code class='sourceCode r'>x = 1</code></pre>", &fenced("r"));
    check("<pre><code class='hljs python'>x = 1</code></pre>", &fenced("python"));
    check("<pre data-lang=go><code>x = 1</code></pre>", &fenced("go"));
    check("<div class=lang-en><pre><code>x = 1</code></pre></div>", &fenced(""));
}
