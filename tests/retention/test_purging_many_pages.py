"""Several customers or documents permanently deleted on one page: counted, confirmed by typing, held ones named."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from core import jobs
from customers.deleting import delete_many, restore
from customers.holding import hold
from customers.models import Customer, Note, Suppression
from feedback import deleting as documents
from feedback.models import Document
from retention import previewing_many
from retention.models import Purge
from tests.customers.people import STAFF, mina, signed_in
from tests.factories import CustomerFactory, DocumentFactory

pytestmark = pytest.mark.django_db
CUSTOMERS, DOCUMENTS = "/customers/permanent-deletion/", "/documents/permanent-deletion/"


@pytest.fixture
def admin() -> Client:
    return signed_in("admin")


@pytest.fixture
def gone() -> list[Customer]:
    """Three deleted customers; the last is on legal hold."""
    people = [CustomerFactory(name=f"Ana {n}", email=f"ana{n}@ex.test", tags=["VIP"]) for n in range(3)]
    for one in people:
        Note.objects.create(customer=one, body="Prefers a call.")
        DocumentFactory(customer=one, title=f"{one.name} asks")
    delete_many([one.pk for one in people], actor=mina())
    hold(people[2], "Case 17", actor=STAFF)
    return people


def words_of(response: Any) -> str:
    return unescape(re.sub(r"<[^>]+>|\s+", " ", response.content.decode()))


def ids_of(response: Any) -> str:
    found = re.search(r'name="ids" value="([\d,]+)"', response.content.decode())
    assert found
    return found[1]


def run() -> Purge:
    purge = Purge.objects.get()
    jobs.run(Purge, purge.pk)
    purge.refresh_from_db()
    return purge


def test_what_goes_and_what_stays_is_counted_over_all_of_them_and_held_ones_are_named(
    admin: Client, gone: list[Customer]
) -> None:
    response = admin.post(CUSTOMERS, {"id": [one.pk for one in gone]})
    page = re.sub(r"\s+", " ", words_of(response))
    for said in (
        "Permanently delete 2 customers?", "Ana 0 , Ana 1 .", "1 customer stays.", "Ana 2 : On legal hold: Case 17",
        "Profiles, with their properties 2 –", "Notes 2 –", "Feedback (as you choose below) 2 or 2",
        "Type “delete 2 customers” to confirm",
    ):  # fmt: skip
        assert said in page, said
    assert ids_of(response) == ",".join(str(one.pk) for one in gone)
    assert not Purge.objects.exists()


def test_they_go_when_their_number_is_typed_and_the_receipt_says_so(admin: Client, gone: list[Customer]) -> None:
    ids = ids_of(admin.post(CUSTOMERS, {"matching": "true", "query": "deleted=true&q=ana"}))
    sent = {"ids": ids, "documents": "anonymise", "confirmation": "Delete 2 Customers"}
    response = admin.post(CUSTOMERS, sent)
    purge = run()
    assert (response.status_code, response["Location"]) == (303, f"/retention/receipts/{purge.pk}/")
    assert (purge.deleted_count, purge.skipped_count, purge.suppress, purge.reason) == (2, 0, True, "hand")
    assert list(Customer.objects.values_list("pk", flat=True)) == [gone[2].pk]
    assert Document.objects.filter(customer=None).count() == 2
    assert Suppression.objects.count() == 2
    assert "2 permanently deleted" in admin.get(response["Location"]).content.decode()


def test_their_feedback_goes_too_and_they_may_come_back_when_that_is_chosen(
    admin: Client, gone: list[Customer]
) -> None:
    sent = {"ids": f"{gone[0].pk},{gone[1].pk}", "documents": "delete", "allow": "on", "requested": "on"}
    admin.post(CUSTOMERS, {**sent, "confirmation": "delete 2 customers"})
    assert run().reason == "request"
    assert Document.objects.count() == 1
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("typed", ["", "delete", "delete 3 customers", "yes", "delete 2 documents", "x" * 200])
def test_anything_else_that_is_typed_deletes_nothing(admin: Client, gone: list[Customer], typed: str) -> None:
    sent = {"ids": ",".join(str(one.pk) for one in gone), "documents": "delete", "confirmation": typed}
    assert admin.post(CUSTOMERS, sent).status_code == 422
    assert not Purge.objects.exists()


def test_a_number_that_was_true_when_it_was_shown_is_not_enough_when_one_was_restored_since(
    admin: Client, gone: list[Customer]
) -> None:
    ids = ids_of(admin.post(CUSTOMERS, {"id": [one.pk for one in gone]}))
    restore(gone[0], actor=mina())
    response = admin.post(CUSTOMERS, {"ids": ids, "documents": "delete", "confirmation": "delete 2 customers"})
    assert response.status_code == 422
    assert "Ana 0 : Not deleted" in re.sub(r"\s+", " ", words_of(response))
    assert "Type “delete 1 customer”" in words_of(response)
    assert not Purge.objects.exists()


def test_of_one_alone_the_name_is_typed(admin: Client, gone: list[Customer]) -> None:
    assert admin.post(CUSTOMERS, {"id": gone[0].pk})["Location"] == f"/customers/{gone[0].pk}/permanent-deletion/"


def test_when_none_can_go_the_page_says_why_and_offers_nothing(admin: Client, gone: list[Customer]) -> None:
    active = CustomerFactory(name="Bo")
    response = admin.post(CUSTOMERS, {"id": [active.pk, gone[2].pk]})
    assert response.status_code == 409
    assert "Bo : Not deleted" in re.sub(r"\s+", " ", words_of(response))
    assert 'id="purge"' not in response.content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"id": "one"}, {"ids": "1,x"}, {"ids": ""}, {"ids": "9" * 40},
        {"matching": "true", "query": "deleted=true&q=nobody"}, {"matching": "true", "query": "channel=fax"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", [CUSTOMERS, DOCUMENTS])
def test_what_makes_no_sense_is_refused(admin: Client, address: str, sent: dict[str, str]) -> None:
    assert admin.post(address, sent).status_code == 422


def test_more_than_can_be_counted_at_once_are_refused(
    admin: Client, gone: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.views.permanent_deletion_of_many.MOST", 2)
    response = admin.post(CUSTOMERS, {"matching": "true", "query": "deleted=true"})
    assert response.status_code == 422
    assert "At most 2 customers" in response.content.decode()


def test_documents_are_counted_deleted_and_their_customers_stay(admin: Client) -> None:
    ana, held = CustomerFactory(), CustomerFactory()
    hold(held, "Case 17", actor=STAFF)
    wanted = [DocumentFactory(customer=ana, title=f"Asks {n}") for n in range(2)]
    documents.delete_many([one.pk for one in wanted], actor=mina())
    kept = DocumentFactory(customer=held, title="Evidence")
    Document.objects.filter(pk=kept.pk).update(state="deleted", deleted_at=wanted[0].occurred_at)
    response = admin.post(DOCUMENTS, {"matching": "true", "query": "deleted=true"})
    page = re.sub(r"\s+", " ", words_of(response))
    for said in (
        "Permanently delete 2 documents?", "Documents 2 –", "Customers who gave this feedback – 1",
        "Evidence : On legal hold: Case 17",
    ):  # fmt: skip
        assert said in page, said
    admin.post(DOCUMENTS, {"ids": ids_of(response), "documents": "delete", "confirmation": "delete 2 documents"})
    purge = run()
    assert (purge.subject, purge.deleted_count) == ("document", 2)
    assert list(Document.objects.all()) == [kept]
    assert Customer.objects.filter(pk=ana.pk, feedback_count=0).exists()


def test_the_page_of_a_deleted_document_leads_there(admin: Client) -> None:
    document = DocumentFactory(title="Export fails")
    documents.delete(document, actor=mina())
    assert f'action="{DOCUMENTS}"' in admin.get(f"/documents/{document.pk}/").content.decode()
    assert f'action="{DOCUMENTS}"' not in signed_in("support").get(f"/documents/{document.pk}/").content.decode()
    response = admin.post(DOCUMENTS, {"id": document.pk})
    assert "Type “delete 1 document” to confirm" in words_of(response)


@pytest.mark.parametrize("address", [CUSTOMERS, DOCUMENTS])
def test_only_admins_may_and_the_address_alone_selects_nothing(admin: Client, address: str) -> None:
    for role in ("viewer", "support"):
        assert signed_in(role).post(address, {"id": "1"}).status_code == 403
    assert admin.get(address)["Location"].endswith("/?deleted=true")
    listed = address.removesuffix("permanent-deletion/")
    assert f'action="{address}"' in admin.get(f"{listed}?deleted=true").content.decode()
    assert f'action="{address}"' not in signed_in("support").get(f"{listed}?deleted=true").content.decode()


def test_it_takes_few_statements_however_many_go(admin: Client, django_assert_max_num_queries: Any) -> None:
    people = CustomerFactory.create_batch(40)
    delete_many([one.pk for one in people], actor=mina())
    assert previewing_many.NAMED < 40
    with django_assert_max_num_queries(25):
        admin.post(CUSTOMERS, {"matching": "true", "query": "deleted=true"})
