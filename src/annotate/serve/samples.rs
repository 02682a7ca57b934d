//! Sample pages of a prefix, their formulas rendered.

use maud::{Markup, html};

use super::view::View;
use crate::annotate::load::Sample;
use crate::annotate::tree::Domain;
use crate::domains::prefix::{Place, Prefix};
use crate::render::Renderer;

/// Samples shown of each kind.
const SHOWN_MAX: usize = 8;

/// The samples that lie under a prefix.
fn under<'a>(prefix: Option<&Prefix>, samples: &'a [Sample], collected: bool) -> Vec<&'a Sample> {
    let covered = |sample: &&Sample| {
        prefix.is_none_or(|prefix| Place::of(&sample.url).is_some_and(|place| prefix.covers(&place)))
    };
    samples.iter().filter(|sample| sample.collected == collected).filter(covered).take(SHOWN_MAX).collect()
}

pub(super) fn section(renderer: &Renderer, domain: &Domain, view: &View, samples: &[Sample]) -> Markup {
    let prefix = view.prefix.as_ref().filter(|prefix| domain.node(prefix).is_some());
    let (missed, collected) = (under(prefix, samples, false), under(prefix, samples, true));
    let place = prefix.map_or_else(|| "/".to_owned(), |prefix| prefix.as_str().to_owned());
    html! {
        section.samples aria-labelledby="samples-title" {
            h2 #samples-title { "Sample pages under " code { bdi { (place) } } }
            @if missed.is_empty() && collected.is_empty() { p.none { "No sample was drawn here." } }
            div.columns {
                (column(renderer, "Not collected", "accepting the prefix adds pages like these", &missed))
                (column(renderer, "Collected", "already in the corpus", &collected))
            }
        }
    }
}

fn column(renderer: &Renderer, title: &str, why: &str, samples: &[&Sample]) -> Markup {
    html! {
        @if !samples.is_empty() {
            div.column {
                h3 { (title) " " span { "· " (why) } }
                @for sample in samples { (card(renderer, sample)) }
            }
        }
    }
}

/// A page's address is followed only where it is one of the web.
fn is_web(url: &str) -> bool {
    Place::of(url).is_some()
}

fn card(renderer: &Renderer, sample: &Sample) -> Markup {
    let title = if sample.title.trim().is_empty() { "(no title)" } else { &sample.title };
    html! {
        article {
            h4 dir="auto" { (renderer.line(title)) }
            p.address {
                span.score title="score" { (format!("{:.2}", sample.score)) } " "
                @if is_web(&sample.url) {
                    a href=(sample.url) target="_blank" rel="noreferrer noopener nofollow" referrerpolicy="no-referrer" { bdi { (sample.url) } span.sr { " (opens in a new tab)" } }
                } @else {
                    bdi { (sample.url) }
                }
            }
            div.text.rendered dir="auto" tabindex="0" role="group" aria-label={ "Text of " (title) } { (renderer.text(&sample.text)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(url: &str, title: &str, text: &str) -> Sample {
        Sample { url: url.to_owned(), title: title.to_owned(), score: 0.5, collected: false, text: text.to_owned() }
    }

    #[track_caller]
    fn check(sample: &Sample, holds: &[&str], lacks: &[&str]) {
        let html = card(&Renderer::new(), sample).into_string();
        assert!(holds.iter().all(|part| html.contains(part)), "{html}");
        assert!(lacks.iter().all(|part| !html.to_lowercase().contains(part)), "{html}");
    }

    #[test]
    fn formulas_are_rendered_and_markup_is_text() {
        check(&sample("https://a.org/x", "On $x^2$", "so $\\frac{1}{2}$"), &["<msup>", "<mfrac>", "noopener"], &[]);
        let hostile = "<script>alert(1)</script><img src=x onerror=alert(1)> $\\text{<img src=x onerror=1>}$ [a](javascript:alert(1))";
        let quote = "\" onmouseover=\"alert(1)";
        check(
            &sample("https://a.org/", hostile, hostile),
            &["&lt;script&gt;"],
            &["<script", "<img", "href=\"javascript"],
        );
        check(&sample("https://a.org/", quote, quote), &[], &["\" onmouseover"]);
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for url in [
            "javascript:alert(1)",
            " javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//a.org/",
            "vbscript:x",
            "",
        ] {
            check(&sample(url, "t", "x"), &[], &["href"]);
        }
        check(&sample("http://a.org/\"><script>", "t", "x"), &["href"], &["<script"]);
    }

    #[test]
    fn samples_of_a_prefix_lie_under_it() {
        let all = [sample("https://a.org/w/1", "", ""), sample("https://a.org/x", "", ""), sample("bad", "", "")];
        let urls = |prefix: Option<&str>| {
            let prefix: Option<Prefix> = prefix.map(|text| text.parse().unwrap());
            under(prefix.as_ref(), &all, false).into_iter().map(|s| s.url.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(urls(Some("/w")), ["https://a.org/w/1"]);
        assert_eq!(urls(None).len(), 3);
        assert!(under(None, &all, true).is_empty());
    }
}
