"""Processes that end with the one that started them, however that one ends."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent(last_words: signal.Signals) -> None:
    """The kernel sends `last_words` to this process when its parent dies. Linux only; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(last_words), 0, 0, 0)


def dying_with_parent(last_words: signal.Signals) -> Callable[[], None]:
    """The same for a child, as its `preexec_fn`."""
    parent = os.getpid()

    def prepare() -> None:
        die_with_parent(last_words)
        if os.getppid() != parent:  # it died before the kernel knew whom to watch
            os._exit(1)

    return prepare


def start(command: Sequence[str | Path], *, last_words: signal.Signals, **options: object) -> "subprocess.Popen[bytes]":
    """`command` as a child in a session of its own, so that Ctrl-C reaches its parent only."""
    return subprocess.Popen(  # type: ignore[call-overload]
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=dying_with_parent(last_words),
        **options,
    )


def stop(child: "subprocess.Popen[bytes] | None", words: signal.Signals, *, patience_seconds: float) -> None:
    """Asks `child` to end with `words`, and kills it when it does not."""
    if child is None or child.poll() is not None:
        return
    child.send_signal(words)
    try:
        child.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
