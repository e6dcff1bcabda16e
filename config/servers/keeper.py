"""The process that owns the embedded servers: starts them, waits until nobody uses them, stops them.

python -m config.servers.keeper HOME LINGER_SECONDS
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from config.servers import postgres, redis
from config.servers.home import Home

POLL_SECONDS = 0.5
LOG_BYTES = 5 * 1024**2


def main(home: Home, linger_seconds: float) -> None:
    lock = os.open(home.keeper_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another keeper was first
    for word in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(word, lambda *_: sys.exit(0))
    home.make()
    home.ready.unlink(missing_ok=True)
    if home.log.exists() and home.log.stat().st_size > LOG_BYTES:
        os.truncate(home.log, 0)
    users = os.open(home.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
    servers: dict[str, subprocess.Popen[bytes]] = {}
    try:
        servers["postgres"] = postgres.start(home)
        servers["redis"] = redis.start(home)
        home.ready.write_text(str(os.getpid()))
        wait_until_alone(users, servers, linger_seconds)
    except RuntimeError as problem:
        sys.exit(str(problem))
    finally:
        home.ready.unlink(missing_ok=True)
        redis.stop(servers.get("redis"))
        postgres.stop(servers.get("postgres"))
        home.forget_sockets()


def wait_until_alone(users: int, servers: "dict[str, subprocess.Popen[bytes]]", linger_seconds: float) -> None:
    """Returns holding the exclusive lock: a newcomer waits until the servers are stopped, then starts fresh ones."""
    alone_since: float | None = None
    while True:
        time.sleep(POLL_SECONDS)
        for name, server in servers.items():
            if server.poll() is not None:
                raise RuntimeError(f"{name} ended by itself with {server.returncode}; the next user starts both again.")
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone_since = None
            continue
        alone_since = alone_since or time.monotonic()
        if time.monotonic() - alone_since >= linger_seconds:
            return
        fcntl.flock(users, fcntl.LOCK_UN)


if __name__ == "__main__":
    main(Home.at(Path(sys.argv[1])), float(sys.argv[2]))
