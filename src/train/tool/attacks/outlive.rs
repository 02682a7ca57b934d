//! Attempts to outlive the run, to end what runs it, or to confuse who reads its output.

use std::process::{Command, Stdio};

use super::*;

/// A program that leaves a process behind that is no child of it, in a session of its own.
fn daemon(comm: &str, before: &str) -> String {
    format!(
        "{}
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 65):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
        {before}
        time.sleep(1000)
    os._exit(0)
os.wait()
time.sleep(0.1)
print('left', flush=True)
",
        name(comm)
    )
}

#[test]
fn a_daemon_ends_with_its_program() {
    let Some(sandbox) = sandbox("") else { return };
    let comm = format!("daemon-{}", std::process::id());
    for before in ["os.close(0); os.close(1); os.close(2)", "pass"] {
        let start = Instant::now();
        let output = run(&sandbox, &daemon(&comm, before));
        assert_eq!((output.stdout.as_str(), output.ending), ("left\n", Ending::Exited(0)), "{output:?}");
        assert!(start.elapsed() < Duration::from_secs(100), "its output was waited for");
        gone(&comm);
    }
}

#[test]
fn a_daemon_ends_at_the_limit() {
    let Some(sandbox) = sandbox("wall_seconds = 1") else { return };
    let comm = format!("late-{}", std::process::id());
    let output = run(&sandbox, &format!("{}time.sleep(1000)", daemon(&comm, "os.close(1); os.close(2)")));
    assert_eq!(output.ending, Ending::TimeLimit);
    gone(&comm);
}

#[test]
fn signals_reach_nobody_else() {
    let Some(sandbox) = sandbox("wall_seconds = 1") else { return };
    let code = format!(
        "
import os, signal
for target in [os.getppid(), 1, -1, {}, {}]:
    for number in [signal.SIGTERM, signal.SIGHUP, signal.SIGSTOP, signal.SIGKILL]:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            pass
print('still here')",
        std::process::id(),
        std::os::unix::process::parent_id()
    );
    assert_eq!(run(&sandbox, &code).stdout, "still here\n");
    // Its own group is that of the first process of the sandbox, which no signal from within can stop.
    assert_eq!(run(&sandbox, "import os\nos.kill(0, 9)").ending, Ending::Signal(libc::SIGKILL));
    assert_eq!(run(&sandbox, "import os\nos.kill(0, 19)").ending, Ending::TimeLimit);
}

/// Not a test: what [`programs_end_with_who_runs_them`] starts and kills.
#[test]
#[ignore = "run by another test"]
fn sleeper() {
    let comm = std::env::var("ATTACK_NAME").unwrap();
    run(&sandbox("").unwrap(), &format!("{}import time\ntime.sleep(1000)", name(&comm)));
}

#[test]
fn programs_end_with_who_runs_them() {
    if sandbox("").is_none() {
        return;
    }
    let comm = format!("orphan-{}", std::process::id());
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = format!("{}::sleeper", module_path!().split_once("::").unwrap().1);
    command.args(["--exact", &test, "--ignored"]).env("ATTACK_NAME", &comm).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    until("it has not come up", || named(&comm) == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    gone(&comm);
}

#[test]
fn odd_output_and_odd_code_are_taken() {
    let Some(sandbox) = sandbox("") else { return };
    let bytes = run(&sandbox, "import sys\nsys.stdout.buffer.write(b'\\xff\\x00ok\\xe2\\x82')");
    assert_eq!(bytes.stdout, "\u{fffd}\0ok\u{fffd}");
    let surrogate = run(&sandbox, "print('\\ud800')");
    assert!(surrogate.error().unwrap().starts_with("UnicodeEncodeError"), "{surrogate:?}");
    let null = run(&sandbox, "print(1)\0print(2)");
    assert!(null.error().unwrap().ends_with("source code string cannot contain null bytes"), "{null:?}");
    assert!(run(&sandbox, "x = (").error().unwrap().starts_with("SyntaxError"));
    assert_eq!(run(&sandbox, "").ending, Ending::Exited(0));
    assert_eq!(run(&sandbox, "print('é中')").stdout, "é中\n");
    assert_eq!(run(&sandbox, &"x = 1\n".repeat(20_000)).ending, Ending::CodeLimit);
    assert_eq!(run(&sandbox, "import sys; sys.exit(3)").error().unwrap(), "SystemExit: 3");
    assert_eq!(run(&sandbox, "raise SystemExit('enough')").error().unwrap(), "enough");
    assert_eq!(run(&sandbox, "import os; os._exit(0)").ending, Ending::Exited(0));
    assert_eq!(run(&sandbox, "import os; os.abort()").ending, Ending::Signal(libc::SIGABRT));
}

#[test]
fn only_what_the_last_block_prints_is_kept() {
    let Some(sandbox) = sandbox("") else { return };
    let earlier = [
        "import os, sys\nx = 1\nprint('dropped')\nos.write(1, b'dropped')",
        "y = x + 1\nraise ValueError('told before')",
        "os.system('echo dropped; echo dropped >&2')",
        "class Point:\n    pass\nimport sys; sys.exit(1)",
    ];
    let last = "import pickle\nprint(x, y, __name__, type(pickle.loads(pickle.dumps(Point()))).__name__)";
    let program = Program { earlier: earlier.map(str::to_owned).to_vec(), last: last.to_owned() };
    let output = sandbox.run(&program).unwrap();
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("1 2 __main__ Point\n", ""));
    // Whatever earlier blocks did to the streams.
    let broken =
        Program { earlier: vec!["import sys\nsys.stdout = sys.stderr = None".into()], last: "print(1)".into() };
    assert_eq!(sandbox.run(&broken).unwrap().ending, Ending::Exited(0));
}

#[test]
fn programs_beside_each_other_give_what_each_gives_alone() {
    use rayon::prelude::*;
    let Some(sandbox) = sandbox("") else { return };
    let code = |i: usize| format!("print({i} ** 2, {{'a', 'b', 'c', 'd'}}, object())");
    let alone: Vec<Output> = (0..8).map(|i| run(&sandbox, &code(i))).collect();
    let beside: Vec<Output> = (0..8).into_par_iter().map(|i| run(&sandbox, &code(i))).collect();
    assert_eq!(alone, beside);
}

#[test]
fn an_interpreter_elsewhere_is_seen_and_a_wrong_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let Some(sandbox) = sandbox("") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let own = folder.path().join("env");
    let made = Command::new(sandbox.python()).args(["-m", "venv", "--without-pip"]).arg(&own).output().unwrap();
    if !made.status.success() {
        say_once(&"this Python makes no virtual environments");
        return;
    }
    let python = own.join("bin/python3");
    let elsewhere = Sandbox::probe(&settings(&format!("python = {python:?}"))).unwrap();
    assert_eq!(elsewhere.python(), python);
    let seen = run(&elsewhere, &format!("import os, sys\nprint(sys.prefix, os.listdir({:?}))", folder.path()));
    assert_eq!(seen.stdout, format!("{} ['env']\n", own.display()), "{seen:?}");
    let message = |python: &str| Sandbox::probe(&settings(&format!("python = {python:?}"))).unwrap_err().to_string();
    assert!(message("no-such-python").contains("no `no-such-python` on the PATH"), "{}", message("no-such-python"));
    assert!(message("/bin/false").contains("/bin/false: ") && message("/bin/false").contains("user namespaces"));
}
