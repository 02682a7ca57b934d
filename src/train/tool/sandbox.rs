//! Programs of others, run where they can do no harm: Python in bubblewrap.
//!
//! What a program sees: the system's programs and libraries and its own interpreter, read-only; `/dev/null`, `zero`,
//! `random` and `urandom`; an empty `/tmp` of its own. No network, no `/proc`, no home, no environment but the one set
//! here, no descriptor but the first three, no input. It runs in namespaces of its own as nobody, without privileges,
//! under the filter of [`confine`], with limits on CPU, memory, processes, files and output.
//!
//! The end of its first process is the end of all of them: the kernel ends what is in the namespace. That process ends
//! with bubblewrap's, which ends at a limit, or when this program ends, however it does.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::confine;
use super::error::SandboxError;
use super::program::{Ending, Output, Program};
use super::python::{self, Python};
use super::settings::{Limits, ToolSettings};

/// Sets the limits from within and runs the blocks.
const RUNNER: &str = include_str!("runner.py");
/// How long the interpreter may take to come up: on a busy machine longer than most programs run.
const START_MAX: Duration = Duration::from_mins(1);
/// How long to wait for the last of a killed program.
const END_MAX: Duration = Duration::from_secs(10);
/// Open files of a program.
const FILES_MAX: u64 = 64;

/// A sandbox that was tried and works. It keeps nothing between programs.
#[derive(Clone, Debug)]
pub struct Sandbox {
    bubblewrap: PathBuf,
    python: Python,
    limits: Limits,
    /// What stands before bubblewrap on its command line: programs that make who runs it nobody, and its addresses the
    /// same in every run.
    before: Vec<OsString>,
    /// The filter, in a file without a name.
    filter: Arc<File>,
}

impl Sandbox {
    /// Finds bubblewrap and a Python, and runs a first program.
    ///
    /// # Errors
    /// Bubblewrap is not installed or may not make its namespaces, or no Python of the name runs in it: what to install.
    pub fn probe(settings: &ToolSettings) -> Result<Self, SandboxError> {
        if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
            return Err(SandboxError::Platform);
        }
        let find = |name: &str| python::on_path(OsStr::new(name)).into_iter().next();
        let bubblewrap = find("bwrap").ok_or(SandboxError::NoBubblewrap)?;
        let drop: Vec<OsString> = match (confine::is_root(), find("setpriv")) {
            (false, _) => Vec::new(),
            (true, Some(setpriv)) => {
                let arguments = ["--reuid", confine::NOBODY, "--regid", confine::NOBODY, "--clear-groups", "--"];
                std::iter::once(setpriv.into()).chain(arguments.map(OsString::from)).collect()
            }
            (true, None) => return Err(SandboxError::NoSetpriv),
        };
        let filter = Arc::new(filter_file()?);
        let sandbox = |python: Python, fixed: Option<&Path>| {
            let setarch = fixed.map(|setarch| [setarch.into(), OsString::from("-R")]);
            let before = drop.iter().cloned().chain(setarch.into_iter().flatten()).collect();
            Self { bubblewrap: bubblewrap.clone(), python, limits: settings.limits, before, filter: filter.clone() }
        };
        let setarch = find("setarch");
        let mut tried = Vec::new();
        let candidates = python::candidates(&settings.python);
        if candidates.is_empty() {
            tried.push(format!("no `{}` on the PATH", settings.python.display()));
        }
        for file in candidates {
            let works = python::ask(&file).and_then(|python| {
                // Some containers forbid fixed addresses, which are not worth a refusal.
                let fixed = setarch.as_deref().and_then(|path| sandbox(python.clone(), Some(path)).tried().ok());
                fixed.map_or_else(|| sandbox(python, None).tried(), Ok)
            });
            match works {
                Ok(sandbox) => return Ok(sandbox),
                Err(said) => tried.push(format!("{}: {said}", file.display())),
            }
        }
        Err(SandboxError::NoPython { tried })
    }

    /// The same sandbox with other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The interpreter that runs programs.
    #[must_use]
    pub fn python(&self) -> &Path {
        &self.python.executable
    }

    fn tried(self) -> Result<Self, String> {
        let program = Program { earlier: vec!["x = 6".to_owned()], last: "print(x * 7)".to_owned() };
        let output = self.run(&program).map_err(|e| e.to_string())?;
        match output.stdout.as_str() {
            "42\n" => Ok(self),
            _ => Err(format!("a first program printed {:?}: {:?} {}", output.stdout, output.ending, output.stderr)),
        }
    }

    /// Runs a program to its end or its limit.
    ///
    /// # Errors
    /// The sandbox could not be started. What the program does wrong is in the output.
    pub fn run(&self, program: &Program) -> Result<Output, SandboxError> {
        let blocks = || program.earlier.iter().chain([&program.last]);
        if blocks().map(String::len).sum::<usize>() > self.limits.code_bytes {
            return Ok(Output { stdout: String::new(), stderr: String::new(), ending: Ending::CodeLimit });
        }
        let code: Vec<u8> = blocks().flat_map(|block| block.bytes()).collect();
        let system = |action, path: &Path| {
            let path = path.to_owned();
            move |source| SandboxError::System { action, path, source }
        };
        let mut command = self.command(blocks().map(String::len));
        let mut running = Running(command.spawn().map_err(system("run", &self.bubblewrap))?);
        let (sender, events) = mpsc::channel();
        let caps = self.limits.output_bytes;
        if let Some(mut input) = running.0.stdin.take() {
            // It may end before it has read its code; that shows in what it says.
            thread::spawn(move || _ = input.write_all(&code));
        }
        if let Some(stdout) = running.0.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || read(Stream::Out, stdout, caps + 1, &sender));
        }
        if let Some(stderr) = running.0.stderr.take() {
            thread::spawn(move || read(Stream::Err, stderr, caps, &sender));
        }
        let mut heard = Heard::default();
        let limit = heard.listen(&events, Duration::from_secs(self.limits.wall_seconds), &mut running);
        let status = running.end().map_err(system("end", &self.bubblewrap))?;
        heard.rest(&events);
        let stderr = String::from_utf8_lossy(&heard.stderr).into_owned();
        let Some((_, stdout)) = heard.stdout.split_first() else {
            let said = if stderr.trim().is_empty() { format!("it ended with {status}") } else { stderr };
            return Err(SandboxError::Start { said: said.trim().to_owned() });
        };
        let stdout = String::from_utf8_lossy(stdout).into_owned();
        Ok(Output { stdout, stderr, ending: limit.unwrap_or_else(|| ending(status)) })
    }

    /// Bubblewrap with the runner and its limits: nothing of ours is visible in it.
    fn command(&self, lengths: impl Iterator<Item = usize>) -> Command {
        let Limits { cpu_seconds, memory_bytes, processes_max, file_bytes, tmp_bytes, .. } = self.limits;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", confine::START, "sh"])
            .arg(format!("/proc/{}/fd/{}", std::process::id(), self.filter.as_raw_fd()))
            .args(&self.before)
            .arg(&self.bubblewrap);
        command.args(["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]);
        command.args(["--uid", confine::NOBODY, "--gid", confine::NOBODY]);
        command.args(["--hostname", "sandbox", "--seccomp", confine::FILTER]);
        command.args(system_folders());
        for path in ["/etc/alternatives", "/etc/ld.so.cache"] {
            command.args(["--ro-bind-try", path, path]);
        }
        for device in ["null", "zero", "random", "urandom"] {
            let path = format!("/dev/{device}");
            command.args(["--dev-bind", &path, &path]);
        }
        command.args(["--size", &tmp_bytes.to_string(), "--tmpfs", "/tmp"]);
        // After `/tmp`, which would hide one that lies there.
        for path in &self.python.visible {
            command.arg("--ro-bind").args([path, path]);
        }
        command.args(["--remount-ro", "/", "--chdir", "/tmp", "--"]);
        command.arg(&self.python.executable).args(["-s", "-B", "-X", "utf8", "-c", RUNNER]);
        command.args([processes_max, cpu_seconds, memory_bytes, file_bytes, FILES_MAX].map(|limit| limit.to_string()));
        command.args(lengths.map(|length| length.to_string()));
        command.env_clear().envs([
            ("HOME", "/tmp"),
            ("LC_ALL", "C.UTF-8"),
            ("MPLBACKEND", "Agg"),
            ("OMP_NUM_THREADS", "1"),
            ("OPENBLAS_NUM_THREADS", "1"),
            ("PATH", "/usr/bin:/bin"),
            // Sets come in the same order in every run.
            ("PYTHONHASHSEED", "0"),
            ("TZ", "UTC"),
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/").process_group(0);
        command
    }
}

fn filter_file() -> Result<File, SandboxError> {
    let written = tempfile::tempfile().and_then(|mut file| {
        file.write_all(&confine::filter())?;
        Ok(file)
    });
    written.map_err(|source| SandboxError::System { action: "write a filter in", path: std::env::temp_dir(), source })
}

/// Arguments that make the folders of the system visible: links as links.
fn system_folders() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    for path in python::SYSTEM {
        match std::fs::read_link(path) {
            Ok(target) => arguments.extend(["--symlink".into(), target.into(), (*path).into()]),
            Err(_) => arguments.extend(["--ro-bind-try".into(), (*path).into(), (*path).into()]),
        }
    }
    arguments
}

/// How a program ended that was not ended by us. Bubblewrap tells a signal as a shell does.
fn ending(status: ExitStatus) -> Ending {
    let signal = status.signal().or_else(|| status.code().filter(|code| *code > 128).map(|code| code - 128));
    match signal {
        Some(libc::SIGXCPU) => Ending::TimeLimit,
        Some(signal) => Ending::Signal(signal),
        None => Ending::Exited(status.code().unwrap_or_default()),
    }
}

/// A child that does not outlive this value, nor does its group.
struct Running(Child);

impl Running {
    fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.0.try_wait()? {
            return Ok(status);
        }
        confine::end_group(self.0.id());
        self.0.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.end();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

enum Event {
    /// The first byte of standard output: the interpreter is up.
    Started,
    /// A stream ended, or gave more than is read.
    End { stream: Stream, bytes: Vec<u8>, over: bool },
}

/// Reads a stream to its end, or to the first byte over `bytes_max`.
fn read(stream: Stream, mut source: impl Read, bytes_max: usize, sender: &Sender<Event>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                if stream == Stream::Out && bytes.is_empty() {
                    _ = sender.send(Event::Started);
                }
                bytes.extend_from_slice(&buffer[..count]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
        if bytes.len() > bytes_max {
            break;
        }
    }
    let over = bytes.len() > bytes_max;
    bytes.truncate(bytes_max);
    _ = sender.send(Event::End { stream, bytes, over });
}

/// What was read so far.
#[derive(Default)]
struct Heard {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    ended: usize,
}

impl Heard {
    /// Listens until the program has ended or a limit is reached, which is given.
    fn listen(&mut self, events: &Receiver<Event>, wall: Duration, running: &mut Running) -> Option<Ending> {
        let mut deadline = Instant::now() + START_MAX;
        let mut pause = Duration::from_millis(1);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // With both streams at their end it is about to end, unless it closed them.
            let wait = if self.ended < 2 { left } else { left.min(pause) };
            match events.recv_timeout(wait) {
                Ok(Event::Started) => deadline = Instant::now() + wall,
                Ok(end) => {
                    if self.take(end) {
                        return Some(Ending::OutputLimit);
                    }
                }
                Err(_) if deadline <= Instant::now() => return Some(Ending::TimeLimit),
                Err(_) => {
                    thread::sleep(wait);
                    pause = (pause * 2).min(Duration::from_millis(20));
                }
            }
            if self.ended == 2 && !matches!(running.0.try_wait(), Ok(None)) {
                return None;
            }
        }
    }

    /// Takes what was read up to the kill.
    fn rest(&mut self, events: &Receiver<Event>) {
        let deadline = Instant::now() + END_MAX;
        while self.ended < 2 {
            let Ok(event) = events.recv_timeout(deadline.saturating_duration_since(Instant::now())) else { break };
            self.take(event);
        }
    }

    /// Whether it is the end of a stream that gave too much.
    fn take(&mut self, event: Event) -> bool {
        let Event::End { stream, bytes, over } = event else { return false };
        self.ended += 1;
        match stream {
            Stream::Out => self.stdout = bytes,
            Stream::Err => self.stderr = bytes,
        }
        over
    }
}
