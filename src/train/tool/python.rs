//! Which Python runs programs, and what of the file system it needs to see.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Asks an interpreter for its real path and the folders that it is installed in.
const QUESTION: &str = "import sys
if sys.version_info < (3, 8): sys.exit('Python 3.8 or newer is needed, this is ' + sys.version.split()[0])
print(sys.executable, sys.prefix, sys.base_prefix, sys.exec_prefix, sep='\\n')";

/// An interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Python {
    pub(super) executable: PathBuf,
    /// What it needs outside [`SYSTEM`]: folders and files of its installation, each existing, sorted.
    pub(super) visible: Vec<PathBuf>,
}

/// Folders of the system, visible to every program.
pub(super) const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"];

/// What of an installation is read: its programs, libraries, and the note that makes it a virtual environment. Not the
/// whole of it: an installation may lie in a folder with other things.
const PARTS: &[&str] = &["bin", "lib", "lib64", "pyvenv.cfg"];

/// The files that `python` may mean: itself if it is a path, else each of that name on the `PATH`, in its order.
pub(super) fn candidates(python: &Path) -> Vec<PathBuf> {
    if python.components().count() > 1 { vec![python.to_owned()] } else { on_path(python.as_os_str()) }
}

/// The executable files of a name on the `PATH`.
pub(super) fn on_path(name: &OsStr) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let mut found = Vec::new();
    for file in env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)) {
        let executable = file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
        if executable && !found.contains(&file) {
            found.push(file);
        }
    }
    found
}

/// Runs a file to learn which interpreter it is: what is on the `PATH` may be a script that chooses one.
///
/// # Errors
/// It cannot be run, or is no Python that would do: what it said.
pub(super) fn ask(file: &Path) -> Result<Python, String> {
    let mut command = Command::new(file);
    command.args(["-I", "-c", QUESTION]).stdin(Stdio::null());
    let output = command.output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.lines().last().map_or_else(|| output.status.to_string(), str::to_owned));
    }
    let said = String::from_utf8(output.stdout).map_err(|_| "its path is not UTF-8".to_owned())?;
    let mut lines = said.lines().map(PathBuf::from);
    let executable = lines.next().filter(|path| path.is_absolute()).ok_or("it does not say where it is")?;
    let visible = visible(&executable, lines.collect());
    Ok(Python { executable, visible })
}

/// The parts of an interpreter's installation that are not the system's.
fn visible(executable: &Path, mut prefixes: Vec<PathBuf>) -> Vec<PathBuf> {
    let real = executable.canonicalize().ok();
    prefixes.extend(real.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_owned));
    // A link to an installation is seen under both names.
    prefixes.extend(prefixes.iter().filter_map(|path| path.canonicalize().ok()).collect::<Vec<_>>());
    let own = |path: &PathBuf| path.is_absolute() && !SYSTEM.iter().any(|folder| path.starts_with(folder));
    let parts = prefixes.iter().flat_map(|prefix| PARTS.iter().map(|part| prefix.join(part)));
    let parts: BTreeSet<PathBuf> = parts.filter(own).filter(|path| path.exists()).collect();
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_seen_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["bin", "lib/python3", "secrets"] {
            std::fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        let root = folder.path().canonicalize().unwrap();
        let found = visible(&root.join("bin/python3"), vec![root.clone(), "/usr".into(), "/".into()]);
        assert_eq!(found, [root.join("bin"), root.join("lib")]);
    }

    #[test]
    fn what_is_no_python_says_so() {
        assert!(ask(Path::new("no/such/python")).unwrap_err().contains("No such file"));
        assert!(ask(Path::new("/bin/false")).is_err());
        assert_eq!(candidates(Path::new("a/python")), [PathBuf::from("a/python")]);
        assert!(candidates(Path::new("no-such-python")).is_empty());
    }
}
