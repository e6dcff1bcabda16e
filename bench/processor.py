"""Processor time of the processes that answer: it says what a page costs when others keep the machine busy."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

_TICK = 1000 / os.sysconf("SC_CLK_TCK")
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"


def children(server: int) -> list[int]:
    """The processes that gunicorn's first one has started."""
    return [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]


def milliseconds(server: int, connection: "psycopg.Connection[Any]") -> float:
    """What web processes, and the database's for them if they run on this machine, have used until now."""
    return used([*children(server), *backends("roster web", connection)])


def backends(application: str, connection: "psycopg.Connection[Any]") -> list[int]:
    """The database's processes that work for `application`, if they run on this machine."""
    found = connection.execute(_BACKENDS, [application]).fetchall()
    return [pid for (pid,) in found if _name(pid) == "postgres"]


def used(pids: Iterable[int]) -> float:
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) * _TICK
    return total


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
