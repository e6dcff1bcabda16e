"""Accounts as other systems describe them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import editing
from accounts.models import Account
from accounts.upserting import AccountUpsert, upsert_accounts
from audit.actor import Actor
from audit.models import Change, Source
from audit.recording import recorded
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINA = Actor(via="page", rank="staff")


@pytest.fixture
def actor() -> Actor:
    return Actor.of_source(Source.objects.create(name="Billing", kind="account"), via="webhook")


def upsert(*items: AccountUpsert, actor: Actor) -> list[str]:
    with recorded(actor, "accounts.synced", now=NOW) as entry:
        found = upsert_accounts(items, actor=actor, now=NOW)
        entry.discard()
    return [one.code or one.status for one in found]


def test_items_are_taken_in_order_and_the_same_again_writes_nothing(actor: Actor) -> None:
    items = [
        AccountUpsert("org-1", "One", {"plan": ["Team"]}, created_at=NOW - timedelta(days=9)),
        AccountUpsert("org-2", properties={"plan": [5]}),
        AccountUpsert("org-1", properties={"plan": []}),
    ]
    assert upsert(*items, actor=actor) == ["created", "created", "updated"]
    assert list(Account.objects.order_by("pk").values_list("name", "properties")) == [
        ("One", {}), ("org-2", {"plan": ["5"]}),
    ]  # fmt: skip
    versions, changes = _versions(), Change.objects.count()
    assert upsert(AccountUpsert("org-1", "One"), items[1], items[2], actor=actor) == ["unchanged"] * 3
    assert (_versions(), Change.objects.count()) == (versions, changes)


def test_what_staff_set_stays(actor: Actor) -> None:
    account = AccountFactory.create(external_id="org-1", name="One")
    editing.rename(account, "By hand", actor=MINA)
    editing.set_property(account, "plan", ["Staff's"], actor=MINA)
    upsert(AccountUpsert("org-1", "Synced", {"plan": ["Team"]}), actor=actor)
    account.refresh_from_db()
    assert (account.name, account.properties) == ("By hand", {"plan": ["Staff's"]})
    assert account.provenance["plan"]["synced"] == ["Team"]


def test_insert_and_update_skip_and_wrong_items_are_rejected_alone(actor: Actor) -> None:
    AccountFactory.create(external_id="org-1", name="One")
    found = upsert(
        AccountUpsert("org-1", "Other", operation="insert"), AccountUpsert("org-9", operation="update"),
        AccountUpsert(" org ", "x"), AccountUpsert("org-3", "x" * 301), AccountUpsert("org-4", None, {"a b": [1]}),
        AccountUpsert("org-5"), actor=actor,
    )  # fmt: skip
    assert found == ["skipped", "skipped", "invalid", "invalid", "invalid", "created"]
    assert set(Account.objects.values_list("name", flat=True)) == {"One", "org-5"}


def _versions() -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT id, xmin::text, ctid::text FROM accounts_account ORDER BY id")
        return cursor.fetchall()
