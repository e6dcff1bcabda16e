"""What tests of every app share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from core.retrying import retrying

MATRIX = "authorisation matrix"  # under which tests/config/test_matrix.py leaves what it found


@pytest.fixture(scope="session", autouse=True)
def _tests_may_empty_the_audit_log() -> Iterator[None]:
    """After a test with real transactions Django truncates every table; the log's own triggers would refuse."""
    flush = retrying(BaseDatabaseOperations.execute_sql_flush)  # a last request of the browser may still hold a lock

    def flush_all(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with pgtrigger.ignore():
            flush(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush_all)
        yield


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.ERASURE_LEDGER = tmp_path / "erasures.jsonl"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints how large the authorisation matrix was and how it came out, from whatever processes walked it."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    found = [dict(report.user_properties).get(MATRIX) for report in reports if report.when == "call"]
    parts = [part for part in found if part]
    if not parts:
        return
    total = {name: sum(part.get(name, 0) for part in parts) for name in ("requests", "refused", "hidden", "wrong")}
    addresses, callers = (len({one for part in parts for one in part[name]}) for name in ("addresses", "callers"))
    terminalreporter.write_line(
        f"Authorisation matrix: {addresses} addresses, {callers} kinds of caller, {total['requests']:,} requests, "
        f"{total['refused']:,} of them refused without changing anything, {total['hidden']:,} for hidden records "
        f"compared with absent ones: {total['wrong']} wrong."
    )
