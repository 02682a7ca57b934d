use std::collections::BTreeSet;

use html5ever::tendril::TendrilSink;
use proptest::prelude::*;
use scraper::{ElementRef, Html, HtmlTreeSink, Node};
use serde_json::json;

use super::*;
use crate::render;
use crate::report::compare::{Change, Comparison, Named, Shift};
use crate::report::data::{BINS, Bin, Decile, Domain, Figures, FormLine, Language, RoundLine, Sample, Timing};

/// The elements of a report beside those of rendered texts.
const ELEMENTS: &[&str] = &[
    "a",
    "article",
    "body",
    "caption",
    "circle",
    "dd",
    "desc",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "line",
    "main",
    "meta",
    "nav",
    "path",
    "polyline",
    "rect",
    "section",
    "strong",
    "style",
    "summary",
    "svg",
    "text",
    "th",
    "thead",
    "title",
];
/// The attributes of a report beside those of rendered texts.
const ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "content",
    "cx",
    "cy",
    "d",
    "dir",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "nonce",
    "points",
    "preserveAspectRatio",
    "r",
    "role",
    "scope",
    "tabindex",
    "text-anchor",
    "transform",
    "viewBox",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// A report in which every text is `hostile`.
fn hostile(text: &str) -> Report {
    let own = || text.to_owned();
    let sample = || Sample {
        rank: Some(1),
        score: 0.5,
        title: own(),
        url: own(),
        language: own(),
        tokens: 1,
        formulas: 1,
        text: own(),
        cut: true,
    };
    Report {
        round: 2,
        summary: json!({
            "crawl": { "files": 1 },
            "pages": { "seen": 100, "kept": 90, "rejected": { text: 10 } },
            "quality": { "seen": 90, "kept": 80, "rejected": { text: 10 } },
            "dedup": { "kept": 70, "dropped": { text: 4, "same_text": 6 }, "detection": [[0.5, 0.05], [1.0, 1.0]] },
            "decontamination": { "benchmarks": { text: { "pages": 1 } }, "pages_dropped": 1 },
            "boilerplate": { "repeated": 3 },
            "ranking": { "pages": 50, "tokens": 1000, "token_budget": 2000, "last_score": 0.5 },
        }),
        card: json!({
            "examples": { "positives": 4 },
            "settings": { text: text, "tokens": { text: text } },
            "validation": { text: 0.5, "folds": 4 },
            "curves": {
                "precision_recall": [{ "recall": 0.1, "precision": 1.0 }, { "recall": 1.0, "precision": 0.5 }],
                "calibration": [{ "predicted": 0.1, "observed": 0.2, "examples": 7 }],
            },
        }),
        figures: Figures {
            scores: vec![Bin { pages: 3, collected: 1 }; BINS],
            deciles: vec![Decile { pages: 5, tokens: 100, ..Decile::default() }; 10],
            languages: vec![Language { language: own(), pages: 2, collected: 1, ..Language::default() }],
            forms: vec![FormLine { form: own(), pages: 2, formulas: 9, collected: 1, collected_formulas: 4 }],
            domains_collected: 1,
            domains: vec![Domain {
                domain: own(),
                collected: 1,
                pages: Some(2),
                before: Some(3),
                math_related: Some(true),
                tokens: 4,
            }],
        },
        rounds: (1..=2)
            .map(|round| RoundLine {
                round,
                pages_share: Some(0.5),
                tokens_share: Some(0.6),
                converged_share: Some(0.98),
                ..RoundLine::default()
            })
            .collect(),
        samples: vec![vec![sample()], vec![sample()]],
        beyond: vec![sample()],
        timings: vec![Timing { stage: own(), cpu_s: 1.0, ..Timing::default() }],
        configuration: own(),
        versions: vec![(own(), own())],
    }
}

fn hostile_comparison(text: &str) -> Comparison {
    let sample = Named { title: text.to_owned(), url: text.to_owned(), score: 0.1 };
    let change = Change { domain: text.to_owned(), gained: 1, lost: 2, samples: vec![sample] };
    Comparison {
        names: [text.to_owned(), text.to_owned()],
        shift: Some(Shift::default()),
        gains: vec![change.clone()],
        losses: vec![change],
        ..Comparison::default()
    }
}

fn parse(html: &str) -> Html {
    let sink = HtmlTreeSink::new(Html::new_document());
    html5ever::parse_document(sink, html5ever::ParseOpts::default()).one(html)
}

/// What every page of ours keeps to, whatever it shows.
fn assert_sound(html: &str) {
    let tree = parse(html);
    let mut ids = BTreeSet::new();
    let mut level = 0;
    let mut styles = 0;
    for node in tree.tree.root().descendants() {
        let Node::Element(element) = node.value() else {
            assert!(!matches!(node.value(), Node::Comment(_)), "a comment in {html}");
            continue;
        };
        let name = element.name();
        let known = ELEMENTS.binary_search(&name).is_ok() || render::ELEMENTS.binary_search(&name).is_ok();
        assert!(known, "<{name}> in {html}");
        for (attribute, value) in element.attrs() {
            let known = ATTRIBUTES.contains(&attribute) || render::ATTRIBUTES.binary_search(&attribute).is_ok();
            assert!(known, "{attribute}={value} on <{name}> in {html}");
            assert!(attribute != "href" || value.starts_with('#'), "{value}");
            assert!(attribute != "id" || ids.insert(value.to_owned()), "the id {value} comes twice");
        }
        styles += usize::from(name == "style");
        if let Some(found) = name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok()) {
            assert!(found <= level + 1, "<{name}> after a heading of level {level}");
            level = found;
        }
        let of = ElementRef::wrap(node).unwrap();
        let has = |child: &str| of.child_elements().any(|inner| inner.value().name() == child);
        match name {
            "svg" => {
                assert!(
                    element.attr("aria-hidden").is_some() || has("title") && has("desc"),
                    "a plot that is not told"
                );
            }
            "table" if of.ancestors().all(|up| up.value().as_element().is_none_or(|up| up.name() != "article")) => {
                assert!(has("caption"), "a table without a caption: {}", of.html());
            }
            "th" => assert!(element.attr("scope").is_some(), "{}", of.html()),
            _ => {}
        }
    }
    assert_eq!(styles, 1);
    let targets = html.match_indices("href=\"#").map(|(at, mark)| html[at + mark.len()..].split('"').next().unwrap());
    for target in targets {
        assert!(ids.contains(target), "#{target} is nowhere");
    }
    let policy = html.find("default-src 'none'; style-src 'nonce-").unwrap();
    assert!(policy < html.find("<style").unwrap() && !html.contains("unsafe"));
    for danger in ["src=", "@import", "url(", "<script"] {
        let found = html.split("<style").nth(1).unwrap().split("</style>").next().unwrap();
        assert!(!found.contains(danger), "{danger}");
    }
}

#[test]
fn lists_are_sorted() {
    assert!(ELEMENTS.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_report_without_anything_says_so() {
    let html = report(&Report::default());
    assert_sound(&html);
    for absent in
        ["no benchmark was named", "analysis of domains was not run", "no classifier.json", "from the second round"]
    {
        assert!(html.contains(absent), "{absent}");
    }
    assert_sound(&compare(&Comparison::default()));
}

#[test]
fn hostile_content_makes_no_markup() {
    for text in [
        "plain",
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</title></style><script>",
        "</svg></math></table></article></section><iframe src=//x>",
        "$\\href{javascript:alert(1)}{x}$ $\\text{</math><script>}$",
        "' onmouseover='alert(1)",
        "<!-- -->",
        "# h\n\n<h1>x</h1>\n\n- <a href=//x>y</a>",
        "{{x}} ${x} &lt;b&gt;",
        "",
    ] {
        let html = report(&hostile(text));
        assert_sound(&html);
        let elements =
            |html: &str| parse(html).tree.root().descendants().filter(|node| node.value().is_element()).count();
        if !text.contains(['$', '#', '-']) && !text.is_empty() {
            assert_eq!(elements(&html), elements(&report(&hostile("plain"))), "{text}");
        }
        assert_sound(&compare(&hostile_comparison(text)));
    }
}

#[test]
fn the_same_report_is_the_same_bytes() {
    assert_eq!(report(&hostile("x")), report(&hostile("x")));
    assert_ne!(report(&hostile("x")), report(&hostile("y")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_content_is_shown_safely(text in any::<String>()) {
        assert_sound(&report(&hostile(&text)));
    }
}
