//! Attempts to reach something: the network, files, other processes, the environment, the kernel.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::*;

#[test]
fn there_is_no_network() {
    let Some(sandbox) = sandbox("") else { return };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let abstract_name = format!("attack-{}", std::process::id());
    let unix = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&abstract_name).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let at_path = UnixListener::bind(&path).unwrap();
    let attempts = format!(
        "
import socket, subprocess, urllib.request
def connect(family, kind, address):
    with socket.socket(family, kind) as s:
        s.settimeout(2)
        s.connect(address)
        return s
attempt('1.1.1.1', lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ('1.1.1.1', 80)))
attempt('a name', lambda: socket.getaddrinfo('example.org', 80))
attempt('http', lambda: urllib.request.urlopen('http://1.1.1.1/', timeout=2))
attempt('udp', lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ('1.1.1.1', 53)).send(b'x'))
attempt('ipv6', lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ('::1', {port})))
attempt('loopback', lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', {port})))
attempt('abstract', lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, '\\0{abstract_name}'))
attempt('unix', lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, '{path}'))
attempt('listen', lambda: socket.create_server(('127.0.0.1', 0)))
attempt('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt('raw', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt('packet', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt('vsock', lambda: connect(40, socket.SOCK_STREAM, (2, 22)))
attempt('a child', lambda: subprocess.run(['python3', '-c', 'import socket; socket.socket()'], check=True))
",
        path = path.display()
    );
    all_fail(&sandbox, &attempts);
    tcp.set_nonblocking(true).unwrap();
    assert!(tcp.accept().is_err(), "somebody came in");
    for listener in [unix, at_path] {
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "somebody came in");
    }
}

#[test]
fn nothing_is_written_outside() {
    let Some(sandbox) = sandbox("") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept");
    std::fs::OpenOptions::new().create_new(true).write(true).open(&file).unwrap();
    let attempts = format!(
        "
import os, sys
folders = ['/', '/usr', '/usr/bin', '/usr/lib', '/bin', '/lib', '/dev', '/dev/shm', '/etc', '/var', '/var/tmp', '/run',
    '/home', '/root', '/proc', '/sys', '{folder}', os.path.dirname(sys.executable), os.path.dirname(os.__file__)]
for folder in folders:
    attempt('write to ' + folder, lambda: open(os.path.join(folder, 'written'), 'w'))
    attempt('mkdir in ' + folder, lambda: os.mkdir(os.path.join(folder, 'made')))
    attempt('remove ' + folder, lambda: os.rename(folder, folder + '.old'))
attempt('a file of another', lambda: open('{file}', 'w'))
attempt('a program', lambda: open('/usr/bin/env', 'r+b'))
attempt('remove a program', lambda: os.remove('/usr/bin/env'))
attempt('chmod', lambda: os.chmod('/usr/bin/env', 0o777))
attempt('touch', lambda: os.utime('/usr/bin/env'))
attempt('a device', lambda: os.mknod('disk', 0o60666, os.makedev(254, 0)))
attempt('hard link', lambda: os.link('/usr/bin/env', 'env'))
",
        folder = folder.path().display(),
        file = file.display()
    );
    all_fail(&sandbox, &attempts);
    assert!(file.exists() && !folder.path().join("written").exists());
    // The one place to write keeps nothing for the next program.
    assert_eq!(run(&sandbox, "open('x.txt', 'w').write('1')\nprint(open('./x.txt').read())").stdout, "1\n");
    assert_eq!(run(&sandbox, "import os\nprint(os.listdir('.'))").stdout, "[]\n");
}

#[test]
fn what_is_not_the_systems_cannot_be_read() {
    let Some(sandbox) = sandbox("") else { return };
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    crate::io::atomic::write(&secret, "secret").unwrap();
    let attempts = format!(
        "
import os, sys
installed = [sys.executable, sys.prefix, sys.base_prefix]
for path in ['/root', '/home', '/work', '/etc/shadow', '/etc/passwd', '/etc/hosts', '/var', '/boot', '/sys', '/run', '/mnt',
    '/media', '/srv', '/proc', '/proc/self/environ', '/proc/1/environ', '/proc/1/mem', '/proc/self/root', '/dev/mem',
    '/dev/tty', '/dev/vda', '/dev/sda', '/dev/nvme0n1', '/dev/shm', '/dev/pts', '/dev/fuse', '/dev/kvm', '{project}', '{secret}']:
    # Where Python is installed elsewhere, the folder above it is there.
    if not any(place.startswith(path + '/') for place in installed):
        attempt('list ' + path, lambda: os.listdir(path))
    attempt('read ' + path, lambda: open(path, 'rb').read(10))
attempt('up', lambda: open('../../../../../../etc/shadow').read(10))
os.symlink('/etc/shadow', 'link')
attempt('a link', lambda: open('link').read(10))
",
        project = env!("CARGO_MANIFEST_DIR"),
        secret = secret.display()
    );
    all_fail(&sandbox, &attempts);
    let listing = run(&sandbox, "import os\nprint(*sorted(set(os.listdir('/')) - {'lib32', 'lib64', 'sbin'}))").stdout;
    let beyond: Vec<&str> =
        listing.split_whitespace().filter(|name| !["bin", "dev", "etc", "lib", "tmp", "usr"].contains(name)).collect();
    let above = |name: &str| sandbox.python().starts_with(format!("/{name}"));
    assert!(beyond.iter().all(|name| above(name)), "{listing}");
}

#[test]
fn the_environment_and_descriptors_are_not_inherited() {
    let Some(sandbox) = sandbox("") else { return };
    let secret = tempfile::tempfile().unwrap();
    // Unlike those that Rust opens, it stays open in programs that are started.
    let inherited = rustix::io::dup(&secret).unwrap();
    let code = "
import os
print(*sorted(os.environ))
def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:
        return False
print([number for number in range(100000) if is_open(number)])
print(os.getcwd(), os.getuid(), os.getgid(), os.getgroups(), os.uname().nodename)
";
    let output = run(&sandbox, code);
    drop(inherited);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        lines[0], "HOME LC_ALL MPLBACKEND OMP_NUM_THREADS OPENBLAS_NUM_THREADS PATH PWD PYTHONHASHSEED TZ",
        "{output:?}"
    );
    assert_eq!(lines[1], "[0, 1, 2]");
    assert!(lines[2].starts_with("/tmp 65534 65534 [") && lines[2].ends_with(" sandbox"), "{output:?}");
}

#[test]
fn there_is_no_input() {
    let Some(sandbox) = sandbox("") else { return };
    let output = run(&sandbox, "import os, sys\nprint(os.read(0, 10), repr(sys.stdin.read()))\ninput()");
    assert_eq!(output.shown(200), "b'' ''\nEOFError: EOF when reading a line");
}

#[test]
fn other_processes_cannot_be_traced() {
    let Some(sandbox) = sandbox("") else { return };
    all_fail(
        &sandbox,
        "
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result
child = os.fork()
if child == 0:
    import time
    time.sleep(1000)
for pid in [1, os.getppid(), child]:
    attempt(f'attach {pid}', lambda: call(libc.ptrace, 16, pid, 0, 0))
    attempt(f'seize {pid}', lambda: call(libc.ptrace, 0x4206, pid, 0, 0))
    buffer = (ctypes.c_size_t * 2)(0, 8)
    attempt(f'read {pid}', lambda: call(libc.process_vm_readv, pid, buffer, 1, buffer, 1, 0))
    attempt(f'memory {pid}', lambda: open(f'/proc/{pid}/mem', 'r+b'))
attempt('be traced', lambda: call(libc.ptrace, 0, 0, 0, 0))
",
    );
}

#[test]
fn rights_cannot_be_had() {
    let Some(sandbox) = sandbox("") else { return };
    all_fail(
        &sandbox,
        "
import ctypes, os, resource, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def call(function, *arguments):
    result = function(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result
attempt('setuid', lambda: os.setuid(0))
attempt('setgid', lambda: os.setgid(0))
attempt('setgroups', lambda: os.setgroups([0]))
attempt('chroot', lambda: os.chroot('/tmp'))
for flag in [0x10000000, 0x00020000, 0x40000000, 0x20000000]:
    attempt(f'unshare {flag}', lambda: call(libc.unshare, flag))
number = {'x86_64': 56, 'aarch64': 220}[os.uname().machine]
attempt('clone', lambda: call(libc.syscall, number, 0x10000000 | 17, 0, 0, 0, 0))
attempt('clone3', lambda: call(libc.syscall, 435, (ctypes.c_uint64 * 11)(0x10000000), 88))
attempt('mount', lambda: call(libc.mount, b'tmpfs', b'/tmp', b'tmpfs', 0, None))
attempt('remount', lambda: call(libc.mount, None, b'/usr', None, 0x1020, None))
attempt('unmount', lambda: call(libc.umount2, b'/usr', 2))
attempt('io_uring', lambda: call(libc.syscall, 425, 8, ctypes.create_string_buffer(120)))
attempt('bpf', lambda: call(libc.syscall, {'x86_64': 321, 'aarch64': 280}[os.uname().machine], 5, ctypes.create_string_buffer(120), 120))
attempt('keys', lambda: call(libc.syscall, {'x86_64': 250, 'aarch64': 219}[os.uname().machine], 0, -3, 1))
for name in ['NPROC', 'CPU', 'AS', 'FSIZE', 'NOFILE', 'CORE']:
    which = getattr(resource, 'RLIMIT_' + name)
    attempt('raise ' + name, lambda: resource.setrlimit(which, (1 << 40, 1 << 40)))
attempt('nice', lambda: os.nice(-5))
attempt('su', lambda: subprocess.run(['su', '-c', 'true'], check=True, capture_output=True))
attempt('sudo', lambda: subprocess.run(['sudo', '-n', 'true'], check=True, capture_output=True))
",
    );
}
