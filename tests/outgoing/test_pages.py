"""The pages of webhooks."""

from typing import Any

import pytest
from django.test import Client

from audit.models import Entry
from core import clock
from outgoing.models import EVENTS, Delivery, Endpoint
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LIST = "/integrations/webhooks/"


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(UserFactory(role="admin"))
    return client


def fields(**changes: Any) -> dict[str, Any]:
    return {"name": "CRM", "url": "https://1.1.1.1/hooks?t=1", "events": ["customer.created"]} | changes


def make() -> Endpoint:
    return Endpoint.objects.create(
        name="CRM", url="https://crm.example/", events=list(EVENTS), secret="whsec_b2xk", failures=2
    )


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_secret_is_shown_once_and_never_again(admin: Client) -> None:
    response = admin.post(f"{LIST}new/", fields())
    endpoint = Endpoint.objects.get()
    assert endpoint.secret in text(response)
    assert response["Cache-Control"] == "no-store, private"
    assert endpoint.secret not in text(admin.get(f"{LIST}{endpoint.pk}/"))
    rotated = admin.post(f"{LIST}{endpoint.pk}/rotate/")
    fresh = Endpoint.objects.get()
    assert fresh.secret in text(rotated)
    assert fresh.old_secret == endpoint.secret
    changes = Entry.objects.get(verb="webhook.added").changes.get()
    assert "secret" not in (changes.after or {})
    assert "The one before signs" in text(admin.get(f"{LIST}{endpoint.pk}/"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"url": ""}, {"url": "crm"}, {"url": "http://1.1.1.1/"}, {"url": "ftp://1.1.1.1/"},
        {"url": "https://user:pass@1.1.1.1/"}, {"url": "https://1.1.1.1/#x"}, {"url": "https://1.1.1.1:0/"},
        {"url": "https://1.1.1.1:99999/"}, {"url": "https://[::1/"}, {"url": "https://127.0.0.1/"},
        {"url": "https://localhost/"}, {"url": "https://[::ffff:10.0.0.1]/"}, {"url": "https://169.254.169.254/latest"},
        {"url": "https://1.1.1.1/\r\nX: y"}, {"url": "https://1.1.1.1/é"}, {"url": "https://1.1.1.1/" + "x" * 500},
        {"events": []}, {"events": ["customer.born"]}, {"name": "a\0b"},
    ],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_a_webhook_is_refused_with_a_reason(admin: Client, wrong: dict[str, Any]) -> None:
    response = admin.post(f"{LIST}new/", fields(**wrong))
    assert response.status_code == 422
    assert "There is a problem" in text(response)
    assert not Endpoint.objects.exists()


def test_an_admin_edits_pauses_tests_replays_and_deletes(admin: Client) -> None:
    endpoint = make()
    here = f"{LIST}{endpoint.pk}/"
    failed = endpoint.deliveries.create(
        event="customer.purged", subject="customer", subject_id=81, status="failed", finished_at=clock.now()
    )
    assert "Retrying" in text(admin.get(LIST))
    assert "Customer 81" in text(admin.get(f"{here}?show=failed"))
    assert "Customer 81" not in text(admin.get(f"{here}?show=delivered"))
    assert "customer.purged" in text(admin.get(f"{here}deliveries/{failed.pk}/"))
    admin.post(f"{here}edit/", fields(url="https://1.1.1.1/other"))
    admin.post(f"{here}pause/")
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.standing, endpoint.failures) == ("https://1.1.1.1/other", "paused", 0)
    admin.post(f"{here}resume/")
    admin.post(f"{here}replay/")
    failed.refresh_from_db()
    assert failed.status == "pending"
    assert admin.post(f"{here}test/").status_code == 302 or Delivery.objects.filter(event="webhook.test").exists()
    Delivery.objects.filter(pk=failed.pk).update(status="delivered", finished_at=clock.now())
    admin.post(f"{here}deliveries/{failed.pk}/replay/")
    failed.refresh_from_db()
    assert failed.status == "pending"
    assert "cannot be undone" in text(admin.get(f"{here}delete/"))
    admin.post(f"{here}delete/")
    assert not Endpoint.objects.exists()
    verbs = set(Entry.objects.filter(verb__startswith="webhook").values_list("verb", flat=True))
    assert verbs == {
        "webhook.edited", "webhook.paused", "webhook.resumed", "webhook.replayed", "webhook.tested", "webhook.deleted",
    }  # fmt: skip


def test_another_webhooks_delivery_is_not_there(admin: Client) -> None:
    one, two = make(), make()
    row = one.deliveries.create(event="webhook.test")
    assert admin.get(f"{LIST}{two.pk}/deliveries/{row.pk}/").status_code == 404


def test_secrets_are_not_in_the_django_admin() -> None:
    endpoint = make()
    root = Client()
    root.force_login(UserFactory(is_superuser=True, is_staff=True, role="admin"))
    for path in ("/admin/outgoing/endpoint/", f"/admin/outgoing/endpoint/{endpoint.pk}/change/"):
        response = root.get(path)
        assert response.status_code == 200
        assert "whsec_" not in text(response)
