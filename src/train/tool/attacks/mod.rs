//! Programs that try to get out of the sandbox, to use up the machine, or to outlive their run.
//!
//! Where bubblewrap cannot run, these tests say so on standard error and do nothing.

mod exhaust;
mod outlive;
mod reach;

use std::fs;
use std::io::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::program::{Ending, Output, Program};
use super::sandbox::Sandbox;
use super::settings::{RawTool, ToolSettings};

/// Small limits; the clock has time enough for a busy machine, and only those that wait for it set it lower.
const LIMITS: &str = "cpu_seconds = 2\nwall_seconds = 120\nmemory_bytes = 268435456\ntmp_bytes = 4194304
file_bytes = 1048576\noutput_bytes = 20000";

/// Written before the attempts of a program: each that succeeds is told, and at the end how many there were.
const ATTEMPTS: &str = "
count = 0
def attempt(name, act):
    global count
    count += 1
    try:
        result = act()
    except (Exception, SystemExit) as error:
        return
    print(name, 'succeeded:', result)
";

fn settings(change: &str) -> ToolSettings {
    let mut table: toml::Table = toml::from_str(LIMITS).unwrap();
    table.extend(toml::from_str::<toml::Table>(change).unwrap());
    ToolSettings::try_from(table.try_into::<RawTool>().unwrap()).unwrap()
}

fn say_once(error: &dyn std::fmt::Display) {
    static SAID: OnceLock<()> = OnceLock::new();
    // Past the test harness, which shows only what failing tests print.
    SAID.get_or_init(|| _ = writeln!(std::io::stderr(), "\n!!! TESTS OF THE SANDBOX ARE SKIPPED: {error}\n"));
}

/// A sandbox with some limits changed; none where this machine cannot make any.
pub(in crate::train) fn sandbox(change: &str) -> Option<Sandbox> {
    static TRIED: OnceLock<Option<Sandbox>> = OnceLock::new();
    let probe = || Sandbox::probe(&settings("")).inspect_err(|error| say_once(error)).ok();
    Some(TRIED.get_or_init(probe).as_ref()?.with_limits(settings(change).limits))
}

fn program(code: &str) -> Program {
    Program { earlier: Vec::new(), last: code.to_owned() }
}

#[track_caller]
fn run(sandbox: &Sandbox, code: &str) -> Output {
    sandbox.run(&program(code)).unwrap()
}

/// Runs attempts, each a line `attempt(name, act)`, none of which may succeed.
#[track_caller]
fn all_fail(sandbox: &Sandbox, attempts: &str) {
    let output = run(sandbox, &format!("{ATTEMPTS}\n{attempts}\nprint('attempts:', count)"));
    let tried = output.stdout.strip_prefix("attempts: ").and_then(|rest| rest.trim().parse().ok());
    assert!(tried.is_some_and(|tried: usize| tried > 0), "{output:?}");
    assert_eq!(output.ending, Ending::Exited(0), "{output:?}");
}

/// Names a process so that it is found from outside: at most 15 letters.
fn name(name: &str) -> String {
    format!("import ctypes\nassert ctypes.CDLL(None).prctl(15, b'{name}', 0, 0, 0) == 0\n")
}

/// How many processes of the machine have a name.
fn named(name: &str) -> usize {
    let comm = |entry: std::io::Result<fs::DirEntry>| fs::read_to_string(entry.ok()?.path().join("comm")).ok();
    fs::read_dir("/proc").unwrap().filter_map(comm).filter(|comm| comm.trim() == name).count()
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what} in a minute");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn gone(name: &str) {
    until(&format!("{name} has not gone"), || named(name) == 0);
}
