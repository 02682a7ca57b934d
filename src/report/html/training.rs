//! The classifier: its examples, its figures on held-out domains, its curves.

use maud::{Markup, html};
use serde_json::Value;

use super::not_run;
use super::numbers::{count, score, words};
use super::plot::{Axis, Line, Told, lines};
use crate::report::data::Report;

/// What is known of the classifier.
pub(super) fn classifier(report: &Report) -> Markup {
    let card = &report.card;
    if !card.is_object() {
        return not_run("There is no classifier.json beside the model.");
    }
    let examples = &card["examples"];
    let number = |value: &Value| value.as_u64().map_or("–".to_owned(), count);
    html! {
        p {
            "Trained on " (number(&examples["positives_used"])) " of " (number(&examples["positives"])) " examples of mathematics from "
            (number(&examples["positive_domains_total"])) " domains, and " (number(&examples["negatives_used"])) " of "
            (number(&examples["negatives"])) " other pages; " (number(&examples["negatives_like_math"]))
            " of those looked like mathematics and were left out."
        }
        (figures(&card["validation"]))
        (curves(&card["curves"]))
        (settings(card))
    }
}

fn figures(validation: &Value) -> Markup {
    let Some(figures) = validation.as_object() else {
        return not_run("Not validated: the examples of mathematics are of one domain.");
    };
    html! {
        table .small {
            caption { "On domains that the model had not seen" }
            thead { tr { th scope="col" { "Figure" } th .number scope="col" { "Value" } } }
            tbody { @for (name, value) in figures {
                tr {
                    th scope="row" { (words(name)) }
                    td .number { @match value.as_u64() { Some(n) => { (count(n)) } None => { (value.as_f64().map_or("–".to_owned(), score)) } } }
                }
            } }
        }
    }
}

fn pairs(value: &Value, x: &str, y: &str) -> Vec<(f64, f64)> {
    let points = value.as_array().into_iter().flatten();
    points.filter_map(|point| Some((point[x].as_f64()?, point[y].as_f64()?))).collect()
}

fn curves(curves: &Value) -> Markup {
    let found = pairs(&curves["precision_recall"], "recall", "precision");
    let calibrated = pairs(&curves["calibration"], "predicted", "observed");
    if found.is_empty() && calibrated.is_empty() {
        return not_run("The card has no curves: it is of an earlier version, or nothing was validated.");
    }
    let examples: Vec<u64> = curves["calibration"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|range| range["examples"].as_u64().unwrap_or_default())
        .collect();
    html! {
        div .beside {
            figure {
                @let told = Told { id: "precision", title: "Precision against recall", description: "On held-out domains, corrected for the mathematics among the other pages. The numbers are in the tables that follow." };
                (lines(&told, &Axis::unit("recall"), &Axis::unit("precision"), &[Line { name: "precision", class: "one", points: found.clone(), dots: false }]))
                figcaption { "Precision against recall on held-out domains. At the left end it is estimated too low where the sample of the crawl is small: a sample of a few hundred pages has no place for the top thousandth." }
            }
            figure {
                @let told = Told { id: "calibration", title: "Calibration", description: "How often a page is mathematics, by the probability that was predicted. The numbers are in the tables that follow." };
                (lines(&told, &Axis::unit("predicted probability"), &Axis::unit("share of mathematics"), &[
                    Line { name: "perfect", class: "faint", points: vec![(0.0, 0.0), (1.0, 1.0)], dots: false },
                    Line { name: "found", class: "one", points: calibrated.clone(), dots: true },
                ]))
                figcaption { "Calibration, on the examples that it was fitted to." }
            }
        }
        details {
            summary { "The numbers of these plots" }
            div .beside {
                table .small {
                    caption { "Precision by recall" }
                    thead { tr { th .number scope="col" { "Recall" } th .number scope="col" { "Precision" } } }
                    tbody { @for (recall, precision) in &found { tr { th .number scope="row" { (score(*recall)) } td .number { (score(*precision)) } } } }
                }
                table .small {
                    caption { "Mathematics by predicted probability" }
                    thead { tr { th .number scope="col" { "Predicted" } th .number scope="col" { "Found" } th .number scope="col" { "Examples" } } }
                    tbody { @for ((predicted, observed), examples) in calibrated.iter().zip(&examples) {
                        tr { th .number scope="row" { (score(*predicted)) } td .number { (score(*observed)) } td .number { (count(*examples)) } }
                    } }
                }
            }
        }
    }
}

fn settings(card: &Value) -> Markup {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, value) in card["settings"].as_object().into_iter().flatten() {
        match value.as_object() {
            Some(inner) => {
                rows.extend(inner.iter().map(|(key, value)| (format!("{name}: {}", words(key)), plain(value))));
            }
            None => rows.push((words(name), plain(value))),
        }
    }
    let tried = card["tried"].as_array().map_or(0, Vec::len);
    html! {
        details {
            summary { "Settings" @if tried > 1 { ", chosen among " (tried) } }
            table .small {
                caption { "Settings of the training" }
                tbody { @for (name, value) in &rows { tr { th scope="row" { (name) } td { (value) } } } }
            }
        }
    }
}
