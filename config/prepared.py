"""Whether `config.preparing` has anything to do, asked without Django: that saves a start two seconds."""

import hashlib
import os
from pathlib import Path

import psycopg

from config.servers.home import Home

ROOT = Path(__file__).resolve().parent.parent
APPLIED = """
    SELECT concat_ws(' ', d.oid, m.number, m.latest)
    FROM pg_database d, (SELECT count(*) AS number, max(applied) AS latest FROM django_migrations) m
    WHERE d.datname = current_database()
"""


def is_current() -> bool:
    """Whether code, packages, static files and database are what they were when everything was prepared last."""
    mark = _mark()
    return mark.exists() and mark.read_text() == _state()


def remember() -> None:
    """Everything is prepared for what is there now."""
    _mark().write_text(_state())


def _mark() -> Path:
    return Home.of_environment().path / "prepared.sha256"


def _state() -> str:
    digest = hashlib.sha256(f"{os.environ.get('ROSTER_DEBUG')} {_applied()}".encode())
    for path in _files():
        facts = path.stat()
        digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files() -> list[Path]:
    """What decides which tables and static files there are."""
    code = [file for package in ROOT.glob("*/__init__.py") for file in package.parent.rglob("*.py")]
    static = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    return sorted([*code, *static, *ROOT.glob(".venv/installed")])


def _applied() -> str:
    """Which database it is and what was applied to it; another answer each time where that cannot be said."""
    try:
        with psycopg.connect(os.environ.get("DATABASE_URL", ""), connect_timeout=5) as connection:
            row = connection.execute(APPLIED).fetchone()
    except psycopg.Error:
        row = None
    return row[0] if row else os.urandom(8).hex()
