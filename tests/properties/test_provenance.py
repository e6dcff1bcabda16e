from datetime import UTC, datetime
from typing import Any

import pytest

from audit.actor import Actor
from properties.provenance import can_reset, put, reset

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STAFF = Actor(via="page", rank="staff", user_id=9)
API = Actor(via="api", rank="api", source_id=2)
SYNC = Actor(via="sync", rank="sync", source_id=3)


class Person:
    def __init__(self) -> None:
        self.values: dict[str, list[Any]] = {}
        self.provenance: dict[str, dict[str, Any]] = {}

    def put(self, actor: Actor, *new: Any, key: str = "plan") -> bool:
        return put(self.values, self.provenance, key, list(new), actor=actor, now=NOW)

    @property
    def plan(self) -> list[Any]:
        return self.values.get("plan", [])


@pytest.fixture
def ana() -> Person:
    return Person()


def test_within_a_rank_the_latest_wins(ana: Person) -> None:
    ana.put(SYNC, "Free")
    ana.put(SYNC, "Pro")
    assert ana.plan == ["Pro"]


def test_what_staff_set_no_sync_and_no_api_overwrites(ana: Person) -> None:
    ana.put(STAFF, "Custom")
    ana.put(SYNC, "Free")
    ana.put(API, "Pro")
    assert ana.plan == ["Custom"]


def test_the_api_overrules_a_sync_and_staff_overrule_the_api(ana: Person) -> None:
    ana.put(SYNC, "Free")
    ana.put(API, "Pro")
    ana.put(SYNC, "Free")
    assert ana.plan == ["Pro"]
    ana.put(STAFF, "Custom")
    assert ana.plan == ["Custom"]


def test_what_staff_removed_stays_removed(ana: Person) -> None:
    ana.put(SYNC, "Free")
    ana.put(STAFF)
    ana.put(SYNC, "Free")
    assert ana.plan == []
    assert ana.provenance["plan"]["removed"] is True


def test_reset_gives_back_what_the_sync_sent_last(ana: Person) -> None:
    ana.put(SYNC, "Free")
    ana.put(STAFF, "Custom")
    ana.put(SYNC, "Pro")
    assert can_reset(ana.provenance, "plan")
    assert reset(ana.values, ana.provenance, "plan", now=NOW)
    assert ana.plan == ["Pro"]
    ana.put(SYNC, "Team")
    assert ana.plan == ["Team"]


def test_a_value_that_no_sync_sent_cannot_be_reset(ana: Person) -> None:
    ana.put(STAFF, "Custom")
    assert not can_reset(ana.provenance, "plan")
    assert not reset(ana.values, ana.provenance, "plan", now=NOW)


def test_the_same_again_is_no_change(ana: Person) -> None:
    assert ana.put(SYNC, "Free")
    assert not ana.put(SYNC, "Free")
    assert ana.put(STAFF, "Custom")
    assert not ana.put(SYNC, "Free")
    assert not ana.put(STAFF, "Custom")
