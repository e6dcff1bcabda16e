from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Source
from customers import editing
from customers.creating import create, draft_of
from customers.identifying import identities
from customers.models import Customer, DuplicateCandidate
from feedback.linking import link, unlink
from feedback.models import Document
from feedback.receiving import Incoming, Received, receive

pytestmark = pytest.mark.django_db

MINA = Actor(via="page", rank="staff")


@pytest.fixture
def inbox() -> Source:
    return Source.objects.create(name="Inbox", kind="feedback")


def send(source: Source, **said: Any) -> Received:
    author = {key: said.pop(key) for key in ("name", "email", "phone", "user_id", "handle") if key in said}
    incoming = Incoming(**{"title": "Export fails", "channel": "email", "author": author, **said})
    return receive(incoming, source=source, actor=Actor.of_source(source, via="intake"))


def person(name: str, *found: tuple[str, str]) -> Customer:
    return create(draft_of(name=name, identities=identities(found)), actor=MINA)


def test_an_unknown_author_becomes_a_customer_with_true_counts(inbox: Source) -> None:
    first = send(inbox, name="Ana", email="ana@ex.test").customer
    send(inbox, email="ANA@ex.test", channel="chat")
    ana = Customer.objects.get()
    assert first == ana
    assert (ana.feedback_count, ana.origin) == (2, "document")
    assert (ana.channels, ana.source_ids) == (["chat", "email"], [inbox.pk])
    assert ana.last_seen_at == max(Document.objects.values_list("occurred_at", flat=True))


def test_the_same_again_changes_nothing(inbox: Source) -> None:
    send(inbox, external_id="z-1", email="ana@ex.test")
    again = send(inbox, external_id="z-1", email="ana@ex.test")
    assert (again.status, Document.objects.count(), Customer.objects.get().feedback_count) == ("unchanged", 1, 1)


def test_the_same_external_id_with_other_words_updates(inbox: Source) -> None:
    send(inbox, external_id="z-1", email="ana@ex.test", status="open")
    again = send(inbox, external_id="z-1", email="ana@ex.test", status="closed", tags=["billing"])
    document = Document.objects.get()
    assert (again.status, document.status, len(document.tag_ids)) == ("updated", "closed", 1)


def test_identifiers_match_in_their_order_and_nobody_is_merged(inbox: Source) -> None:
    ana, bo = person("Ana", ("user_id", "p-1")), person("Bo", ("email", "bo@ex.test"))
    received = send(inbox, user_id="p-1", email="bo@ex.test")
    assert received.customer == ana
    assert list(bo.identifiers.values_list("normalized", flat=True)) == ["bo@ex.test"]
    pair = DuplicateCandidate.objects.get()
    assert (pair.first, pair.second) == (ana, bo)


def test_new_contact_details_are_added_to_whom_they_reach(inbox: Source) -> None:
    ana = person("Ana", ("email", "ana@ex.test"))
    send(inbox, email="ana@ex.test", phone="+34 600 111 222", handle="twitter:ana", user_id="p-1")
    assert set(ana.identifiers.values_list("kind", flat=True)) == {"email", "phone", "handle", "user_id"}


def test_a_phone_that_two_share_recognises_neither(inbox: Source) -> None:
    person("Ana", ("phone", "+34600111222"))
    person("Bo", ("phone", "+34600111222"))
    received = send(inbox, phone="+34600111222")
    assert received.customer is None
    assert received.document.link == "none"


def test_identity_is_read_from_metadata_when_the_author_lacks_it(inbox: Source) -> None:
    received = send(inbox, metadata={"userEmail": "ana@ex.test", "name": "Ana", "phone": "not one"})
    assert received.customer is not None
    assert (received.customer.name, received.document.author_email) == ("Ana", "ana@ex.test")


def test_a_received_name_fills_only_an_empty_or_synced_name(inbox: Source) -> None:
    ana = send(inbox, email="ana@ex.test").customer
    assert ana is not None
    send(inbox, email="ana@ex.test", name="Ana R.")
    send(inbox, email="ana@ex.test", name="Ana Ruiz")
    ana.refresh_from_db()
    assert ana.name == "Ana Ruiz"
    editing.rename(ana, "Ana Kovač", actor=MINA)
    send(inbox, email="ana@ex.test", name="Someone")
    ana.refresh_from_db()
    assert ana.name == "Ana Kovač"


def test_custom_fields_become_typed_properties(inbox: Source) -> None:
    received = send(inbox, email="ana@ex.test", properties={"team": ["Ops"], "age": [34]})
    assert received.customer is not None
    assert received.customer.properties == {"team": ["Ops"], "age": [34]}


def test_a_malformed_author_email_is_refused_and_nothing_is_kept(inbox: Source) -> None:
    with pytest.raises(ValidationError) as refusal:
        send(inbox, email="not an email")
    assert "author.email" in refusal.value.message_dict
    assert not Document.objects.exists()


def test_documents_without_a_customer_join_whoever_gains_the_email(inbox: Source) -> None:
    document = send(inbox, email="ana@ex.test").document
    Document.objects.filter(pk=document.pk).update(customer=None, link="none")
    ana = person("Anna", ("user_id", "p-1"))
    editing.remove_identifier(Customer.objects.exclude(pk=ana.pk).get().identifiers.get(), actor=MINA)
    editing.add_identifier(ana, "email", "Ana@ex.test", actor=MINA)
    document.refresh_from_db()
    ana.refresh_from_db()
    assert (document.customer, document.link, ana.feedback_count) == (ana, "matched", 1)


def test_documents_follow_an_email_that_turns_out_to_be_somebody_elses(inbox: Source) -> None:
    document = send(inbox, email="ana@ex.test").document
    known = send(inbox, email="ana@ex.test", user_id="p-1").document
    first = Customer.objects.get()
    editing.change_identifier(first.identifiers.get(kind="email"), "other@ex.test", actor=MINA)
    bo = person("Bo", ("email", "ana@ex.test"))
    for row in (document, known, first, bo):
        row.refresh_from_db()
    assert (document.customer, known.customer) == (bo, first)  # a user ID says more than an email
    assert (first.feedback_count, bo.feedback_count) == (1, 1)


def test_a_document_that_staff_unlinked_joins_nobody_by_itself(inbox: Source) -> None:
    document = send(inbox, external_id="z-1", email="ana@ex.test").document
    unlink(document, actor=MINA)
    send(inbox, external_id="z-1", email="ana@ex.test", status="closed")
    document.refresh_from_db()
    assert (document.customer, document.link, document.status) == (None, "removed", "closed")


def test_what_staff_linked_no_sync_relinks(inbox: Source) -> None:
    bo = person("Bo", ("email", "bo@ex.test"))
    document = send(inbox, external_id="z-1", email="ana@ex.test").document
    link(document, bo, actor=MINA)
    send(inbox, external_id="z-1", email="ana@ex.test", status="closed")
    document.refresh_from_db()
    assert document.customer == bo


def test_feedback_for_a_deleted_customer_is_kept_with_it_and_wakes_nobody(inbox: Source) -> None:
    ana = person("Ana", ("email", "ana@ex.test"))
    Customer.objects.filter(pk=ana.pk).update(state="deleted")
    received = send(inbox, email="ana@ex.test")
    assert received.customer == ana
    assert Customer.objects.get().state == "deleted"


def test_an_account_is_known_by_its_id_and_its_author_belongs_to_it(inbox: Source) -> None:
    received = send(inbox, email="ana@ex.test", account_external_id="org-77")
    send(inbox, email="ana@ex.test", account_external_id="org-77")
    assert received.customer is not None
    assert received.customer.memberships.get().account == received.document.account


def test_a_claimed_name_never_replaces_one(inbox: Source) -> None:
    send(inbox, email="ana@ex.test", name="Ana")
    send(inbox, email="ana@ex.test", name="Mallory", verified=False)
    assert Customer.objects.get().name == "Ana"
