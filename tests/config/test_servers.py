"""The keeper of the embedded servers, with real processes in a home of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from config import servers
from config.servers import postgres, redis
from config.servers.home import Home

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import sys
from pathlib import Path
from config import servers
from config.servers.home import Home
home = Home.at(Path(sys.argv[1]))
servers.start(home, linger_seconds=0.5)
print(home.keeper_pid(), flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.xdist_group("servers")


class Starter:
    """Another process that uses the servers of a home until it ends."""

    def __init__(self, home: Home) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(home.path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def keeper_pid(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home.at(tmp_path / "test")
    yield home
    if pid := home.keeper_pid():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not home.is_kept())


def wait_until(true: "callable", seconds: float = 20) -> None:  # type: ignore[valid-type]
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    return postgres.is_postgres(pid)


def postmaster_pid(home: Home) -> int:
    return int((home.path / "postgres/postmaster.pid").read_text().split()[0])


def test_eight_starters_at_once_share_one_pair_of_servers_that_stops_after_the_last(home: Home) -> None:
    starters = [Starter(home) for _ in range(8)]
    keepers = {starter.keeper_pid() for starter in starters}
    postmaster = postmaster_pid(home)

    assert len(keepers) == 1
    for starter in starters:
        starter.kill()
    wait_until(lambda: not home.is_kept())
    assert not is_running(postmaster)
    assert not redis.answers(home)
    assert not home.ready.exists()


def test_a_killed_keeper_leaves_no_server_behind_and_the_next_start_works(home: Home) -> None:
    first = Starter(home)
    keeper, postmaster = first.keeper_pid(), postmaster_pid(home)
    with psycopg.connect(postgres.url(home), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    os.kill(keeper, signal.SIGKILL)
    second = Starter(home)

    assert second.keeper_pid() != keeper
    assert not is_running(postmaster)
    with psycopg.connect(postgres.url(home)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
    first.kill()
    second.kill()


def test_an_interrupted_initialisation_is_never_used(home: Home) -> None:
    (home.path / "postgres.new").mkdir(parents=True)
    (home.path / "postgres.new/PG_VERSION").write_text("12\n")

    starter = Starter(home)

    assert starter.keeper_pid()
    assert (home.path / "postgres/PG_VERSION").read_text().strip() == postgres.version()
    starter.kill()


def test_data_of_another_version_is_refused_in_one_sentence(home: Home) -> None:
    (home.path / "postgres").mkdir(parents=True)
    (home.path / "postgres/PG_VERSION").write_text("12\n")

    with pytest.raises(servers.ServersDidNotStart):
        servers.start(home, linger_seconds=0.5)

    assert "was made by PostgreSQL 12" in home.log.read_text()
    os.close(servers._held.pop(home.path))


def test_a_long_or_odd_path_gets_its_sockets_in_a_short_one() -> None:
    for path in (Path("/" + "long" * 30) / "main", Path("/with a space/main"), Path("/größe/main")):
        sockets = str(Home.at(path).sockets)
        assert re.fullmatch(r"[\w/.+-]{1,90}", sockets, re.ASCII)
    assert Home.at(Path("/srv/roster/var/main")).sockets == Path("/srv/roster/var/main/sockets")


def test_both_addresses_given_start_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/roster")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere/0")
    monkeypatch.setenv("ROSTER_VAR", str(tmp_path))

    servers.ensure()

    assert list(tmp_path.iterdir()) == []
