"""Figures that are slow to count are kept for a while, quick ones never: a small directory is always up to date."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

T = TypeVar("T")

SLOW_SECONDS = 0.02
KEPT_TIMES_LONGER = 1_000  # than it took to count
KEPT_AT_MOST_SECONDS = 600


def kept(name: str, count: Callable[[], T]) -> T:
    """What `count` answers, or answered lately if that took long. Without a cache it counts each time."""
    key = f"overview:{name}"
    known = cache.get(key)
    if known is not None:
        return known[0]
    began = time.monotonic()
    counted = count()
    took = time.monotonic() - began
    if took > SLOW_SECONDS:
        cache.set(key, (counted,), min(int(took * KEPT_TIMES_LONGER), KEPT_AT_MOST_SECONDS))
    return counted
