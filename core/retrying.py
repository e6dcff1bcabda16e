"""Reruns a whole command when the database asked for it (reliability 3)."""

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
# serialization_failure, deadlock_detected, unique_violation, foreign_key_violation (the row went away meanwhile)
_RACES = {"40001", "40P01", "23505", "23503"}


def _is_race(error: DatabaseError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, OperationalError | IntegrityError) and state in _RACES


def retrying(command: Callable[P, R]) -> Callable[P, R]:
    """Reruns `command` on deadlock, serialization failure and a lost unique race, up to five times with jitter.

    Inside somebody else's transaction it runs once: only the outermost command can begin again.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return command(*args, **kwargs)
            except DatabaseError as error:
                if attempt == ATTEMPTS or connection.in_atomic_block or not _is_race(error):
                    raise
            time.sleep(random.uniform(0.005, 0.03) * 2**attempt)
        raise AssertionError("unreachable")

    return run
