from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.actor import Actor
from audit.models import Entry
from customers.creating import Taken, create, draft_of
from customers.identifying import identities
from customers.models import Customer
from feedback.linking import create_and_link, link, unlink
from feedback.models import Document

pytestmark = pytest.mark.django_db

MINA = Actor(via="page", rank="staff")


@pytest.fixture
def document() -> Document:
    return Document.objects.create(title="Export fails", channel="email", occurred_at=timezone.now())


@pytest.fixture
def ana() -> Customer:
    return create(draft_of(name="Ana", identities=identities([("email", "ana@ex.test")])), actor=MINA)


def test_linking_counts_for_the_customer_and_is_in_the_history(document: Document, ana: Customer) -> None:
    linked = link(document, ana, actor=MINA)
    assert (linked.customer.feedback_count, linked.previous_id) == (1, None)
    assert Entry.objects.filter(verb="document.linked", subject_id=document.pk).exists()


def test_changing_moves_the_document_from_one_to_the_other(document: Document, ana: Customer) -> None:
    bo = create(draft_of(name="Bo"), actor=MINA)
    link(document, ana, actor=MINA)
    linked = link(document, bo, actor=MINA)
    ana.refresh_from_db()
    assert (linked.previous_id, linked.customer.feedback_count, ana.feedback_count) == (ana.pk, 1, 0)


def test_a_deleted_customer_cannot_be_linked(document: Document, ana: Customer) -> None:
    Customer.objects.update(state="deleted")
    with pytest.raises(Customer.DoesNotExist):
        link(document, ana, actor=MINA)


def test_a_customer_made_from_a_document_goes_when_the_last_one_is_removed(document: Document) -> None:
    made = create_and_link(document, email="bo@ex.test", name="Bo", actor=MINA)
    assert made.created
    assert made.customer.orphan_due_at() is None
    lonely = unlink(document, actor=MINA)
    assert lonely is not None
    due = lonely.orphan_due_at()
    assert due is not None
    assert timedelta(days=89) < due - timezone.now() < timedelta(days=91)


def test_a_hand_made_customer_never_goes_by_that_rule(document: Document, ana: Customer) -> None:
    link(document, ana, actor=MINA)
    lonely = unlink(document, actor=MINA)
    assert lonely is not None
    assert lonely.orphan_due_at() is None


def test_creating_with_an_email_that_exists_updates_the_name_instead(document: Document, ana: Customer) -> None:
    linked = create_and_link(document, email="ANA@ex.test", name="Ana Ruiz", properties={"plan": ["Pro"]}, actor=MINA)
    ana.refresh_from_db()
    assert (linked.created, linked.renamed_from, linked.customer) == (False, "Ana", ana)
    assert (ana.name, ana.properties) == ("Ana Ruiz", {"plan": ["Pro"]})
    assert Customer.objects.count() == 1


def test_creating_with_a_deleted_customers_email_is_refused(document: Document, ana: Customer) -> None:
    Customer.objects.update(state="deleted")
    with pytest.raises(Taken):
        create_and_link(document, email="ana@ex.test", name="Ana", actor=MINA)


def test_a_malformed_email_writes_nothing(document: Document) -> None:
    with pytest.raises(ValidationError):
        create_and_link(document, email="nobody", name="No", actor=MINA)
    assert not Customer.objects.exists()


def test_removing_what_has_no_customer_is_no_change(document: Document) -> None:
    assert unlink(document, actor=MINA) is None
    assert not Entry.objects.filter(verb="document.unlinked").exists()
