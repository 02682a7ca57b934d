//! The forms of markup that formulas come in.

use maud::{Markup, html};

use super::numbers::{count, percent, share, words};
use super::plot::bar;
use super::{not_run, wide};
use crate::report::data::Report;

/// What a form is, by its name in tables.
fn told(form: &str) -> String {
    let told = match form {
        "inline_delimiters" => "TeX between inline delimiters",
        "display_delimiters" => "TeX between display delimiters, environments",
        "tags" => "TeX between forum or wiki tags",
        "asciimath" => "AsciiMath",
        "script" => "TeX in script elements",
        "mathml" => "MathML",
        "katex" => "KaTeX",
        "mathjax" => "MathJax",
        "mediawiki" => "MediaWiki",
        "latexml" => "LaTeXML",
        "element" => "TeX in attributes and math elements",
        "image" => "TeX of pictures",
        "office" => "Word processors\u{2019} equations",
        "typeset" => "Letters with sup and sub",
        other => return words(other),
    };
    told.to_owned()
}

/// The table of forms.
pub(super) fn forms(report: &Report) -> Markup {
    let forms = &report.figures.forms;
    if forms.is_empty() {
        return not_run("No form is known: the pages have no formulas, or no tables of forms stand beside them.");
    }
    let all: u64 = forms.iter().map(|form| form.formulas).sum();
    let collected: u64 = forms.iter().map(|form| form.collected_formulas).sum();
    html! {
        p {
            "Pages that could be collected have " (count(all)) " formulas; " (count(collected)) ", "
            (percent(share(collected, all))) ", are collected. All come out as LaTeX; this is what the pages have them in."
        }
        (wide("Table of markup forms", html! { table {
            caption { "Formulas by the markup in which pages have them" }
            thead { tr {
                th scope="col" { "Form" } th .number scope="col" { "Formulas" } th .number scope="col" { "Collected" }
                th .number scope="col" { "Pages with it, collected" } th .number scope="col" { "Of all collected" } td .bar {}
            } }
            tbody { @for form in forms {
                @let of_all = share(form.collected_formulas, collected);
                tr {
                    th scope="row" { (told(&form.form)) }
                    td .number { (count(form.formulas)) }
                    td .number { (count(form.collected_formulas)) }
                    td .number { (count(form.collected)) " of " (count(form.pages)) }
                    td .number { (percent(of_all)) }
                    (bar(of_all))
                }
            } }
        } }))
    }
}
