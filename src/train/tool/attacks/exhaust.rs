//! Attempts to use up the machine: time, memory, processes, disk, output, the stack.

use super::*;

#[test]
fn endless_programs_are_ended() {
    let Some(sandbox) = sandbox("cpu_seconds = 1") else { return };
    assert_eq!(
        run(&sandbox, "print('so far', flush=True)\nwhile True: pass").shown(100),
        "so far\nTimeoutError: the program took too long"
    );
    // The signal of the limit is ignored; the kill a second later cannot be.
    let stubborn = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass";
    assert_eq!(run(&sandbox, stubborn).ending, Ending::Signal(libc::SIGKILL));
    // One step of the interpreter that takes for ever.
    assert_eq!(run(&sandbox, "x = 9 ** 9 ** 9").ending, Ending::TimeLimit);
}

#[test]
fn waiting_programs_are_ended() {
    let Some(sandbox) = sandbox("wall_seconds = 1") else { return };
    let start = Instant::now();
    for code in [
        "import time\ntime.sleep(1000)",
        // With nothing left that we listen to.
        "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(1000)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    ] {
        assert_eq!(run(&sandbox, code).ending, Ending::TimeLimit, "{code}");
    }
    assert!(start.elapsed() < Duration::from_secs(100));
}

#[test]
fn output_is_bounded() {
    let Some(sandbox) = sandbox("") else { return };
    for stream in ["stdout", "stderr"] {
        for text in ["'x'", "'x\\n'", "'x' * 1000000"] {
            let output = run(&sandbox, &format!("import sys\nwhile True: sys.{stream}.write({text})"));
            assert_eq!(output.ending, Ending::OutputLimit, "{stream} {text}");
            let len = if stream == "stdout" { output.stdout.len() } else { output.stderr.len() };
            assert_eq!(len, 20_000, "{stream} {text}");
        }
    }
    let most = run(&sandbox, "print('x' * 19999)");
    assert_eq!((most.ending, most.stdout.len()), (Ending::Exited(0), 20_000));
    let many = "import os\nfor i in range(4): os.fork()\nwhile True: os.write(1, b'x' * 1000)";
    assert_ne!(run(&sandbox, many).ending, Ending::Exited(0));
}

#[test]
fn memory_is_bounded() {
    let Some(sandbox) = sandbox("") else { return };
    assert_eq!(run(&sandbox, "x = bytearray(10 ** 10)").error().unwrap(), "MemoryError");
    assert_eq!(run(&sandbox, "x = ['x']\nwhile True: x += x").error().unwrap(), "MemoryError");
    all_fail(
        &sandbox,
        "
import ctypes, mmap, os
libc = ctypes.CDLL(None, use_errno=True)
def call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result
attempt('map', lambda: mmap.mmap(-1, 1 << 30))
attempt('anonymous file', lambda: os.memfd_create('x'))
attempt('shared segment', lambda: call(libc.shmget, 0, 1 << 20, 0o1600))
attempt('message queue', lambda: call(libc.msgget, 0, 0o1600))
attempt('semaphores', lambda: call(libc.semget, 0, 1000, 0o1600))
attempt('posix queue', lambda: call(libc.mq_open, b'/x', 0o102, 0o600, None))
attempt('shared memory', lambda: open('/dev/shm/x', 'w'))
attempt('locked', lambda: call(libc.mlockall, 3))
def descriptors():
    while True:
        kept.extend(os.pipe())
kept = []
attempt('descriptors', descriptors)
for number in kept:
    os.close(number)
assert len(kept) < 64
",
    );
}

#[test]
fn processes_are_bounded() {
    let Some(sandbox) = sandbox("processes_max = 8\ncpu_seconds = 1\nwall_seconds = 2") else { return };
    let counting = "
import os, time
count = 0
try:
    while count < 100:
        if os.fork() == 0:
            time.sleep(1000)
        count += 1
except BlockingIOError:
    print(count)
";
    // Two are bubblewrap's and the program.
    assert_eq!(run(&sandbox, counting).stdout, "6\n");
    let threads = "import threading, time\nfor i in range(100): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()";
    assert_eq!(run(&sandbox, threads).error().unwrap(), "RuntimeError: can't start new thread");
    let name_ = format!("bomb-{}", std::process::id());
    let bomb = format!(
        "{}import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
        name(&name_)
    );
    let output = run(&sandbox, &bomb);
    assert!(matches!(output.ending, Ending::TimeLimit | Ending::Signal(_)), "{output:?}");
    gone(&name_);
    assert_eq!(run(&sandbox, "print(1)").stdout, "1\n");
}

#[test]
fn files_are_bounded() {
    let Some(sandbox) = sandbox("") else { return };
    let large = run(&sandbox, "open('x', 'wb').write(bytes(100_000_000))");
    assert_eq!(large.error().unwrap(), "OSError: [Errno 27] File too large");
    let sparse = run(&sandbox, "import os\nos.truncate(os.open('x', os.O_CREAT | os.O_RDWR), 1 << 40)");
    assert_eq!(sparse.error().unwrap(), "OSError: [Errno 27] File too large");
    let many = "
import os
total = 0
try:
    for i in range(1000):
        with open(f'{i}', 'wb', buffering=0) as file:
            total += file.write(bytes(1_000_000))
except OSError as error:
    print(total <= 4194304, error.strerror)
";
    assert_eq!(run(&sandbox, many).stdout, "True No space left on device\n");
}

#[test]
fn the_stack_is_bounded() {
    let Some(sandbox) = sandbox("") else { return };
    let deep = run(&sandbox, "def f(): f()\nf()");
    assert_eq!(deep.error().unwrap(), "RecursionError: maximum recursion depth exceeded");
    let deeper = run(
        &sandbox,
        "import sys\nsys.setrecursionlimit(10 ** 9)\nclass A:\n    def __repr__(self): return repr(self)\nrepr(A())",
    );
    assert_ne!(deeper.ending, Ending::Exited(0), "{deeper:?}");
    let nested = run(&sandbox, &format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000)));
    assert_ne!(nested.ending, Ending::Exited(0), "{nested:?}");
    let minus = run(&sandbox, &format!("x = {}1", "-".repeat(15_000)));
    assert_ne!(minus.ending, Ending::TimeLimit, "{minus:?}");
}
