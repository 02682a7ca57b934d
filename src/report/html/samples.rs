//! Pages of each tenth of the ranking, and the best beyond the cut, with their formulas.

use maud::{Markup, html};

use super::numbers::{count, score};
use crate::render::Renderer;
use crate::report::data::{Report, Sample};

/// Pages to look at.
pub(super) fn samples(report: &Report, renderer: &Renderer) -> Markup {
    let shown: usize = report.samples.iter().map(Vec::len).sum();
    html! {
        p { (shown) " pages drawn from the tenths of the collection, then the best that are not in it. What is shown is the beginning of each text, as it was extracted; a formula that does not convert stands as its source." }
        @for (at, samples) in report.samples.iter().enumerate() {
            h3 { "Tenth " (at + 1) }
            @for sample in samples { (page(sample, renderer)) }
        }
        @if !report.beyond.is_empty() {
            h3 { "Just below the cut" }
            @for sample in &report.beyond { (page(sample, renderer)) }
        }
    }
}

fn page(sample: &Sample, renderer: &Renderer) -> Markup {
    let language = match sample.language.as_str() {
        "zh" => Some("zh"),
        _ => None,
    };
    let title = if sample.title.trim().is_empty() { "(no title)" } else { &sample.title };
    html! {
        article .page {
            h4 dir="auto" lang=[language] .rendered { (renderer.line(title)) }
            p .address dir="ltr" { (sample.url) }
            p .facts {
                @if let Some(rank) = sample.rank { span { "rank " (count(rank)) } }
                span { "score " (score(sample.score)) } span { (sample.language) }
                span { (count(sample.tokens)) " tokens" } span { (count(sample.formulas)) " formulas" }
            }
            div .rendered .text lang=[language] dir="auto" {
                (renderer.text(&sample.text))
                @if sample.cut { p .more { "…" } }
            }
        }
    }
}
