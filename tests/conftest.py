"""What tests of every app share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.db.backends.base.operations import BaseDatabaseOperations

from core.retrying import retrying


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
