"""Reads the next batch while the database writes this one: translating rows and storing them take about as long."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

Batch = TypeVar("Batch")


class Ahead(Generic[Batch]):
    """At most one batch, read in a thread, for whoever asks for exactly that place next. Reading must not use the
    database: another thread has another connection."""

    def __init__(self) -> None:
        self._place: tuple[str, int] | None = None
        self._batch: Future[Batch] | None = None

    def take(self, place: tuple[str, int], read: Callable[[], Batch]) -> Batch:
        """The batch at `place`, read before if it was expected, else now."""
        expected, self._place = self._place, None
        if expected == place and self._batch is not None:
            return self._batch.result()
        return read()

    def expect(self, place: tuple[str, int], read: Callable[[], Batch]) -> None:
        self._batch = _reader().submit(read)
        self._place = place


@cache
def _reader() -> ThreadPoolExecutor:
    """Made when first needed: a worker forks before that."""
    return ThreadPoolExecutor(1, thread_name_prefix="import")
