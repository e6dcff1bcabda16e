"""What a load balancer asks (reliability 26): does this process live, and may it have visitors?"""

from collections.abc import Callable

import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from core import heartbeat

PATIENCE_SECONDS = 2
PARTS: dict[str, Callable[[], str]] = {}  # what apps above add: a name, and a function that says what is wrong or ""
_migrated = False  # once this process has seen every migration applied, they stay so: code does not change under it


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when everything is there, else 503; the body names each part and what it lacks."""
    parts: dict[str, Callable[[], str]] = {
        "database": database_problem,
        "redis": redis_problem,
        "migrations": migrations_problem,
        "worker": worker_problem,
    }
    found = {name: problem() or "ok" for name, problem in parts.items()}
    whole = found["database"] == found["migrations"] == "ok"
    found |= {name: (problem() or "ok") if whole else "unknown without the database" for name, problem in PARTS.items()}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def database_problem() -> str:
    """Asks over a connection of its own: the pool would wait longer than a load balancer does."""
    try:
        with psycopg.connect(**connection.get_connection_params() | {"connect_timeout": PATIENCE_SECONDS}) as asked:
            asked.execute("SELECT 1")
    except psycopg.Error:
        return "does not answer"
    return ""


def redis_problem() -> str:
    try:
        with heartbeat.client() as redis:
            redis.ping()
    except (RedisError, OSError):
        return "does not answer"
    return ""


def migrations_problem() -> str:
    global _migrated
    if _migrated:
        return ""
    if database_problem():
        return "unknown without the database"
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return f"{len(missing)} not applied"
    _migrated = not settings.TESTING
    return ""


def worker_problem() -> str:
    try:
        return "" if heartbeat.is_beating() else "gives no sign of life"
    except (RedisError, OSError):
        return "unknown without Redis"


# Written out, because the decorator lives in `staff`, above this app (staff.permissions.PUBLIC).
alive.requires = ready.requires = "public"  # type: ignore[attr-defined]
