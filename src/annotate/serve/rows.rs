//! The tree of a domain's prefixes, as a table with its verdicts.

use maud::{Markup, html};

use super::page::{Page, bar, carried};
use super::view::View;
use crate::annotate::figures::{count, percent, short};
use crate::annotate::tree::{Domain, around};
use crate::annotate::verdicts::{Said, Stand};
use crate::domains::cut::Proposal;
use crate::domains::prefix::Prefix;

/// Parts of one prefix that are shown.
const PARTS_MAX: usize = 150;
/// Levels of indentation.
const LEVELS_MAX: usize = 8;

/// A row of the table.
struct Row {
    node: usize,
    /// Whether its parts are shown; `None`: it has none.
    open: Option<bool>,
    /// Parts of the prefix around it that are not shown, after its last one.
    more: usize,
}

/// The nodes to show, from the root down.
fn rows(page: &Page<'_>, domain: &Domain, said: &Said) -> Vec<Row> {
    let mut inside = vec![false; domain.nodes.len()];
    let (accepted, refused) = said.proposed(domain);
    let sides = |prefix: &Prefix| said.own(prefix).is_some() || accepted.contains(prefix) || refused.contains(prefix);
    let selected = page.view.prefix.iter().chain(&page.view.open);
    let way: Vec<Prefix> = selected.flat_map(|prefix| around(prefix).skip(1)).chain(page.view.open.clone()).collect();
    for (at, node) in domain.nodes.iter().enumerate().rev() {
        // Something is to be seen below: a verdict, a proposal, or what the person asked for.
        let below = inside[at] || sides(&node.prefix);
        if let Some(parent) = node.parent.filter(|_| below) {
            inside[parent] = true;
        }
    }
    let open = |at: usize| {
        let prefix = &domain.nodes[at].prefix;
        inside[at] || at == 0 || way.contains(prefix) || page.session.opened(&domain.name, prefix)
    };
    let mut found = Vec::new();
    let mut stack = vec![(0, 0)];
    while let Some((at, more)) = stack.pop() {
        let node = &domain.nodes[at];
        let is_open = (!node.children.is_empty()).then(|| open(at));
        found.push(Row { node: at, open: is_open, more });
        if is_open == Some(true) {
            let shown = node.children.len().min(PARTS_MAX);
            let parts = node.children[..shown].iter().enumerate();
            let last = |place: usize| if place + 1 == shown { node.children.len() - shown } else { 0 };
            let parts: Vec<(usize, usize)> = parts.map(|(place, child)| (*child, last(place))).collect();
            stack.extend(parts.into_iter().rev());
        }
    }
    found
}

/// What holds for a prefix, as a class, a sign and words.
fn verdict(own: Option<Stand>, effective: Option<Stand>, proposed: Option<Proposal>) -> Markup {
    let (class, sign, words) = match (own, effective, proposed) {
        (Some(Stand::Accepted), ..) => ("accepted", "✓", "accepted"),
        (Some(Stand::Refused), ..) => ("refused", "✕", "refused"),
        (Some(Stand::Open), ..) => ("open", "·", "left open"),
        (None, Some(Stand::Accepted), _) => ("accepted inherited", "✓", "accepted above"),
        (None, Some(Stand::Refused), _) => ("refused inherited", "✕", "refused above"),
        (None, Some(Stand::Open), _) => ("open inherited", "·", "open"),
        (None, None, Some(Proposal::Accept)) => ("accepted proposed", "✓", "proposed: accept"),
        (None, None, Some(Proposal::Refuse)) => ("refused proposed", "✕", "proposed: refuse"),
        (None, None, Some(Proposal::Split)) => ("proposed", "÷", "proposed: split"),
        (None, None, None) => ("open", "", "–"),
    };
    // A proposal that is not taken yet is still to be seen beside what holds meanwhile.
    let other = match (own, effective, proposed) {
        (None, Some(Stand::Accepted), Some(Proposal::Refuse)) => Some(("refused", "✕", "proposed: refuse")),
        (None, Some(Stand::Refused), Some(Proposal::Accept)) => Some(("accepted", "✓", "proposed: accept")),
        _ => None,
    };
    html! {
        span class={ "verdict " (class) } { @if !sign.is_empty() { span aria-hidden="true" { (sign) " " } } (words) }
        @if let Some((class, sign, words)) = other {
            " " span class={ "verdict proposed " (class) } { span aria-hidden="true" { (sign) " " } (words) }
        }
    }
}

pub(super) fn table(page: &Page<'_>, domain: &Domain, said: &Said) -> Markup {
    let rows = rows(page, domain, said);
    let (accepted, refused) = said.proposed(domain);
    let proposed = |at: usize| {
        let node = &domain.nodes[at];
        if accepted.contains(&node.prefix) {
            Some(Proposal::Accept)
        } else if refused.contains(&node.prefix) {
            Some(Proposal::Refuse)
        } else {
            // A judge's proposals take the place of the analysis's.
            node.proposed.filter(|_| said.proposal.is_none())
        }
    };
    let selected = page.view.prefix.as_ref().and_then(|prefix| domain.node(prefix)).unwrap_or(0);
    html! {
        section.tree aria-labelledby="tree-title" {
            h2 #tree-title { "Prefixes" }
            div.wide {
                table {
                    caption.sr { "Prefixes of " (domain.name) ", each with what lies under it and its verdict" }
                    thead { tr {
                        th scope="col" { "Prefix" } th.number scope="col" { "Pages" } th scope="col" { "Collected" }
                        th.number scope="col" { "Would add" } th.number.score scope="col" { "Score" }
                        th scope="col" { "Verdict" } th scope="col" { span.sr { "Actions" } }
                    } }
                    tbody {
                        @for row in &rows {
                            (self::row(page, domain, said, row, row.node == selected, proposed(row.node)))
                            @if row.more > 0 {
                                tr.rest { td colspan="7" { "… and " (count(row.more as u64)) " smaller ones, which go by the verdict above them" } }
                            }
                        }
                        @for (prefix, verdict) in said.beyond(domain) {
                            tr {
                                th scope="row" { bdi { (prefix) } }
                                td colspan="4" { "not in the tree: written by hand, or from an earlier round" }
                                td { (self::verdict(Some(verdict), None, None)) }
                                td { (actions(page, said, &prefix, None)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row(page: &Page<'_>, domain: &Domain, said: &Said, row: &Row, selected: bool, proposed: Option<Proposal>) -> Markup {
    let node = &domain.nodes[row.node];
    let (prefix, figures) = (&node.prefix, &node.figures);
    let text = if row.node == 0 { "/ (the whole domain)".to_owned() } else { shown(domain, row.node) };
    let add = figures.uncollected();
    let view = page.view.on(prefix);
    html! {
        tr.selected[selected] {
            th scope="row" class={ "level-" (node.depth.min(LEVELS_MAX)) } {
                div.cell { @match row.open {
                    Some(open) => {
                        @let target = View { open: (!open).then(|| prefix.clone()), ..view.clone() };
                        a.fold href=(target.link()) data-fold=(if open { "close" } else { "open" }) aria-label={ (if open { "Hide" } else { "Show" }) " the " (node.children.len()) " parts of " (prefix) } {
                            span aria-hidden="true" { (if open { "▾" } else { "▸" }) }
                        }
                    }
                    None => span.fold aria-hidden="true" {},
                }
                a.prefix href=(view.link()) aria-current=[selected.then_some("true")] title=(prefix) { bdi { (text) } } }
            }
            td.number { (count(figures.pages)) }
            td.share { (bar(figures.share)) " " span { (percent(figures.share)) } }
            td.number { "+" (short(add.pages)) span.tokens { " · " (short(add.tokens)) " tok." } }
            td.number.score { (format!("{:.2}", figures.mean_score)) }
            td { (verdict(said.own(prefix), said.effective(prefix), proposed)) }
            td.actions { (actions(page, said, prefix, Some(!node.children.is_empty()))) }
        }
    }
}

/// A prefix below another: what it adds to it.
fn shown(domain: &Domain, at: usize) -> String {
    let node = &domain.nodes[at];
    let above = node.parent.map(|parent| domain.nodes[parent].prefix.as_str()).filter(|above| *above != "/");
    let rest = above.and_then(|above| node.prefix.as_str().strip_prefix(above)).filter(|rest| rest.len() > 1);
    rest.map_or_else(|| node.prefix.as_str().to_owned(), str::to_owned)
}

/// The buttons of a row; `parts` is `None` for a prefix outside of the tree.
fn actions(page: &Page<'_>, said: &Said, prefix: &Prefix, parts: Option<bool>) -> Markup {
    let own = said.own(prefix);
    let button = |name: &str, label: &str, key: &str, pressed: Option<bool>| {
        html! {
            button name="do" value=(name) class=(name) aria-pressed=[pressed.map(|pressed| if pressed { "true" } else { "false" })] aria-label={ (label) " " (prefix) } title={ (label) " (" (key) ")" } { (label) }
        }
    };
    html! {
        form method="post" action="act" {
            (carried(&page.view.on(prefix)))
            input type="hidden" name="on" value=(prefix);
            input type="hidden" name="seen" value=(said.version());
            @if parts.is_some() {
                (button("accept", "Accept", "a", Some(own == Some(Stand::Accepted))))
                (button("refuse", "Refuse", "r", Some(own == Some(Stand::Refused))))
            }
            @if parts == Some(true) { (button("split", "Split", "s", None)) }
            @if own.is_some() { (button("clear", "Clear", "c", None)) }
        }
    }
}
