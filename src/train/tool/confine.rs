//! What a sandbox needs of the system beside bubblewrap: a filter of system calls, and how its process is started and
//! ended. Only here is the tool mode bound to Linux.
//!
//! Namespaces and limits of resources leave gaps that the filter closes. Memory that belongs to no address space (shared
//! segments, anonymous files) is not counted by the limit on memory. Sockets of the machine's hypervisor are in no network
//! namespace. A program that traces the first process of its sandbox could unbind it from us. New namespaces give
//! privileges inside, and with them more of the kernel to attack.

use libc::c_long;

/// What the kernel calls the processor.
const ARCHITECTURE: u32 = if cfg!(target_arch = "x86_64") { 0xC000_003E } else { 0xC000_00B7 };

/// Refused as if the user had no right to them.
const REFUSED: &[c_long] = &[
    // Sockets to anywhere; pairs of them stay.
    libc::SYS_socket,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Memory that no limit counts.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    // Parts of the kernel that a calculation has no use for.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_personality,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// Flags of `clone` that make a namespace.
const NAMESPACES: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

/// The filter as the kernel reads it: instructions of 8 bytes.
pub(super) fn filter() -> Vec<u8> {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const AT_LEAST: u32 = libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K;
    const ANY_BIT: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    // `seccomp_data`: number at 0, architecture at 4, first argument at 16, low half first on these processors.
    const NUMBER: u32 = 0;
    const ARCH: u32 = 4;
    const FIRST: u32 = 16;
    const NOT_PERMITTED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const NO_SUCH_CALL: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

    let mut code: Vec<(u32, u8, u8, u32)> = vec![
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, ARCHITECTURE),
        (RETURN, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        (LOAD, 0, 0, NUMBER),
        // The other numbering of x86-64.
        (AT_LEAST, 0, 1, 0x4000_0000),
        (RETURN, 0, 0, NO_SUCH_CALL),
    ];
    for number in REFUSED {
        code.extend([(EQUAL, 0, 1, *number as u32), (RETURN, 0, 0, NOT_PERMITTED)]);
    }
    // Its flags are behind a pointer, which no filter can follow; without it the C library takes `clone`.
    code.extend([(EQUAL, 0, 1, libc::SYS_clone3 as u32), (RETURN, 0, 0, NO_SUCH_CALL)]);
    code.extend([
        (EQUAL, 0, 3, libc::SYS_clone as u32),
        (LOAD, 0, 0, FIRST),
        (ANY_BIT, 0, 1, NAMESPACES),
        (RETURN, 0, 0, NOT_PERMITTED),
        (RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]);
    let bytes = |(code, yes, no, k): (u32, u8, u8, u32)| {
        let [a, b] = (code as u16).to_ne_bytes();
        let [e, f, g, h] = k.to_ne_bytes();
        [a, b, yes, no, e, f, g, h]
    };
    code.into_iter().flat_map(bytes).collect()
}

/// Whether this process is root's: what root starts has no limit on processes, so that a sandbox is started as another.
pub(super) fn is_root() -> bool {
    // SAFETY: takes no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The user and group that own nothing.
pub(super) const NOBODY: &str = "65534";

/// The descriptor at which a sandbox finds the filter.
pub(super) const FILTER: &str = "3";

/// A script for the shell that starts a sandbox: its arguments are the file of the filter and the command. It makes its
/// process the first to go when memory is short, where it may.
///
/// A shell, because a child made by `fork`, which could do this without one, has the tables of our whole memory copied:
/// with a model of some gigabytes that takes longer than the program.
pub(super) const START: &str = "exec 3<\"$1\"; shift; echo 1000 2>/dev/null >/proc/self/oom_score_adj; exec \"$@\"";

/// Ends all processes of a group at once. `leader` is a child that was not waited for yet, so that its number is its own.
pub(super) fn end_group(leader: u32) {
    // SAFETY: takes numbers only.
    unsafe { libc::kill(-(leader as libc::pid_t), libc::SIGKILL) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_jumps_within_itself() {
        let filter = filter();
        assert_eq!(filter.len() % 8, 0);
        let count = filter.len() / 8;
        for (at, instruction) in filter.chunks(8).enumerate() {
            let furthest = at + 1 + usize::from(instruction[2].max(instruction[3]));
            let returns = u32::from(instruction[0]) & 7 == libc::BPF_RET;
            assert!(returns || furthest < count, "instruction {at}");
        }
    }
}
