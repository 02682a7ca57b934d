//! What the stages took, and what they were asked to do.

use maud::{Markup, html};

use super::numbers::{bytes, count, seconds, share};
use super::plot::bar;
use super::wide;
use crate::report::data::Report;

/// Time and memory by stage.
pub(super) fn timings(report: &Report) -> Markup {
    let timings = &report.timings;
    let total: f64 = timings.iter().map(|timing| timing.cpu_s).sum();
    let most = timings.iter().map(|timing| timing.cpu_s).fold(1e-9, f64::max);
    html! {
        p {
            "CPU time " (seconds(total)) " in all, when each task last ran. Tasks run beside each other, so their times add up to more than the clock's. "
            "Memory is the most that the process had held by then."
        }
        (wide("Table of stages", html! { table {
            caption { "Stages" }
            thead { tr {
                th scope="col" { "Stage" } th .number scope="col" { "Tasks" } th .number scope="col" { "Read" } th .number scope="col" { "Written" }
                th .number scope="col" { "Rows" } th .number scope="col" { "Longest task" } th .number scope="col" { "Memory" }
                th .number scope="col" { "CPU" } td .bar {}
            } }
            tbody { @for timing in timings {
                tr {
                    th scope="row" { (timing.stage) }
                    td .number { (count(timing.tasks)) }
                    td .number { @if timing.bytes_in > 0 { (bytes(timing.bytes_in)) } @else { "–" } }
                    td .number { (bytes(timing.bytes_out)) }
                    td .number { (count(timing.rows_out)) }
                    td .number { (seconds(timing.longest_s)) }
                    td .number { (timing.memory_peak.map_or("–".to_owned(), bytes)) }
                    td .number { (seconds(timing.cpu_s)) }
                    (bar(share((timing.cpu_s * 1e3) as u64, (most * 1e3) as u64)))
                }
            } }
        } }))
    }
}

/// The configuration and the versions.
pub(super) fn configuration(report: &Report) -> Markup {
    html! {
        @if report.configuration.is_empty() {
            p .absent { "The configuration is not known." }
        } @else {
            details {
                summary { "The configuration that this report was made with" }
                pre tabindex="0" role="region" aria-label="Configuration" { code { (report.configuration) } }
            }
        }
        table .small {
            caption { "Versions" }
            tbody {
                @for (name, version) in &report.versions { tr { th scope="row" { (name) } td { (version) } } }
                @for timing in &report.timings { tr { th scope="row" { "stage " (timing.stage) } td { (timing.version) } } }
            }
        }
    }
}
