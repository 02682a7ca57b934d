//! Why tools cannot be used. What a program does wrong is no error: it is what its output shows.

use std::io;
use std::path::PathBuf;

/// Why no sandbox could be had, or one broke.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A limit that makes no sense.
    #[error("tool.{key}: expected {expected}, found {found}")]
    Setting {
        /// The key.
        key: &'static str,
        /// What would do.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The program that makes sandboxes is not installed.
    #[error(
        "running tools needs bubblewrap, and no `bwrap` is on the PATH: install the package `bubblewrap` (0.8 or newer; \
         Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap), or run without tools"
    )]
    NoBubblewrap,
    /// Run as root, without the program that gives root up.
    #[error("running tools as root needs `setpriv` to start sandboxes as nobody: install the package `util-linux`")]
    NoSetpriv,
    /// This system or processor has no filter of system calls that we know.
    #[error("running tools needs Linux on x86-64 or AArch64: run without tools")]
    Platform,
    /// No interpreter could be run in a sandbox.
    #[error(
        "running tools needs a sandbox with Python, and none could be made:\n  {}\nbubblewrap 0.8 or newer must be \
         allowed to make user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, \
         kernel.apparmor_restrict_unprivileged_userns; a container may forbid them), and `tool.python` must name a \
         Python 3.8 or newer; or run without tools",
        tried.join("\n  ")
    )]
    NoPython {
        /// One line for each interpreter: its path and what happened.
        tried: Vec<String>,
    },
    /// A sandbox that worked before could not be started.
    #[error("the sandbox did not start: {said}")]
    Start {
        /// What it said on its way.
        said: String,
    },
    /// The system refused something.
    #[error("the sandbox: cannot {action} {}: {source}", path.display())]
    System {
        /// What was being done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
