//! Annotating in a terminal: one domain at a time, by keys. Plain text, so that it works over any connection.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use console::{Key, Style, Term};

use super::figures::{count, gain, percent, plain, short};
use super::session::{Session, SessionError, Snapshot};
use super::tree::{Domain, Gain, around};
use super::verdicts::{Action, Said, Stand};
use crate::domains::cut::Proposal;
use crate::domains::prefix::{Place, Prefix};

/// Why the terminal's session ended early.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The terminal cannot be read or written.
    #[error("the terminal: {0}")]
    Io(#[from] io::Error),
    /// The session cannot go on.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// A gain in words.
#[must_use]
pub fn brings(all: Gain) -> String {
    gain(all)
}

/// Prints the domains that are not judged, a line each, those that promise the most first.
///
/// # Errors
/// Writing failed.
pub fn list(session: &Session, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let open: Vec<&Domain> = session.domains.iter().filter(|domain| !snapshot.all.settled(&domain.name)).collect();
    if !open.is_empty() {
        writeln!(
            out,
            "{:<40} {:>9} {:>9} {:>10} {:>10}  proposed",
            "domain", "pages", "collected", "adds pages", "tokens"
        )?;
    }
    for domain in open {
        let expected = domain.expected();
        let (accepted, refused) = session.said(snapshot, &domain.name).proposed(domain);
        let signed = |sign: char| move |prefix: &Prefix| format!("{sign}{}", plain(prefix.as_str()));
        let mut proposed: Vec<String> =
            accepted.iter().map(signed('+')).chain(refused.iter().map(signed('-'))).collect();
        let more = proposed.len().saturating_sub(4);
        proposed.truncate(4);
        if more > 0 {
            proposed.push(format!("and {more} more"));
        }
        writeln!(
            out,
            "{:<40} {:>9} {:>9} {:>10} {:>10}  {}",
            plain(&domain.name),
            count(domain.figures.pages),
            percent(domain.figures.share),
            count(expected.pages),
            short(expected.tokens),
            proposed.join(" ")
        )?;
    }
    summary(session, snapshot, out)
}

/// Prints how far the annotation is.
fn summary(session: &Session, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let progress = session.progress(snapshot);
    writeln!(
        out,
        "{} of {} domains judged; accepted so far: {}; proposed for the rest: {}",
        progress.settled,
        progress.domains,
        gain(progress.gain),
        gain(progress.open)
    )
}

/// Prints how to annotate where there is no terminal to do it in.
///
/// # Errors
/// Writing failed.
pub fn advice(session: &Session, out: &mut dyn Write) -> io::Result<()> {
    let round = session.round;
    writeln!(out, "\nThis is no terminal. Annotate in one, or")?;
    writeln!(out, "  corpus-build annotate --round {round} --serve                on a page of this machine")?;
    writeln!(out, "  corpus-build annotate --round {round} --accept example.org/wiki/ --refuse example.org/shop/")?;
    writeln!(out, "or edit {}", session.path.display())
}

/// Where the person is.
struct Desk {
    domain: String,
    /// Which of the lines shown.
    at: usize,
    /// Prefixes whose parts are shown.
    open: BTreeSet<Prefix>,
    message: String,
}

const KEYS: &str = "a accept  r refuse  s split  c clear  p take proposals  n next  x put off\n\
                    j k down, up  l h show, hide parts  v sample pages  t note  u undo  y redo  q end";

const LEGEND: &str = "A line is a URL prefix: its pages, the share of them that the round collected, and how many it did not: those \
                      that accepting it would bring. A verdict holds for all below a prefix until a longer one says \
                      otherwise; splitting takes it away, so that the parts are judged one by one.";

/// Runs the session in the terminal until the person ends it; `now` tells the time.
///
/// # Errors
/// The terminal or a file cannot be read or written.
pub fn run(session: &mut Session, now: &dyn Fn() -> String) -> Result<(), TerminalError> {
    let term = Term::buffered_stdout();
    let first = session.next(&session.read()?, None).map(|domain| domain.name.clone());
    let Some(domain) = first else {
        list(session, &session.read()?, &mut &term)?;
        term.flush()?;
        return Ok(());
    };
    let mut desk = Desk { domain, at: 0, open: BTreeSet::new(), message: String::new() };
    loop {
        let snapshot = session.read()?;
        let domain = session.domain(&desk.domain)?;
        let said = session.said(&snapshot, &desk.domain);
        let lines = lines(session, domain, &said, &desk.open);
        desk.at = desk.at.min(lines.len().saturating_sub(1));
        let height = usize::from(term.size().0);
        let screen = screen(session, &snapshot, domain, &said, &lines, &desk, height);
        term.clear_screen()?;
        term.write_str(&screen)?;
        term.flush()?;
        desk.message.clear();
        let node = lines.get(desk.at).copied().unwrap_or(0);
        let prefix = domain.nodes[node].prefix.clone();
        let version = said.version();
        let name = desk.domain.clone();
        let act = |session: &mut Session, action: Action| session.act(&name, &action, Some(&version), &now());
        let done = match term.read_key_raw()? {
            Key::Char('q' | '\u{4}') | Key::CtrlC => break,
            Key::Char('a') => act(session, Action::Accept(prefix)),
            Key::Char('r') => act(session, Action::Refuse(prefix)),
            Key::Char('s') => {
                desk.open.insert(prefix.clone());
                act(session, Action::Split(prefix))
            }
            Key::Char('c') => act(session, Action::Clear(prefix)),
            Key::Char('p') => act(session, Action::Take),
            Key::Char('j') | Key::ArrowDown => {
                desk.at += 1;
                Ok(())
            }
            Key::Char('k') | Key::ArrowUp => {
                desk.at = desk.at.saturating_sub(1);
                Ok(())
            }
            Key::Char('l') | Key::ArrowRight => {
                desk.open.insert(prefix);
                Ok(())
            }
            Key::Char('h') | Key::ArrowLeft => {
                desk.open.remove(&prefix);
                Ok(())
            }
            Key::Char('u') => session.undo().map(|domain| moved(&mut desk, domain, "undone")),
            Key::Char('y') => session.redo().map(|domain| moved(&mut desk, domain, "done again")),
            Key::Char('x') => {
                session.skip(&desk.domain);
                next(session, &mut desk)
            }
            Key::Char('n') | Key::Enter => next(session, &mut desk),
            Key::Char('v') => show_samples(session, &term, &desk.domain, &prefix).map_err(|error| match error {
                TerminalError::Session(error) => error,
                TerminalError::Io(source) => io_error(session, source),
            }),
            Key::Char('t') => note(session, &term, &mut desk)?,
            _ => {
                LEGEND.clone_into(&mut desk.message);
                Ok(())
            }
        };
        match done {
            Ok(()) => {}
            // The person can mend these: look again, or correct the file.
            Err(error @ (SessionError::Conflict { .. } | SessionError::Nothing { .. })) => {
                desk.message = error.to_string();
            }
            Err(error) => return Err(error.into()),
        }
    }
    term.clear_screen()?;
    summary(session, &session.read()?, &mut &term)?;
    term.write_line(&format!("verdicts are in {}", session.path.display()))?;
    term.flush()?;
    Ok(())
}

fn io_error(session: &Session, source: io::Error) -> SessionError {
    crate::domains::files::FileError::Read { path: session.path.clone(), source }.into()
}

fn moved(desk: &mut Desk, domain: String, what: &str) {
    desk.message = format!("{what}: {domain}");
    if desk.domain != domain {
        desk.domain = domain;
        desk.at = 0;
    }
}

fn next(session: &Session, desk: &mut Desk) -> Result<(), SessionError> {
    let snapshot = session.read()?;
    match session.next(&snapshot, Some(&desk.domain)) {
        Some(domain) => {
            desk.domain.clone_from(&domain.name);
            desk.at = 0;
            desk.open.clear();
        }
        None if snapshot.all.settled(&desk.domain) => "all domains are judged: q ends".clone_into(&mut desk.message),
        None => "this is the last one".clone_into(&mut desk.message),
    }
    Ok(())
}

fn note(session: &mut Session, term: &Term, desk: &mut Desk) -> Result<Result<(), SessionError>, TerminalError> {
    let old = session.read()?.notes.get(&desk.domain).cloned().unwrap_or_default();
    term.write_str("note (empty takes it away): ")?;
    term.flush()?;
    let text = term.read_line_initial_text(&plain(&old))?;
    Ok(session.note(&desk.domain, &text))
}

/// The nodes shown: the root, and what is below of what the person opened, of what is proposed and judged.
fn lines(session: &Session, domain: &Domain, said: &Said, open: &BTreeSet<Prefix>) -> Vec<usize> {
    let (accepted, refused) = said.proposed(domain);
    let mut inside = vec![false; domain.nodes.len()];
    for (at, node) in domain.nodes.iter().enumerate().rev() {
        let side =
            said.own(&node.prefix).is_some() || accepted.contains(&node.prefix) || refused.contains(&node.prefix);
        if let Some(parent) = node.parent.filter(|_| side || inside[at]) {
            inside[parent] = true;
        }
    }
    let mut shown = vec![false; domain.nodes.len()];
    for (at, node) in domain.nodes.iter().enumerate() {
        shown[at] = node.parent.is_none_or(|parent| {
            let around = &domain.nodes[parent].prefix;
            shown[parent]
                && (parent == 0 || inside[parent] || open.contains(around) || session.opened(&domain.name, around))
        });
    }
    (0..shown.len()).filter(|at| shown[*at]).collect()
}

fn screen(
    session: &Session,
    snapshot: &Snapshot,
    domain: &Domain,
    said: &Said,
    lines: &[usize],
    desk: &Desk,
    height: usize,
) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dim());
    let (yes, no) = (Style::new().green(), Style::new().red());
    let progress = session.progress(snapshot);
    let mut text = String::new();
    let mut line = |one: String| _ = writeln!(text, "{one}");
    line(format!(
        "{}",
        dim.apply_to(format!(
            "round {} · {} of {} domains judged · accepted so far: {}",
            session.round,
            progress.settled,
            progress.domains,
            gain(progress.gain)
        ))
    ));
    let figures = &domain.figures;
    let (what, brings) =
        if said.settled { ("accepted brings", said.gain(domain)) } else { ("would bring", domain.expected()) };
    line(String::new());
    line(format!(
        "{}   {} pages, {} collected, score {:.2}   {what} {}{}",
        bold.apply_to(plain(&domain.name)),
        count(figures.pages),
        percent(figures.share),
        figures.mean_score,
        gain(brings),
        if session.skipped(&domain.name) { "   (put off)" } else { "" }
    ));
    if let Some(note) = snapshot.notes.get(&domain.name) {
        line(format!("note: {}", plain(note)));
    }
    line(String::new());
    let heads = format!("  {:<44} {:>8}       {:>5} {:<8} verdict or proposal", "prefix", "pages", "share", "missed");
    line(format!("{}", dim.apply_to(heads)));
    let (accepted, refused) = said.proposed(domain);
    // The lines around the one that the person is at.
    let room = height.saturating_sub(12).max(5);
    let first = desk.at.saturating_sub(room / 2).min(lines.len().saturating_sub(room));
    for (place, at) in lines.iter().enumerate().skip(first).take(room) {
        let node = &domain.nodes[*at];
        let proposed = match node.proposed {
            _ if accepted.contains(&node.prefix) => Some(Proposal::Accept),
            _ if refused.contains(&node.prefix) => Some(Proposal::Refuse),
            side => side.filter(|_| said.proposal.is_none()),
        };
        let verdict = match (said.own(&node.prefix), said.effective(&node.prefix), proposed) {
            (Some(Stand::Accepted), ..) => yes.apply_to("+ accepted"),
            (Some(Stand::Refused), ..) => no.apply_to("- refused"),
            (Some(Stand::Open), ..) | (_, Some(Stand::Open), _) => dim.apply_to("· left open"),
            (None, Some(Stand::Accepted), _) => yes.apply_to("  accepted above"),
            (None, Some(Stand::Refused), _) => no.apply_to("  refused above"),
            (None, None, Some(Proposal::Accept)) => dim.apply_to("? accept proposed"),
            (None, None, Some(Proposal::Refuse)) => dim.apply_to("? refuse proposed"),
            (None, None, Some(Proposal::Split)) => dim.apply_to("? split proposed"),
            (None, None, None) => dim.apply_to(""),
        };
        let parts = if node.children.is_empty() { String::new() } else { format!(" ({})", node.children.len()) };
        let name = format!("{}{}{parts}", "  ".repeat(node.depth.min(12)), plain(node.prefix.as_str()));
        let mark = if place == desk.at { ">" } else { " " };
        let missed = node.figures.uncollected();
        line(format!(
            "{mark} {:<44} {:>8} pages {:>5} +{:<7} {verdict}",
            clip(&name, 44),
            short(node.figures.pages),
            percent(node.figures.share),
            short(missed.pages)
        ));
    }
    if lines.len() > room {
        line(format!(
            "{}",
            dim.apply_to(format!("  {} of {} prefixes shown", room.min(lines.len() - first), lines.len()))
        ));
    }
    for (prefix, stand) in said.beyond(domain) {
        line(format!("  {} {stand:?} (not in the tree)", plain(prefix.as_str())).to_lowercase());
    }
    line(String::new());
    line(format!("{}", dim.apply_to(KEYS)));
    if !desk.message.is_empty() {
        line(plain(&desk.message));
    }
    text
}

fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Shows the samples of a prefix, a page at a time.
fn show_samples(session: &Session, term: &Term, domain: &str, prefix: &Prefix) -> Result<(), TerminalError> {
    let samples = session.samples(domain)?;
    let covered = |url: &str| {
        Place::of(url).is_some_and(|place| around(prefix).next().is_some_and(|prefix| prefix.covers(&place)))
    };
    let under: Vec<_> = samples.iter().filter(|sample| covered(&sample.url)).collect();
    for (at, sample) in under.iter().enumerate() {
        let (height, width) = term.size();
        term.clear_screen()?;
        let state = if sample.collected { "collected" } else { "not collected" };
        term.write_line(&format!(
            "{} ({state}, score {:.2}) · {} of {}",
            plain(&sample.title),
            sample.score,
            at + 1,
            under.len()
        ))?;
        term.write_line(&plain(&sample.url))?;
        term.write_line("")?;
        let mut room = usize::from(height).saturating_sub(5);
        for line in plain(&sample.text).lines() {
            let rows = line.chars().count().div_ceil(usize::from(width).max(1)).max(1);
            if rows > room {
                break;
            }
            room -= rows;
            term.write_line(line)?;
        }
        term.write_line("\nany key: next page · q back")?;
        term.flush()?;
        if matches!(term.read_key_raw()?, Key::Char('q') | Key::Escape | Key::CtrlC) {
            break;
        }
    }
    if under.is_empty() {
        term.write_line("no sample was drawn here; any key goes back")?;
        term.flush()?;
        term.read_key_raw()?;
    }
    Ok(())
}
