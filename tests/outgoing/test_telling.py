"""What changes is told, whatever way in changed it, in the transaction of the change; and nothing while nobody asks."""

from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Account
from audit.actor import Actor
from audit.recording import recorded
from core import clock
from customers import creating, deleting, merging, tagging
from customers.identifying import identity
from customers.models import Customer, Membership
from feedback import linking
from feedback.models import Document
from feedback.receiving import Incoming, receive
from outgoing.models import EVENTS, Delivery, Endpoint
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db
ACTOR = Actor.of_system("command")


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint.objects.create(name="All", url="https://hooks.example/", events=list(EVENTS), secret="whsec_")


def told() -> list[tuple[str, int | None, dict[str, Any]]]:
    """What was told since the last time."""
    rows = list(Delivery.objects.order_by("pk"))
    Delivery.objects.all().delete()
    return [(row.event, row.subject_id, row.facts) for row in rows]


def draft(name: str, email: str) -> creating.Draft:
    return creating.Draft(name, [identity("email", email)])


def test_who_comes_to_exist_is_told_once_with_all_that_came_with_them(endpoint: Endpoint) -> None:
    ana = creating.create(draft("Ana", "ana@ex.test"), actor=ACTOR)
    assert told() == [("customer.created", ana.pk, {})]


def test_a_change_is_told_once_a_command_and_not_what_only_counts(endpoint: Endpoint) -> None:
    ana = creating.create(draft("Ana", "ana@ex.test"), actor=ACTOR)
    told()
    tagging.add_tag([ana.pk], "VIP", actor=ACTOR)
    assert told() == [("customer.updated", ana.pk, {})]
    with recorded(ACTOR, "customer.edited"):
        Customer.objects.filter(pk=ana.pk).update(name="Ana Ruiz")
        Customer.objects.filter(pk=ana.pk).update(properties={"plan": ["Team"]})
        Membership.objects.create(customer=ana, account=Account.objects.create(name="Lumen"))
    assert told() == [("customer.updated", ana.pk, {})]
    Customer.objects.filter(pk=ana.pk).update(name="Ana Ruiz")  # the same
    Customer.objects.filter(pk=ana.pk).update(last_imported_at=clock.now(), legal_hold="A case")
    assert told() == []


def test_deleting_restoring_merging_and_purging_are_told(endpoint: Endpoint) -> None:
    ana, bo = (creating.create(draft(name, f"{name}@ex.test"), actor=ACTOR) for name in ("ana", "bo"))
    paper = DocumentFactory(customer=bo)
    told()
    deleting.delete_many([ana.pk], actor=ACTOR)
    assert told() == [("customer.deleted", ana.pk, {})]
    Customer.objects.filter(pk=ana.pk).update(name="Silent")  # who is deleted changes in silence
    assert told() == []
    deleting.restore_many([ana.pk], actor=ACTOR)
    assert told() == [("customer.updated", ana.pk, {"restored": True})]
    merging.merge(ana.pk, [bo.pk], actor=ACTOR)
    heard = told()
    assert ("customer.merged", bo.pk, {"merged_into": ana.pk}) in heard
    assert ("document.linked", paper.pk, {"customer_id": ana.pk}) in heard
    assert [event for event, pk, _ in heard if pk == ana.pk and event.startswith("customer")] == ["customer.updated"]
    Document.objects.update(customer=None, link="none")
    told()
    Customer.objects.filter(pk=bo.pk).delete()
    assert told() == [("customer.purged", bo.pk, {})]


def test_feedback_is_told_when_it_comes_and_when_its_customer_changes(endpoint: Endpoint) -> None:
    from audit.models import Source

    source = Source.objects.create(kind="feedback", name="Inbox")
    incoming = Incoming(title="Fails", body="No", author={"email": "new@ex.test"}, external_id="z-1")
    received = receive(incoming, source=source, actor=Actor.of_source(source))
    assert received.customer is not None
    heard = told()
    assert [event for event, *_ in heard if event.startswith("document")] == ["document.created", "document.linked"]
    assert ("customer.created", received.customer.pk, {}) in heard
    ana = creating.create(draft("Ana", "ana@ex.test"), actor=ACTOR)
    told()
    linking.link(received.document, ana, actor=ACTOR)
    assert ("document.linked", received.document.pk, {"customer_id": ana.pk}) in told()
    linking.unlink(received.document, actor=ACTOR)
    assert ("document.linked", received.document.pk, {"customer_id": None}) in told()


def test_changes_behind_every_command_are_told_too(endpoint: Endpoint) -> None:
    bo = CustomerFactory(name="Bo")
    told()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET name = 'By hand' WHERE id = %s", [bo.pk])
        cursor.execute(
            "INSERT INTO feedback_document (title, body, body_format, channel, author, author_email, link,"
            " custom_fields, metadata, status, state, occurred_at, tag_ids)"
            " SELECT 'T', 'B', 'text', 'chat', '{}', '', 'none', '{}', '{}', '', 'active', now(), '{}'"
            " FROM generate_series(1, 3)"
        )
    heard = told()
    assert ("customer.updated", bo.pk, {}) in heard
    assert sum(event == "document.created" for event, *_ in heard) == 3


def test_a_change_that_is_rolled_back_is_not_told(endpoint: Endpoint) -> None:
    with transaction.atomic():
        creating.create(draft("Ana", "ana@ex.test"), actor=ACTOR)
        transaction.set_rollback(True)
    assert told() == []


def test_each_endpoint_is_told_what_it_asked_for_and_nobody_else_anything() -> None:
    creating.create(draft("Ana", "ana@ex.test"), actor=ACTOR)
    assert told() == []
    Endpoint.objects.create(name="Deleted", url="https://a.example/", events=["customer.deleted"], secret="whsec_")
    two = Endpoint.objects.create(name="Two", url="https://b.example/", events=["customer.created"], secret="whsec_")
    creating.create(draft("Bo", "bo@ex.test"), actor=ACTOR)
    assert [(row.event, row.endpoint_id) for row in Delivery.objects.all()] == [("customer.created", two.pk)]
