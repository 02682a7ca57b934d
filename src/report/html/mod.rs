//! A report as one file of HTML: no script, nothing from elsewhere, readable in light and dark, in print and aloud.
//!
//! Every plot stands beside a table of its numbers. All text goes through maud's escaping or [`crate::render`]. The
//! policy in the head allows one style sheet, named by a nonce that is a hash of the page's content, so that no content
//! could know it.

mod compare;
mod convergence;
mod domains;
mod flow;
mod forms;
mod numbers;
mod plot;
mod samples;
mod scores;
#[cfg(test)]
mod tests;
mod timings;
mod training;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use super::data::Report;
use crate::render::{self, Renderer};
pub use compare::compare;
use numbers::{count, percent, score, short};

const STYLE: &str = include_str!("report.css");

/// A part of the page: its anchor, its heading, its content.
struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

/// The report of a round.
#[must_use]
pub fn report(report: &Report) -> String {
    let renderer = Renderer::new();
    let section = |id, title, body| Section { id, title, body };
    let sections = vec![
        section("flow", "From captures to the collection", flow::flow(report)),
        section("rejected", "What was dropped, and why", flow::rejections(report)),
        section("scores", "Scores and the cut", scores::histogram(report)),
        section("deciles", "The collection by rank", scores::deciles(report)),
        section("languages", "Languages", scores::languages(report)),
        section("forms", "Markup of formulas", forms::forms(report)),
        section("domains", "Domains", domains::domains(report)),
        section("duplicates", "Duplicates", flow::duplicates(report)),
        section("contamination", "Benchmarks", flow::contamination(report)),
        section("boilerplate", "Repeated paragraphs", flow::boilerplate(report)),
        section("classifier", "The classifier", training::classifier(report)),
        section("rounds", "Round by round", convergence::rounds(report)),
        section("samples", "Pages to look at", samples::samples(report, &renderer)),
        section("stages", "Time and memory", timings::timings(report)),
        section("configuration", "Configuration and versions", timings::configuration(report)),
    ];
    let title = format!("Round {}", report.round);
    page(&title, header(report), &sections)
}

/// The figures that one looks for first.
fn header(report: &Report) -> Markup {
    let ranking = &report.summary["ranking"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (tokens, budget) = (number(&ranking["tokens"]), number(&ranking["token_budget"]));
    let overlap = report.rounds.last().and_then(|round| round.pages_share);
    html! {
        p .lead {
            "This round collected " strong { (count(number(&ranking["pages"]))) " pages" } " with "
            strong { (short(tokens)) " tokens" } " of " (count(number(&report.summary["pages"]["seen"])))
            " captures in " (count(number(&report.summary["crawl"]["files"]))) " crawl files."
        }
        dl .figures {
            div { dt { "Pages collected" } dd { (count(number(&ranking["pages"]))) } }
            div { dt { "Tokens" } dd { (short(tokens)) } dd .note { (percent(tokens as f64 / budget.max(1) as f64)) " of the budget" } }
            div { dt { "Score at the cut" } dd { (ranking["last_score"].as_f64().map_or("–".to_owned(), score)) } }
            div { dt { "Domains" } dd { (count(report.figures.domains_collected)) } }
            @if let Some(share) = overlap {
                div { dt { "Collected before" } dd { (percent(share)) } dd .note { "of the pages, in the round before" } }
            }
        }
    }
}

/// A whole page.
fn page(title: &str, header: Markup, sections: &[Section]) -> String {
    let body = html! {
        a .skip href="#main" { "Skip to the content" }
        header {
            p .program { "corpus-build" }
            h1 { (title) }
            (header)
        }
        nav aria-label="Contents" {
            ol { @for section in sections { li { a href={ "#" (section.id) } { (section.title) } } } }
        }
        main #main tabindex="-1" {
            @for section in sections {
                section #(section.id) aria-labelledby={ (section.id) "-title" } {
                    h2 id={ (section.id) "-title" } { (section.title) }
                    (section.body)
                }
            }
        }
        footer { p { "Made by corpus-build " (env!("CARGO_PKG_VERSION")) ". This file needs no network and runs no script." } }
    };
    let style = format!("{STYLE}{}", render::STYLE);
    let nonce = format!("{:032x}", xxh3_128(format!("{style}{}", body.0).as_bytes()));
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'");
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " – corpus-build" }
                style nonce=(nonce) { (PreEscaped(&style)) }
            }
            body { (body) }
        }
    };
    whole.into_string()
}

/// What may be wider than a narrow screen: it scrolls by itself, by keyboard too.
fn wide(label: &str, inside: Markup) -> Markup {
    html! { div .wide role="region" aria-label=(label) tabindex="0" { (inside) } }
}

/// What stands in place of a part that was not run.
fn not_run(what: &str) -> Markup {
    html! { p .absent { (what) } }
}
