"""When a start may skip its preparations: everything is as it was after the last ones."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from config import prepared

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def database() -> Iterator[psycopg.Connection]:
    """A database of its own, with one migration applied."""
    name = f"test_prepared_{os.getpid()}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(os.environ["DATABASE_URL"], dbname=name, autocommit=True) as own:
            own.execute("CREATE TABLE django_migrations (id serial, applied timestamptz DEFAULT clock_timestamp())")
            own.execute("INSERT INTO django_migrations DEFAULT VALUES")
            yield own
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def checkout(tmp_path: Path, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some code and static files, prepared."""
    for name in ("core/__init__.py", "core/json.py", "core/migrations/0001_initial.py", "static/js/page.js"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "var/test").mkdir(parents=True)
    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    monkeypatch.setenv("ROSTER_VAR", str(tmp_path / "var"))
    address = database.info.get_parameters()
    monkeypatch.setenv("DATABASE_URL", psycopg.conninfo.make_conninfo(**address, password=database.info.password))
    assert not prepared.is_current()
    prepared.remember()
    assert prepared.is_current()
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["core/json.py", "core/migrations/0002_more.py", "static/js/page.js", "static/img/logo.svg", ".venv/installed"],
)
def test_other_code_static_files_or_packages_are_prepared_for(checkout: Path, name: str) -> None:
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("changed")
    assert not prepared.is_current()


def test_a_deleted_file_is_noticed(checkout: Path) -> None:
    shutil.rmtree(checkout / "static")
    assert not prepared.is_current()


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE django_migrations",
        "DELETE FROM django_migrations",
        "UPDATE django_migrations SET applied = clock_timestamp()",
        "INSERT INTO django_migrations DEFAULT VALUES",
    ],
)
def test_a_database_that_is_new_or_restored_is_prepared(
    checkout: Path, database: psycopg.Connection, change: str
) -> None:
    database.execute(change)  # type: ignore[call-overload]
    assert not prepared.is_current()


def test_a_database_that_cannot_be_asked_is_never_taken_for_prepared(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
    prepared.remember()
    assert not prepared.is_current()


def test_pages_that_show_errors_need_other_static_files(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTER_DEBUG", "1")
    assert not prepared.is_current()
