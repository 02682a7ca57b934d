//! Scores, tenths of the ranking, languages.

use maud::{Markup, html};

use super::numbers::{count, percent, score, share, short};
use super::plot::{Axis, Told, bar, stacked};
use super::wide;
use crate::report::data::{BINS, Report};

/// Pages by score, with the cut.
pub(super) fn histogram(report: &Report) -> Markup {
    let bins = &report.figures.scores;
    let cut = report.summary["ranking"]["last_score"].as_f64();
    let bars: Vec<(u64, u64)> =
        bins.iter().map(|bin| (bin.collected, bin.pages.saturating_sub(bin.collected))).collect();
    let pages: u64 = bins.iter().map(|bin| bin.pages).sum();
    let collected: u64 = bins.iter().map(|bin| bin.collected).sum();
    let description = format!(
        "Of {} pages that could be collected, {} are: those that score best, down to {}. The number of pages is on a logarithmic scale; the numbers are in the table that follows.",
        count(pages),
        count(collected),
        cut.map_or("an unknown score".to_owned(), score)
    );
    let told = Told { id: "histogram", title: "Pages by score", description: &description };
    html! {
        figure {
            (wide("Pages by score", stacked(&told, &Axis::unit("score: the classifier's probability of mathematics"), "pages, logarithmic", &bars, cut)))
            ul .legend aria-hidden="true" { li .one { "collected" } li .two { "not collected" } }
            figcaption { "All pages that could be collected, after quality, deduplication and decontamination. The lowest score collected is " (cut.map_or("unknown".to_owned(), score)) "." }
        }
        details {
            summary { "The numbers of this plot" }
            table .small {
                caption { "Pages by score" }
                thead { tr { th scope="col" { "Score" } th .number scope="col" { "Pages" } th .number scope="col" { "Collected" } } }
                tbody { @for (at, bin) in bins.iter().enumerate() {
                    @let edge = |at: usize| format!("{:.3}", at as f64 / BINS as f64);
                    tr { th scope="row" { (edge(at)) " – " (edge(at + 1)) } td .number { (count(bin.pages)) } td .number { (count(bin.collected)) } }
                } }
            }
        }
    }
}

/// The collection in tenths, best first.
pub(super) fn deciles(report: &Report) -> Markup {
    let deciles = &report.figures.deciles;
    let most = deciles.iter().map(|decile| decile.tokens).max().unwrap_or(1);
    html! {
        (wide("The collection by tenths", html! { table {
            caption { "The collection by tenths of its pages, best first" }
            thead { tr {
                th scope="col" { "Tenth" } th .number scope="col" { "Scores" } th .number scope="col" { "Pages" }
                th .number scope="col" { "Formulas a page" } th .number scope="col" { "Chinese" }
                th .number scope="col" { "Tokens" } td .bar {}
            } }
            tbody { @for (at, decile) in deciles.iter().enumerate() {
                tr {
                    th scope="row" { (at + 1) }
                    td .number { (score(decile.score_first)) " – " (score(decile.score_last)) }
                    td .number { (count(decile.pages)) }
                    td .number { (format!("{:.1}", decile.formulas as f64 / decile.pages.max(1) as f64)) }
                    td .number { (percent(share(decile.chinese, decile.pages))) }
                    td .number { (short(decile.tokens)) }
                    (bar(share(decile.tokens, most)))
                }
            } }
        } }))
    }
}

/// By language: what there is and what is collected.
pub(super) fn languages(report: &Report) -> Markup {
    let languages = &report.figures.languages;
    let collected: u64 = languages.iter().map(|language| language.collected_tokens).sum();
    let name = |code: &str| match code {
        "en" => "English".to_owned(),
        "zh" => "Chinese".to_owned(),
        other => other.to_owned(),
    };
    html! {
        (wide("Table of languages", html! { table {
            caption { "Pages that could be collected and pages that are, by language" }
            thead { tr {
                th scope="col" { "Language" } th .number scope="col" { "Pages" } th .number scope="col" { "Collected" }
                th .number scope="col" { "Share collected" } th .number scope="col" { "Tokens collected" }
                th .number scope="col" { "Of all tokens" } td .bar {}
            } }
            tbody { @for language in languages {
                @let of_all = share(language.collected_tokens, collected);
                tr {
                    th scope="row" { (name(&language.language)) }
                    td .number { (count(language.pages)) }
                    td .number { (count(language.collected)) }
                    td .number { (percent(share(language.collected, language.pages))) }
                    td .number { (short(language.collected_tokens)) }
                    td .number { (percent(of_all)) }
                    (bar(of_all))
                }
            } }
        } }))
    }
}
