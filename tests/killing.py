"""Workers that die: at every statement of a command, or a process at any moment. What is left is before or after."""

import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
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


def killed_at_random(work: Callable[[], object], *, within: float, chance: Random) -> bool:
    """Does `work` in a process of its own, which dies by SIGKILL within so many seconds; whether it was through before.

    To be used with real transactions: the process has a connection of its own.
    """
    connections.close_all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner; the child needs none of them
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    time.sleep(chance.uniform(0, within))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, "it failed by itself"
    return status == 0
