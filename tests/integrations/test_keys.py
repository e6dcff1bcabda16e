"""Keys: rotated with an overlap, limited, revoked; what that means at the door."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Team
from audit.actor import Actor
from audit.models import Change, Entry
from core import clock
from integrations import configuring, issuing
from integrations.models import ApiKey, Integration

pytestmark = pytest.mark.django_db
ACTOR = Actor.of_system("command")
SENT = {"external_id": "z-1", "body": "Slow", "author": {"email": "ana@ex.test"}}


@pytest.fixture
def key() -> tuple[ApiKey, str]:
    return issuing.issue_key(kind="feedback", name="Support inbox", scopes=[], actor=ACTOR)


def send(client: Client, text: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {text}"}
    return client.post("/intake/feedback", SENT | body, content_type="application/json", headers=headers)


def test_both_keys_of_a_rotation_open_the_door_for_a_day(client: Client, key: tuple[ApiKey, str]) -> None:
    old, old_text = key
    new, new_text = issuing.rotate(old, actor=ACTOR)
    assert new.replaces_id == old.pk
    assert (send(client, old_text).status_code, send(client, new_text).status_code) == (202, 202)
    old.refresh_from_db()
    assert old.expires_at is not None
    left = old.expires_at - clock.now()
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=clock.now())
    assert (send(client, old_text).status_code, send(client, new_text).status_code) == (401, 202)


def test_a_key_is_rotated_once(key: tuple[ApiKey, str]) -> None:
    issuing.rotate(key[0], actor=ACTOR)
    with pytest.raises(issuing.KeyGone):
        issuing.rotate(key[0], actor=ACTOR)
    assert ApiKey.objects.count() == 2


def test_the_successor_may_do_what_the_key_may_and_lasts_as_long() -> None:
    team = Team.objects.create(name="North", reach="all")
    now = clock.now()
    old, _ = issuing.issue_key(
        kind="api", name="Sync", scopes=["customers:read"], team=team, rate_limit=7, actor=ACTOR,
        expires_at=now + timedelta(days=365), now=now,
    )  # fmt: skip
    new, _ = issuing.rotate(old, actor=ACTOR, now=now + timedelta(days=300))
    assert (new.scopes, new.team, new.rate_limit, new.source) == (["customers:read"], team, 7, old.source)
    assert new.expires_at is not None
    assert new.expires_at - now > timedelta(days=664)


def test_a_revoked_key_is_refused_at_once_and_stays_in_the_history(client: Client, key: tuple[ApiKey, str]) -> None:
    assert issuing.revoke(key[0], actor=ACTOR)
    assert not issuing.revoke(key[0], actor=ACTOR)
    assert send(client, key[1]).status_code == 401
    assert Entry.objects.filter(verb="key.revoked").count() == 1
    with pytest.raises(issuing.KeyGone):
        issuing.limit(key[0], scopes=[], team=None, rate_limit=1, expires_at=None, actor=ACTOR)


def test_a_closed_integration_refuses_its_keys_until_it_is_reopened(client: Client, key: tuple[ApiKey, str]) -> None:
    integration = Integration.objects.get(source=key[0].source)
    configuring.close(integration, actor=ACTOR)
    assert send(client, key[1]).status_code == 401
    configuring.reopen(integration, actor=ACTOR)
    assert send(client, key[1]).status_code == 202


def test_a_key_has_its_own_limit_a_minute(client: Client, key: tuple[ApiKey, str]) -> None:
    issuing.limit(key[0], scopes=[], team=None, rate_limit=2, expires_at=None, actor=ACTOR)
    answers = [send(client, key[1]) for _ in range(3)]
    if answers[0]["X-RateLimit-Remaining"] == "1" and answers[2].status_code == 202:  # a minute ended in between
        answers = [send(client, key[1]) for _ in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 429]
    assert answers[0]["X-RateLimit-Limit"] == "2"
    assert 0 < int(answers[2]["Retry-After"]) <= 60


def test_the_secret_is_in_no_row_of_the_database_and_of_the_log(key: tuple[ApiKey, str]) -> None:
    _, text = issuing.rotate(key[0], actor=ACTOR)
    issuing.revoke(key[0], actor=ACTOR)
    written = repr(list(Change.objects.values())) + repr(list(Entry.objects.values())) + repr(ApiKey.objects.values())
    for whole in (key[1], text):
        assert whole.rpartition("_")[2] not in written
        assert "secret_hash" not in repr(
            [change.after for change in Change.objects.filter(table="integrations_apikey")]
        )


def test_create_key_binds_to_a_team_by_its_name() -> None:
    team = Team.objects.create(name="North", reach="all")
    out = StringIO()
    call_command("create_key", kind="api", name="Sync", scopes="customers:read", team="North", stdout=out)
    key = ApiKey.objects.of_secret(out.getvalue().split()[-1], clock.now())
    assert key is not None
    assert (key.team, key.team_ids) == (team, [team.pk])
    with pytest.raises(CommandError, match="There are: North"):
        call_command("create_key", kind="api", name="Sync", team="South", stdout=out)


def test_an_integration_can_be_renamed_but_not_to_the_name_of_another(key: tuple[ApiKey, str]) -> None:
    issuing.issue_key(kind="feedback", name="Chat", scopes=[], actor=ACTOR)
    integration = Integration.objects.select_related("source").get(source=key[0].source)
    configuring.rename(integration, "Zendesk", actor=ACTOR)
    with pytest.raises(configuring.NameTaken):
        configuring.rename(integration, "Chat", actor=ACTOR)
    integration.source.refresh_from_db()
    assert integration.source.name == "Zendesk"
