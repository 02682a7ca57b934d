use super::*;
use crate::extract::dom::Scripting;
use crate::extract::math::{self, PageMath};
use crate::extract::text;
use scraper::Html;

const PROSE: &str = "Every bounded sequence of real numbers has a convergent subsequence, as Bolzano proved, and the \
    proof needs no more than halving intervals again and again, each time keeping a half with infinitely many terms.";

/// Selects and writes a page whose `PROSE` is replaced by a paragraph of prose.
#[track_caller]
fn check(body: &str, want: &str) {
    let paragraph = format!("<p>{PROSE}</p><p>{PROSE}</p>");
    let html = Html::parse_document(&body.replace("PROSE", &paragraph));
    let page = PageMath::read(&html);
    let formulas = math::find(&html, &page);
    let root = html.root_element().children().last().expect("a body");
    let outline = Outline::build(root, &formulas, Scripting::On);
    let written = text::write(&outline, &select(&outline), &page).text;
    assert_eq!(written.replace(&format!("{PROSE}\n\n{PROSE}"), "PROSE"), want);
}

#[test]
fn furniture_goes_by_element_class_and_role() {
    check(
        "<header><a href=/>Site</a></header><nav><a href=/a>A</a></nav><div id=c>PROSE</div>\
         <div class=side-bar>kept?</div><div role=complementary>Also see that.</div>\
         <div class='cookie-banner'>We use cookies, as all do.</div><footer>All rights reserved.</footer>",
        "PROSE",
    );
    check("<div><div class=social-share>Share this page, please.</div>PROSE<div class=tags>a, b</div></div>", "PROSE");
}

#[test]
fn class_words_lie_where_they_hold_the_page() {
    check("<div class=sidebar><h1>Title</h1>PROSE</div>", "# Title\n\nPROSE");
    check("<body class='has-sidebar nav-open'>PROSE", "PROSE");
    check(
        "<div class='js-code-nav'><article>PROSE</article></div><div>PROSE PROSE PROSE</div>",
        "PROSE\n\nPROSE\n\nPROSE\n\nPROSE",
    );
}

#[test]
fn hidden_parts_go_unless_they_are_the_page() {
    check(
        "PROSE<div style='display:none'>Secret text, never seen.</div><p hidden>no</p><p aria-hidden=true>no",
        "PROSE",
    );
    check("<div style='display: none'>PROSE</div>", "PROSE");
}

#[test]
fn comments_stay_on_discussions_and_on_pages_without_other_text() {
    let comments = "<div class=comments><p>I think that this is wrong, for two reasons.</p></div>";
    check(&format!("<div>PROSE{comments}</div>"), "PROSE");
    check(
        &format!(
            "<div><div class=question>PROSE{comments}</div><div class=answer>PROSE</div><div class=answer>PROSE</div></div>"
        ),
        "PROSE\n\nI think that this is wrong, for two reasons.\n\n---\n\nPROSE\n\n---\n\nPROSE",
    );
    check(
        &comments.replace("I think", "I really think that all of it, from the first line to the last one, I think"),
        "I really think that all of it, from the first line to the last one, I think that this is wrong, for two reasons.",
    );
}

#[test]
fn the_page_names_its_main_text() {
    let stream = "<div><p>Another story of another day, told at length.</p></div>".repeat(30);
    check(&format!("<main><h1>T</h1>PROSE</main><div>{stream}</div>"), "# T\n\nPROSE");
    check(
        &format!("<div><div itemprop=articleBody>PROSE PROSE</div><div>{}</div></div>", &stream[..600]),
        "PROSE\n\nPROSE",
    );
}

#[test]
fn teasers_and_link_lists_go_where_there_is_other_text() {
    let teaser = "<div><h3><a href=/x>Another story</a></h3><p>It was a dark night, and so on it went.</p></div>";
    check(&format!("<div>PROSE<div>{}</div></div>", teaser.repeat(4)), "PROSE");
    let links = "<ul><li><a href=/1>First other page</a></li><li><a href=/2>Second other page</a></li></ul>";
    check(&format!("<div>PROSE{links}PROSE</div>"), "PROSE\n\nPROSE");
    check(
        &format!("<div>PROSE<p>Two proofs are in these notes:</p>{links}PROSE</div>"),
        "PROSE\n\nTwo proofs are in these notes:\n\n- First other page\n- Second other page\n\nPROSE",
    );
}

#[test]
fn formulas_keep_their_block() {
    check("<div>PROSE<div class=related><p>\\(a^2\\), \\(b^2\\)</div></div>", "PROSE\n\n$a^2$, $b^2$");
    check("<div>PROSE<aside>\\[x\\]</aside><p>\\(y\\)</div>", "PROSE\n\n$$x$$\n\n$y$");
}

#[test]
fn captions_stay_on_technical_pages_and_where_numbered() {
    let figure = |caption: &str| format!("<figure><img src=x><figcaption>{caption}</figcaption></figure>");
    check(&format!("<div>PROSE{}PROSE</div>", figure("The minister on Monday.")), "PROSE\n\nPROSE");
    check(&format!("<div>PROSE{}PROSE</div>", figure("Figure 1: a map.")), "PROSE\n\nFigure 1: a map.\n\nPROSE");
    check(&format!("<div>PROSE{}<pre><code>x</code></pre></div>", figure("A map.")), "PROSE\n\nA map.\n\n```\nx\n```");
}

#[test]
fn short_labels_at_the_edges_go_and_headings_over_text_stay() {
    check("<div><p>12 May 2020</p><h2>On</h2>PROSE<p>Print</p><h3>More</h3></div>", "## On\n\nPROSE");
    check("<div>PROSE<ul><li>one</ul><p>Two, three.</p></div>", "PROSE\n\n- one\n\nTwo, three.");
}

#[test]
fn a_page_of_links_is_written_as_it_is() {
    check(
        "<ul><li><a href=1>One chapter</a><li><a href=2>Another chapter</a></ul>",
        "- One chapter\n- Another chapter",
    );
}

#[test]
fn a_page_without_anything_is_empty() {
    check("", "");
    check("<div><div></div></div>", "");
}

#[test]
fn a_words_class_does_not_take_it_out_of_its_sentence() {
    check(
        "<div>PROSE<p>I am a <a class=popup href=x>rather old</a> man, as you see.</p></div>",
        "PROSE\n\nI am a rather old man, as you see.",
    );
    check("<div>PROSE<section class='part part--ads'>PROSE</section></div>", "PROSE\n\nPROSE");
}

#[test]
fn an_introduction_beside_the_root_is_kept() {
    let long = "PROSE PROSE PROSE PROSE PROSE PROSE";
    check(&format!("<div><div>PROSE</div><div>{long}</div></div>"), &["PROSE"; 7].join("\n\n"));
}

#[test]
fn stock_phrases_go_and_sentences_that_begin_like_them_stay() {
    check(
        "<div>PROSE<p>Advertisement</p><p>Share this article</p>PROSE<h3>Related articles:</h3></div>",
        "PROSE\n\nPROSE",
    );
    check(
        "<div>PROSE<p>Modified equations, as they are called, tell what a scheme solves.</p>PROSE</div>",
        "PROSE\n\nModified equations, as they are called, tell what a scheme solves.\n\nPROSE",
    );
    check("<div>PROSE<p>责任编辑：小明</p><p>分享到微信</p></div>", "PROSE");
}

#[test]
fn comments_with_formulas_are_content() {
    let comments = "<div class=comments><p>Take \\(x\\) and \\(y\\), then.</p></div>";
    check(&format!("<div>PROSE{comments}</div>"), "PROSE\n\nTake $x$ and $y$, then.");
}

#[test]
fn a_sidebar_longer_than_a_short_posting_goes() {
    check("<div class=content>PROSE</div><div class=sidebar>PROSE PROSE PROSE PROSE PROSE</div>", "PROSE");
}
