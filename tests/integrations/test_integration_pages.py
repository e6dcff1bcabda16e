"""Integrations, their keys and the log of deliveries, as an admin sees them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Team
from audit.actor import Actor
from audit.models import Change, Entry
from core import clock
from integrations import issuing, replaying
from integrations.deliveries import Verdict, log, log_refused
from integrations.models import ApiKey, Delivery, DeliveryRecord, Integration, Replay
from staff.models import Role, User

pytestmark = pytest.mark.django_db
ACTOR = Actor.of_system("command")
KEY = re.compile(r"roster_\d+_[\w-]{40,}")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_user("mina@roster.example", name="Mina", role=Role.ADMIN))
    return client


@pytest.fixture
def made() -> Callable[..., Integration]:
    def make(kind: str = "user", name: str = "Warehouse") -> Integration:
        key, _ = issuing.issue_key(kind=kind, name=name, scopes=[], actor=ACTOR)
        return Integration.objects.select_related("source").get(source=key.source)

    return make


def deliver(one: Integration, *verdicts: Verdict, **more: Any) -> Delivery:
    return log(list(verdicts), source=one.source, key=one.source.keys.first(), via="webhook", now=clock.now(), **more)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# Adding, and the key that is shown once


@pytest.mark.parametrize("kind", ApiKey.Kind.values)
def test_each_kind_is_added_and_its_key_shown_once_with_a_command(admin: Client, kind: str) -> None:
    assert f"/integrations/new/{kind}/" in admin.get("/integrations/new/").content.decode()
    sent = {"name": "Support inbox", "scopes": ["customers:read"]}
    answer = admin.post(f"/integrations/new/{kind}/", sent)
    assert answer.status_code == 201
    found = set(KEY.findall(answer.content.decode()))
    assert len(found) == 1
    shown = found.pop()
    key = ApiKey.objects.of_secret(shown, clock.now())
    assert key is not None
    assert (key.kind, key.name) == (kind, "Support inbox")
    command = re.search(r'id="command"[^>]*>([^<]+)<', answer.content.decode())
    assert command is not None
    assert shown in command[1]
    assert ("/mcp<" in answer.content.decode()) == (kind == "api")
    assert answer["Cache-Control"] == "no-store, private"

    one = Integration.objects.get(source=key.source)
    pages = ["/integrations/", f"/integrations/{one.pk}/", "/audit/", f"/audit/?about=apikey:{key.pk}"]
    pages += [f"/integrations/{one.pk}/keys/{key.pk}/{verb}/" for verb in ("rotate", "limit", "rename", "revoke")]
    secret = shown.rpartition("_")[2]
    for page in pages:
        answer = admin.get(page)
        assert answer.status_code == 200, page
        assert secret not in answer.content.decode(), page
    assert secret not in repr(list(Change.objects.values())) + repr(list(Entry.objects.values()))


def test_a_rest_key_has_scopes_a_team_and_a_year_unless_somebody_says_otherwise(admin: Client) -> None:
    team = Team.objects.create(name="North", reach="all")
    page = admin.get("/integrations/new/api/").content.decode()
    year = (clock.now() + timedelta(days=365)).date().isoformat()
    assert f'value="{year}"' in page
    answer = admin.post("/integrations/new/api/", {"name": "Sync", "expires_on": year})
    assert answer.status_code == 422
    assert "Choose at least one" in text(answer)
    limits = {"scopes": ["customers:read", "usage:write"], "team": team.pk, "rate_limit": 30, "expires_on": year}
    assert admin.post("/integrations/new/api/", {"name": "Sync", **limits}).status_code == 201
    key = ApiKey.objects.get()
    assert (key.scopes, key.team, key.rate_limit) == (["customers:read", "usage:write"], team, 30)
    assert key.expires_at is not None
    assert timedelta(days=364) < key.expires_at - clock.now() <= timedelta(days=366)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Give it a name"), ("name", "x" * 121, "at most 120"), ("name", "a\x00b", "Null characters"),
        ("scopes", ["customers:everything"], "not one of the available choices"), ("team", "999", "Select a valid"),
        ("rate_limit", "0", "greater than or equal to 1"), ("expires_on", "2020-01-01", "today or a later day"),
        ("expires_on", "soon", "valid date"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_key_is_refused_with_a_sentence(admin: Client, field: str, value: Any, said: str) -> None:
    sent = {"name": "Sync", "scopes": ["customers:read"]} | {field: value}
    answer = admin.post("/integrations/new/api/", sent)
    assert answer.status_code == 422
    assert said.lower() in text(answer).lower()
    assert not ApiKey.objects.exists()


def test_a_name_that_is_taken_does_not_make_a_second_key_of_another_integration(
    admin: Client, made: Callable[..., Integration]
) -> None:
    made("user", "Warehouse")
    answer = admin.post("/integrations/new/user/", {"name": "Warehouse"})
    assert (answer.status_code, ApiKey.objects.count()) == (422, 1)
    assert admin.post("/integrations/new/account/", {"name": "Warehouse"}).status_code == 201
    assert admin.get("/integrations/new/pigeon/").status_code == 404


# Keys


def test_a_rotation_shows_the_new_key_and_says_until_when_the_old_one_works(
    admin: Client, made: Callable[..., Integration]
) -> None:
    one = made()
    key = ApiKey.objects.get()
    path = f"/integrations/{one.pk}/keys/{key.pk}/rotate/"
    assert "24 hours" in text(admin.get(path))
    answer = admin.post(path)
    assert answer.status_code == 201
    assert "The key before it works until" in text(answer)
    assert len(set(KEY.findall(answer.content.decode()))) == 1
    assert admin.post(path).status_code == 303
    assert ApiKey.objects.count() == 2


def test_the_revoke_dialog_names_the_key_and_its_effect(admin: Client, made: Callable[..., Integration]) -> None:
    one = made()
    key = ApiKey.objects.get()
    path = f"/integrations/{one.pk}/keys/{key.pk}/revoke/"
    dialog = text(admin.get(path, headers={"HX-Request": "true", "HX-Target": "dialog"}))
    assert f"Requests with {key.shown} fail at once" in dialog
    assert "never used" in dialog
    admin.post(path)
    key.refresh_from_db()
    assert key.revoked_at is not None
    page = text(admin.get(f"/integrations/{one.pk}/"))
    assert "Revoked" in page
    assert "Every key has ended" in page


def test_the_limit_page_changes_what_the_key_may_and_leaves_its_end(admin: Client) -> None:
    ends = clock.now() + timedelta(days=3)
    key, _ = issuing.issue_key(kind="api", name="S", scopes=["customers:read"], expires_at=ends, actor=ACTOR)
    one = Integration.objects.get()
    path = f"/integrations/{one.pk}/keys/{key.pk}/limit/"
    day = re.search(r'name="expires_on" value="([^"]+)"', admin.get(path).content.decode())
    assert day is not None
    admin.post(path, {"scopes": ["documents:read"], "rate_limit": "9", "expires_on": day[1]})
    key.refresh_from_db()
    assert (key.scopes, key.rate_limit, key.expires_at) == (["documents:read"], 9, ends)


def test_a_key_of_another_integration_is_not_found(admin: Client, made: Callable[..., Integration]) -> None:
    one, other = made("user", "One"), made("user", "Other")
    key = ApiKey.objects.get(source=other.source)
    for verb in ("rotate", "limit", "rename", "revoke"):
        assert admin.post(f"/integrations/{one.pk}/keys/{key.pk}/{verb}/").status_code == 404
    assert ApiKey.objects.filter(revoked_at=None).count() == 2


def test_a_key_nobody_has_used_for_long_is_marked(admin: Client, made: Callable[..., Integration]) -> None:
    one = made()
    path = f"/integrations/{one.pk}/"
    assert "Unused for 180 days" not in text(admin.get(path))
    ApiKey.objects.update(created_at=clock.now() - timedelta(days=200))
    assert "Unused for 180 days" in text(admin.get(path))
    ApiKey.objects.update(last_used_at=clock.now())
    assert "Unused for 180 days" not in text(admin.get(path))


# The list


def test_the_list_says_how_each_is_doing(admin: Client, made: Callable[..., Integration]) -> None:
    assert "Nothing is connected yet" in text(admin.get("/integrations/"))
    waiting, fine, failing = made("user", "New"), made("user", "Fine"), made("feedback", "Broken")
    deliver(fine, Verdict("created", "a"), Verdict("updated", "b"))
    log_refused(source=failing.source, key=None, via="intake", now=clock.now(), code="malformed", message="No JSON.")
    page = admin.get("/integrations/").content.decode()
    states = dict(re.findall(r'id="open-(\d+)".*?class="state [\w-]+">([^<]+)<', page, re.DOTALL))
    assert states == {str(waiting.pk): "Waiting", str(fine.pk): "Connected", str(failing.pk): "Failing"}
    assert "No JSON." in page


def test_the_overview_tells_admins_who_needs_somebody_first(admin: Client, made: Callable[..., Integration]) -> None:
    assert "Nothing is connected yet" in text(admin.get("/integrations/health/"))
    fine, failing = made("user", "Fine"), made("feedback", "Broken")
    deliver(fine, Verdict("created", "a"))
    log_refused(source=failing.source, key=None, via="intake", now=clock.now(), code="malformed", message="No JSON.")
    said = text(admin.get("/integrations/health/", headers={"HX-Request": "true", "HX-Target": "sync-health"}))
    assert re.search("Broken Failing .*Fine Connected", said)


def test_the_list_asks_as_much_for_many_as_for_one(
    admin: Client, made: Callable[..., Integration], django_assert_max_num_queries: Any
) -> None:
    for number in range(25):
        deliver(made("user", f"Source {number}"), Verdict("created", "a"))
    with django_assert_max_num_queries(14):
        assert admin.get("/integrations/").status_code == 200


# Ways in


def test_sites_are_kept_as_browsers_send_them(admin: Client, made: Callable[..., Integration]) -> None:
    one = made("feedback", "Widget")
    path = f"/integrations/{one.pk}/origins/"
    admin.post(path, {"origins": "https://Shop.example/\nhttp://localhost:3000\nhttps://shop.example:443"})
    one.refresh_from_db()
    assert one.allowed_origins == ["https://shop.example", "http://localhost:3000"]
    for wrong in (
        "shop.example",
        "https://shop.example/path",
        "https://*",
        "javascript://x",
        "https://[::1",
        "http://a:b",
    ):
        answer = admin.post(path, {"origins": wrong})
        assert answer.status_code == 422, wrong
        assert "without a path" in text(answer)


def test_a_site_key_is_shown_always_and_an_address_for_emails_once(
    admin: Client, made: Callable[..., Integration]
) -> None:
    one = made("feedback", "Widget")
    admin.post(f"/integrations/{one.pk}/site-key/")
    one.refresh_from_db()
    assert f"widget.js?key={one.site_key}" in admin.get(f"/integrations/{one.pk}/").content.decode()
    answer = admin.post(f"/integrations/{one.pk}/inbox/")
    secret = re.search(r"/intake/email/([\w-]{20,})", answer.content.decode())
    assert secret is not None
    one.refresh_from_db()
    assert one.inbox_hash is not None
    assert secret[1] not in admin.get(f"/integrations/{one.pk}/").content.decode()
    assert secret[1] not in repr(list(Change.objects.values()))
    for verb in ("site-key", "inbox"):
        admin.post(f"/integrations/{one.pk}/{verb}/", {"remove": "1"})
    one.refresh_from_db()
    assert one.site_key is None
    assert one.inbox_hash is None
    assert admin.post(f"/integrations/{made('user').pk}/inbox/").status_code == 404


def test_fields_are_previewed_with_the_last_record_before_they_are_saved(
    admin: Client, made: Callable[..., Integration]
) -> None:
    one = made()
    path = f"/integrations/{one.pk}/fields/"
    assert "Nothing has come yet" in text(admin.get(path))
    deliver(
        one,
        Verdict(
            "created", "p-1", body={"id": "p-1", "attributes": {"Mail": {"s": ["a@ex.test"]}, "Name": {"s": ["Ana"]}}}
        ),
    )
    assert "Mail a@ex.test Property" in text(admin.get(path))
    answer = admin.post(path, {"email": "mail", "name": "Name", "preview": "1"})
    assert "Mail a@ex.test Email" in text(answer)
    one.refresh_from_db()
    assert one.mapping == {}
    admin.post(path, {"email": "mail", "name": "Name", "phone": ""})
    one.refresh_from_db()
    assert one.mapping == {"email": "mail"}
    answer = admin.post(path, {"email": "X", "name": "x"})
    assert answer.status_code == 422
    assert "carries name already" in text(answer)
    assert admin.get(f"/integrations/{made('feedback').pk}/fields/").status_code == 404


# The log


def test_the_log_is_filtered_by_integration_status_outcome_and_searched_by_id(
    admin: Client, made: Callable[..., Integration]
) -> None:
    one, other = made("user", "One"), made("account", "Other")
    fine = deliver(one, Verdict("created", "p-1"))
    partly = deliver(one, Verdict("updated", "p-1"), Verdict("rejected", "p-2", code="invalid", body={}))
    elsewhere = deliver(other, Verdict("suppressed", "org-1", body={}))
    refused = log_refused(source=one.source, key=None, via="webhook", now=clock.now(), code="too_many", message="16.")

    def found(query: str) -> list[int]:
        answer = admin.get(f"/integrations/deliveries/?{query}")
        assert answer.status_code == 200
        return [int(pk) for pk in re.findall(r'id="open-(\d+)"', answer.content.decode())]

    every = [refused.pk, elsewhere.pk, partly.pk, fine.pk]
    assert found("") == every
    assert found(f"integration={one.pk}") == [refused.pk, partly.pk, fine.pk]
    assert found("status=refused") == [refused.pk]
    assert found("status=done") == [elsewhere.pk, fine.pk]
    assert found("outcome=rejected") == [partly.pk]
    assert found("outcome=suppressed") == [elsewhere.pk]
    assert found("q=p-1") == [partly.pk, fine.pk]
    assert found(f"q={partly.reference}") == [partly.pk]
    assert found("q=org-1") == []
    today = clock.now().date()
    assert found(f"since={today - timedelta(days=1)}&until={today + timedelta(days=1)}") == every
    assert found(f"until={today - timedelta(days=2)}") == []
    for wrong in (
        "integration=x",
        "status=odd",
        "outcome=odd",
        "since=odd",
        f"q={'x' * 400}",
        "integration=99999999999999999999",
    ):
        assert "A filter cannot be understood" in text(admin.get(f"/integrations/deliveries/?{wrong}"))
    assert admin.get("/integrations/deliveries/?cursor=odd").status_code == 200


def test_the_log_pages_by_keyset(admin: Client, made: Callable[..., Integration], settings: Any) -> None:
    settings.PAGE_SIZE = 2
    one = made()
    deliveries = [deliver(one, Verdict("created", str(number))).pk for number in range(5)]
    seen: list[int] = []
    path = "/integrations/deliveries/"
    while path:
        page = admin.get(path).content.decode()
        seen += [int(pk) for pk in re.findall(r'id="open-(\d+)"', page)]
        following = re.search(r'id="page-next"[^>]*href="([^"]+)"', page)
        path = (
            f"/integrations/deliveries/{following[1]}"
            if following and following[1].startswith("?")
            else (following[1] if following else "")
        )
    assert seen == deliveries[::-1]


def test_a_delivery_shows_what_became_of_each_record(admin: Client, made: Callable[..., Integration]) -> None:
    one = made()
    made_one = deliver(
        one, Verdict("created", "p-1", customer_id=81, body={"id": "p-1", "Name": {"s": ["<b>Ana</b>"]}}),
        Verdict("rejected", "p-2", code="invalid", field="attributes.Seats", message="Seats: expected a number"),
        Verdict("suppressed", "p-3", body={"id": "p-3"}), facts={"sync_run_id": "7"},
    )  # fmt: skip
    answer = admin.get(f"/integrations/deliveries/{made_one.pk}/")
    page = answer.content.decode()
    assert "Seats: expected a number" in page
    assert "attributes.Seats" in page
    assert "/customers/81/" in page
    assert "&lt;b&gt;Ana" in page
    assert "p-3" not in page
    assert "permanently deleted" in page
    assert admin.get("/integrations/deliveries/99999999999999999999/").status_code == 404


def test_a_record_is_replayed_from_its_page(
    admin: Client, made: Callable[..., Integration], monkeypatch: pytest.MonkeyPatch
) -> None:
    replaying.replayer_of("webhook")
    monkeypatch.setitem(
        replaying.REPLAYERS,
        "webhook",
        lambda integration, records, now: [Verdict("created", one.external_id) for one in records],
    )
    one = made()
    first = deliver(one, Verdict("rejected", "p-1", body={"id": "p-1"}), Verdict("rejected", "p-2", body={"id": "p-2"}))
    record = first.records.get(place=0)
    path = f"/integrations/deliveries/{first.pk}/replay/"
    answer = admin.post(path, {"record": record.pk})
    again = Delivery.objects.get(replay_of=first)
    assert (answer.status_code, answer["Location"]) == (303, f"/integrations/deliveries/{again.pk}/")
    assert f"Replay of {first.reference}" in text(admin.get(answer["Location"]))
    answer = admin.post(path, {"record": record.pk})
    assert answer.status_code == 409
    assert "replayed meanwhile" in text(answer)
    for odd in ("x", "-1", "9" * 30):
        assert admin.post(path, {"record": odd}).status_code == 409
    assert "Replay all that failed (1)" in text(admin.get(f"/integrations/{one.pk}/"))
    assert admin.post(f"/integrations/{one.pk}/replay/").status_code == 303
    job = Replay.objects.get()
    assert job.total == 1
    assert "Replay waiting" in text(admin.get(f"/integrations/{one.pk}/"))
    admin.post(f"/integrations/{one.pk}/replay/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.status == "cancelled"
    assert DeliveryRecord.objects.filter(replayed_at=None, body__isnull=False).count() == 1


def test_support_staff_and_limited_admins_see_nothing_of_it(client: Client, made: Callable[..., Integration]) -> None:
    one = made()
    client.force_login(User.objects.create_user("sam@roster.example", name="Sam", role=Role.SUPPORT))
    for path in ("/integrations/", f"/integrations/{one.pk}/", "/integrations/deliveries/", "/integrations/new/user/"):
        assert client.get(path).status_code == 403
    assert "/integrations/" not in client.get("/customers/").content.decode()
