"""A sign of life of the workers, in Redis: `/readyz` asks for it, and pages say when work will have to wait."""

import threading
from contextlib import suppress
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

EVERY_SECONDS = 5.0
LIVES_SECONDS = 20
KEY = f"{settings.REDIS_PREFIX}worker"

_stopping = threading.Event()


def client() -> "Redis":
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)


def beat() -> None:
    with client() as redis:
        redis.set(KEY, "beats", ex=LIVES_SECONDS)


def is_beating() -> bool:
    """Whether a worker gave a sign lately. Raises RedisError when Redis does not answer."""
    with client() as redis:
        return bool(redis.exists(KEY))


def connect() -> None:
    """From now on a worker of this process beats while it runs."""
    worker_ready.connect(start, dispatch_uid="core.heartbeat.start")
    worker_shutting_down.connect(stop, dispatch_uid="core.heartbeat.stop")


def start(**_: Any) -> None:
    _stopping.clear()
    threading.Thread(target=beat_until_stopped, name="heartbeat", daemon=True).start()


def stop(**_: Any) -> None:
    _stopping.set()


def beat_until_stopped() -> None:
    while not _stopping.is_set():
        with suppress(RedisError, OSError):  # no Redis, no heartbeat: the next one may arrive
            beat()
        _stopping.wait(EVERY_SECONDS)
