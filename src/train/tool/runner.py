"""Runs blocks of Python one after another in one namespace, as the first and only program of the sandbox.

Arguments: processes, CPU seconds, bytes of memory, of a file, open files, then the length in bytes of each block.
Standard input: the blocks, one behind the other. What blocks before the last print is dropped, and so are their errors,
as those were shown when they were the last.
"""

import os
import resource
import sys


def limit(which, most, grace=0):
    # Where the system's own limit is lower already, that one stays.
    hard = resource.getrlimit(which)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    ceiling = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(which, (most, ceiling))


def prepare():
    numbers = [int(argument) for argument in sys.argv[1:]]
    processes, seconds, memory, file, files = numbers[:5]
    source = sys.stdin.buffer.read()
    os.closerange(3, min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 20))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    limit(resource.RLIMIT_NPROC, processes)
    # The signal of the soft limit can be caught; the hard one, a second later, cannot.
    limit(resource.RLIMIT_CPU, seconds, grace=1)
    limit(resource.RLIMIT_AS, memory)
    limit(resource.RLIMIT_FSIZE, file)
    limit(resource.RLIMIT_NOFILE, files)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_MEMLOCK, 0)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    blocks, start = [], 0
    for length in numbers[5:]:
        blocks.append(source[start : start + length])
        start += length
    # From here on the program's time counts.
    os.write(1, b"\0")
    return blocks


def main():
    *earlier, last = prepare()
    module = type(sys)("__main__")
    sys.modules["__main__"] = module
    sys.argv = [""]
    if earlier:
        kept = [os.dup(1), os.dup(2)]
        null = os.open("/dev/null", os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.close(null)
        for block in earlier:
            try:
                exec(compile(block, "block", "exec"), module.__dict__)
            except (Exception, SystemExit):
                pass
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                pass
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)
    exec(compile(last, "block", "exec"), module.__dict__)


main()
