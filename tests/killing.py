"""A session of the database killed at every statement of a command: what is left is either before or after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

MOST = 500


class Killed(Exception):
    """What a worker never gets to see."""


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Ends the session just before its statement of this number; the list says which statements there were."""
    seen: list[str] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if len(seen) == number:
            context["connection"].connection.close()  # the server rolls back what the session had not committed
            raise Killed
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield seen


def at_every_statement(command: Callable[[], object], look: Callable[[], object]) -> int:
    """Kills `command` at each of its statements until one run gets through; how many statements it has.

    After each kill `look()` gives what it gave before. To be used with real transactions.
    """
    before = look()
    for number in range(MOST):
        try:
            with killed_at(number) as seen:
                command()
        except Exception:
            connections.close_all()
            left = look()
            assert left == before, f"Killed at statement {number}: {left} instead of {before}"
            continue
        assert len(seen) == number, "nothing was killed, so nothing was shown"
        assert look() != before
        return number
    raise AssertionError(f"More than {MOST} statements")
