"""A cache that may vanish: pages go on without it (reliability 26)."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


def failing_open(name: str, nothing: Callable[[Any], Any]) -> Callable[..., Any]:
    """The cache's method `name`; without Redis it answers what `nothing` makes of its arguments."""
    method = getattr(RedisCache, name)

    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except (RedisError, OSError) as problem:
            logger.warning("The cache is away.", method=name, problem=type(problem).__name__)
            return nothing((args, kwargs))

    call.__name__ = name
    return call


def default_of(arguments: Any) -> Any:
    args, kwargs = arguments
    return args[1] if len(args) > 1 else kwargs.get("default")


class FailingOpenRedisCache(RedisCache):
    """Django's Redis cache that misses instead of failing, and never empties a server that it shares."""

    get = failing_open("get", default_of)
    get_many = failing_open("get_many", lambda _: {})
    has_key = failing_open("has_key", lambda _: False)
    add = failing_open("add", lambda _: True)
    set = failing_open("set", lambda _: None)
    set_many = failing_open("set_many", lambda _: [])
    touch = failing_open("touch", lambda _: False)
    incr = failing_open("incr", lambda _: 1)
    delete = failing_open("delete", lambda _: False)
    delete_many = failing_open("delete_many", lambda _: None)

    def clear(self) -> None:
        """Deletes this cache's own keys; Django's would flush the whole Redis database."""
        client = self._cache.get_client(None, write=True)
        for key in client.scan_iter(match=f"{self.key_prefix}:*", count=1000):
            client.delete(key)
