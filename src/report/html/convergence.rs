//! The rounds up to this one, and how much of each the round before had.

use maud::{Markup, html};

use super::numbers::{count, percent, score, short};
use super::plot::{Axis, Line, Told, lines};
use super::{not_run, wide};
use crate::report::data::{Report, RoundLine};

/// A table of rounds, and the shares that decide whether to stop.
pub(super) fn rounds(report: &Report) -> Markup {
    let rounds = &report.rounds;
    let share = |of: fn(&RoundLine) -> Option<f64>| -> Vec<(f64, f64)> {
        rounds.iter().filter_map(|round| Some((f64::from(round.round), of(round)?))).collect()
    };
    let (pages, tokens) = (share(|round| round.pages_share), share(|round| round.tokens_share));
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    html! {
        (wide("Table of rounds", html! { table {
            caption { "The rounds" }
            thead { tr {
                th scope="col" { "Round" } th .number scope="col" { "Examples of mathematics" } th .number scope="col" { "Average precision" }
                th .number scope="col" { "Pages" } th .number scope="col" { "Tokens" } th .number scope="col" { "Score at the cut" }
                th .number scope="col" { "Pages held before" } th .number scope="col" { "Tokens held before" }
            } }
            tbody { @for round in rounds {
                tr {
                    th scope="row" { (round.round) }
                    td .number { (or_dash(round.positives.map(count))) }
                    td .number { (or_dash(round.average_precision.map(score))) }
                    td .number { (count(round.pages)) }
                    td .number { (short(round.tokens)) }
                    td .number { (or_dash(round.last_score.map(score))) }
                    td .number { (or_dash(round.pages_share.map(percent))) }
                    td .number { (or_dash(round.tokens_share.map(percent))) }
                }
            } }
        } }))
        @if pages.len() > 1 {
            figure {
                @let told = Told { id: "convergence", title: "Convergence", description: "The share of each round's collection that the round before had. The numbers are in the table above." };
                @let first = pages[0].0;
                @let last = pages[pages.len() - 1].0;
                @let x = Axis { label: "round", from: first, to: last, marks: pages.iter().map(|(round, _)| (*round, format!("{round:.0}"))).collect() };
                @let at_least = rounds.iter().rev().find_map(|round| round.converged_share);
                @let mut all = vec![
                    Line { name: "of the pages", class: "one", points: pages, dots: true },
                    Line { name: "of the tokens", class: "two", points: tokens, dots: true },
                ];
                @if let Some(at_least) = at_least {
                    @let () = all.push(Line { name: "stop from here", class: "faint", points: vec![(first, at_least), (last, at_least)], dots: false });
                }
                (lines(&told, &x, &Axis::unit("share held before"), &all))
                figcaption { "What the round before had of each round's collection." }
            }
        } @else if pages.is_empty() {
            (not_run("Convergence is measured from the second round on."))
        }
    }
}
