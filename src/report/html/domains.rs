//! The domains with the most collected pages.

use maud::{Markup, html};

use super::numbers::{count, percent, share, short};
use super::plot::bar;
use super::{not_run, wide};
use crate::report::data::{Domain, Report};

/// The table of domains.
pub(super) fn domains(report: &Report) -> Markup {
    let (domains, total) = (&report.figures.domains, report.figures.domains_collected);
    let analysed = domains.iter().any(|domain| domain.pages.is_some());
    let compared = domains.iter().any(|domain| domain.before.is_some());
    let most = domains.iter().map(|domain| domain.collected).max().unwrap_or(1);
    let gain = |domain: &Domain| {
        let gain = domain.collected.cast_signed() - domain.before.unwrap_or_default().cast_signed();
        match gain {
            0 => "±0".to_owned(),
            1.. => format!("+{}", count(gain.unsigned_abs())),
            _ => format!("−{}", count(gain.unsigned_abs())),
        }
    };
    let kind = |related: Option<bool>| match related {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    };
    html! {
        p { (count(total)) " domains have collected pages. These are the " (count(domains.len() as u64)) " with the most." }
        (wide("Table of domains", html! { table {
            caption { "Domains with the most collected pages" }
            thead { tr {
                th scope="col" { "Domain" }
                @if analysed { th .number scope="col" { "Pages" } }
                th .number scope="col" { "Collected" }
                @if analysed { th .number scope="col" { "Share" } th scope="col" { "Math-related" } }
                @if compared { th .number scope="col" { "Gain" } }
                th .number scope="col" { "Tokens" } td .bar {}
            } }
            tbody { @for domain in domains {
                tr {
                    th .domain scope="row" { (domain.domain) }
                    @if analysed { td .number { (domain.pages.map_or("–".to_owned(), count)) } }
                    td .number { (count(domain.collected)) }
                    @if analysed {
                        td .number { (domain.pages.map_or("–".to_owned(), |pages| percent(share(domain.collected, pages)))) }
                        td { (kind(domain.math_related)) }
                    }
                    @if compared { td .number { (gain(domain)) } }
                    td .number { (short(domain.tokens)) }
                    (bar(share(domain.collected, most)))
                }
            } }
        } }))
        @if !analysed { (not_run("The analysis of domains was not run: what share of each domain is collected is not known.")) }
    }
}
