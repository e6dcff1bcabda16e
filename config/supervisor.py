"""What bin/run and bin/dev run: servers, database, demo data and static files first, then web, worker and beat.

It ends with everything it started, on Ctrl-C or SIGTERM; killed, the kernel ends the others (config/servers).
"""

import argparse
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from config import prepared, servers
from config.servers import children
from config.servers.home import Home

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
CELERY = [*PYTHON, "celery", "--quiet", "--skip-checks", "-A", "config"]  # bin/lint checks; here it takes a second
COMMANDS = {
    "web": [*PYTHON, "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
    "worker": [*CELERY, "worker", "--concurrency", os.environ.get("WORKER_CONCURRENCY", "2")],
    "beat": [*CELERY, "beat"],
}
COMMANDS["worker"] += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
COMMANDS["beat"] += ["--pidfile=", "--loglevel", "WARNING"]
# A worker answers SIGQUIT by putting its tasks back within seconds; SIGTERM would wait for the longest.
LAST_WORDS = {"web": signal.SIGTERM, "worker": signal.SIGQUIT, "beat": signal.SIGTERM}
LOGINS = "viewer@, support@, admin@ or root@roster.example, password roster-demo"
CUSTOMERS = "owner@, member@ or alone@customer.example, with the same password"
STOP_SECONDS = 15


def main() -> None:
    options = options_of(sys.argv[1:])
    os.chdir(ROOT)
    if sys.stderr.isatty():
        os.environ.setdefault("ROSTER_LOGS_READABLE", "1")
    host, port = os.environ.setdefault("HOST", "127.0.0.1"), int(os.environ.setdefault("PORT", "8000"))
    for word in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(word, lambda *_: sys.exit(130))
    turn = only_one(Home.of_environment())
    wait_for_port(host, port)
    home = servers.ensure()
    if options.demo or not prepared.is_current():
        prepare(demo=options.demo)
    supervised = Supervised()
    try:
        supervised.start("web", "worker")
        wait_for_answer(host, port, supervised)
        announce(port)
        supervised.start("beat")
        supervised.watch(home, reload=options.reload)
    finally:
        for word in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(word, lambda *_: supervised.kill())  # whoever asks twice is in a hurry
        supervised.stop()
        os.close(turn)


def options_of(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/run", description="Starts Roster. docs/running.md lists the environment."
    )
    parser.add_argument("--demo", action="store_true", help="demo data and logins, also on a database of DATABASE_URL")
    parser.add_argument("--reload", action="store_true", help="restart what runs when the code changes (bin/dev)")
    return parser.parse_args(arguments)


def only_one(home: Home) -> int:
    """Holds the lock of the running Roster, or says that there is one."""
    home.path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.path / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"Roster runs already from {home.path}: end that one, or set ROSTER_VAR and PORT for a second.")
    return descriptor


def wait_for_port(host: str, port: int) -> None:
    """The port is free. The web server of a Roster that was just killed may need a moment to leave it."""
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                asked.bind((host.strip("[]"), port))
            except OSError as problem:
                if problem.errno != errno.EADDRINUSE:
                    sys.exit(f"HOST {host} and PORT {port} cannot be used: {problem.strerror}.")
            else:
                return
        if time.monotonic() > deadline:
            sys.exit(f"Port {port} is taken by another program: end it, or set PORT to a free one.")
        time.sleep(0.2)


def prepare(*, demo: bool) -> None:
    """Brings database, demo data and static files to what the code expects, in a process that gives its memory back."""
    command = [sys.executable, "-m", "config.preparing", *(["--demo"] if demo else [])]
    preparing = children.start(command, last_words=signal.SIGTERM)
    try:
        if preparing.wait() != 0:
            sys.exit("Roster is not ready to start; the reason is above.")
    finally:
        children.stop(preparing, signal.SIGTERM, patience_seconds=STOP_SECONDS)


class Supervised:
    """Web, worker and beat, each started again when it ends by itself."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started_at: dict[str, float] = {}

    def start(self, *names: str) -> None:
        for name in names:
            environment = {**os.environ, "ROSTER_PROCESS": "web" if name == "web" else "worker"}
            self.processes[name] = children.start(COMMANDS[name], last_words=LAST_WORDS[name], env=environment)
            self.started_at[name] = time.monotonic()

    def watch(self, home: Home | None, *, reload: bool) -> None:
        """Until this process is told to end."""
        seen = newest_change() if reload else 0.0
        while True:
            time.sleep(1)
            if home is not None and not home.keeper_pid():
                servers.start(home)  # somebody killed their keeper
            self.restart_ended()
            if reload and (changed := newest_change()) > seen:
                seen = changed
                self.reload()

    def restart_ended(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is None:
                continue
            if time.monotonic() - self.started_at[name] < 5:
                time.sleep(2)  # one that cannot start does not keep the processor busy
            print(f"{name} ended with {process.returncode}; starting it again.", file=sys.stderr, flush=True)
            self.start(name)

    def reload(self) -> None:
        print("The code has changed: starting again.", file=sys.stderr, flush=True)
        for name in reversed(COMMANDS):
            children.stop(self.processes[name], LAST_WORDS[name], patience_seconds=STOP_SECONDS)
        self.start(*COMMANDS)

    def stop(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is None:
                process.send_signal(LAST_WORDS[name])
        for process in self.processes.values():
            children.stop(process, signal.SIGCONT, patience_seconds=STOP_SECONDS)

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()


def newest_change() -> float:
    """When a module was last written; templates and static files are read anew for each request anyway."""
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    return max(file.stat().st_mtime for package in packages for file in package.rglob("*.py"))


def wait_for_answer(host: str, port: int, supervised: Supervised) -> None:
    address = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}/healthz"  # noqa: S104
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return  # it answers, if not to this name
            sys.exit("The web server answers with an error; the reason is above.")
        except OSError:
            if supervised.processes["web"].poll() is not None:
                sys.exit("The web server ended while starting; the reason is above.")
            time.sleep(0.1)
    sys.exit("The web server did not answer within a minute.")


def announce(port: int) -> None:
    demo = (Home.of_environment().path / "demo").exists()
    print(f"\nRoster is at http://localhost:{port}", flush=True)
    if demo:
        print(f"Sign in as {LOGINS}.", flush=True)
        print(f"Customers sign in to the portal as {CUSTOMERS}.", flush=True)
    print("Ctrl-C ends it.\n", flush=True)


if __name__ == "__main__":
    main()
