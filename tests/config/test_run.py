"""bin/run as people use it, with a directory and a port of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.servers import postgres
from config.servers.home import Home

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"DATABASE_URL", "REDIS_URL", "ROSTER_EMBEDDED", "ROSTER_ENV", "ROSTER_PROCESS", "ROSTER_REDIS_PREFIX"}
FIRST_START_SECONDS, SECOND_START_SECONDS = 300, 60


class Roster:
    """A directory and a port in which Roster is started again and again."""

    def __init__(self, var: Path) -> None:
        with closing(socket.socket()) as asked:
            asked.bind(("127.0.0.1", 0))
            self.port = asked.getsockname()[1]
        self.home = Home.at(var / "main")
        self.log = var.parent / "run.log"
        environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
        self.environment = {**environment, "ROSTER_VAR": str(var), "PORT": str(self.port)}

    def start(self, *, within_seconds: float) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [ROOT / "bin/run"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + within_seconds
        while "Ctrl-C ends it." not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as response:
                return set(json.load(response).values()) == {"ok"}
        except OSError:
            return False

    def processes_of(self, command: str) -> list[int]:
        """Processes below bin/run whose command line holds `command`, the oldest first."""
        shown = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True).stdout
        rows = [line.split(None, 3) for line in shown.splitlines()]
        family = {self.process.pid}
        for _ in range(3):
            family |= {int(pid) for pid, parent, *_ in rows if int(parent) in family}
        return sorted(
            int(pid) for pid, _, stat, args in rows if int(pid) in family and command in args and stat[0] != "Z"
        )

    def left_over(self) -> list[str]:
        """Processes of this directory that still run."""
        shown = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,stat=,command="], capture_output=True, text=True
        ).stdout.splitlines()
        others = [line for line in shown if not line.split()[1].startswith("Z")]
        return [line for line in others if str(self.home.path) in line]


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    roster = Roster(tmp_path / "var")
    yield roster
    if roster.process.poll() is None:
        roster.process.send_signal(signal.SIGTERM)
        roster.process.wait(30)
    wait_until(lambda: not roster.left_over())


def wait_until(is_so: "object", seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


@pytest.mark.long
def test_roster_starts_ends_is_killed_and_starts_again(roster: Roster) -> None:
    roster.start(within_seconds=FIRST_START_SECONDS)
    wait_until(roster.is_ready)
    assert f"http://localhost:{roster.port}" in roster.log.read_text()

    # Ctrl-C in a terminal ends everything it started.
    roster.process.send_signal(signal.SIGINT)
    roster.process.wait(30)
    wait_until(lambda: not roster.left_over())

    # A second start finds its data and prepares nothing again.
    mark = roster.home.path / "prepared.sha256"
    prepared_at = mark.stat().st_mtime_ns
    roster.start(within_seconds=SECOND_START_SECONDS)
    wait_until(roster.is_ready)
    assert mark.stat().st_mtime_ns == prepared_at

    # Killed, with its keeper too, it leaves nothing that stops the next start.
    keeper = roster.home.keeper_pid()
    assert keeper is not None
    roster.process.kill()
    os.kill(keeper, signal.SIGKILL)
    roster.process.wait()
    roster.start(within_seconds=SECOND_START_SECONDS)
    wait_until(roster.is_ready)

    # The servers come back when only their keeper is killed.
    keeper = roster.home.keeper_pid()
    assert keeper is not None
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: roster.home.keeper_pid() not in (None, keeper) and postgres.answers(roster.home))
    wait_until(roster.is_ready)

    # A killed worker takes its processes with it, and is started again.
    worker = roster.processes_of("celery --quiet --skip-checks -A config worker")
    os.kill(min(worker), signal.SIGKILL)
    wait_until(lambda: not set(worker) & set(roster.processes_of("celery --quiet --skip-checks -A config worker")))
    wait_until(lambda: len(roster.processes_of("celery --quiet --skip-checks -A config worker")) >= len(worker))
    wait_until(roster.is_ready)

    # A second one on the same directory is told so.
    second = subprocess.run([ROOT / "bin/run"], env=roster.environment, capture_output=True, text=True)
    assert second.returncode != 0
    assert re.search("^Roster runs already", second.stderr, re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `environment` reads, with a .venv made of the lock file and no other Python on the path than a spy."""
    for name in ("bin/environment.sh", "bin/environment.py", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    made, spy = tmp_path / ".venv/bin/python", tmp_path / "path/python3.11"
    for python, body in ((made, "exit 0"), (spy, f'echo asked >> "{tmp_path}/asked"; exit 1')):
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{body}\n")
        python.chmod(0o755)
    for name in ("cmp", "dirname"):
        (tmp_path / "path" / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "bin/it").write_text('. "$(dirname "$0")/environment.sh"\nenvironment requirements.txt\necho made\n')
    shutil.copy(tmp_path / "requirements.txt", tmp_path / ".venv/installed")
    return tmp_path


def environment_of(checkout: Path) -> str:
    """ "made" when it may be used as it is; else the Pythons that were asked to make it."""
    told = subprocess.run(
        ["/bin/sh", checkout / "bin/it"], env={"PATH": str(checkout / "path")}, capture_output=True, text=True
    )
    return told.stdout.strip() or (checkout / "asked").read_text().splitlines()[0]


def test_an_environment_made_of_the_lock_file_is_used_without_looking_for_a_python(checkout: Path) -> None:
    assert environment_of(checkout) == "made"
    shutil.copy(checkout / "requirements-dev.txt", checkout / ".venv/installed")
    assert environment_of(checkout) == "made"


@pytest.mark.parametrize("spoil", ["lock", "mark", "python"])
def test_an_environment_that_is_not_of_the_lock_file_or_does_not_work_is_made_again(checkout: Path, spoil: str) -> None:
    if spoil == "lock":
        (checkout / "requirements.txt").write_text("django==5.3\n")
    elif spoil == "mark":
        (checkout / ".venv/installed").unlink()
    else:
        (checkout / ".venv/bin/python").write_text("#!/bin/sh\nexit 1\n")
    assert environment_of(checkout) == "asked"


def test_another_python_is_refused_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9.2 ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)

    refused = subprocess.run([ROOT / "bin/run"], env={**os.environ, "PYTHON": str(old)}, capture_output=True, text=True)

    assert refused.returncode == 1
    assert refused.stderr.startswith("Roster needs Python 3.11 or 3.12")
    assert "3.9.2" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_taken_port_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from config import supervisor

    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(SystemExit, match=f"Port {port} is taken"):
            supervisor.wait_for_port("127.0.0.1", port)
