//! Where captures went: the flow, the reasons, duplicates, benchmarks, repeated paragraphs.

use maud::{Markup, html};
use serde_json::Value;

use super::numbers::{bytes, count, percent, share, words};
use super::plot::{Axis, Line, Told, bar, lines, n, picture};
use super::{not_run, wide};
use crate::report::data::Report;
use crate::report::gather::counts;

/// A step of the flow: what goes in, and what it drops.
struct Step {
    name: &'static str,
    left: u64,
    dropped: Vec<(String, u64)>,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// The steps from the captures on, each with what is left after it.
fn steps(report: &Report) -> Vec<Step> {
    let summary = &report.summary;
    let (pages, quality, dedup) = (&summary["pages"], &summary["quality"], &summary["dedup"]);
    let of_quality = counts(&quality["rejected"]);
    let known = |name: &str| of_quality.iter().any(|(other, _)| other == name);
    let mut steps = vec![
        Step { name: "captures", left: number(&pages["seen"]), dropped: Vec::new() },
        Step { name: "extraction", left: number(&pages["kept"]), dropped: counts(&pages["rejected"]) },
    ];
    if !of_quality.is_empty() || quality["kept"].is_u64() {
        steps.push(Step { name: "quality", left: number(&quality["kept"]), dropped: of_quality.clone() });
    }
    let duplicates = counts(&dedup["dropped"]).into_iter().filter(|(name, _)| !known(name)).collect();
    steps.push(Step { name: "deduplication", left: number(&dedup["kept"]), dropped: duplicates });
    let contaminated = number(&summary["decontamination"]["pages_dropped"]);
    let collected = number(&summary["ranking"]["pages"]);
    let could: u64 = report.figures.scores.iter().map(|bin| bin.pages).sum();
    let left = could.max(collected);
    if summary["decontamination"].is_object() {
        let dropped = number(&dedup["kept"]).saturating_sub(left).min(contaminated);
        let mut reasons = vec![("benchmark_text".to_owned(), dropped)];
        reasons.retain(|(_, n)| *n > 0);
        steps.push(Step { name: "decontamination", left, dropped: reasons });
    }
    let before = steps.last().map_or(0, |step| step.left);
    let below = vec![("below_the_cut".to_owned(), before.saturating_sub(collected))];
    steps.push(Step { name: "ranking", left: collected, dropped: below });
    steps
}

/// The flow as a picture and a table.
pub(super) fn flow(report: &Report) -> Markup {
    let steps = steps(report);
    let total = steps[0].left;
    html! {
        figure {
            (wide("The flow of pages", sankey(&steps)))
            figcaption { "Pages after each step; what leaves the band at a step was dropped there." }
        }
        table {
            caption { "Pages after each step" }
            thead { tr { th scope="col" { "Step" } th .number scope="col" { "Dropped" } th .number scope="col" { "Left" } th .number scope="col" { "Of all captures" } td .bar {} } }
            tbody {
                @for (at, step) in steps.iter().enumerate() {
                    tr {
                        th scope="row" { (step.name) }
                        td .number { @if at > 0 { (count(steps[at - 1].left.saturating_sub(step.left))) } @else { "–" } }
                        td .number { (count(step.left)) }
                        td .number { (percent(share(step.left, total))) }
                        (bar(share(step.left, total)))
                    }
                }
            }
        }
    }
}

/// The band of pages from left to right, with what leaves it at each step.
fn sankey(steps: &[Step]) -> Markup {
    const WIDTH: f64 = 900.0;
    const TOP: f64 = 40.0;
    const FULL: f64 = 190.0;
    const NODE: f64 = 9.0;
    let total = steps[0].left.max(1) as f64;
    let tall = |pages: u64| if pages == 0 { 0.0 } else { (pages as f64 / total * FULL).max(1.2) };
    let step = (WIDTH - 70.0) / (steps.len() - 1).max(1) as f64;
    let x = |at: usize| at as f64 * step;
    let floor = TOP + FULL + 34.0;
    let lost_most = steps.windows(2).map(|pair| tall(pair[0].left.saturating_sub(pair[1].left))).fold(0.0, f64::max);
    let height = floor + lost_most + 22.0;
    let told: Vec<String> = steps.iter().map(|step| format!("{} {}", count(step.left), step.name)).collect();
    let description = format!("Pages after each step: {}.", told.join(", "));
    let told = Told { id: "flow-plot", title: "The flow of pages", description: &description };
    let inside = html! {
        @for (at, pair) in steps.windows(2).enumerate() {
            @let (before, after) = (tall(pair[0].left), tall(pair[1].left));
            @let lost = pair[0].left.saturating_sub(pair[1].left);
            @let (from, to) = (x(at) + NODE, x(at + 1));
            @let middle = f64::midpoint(from, to);
            @if after > 0.0 {
                rect .band x=(n(from)) width=(n(to - from)) y=(n(TOP)) height=(n(after)) {}
            }
            @if lost > 0 {
                @let drop = tall(lost);
                @let (up, low) = (TOP + before - drop, TOP + before);
                @let (end_up, end_low) = (floor, floor + drop);
                @let end = to - NODE;
                path .lost d={
                    "M" (n(from)) " " (n(up)) " C" (n(middle)) " " (n(up)) " " (n(middle)) " " (n(end_up)) " " (n(end)) " " (n(end_up))
                    " L" (n(end)) " " (n(end_low)) " C" (n(middle - drop * 0.25)) " " (n(end_low)) " " (n(middle - drop * 0.25)) " " (n(low)) " " (n(from)) " " (n(low)) " Z"
                } {}
                text .lost x=(n(end)) y=(n(end_low + 16.0)) text-anchor="end" { "− " (count(lost)) }
            }
        }
        @for (at, step) in steps.iter().enumerate() {
            rect .node x=(n(x(at))) width=(n(NODE)) y=(n(TOP)) height=(n(tall(step.left).max(1.2))) {}
            text .name x=(n(x(at))) y=(n(TOP - 22.0)) { (step.name) }
            text .left x=(n(x(at))) y=(n(TOP - 7.0)) { (count(step.left)) }
        }
    };
    picture(&told, WIDTH, height, inside)
}

/// All reasons, by step. The pages below the cut are no rejects.
pub(super) fn rejections(report: &Report) -> Markup {
    let mut steps = steps(report);
    steps.pop();
    let most = steps.iter().flat_map(|step| &step.dropped).map(|(_, n)| *n).max().unwrap_or(1);
    html! {
        table {
            caption { "Pages dropped, by step and reason; the share is of the pages that the step was given" }
            thead { tr { th scope="col" { "Step" } th scope="col" { "Reason" } th .number scope="col" { "Pages" } th .number scope="col" { "Share" } td .bar {} } }
            tbody {
                @for pair in steps.windows(2) {
                    @for (reason, n) in &pair[1].dropped {
                        tr {
                            td { (pair[1].name) }
                            th scope="row" { (words(reason)) }
                            td .number { (count(*n)) }
                            td .number { (percent(share(*n, pair[0].left))) }
                            (bar(share(*n, most)))
                        }
                    }
                }
            }
        }
    }
}

/// What was found twice, and what the search finds by theory.
pub(super) fn duplicates(report: &Report) -> Markup {
    let dedup = &report.summary["dedup"];
    let kinds =
        [("same_address", "of one address"), ("same_text", "of one text"), ("near_duplicate", "nearly the same text")];
    let number = |name: &str| number(&dedup["dropped"][name]);
    let all: u64 = kinds.iter().map(|(name, _)| number(name)).sum();
    let found = dedup["detection"].as_array().into_iter().flatten();
    let curve: Vec<(f64, f64)> = found.filter_map(|pair| Some((pair[0].as_f64()?, pair[1].as_f64()?))).collect();
    html! {
        table {
            caption { "Copies that went" }
            thead { tr { th scope="col" { "Copies" } th .number scope="col" { "Pages" } th .number scope="col" { "Share" } td .bar {} } }
            tbody { @for (name, told) in kinds {
                tr { th scope="row" { (told) } td .number { (count(number(name))) } td .number { (percent(share(number(name), all))) } (bar(share(number(name), all))) }
            } }
        }
        @if curve.is_empty() {
            (not_run("The curve of detection is not known."))
        } @else {
            div .beside {
                figure {
                    @let told = Told { id: "detection", title: "Detection of near-duplicates", description: "The probability that a pair of pages is compared, by its similarity. The numbers are in the table that follows." };
                    @let x = Axis { label: "Jaccard similarity of two pages", from: 0.5, to: 1.0, marks: (5..=10).map(|n| f64::from(n) / 10.0).map(|x| (x, format!("{x:.1}"))).collect() };
                    (lines(&told, &x, &Axis::unit("probability"), &[Line { name: "found", class: "one", points: curve.clone(), dots: true }]))
                    figcaption { "By theory, with the settings of this run: how likely two pages are compared." }
                }
                table .small {
                    caption { "Detection by similarity" }
                    thead { tr { th .number scope="col" { "Similarity" } th .number scope="col" { "Found" } } }
                    tbody { @for (similarity, found) in &curve { tr { th .number scope="row" { (format!("{similarity:.2}")) } td .number { (percent(*found)) } } } }
                }
            }
        }
    }
}

/// What benchmarks asked and pages held.
pub(super) fn contamination(report: &Report) -> Markup {
    let all = &report.summary["decontamination"];
    let Some(benchmarks) = all["benchmarks"].as_object() else {
        return not_run("Not run: no benchmark was named in decontaminate.benchmarks.");
    };
    let number = |name: &str| number(&all[name]);
    let mut rows: Vec<(&String, [u64; 3])> = benchmarks
        .iter()
        .map(|(name, found)| {
            (name, ["pages", "matches", "items_found"].map(|key| found[key].as_u64().unwrap_or_default()))
        })
        .collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let most = rows.first().map_or(1, |row| row.1[0]);
    html! {
        p {
            (count(number("paragraphs_removed"))) " paragraphs were removed from " (count(number("pages_changed"))) " pages, "
            (count(number("tokens_removed"))) " tokens in all; " (count(number("pages_dropped"))) " pages held so much that they were dropped. "
            "All pages of the crawl are counted here, duplicates too."
        }
        (wide("Table of benchmarks", html! { table {
            caption { "Text of benchmarks that was found and removed, by benchmark" }
            thead { tr { th scope="col" { "Benchmark" } th .number scope="col" { "Items found" } th .number scope="col" { "Matches" } th .number scope="col" { "Pages" } td .bar {} } }
            tbody { @for (name, [pages, matches, items]) in rows {
                tr { th scope="row" { (name) } td .number { (count(items)) } td .number { (count(matches)) } td .number { (count(pages)) } (bar(share(pages, most))) }
            } }
        } }))
    }
}

/// Paragraphs that repeat over the pages of a site.
pub(super) fn boilerplate(report: &Report) -> Markup {
    let all = &report.summary["boilerplate"];
    if !all.is_object() {
        return not_run("Not run.");
    }
    let number = |name: &str| number(&all[name]);
    html! {
        table {
            caption { "Paragraphs that repeat over the pages of a site" }
            tbody {
                @for (name, told) in [
                    ("repeated", "different paragraphs that repeat"),
                    ("sites", "sites that have such"),
                    ("paragraphs_removed", "paragraphs removed"),
                    ("pages_changed", "pages they were removed from"),
                    ("pages_emptied", "pages with nothing left"),
                ] {
                    tr { th scope="row" { (told) } td .number { (count(number(name))) } }
                }
                tr { th scope="row" { "text removed" } td .number { (bytes(number("bytes_removed"))) } }
            }
        }
    }
}
