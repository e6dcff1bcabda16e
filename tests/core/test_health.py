"""What a load balancer sees."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from core import heartbeat
from core.views import health


@pytest.fixture
def _beating() -> None:
    heartbeat.beat()


def test_a_living_process_answers_without_a_database(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("_beating")
def test_with_everything_there_visitors_may_come(client: Client) -> None:
    response = client.get("/readyz")

    assert response.json() == {"database": "ok", "redis": "ok", "migrations": "ok", "worker": "ok", "intake": "ok"}
    assert response.status_code == 200


@pytest.mark.django_db
def test_a_worker_without_a_sign_of_life_is_named(client: Client) -> None:
    with heartbeat.client() as redis:
        redis.delete(heartbeat.KEY)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["worker"] == "gives no sign of life"


@pytest.mark.django_db
@pytest.mark.usefixtures("_beating")
def test_a_missing_migration_is_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'contenttypes' AND name LIKE '0002%'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["migrations"] == "1 not applied"


@pytest.mark.django_db
@pytest.mark.usefixtures("_beating")
def test_a_database_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    away = connection.get_connection_params() | {"host": "127.0.0.1", "port": 1}
    monkeypatch.setattr(connection, "get_connection_params", lambda: away)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] == "does not answer"
    assert response.json()["redis"] == "ok"


@pytest.mark.django_db
def test_a_redis_that_is_away_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise RedisAway

    monkeypatch.setattr(heartbeat, "client", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert (response.json()["redis"], response.json()["worker"]) == ("does not answer", "unknown without Redis")


def test_health_pages_have_no_side_effects_to_offer(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_without_redis_the_cache_misses_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RedisAway

    monkeypatch.setattr(cache._cache, "get_client", refuse)

    cache.set("colour", "green")
    assert cache.get("colour", "none") == "none"
    assert cache.get_many(["colour"]) == {}
    assert cache.add("colour", "green")
    assert cache.incr("colour") == 1
    assert not cache.delete("colour")
    assert cache.get_or_set("colour", "blue") == "blue"


def test_emptying_the_cache_leaves_the_keys_of_others() -> None:
    cache.set("colour", "green")
    with heartbeat.client() as redis:
        redis.set("somebody else's", "kept", ex=60)

        cache.clear()

        assert redis.get("somebody else's") == b"kept"
        redis.delete("somebody else's")
    assert cache.get("colour") is None


def test_ready_pages_are_for_everybody() -> None:
    assert health.alive.requires == health.ready.requires == "public"
