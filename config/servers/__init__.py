"""The servers that Roster needs: those of DATABASE_URL and REDIS_URL, else embedded ones that a keeper runs.

Whoever uses the embedded servers holds a shared lock on `users.lock`; the kernel frees it however a process ends.
"""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from config.servers import postgres, redis
from config.servers.home import Home

START_SECONDS = 60.0
_held: dict[Path, int] = {}  # home → descriptor of the shared lock, for as long as this process lives


class ServersDidNotStart(SystemExit):
    """Ends the command with one sentence that names the log."""


def ensure() -> Home | None:
    """After this, DATABASE_URL and REDIS_URL are set. Where the embedded servers live, if one of them was not."""
    given = {"DATABASE_URL", "REDIS_URL"} & {name for name, value in os.environ.items() if value}
    if given == {"DATABASE_URL", "REDIS_URL"}:
        return None
    home = Home.of_environment()
    start(home)
    os.environ["ROSTER_EMBEDDED"] = "" if "DATABASE_URL" in given else "1"
    if "DATABASE_URL" not in given:
        os.environ["DATABASE_URL"] = postgres.url(home)
    if "REDIS_URL" not in given:
        os.environ["REDIS_URL"] = redis.url(home)
    return home


def start(home: Home, *, linger_seconds: float = 5.0) -> None:
    """Both servers of `home` answer, and stay until this process ends."""
    use(home)
    deadline = time.monotonic() + START_SECONDS
    keeper: subprocess.Popen[bytes] | None = None
    while not (home.keeper_pid() and postgres.answers(home) and redis.answers(home)):
        if not home.is_kept() and (keeper is None or keeper.poll() is not None):
            if keeper is not None and keeper.returncode:
                raise ServersDidNotStart(
                    f"The embedded servers did not start. {last_words(home)} ({home.log} has more.)"
                )
            keeper = spawn(home, linger_seconds)
        if time.monotonic() > deadline:
            raise ServersDidNotStart(f"The embedded servers took over {START_SECONDS:.0f} s; see {home.log}.")
        time.sleep(0.05)


def last_words(home: Home) -> str:
    lines = home.log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "They left no word."


def use(home: Home) -> None:
    """Holds the shared lock. Waits while a keeper stops its servers."""
    if home.path in _held:
        return
    home.make()
    descriptor = os.open(home.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held[home.path] = descriptor


def spawn(home: Home, linger_seconds: float) -> "subprocess.Popen[bytes]":
    """A keeper that outlives this process. Of several at once, all but one leave at once."""
    with home.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "config.servers.keeper", str(home.path), str(linger_seconds)],
            cwd=Path(__file__).resolve().parent.parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
