"""How much memory this machine, or the container around it, has."""

import os
from contextlib import suppress
from pathlib import Path

LIMITS = [Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")]


def memory_mb() -> int:
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # no such file, or it says "max"
            found.append(int(limit.read_text()))
    return min(found) // 1024**2
