//! A session of annotating: what is to be judged, the file that holds the verdicts, and the way back.
//!
//! Every action reads the file, changes what it says of one domain, and puts the whole new file in the place of the old
//! one. So an editor, a second tab and a second program may change other domains meanwhile; where they changed the same
//! one, the action is refused and says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use super::load::{self, Sample, Samples};
use super::notes;
use super::tree::{Domain, Gain};
use super::verdicts::{Action, Said, concerns};
use crate::domains::annotations::{Annotations, Entry};
use crate::domains::edit::{Change, edit};
use crate::domains::files::{self, FileError};
use crate::domains::prefix::Prefix;
use crate::io::atomic::{self, AtomicError, folder_of};
use crate::io::table::TableError;

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A table of the round cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The file of annotations cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The round has no domains to judge yet.
    #[error("{}: round {round} has no analysis of domains yet; run `corpus-build iterate --round {round}`", folder.display())]
    NoDomains {
        /// The round's folder.
        folder: PathBuf,
        /// The round.
        round: u32,
    },
    /// It is none of those that are shown.
    #[error("{domain}: not among the math-related domains of the round")]
    UnknownDomain {
        /// The name asked for.
        domain: String,
    },
    /// What is said of the domain is no longer what the person saw.
    #[error("{domain} was changed elsewhere, in the file or in another window: look again before you judge it")]
    Conflict {
        /// The domain.
        domain: String,
    },
    /// Nothing can be undone, or done again.
    #[error("nothing to {what}")]
    Nothing {
        /// `undo` or `redo`.
        what: &'static str,
    },
}

impl From<AtomicError> for SessionError {
    fn from(error: AtomicError) -> Self {
        Self::File(error.into())
    }
}

/// One action as it can be taken back.
#[derive(Clone, Debug)]
struct Step {
    domain: String,
    before: Side,
    after: Side,
    /// The prefix whose parts it brought to sight.
    opened: Option<Prefix>,
}

/// The file on one side of an action.
#[derive(Clone, Debug)]
struct Side {
    /// All of it, where it is not too long to keep.
    text: Option<String>,
    /// What it says of the domain, its hosts included.
    entries: Vec<Entry>,
}

impl Side {
    fn new(text: &str, own: &Annotations, domain: &str) -> Self {
        let entries = own.entries().filter(|entry| concerns(&entry.name, domain)).cloned().collect();
        Self { text: (text.len() <= TEXT_KEPT_MAX).then(|| text.to_owned()), entries }
    }
}

/// What stands in the files now.
#[derive(Clone, Debug)]
pub struct Snapshot {
    text: String,
    /// This round's own file.
    own: Annotations,
    /// The earlier files.
    earlier: Annotations,
    /// That file laid over the earlier ones.
    pub all: Annotations,
    /// The entries of hosts, by the names that they are below.
    hosts: BTreeMap<String, Vec<String>>,
    /// Notes on domains.
    pub notes: BTreeMap<String, String>,
}

/// How far the annotator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Domains to judge.
    pub domains: usize,
    /// Domains with a verdict.
    pub settled: usize,
    /// What the verdicts bring.
    pub gain: Gain,
    /// What the proposals for the rest would bring.
    pub open: Gain,
}

/// A session over one round.
pub struct Session {
    /// Which round.
    pub round: u32,
    /// The file that verdicts are written to.
    pub path: PathBuf,
    /// The domains, those that promise the most first.
    pub domains: Vec<Domain>,
    by: String,
    earlier: Vec<PathBuf>,
    samples: Samples,
    undone: Vec<Step>,
    done: Vec<Step>,
    skipped: BTreeSet<String>,
    opened: BTreeSet<(String, Prefix)>,
    /// Proposals of the file that a verdict took the place of.
    replaced: BTreeMap<String, Entry>,
}

/// Steps that can be undone.
const STEPS_MAX: usize = 200;
/// Longest file of which each step keeps the text, so that undoing brings back comments and order too.
const TEXT_KEPT_MAX: usize = 64 << 10;

impl Session {
    /// Opens a round of an output folder; `named` are the files of annotations that the configuration names.
    ///
    /// # Errors
    /// The round has no analysis of domains, or a table cannot be read.
    pub fn open(out: &Path, round: u32, named: &[PathBuf], domains_max: usize, by: &str) -> Result<Self, SessionError> {
        let path = files::path(out, round);
        let folder = folder_of(&path).to_owned();
        if !folder.join("prefixes.parquet").exists() {
            return Err(SessionError::NoDomains { folder, round });
        }
        let domains = load::domains(&folder, domains_max)?;
        let samples = Samples::open(&folder, &domains)?;
        let earlier = files::list(named, out, round).into_iter().filter(|file| *file != path).collect();
        let session = Self {
            round,
            path,
            domains,
            by: by.to_owned(),
            earlier,
            samples,
            done: Vec::new(),
            undone: Vec::new(),
            skipped: BTreeSet::new(),
            opened: BTreeSet::new(),
            replaced: BTreeMap::new(),
        };
        session.read()?;
        Ok(session)
    }

    /// Reads the files as they are now.
    ///
    /// # Errors
    /// One cannot be read or has not the form.
    pub fn read(&self) -> Result<Snapshot, SessionError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(FileError::Read { path: self.path.clone(), source }.into()),
        };
        let own = Annotations::parse(&text, &self.path).map_err(FileError::from)?;
        let earlier = files::read(&self.earlier)?;
        let all = earlier.clone().merge(own.clone());
        let notes = notes::of(&text);
        let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for Entry { name, .. } in all.entries() {
            for (dot, _) in name.match_indices('.') {
                hosts.entry(name[dot + 1..].to_owned()).or_default().push(name.clone());
            }
        }
        Ok(Snapshot { text, own, earlier, all, hosts, notes })
    }

    /// What is said of a domain, with what was proposed before it was judged in this session.
    #[must_use]
    pub fn said(&self, snapshot: &Snapshot, domain: &str) -> Said {
        let hosts = snapshot.hosts.get(domain).into_iter().flatten();
        let names = hosts.map(String::as_str).chain([domain]);
        let mut said = Said::by(names.filter_map(|name| snapshot.all.get(name)));
        said.proposal = said.proposal.or_else(|| self.replaced.get(domain).cloned());
        said
    }

    /// A domain by name.
    ///
    /// # Errors
    /// It is none of those that are shown.
    pub fn domain(&self, name: &str) -> Result<&Domain, SessionError> {
        let found = self.domains.iter().find(|domain| domain.name == name);
        found.ok_or_else(|| SessionError::UnknownDomain { domain: name.to_owned() })
    }

    /// The sample pages of a domain.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn samples(&self, domain: &str) -> Result<Vec<Sample>, SessionError> {
        Ok(self.samples.of(domain)?)
    }

    /// How far the annotator is.
    #[must_use]
    pub fn progress(&self, snapshot: &Snapshot) -> Progress {
        let mut progress = Progress { domains: self.domains.len(), ..Progress::default() };
        for domain in &self.domains {
            if snapshot.all.settled(&domain.name) {
                progress.settled += 1;
                progress.gain += self.said(snapshot, &domain.name).gain(domain);
            } else {
                progress.open += domain.expected();
            }
        }
        progress
    }

    /// Whether a person put the domain off in this session.
    #[must_use]
    pub fn skipped(&self, domain: &str) -> bool {
        self.skipped.contains(domain)
    }

    /// Whether a person asked to see the parts of a prefix.
    #[must_use]
    pub fn opened(&self, domain: &str, prefix: &Prefix) -> bool {
        self.opened.contains(&(domain.to_owned(), prefix.clone()))
    }

    /// The next domain to judge, in order of what they promise: after `current`, then from the start, then those put off.
    #[must_use]
    pub fn next(&self, snapshot: &Snapshot, current: Option<&str>) -> Option<&Domain> {
        let at = current.and_then(|name| self.domains.iter().position(|domain| domain.name == name));
        let (before, after) = self.domains.split_at(at.map_or(0, |at| at + 1));
        let round = || after.iter().chain(before).filter(|domain| !snapshot.all.settled(&domain.name));
        let other = |domain: &&Domain| Some(domain.name.as_str()) != current;
        round().find(|domain| other(domain) && !self.skipped(&domain.name)).or_else(|| round().find(other))
    }

    /// Puts a domain off, or no longer.
    pub fn skip(&mut self, domain: &str) {
        if !self.skipped.remove(domain) {
            self.skipped.insert(domain.to_owned());
        }
    }

    /// Does an action on a domain. `seen` is the version of what is said of it that the person looked at; without it
    /// nothing is asked. `at` is the time.
    ///
    /// # Errors
    /// The domain was changed meanwhile, or the file cannot be read or written.
    pub fn act(&mut self, name: &str, action: &Action, seen: Option<&str>, at: &str) -> Result<(), SessionError> {
        let _turn = self.turn();
        let snapshot = self.read()?;
        let domain = self.domain(name)?;
        let said = self.said(&snapshot, name);
        if seen.is_some_and(|seen| seen != said.version()) {
            return Err(SessionError::Conflict { domain: name.to_owned() });
        }
        let after = said.after(action, domain);
        let opened = match action {
            Action::Split(prefix) if !self.opened(name, prefix) => Some(prefix.clone()),
            _ => None,
        };
        let changes = self.changes(name, &snapshot, after, at);
        let text = edit(&snapshot.text, &self.path, &changes).map_err(FileError::from)?;
        let own = Annotations::parse(&text, &self.path).map_err(FileError::from)?;
        if text != snapshot.text {
            atomic::write(&self.path, &text)?;
        } else if opened.is_none() {
            return Ok(());
        }
        if let Some(proposal) = snapshot.own.get(name).filter(|entry| entry.proposed) {
            self.replaced.insert(name.to_owned(), proposal.clone());
        }
        self.skipped.remove(name);
        self.opened.extend(opened.iter().map(|prefix| (name.to_owned(), prefix.clone())));
        let (before, after) = (Side::new(&snapshot.text, &snapshot.own, name), Side::new(&text, &own, name));
        self.undone.clear();
        self.done.push(Step { domain: name.to_owned(), before, after, opened });
        if self.done.len() > STEPS_MAX {
            self.done.remove(0);
        }
        Ok(())
    }

    /// The changes of the file by which it says so.
    fn changes(&self, name: &str, snapshot: &Snapshot, after: Option<Said>, at: &str) -> Vec<Change> {
        let hosts = snapshot.own.entries().filter(|entry| concerns(&entry.name, name) && entry.name != name);
        let mut changes: Vec<Change> = hosts.map(|entry| Change::Remove(entry.name.clone())).collect();
        let before = Said::of(&snapshot.all, name);
        let proposal = self.replaced.get(name).cloned();
        match after {
            Some(said) if said.settled == before.settled && said.version() == before.version() => return Vec::new(),
            Some(said) => {
                let said = Said { by: Some(self.by.clone()), at: Some(at.to_owned()), ..said };
                changes.push(Change::Set(said.entry(name)));
            }
            None if !before.settled => return Vec::new(),
            // An earlier file has a verdict: only another one takes its place.
            None if Said::of(&snapshot.earlier, name).settled => {
                let said = Said { by: Some(self.by.clone()), at: Some(at.to_owned()), ..Said::default() };
                changes.push(Change::Set(said.entry(name)));
            }
            None => changes.push(proposal.map_or_else(|| Change::Remove(name.to_owned()), Change::Set)),
        }
        changes
    }

    /// Takes the last action back and says of which domain it was.
    ///
    /// # Errors
    /// There is none, or the domain was changed since.
    pub fn undo(&mut self) -> Result<String, SessionError> {
        let step = self.done.pop().ok_or(SessionError::Nothing { what: "undo" })?;
        self.go(&step, &step.after, &step.before)?;
        if let Some(prefix) = &step.opened {
            self.opened.remove(&(step.domain.clone(), prefix.clone()));
        }
        let domain = step.domain.clone();
        self.undone.push(step);
        Ok(domain)
    }

    /// Does the last action taken back once more and says of which domain it is.
    ///
    /// # Errors
    /// There is none, or the domain was changed since.
    pub fn redo(&mut self) -> Result<String, SessionError> {
        let step = self.undone.pop().ok_or(SessionError::Nothing { what: "redo" })?;
        self.go(&step, &step.before, &step.after)?;
        self.opened.extend(step.opened.iter().map(|prefix| (step.domain.clone(), prefix.clone())));
        let domain = step.domain.clone();
        self.done.push(step);
        Ok(domain)
    }

    /// Whether there is an action to undo, and one to do again.
    #[must_use]
    pub fn steps(&self) -> (bool, bool) {
        (!self.done.is_empty(), !self.undone.is_empty())
    }

    /// Brings the file from one side of an action to the other.
    fn go(&self, step: &Step, from: &Side, to: &Side) -> Result<(), SessionError> {
        let _turn = self.turn();
        let snapshot = self.read()?;
        let here = Side::new(&snapshot.text, &snapshot.own, &step.domain);
        if here.entries != from.entries {
            return Err(SessionError::Conflict { domain: step.domain.clone() });
        }
        let text = match &to.text {
            Some(text) if here.text.is_some() && here.text == from.text => text.clone(),
            // The rest of the file was changed: only what is said of this domain goes back.
            _ => {
                let gone = here.entries.iter().filter(|old| to.entries.iter().all(|new| new.name != old.name));
                let gone = gone.map(|entry| Change::Remove(entry.name.clone()));
                let changes: Vec<Change> = gone.chain(to.entries.iter().cloned().map(Change::Set)).collect();
                edit(&snapshot.text, &self.path, &changes).map_err(FileError::from)?
            }
        };
        if text != snapshot.text {
            atomic::write(&self.path, text)?;
        }
        Ok(())
    }

    /// Writes a note on a domain into the file, as a comment; an empty one takes it away.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn note(&mut self, name: &str, note: &str) -> Result<(), SessionError> {
        let _turn = self.turn();
        self.domain(name)?;
        let snapshot = self.read()?;
        let text = notes::set(&snapshot.text, name, note);
        Annotations::parse(&text, &self.path).map_err(FileError::from)?;
        if text != snapshot.text {
            atomic::write(&self.path, text)?;
        }
        Ok(())
    }

    /// Writes proposals of a machine, for domains that have no verdict.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn propose(&mut self, entries: Vec<Entry>) -> Result<usize, SessionError> {
        let _turn = self.turn();
        let snapshot = self.read()?;
        let open = entries.into_iter().filter(|entry| entry.proposed && !snapshot.all.settled(&entry.name));
        let changes: Vec<Change> = open.map(Change::Set).collect();
        let text = edit(&snapshot.text, &self.path, &changes).map_err(FileError::from)?;
        if text != snapshot.text {
            atomic::write(&self.path, text)?;
        }
        Ok(changes.len())
    }

    /// Keeps other programs of ours from the file until the value is dropped.
    fn turn(&self) -> Option<File> {
        // Where a folder cannot be opened or locked, two programs may still lose each other's change.
        let folder = File::open(folder_of(&self.path)).ok()?;
        folder.lock().ok()?;
        Some(folder)
    }
}
