//! The page: one document, made anew for every request; a small script only spares the reloading.

use maud::{DOCTYPE, Markup, html};

use super::rows;
use super::samples;
use super::view::{Show, View};
use crate::annotate::figures::{count, gain, percent, short};
use crate::annotate::load::Sample;
use crate::annotate::session::{Progress, Session, Snapshot};
use crate::annotate::tree::Domain;
use crate::annotate::verdicts::Said;
use crate::render::Renderer;

/// What a page is made of.
pub(super) struct Page<'a> {
    pub(super) session: &'a Session,
    pub(super) snapshot: &'a Snapshot,
    pub(super) renderer: &'a Renderer,
    pub(super) view: &'a View,
    /// What went wrong just now.
    pub(super) alert: Option<&'a str>,
    /// The domain shown, with its samples.
    pub(super) shown: Option<(&'a Domain, Vec<Sample>)>,
}

/// A bar of a share; a style attribute is nothing that this page allows itself.
pub(super) fn bar(share: f64) -> Markup {
    let width = format!("{:.1}", (share * 100.0).clamp(0.0, 100.0));
    html! {
        svg.bar viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect.track width="100" height="6" rx="1" {}
            rect.fill width=(width) height="6" rx="1" {}
        }
    }
}

/// The fields of a form that bring the person back to this view.
pub(super) fn carried(view: &View) -> Markup {
    html! {
        @for (name, value) in view.fields() { input type="hidden" name=(name) value=(value); }
    }
}

impl Page<'_> {
    pub(super) fn document(&self) -> Markup {
        let title = self.shown.as_ref().map_or("Annotation", |(domain, _)| domain.name.as_str());
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · round " (self.session.round) }
                    link rel="icon" href="icon.svg";
                    link rel="stylesheet" href="page.css";
                    script src="page.js" defer {}
                }
                body {
                    a.skip href="#domain" { "Skip to the domain" }
                    div #live .sr role="status" aria-live="polite" {}
                    div #app { (self.app()) }
                    (help())
                }
            }
        }
    }

    fn app(&self) -> Markup {
        let progress = self.session.progress(self.snapshot);
        html! {
            (self.header(progress))
            @if let Some(alert) = self.alert {
                p.alert role="alert" { (alert) }
            }
            div.panes {
                nav aria-label="Domains" { (self.list()) }
                main #domain tabindex="-1" {
                    @match &self.shown {
                        Some((domain, samples)) => (self.domain(domain, samples)),
                        None => (self.finished(progress)),
                    }
                }
            }
        }
    }

    fn header(&self, progress: Progress) -> Markup {
        let (undo, redo) = self.session.steps();
        let judged = format!("{} of {} domains judged", count(progress.settled as u64), count(progress.domains as u64));
        html! {
            header {
                div.brand { b { "Round " (self.session.round) } span { " annotation" } }
                div.progress {
                    progress max=(progress.domains.max(1)) value=(progress.settled) aria-label=(judged) {}
                    p #progress {
                        (judged) " · accepted so far: " b { "+" (gain(progress.gain)) }
                        @if progress.open.pages > 0 { " · proposed for the rest: +" (gain(progress.open)) }
                    }
                }
                form.tools method="post" action="step" data-quiet="" {
                    (carried(self.view))
                    button name="do" value="undo" disabled[!undo] aria-keyshortcuts="u" title="Undo (u)" { "Undo" }
                    button name="do" value="redo" disabled[!redo] aria-keyshortcuts="y" title="Redo (y)" { "Redo" }
                    button #help-button type="button" aria-keyshortcuts="?" aria-haspopup="dialog" title="Keys (?)" { "Keys" }
                }
            }
        }
    }

    fn listed(&self) -> Vec<(&Domain, Said)> {
        let wanted = self.view.find.to_lowercase();
        let domains = self.session.domains.iter().filter(|domain| domain.name.contains(&wanted));
        let all = domains.map(|domain| (domain, self.session.said(self.snapshot, &domain.name)));
        let shown = all.filter(|(_, said)| match self.view.show {
            Show::Open => !said.settled,
            Show::Settled => said.settled,
            Show::All => true,
        });
        let mut shown: Vec<_> = shown.collect();
        shown.sort_by_key(|(domain, _)| self.session.skipped(&domain.name));
        shown
    }

    fn list(&self) -> Markup {
        let all = self.listed();
        let current = self.shown.as_ref().map(|(domain, _)| domain.name.as_str());
        html! {
            form.filter method="get" action="./" role="search" {
                @for (name, value) in self.view.fields() {
                    @if !["find", "show", "listed"].contains(&name) { input type="hidden" name=(name) value=(value); }
                }
                label.sr for="find" { "Find a domain" }
                input #find type="search" name="find" value=(self.view.find) placeholder="Find a domain  ( / )" autocomplete="off" spellcheck="false" aria-keyshortcuts="/";
                fieldset {
                    legend.sr { "Which domains" }
                    @for show in Show::ALL {
                        label { input type="radio" name="show" value=(show.name()) checked[show == self.view.show]; span { (show.name()) } }
                    }
                }
                noscript { button { "Show" } }
            }
            @if all.is_empty() {
                p.none { @if self.view.find.is_empty() { "None." } @else { "No domain of this name." } }
            }
            ol.domains {
                @for (domain, said) in all.iter().take(self.view.listed) {
                    li { (self.item(domain, said, current == Some(&domain.name))) }
                }
            }
            @if all.len() > self.view.listed {
                a.more href=(View { listed: self.view.listed * 2, ..self.view.clone() }.link()) {
                    "Show more of " (count(all.len() as u64))
                }
            }
        }
    }

    fn item(&self, domain: &Domain, said: &Said, current: bool) -> Markup {
        let (mark, state) = state(domain, said, self.session.skipped(&domain.name));
        let brings = if said.settled { said.gain(domain) } else { domain.expected() };
        html! {
            a href=(self.view.at(&domain.name).link()) aria-current=[current.then_some("page")] class=[said.settled.then_some("settled")] {
                span.mark aria-hidden="true" { (mark) }
                span.name { bdi { (domain.name) } }
                span.gain { "+" (short(brings.pages)) span.sr { " pages" } }
                (bar(domain.figures.share))
                span.sr { ", " (percent(domain.figures.share)) " collected, " (state) }
            }
        }
    }

    fn finished(&self, progress: Progress) -> Markup {
        html! {
            section.finished {
                h1 { @if progress.domains == 0 { "Nothing to judge" } @else { "All domains are judged" } }
                @if progress.domains == 0 {
                    p { "No domain of this round is math-related. Lower " code { "domains.share_min" } ", or collect more." }
                } @else {
                    p { "What was accepted adds " (gain(progress.gain)) " to the seed of the next round." }
                    p { "Go on with " code { "corpus-build iterate --round " (self.session.round + 1) } "." }
                }
                p.file { "Verdicts are in " code { (self.session.path.display()) } }
            }
        }
    }

    fn domain(&self, domain: &Domain, samples: &[Sample]) -> Markup {
        let said = self.session.said(self.snapshot, &domain.name);
        let figures = &domain.figures;
        let brings = if said.settled { said.gain(domain) } else { domain.expected() };
        let (_, state) = state(domain, &said, self.session.skipped(&domain.name));
        let next = self.session.next(self.snapshot, Some(&domain.name));
        let note = self.snapshot.notes.get(&domain.name).map(String::as_str).unwrap_or_default();
        let form = |action: &'static str, content: Markup| {
            html! {
                form method="post" action=(action) {
                    (carried(self.view))
                    input type="hidden" name="seen" value=(said.version());
                    (content)
                }
            }
        };
        let proposed = said.proposed(domain);
        let proposals = proposed.0.iter().chain(&proposed.1).filter(|prefix| said.own(prefix).is_none()).count();
        html! {
            section.head aria-labelledby="name" {
                div.line {
                    h1 #name { bdi { (domain.name) } }
                    span class={ "state " (if said.settled { "settled" } else { "open" }) } { (state) }
                    @if let Some(next) = next {
                        a #next.button href=(self.view.at(&next.name).link()) aria-keyshortcuts="n" title="Next domain (n)" { "Next domain" span aria-hidden="true" { " →" } }
                    }
                }
                dl.figures {
                    div { dt { "Pages" } dd { (count(figures.pages)) } }
                    div { dt { "Collected" } dd { (percent(figures.share)) " " (bar(figures.share)) } }
                    div { dt { "Not collected" } dd { (count(figures.uncollected().pages)) } }
                    div { dt { "Mean score" } dd { (format!("{:.2}", figures.mean_score)) } }
                    @if domain.hosts > 1 { div { dt { "Hosts" } dd { (count(domain.hosts)) } } }
                    div.brings { dt { @if said.settled { "Accepted brings" } @else { "Would bring" } } dd { "+" (gain(brings)) } }
                }
                div.whole {
                    @if proposals > 0 {
                        (form("act", html! {
                            button.take name="do" value="take" aria-keyshortcuts="p" title="Take the proposals (p)" { "Take the " (proposals) " " (if proposals == 1 { "proposal" } else { "proposals" }) }
                        }))
                    }
                    @if !said.settled {
                        (form("skip", html! {
                            button name="do" value="skip" aria-keyshortcuts="x" title="Put off (x)" { @if self.session.skipped(&domain.name) { "No longer put off" } @else { "Put off" } }
                        }))
                    }
                    (form("note", html! {
                        label.note { span { "Note" } input #note name="note" value=(note) maxlength="500" autocomplete="off" aria-keyshortcuts="t" placeholder="kept in the file as a comment  ( t )"; }
                        button { "Keep" }
                    }))
                }
                @if let Some(by) = said.by.as_ref().filter(|_| said.settled) {
                    p.by { "Judged by " bdi { (by) } @if let Some(at) = &said.at { ", " (at.replace('T', " ").replace('Z', " UTC")) } }
                }
                @if let Some(by) = said.proposal.as_ref().and_then(|entry| entry.by.as_ref()) {
                    p.by { "Proposed by " bdi { (by) } }
                }
            }
            (rows::table(self, domain, &said))
            (samples::section(self.renderer, domain, self.view, samples))
            p.file { "Verdicts are in " code { (self.session.path.display()) } }
        }
    }
}

/// How a domain stands, as a sign and in words.
fn state(domain: &Domain, said: &Said, skipped: bool) -> (&'static str, &'static str) {
    let root = domain.nodes.first().and_then(|root| said.own(&root.prefix));
    match (said.settled, said.accepted.is_empty(), said.refused.is_empty()) {
        (false, ..) if skipped => ("⋯", "put off"),
        (false, ..) if said.proposal.is_some() => ("◌", "proposed"),
        (false, ..) => ("○", "not judged"),
        (true, true, _) => ("✕", "refused"),
        (true, false, true) if root.is_some() => ("✓", "accepted"),
        (true, false, _) => ("◐", "accepted in part"),
    }
}

const KEYS: &[(&str, &str)] = &[
    ("j k", "next, previous prefix (also ↓ ↑)"),
    ("l h", "show, hide the parts of the prefix (also → ←)"),
    ("a", "accept the prefix"),
    ("r", "refuse it"),
    ("s", "split it: judge its parts one by one"),
    ("c", "clear its verdict"),
    ("p", "take the proposals for the domain"),
    ("n", "next domain to judge"),
    ("x", "put the domain off"),
    ("t", "write a note"),
    ("u y", "undo, redo"),
    ("/", "find a domain"),
    ("?", "this list"),
];

fn help() -> Markup {
    html! {
        dialog #help aria-labelledby="help-title" {
            form method="dialog" {
                h2 #help-title { "Keys" }
                dl.keys {
                    @for (keys, what) in KEYS {
                        div { dt { @for key in keys.split(' ') { kbd { (key) } " " } } dd { (what) } }
                    }
                }
                label { input #single type="checkbox" checked; " Single keys do this" }
                button autofocus { "Close" }
            }
        }
    }
}

/// The page in place of one that cannot be made.
pub(super) fn trouble(message: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Annotation" }
                link rel="icon" href="icon.svg";
                link rel="stylesheet" href="page.css";
                script src="page.js" defer {}
            }
            body {
                div #live .sr role="status" aria-live="polite" {}
                div #app {
                    main #domain tabindex="-1" {
                        section.finished {
                            h1 { "This cannot be shown" }
                            p.alert role="alert" { (message) }
                            p { a href="./" { "Look again" } }
                        }
                    }
                }
            }
        }
    }
}
