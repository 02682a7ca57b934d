//! `annotate`: verdicts on the prefixes of math-related domains, by a person in a terminal or on a local page, or by
//! arguments.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use chrono::{SecondsFormat, Utc};
use clap::Args;
use tokio::sync::watch;

use super::{configure, out_set, store};
use crate::annotate::ask::{Asking, ask};
use crate::annotate::judge::Bounds;
use crate::annotate::session::Session;
use crate::annotate::verdicts::Action;
use crate::annotate::{serve, terminal};
use crate::cli::{CommandResult, Failure, Global};
use crate::config::Config;
use crate::domains::prefix::{Place, Prefix};
use crate::io::http::Secret;

/// `annotate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  corpus-build annotate --round 1                  in this terminal
  corpus-build annotate --round 1 --serve          on a page of this machine; prints its address
  corpus-build annotate --round 1 --list           what is not judged yet
  corpus-build annotate --round 1 --accept example.org/wiki/ --refuse example.org/wiki/talk/

Verdicts stand in rounds/NN/annotations.toml, which may be edited by hand meanwhile; every action is written at once. \
Domains come in order of what accepting as proposed would add. Verdicts of earlier rounds hold until others take their \
place. The page answers on 127.0.0.1 only, and only to who has the whole address: over ssh, forward its port.")]
pub(crate) struct Annotate {
    /// Which round's domains.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    round: u32,
    /// Annotate on a local web page.
    #[arg(long, conflicts_with_all = ["list", "accept", "refuse", "clear"])]
    serve: bool,
    /// The page's port [default: one that is free].
    #[arg(long, value_name = "PORT", requires = "serve", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Open the page in the browser.
    #[arg(long, requires = "serve")]
    open: bool,
    /// Print the domains that are not judged, with their figures, and stop.
    #[arg(long)]
    list: bool,
    /// Accept an address prefix, such as example.org/wiki/; may be repeated.
    #[arg(long, value_name = "PREFIX")]
    accept: Vec<String>,
    /// Refuse an address prefix; may be repeated.
    #[arg(long, value_name = "PREFIX")]
    refuse: Vec<String>,
    /// Take the verdict on an address prefix back; may be repeated.
    #[arg(long, value_name = "PREFIX")]
    clear: Vec<String>,
    /// Ask the judge that annotate.judge_url names about what is not judged; what it says is written as proposed.
    #[arg(long, conflicts_with_all = ["serve", "list", "accept", "refuse", "clear"])]
    judge: bool,
    /// Who annotates [default: annotate.by, else the user's name].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Output folder [default: output.dir].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Who annotates, where nobody says.
fn user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "somebody".to_owned())
}

pub(crate) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Annotate {
    pub(crate) fn run(self, global: &Global, out: &mut dyn Write) -> CommandResult {
        let config = configure(global, &out_set(self.out.as_ref()))?;
        let by = self.by.clone().or_else(|| config.annotate.by.clone()).unwrap_or_else(user);
        let named = &config.domains.annotations;
        let mut session = Session::open(&config.output.dir, self.round, named, config.annotate.domains_max, &by)?;
        let scripted = [&self.accept, &self.refuse, &self.clear].into_iter().any(|list| !list.is_empty());
        if scripted {
            return self.apply(&mut session, out);
        }
        if self.judge {
            return ask_judge(&mut session, &config, out);
        }
        if self.serve {
            return self.serve_page(session, out);
        }
        let attended = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        if self.list || !attended {
            let read = session.read()?;
            terminal::list(&session, &read, out)?;
            if !self.list {
                terminal::advice(&session, out)?;
            }
            return Ok(());
        }
        terminal::run(&mut session, &now)?;
        Ok(())
    }

    fn apply(&self, session: &mut Session, out: &mut dyn Write) -> CommandResult {
        let all = |texts: &[String], make: fn(Prefix) -> Action| {
            let one = |text: &String| target(session, text).map(|(domain, prefix)| (domain, make(prefix)));
            texts.iter().map(one).collect::<Result<Vec<_>, Failure>>()
        };
        // All are understood before the first is done.
        let actions =
            [all(&self.clear, Action::Clear)?, all(&self.accept, Action::Accept)?, all(&self.refuse, Action::Refuse)?];
        for (domain, action) in actions.into_iter().flatten() {
            session.act(&domain, &action, None, &now())?;
            let (what, prefix) = match &action {
                Action::Accept(prefix) => ("accepted", prefix.as_str()),
                Action::Refuse(prefix) => ("refused", prefix.as_str()),
                Action::Clear(prefix) | Action::Split(prefix) => ("cleared", prefix.as_str()),
                Action::Take => ("taken", ""),
            };
            let read = session.read()?;
            let brings = session.said(&read, &domain).gain(session.domain(&domain)?);
            writeln!(out, "{what} {prefix} of {domain}: brings {}", terminal::brings(brings))?;
        }
        writeln!(out, "verdicts are in {}", session.path.display())?;
        Ok(())
    }

    fn serve_page(&self, session: Session, out: &mut dyn Write) -> CommandResult {
        let (send, end) = watch::channel(false);
        // The first Ctrl-C ends the server after what it is doing; every verdict is on disk already.
        interrupt::then(move || _ = send.send(true));
        let file = session.path.display().to_string();
        let mut printed = Ok(());
        serve::serve(session, self.port, end, |address| {
            printed = writeln!(out, "{address}")
                .and_then(|()| writeln!(out, "Open this address in a browser. Verdicts go to {file}. Ctrl-C ends it."))
                .and_then(|()| out.flush());
            if self.open {
                open_browser(address);
            }
        })?;
        printed?;
        writeln!(out, "ended; verdicts are in {file}")?;
        Ok(())
    }
}

/// Has a judge propose verdicts. Its key is read from the environment and goes nowhere but to its address.
fn ask_judge(session: &mut Session, config: &Config, out: &mut dyn Write) -> CommandResult {
    let Some(rules) = &config.annotate.judge else {
        return Err(Failure::Usage("no judge is named: set annotate.judge_url and annotate.judge_model".into()));
    };
    let key = match &rules.key_env {
        None => None,
        Some(name) => match std::env::var(name) {
            Ok(key) if !key.trim().is_empty() => Some(Secret::new(&key)),
            _ => {
                let message = format!("annotate.judge_key_env: the environment variable {name} is not set");
                return Err(Failure::Usage(message.into()));
            }
        },
    };
    let local = matches!(rules.url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if key.is_some() && rules.url.scheme() == "http" && !local {
        tracing::warn!(
            "the key of the judge goes over the network unencrypted: annotate.judge_url is no https address"
        );
    }
    let store = store(config);
    let asking = Asking {
        client: store.http(),
        url: &rules.url,
        model: &rules.model,
        key: key.as_ref(),
        domains_max: rules.domains_max,
        bounds: Bounds {
            prefixes_max: rules.prefixes_max,
            samples_max: rules.samples_max,
            sample_chars_max: rules.sample_chars_max,
        },
    };
    let asked = ask(session, &asking, &now())?;
    writeln!(
        out,
        "{} domains asked about, {} with proposals; {} answers, {} unsure, {} not in the form asked for",
        asked.domains, asked.proposed, asked.answers, asked.unsure, asked.bad
    )?;
    writeln!(out, "proposals are in {}", session.path.display())?;
    Ok(())
}

/// The domain and the prefix of an argument: an address without its scheme.
fn target(session: &Session, text: &str) -> Result<(String, Prefix), Failure> {
    let wrong = |why: String| Failure::Usage(format!("{text}: {why}").into());
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let place = Place::of(&format!("https://{bare}"))
        .ok_or_else(|| wrong("expected example.org/wiki/ or the like".to_owned()))?;
    let within = |name: &str| place.host == name || place.host.ends_with(&format!(".{name}"));
    let domain = session.domains.iter().find(|domain| within(&domain.name));
    let domain =
        domain.ok_or_else(|| wrong(format!("not among the math-related domains of round {}", session.round)))?;
    let rest = bare.find(['/', '?']).map_or("/", |at| &bare[at..]);
    // A host of the domain is that host only; the domain itself stands for all of them.
    let prefix = if place.host == domain.name { rest.to_owned() } else { format!("{}{rest}", place.host) };
    Ok((domain.name.clone(), prefix.parse().map_err(|error| wrong(format!("{error}")))?))
}

/// What Ctrl-C does in place of ending the program at once.
mod interrupt {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::Duration;

    static ASKED: AtomicBool = AtomicBool::new(false);

    /// Calls `end` when the person asks for the end; where the system knows no signals, the program just ends.
    pub(super) fn then(end: impl FnOnce() + Send + 'static) {
        if !listen() {
            return;
        }
        thread::spawn(move || {
            while !ASKED.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(50));
            }
            end();
        });
    }

    #[cfg(unix)]
    fn listen() -> bool {
        extern "C" fn asked(signal: libc::c_int) {
            ASKED.store(true, Ordering::Relaxed);
            // SAFETY: signal may be called in a handler; a second Ctrl-C ends the program at once.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        let handler = asked as extern "C" fn(libc::c_int) as libc::sighandler_t;
        // SAFETY: the handler stores into an atomic and calls signal, both of which a handler may do.
        [libc::SIGINT, libc::SIGTERM]
            .into_iter()
            .all(|signal| unsafe { libc::signal(signal, handler) } != libc::SIG_ERR)
    }

    #[cfg(not(unix))]
    fn listen() -> bool {
        false
    }
}

/// Asks the system for its browser; where there is none, the printed address is there.
fn open_browser(address: &str) {
    let (program, args): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let quiet = std::process::Stdio::null;
    let child = std::process::Command::new(program).args(args).arg(address).stdout(quiet()).stderr(quiet()).spawn();
    if child.is_err() {
        tracing::warn!("no browser could be opened: open the address by hand");
    }
}
