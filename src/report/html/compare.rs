//! Two rounds beside each other.

use maud::{Markup, html};

use super::numbers::{count, percent, score, share, short};
use super::plot::bar;
use super::{Section, page, wide};
use crate::render::Renderer;
use crate::report::compare::{Change, Comparison};

/// The page that compares two rounds.
#[must_use]
pub fn compare(comparison: &Comparison) -> String {
    let renderer = Renderer::new();
    let [first, second] = &comparison.names;
    let header = html! {
        p .lead {
            strong { (percent(comparison.pages_share())) } " of the pages of " strong { (second) } " and "
            strong { (percent(comparison.tokens_share())) } " of its tokens were in " strong { (first) } "."
        }
    };
    let section = |id, title, body| Section { id, title, body };
    let sections = [
        section("pages", "Pages and tokens", amounts(comparison)),
        section("scores", "Scores on pages of both", shift(comparison)),
        section("gained", "Domains that gained pages", changes(&comparison.gains, true, &renderer)),
        section("lost", "Domains that lost pages", changes(&comparison.losses, false, &renderer)),
    ];
    page(&format!("{first} and {second}"), header, &sections)
}

fn amounts(comparison: &Comparison) -> Markup {
    let [first, second] = &comparison.names;
    let rows = [
        (format!("in {first}"), comparison.all[0]),
        (format!("in {second}"), comparison.all[1]),
        ("in both".to_owned(), comparison.both),
        (format!("lost: only in {first}"), comparison.lost),
        (format!("gained: only in {second}"), comparison.gained),
    ];
    let most = comparison.all[0].pages.max(comparison.all[1].pages);
    html! {
        table {
            caption { "Pages and tokens of the two collections" }
            thead { tr { th scope="col" { "Pages" } th .number scope="col" { "Number" } th .number scope="col" { "Tokens" } td .bar {} } }
            tbody { @for (name, amount) in &rows {
                tr { th scope="row" { (name) } td .number { (count(amount.pages)) } td .number { (short(amount.tokens)) } (bar(share(amount.pages, most))) }
            } }
        }
    }
}

fn shift(comparison: &Comparison) -> Markup {
    let Some(shift) = &comparison.shift else { return html! { p .absent { "No page is in both." } } };
    let names = [
        "5 of 100 are below",
        "a quarter are below",
        "half are below",
        "three quarters are below",
        "95 of 100 are below",
    ];
    html! {
        table .small {
            caption { "The later score less the earlier one" }
            tbody {
                tr { th scope="row" { "mean" } td .number { (format!("{:+.3}", shift.mean)) } }
                @for (name, value) in names.iter().zip(shift.quantiles) { tr { th scope="row" { (name) } td .number { (format!("{value:+.3}")) } } }
            }
        }
    }
}

fn changes(changes: &[Change], gained: bool, renderer: &Renderer) -> Markup {
    if changes.is_empty() {
        return html! { p .absent { "None." } };
    }
    let amount = |change: &Change| if gained { change.gained } else { change.lost };
    let most = changes.iter().map(amount).max().unwrap_or(1);
    html! {
        (wide(if gained { "Table of domains that gained" } else { "Table of domains that lost" }, html! { table {
            caption { "Domains, with the pages that score best of those " (if gained { "gained" } else { "lost" }) }
            thead { tr { th scope="col" { "Domain" } th .number scope="col" { "Gained" } th .number scope="col" { "Lost" } th scope="col" { "Some of the pages" } td .bar {} } }
            tbody { @for change in changes {
                tr {
                    th .domain scope="row" { (change.domain) }
                    td .number { (count(change.gained)) }
                    td .number { (count(change.lost)) }
                    td { @for sample in &change.samples {
                        p .named { span .rendered dir="auto" { (renderer.line(&sample.title)) } " " span .address { (sample.url) } " " span .address { (score(sample.score)) } }
                    } }
                    (bar(share(amount(change), most)))
                }
            } }
        } }))
    }
}
